// SPDX-License-Identifier: MIT
#include "cachecore/write/plan/write_plan.h"

#include "cachecore/write/plan/batch_builder.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace cachecore {

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
