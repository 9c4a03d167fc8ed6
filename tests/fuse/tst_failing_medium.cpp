// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuse/failing_scene.h"

using namespace cachecore;

namespace cachet_test {

/// Writing to an image on a medium that fails, on the other side of the kernel: what a write promises when it ends, and what it leaves.
class FailingMediumTest : public QObject {
    Q_OBJECT

private slots:
    void writesToAMediumInOrder_data() { addMediumRows(); }
    void writesToAMediumInOrder();
    void readsAroundWhatTheMediumHasLost_data() { addMediumRows(); }
    void readsAroundWhatTheMediumHasLost();
    void rollsBackWhateverWriteFails_data() { addMediumRows(); }
    void rollsBackWhateverWriteFails();
    void saysThatTheMediumIsFull_data() { addMediumRows(); }
    void saysThatTheMediumIsFull();
    void rollsBackWhenTheMediumDoesNotSync_data() { addMediumRows(); }
    void rollsBackWhenTheMediumDoesNotSync();
    void goesOnAfterShortWrites_data() { addMediumRows(); }
    void goesOnAfterShortWrites();
    void noticesAWriteThatNeverReachesTheMedium_data() { addMediumRows(); }
    void noticesAWriteThatNeverReachesTheMedium();
    void leavesTheImageWhenTheJournalFails_data();
    void leavesTheImageWhenTheJournalFails();
    void readsAReadOnlyMedium();
    void asksTheFileSystemForItsLock();
    void writesWhereTheFileSystemHasNoLocks();
    void namesNobodyWhenTheLockIsHeldElsewhere();
};

void FailingMediumTest::writesToAMediumInOrder()
{
    CACHET_FAILING_SCENE(scene);
    const WriteOutcome part = (*scene.disk)->persist(rangeAt(0, 4096));
    QVERIFY2(part.succeeded(), part.succeeded() ? "" : errorText(part.error()).c_str());
    QVERIFY(QString::fromStdString(part->journalPath).startsWith(QString::fromStdString(scene.folderOfJournals())));
    std::vector<std::byte> meant = scene.old;
    std::ranges::copy(patternBytes(100, 5), meant.begin() + 10);
    QVERIFY(scene.mount.medium() == meant);
    QCOMPARE((*scene.disk)->staged().byteCount(), FailingScene::kEdited - 100);
    verifyWrites(scene);
    QCOMPARE(scene.mount.applied(), std::uint64_t{0});
}

void FailingMediumTest::readsAroundWhatTheMediumHasLost()
{
    CACHET_FAILING_SCENE(scene);
    FaultRule lost = forGood(imageFault(FaultOp::Read, FaultEffect::Fail, EIO));
    lost.begin = 5 * 4096;
    lost.end = 6 * 4096;
    QVERIFY(scene.mount.add(lost));
    std::vector<std::byte> page(4096);
    QVERIFY((*scene.disk)->read(ByteOffset(4 * 4096), page).has_value());
    QVERIFY(std::equal(page.begin(), page.end(), scene.neu.begin() + 4 * 4096));
    const auto missing = (*scene.disk)->read(ByteOffset(5 * 4096), page);
    QVERIFY(!missing.has_value());
    QVERIFY2(missing.error().code == ErrorCode::Io, errorText(missing.error()).c_str());
    QVERIFY(missing.error().range && lost.begin <= missing.error().range->begin().value()
            && missing.error().range->end().value() <= lost.end);
    QVERIFY((*scene.disk)->read(ByteOffset(6 * 4096), page).has_value());
    // The old bytes under an edit cannot be kept, so nothing is written there; elsewhere all goes on.
    const WriteOutcome outcome = (*scene.disk)->persist(rangeAt(4096, 8 * 4096));
    QVERIFY(scene.mount.heal());
    (*scene.disk)->reload();
    verifyRolledBack(scene, outcome, ErrorCode::Io);
    verifyWrites(scene);
}

void FailingMediumTest::rollsBackWhateverWriteFails()
{
    bool clean = false;
    for (std::uint64_t nth = 0; !clean && nth < 50; ++nth) {
        CACHET_FAILING_SCENE(scene);
        QVERIFY(scene.mount.add(after(nth, imageFault(FaultOp::Write, FaultEffect::Fail, EIO))));
        const WriteOutcome outcome = (*scene.disk)->commit();
        clean = scene.mount.applied() == 0;
        QVERIFY(!clean || outcome.succeeded());
        if (outcome.succeeded()) {
            // The kernel keeps pages: when one of several fails it tells of a short write, and the next try is the rest.
            QVERIFY(clean || static_cast<Caching>(caching) == Caching::Cached);
            QVERIFY(scene.mount.medium() == scene.neu);
            QVERIFY(scene.leavesNothing());
            continue;
        }
        verifyRolledBack(scene, outcome, ErrorCode::Io);
        if (QTest::currentTestFailed())
            return;
        verifyWrites(scene);
    }
    QVERIFY(clean);
}

void FailingMediumTest::saysThatTheMediumIsFull()
{
    CACHET_FAILING_SCENE(scene);
    QVERIFY(scene.mount.add(after(1, imageFault(FaultOp::Write, FaultEffect::Fail, ENOSPC))));
    verifyRolledBack(scene, (*scene.disk)->commit(), ErrorCode::NoSpace);
    verifyWrites(scene);
}

void FailingMediumTest::rollsBackWhenTheMediumDoesNotSync()
{
    CACHET_FAILING_SCENE(scene);
    QVERIFY(scene.mount.add(imageFault(FaultOp::Sync, FaultEffect::Fail, EIO)));
    const WriteOutcome outcome = (*scene.disk)->commit();
    verifyRolledBack(scene, outcome, ErrorCode::Io);
    QCOMPARE(outcome.error().operation, Operation::Sync);
    QVERIFY(std::ranges::all_of(outcome->ranges,
                                [](const RangeResult &result) { return result.fate == RangeFate::RolledBack; }));
    verifyWrites(scene);
}

void FailingMediumTest::goesOnAfterShortWrites()
{
    CACHET_FAILING_SCENE(scene);
    QVERIFY(scene.mount.add(forGood(imageFault(FaultOp::Write, FaultEffect::Short, 33))));
    if (static_cast<Caching>(caching) == Caching::Writeback) {
        // What the kernel writes later is short without a word to the program, even at syncing: only reading back shows it.
        const WriteOutcome outcome = (*scene.disk)->commit();
        verifyRolledBack(scene, outcome, ErrorCode::Io);
        QCOMPARE(outcome.error().operation, Operation::Verify);
        QVERIFY(scene.mount.heal());
        verifyWrites(scene);
        return;
    }
    verifyWrites(scene);
    QVERIFY(scene.mount.applied() >= 9); // three for each edit
}

void FailingMediumTest::noticesAWriteThatNeverReachesTheMedium()
{
    CACHET_FAILING_SCENE(scene);
    for (const bool always : {false, true}) {
        QVERIFY(scene.mount.heal());
        const FaultRule drop = after(1, imageFault(FaultOp::Write, FaultEffect::Drop));
        QVERIFY(scene.mount.add(always ? forGood(after(0, drop)) : drop));
        const WriteOutcome outcome = (*scene.disk)->commit();
        verifyRolledBack(scene, outcome, ErrorCode::Io);
        QVERIFY2(outcome.error().operation == Operation::Verify, errorText(outcome.error()).c_str());
        if (QTest::currentTestFailed())
            return;
    }
    QVERIFY(scene.mount.heal());
    verifyWrites(scene);
}

void FailingMediumTest::leavesTheImageWhenTheJournalFails_data()
{
    QTest::addColumn<int>("caching");
    QTest::addColumn<int>("op");
    QTest::addColumn<int>("systemError");
    for (const auto &[name, caching] :
         {std::pair("direct", Caching::Direct), {"cached", Caching::Cached}, {"written later", Caching::Writeback}}) {
        QTest::addRow("%s, cannot be written", name) << int(caching) << int(FaultOp::Write) << EIO;
        QTest::addRow("%s, has no room", name) << int(caching) << int(FaultOp::Write) << ENOSPC;
        QTest::addRow("%s, does not sync", name) << int(caching) << int(FaultOp::Sync) << EIO;
        QTest::addRow("%s, gets no name", name) << int(caching) << int(FaultOp::Rename) << EIO;
    }
}

void FailingMediumTest::leavesTheImageWhenTheJournalFails()
{
    QFETCH(const int, op);
    QFETCH(const int, systemError);
    QFETCH(const int, caching);
    FailingScene scene(static_cast<Caching>(caching));
    if (!scene.mount.whyNot().empty())
        QSKIP(scene.mount.whyNot().c_str());
    QVERIFY(scene.open() && scene.stage());
    FaultRule rule = imageFault(static_cast<FaultOp>(op), FaultEffect::Fail, static_cast<std::uint64_t>(systemError));
    rule.place = FaultPlace::Other;
    QVERIFY(scene.mount.add(rule));
    const WriteOutcome outcome = (*scene.disk)->commit();
    verifyRolledBack(scene, outcome, systemError == ENOSPC ? ErrorCode::NoSpace : ErrorCode::Io);
    QVERIFY(std::ranges::all_of(outcome->ranges,
                                [](const RangeResult &result) { return result.fate == RangeFate::Untouched; }));
    QVERIFY2(QString::fromStdString(outcome.error().path).contains(QLatin1String(".cachet-journal")),
             outcome.error().path.c_str());
    QCOMPARE(scene.mount.applied(), std::uint64_t{1});
    verifyWrites(scene);
}

void FailingMediumTest::readsAReadOnlyMedium()
{
    FailingScene scene(Caching::Cached, JournalPreference::BesideTarget, FailingMount::Access::ReadOnly);
    if (!scene.mount.whyNot().empty())
        QSKIP(scene.mount.whyNot().c_str());
    QVERIFY(scene.open());
    QVERIFY(!(*scene.disk)->source().writable());
    QCOMPARE((*scene.disk)->source().readOnlyReason().systemError, EROFS);
    QVERIFY(scene.disk->bytes() == scene.old);
    QCOMPARE((*scene.disk)->stage(ByteOffset(0), bytesOf({1})).error().code, ErrorCode::ReadOnly);
}

void FailingMediumTest::asksTheFileSystemForItsLock()
{
    FailingScene scene(Caching::Cached);
    if (!scene.mount.whyNot().empty())
        QSKIP(scene.mount.whyNot().c_str());
    QVERIFY(scene.open());
    QVERIFY((*scene.disk)->source().writable());
    const DiskDocument second(std::make_shared<FaultEnv>(systemEnv()), scene.mount.image(), scene.options);
    QVERIFY(second.document != nullptr);
    QVERIFY(!second->source().writable());
    QCOMPARE(second->source().readOnlyReason().code, ErrorCode::Held);
    QVERIFY(second.bytes() == scene.old);
}

void FailingMediumTest::writesWhereTheFileSystemHasNoLocks()
{
    FailingScene scene(Caching::Cached);
    if (!scene.mount.whyNot().empty())
        QSKIP(scene.mount.whyNot().c_str());
    QVERIFY(scene.mount.add(forGood(imageFault(FaultOp::Lock, FaultEffect::Fail, ENOSYS))));
    QVERIFY(scene.open());
    QVERIFY((*scene.disk)->source().writable());
    QVERIFY(scene.stage());
    verifyWrites(scene);
    QVERIFY(scene.mount.applied() > 0);
}

// As on a file server, where the holder runs on another machine.
void FailingMediumTest::namesNobodyWhenTheLockIsHeldElsewhere()
{
    FailingScene scene(Caching::Cached);
    if (!scene.mount.whyNot().empty())
        QSKIP(scene.mount.whyNot().c_str());
    QVERIFY(scene.mount.add(imageFault(FaultOp::Lock, FaultEffect::Fail, EWOULDBLOCK)));
    QVERIFY(scene.open());
    QVERIFY(!(*scene.disk)->source().writable());
    const Error reason = (*scene.disk)->source().readOnlyReason();
    QCOMPARE(reason.code, ErrorCode::Held);
    QCOMPARE(reason.holder, std::string("another program"));
    QVERIFY(scene.disk->bytes() == scene.old);
    QVERIFY(scene.open());
    QVERIFY(scene.stage());
    verifyWrites(scene);
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::FailingMediumTest)
#include "tst_failing_medium.moc"
