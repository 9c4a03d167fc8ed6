// SPDX-License-Identifier: MIT
#include "cachecore/scan/snapshot.h"

namespace cachecore {

Snapshot::~Snapshot() = default;

} // namespace cachecore
