// SPDX-License-Identifier: GPL-3.0-or-later
// The page cache next to its naive twin, in every interleaving of small scripts and at random in large ones, and by 16 threads at once.
#include "cachecore/cache/page_cache.h"
#include "tests/support/edits.h"
#include "tests/support/manual_executor.h"
#include "tests/support/random.h"
#include "tests/support/schedules.h"
#include "tests/unit/naive_page_cache.h"

#include <QTest>

#include <array>
#include <barrier>
#include <cstring>
#include <functional>
#include <thread>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kPage = 512;

const std::shared_ptr<FramePool> &testFrames()
{
    static const auto frames = std::make_shared<FramePool>(std::size_t{kPage});
    return frames;
}

/// A page that begins with its version.
std::shared_ptr<const Page> makePage(std::uint64_t index, std::uint64_t version, bool failed = false)
{
    auto page = std::make_shared<Page>(PageIndex{index}, rangeAt(index * kPage, kPage), testFrames());
    std::memcpy(page->writableBytes().data(), &version, sizeof(version));
    if (failed)
        page->setDamage({{rangeAt(index * kPage + 8, 1)}, Error::of(ErrorCode::Io, Operation::Read), {}, 1});
    return page;
}

std::uint64_t versionOf(const PageHandle &page)
{
    std::uint64_t version = 0;
    std::memcpy(&version, page.bytes().data(), sizeof(version));
    return version;
}

/// The cache and its twin, to which everything is done alike.
class Pair {
public:
    Pair(std::size_t budget, std::uint64_t pages)
        : m_pages(pages)
        , m_cache(budget * kPage, pages, testFrames())
        , m_twin(budget)
    {
    }

    void announce(std::uint64_t page)
    {
        m_cache.announceLoading({page});
        m_twin.loading.insert(page);
    }
    void abandon(std::uint64_t page)
    {
        m_cache.abandonLoading({page});
        m_twin.loading.erase(page);
    }
    void publish(std::uint64_t page, Intent intent, bool failed = false)
    {
        ++m_versions;
        const bool admitted = m_cache.publish(makePage(page, m_versions, failed), intent);
        m_same = m_same && admitted == m_twin.publish(page, m_versions, failed, intent);
    }
    void visit(std::uint64_t page)
    {
        (void)m_cache.tryGet({page}, PageCache::Visit::Counted);
        m_twin.visit(page);
    }
    void pin(std::uint64_t page)
    {
        PageHandle handle = m_cache.tryGet({page});
        const auto version = m_twin.pin(page);
        m_same = m_same && static_cast<bool>(handle) == version.has_value();
        if (handle)
            m_pins.emplace_back(std::move(handle), *version);
    }
    /// Lets go of the oldest pin.
    void unpin()
    {
        if (m_pins.empty())
            return;
        m_twin.unpin(m_pins.front().second);
        m_pins.erase(m_pins.begin());
    }
    void invalidate(std::uint64_t first, std::uint64_t count)
    {
        m_cache.invalidate({first}, count);
        m_twin.invalidate(first, count);
    }
    void setBudget(std::size_t pages)
    {
        m_cache.setBudget(pages * kPage);
        m_twin.setBudget(pages);
    }

    [[nodiscard]] std::size_t pins() const { return m_pins.size(); }

