// SPDX-License-Identifier: GPL-3.0-or-later
// Reading through the cache, each figure next to what it would be without one.
#include "cachecore/cache/chunks.h"
#include "cachecore/cache/cursor.h"
#include "tests/bench/bench_file.h"
#include "tests/bench/bench_rows.h"
#include "tests/bench/pair_reporter.h"
#include "tests/support/random.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include <benchmark/benchmark.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kResident = 256; ///< pages of the rows about hits
constexpr std::size_t kOrder = 4096;     ///< look-ups before an order repeats
constexpr std::uint64_t kSeed = 30;

/// Numbers below `bound` in random order, to be gone through again and again.
std::vector<std::uint64_t> randomOrder(std::uint64_t bound)
{
    Random random(kSeed);
    std::vector<std::uint64_t> order(kOrder);
    for (std::uint64_t &number : order)
        number = random.below(bound);
    return order;
}

/// An aligned buffer that has been written to, as reads are fastest into.
struct Buffer {
    explicit Buffer(std::size_t size)
        : page({0}, ByteRange::whole(size), std::make_shared<FramePool>(size))
    {
        std::ranges::fill(page.writableBytes(), std::byte{1});
    }
    [[nodiscard]] std::span<std::byte> bytes() { return page.writableBytes(); }

    Page page;
};

void pinResident(benchmark::State &state)
{
    const Company company;
    const auto cached = cachedFile(2 * kResident * kPage);
    for (std::uint64_t page = 0; page < kResident; ++page)
        (void)cached->load(ByteOffset(page * kPage));
    const std::vector<std::uint64_t> order = randomOrder(kResident);
    std::size_t next = 0;
    for (auto _ : state) {
        const PageHandle page = cached->tryGet(ByteOffset(order[next] * kPage));
        benchmark::DoNotOptimize(page.bytes().data());
        next = (next + 1) % kOrder;
    }
}

/// The least a cache could do: a table that no other thread may touch and that gives no pin.
void findInTable(benchmark::State &state)
{
    std::unordered_map<std::uint64_t, const std::byte *> table;
    const std::byte byte{};
    for (std::uint64_t page = 0; page < kResident; ++page)
        table.emplace(page, &byte);
    const std::vector<std::uint64_t> order = randomOrder(kResident);
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(table.find(order[next])->second);
        next = (next + 1) % kOrder;
    }
}

void readThroughCursor(benchmark::State &state)
{
    const auto cached = cachedFile(kFile, kMaxPageSize);
    Cursor cursor(*cached);
    (void)cursor.read<std::uint64_t>(ByteOffset(0));
    const std::vector<std::uint64_t> order = randomOrder(kPage / 2); // less than a processor's cache
    std::uint64_t sum = 0;
    for (auto _ : state) {
        for (const std::uint64_t at : order)
            sum += *cursor.read<std::uint64_t>(ByteOffset(at), std::endian::little);
    }
    benchmark::DoNotOptimize(sum);
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kOrder));
}

void readFromArray(benchmark::State &state)
{
    const std::vector<std::byte> bytes = patternBytes(kPage);
    const std::vector<std::uint64_t> order = randomOrder(kPage / 2);
    std::uint64_t sum = 0;
    for (auto _ : state) {
        for (const std::uint64_t at : order) {
            std::uint64_t value = 0;
            std::memcpy(&value, bytes.data() + at, sizeof(value));
            sum += value;
        }
    }
    benchmark::DoNotOptimize(sum);
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kOrder));
}

void loadMissing(benchmark::State &state)
{
    const auto cached = cachedFile(4 * kMiB);
    Random random(kSeed);
    for (auto _ : state) {
        const auto page = cached->load(ByteOffset(random.below(kFile / kPage) * kPage), 1, Intent::Scroll);
        if (!page)
            state.SkipWithError("loading failed");
    }
}

/// Into `count` buffers in turn.
void preadPage(benchmark::State &state, std::size_t count)
{
    EnvFile &file = *BenchFile::instance().file;
    std::vector<std::unique_ptr<Buffer>> buffers;
    for (std::size_t i = 0; i < count; ++i)
        buffers.push_back(std::make_unique<Buffer>(kPage));
    Random random(kSeed);
    std::size_t next = 0;
    for (auto _ : state) {
        const std::array<std::span<std::byte>, 1> into{buffers[next]->bytes()};
        next = next + 1 < count ? next + 1 : 0;
        if (file.preadv(ByteOffset(random.below(kFile / kPage) * kPage), into) != kPage)
            state.SkipWithError("reading failed");
    }
}

