// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/thread_executor.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

namespace cachet_test {

/// One thread, and a way to wait until it has nothing to do. Thread: any.
class WatchedExecutor final : public cachecore::Executor {
public:
    bool post(Task task) override
    {
        Ticket ticket(m_count);
        return m_thread.post([mine = std::move(ticket), work = std::move(task)]() mutable { work(); });
    }
    unsigned concurrency() const override { return 1; }
    bool workerStuck() override { return false; }
    void workerRecovered() override { }

    /// Waits until no task waits or runs, nor exists.
    void waitIdle() const
    {
        std::unique_lock lock(m_count->mutex);
        m_count->changed.wait(lock, [this] { return m_count->tasks == 0; });
    }

private:
    struct Count {
        std::mutex mutex; ///< guards tasks
        std::condition_variable changed;
        unsigned tasks = 0;
    };

    /// Counts as long as its task exists.
    class Ticket {
    public:
        explicit Ticket(std::shared_ptr<Count> count)
            : m_count(std::move(count))
        {
            const std::lock_guard lock(m_count->mutex);
            ++m_count->tasks;
        }
        Ticket(Ticket &&) = default;
        Ticket(const Ticket &) = delete;
        Ticket &operator=(const Ticket &) = delete;
        Ticket &operator=(Ticket &&) = delete;
        ~Ticket()
        {
            if (!m_count)
                return;
            const std::lock_guard lock(m_count->mutex);
            --m_count->tasks;
            m_count->changed.notify_all();
        }

    private:
        std::shared_ptr<Count> m_count;
    };

    const std::shared_ptr<Count> m_count = std::make_shared<Count>();
    cachecore::ThreadExecutor m_thread{1};
};

} // namespace cachet_test
