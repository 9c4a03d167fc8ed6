// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace cachecore {

/// Counters of a page cache since it was made, and its fill at this moment.
struct CacheStatistics {
    std::uint64_t hits = 0;        ///< visits that found the page ready
    std::uint64_t misses = 0;      ///< visits that did not
    std::uint64_t loads = 0;       ///< pages read from the source
    std::uint64_t reads = 0;       ///< reads of the source; fewer than loads where neighbours were merged
    std::uint64_t failedLoads = 0; ///< pages of which some bytes could not be read
    std::uint64_t evictions = 0;
    std::uint64_t residentBytes = 0; ///< bytes of the pages in the cache
    std::uint64_t detachedBytes = 0; ///< bytes of pages taken out of the cache and still pinned
    std::uint64_t budgetBytes = 0;
    std::uint64_t reservedBytes = 0; ///< bytes held from the system for pages, free room in them included
    std::uint64_t loading = 0;       ///< pages wanted or being read now
};

} // namespace cachecore
