// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/base/executor.h"
#include "cachecore/edit/staged_edits.h"
#include "cachecore/write/log/recovery_log_format.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace cachecore {

/// Keeps what is staged in a file, so that it survives the end of the program however it comes. One for each document; read back by
/// readRecoveryLog, found by findRecoveryLogs.
///
///     note(edits) ... note(edits) --at most `behind` later, on the executor--> records of the difference, fdatasync
///
/// Invariants:
///  - the file always holds, whole and durable, a state that was noted; it never mixes two;
///  - a state noted is in the file `behind` later plus the time the disk takes, unless an error was told;
///  - there is no file before something is staged, and none after close() when nothing is;
///  - a file of an earlier session is never replaced: the new log takes another name, until whoever restored the old edits has flushed this one and removed
///    the old file (removeRecoveryLog).
///
/// After an error the whole state is written anew, to another file that replaces this one, `retryAfter` later; when it is too large, with the next one noted.
/// Thread: any, unless said otherwise. The work runs as one task at a time on the executor, which should be one of its own: the task waits
/// there until a state is due.
class RecoveryLog {
public:
    struct Options {
        std::chrono::milliseconds behind{300};
        std::chrono::milliseconds retryAfter{2000};
        /// The file grows no larger, in bytes. A state that needs more is not kept, which is told as NoSpace without an errno; the file keeps the last state that did
        /// fit, until one fits again.
        std::uint64_t limit = std::uint64_t{1} << 30;
    };

    /// Told of the first error after a success (its path names the file), and of the first success after an error (nothing), on the executor, or by
    /// tellDropped. Must not call the log, nor throw.
    using Trouble = std::function<void(const std::optional<Error> &)>;

    /// `stem`: see recoveryLogStem; with an empty one there is no log and everything here does nothing. `header` says everything but the salt.
    RecoveryLog(std::shared_ptr<Env> env, std::string stem, RecoveryLogHeader header,
                std::shared_ptr<Executor> executor, Options options, Trouble trouble);
    RecoveryLog(const RecoveryLog &) = delete;
    RecoveryLog &operator=(const RecoveryLog &) = delete;
    /// close(0).
    ~RecoveryLog();

    /// Says what is staged now. Only the newest state is kept. Never blocks; O(1).
    void note(StagedEdits edits);
    /// The same after a transaction was committed: `edits` is what is staged still. Without memory the transaction goes unmentioned.
    void noteCommitted(StagedEdits edits, const CommittedTransaction &transaction);
    /// So that the next noteCommitted needs no memory. Never blocks.
    void makeRoom();
    /// Lets go of the state noted last, so that it can be changed in place and need not be copied where it changes. The new state, or the same one, must be
    /// noted at once, on the same thread; whoever wants to write one waits for it. Never blocks; O(1).
    void letGo();

    /// Tells of a state that no task is on its way to write, because the executor is closed (Closed) or there is no memory for a task (OutOfMemory), when
    /// that was not told yet: noting cannot, as its caller may hold what the trouble callback needs. Does not block beyond that callback; O(1).
    void tellDropped();

    /// Waits at most `wait` until the file holds what was noted last, without waiting until it is due. Errors: what an attempt said that began after the call, Busy when it took longer. Blocking;
    /// not on the executor.
    [[nodiscard]] Result<void> flush(std::chrono::milliseconds wait);
    /// The same, removes the file when nothing is staged, and ends: what is noted from now on is ignored. What the disk has not taken in time
    /// goes on by itself. Without an error another session finds the file from now on. A flush after it is Closed. Once it has returned, the trouble callback is not called any more. With a wait of 0 it does not block.
    Result<void> close(std::chrono::milliseconds wait);

    /// Where the file is; empty while there is none.
    [[nodiscard]] std::string path() const;

private:
    class Impl;
    const std::shared_ptr<Impl> m_impl; ///< shared with the task
};

} // namespace cachecore
