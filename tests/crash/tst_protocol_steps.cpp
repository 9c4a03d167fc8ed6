// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/edit/external_bytes.h"
#include "cachecore/write/recovery.h"
#include "tests/crash/step_scene.h"
#include "tests/support/edits.h"

#include <QTest>

#include <algorithm>
#include <cerrno>

using namespace cachecore;

namespace cachet_test {

namespace {

using Kind = DiskOperation::Kind;
using Scene = StepScene;
using End = TransactionEnd::Kind;

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

bool isJournal(const DiskOperation &operation)
{
    return operation.path.contains(kJournalSuffix);
}

/// Told to overwrite what nobody knows, settling mends what the medium damaged.
void rollBackOverwriting(const Scene &scene, const std::string &journal)
{
    const auto target = scene.open();
    WriteProgress progress;
    const auto seen = inspectJournal(*scene.env, *target, journal, progress);
    QVERIFY(seen.has_value());
    QVERIFY(settleJournal(*scene.env, *target, journal, RecoveryChoice::RollBack, ForeignUnits::overwrite(*seen),
                          progress)
                .has_value());
    QCOMPARE(scene.imageOnMedium(), scene.image0());
    QVERIFY(scene.journals(*target).empty());
}

} // namespace

/// Each step of a write does what it is for: where the world has changed it is noticed, at the step that is meant to notice.
class ProtocolStepsTest : public QObject {
    Q_OBJECT

private slots:
    void writesInTheOrderOfTheProtocol();
    void rollsBackInTheOrderOfTheProtocol();
    void refusesAnImageThatWasReplaced();
    void writesToNoImageThatIsReplacedWhileItIsJournalled();
    void takesBackWhatWentToAnImageThatIsReplaced();
    void refusesAnImageThatIsHeld();
    void refusesAnImageThatWasCutShort();
    void refusesWhileAJournalRemains();
    void refusesWhileAJournalRemainsInAnotherPlace();
    void replacesNoJournalThatAppears_data();
    void replacesNoJournalThatAppears();
    void refusesWhatChangedUnderTheEdits_data();
    void refusesWhatChangedUnderTheEdits();
    void readsNothingOfAChangedImport();
    void refusesAnImportThatChangesWhileItIsRead();
    void acceptsAnotherChangeOfTheImage();
    void noticesWhatTheMediumDamages_data();
    void noticesWhatTheMediumDamages();
    void overwritesNothingWrittenMeanwhile_data();
    void overwritesNothingWrittenMeanwhile();
    void saysWhenTheMediumDamagesWhatIsRestored();
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

// The edits were made on one file; now another has its name.
void ProtocolStepsTest::refusesAnImageThatWasReplaced()
{
    Scene scene;
    const TransactionEnd end = scene.write({}, [&] { QVERIFY(scene.replaceTarget()); });
    QVERIFY(end.kind == End::Untouched);
    QCOMPARE(end.error->code, ErrorCode::Changed);
    QCOMPARE(end.error->path, std::string(CrashScene::kTarget));
    QVERIFY(!scene.wroteToTarget());
    QVERIFY(!scene.madeJournal());
    QCOMPARE(scene.image(), scene.image0());
    QVERIFY(scene.journals(*scene.open()).empty());
}

void ProtocolStepsTest::writesToNoImageThatIsReplacedWhileItIsJournalled()
{
    Scene scene;
    scene.meanwhile([](const DiskOperation &next) { return next.kind == Kind::Rename && isJournal(next); },
                    [&] { QVERIFY(scene.replaceTarget()); });
    const TransactionEnd end = scene.write();
    QVERIFY(end.kind == End::Untouched);
    QCOMPARE(end.error->code, ErrorCode::Changed);
    QVERIFY(!scene.wroteToTarget());
    QCOMPARE(scene.image(), scene.image0());
    QVERIFY(scene.journals(*scene.open()).empty());
}

// Whoever is told that it was committed would look for it in the other file.
void ProtocolStepsTest::takesBackWhatWentToAnImageThatIsReplaced()
{
    Scene scene;
    scene.meanwhile(Scene::onTarget(Kind::Sync), [&] { QVERIFY(scene.replaceTarget()); });
    const TransactionEnd end = scene.write();
    QVERIFY(end.kind == End::RolledBack);
    QCOMPARE(end.error->code, ErrorCode::Changed);
    QCOMPARE(end.error->path, std::string(CrashScene::kTarget));
    QCOMPARE(scene.image(), scene.image0());
    QVERIFY(scene.journals(*scene.open()).empty());
}

void ProtocolStepsTest::refusesAnImageThatIsHeld()
{
    Scene scene;
    const TransactionEnd end = scene.write({}, [&] { scene.env->setHolder("a virtual machine"); });
    QVERIFY(end.kind == End::Untouched);
    QCOMPARE(end.error->code, ErrorCode::Held);
    QCOMPARE(end.error->holder, std::string("a virtual machine"));
    QVERIFY(!scene.wroteToTarget());
    QVERIFY(!scene.madeJournal());
}

void ProtocolStepsTest::refusesAnImageThatWasCutShort()
{
    Scene scene;
    const TransactionEnd end = scene.write({}, [&] {
        scene.env->meddle([](SimulatedDisk &disk) {
            SimulatedDisk::Node node = 0;
            QCOMPARE(disk.find(CrashScene::kTarget, node, firstOf), 0);
            disk.file(node).resize(5001, firstOf);
        });
    });
    QVERIFY(end.kind == End::Untouched);
    QCOMPARE(end.error->code, ErrorCode::Truncated);
    QVERIFY(!scene.wroteToTarget());
    QVERIFY(!scene.madeJournal());
    QVERIFY(scene.journals(*scene.open()).empty());
}

void ProtocolStepsTest::refusesWhileAJournalRemains()
{
    Scene scene;
    scene.interrupt();
    const std::string journal = scene.journal();
    const std::vector<std::byte> before = scene.bytes(journal);
    const std::vector<std::byte> image = scene.image();
    QVERIFY(!before.empty());
    const TransactionEnd end = scene.write();
    QVERIFY(end.kind == End::Untouched);
    QCOMPARE(end.error->code, ErrorCode::NeedsRecovery);
    QCOMPARE(scene.bytes(journal), before);
    QCOMPARE(scene.image(), image);
}

// Two journals of one image would each bring back what the other has replaced.
void ProtocolStepsTest::refusesWhileAJournalRemainsInAnotherPlace()
{
    Scene scene({.stateDirectory = true});
    scene.interrupt();
    const std::string journal = scene.journal();
    QVERIFY(journal.starts_with(scene.scene.places.stateDirectory));
    const std::vector<std::byte> image = scene.image();
    scene.scene.places.preference = JournalPlaces::Preference::BesideTarget;
    const TransactionEnd end = scene.write();
    QVERIFY(end.kind == End::Untouched);
    QCOMPARE(end.error->code, ErrorCode::NeedsRecovery);
    QCOMPARE(end.error->path, journal);
    QVERIFY(!scene.madeJournal());
    QCOMPARE(scene.image(), image);
}

void ProtocolStepsTest::replacesNoJournalThatAppears_data()
{
    QTest::addColumn<bool>("atOnce");
    QTest::newRow("where the system looks and renames at once") << true;
    QTest::newRow("where it cannot") << false;
}

// Another program on the same image was as far as this one; its journal is all that knows what it has done.
void ProtocolStepsTest::replacesNoJournalThatAppears()
{
    QFETCH(bool, atOnce);
    Scene other;
    other.interrupt();
    const std::string name = other.journal();
    const std::vector<std::byte> theirs = other.bytes(name);
    QVERIFY(!theirs.empty());

    Scene scene;
    const auto isRename = [](const DiskOperation &next) { return next.kind == Kind::Rename && isJournal(next); };
    if (!atOnce)
        scene.env->fail(isRename, 0, ENOSYS);
    scene.meanwhile(isRename, [&] { scene.put(name, theirs); });
    const TransactionEnd end = scene.write();
    QVERIFY(end.kind == End::Untouched);
    QCOMPARE(end.error->code, ErrorCode::NeedsRecovery);
    QCOMPARE(end.error->path, name);
    QVERIFY(!scene.wroteToTarget());
    QCOMPARE(scene.bytes(name), theirs);
}

void ProtocolStepsTest::refusesWhatChangedUnderTheEdits_data()
{
    QTest::addColumn<bool>("hash");
    QTest::addColumn<bool>("elsewhere");
    QTest::newRow("the bytes were seen") << false << false;
    QTest::newRow("a hash was seen") << true << false;
    QTest::newRow("the bytes were seen, another machine changed them") << false << true;
    QTest::newRow("a hash was seen, another machine changed the bytes") << true << true;
}

void ProtocolStepsTest::refusesWhatChangedUnderTheEdits()
{
    QFETCH(bool, hash);
    QFETCH(bool, elsewhere);
    Scene scene;
    const auto seen = std::span(scene.image0()).subspan(5000, 2);
    Piece piece = Piece::literalOf(shared(bytesOf({3, 4})));
    Base base = Base::ofBytes(shared({seen.begin(), seen.end()}));
    if (hash) {
        base = Base::ofHashes(std::make_shared<const std::vector<Hash128>>(
            std::vector{hash128(std::span(scene.image0()).subspan(4096, Base::kBaseBlock))}));
        base.skip = 5000 % Base::kBaseBlock;
    }
    RangeTree<Base> bases;
    bases = bases.with(rangeAt(5000, 2), std::move(base));
    scene.scene.edits = scene.scene.edits.without(rangeAt(5000, 2)).with(rangeAt(5000, 2), std::move(piece), bases);
    const auto undisturbed = std::make_shared<SimulatedEnv>(scene.scene.disk, 1, firstOf);
    QVERIFY(writeAll(undisturbed, scene.scene).kind == End::Committed);

    if (elsewhere)
        scene.changeOnMedium(5001);
    else
        scene.change(5001);
    const TransactionEnd end = scene.write();
    QVERIFY(end.kind == End::Untouched);
    QCOMPARE(end.error->code, ErrorCode::Changed);
    QCOMPARE(end.error->operation, Operation::Compare);
    QVERIFY(end.error->range && end.error->range->contains(ByteOffset(5001)));
    QVERIFY(!scene.wroteToTarget());
    std::vector<std::byte> changed = scene.image0();
    changed[5001] = scene.changed(5001);
    QCOMPARE(scene.imageOnMedium(), changed);
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
    rollBackOverwriting(scene, end.journalPath);
}

void ProtocolStepsTest::overwritesNothingWrittenMeanwhile_data()
{
    QTest::addColumn<quint64>("at");
    QTest::addColumn<bool>("elsewhere");
    QTest::newRow("beside the edits") << quint64{4000} << false;
    QTest::newRow("over an edit") << quint64{101} << false;
    QTest::newRow("beside an edit, by another machine") << quint64{110} << true;
}

// The write is cancelled once the image is synced, and somebody writes then: rolling back leaves that unit, and people are asked.
void ProtocolStepsTest::overwritesNothingWrittenMeanwhile()
{
    QFETCH(quint64, at);
    QFETCH(bool, elsewhere);
    Scene scene;
    std::stop_source stop;
    bool synced = false;
    const auto next = [&](const DiskOperation &operation) {
        const bool after = std::exchange(synced, synced || Scene::onTarget(Kind::Sync)(operation));
        if (!after && synced)
            stop.request_stop();
        return after;
    };
    scene.meanwhile(next, [&] { elsewhere ? scene.changeOnMedium(at) : scene.change(at); });
    const TransactionEnd end = scene.write(stop.get_token());
    QVERIFY(end.kind == End::NeedsRecovery);
    QCOMPARE(end.error->code, ErrorCode::Cancelled);
    QVERIFY(end.rollBackError && end.rollBackError->code == ErrorCode::Changed);
    QVERIFY(end.rollBackError->range && end.rollBackError->range->contains(ByteOffset(at)));
    const std::vector<std::byte> now = scene.imageOnMedium();
    QCOMPARE(now[static_cast<std::size_t>(at)], scene.changed(at));
    QCOMPARE(now[5000], scene.image0()[5000]); // the other unit has its old bytes
    QCOMPARE(scene.journal(), end.journalPath);
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

    rollBackOverwriting(scene, end.journalPath);
}

void ProtocolStepsTest::removesItsJournal()
{
    Scene scene;
    QVERIFY(scene.write().kind == End::Committed);
    SimulatedDisk disk = scene.env->disk();
    SimulatedDisk::Names names;
    QCOMPARE(disk.list("/data", names, firstOf), 0);
    QCOMPARE(names.size(), std::size_t{2});
    QVERIFY(disk.isDurable("/data", firstOf));
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::ProtocolStepsTest)
#include "tst_protocol_steps.moc"
