// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/recovery.h"
#include "tests/support/counted_memory.h"
#include "tests/support/write_rig.h"

#include <QTest>

using namespace cachecore;
using namespace cachet_test;

class TestTransactionMemory : public QObject {
    Q_OBJECT

private slots:
    void everyFailedAllocationLeavesOldOrNewAsTheEndSays_data();
    void everyFailedAllocationLeavesOldOrNewAsTheEndSays();
    void everyFailedAllocationInRecoveryLeavesTheJournalOrTheChosenSide();
};

void TestTransactionMemory::everyFailedAllocationLeavesOldOrNewAsTheEndSays_data()
{
    QTest::addColumn<bool>("forGood");
    QTest::newRow("once") << false;
    QTest::newRow("for good") << true;
}

namespace {

StagedEdits someEdits()
{
    const auto file = std::make_shared<TestExternal>(patternBytes(9'000, 4));
    StagedEdits edits = StagedEdits().with(rangeAt(5, 5'000), patternPiece(bytesOf({9, 8, 7}), 1), {});
    edits = edits.with(rangeAt(5'005, 20), literalPiece(patternBytes(20, 2), 2), {});
    return edits.with(rangeAt(70'000, 8'000), Piece::externalFrom(file, 100), {});
}

} // namespace

void TestTransactionMemory::everyFailedAllocationLeavesOldOrNewAsTheEndSays()
{
    QFETCH(bool, forGood);
    using Kind = TransactionEnd::Kind;
    const auto disk = patternBytes(100'000);
    const StagedEdits edits = someEdits();
    const auto wanted = overlaid(disk, edits);
    std::uint64_t nth = 0;
    for (bool failed = true; failed && nth < 5'000; ++nth) {
        WriteRig rig(disk);
        const WritePlan plan = rig.plan(edits);
        const WriteBatch batch = PlanCursor(plan).next().value();
        Transaction transaction({rig.env, rig.target, rig.places, rig.progress, {}, 0, {}}, plan, batch);
        memory::failAfter(nth, forGood ? memory::kForGood : 1);
        const auto end = transaction.run();
        failed = memory::stopFailing();
        const auto where = QString("allocation %1, end %2").arg(nth).arg(static_cast<int>(end.kind)).toLatin1();
        QVERIFY2(transaction.invariantsHold(), where.constData());
        QVERIFY2(failed || (end.kind == Kind::Committed && !end.error), where.constData());
        if (end.kind != Kind::Committed)
            QVERIFY2(end.error && end.error->code == ErrorCode::OutOfMemory, where.constData());
        QVERIFY2(forGood || end.kind != Kind::NeedsRecovery, where.constData());
        if (end.kind == Kind::NeedsRecovery) {
            QVERIFY2(settleJournal(rig.env, rig.target, end.journalPath, RecoveryChoice::RollBack, ForeignUnits::Stop,
                                   rig.progress),
                     where.constData());
        } else {
            QVERIFY2(rig.bytes() == (end.kind == Kind::Committed ? wanted : disk), where.constData());
        }
        QVERIFY2(rig.commit(edits).kind == Kind::Committed, where.constData());
        QVERIFY2(rig.bytes() == wanted && rig.journals().empty(), where.constData());
    }
    QVERIFY(nth > 20 && nth < 5'000);
}

void TestTransactionMemory::everyFailedAllocationInRecoveryLeavesTheJournalOrTheChosenSide()
{
    const auto disk = patternBytes(100'000);
    const StagedEdits edits = someEdits();
    std::uint64_t nth = 0;
    for (bool failed = true; failed && nth < 5'000; ++nth) {
        WriteRig rig(disk);
        const std::string path = rig.armJournal(edits);
        auto half = overlaid(disk, edits);
        std::ranges::copy(std::span(disk).first(3'000), half.begin());
        rig.setBytes(half);
        memory::failAfter(nth, 1);
        const auto settled
            = settleJournal(rig.env, rig.target, path, RecoveryChoice::RollBack, ForeignUnits::Stop, rig.progress);
        failed = memory::stopFailing();
        const auto where = QString("allocation %1").arg(nth).toLatin1();
        QVERIFY2(settled || settled.error().code == ErrorCode::OutOfMemory, where.constData());
        if (!rig.journals().empty())
            QVERIFY2(settleJournal(rig.env, rig.target, path, RecoveryChoice::RollBack, ForeignUnits::Stop,
                                   rig.progress),
                     where.constData());
        QVERIFY2(rig.bytes() == disk && rig.journals().empty(), where.constData());
    }
    QVERIFY(nth > 10 && nth < 5'000);
}

QTEST_GUILESS_MAIN(TestTransactionMemory)
#include "tst_transaction_memory.moc"
