// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/file_source.h"
#include "tests/bench/pair_reporter.h"
#include "tests/bench/plain_passes.h"
#include "tests/support/document_fixture.h"
#include "tests/support/endless_source.h"
#include "tests/support/random.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>

#include <benchmark/benchmark.h>
#include <malloc.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
constexpr std::uint64_t kTiB = std::uint64_t{1} << 40;
constexpr std::uint64_t kSmallImage = 512 * kMiB;
constexpr std::size_t kEdits = 100'000;
constexpr std::size_t kUnit = 4096;
constexpr std::size_t kEditBytes = 8;
constexpr std::size_t kRecordBytes = 128; ///< what a plain program would note of each stretch, the new bytes among it
constexpr std::uint64_t kSeed = 20;

/// The time since a point, for benchmarks that time only part of what they do.
class Stopwatch {
public:
    [[nodiscard]] double seconds() const
    {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_begin).count();
    }

private:
    std::chrono::steady_clock::time_point m_begin = std::chrono::steady_clock::now();
};

enum class Log : std::uint8_t { None, Kept };

/// A document over a file or another source, with the pools it runs on.
struct BenchDocument {
    explicit BenchDocument(std::shared_ptr<BlockSource> source, Log kept = Log::None)
        : loads(std::make_shared<ThreadExecutor>(2))
        , writes(std::make_shared<ThreadExecutor>(1))
        , log(kept == Log::Kept ? std::make_shared<ThreadExecutor>(1) : nullptr)
    {
        auto created = Document::create(std::move(source), {}, {loads, writes, log}, systemEnv());
        if (created)
            document = *created;
    }

    std::shared_ptr<ThreadExecutor> loads;
    std::shared_ptr<ThreadExecutor> writes;
    std::shared_ptr<ThreadExecutor> log;
    std::shared_ptr<Document> document;
};

std::shared_ptr<BlockSource> writableFile(const std::string &path)
{
    auto source = FileSource::open(systemEnv(), path, FileSource::Access::WriteIfPermitted);
    return source ? std::shared_ptr<BlockSource>(std::move(*source)) : nullptr;
}

/// `count` offsets of 8 bytes in different units of a file of `size` bytes, ascending.
std::vector<std::uint64_t> scatteredOffsets(std::size_t count, std::uint64_t size)
{
    Random random(kSeed);
    std::set<std::uint64_t> units;
    while (units.size() < count)
        units.insert(random.below(size / kUnit));
    std::vector<std::uint64_t> offsets;
    for (const std::uint64_t unit : units)
        offsets.push_back(unit * kUnit + random.below(kUnit - kEditBytes));
    return offsets;
}

std::string writeLargeFile(const TempDir &directory, std::uint64_t size)
{
    const std::vector<std::byte> chunk = patternBytes(kMiB);
    const std::string path = directory.write("image", chunk);
    const auto file = systemEnv()->open(path, OpenMode::ReadWrite);
    for (std::uint64_t at = 0; file && at < size; at += chunk.size()) {
        const std::array<std::span<const std::byte>, 1> buffers{std::span(chunk)};
        if (const auto put = (*file)->pwritev(ByteOffset(at), buffers); !put || *put != chunk.size())
            return {};
    }
    return file && (*file)->sync() ? path : std::string();
}

void stageScattered(Document &document, const std::vector<std::uint64_t> &offsets)
{
    const std::byte byte{0x5a};
    for (const std::uint64_t offset : offsets)
        (void)document.stage(ByteOffset(offset), {&byte, 1});
}

/// With `snapshots`, somebody holds the state before each edit, as who shows it may.
void stageOneByte(benchmark::State &state, Document &document, bool snapshots)
{
    stageScattered(document, scatteredOffsets(kEdits, kSmallImage));
    const std::vector<std::uint64_t> offsets = scatteredOffsets(1000, kSmallImage);
    std::size_t next = 0;
    const std::byte byte{0x01};
    StagedEdits snapshot;
    for (auto _ : state) {
        if (snapshots)
            snapshot = document.staged();
        if (!document.stage(ByteOffset(offsets[next]), {&byte, 1}))
            state.SkipWithError("staging failed");
        next = (next + 1) % offsets.size();
    }
}

