// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/executor.h"

#include <cstddef>
#include <deque>
#include <mutex>

namespace cachet_test {

/// An executor that runs nothing by itself: the test steps it, on the thread that calls.
class ManualExecutor final : public cachecore::Executor {
public:
    bool post(Task task) override;
    unsigned concurrency() const override { return m_concurrency; }
    bool workerStuck() override;
    void workerRecovered() override;

    /// Runs the task posted first; false when there is none.
    bool runOne();
    /// Runs the task at `index` of those waiting, for trying other orders.
    bool runAt(std::size_t index);
    /// Runs until nothing waits, also what tasks post; returns how many ran.
    std::size_t runAll();
    std::size_t waiting() const;
    void setConcurrency(unsigned workers) { m_concurrency = workers; }
    /// How many workers may be reported stuck at once; none at first.
    void setMaxStuck(unsigned workers);
    /// Those that are.
    [[nodiscard]] unsigned stuck() const;
    /// Destroys the task at `index` of those waiting unrun, or all of them.
    void dropAt(std::size_t index);
    void dropAll();
    /// From now on `post` refuses. Destroys what waits, unrun.
    void shutDown();

private:
    Task takeAt(std::size_t index);

    mutable std::mutex m_mutex; ///< guards m_tasks, m_closed, m_maxStuck and m_stuck
    std::deque<Task> m_tasks;
    bool m_closed = false;
    unsigned m_maxStuck = 0;
    unsigned m_stuck = 0;
    unsigned m_concurrency = 4;
};

} // namespace cachet_test
