// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace cachecore {

class ExternalBytes;

using SharedBytes = std::shared_ptr<const std::vector<std::byte>>;

/// Bytes that follow from a rule: byte i of the piece is generatedByte(generator, phase + i).
struct Generator {
    enum class Kind : std::uint8_t {
        Random,    ///< a stream of pseudo-random bytes that `seed` fixes
        Increment, ///< a little-endian counter of `width` bytes: value number k is seed + k * step, modulo 2^(8 * width)
    };
    Kind kind = Kind::Random;
    std::uint8_t width = 1; ///< Increment: 1, 2, 4 or 8 bytes
    std::uint64_t seed = 0;
    std::uint64_t step = 1;

    friend bool operator==(const Generator &, const Generator &) = default;
};

/// The bytes staged over one range. A value; slices share what they are made of. Two pieces with the same stamp come from the same act of
/// staging.
///
///     Literal    byte i is bytes[phase + i]; phase + length never exceeds bytes.size()
///     Pattern    byte i is bytes[(phase + i) % bytes.size()]
///     Generated  byte i is byte phase + i of the generator's stream
///     External   byte i is byte phase + i of the external bytes; phase + length never exceeds their size
struct Piece {
    enum class Kind : std::uint8_t { Literal, Pattern, Generated, External };

    Kind kind = Kind::Literal;
    std::uint64_t phase = 0;
    std::uint64_t stamp = 0;
    SharedBytes bytes;                             ///< Literal, Pattern
    std::shared_ptr<const Generator> generator;    ///< Generated
    std::shared_ptr<const ExternalBytes> external; ///< External

    [[nodiscard]] static Piece literalOf(SharedBytes bytes);
    /// `bytes` must not be empty.
    [[nodiscard]] static Piece patternOf(SharedBytes bytes);
    [[nodiscard]] static Piece generatedBy(const Generator &generator);
    [[nodiscard]] static Piece externalFrom(std::shared_ptr<const ExternalBytes> external, std::uint64_t at);

    /// A stamp no other act of staging in this process has. Thread: any.
    [[nodiscard]] static std::uint64_t newStamp();

    /// The same piece from its byte `skip` on.
    [[nodiscard]] Piece slice(std::uint64_t skip) const;
    /// Copies into.size() bytes of the piece, from its byte `skip` on. Returns false where they are not in memory (External only), when
    /// `into` is left unspecified. Never blocks.
    [[nodiscard]] bool peekTo(std::uint64_t skip, std::span<std::byte> into) const;
    /// The same, reading what is not in memory. Blocks for External only, and only that can fail.
    [[nodiscard]] Result<void> readTo(std::uint64_t skip, std::span<std::byte> into) const;
    /// The literal bytes [skip, skip + length); only for Literal.
    [[nodiscard]] std::span<const std::byte> literal(std::uint64_t skip, std::uint64_t length) const;
    /// True when it has the same bytes because it is made of the same thing from the same place on; pieces over the same range.
    [[nodiscard]] bool sameMatterAs(const Piece &other) const;
    /// Bytes of memory it holds alive, roughly, for bounding the history: those of Literal and Pattern, a few for Generated, kExternalPayload for
    /// External, which also holds a descriptor.
    [[nodiscard]] std::uint64_t payload() const;
    static constexpr std::uint64_t kExternalPayload = std::uint64_t{64} << 10;
};

/// Fills `into` with bytes [at, at + into.size()) of the generator's stream. O(into.size()), at any `at`. Random: SplitMix64 (Steele, Lea and Flood,
/// 2014) of the seed and the number of each aligned 8 bytes, little-endian.
void generate(const Generator &generator, std::uint64_t at, std::span<std::byte> into);

} // namespace cachecore
