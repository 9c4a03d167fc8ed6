// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <ctime>

namespace cachecore {

/// std::chrono::steady_clock's time as of the system's last tick, some milliseconds ago at most: a tenth of the price. Never blocks.
[[nodiscard]] inline std::chrono::steady_clock::time_point coarseNow()
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return std::chrono::steady_clock::time_point(std::chrono::seconds(now.tv_sec)
                                                 + std::chrono::nanoseconds(now.tv_nsec));
}

} // namespace cachecore
