// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/cache/load/read_ahead.h"
#include "tests/support/cached_fixture.h"
#include "tests/support/clock_env.h"
#include "tests/support/manual_executor.h"
#include "tests/support/random.h"

#include <QTest>

#include <algorithm>
#include <vector>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kShown = 4 * kKiB;
constexpr std::uint64_t kStart = 1024 * kMiB;

/// `times` scroll events, each `moved` bytes on and `afterMs` after the one before.
struct Scrolls {
    int times = 1;
    std::int64_t moved = 0;
    int afterMs = 0;
};

struct Gesture {
    std::vector<Scrolls> scrolls;
    std::uint64_t shown = kShown;
};

} // namespace

Q_DECLARE_METATYPE(Gesture)

class TestReadAhead : public QObject {
    Q_OBJECT

private slots:
    void guessesFromTheGesture_data();
    void guessesFromTheGesture();
    void knowsTheSpeedOfTheLastEightEvents();
    void keepsItsBoundsWhateverComes();
    void readsFartherTheFasterOneScrolls();
    void readsTheNearestFirstGoingUp();
    void takesBackWhatScrolledAway();
    void staysInsideTheSourceAndTheBudget();
    void asksForMapsLastAndOnlyTheNewest();
};

void TestReadAhead::guessesFromTheGesture_data()
{
    QTest::addColumn<Gesture>("gesture");
    QTest::addColumn<quint64>("before");
    QTest::addColumn<quint64>("after");
    const auto row = [](const char *name, Gesture gesture, std::uint64_t before, std::uint64_t after) {
        QTest::newRow(name) << gesture << quint64(before) << quint64(after);
    };
    row("nothing yet", {{}}, 0, 0);
    row("one step down", {{{1, 48, 0}}}, 16 * kKiB, 64 * kKiB);
    row("one step up", {{{1, -48, 0}}}, 64 * kKiB, 16 * kKiB);
    row("slowly, for long", {{{100, 48, 30}}}, 16 * kKiB, 64 * kKiB);
    // 4 KiB each 10 ms are 400 KiB/s, reached within 2 s: 800 KiB, once the window allows.
    row("fast, the second event", {{{2, 4096, 10}}}, 32 * kKiB, 128 * kKiB);
    row("fast, the third", {{{3, 4096, 10}}}, 64 * kKiB, 256 * kKiB);
    row("fast, the fourth", {{{4, 4096, 10}}}, 64 * kKiB, 512 * kKiB);
    row("fast, for long", {{{50, 4096, 10}}}, 64 * kKiB, 800 * kKiB);
    row("fast, up", {{{50, -4096, 10}}}, 800 * kKiB, 64 * kKiB);
    row("as fast as can be", {{{20, 1 << 20, 10}}}, 64 * kKiB, 8 * kMiB);
    row("as fast as can be, seven events", {{{7, 1 << 20, 10}}}, 64 * kKiB, 4 * kMiB);
    row("all at once", {{{20, 4096, 0}}}, 64 * kKiB, 8 * kMiB);
    row("a turn halves", {{{20, 1 << 20, 10}, {1, -(1 << 20), 10}}}, 4 * kMiB, 64 * kKiB);
    row("two turns halve twice", {{{20, 1 << 20, 10}, {1, -(1 << 20), 10}, {1, 1 << 20, 10}}}, 64 * kKiB, 2 * kMiB);
    row("a turn and on", {{{20, 1 << 20, 10}, {2, -(1 << 20), 10}}}, 8 * kMiB, 64 * kKiB);
    row("a turn does not go below the least", {{{1, 48, 10}, {1, -48, 10}}}, 64 * kKiB, 16 * kKiB);
    row("slower again", {{{20, 1 << 20, 10}, {9, 48, 100}}}, 16 * kKiB, 64 * kKiB);
    row("a pause", {{{20, 1 << 20, 10}, {1, 4096, 1001}}}, 16 * kKiB, 64 * kKiB);
    row("not quite a pause", {{{20, 1 << 20, 10}, {1, 4096, 1000}}}, 64 * kKiB, 8 * kMiB);
    row("no movement changes nothing", {{{50, 4096, 10}, {9, 0, 100}}}, 64 * kKiB, 800 * kKiB);
    row("a leap", {{{50, 4096, 10}, {1, 9 << 20, 10}}}, 0, 0);
    row("a leap and on", {{{50, 4096, 10}, {1, 9 << 20, 10}, {1, 48, 10}}}, 16 * kKiB, 64 * kKiB);
    row("a large window", {{{1, 48, 10}}, 256 * kKiB}, 64 * kKiB, 256 * kKiB);
    row("a window larger than all", {{{1, 48, 10}}, 64 * kMiB}, 2 * kMiB, 8 * kMiB);
    row("whole large windows", {{{3, 64 << 20, 10}}, 64 * kMiB}, 2 * kMiB, 8 * kMiB);
}

