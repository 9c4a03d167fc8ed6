// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace cachet_test {

inline void require(bool condition)
{
    if (!condition)
        std::abort();
}

/// The input, taken from the front; zeros when it has ended.
class Input {
public:
    explicit Input(std::span<const std::uint8_t> bytes)
        : m_bytes(bytes)
    {
    }
    [[nodiscard]] bool ended() const { return m_bytes.empty(); }
    std::uint64_t number(std::size_t bytes)
    {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < bytes && !ended(); ++i) {
            value = value << 8U | m_bytes.front();
            m_bytes = m_bytes.subspan(1);
        }
        return value;
    }
    std::uint64_t below(std::uint64_t bound) { return number(bound > 0xffff ? 3 : bound > 0xff ? 2 : 1) % bound; }

private:
    std::span<const std::uint8_t> m_bytes;
};

} // namespace cachet_test
