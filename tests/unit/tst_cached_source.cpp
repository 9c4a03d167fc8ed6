// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/chunks.h"
#include "cachecore/source/callable_source.h"
#include "tests/support/cached_fixture.h"
#include "tests/support/gate.h"
#include "tests/support/manual_executor.h"
#include "tests/support/random.h"

#include <QTest>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <future>
#include <thread>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kPage = 4096;
/// Neither a page nor a block goes into it evenly.
constexpr std::uint64_t kSize = 40 * kPage + 137;

std::vector<std::byte> bytesOf(std::span<const std::byte> bytes)
{
    return {bytes.begin(), bytes.end()};
}

} // namespace

class TestCachedSource : public QObject {
    Q_OBJECT

private slots:
    void refusesWhatCannotWork_data();
    void refusesWhatCannotWork();
    void loadsThePageOfAnyByte();
    void loadsNothingThatDoesNotFollow();
    void walksFromPageToPage();
    void triesWithoutBlocking();
    void viewsAreExactAtEveryEdge();
    void readsAreExactAtEveryEdge();
    void readsAllOrNothing();
    void readsMoreThanTheBudgetPastTheCache();
    void answersAtOnceWhatIsHere();
    void callsOnTheChosenExecutorWhenItArrives();
    void callsOnceWithTheErrorWhenItCannot_data();
    void callsOnceWithTheErrorWhenItCannot();
    void callsThoseWhoWaitWhenItCloses();
    void iteratesWithoutGaps();
    void endsAnIterationWhereReadingFails();
    void countsThePagesARangeCosts();
    void forgetsExactlyWhatItIsToldTo();
    void refreshingPutsNothingOlderOverWhatWasLoadedSince();
    void theLaterOfTwoRefreshesIsWhatIsSeen();
    void refreshingPinnedPagesKeepsToTheBudget();
    void saysThatBytesMayHaveChanged();
    void clonesWithAnEmptyCache();
};

void TestCachedSource::refusesWhatCannotWork_data()
{
    QTest::addColumn<quint32>("pageSize");
    QTest::addColumn<quint64>("budget");
    for (const quint32 pageSize : {0U, 1U, 3U, 511U, 256U, 4097U, 2U << 20})
        QTest::addRow("pages of %u", pageSize) << pageSize << (quint64{64} << 20);
    QTest::newRow("no budget") << 4096U << quint64{0};
    QTest::newRow("less than the least") << 4096U << quint64{(1 << 20) - 1};
    QTest::newRow("less than four pages") << (1U << 20) << quint64{(4 << 20) - 1};
    QTest::newRow("more than any disk") << 4096U << (quint64{1} << 63);
}

void TestCachedSource::refusesWhatCannotWork()
{
    QFETCH(quint32, pageSize);
    QFETCH(quint64, budget);
    const auto source = std::make_shared<MemorySource>(patternBytes(100));
    const auto created = CachedSource::create(source, {pageSize, budget}, std::make_shared<ManualExecutor>());
    QVERIFY(!created);
    QCOMPARE(created.error().code, ErrorCode::InvalidArgument);
    QCOMPARE(created.error().operation, Operation::Configure);
}

void TestCachedSource::loadsThePageOfAnyByte()
{
    const CachedFixture fixture(patternBytes(kSize));
    for (const std::uint64_t at : {std::uint64_t{0}, kPage - 1, kPage, 5 * kPage + 7, kSize - 1}) {
        const auto page = fixture->load(ByteOffset(at));
        QVERIFY(page);
        const ByteRange range = page->page().range();
        QVERIFY(range.contains(ByteOffset(at)));
        QCOMPARE(range.begin().value() % kPage, std::uint64_t{0});
        QCOMPARE(range.end().value(), std::min(range.begin().value() + kPage, kSize));
        QCOMPARE(bytesOf(page->bytes()), fixture.wanted(range));
        QCOMPARE(page->from(ByteOffset(at)).size(), static_cast<std::size_t>(range.end() - ByteOffset(at)));
        QVERIFY(page->from(ByteOffset(at)).front() == fixture.bytes[at]);
    }
}

