// SPDX-License-Identifier: GPL-3.0-or-later
// The recovery log without memory: the Nth allocation of its task fails, N counted up until a run is clean. This program's operators new
// are counted_memory.cpp's.
#include "tests/support/counted_memory.h"
#include "tests/support/recovery_log_rig.h"

#include <QTest>

#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

/// More allocations than anything here makes: a run that still fails then never ends.
constexpr std::uint64_t kMostAllocations = 10'000;

/// What one task of the log did while memory ran out.
struct Attempt {
    bool failed = false; ///< an allocation
    bool threw = false;  ///< the task
};

Attempt runOneFailing(RecoveryLogRig &rig, std::uint64_t nth, std::uint64_t failing)
{
    Attempt attempt;
    memory::failAfter(nth, failing);
    try {
        (void)rig.executor->runOne();
    } catch (const std::bad_alloc &) {
        attempt.threw = true;
    }
    attempt.failed = memory::stopFailing();
    return attempt;
}

/// Has no memory for a task as long as it is full.
class FullExecutor final : public Executor {
public:
    bool post(Task task) override
    {
        if (full)
            throw std::bad_alloc();
        return m_inner.post(std::move(task));
    }
    unsigned concurrency() const override { return 1; }
    bool workerStuck() override { return false; }
    void workerRecovered() override { }
    std::size_t runAll() { return m_inner.runAll(); }

    bool full = true;

private:
    ManualExecutor m_inner;
};

} // namespace

class TstRecoveryLogMemory : public QObject {
    Q_OBJECT

private slots:
    void holdsWhatItSaysWhicheverAllocationFails_data();
    void holdsWhatItSaysWhicheverAllocationFails();
    void notesACommittedTransactionWithoutMemory();
    void tellsOfAStateThatNoTaskWrites();
};

void TstRecoveryLogMemory::holdsWhatItSaysWhicheverAllocationFails_data()
{
    QTest::addColumn<int>("statesBefore");
    QTest::addColumn<bool>("forGood");
    QTest::newRow("new file, once") << 0 << false;
    QTest::newRow("new file, for good") << 0 << true;
    QTest::newRow("appended, once") << 3 << false;
    QTest::newRow("appended, for good") << 3 << true;
}

/// Fails while one state is written, notes others after it, and reads back what the log says it holds.
void TstRecoveryLogMemory::holdsWhatItSaysWhicheverAllocationFails()
{
    QFETCH(int, statesBefore);
    QFETCH(bool, forGood);
    std::uint64_t n = 0;
    for (bool failed = true; failed; ++n) {
        QVERIFY(n < kMostAllocations);
        const std::string where = "allocation " + std::to_string(n);
        RecoveryLogRig rig;
        Random random(4);
        StagedEdits edits;
        for (int i = 0; i < statesBefore; ++i) {
            edits = rig.changed(edits, random).with(rangeAt(0, 1), literalPiece(bytesOf({i}), 1), {});
            rig.keep(edits);
        }
        const std::size_t troubles = rig.troubles.size();
        edits = rig.changed(edits, random).with(rangeAt(0, 1), literalPiece(bytesOf({99}), 1), {});
        rig.log->note(edits);
        const Attempt attempt = runOneFailing(rig, n, forGood ? memory::kForGood : 1);
        failed = attempt.failed;
        QVERIFY2(!attempt.threw, where.c_str());
        QVERIFY2(failed || rig.troubles.size() == troubles, where.c_str());
        for (int i = 0; i < 3; ++i) {
            (void)rig.executor->runAll();
            QVERIFY2(rig.log->flush(0ms), where.c_str());
            QVERIFY2(rig.mended == rig.troubles.size(), where.c_str());
            const auto read = rig.read();
            QVERIFY2(read && !read->damage, where.c_str());
            QVERIFY2(FlatEdits(read->edits, RecoveryLogRig::kSize) == FlatEdits(edits, RecoveryLogRig::kSize),
                     where.c_str());
            edits = rig.changed(edits, random).with(rangeAt(0, 1), literalPiece(bytesOf({100 + i}), 1), {});
            rig.log->note(edits);
        }
    }
    QVERIFY(n > 3);
}

void TstRecoveryLogMemory::notesACommittedTransactionWithoutMemory()
{
    RecoveryLogRig rig;
    const StagedEdits kept = StagedEdits().with(rangeAt(10, 2), literalPiece(bytesOf({1, 2}), 1), {});
    rig.keep(kept.with(rangeAt(20, 1), literalPiece(bytesOf({3}), 2), {}));
    CommittedTransaction committed;
    committed.id = {std::byte{7}};
    rig.log->makeRoom();
    memory::failAfter(0, memory::kForGood);
    bool threw = false;
    try {
        rig.log->noteCommitted(kept, committed);
    } catch (const std::bad_alloc &) {
        threw = true;
    }
    (void)memory::stopFailing();
    QVERIFY(!threw);
    (void)rig.log->flush(0ms); // what was noted had no memory for a task
    (void)rig.executor->runAll();
    QVERIFY(rig.log->flush(0ms));
    const auto read = rig.read();
    QVERIFY(read);
    QCOMPARE(read->committed, std::optional(committed.id));
    QVERIFY(FlatEdits(read->edits, RecoveryLogRig::kSize) == FlatEdits(kept, RecoveryLogRig::kSize));
}

void TstRecoveryLogMemory::tellsOfAStateThatNoTaskWrites()
{
    RecoveryLogRig rig;
    const auto executor = std::make_shared<FullExecutor>();
    std::vector<std::optional<Error>> told;
    RecoveryLog log(rig.env, rig.stem, rig.header, executor, RecoveryLogRig::atOnce(),
                    [&told](const std::optional<Error> &trouble) { told.push_back(trouble); });
    const StagedEdits edits = StagedEdits().with(rangeAt(10, 2), literalPiece(bytesOf({1, 2}), 1), {});
    for (int i = 0; i < 2; ++i) {
        log.note(edits);
        QCOMPARE(told.size(), static_cast<std::size_t>(i)); // whoever notes may hold what is needed to hear of it
        log.tellDropped();
        QCOMPARE(told.size(), std::size_t{1});
    }
    QVERIFY(told[0].has_value());
    QCOMPARE(told[0]->code, ErrorCode::OutOfMemory);
    QCOMPARE(told[0]->operation, Operation::Journal);

    executor->full = false;
    log.note(edits);
    (void)executor->runAll();
    QCOMPARE(told.size(), std::size_t{2});
    QVERIFY(!told[1]);
    log.tellDropped();
    QCOMPARE(told.size(), std::size_t{2});
    const auto read = rig.readAt(log.path());
    QVERIFY(read && FlatEdits(read->edits, RecoveryLogRig::kSize) == FlatEdits(edits, RecoveryLogRig::kSize));
}

QTEST_GUILESS_MAIN(TstRecoveryLogMemory)
#include "tst_recovery_log_memory.moc"
