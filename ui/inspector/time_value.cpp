// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspector/time_value.h"

#include "ui/inspector/moment.h"
#include "ui/inspector/number_bytes.h"

#include <QCoreApplication>

#include <limits>

namespace cachet {

namespace {

constexpr std::int64_t kStepsPerSecond = 10'000'000;
constexpr std::int64_t kFileTimeBegin = -11'644'473'600; // 1601-01-01 in seconds since 1970
constexpr int kDosFirstYear = 1980;
constexpr int kDosLastYear = 2107;

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::TimeValue", text);
}

ReadValue outside(std::size_t length)
{
    return {.length = length, .text = tr("not in years 1 to 9999"), .isValue = false};
}

QString dateForm()
{
    return tr("Type a date and time, such as 2026-11-22 20:50:37Z.");
}

/// What a typed moment is in seconds since 1970 and steps of 100 ns.
struct Instant {
    std::int64_t seconds = 0;
    std::int64_t steps = 0;
};

std::expected<Instant, QString> parseInstant(const QString &text)
{
    const auto moment = parseMoment(text);
    if (!moment)
        return std::unexpected(moment.error());
    if (!moment->date)
        return std::unexpected(dateForm());
    const TimeOfDay time = moment->time.value_or(TimeOfDay{});
    return Instant{secondsOf(*moment->date, time) - moment->zoneMinutes.value_or(0) * std::int64_t{60}, time.steps};
}

std::uint64_t dosDate(const std::chrono::year_month_day &date)
{
    return static_cast<std::uint64_t>(static_cast<int>(date.year()) - kDosFirstYear) << 9
        | static_cast<std::uint64_t>(static_cast<unsigned>(date.month())) << 5
        | static_cast<std::uint64_t>(static_cast<unsigned>(date.day()));
}

QString dosDateText(unsigned bits)
{
    const std::chrono::year_month_day date{std::chrono::year(kDosFirstYear + static_cast<int>(bits >> 9)),
                                           std::chrono::month((bits >> 5) & 0xF), std::chrono::day(bits & 0x1F)};
    return date.ok() ? dateText(date) : QString();
}

QString dosTimeText(unsigned bits)
{
    const TimeOfDay time{static_cast<int>(bits >> 11), static_cast<int>((bits >> 5) & 0x3F),
                         static_cast<int>(bits & 0x1F) * 2};
    return time.ok() ? timeText(time) : QString();
}

/// Why a typed moment is none of DOS; empty when it is one.
QString whyNotDos(const Moment &moment, DosPart part)
{
    if (part == DosPart::DateTime && (!moment.date || !moment.time))
        return tr("Type a date and time, such as 2026-11-22 20:50:36.");
    if (part == DosPart::Date && (!moment.date || moment.time))
        return tr("Type a date, such as 2026-11-22.");
    if (part == DosPart::Time && (moment.date || !moment.time))
        return tr("Type a time, such as 20:50:36.");
    if (moment.zoneMinutes)
        return tr("It knows no time zone: leave it out.");
    if (moment.date
        && (static_cast<int>(moment.date->year()) < kDosFirstYear
            || static_cast<int>(moment.date->year()) > kDosLastYear))
        return tr("It can hold the years %1 to %2.").arg(kDosFirstYear).arg(kDosLastYear);
    if (moment.time && (moment.time->second % 2 != 0 || moment.time->steps != 0))
        return tr("It counts in steps of two seconds.");
    return {};
}

} // namespace

ReadValue readUnixTime(std::span<const std::byte> bytes, ByteOrder order)
{
    const std::int64_t seconds = signedOf(numberOf(bytes, order), bytes.size());
    if (const auto text = instantText(seconds, 0))
        return {.length = bytes.size(), .text = *text};
    return outside(bytes.size());
}

Writing writeUnixTime(const QString &text, std::size_t length, ByteOrder order)
{
    const auto instant = parseInstant(text);
    if (!instant)
        return std::unexpected(instant.error());
    if (instant->steps != 0)
        return std::unexpected(tr("It counts whole seconds."));
    using Narrow = std::numeric_limits<std::int32_t>;
    if (length == 4 && (instant->seconds < Narrow::min() || instant->seconds > Narrow::max()))
        return std::unexpected(tr("32 bits reach from %1 to %2.")
                                   .arg(instantText(Narrow::min(), 0).value_or(QString()),
                                        instantText(Narrow::max(), 0).value_or(QString())));
    return bytesOfNumber(static_cast<std::uint64_t>(instant->seconds), length, order);
}

ReadValue readFileTime(std::span<const std::byte> bytes, ByteOrder order)
{
    const std::uint64_t steps = numberOf(bytes, order);
    const auto seconds = static_cast<std::int64_t>(steps / kStepsPerSecond) + kFileTimeBegin;
    if (const auto text = instantText(seconds, static_cast<std::int64_t>(steps % kStepsPerSecond)))
        return {.length = bytes.size(), .text = *text};
    return outside(bytes.size());
}

Writing writeFileTime(const QString &text, ByteOrder order)
{
    const auto instant = parseInstant(text);
    if (!instant)
        return std::unexpected(instant.error());
    if (instant->seconds < kFileTimeBegin)
        return std::unexpected(tr("It begins with the year 1601."));
    const std::int64_t steps = (instant->seconds - kFileTimeBegin) * kStepsPerSecond + instant->steps;
    return bytesOfNumber(static_cast<std::uint64_t>(steps), 8, order);
}

ReadValue readDosTime(std::span<const std::byte> bytes, DosPart part, ByteOrder order)
{
    const auto bits = static_cast<unsigned>(numberOf(bytes, order));
    const QString date = part == DosPart::Time ? QString() : dosDateText(part == DosPart::Date ? bits : bits >> 16);
    const QString time = part == DosPart::Date ? QString() : dosTimeText(bits & 0xFFFF);
    const bool wrong = (part != DosPart::Time && date.isEmpty()) || (part != DosPart::Date && time.isEmpty());
    if (wrong)
        return {.length = bytes.size(),
                .text = part == DosPart::Time ? tr("no such time") : tr("no such date"),
                .isValue = false};
    return {.length = bytes.size(), .text = part == DosPart::DateTime ? date + u' ' + time : date + time};
}

Writing writeDosTime(const QString &text, DosPart part, ByteOrder order)
{
    const auto moment = parseMoment(text);
    if (!moment)
        return std::unexpected(moment.error());
    if (const QString why = whyNotDos(*moment, part); !why.isEmpty())
        return std::unexpected(why);
    std::uint64_t bits = 0;
    if (moment->time)
        bits = static_cast<std::uint64_t>(moment->time->hour << 11 | moment->time->minute << 5
                                          | moment->time->second / 2);
    if (moment->date)
        bits |= dosDate(*moment->date) << (part == DosPart::DateTime ? 16 : 0);
    return bytesOfNumber(bits, part == DosPart::DateTime ? 4 : 2, order);
}

} // namespace cachet