void TestCachedSource::loadsNothingThatDoesNotFollow()
{
    const CachedFixture fixture(patternBytes(kSize));
    QVERIFY(fixture->load(ByteOffset(kSize - 10), 10));
    const auto expect = [&](std::uint64_t at, std::uint64_t length, ByteRange named) {
        const auto page = fixture->load(ByteOffset(at), length);
        QVERIFY(!page);
        QCOMPARE(page.error().code, ErrorCode::OutOfRange);
        QCOMPARE(page.error().range, std::optional(named));
    };
    expect(kSize - 10, 11, rangeAt(kSize - 10, 11));
    expect(kSize, 1, rangeAt(kSize, 1));
    expect(kSize + kPage, 1, rangeAt(kSize + kPage, 1));
    expect(kMaxSourceSize, 1, {ByteOffset(kMaxSourceSize), ByteOffset(kMaxSourceSize)});
    expect(0, kSize + 1, rangeAt(0, kSize + 1));
    expect(5, ~std::uint64_t{0}, {ByteOffset(5), ByteOffset(kMaxSourceSize)});
    const CachedFixture empty({});
    QVERIFY(!empty->load(ByteOffset(0)));
}

void TestCachedSource::walksFromPageToPage()
{
    const CachedFixture fixture(patternBytes(kSize));
    auto page = fixture->load(ByteOffset(kPage + 5));
    std::uint64_t pages = 0;
    for (std::uint64_t at = kPage; at < kSize; at += kPage, ++pages) {
        QVERIFY(page && *page);
        QCOMPARE(page->page().range().begin().value(), at);
        QCOMPARE(bytesOf(page->bytes()), fixture.wanted(page->page().range()));
        page = fixture->next(*page);
    }
    QCOMPARE(pages, std::uint64_t{40});
    QVERIFY(page);
    QVERIFY(!*page); // nothing after the last one
}

void TestCachedSource::triesWithoutBlocking()
{
    const auto executor = std::make_shared<ManualExecutor>();
    const CachedFixture fixture(patternBytes(kSize), CachedFixture::smallPages(), executor);
    QVERIFY(!fixture->tryGet(ByteOffset(0)));
    QCOMPARE(executor->waiting(), std::size_t{0}); // it asks for nothing either
    QVERIFY(!fixture->tryGet(ByteOffset(kSize)));
    QVERIFY(!fixture->tryGet(ByteOffset(kMaxSourceSize)));
    fixture->setViewport(rangeAt(0, 100), Intent::Jump);
    QCOMPARE(fixture->state(ByteOffset(0)), PageState::Loading);
    QVERIFY(!fixture->isCached(rangeAt(0, 1)));
    executor->runAll();
    QCOMPARE(fixture->state(ByteOffset(0)), PageState::Ready);
    QVERIFY(fixture->isCached(rangeAt(0, kPage)));
    QVERIFY(!fixture->isCached(rangeAt(0, kPage + 1)));
    QVERIFY(fixture->tryGet(ByteOffset(4)));
}

void TestCachedSource::viewsAreExactAtEveryEdge()
{
    const CachedFixture fixture(patternBytes(kSize));
    const std::uint64_t edges[]
        = {0, 1, kPage - 1, kPage, kPage + 1, 3 * kPage, kSize - 138, kSize - 137, kSize - 1, kSize};
    for (const std::uint64_t begin : edges) {
        for (const std::uint64_t end : edges) {
            if (end < begin)
                continue;
            const ByteRange range{ByteOffset(begin), ByteOffset(end)};
            const auto seen = view(*fixture.cached, range);
            QVERIFY(seen);
            QCOMPARE(seen->range, range);
            QCOMPARE(bytesOf(seen->bytes), fixture.wanted(range));
        }
    }
    // One page costs no copy.
    const auto page = fixture->load(ByteOffset(0));
    QCOMPARE(view(*fixture.cached, rangeAt(7, 100))->bytes.data(), page->bytes().data() + 7);
    const auto past = view(*fixture.cached, rangeAt(kSize - 1, 2));
    QCOMPARE(past.error().code, ErrorCode::OutOfRange);
    QCOMPARE(past.error().range, std::optional(rangeAt(kSize - 1, 2)));
}

