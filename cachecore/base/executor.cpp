// SPDX-License-Identifier: MIT
#include "cachecore/base/executor.h"

namespace cachecore {

Executor::~Executor() = default;

} // namespace cachecore
