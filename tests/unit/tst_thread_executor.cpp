// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "tests/support/gate.h"

#include <QTest>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

using namespace cachecore;
using cachet_test::Gate;
using namespace std::chrono_literals;

class TstThreadExecutor : public QObject {
    Q_OBJECT

private slots:
    void runsEveryTaskOnce();
    void startsTasksInTheOrderPosted();
    void neverRunsATaskInsidePost();
    void runsNoMoreTasksAtOnceThanWorkers();
    void addsAWorkerForOneThatIsStuck();
    void boundsReplacementsOfStuckWorkers();
    void givesUpReplacementsOnceRecovered();
    void dropsWaitingTasksWhenShutDown();
    void leavesATaskThatNeverReturnsAlone();
    void canBeShutDownFromATask();
    void takesTasksFromManyThreads();
};

void TstThreadExecutor::runsEveryTaskOnce()
{
    ThreadExecutor executor(3);
    QCOMPARE(executor.concurrency(), 3u);
    std::atomic<int> ran{0};
    Gate all;
    for (int i = 0; i < 1000; ++i) {
        QVERIFY(executor.post([&] {
            if (++ran == 1000)
                all.open();
        }));
    }
    all.pass();
    QVERIFY(executor.shutDown(20s));
    QCOMPARE(ran.load(), 1000);
}

void TstThreadExecutor::startsTasksInTheOrderPosted()
{
    ThreadExecutor executor(0); // counts as 1
    QCOMPARE(executor.concurrency(), 1u);
    std::vector<int> order;
    Gate all;
    for (int i = 0; i < 100; ++i)
        QVERIFY(executor.post([&, i] { order.push_back(i); }));
    QVERIFY(executor.post([&] { all.open(); }));
    all.pass();
    QVERIFY(std::ranges::is_sorted(order));
    QCOMPARE(order.size(), std::size_t{100});
}

void TstThreadExecutor::neverRunsATaskInsidePost()
{
    ThreadExecutor executor(1);
    std::thread::id ranOn;
    Gate done;
    QVERIFY(executor.post([&] {
        ranOn = std::this_thread::get_id();
        done.open();
    }));
    done.pass();
    QVERIFY(ranOn != std::this_thread::get_id());
}

void TstThreadExecutor::runsNoMoreTasksAtOnceThanWorkers()
{
    ThreadExecutor executor(2);
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    std::atomic<int> ran{0};
    Gate all;
    for (int i = 0; i < 200; ++i) {
        QVERIFY(executor.post([&] {
            const int running = ++now;
            int seen = most;
            while (running > seen && !most.compare_exchange_weak(seen, running)) { }
            std::this_thread::yield();
            --now;
            if (++ran == 200)
                all.open();
        }));
    }
    all.pass();
    QVERIFY(most >= 1);
    QVERIFY(most <= 2);
}

void TstThreadExecutor::addsAWorkerForOneThatIsStuck()
{
    Gate hung;
    Gate ran;
    ThreadExecutor executor(1);
    QVERIFY(executor.post([&] { hung.pass(); }));
    QVERIFY(hung.waitForWaiting(1));
    QVERIFY(executor.post([&] { ran.open(); }));
    QVERIFY(executor.workerStuck());
    ran.pass(); // would wait for ever without the replacement
    hung.open();
    executor.workerRecovered();
    QVERIFY(executor.shutDown(20s));
}

void TstThreadExecutor::boundsReplacementsOfStuckWorkers()
{
    ThreadExecutor executor(1, 2);
    QVERIFY(executor.workerStuck());
    QVERIFY(executor.workerStuck());
    QVERIFY(!executor.workerStuck());
    executor.workerRecovered();
    QVERIFY(executor.workerStuck());
    QVERIFY(!executor.workerStuck());
}

void TstThreadExecutor::givesUpReplacementsOnceRecovered()
{
    Gate hung;
    ThreadExecutor executor(1);
    for (int round = 0; round < 20; ++round) {
        hung.close();
        QVERIFY(executor.post([&] { hung.pass(); }));
        QVERIFY(hung.waitForWaiting(1));
        Gate replaced;
        QVERIFY(executor.workerStuck());
        QVERIFY(executor.post([&] { replaced.open(); }));
        replaced.pass();
        executor.workerRecovered();
        // Nobody but the hung worker may run this, so that it waits.
        Gate second;
        std::atomic<bool> ran{false};
        QVERIFY(executor.post([&] {
            ran = true;
            second.open();
        }));
        QVERIFY(!ran);
        hung.open();
        second.pass();
    }
    QVERIFY(executor.shutDown(20s));
}

void TstThreadExecutor::dropsWaitingTasksWhenShutDown()
{
    const auto hung = std::make_shared<Gate>();
    const auto marker = std::make_shared<int>(0);
    std::atomic<bool> ran{false};
    ThreadExecutor executor(1);
    QVERIFY(executor.post([hung] { hung->pass(); }));
    QVERIFY(hung->waitForWaiting(1));
    QVERIFY(executor.post([&ran, marker] { ran = true; }));
    QCOMPARE(marker.use_count(), 2L);
    QVERIFY(!executor.shutDown(0ms));
    QCOMPARE(marker.use_count(), 1L);
    hung->open();
    QVERIFY(executor.shutDown(20s));
    QVERIFY(!ran);
    QVERIFY(!executor.post([marker] { }));
    QCOMPARE(marker.use_count(), 1L);
    QVERIFY(!executor.workerStuck());
    QVERIFY(executor.shutDown(0ms));
}

void TstThreadExecutor::leavesATaskThatNeverReturnsAlone()
{
    const auto hung = std::make_shared<Gate>();
    const auto ended = std::make_shared<Gate>();
    {
        ThreadExecutor executor(2);
        QVERIFY(executor.post([hung, ended] {
            hung->pass();
            ended->open();
        }));
        QVERIFY(hung->waitForWaiting(1));
        const auto begin = std::chrono::steady_clock::now();
        QVERIFY(!executor.shutDown(20ms));
        QVERIFY(!executor.shutDown(0ms));
        QVERIFY(std::chrono::steady_clock::now() - begin < 10s);
        hung->open(); // so that the destructor has nothing to wait for
    }
    ended->pass();
}

void TstThreadExecutor::canBeShutDownFromATask()
{
    const auto executor = std::make_shared<ThreadExecutor>(2);
    Gate done;
    bool all = false;
    QVERIFY(executor->post([&, executor] {
        all = executor->shutDown(20s);
        done.open();
    }));
    done.pass();
    QVERIFY(all);
}

void TstThreadExecutor::takesTasksFromManyThreads()
{
    ThreadExecutor executor(3);
    std::atomic<int> ran{0};
    std::atomic<bool> refused{false};
    Gate all;
    {
        std::vector<std::jthread> posters;
        for (int t = 0; t < 4; ++t) {
            posters.emplace_back([&] {
                for (int i = 0; i < 250; ++i) {
                    const bool taken = executor.post([&] {
                        if (++ran == 1000)
                            all.open();
                    });
                    if (!taken)
                        refused = true;
                    if (i % 50 == 0 && executor.workerStuck())
                        executor.workerRecovered();
                }
            });
        }
    }
    all.pass();
    QVERIFY(!refused);
    QVERIFY(executor.shutDown(20s));
}

QTEST_GUILESS_MAIN(TstThreadExecutor)
#include "tst_thread_executor.moc"
