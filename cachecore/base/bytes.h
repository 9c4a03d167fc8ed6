// SPDX-License-Identifier: MIT
#pragma once

#include <cassert>
#include <cstddef>
#include <cstring>
#include <span>

namespace cachecore {

// At memory speed: the standard library's algorithms go through spans of std::byte one by one.

/// Copies `from` to the beginning of `into`, which is at least as long and does not overlap it.
inline void copyBytes(std::span<const std::byte> from, std::span<std::byte> into)
{
    assert(from.size() <= into.size());
    if (!from.empty())
        std::memcpy(into.data(), from.data(), from.size());
}

/// True when both are as long and hold the same.
[[nodiscard]] inline bool sameBytes(std::span<const std::byte> a, std::span<const std::byte> b)
{
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// True when every byte is 0, also of no bytes.
[[nodiscard]] inline bool allZero(std::span<const std::byte> bytes)
{
    // Each byte equals the one after it, and the first is 0.
    return bytes.empty()
        || (bytes.front() == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

} // namespace cachecore
