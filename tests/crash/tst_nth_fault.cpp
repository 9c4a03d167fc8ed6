// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/disk_document.h"
#include "tests/support/edits.h"

#include <QTest>

#include <atomic>
#include <cerrno>
#include <chrono>

using namespace cachecore;

namespace cachet_test {

namespace {

constexpr std::size_t kSize = 6 * 4096 + 700;
constexpr std::uint64_t kMostOperations = 2'000; ///< a run that needs more does not end

/// What fails: operations of one kind, or of any.
struct Fault {
    const char *name;
    std::optional<EnvOp> op;
    int errnoValue;
};

const std::vector<Fault> &faults()
{
    static const std::vector<Fault> all{
        {"read", EnvOp::Read, EIO},
        {"write", EnvOp::Write, EIO},
        {"write, disk full", EnvOp::Write, ENOSPC},
        {"write, file too long", EnvOp::Write, EFBIG},
        {"fdatasync", EnvOp::DataSync, EIO},
        {"fsync", EnvOp::Sync, EIO},
        {"fsync of a directory", EnvOp::SyncDirectory, EIO},
        {"rename", EnvOp::Rename, EIO},
        {"unlink", EnvOp::Remove, EIO},
        {"open", EnvOp::Open, EMFILE},
        {"status of a name", EnvOp::Status, EIO},
        {"status of a file", EnvOp::FileStatus, EIO},
        {"reserve", EnvOp::Reserve, ENOSPC},
        {"list", EnvOp::List, EIO},
        {"lock", EnvOp::Lock, EIO},
        {"random", EnvOp::Random, EIO},
        {"real path", EnvOp::RealPath, EIO},
        {"drop cached", EnvOp::DropCached, EIO},
        {"truncate", EnvOp::Truncate, EIO},
        {"any", std::nullopt, EIO},
    };
    return all;
}

void addFaultRows()
{
    QTest::addColumn<qsizetype>("fault");
    QTest::addColumn<bool>("forGood");
    QTest::addColumn<bool>("batches");
    for (qsizetype i = 0; i < qsizetype(faults().size()); ++i) {
        const std::string name = faults()[std::size_t(i)].name;
        QTest::newRow((name + ", once").c_str()) << i << false << false;
        QTest::newRow((name + ", for good").c_str()) << i << true << false;
    }
    QTest::newRow("any, once, in batches") << qsizetype(faults().size() - 1) << false << true;
    QTest::newRow("any, for good, in batches") << qsizetype(faults().size() - 1) << true << true;
}

void plan(FaultEnv &env, const Fault &fault, std::uint64_t nth, bool forGood)
{
    const Repeat repeat = forGood ? Repeat::ForGood : Repeat::Once;
    env.resetCounts();
    if (fault.op)
        env.fail(*fault.op, nth, fault.errnoValue, repeat);
    else
        env.failAny(nth, fault.errnoValue, repeat);
}

bool struck(const FaultEnv &env, const Fault &fault, std::uint64_t nth)
{
    return (fault.op ? env.count(*fault.op) : env.total()) > nth;
}

/// An image in a folder of its own, opened with edits of every kind staged on it.
struct Scene {
    explicit Scene(bool batches, std::shared_ptr<FaultEnv> faulty = std::make_shared<FaultEnv>())
        : path(folder.write("disk.img", patternBytes(kSize, 1)))
        , import(sources.write("import", patternBytes(900, 9)))
        , old(patternBytes(kSize, 1))
        , neu(old)
        , env(std::move(faulty))
    {
        options = DiskDocument::smallPages();
        options.journals.stateDirectory = states.path();
        if (batches)
            options.journalLimit = 12'000;
    }

