// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspector/value_kind.h"

#include <span>

namespace cachet {

/// "00112233-4455-6677-8899-aabbccddeeff" (RFC 9562, 4) of 16 bytes; with `microsoft` the first three fields have their lowest byte first.
[[nodiscard]] ReadValue readGuid(std::span<const std::byte> bytes, bool microsoft);
/// With or without hyphens, in braces or not.
[[nodiscard]] Writing writeGuid(const QString &text, bool microsoft);

} // namespace cachet
