// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/pool_executor.h"

#include <QRunnable>
#include <QThreadPool>

#include <algorithm>
#include <utility>
#include <vector>

namespace cachet {

namespace {

class TaskRunnable final : public QRunnable {
public:
    explicit TaskRunnable(cachecore::Executor::Task task)
        : m_task(std::move(task))
    {
        setAutoDelete(true);
    }

    void run() override { m_task(); }

private:
    cachecore::Executor::Task m_task;
};

/// Pools that could not be ended. Never destroyed itself: their workers may run until the process ends.
struct Graveyard {
    std::mutex mutex; ///< guards pools
    std::vector<std::unique_ptr<QThreadPool>> pools;
};

Graveyard &graveyard()
{
    static Graveyard *const yard = new Graveyard;
    return *yard;
}

std::chrono::milliseconds millisecondsUntil(std::chrono::steady_clock::time_point deadline)
{
    const auto left
        = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    return std::max(left, std::chrono::milliseconds(0));
}

int threadCount(unsigned workers)
{
    return static_cast<int>(std::clamp(workers, 1U, 1024U));
}

} // namespace

PoolExecutor::PoolExecutor(unsigned workers, unsigned maxStuck, const QString &name)
    : m_workers(std::max(workers, 1U))
    , m_maxStuck(maxStuck)
    , m_pool(std::make_unique<QThreadPool>())
{
    m_pool->setObjectName(name);
    m_pool->setMaxThreadCount(threadCount(m_workers));
}

PoolExecutor::~PoolExecutor()
{
    // This may run on one of the pool's own workers, when a task held the last reference; such a pool counts as
    // abandoned until that task has returned.
    if (shutDown(std::chrono::milliseconds(0)))
        return;
    Graveyard &yard = graveyard();
    const std::lock_guard lock(yard.mutex);
    yard.pools.push_back(std::move(m_pool));
}

bool PoolExecutor::post(Task task)
{
    auto runnable = std::make_unique<TaskRunnable>(std::move(task));
    const std::lock_guard lock(m_mutex);
    if (m_closed)
        return false;
    TaskRunnable *const started = runnable.get();
    m_pool->start(started);
    (void)runnable.release(); // the pool's by now; where it threw, ours to destroy
    return true;
}

unsigned PoolExecutor::concurrency() const
{
    return m_workers;
}

bool PoolExecutor::workerStuck()
{
    const std::lock_guard lock(m_mutex);
    if (m_closed || m_stuck >= m_maxStuck)
        return false;
    ++m_stuck;
    m_pool->setMaxThreadCount(threadCount(m_workers + m_stuck));
    return true;
}

void PoolExecutor::workerRecovered()
{
    const std::lock_guard lock(m_mutex);
    if (m_stuck == 0)
        return;
    --m_stuck;
    m_pool->setMaxThreadCount(threadCount(m_workers + m_stuck));
}

bool PoolExecutor::shutDown(std::chrono::milliseconds wait)
{
    {
        const std::lock_guard lock(m_mutex);
        m_closed = true;
    }
    m_pool->clear();
    return m_pool->waitForDone(static_cast<int>(std::max<std::chrono::milliseconds::rep>(wait.count(), 0)));
}

unsigned PoolExecutor::abandonedPools(std::chrono::milliseconds wait)
{
    const auto deadline = std::chrono::steady_clock::now() + wait;
    Graveyard &yard = graveyard();
    const std::lock_guard lock(yard.mutex);
    std::erase_if(yard.pools, [deadline](const std::unique_ptr<QThreadPool> &pool) {
        return pool->waitForDone(static_cast<int>(millisecondsUntil(deadline).count()));
    });
    return static_cast<unsigned>(yard.pools.size());
}

} // namespace cachet
