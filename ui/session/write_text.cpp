// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/write_text.h"

#include "ui/session/error_text.h"

#include <QCoreApplication>
#include <QLocale>
#include <QStringList>

#include <algorithm>
#include <array>
#include <vector>

namespace cachet {

namespace {

using cachecore::ByteRange;
using cachecore::RangeFate;
using cachecore::WritePhase;
using Work = DocumentSession::Work;

constexpr std::size_t kMostNamed = 3;      // ranges in a sentence
constexpr std::size_t kMostDetails = 1000; // lines of details
constexpr std::array kFates = {RangeFate::Committed, RangeFate::RolledBack, RangeFate::Unsettled, RangeFate::Untouched};

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::WriteText", text);
}

QString number(std::uint64_t value)
{
    return QLocale().toString(static_cast<qulonglong>(value));
}

QString fateText(RangeFate fate)
{
    switch (fate) {
    case RangeFate::Committed:
        return tr("on the disk");
    case RangeFate::RolledBack:
        return tr("rolled back");
    case RangeFate::Unsettled:
        return tr("old and new bytes mixed until it is recovered");
    case RangeFate::Untouched:
        break;
    }
    return tr("untouched");
}

std::vector<ByteRange> rangesOf(const cachecore::WriteReport &report, RangeFate fate)
{
    std::vector<ByteRange> ranges;
    for (const cachecore::RangeResult &result : report.ranges) {
        if (result.fate == fate)
            ranges.push_back(result.range);
    }
    return ranges;
}

/// "bytes 0x0 to 0xF and byte 0x20".
QString namesOf(const std::vector<ByteRange> &ranges)
{
    QStringList names;
    for (const ByteRange &range : ranges)
        names << rangeText(range);
    const QString last = names.takeLast();
    return names.isEmpty() ? last : tr("%1 and %2").arg(names.join(QStringLiteral(", ")), last);
}

QString countOf(const std::vector<ByteRange> &ranges)
{
    return ranges.size() == 1 ? tr("1 part") : tr("%1 parts").arg(number(ranges.size()));
}

/// "On the disk: bytes 0x0 to 0xFF; untouched: byte 0x200."
QString fatesText(const cachecore::WriteReport &report)
{
    const bool named = report.ranges.size() <= kMostNamed;
    QStringList parts;
    for (const RangeFate fate : kFates) {
        const std::vector<ByteRange> ranges = rangesOf(report, fate);
        if (!ranges.empty())
            parts << tr("%1: %2").arg(fateText(fate), named ? namesOf(ranges) : countOf(ranges));
    }
    QString text = parts.join(QStringLiteral("; ")) + u'.';
    text[0] = text[0].toUpper();
    return text;
}

/// What became of the ranges, as a sentence of its own.
QString resultText(const cachecore::WriteReport &report)
{
    const auto all = [&report](RangeFate fate) {
        return std::ranges::all_of(report.ranges, [fate](const auto &result) { return result.fate == fate; });
    };
    if (all(RangeFate::Untouched)) // or there was nothing yet
        return tr("Nothing was written; all edits are still staged.");
    if (all(RangeFate::RolledBack))
        return fatesText(report) + u' ' + tr("The disk holds what it held before; all edits are still staged.");
    return fatesText(report) + u' ' + tr("All edits that are not on the disk are still staged.");
}

QString detailsText(const cachecore::WriteReport &report)
{
    if (report.ranges.size() <= kMostNamed)
        return {};
    QStringList lines;
    for (std::size_t i = 0; i < std::min(report.ranges.size(), kMostDetails); ++i) {
        const auto &[range, fate] = report.ranges[i];
        lines << tr("%1: %2").arg(rangeText(range), fateText(fate));
    }
    if (report.ranges.size() > kMostDetails)
        lines << tr("… and %1 more").arg(number(report.ranges.size() - kMostDetails));
    return lines.join(u'\n');
}

/// Why the old bytes could not be put back after `error`.
QString rollBackText(cachecore::Error why, const cachecore::Error &error)
{
    if (why.path.empty())
        why.path = error.path;
    if (why.code == error.code && why.systemError == error.systemError && why.path == error.path)
        return tr("Putting the old bytes back failed for the same reason.");
    if (why.operation == cachecore::Operation::Write || why.operation == cachecore::Operation::Sync)
        why.operation = cachecore::Operation::RollBack;
    return errorText(why);
}

/// Where settling has words of its own.
QString settlePhaseText(WritePhase phase)
{
    switch (phase) {
    case WritePhase::Waiting:
        return tr("Preparing");
    case WritePhase::Checking:
        return tr("Comparing the disk with the journal");
    case WritePhase::Finishing:
        return tr("Removing the journal");
    default:
        return phaseText(Work::Write, phase);
    }
}

QString timeText(const TimeLeft::Estimate &left)
{
    const auto seconds = left.seconds.count();
    constexpr int kMinute = 60;
    constexpr int kHour = 60 * kMinute;
    QString time;
    if (seconds <= 10)
        time = tr("a few seconds");
    else if (seconds < 2 * kMinute)
        time = tr("about %1 s").arg((seconds + 4) / 5 * 5);
    else if (seconds < 2 * kHour)
        time = tr("about %1 min").arg((seconds + kMinute / 2) / kMinute);
    else
        time = tr("about %1 h").arg((seconds + kHour / 2) / kHour);
    return left.ofPhase ? tr("%1 left of this step").arg(time) : tr("%1 left").arg(time);
}

} // namespace

