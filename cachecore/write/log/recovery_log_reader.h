// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/write/log/recovery_log_format.h"

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace cachecore {

/// The header of the log in `file`. Errors: Damaged, NewerVersion, what reading says; operation Journal. Blocking.
[[nodiscard]] Result<RecoveryLogHeader> readRecoveryLogHeader(EnvFile &file, const std::string &path);

namespace recovery_log {

struct Record {
    RecordKind kind = RecordKind::Erase;
    RecordPlace place;
    ByteRange at;                       ///< of the record in the file
    std::span<const std::byte> payload; ///< valid until the next call
};

/// Reads a log record by record and trusts nothing in it. What does not hold ends it: silently where the last state was being written when the program ended, because
/// nothing after it had been made durable; with damage() where a later state follows, which is only begun when all before it was durable.
/// Thread: one at a time. Blocks. Memory: a few MiB, whatever the file says.
class RecordReader {
public:
    /// `file` must outlive the reader.
    RecordReader(EnvFile &file, std::string path);

    /// Reads the header; first of all.
    [[nodiscard]] Result<RecoveryLogHeader> open();
    /// The next record, nothing at the end. Error Cancelled on `stop`.
    [[nodiscard]] Result<std::optional<Record>> next(const std::stop_token &stop);
    /// What ended the records before the end of the file.
    [[nodiscard]] const std::optional<Error> &damage() const { return m_damage; }
    /// An error of this file: Damaged with the range of the file's own bytes.
    [[nodiscard]] Error damagedAt(ByteRange range) const;

private:
    static constexpr std::size_t kWindow = std::size_t{4} << 20;
    /// Bytes hashed at most in search of a later state.
    static constexpr std::uint64_t kMostSearched = std::uint64_t{64} << 20;

    [[nodiscard]] Result<std::span<const std::byte>> at(std::uint64_t offset, std::size_t length);
    [[nodiscard]] Result<std::optional<Record>> recordAt(std::uint64_t offset);
    [[nodiscard]] Result<bool> laterStateFollows(const std::stop_token &stop);
    [[nodiscard]] Error named(Error error) const;

    EnvFile &m_file;
    const std::string m_path;
    JournalSalt m_salt{};
    std::uint64_t m_size = 0;   ///< of the file, when it was opened
    std::uint64_t m_offset = 0; ///< of the next record
    RecordPlace m_expected;
    std::optional<Error> m_damage;
    bool m_ended = false;
    std::vector<std::byte> m_window; ///< the file's bytes from m_windowAt on
    std::uint64_t m_windowAt = 0;
};

} // namespace recovery_log

} // namespace cachecore
