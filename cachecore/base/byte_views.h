// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/bytes.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>

namespace cachecore {

// What std::span and the standard algorithms do not offer for views of bytes. Parts are subspan, first and last; all of, any of and equal are std::ranges::all_of,
// std::ranges::any_of and sameBytes. Nothing here copies.

[[nodiscard]] inline bool startsWith(std::span<const std::byte> bytes, std::span<const std::byte> prefix)
{
    return bytes.size() >= prefix.size() && sameBytes(bytes.first(prefix.size()), prefix);
}

[[nodiscard]] inline bool endsWith(std::span<const std::byte> bytes, std::span<const std::byte> suffix)
{
    return bytes.size() >= suffix.size() && sameBytes(bytes.last(suffix.size()), suffix);
}

/// Where `part` begins first in `bytes`; 0 for an empty part. Nothing when it is not there.
[[nodiscard]] inline std::optional<std::size_t> indexOf(std::span<const std::byte> bytes,
                                                        std::span<const std::byte> part)
{
    if (part.empty())
        return 0;
    if (bytes.size() < part.size())
        return std::nullopt;
    const void *const found = memmem(bytes.data(), bytes.size(), part.data(), part.size());
    if (!found)
        return std::nullopt;
    return static_cast<std::size_t>(static_cast<const std::byte *>(found) - bytes.data());
}

/// How many bytes at the beginning satisfy `is`.
template <typename Is>
[[nodiscard]] std::size_t countLeading(std::span<const std::byte> bytes, const Is &is)
{
    return static_cast<std::size_t>(std::ranges::find_if_not(bytes, is) - bytes.begin());
}

/// `bytes` without those at both ends that satisfy `is`, such as padding.
template <typename Is>
[[nodiscard]] std::span<const std::byte> trimmed(std::span<const std::byte> bytes, const Is &is)
{
    bytes = bytes.subspan(countLeading(bytes, is));
    while (!bytes.empty() && is(bytes.back()))
        bytes = bytes.first(bytes.size() - 1);
    return bytes;
}

} // namespace cachecore
