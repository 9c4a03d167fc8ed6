// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/base/executor.h"
#include "cachecore/cache/load/load_counters.h"
#include "cachecore/cache/load/load_listener.h"
#include "cachecore/cache/load/load_queue.h"
#include "cachecore/cache/load/running_reads.h"
#include "cachecore/cache/page_cache.h"
#include "cachecore/cache/page_reader.h"
#include "cachecore/cache/source_extent.h"
#include "cachecore/source/block_source.h"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

namespace cachecore {

/// For how long a job looks for what is lost of pages that cannot be read whole, before others come first.
inline constexpr std::chrono::seconds kSearchTime{1};

/// Reads pages on an Executor and publishes them to a PageCache.
///
///     (no load) --request, wait--> waiting --a job takes it--> running --read ended--> published, load gone
///                                   |  ^                        |
///                     dropped <-----+  +--invalidated meanwhile-+
///
/// Invariants:
///  - at most one load per page (single flight): whoever wants a page that is being loaded joins it;
///  - what a read brought that began before an invalidation of its page is never published: it is read again;
///  - a page is announced as Loading in the cache exactly while it has a load;
///  - a job runs one read of at most kLongestRead bytes, neighbours in the queue merged, the first of the queue first;
///  - of each class no more than mostReads run at once, so that the viewport always has a worker of its own (LoadClass);
///  - a page whose search for what is lost of it takes longer than kSearchTime is published as far as it is known, and goes on behind the others;
///  - a job that the executor gives up unrun is missed: what waits ends with Closed unless other jobs wait there, and can be asked for again;
///  - a worker whose read has stalled has another one in its place, up to the executor's bound, until the read returns. What it brings then is as good as any.
/// Stalls are noticed by whoever calls, by workers, and by those who wait; noticeStalledReads() is for programs in which for seconds nobody does.
/// Thread: any. Jobs share ownership, so a loader outlives its owner while a read is stuck in the system.
class PageLoader : public std::enable_shared_from_this<PageLoader> {
public:
    PageLoader(std::shared_ptr<BlockSource> source, std::shared_ptr<PageCache> cache,
               std::shared_ptr<const SourceExtent> extent, std::shared_ptr<Executor> executor, std::shared_ptr<Env> env,
               std::weak_ptr<LoadListener> listener, WaitingReads waitingReads = WaitingReads::OnExecutor);

    /// Asks for [first, first + count) where not resident; a Failed page is asked for again once its retry time has come.
    /// Never blocks on a read.
    void request(SourceExtent::Pages pages, LoadClass urgency, std::uint64_t generation, Intent intent);

    /// Drops requests of class `urgency` and of generations before `generation` that no read has begun for and nobody waits for.
    void dropBefore(LoadClass urgency, std::uint64_t generation);

    /// The page, Ready or Failed, loaded when it is not resident. Blocking; must not be called on this loader's executor. With
    /// WaitingReads::OnCaller, where nobody can stop it, the calling thread reads by itself when no read of the page is under way. Errors:
    /// Cancelled when `stop` is requested, Closed (also when the executor takes no more work), OutOfMemory.
    [[nodiscard]] Result<PageHandle> wait(PageIndex page, Intent intent, std::stop_token stop);

    using Loaded = Load::Loaded;
    /// The same without waiting: `loaded` runs exactly once, on a worker or, when nothing has to be read or the loader is closed, in this
    /// call, or where the executor gives its jobs up, with no lock held. Must be quick and not throw. Throws std::bad_alloc, and `loaded` does not run then.
    void whenLoaded(PageIndex page, Intent intent, Loaded loaded);

    /// Forgets these pages, resident and in flight.
    void invalidate(SourceExtent::Pages pages);
    /// Reads those resident pages of `span` again for which `affected` says so, after the source was written. Until a page's new bytes are
    /// there its old ones stay. Blocking.
    void refresh(ByteRange span, const std::function<bool(ByteRange)> &affected);

    /// Drops what is queued, lets waiting callers return Closed, and waits at most `wait` for running reads.
    /// Returns how many still run.
    unsigned close(std::chrono::milliseconds wait);

    /// Gives reads that have stalled another worker, see above. Never blocks.
    void noticeStalledReads();

    /// What this loader has read, and what is read beside it for the same owner.
    [[nodiscard]] LoadCounters &counters() { return m_counters; }
    /// Adds this loader's counters; notices stalled reads.
    void addTo(CacheStatistics &statistics);

private:
    using Batch = LoadQueue::Batch;
    using Arrived = std::vector<std::shared_ptr<const Page>>;
    using Lock = std::unique_lock<std::mutex>;
    /// Loads that have ended, to be told of when the lock is released.
    using Ended = std::vector<LoadQueue::Ref>;
    class Job;
    struct Posting;
    /// Loads that are about to be read.
    struct Taken {
        Batch batch;
        RunningReads::Position read;
    };

    // page_loader.cpp: what is asked for
    [[nodiscard]] LoadQueue::Ref want(PageIndex page, LoadClass urgency, std::uint64_t generation, Intent intent);
    [[nodiscard]] bool mayRequest(PageIndex page) const;
    void drop(const Load &load);
    void dropAll(bool refused);
    void end(const LoadQueue::Ref &load);
    [[nodiscard]] Result<PageHandle> outcomeOf(const Load &load) const;
    void tellEnded(Lock &lock);
    [[nodiscard]] bool readHere(const Load &load, Lock &lock);
    [[nodiscard]] bool waitFor(const Load &load, const std::stop_token &stop, Lock &lock);

    // page_loader_jobs.cpp: what is read
    void startJobs();
    [[nodiscard]] bool postJob(Posting &posting);
    void jobDropped();
    void endUnread();
    void noticeStalled();
    void runJob();
    [[nodiscard]] Taken take(const Load &load, RunningReads::Reader reader);
    void runBatch(const Taken &taken, Lock &lock);
    void endRead(RunningReads::Position read);
    [[nodiscard]] PagesRead readBatch(const Batch &batch, Arrived &arrived);
    [[nodiscard]] bool publishPart(const LoadQueue::Ref &load, const std::shared_ptr<Page> &page) noexcept;
    void finishBatch(const Batch &batch, const std::vector<std::shared_ptr<Page>> &pages, Arrived &arrived);
    void delayRetry(Page &page) const;

    const std::shared_ptr<BlockSource> m_source;
    const std::shared_ptr<PageCache> m_cache;
    const std::shared_ptr<const SourceExtent> m_extent;
    const std::shared_ptr<Executor> m_executor;
    const std::shared_ptr<Env> m_env;
    const std::weak_ptr<LoadListener> m_listener;
    const WaitingReads m_waitingReads;
    LoadCounters m_counters;

    mutable std::mutex m_mutex;            ///< guards everything below; taken before the cache's and the executor's
    std::condition_variable_any m_changed; ///< a load ended, a read ended, or the loader closed
    LoadQueue m_queue;
    RunningReads m_running;
    unsigned m_jobs = 0;   ///< posted or running
    unsigned m_posted = 0; ///< of these, not running yet
    bool m_closed = false;
    Ended m_ended;             ///< somebody is to be called because of them
    std::size_t m_callers = 0; ///< calls to be made in all

    static thread_local Posting *t_posting;
};

} // namespace cachecore
