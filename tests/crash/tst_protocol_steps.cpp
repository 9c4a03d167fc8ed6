// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/edit/external_bytes.h"
#include "cachecore/write/recovery.h"
#include "tests/crash/crash_scene.h"
#include "tests/support/edits.h"

#include <QTest>

#include <algorithm>
#include <cerrno>

using namespace cachecore;

namespace cachet_test {

namespace {

using Kind = DiskOperation::Kind;
using End = TransactionEnd::Kind;

std::size_t first(std::size_t)
{
    return 0;
}

/// A scene of two extents, one machine that runs, and what happens on it.
struct Scene {
    Scene()
        : scene({})
    {
        scene.stage(100, bytesOf({1, 2}));
        scene.stage(5000, bytesOf({3, 4}));
        start(scene.disk);
    }
    void start(const SimulatedDisk &disk) { env = std::make_shared<SimulatedEnv>(disk, 1, first); }

    TransactionEnd write(std::stop_token stop = {}, const std::function<void()> &before = {}) const
    {
        return writeAll(env, scene, std::move(stop), before);
    }
    /// Until `kind` of operation comes up on the target, when the write is asked to stop.
    TransactionEnd writeStoppedAt(Kind kind) const
    {
        std::stop_source stop;
        env->setBeforeEach([&, kind](const SimulatedDisk &, const DiskOperation &next) {
            if (next.kind == kind && next.path == CrashScene::kTarget)
                stop.request_stop();
        });
        const TransactionEnd end = write(stop.get_token());
        env->setBeforeEach({});
        return end;
    }
    std::vector<std::byte> image() const { return env->disk().bytes(CrashScene::kTarget, first).value_or(noBytes()); }
    std::vector<std::byte> imageOnMedium() const
    {
        env->meddle([](SimulatedDisk &disk) {
            SimulatedDisk::Node node = 0;
            if (disk.find(CrashScene::kTarget, node, first) == 0)
                disk.file(node).dropCached(0, ~std::uint64_t{0}, first);
        });
        return image();
    }
    static std::vector<std::byte> noBytes() { return {}; }
    /// The medium damages byte `at` of the image when its sector is synced, `later` times after the next.
    void damage(std::uint64_t at, unsigned later = 0) const
    {
        env->meddle([&](SimulatedDisk &disk) {
            SimulatedDisk::Node node = 0;
            if (disk.find(CrashScene::kTarget, node, first) == 0)
                disk.file(node).damageAt(at, later);
        });
    }
    /// Told to overwrite what nobody knows, settling mends what the medium damaged.
    void rollBackOverwriting(const std::string &journal) const
    {
        const auto target = open();
        WriteProgress progress;
        const auto seen = inspectJournal(*env, *target, journal, progress);
        QVERIFY(seen.has_value());
        QVERIFY(
            settleJournal(*env, *target, journal, RecoveryChoice::RollBack, ForeignUnits::overwrite(*seen), progress)
                .has_value());
        QCOMPARE(imageOnMedium(), image0());
        QVERIFY(journals(*target).empty());
    }
    /// Another program writes one byte of the image, durably.
    void change(std::uint64_t at) const
    {
        env->meddle([&](SimulatedDisk &disk) {
            SimulatedDisk::Node node = 0;
            if (disk.find(CrashScene::kTarget, node, first) != 0)
                return;
            const std::byte changed[] = {image0()[static_cast<std::size_t>(at)] ^ std::byte{0x80}};
            disk.file(node).write(at, changed, first);
            disk.file(node).sync();
        });
    }
    const std::vector<std::byte> &image0() const { return *scene.original; }
    bool wroteToTarget() const
    {
        for (const DiskOperation &operation : env->log()) {
            if (operation.kind == Kind::Write && operation.path == CrashScene::kTarget)
                return true;
        }
        return false;
    }
    std::unique_ptr<FileSource> open() const
    {
        auto source = FileSource::open(env, CrashScene::kTarget, FileSource::Access::WriteIfPermitted);
        return source ? std::move(*source) : nullptr;
    }
    std::vector<FoundJournal> journals(const BlockSource &source) const
    {
        return findJournals(*env, source, scene.places).value_or(std::vector<FoundJournal>{});
    }
    /// The machine stops without losing anything in the middle of writing the target, and starts again.
    void interrupt()
    {
        std::optional<SimulatedDisk> left;
        unsigned writes = 0;
        env->setBeforeEach([&](const SimulatedDisk &disk, const DiskOperation &next) {
            if (next.kind == Kind::Write && next.path == CrashScene::kTarget && ++writes == 2)
                left = disk;
        });
        (void)write();
        start(left.value());
    }

