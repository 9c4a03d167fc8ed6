// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace cachet {

/// True when the environment names no display at all and no platform that needs none.
[[nodiscard]] bool noDisplayNamed();

/// Takes care, while it lives, that Qt's failure to reach the display ends the program with one sentence on stderr and
/// exit code 1 instead of an abort. Make one around the construction of the application object.
class PlatformGuard {
public:
    PlatformGuard();
    ~PlatformGuard();
    PlatformGuard(const PlatformGuard &) = delete;
    PlatformGuard &operator=(const PlatformGuard &) = delete;
};

/// The sentence for a program without a display.
[[nodiscard]] const char *noDisplaySentence();

} // namespace cachet
