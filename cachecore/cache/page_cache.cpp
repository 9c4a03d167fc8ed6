// SPDX-License-Identifier: MIT
#include "cachecore/cache/page_cache.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace cachecore {

PageCache::PageCache(std::uint64_t budgetBytes, std::uint64_t pageCount, std::shared_ptr<FramePool> frames)
    : m_frames(std::move(frames))
    , m_policy(budgetBytes)
    , m_states(std::make_shared<PageStates>(pageCount))
    , m_detachedBytes(std::make_shared<std::atomic<std::uint64_t>>(0))
{
}

PageHandle PageCache::tryGet(PageIndex page, Visit visit)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_table.find(page.value);
    if (visit == Visit::Counted) {
        const bool hit = found != m_table.end() && found->second.page->state() == PageState::Ready;
        ++(hit ? m_counters.hits : m_counters.misses);
        if (found != m_table.end())
            S3Fifo::visit(found->second.position);
    }
    return found == m_table.end() ? PageHandle() : PageHandle(found->second.page);
}

/// Pages taken out, to be destroyed when the lock is released; without memory, at once.
class PageCache::Removed {
public:
    void take(std::shared_ptr<const Page> page) noexcept
    {
        try {
            m_pages.push_back(std::move(page));
        } catch (const std::bad_alloc &) { // `page` ends here
        }
    }

private:
    std::vector<std::shared_ptr<const Page>> m_pages;
};

bool PageCache::publish(std::shared_ptr<const Page> page, Intent intent) noexcept
{
    Removed removed;
    const std::lock_guard lock(m_mutex);
    const PageIndex index = page->index();
    const std::uint64_t bytes = page->range().length();
    m_loading.erase(index.value);
    if (const auto old = m_table.find(index.value); old != m_table.end())
        (void)remove(old, removed);
    if (intent != Intent::Scan)
        makeRoom(bytes, removed);
    const bool fits = intent != Intent::Scan && heldBytes() + bytes <= m_policy.capacity();
    const bool admitted = fits && insert(std::move(page), intent != Intent::Scroll);
    updateState(index);
    return admitted;
}

void PageCache::replaceResident(std::shared_ptr<const Page> page)
{
    std::shared_ptr<const Page> old; // destroyed after the lock
    const std::lock_guard lock(m_mutex);
    const PageIndex index = page->index();
    const auto found = m_table.find(index.value);
    if (found == m_table.end() || found->second.page->range() != page->range())
        return;
    old = std::exchange(found->second.page, std::move(page));
    old->detach(m_detachedBytes);
    updateState(index);
}

void PageCache::announceLoading(PageIndex page)
{
    const std::lock_guard lock(m_mutex);
    m_loading.insert(page.value);
    updateState(page);
}

void PageCache::abandonLoading(PageIndex page)
{
    const std::lock_guard lock(m_mutex);
    m_loading.erase(page.value);
    updateState(page);
}

void PageCache::invalidate(PageIndex first, std::uint64_t count) noexcept
{
    Removed removed;
    const std::lock_guard lock(m_mutex);
    const auto drop = [&](Table::iterator entry) {
        const PageIndex page{entry->first};
        const auto next = remove(entry, removed);
        updateState(page);
        return next;
    };
    if (count <= m_table.size()) {
        for (std::uint64_t i = 0; i < count; ++i) {
            if (const auto entry = m_table.find(first.value + i); entry != m_table.end())
                (void)drop(entry);
        }
        return;
    }
    for (auto entry = m_table.begin(); entry != m_table.end();)
        entry = entry->first >= first.value && entry->first - first.value < count ? drop(entry) : std::next(entry);
}

std::vector<PageIndex> PageCache::residentIn(PageIndex first, std::uint64_t count) const
{
    std::vector<PageIndex> pages;
    const std::lock_guard lock(m_mutex);
    if (count <= m_table.size()) {
        for (std::uint64_t i = 0; i < count; ++i) {
            if (m_table.contains(first.value + i))
                pages.push_back({first.value + i});
        }
        return pages;
    }
    for (const auto &[index, resident] : m_table) {
        if (index >= first.value && index - first.value < count)
            pages.push_back({index});
    }
    std::ranges::sort(pages);
    return pages;
}

void PageCache::setBudget(std::uint64_t bytes)
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
    auto states = std::make_shared<PageStates>(pageCount);
    const std::lock_guard lock(m_mutex);
    m_states.swap(states);
    for (const auto &[index, resident] : m_table)
        updateState({index});
    for (const std::uint64_t index : m_loading)
        updateState({index});
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
    statistics.loading = m_loading.size();
    return statistics;
}

bool PageCache::invariantsHold() const
{
    const std::lock_guard lock(m_mutex);
    if (!m_policy.invariantsHold() || m_policy.size() != m_table.size() || m_policy.weight() > m_policy.capacity())
        return false;
    return std::ranges::all_of(m_table, [this](const auto &entry) {
        return entry.second.position->key == entry.first && entry.second.page->index().value == entry.first
            && m_states->state({entry.first}) == stateOf({entry.first});
    });
}

/// False without memory: nothing has changed then.
bool PageCache::insert(std::shared_ptr<const Page> page, bool important) noexcept
{
    const std::uint64_t key = page->index().value;
    const std::uint64_t bytes = page->range().length();
    try {
        const auto entry = m_table.emplace(key, Resident{std::move(page), {}}).first;
        entry->second.position = m_policy.insert(key, bytes, important);
        return true;
    } catch (const std::bad_alloc &) {
        m_table.erase(key);
        return false;
    }
}

void PageCache::makeRoom(std::uint64_t bytes, Removed &removed)
{
    // Under the lock nobody can gain a pin, so a page only the table refers to stays unpinned.
    const auto unpinned = [this](std::uint64_t key) { return m_table.find(key)->second.page.use_count() == 1; };
    while (heldBytes() + bytes > m_policy.capacity()) {
        const auto victim = m_policy.evict(unpinned);
        if (!victim)
            return;
        const auto entry = m_table.find(*victim);
        removed.take(std::move(entry->second.page));
        m_table.erase(entry);
        ++m_counters.evictions;
        updateState({*victim});
    }
}

/// Returns the entry after it.
PageCache::Table::iterator PageCache::remove(Table::iterator entry, Removed &removed) noexcept
{
    m_policy.erase(entry->second.position);
    // Unpinned, it is as good as gone: nobody gains a pin under the lock.
    if (entry->second.page.use_count() > 1)
        entry->second.page->detach(m_detachedBytes);
    removed.take(std::move(entry->second.page));
    return m_table.erase(entry);
}

void PageCache::updateState(PageIndex page)
{
    m_states->set(page, stateOf(page));
}

PageState PageCache::stateOf(PageIndex page) const
{
    if (m_loading.contains(page.value))
        return PageState::Loading;
    const auto found = m_table.find(page.value);
    return found == m_table.end() ? PageState::Absent : found->second.page->state();
}

std::uint64_t PageCache::heldBytes() const
{
    return m_policy.weight() + m_detachedBytes->load(std::memory_order_relaxed);
}

} // namespace cachecore
