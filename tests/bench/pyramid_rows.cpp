// SPDX-License-Identifier: GPL-3.0-or-later
// The map of a device of 2^28 pages: its states and its heat.
#include "cachecore/cache/page_states.h"
#include "tests/bench/bench_rows.h"
#include "tests/support/random.h"

#include <bit>
#include <chrono>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

using namespace cachecore;

namespace cachet_test {

namespace {

constexpr std::uint64_t kPages = std::uint64_t{1} << 28;
constexpr std::uint64_t kZoomed = std::uint64_t{1} << 20;
constexpr std::size_t kColumns = 1920;
constexpr std::size_t kChanges = 4096; ///< before an order repeats
constexpr std::uint64_t kSeed = 32;
constexpr unsigned kWordBits = 64;

/// A device of which a quarter of a million pages have been visited, and the same as plain bits.
struct Device {
    Device()
        : states(std::make_unique<PageStates>(kPages))
        , bits(kPages / kWordBits)
    {
        Random random(kSeed);
        for (int run = 0; run < 4096; ++run) {
            const std::uint64_t first = run % 8 == 0 ? random.below(kZoomed) : random.below(kPages - 64);
            for (std::uint64_t page = first; page < first + 64; ++page) {
                states->set({page}, page % 50 == 0 ? PageState::Failed : PageState::Ready);
                states->touch({page}, now);
                bits[page / kWordBits] |= std::uint64_t{1} << page % kWordBits;
            }
        }
        for (std::uint64_t &page : order)
            page = random.below(kPages);
        for (const std::uint64_t page : order) { // so that no change measured has to make a node
            states->set({page}, PageState::Ready);
            states->set({page}, PageState::Absent);
        }
    }
    static Device &instance()
    {
        static Device device;
        return device;
    }

    const AccessHeat::Time now{std::chrono::hours(1)};
    const std::unique_ptr<PageStates> states;
    std::vector<std::uint64_t> bits;
    std::vector<std::uint64_t> order = std::vector<std::uint64_t>(kChanges);
};

void frameOfStates(benchmark::State &state, std::uint64_t pages)
{
    const Device &device = Device::instance();
    std::vector<PageStateCounts> out(kColumns);
    for (auto _ : state) {
        device.states->summarize({0}, pages, out);
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
}

void frameOfHeat(benchmark::State &state, std::uint64_t pages)
{
    const Device &device = Device::instance();
    std::vector<float> out(kColumns);
    for (auto _ : state) {
        device.states->heat().summarize({0}, pages, device.now + std::chrono::seconds(10), out);
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
}

/// One state alone, counted by going over all its bits.
void frameOfBits(benchmark::State &state, std::uint64_t pages)
{
    const Device &device = Device::instance();
    std::vector<int> out(kColumns);
    const std::uint64_t words = pages / kWordBits;
    for (auto _ : state) {
        for (std::size_t column = 0; column < kColumns; ++column) {
            out[column] = 0;
            for (std::uint64_t word = column * words / kColumns; word < (column + 1) * words / kColumns; ++word)
                out[column] += std::popcount(device.bits[word]);
        }
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
}

void changeState(benchmark::State &state)
{
    Device &device = Device::instance();
    std::size_t next = 0;
    for (auto _ : state) {
        const bool comes = next / kChanges % 2 == 0;
        device.states->set({device.order[next++ % kChanges]}, comes ? PageState::Ready : PageState::Absent);
    }
}

void changeHeat(benchmark::State &state)
{
    Device &device = Device::instance();
    std::size_t next = 0;
    for (auto _ : state) {
        device.states->touch({device.order[next]}, device.now);
        next = (next + 1) % kChanges;
    }
}

void changeBit(benchmark::State &state)
{
    Device &device = Device::instance();
    std::vector<std::uint64_t> bits(device.bits);
    std::size_t next = 0;
    for (auto _ : state) {
        const std::uint64_t page = device.order[next];
        benchmark::DoNotOptimize(bits[page / kWordBits] ^= std::uint64_t{1} << page % kWordBits);
        next = (next + 1) % kChanges;
    }
}

} // namespace

void registerPyramidRows()
{
    const auto add = [](const char *name, auto function, benchmark::TimeUnit unit) {
        benchmark::RegisterBenchmark(name, function)->Unit(unit)->Repetitions(5)->MinTime(0.1);
    };
    const auto frame = [&](const char *name, auto function, std::uint64_t pages) {
        add(name, [=](benchmark::State &state) { function(state, pages); }, benchmark::kMillisecond);
    };
    frame("states/frame_of_2^28_pages_in_1920/ours", frameOfStates, kPages);
    frame("states/frame_of_2^28_pages_in_1920/baseline", frameOfBits, kPages);
    frame("states/frame_of_2^20_pages_in_1920/ours", frameOfStates, kZoomed);
    frame("states/frame_of_2^20_pages_in_1920/baseline", frameOfBits, kZoomed);
    frame("heat/frame_of_2^28_pages_in_1920/ours", frameOfHeat, kPages);
    frame("heat/frame_of_2^28_pages_in_1920/baseline", frameOfBits, kPages);
    frame("heat/frame_of_2^20_pages_in_1920/ours", frameOfHeat, kZoomed);
    frame("heat/frame_of_2^20_pages_in_1920/baseline", frameOfBits, kZoomed);
    add("states/update_of_one_page/ours", changeState, benchmark::kNanosecond);
    add("states/update_of_one_page/baseline", changeBit, benchmark::kNanosecond);
    add("heat/update_of_one_page/ours", changeHeat, benchmark::kNanosecond);
    add("heat/update_of_one_page/baseline", changeBit, benchmark::kNanosecond);
}

} // namespace cachet_test
