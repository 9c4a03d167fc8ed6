// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "cachecore/edit/file_bytes.h"
#include "tests/support/clock_env.h"
#include "tests/support/edits.h"
#include "tests/support/fault_env.h"
#include "tests/support/gate.h"
#include "tests/support/manual_executor.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <thread>

#include <unistd.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Bytes = std::vector<std::byte>;
constexpr std::uint64_t kBlock = FileBytes::kBlock;

/// Runs what is posted when told, and counts the workers reported stuck.
class StuckCounter final : public Executor {
public:
    bool post(Task task) override { return m_tasks.post(std::move(task)); }
    unsigned concurrency() const override { return 1; }
    bool workerStuck() override
    {
        ++reported;
        return true;
    }
    void workerRecovered() override { ++recovered; }
    bool runOne() { return m_tasks.runOne(); }

    std::atomic<int> reported = 0;
    std::atomic<int> recovered = 0;

private:
    ManualExecutor m_tasks;
};

/// A file of so many bytes, imported through an Env with faults, its loads stepped by hand.
struct Imported {
    explicit Imported(std::size_t size)
        : content(patternBytes(size))
        , path(directory.write("imported.bin", content))
    {
        auto opened = FileBytes::import(clock, path, {executor, [count = arrived] { ++*count; }});
        if (opened)
            bytes = *opened;
        faults->resetCounts();
    }

    [[nodiscard]] bool peek(std::uint64_t at, std::size_t count) const
    {
        Bytes got(count, std::byte{0x77});
        return bytes->peek(at, got)
            && std::ranges::equal(got, std::span(content).subspan(static_cast<std::size_t>(at), count));
    }
    [[nodiscard]] Result<void> read(std::uint64_t at, std::size_t count) const
    {
        Bytes got(count);
        auto outcome = bytes->read(at, got);
        if (outcome && !std::ranges::equal(got, std::span(content).subspan(static_cast<std::size_t>(at), count)))
            return failure(ErrorCode::Damaged, Operation::Compare);
        return outcome;
    }
    [[nodiscard]] std::uint64_t fileReads() const { return faults->count(EnvOp::Read); }

    TempDir directory;
    Bytes content;
    std::string path;
    std::shared_ptr<FaultEnv> faults = std::make_shared<FaultEnv>();
    std::shared_ptr<ClockEnv> clock = std::make_shared<ClockEnv>(faults);
    std::shared_ptr<ManualExecutor> executor = std::make_shared<ManualExecutor>();
    std::shared_ptr<std::atomic<int>> arrived = std::make_shared<std::atomic<int>>(0);
    std::shared_ptr<FileBytes> bytes;
};

} // namespace

class TestFileBytes : public QObject {
    Q_OBJECT

private slots:
    void readsAreTheFileAtAnyPlace();
    void retiredFilesAreReadAndNeverCalledChanged();
    void peekingTouchesNoFile();
    void aBlockIsLoadedOnceHoweverManyAsk();
    void whatWasAskedLastIsLoadedFirst();
    void theBlockNotLookedAtForLongestMakesRoom();
    void shortReadsGoThroughTheCacheAndLongOnesPastIt();
    void aFailedBlockIsLeftAloneForATime();
    void aReadTriesAgainAtOnceAndMendsThePeeks();
    void aBadSectorCostsOnlyTheReadsThatTouchIt();
    void shortAndInterruptedTransfersAreResumed();
    void errorsNameTheFileAndWhatItWasFor();
    void filesThatCannotBeImportedSayWhy();
    void anyChangeOfTheFileIsNoticed_data();
    void anyChangeOfTheFileIsNoticed();
    void nothingIsLoadedOrToldOnceItIsGone();
    void aLoadUnderWayTellsNobodyOnceItIsGone();
    void anExecutorThatRefusesIsNoCalamity();
    void tasksDroppedUnrunLeaveNothingWanted();
    void aHangingFileIsReportedStuck();
    void manyThreadsSeeTheFile();
};

