// SPDX-License-Identifier: MIT
#include "cachecore/cache/page_loader.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <new>
#include <utility>

namespace cachecore {

namespace {

constexpr unsigned kLongestRetryShift = 6; ///< at most 2^6 s between two tries of a failed page

} // namespace

LoadListener::~LoadListener() = default;

/// One page wanted or being read.
struct PageLoader::Flight {
    PageIndex page;
    LoadClass urgency = LoadClass::ReadAhead;
    std::uint64_t generation = 0;
    Intent intent = Intent::Scroll;
    unsigned waiters = 0;
    bool running = false;
    bool stale = false; ///< invalidated while running: what arrives is old
    bool done = false;
    bool refused = false;               ///< done because the executor takes no more work
    std::shared_ptr<const Page> result; ///< once done; none when memory ran out or the loader closed
    std::vector<Loaded> calls;          ///< to be made once done; each counts as a waiter
};

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
    std::unique_lock lock(m_mutex);
    if (m_closed)
        return;
    try {
        for (std::uint64_t i = 0; i < pages.count; ++i) {
            const PageIndex page{pages.first.value + i};
            if (mayRequest(page))
                (void)launch(page, urgency, generation, intent);
        }
    } catch (const std::bad_alloc &) { // the rest is not asked for
    }
    startJobs();
    tellEnded(lock);
}

bool PageLoader::mayRequest(PageIndex page) const
{
    if (m_flights.contains(page.value))
        return true; // joins, and may make it more urgent
    const PageHandle resident = m_cache->tryGet(page);
    return !resident || (resident.page().damage() && resident.page().damage()->retryAt <= m_env->now());
}

/// Makes a flight for `page`, or raises the urgency of the one it has. Without memory nothing has changed.
PageLoader::Flights::iterator PageLoader::launch(PageIndex page, LoadClass urgency, std::uint64_t generation,
                                                 Intent intent)
{
    auto found = m_flights.find(page.value);
    if (found == m_flights.end()) {
        auto made = std::make_shared<Flight>();
        made->page = page;
        made->urgency = urgency;
        made->intent = intent;
        found = m_flights.emplace(page.value, std::move(made)).first;
        try {
            m_cache->announceLoading(page);
        } catch (const std::bad_alloc &) {
            m_flights.erase(found);
            throw;
        }
    }
    Flight &flight = *found->second;
    flight.urgency = std::min(flight.urgency, urgency);
    flight.generation = std::max(flight.generation, generation);
    if (intent == Intent::Jump || intent == Intent::Edit)
        flight.intent = intent;
    return found;
}

void PageLoader::dropBefore(std::uint64_t generation)
{
    const std::lock_guard lock(m_mutex);
    dropQueued([generation](const Flight &flight) { return flight.waiters == 0 && flight.generation < generation; });
}

/// Drops the flights that no job has taken and for which `which` says so.
template <typename Which>
void PageLoader::dropQueued(const Which &which)
{
    for (auto it = m_flights.begin(); it != m_flights.end();) {
        const auto next = std::next(it);
        if (!it->second->running && which(*it->second))
            drop(it);
        it = next;
    }
}

void PageLoader::drop(Flights::iterator flight)
{
    end(flight->second);
    m_cache->abandonLoading(flight->second->page);
    m_flights.erase(flight);
}

void PageLoader::end(const std::shared_ptr<Flight> &flight)
{
    flight->done = true;
    if (!flight->calls.empty())
        m_ended.push_back(flight); // has room: see whenLoaded
}

/// What came of a flight that is done, or that nobody will end any more.
Result<PageHandle> PageLoader::outcomeOf(const Flight &flight) const
{
    if (flight.result)
        return PageHandle(flight.result);
    const bool closed = m_closed || flight.refused;
    return failure(closed ? ErrorCode::Closed : ErrorCode::OutOfMemory, Operation::Read,
                   m_extent->rangeOf(flight.page));
}

