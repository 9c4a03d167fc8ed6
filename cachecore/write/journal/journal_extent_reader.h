// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/journal/journal_hash.h"
#include "cachecore/write/journal/journal_layout.h"
#include "cachecore/write/journal/journal_reader.h"
#include "cachecore/write/journal/journal_window.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cachecore::journal {

/// Reads the records before ARMED one after the other, checking each before it is used. What does not hold is Damaged with the record's range.
/// Thread: one at a time. Throws std::bad_alloc, after which start() makes it usable again.
class ExtentReader {
public:
    ExtentReader(EnvFile &file, std::string path, std::uint64_t fileSize);

    /// Begins after a header of `length` bytes with that hash.
    void start(const JournalHeader &header, std::uint64_t length, const Hash128 &headerHash);

    /// How much of an extent is looked at.
    enum class Depth : std::uint8_t {
        NewOnly,    ///< the old bytes are passed over
        OldAndNew,  ///< and the old ones, which must have their hash
        Everything, ///< and the new content must have its own, and what fills up must be zero
    };
    /// The next extent, after the patterns before it; nothing at the end of the records.
    [[nodiscard]] Result<std::optional<JournalExtent>> next(Depth depth);

    /// Where the next record would begin.
    [[nodiscard]] std::uint64_t at() const { return m_at; }
    [[nodiscard]] std::uint64_t records() const { return m_sequence; }
    /// Running, over the header's hash and the records'.
    [[nodiscard]] const Hash128 &runningHash() const { return m_hash; }
    /// The `length` bytes at `at` of the file; see JournalWindow::view.
    [[nodiscard]] Result<std::span<const std::byte>> view(std::uint64_t at, std::size_t length)
    {
        return m_window.view(at, length, length);
    }
    /// What is wrong in `length` bytes at `at` of the file.
    [[nodiscard]] std::unexpected<Error> damaged(std::uint64_t at, std::uint64_t length) const;

private:
    [[nodiscard]] std::size_t ahead(Depth depth) const;
    Result<std::optional<RecordStart>> nextStart(std::size_t ahead);
    Result<void> readPattern(const RecordStart &start);
    Result<JournalExtent> readExtent(const RecordStart &start, Depth depth, std::size_t ahead);
    [[nodiscard]] bool acceptable(const ExtentHead &head) const;
    Result<Hash128> readTable(const ExtentHead &head, std::size_t ahead);
    [[nodiscard]] bool addSegment(const SegmentEntry &entry, const ExtentHead &head, std::uint64_t &literal);
    [[nodiscard]] std::shared_ptr<const Generator> generatorOf(const SegmentEntry &entry);
    Result<std::span<const std::byte>> readOld(const ExtentHead &head, Depth depth, std::size_t ahead);
    [[nodiscard]] Hash128 hashOfNew(const JournalExtent &extent);
    void passed(std::uint64_t length, const Hash128 &hash);

    JournalWindow m_window;
    const std::string m_path;
    const std::uint64_t m_fileSize;
    JournalHeader m_header;
    SaltedHasher m_hasher;
    PatternHashes m_patternHashes;
    std::vector<SharedBytes> m_patterns;
    std::uint64_t m_patternBytes = 0;
    std::vector<std::byte> m_scratch;
    std::vector<JournalSegment> m_segments;             ///< of the extent read last
    std::shared_ptr<std::vector<std::byte>> m_literals; ///< its literal bytes; used again when nobody else holds them
    std::shared_ptr<const Generator> m_lastGenerator;
    std::uint32_t m_coveringPattern = 0; ///< when the extent's first segment is a pattern: its number
    std::uint64_t m_at = 0;
    std::uint64_t m_lastLength = 0; ///< of the last record
    std::uint64_t m_sequence = 0;
    Hash128 m_hash{};
    ByteOffset m_lastEnd; ///< of the units of the last extent
};

} // namespace cachecore::journal
