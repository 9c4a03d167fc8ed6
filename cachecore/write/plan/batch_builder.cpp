// SPDX-License-Identifier: MIT
#include "cachecore/write/plan/batch_builder.h"

#include "cachecore/write/journal/journal_writer.h"

#include <algorithm>
#include <utility>

namespace cachecore {

std::uint64_t BatchSums::journalBytes() const
{
    return JournalWriter::boundFor(extents, unitBytes, segments, literalBytes, kJournalMostPath);
}

void BatchSums::add(const Piece &piece, std::uint64_t length)
{
    ++segments;
    stagedBytes += length;
    if (piece.kind == Piece::Kind::Pattern)
        addPattern(piece.bytes(), length);
    else if (piece.kind != Piece::Kind::Generated)
        literalBytes += length;
}

void BatchSums::addPattern(const SharedBytes &bytes, std::uint64_t length)
{
    if (lastPattern == bytes.get())
        return;
    const std::uint64_t size = bytes->size();
    const bool room = patterns < kJournalMostPatterns && size <= kJournalMostPatternBytes - patternBytes;
    if (!room || size > kJournalMostPattern) {
        literalBytes += length;
        return;
    }
    literalBytes += JournalWriter::patternCost(size, length);
    ++patterns;
    patternBytes += size;
    if (size <= length)
        lastPattern = bytes.get();
}

BatchBuilder::BatchBuilder(const WritePlan &plan, Collect collect)
    : m_geometry(plan.geometry)
    , m_targetEnd(std::max(ByteOffset(plan.geometry.targetSize), plan.span().end()))
    , m_collect(collect)
{
}

bool BatchBuilder::add(ByteRange range, const Piece &piece)
{
    while (!range.empty()) {
        ByteOffset to;
        if (m_open && range.begin() < m_end) {
            to = std::min(range.end(), m_end);
        } else {
            enterUnit(range.begin().alignedDown(m_geometry.unit));
            to = std::min(range.end(), m_end);
            if (range.begin() == m_lastUnit && to == m_end) {
                to = wholeUnitsEnd(range, piece);
                m_sums.unitBytes += to - m_end;
                m_end = to;
            }
        }
        if (!addInside({range.begin(), to}, piece))
            return false;
        range = {to, range.end()};
    }
    return true;
}

/// Begins the unit at `unitBegin`, in the open extent or in a new one.
void BatchBuilder::enterUnit(ByteOffset unitBegin)
{
    if (m_open && (unitBegin != m_end || m_end - m_begin + m_geometry.unit > WritePlan::kLongestExtent))
        closeExtent();
    m_lastUnit = unitBegin;
    m_sumsBefore = m_sums;
    m_segmentsBefore = m_extentSegments;
    if (!m_open) {
        m_open = true;
        m_begin = unitBegin;
        ++m_sums.extents;
    }
    m_end = std::min(m_targetEnd, (unitBegin + 1).alignedUp(m_geometry.unit));
    m_sums.unitBytes += m_end - unitBegin;
}

/// How far the extent can go on with units that `range` covers, when it covers the one entered last: to where the extent or the batch is as long as it may be.
ByteOffset BatchBuilder::wholeUnitsEnd(ByteRange range, const Piece &piece) const
{
    const std::uint64_t unit = m_geometry.unit;
    BatchSums one = m_sums;
    one.add(piece, m_end - range.begin());
    BatchSums two = one;
    two.add(piece, unit);
    two.unitBytes += unit;
    const std::uint64_t perUnit = unit + (two.literalBytes - one.literalBytes);
    const std::uint64_t used
        = one.journalBytes() + kJournalMostPattern; // a pattern may cost less in a part than it does in the whole
    const std::uint64_t limit = m_geometry.journalLimit;
    const std::uint64_t room = used < limit ? (limit - used) / perUnit : 0;
    const std::uint64_t length = std::max(WritePlan::kLongestExtent, unit) - (m_end - m_begin);
    const std::uint64_t more = std::min({room, length / unit, (range.end() - m_end) / unit});
    return m_end + more * unit;
}

/// Takes `part`, which lies in the open extent. False when it does not fit and the batch has ended before its unit.
bool BatchBuilder::addInside(ByteRange part, const Piece &piece)
{
    m_sums.add(piece, part.length());
    ++m_extentSegments;
    addWrite(part);
    if (m_extentSegments > WritePlan::kMostSegments && m_lastUnit > m_begin)
        splitAtLastUnit();
    if (m_sumsBefore.extents == 0 || fits(m_sums))
        return true;
    endAtLastUnit();
    return false;
}

void BatchBuilder::addWrite(ByteRange part)
{
    if (m_collect == Collect::SumsOnly)
        return;
    const std::uint64_t granularity = m_geometry.granularity;
    const ByteRange write(part.begin().alignedDown(granularity),
                          std::min(m_targetEnd, part.end().alignedUp(granularity)));
    if (!m_writes.empty() && write.begin() <= m_writes.back().end())
        m_writes.back() = {m_writes.back().begin(), std::max(m_writes.back().end(), write.end())};
    else
        m_writes.push_back(write);
}

void BatchBuilder::closeExtent()
{
    if (m_collect == Collect::Everything)
        m_extents.push_back({{m_begin, m_end}, std::exchange(m_writes, {})});
    m_open = false;
    m_extentSegments = 0;
}

/// Closes the extent before its last unit, which begins the next one.
void BatchBuilder::splitAtLastUnit()
{
    const ByteOffset end = m_end;
    std::vector<ByteRange> rest;
    while (!m_writes.empty() && m_lastUnit < m_writes.back().end()) {
        const ByteRange write = m_writes.back();
        m_writes.pop_back();
        rest.insert(rest.begin(), {std::max(m_lastUnit, write.begin()), write.end()});
        if (write.begin() < m_lastUnit)
            m_writes.emplace_back(write.begin(), m_lastUnit);
    }
    const std::uint64_t segments = m_extentSegments - m_segmentsBefore;
    m_end = m_lastUnit;
    closeExtent();
    m_open = true;
    m_begin = m_lastUnit;
    m_end = end;
    m_writes = std::move(rest);
    m_extentSegments = segments;
    m_segmentsBefore = 0;
    ++m_sums.extents;
}

/// Takes the last unit back and ends the batch before it.
void BatchBuilder::endAtLastUnit()
{
    if (m_lastUnit > m_begin)
        splitAtLastUnit();
    m_open = false;
    m_writes.clear();
    m_sums = m_sumsBefore;
    m_end = m_lastUnit;
}

void BatchBuilder::finish()
{
    if (m_open)
        closeExtent();
}

WriteBatch BatchBuilder::take()
{
    return {std::move(m_extents), m_sums.unitBytes, m_sums.stagedBytes, m_sums.journalBytes()};
}

} // namespace cachecore
