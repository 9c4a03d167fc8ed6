// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/edit/piece.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

namespace cachecore {

/// A 128-bit XXH3 hash.
using Hash128 = std::array<std::uint64_t, 2>;

/// What the disk held under a staged range when it was staged, so that a write can notice that it no longer does.
/// A value of few words; slices share what is long. The unit of hashing is kBaseBlock bytes, aligned to multiples of it in the source.
class Base {
public:
    enum class Kind : std::uint8_t {
        Unseen,     ///< the bytes were not loaded; frozen when a write reads them
        SeenBytes,  ///< the bytes themselves: byte i is bytes()[skip + i]
        SeenHashes, ///< hashes of the aligned blocks: the block at range begin is hashes()[skip / kBaseBlock]
    };
    static constexpr std::uint64_t kBaseBlock = 4096;
    using SharedHashes = std::shared_ptr<const std::vector<Hash128>>;

    Kind kind = Kind::Unseen;
    std::uint64_t skip = 0;

    /// The same base from its byte `skipBytes` on.
    [[nodiscard]] Base slice(std::uint64_t skipBytes) const;

    /// As long as this base is there; only for SeenBytes.
    [[nodiscard]] std::span<const std::byte> bytes() const;
    /// The same, only for SeenHashes.
    [[nodiscard]] std::span<const Hash128> hashes() const;
    /// True when both say the same because they come from the same look at the disk, or say it in so few words that these are compared.
    [[nodiscard]] bool sameAs(const Base &other) const
    {
        return kind == other.kind && skip == other.skip && m_seen == other.m_seen;
    }

    [[nodiscard]] static Base ofBytes(SharedBytes seen);
    /// The same of a copy, which needs no memory of its own when there are no more than ShortBytes::kMost.
    [[nodiscard]] static Base ofCopyOf(std::span<const std::byte> seen);
    /// The bytes of a literal piece, shared where it shares them.
    [[nodiscard]] static Base ofLiteral(const Piece &piece);
    /// Hashes of consecutive aligned blocks, the first at the range's begin, which must be aligned.
    [[nodiscard]] static Base ofHashes(SharedHashes blockHashes);
    /// The same of one block.
    [[nodiscard]] static Base ofHash(const Hash128 &blockHash);

private:
    std::variant<ShortBytes, SharedBytes, Hash128, SharedHashes> m_seen;
};

/// The aligned blocks that `range` touches, whole: what hashes of bases inside it speak of.
[[nodiscard]] constexpr ByteRange baseBlocks(ByteRange range)
{
    return {range.begin().alignedDown(Base::kBaseBlock), range.end().alignedUp(Base::kBaseBlock)};
}

/// XXH3-128 of `bytes`.
[[nodiscard]] Hash128 hash128(std::span<const std::byte> bytes);

} // namespace cachecore
