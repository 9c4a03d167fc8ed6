// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/staged_edits.h"
#include "cachecore/source/block_source.h"

#include <stop_token>

namespace cachecore {

/// Edits by what the source holds under them now. The three share no byte and together are what was given.
struct SortedEdits {
    StagedEdits fitting; ///< on what they were made on, or there already, or made on bytes never seen of the same disk
    StagedEdits changed; ///< made on bytes that are others now
    StagedEdits unreadable; ///< the medium does not give the bytes, or the source no longer reaches so far
};

/// Compares what `edits` were made on with what `source` holds. The parts of
/// a piece in each aligned block of Base::kBaseBlock are sorted by themselves. Errors: Cancelled, OutOfMemory, what the source says beside a failing medium. Blocking; reads only where something was seen.
[[nodiscard]] Result<SortedEdits> sortByBase(const StagedEdits &edits, BlockSource &source, std::stop_token stop = {});

/// Of edits that fit, those made on bytes that were never seen count as changed: for a disk that is not the one they were made on, whatever it holds.
void moveUnseen(SortedEdits &sorted);

} // namespace cachecore
