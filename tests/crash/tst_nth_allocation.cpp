// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "tests/crash/disk_document.h"
#include "tests/support/counted_memory.h"
#include "tests/support/edits.h"
#include "tests/support/manual_executor.h"

#include <QTest>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <new>
#include <optional>
#include <string>

using namespace cachecore;

namespace cachet_test {

namespace {

constexpr std::size_t kSize = 6 * 4096 + 700;
/// Which allocations fail: each, or under a sanitizer, where it takes many times as long, some.
#ifdef CACHET_SANITIZED
constexpr std::uint64_t kStride = 5;
#else
constexpr std::uint64_t kStride = 1;
#endif
constexpr std::uint64_t kMostAllocations = 20'000;

/// An image with edits staged on it; what writes it runs on the test's own thread, whose memory can be made to run out.
struct Scene {
    explicit Scene(bool batches, std::shared_ptr<Executor> log = makeLogThread(), bool imports = false)
        : logs(std::move(log))
        , path(folder.write("disk.img", patternBytes(kSize, 1)))
        , old(patternBytes(kSize, 1))
    {
        options.journals.stateDirectory = states.path();
        options.logBehind = {};
        if (batches)
            options.journalLimit = 12'000;
        auto source = FileSource::open(env, path, FileSource::Access::WriteIfPermitted);
        if (!source)
            return;
        auto created = Document::create(std::move(*source), options, {loads, writes, logs}, env);
        if (created && stage(**created) && (!imports || stageImports(**created)))
            document = std::move(*created);
        neu = document ? bytes() : std::vector<std::byte>{};
    }
    static bool stage(Document &document)
    {
        return document.stage(ByteOffset(4093), bytesOf({1, 2, 3, 4, 5, 6})).has_value()
            && document.stageFill(rangeAt(2 * 4096 + 500, 600), bytesOf({0xde, 0xad})).has_value()
            && document.stageGenerated(rangeAt(4 * 4096, 100), Generator{}).has_value()
            && document.stage(ByteOffset(kSize - 1), bytesOf({7})).has_value();
    }
    /// Two ranges of a file, over what is staged and beside it.
    [[nodiscard]] bool stageImports(Document &edited) const
    {
        const auto file = edited.openImport(imported.write("import.bin", patternBytes(9'000, 5)));
        return file && edited.stageImport(ByteOffset(4090), *file, 10, 5'000).has_value()
            && edited.stageImport(ByteOffset(5 * 4096), *file, 6'000, 3'000).has_value();
    }
    /// What is persisted instead of all: from the middle of a piece to the middle of another.
    void writeOnlyPart() { part = rangeAt(4096, 2 * 4096); }
    /// What the image is once that is written.
    [[nodiscard]] std::vector<std::byte> written() const
    {
        std::vector<std::byte> image = part ? old : neu;
        if (part)
            std::copy_n(neu.begin() + static_cast<std::ptrdiff_t>(part->begin().value()), part->length(),
                        image.begin() + static_cast<std::ptrdiff_t>(part->begin().value()));
        return image;
    }
    [[nodiscard]] std::vector<std::byte> bytes() const
    {
        std::vector<std::byte> all(kSize);
        return document->read(ByteOffset(0), all) ? all : std::vector<std::byte>{};
    }
    /// Runs `start`, then what it queued, with allocations failing from number `nth` on, `failing` of them. Returns whether one failed.
    template <typename Start>
    bool runFailing(std::uint64_t nth, std::uint64_t failing, Start start)
    {
        memory::failAfter(nth, failing);
        try {
            start();
            while (writes->runOne()) { }
        } catch (const std::bad_alloc &) {
            threw = true;
        }
        return memory::stopFailing();
    }
    std::optional<WriteOutcome> commitFailing(std::uint64_t nth, std::uint64_t failing, bool &failed)
    {
        std::optional<WriteOutcome> outcome;
        Result<void> started;
        failed = runFailing(nth, failing, [&] {
            const auto done = [&](WriteOutcome end) { outcome = std::move(end); };
            started = part ? document->startPersist(*part, done) : document->startCommit(done);
        });
        if (!started)
            outcome = WriteOutcome({}, started.error());
        return outcome;
    }
    std::optional<Result<RecoveryReport>> settleFailing(RecoveryChoice choice, std::uint64_t nth, std::uint64_t failing,
                                                        bool &failed)
    {
        const std::string journal = document->unsettled().front().path;
        std::optional<Result<RecoveryReport>> outcome;
        Result<void> started;
        failed = runFailing(nth, failing, [&] {
            started = document->startSettle(journal, choice, ForeignUnits::Stop,
                                            [&](Result<RecoveryReport> report) { outcome = std::move(report); });
        });
        if (!started)
            outcome = failure(started.error());
        return outcome;
    }

    /// What the recovery log holds once the document has ended with all the time it needs: nothing when there is none.
    [[nodiscard]] std::optional<StagedEdits> endAndReadLog()
    {
        (void)document->close(std::chrono::seconds(60));
        document.reset();
        const auto names = namesIn(states.path());
        if (names.empty())
            return std::nullopt;
        auto read = readRecoveryLog(*env, states.file(names.front()), {});
        return read && names.size() == 1 ? std::move(read->edits) : StagedEdits();
    }

    std::shared_ptr<Executor> logs;
    TempDir folder{memoryFolder()};
    TempDir states{memoryFolder()}; ///< of the recovery log
    TempDir imported{memoryFolder()};
    std::optional<ByteRange> part; ///< nothing: all is written
    std::string path;
    DocumentOptions options = DiskDocument::smallPages();
    std::shared_ptr<FaultEnv> env = std::make_shared<FaultEnv>();
    std::shared_ptr<ThreadExecutor> loads = std::make_shared<ThreadExecutor>(1);
    std::shared_ptr<ManualExecutor> writes = std::make_shared<ManualExecutor>();
    std::shared_ptr<Document> document;
    std::vector<std::byte> old;
    std::vector<std::byte> neu;
    bool threw = false;
};

} // namespace

class NthAllocationTest : public QObject {
    Q_OBJECT

private slots:
    void losesNothingWhenMemoryRunsOutWhileWriting_data() { addRowsOfWrites(); }
    void losesNothingWhenMemoryRunsOutWhileWriting();
    void undoesToWhatItShowsWhenMemoryRanOutWhileWriting_data() { addRows(); }
    void undoesToWhatItShowsWhenMemoryRanOutWhileWriting();
    void losesNothingWhenMemoryRunsOutWhileSettling_data() { addRows(); }
    void losesNothingWhenMemoryRunsOutWhileSettling();
    void keepsEditsWhenTheLogRunsOutOfMemory_data();
    void keepsEditsWhenTheLogRunsOutOfMemory();
    void setsAJournalAsideOrSaysWhyNot_data() { addRows(); }
    void setsAJournalAsideOrSaysWhyNot();

private:
    static void addRows();
    static void addRowsOfWrites();
    void settles(Scene &scene);
    void writesAtLast(Scene &scene);
    void keepsWhatIsStaged(Scene &scene);
    bool logFailing(std::uint64_t nth, std::uint64_t failing, bool appends);
};

void NthAllocationTest::addRows()
{
    QTest::addColumn<bool>("forGood");
    QTest::addColumn<bool>("batches");
    QTest::newRow("once") << false << false;
    QTest::newRow("for good") << true << false;
    QTest::newRow("once, in batches") << false << true;
    QTest::newRow("for good, in batches") << true << true;
}

void NthAllocationTest::addRowsOfWrites()
{
    QTest::addColumn<bool>("forGood");
    QTest::addColumn<bool>("batches");
    QTest::addColumn<bool>("part");
    QTest::addColumn<bool>("imports");
    for (const bool batches : {false, true}) {
        for (const bool forGood : {false, true}) {
            const std::string when = std::string(forGood ? "for good" : "once") + (batches ? ", in batches" : "");
            QTest::newRow(when.c_str()) << forGood << batches << false << false;
            QTest::newRow((when + ", a part").c_str()) << forGood << batches << true << false;
            QTest::newRow((when + ", imports").c_str()) << forGood << batches << false << true;
        }
    }
}

/// With memory again, whatever remains is settled.
void NthAllocationTest::settles(Scene &scene)
{
    bool failed = false;
    for (const FoundJournal &journal : scene.document->unsettled()) {
        const auto settled = scene.settleFailing(RecoveryChoice::RollBack, memory::kForGood, 0, failed);
        QVERIFY2(settled && settled->has_value(), journal.path.c_str());
    }
    QVERIFY(scene.document->unsettled().empty());
}

/// The same, and the edits reach the disk.
void NthAllocationTest::writesAtLast(Scene &scene)
{
    settles(scene);
    QVERIFY(scene.bytes() == scene.neu);
    scene.part.reset();
    bool failed = false;
    const auto outcome = scene.commitFailing(memory::kForGood, 0, failed);
    QVERIFY(outcome.has_value());
    QVERIFY2(outcome->succeeded(), outcome->succeeded() ? "" : errorText(outcome->error()).c_str());
    QVERIFY(readFile(scene.path) == scene.neu);
    QCOMPARE(namesIn(scene.folder.path()), std::vector<std::string>{"disk.img"});
    QVERIFY(!scene.endAndReadLog());
}

/// With memory again, the recovery log holds what is staged, byte for byte, and nothing that was written.
void NthAllocationTest::keepsWhatIsStaged(Scene &scene)
{
    const StagedEdits staged = scene.document->staged();
    const auto kept = scene.endAndReadLog();
    QCOMPARE(kept.has_value(), !staged.empty());
    if (!kept)
        return;
    QCOMPARE(kept->byteCount(), staged.byteCount());
    std::vector<std::byte> shown(kSize);
    std::vector<std::byte> expected(kSize);
    kept->overlay(ByteOffset(0), shown);
    staged.overlay(ByteOffset(0), expected);
    QVERIFY(shown == expected);
}

void NthAllocationTest::losesNothingWhenMemoryRunsOutWhileWriting()
{
    QFETCH(bool, forGood);
    QFETCH(bool, batches);
    QFETCH(bool, part);
    QFETCH(bool, imports);
    bool failed = true;
    // Every allocation twice: the session goes on afterwards, or ends.
    for (std::uint64_t nth = 0, turn = 0; failed || turn == 1; nth += kStride * turn, turn = 1 - turn) {
        QVERIFY(nth < kMostAllocations);
        Scene scene(batches, makeLogThread(), imports);
        QVERIFY(scene.document != nullptr);
        if (part)
            scene.writeOnlyPart();
        const auto outcome = scene.commitFailing(nth, forGood ? memory::kForGood : 1, failed);
        const std::string where = "allocation " + std::to_string(nth);
        QVERIFY2(!scene.threw, where.c_str());
        QVERIFY2(outcome.has_value(), where.c_str());
        const std::vector<std::byte> now = readFile(scene.path);
        QVERIFY2(isMixOf(now, scene.old, scene.neu), where.c_str());
        QVERIFY2(scene.bytes() == scene.neu, where.c_str());
        QVERIFY2((*outcome)->imageIntact == scene.document->unsettled().empty(), where.c_str());
        if (outcome->succeeded())
            QVERIFY2(now == scene.written(), where.c_str());
        else
            QVERIFY2(failed && outcome->error().code == ErrorCode::OutOfMemory,
                     (where + ": " + errorText(outcome->error())).c_str());
        if (!outcome->succeeded() && (*outcome)->imageIntact && !batches)
            QVERIFY2(now == scene.old || now == scene.written(), where.c_str());
        if (turn == 0 || imports) // a log names an imported file; it does not hold its bytes
            writesAtLast(scene);
        else
            keepsWhatIsStaged(scene);
        if (QTest::currentTestFailed()) {
            qWarning("%s", where.c_str());
            return;
        }
    }
}

/// Every state that can still be returned to shows its bytes, and they are what is written.
void NthAllocationTest::undoesToWhatItShowsWhenMemoryRanOutWhileWriting()
{
    QFETCH(bool, forGood);
    QFETCH(bool, batches);
    bool failed = true;
    for (std::uint64_t nth = 0; failed; ++nth) {
        QVERIFY(nth < kMostAllocations);
        Scene scene(batches);
        QVERIFY(scene.document != nullptr);
        const auto outcome = scene.commitFailing(nth, forGood ? memory::kForGood : 1, failed);
        const std::string where = "allocation " + std::to_string(nth);
        QVERIFY2(outcome.has_value(), where.c_str());
        settles(scene);
        const bool cut = scene.document->historyWasCut();
        QVERIFY2(failed || !cut, where.c_str());
        QVERIFY2(cut == !scene.document->undoStep().has_value(), where.c_str());
        QVERIFY2(!outcome->succeeded() || (*outcome)->undoKept == !cut, where.c_str());
        while (scene.document->undoStep())
            QVERIFY2(scene.document->undo(), where.c_str());
        const std::vector<std::byte> &shown = cut ? scene.neu : scene.old;
        QVERIFY2(scene.bytes() == shown, where.c_str());
        bool again = false;
        const auto written = scene.commitFailing(memory::kForGood, 0, again);
        QVERIFY2(written && written->succeeded(), where.c_str());
        QVERIFY2(readFile(scene.path) == shown, where.c_str());
        scene.document->reload();
        QVERIFY2(scene.bytes() == shown, where.c_str());
        if (QTest::currentTestFailed()) {
            qWarning("%s", where.c_str());
            return;
        }
    }
}

void NthAllocationTest::losesNothingWhenMemoryRunsOutWhileSettling()
{
    QFETCH(bool, forGood);
    QFETCH(bool, batches);
    for (const RecoveryChoice choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
        bool failed = true;
        for (std::uint64_t nth = 0; failed; ++nth) {
            QVERIFY(nth < kMostAllocations);
            Scene scene(batches);
            QVERIFY(scene.document != nullptr);
            // Nothing works any more from the first sync after the journal got its name, that of the image.
            std::atomic<bool> renamed{false};
            scene.env->setHook([&](EnvOp op) {
                renamed = renamed || (op == EnvOp::Rename && !onLogThread());
                if (renamed && op == EnvOp::DataSync && !onLogThread())
                    scene.env->failAny(0, EIO, Repeat::ForGood);
            });
            (void)scene.commitFailing(memory::kForGood, 0, failed);
            scene.env->setHook({});
            scene.env->clearFailures();
            QCOMPARE(scene.document->unsettled().size(), std::size_t{1});
            const auto settled = scene.settleFailing(choice, nth, forGood ? memory::kForGood : 1, failed);
            const std::string where = "allocation " + std::to_string(nth);
            QVERIFY2(!scene.threw, where.c_str());
            QVERIFY2(settled.has_value(), where.c_str());
            QVERIFY2(isMixOf(readFile(scene.path), scene.old, scene.neu), where.c_str());
            QVERIFY2(scene.bytes() == scene.neu, where.c_str());
            QVERIFY2(settled->has_value() == scene.document->unsettled().empty(), where.c_str());
            QVERIFY2(settled->has_value() || failed, where.c_str());
            writesAtLast(scene);
            if (QTest::currentTestFailed()) {
                qWarning("%s", where.c_str());
                return;
            }
        }
    }
}

void NthAllocationTest::keepsEditsWhenTheLogRunsOutOfMemory_data()
{
    QTest::addColumn<bool>("forGood");
    QTest::addColumn<bool>("appends");
    QTest::newRow("a new log, once") << false << false;
    QTest::newRow("a new log, for good") << true << false;
    QTest::newRow("an older log, once") << false << true;
    QTest::newRow("an older log, for good") << true << true;
}

/// A session whose log runs on this thread; returns whether an allocation of it failed.
bool NthAllocationTest::logFailing(std::uint64_t nth, std::uint64_t failing, bool appends)
{
    const auto log = std::make_shared<ManualExecutor>();
    Scene scene(false, log);
    bool failed = false;
    const auto keep = [&](std::uint64_t from) {
        memory::failAfter(from, failing);
        try {
            (void)log->runOne();
        } catch (const std::bad_alloc &) {
            scene.threw = true;
        }
        failed = memory::stopFailing();
    };
    const auto stage
        = [&](std::uint64_t at) { return scene.document->stage(ByteOffset(at), bytesOf({1, 2, 3})).has_value(); };
    if (!scene.document)
        return false;
    if (appends) {
        keep(memory::kForGood);
        if (!stage(10) || !scene.document->stageFill(rangeAt(3000, 50), patternBytes(20, 5)))
            return false;
    }
    keep(nth);
    if (scene.threw || !stage(20))
        qFatal("allocation %llu", static_cast<unsigned long long>(nth));
    const StagedEdits staged = scene.document->staged();
    (void)scene.document->close(std::chrono::milliseconds(0));
    (void)log->runAll();
    const auto kept = scene.endAndReadLog();
    std::vector<std::byte> shown(kSize);
    std::vector<std::byte> expected(kSize);
    if (kept)
        kept->overlay(ByteOffset(0), shown);
    staged.overlay(ByteOffset(0), expected);
    if (!kept || kept->byteCount() != staged.byteCount() || shown != expected)
        QTest::qFail(("allocation " + std::to_string(nth)).c_str(), __FILE__, __LINE__);
    return failed;
}

// Whatever of the log's work could not be done, what is staged is kept once there is memory again.
void NthAllocationTest::keepsEditsWhenTheLogRunsOutOfMemory()
{
    QFETCH(bool, forGood);
    QFETCH(bool, appends);
    bool failed = true;
    for (std::uint64_t nth = 0; failed && !QTest::currentTestFailed(); ++nth) {
        QVERIFY(nth < kMostAllocations);
        failed = logFailing(nth, forGood ? memory::kForGood : 1, appends);
    }
}

void NthAllocationTest::setsAJournalAsideOrSaysWhyNot()
{
    QFETCH(bool, forGood);
    bool failed = true;
    for (std::uint64_t nth = 0; failed; ++nth) {
        QVERIFY(nth < kMostAllocations);
        const TempDir folder(memoryFolder());
        const std::string path = folder.write("a journal with a name that is no small string", bytesOf({1}));
        FaultEnv env;
        std::optional<Result<JournalAside>> kept;
        bool threw = false;
        memory::failAfter(nth, forGood ? memory::kForGood : 1);
        try {
            kept = setJournalAside(env, path);
        } catch (const std::bad_alloc &) {
            threw = true;
        }
        failed = memory::stopFailing();
        const std::string where = "allocation " + std::to_string(nth);
        QVERIFY2(!threw && kept, where.c_str());
        QVERIFY2(*kept || kept->error().code == ErrorCode::OutOfMemory, where.c_str());
        const std::string there = *kept ? path + ".1.kept" : path;
        QVERIFY2(readFile(there) == bytesOf({1}) && namesIn(folder.path()).size() == 1, where.c_str());
        QVERIFY2(!*kept || (*kept)->path == there, where.c_str());
        QVERIFY2(!*kept || !(*kept)->leftover || (*kept)->leftover->code == ErrorCode::OutOfMemory, where.c_str());
    }
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::NthAllocationTest)
#include "tst_nth_allocation.moc"
