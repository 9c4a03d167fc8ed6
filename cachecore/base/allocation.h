// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

namespace cachecore {

/// More bytes than this are never asked of the system at once: no machine has them, and a sanitizer ends a program that asks.
inline constexpr std::uint64_t kMostAllocation = std::uint64_t{1} << 39;

/// `count` as the number of T in one piece of memory. Throws std::bad_alloc when that would be more than kMostAllocation.
template <typename T>
[[nodiscard]] constexpr std::size_t elementCount(std::uint64_t count)
{
    if (count > kMostAllocation / sizeof(T))
        throw std::bad_alloc();
    return static_cast<std::size_t>(count);
}

} // namespace cachecore
