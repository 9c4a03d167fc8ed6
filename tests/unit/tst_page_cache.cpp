// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/cache/page_cache.h"
#include "tests/support/edits.h"
#include "tests/support/random.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <map>
#include <set>

using namespace cachecore;
using cachet_test::Random;
using cachet_test::rangeAt;

namespace {

constexpr std::uint64_t kPage = 512;

const std::shared_ptr<FramePool> &testFrames()
{
    static const auto frames = std::make_shared<FramePool>(std::size_t{kPage});
    return frames;
}

std::shared_ptr<Page> makePage(std::uint64_t index, bool failed = false)
{
    auto page = std::make_shared<Page>(PageIndex{index}, rangeAt(index * kPage, kPage), testFrames());
    std::ranges::fill(page->writableBytes(), static_cast<std::byte>(index));
    if (failed)
        page->setDamage({{rangeAt(index * kPage, 1)}, Error::of(ErrorCode::Io, Operation::Read), {}, 1});
    return page;
}

} // namespace

class TestPageCache : public QObject {
    Q_OBJECT

private slots:
    void keepsPinnedPageWhenFull();
    void admitsNothingWhenAllIsPinned();
    void collidingPagesUseTheFullCapacity();
    void detachedPagesCountUntilTheirLastPinIsGone();
    void invalidateDropsExactlyTheRange_data();
    void invalidateDropsExactlyTheRange();
    void smallerBudgetGivesMemoryBackAtOnce();
    void scanAdmitsNothing();
    void statesMirrorWhatIsThere();
    void visitsWarmTheirPages();
    void smallerBudgetUnmapsFrames();
    void isWhatANaiveCacheIsUnderRandomOperations();
};

void TestPageCache::keepsPinnedPageWhenFull()
{
    PageCache cache(4 * kPage, 100, testFrames());
    QVERIFY(cache.publish(makePage(0), Intent::Scroll));
    const PageHandle pin = cache.tryGet({0});
    for (std::uint64_t page = 1; page < 50; ++page) {
        QVERIFY(cache.publish(makePage(page), Intent::Jump));
        QVERIFY(cache.statistics().residentBytes <= 4 * kPage);
    }
    QVERIFY(cache.tryGet({0}));
    QCOMPARE(pin.bytes()[0], std::byte{0});
    QVERIFY(cache.invariantsHold());
}

void TestPageCache::admitsNothingWhenAllIsPinned()
{
    PageCache cache(2 * kPage, 100, testFrames());
    QVERIFY(cache.publish(makePage(0), Intent::Jump));
    QVERIFY(cache.publish(makePage(1), Intent::Jump));
    PageHandle pins[] = {cache.tryGet({0}), cache.tryGet({1})};
    QVERIFY(!cache.publish(makePage(2), Intent::Jump));
    QCOMPARE(cache.states()->state({2}), PageState::Absent);
    pins[0] = {};
    QVERIFY(cache.publish(makePage(2), Intent::Jump));
    QVERIFY(!cache.tryGet({0}));
}

void TestPageCache::collidingPagesUseTheFullCapacity()
{
    PageCache cache(1024 * kPage, 1 << 24, testFrames());
    for (std::uint64_t page = 0; page < 1024; ++page)
        QVERIFY(cache.publish(makePage(page * 1024), Intent::Scroll));
    for (std::uint64_t page = 0; page < 1024; ++page)
        QVERIFY(cache.tryGet({page * 1024}, PageCache::Visit::Counted));
    QCOMPARE(cache.statistics().hits, 1024U);
    QCOMPARE(cache.statistics().misses, 0U);
}

void TestPageCache::detachedPagesCountUntilTheirLastPinIsGone()
{
    PageCache cache(2 * kPage, 100, testFrames());
    QVERIFY(cache.publish(makePage(7), Intent::Jump));
    PageHandle pin = cache.tryGet({7});
    cache.invalidate({7}, 1);
    QVERIFY(!cache.tryGet({7}));
    QCOMPARE(cache.statistics().detachedBytes, kPage);
    QCOMPARE(pin.bytes()[5], std::byte{7});
    QVERIFY(cache.publish(makePage(1), Intent::Jump));
    QVERIFY(cache.publish(makePage(2), Intent::Jump));
    QCOMPARE(cache.statistics().residentBytes, kPage);
    pin = {};
    QCOMPARE(cache.statistics().detachedBytes, 0U);
    QVERIFY(cache.invariantsHold());
}