/// Makes the calls that are due, without the lock.
void PageLoader::tellEnded(std::unique_lock<std::mutex> &lock)
{
    while (!m_ended.empty()) {
        const std::shared_ptr<Flight> flight = std::move(m_ended.back());
        m_ended.pop_back();
        m_callers -= flight->calls.size();
        std::vector<Loaded> calls = std::exchange(flight->calls, {});
        for (Loaded &call : calls) {
            auto outcome = outcomeOf(*flight);
            lock.unlock();
            call(std::move(outcome));
            lock.lock();
        }
    }
}

void PageLoader::whenLoaded(PageIndex page, Intent intent, Loaded loaded)
{
    std::unique_lock lock(m_mutex);
    PageHandle resident = m_closed || mayRequest(page) ? PageHandle() : m_cache->tryGet(page);
    if (m_closed || resident) {
        lock.unlock();
        loaded(resident ? Result<PageHandle>(std::move(resident))
                        : failure(ErrorCode::Closed, Operation::Read, m_extent->rangeOf(page)));
        return;
    }
    m_ended.reserve(m_callers + 1); // ending a flight must not need memory
    Flight &flight = *launch(page, LoadClass::Wanted, 0, intent)->second;
    flight.calls.push_back(std::move(loaded));
    ++flight.waiters;
    ++m_callers;
    startJobs();
    tellEnded(lock); // the executor may have refused
}

Result<PageHandle> PageLoader::wait(PageIndex page, Intent intent, std::stop_token stop)
{
    std::unique_lock lock(m_mutex);
    if (m_closed)
        return failure(ErrorCode::Closed, Operation::Read, m_extent->rangeOf(page));
    if (!mayRequest(page)) {
        // The lock keeps a flight from ending here, but the page may be evicted between the two looks.
        if (PageHandle resident = m_cache->tryGet(page))
            return resident;
    }
    const Flights::iterator launched = launch(page, LoadClass::Wanted, 0, intent);
    const std::shared_ptr<Flight> flight = launched->second;
    ++flight->waiters;
    Batch own;
    try {
        if (m_waitingReads == WaitingReads::OnCaller && !flight->running && !stop.stop_possible())
            own = takeAround(launched);
    } catch (const std::bad_alloc &) { // a job may find more
    }
    if (own.empty())
        startJobs();
    else
        runBatch(own, lock);
    tellEnded(lock);
    m_changed.wait(lock, stop, [&] { return flight->done || m_closed; });
    --flight->waiters;
    if (flight->done || m_closed)
        return outcomeOf(*flight);
    if (const auto queued = m_flights.find(page.value); queued != m_flights.end() && queued->second == flight
        && !flight->running && flight->waiters == 0 && flight->urgency == LoadClass::Wanted)
        drop(queued);
    return failure(ErrorCode::Cancelled, Operation::Read, m_extent->rangeOf(page));
}

void PageLoader::startJobs()
{
    const auto ready = std::ranges::count_if(m_flights, [](const auto &entry) { return !entry.second->running; });
    const auto most = std::min<unsigned>(m_executor->concurrency(), m_running + static_cast<unsigned>(ready));
    while (m_jobs < most) {
        ++m_jobs;
        bool refused = false;
        try {
            refused = !m_executor->post([self = shared_from_this()] { self->runJob(); });
            if (!refused)
                continue;
        } catch (const std::bad_alloc &) { // the same, with another error
        }
        --m_jobs;
        dropWithoutWorkers(refused);
        return;
    }
}

/// No job can be started: what is queued ends, unless a job that still runs will come back for it.
void PageLoader::dropWithoutWorkers(bool refused)
{
    if (m_jobs > 0)
        return;
    dropQueued([refused](Flight &flight) {
        flight.refused = refused;
        return true;
    });
    m_changed.notify_all();
}

