// SPDX-License-Identifier: MIT
#include "cachecore/edit/external_bytes.h"

namespace cachecore {

ExternalBytes::~ExternalBytes() = default;

std::optional<ExternalOrigin> ExternalBytes::origin() const
{
    return std::nullopt;
}

} // namespace cachecore
