// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/recovery_text.h"

#include "ui/session/error_text.h"
#include "ui/session/write_text.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>

namespace cachet {

namespace {

using cachecore::ErrorCode;
using cachecore::JournalState;
using cachecore::RecoveryReport;
using cachecore::UnitCondition;

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::RecoveryText", text);
}

QString number(std::uint64_t value)
{
    return QLocale().toString(static_cast<qulonglong>(value));
}

QString unusableText(const RecoveryReport &report)
{
    const QString keep = tr("It is kept until you set it aside; what is on the disk stays as it is.");
    if (report.damage && report.damage->code == ErrorCode::NewerVersion)
        return tr("The journal was written by a later version of Cachet and cannot be used by this one. Open the image "
                  "with that version, or set the journal aside.");
    if (report.damage && report.damage->code != ErrorCode::Damaged)
        return errorText(*report.damage) + u' ' + keep;
    if (report.damage || report.state == JournalState::Unarmed)
        return tr("The journal is damaged or was cut short, so it says neither which bytes are old nor which are new. "
                  "Some of the interrupted write may be on the disk: compare it with a copy if you have one.")
            + u' ' + keep;
    return tr("The journal does not belong to this image: it was made for another disk, or for one of another size. "
              "Using it could destroy bytes, so it cannot be used here.")
        + u' ' + keep;
}

QString openText(const RecoveryReport &report)
{
    const std::uint64_t all = report.unitCount();
    const QString what
        = tr("It was to replace %1 between %2 and %3.")
              .arg(sizeText(report.newBytes), hexText(report.span.begin().value()),
                   hexText(report.span.empty() ? report.span.end().value() : report.span.end().value() - 1));
    if (report.state == JournalState::RollingBack)
        return tr("The write had failed and was being rolled back when that was interrupted too.") + u' ' + what;
    if (report.count(UnitCondition::Old) == all)
        return tr("Nothing of the write has reached the disk yet.") + u' ' + what;
    if (report.count(UnitCondition::New) == all)
        return tr("All of the write has reached the disk; only its end was not noted.") + u' ' + what;
    const bool mixed = report.count(UnitCondition::Old) > 0 && report.count(UnitCondition::New) > 0;
    if (mixed || report.count(UnitCondition::Torn) > 0)
        return tr("The write stopped half-way, so the disk holds old and new bytes.") + u' ' + what;
    return tr("How far the write came cannot be told, because some of its blocks hold other bytes or cannot be read.")
        + u' ' + what;
}

QString meaning(UnitCondition condition, bool one)
{
    switch (condition) {
    case UnitCondition::Old:
        return one ? tr("holds the old bytes") : tr("hold the old bytes");
    case UnitCondition::New:
        return one ? tr("holds the new bytes") : tr("hold the new bytes");
    case UnitCondition::Torn:
        return one ? tr("was cut half-way: part old, part new") : tr("were cut half-way: part old, part new");
    case UnitCondition::Foreign:
        return one ? tr("holds other bytes: something else wrote there since")
                   : tr("hold other bytes: something else wrote there since");
    case UnitCondition::Unreadable:
        break;
    }
    return one ? tr("cannot be read; writing it often mends it") : tr("cannot be read; writing them often mends them");
}

} // namespace

RecoveryCase recoveryCase(const RecoveryReport &report)
{
    if (report.damage)
        return RecoveryCase::Unusable;
    switch (report.state) {
    case JournalState::Done:
        return RecoveryCase::Finished;
    case JournalState::RolledBack:
        return RecoveryCase::Undone;
    case JournalState::Unarmed:
        return RecoveryCase::Unusable;
    case JournalState::Armed:
    case JournalState::RollingBack:
        break;
    }
    // A copy of the disk is another one, and its journal fits where every block holds what the journal knows.
    const bool stranger = !report.sameDisk && report.count(UnitCondition::Foreign) > 0;
    return stranger ? RecoveryCase::Unusable : RecoveryCase::Open;
}

bool maySetAside(const cachecore::Error &error)
{
    return error.code == ErrorCode::Damaged || error.code == ErrorCode::NewerVersion
        || error.code == ErrorCode::Truncated;
}

bool maySetAside(const RecoveryReport &report)
{
    return recoveryCase(report) == RecoveryCase::Unusable && (!report.damage || maySetAside(*report.damage));
}

QString findingText(const RecoveryReport &report)
{
    switch (recoveryCase(report)) {
    case RecoveryCase::Unusable:
        return unusableText(report);
    case RecoveryCase::Finished:
        return tr("The write had ended and is on the disk; only its journal was not removed yet.");
    case RecoveryCase::Undone:
        return tr("The write had been rolled back; only its journal was not removed yet.");
    case RecoveryCase::Open:
        break;
    }
    return report.sameTarget ? openText(report)
                             : openText(report) + u' '
            + tr("The journal was made for another file or another size; it fits, as every block holds what it knows.");
}

std::vector<UnitLine> unitLines(const RecoveryReport &report)
{
    std::vector<UnitLine> lines;
    if (recoveryCase(report) != RecoveryCase::Open)
        return lines;
    for (const UnitCondition condition : {UnitCondition::New, UnitCondition::Old, UnitCondition::Torn,
                                          UnitCondition::Foreign, UnitCondition::Unreadable}) {
        const std::uint64_t count = report.count(condition);
        if (count > 0)
            lines.push_back({condition, number(count), meaning(condition, count == 1)});
    }
    return lines;
}

QString beganText(const RecoveryReport &report)
{
    constexpr std::int64_t kNsPerMs = 1'000'000;
    if (!report.header || report.header->createdNs <= 0)
        return {};
    const QDateTime when = QDateTime::fromMSecsSinceEpoch(report.header->createdNs / kNsPerMs);
    return QLocale().toString(when, QStringLiteral("d MMMM yyyy, HH:mm:ss"));
}

namespace {

QString doneText(const RecoveryReport &before, cachecore::RecoveryChoice choice)
{
    switch (recoveryCase(before)) {
    case RecoveryCase::Finished:
    case RecoveryCase::Undone:
    case RecoveryCase::Unusable:
        return tr("The journal was removed; nothing else was left to do.");
    case RecoveryCase::Open:
        break;
    }
    if (choice == cachecore::RecoveryChoice::Finish)
        return tr("The write was finished: all %1 of it are on the disk, and were read back.")
            .arg(sizeText(before.newBytes));
    return tr("The write was rolled back: the disk holds what it held before it, and that was read back.");
}

} // namespace

QString settledText(const RecoveryReport &before, cachecore::RecoveryChoice choice)
{
    const QString done = doneText(before, choice);
    return before.leftover ? done + u' ' + leftoverText(*before.leftover) : done;
}

QString setAsideText(const cachecore::JournalAside &aside)
{
    const QString done
        = tr("The journal was set aside as %1. The image was not changed: what the interrupted write left on it "
             "stays. "
             "To get the journal back, give that file its former name again.")
              .arg(displayPath(aside.path));
    if (!aside.leftover)
        return done;
    return done + u' '
        + tr("Whether it keeps that name through a power failure is not sure, and it may be asked about once more: %1")
              .arg(errorText(*aside.leftover));
}

} // namespace cachet
