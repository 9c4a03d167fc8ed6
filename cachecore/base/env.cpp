// SPDX-License-Identifier: MIT
#include "cachecore/base/env.h"

namespace cachecore {

EnvFile::~EnvFile() = default;

Env::~Env() = default;

} // namespace cachecore