void TestFileBytes::readsAreTheFileAtAnyPlace()
{
    Imported file(5 * kBlock + 777);
    QVERIFY(file.bytes);
    QCOMPARE(file.bytes->size(), 5 * kBlock + 777);
    Random random(90);
    for (int round = 0; round < 300; ++round) {
        const std::uint64_t at = random.below(file.content.size());
        QVERIFY(file.read(at, random.skewedBelow(file.content.size() - at + 1)));
    }
    QVERIFY(file.read(file.content.size(), 0));
    QVERIFY(file.bytes->checkUnchanged());
}

void TestFileBytes::retiredFilesAreReadAndNeverCalledChanged()
{
    const TempDir directory;
    const Bytes content = patternBytes(3 * kBlock + 5);
    const std::string path = directory.write("journal", content);
    auto opened = systemEnv()->open(path, OpenMode::Read);
    QVERIFY(opened);
    QCOMPARE(::unlink(path.c_str()), 0);
    const auto executor = std::make_shared<ManualExecutor>();
    const auto bytes = FileBytes::retired(std::move(*opened), path, content.size(), {executor, {}});
    Bytes got(content.size());
    QVERIFY(!bytes->peek(0, got));
    executor->runAll();
    QVERIFY(bytes->peek(0, got));
    QCOMPARE(got, content);
    got.assign(content.size(), {});
    QVERIFY(bytes->read(0, got));
    QCOMPARE(got, content);
    QVERIFY(bytes->checkUnchanged());
}

void TestFileBytes::peekingTouchesNoFile()
{
    Imported file(3 * kBlock);
    QVERIFY(!file.peek(10, 20));
    QVERIFY(!file.peek(kBlock - 5, 10));
    QCOMPARE(file.faults->total(), 0U);
    QCOMPARE(file.arrived->load(), 0);
    QCOMPARE(file.executor->runAll(), 2U);
    QCOMPARE(file.arrived->load(), 2);
    file.faults->resetCounts();
    QVERIFY(file.peek(10, 20));
    QVERIFY(file.peek(kBlock - 5, 10));
    QVERIFY(!file.peek(2 * kBlock - 5, 10)); // half of it
    QVERIFY(file.peek(0, 0));
    QCOMPARE(file.faults->total(), 0U);
}

void TestFileBytes::aBlockIsLoadedOnceHoweverManyAsk()
{
    Imported file(3 * kBlock);
    for (std::size_t i = 0; i < 100; ++i)
        QVERIFY(!file.peek(i * 7, 50));
    QCOMPARE(file.executor->waiting(), 1U);
    file.executor->runAll();
    QCOMPARE(file.fileReads(), 1U);
    for (std::size_t i = 0; i < 100; ++i)
        QVERIFY(file.peek(i * 7, 50));
    QCOMPARE(file.executor->waiting(), 0U);
}

void TestFileBytes::whatWasAskedLastIsLoadedFirst()
{
    Imported file(10 * kBlock);
    for (std::uint64_t block = 0; block < 10; ++block)
        QVERIFY(!file.peek(block * kBlock, 16));
    QVERIFY(!file.peek(4 * kBlock, 16));    // looked at again
    QCOMPARE(file.executor->waiting(), 1U); // one at a time
    QVERIFY(file.executor->runOne());
    QVERIFY(file.peek(4 * kBlock, 16));
    QVERIFY(!file.peek(9 * kBlock, 16));
    QVERIFY(file.executor->runOne());
    QVERIFY(file.peek(9 * kBlock, 16));
    file.executor->runAll();
    QVERIFY(file.peek(0, 10 * kBlock));
    QCOMPARE(file.fileReads(), 10U);
}

void TestFileBytes::theBlockNotLookedAtForLongestMakesRoom()
{
    constexpr std::uint64_t kMost = FileBytes::kMostBlocks;
    Imported file((kMost + 3) * kBlock);
    for (std::uint64_t block = 0; block < kMost; ++block) {
        QVERIFY(!file.peek(block * kBlock, 1));
        file.executor->runAll();
    }
    QVERIFY(file.peek(0, 1)); // 1 is the oldest now
    QVERIFY(!file.peek(kMost * kBlock, 1));
    file.executor->runAll();
    QVERIFY(file.peek(0, 1));
    QVERIFY(file.peek(kMost * kBlock, 1));
    QVERIFY(file.peek(2 * kBlock, 1));
    QVERIFY(!file.peek(kBlock, 1));
    file.executor->runAll();
    QCOMPARE(file.fileReads(), kMost + 2);
    // More than there is room for: no more is asked for than fits.
    Bytes all(file.content.size());
    QVERIFY(!file.bytes->peek(0, all));
    QVERIFY(file.executor->runAll() <= kMost);
}

