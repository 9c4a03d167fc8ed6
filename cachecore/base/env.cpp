// SPDX-License-Identifier: MIT
#include "cachecore/base/env.h"

namespace cachecore {

EnvFile::~EnvFile() = default;

Result<DirectAlignment> EnvFile::directAlignment()
{
    return failure(ErrorCode::NotSupported, Operation::Stat);
}

Result<std::size_t> EnvFile::preadDirect(ByteOffset at, std::span<std::byte> into)
{
    return failure(ErrorCode::NotSupported, Operation::Read, clippedRange(at, into.size()));
}

Env::~Env() = default;

} // namespace cachecore
