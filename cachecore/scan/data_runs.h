// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/scan/snapshot.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

namespace cachecore {

/// Unit of what counts as data here, in bytes: zeros that do not fill a whole aligned block of this size end no run.
inline constexpr std::uint64_t kDataRunBlock = 512;

/// Called after each piece looked at, at most a MiB apart, on the thread that looks: where it has come to.
using DataRunProgress = std::function<void(ByteOffset at)>;

// A data run is as many consecutive aligned blocks as have a byte that is not zero; it begins at the first such byte. A block of which a byte cannot be read
// counts as data in all its bytes: nobody knows that it is empty. Staged bytes are in it; holes are passed without reading them.
//
// Blocking, memory 1 MiB. Errors: Cancelled when `stop` was asked for, what Snapshot::nextData says, and what reading says unless it concerns bytes
// that cannot be read.

/// The beginning of the first data run that begins after `from`; nothing when there is none.
[[nodiscard]] Result<std::optional<ByteOffset>> nextDataRun(const Snapshot &snapshot, ByteOffset from,
                                                            const DataRunProgress &progress = {},
                                                            std::stop_token stop = {});

/// The beginning of the last data run that begins before `from`; nothing when there is none.
[[nodiscard]] Result<std::optional<ByteOffset>> previousDataRun(const Snapshot &snapshot, ByteOffset from,
                                                                const DataRunProgress &progress = {},
                                                                std::stop_token stop = {});

} // namespace cachecore
