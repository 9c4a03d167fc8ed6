// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/scan/snapshot.h"

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

namespace cachecore {

struct CopyReport {
    std::uint64_t size = 0;         ///< bytes of the copy
    std::uint64_t bytesWritten = 0; ///< of these really written; the rest are holes
};

/// Called about every MiB, on the thread that copies: bytes passed so far, of how many.
using CopyProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Writes the snapshot to the file `path` (bytes): holes and zero blocks become holes, staged bytes are in it, the source is
/// untouched. The copy is made under a temporary name beside it, synced and renamed, so that `path` is the old file or the whole
/// copy at every moment; on an error or a stop the temporary is removed.
///
/// Blocking, memory 1 MiB. Errors: InvalidArgument when `path` is the source itself, UnsupportedKind when something other than a
/// regular file has that name, what reading says (an unreadable byte ends the copy: it is never replaced by zeros), what writing says,
/// Cancelled.
[[nodiscard]] Result<CopyReport> saveCopy(const Snapshot &snapshot, Env &env, const std::string &path,
                                          const CopyProgress &progress = {}, std::stop_token stop = {});

} // namespace cachecore
