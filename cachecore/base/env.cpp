// SPDX-License-Identifier: MIT
#include "cachecore/base/env.h"

namespace cachecore {

EnvMapping::~EnvMapping() = default;

EnvFile::~EnvFile() = default;

Result<std::optional<std::string>> EnvFile::otherHolder()
{
    return std::optional<std::string>();
}

Result<DirectAlignment> EnvFile::directAlignment()
{
    return failure(ErrorCode::NotSupported, Operation::Stat);
}

Result<std::size_t> EnvFile::preadDirect(ByteOffset at, std::span<std::byte> into)
{
    return failure(ErrorCode::NotSupported, Operation::Read, clippedRange(at, into.size()));
}

Result<void> EnvFile::willNeed(ByteRange range)
{
    return failure(ErrorCode::NotSupported, Operation::Read, range);
}

Result<std::unique_ptr<EnvMapping>> EnvFile::map(ByteRange range)
{
    return failure(ErrorCode::NotSupported, Operation::Open, range);
}

Env::~Env() = default;

Result<void> Env::renameUnlessTaken(const std::string &from, const std::string &)
{
    return failure(ErrorCode::NotSupported, Operation::Rename, {}, from);
}

} // namespace cachecore
