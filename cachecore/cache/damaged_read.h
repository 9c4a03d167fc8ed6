// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/base/error.h"
#include "cachecore/source/block_source.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cachecore {

/// What a read that splits around failures found out.
struct DamagedRead {
    std::vector<ByteRange> bad;     ///< ascending, not touching
    std::vector<ByteRange> untried; ///< behind these, ascending: parts of reads that failed, for which no time was left
    std::optional<Error> error;     ///< the first failure; none: nothing is bad or untried
    std::optional<std::uint64_t> endsAt; ///< the source ended before `range` did, at this size
    std::uint64_t failedBytes = 0;       ///< of `bad`, those the medium failed for now, not those past its end
    std::uint64_t reads = 0;             ///< reads that were made
};

/// How long one may look for what is lost of a failed read: each try can take a failing disk many seconds. Without an Env as long as it takes.
struct SearchTime {
    const Env *env = nullptr;
    std::chrono::steady_clock::time_point until{};

    [[nodiscard]] bool over() const { return env && env->now() >= until; }
};

/// The bytes a read gave of what was asked. A source that claims to have given more is not believed: an error with EPROTO. Where it gives
/// fewer it is asked for the rest, so that fewer means the end. Blocking.
[[nodiscard]] Result<std::uint64_t> readToTheEnd(BlockSource &source, ByteOffset at, std::span<std::byte> into);

/// Fills `into` with `range` of `source`; where reading fails, halves the range down to the unit that can fail alone, asking the medium
/// itself (BlockSource::readDirect), so that only what really cannot be read is lost. `failed` is the error of a read of the whole range
/// that was made before; without one it is read whole first. When `time` is over, the parts that were not read by themselves are left
/// untried. Blocking. Throws std::bad_alloc.
[[nodiscard]] DamagedRead readAroundDamage(BlockSource &source, ByteRange range, std::span<std::byte> into,
                                           std::optional<Error> failed = {}, SearchTime time = {});

/// Goes on where `before`, for the same `range` and `into`, had no time left; makes at least one read of what is untried, so that with every call less is. Blocking.
/// Throws std::bad_alloc.
[[nodiscard]] DamagedRead readUntried(BlockSource &source, ByteRange range, std::span<std::byte> into,
                                      DamagedRead before, SearchTime time = {});

} // namespace cachecore
