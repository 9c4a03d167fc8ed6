// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/staged_edits.h"

#include <cstdint>
#include <vector>

namespace cachecore {

/// What one commit or persist will write, fixed before anything is touched.
/// Invariants: extents ascend, do not overlap, are not empty and at most kLongestExtent long; together they are exactly the
/// bytes of `edits`.
struct WritePlan {
    static constexpr std::uint64_t kLongestExtent = std::uint64_t{8} << 20;

    StagedEdits edits; ///< frozen, clipped to what is asked for
    std::vector<ByteRange> extents;

    [[nodiscard]] std::uint64_t byteCount() const { return edits.byteCount(); }
    [[nodiscard]] ByteRange span() const { return edits.span(); }
};

/// The plan for what `edits` holds inside `range`: neighbouring pieces coalesced into one extent, long ones cut.
/// Pure; O(pieces + bytes / kLongestExtent).
[[nodiscard]] WritePlan planWrite(const StagedEdits &edits, ByteRange range);

} // namespace cachecore
