// SPDX-License-Identifier: MIT
#include "cachecore/source/block_source.h"

namespace cachecore {

BlockSource::~BlockSource() = default;

Result<std::uint64_t> BlockSource::readAt(ByteOffset at, std::span<std::byte> into)
{
    return readAt(at, std::span<const std::span<std::byte>>(&into, 1));
}

Result<std::uint64_t> BlockSource::readDirect(ByteOffset at, std::span<std::byte> into)
{
    return readAt(at, into);
}

Result<void> BlockSource::checkHolders()
{
    return {};
}

Result<void> BlockSource::dropCached(ByteRange)
{
    return {};
}

Result<void> BlockSource::willNeed(ByteRange range)
{
    return failure(ErrorCode::NotSupported, Operation::Read, range);
}

} // namespace cachecore