void TestReadAhead::guessesFromTheGesture()
{
    QFETCH(Gesture, gesture);
    QFETCH(quint64, before);
    QFETCH(quint64, after);
    ReadAhead guess;
    std::uint64_t place = kStart;
    ReadAhead::TimePoint now{};
    guess.jumpedTo(rangeAt(place, gesture.shown));
    ReadAhead::Plan plan = guess.scrolledTo(rangeAt(place, gesture.shown), now);
    for (const Scrolls &scrolls : gesture.scrolls) {
        for (int i = 0; i < scrolls.times; ++i) {
            place += static_cast<std::uint64_t>(scrolls.moved);
            now += std::chrono::milliseconds(scrolls.afterMs);
            plan = guess.scrolledTo(rangeAt(place, gesture.shown), now);
        }
    }
    QCOMPARE(quint64(plan.before), before);
    QCOMPARE(quint64(plan.after), after);
    guess.jumpedTo(rangeAt(0, gesture.shown));
    QCOMPARE(guess.scrolledTo(rangeAt(0, gesture.shown), now), ReadAhead::Plan());
}

void TestReadAhead::knowsTheSpeedOfTheLastEightEvents()
{
    ReadAhead guess;
    ReadAhead::TimePoint now{};
    std::uint64_t place = 0;
    const auto scroll = [&](std::uint64_t moved, std::chrono::milliseconds after) {
        place += moved;
        now += after;
        (void)guess.scrolledTo(rangeAt(place, kShown), now);
    };
    guess.jumpedTo(rangeAt(0, kShown));
    scroll(1000, 10ms);
    QCOMPARE(guess.bytesPerSecond(), std::uint64_t{0}); // one event has no speed
    scroll(1000, 100ms);
    QCOMPARE(guess.bytesPerSecond(), std::uint64_t{10'000});
    for (int i = 0; i < 6; ++i)
        scroll(1000, 100ms);
    QCOMPARE(guess.bytesPerSecond(), std::uint64_t{10'000});
    for (int i = 0; i < 4; ++i)
        scroll(2000, 100ms);
    // Seven distances between the last eight: three of 1000 and four of 2000, in 700 ms.
    QCOMPARE(guess.bytesPerSecond(), std::uint64_t{11'000'000 / 700});
    for (int i = 0; i < 4; ++i)
        scroll(2000, 100ms);
    QCOMPARE(guess.bytesPerSecond(), std::uint64_t{20'000});
}

void TestReadAhead::keepsItsBoundsWhateverComes()
{
    Random random(31);
    for (int round = 0; round < 200; ++round) {
        ReadAhead guess;
        ReadAhead::TimePoint now{};
        for (int i = 0; i < 100; ++i) {
            const std::uint64_t begin = random.skewedBelow(kMaxSourceSize);
            const std::uint64_t length = random.skewedBelow(std::min(kMaxSourceSize - begin, 100 * kMiB) + 1);
            now += std::chrono::milliseconds(random.skewedBelow(5000));
            const ReadAhead::Plan plan = guess.scrolledTo(rangeAt(begin, length), now);
            QVERIFY(plan.before <= ReadAhead::kMostBytes && plan.after <= ReadAhead::kMostBytes);
            QVERIFY(guess.window() <= ReadAhead::kMostBytes);
            QVERIFY(std::max(plan.before, plan.after) == 0 || guess.window() >= ReadAhead::kLeastBytes);
            if (random.oneIn(10))
                guess.jumpedTo(rangeAt(begin, length));
        }
    }
}

namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kPages = 4000;

/// A source that is scrolled over at the test's own pace. Read ahead is at most 1 MiB, an eighth of the budget.
struct Scrolled {
    Scrolled()
        : executor(std::make_shared<ManualExecutor>())
        , source(std::make_shared<FaultSource>(std::make_shared<MemorySource>(patternBytes(kPages * kPage))))
        , cached(*CachedSource::create(source, {kPage, 8 * kMiB}, executor, env))
    {
        executor->setConcurrency(1);
    }
    void scrollTo(std::uint64_t page, Intent intent = Intent::Scroll) const
    {
        env->advance(10ms);
        cached->setViewport(rangeAt(page * kPage, kPage), intent);
    }
    bool wanted(std::uint64_t page) const { return cached->state(ByteOffset(page * kPage)) != PageState::Absent; }
    /// How many pages from `page` on, this way, are here or asked for.
    std::uint64_t reach(std::uint64_t page, int way) const
    {
        std::uint64_t count = 0;
        while (page < kPages && wanted(page)) {
            page += static_cast<std::uint64_t>(way);
            ++count;
        }
        return count;
    }

    std::shared_ptr<ClockEnv> env = std::make_shared<ClockEnv>();
    std::shared_ptr<ManualExecutor> executor;
    std::shared_ptr<FaultSource> source;
    std::shared_ptr<CachedSource> cached;
};

} // namespace

void TestReadAhead::readsFartherTheFasterOneScrolls()
{
    const Scrolled view;
    view.scrollTo(2000, Intent::Jump);
    QCOMPARE(view.reach(2000, 1), std::uint64_t{1}); // a jump says nothing of what comes
    view.scrollTo(2001);
    QCOMPARE(view.reach(2001, 1), std::uint64_t{1 + 16});
    QCOMPARE(view.reach(2001, -1), std::uint64_t{1 + 4});
    view.scrollTo(2002);
    QCOMPARE(view.reach(2002, 1), std::uint64_t{1 + 32});
    for (std::uint64_t page = 2003; page < 2020; ++page)
        view.scrollTo(page);
    QCOMPARE(view.reach(2019, 1), std::uint64_t{1 + 200}); // 800 KiB
    QCOMPARE(view.reach(2019, -1), std::uint64_t{1 + 16});
    view.scrollTo(2018);
    QCOMPARE(view.reach(2018, -1), std::uint64_t{1 + 200});
    QCOMPARE(view.reach(2018, 1), std::uint64_t{1 + 16});
    view.executor->runAll();
    QVERIFY(view.cached->isCached(rangeAt((2018 - 200) * kPage, 217 * kPage)));
}

void TestReadAhead::readsTheNearestFirstGoingUp()
{
    const Scrolled view;
    view.scrollTo(3000, Intent::Jump);
    for (std::uint64_t page = 2999; page > 2970; --page)
        view.scrollTo(page);
    view.executor->runAll();
    // The viewport with its neighbours, at most 1 MiB, and not the far end first.
    QVERIFY(view.source->reads().front().contains(rangeAt(2971 * kPage, kPage)));
    for (std::uint64_t page = 2970; page > 2000; page -= 4)
        view.scrollTo(page);
    view.source->clearLogs();
    view.executor->runAll();
    const std::vector<ByteRange> reads = view.source->reads();
    QVERIFY(std::ranges::is_sorted(reads, std::greater(), &ByteRange::begin));
}

void TestReadAhead::takesBackWhatScrolledAway()
{
    const Scrolled view;
    view.scrollTo(1000, Intent::Jump);
    for (std::uint64_t page = 1001; page < 1020; ++page)
        view.scrollTo(page);
    QVERIFY(view.wanted(1150));
    view.scrollTo(3000, Intent::Jump);
    for (const std::uint64_t page : {1005U, 1019U, 1025U, 1150U})
        QVERIFY(!view.wanted(page));
    view.executor->runAll();
    QCOMPARE(view.source->reads(), std::vector<ByteRange>{rangeAt(3000 * kPage, kPage)});
}

void TestReadAhead::staysInsideTheSourceAndTheBudget()
{
    const Scrolled view;
    view.scrollTo(kPages - 50, Intent::Jump);
    for (std::uint64_t page = kPages - 49; page < kPages; ++page)
        view.scrollTo(page);
    QCOMPARE(view.reach(kPages - 1, 1), std::uint64_t{1});
    view.scrollTo(40, Intent::Jump);
    for (std::uint64_t page = 39; page < 40; --page)
        view.scrollTo(page);
    QCOMPARE(view.reach(0, 1), std::uint64_t{1 + 16});
    view.executor->runAll();
    // As fast as can be: an eighth of the cache and no more.
    view.scrollTo(100, Intent::Jump);
    for (std::uint64_t page = 200; page < 3000; page += 100)
        view.scrollTo(page);
    QCOMPARE(view.reach(2900, 1), std::uint64_t{1 + 256});
    view.executor->runAll();
    QVERIFY(view.cached->statistics().residentBytes <= view.cached->budget());
    QVERIFY(view.cached->isCached(rangeAt(2900 * kPage, 200 * kPage)));
}

void TestReadAhead::asksForMapsLastAndOnlyTheNewest()
{
    const Scrolled view;
    view.cached->prefetch(rangeAt(100 * kPage, 10 * kPage), CachedSource::Background::Scan);
    view.cached->prefetch(rangeAt(200 * kPage, 10 * kPage), CachedSource::Background::Map);
    view.cached->prefetch(rangeAt(300 * kPage, 10 * kPage), CachedSource::Background::Map);
    QVERIFY(!view.wanted(205));
    view.scrollTo(400, Intent::Jump);
    view.executor->runAll();
    QCOMPARE(view.source->reads(),
             (std::vector<ByteRange>{rangeAt(400 * kPage, kPage), rangeAt(300 * kPage, 10 * kPage),
                                     rangeAt(100 * kPage, 10 * kPage)}));
}

QTEST_GUILESS_MAIN(TestReadAhead)
#include "tst_read_ahead.moc"
