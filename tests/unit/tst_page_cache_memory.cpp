// SPDX-License-Identifier: GPL-3.0-or-later
// The page cache without memory: the Nth allocation fails, N counted up until a run is clean. This program's operators new are
// counted_memory.cpp's.
#include "cachecore/cache/page_cache.h"
#include "tests/support/act_rows.h"
#include "tests/support/counted_memory.h"
#include "tests/support/edits.h"

#include <QTest>

#include <algorithm>
#include <functional>
#include <new>
#include <vector>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kPage = 512;
constexpr std::uint64_t kPages = 60;
constexpr std::uint64_t kBudgetPages = 20;
constexpr std::uint64_t kMostAllocations = 1000;

const std::shared_ptr<FramePool> &testFrames()
{
    static const auto frames = std::make_shared<FramePool>(std::size_t{kPage});
    return frames;
}

std::shared_ptr<const Page> makePage(std::uint64_t index, std::byte content)
{
    auto page = std::make_shared<Page>(PageIndex{index}, rangeAt(index * kPage, kPage), testFrames());
    std::ranges::fill(page->writableBytes(), content);
    return page;
}

/// A full cache that remembers pages it has evicted, with a pin on one of them.
struct Scene {
    Scene()
    {
        for (std::uint64_t page = 0; page < kPages; ++page)
            (void)cache.publish(makePage(page, std::byte{1}), Intent::Scroll);
        pin = cache.tryGet({kPages - 1});
    }

    PageCache cache{kBudgetPages * kPage, kPages, testFrames()};
    PageHandle pin;
};

struct Act {
    const char *name;
    std::function<void(PageCache &, std::vector<std::shared_ptr<const Page>> &)> run;
    std::vector<std::uint64_t> stale; ///< pages whose former bytes must be gone afterwards
};

/// What `run` publishes is made before allocations fail.
std::vector<Act> acts()
{
    return {
        {"publish one that is not there",
         [](PageCache &cache, auto &pages) { (void)cache.publish(pages[0], Intent::Scroll); },
         {0}},
        {"publish one for the main queue",
         [](PageCache &cache, auto &pages) { (void)cache.publish(pages[1], Intent::Jump); },
         {1}},
        {"publish a pinned one again",
         [](PageCache &cache, auto &pages) { (void)cache.publish(pages[kPages - 1], Intent::Jump); },
         {kPages - 1}},
        {"publish a scanned one again",
         [](PageCache &cache, auto &pages) { (void)cache.publish(pages[kPages - 2], Intent::Scan); },
         {kPages - 2}},
        {"replace",
         [](PageCache &cache, auto &pages) {
             const PageHandle old = cache.tryGet({kPages - 1});
             cache.replaceResident(old.page(), pages[kPages - 1]);
         },
         {kPages - 1}},
        {"invalidate a few",
         [](PageCache &cache, auto &) { cache.invalidate({kPages - 3}, 3); },
         {kPages - 3, kPages - 2, kPages - 1}},
        {"invalidate all", [](PageCache &cache, auto &) { cache.invalidate({0}, kPages); }, {kPages - 2, kPages - 1}},
        {"announce one that is not there",
         [](PageCache &cache, auto &) {
             try {
                 cache.announceLoading({0});
                 cache.abandonLoading({0});
             } catch (const std::bad_alloc &) { // nothing has changed then
             }
         },
         {}},
        {"another page count",
         [](PageCache &cache, auto &) {
             try {
                 cache.setPageCount(5 * kPages);
             } catch (const std::bad_alloc &) { // nothing has changed then
             }
         },
         {}},
        {"less budget", [](PageCache &cache, auto &) { cache.setBudget(4 * kPage); }, {}},
    };
}

} // namespace

class TestPageCacheMemory : public QObject {
    Q_OBJECT

private slots:
    void neverKeepsAStalePageNorBreaks_data();
    void neverKeepsAStalePageNorBreaks();
};

void TestPageCacheMemory::neverKeepsAStalePageNorBreaks_data()
{
    addActRows(acts());
}

void TestPageCacheMemory::neverKeepsAStalePageNorBreaks()
{
    QFETCH(int, act);
    QFETCH(bool, forGood);
    const Act chosen = acts()[static_cast<std::size_t>(act)];
    bool failed = true;
    for (std::uint64_t nth = 0; failed; ++nth) {
        QVERIFY(nth < kMostAllocations);
        Scene scene;
        QVERIFY(scene.pin);
        std::vector<std::shared_ptr<const Page>> fresh;
        for (std::uint64_t page = 0; page < kPages; ++page)
            fresh.push_back(makePage(page, std::byte{2}));
        memory::failAfter(nth, forGood ? memory::kForGood : 1);
        chosen.run(scene.cache, fresh);
        failed = memory::stopFailing();
        const std::string where = "allocation " + std::to_string(nth);
        QVERIFY2(scene.cache.invariantsHold(), where.c_str());
        QCOMPARE(scene.pin.bytes()[0], std::byte{1}); // a pin keeps what it has seen
        for (const std::uint64_t page : chosen.stale) {
            const PageHandle now = scene.cache.tryGet({page});
            QVERIFY2(!now || now.bytes()[0] == std::byte{2}, where.c_str());
        }
        // With memory again everything works.
        for (std::uint64_t page = 0; page < kPages; ++page)
            (void)scene.cache.publish(makePage(page, std::byte{3}), Intent::Jump);
        QCOMPARE(scene.cache.tryGet({kPages - 2}).bytes()[0], std::byte{3});
        QVERIFY2(scene.cache.invariantsHold(), where.c_str());
    }
}

QTEST_GUILESS_MAIN(TestPageCacheMemory)
#include "tst_page_cache_memory.moc"
