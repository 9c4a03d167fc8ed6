// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/base/executor.h"
#include "cachecore/cache/load_listener.h"
#include "cachecore/cache/page_cache.h"
#include "cachecore/cache/page_reader.h"
#include "cachecore/cache/source_extent.h"
#include "cachecore/source/block_source.h"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <vector>

namespace cachecore {

/// How urgent a load is; smaller goes first.
enum class LoadClass : std::uint8_t {
    Viewport,  ///< on the screen now
    Wanted,    ///< somebody waits for it
    ReadAhead, ///< may be wanted soon; never takes the last free worker
};

/// Reads pages on an Executor and publishes them to a PageCache.
///
///     (no flight) --request, wait--> Queued --a job picks it--> Running --read ended--> published, flight gone
///                                     |  ^                        |
///                       dropped <-----+  +--invalidated meanwhile-+
///
/// Invariants:
///  - at most one flight per page (single flight): whoever wants a page in flight joins it;
///  - what a read brought that began before an invalidation of its page is never published: it is read again;
///  - a page is announced as Loading in the cache exactly while it has a flight;
///  - a job runs one read of at most kLongestRead bytes, neighbours in the queue merged, the most urgent first, and of
///    equal urgency the newest generation.
/// Thread: any. Jobs share ownership, so a loader outlives its owner while a read is stuck in the system.
class PageLoader : public std::enable_shared_from_this<PageLoader> {
public:
    PageLoader(std::shared_ptr<BlockSource> source, std::shared_ptr<PageCache> cache,
               std::shared_ptr<const SourceExtent> extent, std::shared_ptr<Executor> executor, std::shared_ptr<Env> env,
               std::weak_ptr<LoadListener> listener, WaitingReads waitingReads = WaitingReads::OnExecutor);

    /// Asks for [first, first + count) where not resident; a Failed page is asked for again once its retry time has come.
    /// Never blocks on a read.
    void request(SourceExtent::Pages pages, LoadClass urgency, std::uint64_t generation, Intent intent);

    /// Drops queued requests of generations before `generation` that nobody waits for.
    void dropBefore(std::uint64_t generation);

    /// The page, Ready or Failed, loaded when it is not resident. Blocking; must not be called on this loader's executor. With WaitingReads::OnCaller, where nobody can stop it, the calling
    /// thread reads by itself when no read of the page is under way. Errors:
    /// Cancelled when `stop` is requested, Closed (also when the executor takes no more work), OutOfMemory.
    [[nodiscard]] Result<PageHandle> wait(PageIndex page, Intent intent, std::stop_token stop);

    using Loaded = std::move_only_function<void(Result<PageHandle>)>;
    /// The same without waiting: `loaded` runs exactly once, on a worker or, when nothing has to be read or the loader is closed, in this call, with no lock held. Must be quick.
    void whenLoaded(PageIndex page, Intent intent, Loaded loaded);

    /// Forgets these pages, resident and in flight.
    void invalidate(SourceExtent::Pages pages);
    /// Reads those resident pages of `span` again for which `affected` says so, after the source was written. Until a page's new bytes are
    /// there its old ones stay. Blocking.
    void refresh(ByteRange span, const std::function<bool(ByteRange)> &affected);

    /// Drops what is queued, lets waiting callers return Closed, and waits at most `wait` for running reads.
    /// Returns how many still run.
    unsigned close(std::chrono::milliseconds wait);

    /// Adds this loader's counters.
    void addTo(CacheStatistics &statistics) const;

private:
    struct Flight;
    using Flights = std::map<std::uint64_t, std::shared_ptr<Flight>>;
    using Batch = std::vector<std::shared_ptr<Flight>>;
    using Arrived = std::vector<std::shared_ptr<const Page>>;
    /// Flights that have ended, to be told of when the lock is released.
    using Ended = std::vector<std::shared_ptr<Flight>>;

    Flights::iterator launch(PageIndex page, LoadClass urgency, std::uint64_t generation, Intent intent);
    [[nodiscard]] bool mayRequest(PageIndex page) const;
    void drop(Flights::iterator flight);
    void end(const std::shared_ptr<Flight> &flight);
    template <typename Which>
    void dropQueued(const Which &which);
    void startJobs();
    void dropWithoutWorkers(bool refused);
    [[nodiscard]] Result<PageHandle> outcomeOf(const Flight &flight) const;
    void tellEnded(std::unique_lock<std::mutex> &lock);
    void runJob();
    void runBatch(const Batch &batch, std::unique_lock<std::mutex> &lock);
    [[nodiscard]] Batch takeBatch();
    [[nodiscard]] Batch takeAround(Flights::iterator flight);
    void extendBatch(Batch &batch, Flights::iterator best);
    [[nodiscard]] bool mayRun(const Flight &flight) const;
    [[nodiscard]] PagesRead readBatch(const Batch &batch, Arrived &arrived);
    void finishBatch(const Batch &batch, const std::vector<std::shared_ptr<Page>> &pages, Arrived &arrived);
    void delayRetry(Page &page);

    const std::shared_ptr<BlockSource> m_source;
    const std::shared_ptr<PageCache> m_cache;
    const std::shared_ptr<const SourceExtent> m_extent;
    const std::shared_ptr<Executor> m_executor;
    const std::shared_ptr<Env> m_env;
    const std::weak_ptr<LoadListener> m_listener;
    const WaitingReads m_waitingReads;

    mutable std::mutex m_mutex;            ///< guards everything below; taken before the cache's
    std::condition_variable_any m_changed; ///< a flight ended, a job ended, or the loader closed
    Flights m_flights;
    unsigned m_jobs = 0;             ///< posted or running
    unsigned m_running = 0;          ///< reads under way
    unsigned m_runningReadAhead = 0; ///< of these, only for read-ahead
    bool m_closed = false;
    Ended m_ended;              ///< somebody is to be called because of them
    std::size_t m_callers = 0;  ///< calls to be made in all
    CacheStatistics m_counters; ///< loads, reads, failedLoads
};

} // namespace cachecore