void TestCachedSource::readsAreExactAtEveryEdge()
{
    const CachedFixture fixture(patternBytes(kSize));
    Random random(11);
    for (int i = 0; i < 500; ++i) {
        const std::uint64_t begin = random.below(kSize + 1);
        const std::uint64_t length = random.below(kSize - begin + 1);
        std::vector<std::byte> into(static_cast<std::size_t>(length));
        const Intent intent = i % 2 == 0 ? Intent::Jump : Intent::Scan;
        QVERIFY(fixture->read(ByteOffset(begin), into, intent));
        QCOMPARE(into, fixture.wanted(rangeAt(begin, length)));
        if (i % 50 == 49)
            fixture->invalidate(ByteRange::whole(kSize));
    }
    std::vector<std::byte> one(1);
    QCOMPARE(fixture->read(ByteOffset(kSize), one).error().code, ErrorCode::OutOfRange);
    QCOMPARE(fixture->read(ByteOffset(kMaxSourceSize), one).error().code, ErrorCode::OutOfRange);
}

void TestCachedSource::readsAllOrNothing()
{
    const CachedFixture fixture(patternBytes(kSize));
    const ByteRange bad = rangeAt(5 * kPage + 512, 512);
    fixture.source->addBadRange(bad);
    std::vector<std::byte> into(10 * kPage, std::byte{0xee});
    const auto outcome = fixture->read(ByteOffset(0), into);
    QVERIFY(!outcome);
    QCOMPARE(outcome.error().code, ErrorCode::Io);
    QCOMPARE(outcome.error().range, std::optional(bad));
    QVERIFY(std::ranges::all_of(into, [](std::byte b) { return b == std::byte{0xee}; }));
    // What lies beside the bad bytes can be had.
    QVERIFY(fixture->read(ByteOffset(5 * kPage), std::span(into).first(512)));
    QVERIFY(fixture->read(ByteOffset(5 * kPage + 1024), std::span(into).first(kPage)));
    QVERIFY(!fixture->load(ByteOffset(5 * kPage)));
    const auto window = fixture->window(ByteOffset(5 * kPage + 1030));
    QCOMPARE(window->range, ByteRange(ByteOffset(5 * kPage + 1024), ByteOffset(6 * kPage)));
    QCOMPARE(fixture->window(ByteOffset(5 * kPage + 600)).error().code, ErrorCode::Io);
}

void TestCachedSource::readsMoreThanTheBudgetPastTheCache()
{
    const CachedFixture fixture(patternBytes(1000 * kPage));
    QVERIFY(fixture->load(ByteOffset(0)));
    std::vector<std::byte> into(1000 * kPage);
    QVERIFY(fixture->read(ByteOffset(0), into));
    QCOMPARE(into, fixture.bytes);
    QVERIFY(fixture->tryGet(ByteOffset(0))); // not pushed out
    QVERIFY(fixture->statistics().residentBytes <= fixture->budget());
}

void TestCachedSource::answersAtOnceWhatIsHere()
{
    const CachedFixture fixture(patternBytes(kSize));
    const auto on = std::make_shared<ManualExecutor>();
    QVERIFY(fixture->load(ByteOffset(0)));
    QVERIFY(fixture->load(ByteOffset(kPage)));
    const auto never = [](auto) { qFatal("called"); };
    const PageHandle page = fixture->loadAsync(ByteOffset(5), on, never);
    QVERIFY(page);
    std::vector<std::byte> into(100);
    QVERIFY(fixture->readAsync(ByteOffset(kPage - 50), into, on, never));
    QCOMPARE(into, fixture.wanted(rangeAt(kPage - 50, 100)));
    QCOMPARE(on->waiting(), std::size_t{0});
}

