// SPDX-License-Identifier: MIT
#include "cachecore/write/transaction/old_bytes.h"

#include <algorithm>

namespace cachecore {

namespace {

/// Calls `visit` with each longest staged stretch of an extent.
template <typename Visit>
void forEachStretch(const WritePlan &plan, const PlannedExtent &extent, Visit &&visit)
{
    if (plan.geometry.granularity == 1) { // nothing was widened
        std::ranges::for_each(extent.writes, visit);
        return;
    }
    ByteRange stretch(extent.units.begin(), extent.units.begin());
    plan.edits.forEachPiece(extent.units, [&stretch, &visit](ByteRange part, const Piece &) {
        if (part.begin() != stretch.end()) {
            if (!stretch.empty())
                visit(stretch);
            stretch = {part.begin(), part.begin()};
        }
        stretch = {stretch.begin(), part.end()};
        return true;
    });
    if (!stretch.empty())
        visit(stretch);
}

} // namespace

OldBytes::OldBytes(const WritePlan &plan, const WriteBatch &batch, Where where)
    : m_plan(plan)
    , m_batch(batch)
    , m_where(where)
{
    if (where == Where::InMemory) {
        m_bytes = std::make_shared<std::vector<std::byte>>();
        m_bytes->reserve(static_cast<std::size_t>(batch.stagedBytes));
    }
    if (where == Where::InJournal)
        m_journalAt.reserve(batch.extents.size());
}

void OldBytes::add(const PlannedExtent &extent, std::span<const std::byte> old, std::uint64_t journalAt)
{
    if (m_where == Where::InJournal)
        m_journalAt.push_back(journalAt);
    if (m_where != Where::InMemory)
        return;
    forEachStretch(m_plan, extent, [&](ByteRange stretch) {
        const auto bytes = old.subspan(static_cast<std::size_t>(stretch.begin() - extent.units.begin()),
                                       static_cast<std::size_t>(stretch.length()));
        m_bytes->insert(m_bytes->end(), bytes.begin(), bytes.end());
    });
}

RangeTree<Piece> OldBytes::pieces(const std::shared_ptr<const ExternalBytes> &journal)
{
    RangeTreeBuilder<Piece> tree;
    if (m_where == Where::InMemory) {
        const Piece all = Piece::literalOf(m_bytes);
        std::uint64_t done = 0;
        for (const PlannedExtent &extent : m_batch.extents) {
            forEachStretch(m_plan, extent, [&](ByteRange stretch) {
                tree.append(stretch, all.slice(done));
                done += stretch.length();
            });
        }
    } else if (m_where == Where::InJournal && journal) {
        for (std::size_t i = 0; i < m_batch.extents.size(); ++i) {
            const PlannedExtent &extent = m_batch.extents[i];
            forEachStretch(m_plan, extent, [&](ByteRange stretch) {
                const std::uint64_t skip = stretch.begin() - extent.units.begin();
                tree.append(stretch, Piece::externalFrom(journal, m_journalAt[i] + skip));
            });
        }
    }
    return tree.take();
}

} // namespace cachecore
