// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace cachecore {

/// How urgent a load is; smaller goes first.
enum class LoadClass : std::uint8_t {
    Viewport,  ///< on the screen now
    Wanted,    ///< somebody waits for it
    ReadAhead, ///< may be on the screen soon
    Map,       ///< for an overview of the whole
    Scan,      ///< for work that streams over everything
};

inline constexpr LoadClass kLeastUrgent = LoadClass::Scan;

/// True for what nobody waits for at a screen: it leaves workers free for the others.
[[nodiscard]] constexpr bool isBackground(LoadClass urgency)
{
    return urgency >= LoadClass::ReadAhead;
}

/// How many of `workers` may read for `urgency` and all that is less urgent, at the same time. With one worker there is nothing to reserve;
/// of two, one is kept from the background; of more, one is kept for the viewport alone and another from the background.
[[nodiscard]] constexpr unsigned mostReads(LoadClass urgency, unsigned workers)
{
    const unsigned foreground = workers > 2 ? workers - 1 : workers;
    if (urgency == LoadClass::Viewport)
        return workers;
    return isBackground(urgency) && foreground > 1 ? foreground - 1 : foreground;
}

} // namespace cachecore
