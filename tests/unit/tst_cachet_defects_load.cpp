// SPDX-License-Identifier: GPL-3.0-or-later
// Defects of the system this one carries over, each by its number there; here is shown that those of its loading are not among ours. c11 is tst_cached_source_threads.
#include "cachecore/source/callable_source.h"
#include "tests/support/cached_fixture.h"
#include "tests/support/clock_env.h"
#include "tests/support/gate.h"
#include "tests/support/manual_executor.h"

#include <QTest>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <iterator>
#include <thread>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kPage = 4096;

bool holds(std::span<const std::byte> bytes, const std::vector<std::byte> &wanted)
{
    return std::ranges::equal(bytes, wanted);
}

} // namespace

class TestCachetDefectsLoad : public QObject {
    Q_OBJECT

private slots:
    void c15AnInvalidationWinsAgainstALoadInFlight();
    void c16EightThreadsReadOnePageOnce_data();
    void c16EightThreadsReadOnePageOnce();
    void c16EveryWayOfAskingJoinsTheOneRead();
    void c17ErrorsExpireAndGrowthIsSeen();
    void c17AnEmptyReadIsAnErrorThatPasses();
};

void TestCachetDefectsLoad::c15AnInvalidationWinsAgainstALoadInFlight()
{
    // The first read waits with the old bytes in its hands until they are outdated.
    std::atomic<int> content = 1;
    std::atomic<int> reads = 0;
    const auto gate = std::make_shared<Gate>();
    SourceFunctions functions;
    functions.size = 4 * kPage;
    functions.read = [&](ByteOffset, std::span<std::byte> into) -> Result<std::uint64_t> {
        std::memset(into.data(), content.load(), into.size());
        if (++reads == 1)
            gate->pass();
        return into.size();
    };
    const std::shared_ptr<CachedSource> cached = cachedOver(functions, 2);
    QVERIFY(cached);
    std::optional<std::byte> seen;
    {
        std::jthread reader([&] {
            if (const auto page = cached->load(ByteOffset(0)))
                seen = page->bytes()[0];
        });
        QVERIFY(gate->waitForWaiting(1));
        content = 2;
        cached->invalidate(rangeAt(0, 1));
        gate->open();
    }
    QCOMPARE(seen, std::optional(std::byte{2}));
    const PageHandle installed = cached->tryGet(ByteOffset(0));
    QVERIFY(installed);
    QCOMPARE(installed.bytes()[0], std::byte{2});
    QCOMPARE(reads.load(), 2);
}

void TestCachetDefectsLoad::c16EightThreadsReadOnePageOnce_data()
{
    QTest::addColumn<bool>("onCaller");
    QTest::newRow("workers read") << false;
    QTest::newRow("who waits reads") << true;
}

void TestCachetDefectsLoad::c16EightThreadsReadOnePageOnce()
{
    // None of them is let go before all of them have missed the page.
    QFETCH(bool, onCaller);
    CacheOptions options = CachedFixture::smallPages();
    options.waitingReads = onCaller ? WaitingReads::OnCaller : WaitingReads::OnExecutor;
    const CachedFixture fixture(patternBytes(4 * kPage), options, std::make_shared<ThreadExecutor>(16));
    for (std::uint64_t page = 0; page < 4; ++page) {
        const auto gate = std::make_shared<Gate>();
        fixture.source->clearLogs();
        fixture.source->setGate(SourceOp::Read, gate);
        const std::uint64_t missed = fixture->statistics().misses;
        std::atomic<int> right{0};
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 8; ++i) {
                threads.emplace_back([&] {
                    const auto loaded = fixture->load(ByteOffset(page * kPage + 5));
                    right += loaded && holds(loaded->bytes(), fixture.wanted(rangeAt(page * kPage, kPage))) ? 1 : 0;
                });
            }
            QTRY_COMPARE(fixture->statistics().misses, missed + 8);
            QVERIFY(gate->waitForWaiting(1));
            gate->open();
        }
        QCOMPARE(right.load(), 8);
        QCOMPARE(fixture.source->count(SourceOp::Read), std::uint64_t{1});
    }
}

