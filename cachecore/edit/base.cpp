// SPDX-License-Identifier: MIT
#include "cachecore/edit/base.h"

#include <xxhash.h>

namespace cachecore {

Base Base::slice(std::uint64_t skipBytes) const
{
    Base rest = *this;
    if (kind != Kind::Unseen)
        rest.skip += skipBytes;
    return rest;
}

Base Base::ofBytes(SharedBytes seen)
{
    Base base;
    base.kind = Kind::SeenBytes;
    base.bytes = std::move(seen);
    return base;
}

Base Base::ofHashes(std::shared_ptr<const std::vector<Hash128>> blockHashes)
{
    Base base;
    base.kind = Kind::SeenHashes;
    base.hashes = std::move(blockHashes);
    return base;
}

Hash128 hash128(std::span<const std::byte> bytes)
{
    const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
    return {hash.low64, hash.high64};
}

} // namespace cachecore
