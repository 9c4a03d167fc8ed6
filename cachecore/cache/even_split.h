// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace cachecore {

/// Where part `index` begins when `count` things are split into `parts` as even as whole things allow: index * count / parts, without overflow.
[[nodiscard]] constexpr std::uint64_t evenSplit(std::uint64_t index, std::uint64_t count, std::uint64_t parts)
{
    return index * (count / parts) + index * (count % parts) / parts;
}

} // namespace cachecore
