// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/log/recovery_log.h"
#include "cachecore/write/log/recovery_log_file.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace cachecore {

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
    std::uint64_t m_begun = 0;          ///< attempts to write, one at a time
    std::uint64_t m_ended = 0;          ///< of these
    std::optional<Error> m_error;       ///< of the last attempt that ended
    bool m_told = false;                ///< that there is trouble, and not yet that it is over
    std::atomic<bool> m_dropped{false}; ///< a task went unrun and nobody was told; read without the lock
    std::optional<std::chrono::steady_clock::time_point>
        m_due;             ///< when to write: nothing when nothing was noted since the last attempt
    bool m_tasked = false; ///< the task waits on the executor or runs
    bool m_hurry = false;  ///< somebody waits since the last attempt began, for one of their own
    bool m_closed = false;
    bool m_removed = false;
    std::string m_path;

    std::mutex m_troubleMutex; ///< guards m_trouble, also while it runs
    Trouble m_trouble;
};

} // namespace cachecore
