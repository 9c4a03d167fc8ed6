// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/executor.h"

#include <chrono>
#include <memory>

namespace cachecore {

/// A pool of std::jthreads, for programs without another one and for tests. Workers start when there is work for them and then
/// stay. A task must not throw.
///
/// Invariants:
///  - never more than `workers` tasks run at once, plus one for each worker reported stuck, at most `maxStuck`;
///  - tasks begin in the order they were posted;
///  - workers own what they touch together with this object, so a worker that never returns from the system is safely
///    left alone: what it holds is leaked, nothing is freed under it.
/// Thread: any; shutDown and the destructor may be called from inside a task.
class ThreadExecutor final : public Executor {
public:
    static constexpr unsigned kDefaultMaxStuck = 16;
    static constexpr std::chrono::milliseconds kDestructorWait{2000};

    /// `workers` 0 counts as 1.
    explicit ThreadExecutor(unsigned workers, unsigned maxStuck = kDefaultMaxStuck);
    /// shutDown(kDestructorWait).
    ~ThreadExecutor() override;

    /// False after shutDown, or when the system gives not a single thread. Without memory (std::bad_alloc) the task is destroyed unrun.
    bool post(Task task) override;
    unsigned concurrency() const override;
    bool workerStuck() override;
    void workerRecovered() override;

    /// Takes no more work, destroys the tasks that have not begun, and waits at most `wait` for those that run; a task
    /// that calls this does not wait for itself. Workers that ended are joined, others detached. Returns true when none was left
    /// running. Blocks for at most about `wait`; may be called again.
    bool shutDown(std::chrono::milliseconds wait);

private:
    class Pool;
    const std::shared_ptr<Pool> m_pool; ///< shared with the workers
};

} // namespace cachecore
