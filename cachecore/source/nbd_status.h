// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/source/nbd_connections.h"

namespace cachecore {

/// As BlockSource::nextData, by the server's block status; all of the rest where `target` offers none. Looks through 2 TiB of hole at most, what follows counts as data. The error has code
/// and errno only. Blocking.
[[nodiscard]] Result<ByteRange> nbdNextData(NbdConnections &connections, const NbdExport &target, ByteOffset from);

} // namespace cachecore
