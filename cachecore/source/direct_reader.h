// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

namespace cachecore {

/// Reads any range of a file past what the system keeps of it in memory, through an aligned buffer of its own where the caller's place, length or
/// address is not aligned. Starts with the alignment the system tells, or with `guess` where it tells none, and grows it when the file demands more.
/// Thread: any, in parallel.
class DirectReader {
public:
    /// `told` as EnvFile::directAlignment gave it; nothing when the system does not tell. `guess` is a power of two.
    DirectReader(std::optional<DirectAlignment> told, std::uint32_t guess);

    /// The unit in bytes that the medium is asked in; 0 once the file is known to take no direct reads.
    [[nodiscard]] std::uint32_t unit() const { return m_unit.load(std::memory_order_relaxed); }

    /// Fills `into` from `at`; fewer bytes where the file ends, or where a transfer ends inside a unit. Nothing when `file` cannot be read directly there: the caller reads it
    /// the plain way. Errors: what the system says of the medium; OutOfMemory. Blocking.
    [[nodiscard]] Result<std::optional<std::uint64_t>> read(EnvFile &file, ByteOffset at, std::span<std::byte> into);

private:
    [[nodiscard]] Result<std::uint64_t> readUnits(EnvFile &file, ByteOffset at, std::span<std::byte> into,
                                                  std::uint32_t unit) const;
    void demandMoreThan(std::uint32_t unit);

    std::atomic<std::uint32_t> m_unit;
    const std::uint32_t m_memory; ///< alignment of addresses, bytes
};

} // namespace cachecore
