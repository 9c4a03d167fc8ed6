// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cachecore::journal {

/// Bytes on their way to a journal's end: small ones are gathered, large ones go out as they are, after what was gathered. Offsets only ascend; short
/// writes are resumed, interrupted ones repeated. The first failure ends it: every later call returns it and writes nothing.
/// Thread: one at a time.
class JournalSink {
public:
    JournalSink(EnvFile &file, std::string path);

    /// Makes the buffer and lets the next byte go to `at`. Throws std::bad_alloc.
    void startAt(std::uint64_t at);
    Result<void> put(std::span<const std::byte> bytes);
    Result<void> putZeros(std::size_t count);
    /// Writes out what was gathered.
    Result<void> flush();
    /// fdatasync, of what was written out.
    Result<void> sync();

    /// Where the next byte put goes.
    [[nodiscard]] std::uint64_t at() const { return m_written + m_gathered.size(); }
    [[nodiscard]] const std::optional<Error> &failed() const { return m_failed; }
    /// Ends it with `error`.
    std::unexpected<Error> fail(Error error);

private:
    /// What was gathered, then `bytes`.
    Result<void> writeOut(std::span<const std::byte> bytes);

    EnvFile &m_file;
    const std::string m_path;
    std::vector<std::byte> m_gathered; ///< never more than its capacity
    std::uint64_t m_written = 0;       ///< everything before this offset was written out
    std::optional<Error> m_failed;
};

} // namespace cachecore::journal
