// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/manual_executor.h"

#include <utility>

namespace cachet_test {

bool ManualExecutor::post(Task task)
{
    const std::lock_guard lock(m_mutex);
    if (m_closed)
        return false;
    m_tasks.push_back(std::move(task));
    return true;
}

bool ManualExecutor::workerStuck()
{
    const std::lock_guard lock(m_mutex);
    if (m_closed || m_stuck >= m_maxStuck)
        return false;
    ++m_stuck;
    return true;
}

void ManualExecutor::workerRecovered()
{
    const std::lock_guard lock(m_mutex);
    --m_stuck;
}

void ManualExecutor::setMaxStuck(unsigned workers)
{
    const std::lock_guard lock(m_mutex);
    m_maxStuck = workers;
}

unsigned ManualExecutor::stuck() const
{
    const std::lock_guard lock(m_mutex);
    return m_stuck;
}

bool ManualExecutor::runOne()
{
    return runAt(0);
}

/// Takes a task out, an empty one when there are not so many.
ManualExecutor::Task ManualExecutor::takeAt(std::size_t index)
{
    const std::lock_guard lock(m_mutex);
    if (index >= m_tasks.size())
        return {};
    const auto at = m_tasks.begin() + static_cast<std::ptrdiff_t>(index);
    Task task = std::move(*at);
    m_tasks.erase(at);
    return task;
}

bool ManualExecutor::runAt(std::size_t index)
{
    Task task = takeAt(index);
    if (!task)
        return false;
    task();
    return true;
}

void ManualExecutor::dropAt(std::size_t index)
{
    const Task dropped = takeAt(index);
}

std::size_t ManualExecutor::runAll()
{
    std::size_t ran = 0;
    while (runOne())
        ++ran;
    return ran;
}

std::size_t ManualExecutor::waiting() const
{
    const std::lock_guard lock(m_mutex);
    return m_tasks.size();
}

void ManualExecutor::dropAll()
{
    std::deque<Task> dropped; // destroyed after the lock
    const std::lock_guard lock(m_mutex);
    dropped.swap(m_tasks);
}

void ManualExecutor::shutDown()
{
    std::deque<Task> dropped; // destroyed after the lock
    const std::lock_guard lock(m_mutex);
    m_closed = true;
    dropped.swap(m_tasks);
}

} // namespace cachet_test
