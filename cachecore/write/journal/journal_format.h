// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"
#include "cachecore/edit/base.h"
#include "cachecore/edit/piece.h"
#include "cachecore/source/block_source.h"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace cachecore {

/// The journal's format; FORMAT.md gives it byte by byte. All numbers are little-endian.

using TransactionId = std::array<std::byte, 16>;
using JournalSalt = std::array<std::byte, 16>;

inline constexpr std::uint32_t kJournalVersion = 1;

/// Limits of what a journal holds; a writer keeps them, a reader calls what exceeds them Damaged.
inline constexpr std::uint64_t kJournalLeastUnit = 512; ///< bytes of a unit: no disk writes less at once
inline constexpr std::uint64_t kJournalMostUnit = std::uint64_t{1} << 20;   ///< bytes of a unit
inline constexpr std::uint64_t kJournalMostExtent = std::uint64_t{1} << 20; ///< bytes of an extent
inline constexpr std::uint32_t kJournalMostSegments
    = 32768; ///< of an extent; more are written as one literal that covers them and the old bytes between them
inline constexpr std::uint64_t kJournalMostPath = 4096;       ///< bytes of the target's path
inline constexpr std::uint64_t kJournalMostIdentityKind = 64; ///< bytes of the identity's kind
inline constexpr std::uint64_t kJournalMostPattern
    = 64 * 1024; ///< bytes of a pattern; a longer one is written as literals
inline constexpr std::uint32_t kJournalMostPatterns = 16384; ///< of a journal; further ones are written as literals
inline constexpr std::uint64_t kJournalMostPatternBytes = std::uint64_t{8} << 20; ///< of all of them together

/// What a journal says about itself and its target.
struct JournalHeader {
    TransactionId transaction{};
    JournalSalt salt{}; ///< goes into every hash, so that bytes of an older journal never validate
    SourceIdentity identity;
    SourceFingerprint before; ///< of the target when the journal was made; before.size is the target's size in bytes
    std::uint32_t unit = 4096;
    std::int64_t createdNs = 0; ///< since 1970
    std::string targetPath;     ///< as it was opened, in bytes

    friend bool operator==(const JournalHeader &, const JournalHeader &) = default;
};

/// The new bytes of part of an extent, as the journal holds them: Literal, Pattern or Generated, never External.
struct JournalSegment {
    ByteRange range;
    Piece piece;
};

/// How far a journal's transaction has come, by the last record that is whole.
enum class JournalState : std::uint8_t {
    Unarmed, ///< being made: the target is untouched by it. Under an armed journal's name, which no unarmed one ever gets, its end was lost
    Armed,   ///< the target may hold old and new bytes
    RollingBack, ///< the same, and old bytes were being put back
    Done,        ///< every new byte is on the target
    RolledBack,  ///< every old byte is on the target
};

/// Hash of `parts` one after the other, salted: XXH3-128 of salt, then the parts.
[[nodiscard]] Hash128 saltedHash(const JournalSalt &salt, std::initializer_list<std::span<const std::byte>> parts);

} // namespace cachecore
