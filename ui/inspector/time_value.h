// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspector/value_kind.h"

#include <span>

namespace cachet {

/// Which part of a moment a DOS value holds.
enum class DosPart : std::uint8_t { DateTime, Date, Time };

/// Signed seconds since 1970 in UTC, of all bytes given (4 or 8): "2026-11-22 20:50:37Z". Leap seconds are not counted; the calendar is the
/// Gregorian one, also before it began. Only the years 1 to 9999 are values, as in RFC 3339.
[[nodiscard]] ReadValue readUnixTime(std::span<const std::byte> bytes, ByteOrder order);
[[nodiscard]] Writing writeUnixTime(const QString &text, std::size_t length, ByteOrder order);

/// Steps of 100 ns since 1601 in UTC, eight bytes without a sign: "2026-11-22 20:50:37.1234567Z".
[[nodiscard]] ReadValue readFileTime(std::span<const std::byte> bytes, ByteOrder order);
[[nodiscard]] Writing writeFileTime(const QString &text, ByteOrder order);

/// Local time of 1980 to 2107 in steps of two seconds, as FAT keeps it (ECMA-107, 11.2); with both parts the time is in the lower half.
[[nodiscard]] ReadValue readDosTime(std::span<const std::byte> bytes, DosPart part, ByteOrder order);
[[nodiscard]] Writing writeDosTime(const QString &text, DosPart part, ByteOrder order);

} // namespace cachet
