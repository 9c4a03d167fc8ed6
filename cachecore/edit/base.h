// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/edit/piece.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace cachecore {

/// A 128-bit XXH3 hash.
using Hash128 = std::array<std::uint64_t, 2>;

/// What the disk held under a staged range when it was staged, so that a write can notice that it no longer does.
/// A value; slices share. The unit of hashing is kBaseBlock bytes, aligned to multiples of it in the source.
struct Base {
    enum class Kind : std::uint8_t {
        Unseen,     ///< the bytes were not loaded; frozen when a write reads them
        SeenBytes,  ///< the bytes themselves: byte i is bytes[skip + i]
        SeenHashes, ///< hashes of the aligned blocks: the block at range begin is hashes[skip / kBaseBlock]
    };
    static constexpr std::uint64_t kBaseBlock = 4096;

    Kind kind = Kind::Unseen;
    std::uint64_t skip = 0;
    SharedBytes bytes;
    std::shared_ptr<const std::vector<Hash128>> hashes;

    /// The same base from its byte `skipBytes` on.
    [[nodiscard]] Base slice(std::uint64_t skipBytes) const;

    [[nodiscard]] static Base ofBytes(SharedBytes seen);
    /// Hashes of consecutive aligned blocks, the first at the range's begin, which must be aligned.
    [[nodiscard]] static Base ofHashes(std::shared_ptr<const std::vector<Hash128>> blockHashes);
};

/// The aligned blocks that `range` touches, whole: what hashes of bases inside it speak of.
[[nodiscard]] constexpr ByteRange baseBlocks(ByteRange range)
{
    return {range.begin().alignedDown(Base::kBaseBlock), range.end().alignedUp(Base::kBaseBlock)};
}

/// XXH3-128 of `bytes`.
[[nodiscard]] Hash128 hash128(std::span<const std::byte> bytes);

} // namespace cachecore
