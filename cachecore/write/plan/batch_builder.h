// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/plan/write_plan.h"

#include <cstdint>
#include <vector>

namespace cachecore {

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

    /// At most what the journal takes.
    [[nodiscard]] std::uint64_t journalBytes() const;
    void add(const Piece &piece, std::uint64_t length);

private:
    void addPattern(const SharedBytes &bytes, std::uint64_t length);
};

/// Makes one batch out of the pieces it is given in ascending order, starting at a unit.
///
/// Pieces go in by stretches that are whole units, or lie in one unit. What the batch comes to if it ended before its last unit is kept, so that it
/// can still end there when what follows in the unit no longer fits.
class BatchBuilder {
public:
    enum class Collect : std::uint8_t { Everything, SumsOnly };

    BatchBuilder(const WritePlan &plan, Collect collect);

    /// Takes as much of `range` as fits; false when the batch is complete.
    bool add(ByteRange range, const Piece &piece);
    /// Ends it after the last piece.
    void finish();

    /// Where the units after the batch begin.
    [[nodiscard]] ByteOffset end() const { return m_end; }
    /// The batch, once it has ended.
    [[nodiscard]] WriteBatch take();

private:
    [[nodiscard]] bool fits(const BatchSums &sums) const { return sums.journalBytes() <= m_geometry.journalLimit; }
    [[nodiscard]] ByteOffset wholeUnitsEnd(ByteRange range, const Piece &piece) const;
    void enterUnit(ByteOffset unitBegin);
    bool addInside(ByteRange part, const Piece &piece);
    void addWrite(ByteRange part);
    void closeExtent();
    void splitAtLastUnit();
    void endAtLastUnit();

    const PlanGeometry m_geometry;
    const ByteOffset m_targetEnd; ///< or that of the last edit, should it lie further on
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

} // namespace cachecore
