// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"
#include "cachecore/edit/short_bytes.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

namespace cachecore {

class ExternalBytes;

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

/// The bytes staged over one range. A value of few words; slices share what they are made of, but for literals that are short enough to be
/// held in it. Two pieces with the same stamp come from the same act of staging.
///
///     Literal    byte i is byte phase + i of its matter; phase + length never exceeds the matter's size
///     Pattern    byte i is bytes()[(phase + i) % bytes().size()]
///     Generated  byte i is byte phase + i of the generator's stream
///     External   byte i is byte phase + i of the external bytes; phase + length never exceeds their size
class Piece {
public:
    enum class Kind : std::uint8_t { Literal, Pattern, Generated, External };
    using SharedGenerator = std::shared_ptr<const Generator>;
    using SharedExternal = std::shared_ptr<const ExternalBytes>;

    Kind kind = Kind::Literal;
    std::uint64_t phase = 0;
    std::uint64_t stamp = 0;

    /// Shares `bytes`, whose content may still be filled in.
    [[nodiscard]] static Piece literalOf(SharedBytes bytes);
    /// The same of a copy, which needs no memory of its own when there are no more than ShortBytes::kMost.
    [[nodiscard]] static Piece literalCopyOf(std::span<const std::byte> bytes);
    /// `bytes` must not be empty.
    [[nodiscard]] static Piece patternOf(SharedBytes bytes);
    [[nodiscard]] static Piece generatedBy(const Generator &generator);
    [[nodiscard]] static Piece generatedOf(SharedGenerator generator);
    [[nodiscard]] static Piece externalFrom(SharedExternal external, std::uint64_t at);

    /// A stamp no other act of staging in this process has. Thread: any.
    [[nodiscard]] static std::uint64_t newStamp();

    /// The same piece from its byte `skip` on.
    [[nodiscard]] Piece slice(std::uint64_t skip) const;
    /// Copies into.size() bytes of the piece, from its byte `skip` on. Returns false where they are not in memory (External only), when
    /// `into` is left unspecified. Never blocks.
    [[nodiscard]] bool peekTo(std::uint64_t skip, std::span<std::byte> into) const;
    /// The same, reading what is not in memory. Blocks for External only, and only that can fail.
    [[nodiscard]] Result<void> readTo(std::uint64_t skip, std::span<std::byte> into) const;
    /// The literal bytes [skip, skip + length), as long as this piece is there; only for Literal.
    [[nodiscard]] std::span<const std::byte> literal(std::uint64_t skip, std::uint64_t length) const &;
    [[nodiscard]] std::span<const std::byte> literal(std::uint64_t skip, std::uint64_t length) const && = delete;
    /// What it is made of; for Pattern, and for a Literal that does not hold its bytes itself.
    [[nodiscard]] const SharedBytes &bytes() const { return std::get<SharedBytes>(m_matter); }
    /// The matter of a Literal that holds it itself, else nothing.
    [[nodiscard]] const ShortBytes *shortBytes() const { return std::get_if<ShortBytes>(&m_matter); }
    /// Only for Generated.
    [[nodiscard]] const Generator &generator() const { return *std::get<SharedGenerator>(m_matter); }
    /// Only for External.
    [[nodiscard]] const SharedExternal &external() const { return std::get<SharedExternal>(m_matter); }
    /// True when it has the same bytes because it is made of the same thing from the same place on, or, of a literal held in the piece, comes
    /// from the same act of staging; pieces over the same range.
    [[nodiscard]] bool sameMatterAs(const Piece &other) const;
    /// Bytes of memory it holds alive, roughly, for bounding the history: those of Literal and Pattern, a few for Generated, kExternalPayload for
    /// External, which also holds a descriptor.
    [[nodiscard]] std::uint64_t payload() const;
    static constexpr std::uint64_t kExternalPayload = std::uint64_t{64} << 10;

private:
    std::variant<ShortBytes, SharedBytes, SharedGenerator, SharedExternal> m_matter;
};

/// Fills `into` with bytes [at, at + into.size()) of the generator's stream. O(into.size()), at any `at`. Random: SplitMix64 (Steele, Lea and Flood,
/// 2014) of the seed and the number of each aligned 8 bytes, little-endian.
void generate(const Generator &generator, std::uint64_t at, std::span<std::byte> into);

} // namespace cachecore
