// SPDX-License-Identifier: MIT
#include "cachecore/write/write_plan.h"

#include "cachecore/write/journal_writer.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace cachecore {

namespace {

/// What the journal of a batch comes to.
struct BatchSums {
    std::uint64_t extents = 0;
    std::uint64_t unitBytes = 0;
    std::uint64_t segments = 0;
    std::uint64_t literalBytes = 0; ///< as JournalWriter::boundFor counts them
    std::uint64_t stagedBytes = 0;
    std::uint64_t patterns = 0;        ///< at most those that the journal holds once each
    std::uint64_t patternBytes = 0;    ///< theirs
    const void *lastPattern = nullptr; ///< one that the journal holds for certain

    [[nodiscard]] std::uint64_t journalBytes() const
    {
        return JournalWriter::boundFor(extents, unitBytes, segments, literalBytes, kJournalMostPath);
    }
    void add(const Piece &piece, std::uint64_t length);

private:
    void addPattern(const SharedBytes &bytes, std::uint64_t length);
};

void BatchSums::add(const Piece &piece, std::uint64_t length)
{
    ++segments;
    stagedBytes += length;
    if (piece.kind == Piece::Kind::Pattern)
        addPattern(piece.bytes, length);
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

/// Makes one batch out of the pieces it is given in ascending order, starting at a unit.
///
/// Pieces go in by stretches that are whole units, or lie in one unit. What the batch comes to if it ended before its last unit is kept, so that it
/// can still end there when what follows in the unit no longer fits.
class BatchBuilder {
public:
    enum class Collect : std::uint8_t { Everything, SumsOnly };

    BatchBuilder(const WritePlan &plan, Collect collect)
        : m_geometry(plan.geometry)
        , m_targetEnd(std::max(ByteOffset(plan.geometry.targetSize), plan.span().end()))
        , m_collect(collect)
    {
    }

    /// Takes as much of `range` as fits; false when the batch is complete.
    bool add(ByteRange range, const Piece &piece);
    /// Ends it after the last piece.
    void finish();

    /// Where the units after the batch begin.
    [[nodiscard]] ByteOffset end() const { return m_end; }
    [[nodiscard]] bool empty() const { return m_sums.extents == 0; }
    [[nodiscard]] WriteBatch take();

private:
    [[nodiscard]] bool fits(const BatchSums &sums) const { return sums.journalBytes() <= m_geometry.journalLimit; }
    [[nodiscard]] ByteOffset unitEnd(ByteOffset unitBegin) const
    {
        return std::min(m_targetEnd, (unitBegin + 1).alignedUp(m_geometry.unit));
    }
    [[nodiscard]] ByteOffset wholeUnitsEnd(ByteRange range, const Piece &piece) const;
    void enterUnit(ByteOffset unitBegin);
    bool addInside(ByteRange part, const Piece &piece);
    void addWrite(ByteRange part);
    void closeExtent();
    void splitAtLastUnit();
    void endAtLastUnit();

    const PlanGeometry m_geometry;
    const ByteOffset m_targetEnd;
    const Collect m_collect;
    std::vector<PlannedExtent> m_extents;
    BatchSums m_sums;
    bool m_open = false; ///< an extent is being made: [m_begin, m_end)
    ByteOffset m_begin;
    ByteOffset m_end;
    std::vector<ByteRange> m_writes;
    std::uint64_t m_extentSegments = 0;

    ByteOffset m_lastUnit;              ///< begin of the unit entered last
    BatchSums m_sumsBefore;             ///< m_sums without that unit
    std::uint64_t m_segmentsBefore = 0; ///< m_extentSegments without it
};

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
    m_end = unitEnd(unitBegin);
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
    const bool wholeExtent = m_lastUnit == m_begin;
    if (!wholeExtent)
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

} // namespace

WritePlan planWrite(const StagedEdits &edits, ByteRange range, const PlanGeometry &geometry)
{
    assert(std::has_single_bit(geometry.unit) && std::has_single_bit(geometry.granularity)
           && geometry.granularity <= geometry.unit);
    return {edits.clipped(range), geometry};
}

PlanCursor::PlanCursor(const WritePlan &plan)
    : m_plan(&plan)
    , m_at(plan.span().begin())
{
}

std::optional<WriteBatch> PlanCursor::next()
{
    const ByteOffset end = m_plan->span().end();
    if (m_at >= end)
        return std::nullopt;
    BatchBuilder batch(*m_plan, BatchBuilder::Collect::Everything);
    m_plan->edits.forEachPiece({m_at, end},
                               [&batch](ByteRange range, const Piece &piece) { return batch.add(range, piece); });
    batch.finish();
    m_at = std::max(m_at, std::min(end, batch.end()));
    return batch.take();
}

std::uint64_t PlanCursor::count(const WritePlan &plan)
{
    const std::uint64_t unit = plan.geometry.unit;
    const ByteOffset end = plan.span().end();
    ByteOffset at = plan.span().begin();
    std::uint64_t batches = 0;
    while (at < end) {
        BatchBuilder batch(plan, BatchBuilder::Collect::SumsOnly);
        unsigned pieces = 0;
        ByteRange first;
        plan.edits.forEachPiece({at, end}, [&](ByteRange range, const Piece &piece) {
            first = pieces == 0 ? range : first;
            ++pieces;
            return batch.add(range, piece);
        });
        batch.finish();
        ++batches;
        at = std::min(end, batch.end());
        // As long as one piece alone fills whole batches, they are all alike.
        if (pieces != 1 || first.begin().value() % unit != 0 || first.end() <= at)
            continue;
        const std::uint64_t left = first.end() - at;
        const std::uint64_t length = at - first.begin();
        const std::uint64_t alike = left > unit ? (left - unit) / length : 0;
        batches += alike;
        at = at + alike * length;
    }
    return batches;
}

} // namespace cachecore
