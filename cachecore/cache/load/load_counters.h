// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/cache/cache_statistics.h"
#include "cachecore/cache/page_reader.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace cachecore {

/// What was read, counted. Each number is right for itself; two of them may be seen on different sides of one load.
/// Thread: any, without a lock.
class LoadCounters {
public:
    /// Some pages were read in `took`.
    void count(const PagesRead &read, std::chrono::steady_clock::duration took);
    /// So many bytes of `pages` pages were read at once, past the cache.
    void countStreamed(std::uint64_t pages, std::uint64_t bytes, std::chrono::steady_clock::duration took);
    void countStalls(std::uint64_t stalled, std::uint64_t replaced);
    void addTo(CacheStatistics &statistics) const;

private:
    using Number = std::atomic<std::uint64_t>;

    Number m_loads{0};
    Number m_merges{0};
    Number m_reads{0};
    Number m_bytes{0};
    Number m_failedLoads{0};
    Number m_badSectors{0};
    Number m_stalled{0};
    Number m_replaced{0};
    std::array<Number, LatencyHistogram::kBuckets> m_latency{};
};

} // namespace cachecore
