// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace cachecore {

using SharedBytes = std::shared_ptr<const std::vector<std::byte>>;

/// The bytes staged over one range: literal, or a pattern that repeats. A value; slices share the bytes.
///
/// Byte i of the piece is bytes[(phase + i) % bytes.size()]; for a literal phase + length never exceeds
/// bytes.size(), so that nothing wraps. Two pieces with the same stamp come from the same act of staging.
struct Piece {
    SharedBytes bytes;
    std::uint64_t phase = 0;
    std::uint64_t stamp = 0;
    bool repeats = false;

    /// A stamp no other act of staging in this process has. Thread: any.
    [[nodiscard]] static std::uint64_t newStamp();

    /// The same piece from its byte `skip` on.
    [[nodiscard]] Piece slice(std::uint64_t skip) const;
    /// Copies into.size() bytes of the piece, from its byte `skip` on.
    void copyTo(std::uint64_t skip, std::span<std::byte> into) const;
    /// The literal bytes [skip, skip + length); only for a piece that does not repeat.
    [[nodiscard]] std::span<const std::byte> literal(std::uint64_t skip, std::uint64_t length) const;
};

} // namespace cachecore
