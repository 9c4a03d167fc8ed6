// SPDX-License-Identifier: MIT
#pragma once

namespace cachecore {

template <typename Value>
class RangeTree { };

} // namespace cachecore
