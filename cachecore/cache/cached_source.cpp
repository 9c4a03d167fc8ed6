// SPDX-License-Identifier: MIT
#include "cachecore/cache/cached_source.h"

#include "cachecore/cache/load/page_loader.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace cachecore {

namespace {

std::shared_ptr<SourceExtent> makeExtent(std::uint64_t size, std::uint32_t pageSize)
{
    auto extent = std::make_shared<SourceExtent>();
    extent->documentSize = size;
    extent->sourceSize = size;
    extent->pageSize = pageSize;
    return extent;
}

bool valid(const CacheOptions &options, const BlockSource &source)
{
    return std::has_single_bit(options.pageSize) && options.pageSize >= kMinPageSize && options.pageSize <= kMaxPageSize
        && options.pageSize >= source.blockSize() && options.budgetBytes >= minimumCacheBytes(options.pageSize)
        && options.budgetBytes <= kMaxSourceSize;
}

} // namespace

std::uint64_t minimumCacheBytes(std::uint32_t pageSize)
{
    return std::max<std::uint64_t>(std::uint64_t{1} << 20, std::uint64_t{4} * pageSize);
}

Result<std::shared_ptr<CachedSource>> CachedSource::create(std::shared_ptr<BlockSource> source, CacheOptions options,
                                                           std::shared_ptr<Executor> loads, std::shared_ptr<Env> env)
{
    try {
        if (!valid(options, *source))
            return failure(ErrorCode::InvalidArgument, Operation::Configure, {}, source->path());
        auto size = source->size();
        if (!size)
            return failure(std::move(size.error()));
        if (*size > kMaxSourceSize)
            return failure(ErrorCode::InvalidArgument, Operation::Stat, {}, source->path());
        auto cached = std::make_shared<CachedSource>(Private(), std::move(source), options, std::move(loads),
                                                     std::move(env), *size);
        const std::shared_ptr<LoadListener> listener(cached, cached.get());
        cached->m_loader
            = std::make_shared<PageLoader>(cached->m_source, cached->m_cache, cached->m_extent, cached->m_executor,
                                           cached->m_env, listener, options.waitingReads);
        return cached;
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Configure);
    }
}

CachedSource::CachedSource(Private, std::shared_ptr<BlockSource> source, CacheOptions options,
                           std::shared_ptr<Executor> loads, std::shared_ptr<Env> env, std::uint64_t size)
    : ByteReader(m_changeCount)
    , m_source(std::move(source))
    , m_options(options)
    , m_executor(std::move(loads))
    , m_env(std::move(env))
    , m_extent(makeExtent(size, options.pageSize))
    , m_cache(std::make_shared<PageCache>(options.budgetBytes, m_extent->pageCount(),
                                          std::make_shared<FramePool>(options.pageSize)))
    , m_scanFrames(std::make_shared<FramePool>(std::size_t{kLongestRead}))
{
}

CachedSource::~CachedSource()
{
    if (m_loader)
        (void)m_loader->close(std::chrono::milliseconds(0));
}

Result<std::shared_ptr<CachedSource>> CachedSource::clone() const
{
    CacheOptions options = m_options;
    options.budgetBytes = m_cache->budget();
    return create(m_source, options, m_executor, m_env);
}

std::uint64_t CachedSource::size() const
{
    return m_extent->documentSize.load(std::memory_order_acquire);
}

std::uint64_t CachedSource::sourceSize() const
{
    return m_extent->sourceSize.load(std::memory_order_acquire);
}

PageHandle CachedSource::peek(PageIndex page) const
{
    return m_cache->tryGet(page);
}

std::shared_ptr<const PageStates> CachedSource::states() const
{
    return m_cache->states();
}

std::uint64_t CachedSource::budget() const
{
    return m_cache->budget();
}

PageState CachedSource::state(ByteOffset at) const
{
    return m_cache->states()->state(m_extent->pageOf(at));
}