void PageLoader::runJob()
{
    std::unique_lock lock(m_mutex);
    Batch batch;
    try {
        batch = takeBatch();
    } catch (const std::bad_alloc &) {
        dropQueued([](const Flight &) { return true; });
        m_changed.notify_all();
    }
    if (batch.empty()) { // what is queued may not run now; it is the part of a job that runs to come back for it
        --m_jobs;
    } else {
        runBatch(batch, lock);
        --m_jobs;
        startJobs();
    }
    // Last, so that those who are called see everything as it is now.
    tellEnded(lock);
}

/// Reads a batch and tells of it; the lock is released meanwhile.
void PageLoader::runBatch(const Batch &batch, std::unique_lock<std::mutex> &lock)
{
    const bool readAhead
        = std::ranges::all_of(batch, [](const auto &flight) { return flight->urgency == LoadClass::ReadAhead; });
    ++m_running;
    m_runningReadAhead += readAhead ? 1 : 0;
    lock.unlock();

    const std::uint64_t timesAsked = m_extent->timesAsked.load(std::memory_order_acquire);
    Arrived arrived;
    const PagesRead read = readBatch(batch, arrived);

    lock.lock();
    finishBatch(batch, read.pages, arrived);
    --m_running;
    m_runningReadAhead -= readAhead ? 1 : 0;
    startJobs();
    m_changed.notify_all();
    const bool closed = m_closed;
    lock.unlock();

    const auto listener = closed ? nullptr : m_listener.lock();
    if (listener && read.endsAt)
        listener->sourceEndsAt(*read.endsAt, timesAsked);
    if (listener)
        listener->pagesArrived(arrived);
    lock.lock();
}

PageLoader::Batch PageLoader::takeBatch()
{
    auto best = m_flights.end();
    for (auto it = m_flights.begin(); it != m_flights.end(); ++it) {
        const Flight &flight = *it->second;
        if (flight.running || !mayRun(flight))
            continue;
        const bool better = best == m_flights.end() || flight.urgency < best->second->urgency
            || (flight.urgency == best->second->urgency && flight.generation > best->second->generation);
        if (better)
            best = it;
    }
    return best == m_flights.end() ? Batch() : takeAround(best);
}

/// A batch of `flight` and its queued neighbours, running from now on. Without memory nothing has changed.
PageLoader::Batch PageLoader::takeAround(Flights::iterator flight)
{
    Batch batch{flight->second};
    extendBatch(batch, flight);
    for (const std::shared_ptr<Flight> &taken : batch)
        taken->running = true;
    return batch;
}

bool PageLoader::mayRun(const Flight &flight) const
{
    const unsigned workers = m_executor->concurrency();
    return flight.urgency != LoadClass::ReadAhead || workers == 1 || m_runningReadAhead + 1 < workers;
}

/// Adds queued neighbours of the first page of `batch` on both sides; the batch stays in ascending order.
void PageLoader::extendBatch(Batch &batch, Flights::iterator best)
{
    const auto most = static_cast<std::size_t>(pagesPerRead(m_extent->pageSize));
    for (auto it = std::next(best); it != m_flights.end() && batch.size() < most; ++it) {
        if (it->second->running || it->first != batch.back()->page.value + 1)
            break;
        batch.push_back(it->second);
    }
    for (auto it = best; it != m_flights.begin() && batch.size() < most;) {
        --it;
        if (it->second->running || it->first + 1 != batch.front()->page.value)
            break;
        batch.insert(batch.begin(), it->second);
    }
}

/// Reads the pages of a batch; nothing when there was no room for them. `arrived` has room for all of them then. No lock held.
PagesRead PageLoader::readBatch(const Batch &batch, Arrived &arrived)
{
    PagesRead read;
    try {
        arrived.reserve(batch.size());
        read = readPages(*m_source, *m_extent, m_cache->frames(), {batch.front()->page, batch.size()},
                         AfterDamage::GoOn);
        for (const std::shared_ptr<Page> &page : read.pages) {
            if (page->damage())
                delayRetry(*page);
        }
    } catch (const std::bad_alloc &) {
        return {};
    }
    const std::lock_guard lock(m_mutex);
    m_counters.reads += read.reads;
    m_counters.loads += read.pages.size();
    return read;
}

