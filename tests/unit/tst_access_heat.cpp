// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/cache/access_heat.h"
#include "cachecore/cache/page_states.h"
#include "tests/support/random.h"

#include <QTest>

#include <atomic>
#include <cmath>
#include <numeric>
#include <thread>
#include <vector>

using namespace cachecore;
using cachet_test::Random;

namespace {

using Time = AccessHeat::Time;
using std::chrono::milliseconds;
using std::chrono::seconds;

Time after(milliseconds time)
{
    return Time(std::chrono::hours(50)) + time;
}

/// Every visit, remembered for ever.
class NaiveHeat {
public:
    NaiveHeat(std::uint64_t pages, std::uint64_t pagesPerBucket)
        : m_pages(pages)
        , m_perBucket(pagesPerBucket)
    {
    }
    void touch(std::uint64_t page, Time when)
    {
        if (page < m_pages)
            m_visits.push_back({page / m_perBucket * m_perBucket, when});
    }
    /// Of the pages [begin, end).
    [[nodiscard]] double heat(std::uint64_t begin, std::uint64_t end, Time now) const
    {
        double sum = 0;
        for (const Visit &visit : m_visits) {
            const std::uint64_t first = std::max(begin, visit.bucket);
            const std::uint64_t last = std::min(end, visit.bucket + m_perBucket);
            if (first >= last)
                continue;
            const double share = static_cast<double>(last - first) / static_cast<double>(m_perBucket);
            sum += share * std::exp2(-std::chrono::duration<double>(now - visit.when) / AccessHeat::kHalfLife);
        }
        return sum;
    }
    [[nodiscard]] std::size_t visits() const { return m_visits.size(); }

private:
    struct Visit {
        std::uint64_t bucket = 0;
        Time when;
    };
    const std::uint64_t m_pages;
    const std::uint64_t m_perBucket;
    std::vector<Visit> m_visits;
};

float heatOf(const AccessHeat &heat, std::uint64_t first, std::uint64_t count, Time now)
{
    std::array<float, 1> out{};
    heat.summarize({first}, count, now, out);
    return out[0];
}

bool near(double a, double b, double slack = 0.01)
{
    return std::abs(a - b) <= slack * std::max(1.0, std::abs(b));
}

} // namespace

class TestAccessHeat : public QObject {
    Q_OBJECT

private slots:
    void fadesToTheHalfInThirtySeconds();
    void agreesWithNaiveTwin_data();
    void agreesWithNaiveTwin();
    void spreadsABucketOverItsPages();
    void keepsWhatTimesOutOfOrderSay();
    void keepsItsHeatWhenTheSourceGrows_data();
    void keepsItsHeatWhenTheSourceGrows();
    void isForgottenInTheEnd();
    void staysInsideThePossibleWhileWritten();
};

void TestAccessHeat::fadesToTheHalfInThirtySeconds()
{
    AccessHeat heat(100);
    heat.touch({7}, after(seconds(3)));
    QVERIFY(near(heatOf(heat, 7, 1, after(seconds(3))), 1));
    QVERIFY(near(heatOf(heat, 7, 1, after(seconds(33))), 0.5));
    QVERIFY(near(heatOf(heat, 7, 1, after(seconds(48))), std::exp2(-1.5)));
    QVERIFY(near(heatOf(heat, 0, 100, after(seconds(63))), 0.25));
    QCOMPARE(heatOf(heat, 8, 92, after(seconds(3))), 0.0F);
    heat.touch({7}, after(seconds(33)));
    QVERIFY(near(heatOf(heat, 7, 1, after(seconds(33))), 1.5));
}

void TestAccessHeat::agreesWithNaiveTwin_data()
{
    QTest::addColumn<quint64>("pages");
    for (const quint64 pages : {1ull, 2ull, 63ull, 64ull, 65ull, 4097ull, 1ull << 20, (1ull << 20) + 1, 1ull << 28,
                                (1ull << 47) - 1, 1ull << 54})
        QTest::addRow("%llu pages", static_cast<unsigned long long>(pages)) << pages;
}

