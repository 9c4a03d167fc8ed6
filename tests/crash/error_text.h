// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/error.h"

#include <string>

namespace cachet_test {

/// Code, operation, range and path of an error, for messages of tests.
[[nodiscard]] inline std::string errorText(const cachecore::Error &error)
{
    std::string text = "code " + std::to_string(static_cast<int>(error.code)) + ", errno "
        + std::to_string(error.systemError) + ", operation " + std::to_string(static_cast<int>(error.operation));
    if (error.range)
        text += ", [" + std::to_string(error.range->begin().value()) + ", " + std::to_string(error.range->end().value())
            + ")";
    return text + ", path \"" + error.path + "\"";
}

/// What an error lacks of what a person needs to act on it: its code and operation, and the file it is about. Empty when nothing.
[[nodiscard]] inline std::string lacks(const cachecore::Error &error)
{
    if (error.operation == cachecore::Operation::None)
        return "an operation: " + errorText(error);
    if (error.path.empty())
        return "a path: " + errorText(error);
    return {};
}

} // namespace cachet_test
