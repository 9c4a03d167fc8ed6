// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/document.h"

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>

namespace cachecore {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

/// Numbers that can be read from and staged over a document: integers of 8 to 128 bits, signed and unsigned, float and double.
template <typename T>
concept TypedValue = (std::integral<T> && !std::same_as<T, bool>) || std::same_as<T, Int128> || std::same_as<T, UInt128>
    || std::same_as<T, float> || std::same_as<T, double>;

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

/// The value at `at`, aligned or not, staged bytes included. Blocking, as Document::read, with its errors: past the end OutOfRange
/// with the range of the whole value.
template <TypedValue T>
[[nodiscard]] Result<T> readValue(Document &document, ByteOffset at, std::endian order, Intent intent = Intent::Jump,
                                  std::stop_token stop = {})
{
    std::array<std::byte, sizeof(T)> bytes{};
    if (auto outcome = document.read(at, bytes, intent, std::move(stop)); !outcome)
        return failure(std::move(outcome.error()));
    return valueOfBytes<T>(bytes, order);
}

/// The value at `at` when all of its bytes are here (loaded or staged), else nothing. Never blocks and loads nothing.
template <TypedValue T>
[[nodiscard]] std::optional<T> peekValue(const Document &document, ByteOffset at, std::endian order)
{
    std::array<std::byte, sizeof(T)> bytes{};
    std::array<ByteCondition, sizeof(T)> conditions{};
    document.peek(at, bytes, conditions);
    const auto here = [](ByteCondition condition) {
        return condition == ByteCondition::Loaded || condition == ByteCondition::Staged;
    };
    if (!std::ranges::all_of(conditions, here))
        return std::nullopt;
    return valueOfBytes<T>(bytes, order);
}

/// Stages `value` at `at`, aligned or not: readers see it at once. Errors as Document::stage.
template <TypedValue T>
[[nodiscard]] Result<void> stageValue(Document &document, ByteOffset at, T value, std::endian order)
{
    return document.stage(at, bytesOfValue(value, order), EditKind::Set);
}

} // namespace cachecore
