// SPDX-License-Identifier: MIT
#include "cachecore/write/target/journal_player.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cachecore {

bool liesInOne(std::span<const ByteRange> ranges, ByteRange range)
{
    const auto after = std::ranges::upper_bound(ranges, range.begin(), {}, &ByteRange::begin);
    return after != ranges.begin() && std::prev(after)->contains(range);
}

JournalPlayer::JournalPlayer(Parts parts)
    : m_parts(std::move(parts))
    , m_granularity(m_parts.target.writeGranularity())
    , m_reader(m_parts.target, m_parts.units, m_parts.unit, Operation::Verify)
{
}

/// Calls `visit(extent, index)` for every extent, checking before each whether to stop.
template <typename Visit>
Result<void> JournalPlayer::forEachExtent(JournalReader::Want want, Visit visit)
{
    m_reader.forget();
    m_parts.journal.rewind();
    for (std::size_t i = 0; i < m_parts.units.count; ++i) {
        const ByteRange units = m_parts.units.at(i);
        if (m_parts.stop.stop_requested())
            return failure(ErrorCode::Cancelled, Operation::Write, units);
        const auto extent = m_parts.journal.next(want);
        if (!extent)
            return failure(extent.error());
        if (!*extent || (*extent)->units != units) // it was whole when it was looked at last
            return failure(ErrorCode::Damaged, Operation::Journal, {}, m_parts.journal.path());
        if (auto visited = visit(**extent, i); !visited)
            return visited;
        m_parts.progress.advance(units.length());
    }
    return {};
}

Result<void> JournalPlayer::writeNew()
{
    return forEachExtent(JournalReader::Want::NewOnly,
                         [this](const JournalExtent &extent, std::size_t) { return writeSegments(extent); });
}

Result<void> JournalPlayer::writeSegments(const JournalExtent &extent)
{
    const std::span<const JournalSegment> segments = extent.segments;
    for (std::size_t first = 0; first < segments.size();) {
        std::size_t end = first + 1;
        while (end < segments.size() && segments[end].range.begin() == segments[end - 1].range.end())
            ++end;
        if (auto written = writeStretch(segments.subspan(first, end - first)); !written)
            return written;
        first = end;
    }
    return {};
}

/// Segments without a gap, in one write.
Result<void> JournalPlayer::writeStretch(std::span<const JournalSegment> stretch)
{
    const ByteRange range(stretch.front().range.begin(), stretch.back().range.end());
    if (stretch.size() == 1 && stretch.front().piece.kind == Piece::Kind::Literal)
        return write(range.begin(), stretch.front().piece.literal(0, range.length()));
    m_scratch.resize(std::max(m_scratch.size(), static_cast<std::size_t>(range.length())));
    const auto bytes = std::span(m_scratch).first(static_cast<std::size_t>(range.length()));
    for (const JournalSegment &segment : stretch) {
        const auto into = bytes.subspan(static_cast<std::size_t>(segment.range.begin() - range.begin()),
                                        static_cast<std::size_t>(segment.range.length()));
        if (auto read = segment.piece.readTo(0, into); !read)
            return read;
    }
    return write(range.begin(), bytes);
}

Result<void> JournalPlayer::bring(JournalSide side, Rewrite rewrite, Foreign foreign)
{
    m_firstForeign.reset();
    auto brought
        = forEachExtent(JournalReader::Want::OldAndNew, [=, this](const JournalExtent &extent, std::size_t index) {
              return bringExtent(extent, index, side, rewrite, foreign);
          });
    if (brought && m_firstForeign)
        return failure(ErrorCode::Changed, Operation::RollBack, *m_firstForeign, m_parts.target.path());
    return brought;
}

Result<void> JournalPlayer::bringExtent(const JournalExtent &extent, std::size_t index, JournalSide side,
                                        Rewrite rewrite, Foreign foreign)
{
    const auto now = m_reader.units(index);
    if (!now)
        return failure(now.error());
    m_scratch.assign(extent.old.begin(), extent.old.end());
    applySegments(extent, m_scratch);
    m_foreign.clear();
    if (foreign == Foreign::Leave)
        findForeign(*now, extent.old, m_scratch);
    const std::span<const std::byte> wanted = side == JournalSide::New ? std::span(m_scratch) : extent.old;
    m_differing.clear();
    findDifferences(*now, wanted, extent.segments, rewrite == Rewrite::AllWritten, m_granularity, m_differing);
    for (const ByteRange range : m_differing) {
        if (auto written = writeBeside(m_foreign, range, *now, wanted); !written)
            return written;
    }
    return {};
}

void JournalPlayer::findForeign(const UnitBytes &now, std::span<const std::byte> old, std::span<const std::byte> meant)
{
    for (std::size_t i = 0; i < now.count(); ++i) {
        const ByteRange unit = now.unitAt(i);
        if (now.readable[i] && holdsForeignByte(now.of(now.bytes, unit), now.of(old, unit), now.of(meant, unit))
            && !liesInOne(m_parts.overwritten, unit))
            m_foreign.push_back(unit);
    }
    if (!m_firstForeign && !m_foreign.empty())
        m_firstForeign = m_foreign.front();
}

/// What of `range` does not lie in one of the units `left`, which ascend and do not overlap.
Result<void> JournalPlayer::writeBeside(const std::vector<ByteRange> &left, ByteRange range, const UnitBytes &now,
                                        std::span<const std::byte> wanted)
{
    ByteOffset from = range.begin();
    for (const ByteRange unit : left) {
        if (unit.end() <= from || unit.begin() >= range.end())
            continue;
        const ByteRange before(from, std::max(from, unit.begin()));
        from = std::min(unit.end(), range.end());
        if (before.empty())
            continue;
        if (auto written = write(before.begin(), now.of(wanted, before)); !written)
            return written;
    }
    const ByteRange rest(from, range.end());
    return rest.empty() ? Result<void>() : write(rest.begin(), now.of(wanted, rest));
}

Result<void> JournalPlayer::verify(JournalSide side)
{
    const JournalSalt salt = m_parts.journal.header().salt;
    return forEachExtent(JournalReader::Want::NewOnly,
                         [&, this](const JournalExtent &extent, std::size_t index) -> Result<void> {
                             const auto now = m_reader.bytes(index);
                             if (!now)
                                 return failure(now.error());
                             const Hash128 &meant = side == JournalSide::New ? extent.newHash : extent.oldHash;
                             if (saltedHash(salt, {*now}) != meant)
                                 return failure(ErrorCode::Io, Operation::Verify, extent.units, m_parts.target.path());
                             return {};
                         });
}

Result<void> JournalPlayer::write(ByteOffset at, std::span<const std::byte> bytes)
{
    ++m_writes;
    const std::span<const std::byte> buffers[] = {bytes};
    return m_parts.target.writev(at, buffers);
}

} // namespace cachecore
