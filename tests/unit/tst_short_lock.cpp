// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/short_lock.h"

#include <QTest>

#include <mutex>
#include <thread>
#include <vector>

using namespace cachecore;

class TestShortLock : public QObject {
    Q_OBJECT

private slots:
    void letsOneInAtATime();
    void wakesThoseThatSleep();
};

void TestShortLock::letsOneInAtATime()
{
    constexpr int kThreads = 16;
    constexpr int kTimes = 20'000;
    ShortLock lock;
    int plain = 0; // no atomic: what the lock guards
    int inside = 0;
    int most = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kThreads; ++i) {
            threads.emplace_back([&] {
                for (int step = 0; step < kTimes; ++step) {
                    const std::lock_guard guard(lock);
                    most = std::max(most, ++inside);
                    ++plain;
                    --inside;
                }
            });
        }
    }
    QCOMPARE(plain, kThreads * kTimes);
    QCOMPARE(most, 1);
}

void TestShortLock::wakesThoseThatSleep()
{
    constexpr int kThreads = 8;
    ShortLock lock;
    int plain = 0;
    std::atomic<int> started{0};
    std::vector<std::jthread> threads;
    lock.lock();
    QVERIFY(!lock.try_lock());
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            ++started;
            const std::lock_guard guard(lock);
            ++plain;
        });
    }
    while (started < kThreads)
        std::this_thread::yield();
    // Held far longer than anybody spins.
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
    while (std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    QCOMPARE(plain, 0);
    lock.unlock();
    threads.clear();
    QCOMPARE(plain, kThreads);
    QVERIFY(lock.try_lock());
    lock.unlock();
}

QTEST_GUILESS_MAIN(TestShortLock)
#include "tst_short_lock.moc"
