// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/write/write_progress.h"
#include "cachecore/write/write_report.h"
#include "ui/session/document_session.h"
#include "ui/session/time_left.h"

#include <QString>

#include <optional>

namespace cachet {

/// How a write that did not succeed is told.
struct WriteEndText {
    bool calm = false; ///< it was cancelled, which is no mishap
    QString sentence;
    QString details; ///< what became of each range, one line each, when the sentence only counts them; else empty
};

/// What stopped a write, and what is on the disk, rolled back, untouched or not settled now. `error` should name its file.
[[nodiscard]] WriteEndText writeEndText(const cachecore::WriteReport &report, const cachecore::Error &error);

/// What is said of a journal that nobody needs any more and that could not be removed, or not durably so.
[[nodiscard]] QString leftoverText(const cachecore::Error &error);

/// One moment of a write's progress, copied from WriteProgress.
struct ProgressMoment {
    cachecore::WritePhase phase = cachecore::WritePhase::Waiting;
    std::uint64_t done = 0;  ///< bytes of the phase
    std::uint64_t total = 0; ///< bytes of the phase; 0 where it cannot be counted
    std::uint64_t batch = 0; ///< from 1
    std::uint64_t batchCount = 0;
    std::uint64_t range = 0; ///< from 1, of the ranges that are written one after the other
    std::uint64_t rangeCount = 0;

    [[nodiscard]] static ProgressMoment of(const cachecore::WriteProgress &progress);
};

/// "Writing".
[[nodiscard]] QString phaseText(DocumentSession::Work work, cachecore::WritePhase phase);
/// "Writing, range 3 of 500, batch 2 of 5, about 40 s left".
[[nodiscard]] QString progressText(DocumentSession::Work work, const ProgressMoment &moment,
                                   const std::optional<TimeLeft::Estimate> &left);
/// "1.2 of 4.0 GiB"; empty when the phase has no bytes to count.
[[nodiscard]] QString bytesText(std::uint64_t done, std::uint64_t total);
/// What Cancel gives up.
[[nodiscard]] QString cancelText(DocumentSession::Work work);
/// Why the phase cannot be cancelled; empty when it can.
[[nodiscard]] QString whyNotCancel(DocumentSession::Work work, cachecore::WritePhase phase);

} // namespace cachet
