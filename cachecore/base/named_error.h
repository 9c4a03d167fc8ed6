// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/error.h"

#include <optional>
#include <string>
#include <utility>

namespace cachecore {

/// `error`, which the system gave for a file, with what was being done to which file, and to `range` of it where there is one.
[[nodiscard]] inline Error named(Error error, Operation operation, const std::string &path,
                                 std::optional<ByteRange> range = {})
{
    error.operation = operation;
    error.path = path;
    error.range = range;
    return error;
}

} // namespace cachecore