void stageOneByteInMemory(benchmark::State &state, bool snapshots)
{
    DocumentFixture fixture{std::vector<std::byte>(kSmallImage)};
    stageOneByte(state, *fixture.document, snapshots);
}

/// As the program runs: over a file, with a recovery log that is at most 0.3 s behind.
void stageOneByteLogged(benchmark::State &state)
{
    const TempDir directory;
    const std::string image = directory.write("image", {});
    if (const auto file = systemEnv()->open(image, OpenMode::ReadWrite); !file || !(*file)->truncate(kSmallImage)) {
        state.SkipWithError("no image");
        return;
    }
    BenchDocument bench(writableFile(image), Log::Kept);
    if (bench.document)
        stageOneByte(state, *bench.document, false);
    else
        state.SkipWithError("no document");
}

/// The least a program could do: a sorted map of its edits, without undo, snapshots or bases.
void insertOneByte(benchmark::State &state)
{
    std::map<std::uint64_t, std::vector<std::byte>> edits;
    for (const std::uint64_t offset : scatteredOffsets(kEdits, kSmallImage))
        edits[offset] = {std::byte{0x5a}};
    const std::vector<std::uint64_t> offsets = scatteredOffsets(1000, kSmallImage);
    std::size_t next = 0;
    for (auto _ : state) {
        edits.insert_or_assign(offsets[next], std::vector<std::byte>{std::byte{0x01}});
        next = (next + 1) % offsets.size();
    }
}

void readAround(benchmark::State &state, bool edited)
{
    DocumentOptions options;
    options.cacheBytes = kSmallImage + 64 * kMiB;
    DocumentFixture fixture(patternBytes(kSmallImage), options);
    if (edited)
        stageScattered(*fixture.document, scatteredOffsets(kEdits, kSmallImage));
    std::vector<std::byte> into(kUnit);
    for (std::uint64_t at = 0; at < kSmallImage; at += kUnit)
        (void)fixture->read(ByteOffset(at), into);
    Random random(kSeed);
    for (auto _ : state) {
        if (!fixture->read(ByteOffset(random.below(kSmallImage - kUnit)), into))
            state.SkipWithError("reading failed");
        benchmark::DoNotOptimize(into.data());
    }
}

void fillAndUndo(benchmark::State &state, std::uint64_t length)
{
    BenchDocument bench(std::make_shared<EndlessSource>(2 * kTiB));
    if (!bench.document) {
        state.SkipWithError("no document");
        return;
    }
    const std::byte byte{0xff};
    for (auto _ : state) {
        if (!bench.document->stageFill(ByteRange::whole(length), {&byte, 1}) || !bench.document->undo())
            state.SkipWithError("staging failed");
    }
}

/// Bytes the program has allocated at this moment, as the C library counts them.
double allocatedBytes()
{
    const struct mallinfo2 now = ::mallinfo2();
    return static_cast<double>(now.uordblks + now.hblkhd);
}

void reportBytes(benchmark::State &state, double bytes)
{
    state.counters[kFigureCounter] = bytes;
    state.SetLabel("bytes");
}