    [[nodiscard]] bool open()
    {
        disk.reset(); // before the next one looks for what it leaves
        disk.emplace(env, path, options, DiskDocument::Log::Kept);
        return disk->document != nullptr;
    }
    /// Two extents are seen, the others not.
    [[nodiscard]] bool stage()
    {
        std::vector<std::byte> seen(10);
        Document &document = **disk;
        if (!document.read(ByteOffset(4090), seen))
            return false;
        const auto imported = document.openImport(import);
        bool done = imported.has_value();
        done = done && document.stage(ByteOffset(4093), bytesOf({1, 2, 3, 4, 5, 6})).has_value();
        done = done && document.stageFill(rangeAt(2 * 4096 + 500, 600), bytesOf({0xde, 0xad, 0xbe})).has_value();
        done = done && document.stageGenerated(rangeAt(4 * 4096, 100), Generator{}).has_value();
        done = done && document.stageImport(ByteOffset(5 * 4096 + 1), *imported, 100, 800).has_value();
        done = done && document.stage(ByteOffset(kSize - 1), bytesOf({7})).has_value();
        if (done)
            neu = disk->bytes();
        return done && neu.size() == kSize && neu != old;
    }
    [[nodiscard]] std::vector<std::byte> onDisk() const { return readFile(path); }
    /// The file as it must be by what the write says of each of its batches; bytes of an unsettled one may be old or new.
    [[nodiscard]] bool isAsReported(const WriteReport &report) const
    {
        const std::vector<std::byte> now = onDisk();
        if (!isMixOf(now, old, neu))
            return false;
        for (std::size_t i = 0; i < now.size(); ++i) {
            if (old[i] == neu[i])
                continue;
            RangeFate fate = RangeFate::Untouched;
            for (const RangeResult &result : report.ranges) {
                if (result.range.contains(ByteOffset(i)))
                    fate = result.fate;
            }
            if (fate != RangeFate::Unsettled && now[i] != (fate == RangeFate::Committed ? neu[i] : old[i]))
                return false;
        }
        return true;
    }
    [[nodiscard]] bool isClean() const { return namesIn(folder.path()) == std::vector<std::string>{"disk.img"}; }
    /// The session ends, with all the time it needs to keep its edits.
    void end()
    {
        (void)(*disk)->close(std::chrono::seconds(60));
        disk.reset();
    }

