// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"

#include <algorithm>
#include <new>
#include <utility>

namespace cachecore {

namespace {

constexpr std::uint64_t kReadAheadWindows = 2; ///< read ahead this many times what is visible
constexpr std::uint64_t kMostReadAheadPages = 8;

std::shared_ptr<SourceExtent> makeExtent(std::uint64_t size, std::uint32_t pageSize)
{
    auto extent = std::make_shared<SourceExtent>();
    extent->documentSize = size;
    extent->sourceSize = size;
    extent->pageSize = pageSize;
    return extent;
}

} // namespace

Document::Impl::Impl(std::shared_ptr<BlockSource> source, DocumentOptions options, DocumentExecutors executors,
                     std::shared_ptr<Env> env, std::uint64_t size)
    : m_source(std::move(source))
    , m_extent(makeExtent(size, options.pageSize))
    , m_cache(std::make_shared<PageCache>(options.cacheBytes, m_extent->pageCount()))
    , m_options(options)
    , m_executors(std::move(executors))
    , m_env(std::move(env))
    , m_history({options.undoSteps, options.undoBytes, options.undoJournalBytes})
{
}

void Document::Impl::start()
{
    m_loader = std::make_shared<PageLoader>(m_source, m_cache, m_extent, m_executors.loads, m_env, weak_from_this());
}

void Document::Impl::peek(ByteOffset at, std::span<std::byte> bytes, std::span<ByteCondition> conditions) const
{
    // The edits first: pages that come later can only be newer, and what a write replaced in them the edits still hold.
    const StagedEdits edits = staged();
    peekSource(at, bytes, conditions);
    edits.overlay(at, bytes, [&](ByteRange range, bool inMemory) {
        if (!inMemory)
            std::ranges::fill(partOf(bytes, at, range), std::byte{0});
        std::ranges::fill(partOf(conditions, at, range),
                          inMemory ? ByteCondition::Staged : ByteCondition::StagedNotLoaded);
    });
}

void Document::Impl::peekSource(ByteOffset at, std::span<std::byte> bytes, std::span<ByteCondition> conditions) const
{
    std::ranges::fill(bytes, std::byte{0});
    std::ranges::fill(conditions, ByteCondition::PastEnd);
    const std::uint64_t length = std::min<std::uint64_t>(bytes.size(), kMaxSourceSize - at.value());
    const ByteRange window = ByteRange(at, at + length).intersection(whole());
    const SourceExtent::Pages pages = m_extent->pagesOf(window);
    const std::uint64_t sourceSize = m_extent->sourceSize.load(std::memory_order_acquire);
    for (std::uint64_t i = 0; i < pages.count; ++i) {
        const PageIndex index{pages.first.value + i};
        const ByteRange part = m_extent->rangeOf(index).intersection(window);
        std::ranges::fill(partOf(conditions, at, part), ByteCondition::NotLoaded);
        if (const PageHandle handle = m_cache->tryGet(index)) {
            const ByteRange held = part.intersection(handle.page().range());
            if (held.empty())
                continue;
            std::ranges::copy(handle.from(held.begin()).first(static_cast<std::size_t>(held.length())),
                              partOf(bytes, at, held).begin());
            std::ranges::fill(partOf(conditions, at, held), ByteCondition::Loaded);
            if (!handle.page().damage())
                continue;
            for (const ByteRange bad : handle.page().damage()->bad) {
                const ByteRange shown = bad.intersection(held);
                if (shown.empty())
                    continue;
                std::ranges::fill(partOf(bytes, at, shown), std::byte{0});
                std::ranges::fill(partOf(conditions, at, shown), ByteCondition::Unreadable);
            }
        }
    }
    if (window.end().value() > sourceSize && !window.empty()) {
        const ByteRange lost(std::max(window.begin(), ByteOffset(sourceSize)), window.end());
        std::ranges::fill(partOf(bytes, at, lost), std::byte{0});
        std::ranges::fill(partOf(conditions, at, lost), ByteCondition::Unreadable);
    }
}

void Document::Impl::setViewport(ByteRange visible, Intent intent)
{
    SourceExtent::Pages pages = m_extent->pagesOf(visible);
    pages.count = std::min(pages.count, m_cache->budget() / m_extent->pageSize / 2);
    std::vector<PageHandle> released; // destroyed after the lock
    const std::lock_guard lock(m_viewMutex);
    const SourceExtent::Pages before = std::exchange(m_visible, pages);
    const bool moved = before.first != pages.first || before.count != pages.count;
    const std::uint64_t generation = moved ? ++m_generation : m_generation;
    m_pins.swap(released);
    for (std::uint64_t i = 0; i < pages.count; ++i) {
        const PageIndex page{pages.first.value + i};
        const auto visit = before.contains(page) ? PageCache::Visit::None : PageCache::Visit::Counted;
        if (PageHandle handle = m_cache->tryGet(page, visit))
            m_pins.push_back(std::move(handle));
    }
    m_loader->request(pages, LoadClass::Viewport, generation, intent);
    if (!moved)
        return;
    m_loader->dropBefore(generation);
    if (intent == Intent::Scroll)
        readAhead(pages, before.first, visible.length(), generation);
}

/// Asks for the pages behind the viewport in the direction it moved.
void Document::Impl::readAhead(SourceExtent::Pages pages, PageIndex before, std::uint64_t visibleBytes,
                               std::uint64_t generation)
{
    const std::uint64_t bytes = std::min(visibleBytes, m_extent->pageSize * kMostReadAheadPages) * kReadAheadWindows;
    const std::uint64_t wanted = std::clamp<std::uint64_t>(bytes / m_extent->pageSize, 1, kMostReadAheadPages);
    if (pages.first >= before) {
        const std::uint64_t next = pages.first.value + pages.count;
        const std::uint64_t left = m_extent->pageCount() - std::min(next, m_extent->pageCount());
        m_loader->request({{next}, std::min(wanted, left)}, LoadClass::ReadAhead, generation, Intent::Scroll);
        return;
    }
    const std::uint64_t count = std::min(wanted, pages.first.value);
    m_loader->request({{pages.first.value - count}, count}, LoadClass::ReadAhead, generation, Intent::Scroll);
}

void Document::Impl::reload()
{
    m_loader->invalidate(m_extent->pagesOf(whole()));
    notify({.pages = true});
}

Result<void> Document::Impl::refreshSize()
{
    if (closed())
        return failure(ErrorCode::Closed, Operation::Stat, {}, m_source->path());
    const auto size = m_source->size();
    if (!size)
        return failure(size.error());
    {
        const std::lock_guard lock(m_sizeMutex);
        m_extent->timesAsked.fetch_add(1, std::memory_order_acq_rel);
        const std::uint64_t before = m_extent->sourceSize.load();
        if (*size == before)
            return {};
        const std::uint64_t oldDocument = m_extent->documentSize.load();
        if (*size > oldDocument) {
            m_extent->documentSize.store(*size, std::memory_order_release);
            m_cache->setPageCount(m_extent->pageCount());
        }
        m_extent->sourceSize.store(*size, std::memory_order_release);
        const ByteRange changed(ByteOffset(std::min(*size, before)), ByteOffset(std::max(*size, before)));
        m_loader->invalidate(m_extent->pagesOf(changed));
        if (oldDocument > 0 && *size > oldDocument) // its last page may have been a short one
            m_loader->invalidate(m_extent->pagesOf(ByteRange(ByteOffset(oldDocument - 1), ByteOffset(oldDocument))));
    }
    notify({.pages = true, .size = true});
    return {};
}

CacheStatistics Document::Impl::statistics() const
{
    CacheStatistics statistics = m_cache->statistics();
    m_loader->addTo(statistics);
    return statistics;
}

void Document::Impl::setObserver(Observer observer)
{
    const std::lock_guard lock(m_observerMutex);
    m_observer.swap(observer);
}

void Document::Impl::notify(DocumentChanges changes)
{
    const std::lock_guard lock(m_observerMutex);
    if (m_observer)
        m_observer(changes);
}

void Document::Impl::pagesArrived(std::span<const std::shared_ptr<const Page>> pages)
{
    {
        const std::lock_guard lock(m_viewMutex);
        for (const std::shared_ptr<const Page> &page : pages) {
            if (m_visible.contains(page->index()))
                m_pins.emplace_back(page);
        }
    }
    notify({.pages = true});
}

void Document::Impl::sourceEndsAt(std::uint64_t size, std::uint64_t timesAsked)
{
    {
        const std::lock_guard lock(m_sizeMutex);
        if (timesAsked != m_extent->timesAsked.load() || size >= m_extent->sourceSize.load())
            return;
        m_extent->sourceSize.store(size, std::memory_order_release);
    }
    notify({.size = true});
}

} // namespace cachecore
