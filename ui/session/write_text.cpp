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

WriteEndText writeEndText(const cachecore::WriteReport &report, const cachecore::Error &error)
{
    WriteEndText text;
    text.calm = error.code == cachecore::ErrorCode::Cancelled && report.imageIntact;
    const QString what = text.calm ? tr("The write was cancelled.") : errorText(error);
    text.sentence = what + u' ' + resultText(report);
    text.details = detailsText(report);
    return text;
}

ProgressMoment ProgressMoment::of(const cachecore::WriteProgress &progress)
{
    constexpr auto kOrder = std::memory_order_relaxed;
    return {progress.phase.load(kOrder), progress.bytesDone.load(kOrder), progress.bytesTotal.load(kOrder),
            progress.batch.load(kOrder), progress.batchCount.load(kOrder)};
}

QString phaseText(DocumentSession::Work work, WritePhase phase)
{
    if (work == DocumentSession::Work::Look)
        return tr("Looking at the interrupted write");
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

QString progressText(DocumentSession::Work work, const ProgressMoment &moment,
                     const std::optional<TimeLeft::Estimate> &left)
{
    QStringList parts{phaseText(work, moment.phase)};
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

QString whyNotCancel(DocumentSession::Work work, WritePhase phase)
{
    if (work == DocumentSession::Work::Look)
        return {};
    if (phase == WritePhase::Finishing)
        return tr("The new bytes are on the disk already; only the end is being noted.");
    if (phase == WritePhase::RollingBack && work == DocumentSession::Work::Write)
        return tr("The old bytes are being put back; the write ends with that.");
    return {};
}

} // namespace cachet
