// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/coarse_clock.h"
#include "cachecore/base/short_lock.h"
#include "cachecore/cache/cache_statistics.h"
#include "cachecore/cache/page_handle.h"
#include "cachecore/cache/page_nodes.h"
#include "cachecore/cache/page_states.h"
#include "cachecore/cache/s3_fifo.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace cachecore {

/// The pages in memory under a budget of bytes, and the state of every page of the source. Loads nothing itself.
///
/// Invariants:
///  - resident bytes plus bytes of detached, still pinned pages stay within the budget after every publish and replacement; a page that finds no room,
///    because all others are pinned, is not admitted; a budget below what is pinned is kept as soon as something is published after the pins are gone;
///  - eviction never takes a pinned page; invalidate and replace do, and the pin keeps the bytes alive;
///  - the state of a page is Loading while a load is announced, else that of the resident page, else Absent.
/// Thread: any. One short lock; no I/O, no callback and no page memory is allocated under it.
class PageCache {
public:
    /// Whether looking a page up counts as a visit: for the statistics, for what is kept and, once in an eighth of a second, as heat.
    enum class Visit : std::uint8_t { None, Counted };

    /// The time of a visit; must not block.
    using Clock = AccessHeat::Time (*)();

    /// Pages are made with `frames`.
    PageCache(std::uint64_t budgetBytes, std::uint64_t pageCount, std::shared_ptr<FramePool> frames,
              Clock clock = coarseNow);
    PageCache(const PageCache &) = delete;
    PageCache &operator=(const PageCache &) = delete;

    [[nodiscard]] const std::shared_ptr<FramePool> &frames() const { return m_frames; }

    /// The page when it is resident, Ready or Failed; else an empty handle. Never blocks on a read.
    [[nodiscard]] PageHandle tryGet(PageIndex page, Visit visit = Visit::None);

    /// Puts a loaded page in, replacing the resident one, and ends its Loading. Jump and Edit admit to the main queue, Scroll to the small;
    /// Scan admits nothing. Returns whether it is resident now, which it is not without memory either.
    bool publish(std::shared_ptr<const Page> page, Intent intent) noexcept;
    /// Puts `page` in the place of `old`, in the queues too, if that is still the resident one; else nothing happens and it returns false. Where there is no room
    /// for both while `old` is pinned, neither is resident then.
    bool replaceResident(const Page &old, std::shared_ptr<const Page> page);

    /// A load of the page begins or is wanted (its state becomes Loading; throws std::bad_alloc, with nothing changed), or was given up. Returns whether it is resident.
    bool announceLoading(PageIndex page);
    void abandonLoading(PageIndex page) noexcept;

    /// Drops exactly the resident pages of [first, first + count). O(min(count, resident)).
    void invalidate(PageIndex first, std::uint64_t count) noexcept;
    /// The resident pages of [first, first + count), ascending.
    [[nodiscard]] std::vector<PageIndex> residentIn(PageIndex first, std::uint64_t count) const;

    /// A smaller budget gives memory back before this returns.
    void setBudget(std::uint64_t bytes) noexcept;
    [[nodiscard]] std::uint64_t budget() const;
    /// The source has `pageCount` pages now. Heat and the states of resident and loading pages are carried over, what was only touched is forgotten. One call at a
    /// time. Throws std::bad_alloc with nothing changed.
    void setPageCount(std::uint64_t pageCount);
    [[nodiscard]] std::shared_ptr<const PageStates> states() const;
    [[nodiscard]] CacheStatistics statistics() const;
    /// True when the stated invariants hold, but for the budget, which statistics() tell; for tests.
    [[nodiscard]] bool invariantsHold() const;

private:
    class Removed;

    void count(PageNode *node, PageIndex page) noexcept;
    void settle(PageNode &node) noexcept;
    void takeOut(PageNode &node, Removed &removed) noexcept;
    [[nodiscard]] bool admit(PageNode &node, std::shared_ptr<const Page> page, bool important,
                             Removed &removed) noexcept;
    void makeRoom(std::uint64_t bytes, Removed &removed) noexcept;
    void setLoading(PageNode &node, bool loading) noexcept;
    template <typename Use>
    void forEachResident(PageIndex first, std::uint64_t count, const Use &use) const;
    [[nodiscard]] static bool unpinned(const S3Fifo::Entry &entry);
    [[nodiscard]] std::uint64_t heldBytes() const;
    [[nodiscard]] bool holds(const PageNode &node) const;

    const std::shared_ptr<FramePool> m_frames;
    const Clock m_clock;
    mutable ShortLock m_mutex; ///< guards everything below
    PageNodes m_nodes;
    S3Fifo m_policy;
    AccessHeat::Time m_now; ///< when the clock was last looked at
    std::shared_ptr<PageStates> m_states;
    CacheStatistics m_counters; ///< hits, misses, evictions, loading; the rest is derived
    const std::shared_ptr<std::atomic<std::uint64_t>> m_detachedBytes;
};

} // namespace cachecore
