// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/error.h"
#include "cachecore/source/block_source.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cachecore {

/// What a read that splits around failures found out.
struct DamagedRead {
    std::vector<ByteRange> bad;          ///< ascending, not touching
    std::optional<Error> error;          ///< the first failure; none: nothing is bad
    std::optional<std::uint64_t> endsAt; ///< the source ended before `range` did, at this size
    std::uint64_t failedBytes = 0;       ///< of `bad`, those the medium failed for, not those past its end
    std::uint64_t reads = 0;             ///< reads that were made
};

/// The bytes a read gave of what was asked. A source that claims to have given more is not believed: an error with EPROTO. Where it gives
/// fewer it is asked for the rest, so that fewer means the end. Blocking.
[[nodiscard]] Result<std::uint64_t> readToTheEnd(BlockSource &source, ByteOffset at, std::span<std::byte> into);

/// Fills `into` with `range` of `source`; where reading fails, halves the range down to the unit that can fail alone, asking the medium
/// itself (BlockSource::readDirect), so that only what really cannot be read is lost. `failed` is the error of a read of the whole range
/// that was made before; without one it is read whole first. After kMostFailures failed reads the rest that is known to contain a failure
/// counts as bad whole: a dead disk must not be asked for every sector. Blocking. Throws std::bad_alloc.
[[nodiscard]] DamagedRead readAroundDamage(BlockSource &source, ByteRange range, std::span<std::byte> into,
                                           std::optional<Error> failed = {});

inline constexpr unsigned kMostFailures = 64;

} // namespace cachecore