void TestAccessHeat::agreesWithNaiveTwin()
{
    QFETCH(quint64, pages);
    const std::uint64_t last = pages - 1;
    Random random(70 + pages);
    AccessHeat heat(pages);
    NaiveHeat twin(pages, heat.pagesPerBucket());
    QVERIFY(pages <= AccessHeat::kMostBuckets * heat.pagesPerBucket());
    const std::uint64_t crowded = random.below(pages);
    milliseconds time(0);
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 30; ++i) {
            time += milliseconds(random.skewedBelow(5'000));
            const std::uint64_t page
                = random.oneIn(3) ? random.below(pages) : std::min(crowded + random.skewedBelow(9000), last);
            heat.touch({page}, after(time));
            twin.touch(page, after(time));
        }
        const std::uint64_t first = random.oneIn(2) ? random.below(pages) : crowded;
        const std::uint64_t count = random.between(1, pages - first);
        const Time now = after(time + milliseconds(random.below(20'000)));
        std::vector<float> out(random.between(1, 70));
        heat.summarize({first}, count, now, out);
        for (std::size_t i = 0; i < out.size(); ++i) {
            __extension__ using Wide = unsigned __int128;
            const auto begin = static_cast<std::uint64_t>(Wide{i} * count / out.size());
            const auto end = std::max(static_cast<std::uint64_t>(Wide{i + 1} * count / out.size()), begin + 1);
            const double wanted = twin.heat(first + begin, first + end, now);
            QVERIFY2(near(out[i], wanted, 0.02), qPrintable(QString("%1, wanted %2").arg(double(out[i])).arg(wanted)));
        }
    }
}

void TestAccessHeat::spreadsABucketOverItsPages()
{
    AccessHeat heat(std::uint64_t{1} << 24);
    QCOMPARE(heat.pagesPerBucket(), std::uint64_t{16});
    heat.touch({100}, after(seconds(0))); // one of 96 to 111
    QVERIFY(near(heatOf(heat, 96, 16, after(seconds(0))), 1));
    QVERIFY(near(heatOf(heat, 96, 4, after(seconds(0))), 0.25));
    QVERIFY(near(heatOf(heat, 0, 104, after(seconds(0))), 0.5));
    QVERIFY(near(heatOf(heat, 104, 1000, after(seconds(0))), 0.5));
    QCOMPARE(heatOf(heat, 112, 1000, after(seconds(0))), 0.0F);
}

void TestAccessHeat::keepsWhatTimesOutOfOrderSay()
{
    AccessHeat heat(10);
    heat.touch({1}, after(seconds(100)));
    heat.touch({1}, after(seconds(70)));
    QVERIFY(near(heatOf(heat, 1, 1, after(seconds(100))), 1.5));
}

void TestAccessHeat::keepsItsHeatWhenTheSourceGrows_data()
{
    QTest::addColumn<quint64>("before");
    QTest::addColumn<quint64>("now");
    QTest::newRow("little") << quint64{100} << quint64{110};
    QTest::newRow("to more buckets") << quint64{100} << quint64{10'000};
    QTest::newRow("to larger buckets") << (quint64{1} << 20) << (quint64{1} << 26);
    QTest::newRow("less again") << (quint64{1} << 26) << (quint64{1} << 22);
}

void TestAccessHeat::keepsItsHeatWhenTheSourceGrows()
{
    QFETCH(quint64, before);
    QFETCH(quint64, now);
    PageStates old(before);
    for (const std::uint64_t page : {3U, 60U, 99U})
        old.touch({page}, after(seconds(page)));
    const PageStates grown(now, old);
    const std::uint64_t bucket = std::max(old.heat().pagesPerBucket(), grown.heat().pagesPerBucket());
    for (std::uint64_t first = 0; first < 128; first += bucket) {
        const float wanted = heatOf(old.heat(), first, bucket, after(seconds(100)));
        QVERIFY(near(heatOf(grown.heat(), first, bucket, after(seconds(100))), wanted));
    }
    QVERIFY(
        near(heatOf(grown.heat(), 0, now, after(seconds(100))), heatOf(old.heat(), 0, before, after(seconds(100)))));
}

void TestAccessHeat::isForgottenInTheEnd()
{
    AccessHeat heat(10);
    for (int i = 0; i < 1000; ++i)
        heat.touch({1}, after(seconds(0)));
    QVERIFY(near(heatOf(heat, 0, 10, after(seconds(0))), 1000));
    QCOMPARE(heatOf(heat, 0, 10, after(std::chrono::hours(1))), 0.0F);
    QCOMPARE(heatOf(heat, 0, 10, Time::max()), 0.0F);
    heat.touch({1}, Time()); // the clock's beginning: long ago
    QVERIFY(near(heatOf(heat, 0, 10, after(seconds(0))), 1000));
    AccessHeat none(0);
    none.touch({5}, after(seconds(0)));
    none.touch({std::uint64_t{1} << 60}, after(seconds(0)));
    QCOMPARE(heatOf(none, 1000, 5, after(seconds(0))), 0.0F);
    none.summarize({0}, 5, after(seconds(0)), {});
}

void TestAccessHeat::staysInsideThePossibleWhileWritten()
{
    constexpr std::uint64_t kPages = std::uint64_t{1} << 22;
    constexpr int kVisits = 50'000;
    AccessHeat heat(kPages);
    std::atomic<bool> done{false};
    std::jthread writer([&] {
        Random random(71);
        for (int i = 0; i < kVisits; ++i)
            heat.touch({random.below(kPages)}, after(milliseconds(i)));
        done = true;
    });
    bool possible = true;
    std::vector<float> out(97);
    for (int round = 0; round < 100 || !done; ++round) {
        heat.summarize({0}, kPages, after(milliseconds(kVisits)), out);
        for (const float part : out)
            possible = possible && part >= 0 && part <= kVisits;
    }
    writer.join();
    QVERIFY(possible);
    heat.summarize({0}, kPages, after(milliseconds(kVisits)), out);
    const double sum = std::accumulate(out.begin(), out.end(), 0.0);
    QVERIFY(near(sum, heatOf(heat, 0, kPages, after(milliseconds(kVisits))), 0.02));
    QVERIFY(sum > kVisits / 4.0 && sum < kVisits);
}

QTEST_GUILESS_MAIN(TestAccessHeat)
#include "tst_access_heat.moc"
