// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <type_traits>

/// Numbers as files of this program hold them: the lowest byte first, whatever the machine does.
namespace cachecore::little_endian {

/// Writes `value` to the sizeof(T) bytes at `at`.
template <typename T>
void put(std::byte *at, T value)
{
    static_assert(std::is_unsigned_v<T>);
    for (std::size_t i = 0; i < sizeof(T); ++i)
        at[i] = static_cast<std::byte>(value >> (8 * i));
}

/// The number in the sizeof(T) bytes at `at`.
template <typename T>
[[nodiscard]] T get(const std::byte *at)
{
    static_assert(std::is_unsigned_v<T>);
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        value = static_cast<T>(value | static_cast<T>(std::to_integer<T>(at[i]) << (8 * i)));
    return value;
}

} // namespace cachecore::little_endian
