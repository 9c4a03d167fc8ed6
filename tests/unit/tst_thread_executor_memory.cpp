// SPDX-License-Identifier: GPL-3.0-or-later
// The pool of threads without memory: the Nth allocation of a post fails, N counted up until a run is clean. This program's operators
// new are counted_memory.cpp's.
#include "cachecore/base/thread_executor.h"
#include "tests/support/counted_memory.h"
#include "tests/support/gate.h"

#include <QTest>

#include <atomic>
#include <new>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

/// More allocations than anything here makes: a run that still fails then never ends.
constexpr std::uint64_t kMostAllocations = 1'000;

/// What became of a post that ran out of memory.
struct Posted {
    bool failed = false; ///< an allocation
    bool taken = false;
};

Posted postFailing(ThreadExecutor &executor, Executor::Task task, std::uint64_t nth, std::uint64_t failing)
{
    Posted posted;
    memory::failAfter(nth, failing);
    try {
        posted.taken = executor.post(std::move(task));
    } catch (const std::bad_alloc &) {
    }
    posted.failed = memory::stopFailing();
    return posted;
}

} // namespace

class TstThreadExecutorMemory : public QObject {
    Q_OBJECT

private slots:
    void takesATaskOrDestroysItWhicheverAllocationFails_data();
    void takesATaskOrDestroysItWhicheverAllocationFails();
    void goesOnWithTheWorkersItHas();
};

void TstThreadExecutorMemory::takesATaskOrDestroysItWhicheverAllocationFails_data()
{
    QTest::addColumn<bool>("forGood");
    QTest::newRow("once") << false;
    QTest::newRow("for good") << true;
}

void TstThreadExecutorMemory::takesATaskOrDestroysItWhicheverAllocationFails()
{
    QFETCH(bool, forGood);
    std::uint64_t n = 0;
    for (bool failed = true; failed; ++n) {
        QVERIFY(n < kMostAllocations);
        const std::string where = "allocation " + std::to_string(n);
        ThreadExecutor executor(1);
        const auto held = std::make_shared<std::atomic<bool>>(false);
        const std::weak_ptr<std::atomic<bool>> ran = held;
        Executor::Task task = [held] { *held = true; };
        const Posted posted = postFailing(executor, std::move(task), n, forGood ? memory::kForGood : 1);
        failed = posted.failed;
        QVERIFY2(posted.taken || failed, where.c_str());
        if (!posted.taken) {
            task = nullptr;
            QVERIFY2(held.use_count() == 1, where.c_str()); // nobody waits for a task that is no more
        }
        // With memory again the pool works.
        const auto done = std::make_shared<Gate>();
        QVERIFY2(executor.post([done] { done->pass(); }), where.c_str());
        QVERIFY2(done->waitForWaiting(1), where.c_str());
        QVERIFY2(*held == posted.taken, where.c_str());
        done->open();
        QVERIFY2(executor.shutDown(20s), where.c_str());
    }
    QVERIFY(n > 1);
}

void TstThreadExecutorMemory::goesOnWithTheWorkersItHas()
{
    std::uint64_t n = 0;
    for (bool failed = true; failed; ++n) {
        QVERIFY(n < kMostAllocations);
        const std::string where = "allocation " + std::to_string(n);
        ThreadExecutor executor(2);
        const auto held = std::make_shared<Gate>();
        QVERIFY(executor.post([held] { held->pass(); }));
        QVERIFY(held->waitForWaiting(1));
        const auto ran = std::make_shared<Gate>(); // waited at by the task, so that it can be told from not run
        const Posted posted = postFailing(executor, [ran] { ran->pass(); }, n, 1);
        failed = posted.failed;
        held->open(); // the one worker there is comes to it
        QVERIFY2(!posted.taken || ran->waitForWaiting(1), where.c_str());
        ran->open();
        QVERIFY2(executor.shutDown(20s), where.c_str());
    }
    QVERIFY(n > 1);
}

QTEST_GUILESS_MAIN(TstThreadExecutorMemory)
#include "tst_thread_executor_memory.moc"
