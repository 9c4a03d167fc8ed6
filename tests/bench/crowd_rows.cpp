// SPDX-License-Identifier: GPL-3.0-or-later
// Resident pages, looked up by many threads at the same time.
#include "tests/bench/bench_file.h"
#include "tests/bench/bench_rows.h"
#include "tests/bench/pair_reporter.h"
#include "tests/support/random.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include <benchmark/benchmark.h>

using namespace cachecore;

namespace cachet_test {

namespace {

constexpr std::uint64_t kResident = 256; ///< pages
constexpr std::uint64_t kThreads = 16;
constexpr std::uint64_t kLookUps = 500'000; ///< by each thread
constexpr std::uint64_t kSeed = 33;

/// What one look-up costs a processor, in nanoseconds, when kThreads threads call `lookUp(page)` as often as they can: the time from the
/// first to the last, on as many processors as can have been busy, over all look-ups. Waiting for one another counts.
template <typename LookUp>
void lookUpInCrowd(benchmark::State &state, const LookUp &lookUp)
{
    const std::uint64_t processors = std::clamp<std::uint64_t>(std::thread::hardware_concurrency(), 1, kThreads);
    for (auto _ : state) {
        const auto gate = std::make_shared<Gate>();
        std::vector<std::jthread> threads;
        for (std::uint64_t i = 0; i < kThreads; ++i) {
            threads.emplace_back([&lookUp, gate, i] {
                Random random(kSeed + i);
                std::vector<std::uint64_t> order(4096);
                for (std::uint64_t &page : order)
                    page = random.below(kResident);
                gate->pass();
                for (std::uint64_t turn = 0; turn < kLookUps; ++turn)
                    lookUp(order[turn % order.size()]);
            });
        }
        (void)gate->waitForWaiting(kThreads);
        const auto begun = std::chrono::steady_clock::now();
        gate->open();
        threads.clear(); // joins
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;
        state.counters[kFigureCounter]
            = took.count() * static_cast<double>(processors) / static_cast<double>(kThreads * kLookUps);
        state.SetLabel("ns");
    }
}

void pinInCrowd(benchmark::State &state)
{
    const auto cached = cachedFile(2 * kResident * kPage);
    for (std::uint64_t page = 0; page < kResident; ++page)
        (void)cached->load(ByteOffset(page * kPage));
    lookUpInCrowd(state, [&cached](std::uint64_t page) {
        benchmark::DoNotOptimize(cached->tryGet(ByteOffset(page * kPage)).bytes().data());
    });
}

/// A table that nobody may change any more, and no pin.
void findInCrowd(benchmark::State &state)
{
    std::unordered_map<std::uint64_t, const std::byte *> table;
    const std::byte byte{};
    for (std::uint64_t page = 0; page < kResident; ++page)
        table.emplace(page, &byte);
    lookUpInCrowd(state, [&table](std::uint64_t page) { benchmark::DoNotOptimize(table.find(page)->second); });
}

/// The usual way to let threads share pages that may change: an array under a lock for many readers, each page with a count of its own.
void shareInCrowd(benchmark::State &state)
{
    std::shared_mutex mutex;
    std::vector<std::shared_ptr<const std::byte>> pages;
    for (std::uint64_t page = 0; page < kResident; ++page)
        pages.push_back(std::make_shared<const std::byte>());
    lookUpInCrowd(state, [&](std::uint64_t page) {
        std::shared_ptr<const std::byte> pin;
        {
            const std::shared_lock lock(mutex);
            pin = pages[page];
        }
        benchmark::DoNotOptimize(pin.get());
    });
}

} // namespace

void registerCrowdRows()
{
    const auto add = [](const char *name, auto function) {
        benchmark::RegisterBenchmark(name, function)->Iterations(1)->Repetitions(5);
    };
    add("cache/pin_by_16_threads/ours", pinInCrowd);
    add("cache/pin_by_16_threads/baseline", findInCrowd);
    add("cache/pin_by_16_threads_next_to_a_shared_mutex/ours", pinInCrowd);
    add("cache/pin_by_16_threads_next_to_a_shared_mutex/baseline", shareInCrowd);
}

} // namespace cachet_test
