// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"
#include "cachecore/edit/base.h"
#include "cachecore/edit/piece.h"
#include "cachecore/source/block_source.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace cachecore {

/// The journal's format; FORMAT.md gives it byte by byte. All numbers are little-endian.

using TransactionId = std::array<std::byte, 16>;
using JournalSalt = std::array<std::byte, 16>;

inline constexpr std::uint32_t kJournalVersion = 1;

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
    Unarmed,     ///< being made: the target is untouched by it
    Armed,       ///< the target may hold old and new bytes
    RollingBack, ///< the same, and old bytes were being put back
    Done,        ///< every new byte is on the target
    RolledBack,  ///< every old byte is on the target
};

/// Hash of `parts` one after the other, salted: XXH3-128 of salt, then the parts.
[[nodiscard]] Hash128 saltedHash(const JournalSalt &salt, std::initializer_list<std::span<const std::byte>> parts);

} // namespace cachecore
