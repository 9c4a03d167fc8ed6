// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/recovery.h"
#include "tests/support/write_rig.h"

#include <QTest>

#include <cstdlib>
#include <new>

using namespace cachecore;
using namespace cachet_test;

namespace {

/// Allocations of this thread that still succeed; negative: all.
thread_local std::int64_t t_left = -1;
thread_local bool t_forGood = false;
thread_local bool t_failed = false;

bool refuses()
{
    if (t_left < 0)
        return false;
    if (t_left > 0) {
        --t_left;
        return false;
    }
    if (!t_forGood)
        t_left = -1;
    t_failed = true;
    return true;
}

void *allocated(void *memory)
{
    if (!memory)
        throw std::bad_alloc();
    return memory;
}

} // namespace

void *operator new(std::size_t size)
{
    return allocated(refuses() ? nullptr : std::malloc(size == 0 ? 1 : size));
}

void *operator new[](std::size_t size)
{
    return ::operator new(size);
}

void *operator new(std::size_t size, std::align_val_t alignment)
{
    const auto unit = static_cast<std::size_t>(alignment);
    return allocated(refuses() ? nullptr : std::aligned_alloc(unit, (size + unit - 1) / unit * unit));
}

void *operator new[](std::size_t size, std::align_val_t alignment)
{
    return ::operator new(size, alignment);
}

void operator delete(void *memory) noexcept
{
    std::free(memory);
}

void operator delete[](void *memory) noexcept
{
    std::free(memory);
}

void operator delete(void *memory, std::size_t) noexcept
{
    std::free(memory);
}

void operator delete[](void *memory, std::size_t) noexcept
{
    std::free(memory);
}

void operator delete(void *memory, std::align_val_t) noexcept
{
    std::free(memory);
}

void operator delete[](void *memory, std::align_val_t) noexcept
{
    std::free(memory);
}

void operator delete(void *memory, std::size_t, std::align_val_t) noexcept
{
    std::free(memory);
}

void operator delete[](void *memory, std::size_t, std::align_val_t) noexcept
{
    std::free(memory);
}

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
    std::int64_t nth = 0;
    for (bool failed = true; failed && nth < 5'000; ++nth) {
        WriteRig rig(disk);
        const WritePlan plan = rig.plan(edits);
        const WriteBatch batch = PlanCursor(plan).next().value();
        Transaction transaction({rig.env, rig.target, rig.places, rig.progress, {}, 0, {}}, plan, batch);
        t_failed = false;
        t_forGood = forGood;
        t_left = nth;
        const auto end = transaction.run();
        t_left = -1;
        failed = t_failed;
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
    std::int64_t nth = 0;
    for (bool failed = true; failed && nth < 5'000; ++nth) {
        WriteRig rig(disk);
        const std::string path = rig.armJournal(edits);
        auto half = overlaid(disk, edits);
        std::ranges::copy(std::span(disk).first(3'000), half.begin());
        rig.setBytes(half);
        t_failed = false;
        t_forGood = false;
        t_left = nth;
        const auto settled
            = settleJournal(rig.env, rig.target, path, RecoveryChoice::RollBack, ForeignUnits::Stop, rig.progress);
        t_left = -1;
        failed = t_failed;
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
