// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/error.h"
#include "cachecore/source/block_source.h"

#include <optional>
#include <span>
#include <vector>

namespace cachecore {

/// What a read that splits around failures found out.
struct DamagedRead {
    std::vector<ByteRange> bad;          ///< ascending, not touching
    std::optional<Error> error;          ///< the first failure; none: nothing is bad
    std::optional<std::uint64_t> endsAt; ///< the source ended before `range` did, at this size
};

/// Fills `into` with `range` of `source`; where reading fails, halves the range down to the source's block size, so that only what
/// really cannot be read is lost. After kMostFailures failed reads the rest that is known to contain a failure counts as bad
/// whole: a dead disk must not be asked for every sector. Blocking.
[[nodiscard]] DamagedRead readAroundDamage(BlockSource &source, ByteRange range, std::span<std::byte> into);

inline constexpr unsigned kMostFailures = 64;

} // namespace cachecore
