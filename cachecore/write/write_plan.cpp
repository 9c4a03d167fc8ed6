// SPDX-License-Identifier: MIT
#include "cachecore/write/write_plan.h"

#include <algorithm>

namespace cachecore {

namespace {

/// Adds `range`, as a continuation of the last extent where it adjoins and fits.
void addToExtents(std::vector<ByteRange> &extents, ByteRange range)
{
    if (!extents.empty() && extents.back().end() == range.begin()) {
        const std::uint64_t room = WritePlan::kLongestExtent - extents.back().length();
        const std::uint64_t joined = std::min(room, range.length());
        extents.back() = {extents.back().begin(), range.begin() + joined};
        range = {range.begin() + joined, range.end()};
    }
    while (!range.empty()) {
        const std::uint64_t length = std::min(WritePlan::kLongestExtent, range.length());
        extents.emplace_back(range.begin(), range.begin() + length);
        range = {range.begin() + length, range.end()};
    }
}

} // namespace

WritePlan planWrite(const StagedEdits &edits, ByteRange range)
{
    WritePlan plan;
    plan.edits = edits.clipped(range);
    plan.edits.forEachPiece(plan.edits.span(), [&plan](ByteRange piece, const Piece &) {
        addToExtents(plan.extents, piece);
        return true;
    });
    return plan;
}

} // namespace cachecore
