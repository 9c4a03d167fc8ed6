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
    /// Of the old bytes those that are in memory. O(pieces of oldBytes).
    [[nodiscard]] std::uint64_t oldBytesInMemory() const;
};

/// Edits that were staged on the disk before `change`, expressed on the disk after it, so that what a reader sees stays the same to the byte:
///  - where the edits hold the very piece that was written, nothing is staged any more: the disk has it;
///  - where they hold another, it stays, its base now what was written;
///  - where they hold nothing, the old byte is staged, because the disk no longer has it.
/// What was written counts as seen, up to kKnownBases bytes for pieces that have no bytes of their own; not so what came out of a file, which
/// may hold other bytes by now. Needs change.oldBytesKept() for the third case; without it such
/// bytes are left as the disk has them. Never blocks. O(pieces of the change, and those of the edits within its span * log n); O(1)
/// when the edits are what was written.
[[nodiscard]] StagedEdits carriedOver(const StagedEdits &edits, const EpochChange &change);
inline constexpr std::uint64_t kKnownBases = std::uint64_t{4} << 20;

} // namespace cachecore