void TestFileBytes::shortReadsGoThroughTheCacheAndLongOnesPastIt()
{
    Imported file(8 * kBlock);
    QVERIFY(file.read(100, 10));
    QVERIFY(file.read(500, 10));
    QCOMPARE(file.fileReads(), 1U);
    QVERIFY(file.peek(1000, 10));
    QVERIFY(file.read(kBlock, 4 * kBlock));
    QCOMPARE(file.fileReads(), 2U);
    QVERIFY(!file.peek(kBlock, 10)); // streaming leaves the cache alone
}

void TestFileBytes::aFailedBlockIsLeftAloneForATime()
{
    Imported file(3 * kBlock);
    file.faults->fail(EnvOp::Read, 0, EIO, Repeat::ForGood);
    QVERIFY(!file.peek(0, 10));
    file.executor->runAll();
    QCOMPARE(file.arrived->load(), 1); // a failure is news too
    QCOMPARE(file.fileReads(), 1U);
    for (int i = 0; i < 100; ++i)
        QVERIFY(!file.peek(0, 10));
    QCOMPARE(file.executor->waiting(), 0U);
    file.faults->clearFailures();
    file.clock->advance(FileBytes::kRetryAfter - std::chrono::milliseconds(1));
    QVERIFY(!file.peek(0, 10));
    QCOMPARE(file.executor->waiting(), 0U);
    file.clock->advance(std::chrono::milliseconds(1));
    QVERIFY(!file.peek(0, 10));
    QCOMPARE(file.executor->runAll(), 1U);
    QVERIFY(file.peek(0, 10));
}

void TestFileBytes::aReadTriesAgainAtOnceAndMendsThePeeks()
{
    Imported file(3 * kBlock);
    file.faults->fail(EnvOp::Read, 0, EIO, Repeat::ForGood);
    QVERIFY(!file.peek(0, 10));
    QVERIFY(!file.peek(2 * kBlock, 10));
    file.executor->runAll();
    QVERIFY(!file.read(0, 10));
    file.faults->clearFailures();
    QVERIFY(file.read(0, 10)); // through the cache
    QVERIFY(file.peek(0, 10));
    QVERIFY(file.read(kBlock, 2 * kBlock)); // past it, but it shows that the block can be had
    QVERIFY(!file.peek(2 * kBlock, 10));
    QCOMPARE(file.executor->runAll(), 1U);
    QVERIFY(file.peek(2 * kBlock, 10));
}

void TestFileBytes::aBadSectorCostsOnlyTheReadsThatTouchIt()
{
    Imported file(2 * kBlock);
    file.faults->fail(EnvOp::Read, 0, EIO, Repeat::Once); // the whole block; the bytes themselves can be read
    QVERIFY(file.read(kBlock + 5, 10));
    QCOMPARE(file.fileReads(), 2U);
}

void TestFileBytes::shortAndInterruptedTransfersAreResumed()
{
    Imported file(2 * kBlock + 100);
    file.faults->limitTransfers(1000);
    file.faults->interruptTransfers(2);
    QVERIFY(file.read(0, file.content.size()));
    QVERIFY(file.read(kBlock - 50, 100));
}

