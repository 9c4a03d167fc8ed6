// SPDX-License-Identifier: GPL-3.0-or-later
// What the cache keeps, and how long one look-up waits.
#include "cachecore/cache/page_cache.h"
#include "tests/bench/bench_file.h"
#include "tests/bench/bench_rows.h"
#include "tests/bench/pair_reporter.h"
#include "tests/bench/plain_s3_fifo.h"
#include "tests/support/random.h"
#include "tests/support/zipf_trace.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <unordered_map>

#include <benchmark/benchmark.h>

using namespace cachecore;

namespace cachet_test {

namespace {

constexpr std::size_t kZipfPages = std::size_t{1} << 18;
constexpr std::size_t kZipfCached = std::size_t{1} << 14;
constexpr std::size_t kZipfLength = std::size_t{1} << 21;
constexpr std::size_t kScanEvery = 20'000; ///< requests between two scans
constexpr std::size_t kScanPages = kZipfCached;
constexpr std::uint64_t kScanFirst = kZipfPages; ///< scans go over pages that nothing else wants
constexpr unsigned kTouches = 4;                 ///< of a page by a scan
constexpr std::uint64_t kSeed = 31;

void report(benchmark::State &state, double figure, const char *unit)
{
    state.counters[kFigureCounter] = figure;
    state.SetLabel(unit);
}

/// The share of a Zipf(0.99) trace that `access` says was there; with `scan` called now and then in between.
template <typename Access, typename Scan>
double hitRate(const Access &access, const Scan &scan)
{
    static const std::vector<std::uint64_t> trace = zipfTrace(kZipfPages, kZipfLength);
    std::uint64_t hits = 0;
    for (std::size_t i = 0; i < trace.size(); ++i) {
        if (i % kScanEvery == kScanEvery - 1)
            scan();
        hits += access(trace[i]) ? 1 : 0;
    }
    return static_cast<double>(hits) / static_cast<double>(trace.size());
}

void zipfOfCache(benchmark::State &state, bool scans)
{
    for (auto _ : state) {
        const auto frames = std::make_shared<FramePool>(std::size_t{kMinPageSize});
        PageCache cache(kZipfCached * kMinPageSize, kZipfPages + kScanPages, frames);
        const auto publish = [&](std::uint64_t page, Intent intent) {
            const ByteRange range(ByteOffset(page * kMinPageSize), ByteOffset((page + 1) * kMinPageSize));
            (void)cache.publish(std::make_shared<Page>(PageIndex{page}, range, frames), intent);
        };
        const auto access = [&](std::uint64_t page) {
            if (cache.tryGet({page}, PageCache::Visit::Counted))
                return true;
            publish(page, Intent::Scroll);
            return false;
        };
        const auto scan = [&] {
            for (std::uint64_t i = 0; scans && i < kTouches * kScanPages; ++i) {
                if (!cache.tryGet({kScanFirst + i / kTouches}))
                    publish(kScanFirst + i / kTouches, Intent::Scan);
            }
        };
        report(state, hitRate(access, scan), "hits");
    }
}

void zipfOfSimulation(benchmark::State &state, bool scans)
{
    for (auto _ : state) {
        PlainS3Fifo cache(kZipfCached);
        const auto access = [&](std::uint64_t page) { return cache.access(page); };
        const auto scan = [&] {
            for (std::uint64_t i = 0; scans && i < kTouches * kScanPages; ++i)
                (void)cache.access(kScanFirst + i / kTouches);
        };
        report(state, hitRate(access, scan), "hits");
    }
}

/// Hits of a viewport that goes to and fro over half the cache, while a scan goes over 100 times as much, if there is one.
void viewBesideScan(benchmark::State &state, bool scanning)
{
    constexpr std::uint64_t kBudget = 4 * kMiB;
    constexpr std::uint64_t kViewed = kBudget / kPage / 2;
    constexpr std::uint64_t kScanned = 100 * kBudget / kPage;
    for (auto _ : state) {
        const auto cached = cachedFile(kBudget);
        for (std::uint64_t page = 0; page < kViewed; ++page)
            (void)cached->load(ByteOffset(page * kPage), 1, Intent::Jump);
        std::vector<std::byte> into(4096);
        std::uint64_t hits = 0;
        for (std::uint64_t i = 0; i < kScanned; ++i) {
            const ByteOffset at((kViewed + i) * kPage);
            for (unsigned touch = 0; scanning && touch < kTouches; ++touch) {
                if (!cached->read(at + touch * into.size(), into, Intent::Scan))
                    state.SkipWithError("reading failed");
            }
            const ByteOffset viewed(i % kViewed * kPage);
            hits += cached->tryGet(viewed) ? 1 : 0;
            if (!cached->load(viewed, 1, Intent::Scroll))
                state.SkipWithError("loading failed");
        }
        report(state, static_cast<double>(hits) / static_cast<double>(kScanned), "hits");
    }
}

/// Reads of the source when 16 threads want one page at the same time; each for itself it would be one a thread.
void readsOfOnePage(benchmark::State &state, bool shared)
{
    constexpr std::uint64_t kThreads = 16;
    for (auto _ : state) {
        std::vector<std::shared_ptr<CachedSource>> caches(kThreads);
        const auto one = cachedFile(4 * kMiB);
        for (auto &cached : caches)
            cached = shared ? one : cachedFile(4 * kMiB);
        {
            const auto gate = std::make_shared<Gate>();
            std::vector<std::jthread> threads;
            for (const auto &cached : caches) {
                threads.emplace_back([cached, gate] {
                    gate->pass();
                    (void)cached->load(ByteOffset(0));
                });
            }
            (void)gate->waitForWaiting(kThreads);
            gate->open();
        }
        std::uint64_t reads = shared ? one->statistics().reads : 0;
        for (const auto &cached : caches)
            reads += shared ? 0 : cached->statistics().reads;
        report(state, static_cast<double>(reads), "reads");
    }
}

/// Threads that load pages from everywhere into one cache until this goes.
class Loaders {
public:
    explicit Loaders(const std::shared_ptr<CachedSource> &cached)
    {
        for (std::uint64_t i = 0; i < 16; ++i) {
            m_threads.emplace_back([cached, i](const std::stop_token &stop) {
                Random random(kSeed + i);
                while (!stop.stop_requested())
                    (void)cached->load(ByteOffset(random.below(kFile / kPage) * kPage), 1, Intent::Scroll);
            });
        }
    }

private:
    std::vector<std::jthread> m_threads;
};

/// What 99 of 100 look-ups take at most, in frames of 64 as a window makes them, while 16 threads load.
template <typename LookUp>
void lookUpAmongLoaders(benchmark::State &state, const std::shared_ptr<CachedSource> &cached, const LookUp &lookUp)
{
    using Clock = std::chrono::steady_clock;
    constexpr int kFrames = 500;
    constexpr std::uint64_t kRows = 64;
    for (auto _ : state) {
        std::vector<double> took;
        took.reserve(kFrames * kRows);
        const Loaders loaders(cached);
        for (int frame = 0; frame < kFrames; ++frame) {
            for (std::uint64_t row = 0; row < kRows; ++row) {
                const auto begin = Clock::now();
                lookUp(row);
                took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        std::ranges::sort(took);
        report(state, took[took.size() * 99 / 100], "us");
    }
}

void findAmongLoaders(benchmark::State &state, bool ours)
{
    const auto cached = cachedFile(64 * kMiB);
    std::vector<PageHandle> shown;
    std::unordered_map<std::uint64_t, const std::byte *> table;
    for (std::uint64_t page = 0; page < 64; ++page) {
        shown.push_back(std::move(*cached->load(ByteOffset(page * kPage))));
        table.emplace(page, shown.back().bytes().data());
    }
    if (ours)
        lookUpAmongLoaders(state, cached, [&](std::uint64_t row) {
            benchmark::DoNotOptimize(cached->tryGet(ByteOffset(row * kPage)).bytes().data());
        });
    else
        lookUpAmongLoaders(state, cached,
                           [&](std::uint64_t row) { benchmark::DoNotOptimize(table.find(row)->second); });
}

} // namespace

void registerRateRows()
{
    const auto add = [](const std::string &name, auto function, bool ours, bool baseline, int repetitions) {
        const auto half = [&](const char *suffix, bool argument) {
            benchmark::RegisterBenchmark((name + suffix).c_str(), function, argument)
                ->Iterations(1)
                ->Repetitions(repetitions);
        };
        half("/ours", ours);
        half("/baseline", baseline);
    };
    const auto pair = [](const std::string &name, auto ours, auto baseline, bool argument) {
        benchmark::RegisterBenchmark((name + "/ours").c_str(), ours, argument)->Iterations(1);
        benchmark::RegisterBenchmark((name + "/baseline").c_str(), baseline, argument)->Iterations(1);
    };
    pair("cache/zipf_2^14_of_2^18_pages", zipfOfCache, zipfOfSimulation, false);
    pair("cache/zipf_2^14_of_2^18_pages_beside_scans", zipfOfCache, zipfOfSimulation, true);
    add("cache/viewport_beside_a_scan_of_100_caches", viewBesideScan, true, false, 1);
    add("cache/16_threads_want_one_page", readsOfOnePage, true, false, 5);
    add("cache/look_up_p99_beside_16_loaders", findAmongLoaders, true, false, 3);
}

} // namespace cachet_test
