// SPDX-License-Identifier: MIT
#include "cachecore/write/log/sorted_edits.h"

#include "cachecore/write/journal/protocol_step.h"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

namespace cachecore {

namespace {

/// Sorts the edits of one source in one pass over what their bases saw. Everything fits until it is looked at; what does not is taken out
/// and put with its like.
class Sorter {
public:
    Sorter(const StagedEdits &edits, BlockSource &source, std::stop_token stop)
        : m_edits(edits)
        , m_source(source)
        , m_stop(std::move(stop))
    {
        m_sorted.fitting = edits;
    }

    [[nodiscard]] Result<SortedEdits> run();

private:
    static constexpr std::uint64_t kMostRead = std::uint64_t{1} << 20;

    [[nodiscard]] Result<void> lookAt(ByteRange range, const Base &base);
    [[nodiscard]] Result<void> lookAt(ByteRange range, const Base &base, const Piece &piece, ByteRange wanted);
    [[nodiscard]] Result<bool> read(ByteRange block, ByteRange wanted);
    [[nodiscard]] Result<bool> readNow(ByteRange range);
    [[nodiscard]] bool fits(ByteRange range, const Base &base, const Piece &piece, ByteRange block) const;
    void move(ByteRange range, StagedEdits &to);
    [[nodiscard]] std::span<const std::byte> sourceAt(ByteRange range) const
    {
        return std::span(m_bytes).subspan(static_cast<std::size_t>(range.begin() - m_window.begin()),
                                          static_cast<std::size_t>(range.length()));
    }

    const StagedEdits &m_edits;
    BlockSource &m_source;
    const std::stop_token m_stop;
    SortedEdits m_sorted;
    ByteRange m_whole;              ///< the source
    ByteRange m_window;             ///< what m_bytes holds of it
    std::vector<std::byte> m_bytes; ///< whole blocks, but at the source's end
};

Result<SortedEdits> Sorter::run()
{
    const auto size = m_source.size();
    if (!size)
        return failure(size.error());
    m_whole = ByteRange::whole(*size);
    move(ByteRange(m_whole.end(), ByteOffset(kMaxSourceSize)), m_sorted.unreadable);
    Result<void> outcome;
    m_edits.forEachBase(m_whole, [&](ByteRange range, const Base &base) {
        if (base.kind != Base::Kind::Unseen)
            outcome = lookAt(range, base);
        return outcome.has_value();
    });
    if (!outcome)
        return failure(outcome.error());
    return std::move(m_sorted);
}

/// Looks at all pieces over one base, block by block.
Result<void> Sorter::lookAt(ByteRange range, const Base &base)
{
    Result<void> outcome;
    m_edits.forEachPiece(range, [&](ByteRange over, const Piece &piece) {
        for (ByteOffset at = over.begin(); outcome && at < over.end();) {
            const ByteOffset end = std::min(over.end(), (at + 1).alignedUp(Base::kBaseBlock));
            outcome = lookAt(ByteRange(at, end), base.slice(at - range.begin()), piece.slice(at - over.begin()),
                             baseBlocks(range));
            at = end;
        }
        return outcome.has_value();
    });
    return outcome;
}

/// Looks at a part of a piece that lies in one block. `wanted` is what else is worth reading with it.
Result<void> Sorter::lookAt(ByteRange range, const Base &base, const Piece &piece, ByteRange wanted)
{
    const ByteRange block = baseBlocks(range).intersection(m_whole);
    const auto readable = read(block, wanted);
    if (!readable)
        return failure(readable.error());
    if (!*readable)
        move(range, m_sorted.unreadable);
    else if (!fits(range, base, piece, block))
        move(range, m_sorted.changed);
    return {};
}

/// Sees to it that `block` is in the window. Returns false when the medium does not give it.
Result<bool> Sorter::read(ByteRange block, ByteRange wanted)
{
    if (m_window.contains(block))
        return true;
    if (m_stop.stop_requested())
        return failure(ErrorCode::Cancelled, Operation::Compare, block, m_source.path());
    const ByteOffset end = std::min(wanted.end(), block.begin().plus(kMostRead).value_or(ByteOffset(kMaxSourceSize)));
    const auto much = readNow(ByteRange(block.begin(), std::max(end, block.end())).intersection(m_whole));
    if (!much || *much)
        return much;
    return readNow(block);
}

Result<bool> Sorter::readNow(ByteRange range)
{
    m_window = {};
    m_bytes.resize(static_cast<std::size_t>(range.length()));
    const auto got = m_source.readAt(range.begin(), m_bytes);
    if (!got && got.error().code != ErrorCode::Io)
        return failure(got.error());
    if (!got || *got < range.length())
        return false;
    m_window = range;
    return true;
}

bool Sorter::fits(ByteRange range, const Base &base, const Piece &piece, ByteRange block) const
{
    const auto now = sourceAt(range);
    std::span<const std::byte> seen;
    if (base.kind == Base::Kind::SeenBytes)
        seen = base.bytes().subspan(static_cast<std::size_t>(base.skip), now.size());
    const bool unchanged = base.kind == Base::Kind::SeenBytes
        ? std::ranges::equal(now, seen)
        : hash128(sourceAt(block)) == base.hashes()[static_cast<std::size_t>(base.skip / Base::kBaseBlock)];
    if (unchanged || leftOut(ProtocolStep::RestoreComparesBases))
        return true;
    // A byte that is there already is no conflict: a write that was interrupted may have brought it.
    std::vector<std::byte> staged(now.size());
    if (!piece.readTo(0, staged))
        return false;
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i] != staged[i] && (seen.empty() || now[i] != seen[i]))
            return false;
    }
    return true;
}

void Sorter::move(ByteRange range, StagedEdits &to)
{
    const StagedEdits moved = m_edits.clipped(range);
    if (moved.empty())
        return;
    to = to.withAllOf(range, moved);
    m_sorted.fitting = m_sorted.fitting.without(range);
}

} // namespace

Result<SortedEdits> sortByBase(const StagedEdits &edits, BlockSource &source, std::stop_token stop)
{
    try {
        return Sorter(edits, source, std::move(stop)).run();
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Compare, edits.span(), source.path());
    }
}

void moveUnseen(SortedEdits &sorted)
{
    const StagedEdits all = sorted.fitting;
    all.forEachBase(all.span(), [&](ByteRange range, const Base &base) {
        if (base.kind == Base::Kind::Unseen) {
            sorted.changed = sorted.changed.withAllOf(range, all.clipped(range));
            sorted.fitting = sorted.fitting.without(range);
        }
        return true;
    });
}

} // namespace cachecore