void TestCachetDefectsLoad::c16EveryWayOfAskingJoinsTheOneRead()
{
    const auto loads = std::make_shared<ManualExecutor>();
    const CachedFixture fixture(patternBytes(4 * kPage), CachedFixture::smallPages(), loads);
    int told = 0;
    std::vector<std::byte> into(100);
    for (int i = 0; i < 8; ++i) {
        QVERIFY(
            !fixture->loadAsync(ByteOffset(5), loads, [&](const Result<PageHandle> &page) { told += page ? 1 : 100; }));
        QVERIFY(
            !fixture->readAsync(ByteOffset(7), into, loads, [&](const Result<void> &done) { told += done ? 1 : 100; }));
        QVERIFY(!fixture->pinAsync(
            rangeAt(9, 1), loads, [&](const auto &pages) { told += pages ? 1 : 100; }, Intent::Edit));
        fixture->setViewport(rangeAt(0, 10), Intent::Scroll);
        fixture->prefetch(rangeAt(0, 10), CachedSource::Background::Map);
    }
    loads->runAll();
    QCOMPARE(told, 24);
    std::vector<ByteRange> first;
    std::ranges::copy_if(fixture.source->reads(), std::back_inserter(first),
                         [](ByteRange read) { return read.intersects(rangeAt(0, kPage)); });
    QCOMPARE(first.size(), std::size_t{1}); // others are read ahead
}

void TestCachetDefectsLoad::c17ErrorsExpireAndGrowthIsSeen()
{
    const auto env = std::make_shared<ClockEnv>();
    const auto memory = std::make_shared<MemorySource>(patternBytes(2 * kPage + 10));
    const auto source = std::make_shared<FaultSource>(memory);
    const auto cached
        = *CachedSource::create(source, CachedFixture::smallPages(), std::make_shared<ThreadExecutor>(2), env);

    // A failure is remembered for a while, longer when it comes again, and then forgotten by itself.
    source->addBadRange(rangeAt(0, 512));
    std::uint64_t reads = 0;
    for (int attempt = 1; attempt <= 3; ++attempt) {
        QCOMPARE(cached->load(ByteOffset(0)).error().code, ErrorCode::Io);
        QCOMPARE(cached->state(ByteOffset(0)), PageState::Failed);
        QVERIFY(source->count(SourceOp::Read) > reads); // it was tried
        reads = source->count(SourceOp::Read);
        QCOMPARE(cached->load(ByteOffset(0)).error().code, ErrorCode::Io);
        env->advance(std::chrono::seconds((1 << attempt) - 1));
        QCOMPARE(cached->load(ByteOffset(0)).error().code, ErrorCode::Io);
        QCOMPARE(source->count(SourceOp::Read), reads);
        env->advance(1s);
    }
    source->clearBadRanges();
    QVERIFY(cached->load(ByteOffset(0)));

    // Who does not want to wait says so.
    source->addBadRange(rangeAt(kPage, 512));
    QCOMPARE(cached->load(ByteOffset(kPage)).error().code, ErrorCode::Io);
    source->clearBadRanges();
    QCOMPARE(cached->load(ByteOffset(kPage)).error().code, ErrorCode::Io);
    cached->invalidate(rangeAt(kPage, 1));
    QVERIFY(cached->load(ByteOffset(kPage)));

    // What is past the end is so only until the source grows.
    QVERIFY(cached->load(ByteOffset(2 * kPage)));
    QCOMPARE(cached->load(ByteOffset(3 * kPage)).error().code, ErrorCode::OutOfRange);
    memory->resize(4 * kPage);
    QVERIFY(cached->refreshSize());
    QCOMPARE(cached->size(), 4 * kPage);
    QCOMPARE(cached->load(ByteOffset(2 * kPage))->bytes().size(), static_cast<std::size_t>(kPage));
    QVERIFY(cached->load(ByteOffset(3 * kPage)));
}

void TestCachetDefectsLoad::c17AnEmptyReadIsAnErrorThatPasses()
{
    const auto env = std::make_shared<ClockEnv>();
    const auto memory = std::make_shared<MemorySource>(patternBytes(4 * kPage));
    const auto cached
        = *CachedSource::create(memory, CachedFixture::smallPages(), std::make_shared<ThreadExecutor>(2), env);
    memory->resize(kPage); // nobody says so: the read finds nothing
    const auto empty = cached->load(ByteOffset(2 * kPage));
    QCOMPARE(empty.error().code, ErrorCode::Truncated);
    QCOMPARE(empty.error().range, std::optional(rangeAt(2 * kPage, kPage)));
    QVERIFY(cached->load(ByteOffset(0)));
    memory->resize(4 * kPage);
    QVERIFY(cached->refreshSize());
    const auto grown = cached->load(ByteOffset(2 * kPage));
    QVERIFY(grown && holds(grown->bytes(), std::vector<std::byte>(kPage)));
}

QTEST_GUILESS_MAIN(TestCachetDefectsLoad)
#include "tst_cachet_defects_load.moc"
