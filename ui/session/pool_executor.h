// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/executor.h"

#include <QString>

#include <chrono>
#include <memory>
#include <mutex>

class QThreadPool;

namespace cachet {

/// An Executor over a QThreadPool of its own, for one document.
///
/// A worker that the system never lets go cannot be ended, and ~QThreadPool waits for it for ever. So a pool whose
/// workers have not come back within the bound is abandoned: it is never destroyed, it is counted, and the program must
/// end by std::_Exit once everything was saved (see abandonedPools).
///
/// Thread: all functions from any thread, also from tasks of this executor.
class PoolExecutor final : public cachecore::Executor {
public:
    /// A pool of `workers` threads (at least 1) called `name` in debuggers, and of at most `maxStuck` more
    /// in place of stuck ones. Threads start when they are needed.
    PoolExecutor(unsigned workers, unsigned maxStuck, const QString &name);
    /// Ends like shutDown(0).
    ~PoolExecutor() override;

    bool post(Task task) override;
    unsigned concurrency() const override;
    bool workerStuck() override;
    void workerRecovered() override;

    /// Takes no more work, destroys what has not started and waits at most `wait` for what runs. True when nothing
    /// runs any more. Blocking up to `wait`; calling it again waits again.
    bool shutDown(std::chrono::milliseconds wait);

    /// How many pools still have workers that did not come back, after waiting at most `wait` for them. Destroys those whose workers
    /// have by now. Blocking up to `wait`.
    [[nodiscard]] static unsigned abandonedPools(std::chrono::milliseconds wait = std::chrono::milliseconds(0));

private:
    const unsigned m_workers;
    const unsigned m_maxStuck;
    mutable std::mutex m_mutex; ///< guards m_stuck, m_closed and posting to m_pool against closing
    unsigned m_stuck = 0;
    bool m_closed = false;
    std::unique_ptr<QThreadPool> m_pool;
};

} // namespace cachet
