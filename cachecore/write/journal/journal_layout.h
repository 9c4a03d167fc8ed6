// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/bytes.h"
#include "cachecore/base/little_endian.h"
#include "cachecore/write/journal/journal_format.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

/// Where each number of a journal stands; FORMAT.md in words. For the writer and the reader of journals.
namespace cachecore::journal {

inline constexpr std::array<unsigned char, 8> kMagic = {'C', 'A', 'C', 'H', 'E', 'T', 'J', 0x1a};

inline constexpr std::size_t kHashSize = 16;
inline constexpr std::size_t kHeaderFixed = 120; ///< of the header: what comes before its two strings
inline constexpr std::size_t kRecordStart = 24;  ///< type, number, sequence, length: the same in every record
inline constexpr std::size_t kPatternFixed = 32; ///< of a pattern: what comes before its hash
inline constexpr std::size_t kExtentFixed = 80;  ///< of an extent: what comes before its hash
inline constexpr std::size_t kExtentHead = kExtentFixed + kHashSize;
inline constexpr std::size_t kPatternHead = kPatternFixed + kHashSize;
inline constexpr std::size_t kSegmentSize = 48;
inline constexpr std::size_t kStateSize = 4096; ///< of a state record, which begins at a multiple of it

/// The types of records: four letters, read as a little-endian number.
enum class RecordType : std::uint32_t {
    None = 0, ///< zeros: what fills up the space before the first state record
    Pattern = 0x54544150,
    Extent = 0x4e545845,
    Armed = 0x444d5241,
    RollingBack = 0x474e4c52,
    Done = 0x454e4f44,
    RolledBack = 0x4b434142,
};

[[nodiscard]] constexpr std::uint64_t paddedTo8(std::uint64_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

using little_endian::get;
using little_endian::put;

inline void put(std::byte *at, const Hash128 &hash)
{
    put(at, hash[0]);
    put(at + 8, hash[1]);
}

[[nodiscard]] inline Hash128 getHash(const std::byte *at)
{
    return {get<std::uint64_t>(at), get<std::uint64_t>(at + 8)};
}

/// False where the numbers of `header` are beyond what the format allows.
[[nodiscard]] bool plausibleHeader(const JournalHeader &header);
/// The header as it stands in the file, with its hash.
[[nodiscard]] std::vector<std::byte> encodeHeader(const JournalHeader &header);
/// Bytes of a header, from its first kHeaderFixed bytes; nothing when they cannot begin one of this version.
[[nodiscard]] std::optional<std::size_t> headerLength(std::span<const std::byte> fixed);
/// The header in `bytes`, which has the length that headerLength() said; nothing when it is not whole or makes no sense.
[[nodiscard]] std::optional<JournalHeader> decodeHeader(std::span<const std::byte> bytes);

/// What every record begins with.
struct RecordStart {
    RecordType type = RecordType::None;
    std::uint32_t number = 0; ///< of a pattern: its own; of an extent: of its segments
    std::uint64_t sequence = 0;
    std::uint64_t length = 0;

    void encode(std::byte *at) const;
    [[nodiscard]] static RecordStart decode(const std::byte *at);
};

/// An extent's fixed part.
struct ExtentHead {
    RecordStart start;
    std::uint64_t unitsBegin = 0;
    std::uint64_t unitsLength = 0;
    std::uint64_t literalLength = 0;
    Hash128 oldHash{};
    Hash128 newHash{};

    [[nodiscard]] std::uint64_t tableLength() const { return std::uint64_t{start.number} * kSegmentSize; }
    /// The whole record, from its sums; these must be within the limits.
    [[nodiscard]] std::uint64_t recordLength() const
    {
        return kExtentHead + tableLength() + paddedTo8(literalLength) + paddedTo8(unitsLength);
    }
    void encode(std::byte *at) const;
    [[nodiscard]] static ExtentHead decode(const std::byte *at);
};

/// One entry of an extent's segment table.
struct SegmentEntry {
    enum class Kind : std::uint8_t { Literal = 1, Pattern = 2, Random = 3, Increment = 4 };

    std::uint64_t begin = 0;
    std::uint64_t length = 0;
    Kind kind = Kind::Literal;
    std::uint8_t width = 0; ///< Random, Increment
    std::uint16_t zero = 0;
    std::uint32_t pattern = 0; ///< Pattern
    std::uint64_t phase = 0;   ///< Pattern, Random, Increment
    std::uint64_t seed = 0;    ///< Random, Increment
    std::uint64_t step = 0;    ///< Random, Increment

    void encode(std::byte *at) const;
    [[nodiscard]] static SegmentEntry decode(const std::byte *at);
    /// True when the fields that the kind does not use are zero and the others are possible by themselves.
    [[nodiscard]] bool plausible() const;
};

/// A state record: ARMED with its sums, a later one without.
struct StateRecord {
    RecordType type = RecordType::None;
    std::uint64_t sequence = 0;
    std::uint64_t extents = 0;
    std::uint64_t unitBytes = 0;
    std::uint64_t newBytes = 0;
    Hash128 before{}; ///< ARMED: the running hash over all records; later ones: the hash of the state record before

    /// Fills the record's kStateSize bytes and returns its hash, the last of them.
    [[nodiscard]] Hash128 encode(const JournalSalt &salt, std::span<std::byte, kStateSize> block) const;
    /// The record in `block`; nothing when it is not whole.
    [[nodiscard]] static std::optional<StateRecord> decode(const JournalSalt &salt,
                                                           std::span<const std::byte, kStateSize> block);
};

[[nodiscard]] RecordType recordOf(JournalState state);
/// The state that a state record stands for; nothing for other types.
[[nodiscard]] std::optional<JournalState> stateOf(RecordType type);
/// True when a journal in the state `from` may be given the state `to`.
[[nodiscard]] bool mayFollow(JournalState from, JournalState to);

} // namespace cachecore::journal
