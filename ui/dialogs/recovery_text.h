// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/write/recovery.h"

#include <QString>

#include <vector>

namespace cachet {

/// What can be done with the journal of an interrupted write.
enum class RecoveryCase : std::uint8_t {
    Open,     ///< finish or roll back
    Finished, ///< every new byte was on the disk: only the journal is left
    Undone,   ///< every old byte was back: only the journal is left
    Unusable, ///< damaged, of a later version, or of another disk: set aside or leave
};

[[nodiscard]] RecoveryCase recoveryCase(const cachecore::RecoveryReport &report);

/// True when the journal can be used neither now nor by looking again, or only with an image that has its former size again: then it may be set aside.
[[nodiscard]] bool maySetAside(const cachecore::RecoveryReport &report);
/// The same of a look that ended with `error`.
[[nodiscard]] bool maySetAside(const cachecore::Error &error);

/// What was found, in one or two sentences.
[[nodiscard]] QString findingText(const cachecore::RecoveryReport &report);

/// One line of the count of units: only those there are.
struct UnitLine {
    cachecore::UnitCondition condition = cachecore::UnitCondition::Old;
    QString count;   ///< "1,024"
    QString meaning; ///< "hold the old bytes"
};
[[nodiscard]] std::vector<UnitLine> unitLines(const cachecore::RecoveryReport &report);

/// "22 November 2026 10:11:12"; empty when the journal does not say.
[[nodiscard]] QString beganText(const cachecore::RecoveryReport &report);

/// What was done, once the journal is settled.
[[nodiscard]] QString settledText(const cachecore::RecoveryReport &before, cachecore::RecoveryChoice choice);
[[nodiscard]] QString setAsideText(const cachecore::JournalAside &aside);

} // namespace cachet