    /// True when both hold the same, and every pin what it saw.
    [[nodiscard]] bool same() const
    {
        const CacheStatistics statistics = m_cache.statistics();
        bool same = m_same && m_cache.invariantsHold() && statistics.hits == m_twin.hits
            && statistics.misses == m_twin.misses && statistics.evictions == m_twin.evictions
            && statistics.residentBytes == m_twin.resident().size() * kPage
            && statistics.detachedBytes == m_twin.detached() * kPage && statistics.loading == m_twin.loading.size();
        for (std::uint64_t page = 0; page < m_pages; ++page)
            same = same && samePage(page);
        for (const auto &[handle, version] : m_pins)
            same = same && versionOf(handle) == version;
        return same;
    }

private:
    [[nodiscard]] bool samePage(std::uint64_t page) const
    {
        const PageHandle handle = m_cache.tryGet({page});
        const auto twin = m_twin.resident().find(page);
        const bool there = twin != m_twin.resident().end();
        PageState state = m_twin.loading.contains(page) ? PageState::Loading : PageState::Absent;
        if (there && state == PageState::Absent)
            state = twin->second.failed ? PageState::Failed : PageState::Ready;
        return static_cast<bool>(handle) == there && (!there || versionOf(handle) == twin->second.version)
            && m_cache.states()->state({page}) == state;
    }

    const std::uint64_t m_pages;
    mutable PageCache m_cache;
    NaivePageCache m_twin;
    std::uint64_t m_versions = 0;
    std::vector<std::pair<PageHandle, std::uint64_t>> m_pins;
    bool m_same = true; ///< every call returned the same
};

using Step = std::function<void(Pair &)>;
using Script = std::vector<Step>;

/// Posts the steps of a script one after the other.
void post(ManualExecutor &executor, Pair &pair, const Script &script, std::size_t step = 0)
{
    if (step == script.size())
        return;
    (void)executor.post([&executor, &pair, &script, step] {
        script[step](pair);
        post(executor, pair, script, step + 1);
    });
}

Script load(std::uint64_t page, Intent intent, bool failed = false)
{
    return {[=](Pair &pair) { pair.visit(page); }, [=](Pair &pair) { pair.announce(page); },
            [=](Pair &pair) { pair.publish(page, intent, failed); }, [=](Pair &pair) { pair.visit(page); }};
}

Script pinned(std::uint64_t page)
{
    return {[=](Pair &pair) { pair.publish(page, Intent::Scroll); }, [=](Pair &pair) { pair.pin(page); },
            [=](Pair &pair) { pair.visit(page); }, [](Pair &pair) { pair.unpin(); }};
}

Script invalidated(std::uint64_t first, std::uint64_t count, std::uint64_t again)
{
    return {[=](Pair &pair) { pair.invalidate(first, count); }, [=](Pair &pair) { pair.announce(again); },
            [=](Pair &pair) { pair.abandon(again); }, [=](Pair &pair) { pair.publish(again, Intent::Scan); }};
}

Script resized(std::uint64_t page)
{
    return {[](Pair &pair) { pair.setBudget(1); }, [=](Pair &pair) { pair.publish(page, Intent::Edit); },
            [](Pair &pair) { pair.setBudget(3); }, [=](Pair &pair) { pair.publish(page + 1, Intent::Scroll); }};
}

} // namespace

class TestPageCacheRaces : public QObject {
    Q_OBJECT

private slots:
    void isItsTwinInEveryInterleaving_data();
    void isItsTwinInEveryInterleaving();
    void isItsTwinAtRandom();
    void staysWholeAmongSixteenThreads();
};

void TestPageCacheRaces::isItsTwinInEveryInterleaving_data()
{
    QTest::addColumn<int>("scripts");
    QTest::newRow("three loads, room for two") << 0;
    QTest::newRow("a load, a pin and an invalidation") << 1;
    QTest::newRow("loads of one page, one failing, and an invalidation") << 2;
    QTest::newRow("pins and a changing budget") << 3;
    QTest::newRow("loads and a changing budget") << 4;
}

