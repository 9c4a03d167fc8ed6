// SPDX-License-Identifier: MIT
#include "cachecore/edit/base.h"

#include <utility>

#include <xxhash.h>

namespace cachecore {

Base Base::slice(std::uint64_t skipBytes) const
{
    Base rest = *this;
    if (kind != Kind::Unseen)
        rest.skip += skipBytes;
    return rest;
}

std::span<const std::byte> Base::bytes() const
{
    const auto *const few = std::get_if<ShortBytes>(&m_seen);
    return few ? few->span() : std::span(*std::get<SharedBytes>(m_seen));
}

std::span<const Hash128> Base::hashes() const
{
    const auto *const one = std::get_if<Hash128>(&m_seen);
    return one ? std::span(one, 1) : std::span(*std::get<SharedHashes>(m_seen));
}

Base Base::ofBytes(SharedBytes seen)
{
    Base base;
    base.kind = Kind::SeenBytes;
    base.m_seen = std::move(seen);
    return base;
}

Base Base::ofCopyOf(std::span<const std::byte> seen)
{
    if (seen.size() > ShortBytes::kMost)
        return ofBytes(sharedCopyOf(seen));
    Base base;
    base.kind = Kind::SeenBytes;
    base.m_seen = ShortBytes(seen);
    return base;
}

Base Base::ofLiteral(const Piece &piece)
{
    Base base;
    base.kind = Kind::SeenBytes;
    base.skip = piece.phase;
    if (const ShortBytes *const few = piece.shortBytes())
        base.m_seen = *few;
    else
        base.m_seen = piece.bytes();
    return base;
}

Base Base::ofHashes(SharedHashes blockHashes)
{
    Base base;
    base.kind = Kind::SeenHashes;
    base.m_seen = std::move(blockHashes);
    return base;
}

Base Base::ofHash(const Hash128 &blockHash)
{
    Base base;
    base.kind = Kind::SeenHashes;
    base.m_seen = blockHash;
    return base;
}

Hash128 hash128(std::span<const std::byte> bytes)
{
    const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
    return {hash.low64, hash.high64};
}

} // namespace cachecore
