// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/edit/staged_edits.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace cachet_test {

/// The range of `length` bytes at `begin`; both are known to fit.
[[nodiscard]] inline cachecore::ByteRange rangeAt(std::uint64_t begin, std::uint64_t length)
{
    return {cachecore::ByteOffset(begin), cachecore::ByteOffset(begin + length)};
}

[[nodiscard]] inline std::vector<std::byte> bytesOf(std::initializer_list<int> values)
{
    std::vector<std::byte> bytes;
    for (const int value : values)
        bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

[[nodiscard]] inline cachecore::SharedBytes shared(std::vector<std::byte> bytes)
{
    return std::make_shared<const std::vector<std::byte>>(std::move(bytes));
}

[[nodiscard]] inline cachecore::Piece literalPiece(std::vector<std::byte> bytes, std::uint64_t stamp)
{
    cachecore::Piece piece = cachecore::Piece::literalOf(shared(std::move(bytes)));
    piece.stamp = stamp;
    return piece;
}

[[nodiscard]] inline cachecore::Piece patternPiece(std::vector<std::byte> bytes, std::uint64_t stamp)
{
    cachecore::Piece piece = cachecore::Piece::patternOf(shared(std::move(bytes)));
    piece.stamp = stamp;
    return piece;
}

} // namespace cachet_test
