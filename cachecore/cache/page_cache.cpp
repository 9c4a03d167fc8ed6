// SPDX-License-Identifier: MIT
#include "cachecore/cache/page_cache.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <mutex>
#include <new>
#include <utility>

namespace cachecore {

namespace {

constexpr std::uint64_t kReservedNodes = std::uint64_t{1} << 15; ///< places that a large cache begins with

constexpr std::uint64_t kVisitsPerLook = 8; ///< at the clock

/// The number of the eighth of a second, or nearly so, that `time` lies in; never 0.
std::uint32_t periodOf(AccessHeat::Time time)
{
    return static_cast<std::uint32_t>(time.time_since_epoch().count() >> 27) | 1U << 31;
}

} // namespace

PageCache::PageCache(std::uint64_t budgetBytes, std::uint64_t pageCount, std::shared_ptr<FramePool> frames, Clock clock)
    : m_frames(std::move(frames))
    , m_clock(clock)
    , m_policy(budgetBytes)
    , m_states(std::make_shared<PageStates>(pageCount))
    , m_detachedBytes(std::make_shared<std::atomic<std::uint64_t>>(0))
{
    const std::uint64_t mostResident = std::min(budgetBytes / m_frames->frameBytes(), pageCount);
    m_nodes.prepare(static_cast<std::size_t>(std::min<std::uint64_t>(2 * mostResident, kReservedNodes)));
}

PageHandle PageCache::tryGet(PageIndex page, Visit visit)
{
    const std::lock_guard lock(m_mutex);
    PageNode *const node = m_nodes.find(page);
    if (visit == Visit::Counted)
        count(node, page);
    return node && node->page ? PageHandle(node->page) : PageHandle();
}

/// Counts a visit to `page`, which has `node`, or none.
void PageCache::count(PageNode *node, PageIndex page) noexcept
{
    const bool resident = node && node->page;
    ++(resident && node->page->state() == PageState::Ready ? m_counters.hits : m_counters.misses);
    // Of pages visited often and quickly the time of some visits will do.
    if (!resident || node->visits < S3Fifo::kMostVisits || m_counters.hits % kVisitsPerLook == 0)
        m_now = m_clock();
    if (resident) {
        S3Fifo::visit(*node);
        const std::uint32_t period = periodOf(m_now);
        if (std::exchange(node->warmed, period) == period)
            return;
    }
    m_states->touch(page, m_now);
}

/// Pages taken out, to be destroyed when the lock is released; without memory, at once.
class PageCache::Removed {
public:
    void take(std::shared_ptr<const Page> page) noexcept
    {
        if (m_few < m_first.size()) {
            m_first[m_few++] = std::move(page);
            return;
        }
        try {
            m_rest.push_back(std::move(page));
        } catch (const std::bad_alloc &) { // `page` ends here
        }
    }

private:
    std::array<std::shared_ptr<const Page>, 4> m_first; ///< most calls remove no more
    std::size_t m_few = 0;
    std::vector<std::shared_ptr<const Page>> m_rest;
};

bool PageCache::publish(std::shared_ptr<const Page> page, Intent intent) noexcept
{
    Removed removed;
    const std::lock_guard lock(m_mutex);
    const PageIndex index = page->index();
    PageNode *const node = intent == Intent::Scan ? m_nodes.find(index) : m_nodes.obtain(index);
    if (!node)
        return false;
    const bool important = intent != Intent::Scroll || node->place == S3Fifo::Place::Ghost;
    if (node->page)
        takeOut(*node, removed);
    const bool admitted = intent != Intent::Scan && admit(*node, std::move(page), important, removed);
    setLoading(*node, false);
    settle(*node);
    return admitted;
}

bool PageCache::admit(PageNode &node, std::shared_ptr<const Page> page, bool important, Removed &removed) noexcept
{
    const std::uint64_t bytes = page->range().length();
    m_policy.erase(node); // no ghost that is forgotten while room is made
    makeRoom(bytes, removed);
    if (heldBytes() + bytes > m_policy.capacity())
        return false;
    node.page = std::move(page);
    m_policy.insert(node, bytes, important);
    return true;
}

bool PageCache::replaceResident(const Page &old, std::shared_ptr<const Page> page)
{
    assert(old.index() == page->index() && old.range() == page->range());
    Removed removed;
    std::shared_ptr<const Page> replaced; // destroyed after the lock
    const std::lock_guard lock(m_mutex);
    PageNode *const node = m_nodes.find(page->index());
    if (!node || node->page.get() != &old)
        return false;
    replaced = std::exchange(node->page, page); // which stays pinned here
    replaced->detach(m_detachedBytes);
    makeRoom(0, removed); // for the old one, while it is pinned
    if (heldBytes() > m_policy.capacity())
        takeOut(*node, removed);
    settle(*node);
    return true;
}

bool PageCache::announceLoading(PageIndex page)
{
    const std::lock_guard lock(m_mutex);
    PageNode *const node = m_nodes.obtain(page);
    if (!node)
        throw std::bad_alloc();
    setLoading(*node, true);
    settle(*node);
    return node->page != nullptr;
}

void PageCache::abandonLoading(PageIndex page) noexcept
{
    const std::lock_guard lock(m_mutex);
    PageNode *const node = m_nodes.find(page);
    if (!node || !node->loading)
        return;
    setLoading(*node, false);
    settle(*node);
}

void PageCache::invalidate(PageIndex first, std::uint64_t count) noexcept
{
    Removed removed;
    const std::lock_guard lock(m_mutex);
    forEachResident(first, count, [&](PageNode &node) {
        takeOut(node, removed);
        settle(node);
    });
}

std::vector<PageIndex> PageCache::residentIn(PageIndex first, std::uint64_t count) const
{
    std::vector<PageIndex> pages;
    const std::lock_guard lock(m_mutex);
    forEachResident(first, count, [&](const PageNode &node) { pages.push_back({node.key}); });
    std::ranges::sort(pages);
    return pages;
}

/// Calls `use`, which may take its argument out, for the resident nodes of [first, first + count), in no order. O(min(count, resident)).
template <typename Use>
void PageCache::forEachResident(PageIndex first, std::uint64_t count, const Use &use) const
{
    if (count <= m_policy.size()) {
        for (std::uint64_t i = 0; i < count; ++i) {
            PageNode *const node = m_nodes.find({first.value + i});
            if (node && node->page)
                use(*node);
        }
        return;
    }
    for (const S3Fifo::Place place : {S3Fifo::Place::Small, S3Fifo::Place::Main}) {
        for (S3Fifo::Entry *entry = m_policy.oldest(place); entry;) {
            PageNode &node = static_cast<PageNode &>(*entry);
            entry = entry->newer;
            if (node.key >= first.value && node.key - first.value < count)
                use(node);
        }
    }
}

void PageCache::setBudget(std::uint64_t bytes) noexcept
{
    Removed removed;
    const std::lock_guard lock(m_mutex);
    m_policy.setCapacity(bytes);
    makeRoom(0, removed);
}

std::uint64_t PageCache::budget() const
{
    const std::lock_guard lock(m_mutex);
    return m_policy.capacity();
}

void PageCache::setPageCount(std::uint64_t pageCount)
{
    auto states = std::make_shared<PageStates>(pageCount, *this->states());
    const std::lock_guard lock(m_mutex);
    bool complete = true;
    m_nodes.forEach([&](const PageNode &node) {
        states->set({node.key}, node.state());
        complete = complete && (node.key >= pageCount || states->state({node.key}) == node.state());
    });
    if (!complete)
        throw std::bad_alloc();
    m_states.swap(states);
}

std::shared_ptr<const PageStates> PageCache::states() const
{
    const std::lock_guard lock(m_mutex);
    return m_states;
}

CacheStatistics PageCache::statistics() const
{
    const std::lock_guard lock(m_mutex);
    CacheStatistics statistics = m_counters;
    statistics.residentBytes = m_policy.weight();
    statistics.detachedBytes = m_detachedBytes->load(std::memory_order_relaxed);
    statistics.budgetBytes = m_policy.capacity();
    statistics.reservedBytes = m_frames->reservedBytes();
    return statistics;
}

bool PageCache::invariantsHold() const
{
    const std::lock_guard lock(m_mutex);
    bool hold = m_policy.invariantsHold();
    std::size_t resident = 0;
    std::size_t ghosts = 0;
    std::uint64_t loading = 0;
    m_nodes.forEach([&](const PageNode &node) {
        hold = hold && holds(node);
        resident += node.resident() ? 1 : 0;
        ghosts += node.place == S3Fifo::Place::Ghost ? 1 : 0;
        loading += node.loading ? 1 : 0;
    });
    return hold && resident == m_policy.size() && ghosts == m_policy.ghosts() && loading == m_counters.loading;
}

bool PageCache::holds(const PageNode &node) const
{
    const bool known = node.place != S3Fifo::Place::None || node.loading;
    const bool right = node.page ? node.page->index().value == node.key : !node.resident();
    return known && right && m_nodes.find({node.key}) == &node && node.resident() == (node.page != nullptr)
        && m_states->state({node.key}) == node.state();
}

/// After a change: what is shown of the page follows, and a node that says nothing goes.
void PageCache::settle(PageNode &node) noexcept
{
    m_states->set({node.key}, node.state());
    m_nodes.drop(node);
}

/// Takes the page out of a node. To be settled afterwards.
void PageCache::takeOut(PageNode &node, Removed &removed) noexcept
{
    m_policy.erase(node);
    // Unpinned, it is as good as gone: nobody gains a pin under the lock.
    if (!unpinned(node))
        node.page->detach(m_detachedBytes);
    removed.take(std::move(node.page));
}

void PageCache::makeRoom(std::uint64_t bytes, Removed &removed) noexcept
{
    while (heldBytes() + bytes > m_policy.capacity()) {
        S3Fifo::Entry *const victim = m_policy.evict(unpinned);
        if (!victim)
            return;
        PageNode &node = static_cast<PageNode &>(*victim);
        removed.take(std::move(node.page));
        ++m_counters.evictions;
        settle(node);
        while (S3Fifo::Entry *const forgotten = m_policy.forgetOne())
            m_nodes.drop(static_cast<PageNode &>(*forgotten));
    }
}

void PageCache::setLoading(PageNode &node, bool loading) noexcept
{
    const bool before = std::exchange(node.loading, loading);
    m_counters.loading += loading ? 1 : 0;
    m_counters.loading -= before ? 1 : 0;
}

/// Under the lock nobody can gain a pin, so a page to which only its node refers stays unpinned.
bool PageCache::unpinned(const S3Fifo::Entry &entry)
{
    return static_cast<const PageNode &>(entry).page.use_count() == 1;
}

std::uint64_t PageCache::heldBytes() const
{
    return m_policy.weight() + m_detachedBytes->load(std::memory_order_relaxed);
}

} // namespace cachecore
