// SPDX-License-Identifier: MIT
#include "cachecore/cache/load/page_loader.h"

#include <new>
#include <utility>

namespace cachecore {

namespace {

LoadClass classOf(Intent intent)
{
    return intent == Intent::Scan ? LoadClass::Scan : LoadClass::Wanted;
}

/// What was read of it until now, or is being read, may be old.
void outdate(Load &load)
{
    if (load.running)
        load.stale = true; // what it goes on from is in use
    else
        load.part.reset();
}

} // namespace

LoadListener::~LoadListener() = default;

PageLoader::PageLoader(std::shared_ptr<BlockSource> source, std::shared_ptr<PageCache> cache,
                       std::shared_ptr<const SourceExtent> extent, std::shared_ptr<Executor> executor,
                       std::shared_ptr<Env> env, std::weak_ptr<LoadListener> listener, WaitingReads waitingReads)
    : m_source(std::move(source))
    , m_cache(std::move(cache))
    , m_extent(std::move(extent))
    , m_executor(std::move(executor))
    , m_env(std::move(env))
    , m_listener(std::move(listener))
    , m_waitingReads(waitingReads)
{
}

void PageLoader::request(SourceExtent::Pages pages, LoadClass urgency, std::uint64_t generation, Intent intent)
{
    Lock lock(m_mutex);
    if (m_closed)
        return;
    noticeStalled();
    try {
        for (std::uint64_t i = 0; i < pages.count; ++i) {
            const PageIndex page{pages.first.value + i};
            if (mayRequest(page))
                (void)want(page, urgency, generation, intent);
        }
    } catch (const std::bad_alloc &) { // the rest is not asked for
    }
    startJobs();
    tellEnded(lock);
}

bool PageLoader::mayRequest(PageIndex page) const
{
    if (m_queue.find(page))
        return true; // joins, and may make it more urgent
    const PageHandle resident = m_cache->tryGet(page);
    return !resident || (resident.page().damage() && resident.page().damage()->retryAt <= m_env->now());
}

/// The load of `page`, as urgent as that. Without memory nothing has changed.
LoadQueue::Ref PageLoader::want(PageIndex page, LoadClass urgency, std::uint64_t generation, Intent intent)
{
    LoadQueue::Wanted wanted = m_queue.want(page, urgency, generation, intent);
    if (!wanted.isNew)
        return std::move(wanted.load);
    try {
        if (m_cache->announceLoading(page)) {
            PageHandle resident = m_cache->tryGet(page);
            if (resident && resident.page().unfinished())
                wanted.load->part = resident.release();
        }
    } catch (const std::bad_alloc &) {
        m_queue.erase(*wanted.load);
        throw;
    }
    return std::move(wanted.load);
}

void PageLoader::dropBefore(LoadClass urgency, std::uint64_t generation)
{
    const std::lock_guard lock(m_mutex);
    m_queue.dropBefore(urgency, generation, [this](const Load &load) { drop(load); });
}

/// Ends all that waits.
void PageLoader::dropAll(bool refused)
{
    m_queue.forEachWaiting([&](Load &load) {
        load.refused = refused;
        drop(load);
    });
    m_changed.notify_all();
}

void PageLoader::drop(const Load &load)
{
    const LoadQueue::Ref kept = m_queue.find(load.page);
    end(kept);
    m_cache->abandonLoading(kept->page);
    m_queue.erase(*kept);
}

void PageLoader::end(const LoadQueue::Ref &load)
{
    load->done = true;
    if (!load->calls.empty() && !std::exchange(load->toTell, true))
        m_ended.push_back(load); // has room: see whenLoaded
}

/// What came of a load that is done, or that nobody will end any more.
Result<PageHandle> PageLoader::outcomeOf(const Load &load) const
{
    if (load.result)
        return PageHandle(load.result);
    const bool closed = m_closed || load.refused;
    return failure(closed ? ErrorCode::Closed : ErrorCode::OutOfMemory, Operation::Read, m_extent->rangeOf(load.page));
}

/// Makes the calls that are due, without the lock.
void PageLoader::tellEnded(Lock &lock)
{
    while (!m_ended.empty()) {
        const LoadQueue::Ref load = std::move(m_ended.back());
        m_ended.pop_back();
        load->toTell = false;
        m_callers -= load->calls.size();
        std::vector<Loaded> calls = std::exchange(load->calls, {});
        for (Loaded &call : calls) {
            auto outcome = outcomeOf(*load);
            lock.unlock();
            call(std::move(outcome));
            lock.lock();
        }
    }
}

void PageLoader::whenLoaded(PageIndex page, Intent intent, Loaded loaded)
{
    Lock lock(m_mutex);
    PageHandle resident = m_closed || mayRequest(page) ? PageHandle() : m_cache->tryGet(page);
    if (m_closed || resident) {
        lock.unlock();
        loaded(resident ? Result<PageHandle>(std::move(resident))
                        : failure(ErrorCode::Closed, Operation::Read, m_extent->rangeOf(page)));
        return;
    }
    noticeStalled();
    m_ended.reserve(m_callers + 1); // ending a load must not need memory
    const LoadQueue::Ref load = want(page, classOf(intent), 0, intent);
    try {
        load->calls.push_back(std::move(loaded));
    } catch (const std::bad_alloc &) {
        if (!load->running && load->waiters == 0 && load->place.urgency == classOf(intent))
            drop(*load);
        throw;
    }
    ++load->waiters;
    ++m_callers;
    startJobs();
    tellEnded(lock); // the executor may have refused
}

Result<PageHandle> PageLoader::wait(PageIndex page, Intent intent, std::stop_token stop)
{
    Lock lock(m_mutex);
    if (m_closed)
        return failure(ErrorCode::Closed, Operation::Read, m_extent->rangeOf(page));
    if (!mayRequest(page)) {
        // The lock keeps a load from ending here, but the page may be evicted between the two looks.
        if (PageHandle resident = m_cache->tryGet(page))
            return resident;
    }
    const LoadQueue::Ref load = want(page, classOf(intent), 0, intent);
    ++load->waiters;
    if (stop.stop_possible() || !readHere(*load, lock))
        startJobs();
    tellEnded(lock);
    const bool ended = waitFor(*load, stop, lock);
    --load->waiters;
    if (ended)
        return outcomeOf(*load);
    if (!load->running && load->waiters == 0 && load->place.urgency == classOf(intent))
        drop(*load);
    return failure(ErrorCode::Cancelled, Operation::Read, m_extent->rangeOf(page));
}

/// Reads a load on the calling thread, if that is how it is to be and no other has begun.
bool PageLoader::readHere(const Load &load, Lock &lock)
{
    if (m_waitingReads != WaitingReads::OnCaller || load.running)
        return false;
    try {
        const Taken own = take(load, RunningReads::Reader::Caller);
        runBatch(own, lock);
        return true;
    } catch (const std::bad_alloc &) { // a job may find more
        return false;
    }
}

/// Until the load is done or the loader closed; false when stopped before. Who waits looks after stalled reads meanwhile.
bool PageLoader::waitFor(const Load &load, const std::stop_token &stop, Lock &lock)
{
    const auto over = [&] { return load.done || m_closed; };
    while (!over() && !stop.stop_requested()) {
        const auto longest = m_running.untilNextStall(m_env->now());
        if (!m_changed.wait_for(lock, stop, longest, over) && !stop.stop_requested()) {
            noticeStalled();
            tellEnded(lock);
        }
    }
    return over();
}

void PageLoader::invalidate(SourceExtent::Pages pages)
{
    const std::lock_guard lock(m_mutex);
    m_queue.forEach(pages.first, pages.count, outdate);
    m_cache->invalidate(pages.first, pages.count);
}

void PageLoader::refresh(ByteRange span, const std::function<bool(ByteRange)> &affected)
{
    const SourceExtent::Pages pages = m_extent->pagesOf(span);
    {
        const std::lock_guard lock(m_mutex);
        m_queue.forEach(pages.first, pages.count, [&](Load &load) {
            if (affected(m_extent->rangeOf(load.page)))
                outdate(load);
        });
    }
    std::vector<PageIndex> resident;
    try {
        resident = m_cache->residentIn(pages.first, pages.count);
    } catch (const std::bad_alloc &) { // none of them may stay then
        m_cache->invalidate(pages.first, pages.count);
    }
    for (const PageIndex index : resident) {
        const ByteRange range = m_extent->rangeOf(index);
        const PageHandle before = m_cache->tryGet(index);
        if (!before || !affected(range))
            continue;
        try {
            const auto page = std::make_shared<Page>(index, range, m_cache->frames());
            const auto got = m_source->readAt(range.begin(), page->writableBytes());
            if (got && *got == range.length() && before.page().range() == range
                && m_cache->replaceResident(before.page(), page))
                continue;
        } catch (const std::bad_alloc &) {
            // No room for the new bytes: the page goes, the old ones must not stay.
        }
        // Another one there by now may have been put there by a refresh that had read it before this write.
        m_cache->invalidate(index, 1);
    }
}

unsigned PageLoader::close(std::chrono::milliseconds wait)
{
    Lock lock(m_mutex);
    m_closed = true;
    dropAll(false);
    m_queue.forEachRunning({0}, kMaxSourceSize, [this](const Load &load) {
        const LoadQueue::Ref running = m_queue.find(load.page);
        if (!running->calls.empty() && !std::exchange(running->toTell, true))
            m_ended.push_back(running); // its read may never return
    });
    tellEnded(lock);
    m_changed.wait_for(lock, wait, [this] { return m_running.count() == 0; });
    return static_cast<unsigned>(m_running.count());
}

void PageLoader::noticeStalledReads()
{
    Lock lock(m_mutex);
    noticeStalled();
    tellEnded(lock);
}

void PageLoader::addTo(CacheStatistics &statistics)
{
    noticeStalledReads();
    m_counters.addTo(statistics);
    const std::lock_guard lock(m_mutex);
    statistics.stalledNow += m_running.stalled();
}

} // namespace cachecore
