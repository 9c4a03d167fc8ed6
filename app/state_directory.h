// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace cachet {

/// Where the program keeps what it must find again after a crash, in bytes: $XDG_STATE_HOME/cachet, or ~/.local/state/cachet
/// where that is not set (or not absolute, as the base directory specification asks for). Empty without a home. Touches no disk.
[[nodiscard]] std::string stateDirectory();

} // namespace cachet
