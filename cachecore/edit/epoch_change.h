// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/staged_edits.h"

namespace cachecore {

/// One write of the disk, as undo needs to know it: the passage from one epoch to the next.
///
/// Invariant: `oldBytes` covers every byte of `written`, unless nothing was kept, when it is empty.
struct EpochChange {
    StagedEdits written; ///< exactly the pieces that went to the disk
    RangeTree<Piece>
        oldBytes; ///< what the disk held there before: literal pieces, or external ones in a retired journal
    std::uint64_t retiredBytes = 0; ///< disk space that the retired journal takes; 0 when there is none

    /// The part of it in `range`.
    [[nodiscard]] EpochChange clipped(ByteRange range) const
    {
        return {written.clipped(range), oldBytes.clipped(range), retiredBytes};
    }
    [[nodiscard]] bool oldBytesKept() const { return oldBytes.byteCount() == written.byteCount(); }
};

/// Edits that were staged on the disk before `change`, expressed on the disk after it, so that what a reader sees stays the same to the byte:
///  - where the edits hold the very piece that was written, nothing is staged any more: the disk has it;
///  - where they hold another, it stays, its base now what was written;
///  - where they hold nothing, the old byte is staged, because the disk no longer has it.
/// Needs change.oldBytesKept() for the third case; without it such
/// bytes are left as the disk has them. O(pieces of the change * log n).
[[nodiscard]] StagedEdits carriedOver(const StagedEdits &edits, const EpochChange &change);

} // namespace cachecore