void TestFileBytes::errorsNameTheFileAndWhatItWasFor()
{
    Imported file(2 * kBlock);
    file.faults->fail(EnvOp::Read, 0, EIO, Repeat::ForGood);
    const auto failed = file.read(10, 20);
    QVERIFY(!failed);
    QCOMPARE(failed.error().code, ErrorCode::Io);
    QCOMPARE(failed.error().operation, Operation::Import);
    QCOMPARE(failed.error().path, file.path);
    QVERIFY(failed.error().range == rangeAt(10, 20));
    file.faults->clearFailures();

    QCOMPARE(::truncate(file.path.c_str(), static_cast<off_t>(kBlock + 10)), 0);
    const auto cut = file.read(kBlock, 40);
    QVERIFY(!cut);
    QCOMPARE(cut.error().code, ErrorCode::Truncated);
    QVERIFY(cut.error().range == rangeAt(kBlock + 10, 30));
    QVERIFY(file.read(kBlock, 10)); // what is left can be read

    auto opened = file.faults->open(file.path, OpenMode::Read);
    QVERIFY(opened);
    const auto retired = FileBytes::retired(std::move(*opened), "former/journal", 2 * kBlock, {file.executor, {}});
    Bytes bytes(10);
    const auto lost = retired->read(2 * kBlock - 10, bytes);
    QVERIFY(!lost);
    QCOMPARE(lost.error().operation, Operation::Journal);
    QCOMPARE(lost.error().path, std::string("former/journal"));
}

void TestFileBytes::filesThatCannotBeImportedSayWhy()
{
    const TempDir directory;
    const auto executor = std::make_shared<ManualExecutor>();
    const auto missing = FileBytes::import(systemEnv(), directory.file("missing"), {executor, {}});
    QVERIFY(!missing);
    QCOMPARE(missing.error().code, ErrorCode::NotFound);
    QCOMPARE(missing.error().operation, Operation::Import);
    QCOMPARE(missing.error().path, directory.file("missing"));
    const auto folder = FileBytes::import(systemEnv(), directory.path(), {executor, {}});
    QVERIFY(!folder);
    QCOMPARE(folder.error().code, ErrorCode::IsDirectory);
    QCOMPARE(folder.error().operation, Operation::Import);
}

void TestFileBytes::anyChangeOfTheFileIsNoticed_data()
{
    QTest::addColumn<QString>("how");
    QTest::newRow("written") << "written";
    QTest::newRow("grown") << "grown";
    QTest::newRow("cut") << "cut";
    QTest::newRow("replaced") << "replaced";
}

