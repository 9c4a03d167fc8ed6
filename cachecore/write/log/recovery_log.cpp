// SPDX-License-Identifier: MIT
#include "cachecore/write/log/recovery_log.h"

#include "cachecore/write/log/recovery_log_file.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace cachecore {

using Clock = std::chrono::steady_clock;

/// The state the callers and the one task share.
///
/// Numbers: m_noted counts states noted, m_kept is the number of the newest one in the file.
class RecoveryLog::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(std::shared_ptr<Env> env, std::string stem, RecoveryLogHeader header, std::shared_ptr<Executor> executor,
         Options options, Trouble trouble)
        : m_enabled(!stem.empty())
        , m_executor(std::move(executor))
        , m_options(options)
        , m_file(std::move(env), std::move(stem), std::move(header), options.limit)
        , m_trouble(std::move(trouble))
    {
    }

    void note(StagedEdits edits, const CommittedTransaction *transaction);
    void makeRoom();
    void letGo();
    void tellDropped();
    [[nodiscard]] Result<void> flush(std::chrono::milliseconds wait);
    [[nodiscard]] Result<void> close(std::chrono::milliseconds wait);
    [[nodiscard]] std::string path() const;

private:
    class Task;

    /// What the task takes to write.
    struct Work {
        StagedEdits edits;
        std::uint64_t number = 0;
        std::size_t committed = 0; ///< how many of m_committed go with it
        bool remove = false;       ///< the log ends with nothing staged
    };

    void needTask(std::unique_lock<std::mutex> &lock);
    void taskDropped();
    void work();
    [[nodiscard]] Work takeWork();
    [[nodiscard]] Result<void> carryOut(const Work &work);
    [[nodiscard]] bool finish(const Work &work, Result<void> outcome);
    void tellError();
    void tell(const std::optional<Error> &trouble);
    /// Waits for `done`, at most `wait`, and returns what came of it.
    template <typename Done>
    [[nodiscard]] Result<void> await(std::unique_lock<std::mutex> &lock, std::chrono::milliseconds wait,
                                     const Done &done);
    [[nodiscard]] bool upToDate() const { return m_kept == m_noted && (!m_closed || m_removed || !m_edits.empty()); }

    const bool m_enabled;
    const std::shared_ptr<Executor> m_executor;
    const Options m_options;
    RecoveryLogFile m_file; ///< only the task touches it, and close() when there is none

    mutable std::mutex m_mutex;         ///< guards the rest but m_trouble
    std::condition_variable m_hurried;  ///< the task waits for it
    std::condition_variable m_progress; ///< those who flush wait for it
    StagedEdits m_edits;
    bool m_away = false;              ///< m_edits is being changed by who noted it, and is noted again at once
    std::condition_variable m_isBack; ///< those who need it wait for it
    std::vector<CommittedTransaction> m_committed; ///< not in the file yet
    std::uint64_t m_noted = 0;
    std::uint64_t m_kept = 0;
    std::uint64_t m_begun = 0;              ///< attempts to write, one at a time
    std::uint64_t m_ended = 0;              ///< of these
    std::optional<Error> m_error;           ///< of the last attempt that ended
    bool m_told = false;                    ///< that there is trouble, and not yet that it is over
    std::atomic<bool> m_dropped{false};     ///< a task went unrun and nobody was told; read without the lock
    std::optional<Clock::time_point> m_due; ///< when to write: nothing when nothing was noted since the last attempt
    bool m_tasked = false;                  ///< the task waits on the executor or runs
    bool m_hurry = false;                   ///< somebody waits since the last attempt began, for one of their own
    bool m_closed = false;
    bool m_removed = false;
    std::string m_path;

    std::mutex m_troubleMutex; ///< guards m_trouble, also while it runs
    Trouble m_trouble;
};

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

void RecoveryLog::Impl::note(StagedEdits edits, const CommittedTransaction *transaction)
{
    std::unique_lock lock(m_mutex);
    if (std::exchange(m_away, false))
        m_isBack.notify_all();
    if (!m_enabled || m_closed)
        return;
    if (transaction) {
        try {
            m_committed.push_back(*transaction);
        } catch (const std::bad_alloc &) {
            // What is staged matters more than what it came from: a log that still held what was written would bring it back one day.
        }
    }
    if (!m_due)
        m_due = Clock::now() + m_options.behind;
    ++m_noted;
    std::swap(m_edits, edits); // the former state goes after the lock
    needTask(lock);
    lock.unlock();
}

