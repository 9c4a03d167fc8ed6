// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"

#include <cstdint>

namespace cachecore {

/// What a commit or persist did.
struct WriteReport {
    std::uint64_t bytesWritten = 0; ///< staged bytes that are now on the disk
    std::uint64_t extents = 0;      ///< contiguous stretches they lie in
    std::uint64_t writes = 0;       ///< write calls made
    ByteRange span;                 ///< from the first to the last byte written; empty when nothing was staged
    bool undoKept = true;           ///< false when the old bytes were too many to keep, so undo starts after this write

    friend bool operator==(const WriteReport &, const WriteReport &) = default;
};

} // namespace cachecore
