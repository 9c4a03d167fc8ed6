// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/write/journal_format.h"

#include <memory>
#include <span>
#include <unordered_map>

namespace cachecore {

/// Writes one journal, from its header to its last state. It knows nothing of names, renames or directories.
///
///     begin --> extent* --> arm --> append(RollingBack)? --> append(Done | RolledBack)
///
/// Invariants: everything goes to ascending offsets, each byte once; after a failure nothing more is written; arm() and append() return only when
/// fdatasync said the record is on the medium.
/// Thread: one at a time. Every function blocks. Memory: at most 2 MiB and 16 bytes for each pattern.
class JournalWriter {
public:
    /// `path` is for errors only.
    JournalWriter(EnvFile &file, std::string path);
    ~JournalWriter();

    [[nodiscard]] Result<void> begin(const JournalHeader &header);
    /// One extent: the units' old bytes (old.size() == units.length()) and the new ones of the parts that change, ascending, disjoint, inside it. Extents ascend.
    [[nodiscard]] Result<void> extent(ByteRange units, std::span<const std::byte> old,
                                      std::span<const JournalSegment> segments);
    /// Makes all that was written durable, then appends ARMED and makes that durable. Two syncs, in this order.
    [[nodiscard]] Result<void> arm();
    /// Appends the record of a later state and makes it durable.
    [[nodiscard]] Result<void> append(JournalState state);

    /// Where in the file the old bytes of the extent written last begin.
    [[nodiscard]] std::uint64_t lastOldBytesAt() const { return m_lastOldBytesAt; }
    /// Bytes written so far.
    [[nodiscard]] std::uint64_t size() const;

    /// An upper bound of what a journal with these sums takes, for reserving.
    [[nodiscard]] static std::uint64_t boundFor(std::uint64_t extents, std::uint64_t unitBytes, std::uint64_t segments,
                                                std::uint64_t literalBytes, std::uint64_t pathBytes);

private:
    class Impl;
    const std::unique_ptr<Impl> m_impl;
    std::uint64_t m_lastOldBytesAt = 0;
};

} // namespace cachecore
