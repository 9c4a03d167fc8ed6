// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuse/failing_scene.h"

#include <future>

using namespace cachecore;

namespace cachet_test {

/// A medium that fails for good in the middle of a write, or is gone, and comes back: the journal waits, and settles the write either way.
class MediumRecoveryTest : public QObject {
    Q_OBJECT

private slots:
    void keepsTheJournalOfAMediumThatFailsForGood_data();
    void keepsTheJournalOfAMediumThatFailsForGood();
    void settlesInTheSameSession_data() { addChoiceRows(); }
    void settlesInTheSameSession();
    void settlesAgainWhereSettlingFailed_data() { addChoiceRows(); }
    void settlesAgainWhereSettlingFailed();
    void settlesWhatAnUnpluggedMediumLeft_data() { addChoiceRows(); }
    void settlesWhatAnUnpluggedMediumLeft();

private:
    static void addChoiceRows();
    /// Leaves an image of old and new bytes, and its journal.
    static void breakForGood(FailingScene &scene);
};

void MediumRecoveryTest::addChoiceRows()
{
    QTest::addColumn<int>("caching");
    QTest::addColumn<int>("preference");
    QTest::addColumn<int>("choice");
    for (const auto &[name, caching] :
         {std::pair("direct", Caching::Direct), {"cached", Caching::Cached}, {"written later", Caching::Writeback}}) {
        for (const auto &[place, preference] : {std::pair("beside", JournalPreference::BesideTarget),
                                                {"in the state directory", JournalPreference::StateDirectory}}) {
            QTest::addRow("%s, journal %s, finish", name, place)
                << int(caching) << int(preference) << int(RecoveryChoice::Finish);
            QTest::addRow("%s, journal %s, roll back", name, place)
                << int(caching) << int(preference) << int(RecoveryChoice::RollBack);
        }
    }
}

void MediumRecoveryTest::breakForGood(FailingScene &scene)
{
    QVERIFY(scene.mount.add(after(1, forGood(imageFault(FaultOp::Write, FaultEffect::Fail, EIO)))));
    const WriteOutcome outcome = (*scene.disk)->commit();
    QVERIFY(!outcome.succeeded() && !outcome->imageIntact);
    QVERIFY(isMixOf(scene.mount.medium(), scene.old, scene.neu));
    QVERIFY(scene.mount.medium() != scene.old);
}

void MediumRecoveryTest::keepsTheJournalOfAMediumThatFailsForGood_data()
{
    QTest::addColumn<int>("caching");
    QTest::addColumn<int>("preference");
    QTest::addColumn<int>("op");
    QTest::addColumn<int>("skip");
    QTest::addColumn<int>("systemError");
    for (const auto &[name, caching] :
         {std::pair("direct", Caching::Direct), {"cached", Caching::Cached}, {"written later", Caching::Writeback}}) {
        for (const auto preference : {JournalPreference::BesideTarget, JournalPreference::StateDirectory}) {
            const char *place = preference == JournalPreference::BesideTarget ? "beside" : "in the state directory";
            const auto row = [&](const char *what, FaultOp op, int skip, int systemError) {
                QTest::addRow("%s, journal %s, %s", name, place, what)
                    << int(caching) << int(preference) << int(op) << skip << systemError;
            };
            row("writing fails", FaultOp::Write, 1, EIO);
            row("no room", FaultOp::Write, 1, ENOSPC);
            row("read-only by now", FaultOp::Write, 1, EROFS);
            row("syncing fails", FaultOp::Sync, 0, EIO);
        }
    }
}

void MediumRecoveryTest::keepsTheJournalOfAMediumThatFailsForGood()
{
    QFETCH(const int, op);
    QFETCH(const int, skip);
    QFETCH(const int, systemError);
    CACHET_FAILING_SCENE(scene);
    FaultRule rule = imageFault(static_cast<FaultOp>(op), FaultEffect::Fail, static_cast<std::uint64_t>(systemError));
    rule.skip = static_cast<std::uint64_t>(skip);
    QVERIFY(scene.mount.add(forGood(rule)));
    const WriteOutcome outcome = (*scene.disk)->commit();
    QVERIFY(!outcome.succeeded());
    QCOMPARE(outcome.error().systemError, systemError);
    QCOMPARE(QString::fromStdString(lacks(outcome.error())), QString());
    QVERIFY(!outcome->imageIntact);
    QVERIFY(outcome->rollBackError && lacks(*outcome->rollBackError).empty());
    QVERIFY(std::ranges::all_of(outcome->ranges,
                                [](const RangeResult &result) { return result.fate == RangeFate::Unsettled; }));
    QVERIFY(isMixOf(scene.mount.medium(), scene.old, scene.neu));
    QVERIFY(!scene.leavesNothing());
    const auto unsettled = (*scene.disk)->unsettled();
    QCOMPARE(unsettled.size(), std::size_t{1});
    QCOMPARE(unsettled.front().path, outcome->journalPath);
    QVERIFY(unsettled.front().path.starts_with(scene.folderOfJournals()));
    QCOMPARE((*scene.disk)->staged().byteCount(), FailingScene::kEdited);
    // Nothing more is written until it is settled, not even after the medium is well again.
    QVERIFY(scene.mount.heal());
    QCOMPARE((*scene.disk)->commit().error().code, ErrorCode::NeedsRecovery);
    QVERIFY(scene.disk->bytes() == scene.neu);
}

void MediumRecoveryTest::settlesInTheSameSession()
{
    QFETCH(const int, choice);
    CACHET_FAILING_SCENE(scene);
    breakForGood(scene);
    QVERIFY(scene.mount.heal());
    const auto report
        = scene.disk->settle((*scene.disk)->unsettled().front().path, static_cast<RecoveryChoice>(choice));
    QVERIFY2(report.has_value(), report ? "" : errorText(report.error()).c_str());
    QVERIFY(scene.mount.medium() == (RecoveryChoice(choice) == RecoveryChoice::Finish ? scene.neu : scene.old));
    QVERIFY(scene.leavesNothing());
    QVERIFY((*scene.disk)->unsettled().empty());
    QVERIFY(scene.disk->bytes() == scene.neu);
    verifyWrites(scene);
}

void MediumRecoveryTest::settlesAgainWhereSettlingFailed()
{
    QFETCH(const int, choice);
    CACHET_FAILING_SCENE(scene);
    breakForGood(scene);
    QVERIFY(scene.open()); // the next session finds it, and the medium still fails
    QCOMPARE((*scene.disk)->unsettled().size(), std::size_t{1});
    const std::string journal = (*scene.disk)->unsettled().front().path;
    for (const FaultOp op : {FaultOp::Write, FaultOp::Sync}) {
        QVERIFY(scene.mount.heal());
        QVERIFY(scene.mount.add(forGood(imageFault(op, FaultEffect::Fail, EIO))));
        const auto failed = scene.disk->settle(journal, static_cast<RecoveryChoice>(choice));
        QVERIFY(!failed.has_value());
        QCOMPARE(failed.error().code, ErrorCode::Io);
        QCOMPARE(QString::fromStdString(lacks(failed.error())), QString());
        QVERIFY(isMixOf(scene.mount.medium(), scene.old, scene.neu));
        QCOMPARE((*scene.disk)->unsettled().size(), std::size_t{1});
    }
    QVERIFY(scene.mount.heal());
    const auto report = scene.disk->settle(journal, static_cast<RecoveryChoice>(choice));
    QVERIFY2(report.has_value(), report ? "" : errorText(report.error()).c_str());
    QVERIFY(report->sameTarget);
    QVERIFY(scene.mount.medium() == (RecoveryChoice(choice) == RecoveryChoice::Finish ? scene.neu : scene.old));
    QVERIFY(scene.leavesNothing());
}

// Pulled out while it is written to, and put in again: the same file, under a device number of its own perhaps.
void MediumRecoveryTest::settlesWhatAnUnpluggedMediumLeft()
{
    QFETCH(const int, choice);
    CACHET_FAILING_SCENE(scene);
    const bool later = static_cast<Caching>(caching) == Caching::Writeback;
    QVERIFY(scene.mount.add(after(later ? 0 : 1, imageFault(FaultOp::Write, FaultEffect::Hang))));
    std::promise<WriteOutcome> promise;
    auto done = promise.get_future();
    QVERIFY((*scene.disk)->startCommit([&promise](WriteOutcome outcome) { promise.set_value(std::move(outcome)); }));
    QVERIFY(scene.mount.awaitHanging(1));
    scene.mount.unplug();
    const WriteOutcome outcome = done.get();
    QVERIFY(!outcome.succeeded() && !outcome->imageIntact);
    QCOMPARE(QString::fromStdString(lacks(outcome.error())), QString());
    QCOMPARE((*scene.disk)->staged().byteCount(), FailingScene::kEdited);
    scene.disk.reset();
    QVERIFY2(scene.mount.plugIn(), scene.mount.whyNot().c_str());
    QVERIFY(isMixOf(scene.mount.medium(), scene.old, scene.neu));
    QVERIFY(scene.open());
    QCOMPARE((*scene.disk)->unsettled().size(), std::size_t{1});
    const auto report
        = scene.disk->settle((*scene.disk)->unsettled().front().path, static_cast<RecoveryChoice>(choice));
    QVERIFY2(report.has_value(), report ? "" : errorText(report.error()).c_str());
    QVERIFY(scene.mount.medium() == (RecoveryChoice(choice) == RecoveryChoice::Finish ? scene.neu : scene.old));
    QVERIFY(scene.leavesNothing());
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::MediumRecoveryTest)
#include "tst_medium_recovery.moc"
