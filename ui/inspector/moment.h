// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>

namespace cachet {

struct TimeOfDay {
    int hour = 0;
    int minute = 0;
    int second = 0;
    int steps = 0; ///< of 100 ns

    /// True from 00:00:00 to 23:59:59.9999999; no day has a leap second here.
    [[nodiscard]] bool ok() const;
};

/// A date, a time or both, as people write them.
struct Moment {
    std::optional<std::chrono::year_month_day> date; ///< of the years 1 to 9999
    std::optional<TimeOfDay> time;
    std::optional<int> zoneMinutes; ///< east of UTC; 0 for Z; nothing when none was given
};

/// "2026-11-22 20:50:37.1234567+01:00" (RFC 3339, with a space or a T) or a part of it: the date alone, the time alone, and a time without seconds,
/// fraction or zone. The error is one sentence.
[[nodiscard]] std::expected<Moment, QString> parseMoment(const QString &text);

/// Seconds since 1970 of a moment in UTC, leap seconds not counted.
[[nodiscard]] std::int64_t secondsOf(const std::chrono::year_month_day &date, const TimeOfDay &time);

/// "2026-11-22".
[[nodiscard]] QString dateText(const std::chrono::year_month_day &date);
/// "20:50:37"; "20:50:37.12" with a fraction.
[[nodiscard]] QString timeText(const TimeOfDay &time);
/// "2026-11-22 20:50:37Z" of seconds since 1970 and steps of 100 ns; nothing outside of the years 1 to 9999.
[[nodiscard]] std::optional<QString> instantText(std::int64_t seconds, std::int64_t steps);

} // namespace cachet
