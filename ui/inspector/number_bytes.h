// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspector/value_kind.h"

#include <cassert>
#include <span>

namespace cachet {

/// The number in `bytes`, at most eight of them.
[[nodiscard]] inline std::uint64_t numberOf(std::span<const std::byte> bytes, ByteOrder order)
{
    assert(bytes.size() <= 8);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::byte byte = bytes[order == ByteOrder::Big ? i : bytes.size() - 1 - i];
        number = (number << 8) | std::to_integer<std::uint64_t>(byte);
    }
    return number;
}

/// The lowest `count` bytes (at most eight) of `number`.
[[nodiscard]] inline std::vector<std::byte> bytesOfNumber(std::uint64_t number, std::size_t count, ByteOrder order)
{
    assert(count <= 8);
    std::vector<std::byte> bytes(count);
    for (std::size_t i = 0; i < count; ++i)
        bytes[order == ByteOrder::Little ? i : count - 1 - i] = static_cast<std::byte>(number >> (8 * i));
    return bytes;
}

/// `number`, whose lowest `count` bytes hold a number in two's complement.
[[nodiscard]] inline std::int64_t signedOf(std::uint64_t number, std::size_t count)
{
    const auto shift = static_cast<unsigned>(64 - 8 * count);
    return static_cast<std::int64_t>(number << shift) >> shift;
}

} // namespace cachet
