// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/state_directory.h"

#include <cstdlib>

namespace cachet {

namespace {

/// The value of a variable that names an absolute path; else empty.
std::string absolutePath(const char *variable)
{
    const char *value = std::getenv(variable);
    return value && value[0] == '/' ? value : std::string();
}

} // namespace

std::string stateDirectory()
{
    if (const std::string state = absolutePath("XDG_STATE_HOME"); !state.empty())
        return state + "/cachet";
    if (const std::string home = absolutePath("HOME"); !home.empty())
        return home + "/.local/state/cachet";
    return {};
}

} // namespace cachet
