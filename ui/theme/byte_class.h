// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cachet {

/// What a byte looks like to a reader who scans for structure.
enum class ByteClass : std::uint8_t {
    Zero,      ///< 0x00
    Printable, ///< 0x20..0x7E
    Control,   ///< 0x01..0x1F and 0x7F
    High,      ///< 0x80..0xFE
    Full,      ///< 0xFF
};
inline constexpr std::size_t kByteClassCount = 5;

/// The class of `byte`. O(1), a table look-up.
[[nodiscard]] ByteClass byteClass(std::byte byte);

/// True for the characters that the text pane shows as themselves and takes from the keyboard: 0x20..0x7E.
[[nodiscard]] constexpr bool isPrintable(std::byte byte)
{
    return byte >= std::byte{0x20} && byte <= std::byte{0x7E};
}

/// The character the text pane shows: the byte itself when printable, else a dot.
[[nodiscard]] constexpr char textOf(std::byte byte)
{
    return isPrintable(byte) ? static_cast<char>(byte) : '.';
}

/// The two hex digits of a byte.
[[nodiscard]] constexpr char highDigit(std::byte byte)
{
    return "0123456789ABCDEF"[std::to_integer<unsigned>(byte) >> 4];
}
[[nodiscard]] constexpr char lowDigit(std::byte byte)
{
    return "0123456789ABCDEF"[std::to_integer<unsigned>(byte) & 0xF];
}

} // namespace cachet