void TestPageCache::invalidateDropsExactlyTheRange_data()
{
    QTest::addColumn<quint64>("first");
    QTest::addColumn<quint64>("count");
    QTest::newRow("nothing") << quint64{10} << quint64{0};
    QTest::newRow("one") << quint64{10} << quint64{1};
    QTest::newRow("some") << quint64{10} << quint64{20};
    QTest::newRow("past the end") << quint64{90} << (quint64{1} << 40);
    QTest::newRow("all and more") << quint64{0} << (quint64{1} << 54);
}

void TestPageCache::invalidateDropsExactlyTheRange()
{
    QFETCH(quint64, first);
    QFETCH(quint64, count);
    PageCache cache(200 * kPage, 100, testFrames());
    for (std::uint64_t page = 0; page < 100; ++page)
        QVERIFY(cache.publish(makePage(page), Intent::Jump));
    cache.invalidate({first}, count);
    for (std::uint64_t page = 0; page < 100; ++page)
        QCOMPARE(static_cast<bool>(cache.tryGet({page})), page < first || page - first >= count);
    QVERIFY(cache.invariantsHold());
}

void TestPageCache::smallerBudgetGivesMemoryBackAtOnce()
{
    PageCache cache(100 * kPage, 100, testFrames());
    for (std::uint64_t page = 0; page < 100; ++page)
        QVERIFY(cache.publish(makePage(page), Intent::Jump));
    cache.setBudget(10 * kPage);
    QCOMPARE(cache.statistics().residentBytes, 10 * kPage);
    QCOMPARE(cache.states()->total().ready, 10U);
    QCOMPARE(cache.residentIn({0}, 100).size(), std::size_t{10});
    QVERIFY(cache.invariantsHold());
}

void TestPageCache::scanAdmitsNothing()
{
    PageCache cache(100 * kPage, 100, testFrames());
    cache.announceLoading({5});
    QVERIFY(!cache.publish(makePage(5), Intent::Scan));
    QVERIFY(!cache.tryGet({5}));
    QCOMPARE(cache.states()->state({5}), PageState::Absent);
}

void TestPageCache::statesMirrorWhatIsThere()
{
    PageCache cache(100 * kPage, 100, testFrames());
    const auto state = [&] { return cache.states()->state({5}); };
    QCOMPARE(state(), PageState::Absent);
    cache.announceLoading({5});
    QCOMPARE(state(), PageState::Loading);
    cache.abandonLoading({5});
    QCOMPARE(state(), PageState::Absent);
    cache.announceLoading({5});
    cache.publish(makePage(5, true), Intent::Jump);
    QCOMPARE(state(), PageState::Failed);
    cache.announceLoading({5});
    QCOMPARE(state(), PageState::Loading);
    cache.abandonLoading({5});
    QCOMPARE(state(), PageState::Failed);
    cache.announceLoading({5});
    cache.publish(makePage(5), Intent::Jump);
    QCOMPARE(state(), PageState::Ready);
    cache.setPageCount(200);
    QCOMPARE(state(), PageState::Ready);
    cache.invalidate({5}, 1);
    QCOMPARE(state(), PageState::Absent);
}

