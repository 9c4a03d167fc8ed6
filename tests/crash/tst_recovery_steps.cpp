// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/recovery.h"
#include "tests/crash/choices.h"
#include "tests/crash/step_scene.h"
#include "tests/support/edits.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <cerrno>

using namespace cachecore;

namespace cachet_test {

namespace {

using Scene = StepScene;
using Kind = DiskOperation::Kind;

constexpr RecoveryChoice kBoth[] = {RecoveryChoice::Finish, RecoveryChoice::RollBack};

Result<RecoveryReport> settle(const Scene &scene, BlockSource &target, const std::string &journal,
                              RecoveryChoice choice, const ForeignUnits &foreign = ForeignUnits::Stop)
{
    WriteProgress progress;
    return settleJournal(*scene.env, target, journal, choice, foreign, progress);
}

Result<RecoveryReport> look(const Scene &scene, BlockSource &target, const std::string &journal)
{
    WriteProgress progress;
    return inspectJournal(*scene.env, target, journal, progress);
}

/// Whether anything of the image was looked at.
bool readTarget(const Scene &scene)
{
    return std::ranges::any_of(scene.env->log(), Scene::onTarget(Kind::LetGo));
}

} // namespace

/// Each step of settling a journal, or of setting it aside, does what it is for.
class RecoveryStepsTest : public QObject {
    Q_OBJECT

private slots:
    void settlesInTheOrderOfTheProtocol();
    void settlesNoImageThatWasReplaced();
    void keepsTheJournalOfAnImageReplacedWhileItIsSettled();
    void settlesNoImageThatIsHeld();
    void settlesNoImageThatWasCutShort();
    void removesNoJournalOfAnImageThatMayNotBeWritten();
    void leavesForeignUnitsAlone();
    void leavesAloneWhatIsWrittenWhileItSettles();
    void overwritesForeignUnitsWhenTold();
    void overwritesNothingOfAnotherDisk();
    void reportsWhatIsOnTheMedium();
    void saysWhenTheMediumDamagesWhatIsSettled();
    void setsAsideForGood();
    void setsAsideUnderAFreeName();
    void saysWhenANameMayNotLast();
};

void RecoveryStepsTest::settlesInTheOrderOfTheProtocol()
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

void RecoveryStepsTest::settlesNoImageThatWasReplaced()
{
    for (const RecoveryChoice choice : kBoth) {
        Scene scene;
        scene.interrupt();
        const auto target = scene.open();
        const std::string journal = scene.journal();
        QVERIFY(scene.replaceTarget());
        const auto settled = settle(scene, *target, journal, choice);
        QVERIFY(!settled.has_value());
        QCOMPARE(settled.error().code, ErrorCode::Changed);
        QCOMPARE(settled.error().path, std::string(CrashScene::kTarget));
        QVERIFY(!scene.wroteToTarget());
        QCOMPARE(scene.image(), scene.image0());
        QVERIFY(!scene.bytes(journal).empty());
    }
}

// Nobody sees what was settled, and the journal may be needed where it is seen.
void RecoveryStepsTest::keepsTheJournalOfAnImageReplacedWhileItIsSettled()
{
    for (const RecoveryChoice choice : kBoth) {
        Scene scene;
        scene.interrupt();
        const auto target = scene.open();
        const std::string journal = scene.journal();
        scene.meanwhile(Scene::onTarget(Kind::Sync), [&] { QVERIFY(scene.replaceTarget()); });
        const auto settled = settle(scene, *target, journal, choice);
        QVERIFY(!settled.has_value());
        QCOMPARE(settled.error().code, ErrorCode::Changed);
        QVERIFY(!scene.bytes(journal).empty());
    }
}

void RecoveryStepsTest::settlesNoImageThatIsHeld()
{
    Scene scene;
    scene.interrupt();
    const auto target = scene.open();
    const std::string journal = scene.journal();
    scene.env->setHolder("a virtual machine");
    const auto settled = settle(scene, *target, journal, RecoveryChoice::Finish);
    QVERIFY(!settled.has_value());
    QCOMPARE(settled.error().code, ErrorCode::Held);
    QCOMPARE(settled.error().holder, std::string("a virtual machine"));
    QVERIFY(!scene.wroteToTarget());
    QVERIFY(!scene.bytes(journal).empty());
}

// All that is missing is told, before any of it is read.
void RecoveryStepsTest::settlesNoImageThatWasCutShort()
{
    Scene scene;
    scene.interrupt();
    const auto target = scene.open();
    const std::string journal = scene.journal();
    scene.env->meddle([](SimulatedDisk &disk) {
        SimulatedDisk::Node node = 0;
        QCOMPARE(disk.find(CrashScene::kTarget, node, firstOf), 0);
        disk.file(node).resize(50, firstOf);
    });
    const auto settled = settle(scene, *target, journal, RecoveryChoice::Finish);
    QVERIFY(!settled.has_value());
    QCOMPARE(settled.error().code, ErrorCode::Truncated);
    QVERIFY(settled.error().range == rangeAt(50, 2 * 4096 - 50));
    QVERIFY(!readTarget(scene));
    QVERIFY(!scene.wroteToTarget());
    QVERIFY(!scene.bytes(journal).empty());
}

// It may be the one of a write that goes on, in a program that may.
void RecoveryStepsTest::removesNoJournalOfAnImageThatMayNotBeWritten()
{
    Scene scene;
    scene.interruptBefore([](const DiskOperation &next) { return next.kind == Kind::Remove; });
    const std::string journal = scene.journal();
    const auto target = scene.open(FileSource::Access::ReadOnly);
    QCOMPARE(look(scene, *target, journal)->state, JournalState::Done);
    const auto settled = settle(scene, *target, journal, RecoveryChoice::Finish);
    QVERIFY(!settled.has_value());
    QCOMPARE(settled.error().code, ErrorCode::ReadOnly);
    QVERIFY(!scene.bytes(journal).empty());
}

void RecoveryStepsTest::leavesForeignUnitsAlone()
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

// Looking has found nothing foreign; what another program writes before it is overwritten counts as well.
void RecoveryStepsTest::leavesAloneWhatIsWrittenWhileItSettles()
{
    for (const RecoveryChoice choice : kBoth) {
        Scene scene;
        scene.interrupt();
        const auto target = scene.open();
        const std::string journal = scene.journal();
        scene.meanwhile(Scene::onTarget(Kind::LetGo), [&] { scene.change(6000); }, 1); // when it was looked at
        const auto settled = settle(scene, *target, journal, choice);
        QVERIFY(!settled.has_value());
        QCOMPARE(settled.error().code, ErrorCode::Changed);
        QVERIFY(settled.error().range && settled.error().range->contains(ByteOffset(6000)));
        QCOMPARE(scene.imageOnMedium()[6000], scene.changed(6000));
        QVERIFY(!scene.bytes(journal).empty());
    }
}

void RecoveryStepsTest::overwritesForeignUnitsWhenTold()
{
    for (const bool finish : {true, false}) {
        Scene scene;
        scene.interrupt();
        scene.change(6000);
        const auto target = scene.open();
        const std::string journal = scene.journals(*target).front().path;
        const auto seen = look(scene, *target, journal);
        QVERIFY(seen.has_value());
        const RecoveryChoice choice = finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack;
        QVERIFY(settle(scene, *target, journal, choice, ForeignUnits::overwrite(*seen)).has_value());
        QCOMPARE(scene.imageOnMedium(), *scene.scene.imageBefore(finish ? 1 : 0));
        QVERIFY(scene.journals(*target).empty());
    }
}

// A copy of the image may be mended by the image's journal; another disk, where foreign bytes say that it is no copy, must not be, whatever is asked for.
void RecoveryStepsTest::overwritesNothingOfAnotherDisk()
{
    Scene scene;
    scene.interrupt();
    const std::string journal = scene.journal();
    const std::vector<std::byte> others = patternBytes(scene.image0().size(), 7);
    scene.put("/data/other.img", others);
    auto target = FileSource::open(scene.env, "/data/other.img", FileSource::Access::WriteIfPermitted);
    QVERIFY(target.has_value());
    const auto seen = look(scene, **target, journal);
    QVERIFY(seen && !seen->foreign.empty());
    for (const RecoveryChoice choice : kBoth) {
        const auto settled = settle(scene, **target, journal, choice, ForeignUnits::overwrite(*seen));
        QVERIFY(!settled.has_value());
        QCOMPARE(settled.error().code, ErrorCode::Changed);
        QCOMPARE(scene.bytes("/data/other.img"), others);
        QVERIFY(!scene.bytes(journal).empty());
    }
}

void RecoveryStepsTest::reportsWhatIsOnTheMedium()
{
    Scene scene;
    scene.interrupt();
    scene.changeOnMedium(6000);
    const auto target = scene.open();
    const auto report = look(scene, *target, scene.journal());
    QVERIFY(report.has_value());
    QCOMPARE(report->count(UnitCondition::Foreign), std::uint64_t{1});
    QVERIFY(!report->foreign.empty() && report->foreign.front().contains(ByteOffset(6000)));
}

void RecoveryStepsTest::saysWhenTheMediumDamagesWhatIsSettled()
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

// Whatever a power cut leaves then, the journal is there under its new name and asked about no more.
void RecoveryStepsTest::setsAsideForGood()
{
    Scene scene;
    scene.interrupt();
    const std::string journal = scene.journal();
    const std::vector<std::byte> whole = scene.bytes(journal);
    const auto aside = setJournalAside(*scene.env, journal);
    QVERIFY(aside && !aside->leftover);
    SimulatedDisk disk = scene.env->disk();
    disk.cutPower();
    Choices choices;
    do {
        const Choose choose = choices.choose();
        const auto again = std::make_shared<SimulatedEnv>(disk, 2, choose);
        auto target = FileSource::open(again, CrashScene::kTarget, FileSource::Access::WriteIfPermitted);
        QVERIFY(target.has_value());
        const auto found = findJournals(*again, **target, scene.scene.places);
        QVERIFY(found && found->empty());
        QVERIFY(again->disk().bytes(aside->path, choose) == whole);
    } while (choices.next());
}

void RecoveryStepsTest::setsAsideUnderAFreeName()
{
    Scene scene;
    scene.interrupt();
    const std::string journal = scene.journal();
    const std::vector<std::byte> whole = scene.bytes(journal);
    const std::string taken = journal + ".1" + kKeptSuffix;
    scene.put(taken, bytesOf({1, 2, 3}));
    const auto aside = setJournalAside(*scene.env, journal);
    QVERIFY(aside.has_value());
    QCOMPARE(aside->path, journal + ".2" + kKeptSuffix);
    QCOMPARE(scene.bytes(taken), bytesOf({1, 2, 3}));
    QCOMPARE(scene.bytes(aside->path), whole);
}

// It has its new name, and a power cut may take that away: who set it aside is told.
void RecoveryStepsTest::saysWhenANameMayNotLast()
{
    Scene scene;
    scene.interrupt();
    const std::string journal = scene.journal();
    scene.env->fail([](const DiskOperation &next) { return next.kind == Kind::SyncDirectory; }, 0, EIO);
    const auto aside = setJournalAside(*scene.env, journal);
    QVERIFY(aside && aside->leftover);
    QCOMPARE(aside->leftover->systemError, EIO);
    QCOMPARE(aside->leftover->operation, Operation::Journal);
    QCOMPARE(aside->leftover->path, journal);
    QVERIFY(scene.bytes(journal).empty() && !scene.bytes(aside->path).empty());
    QVERIFY(!scene.env->disk().isDurable("/data", firstOf));
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::RecoveryStepsTest)
#include "tst_recovery_steps.moc"