/// What the last of `fills` that lie over one another and can all be undone takes in memory: the mean of many documents, as the C library counts
/// what it keeps for the next allocation as allocated.
void memoryOfFill(benchmark::State &state, std::uint64_t length, std::uint64_t fills)
{
    constexpr std::size_t kDocuments = 32;
    const std::byte byte{0xff};
    for (auto _ : state) {
        std::vector<BenchDocument> documents;
        for (std::size_t i = 0; i < kDocuments; ++i)
            documents.emplace_back(std::make_shared<EndlessSource>(2 * kTiB));
        double before = 0;
        for (std::uint64_t i = 0; i < fills; ++i) {
            before = allocatedBytes();
            for (const BenchDocument &bench : documents) {
                if (!bench.document || !bench.document->stageFill(*ByteRange::make(i * kUnit, length), {&byte, 1}))
                    state.SkipWithError("staging failed");
            }
        }
        reportBytes(state, (allocatedBytes() - before) / kDocuments);
    }
}

/// What one of 100k edits of a byte takes in memory, with all it needs to be undone and to be checked against the disk.
void memoryOfEdits(benchmark::State &state)
{
    const std::vector<std::uint64_t> offsets = scatteredOffsets(kEdits, kSmallImage);
    for (auto _ : state) {
        const BenchDocument bench(std::make_shared<EndlessSource>(kSmallImage));
        const double before = allocatedBytes();
        stageScattered(*bench.document, offsets);
        reportBytes(state, (allocatedBytes() - before) / static_cast<double>(kEdits));
    }
}

void memoryOfEditsInMap(benchmark::State &state)
{
    const std::vector<std::uint64_t> offsets = scatteredOffsets(kEdits, kSmallImage);
    for (auto _ : state) {
        const double before = allocatedBytes();
        std::map<std::uint64_t, std::vector<std::byte>> edits;
        for (const std::uint64_t offset : offsets)
            edits[offset] = {std::byte{0x5a}};
        reportBytes(state, (allocatedBytes() - before) / static_cast<double>(kEdits));
    }
}

void commitScattered(benchmark::State &state)
{
    const TempDir directory;
    BenchDocument bench(writableFile(writeLargeFile(directory, kGiB)));
    const std::vector<std::uint64_t> offsets = scatteredOffsets(kEdits, kGiB);
    std::uint64_t round = 0;
    for (auto _ : state) {
        std::vector<std::byte> bytes = patternBytes(kEditBytes, ++round);
        for (const std::uint64_t offset : offsets)
            (void)bench.document->stage(ByteOffset(offset), bytes);
        const Stopwatch watch;
        const WriteOutcome outcome = bench.document->commit();
        state.SetIterationTime(watch.seconds());
        if (!outcome || outcome->bytesWritten != kEdits * kEditBytes)
            state.SkipWithError("the commit failed");
    }
}

void commitScatteredPlainly(benchmark::State &state)
{
    const TempDir directory;
    const std::string image = writeLargeFile(directory, kGiB);
    const std::vector<std::uint64_t> offsets = scatteredOffsets(kEdits, kGiB);
    std::uint64_t round = 0;
    for (auto _ : state) {
        const std::vector<std::byte> bytes = patternBytes(kEditBytes, ++round);
        std::vector<PlainWrite> writes;
        for (const std::uint64_t offset : offsets)
            writes.push_back({offset - offset % kUnit, kUnit, offset, bytes});
        const Stopwatch watch;
        const bool good = runPlainPasses(image, directory.file("journal"), writes, kRecordBytes);
        state.SetIterationTime(watch.seconds());
        if (!good)
            state.SkipWithError("a pass failed");
    }
}

void commitFill(benchmark::State &state)
{
    const TempDir directory;
    BenchDocument bench(writableFile(writeLargeFile(directory, 4 * kGiB)));
    std::uint64_t round = 0;
    for (auto _ : state) {
        const std::vector<std::byte> pattern = patternBytes(16, ++round);
        (void)bench.document->stageFill(ByteRange::whole(4 * kGiB), pattern);
        const Stopwatch watch;
        const WriteOutcome outcome = bench.document->commit();
        state.SetIterationTime(watch.seconds());
        if (!outcome || outcome->bytesWritten != 4 * kGiB)
            state.SkipWithError("the commit failed");
    }
}