void TestPageCache::visitsWarmTheirPages()
{
    static AccessHeat::Time now;
    now = AccessHeat::Time(std::chrono::hours(1));
    PageCache cache(100 * kPage, 100, testFrames(), [] { return now; });
    const auto heat = [&](std::uint64_t page) {
        std::array<float, 1> out{};
        cache.states()->heat().summarize({page}, 1, now, out);
        return out[0];
    };
    const auto visit = [&](std::uint64_t page) { (void)cache.tryGet({page}, PageCache::Visit::Counted); };
    QVERIFY(cache.publish(makePage(5), Intent::Jump));
    QCOMPARE(heat(5), 0.0F); // put in is not visited
    QVERIFY(cache.tryGet({5}));
    QCOMPARE(heat(5), 0.0F);
    for (int i = 0; i < 100; ++i)
        visit(5); // at the same time: once
    QCOMPARE(qRound(heat(5) * 100), 100);
    for (int i = 0; i < 8; ++i) {
        now += std::chrono::milliseconds(300);
        for (int again = 0; again < 10; ++again) // often enough that the clock is looked at
            visit(5);
    }
    QVERIFY(heat(5) > 8.5F && heat(5) <= 9.0F);
    visit(7); // not there: wanted all the same
    QCOMPARE(qRound(heat(7) * 100), 100);
    cache.setPageCount(1000);
    QCOMPARE(qRound(heat(7) * 100), 100);
    now += AccessHeat::kHalfLife;
    QCOMPARE(qRound(heat(7) * 100), 50);
}

void TestPageCache::smallerBudgetUnmapsFrames()
{
    constexpr std::uint64_t kLarge = 1 << 20;
    const auto frames = std::make_shared<FramePool>(std::size_t{kLarge});
    PageCache cache(64 * kLarge, 100, frames);
    for (std::uint64_t page = 0; page < 64; ++page)
        QVERIFY(cache.publish(std::make_shared<Page>(PageIndex{page}, rangeAt(page * kLarge, kLarge), frames),
                              Intent::Jump));
    QVERIFY(cache.statistics().reservedBytes >= 64 * kLarge);
    cache.setBudget(8 * kLarge);
    QVERIFY2(cache.statistics().reservedBytes <= 16 * kLarge,
             QByteArray::number(quint64(cache.statistics().reservedBytes)).constData());
    cache.setBudget(64 * kLarge);
    for (std::uint64_t page = 0; page < 64; ++page)
        QVERIFY(cache.publish(std::make_shared<Page>(PageIndex{page}, rangeAt(page * kLarge, kLarge), frames),
                              Intent::Jump));
    QCOMPARE(cache.statistics().residentBytes, 64 * kLarge);
}

void TestPageCache::isWhatANaiveCacheIsUnderRandomOperations()
{
    Random random(40);
    PageCache cache(20 * kPage, 60, testFrames());
    std::set<std::uint64_t> loading;
    std::map<std::uint64_t, PageHandle> pins;
    for (int step = 0; step < 5'000; ++step) {
        const std::uint64_t page = random.below(60);
        switch (random.below(8)) {
        case 0:
            cache.announceLoading({page});
            loading.insert(page);
            break;
        case 1:
            cache.abandonLoading({page});
            loading.erase(page);
            break;
        case 2:
            cache.invalidate({page}, random.below(4));
            break;
        case 3:
            if (PageHandle pin = cache.tryGet({page}); pin && pins.size() < 10)
                pins[page] = std::move(pin);
            break;
        case 4:
            pins.erase(page);
            break;
        case 5:
            if (random.oneIn(20))
                cache.setBudget(random.between(5, 40) * kPage);
            break;
        default:
            cache.publish(makePage(page, random.oneIn(5)), random.oneIn(2) ? Intent::Jump : Intent::Scroll);
            loading.erase(page);
            QVERIFY(cache.statistics().residentBytes + cache.statistics().detachedBytes
                    <= std::max(cache.budget(), 15 * kPage));
        }
        QVERIFY(cache.invariantsHold());
        for (std::uint64_t i = 0; i < 60; ++i) {
            const PageHandle resident = cache.tryGet({i});
            QCOMPARE(cache.states()->state({i}),
                     loading.contains(i) ? PageState::Loading
                         : resident      ? resident.page().state()
                                         : PageState::Absent);
        }
        for (const auto &[index, pin] : pins)
            QCOMPARE(pin.bytes()[kPage - 1], static_cast<std::byte>(index));
    }
}

QTEST_GUILESS_MAIN(TestPageCache)
#include "tst_page_cache.moc"
