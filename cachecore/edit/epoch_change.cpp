// SPDX-License-Identifier: MIT
#include "cachecore/edit/epoch_change.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace cachecore {

namespace {

/// Makes bases of what was written. They share the bytes of literal pieces; for others they need bytes of their own, of which there are only
/// so many.
class WrittenBases {
public:
    [[nodiscard]] Base of(ByteRange range, const Piece &piece)
    {
        if (piece.kind == Piece::Kind::Literal)
            return Base::ofLiteral(piece);
        if (piece.kind == Piece::Kind::External || range.length() > m_left)
            return {};
        auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(range.length()));
        (void)piece.peekTo(0, *bytes); // in memory, whatever it is
        m_left -= range.length();
        return Base::ofBytes(std::move(bytes));
    }

private:
    std::uint64_t m_left = kKnownBases;
};

/// What is on the disk by now of what the edits hold, and what lies under the rest of it.
struct Overlap {
    RangeTreeBuilder<Piece> gone;
    RangeTreeBuilder<Base> under;

    Overlap(const StagedEdits &edits, const EpochChange &change, WrittenBases &bases)
    {
        edits.forEachPiece(change.written.span(), [&](ByteRange mine, const Piece &piece) {
            change.written.forEachPiece(mine, [&](ByteRange range, const Piece &written) {
                if (piece.slice(range.begin() - mine.begin()).sameMatterAs(written))
                    gone.append(range, written);
                else
                    under.append(range, bases.of(range, written));
                return true;
            });
            return true;
        });
    }
};

/// The old bytes where `edits` hold nothing, staged on what was written over them.
StagedEdits restored(const StagedEdits &edits, const EpochChange &change, WrittenBases &bases)
{
    const RangeTree<Piece> old = change.oldBytes.without(edits.pieces());
    RangeTreeBuilder<Base> under;
    change.written.pieces()
        .without(edits.pieces())
        .forEach(change.written.span(), [&](ByteRange range, const Piece &written) {
            under.append(range, bases.of(range, written));
            return true;
        });
    return StagedEdits::of(old, under.take());
}

/// Block hashes that cover bytes of a written extent describe a block that is no more: they become Unseen.
StagedEdits withoutStaleHashes(const StagedEdits &edits, const StagedEdits &written)
{
    if (edits.empty())
        return edits;
    RangeTreeBuilder<Base> stale;
    ByteOffset reached;
    written.forEachPiece(baseBlocks(edits.span()), [&](ByteRange piece, const Piece &) {
        const ByteRange blocks = baseBlocks(piece);
        const ByteRange fresh(std::max(blocks.begin(), reached), std::max(blocks.end(), reached));
        edits.forEachBase(fresh, [&](ByteRange range, const Base &base) {
            if (base.kind == Base::Kind::SeenHashes)
                stale.append(range, Base{});
            return true;
        });
        reached = fresh.end();
        return true;
    });
    const RangeTree<Base> unseen = stale.take();
    return unseen.empty() ? edits : edits.withBases(unseen);
}

} // namespace

std::uint64_t EpochChange::oldBytesInMemory() const
{
    std::uint64_t bytes = 0;
    oldBytes.forEach(oldBytes.span(), [&bytes](ByteRange range, const Piece &piece) {
        bytes += piece.kind == Piece::Kind::Literal ? range.length() : 0;
        return true;
    });
    return bytes;
}

StagedEdits carriedOver(const StagedEdits &edits, const EpochChange &change)
{
    if (edits.sameAs(change.written))
        return {};
    WrittenBases bases;
    Overlap overlap(edits, change, bases);
    StagedEdits kept = edits.without(overlap.gone.take());
    if (const RangeTree<Base> under = overlap.under.take(); !under.empty())
        kept = kept.withBases(under);
    kept = withoutStaleHashes(kept, change.written);
    return change.oldBytesKept() ? kept.united(restored(edits, change, bases)) : kept;
}

} // namespace cachecore
