// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/cached_fixture.h"
#include "tests/support/gate.h"
#include "tests/support/loader_rig.h"

#include <QTest>

#include <atomic>
#include <thread>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kPage = LoaderRig::kPage;

} // namespace

class TestLoadCounters : public QObject {
    Q_OBJECT

private slots:
    void bucketsAreInStepsOfTwo_data();
    void bucketsAreInStepsOfTwo();
    void tellsHowLongMostTook();
    void countsReadsAndWhatTheyBrought();
    void measuresHowLongALoadTook();
    void countsWhatPassesTheCacheToo();
    void canBeReadWhileLoadsRun();
};

void TestLoadCounters::bucketsAreInStepsOfTwo_data()
{
    QTest::addColumn<qint64>("nanos");
    QTest::addColumn<quint64>("bucket");
    QTest::newRow("backwards") << qint64{-5} << quint64{0};
    QTest::newRow("nothing") << qint64{0} << quint64{0};
    QTest::newRow("999 ns") << qint64{999} << quint64{0};
    QTest::newRow("1 us") << qint64{1'000} << quint64{1};
    QTest::newRow("2 us") << qint64{2'000} << quint64{2};
    QTest::newRow("3.999 us") << qint64{3'999} << quint64{2};
    QTest::newRow("4 us") << qint64{4'000} << quint64{3};
    QTest::newRow("1 ms") << qint64{1'000'000} << quint64{10};
    QTest::newRow("2 s") << qint64{2'000'000'000} << quint64{21};
    QTest::newRow("a day") << qint64{86'400'000'000'000} << quint64{31};
}

void TestLoadCounters::bucketsAreInStepsOfTwo()
{
    QFETCH(qint64, nanos);
    QFETCH(quint64, bucket);
    const std::chrono::nanoseconds took(nanos);
    QCOMPARE(quint64(LatencyHistogram::bucketOf(took)), bucket);
    QVERIFY(bucket == LatencyHistogram::kBuckets - 1 || took < LatencyHistogram::upperBound(bucket));
    QVERIFY(bucket == 0 || took >= LatencyHistogram::upperBound(bucket - 1));
}

void TestLoadCounters::tellsHowLongMostTook()
{
    LatencyHistogram histogram;
    QCOMPARE(histogram.quantile(0.5).count(), 0);
    histogram.counts[3] = 98;
    histogram.counts[10] = 1;
    histogram.counts[21] = 1;
    QCOMPARE(histogram.total(), std::uint64_t{100});
    QCOMPARE(histogram.quantile(0.5), 8us);
    QCOMPARE(histogram.quantile(0.98), 8us);
    QCOMPARE(histogram.quantile(0.99), 1024us);
    QCOMPARE(histogram.quantile(1), std::chrono::microseconds(1 << 21));
}

void TestLoadCounters::countsReadsAndWhatTheyBrought()
{
    SteppedLoader setup;
    setup.request(10, 3, 1);
    setup.request(50, 1, 1);
    setup.request(100, 300, 1); // two reads: 1 MiB and the rest
    setup.executor->runAll();
    const CacheStatistics found = setup.statistics();
    QCOMPARE(found.loads, std::uint64_t{304});
    QCOMPARE(found.reads, std::uint64_t{4});
    QCOMPARE(found.merges, std::uint64_t{300});
    QCOMPARE(found.bytesRead, 304 * kPage);
    QCOMPARE(found.failedLoads, std::uint64_t{0});
    QCOMPARE(found.loadLatency.counts[0], std::uint64_t{4}); // the clock stood still
    QCOMPARE(found.loadLatency.total(), std::uint64_t{4});
}

void TestLoadCounters::measuresHowLongALoadTook()
{
    const auto gate = std::make_shared<Gate>();
    LoaderRig setup(std::make_shared<ThreadExecutor>(2));
    setup.source->setGate(SourceOp::Read, gate);
    setup.request(0, 1, 1);
    QVERIFY(gate->waitForWaiting(1));
    setup.env->advance(5ms);
    gate->open();
    QTRY_COMPARE(setup.state(0), PageState::Ready);
    QCOMPARE(setup.statistics().loadLatency.counts[LatencyHistogram::bucketOf(5ms)], std::uint64_t{1});
    QCOMPARE(setup.statistics().loadLatency.total(), std::uint64_t{1});
}

void TestLoadCounters::countsWhatPassesTheCacheToo()
{
    const CachedFixture fixture(patternBytes(600 * kPage));
    std::vector<std::byte> into(600 * kPage);
    QVERIFY(fixture->read(ByteOffset(0), into)); // more than the cache holds
    CacheStatistics found = fixture->statistics();
    QCOMPARE(found.loads, std::uint64_t{600});
    QCOMPARE(found.reads, std::uint64_t{3});
    QCOMPARE(found.merges, std::uint64_t{597});
    QCOMPARE(found.bytesRead, 600 * kPage);
    QVERIFY(fixture->window(ByteOffset(0), Intent::Scan));
    found = fixture->statistics();
    QCOMPARE(found.reads, std::uint64_t{4});
    QCOMPARE(found.bytesRead, 856 * kPage);
    QCOMPARE(found.loadLatency.total(), std::uint64_t{4});
}

void TestLoadCounters::canBeReadWhileLoadsRun()
{
    const CachedFixture fixture(patternBytes(2000 * kPage));
    std::atomic<bool> done{false};
    std::jthread looker([&] {
        CacheStatistics last;
        while (!done) {
            const CacheStatistics now = fixture->statistics();
            if (now.loads < last.loads || now.bytesRead < last.bytesRead || now.reads < last.reads
                || now.loadLatency.total() < last.loadLatency.total() || now.residentBytes > now.budgetBytes)
                qFatal("the figures went backwards");
            last = now;
        }
    });
    {
        std::vector<std::jthread> readers;
        for (std::uint64_t thread = 0; thread < 4; ++thread)
            readers.emplace_back([&, thread] {
                for (std::uint64_t page = thread; page < 2000; page += 4)
                    (void)fixture->load(ByteOffset(page * kPage), 1, Intent::Scroll);
            });
    }
    done = true;
    looker.join();
    const CacheStatistics found = fixture->statistics();
    QCOMPARE(found.loads, std::uint64_t{2000});
    QCOMPARE(found.bytesRead, 2000 * kPage);
    QCOMPARE(found.misses, std::uint64_t{2000});
    QCOMPARE(found.loadLatency.total(), found.loads - found.merges);
    QVERIFY(found.evictions >= 2000 - 256);
}

QTEST_GUILESS_MAIN(TestLoadCounters)
#include "tst_load_counters.moc"