void TestCachedSource::callsOnTheChosenExecutorWhenItArrives()
{
    const auto loads = std::make_shared<ManualExecutor>();
    const CachedFixture fixture(patternBytes(kSize), CachedFixture::smallPages(), loads);
    const auto on = std::make_shared<ManualExecutor>();
    int pages = 0;
    int reads = 0;
    QVERIFY(!fixture->loadAsync(ByteOffset(7), on, [&](Result<PageHandle> page) {
        pages += page && page->bytes()[7] == fixture.bytes[7] ? 1 : 100;
    }));
    std::vector<std::byte> into(3 * kPage);
    QVERIFY(!fixture->readAsync(ByteOffset(100), into, on, [&](Result<void> done) { reads += done ? 1 : 100; }));
    loads->runAll();
    QCOMPARE(pages + reads, 0); // arrived, and told on no other executor
    QCOMPARE(on->waiting(), std::size_t{2});
    on->runAll();
    QCOMPARE(pages, 1);
    QCOMPARE(reads, 1);
    QCOMPARE(into, fixture.wanted(rangeAt(100, 3 * kPage)));
    // Four pages, and each was read once.
    QCOMPARE(fixture->statistics().loads, std::uint64_t{4});
}

void TestCachedSource::callsOnceWithTheErrorWhenItCannot_data()
{
    QTest::addColumn<quint64>("at");
    QTest::addColumn<quint64>("length");
    QTest::addColumn<int>("code");
    QTest::newRow("a bad byte") << quint64{5 * kPage} << quint64{10} << int(ErrorCode::Io);
    QTest::newRow("over a bad byte") << quint64{4 * kPage} << quint64{2 * kPage} << int(ErrorCode::Io);
    QTest::newRow("past the end") << quint64{kSize - 5} << quint64{6} << int(ErrorCode::OutOfRange);
    QTest::newRow("far past the end") << quint64{kMaxSourceSize - 2} << quint64{6} << int(ErrorCode::OutOfRange);
}

void TestCachedSource::callsOnceWithTheErrorWhenItCannot()
{
    QFETCH(quint64, at);
    QFETCH(quint64, length);
    QFETCH(int, code);
    const auto loads = std::make_shared<ManualExecutor>();
    const CachedFixture fixture(patternBytes(kSize), CachedFixture::smallPages(), loads);
    fixture.source->addBadRange(rangeAt(5 * kPage, 512));
    std::vector<std::byte> into(static_cast<std::size_t>(length), std::byte{0xee});
    std::vector<ErrorCode> errors;
    QVERIFY(!fixture->readAsync(ByteOffset(at), into, loads, [&](Result<void> done) {
        errors.push_back(done ? ErrorCode::System : done.error().code);
    }));
    loads->runAll();
    QCOMPARE(errors, std::vector<ErrorCode>{ErrorCode(code)});
    QVERIFY(std::ranges::all_of(into, [](std::byte b) { return b == std::byte{0xee}; }));
}

void TestCachedSource::callsThoseWhoWaitWhenItCloses()
{
    const CachedFixture fixture(patternBytes(kSize));
    const auto gate = std::make_shared<Gate>();
    fixture.source->setGate(SourceOp::Read, gate);
    const auto on = std::make_shared<ManualExecutor>();
    std::vector<ErrorCode> errors;
    const auto note = [&](auto outcome) { errors.push_back(outcome ? ErrorCode::System : outcome.error().code); };
    std::vector<std::byte> into(10);
    QVERIFY(!fixture->loadAsync(ByteOffset(0), on, note));
    QVERIFY(!fixture->readAsync(ByteOffset(30 * kPage), into, on, note));
    QVERIFY(gate->waitForWaiting(2));
    QCOMPARE(fixture->close(0ms), 2U); // the reads hang
    on->runAll();
    QCOMPARE(errors, (std::vector<ErrorCode>{ErrorCode::Closed, ErrorCode::Closed}));
    gate->open();
    QCOMPARE(fixture->close(10s), 0U);
    on->runAll();
    QCOMPARE(errors.size(), std::size_t{2});
    QVERIFY(fixture->load(ByteOffset(0))); // what has arrived stays to be looked at
    QCOMPARE(fixture->load(ByteOffset(10 * kPage)).error().code, ErrorCode::Closed);
}

