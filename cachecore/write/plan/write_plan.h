// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/staged_edits.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace cachecore {

/// What the target demands of a plan.
struct PlanGeometry {
    std::uint64_t targetSize = 0;  ///< bytes
    std::uint32_t unit = 4096;     ///< what an interrupted write may damage: max(physical block, 4 KiB); a power of two
    std::uint32_t granularity = 1; ///< writes must begin and end at multiples of it; a power of two, at most `unit`
    std::uint64_t journalLimit = std::uint64_t{2}
        << 30; ///< bytes a journal may hold; a batch of one unit is made in any case
};

/// One stretch of units that is journalled, and later written, in one piece.
struct PlannedExtent {
    ByteRange units; ///< aligned to the unit, its end clipped to the target's
    std::vector<ByteRange>
        writes; ///< what will be written inside it: the staged bytes, coalesced and aligned to the granularity; ascending, not adjacent, not empty

    friend bool operator==(const PlannedExtent &, const PlannedExtent &) = default;
};

/// What one journal covers, and so what is written all or not at all.
struct WriteBatch {
    std::vector<PlannedExtent> extents; ///< ascending, disjoint, at least one
    std::uint64_t unitBytes = 0;        ///< sum of the extents' lengths: the old bytes the journal will hold
    std::uint64_t stagedBytes = 0;      ///< staged bytes in it
    std::uint64_t journalBytes = 0;     ///< an upper bound of what its journal takes

    /// From the first to the last byte that will be written.
    [[nodiscard]] ByteRange span() const
    {
        return {extents.front().writes.front().begin(), extents.back().writes.back().end()};
    }
};

/// What one commit or persist will write, fixed before anything is touched.
///
/// Invariants: extents ascend over all batches, do not overlap and are at most kLongestExtent long (one unit where the unit is longer); each is cut at units only,
/// and earlier than that where it would have more than kMostSegments stretches of pieces, unless they lie in one unit;
/// together their writes are exactly the bytes of `edits`, widened to the granularity; a batch's journal fits the limit
/// unless it is one unit.
/// Memory: for each piece some 100 bytes, for each kLongestExtent of a long piece as much, within one batch at a time; see `PlanCursor`.
struct WritePlan {
    static constexpr std::uint64_t kLongestExtent = std::uint64_t{1} << 20;
    static constexpr std::uint64_t kMostSegments = 4096;

    StagedEdits edits; ///< frozen, clipped to what is asked for
    PlanGeometry geometry;

    [[nodiscard]] std::uint64_t byteCount() const { return edits.byteCount(); }
    [[nodiscard]] ByteRange span() const { return edits.span(); }
    [[nodiscard]] bool empty() const { return edits.empty(); }
};

/// The plan for what `edits` holds inside `range`, which may lie in the middle of pieces. Edits past the target's end are planned as if it reached there, so that
/// whoever writes notices that it does not. Pure. O(log n).
[[nodiscard]] WritePlan planWrite(const StagedEdits &edits, ByteRange range, const PlanGeometry &geometry);

/// Makes a plan's batches one after the other, so that a fill of a whole disk needs no list of its extents. Pure.
class PlanCursor {
public:
    explicit PlanCursor(const WritePlan &plan);

    /// The next batch; nothing at the end. O(extents of the batch * log n).
    [[nodiscard]] std::optional<WriteBatch> next();
    /// Batches the whole plan makes. O(their extents) in time, but for a piece that fills whole batches, of which only the first is looked at; O(1) in memory.
    [[nodiscard]] static std::uint64_t count(const WritePlan &plan);

private:
    const WritePlan *m_plan;
    ByteOffset m_at; ///< everything before it is in batches made already
};

} // namespace cachecore