    TempDir folder{memoryFolder()};
    TempDir states{memoryFolder()}; ///< of the recovery log
    TempDir sources{memoryFolder()};
    std::string path;
    std::string import;
    std::vector<std::byte> old;
    std::vector<std::byte> neu;
    std::shared_ptr<FaultEnv> env;
    DocumentOptions options;
    std::optional<DiskDocument> disk;
};

} // namespace

class NthFaultTest : public QObject {
    Q_OBJECT

private slots:
    void losesNothingWhenAWriteFails_data() { addFaultRows(); }
    void losesNothingWhenAWriteFails();
    void losesNothingWhenSettlingFails_data() { addFaultRows(); }
    void losesNothingWhenSettlingFails();
    void opensOrSaysWhyNot_data() { addFaultRows(); }
    void opensOrSaysWhyNot();

private:
    void writeFailingAt(const Fault &fault, std::uint64_t nth, bool forGood, bool batches, RecoveryChoice choice,
                        bool &clean);
    void settleFailingAt(const Fault &fault, std::uint64_t nth, bool forGood, bool batches, RecoveryChoice choice,
                         bool &clean);
    void settleAll(Scene &scene, RecoveryChoice choice);
    void startAgain(Scene &scene, RecoveryChoice choice);
    void writesAtLast(Scene &scene);
};

/// Every journal the document knows of is settled; the image is whole then and no edit is lost.
void NthFaultTest::settleAll(Scene &scene, RecoveryChoice choice)
{
    const auto refused = (*scene.disk)->commit();
    QVERIFY(!refused.succeeded());
    QCOMPARE(refused.error().code, ErrorCode::NeedsRecovery);
    QCOMPARE(QString::fromStdString(lacks(refused.error())), QString());
    for (const FoundJournal &journal : (*scene.disk)->unsettled()) {
        const auto settled = scene.disk->settle(journal.path, choice);
        QVERIFY2(settled.has_value(), settled ? "" : errorText(settled.error()).c_str());
    }
    QVERIFY((*scene.disk)->unsettled().empty());
    QCOMPARE(scene.disk->bytes(), scene.neu);
}

/// Once nothing fails any more the edits, and one more, reach the disk, and nothing else stays behind.
void NthFaultTest::writesAtLast(Scene &scene)
{
    QVERIFY((*scene.disk)->stage(ByteOffset(0), bytesOf({0xab})).has_value());
    scene.neu[0] = std::byte{0xab};
    const auto again = (*scene.disk)->commit();
    QVERIFY2(again.succeeded(), again.succeeded() ? "" : errorText(again.error()).c_str());
    QCOMPARE(scene.onDisk(), scene.neu);
    QVERIFY((*scene.disk)->staged().empty());
    QCOMPARE(scene.disk->bytes(), scene.neu);
    QVERIFY(scene.isClean());
    scene.end();
    QVERIFY(namesIn(scene.states.path()).empty());
}

/// The program ends once nothing fails any more, and is started again: settled and restored, no edit is lost.
void NthFaultTest::startAgain(Scene &scene, RecoveryChoice choice)
{
    const StagedEdits staged = (*scene.disk)->staged();
    scene.end();
    QVERIFY(scene.open());
    QCOMPARE((*scene.disk)->leftEdits().empty(), staged.empty());
    for (const FoundJournal &journal : (*scene.disk)->unsettled())
        QVERIFY(scene.disk->settle(journal.path, choice).has_value());
    std::size_t listed = 0;
    const auto restored = scene.disk->restoreAll(listed);
    QVERIFY2(restored.has_value(), restored ? "" : errorText(restored.error()).c_str());
    QCOMPARE(listed, std::size_t{0});
    QVERIFY((*scene.disk)->leftEdits().empty());
    QCOMPARE(scene.disk->bytes(), scene.neu);
}

void NthFaultTest::writeFailingAt(const Fault &fault, std::uint64_t nth, bool forGood, bool batches,
                                  RecoveryChoice choice, bool &clean)
{
    Scene scene(batches);
    QVERIFY(scene.open());
    QVERIFY(scene.stage());
    plan(*scene.env, fault, nth, forGood);
    const WriteOutcome outcome = (*scene.disk)->commit();
    clean = !struck(*scene.env, fault, nth);
    scene.env->clearFailures();

    QVERIFY(scene.isAsReported(outcome.report()));
    QCOMPARE(outcome->imageIntact, (*scene.disk)->unsettled().empty());
    QCOMPARE(scene.disk->bytes(), scene.neu); // staged or written, no edit is lost
    if (outcome.succeeded()) {
        QVERIFY(outcome->imageIntact);
        QCOMPARE(scene.onDisk(), scene.neu);
        QVERIFY((*scene.disk)->staged().empty());
    } else {
        QCOMPARE(QString::fromStdString(lacks(outcome.error())), QString());
        QVERIFY(!clean);
    }
    if (nth % 2 == 1)
        startAgain(scene, choice);
    else if (!outcome->imageIntact)
        settleAll(scene, choice);
    if (!QTest::currentTestFailed())
        writesAtLast(scene);
}

void NthFaultTest::losesNothingWhenAWriteFails()
{
    QFETCH(qsizetype, fault);
    QFETCH(bool, forGood);
    QFETCH(bool, batches);
    bool clean = false;
    for (std::uint64_t nth = 0; !clean; ++nth) {
        QVERIFY(nth < kMostOperations);
        for (const RecoveryChoice choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
            writeFailingAt(faults()[std::size_t(fault)], nth, forGood, batches, choice, clean);
            if (QTest::currentTestFailed()) {
                qWarning("failing at number %llu", static_cast<unsigned long long>(nth));
                return;
            }
        }
    }
}

/// The write stops for good in the middle of the image, and everything is mended except that number `nth` of settling fails.
void NthFaultTest::settleFailingAt(const Fault &fault, std::uint64_t nth, bool forGood, bool batches,
                                   RecoveryChoice choice, bool &clean)
{
    Scene scene(batches);
    QVERIFY(scene.open());
    QVERIFY(scene.stage());
    std::atomic<bool> renamed{false};
    scene.env->setHook([&](EnvOp op) {
        renamed = renamed || (op == EnvOp::Rename && !onLogThread());
        if (renamed && op == EnvOp::Write && !onLogThread())
            scene.env->failAny(1, EIO, Repeat::ForGood); // this write works, nothing after it
    });
    const WriteOutcome stopped = (*scene.disk)->commit();
    QVERIFY(!stopped.succeeded() && !stopped->imageIntact);
    scene.env->setHook({});
    scene.env->clearFailures();
    const auto found = (*scene.disk)->unsettled();
    QCOMPARE(found.size(), std::size_t{1});

    plan(*scene.env, fault, nth, forGood);
    const auto settled = scene.disk->settle(found.front().path, choice);
    clean = !struck(*scene.env, fault, nth);
    scene.env->clearFailures();
    QVERIFY(isMixOf(scene.onDisk(), scene.old, scene.neu));
    QCOMPARE(scene.disk->bytes(), scene.neu);
    QCOMPARE(settled.has_value(), (*scene.disk)->unsettled().empty());
    if (!settled) {
        QCOMPARE(QString::fromStdString(lacks(settled.error())), QString());
        QVERIFY(!clean);
        // The next try may choose otherwise.
        const auto other = choice == RecoveryChoice::Finish ? RecoveryChoice::RollBack : RecoveryChoice::Finish;
        settleAll(scene, nth % 2 == 0 ? other : choice);
    }
    if (!QTest::currentTestFailed())
        writesAtLast(scene);
}

void NthFaultTest::losesNothingWhenSettlingFails()
{
    QFETCH(qsizetype, fault);
    QFETCH(bool, forGood);
    QFETCH(bool, batches);
    bool clean = false;
    for (std::uint64_t nth = 0; !clean; ++nth) {
        QVERIFY(nth < kMostOperations);
        for (const RecoveryChoice choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
            settleFailingAt(faults()[std::size_t(fault)], nth, forGood, batches, choice, clean);
            if (QTest::currentTestFailed()) {
                qWarning("failing at number %llu", static_cast<unsigned long long>(nth));
                return;
            }
        }
    }
}

// A document that opens although something failed may be read-only or ask to be settled, but not write beside a journal it did not see.
void NthFaultTest::opensOrSaysWhyNot()
{
    QFETCH(qsizetype, fault);
    QFETCH(bool, forGood);
    QFETCH(bool, batches);
    const Fault &failing = faults()[std::size_t(fault)];
    for (std::uint64_t nth = 0;; ++nth) {
        QVERIFY(nth < kMostOperations);
        Scene scene(batches);
        plan(*scene.env, failing, nth, forGood);
        const bool opened = scene.open();
        const bool clean = !struck(*scene.env, failing, nth);
        scene.env->clearFailures();
        QCOMPARE(scene.onDisk(), scene.old);
        if (!opened)
            QCOMPARE(QString::fromStdString(lacks(*scene.disk->error)), QString());
        QVERIFY(opened || !clean);
        if (opened && (*scene.disk)->source().writable() && (*scene.disk)->unsettled().empty()) {
            QVERIFY(scene.stage());
            QVERIFY((*scene.disk)->commit().succeeded());
            QCOMPARE(scene.onDisk(), scene.neu);
        }
        if (clean)
            return;
    }
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::NthFaultTest)
#include "tst_nth_fault.moc"
