// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/recovery.h"
#include "tests/support/write_rig.h"

#include <QTest>

#include <cerrno>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Kind = TransactionEnd::Kind;

constexpr std::size_t kSize = 150'000;

/// Three extents, one of more than one unit, one of imported bytes; with bases.
StagedEdits someEdits(const std::vector<std::byte> &disk)
{
    const auto file = std::make_shared<TestExternal>(patternBytes(9'000, 4));
    const ByteRange fill = rangeAt(5, 5'000);
    const Base seen = Base::ofBytes(shared({disk.begin() + 5, disk.begin() + 5'005}));
    StagedEdits edits
        = StagedEdits().with(fill, patternPiece(bytesOf({9, 8, 7}), 1), RangeTree<Base>().with(fill, seen));
    edits = edits.with(rangeAt(5'005, 20), literalPiece(patternBytes(20, 2), 2), {});
    edits = edits.with(rangeAt(70'000, 8'000), Piece::externalFrom(file, 100), {});
    return edits.with(rangeAt(140'000, 300), Piece::generatedBy({Generator::Kind::Random, 1, 3, 1}), {});
}

std::uint64_t operations(const FaultSource &source)
{
    std::uint64_t sum = 0;
    for (std::uint8_t op = 0; op < static_cast<std::uint8_t>(SourceOp::Count_); ++op)
        sum += source.count(static_cast<SourceOp>(op));
    return sum;
}

} // namespace

class TestTransactionFaults : public QObject {
    Q_OBJECT

private slots:
    void everyFaultLeavesOldOrNewAsTheEndSays_data();
    void everyFaultLeavesOldOrNewAsTheEndSays();
    void everyFaultWhileRollingBackLeavesAJournalOrTheOldBytes_data();
    void everyFaultWhileRollingBackLeavesAJournalOrTheOldBytes();
};

void TestTransactionFaults::everyFaultLeavesOldOrNewAsTheEndSays_data()
{
    QTest::addColumn<bool>("ofTarget");
    QTest::addColumn<bool>("forGood");
    QTest::addColumn<unsigned>("granularity");
    QTest::addColumn<unsigned>("physicalBlock");
    for (const bool ofTarget : {false, true})
        for (const bool forGood : {false, true})
            for (const unsigned granularity : {1U, 512U, 4096U})
                for (const unsigned physicalBlock : {4096U, 65536U})
                    QTest::addRow("%s, %s, granularity %u, unit %u", ofTarget ? "target" : "system",
                                  forGood ? "for good" : "once", granularity, physicalBlock)
                        << ofTarget << forGood << granularity << physicalBlock;
}

/// N counted up until a run meets no fault.
void TestTransactionFaults::everyFaultLeavesOldOrNewAsTheEndSays()
{
    QFETCH(bool, ofTarget);
    QFETCH(bool, forGood);
    QFETCH(unsigned, granularity);
    QFETCH(unsigned, physicalBlock);
    const auto disk = patternBytes(kSize);
    const StagedEdits edits = someEdits(disk);
    const auto wanted = overlaid(disk, edits);
    const Repeat repeat = forGood ? Repeat::ForGood : Repeat::Once;
    bool clean = false;
    std::uint64_t nth = 0;
    for (; !clean && nth < 1'000; ++nth) {
        WriteRig rig(disk, granularity, physicalBlock);
        if (ofTarget)
            rig.faults->failAny(nth, EIO, repeat);
        else
            rig.env.failAny(nth, EIO, repeat);
        std::uint64_t used = 0;
        const auto count = [&] { used = ofTarget ? operations(*rig.faults) : rig.env.total(); };
        const auto end = rig.commit(edits);
        count();
        clean = nth >= used;
        const auto where = QString("fault %1, end %2").arg(nth).arg(static_cast<int>(end.kind)).toLatin1();
        QVERIFY2(rig.promisesHeld, where.constData());
        QVERIFY2(!clean || (end.kind == Kind::Committed && !end.error), where.constData());
        if (end.kind != Kind::Committed)
            QVERIFY2(end.error, where.constData());
        if (!forGood)
            QVERIFY2(end.kind != Kind::NeedsRecovery, where.constData());
        if (end.kind != Kind::NeedsRecovery)
            QVERIFY2(rig.bytes() == (end.kind == Kind::Committed ? wanted : disk), where.constData());
        if (end.kind == Kind::NeedsRecovery) {
            QVERIFY2(rig.journals() == std::vector<std::string>{end.journalPath}, where.constData());
            const auto choice = nth % 2 == 0 ? RecoveryChoice::Finish : RecoveryChoice::RollBack;
            const auto report
                = settleJournal(rig.env, rig.target, end.journalPath, choice, ForeignUnits::Stop, rig.progress);
            QVERIFY2(report, where.constData());
            // A state that could be written and not synced is true all the same.
            const bool isNew = report->state == JournalState::Done
                || (report->state != JournalState::RolledBack && choice == RecoveryChoice::Finish);
            QVERIFY2(rig.bytes() == (isNew ? wanted : disk), where.constData());
        }
        // The edits are the caller's as before; a retry brings them.
        QVERIFY2(rig.commit(edits).kind == Kind::Committed, where.constData());
        QVERIFY2(rig.bytes() == wanted, where.constData());
        QVERIFY2(rig.journals().empty(), where.constData());
    }
    QVERIFY(clean);
    QVERIFY(nth > 10);
}

void TestTransactionFaults::everyFaultWhileRollingBackLeavesAJournalOrTheOldBytes_data()
{
    QTest::addColumn<bool>("ofTarget");
    QTest::newRow("system") << false;
    QTest::newRow("target") << true;
}

void TestTransactionFaults::everyFaultWhileRollingBackLeavesAJournalOrTheOldBytes()
{
    QFETCH(bool, ofTarget);
    const auto disk = patternBytes(kSize);
    const StagedEdits edits = someEdits(disk);
    bool clean = false;
    std::uint64_t nth = 0;
    for (; !clean && nth < 1'000; ++nth) {
        WriteRig rig(disk);
        std::uint64_t before = 0;
        const auto total = [&] { return ofTarget ? operations(*rig.faults) : rig.env.total(); };
        rig.target.setHook([&](SourceOp op) {
            if (op != SourceOp::Sync || before != 0)
                return;
            rig.faults->fail(SourceOp::Sync, 0, EIO);
            if (ofTarget)
                rig.faults->failAny(nth + 1, EIO); // the failing sync counts too
            else
                rig.env.failAny(nth, EIO);
            before = total() + (ofTarget ? 1 : 0);
        });
        const auto end = rig.commit(edits);
        clean = total() - before <= nth;
        const auto where = QString("fault %1, end %2").arg(nth).arg(static_cast<int>(end.kind)).toLatin1();
        QVERIFY2(rig.promisesHeld, where.constData());
        QVERIFY2(!clean || end.kind == Kind::RolledBack, where.constData());
        QVERIFY2(end.kind == Kind::RolledBack || end.kind == Kind::NeedsRecovery, where.constData());
        if (end.kind == Kind::NeedsRecovery)
            QVERIFY2(settleJournal(rig.env, rig.target, end.journalPath, RecoveryChoice::RollBack, ForeignUnits::Stop,
                                   rig.progress),
                     where.constData());
        QVERIFY2(rig.bytes() == disk, where.constData());
        QVERIFY2(rig.commit(edits).kind == Kind::Committed, where.constData());
        QVERIFY2(rig.journals().empty(), where.constData());
    }
    QVERIFY(clean);
    QVERIFY(nth > 5);
}

QTEST_GUILESS_MAIN(TestTransactionFaults)
#include "tst_transaction_faults.moc"
