// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspector/value_kind.h"

#include <span>

namespace cachet {

/// LEB128 (DWARF 5, 7.6) of at most 64 bits, and so of at most 10 bytes. Longer forms than a number needs are read as that number.
[[nodiscard]] Reading readLeb128(std::span<const std::byte> bytes, bool isSigned, const ValueFormat &format);
/// In exactly `length` bytes (1..10): longer than the number needs where that is so, refused where it does not fit.
[[nodiscard]] Writing writeLeb128(const QString &text, std::size_t length, bool isSigned);

} // namespace cachet
