// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <span>

namespace cachecore {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;
/// IEEE 754 binary16.
__extension__ using Float16 = _Float16;

/// Numbers that can be read from bytes and turned into bytes: integers of 8 to 128 bits, signed and unsigned, floats of 16, 32 and 64.
template <typename T>
concept TypedValue = (std::integral<T> && !std::same_as<T, bool>) || std::same_as<T, Int128> || std::same_as<T, UInt128>
    || std::same_as<T, Float16> || std::same_as<T, float> || std::same_as<T, double>;

/// The bytes of `value` in `order`. NaNs keep their bits.
template <TypedValue T>
[[nodiscard]] std::array<std::byte, sizeof(T)> bytesOfValue(T value, std::endian order)
{
    auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
    if (order != std::endian::native)
        std::ranges::reverse(bytes);
    return bytes;
}

/// The value of `bytes` in `order`.
template <TypedValue T>
[[nodiscard]] T valueOfBytes(std::span<const std::byte, sizeof(T)> bytes, std::endian order)
{
    std::array<std::byte, sizeof(T)> ordered{};
    std::ranges::copy(bytes, ordered.begin());
    if (order != std::endian::native)
        std::ranges::reverse(ordered);
    return std::bit_cast<T>(ordered);
}

} // namespace cachecore
