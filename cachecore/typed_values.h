// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/typed_value.h"
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
