// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/error.h"

#include <cerrno>

namespace cachecore {

/// What `call`, which returns a Result, gives once no signal interrupts it: made again as long as it ends with EINTR. Blocks as `call` does.
template <typename Call>
[[nodiscard]] auto retriedWhenInterrupted(const Call &call) -> decltype(call())
{
    for (;;) {
        auto result = call();
        if (result || result.error().systemError != EINTR)
            return result;
    }
}

} // namespace cachecore
