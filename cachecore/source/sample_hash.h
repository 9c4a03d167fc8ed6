// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/source/block_source.h"

#include <cstdint>

namespace cachecore {

/// XXH3-64 over at most 8 samples of 4 KiB spread evenly over the first `size` bytes of `source`, its first and last bytes
/// among them; over all of it when it is no longer than that. A sample the medium cannot give (Io) counts as a mark,
/// so that a failing disk has a fingerprint too; any other error is returned. Blocking.
[[nodiscard]] Result<std::uint64_t> sampleHash(BlockSource &source, std::uint64_t size);

} // namespace cachecore