/// Offsets of reads of one page's length that begin anywhere.
std::vector<std::uint64_t> anyOffsets()
{
    return randomOrder(kResident * kPage - kPage);
}

void readCached(benchmark::State &state)
{
    const auto cached = cachedFile(4 * kResident * kPage);
    for (std::uint64_t page = 0; page < kResident; ++page)
        (void)cached->load(ByteOffset(page * kPage));
    const std::vector<std::uint64_t> offsets = anyOffsets();
    Buffer into(kPage);
    std::size_t next = 0;
    for (auto _ : state) {
        if (!cached->read(ByteOffset(offsets[next]), into.bytes()))
            state.SkipWithError("reading failed");
        next = (next + 1) % kOrder;
    }
}

void copyMemory(benchmark::State &state)
{
    Buffer from(kResident * kPage); // the memory of both sides is of the same kind and aligned alike
    std::ranges::copy(patternBytes(kResident * kPage), from.bytes().begin());
    const std::vector<std::uint64_t> offsets = anyOffsets();
    Buffer into(kPage);
    std::size_t next = 0;
    for (auto _ : state) {
        std::memcpy(into.bytes().data(), from.bytes().data() + offsets[next], kPage);
        benchmark::ClobberMemory();
        next = (next + 1) % kOrder;
    }
}

void streamChunks(benchmark::State &state)
{
    const auto cached = cachedFile(64 * kMiB);
    for (auto _ : state) {
        std::uint64_t bytes = 0;
        for (const Result<ByteWindow> &chunk : Chunks(*cached, ByteRange::whole(kFile))) {
            bytes += chunk ? chunk->bytes.size() : 0;
            benchmark::DoNotOptimize(chunk->bytes.data());
        }
        if (bytes != kFile)
            state.SkipWithError("reading failed");
    }
}

void streamPread(benchmark::State &state)
{
    EnvFile &file = *BenchFile::instance().file;
    Buffer buffer(kMiB);
    const std::array<std::span<std::byte>, 1> into{buffer.bytes()};
    for (auto _ : state) {
        for (std::uint64_t at = 0; at < kFile; at += kMiB) {
            if (file.preadv(ByteOffset(at), into) != kMiB)
                state.SkipWithError("reading failed");
            benchmark::DoNotOptimize(buffer.bytes().data());
        }
    }
}

void registerAll()
{
    const auto add = [](const char *name, auto function, benchmark::TimeUnit unit) {
        benchmark::RegisterBenchmark(name, function)->Unit(unit)->Repetitions(5)->MinTime(0.2);
    };
    add("cache/pin_a_resident_page/ours", pinResident, benchmark::kNanosecond);
    add("cache/pin_a_resident_page/baseline", findInTable, benchmark::kNanosecond);
    add("cursor/4096_reads_of_8_bytes/ours", readThroughCursor, benchmark::kNanosecond);
    add("cursor/4096_reads_of_8_bytes/baseline", readFromArray, benchmark::kNanosecond);
    add("cache/miss_of_64_KiB/ours", loadMissing, benchmark::kNanosecond);
    add("cache/miss_of_64_KiB/baseline", [](benchmark::State &state) { preadPage(state, 1); }, benchmark::kNanosecond);
    // A cache of 64 pages cannot read into one and the same buffer, which the processor's own cache then holds.
    add("cache/miss_of_64_KiB_next_to_64_buffers/ours", loadMissing, benchmark::kNanosecond);
    add(
        "cache/miss_of_64_KiB_next_to_64_buffers/baseline", [](benchmark::State &state) { preadPage(state, 64); },
        benchmark::kNanosecond);
    add("cache/read_of_64_KiB_resident_anywhere/ours", readCached, benchmark::kNanosecond);
    add("cache/read_of_64_KiB_resident_anywhere/baseline", copyMemory, benchmark::kNanosecond);
    add("cache/stream_of_512_MiB/ours", streamChunks, benchmark::kMillisecond);
    add("cache/stream_of_512_MiB/baseline", streamPread, benchmark::kMillisecond);
}

} // namespace

int main(int argc, char **argv)
{
    return cachet_test::runPairedBenchmarks(argc, argv, [] {
        registerAll();
        registerCrowdRows();
        registerRateRows();
        registerPyramidRows();
    });
}
