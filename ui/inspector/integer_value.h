// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspector/value_kind.h"

#include <span>

namespace cachet {

/// "42", "-0x2a": whole numbers as they are read here, in plain digits.
[[nodiscard]] QString unsignedText(std::uint64_t number, bool hex);
[[nodiscard]] QString signedText(std::int64_t number, bool hex);

/// The number that `text` is, in decimal, hexadecimal (0x), octal (0o) or binary (0b), from `least` to `most`.
[[nodiscard]] std::expected<std::uint64_t, QString> parseUnsigned(const QString &text, std::uint64_t most);
[[nodiscard]] std::expected<std::int64_t, QString> parseSigned(const QString &text, std::int64_t least,
                                                               std::int64_t most);

/// Whole numbers of all bytes given (1, 2, 4 or 8), with or without a sign.
[[nodiscard]] ReadValue readInteger(std::span<const std::byte> bytes, bool isSigned, const ValueFormat &format);
[[nodiscard]] Writing writeInteger(const QString &text, std::size_t length, bool isSigned, const ValueFormat &format);

/// "0101 0011": the bits of one byte.
[[nodiscard]] ReadValue readBits(std::byte byte);
[[nodiscard]] Writing writeBits(const QString &text);

} // namespace cachet
