// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/log/recovery_log_encoder.h"
#include "cachecore/write/log/recovery_log_place.h"

#include <memory>
#include <optional>

namespace cachecore {

/// The file of one document's recovery log.
///
///     none --write()--> appended to --write()--> ... --remove()--> none
///                            |   ^
///        grown, or an error  v   | a new file, complete and durable, takes its name
///                          rewritten
///
/// Invariants: whenever write() has returned without an error, the file holds that state, durably; after an error it holds the last state
/// that write() wrote, and the next write() makes a new file, since what a failed write or sync left behind is unknown. There is no file before something is
/// staged. It is locked against other programs while it is open, and readable by its owner alone.
/// Thread: one at a time. Every function blocks.
class RecoveryLogFile {
public:
    /// `stem` as of recoveryLogStem, not empty. `header` says everything but the salt. No write makes the file larger than `limit` bytes.
    RecoveryLogFile(std::shared_ptr<Env> env, std::string stem, RecoveryLogHeader header, std::uint64_t limit);

    /// Makes `edits` the file's last state. Errors: NoSpace without an errno when they do not fit within the limit, what the system says; with
    /// operation Journal and the file's path.
    [[nodiscard]] Result<void> write(const StagedEdits &edits, std::span<const CommittedTransaction> committed);
    /// Removes the file, durably.
    [[nodiscard]] Result<void> remove();
    /// Leaves the file where it is and gives up its lock and its name: another session finds it from now on. Nothing may be written after it.
    void letGo();

    /// Where the file is; empty before there is one.
    [[nodiscard]] const std::string &path() const { return m_claim.path(); }
    [[nodiscard]] bool exists() const { return m_file != nullptr; }
    [[nodiscard]] std::uint64_t size() const { return m_size; }

private:
    [[nodiscard]] Result<void> append(const StagedEdits &edits, std::span<const CommittedTransaction> committed);
    [[nodiscard]] Result<void> rewrite(const StagedEdits &edits, std::span<const CommittedTransaction> committed);
    [[nodiscard]] Result<void> checkFits(const StagedEdits &edits, std::span<const CommittedTransaction> committed);
    [[nodiscard]] Result<std::unique_ptr<EnvFile>> createTemporary();
    [[nodiscard]] Error named(Error error) const;

    const std::shared_ptr<Env> m_env;
    const std::string m_stem;
    RecoveryLogHeader m_header;
    const std::uint64_t m_limit;

    RecoveryLogClaim m_claim;
    std::unique_ptr<EnvFile> m_file;
    std::optional<recovery_log::Encoder> m_encoder;
    StagedEdits m_written; ///< the file's last state
    std::uint64_t m_size = 0;
    std::uint64_t m_sizeWhenNew = 0;
    bool m_appendable = false; ///< nothing has failed since it was made
};

} // namespace cachecore