void TestCachedSource::iteratesWithoutGaps()
{
    const CachedFixture fixture(patternBytes(kSize));
    for (const ByteRange range :
         {ByteRange::whole(kSize), rangeAt(kPage - 1, 2), rangeAt(10, 0), rangeAt(kSize - 1, 1)}) {
        for (const Intent intent : {Intent::Scan, Intent::Jump}) {
            std::vector<std::byte> seen;
            ByteOffset next = range.begin();
            for (const Result<ByteWindow> &chunk : Chunks(*fixture.cached, range, intent)) {
                QVERIFY(chunk);
                QCOMPARE(chunk->range.begin(), next);
                next = chunk->range.end();
                seen.insert(seen.end(), chunk->bytes.begin(), chunk->bytes.end());
            }
            QCOMPARE(seen, fixture.wanted(range));
            std::vector<std::byte> bytes;
            QVERIFY(forEachByte(*fixture.cached, range, [&](std::byte byte) { bytes.push_back(byte); }, intent));
            QCOMPARE(bytes, seen);
        }
    }
}

void TestCachedSource::endsAnIterationWhereReadingFails()
{
    constexpr std::uint64_t kLong = kAllOrNothing + 9 * kPage;
    const CachedFixture fixture(patternBytes(kLong));
    fixture.source->addBadRange(rangeAt(7 * kPage + 1024, 512));
    std::uint64_t called = 0;
    const auto outcome = forEachByte(*fixture.cached, rangeAt(5, kLong - 5), [&](std::byte) { ++called; });
    QVERIFY(!outcome);
    QCOMPARE(outcome.error().code, ErrorCode::Io);
    QCOMPARE(outcome.error().range->begin(), ByteOffset(7 * kPage + 1024));
    QCOMPARE(called, 7 * kPage + 1024 - 5);
    called = 0;
    QCOMPARE(forEachByte(*fixture.cached, rangeAt(5, kLong), [&](std::byte) { ++called; }).error().code,
             ErrorCode::OutOfRange);
    QCOMPARE(called, std::uint64_t{0});
}

void TestCachedSource::countsThePagesARangeCosts()
{
    const CachedFixture fixture(patternBytes(kSize));
    QCOMPARE(fixture->pagesSpanned(rangeAt(0, 0)), std::uint64_t{0});
    QCOMPARE(fixture->pagesSpanned(rangeAt(0, 1)), std::uint64_t{1});
    QCOMPARE(fixture->pagesSpanned(rangeAt(kPage - 1, 2)), std::uint64_t{2});
    QCOMPARE(fixture->pagesSpanned(rangeAt(kPage, kPage)), std::uint64_t{1});
    QCOMPARE(fixture->pagesSpanned(ByteRange::whole(kSize)), std::uint64_t{41});
    QCOMPARE(fixture->pagesSpanned({ByteOffset(kSize), ByteOffset(kMaxSourceSize)}), std::uint64_t{0});
}

void TestCachedSource::forgetsExactlyWhatItIsToldTo()
{
    const CachedFixture fixture(patternBytes(kSize));
    for (std::uint64_t page = 0; page < 41; ++page)
        QVERIFY(fixture->load(ByteOffset(page * kPage)));
    const PageHandle held = fixture->tryGet(ByteOffset(kPage));
    fixture->invalidate(rangeAt(kPage, 0));
    QVERIFY(fixture->isCached(ByteRange::whole(kSize)));
    fixture->invalidate(rangeAt(2 * kPage - 1, 2));
    for (std::uint64_t page = 0; page < 41; ++page)
        QCOMPARE(fixture->isCached(rangeAt(page * kPage, 1)), page != 1 && page != 2);
    QCOMPARE(bytesOf(held.bytes()), fixture.wanted(rangeAt(kPage, kPage)));
    fixture->invalidate({ByteOffset(0), ByteOffset(kMaxSourceSize)});
    QCOMPARE(fixture->statistics().residentBytes, std::uint64_t{0});
}

