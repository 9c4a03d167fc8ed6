// SPDX-License-Identifier: GPL-3.0-or-later
// The application's executor without memory: the Nth allocation of a post fails, N counted up until a run is clean. Its thread is there by
// then, since Qt's own constructor of one crashes without memory. This program's operators new are counted_memory.cpp's.
#include "tests/support/counted_memory.h"
#include "tests/support/gate.h"
#include "ui/session/pool_executor.h"

#include <QTest>

#include <memory>
#include <new>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

/// More allocations than anything here makes: a run that still fails then never ends.
constexpr std::uint64_t kMostAllocations = 1'000;

} // namespace

class TstPoolExecutorMemory : public QObject {
    Q_OBJECT

private slots:
    void takesATaskOrDestroysItWhicheverAllocationFails();
};

void TstPoolExecutorMemory::takesATaskOrDestroysItWhicheverAllocationFails()
{
    std::uint64_t n = 0;
    for (bool failed = true; failed; ++n) {
        QVERIFY(n < kMostAllocations);
        const std::string where = "allocation " + std::to_string(n);
        cachet::PoolExecutor executor(1, 1, QStringLiteral("without memory"));
        const auto busy = std::make_shared<Gate>();
        QVERIFY(executor.post([busy] { busy->pass(); }));
        QVERIFY(busy->waitForWaiting(1));
        const auto ran = std::make_shared<Gate>(); // the task waits at it
        const std::weak_ptr<Gate> watched = ran;
        Executor::Task task = [held = std::shared_ptr<Gate>(ran)] { held->pass(); };
        bool taken = false;
        memory::failAfter(n, 1);
        try {
            taken = executor.post(std::move(task));
        } catch (const std::bad_alloc &) {
        }
        failed = memory::stopFailing();
        busy->open();
        QVERIFY2(taken || failed, where.c_str());
        if (taken)
            QVERIFY2(ran->waitForWaiting(1), where.c_str());
        else
            QVERIFY2(watched.use_count() == 1, where.c_str()); // nobody waits for a task that is no more
        ran->open();
        // With memory again the pool works.
        const auto next = std::make_shared<Gate>();
        QVERIFY2(executor.post([next] { next->pass(); }), where.c_str());
        QVERIFY2(next->waitForWaiting(1), where.c_str());
        next->open();
        QVERIFY2(executor.shutDown(20s), where.c_str());
    }
    QVERIFY(n > 1);
}

QTEST_GUILESS_MAIN(TstPoolExecutorMemory)
#include "tst_pool_executor_memory.moc"