/// Says when a page with damage may be tried again: later after each failure in a row.
void PageLoader::delayRetry(Page &page)
{
    Page::Damage damage = *page.damage();
    const PageHandle before = m_cache->tryGet(page.index());
    if (before && before.page().damage())
        damage.attempts = before.page().damage()->attempts + 1;
    damage.retryAt
        = m_env->now() + std::chrono::seconds(std::uint64_t{1} << std::min(damage.attempts, kLongestRetryShift));
    page.setDamage(std::move(damage));
}

/// Publishes what was read and ends the flights; those invalidated meanwhile are queued again, or end with nothing when the loader is
/// closed. Adds what was published to `arrived`: a flight queued again belongs to another job as soon as the lock is gone.
void PageLoader::finishBatch(const Batch &batch, const std::vector<std::shared_ptr<Page>> &pages, Arrived &arrived)
{
    for (std::size_t i = 0; i < batch.size(); ++i) {
        Flight &flight = *batch[i];
        flight.running = false;
        const bool stale = std::exchange(flight.stale, false);
        if (stale && !m_closed)
            continue;
        m_flights.erase(flight.page.value);
        if (!stale && !pages.empty())
            flight.result = pages[i];
        end(batch[i]);
        if (!flight.result) {
            m_cache->abandonLoading(flight.page);
            continue;
        }
        arrived.push_back(pages[i]);
        m_counters.failedLoads += pages[i]->damage() ? 1 : 0;
        m_cache->publish(pages[i], flight.intent);
    }
}

void PageLoader::invalidate(SourceExtent::Pages pages)
{
    const std::lock_guard lock(m_mutex);
    for (auto it = m_flights.lower_bound(pages.first.value);
         it != m_flights.end() && it->first - pages.first.value < pages.count; ++it)
        it->second->stale = it->second->running;
    m_cache->invalidate(pages.first, pages.count);
}

void PageLoader::refresh(ByteRange span, const std::function<bool(ByteRange)> &affected)
{
    const SourceExtent::Pages pages = m_extent->pagesOf(span);
    {
        const std::lock_guard lock(m_mutex);
        for (auto it = m_flights.lower_bound(pages.first.value);
             it != m_flights.end() && it->first - pages.first.value < pages.count; ++it) {
            if (it->second->running && affected(m_extent->rangeOf(it->second->page)))
                it->second->stale = true;
        }
    }
    for (const PageIndex index : m_cache->residentIn(pages.first, pages.count)) {
        const ByteRange range = m_extent->rangeOf(index);
        if (!affected(range))
            continue;
        try {
            const auto page = std::make_shared<Page>(index, range, m_cache->frames());
            const auto got = m_source->readAt(range.begin(), page->writableBytes());
            if (got && *got == range.length()) {
                m_cache->replaceResident(page);
                continue;
            }
        } catch (const std::bad_alloc &) {
            // No room for the new bytes: the page goes, the old ones must not stay.
        }
        m_cache->invalidate(index, 1);
    }
}

unsigned PageLoader::close(std::chrono::milliseconds wait)
{
    std::unique_lock lock(m_mutex);
    m_closed = true;
    dropQueued([](const Flight &) { return true; });
    for (const auto &[page, flight] : m_flights) {
        if (!flight->calls.empty())
            m_ended.push_back(flight); // its read may never return
    }
    m_changed.notify_all();
    tellEnded(lock);
    m_changed.wait_for(lock, wait, [this] { return m_running == 0; });
    return m_running;
}

void PageLoader::addTo(CacheStatistics &statistics) const
{
    const std::lock_guard lock(m_mutex);
    statistics.loads += m_counters.loads;
    statistics.reads += m_counters.reads;
    statistics.failedLoads += m_counters.failedLoads;
}

} // namespace cachecore