void TestFileBytes::anyChangeOfTheFileIsNoticed()
{
    QFETCH(QString, how);
    Imported file(2 * kBlock);
    QVERIFY(file.bytes->checkUnchanged());
    QVERIFY(file.read(0, 100)); // looking is no change
    QVERIFY(file.bytes->checkUnchanged());
    if (how == "written") {
        std::fstream stream(file.path, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(5);
        stream.put('x');
    } else if (how == "replaced") {
        const std::string other = file.directory.write("other.bin", file.content);
        QCOMPARE(std::rename(other.c_str(), file.path.c_str()), 0);
    } else {
        QCOMPARE(::truncate(file.path.c_str(), static_cast<off_t>(how == "cut" ? kBlock : 3 * kBlock)), 0);
    }
    const auto changed = file.bytes->checkUnchanged();
    QVERIFY(!changed);
    QCOMPARE(changed.error().code, ErrorCode::Changed);
    QCOMPARE(changed.error().operation, Operation::Import);
    QCOMPARE(changed.error().path, file.path);
}

void TestFileBytes::nothingIsLoadedOrToldOnceItIsGone()
{
    Imported file(2 * kBlock);
    QVERIFY(!file.peek(0, 10));
    QCOMPARE(file.executor->waiting(), 1U);
    file.bytes.reset();
    file.executor->runAll();
    QCOMPARE(file.fileReads(), 0U);
    QCOMPARE(file.arrived->load(), 0);
}

void TestFileBytes::aLoadUnderWayTellsNobodyOnceItIsGone()
{
    Imported file(2 * kBlock);
    const auto gate = std::make_shared<Gate>();
    file.faults->setGate(EnvOp::Read, gate);
    QVERIFY(!file.peek(0, 10));
    QVERIFY(!file.peek(kBlock, 10));
    std::jthread worker([executor = file.executor] { executor->runAll(); });
    QVERIFY(gate->waitForWaiting(1));
    file.bytes.reset();
    gate->open();
    worker.join();
    QCOMPARE(file.fileReads(), 1U);
    QCOMPARE(file.arrived->load(), 0);
    QCOMPARE(file.executor->waiting(), 0U);
}

void TestFileBytes::anExecutorThatRefusesIsNoCalamity()
{
    Imported file(2 * kBlock);
    file.executor->shutDown();
    for (int i = 0; i < 10; ++i)
        QVERIFY(!file.peek(0, 10));
    QVERIFY(file.read(0, 10));
    QVERIFY(file.peek(0, 10));
}

void TestFileBytes::tasksDroppedUnrunLeaveNothingWanted()
{
    const TempDir directory;
    const Bytes content = patternBytes(kBlock);
    const auto clock = std::make_shared<ClockEnv>();
    const auto workers = std::make_shared<ThreadExecutor>(1);
    const auto gate = std::make_shared<Gate>();
    auto opened = FileBytes::import(clock, directory.write("file", content), {workers, {}});
    QVERIFY(opened);
    QVERIFY(workers->post([gate] { gate->pass(); }));
    QVERIFY(gate->waitForWaiting(1));
    Bytes bytes(10);
    QVERIFY(!(*opened)->peek(0, bytes)); // queued behind the gate
    workers->shutDown(std::chrono::milliseconds(0));
    gate->open();
    QVERIFY(!(*opened)->peek(0, bytes));
    QVERIFY((*opened)->read(0, bytes));
    QVERIFY((*opened)->peek(0, bytes));
}

void TestFileBytes::aHangingFileIsReportedStuck()
{
    const TempDir directory;
    const auto faults = std::make_shared<FaultEnv>();
    const auto clock = std::make_shared<ClockEnv>(faults);
    const auto executor = std::make_shared<StuckCounter>();
    auto opened = FileBytes::import(clock, directory.write("file", patternBytes(3 * kBlock)), {executor, {}});
    QVERIFY(opened);
    const auto gate = std::make_shared<Gate>();
    faults->setGate(EnvOp::Read, gate);
    Bytes bytes(10);
    QVERIFY(!(*opened)->peek(0, bytes));
    std::jthread worker([&] { (void)executor->runOne(); });
    QVERIFY(gate->waitForWaiting(1));
    QVERIFY(!(*opened)->peek(kBlock, bytes));
    QCOMPARE(executor->reported.load(), 0);
    clock->advance(FileBytes::kStuckAfter);
    for (int i = 0; i < 5; ++i)
        QVERIFY(!(*opened)->peek(kBlock, bytes));
    QCOMPARE(executor->reported.load(), 1);
    QCOMPARE(executor->recovered.load(), 0);
    gate->open();
    worker.join();
    QCOMPARE(executor->recovered.load(), 1);
    QVERIFY((*opened)->peek(0, bytes));
}

void TestFileBytes::manyThreadsSeeTheFile()
{
    const TempDir directory;
    const Bytes content = patternBytes(50 * kBlock + 321);
    const auto workers = std::make_shared<ThreadExecutor>(2);
    auto opened = FileBytes::import(systemEnv(), directory.write("file", content), {workers, {}});
    QVERIFY(opened);
    std::atomic<int> wrong = 0;
    const auto look = [&](std::uint64_t stream) {
        Random random(stream);
        for (int round = 0; round < 2000; ++round) {
            const std::uint64_t at = random.below(content.size());
            Bytes got(random.skewedBelow(std::min<std::uint64_t>(content.size() - at, 2 * kBlock)) + 1);
            const bool there = random.oneIn(2) ? (*opened)->peek(at, got) : (*opened)->read(at, got).has_value();
            const auto wanted = std::span(content).subspan(static_cast<std::size_t>(at), got.size());
            wrong += there && !std::ranges::equal(got, wanted);
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t stream = 91; stream < 95; ++stream)
            threads.emplace_back(look, stream);
    }
    QCOMPARE(wrong.load(), 0);
    QVERIFY((*opened)->checkUnchanged());
}

QTEST_GUILESS_MAIN(TestFileBytes)
#include "tst_file_bytes.moc"
