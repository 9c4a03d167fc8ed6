// SPDX-License-Identifier: MIT
//
// The side of a recovery log that writes: one task at a time on the executor.
#include "cachecore/write/log/recovery_log_impl.h"

#include <new>
#include <utility>

namespace cachecore {

using Clock = std::chrono::steady_clock;

/// Destroyed unrun it says so, or flushes would wait for nothing.
class RecoveryLog::Impl::Task {
public:
    explicit Task(std::shared_ptr<Impl> impl)
        : m_impl(std::move(impl))
    {
    }
    Task(Task &&) = default;
    Task(const Task &) = delete;
    Task &operator=(const Task &) = delete;
    Task &operator=(Task &&) = delete;
    ~Task()
    {
        if (m_impl)
            m_impl->taskDropped();
    }
    void operator()() { std::exchange(m_impl, {})->work(); }

private:
    std::shared_ptr<Impl> m_impl;
};

/// Sees to it that a task is on its way. Gives the lock back meanwhile, because the executor may destroy tasks of ours under its own.
void RecoveryLog::Impl::needTask(std::unique_lock<std::mutex> &lock)
{
    if (m_tasked)
        return;
    m_tasked = true;
    lock.unlock();
    bool memory = true;
    try {
        // Refused or without memory, the task is destroyed, which takes back what is said above.
        (void)m_executor->post(Task(shared_from_this()));
    } catch (const std::bad_alloc &) {
        memory = false;
    }
    lock.lock();
    if (!memory && m_error)
        m_error->code = ErrorCode::OutOfMemory;
}

void RecoveryLog::Impl::taskDropped()
{
    const std::lock_guard lock(m_mutex);
    m_tasked = false;
    m_error = Error::of(ErrorCode::Closed, Operation::Journal);
    m_dropped = !m_told;
    m_ended = ++m_begun;
    m_progress.notify_all();
}

void RecoveryLog::Impl::work()
{
    for (;;) {
        const Work next = takeWork();
        if (!finish(next, carryOut(next)))
            return;
    }
}

RecoveryLog::Impl::Work RecoveryLog::Impl::takeWork()
{
    std::unique_lock lock(m_mutex);
    m_hurried.wait_until(lock, m_due.value_or(Clock::now()), [&] { return m_hurry || m_closed; });
    m_isBack.wait(lock, [&] { return !m_away; });
    m_hurry = false;
    m_due.reset();
    ++m_begun;
    return {m_edits, m_noted, m_committed.size(), m_closed && m_edits.empty()};
}

Result<void> RecoveryLog::Impl::carryOut(const Work &work)
{
    try {
        std::vector<CommittedTransaction> committed;
        {
            const std::lock_guard lock(m_mutex);
            committed.assign(m_committed.begin(), m_committed.begin() + static_cast<std::ptrdiff_t>(work.committed));
        }
        auto outcome = work.remove ? m_file.remove() : m_file.write(work.edits, committed);
        std::string path = m_file.exists() ? m_file.path() : std::string();
        const std::lock_guard lock(m_mutex);
        m_path.swap(path);
        return outcome;
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Journal);
    }
}

/// Notes how it went. Returns whether to go on at once.
bool RecoveryLog::Impl::finish(const Work &work, Result<void> outcome)
{
    std::unique_lock lock(m_mutex);
    ++m_ended;
    // What is too large stays so until something else is noted.
    const bool tooLarge = !outcome && outcome.error().code == ErrorCode::NoSpace && outcome.error().systemError == 0;
    if (outcome) {
        const bool mended = std::exchange(m_told, false);
        m_dropped = false;
        m_error.reset();
        m_kept = work.number;
        m_committed.erase(m_committed.begin(), m_committed.begin() + static_cast<std::ptrdiff_t>(work.committed));
        m_removed = work.remove;
        if (mended) {
            lock.unlock();
            tell(std::nullopt);
            lock.lock();
        }
    } else {
        const bool first = !std::exchange(m_told, true);
        m_error = std::move(outcome.error());
        if (!tooLarge)
            m_due = Clock::now() + m_options.retryAfter;
        if (first) {
            lock.unlock();
            tellError();
            lock.lock();
        }
    }
    m_progress.notify_all();
    if (outcome && !upToDate())
        return true;
    m_tasked = false;
    // One more attempt is queued and not made here, so that an executor that is stepped by hand can be stepped past an error. A closed log tries no more, but
    // whoever asked while this attempt failed gets one of their own: what failed then may be over.
    const bool worthwhile = !m_closed && (!tooLarge || work.number != m_noted);
    if (!outcome && (worthwhile || m_hurry))
        needTask(lock);
    return false;
}

void RecoveryLog::Impl::tellError()
{
    Error error;
    try {
        const std::lock_guard lock(m_mutex);
        error = *m_error;
    } catch (const std::bad_alloc &) {
        error.code = ErrorCode::OutOfMemory;
    }
    tell(std::move(error));
}

void RecoveryLog::Impl::tell(const std::optional<Error> &trouble)
{
    const std::lock_guard telling(m_troubleMutex);
    if (m_trouble)
        m_trouble(trouble);
}

} // namespace cachecore
