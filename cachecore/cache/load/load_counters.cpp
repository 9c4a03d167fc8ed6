// SPDX-License-Identifier: MIT
#include "cachecore/cache/load/load_counters.h"

namespace cachecore {

namespace {

void add(std::atomic<std::uint64_t> &number, std::uint64_t by)
{
    if (by > 0)
        number.fetch_add(by, std::memory_order_relaxed);
}

void addTo(std::uint64_t &sum, const std::atomic<std::uint64_t> &number)
{
    sum += number.load(std::memory_order_relaxed);
}

} // namespace

void LoadCounters::count(const PagesRead &read, std::chrono::steady_clock::duration took)
{
    std::uint64_t failed = 0;
    std::uint64_t unfinished = 0; // to be counted as loaded when they are not any more
    for (const std::shared_ptr<Page> &page : read.pages) {
        unfinished += page->unfinished() ? 1 : 0;
        failed += page->damage() && !page->unfinished() ? 1 : 0;
    }
    add(m_failedLoads, failed);
    add(m_badSectors, read.badBlocks);
    add(m_loads, read.pages.size() - unfinished);
    add(m_merges, read.pages.size() - 1);
    add(m_reads, read.reads);
    add(m_bytes, read.bytes);
    add(m_latency[LatencyHistogram::bucketOf(took)], 1);
}

void LoadCounters::countStreamed(std::uint64_t pages, std::uint64_t bytes, std::chrono::steady_clock::duration took)
{
    add(m_loads, pages);
    add(m_merges, pages - 1);
    add(m_reads, 1);
    add(m_bytes, bytes);
    add(m_latency[LatencyHistogram::bucketOf(took)], 1);
}

void LoadCounters::countStalls(std::uint64_t stalled, std::uint64_t replaced)
{
    add(m_stalled, stalled);
    add(m_replaced, replaced);
}

void LoadCounters::addTo(CacheStatistics &statistics) const
{
    cachecore::addTo(statistics.loads, m_loads);
    cachecore::addTo(statistics.merges, m_merges);
    cachecore::addTo(statistics.reads, m_reads);
    cachecore::addTo(statistics.bytesRead, m_bytes);
    cachecore::addTo(statistics.failedLoads, m_failedLoads);
    cachecore::addTo(statistics.badSectors, m_badSectors);
    cachecore::addTo(statistics.stalledReads, m_stalled);
    cachecore::addTo(statistics.replacedReads, m_replaced);
    for (std::size_t i = 0; i < m_latency.size(); ++i)
        cachecore::addTo(statistics.loadLatency.counts[i], m_latency[i]);
}

} // namespace cachecore
