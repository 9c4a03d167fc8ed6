// SPDX-License-Identifier: MIT
#include "cachecore/base/thread_executor.h"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

namespace cachecore {

class ThreadExecutor::Pool : public std::enable_shared_from_this<Pool> {
public:
    Pool(unsigned workers, unsigned maxStuck)
        : m_workers(std::max(workers, 1u))
        , m_maxStuck(maxStuck)
    {
    }

    bool post(Task task);
    unsigned workers() const { return m_workers; }
    bool workerStuck();
    void workerRecovered();
    bool shutDown(std::chrono::milliseconds wait);

private:
    using Handle = std::uint64_t;

    enum class Started : std::uint8_t { Yes, NoMemory, NoThread };
    Started startWorkerIfNeeded(); // with m_mutex held
    void work(Handle self);
    bool waitForTask(std::unique_lock<std::mutex> &lock, Task &task);
    bool surplus() const { return m_threads.size() > m_workers + m_stuck; }
    const unsigned m_workers;
    const unsigned m_maxStuck;

    std::mutex m_mutex;              ///< guards everything below
    std::condition_variable m_wake;  ///< a task came, or the pool shrinks or closes
    std::condition_variable m_ended; ///< a worker ended
    std::deque<Task> m_tasks;
    std::map<Handle, std::jthread> m_threads;  ///< workers that run and were not left alone
    std::map<Handle, std::jthread> m_finished; ///< workers past their last step, to be joined
    Handle m_nextHandle = 0;
    unsigned m_running = 0; ///< workers that have not ended, also those left alone
    unsigned m_idle = 0;
    unsigned m_stuck = 0;
    bool m_closed = false;

    static thread_local const Pool *t_pool; ///< the pool the calling thread works for
};

thread_local const ThreadExecutor::Pool *ThreadExecutor::Pool::t_pool = nullptr;

bool ThreadExecutor::Pool::post(Task task)
{
    std::map<Handle, std::jthread> finished; // joined at the end, without the lock
    const std::lock_guard lock(m_mutex);
    if (m_closed)
        return false;
    m_tasks.push_back(std::move(task));
    const Started started = startWorkerIfNeeded();
    if (m_threads.empty()) {
        task = std::move(m_tasks.back()); // so that it is destroyed by the caller, without the lock
        m_tasks.pop_back();
        if (started == Started::NoMemory)
            throw std::bad_alloc();
        return false;
    }
    finished.swap(m_finished);
    m_wake.notify_one();
    return true;
}

/// Without memory, or when no thread is to be had, the workers there are will come to the task.
ThreadExecutor::Pool::Started ThreadExecutor::Pool::startWorkerIfNeeded()
{
    if (m_tasks.size() <= m_idle || m_threads.size() >= m_workers + m_stuck)
        return Started::Yes;
    const Handle handle = m_nextHandle++;
    try {
        std::jthread &thread = m_threads[handle]; // before there is a thread, which could not be joined here
        // The new thread waits for m_mutex first, so its handle is in the map before it looks for it.
        thread = std::jthread([pool = shared_from_this(), handle] { pool->work(handle); });
        ++m_running;
        return Started::Yes;
    } catch (const std::bad_alloc &) {
        m_threads.erase(handle);
        return Started::NoMemory;
    } catch (const std::system_error &) {
        m_threads.erase(handle);
        return Started::NoThread;
    }
}

bool ThreadExecutor::Pool::waitForTask(std::unique_lock<std::mutex> &lock, Task &task)
{
    ++m_idle;
    m_wake.wait(lock, [this] { return m_closed || surplus() || !m_tasks.empty(); });
    --m_idle;
    if (m_closed || surplus())
        return false;
    task = std::move(m_tasks.front());
    m_tasks.pop_front();
    return true;
}

void ThreadExecutor::Pool::work(Handle self)
{
    t_pool = this;
    std::unique_lock lock(m_mutex);
    Task task;
    while (waitForTask(lock, task)) {
        lock.unlock();
        task();
        task = nullptr; // what it owned goes now, not with the next task
        lock.lock();
    }
    if (const auto found = m_threads.find(self); found != m_threads.end()) {
        m_finished.insert(m_threads.extract(found)); // needs no memory
    }
    --m_running;
    // A wake-up meant for a task may have come to this worker, which leaves.
    m_wake.notify_one();
    m_ended.notify_all();
}

bool ThreadExecutor::Pool::workerStuck()
{
    const std::lock_guard lock(m_mutex);
    if (m_closed || m_stuck >= m_maxStuck)
        return false;
    ++m_stuck;
    (void)startWorkerIfNeeded();
    return true;
}

void ThreadExecutor::Pool::workerRecovered()
{
    const std::lock_guard lock(m_mutex);
    if (m_stuck == 0)
        return;
    --m_stuck;
    m_wake.notify_one();
}

bool ThreadExecutor::Pool::shutDown(std::chrono::milliseconds wait)
{
    std::deque<Task> dropped;
    std::map<Handle, std::jthread> ended;
    bool all = false;
    {
        std::unique_lock lock(m_mutex);
        m_closed = true;
        dropped.swap(m_tasks);
        m_wake.notify_all();
        const unsigned self = t_pool == this ? 1 : 0;
        all = m_ended.wait_for(lock, wait, [&] { return m_running <= self; });
        for (auto &entry : m_threads)
            entry.second.detach();
        m_threads.clear();
        ended.swap(m_finished);
    }
    return all; // joins `ended` and destroys `dropped`, both without the lock
}

ThreadExecutor::ThreadExecutor(unsigned workers, unsigned maxStuck)
    : m_pool(std::make_shared<Pool>(workers, maxStuck))
{
}

ThreadExecutor::~ThreadExecutor()
{
    m_pool->shutDown(kDestructorWait);
}

bool ThreadExecutor::post(Task task)
{
    return m_pool->post(std::move(task));
}

unsigned ThreadExecutor::concurrency() const
{
    return m_pool->workers();
}

bool ThreadExecutor::workerStuck()
{
    return m_pool->workerStuck();
}

void ThreadExecutor::workerRecovered()
{
    m_pool->workerRecovered();
}

bool ThreadExecutor::shutDown(std::chrono::milliseconds wait)
{
    return m_pool->shutDown(wait);
}

} // namespace cachecore
