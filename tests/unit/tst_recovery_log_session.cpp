// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "cachecore/write/log/recovery_log_place.h"
#include "tests/support/gate.h"
#include "tests/support/recovery_log_rig.h"

#include <QTest>

#include <cerrno>
#include <filesystem>
#include <thread>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

StagedEdits edited(std::uint64_t at, std::size_t length, std::uint64_t salt = 1)
{
    return StagedEdits().with(rangeAt(at, length), literalPiece(patternBytes(length, salt), Piece::newStamp()), {});
}

bool same(const StagedEdits &a, const StagedEdits &b)
{
    return FlatEdits(a, RecoveryLogRig::kSize) == FlatEdits(b, RecoveryLogRig::kSize);
}

} // namespace

/// When a recovery log writes, fails, waits and ends.
class TstRecoveryLogSession : public QObject {
    Q_OBJECT

private slots:
    void tellsOfTroubleOnceAndGoesOn();
    void waitsUntilAStateIsDueButNotToFlush();
    void writesByItselfWhenDue();
    void endsAfterABoundedWait();
    void triesOnceMoreWhenItEndsWhileAnAttemptFails();
    void saysWhenTheExecutorIsGone();
    void doesNothingWithoutAPlace();
    void takesNotesFromManyThreads();
    void makesNoFileBeforeSomethingIsStaged();
    void staysWhenItEndsWithEditsStaged();
    void goesWhenItEndsWithNothingStaged();
};

void TstRecoveryLogSession::tellsOfTroubleOnceAndGoesOn()
{
    RecoveryLogRig rig;
    const StagedEdits first = edited(0, 10);
    rig.keep(first);
    rig.env->fail(EnvOp::DataSync, 0, EIO, Repeat::ForGood);
    const StagedEdits second = edited(0, 20, 2);
    rig.keep(second);
    for (int i = 0; i < 5; ++i)
        QVERIFY(rig.executor->runOne()); // tried again
    QCOMPARE(rig.troubles.size(), std::size_t{1});
    QCOMPARE(rig.troubles[0].systemError, EIO);
    QCOMPARE(rig.troubles[0].operation, Operation::Journal);
    QCOMPARE(rig.troubles[0].path, rig.log->path());
    rig.env->clearFailures();
    QVERIFY(rig.executor->runOne());
    QCOMPARE(rig.executor->waiting(), std::size_t{0});
    QVERIFY(rig.log->flush(0ms));
    QVERIFY(same(rig.read()->edits, second));
    rig.env->fail(EnvOp::Write, 0, ENOSPC);
    rig.keep(first);
    QCOMPARE(rig.troubles.size(), std::size_t{2});
    QCOMPARE(rig.troubles[1].code, ErrorCode::NoSpace);
    QCOMPARE(rig.troubles[1].systemError, ENOSPC);
}

void TstRecoveryLogSession::waitsUntilAStateIsDueButNotToFlush()
{
    RecoveryLogRig rig;
    const auto executor = std::make_shared<ThreadExecutor>(1);
    RecoveryLog::Options options;
    options.behind = 1h;
    RecoveryLog log(rig.env, rig.stem, rig.header, executor, options, {});
    const StagedEdits edits = edited(3, 10);
    log.note(edits);
    log.note(edits.without(rangeAt(3, 1)));
    QVERIFY(log.path().empty());
    QVERIFY(log.flush(60s));
    QVERIFY(same(rig.readAt(log.path())->edits, edits.without(rangeAt(3, 1))));
    log.note({});
    const std::string path = log.path();
    QVERIFY(log.close(60s));
    QVERIFY(!std::filesystem::exists(path));
}

void TstRecoveryLogSession::writesByItselfWhenDue()
{
    RecoveryLogRig rig;
    const auto executor = std::make_shared<ThreadExecutor>(1);
    Gate synced;
    rig.env->setHook([&](EnvOp op) {
        if (op == EnvOp::SyncDirectory)
            synced.open();
    });
    RecoveryLog::Options options;
    options.behind = 100ms;
    RecoveryLog log(rig.env, rig.stem, rig.header, executor, options, {});
    const auto before = std::chrono::steady_clock::now();
    log.note(edited(3, 10));
    synced.pass();
    QVERIFY(std::chrono::steady_clock::now() - before >= 100ms);
    QVERIFY(log.flush(60s));
    QVERIFY(same(rig.readAt(log.path())->edits, edited(3, 10)));
}

void TstRecoveryLogSession::endsAfterABoundedWait()
{
    RecoveryLogRig rig;
    const auto executor = std::make_shared<ThreadExecutor>(1);
    const auto gate = std::make_shared<Gate>();
    rig.env->setGate(EnvOp::DataSync, gate);
    auto log = std::make_unique<RecoveryLog>(rig.env, rig.stem, rig.header, executor, RecoveryLogRig::atOnce(),
                                             RecoveryLog::Trouble());
    log->note(edited(3, 10));
    QVERIFY(gate->waitForWaiting(1));
    const auto flushed = log->flush(10ms);
    QVERIFY(!flushed);
    QCOMPARE(flushed.error().code, ErrorCode::Busy);
    QVERIFY(!log->close(10ms));
    log.reset(); // the task goes on by itself
    gate->open();
    QVERIFY(executor->shutDown(60s));
    QVERIFY(same(rig.readAt(rig.stem + kRecoveryLogSuffix)->edits, edited(3, 10)));
}