void RecoveryLog::Impl::makeRoom()
{
    const std::lock_guard lock(m_mutex);
    m_committed.reserve(m_committed.size() + 1);
}

void RecoveryLog::Impl::letGo()
{
    StagedEdits edits; // goes after the lock
    const std::lock_guard lock(m_mutex);
    if (!m_enabled || m_closed)
        return;
    m_away = true;
    std::swap(m_edits, edits);
}

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

void RecoveryLog::Impl::tellDropped()
{
    if (!m_dropped)
        return;
    const std::lock_guard telling(m_troubleMutex); // first, so that its end is told after it
    Error error;
    {
        const std::lock_guard lock(m_mutex);
        m_dropped = false;
        if (!m_error || m_told)
            return;
        m_told = true;
        error.code = m_error->code;
        error.operation = m_error->operation;
    }
    if (m_trouble)
        m_trouble(error);
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

template <typename Done>
Result<void> RecoveryLog::Impl::await(std::unique_lock<std::mutex> &lock, std::chrono::milliseconds wait,
                                      const Done &done)
{
    m_hurry = true;
    m_hurried.notify_all();
    const std::uint64_t before = m_begun;
    needTask(lock);
    const auto failed = [&] { return m_error && m_ended > before; };
    const bool ended = m_progress.wait_for(lock, wait, [&] { return done() || failed(); });
    if (done())
        return {};
    if (ended)
        return failure(*m_error);
    return failure(ErrorCode::Busy, Operation::Journal, {}, m_path);
}

Result<void> RecoveryLog::Impl::flush(std::chrono::milliseconds wait)
{
    std::unique_lock lock(m_mutex);
    const std::uint64_t wanted = m_noted;
    if (m_enabled && m_closed)
        return failure(ErrorCode::Closed, Operation::Journal, {}, m_path);
    if (!m_enabled || m_kept >= wanted)
        return {};
    return await(lock, wait, [&] { return m_kept >= wanted; });
}

Result<void> RecoveryLog::Impl::close(std::chrono::milliseconds wait)
{
    Result<void> outcome;
    {
        std::unique_lock lock(m_mutex);
        m_isBack.wait(lock, [&] { return !m_away; });
        if (!m_enabled || m_closed)
            return {};
        m_closed = true;
        m_removed = m_path.empty() && m_edits.empty() && m_kept == m_noted;
        // The task may still hold the file when it has nothing left to write.
        const auto ended = [&] { return upToDate() && !m_tasked; };
        if (!ended())
            outcome = await(lock, wait, ended);
        if (ended())
            m_file.letGo(); // whoever opens the disk next is to find it
        if (upToDate())
            outcome = {};
    }
    const std::lock_guard lock(m_troubleMutex);
    m_trouble = {};
    return outcome;
}

std::string RecoveryLog::Impl::path() const
{
    const std::lock_guard lock(m_mutex);
    return m_path;
}

RecoveryLog::RecoveryLog(std::shared_ptr<Env> env, std::string stem, RecoveryLogHeader header,
                         std::shared_ptr<Executor> executor, Options options, Trouble trouble)
    : m_impl(std::make_shared<Impl>(std::move(env), std::move(stem), std::move(header), std::move(executor), options,
                                    std::move(trouble)))
{
}

RecoveryLog::~RecoveryLog()
{
    (void)close(std::chrono::milliseconds(0));
}

void RecoveryLog::note(StagedEdits edits)
{
    m_impl->note(std::move(edits), nullptr);
}

void RecoveryLog::makeRoom()
{
    m_impl->makeRoom();
}

void RecoveryLog::letGo()
{
    m_impl->letGo();
}

void RecoveryLog::tellDropped()
{
    m_impl->tellDropped();
}

void RecoveryLog::noteCommitted(StagedEdits edits, const CommittedTransaction &transaction)
{
    m_impl->note(std::move(edits), &transaction);
}

Result<void> RecoveryLog::flush(std::chrono::milliseconds wait)
{
    return m_impl->flush(wait);
}

Result<void> RecoveryLog::close(std::chrono::milliseconds wait)
{
    return m_impl->close(wait);
}

std::string RecoveryLog::path() const
{
    return m_impl->path();
}

} // namespace cachecore
