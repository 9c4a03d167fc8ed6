// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

namespace cachecore {

/// Where the engine runs its work. The engine starts no thread of its own: the application injects a
/// pool, tests inject an executor they step by hand.
///
/// Invariant: a task that was taken and is given up later (the pool ends, its queue is cleared) is destroyed unrun, with no lock held that these functions take:
/// tasks of the engine tell those who wait for them.
/// Thread: all functions may be called from any thread, also from inside a task.
class Executor {
public:
    using Task = std::move_only_function<void()>;

    Executor() = default;
    Executor(const Executor &) = delete;
    Executor &operator=(const Executor &) = delete;
    virtual ~Executor();

    /// Queues `task` to run once on some worker, never inside this call. Does not block.
    /// Returns false, and destroys the task unrun, when the executor no longer takes work. Throws std::bad_alloc, and it is not queued then.
    [[nodiscard]] virtual bool post(Task task) = 0;

    /// How many tasks can run at the same time; at least 1.
    [[nodiscard]] virtual unsigned concurrency() const = 0;

    /// Says that a task of this executor is stuck in the system: one more worker may run until
    /// `workerRecovered` is called. Returns false when the bound on such workers is reached.
    [[nodiscard]] virtual bool workerStuck() = 0;
    /// Takes one successful `workerStuck` back.
    virtual void workerRecovered() = 0;
};

} // namespace cachecore