void TstRecoveryLogSession::triesOnceMoreWhenItEndsWhileAnAttemptFails()
{
    RecoveryLogRig rig;
    const auto executor = std::make_shared<ThreadExecutor>(1);
    const auto gate = std::make_shared<Gate>();
    rig.env->setGate(EnvOp::DataSync, gate);
    rig.env->fail(EnvOp::DataSync, 0, EIO); // decided before the gate
    RecoveryLog log(rig.env, rig.stem, rig.header, executor, RecoveryLogRig::atOnce(), {});
    log.note(edited(3, 10));
    QVERIFY(gate->waitForWaiting(1));
    Result<void> closed = failure(ErrorCode::Busy, Operation::Journal);
    std::thread closer([&] { closed = log.close(60s); });
    // The attempt fails only after the end was asked for.
    while (log.flush(0ms).error().code != ErrorCode::Closed)
        std::this_thread::yield();
    gate->open();
    closer.join();
    QVERIFY2(closed, closed ? "" : "an attempt that began before the end counts as the last one");
    QVERIFY(same(rig.readAt(rig.stem + kRecoveryLogSuffix)->edits, edited(3, 10)));
}

void TstRecoveryLogSession::saysWhenTheExecutorIsGone()
{
    RecoveryLogRig rig;
    rig.executor->shutDown();
    rig.log->note(edited(3, 10));
    const auto flushed = rig.log->flush(60s);
    QVERIFY(!flushed);
    QCOMPARE(flushed.error().code, ErrorCode::Closed);
    QVERIFY(!rig.log->close(60s));
}

void TstRecoveryLogSession::doesNothingWithoutAPlace()
{
    RecoveryLogRig rig;
    RecoveryLog log(rig.env, {}, rig.header, rig.executor, {}, {});
    log.note(edited(3, 10));
    QCOMPARE(rig.executor->waiting(), std::size_t{0});
    QVERIFY(log.flush(0ms));
    QVERIFY(log.close(0ms));
    QCOMPARE(rig.env->total(), std::uint64_t{0});
}

void TstRecoveryLogSession::takesNotesFromManyThreads()
{
    RecoveryLogRig rig;
    const auto executor = std::make_shared<ThreadExecutor>(2);
    RecoveryLog log(rig.env, rig.stem, rig.header, executor, RecoveryLogRig::atOnce(), {});
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t t = 0; t < 3; ++t) {
            threads.emplace_back([&, t] {
                StagedEdits edits;
                for (std::uint64_t i = 0; i < 100; ++i) {
                    edits = edits.with(rangeAt(t * 10000 + i * 7, 5), literalPiece(patternBytes(5, i), i), {});
                    log.note(edits);
                    if (i % 25 == 0)
                        (void)log.flush(60s);
                }
            });
        }
    }
    const StagedEdits last = edited(1, 1);
    log.note(last);
    QVERIFY(log.flush(60s));
    QVERIFY(same(rig.readAt(log.path())->edits, last));
}

void TstRecoveryLogSession::makesNoFileBeforeSomethingIsStaged()
{
    RecoveryLogRig rig;
    rig.keep({});
    QVERIFY(rig.log->path().empty());
    QVERIFY(!std::filesystem::exists(rig.dir.file("state")));
    QVERIFY(rig.log->close(0ms));
    QCOMPARE(rig.env->total(), std::uint64_t{0});
}

void TstRecoveryLogSession::staysWhenItEndsWithEditsStaged()
{
    RecoveryLogRig rig;
    const StagedEdits edits = edited(0, 4);
    rig.keep(edits);
    QVERIFY(rig.log->close(0ms));
    const std::string path = rig.log->path();
    rig.log->note({}); // too late
    rig.executor->runAll();
    rig.log.reset();
    QVERIFY(same(rig.readAt(path)->edits, edits));
}

void TstRecoveryLogSession::goesWhenItEndsWithNothingStaged()
{
    RecoveryLogRig rig;
    rig.keep(edited(0, 4));
    const std::string path = rig.log->path();
    rig.keep({});
    QVERIFY(!std::filesystem::exists(path)); // at once: killed now, the session has left nothing to offer
    rig.keep(edited(0, 4));
    QVERIFY(std::filesystem::exists(path));
    rig.log->note({});
    QVERIFY(!rig.log->close(0ms));
    QCOMPARE(rig.executor->runAll(), std::size_t{1});
    QVERIFY(!std::filesystem::exists(path));
    QVERIFY(std::filesystem::is_empty(rig.dir.file("state")));
}

QTEST_GUILESS_MAIN(TstRecoveryLogSession)
#include "tst_recovery_log_session.moc"