void TestPageCacheRaces::isItsTwinInEveryInterleaving()
{
    QFETCH(int, scripts);
    const std::array<std::array<Script, 3>, 5> all{{
        {load(0, Intent::Scroll), load(1, Intent::Jump), load(2, Intent::Scroll)},
        {load(0, Intent::Jump), pinned(0), invalidated(0, 2, 1)},
        {load(0, Intent::Scroll), load(0, Intent::Scroll, true), invalidated(0, 1, 0)},
        {pinned(0), pinned(1), resized(0)},
        {load(0, Intent::Jump), load(1, Intent::Scroll), resized(1)},
    }};
    Schedules schedules;
    do {
        ManualExecutor executor;
        Pair pair(2, 3);
        for (const Script &script : all[static_cast<std::size_t>(scripts)])
            post(executor, pair, script);
        while (executor.waiting() > 0) {
            (void)executor.runAt(schedules.choose(executor.waiting()));
            QVERIFY2(!schedules.isNew() || pair.same(), qPrintable(QString("run %1").arg(schedules.runs())));
        }
    } while (schedules.next());
    QCOMPARE(schedules.runs(), std::size_t{34'650}); // 12! / 4!^3: all of them
}

void TestPageCacheRaces::isItsTwinAtRandom()
{
    constexpr std::uint64_t kPages = 60;
    constexpr std::array kIntents{Intent::Jump, Intent::Edit, Intent::Scroll, Intent::Scroll, Intent::Scan};
    Random random(60);
    Pair pair(20, kPages);
    for (int step = 0; step < 20'000; ++step) {
        const std::uint64_t page = random.skewedBelow(kPages);
        switch (random.below(10)) {
        case 0:
            pair.announce(page);
            break;
        case 1:
            pair.abandon(page);
            break;
        case 2:
            pair.invalidate(page, random.skewedBelow(70));
            break;
        case 3:
            if (pair.pins() < 30)
                pair.pin(page);
            break;
        case 4:
            pair.unpin();
            break;
        case 5:
            if (random.oneIn(10))
                pair.setBudget(random.between(1, 40));
            break;
        case 6:
        case 7:
            pair.visit(page);
            break;
        default:
            pair.publish(page, kIntents[random.below(kIntents.size())], random.oneIn(5));
        }
        QVERIFY2(pair.same(), qPrintable(QString("step %1").arg(step)));
    }
}

void TestPageCacheRaces::staysWholeAmongSixteenThreads()
{
    constexpr std::uint64_t kPages = 200;
    constexpr unsigned kThreads = 16;
    constexpr std::uint64_t kBudget = 50;
    PageCache cache(kBudget * kPage, kPages, testFrames());
    std::barrier ready(kThreads);
    std::atomic<bool> right{true};
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < kThreads; ++i) {
            threads.emplace_back([&, i] {
                Random random(100 + i);
                std::vector<float> heat(7);
                std::array<PageStateCounts, 7> counts;
                ready.arrive_and_wait();
                for (int step = 0; step < 2'000; ++step) {
                    const std::uint64_t page = random.below(kPages);
                    if (const PageHandle pin = cache.tryGet({page}, PageCache::Visit::Counted))
                        right = right && versionOf(pin) == page;
                    else
                        (void)cache.publish(makePage(page, page), random.oneIn(2) ? Intent::Jump : Intent::Scroll);
                    if (random.oneIn(50))
                        cache.invalidate({page}, random.below(5));
                    if (random.oneIn(500))
                        cache.setBudget(random.between(20, kBudget) * kPage);
                    if (random.oneIn(500))
                        cache.setPageCount(random.between(kPages, 3 * kPages));
                    if (random.oneIn(50)) {
                        cache.states()->summarize({0}, kPages, counts);
                        cache.states()->heat().summarize({0}, kPages, coarseNow(), heat);
                        right = right && heat[0] >= 0 && heat[0] < kThreads * 2'000;
                    }
                }
            });
        }
    }
    QVERIFY(right);
    QVERIFY(cache.invariantsHold());
    QCOMPARE(cache.statistics().detachedBytes, std::uint64_t{0});
    QCOMPARE(cache.statistics().hits + cache.statistics().misses, std::uint64_t{kThreads * 2'000});
    QCOMPARE(testFrames()->reservedBytes() > 0, true);
}

QTEST_GUILESS_MAIN(TestPageCacheRaces)
#include "tst_page_cache_races.moc"
