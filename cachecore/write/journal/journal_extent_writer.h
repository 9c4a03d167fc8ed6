// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/journal/journal_hash.h"
#include "cachecore/write/journal/journal_layout.h"
#include "cachecore/write/journal/journal_patterns.h"
#include "cachecore/write/journal/journal_sink.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cachecore::journal {

/// What the records before ARMED come to.
struct RecordSums {
    std::uint64_t records = 0;
    std::uint64_t extents = 0;
    std::uint64_t unitBytes = 0;
    std::uint64_t newBytes = 0;
    Hash128 hash{}; ///< running, over the header's hash and the records'
};

/// Writes the extents of a journal and the patterns they need, without allocating once it has seen the largest.
/// Thread: one at a time. Memory: some 3 MiB, and the patterns stay alive. Throws std::bad_alloc, after which the journal is not to be used.
class ExtentWriter {
public:
    explicit ExtentWriter(JournalSink &sink);

    /// Begins after a header with that hash.
    void start(const JournalSalt &salt, const Hash128 &headerHash);
    /// Writes one extent, which keeps the format's rules, and returns where its old bytes begin. Fails as the sink does.
    [[nodiscard]] Result<std::uint64_t> write(ByteRange units, std::span<const std::byte> old,
                                              std::span<const JournalSegment> segments);
    [[nodiscard]] const RecordSums &sums() const { return m_sums; }

private:
    /// The extent that is being written.
    struct Extent {
        ByteRange units;
        std::span<const std::byte> old;
        std::span<const JournalSegment> segments;
        ByteRange flat{}; ///< not empty: everything in it is one literal
    };

    Result<void> makeTable(Extent &extent);
    Result<void> addEntry(const JournalSegment &segment);
    Result<std::optional<std::uint32_t>> patternNumber(const Piece &piece, std::uint64_t length);
    Result<void> writePattern(std::uint32_t number, const SharedBytes &bytes);
    [[nodiscard]] Hash128 hashOfNew(const Extent &extent);
    [[nodiscard]] Hash128 hashOfRecord(const Extent &extent, std::span<const std::byte> fixed, std::uint64_t padding);
    template <typename Sink>
    void forEachLiteral(const Extent &extent, Sink &&sink);
    Result<void> writeRecord(const Extent &extent, const ExtentHead &head);

    JournalSink &m_sink;
    SaltedHasher m_hasher;
    PatternTable m_patterns;
    PatternHashes m_patternHashes;
    std::vector<std::byte> m_scratch;
    std::vector<SegmentEntry> m_table;      ///< of the extent being written
    std::vector<std::uint32_t> m_asLiteral; ///< the segments of it whose bytes are written
    RecordSums m_sums;
};

} // namespace cachecore::journal
