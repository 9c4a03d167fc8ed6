// SPDX-License-Identifier: MIT
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/load/page_loader.h"

#include <algorithm>
#include <new>
#include <utility>

namespace cachecore {

namespace {

constexpr std::uint64_t kMostReadAheadPages = 2048; ///< on one side: looking at each must not cost who scrolls

} // namespace

void CachedSource::setViewport(ByteRange visible, Intent intent)
{
    SourceExtent::Pages pages = m_extent->pagesOf(visible);
    pages.count = std::min(pages.count, m_cache->budget() / m_extent->pageSize / 2);
    std::vector<PageHandle> released; // destroyed after the lock
    const std::lock_guard lock(m_viewMutex);
    const SourceExtent::Pages before = std::exchange(m_visible, pages);
    const bool moved = before.first != pages.first || before.count != pages.count;
    m_generation += moved ? 1 : 0;
    m_pins.swap(released);
    for (std::uint64_t i = 0; i < pages.count; ++i) {
        const PageIndex page{pages.first.value + i};
        const auto visit = before.contains(page) ? PageCache::Visit::None : PageCache::Visit::Counted;
        if (PageHandle handle = m_cache->tryGet(page, visit))
            keep(std::move(handle));
    }
    m_loader->request(pages, LoadClass::Viewport, m_generation, intent);
    if (moved)
        m_loader->dropBefore(LoadClass::Viewport, m_generation);
    if (intent == Intent::Scroll) {
        readAhead(visible, m_readAhead.scrolledTo(visible, m_env->now()));
    } else {
        m_readAhead.jumpedTo(visible);
        m_ahead = {};
    }
    if (moved)
        m_loader->dropBefore(LoadClass::ReadAhead, m_generation);
}

/// Pins a page of the viewport. Without memory it is not pinned, and may be evicted while it is shown.
void CachedSource::keep(PageHandle page) noexcept
{
    try {
        m_pins.push_back(std::move(page));
    } catch (const std::bad_alloc &) { // see above
    }
}

/// Asks for the pages on both sides of what is shown, on the larger side first. What is read ahead may not push out what was read ahead just before, so
/// it is an eighth of the cache at most.
void CachedSource::readAhead(ByteRange visible, ReadAhead::Plan plan)
{
    const std::uint64_t most
        = std::min(std::max<std::uint64_t>(m_cache->budget() / 8, pageSize()), kMostReadAheadPages * pageSize());
    const std::uint64_t behind = std::min({plan.before, most, visible.begin().value()});
    const SourceExtent::Pages before
        = m_extent->pagesOf({ByteOffset(visible.begin().value() - behind), visible.begin()});
    const SourceExtent::Pages after = m_extent->pagesOf(clippedRange(visible.end(), std::min(plan.after, most)));
    const AheadPages ahead{before, after, m_generation};
    if (std::exchange(m_ahead, ahead) == ahead)
        return;
    if (plan.after < plan.before)
        requestUpwards(before);
    m_loader->request(after, LoadClass::ReadAhead, m_generation, Intent::Scroll);
    if (plan.after >= plan.before)
        requestUpwards(before);
}

/// Asks for `pages` a read at a time, the last one first.
void CachedSource::requestUpwards(SourceExtent::Pages pages)
{
    while (pages.count > 0) {
        const std::uint64_t count = std::min(pages.count, pagesPerRead(pageSize()));
        pages.count -= count;
        m_loader->request({{pages.first.value + pages.count}, count}, LoadClass::ReadAhead, m_generation,
                          Intent::Scroll);
    }
}

void CachedSource::prefetch(ByteRange range, Background purpose)
{
    SourceExtent::Pages pages = m_extent->pagesOf(range);
    pages.count = std::min(pages.count, m_cache->budget() / pageSize() / 2);
    const bool map = purpose == Background::Map;
    const std::uint64_t generation = map ? m_mapGeneration.fetch_add(1) + 1 : 0;
    m_loader->request(pages, map ? LoadClass::Map : LoadClass::Scan, generation, Intent::Scroll);
    if (map)
        m_loader->dropBefore(LoadClass::Map, generation);
}

void CachedSource::pagesArrived(std::span<const std::shared_ptr<const Page>> pages)
{
    {
        const std::lock_guard lock(m_viewMutex);
        for (const std::shared_ptr<const Page> &page : pages) {
            if (!m_visible.contains(page->index()))
                continue;
            const auto former = std::ranges::find_if(m_pins, [&](const PageHandle &pin) {
                return pin.page().index() == page->index();
            });
            if (former == m_pins.end())
                keep(PageHandle(page));
            else
                *former = PageHandle(page); // no two copies of a page are held
        }
    }
    notify({.pages = true});
}

} // namespace cachecore
