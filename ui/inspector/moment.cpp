// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspector/moment.h"

#include <QCoreApplication>
#include <QRegularExpression>

namespace cachet {

namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr int kStepDigits = 7;
constexpr int kMostZoneHours = 23;

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::Moment", text);
}

std::int64_t secondsOfDay(const year_month_day &date)
{
    return std::int64_t{sys_days(date).time_since_epoch().count()} * kSecondsPerDay;
}

QString padded(int number, int digits)
{
    return QStringLiteral("%1").arg(number, digits, 10, QLatin1Char('0'));
}

const QRegularExpression &form()
{
    // Date, then time with its fraction and zone; each may be missing.
    static const QRegularExpression kForm(
        QStringLiteral("^(?:([0-9]{4})-([0-9]{2})-([0-9]{2}))?"
                       "(?:(?:(?<=[0-9])(?:[ T]| +)|^)([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.([0-9]+))?)?)?"
                       " ?(Z|UTC|([+-])([0-9]{2}):?([0-9]{2}))?$"),
        QRegularExpression::CaseInsensitiveOption);
    return kForm;
}

} // namespace

bool TimeOfDay::ok() const
{
    return hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59;
}

std::expected<Moment, QString> parseMoment(const QString &text)
{
    const auto match = form().match(text.trimmed());
    const auto number = [&match](int group) { return match.captured(group).toInt(); };
    Moment moment;
    if (!match.hasMatch() || (match.captured(1).isEmpty() && match.captured(4).isEmpty()))
        return std::unexpected(
            text.trimmed().isEmpty()
                ? tr("Type a date and time, such as 2026-11-22 20:50:37.")
                : tr("“%1” is no date or time. Write them as 2026-11-22 20:50:37.").arg(text.trimmed()));
    if (!match.captured(1).isEmpty()) {
        moment.date = year_month_day(year(number(1)), month(static_cast<unsigned>(number(2))),
                                     day(static_cast<unsigned>(number(3))));
        if (!moment.date->ok() || number(1) == 0)
            return std::unexpected(
                tr("There is no day %1-%2-%3.").arg(match.captured(1), match.captured(2), match.captured(3)));
    }
    if (!match.captured(4).isEmpty()) {
        const QString fraction = match.captured(7);
        if (fraction.size() > kStepDigits)
            return std::unexpected(tr("A fraction of a second has at most %1 digits.").arg(kStepDigits));
        moment.time = TimeOfDay{number(4), number(5), number(6), fraction.leftJustified(kStepDigits, u'0').toInt()};
        if (!moment.time->ok())
            return std::unexpected(tr("There is no such time of day."));
    }
    if (!match.captured(8).isEmpty()) {
        if (number(10) > kMostZoneHours || number(11) > 59)
            return std::unexpected(tr("There is no such time zone."));
        const int minutes = number(10) * 60 + number(11);
        moment.zoneMinutes = match.captured(9) == QStringLiteral("-") ? -minutes : minutes;
    }
    return moment;
}

std::int64_t secondsOf(const year_month_day &date, const TimeOfDay &time)
{
    return secondsOfDay(date) + time.hour * 3600 + time.minute * 60 + time.second;
}

QString dateText(const year_month_day &date)
{
    return padded(static_cast<int>(date.year()), 4) + u'-'
        + padded(static_cast<int>(static_cast<unsigned>(date.month())), 2) + u'-'
        + padded(static_cast<int>(static_cast<unsigned>(date.day())), 2);
}

QString timeText(const TimeOfDay &time)
{
    QString text = padded(time.hour, 2) + u':' + padded(time.minute, 2) + u':' + padded(time.second, 2);
    if (time.steps == 0)
        return text;
    text += u'.' + padded(time.steps, kStepDigits);
    while (text.endsWith(u'0'))
        text.chop(1);
    return text;
}

std::optional<QString> instantText(std::int64_t seconds, std::int64_t steps)
{
    static const std::int64_t kFirst = secondsOfDay(year(1) / 1 / 1);
    static const std::int64_t kLast = secondsOfDay(year(9999) / 12 / 31) + kSecondsPerDay - 1;
    if (seconds < kFirst || seconds > kLast)
        return std::nullopt;
    const auto days = std::chrono::floor<std::chrono::days>(std::chrono::seconds(seconds));
    const auto rest = static_cast<int>(seconds - std::int64_t{days.count()} * kSecondsPerDay);
    const TimeOfDay time{rest / 3600, rest / 60 % 60, rest % 60, static_cast<int>(steps)};
    return dateText(year_month_day(sys_days(days))) + u' ' + timeText(time) + u'Z';
}

} // namespace cachet
