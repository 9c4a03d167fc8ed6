// SPDX-License-Identifier: MIT
#include "cachecore/cache/load/page_loader.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

namespace cachecore {

namespace {

constexpr unsigned kLongestRetryShift = 6; ///< at most 2^6 s between two tries of a failed page

} // namespace

/// A post that this thread makes with the lock held, and the jobs that it destroys.
struct PageLoader::Posting {
    const PageLoader *loader;
    unsigned dropped = 0;
};

thread_local PageLoader::Posting *PageLoader::t_posting = nullptr;

/// What a worker does. Destroyed unrun it says so, or those who wait would wait for nothing.
class PageLoader::Job {
public:
    explicit Job(std::shared_ptr<PageLoader> loader)
        : m_loader(std::move(loader))
    {
    }
    Job(Job &&) noexcept = default;
    Job(const Job &) = delete;
    Job &operator=(const Job &) = delete;
    Job &operator=(Job &&) = delete;
    ~Job()
    {
        if (m_loader)
            m_loader->jobDropped();
    }
    void operator()() { std::exchange(m_loader, {})->runJob(); }

private:
    std::shared_ptr<PageLoader> m_loader;
};

/// Posts as many jobs as there are reads that could begin now.
void PageLoader::startJobs()
{
    if (!m_queue.first())
        return;
    const unsigned workers = m_executor->concurrency();
    while (const Load *const first = m_queue.first()) {
        const unsigned room = m_running.roomFor(first->place.urgency, workers);
        if (m_posted >= std::min<std::size_t>(m_queue.waiting(), room) || m_jobs >= workers + m_running.replaced())
            return;
        ++m_jobs;
        ++m_posted;
        Posting posting{this};
        const bool memory = postJob(posting);
        if (posting.dropped == 0)
            continue;
        m_jobs -= posting.dropped;
        m_posted -= posting.dropped;
        if (memory)
            endUnread();
        else if (m_jobs <= m_running.replaced())
            dropAll(false); // no job that is under way will come back for what waits
        return;
    }
}

/// False without memory. Whether it was taken or refused, `posting` tells.
bool PageLoader::postJob(Posting &posting)
{
    bool memory = true;
    t_posting = &posting;
    try {
        (void)m_executor->post(Job(shared_from_this()));
    } catch (const std::bad_alloc &) {
        memory = false;
    }
    t_posting = nullptr;
    return memory;
}

void PageLoader::jobDropped()
{
    if (t_posting && t_posting->loader == this) {
        ++t_posting->dropped;
        return;
    }
    Lock lock(m_mutex);
    --m_jobs;
    --m_posted;
    endUnread();
    tellEnded(lock);
}

/// After the executor has given up a job: what waits ends, unless another job is about to come for it. One that runs could not go on after its read.
void PageLoader::endUnread()
{
    if (m_posted == 0)
        dropAll(true);
}

/// Counts reads that have stalled, and has other workers started in place of theirs.
void PageLoader::noticeStalled()
{
    if (m_running.count() == 0)
        return;
    const auto noticed = m_running.notice(m_env->now(), [this] { return !m_closed && m_executor->workerStuck(); });
    m_counters.countStalls(noticed.stalled, noticed.replaced);
    if (noticed.replaced > 0)
        startJobs();
}

void PageLoader::runJob()
{
    Lock lock(m_mutex);
    --m_posted;
    noticeStalled();
    std::optional<Taken> taken;
    try {
        const Load *const first = m_queue.first();
        if (first && m_running.roomFor(first->place.urgency, m_executor->concurrency()) > 0)
            taken = take(*first, RunningReads::Reader::Worker);
    } catch (const std::bad_alloc &) {
        dropAll(false);
    }
    if (taken)
        runBatch(*taken, lock);
    --m_jobs;
    startJobs();
    // Last, so that those who are called see everything as it is now.
    tellEnded(lock);
}

/// `load` and what is read together with it, a read of which begins now. Without memory nothing has changed.
PageLoader::Taken PageLoader::take(const Load &load, RunningReads::Reader reader)
{
    const RunningReads::Position read = m_running.begin(m_env->now(), load.place.urgency, reader);
    try {
        return {m_queue.takeAround(load, static_cast<std::size_t>(pagesPerRead(m_extent->pageSize))), read};
    } catch (const std::bad_alloc &) {
        m_running.end(read);
        throw;
    }
}

/// Reads a batch and tells of it; the lock is released meanwhile.
void PageLoader::runBatch(const Taken &taken, Lock &lock)
{
    const auto begun = taken.read->begun;
    lock.unlock();

    const std::uint64_t timesAsked = m_extent->timesAsked.load(std::memory_order_acquire);
    Arrived arrived;
    const PagesRead read = readBatch(taken.batch, arrived);
    if (!read.pages.empty())
        m_counters.count(read, m_env->now() - begun);

    lock.lock();
    finishBatch(taken.batch, read.pages, arrived);
    endRead(taken.read);
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

void PageLoader::endRead(RunningReads::Position read)
{
    const bool replaced = read->replaced;
    m_running.end(read);
    if (replaced)
        m_executor->workerRecovered();
}

/// Reads the pages of a batch; nothing when there was no room for them. `arrived` has room for all of them then. No lock held.
PagesRead PageLoader::readBatch(const Batch &batch, Arrived &arrived)
{
    try {
        arrived.reserve(batch.size());
        const Load &first = *batch.front();
        const SearchTime time{m_env.get(), m_env->now() + kSearchTime};
        const bool goesOn = first.part && first.part->range() == m_extent->rangeOf(first.page);
        PagesRead read = goesOn
            ? readOnFrom(*m_source, *first.part, m_cache->frames(), time)
            : readPages(*m_source, *m_extent, m_cache->frames(), {first.page, batch.size()}, AfterDamage::GoOn, time);
        for (const std::shared_ptr<Page> &page : read.pages) {
            if (page->damage())
                delayRetry(*page);
        }
        return read;
    } catch (const std::bad_alloc &) {
        return {};
    }
}

/// Says when a page with damage may be tried again: later after each failure in a row, at once when it is unfinished.
void PageLoader::delayRetry(Page &page) const
{
    Page::Damage damage = *page.damage();
    const PageHandle before = m_cache->tryGet(page.index());
    damage.attempts = before && before.page().damage() ? before.page().damage()->attempts : 0;
    if (!page.unfinished()) {
        ++damage.attempts;
        damage.retryAt
            = m_env->now() + std::chrono::seconds(std::uint64_t{1} << std::min(damage.attempts, kLongestRetryShift));
    }
    page.setDamage(std::move(damage));
}

/// Shows what is known of an unfinished page, the load of which goes on. False without memory.
bool PageLoader::publishPart(const LoadQueue::Ref &load, const std::shared_ptr<Page> &page) noexcept
{
    m_cache->publish(page, load->intent);
    try {
        (void)m_cache->announceLoading(load->page);
    } catch (const std::bad_alloc &) {
        return false;
    }
    load->part = page;
    m_queue.putBehind(*load);
    return true;
}

/// Publishes what was read and ends the loads; those invalidated meanwhile wait again, or end with nothing when the loader is
/// closed. Adds what was published to `arrived`: a load that waits again belongs to another job as soon as the lock is gone.
void PageLoader::finishBatch(const Batch &batch, const std::vector<std::shared_ptr<Page>> &pages, Arrived &arrived)
{
    for (std::size_t i = 0; i < batch.size(); ++i) {
        Load &load = *batch[i];
        const bool stale = std::exchange(load.stale, false);
        if (stale && !m_closed) {
            load.part.reset();
            m_queue.putBack(load);
            continue;
        }
        const bool unfinished = !stale && !pages.empty() && pages[i]->unfinished();
        if (unfinished && !m_closed && publishPart(batch[i], pages[i])) {
            arrived.push_back(pages[i]);
            continue;
        }
        m_queue.erase(load);
        load.running = false;
        if (!stale && !unfinished && !pages.empty())
            load.result = pages[i];
        end(batch[i]);
        if (!load.result) {
            m_cache->abandonLoading(load.page);
            continue;
        }
        arrived.push_back(pages[i]);
        m_cache->publish(pages[i], load.intent);
    }
}

} // namespace cachecore
