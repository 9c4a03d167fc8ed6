// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/cache/latency_histogram.h"

#include <cstdint>

namespace cachecore {

/// Counters of a page cache and its loads since it was made, and its fill at this moment.
struct CacheStatistics {
    std::uint64_t hits = 0;          ///< visits that found the page ready
    std::uint64_t misses = 0;        ///< visits that did not
    std::uint64_t loads = 0;         ///< pages read from the source
    std::uint64_t merges = 0;        ///< of these, read together with a neighbour instead of by a read of their own
    std::uint64_t reads = 0;         ///< reads of the source, those around bad sectors included
    std::uint64_t bytesRead = 0;     ///< bytes the source gave
    std::uint64_t failedLoads = 0;   ///< pages of which some bytes could not be read
    std::uint64_t badSectors = 0;    ///< blocks of the source that could not be read, each time they were tried
    std::uint64_t stalledReads = 0;  ///< loads whose read had run for kStalledAfter
    std::uint64_t replacedReads = 0; ///< of these, those another worker was started for
    std::uint64_t evictions = 0;
    std::uint64_t residentBytes = 0; ///< bytes of the pages in the cache
    std::uint64_t detachedBytes = 0; ///< bytes of pages taken out of the cache and still pinned
    std::uint64_t budgetBytes = 0;
    std::uint64_t reservedBytes = 0; ///< bytes held from the system for pages, free room in them included
    std::uint64_t loading = 0;       ///< pages wanted or being read now
    std::uint64_t stalledNow = 0;    ///< reads under way that have run for kStalledAfter
    LatencyHistogram loadLatency;    ///< of loads that have ended, from asking the source to having its answer
};

} // namespace cachecore
