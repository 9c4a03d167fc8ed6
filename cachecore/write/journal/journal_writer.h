// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/write/journal/journal_format.h"
#include "cachecore/write/journal/journal_reader.h"

#include <memory>
#include <span>
#include <string>

namespace cachecore {

/// Writes one journal, from its header to its last state. It knows nothing of names, renames or directories.
///
///     begin --> extent* --> arm --> append(RollingBack)* --> append(Done | RolledBack)
///     resume ------------------------^
///
/// Invariants: everything goes to ascending offsets, each byte once; after a failure nothing more is written, and every later call returns that failure; arm() and
/// append() return only when fdatasync said the record is on the medium.
/// Thread: one at a time. Every function blocks. Memory: at most kMemory, and the patterns it was given stay alive.
class JournalWriter {
public:
    static constexpr std::uint64_t kMemory = std::uint64_t{4} << 20;

    /// `path` is for errors only.
    JournalWriter(EnvFile &file, std::string path);
    ~JournalWriter();

    /// Begins a new journal in an empty file. InvalidArgument for a header beyond the limits of the format.
    [[nodiscard]] Result<void> begin(const JournalHeader &header);
    /// Goes on with a journal that a reader has validated to be Armed or RollingBack, instead of begin(); only append() may follow.
    [[nodiscard]] Result<void> resume(const JournalHeader &header, const JournalSummary &summary);
    /// One extent: the units' old bytes (old.size() == units.length()) and the new ones of the parts that change, ascending, disjoint, inside it. Extents ascend
    /// and are whole units. InvalidArgument, and nothing written, for what is not so, for no segment at all, and for an External one.
    [[nodiscard]] Result<void> extent(ByteRange units, std::span<const std::byte> old,
                                      std::span<const JournalSegment> segments);
    /// Makes all that was written durable, then appends ARMED and makes that durable. Two syncs, in this order.
    [[nodiscard]] Result<void> arm();
    /// Appends the record of a later state and makes it durable. InvalidArgument for a state that may not follow.
    [[nodiscard]] Result<void> append(JournalState state);

    /// The state its last successful call left the journal in.
    [[nodiscard]] JournalState state() const;
    /// Where in the file the old bytes of the extent written last begin; they lie there in one piece.
    [[nodiscard]] std::uint64_t lastOldBytesAt() const { return m_lastOldBytesAt; }
    /// Bytes written so far, what is still gathered in memory included.
    [[nodiscard]] std::uint64_t size() const;

    /// An upper bound of what a journal with these sums takes, for reserving. `literalBytes`: those of literal and external segments, and for each pattern segment
    /// what patternCost() says; `pathBytes`: of the target's path.
    [[nodiscard]] static std::uint64_t boundFor(std::uint64_t extents, std::uint64_t unitBytes, std::uint64_t segments,
                                                std::uint64_t literalBytes, std::uint64_t pathBytes);
    /// At most what a segment of `length` bytes of a pattern of `patternLength` costs that the journal does not hold yet.
    [[nodiscard]] static std::uint64_t patternCost(std::uint64_t patternLength, std::uint64_t length);

private:
    class Impl;
    const std::unique_ptr<Impl> m_impl;
    std::uint64_t m_lastOldBytesAt = 0;
};

} // namespace cachecore
