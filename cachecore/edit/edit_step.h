// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"

#include <cstdint>

namespace cachecore {

/// One kind of step of the undo history; sentences are made by the caller.
enum class EditKind : std::uint8_t { Type, Paste, Fill, Discard, Set, Generate, Import, Restore };

struct EditStep {
    EditKind kind = EditKind::Type;
    ByteRange range;
};

} // namespace cachecore