void TestCachedSource::refreshingPutsNothingOlderOverWhatWasLoadedSince()
{
    std::atomic<int> version = 0;
    std::function<void()> whileRefreshing;
    SourceFunctions functions;
    functions.size = kPage;
    functions.read = [&](ByteOffset, std::span<std::byte> into) -> Result<std::uint64_t> {
        std::memset(into.data(), version.load(), into.size());
        if (const auto now = std::exchange(whileRefreshing, nullptr))
            now();
        return into.size();
    };
    const auto cached = cachedOver(functions, 1);
    QVERIFY(cached && cached->load(ByteOffset(0)));
    version = 1;
    whileRefreshing = [&] {
        version = 2; // somebody else writes, says so, and looks, before the refreshed bytes are in their place
        cached->invalidate(ByteRange::whole(kPage));
        QVERIFY(cached->load(ByteOffset(0)));
    };
    cached->refresh(ByteRange::whole(kPage), [](ByteRange) { return true; });
    const auto page = cached->load(ByteOffset(0));
    QVERIFY(page);
    QCOMPARE(page->bytes().front(), std::byte{2});
}

void TestCachedSource::theLaterOfTwoRefreshesIsWhatIsSeen()
{
    std::atomic<int> version = 0;
    std::atomic<int> reads = 0;
    const auto gate = std::make_shared<Gate>();
    SourceFunctions functions;
    functions.size = kPage;
    functions.read = [&](ByteOffset, std::span<std::byte> into) -> Result<std::uint64_t> {
        const int number = ++reads;
        std::memset(into.data(), version.load(), into.size());
        if (number == 2)
            gate->pass();
        return into.size();
    };
    const auto cached = cachedOver(functions, 1);
    QVERIFY(cached && cached->load(ByteOffset(0)));
    const auto all = [](ByteRange) { return true; };
    version = 1;
    std::jthread first([&] { cached->refresh(ByteRange::whole(kPage), all); });
    QVERIFY(gate->waitForWaiting(1)); // it has read what the first writer wrote
    version = 2;
    cached->refresh(ByteRange::whole(kPage), [&](ByteRange) {
        // It knows which page it replaces; before it does, the other one has.
        if (reads == 2) {
            gate->open();
            if (first.joinable())
                first.join();
        }
        return true;
    });
    const auto page = cached->load(ByteOffset(0));
    QVERIFY(page);
    QCOMPARE(page->bytes().front(), std::byte{2});
}

void TestCachedSource::refreshingPinnedPagesKeepsToTheBudget()
{
    constexpr std::uint64_t kBudgetPages = 256;
    const CachedFixture fixture(patternBytes(kBudgetPages * kPage));
    std::vector<PageHandle> pins;
    for (std::uint64_t page = 0; page < kBudgetPages; ++page) {
        auto loaded = fixture->load(ByteOffset(page * kPage));
        QVERIFY(loaded);
        if (page % 2 == 0)
            pins.push_back(std::move(*loaded));
    }
    fixture->refresh(ByteRange::whole(kBudgetPages * kPage), [](ByteRange) { return true; });
    const CacheStatistics statistics = fixture->statistics();
    QVERIFY(statistics.residentBytes + statistics.detachedBytes <= statistics.budgetBytes);
    QVERIFY(statistics.evictions > 0);
}

void TestCachedSource::saysThatBytesMayHaveChanged()
{
    const CachedFixture fixture(patternBytes(kSize));
    const std::uint64_t before = fixture->changes();
    QVERIFY(fixture->load(ByteOffset(0)));
    QCOMPARE(fixture->changes(), before);
    fixture->invalidate(rangeAt(0, 1));
    QVERIFY(fixture->changes() > before);
}

void TestCachedSource::clonesWithAnEmptyCache()
{
    const CachedFixture fixture(patternBytes(kSize));
    QVERIFY(fixture->load(ByteOffset(0)));
    const auto clone = fixture->clone();
    QVERIFY(clone);
    QCOMPARE((*clone)->statistics().residentBytes, std::uint64_t{0});
    QCOMPARE((*clone)->pageSize(), fixture->pageSize());
    QCOMPARE((*clone)->budget(), fixture->budget());
    QVERIFY((*clone)->load(ByteOffset(kPage)));
    QVERIFY(!fixture->tryGet(ByteOffset(kPage)));
}

QTEST_GUILESS_MAIN(TestCachedSource)
#include "tst_cached_source.moc"
