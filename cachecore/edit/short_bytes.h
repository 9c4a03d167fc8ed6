// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace cachecore {

using SharedBytes = std::shared_ptr<const std::vector<std::byte>>;

/// So few bytes that a copy is as cheap as sharing them.
class ShortBytes {
public:
    static constexpr std::size_t kMost = 15;

    ShortBytes() = default;
    /// At most kMost bytes.
    explicit ShortBytes(std::span<const std::byte> bytes)
        : m_size(static_cast<std::uint8_t>(bytes.size()))
    {
        assert(bytes.size() <= kMost);
        std::ranges::copy(bytes, m_bytes.begin());
    }

    [[nodiscard]] std::span<const std::byte> span() const { return std::span(m_bytes).first(m_size); }
    friend bool operator==(const ShortBytes &, const ShortBytes &) = default;

private:
    std::array<std::byte, kMost> m_bytes{};
    std::uint8_t m_size = 0;
};

/// A copy of `bytes` to be shared.
[[nodiscard]] inline SharedBytes sharedCopyOf(std::span<const std::byte> bytes)
{
    return std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
}

} // namespace cachecore