void commitFillPlainly(benchmark::State &state)
{
    const TempDir directory;
    const std::string image = writeLargeFile(directory, 4 * kGiB);
    std::uint64_t round = 0;
    for (auto _ : state) {
        std::vector<std::byte> chunk(kMiB);
        const std::vector<std::byte> pattern = patternBytes(16, ++round);
        for (std::size_t i = 0; i < chunk.size(); ++i)
            chunk[i] = pattern[i % pattern.size()];
        std::vector<PlainWrite> writes;
        for (std::uint64_t at = 0; at < 4 * kGiB; at += kMiB)
            writes.push_back({at, kMiB, at, chunk});
        const Stopwatch watch;
        const bool good = runPlainPasses(image, directory.file("journal"), writes, kRecordBytes);
        state.SetIterationTime(watch.seconds());
        if (!good)
            state.SkipWithError("a pass failed");
    }
}

void registerAll()
{
    const auto quick = [](const char *name, auto function) {
        benchmark::RegisterBenchmark(name, function)->Unit(benchmark::kNanosecond)->Repetitions(5)->MinTime(0.2);
    };
    const auto slow = [](const char *name, auto function, int repetitions) {
        benchmark::RegisterBenchmark(name, function)
            ->Unit(benchmark::kMillisecond)
            ->UseManualTime()
            ->Iterations(1)
            ->Repetitions(repetitions);
    };
    quick("stage/one_byte_among_100k_edits/ours", [](benchmark::State &state) { stageOneByteInMemory(state, false); });
    quick("stage/one_byte_among_100k_edits/baseline", insertOneByte);
    quick("stage/one_byte_with_the_recovery_log/ours", stageOneByteLogged);
    quick("stage/one_byte_with_the_recovery_log/baseline", insertOneByte);
    quick("stage/one_byte_after_a_snapshot/ours", [](benchmark::State &state) { stageOneByteInMemory(state, true); });
    quick("stage/one_byte_after_a_snapshot/baseline", insertOneByte);
    quick("read/4_KiB_beside_100k_edits/ours", [](benchmark::State &state) { readAround(state, true); });
    quick("read/4_KiB_beside_100k_edits/baseline", [](benchmark::State &state) { readAround(state, false); });
    quick("stage/fill_of_1_TiB_and_undo/ours", [](benchmark::State &state) { fillAndUndo(state, kTiB); });
    quick("stage/fill_of_1_TiB_and_undo/baseline", [](benchmark::State &state) { fillAndUndo(state, 1); });
    const auto memory = [](const char *name, auto function) {
        benchmark::RegisterBenchmark(name, function)->Iterations(1)->Repetitions(3);
    };
    const auto fill = [&memory](const char *name, std::uint64_t length, std::uint64_t fills) {
        memory(name, [=](benchmark::State &state) { memoryOfFill(state, length, fills); });
    };
    fill("stage/memory_of_a_fill_of_1_TiB/ours", kTiB, 1);
    fill("stage/memory_of_a_fill_of_1_TiB/baseline", 1, 1);
    fill("stage/memory_of_a_fill_of_1_TiB_over_others/ours", kTiB, 100);
    fill("stage/memory_of_a_fill_of_1_TiB_over_others/baseline", 1, 100);
    memory("stage/memory_of_one_of_100k_edits/ours", memoryOfEdits);
    memory("stage/memory_of_one_of_100k_edits/baseline", memoryOfEditsInMap);
    slow("commit/100k_edits_of_8_bytes_in_1_GiB/ours", commitScattered, 5);
    slow("commit/100k_edits_of_8_bytes_in_1_GiB/baseline", commitScatteredPlainly, 5);
    slow("commit/fill_of_4_GiB/ours", commitFill, 3);
    slow("commit/fill_of_4_GiB/baseline", commitFillPlainly, 3);
}

} // namespace

int main(int argc, char **argv)
{
    return cachet_test::runPairedBenchmarks(argc, argv, registerAll);
}
