// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/journal/protocol_step.h"

#include <cstdlib>

#ifndef CACHET_TEETH
#error "only for programs that leave steps out"
#endif

namespace cachecore {

/// The step whose number CACHET_LEFT_OUT holds; none where it holds no number.
bool leftOut(ProtocolStep step)
{
    static const char *const number = std::getenv("CACHET_LEFT_OUT");
    char *end = nullptr;
    return number && std::strtoul(number, &end, 10) == static_cast<unsigned long>(step) && end != number;
}

} // namespace cachecore
