// SPDX-License-Identifier: MIT
#include "cachecore/edit/external_bytes.h"

namespace cachecore {

ExternalBytes::~ExternalBytes() = default;

} // namespace cachecore
