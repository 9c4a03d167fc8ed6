// SPDX-License-Identifier: MIT
#include "cachecore/edit/epoch_change.h"

#include <utility>
#include <vector>

namespace cachecore {

namespace {

/// Bases larger than this are not kept byte for byte but frozen again by the next write.
constexpr std::uint64_t kLargestKeptBase = 1024 * 1024;

Base baseOfWritten(ByteRange range, const Piece &piece)
{
    if (range.length() > kLargestKeptBase)
        return {};
    auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(range.length()));
    if (!piece.peekTo(0, *bytes))
        return {};
    return Base::ofBytes(std::move(bytes));
}

/// One written piece carried over: `edits` on the old disk, `result` what they become.
class PieceCarrier {
public:
    PieceCarrier(const StagedEdits &edits, const EpochChange &change, StagedEdits &result)
        : m_edits(edits)
        , m_change(change)
        , m_result(result)
    {
    }

    void carry(ByteRange written, const Piece &piece)
    {
        ByteOffset reached = written.begin();
        m_edits.forEachPiece(written, [&](ByteRange range, const Piece &mine) {
            restoreOld({reached, range.begin()}, written, piece);
            if (mine.stamp == piece.stamp)
                m_result = m_result.without(range);
            else
                m_result = m_result.withBase(range, writtenBase(range, written, piece));
            reached = range.end();
            return true;
        });
        restoreOld({reached, written.end()}, written, piece);
    }

private:
    static Base writtenBase(ByteRange range, ByteRange written, const Piece &piece)
    {
        return baseOfWritten(range, piece.slice(range.begin() - written.begin()));
    }

    void restoreOld(ByteRange gap, ByteRange written, const Piece &piece)
    {
        m_change.oldBytes.forEach(gap, [&](ByteRange range, const Piece &old) {
            Piece restored = old;
            restored.stamp = Piece::newStamp();
            m_result = m_result.with(range, std::move(restored),
                                     RangeTree<Base>().with(range, writtenBase(range, written, piece)));
            return true;
        });
    }

    const StagedEdits &m_edits;
    const EpochChange &m_change;
    StagedEdits &m_result;
};

/// Block hashes that cover bytes of a written extent describe a block that is no more: they become Unseen.
StagedEdits withoutStaleHashes(StagedEdits edits, const StagedEdits &written)
{
    std::vector<ByteRange> stale;
    for (std::uint64_t i = 0; i < written.extentCount(); ++i) {
        const ByteRange extent = written.extent(i);
        edits.forEachBase(baseBlocks(extent), [&](ByteRange range, const Base &base) {
            if (base.kind == Base::Kind::SeenHashes)
                stale.push_back(range);
            return true;
        });
    }
    for (const ByteRange range : stale)
        edits = edits.withBase(range, Base{});
    return edits;
}

} // namespace

StagedEdits carriedOver(const StagedEdits &edits, const EpochChange &change)
{
    if (edits.sameAs(change.written))
        return {};
    StagedEdits result = edits;
    PieceCarrier carrier(edits, change, result);
    change.written.forEachPiece(change.written.span(), [&](ByteRange range, const Piece &piece) {
        carrier.carry(range, piece);
        return true;
    });
    return withoutStaleHashes(std::move(result), change.written);
}

} // namespace cachecore
