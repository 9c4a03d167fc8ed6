// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspector/value_kind.h"

#include <span>

namespace cachet {

/// What `bytes` begin with when read as `kind`; nothing when they are too few to say.
[[nodiscard]] Reading readValue(ValueKind kind, std::span<const std::byte> bytes, const ValueFormat &format);

/// The bytes that make `text` stand there as `kind`, exactly `length` of them: what readValue says the present value takes. A text that
/// readValue gave as a value gives back bytes that read the same.
[[nodiscard]] Writing writeValue(ValueKind kind, const QString &text, std::size_t length, const ValueFormat &format);

} // namespace cachet
