// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspector/value_kind.h"

#include <span>

namespace cachet {

/// IEEE 754 binary floating point of 2, 4 or 8 bytes, in the fewest digits that name it and no other. A NaN other than the usual one is
/// written with the bits of its fraction, nan(0x201), so that every text stands for one value.
[[nodiscard]] ReadValue readFloat(std::span<const std::byte> bytes, ByteOrder order);
/// Rounded to the nearest number there is; what lies beyond the largest or would become zero is refused.
[[nodiscard]] Writing writeFloat(const QString &text, std::size_t length, ByteOrder order);

} // namespace cachet
