// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/error.h"

#include <QString>

namespace cachet {

/// Why something failed and what to do about it, the later half of errorText: begins small, ends without a full stop. Thread: any.
[[nodiscard]] QString errorReason(const cachecore::Error &error);

} // namespace cachet