bool CachedSource::isCached(ByteRange range) const
{
    if (range.end().value() > size())
        return false;
    const SourceExtent::Pages pages = m_extent->pagesOf(range);
    for (std::uint64_t i = 0; i < pages.count; ++i) {
        const PageHandle page = m_cache->tryGet({pages.first.value + i});
        if (!page || unreadableIn(page.page(), page.page().range().intersection(range), {}))
            return false;
    }
    return true;
}

void CachedSource::summary(ByteRange range, std::span<PageStateCounts> out) const
{
    const bool any = !range.empty() && range.begin().value() < size();
    const PageIndex first = m_extent->pageOf(range.begin());
    const std::uint64_t count = any ? m_extent->pageOf(ByteOffset(range.end().value() - 1)).value - first.value + 1 : 0;
    m_cache->states()->summarize(first, count, out);
}

CacheStatistics CachedSource::statistics() const
{
    CacheStatistics statistics = m_cache->statistics();
    m_loader->addTo(statistics);
    return statistics;
}

void CachedSource::setBudget(std::uint64_t bytes)
{
    m_cache->setBudget(std::max(bytes, minimumCacheBytes(pageSize())));
}

void CachedSource::invalidate(ByteRange range)
{
    m_loader->invalidate(m_extent->pagesOf(range));
    noteChange();
    notify({.pages = true});
}

void CachedSource::refresh(ByteRange span, const std::function<bool(ByteRange)> &affected)
{
    m_loader->refresh(span, affected);
    noteChange();
}

Result<void> CachedSource::refreshSize()
{
    if (m_closed)
        return failure(ErrorCode::Closed, Operation::Stat, {});
    try {
        auto size = m_source->size();
        if (!size)
            return failure(std::move(size.error()));
        if (*size > kMaxSourceSize)
            return failure(ErrorCode::InvalidArgument, Operation::Stat, {}, m_source->path());
        if (!adoptSize(*size))
            return {};
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Stat);
    }
    noteChange();
    notify({.pages = true, .size = true});
    return {};
}

/// Makes the source's size what it said when it was asked; false when it was that. Without memory it is as it was.
bool CachedSource::adoptSize(std::uint64_t size)
{
    const std::lock_guard lock(m_sizeMutex);
    m_extent->timesAsked.fetch_add(1, std::memory_order_acq_rel);
    const std::uint64_t before = m_extent->sourceSize.load();
    if (size == before)
        return false;
    const std::uint64_t oldDocument = m_extent->documentSize.load();
    if (size > oldDocument) {
        m_cache->setPageCount(m_extent->pagesIn(size));
        m_extent->documentSize.store(size, std::memory_order_release);
    }
    m_extent->sourceSize.store(size, std::memory_order_release);
    const ByteRange changed(ByteOffset(std::min(size, before)), ByteOffset(std::max(size, before)));
    m_loader->invalidate(m_extent->pagesOf(changed));
    if (oldDocument > 0 && size > oldDocument) // its last page may have been a short one
        m_loader->invalidate(m_extent->pagesOf(ByteRange(ByteOffset(oldDocument - 1), ByteOffset(oldDocument))));
    return true;
}

void CachedSource::noticeStalledReads()
{
    m_loader->noticeStalledReads();
}

void CachedSource::setObserver(Observer observer)
{
    const std::lock_guard lock(m_observerMutex);
    m_observer.swap(observer);
}

void CachedSource::notify(CacheChanges changes)
{
    const std::lock_guard lock(m_observerMutex);
    if (m_observer)
        m_observer(changes);
}

unsigned CachedSource::close(std::chrono::milliseconds wait)
{
    m_closed = true;
    return m_loader->close(wait);
}

void CachedSource::sourceEndsAt(std::uint64_t size, std::uint64_t timesAsked)
{
    {
        const std::lock_guard lock(m_sizeMutex);
        if (timesAsked != m_extent->timesAsked.load() || size >= m_extent->sourceSize.load())
            return;
        m_extent->sourceSize.store(size, std::memory_order_release);
    }
    noteChange();
    notify({.size = true});
}

} // namespace cachecore