    CrashScene scene;
    std::shared_ptr<SimulatedEnv> env;
};

/// A file to be staged that is not what it was any more, or ceases to be when it is read.
class FickleImport final : public ExternalBytes {
public:
    explicit FickleImport(bool changed)
        : m_changed(changed)
    {
    }
    std::uint64_t size() const override { return 10; }
    bool peek(std::uint64_t, std::span<std::byte>) const override { return false; }
    Result<void> read(std::uint64_t, std::span<std::byte> into) const override
    {
        m_changed = true;
        ++m_reads;
        std::ranges::fill(into, std::byte{7});
        return {};
    }
    Result<void> checkUnchanged() const override
    {
        return m_changed ? failure(ErrorCode::Changed, Operation::Import, {}, "/import") : Result<void>();
    }
    unsigned reads() const { return m_reads; }

private:
    mutable bool m_changed;
    mutable unsigned m_reads = 0;
};

/// What happens on journal (J write, j sync, R its rename, X its removal), directory (D) and target (T write, t sync), repetitions once.
std::string stepsOf(const std::vector<DiskOperation> &log)
{
    std::string steps;
    for (const DiskOperation &operation : log) {
        const bool target = operation.path == CrashScene::kTarget;
        char step = 0;
        switch (operation.kind) {
        case Kind::Write:
            step = target ? 'T' : 'J';
            break;
        case Kind::Sync:
            step = target ? 't' : 'j';
            break;
        case Kind::Rename:
            step = 'R';
            break;
        case Kind::Remove:
            step = 'X';
            break;
        case Kind::SyncDirectory:
            step = 'D';
            break;
        default:
            continue;
        }
        if (steps.empty() || steps.back() != step)
            steps += step;
    }
    return steps;
}

} // namespace

class ProtocolStepsTest : public QObject {
    Q_OBJECT

private slots:
    void writesInTheOrderOfTheProtocol();
    void rollsBackInTheOrderOfTheProtocol();
    void settlesInTheOrderOfTheProtocol();
    void refusesAnImageThatWasReplaced();
    void refusesAnImageThatWasCutShort();
    void refusesWhileAJournalRemains();
    void refusesWhatChangedUnderTheEdits();
    void readsNothingOfAChangedImport();
    void refusesAnImportThatChangesWhileItIsRead();
    void acceptsAnotherChangeOfTheImage();
    void noticesWhatTheMediumDamages_data();
    void noticesWhatTheMediumDamages();
    void saysWhenTheMediumDamagesWhatIsRestored();
    void saysWhenTheMediumDamagesWhatIsSettled();
    void settlesNoImageThatWasReplaced();
    void leavesForeignUnitsAlone();
    void overwritesForeignUnitsWhenTold();
    void removesItsJournal();
};

void ProtocolStepsTest::writesInTheOrderOfTheProtocol()
{
    Scene scene;
    QVERIFY(scene.write().kind == End::Committed);
    QCOMPARE(stepsOf(scene.env->log()), "JjJjRDTtJjXD");
    QCOMPARE(scene.imageOnMedium(), *scene.scene.imageBefore(1));
}

void ProtocolStepsTest::rollsBackInTheOrderOfTheProtocol()
{
    Scene scene;
    const TransactionEnd end = scene.writeStoppedAt(Kind::Write);
    QVERIFY(end.kind == End::RolledBack);
    QCOMPARE(end.error->code, ErrorCode::Cancelled);
    QCOMPARE(stepsOf(scene.env->log()), "JjJjRDTJjTtJjXD");
    QCOMPARE(scene.imageOnMedium(), scene.image0());
}

void ProtocolStepsTest::settlesInTheOrderOfTheProtocol()
{
    Scene scene;
    scene.interrupt();
    const auto target = scene.open();
    const auto found = scene.journals(*target);
    QCOMPARE(found.size(), std::size_t{1});
    WriteProgress progress;
    QVERIFY(settleJournal(*scene.env, *target, found.front().path, RecoveryChoice::Finish, ForeignUnits::Stop, progress)
                .has_value());
    const std::string steps = stepsOf(scene.env->log());
    QVERIFY2(steps == "TtXD" || steps == "TtJjXD", steps.c_str());
    QCOMPARE(scene.imageOnMedium(), *scene.scene.imageBefore(1));
}

// The edits were made on one file; now another has its name.
void ProtocolStepsTest::refusesAnImageThatWasReplaced()
{
    Scene scene;
    scene.env->meddle([&](SimulatedDisk &disk) { disk.addFile("/data/copy.img", scene.image0(), 512); });
    const TransactionEnd end
        = scene.write({}, [&] { QVERIFY(scene.env->rename("/data/copy.img", CrashScene::kTarget).has_value()); });
    QVERIFY(end.kind == End::Untouched);
    QCOMPARE(end.error->code, ErrorCode::Changed);
    QCOMPARE(end.error->path, std::string(CrashScene::kTarget));
    QVERIFY(!scene.wroteToTarget());
    QCOMPARE(scene.image(), scene.image0());
    QVERIFY(scene.journals(*scene.open()).empty());
}

void ProtocolStepsTest::refusesAnImageThatWasCutShort()
{
    Scene scene;
    const TransactionEnd end = scene.write({}, [&] {
        scene.env->meddle([](SimulatedDisk &disk) {
            SimulatedDisk::Node node = 0;
            QCOMPARE(disk.find(CrashScene::kTarget, node, first), 0);
            disk.file(node).resize(5001, first);
        });
    });
    QVERIFY(end.kind == End::Untouched);
    QVERIFY(end.error->code == ErrorCode::Truncated || end.error->code == ErrorCode::Changed);
    QVERIFY(!scene.wroteToTarget());
    QVERIFY(scene.journals(*scene.open()).empty());
}

void ProtocolStepsTest::refusesWhileAJournalRemains()
{
    Scene scene;
    scene.interrupt();
    const auto found = scene.journals(*scene.open());
    QCOMPARE(found.size(), std::size_t{1});
    const auto journal = scene.env->disk().bytes(found.front().path, first);
    const std::vector<std::byte> image = scene.image();
    const TransactionEnd end = scene.write();
    QVERIFY(end.kind == End::Untouched);
    QCOMPARE(end.error->code, ErrorCode::NeedsRecovery);
    QCOMPARE(scene.env->disk().bytes(found.front().path, first), journal);
    QCOMPARE(scene.image(), image);
}

void ProtocolStepsTest::refusesWhatChangedUnderTheEdits()
{
    Scene scene;
    const auto seen = std::span(scene.image0()).subspan(5000, 2);
    Piece piece = Piece::literalOf(shared(bytesOf({3, 4})));
    RangeTree<Base> bases;
    bases = bases.with(rangeAt(5000, 2), Base::ofBytes(shared({seen.begin(), seen.end()})));
    scene.scene.edits = scene.scene.edits.without(rangeAt(5000, 2)).with(rangeAt(5000, 2), std::move(piece), bases);
    const auto undisturbed = std::make_shared<SimulatedEnv>(scene.scene.disk, 1, first);
    QVERIFY(writeAll(undisturbed, scene.scene).kind == End::Committed);

    scene.change(5001);
    const std::vector<std::byte> changed = scene.image();
    const TransactionEnd end = scene.write();
    QVERIFY(end.kind == End::Untouched);
    QCOMPARE(end.error->code, ErrorCode::Changed);
    QCOMPARE(end.error->operation, Operation::Compare);
    QVERIFY(end.error->range && end.error->range->contains(ByteOffset(5001)));
    QVERIFY(!scene.wroteToTarget());
    QCOMPARE(scene.image(), changed);
    QVERIFY(scene.journals(*scene.open()).empty());
}

// Which would be for nothing, and may be as much as a disk holds.
void ProtocolStepsTest::readsNothingOfAChangedImport()
{
    Scene scene;
    const auto import = std::make_shared<const FickleImport>(true);
    scene.scene.edits = scene.scene.edits.with(rangeAt(9000, 10), Piece::externalFrom(import, 0), {});
    const TransactionEnd end = scene.write();
    QVERIFY(end.kind == End::Untouched);
    QVERIFY(end.error->code == ErrorCode::Changed && end.error->operation == Operation::Import);
    QCOMPARE(import->reads(), 0U);
    QVERIFY(!scene.wroteToTarget());
    QVERIFY(scene.journals(*scene.open()).empty());
}

// What was read before and after the change is no state the file ever had.
void ProtocolStepsTest::refusesAnImportThatChangesWhileItIsRead()
{
    Scene scene;
    const auto import = std::make_shared<const FickleImport>(false);
    scene.scene.edits = scene.scene.edits.with(rangeAt(9000, 10), Piece::externalFrom(import, 0), {});
    const TransactionEnd end = scene.write();
    QVERIFY(end.kind == End::Untouched);
    QVERIFY(end.error->code == ErrorCode::Changed && end.error->operation == Operation::Import);
    QCOMPARE(import->reads(), 1U);
    QVERIFY(!scene.wroteToTarget());
    QCOMPARE(scene.image(), scene.image0());
    QVERIFY(scene.journals(*scene.open()).empty());
}

void ProtocolStepsTest::acceptsAnotherChangeOfTheImage()
{
    Scene scene;
    scene.change(5003);
    scene.change(9000);
    QVERIFY(scene.write().kind == End::Committed);
    std::vector<std::byte> expected = *scene.scene.imageBefore(1);
    expected[5003] ^= std::byte{0x80};
    expected[9000] ^= std::byte{0x80};
    QCOMPARE(scene.imageOnMedium(), expected);
}

void ProtocolStepsTest::noticesWhatTheMediumDamages_data()
{
    QTest::addColumn<quint64>("at");
    QTest::newRow("the first byte") << quint64{100};
    QTest::newRow("the last byte") << quint64{5001};
}

void ProtocolStepsTest::noticesWhatTheMediumDamages()
{
    QFETCH(quint64, at);
    Scene scene;
    scene.damage(at);
    const TransactionEnd end = scene.write();
    QVERIFY(end.kind == End::NeedsRecovery); // another program may have written that byte
    QCOMPARE(end.error->operation, Operation::Verify);
    QVERIFY(end.error->range && end.error->range->contains(ByteOffset(at)));
    QVERIFY(end.rollBackError && end.rollBackError->range && end.rollBackError->range->contains(ByteOffset(at)));
    scene.rollBackOverwriting(end.journalPath);
}

void ProtocolStepsTest::saysWhenTheMediumDamagesWhatIsRestored()
{
    Scene scene;
    scene.damage(101, 1);
    const TransactionEnd end = scene.writeStoppedAt(Kind::Sync);
    QVERIFY(end.kind == End::NeedsRecovery);
    QCOMPARE(end.error->code, ErrorCode::Cancelled);
    QVERIFY(end.rollBackError && end.rollBackError->range && end.rollBackError->range->contains(ByteOffset(101)));
    QVERIFY(scene.imageOnMedium() != scene.image0());
    QCOMPARE(scene.journals(*scene.open()).size(), std::size_t{1});

    scene.rollBackOverwriting(end.journalPath);
}

void ProtocolStepsTest::saysWhenTheMediumDamagesWhatIsSettled()
{
    Scene scene;
    scene.interrupt();
    const auto target = scene.open();
    const std::string journal = scene.journals(*target).front().path;
    scene.damage(5000);
    WriteProgress progress;
    const auto settled
        = settleJournal(*scene.env, *target, journal, RecoveryChoice::Finish, ForeignUnits::Stop, progress);
    QVERIFY(!settled.has_value());
    QVERIFY(settled.error().range && settled.error().range->contains(ByteOffset(5000)));
    QCOMPARE(scene.journals(*target).size(), std::size_t{1});
}

void ProtocolStepsTest::settlesNoImageThatWasReplaced()
{
    for (const RecoveryChoice choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
        Scene scene;
        scene.interrupt();
        const auto target = scene.open();
        const std::string journal = scene.journals(*target).front().path;
        scene.env->meddle([&](SimulatedDisk &disk) { disk.addFile("/data/copy.img", scene.image0(), 512); });
        QVERIFY(scene.env->rename("/data/copy.img", CrashScene::kTarget).has_value());
        WriteProgress progress;
        const auto settled = settleJournal(*scene.env, *target, journal, choice, ForeignUnits::Stop, progress);
        QVERIFY(!settled.has_value());
        QCOMPARE(settled.error().code, ErrorCode::Changed);
        QCOMPARE(settled.error().path, std::string(CrashScene::kTarget));
        QCOMPARE(scene.image(), scene.image0());
        QCOMPARE(scene.journals(*target).size(), std::size_t{1});
    }
}

void ProtocolStepsTest::leavesForeignUnitsAlone()
{
    for (const RecoveryChoice choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
        Scene scene;
        scene.interrupt();
        scene.change(6000); // in the unit of the second extent, which holds its old bytes still
        const std::vector<std::byte> image = scene.image();
        const auto target = scene.open();
        const std::string journal = scene.journals(*target).front().path;
        WriteProgress progress;
        const auto report = inspectJournal(*scene.env, *target, journal, progress);
        QVERIFY(report.has_value());
        QCOMPARE(report->count(UnitCondition::Foreign), std::uint64_t{1});
        QVERIFY(!report->foreign.empty() && report->foreign.front().contains(ByteOffset(6000)));
        const auto settled = settleJournal(*scene.env, *target, journal, choice, ForeignUnits::Stop, progress);
        QVERIFY(!settled.has_value());
        QCOMPARE(settled.error().code, ErrorCode::Changed);
        QVERIFY(settled.error().range && settled.error().range->contains(ByteOffset(6000)));
        QVERIFY(!scene.wroteToTarget());
        QCOMPARE(scene.image(), image);
        QCOMPARE(scene.journals(*target).size(), std::size_t{1});
    }
}

void ProtocolStepsTest::overwritesForeignUnitsWhenTold()
{
    for (const bool finish : {true, false}) {
        Scene scene;
        scene.interrupt();
        scene.change(6000);
        const auto target = scene.open();
        const std::string journal = scene.journals(*target).front().path;
        WriteProgress progress;
        const auto seen = inspectJournal(*scene.env, *target, journal, progress);
        QVERIFY(seen.has_value());
        QVERIFY(settleJournal(*scene.env, *target, journal, finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack,
                              ForeignUnits::overwrite(*seen), progress)
                    .has_value());
        QCOMPARE(scene.imageOnMedium(), *scene.scene.imageBefore(finish ? 1 : 0));
        QVERIFY(scene.journals(*target).empty());
    }
}

void ProtocolStepsTest::removesItsJournal()
{
    Scene scene;
    QVERIFY(scene.write().kind == End::Committed);
    SimulatedDisk disk = scene.env->disk();
    SimulatedDisk::Names names;
    QCOMPARE(disk.list("/data", names, first), 0);
    QCOMPARE(names.size(), std::size_t{2});
    QVERIFY(disk.isDurable("/data", first));
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::ProtocolStepsTest)
#include "tst_protocol_steps.moc"
