// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/cache/page_handle.h"
#include "cachecore/cache/page_table.h"
#include "cachecore/cache/s3_fifo.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace cachecore {

/// What is known of a page that is resident, remembered by the policy or loading. One line of a processor's cache.
struct alignas(64) PageNode final : S3Fifo::Entry {
    std::shared_ptr<const Page> page; ///< exactly while the policy has it as resident
    std::uint32_t warmed = 0;         ///< the period in which a visit last counted as heat; 0: none
    bool loading = false;

    [[nodiscard]] PageState state() const
    {
        if (loading)
            return PageState::Loading;
        return page ? page->state() : PageState::Absent;
    }
};

/// The nodes, by the numbers of their pages.
/// Invariant: there is a node only of a page of which it says something, once its change is over.
/// Thread: none of its own; the owner locks.
class PageNodes {
public:
    PageNodes() = default;
    PageNodes(const PageNodes &) = delete;
    PageNodes &operator=(const PageNodes &) = delete;
    ~PageNodes();

    /// Makes room for `most` nodes, if there is memory, so that the table need not grow while others wait.
    void prepare(std::size_t most) noexcept { (void)m_table.reserve(most); }
    /// nullptr when there is none.
    [[nodiscard]] PageNode *find(PageIndex page) const { return m_table.find(page.value); }
    /// Made when there is none; nullptr without memory.
    [[nodiscard]] PageNode *obtain(PageIndex page) noexcept;
    /// Ends a node that is in no queue and not loading; leaves others.
    void drop(PageNode &node) noexcept;
    /// Calls `use` for every node, in no order.
    template <typename Use>
    void forEach(const Use &use) const
    {
        m_table.forEach(use);
    }

private:
    PageTable<PageNode> m_table;
    PageNode *m_spare = nullptr; ///< ended nodes kept for the next pages, linked by `older`
    std::size_t m_spares = 0;
};

} // namespace cachecore
