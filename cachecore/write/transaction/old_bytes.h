// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/range_tree.h"
#include "cachecore/write/plan/write_plan.h"

#include <memory>
#include <span>
#include <vector>

namespace cachecore {

/// Remembers what a target held under a batch's staged bytes, so that writing them can be undone.
/// Thread: one at a time. Memory: the staged bytes, or 8 bytes for each extent.
class OldBytes {
public:
    enum class Where : std::uint8_t {
        Nowhere,
        InMemory,  ///< the bytes themselves
        InJournal, ///< where the journal has them
    };

    /// Both must outlive it.
    OldBytes(const WritePlan &plan, const WriteBatch &batch, Where where);

    [[nodiscard]] Where where() const { return m_where; }

    /// Extents ascend. `old` is what the target holds under the extent's units, `journalAt` where the journal has that.
    void add(const PlannedExtent &extent, std::span<const std::byte> old, std::uint64_t journalAt);

    /// Exactly the staged bytes of the batch, each over what was there; every extent must have been added. `journal` is asked only for InJournal; without it there is nothing.
    [[nodiscard]] RangeTree<Piece> pieces(const std::shared_ptr<const ExternalBytes> &journal);

private:
    const WritePlan &m_plan;
    const WriteBatch &m_batch;
    const Where m_where;
    std::shared_ptr<std::vector<std::byte>> m_bytes; ///< InMemory: the old bytes, one stretch after the other
    std::vector<std::uint64_t> m_journalAt;          ///< InJournal: for each extent
};

} // namespace cachecore