QString leftoverText(const cachecore::Error &error)
{
    return tr("Its journal is no longer needed, but whether it is gone for good is not sure: %1").arg(errorText(error));
}

WriteEndText writeEndText(const cachecore::WriteReport &report, const cachecore::Error &error)
{
    WriteEndText text;
    const bool cancelled = error.code == cachecore::ErrorCode::Cancelled;
    text.calm = cancelled && report.imageIntact;
    QStringList said{cancelled ? tr("The write was cancelled.") : errorText(error)};
    if (report.rollBackError)
        said << rollBackText(*report.rollBackError, error);
    said << resultText(report);
    if (report.leftover)
        said << leftoverText(*report.leftover);
    if (!report.imageIntact)
        said << tr("Choose Recover to finish the write or to roll it back.");
    text.sentence = said.join(u' ');
    text.details = detailsText(report);
    return text;
}

ProgressMoment ProgressMoment::of(const cachecore::WriteProgress &progress)
{
    constexpr auto kOrder = std::memory_order_relaxed;
    return {progress.phase.load(kOrder),
            progress.bytesDone.load(kOrder),
            progress.bytesTotal.load(kOrder),
            progress.batch.load(kOrder),
            progress.batchCount.load(kOrder),
            0,
            0};
}

QString phaseText(Work work, WritePhase phase)
{
    switch (work) {
    case Work::Look:
        return tr("Looking at the interrupted write");
    case Work::Settle:
        return settlePhaseText(phase);
    case Work::Restore:
        return tr("Staging the edits of an earlier session");
    case Work::Forget:
        return tr("Deleting the edits of an earlier session");
    case Work::Write:
    case Work::None:
        break;
    }
    switch (phase) {
    case WritePhase::Waiting:
        return tr("Waiting to write");
    case WritePhase::Checking:
        return tr("Checking the disk");
    case WritePhase::Journalling:
        return tr("Keeping the old bytes");
    case WritePhase::Writing:
        return tr("Writing");
    case WritePhase::Syncing:
        return tr("Waiting for the disk");
    case WritePhase::Verifying:
        return tr("Reading back");
    case WritePhase::Finishing:
        return tr("Finishing");
    case WritePhase::RollingBack:
        break;
    }
    return tr("Rolling back");
}

QString progressText(Work work, const ProgressMoment &moment, const std::optional<TimeLeft::Estimate> &left)
{
    QStringList parts{phaseText(work, moment.phase)};
    if (moment.rangeCount > 1)
        parts << tr("range %1 of %2").arg(number(moment.range), number(moment.rangeCount));
    if (moment.batchCount > 1)
        parts << tr("batch %1 of %2").arg(number(moment.batch), number(moment.batchCount));
    if (left)
        parts << timeText(*left);
    return parts.join(QStringLiteral(", "));
}

QString bytesText(std::uint64_t done, std::uint64_t total)
{
    if (total == 0)
        return {};
    return tr("%1 of %2").arg(shortSizeText(std::min(done, total)), shortSizeText(total));
}

QString cancelText(Work work)
{
    switch (work) {
    case Work::Look:
        return tr("Stop looking; nothing is changed by that");
    case Work::Settle:
        return tr("Stop; the journal is kept, and it can be done again either way");
    case Work::Restore:
        return tr("Stop; the edits stay kept, and can be staged later");
    case Work::Write:
    case Work::Forget:
    case Work::None:
        break;
    }
    return tr("Stop the write; what is not committed yet is put back");
}

QString whyNotCancel(Work work, WritePhase phase)
{
    if (work == Work::Forget)
        return tr("A file is being removed, which is done at once.");
    if (work == Work::Settle && phase == WritePhase::Finishing)
        return tr("Every byte is in its place already; only the journal is being removed.");
    if (work != Work::Write)
        return {};
    if (phase == WritePhase::Finishing)
        return tr("The new bytes are on the disk already; only the end is being noted.");
    if (phase == WritePhase::RollingBack)
        return tr("The old bytes are being put back; the write ends with that.");
    return {};
}

} // namespace cachet
