// SPDX-License-Identifier: GPL-3.0-or-later
// Defects of the system this one carries over, each by its number there; here is shown that it is not among ours.
#include "cachecore/cache/chunks.h"
#include "cachecore/cache/cursor.h"
#include "tests/support/cached_fixture.h"
#include "tests/support/endless_source.h"
#include "tests/support/gate.h"
#include "tests/support/manual_executor.h"
#include "tests/support/random.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <barrier>
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

/// Writes one byte past every cache.
bool poke(MemorySource &memory, std::uint64_t at, std::byte value)
{
    const std::array bytes{value};
    const std::array<std::span<const std::byte>, 1> from{std::span(bytes)};
    return memory.writev(ByteOffset(at), from).has_value();
}

} // namespace

class TestCachetDefectsRead : public QObject {
    Q_OBJECT

private slots:
    void c1TheTailIsExactForEveryLengthAndPageSize_data();
    void c1TheTailIsExactForEveryLengthAndPageSize();
    void c2ViewsBeginWhereTheyAreAskedTo();
    void c4AllOfTheCapacityIsUsable();
    void c5InvalidationIsExactAndAtOnce();
    void c10BulkReadsTakeAnyAlignment();
    void c11SixteenThreadsReadWhatIsThere();
    void c15AnInvalidationWinsAgainstALoadInFlight();
    void c16EightThreadsReadOnePageOnce();
    void c17ErrorsExpireAndGrowthIsSeen();
    void c18ManyPagesNeedNoMappings();
    void c20NothingIsCopiedBeforeAnError();
    void c22AsynchronousReadsGoWhereTheyAreToldTo();
    void c23PageSizesThatCannotWorkAreRefused();
};

void TestCachetDefectsRead::c1TheTailIsExactForEveryLengthAndPageSize_data()
{
    QTest::addColumn<quint32>("pageSize");
    for (quint32 pageSize = kMinPageSize; pageSize <= 65536; pageSize *= 2)
        QTest::addRow("pages of %u", pageSize) << pageSize;
}

void TestCachetDefectsRead::c1TheTailIsExactForEveryLengthAndPageSize()
{
    QFETCH(quint32, pageSize);
    for (const std::uint64_t over :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{100}, std::uint64_t{pageSize} - 1}) {
        const std::uint64_t size = std::uint64_t{pageSize} + over;
        const CachedFixture fixture(patternBytes(size), {pageSize, std::uint64_t{1} << 20});
        Cursor cursor(*fixture.cached);
        for (std::uint64_t back = 1; back <= 9; ++back) {
            const std::uint64_t at = size - back;
            QVERIFY(fixture->load(ByteOffset(at), back));
            QCOMPARE(fixture->load(ByteOffset(at), back + 1).error().code, ErrorCode::OutOfRange);
            QCOMPARE(*cursor.read<std::uint8_t>(ByteOffset(at)), std::to_integer<std::uint8_t>(fixture.bytes[at]));
            QCOMPARE(cursor.read<std::uint64_t>(ByteOffset(at)).has_value(), back >= 8);
        }
        for (const std::uint64_t beyond : {size, size + 100, size + pageSize}) {
            const auto none = fixture->load(ByteOffset(beyond));
            QCOMPARE(none.error().code, ErrorCode::OutOfRange);
            QCOMPARE(none.error().range, std::optional(rangeAt(beyond, 1)));
        }
    }
}

void TestCachetDefectsRead::c2ViewsBeginWhereTheyAreAskedTo()
{
    const std::uint64_t size = 2 * kPage + 100;
    const CachedFixture fixture(patternBytes(size));
    for (std::uint64_t at = 0; at < size; at += 7) {
        const auto page = fixture->load(ByteOffset(at));
        QVERIFY(page);
        QVERIFY(holds(page->from(ByteOffset(at)), fixture.wanted({ByteOffset(at), page->page().range().end()})));
        const std::uint64_t length = std::min<std::uint64_t>(50, size - at);
        QVERIFY(holds(view(*fixture.cached, rangeAt(at, length))->bytes, fixture.wanted(rangeAt(at, length))));
    }
}

void TestCachetDefectsRead::c4AllOfTheCapacityIsUsable()
{
    // 256 pages of room for 256 pages, whatever their numbers: strides that collide wherever a number's low bits choose the slot.
    for (const std::uint64_t stride : {1, 2, 64, 256, 1024, 4096}) {
        const auto source = std::make_shared<EndlessSource>(std::uint64_t{256} * 4096 * kPage);
        const auto cached
            = *CachedSource::create(source, CachedFixture::smallPages(), std::make_shared<ThreadExecutor>(1));
        for (std::uint64_t i = 0; i < 256; ++i)
            QVERIFY(cached->load(ByteOffset(i * stride * kPage)));
        const CacheStatistics first = cached->statistics();
        for (int round = 0; round < 4; ++round) {
            for (std::uint64_t i = 0; i < 256; ++i)
                QVERIFY(cached->tryGet(ByteOffset(i * stride * kPage)));
        }
        QCOMPARE(cached->statistics().loads, first.loads);
        QCOMPARE(cached->statistics().hits, first.hits + 1024);
    }
}

void TestCachetDefectsRead::c5InvalidationIsExactAndAtOnce()
{
    const auto source = std::make_shared<EndlessSource>(kMaxSourceSize);
    const auto cached = *CachedSource::create(source, CachedFixture::smallPages(), std::make_shared<ThreadExecutor>(1));
    const std::array<std::uint64_t, 6> pages{0, 1, 1024, 1025, 2048, kMaxSourceSize / kPage};
    const auto loadAll = [&] {
        for (const std::uint64_t page : pages)
            QVERIFY(cached->load(ByteOffset(page * kPage)));
    };
    const auto resident = [&] {
        std::vector<std::uint64_t> found;
        for (const std::uint64_t page : pages) {
            if (cached->isCached(rangeAt(page * kPage, 1)))
                found.push_back(page);
        }
        return found;
    };
    const std::vector<std::uint64_t> all(pages.begin(), pages.end());
    loadAll();
    cached->invalidate(rangeAt(1024 * kPage, 0));
    QCOMPARE(resident(), all);
    cached->invalidate(rangeAt(1024 * kPage, kPage));
    QCOMPARE(resident(), (std::vector<std::uint64_t>{0, 1, 1025, 2048, all.back()}));
    loadAll();
    // What is not resident costs nothing: a walk over these pages would never end.
    cached->invalidate({ByteOffset(2 * kPage), ByteOffset(kMaxSourceSize)});
    QCOMPARE(resident(), (std::vector<std::uint64_t>{0, 1}));
}

void TestCachetDefectsRead::c10BulkReadsTakeAnyAlignment()
{
    const CachedFixture fixture(patternBytes(20 * kPage));
    std::vector<std::byte> into(3 * kPage + 16);
    for (std::uint64_t at = 0; at < 16; ++at) {
        for (std::size_t skew = 0; skew < 16; ++skew) {
            const std::span<std::byte> part = std::span(into).subspan(skew, 3 * kPage - skew);
            QVERIFY(fixture->read(ByteOffset(kPage - 8 + at), part));
            QVERIFY(holds(part, fixture.wanted(rangeAt(kPage - 8 + at, part.size()))));
        }
    }
}

void TestCachetDefectsRead::c11SixteenThreadsReadWhatIsThere()
{
    // A quarter of the source fits, so that pages come and go all the time.
    const CachedFixture fixture(patternBytes(1024 * kPage));
    std::atomic<int> wrong{0};
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t seed = 0; seed < 16; ++seed) {
            threads.emplace_back([&fixture, &wrong, seed] {
                Random random(seed);
                std::vector<std::byte> into(3000);
                for (int i = 0; i < 150; ++i) {
                    const std::uint64_t at = random.below(fixture.bytes.size() - into.size());
                    if (random.oneIn(10))
                        fixture->invalidate(rangeAt(at, 2 * kPage));
                    const bool right
                        = fixture->read(ByteOffset(at), into) && holds(into, fixture.wanted(rangeAt(at, into.size())));
                    wrong += right ? 0 : 1;
                }
            });
        }
    }
    QCOMPARE(wrong.load(), 0);
    QVERIFY(fixture->statistics().residentBytes <= fixture->budget());
}

void TestCachetDefectsRead::c15AnInvalidationWinsAgainstALoadInFlight()
{
    const CachedFixture fixture(patternBytes(4 * kPage));
    const auto gate = std::make_shared<Gate>();
    std::optional<std::byte> seen;
    {
        fixture.source->setGate(SourceOp::Read, gate); // passed before the bytes are taken
        std::jthread reader([&] {
            if (const auto page = fixture->load(ByteOffset(0)))
                seen = page->bytes()[0];
        });
        QVERIFY(gate->waitForWaiting(1));
        QVERIFY(poke(*fixture.memory, 0, std::byte{0x5a}));
        fixture->invalidate(rangeAt(0, 1));
        QVERIFY(poke(*fixture.memory, 0, std::byte{0xa5}));
        gate->open();
    }
    // Whatever the read in flight took, what is installed and given was read after the invalidation.
    QCOMPARE(seen, std::optional(std::byte{0xa5}));
    QCOMPARE(fixture->tryGet(ByteOffset(0)).bytes()[0], std::byte{0xa5});
    QCOMPARE(fixture.source->count(SourceOp::Read), std::uint64_t{2});
}

void TestCachetDefectsRead::c16EightThreadsReadOnePageOnce()
{
    const CachedFixture fixture(patternBytes(4 * kPage));
    const auto gate = std::make_shared<Gate>();
    fixture.source->setGate(SourceOp::Read, gate);
    std::atomic<int> right{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                const auto page = fixture->load(ByteOffset(5));
                right += page && page->bytes()[5] == fixture.bytes[5] ? 1 : 0;
            });
        }
        QVERIFY(gate->waitForWaiting(1));
        gate->open();
    }
    QCOMPARE(right.load(), 8);
    QCOMPARE(fixture.source->count(SourceOp::Read), std::uint64_t{1});
}

void TestCachetDefectsRead::c17ErrorsExpireAndGrowthIsSeen()
{
    const CachedFixture fixture(patternBytes(2 * kPage + 10));
    fixture.source->addBadRange(rangeAt(0, 512));
    QCOMPARE(fixture->load(ByteOffset(0)).error().code, ErrorCode::Io);
    QCOMPARE(fixture->state(ByteOffset(0)), PageState::Failed);
    fixture.source->clearBadRanges();
    fixture->invalidate(rangeAt(0, 1)); // the user asks at once; by itself it is tried again when its time has come
    QVERIFY(fixture->load(ByteOffset(0)));

    QVERIFY(fixture->load(ByteOffset(2 * kPage)));
    QCOMPARE(fixture->load(ByteOffset(3 * kPage)).error().code, ErrorCode::OutOfRange);
    fixture.memory->resize(4 * kPage);
    QVERIFY(fixture->refreshSize());
    QCOMPARE(fixture->size(), 4 * kPage);
    QCOMPARE(fixture->load(ByteOffset(2 * kPage))->bytes().size(), static_cast<std::size_t>(kPage));
    QVERIFY(fixture->load(ByteOffset(3 * kPage)));
}

void TestCachetDefectsRead::c18ManyPagesNeedNoMappings()
{
    // 70,000 pages resident at once: more than a process may have mappings.
    constexpr std::uint64_t kPages = 70'000;
    const auto source = std::make_shared<EndlessSource>(kPages * kMinPageSize);
    const auto cached
        = *CachedSource::create(source, {kMinPageSize, std::uint64_t{64} << 20}, std::make_shared<ThreadExecutor>(1));
    std::vector<PageHandle> pins;
    for (std::uint64_t page = 0; page < kPages; ++page) {
        auto pinned = cached->load(ByteOffset(page * kMinPageSize));
        QVERIFY(pinned);
        pins.push_back(std::move(*pinned));
    }
    QCOMPARE(cached->statistics().residentBytes, kPages * kMinPageSize);
}

void TestCachetDefectsRead::c20NothingIsCopiedBeforeAnError()
{
    const CachedFixture fixture(patternBytes(10 * kPage));
    fixture.source->addBadRange(rangeAt(8 * kPage, 512));
    std::vector<std::byte> into(10 * kPage, std::byte{0xee});
    const auto untouched = into;
    QVERIFY(!fixture->read(ByteOffset(0), into));
    QVERIFY(into == untouched);
    QVERIFY(!fixture->read(ByteOffset(kPage), into)); // past the end
    QVERIFY(into == untouched);
    QVERIFY(!view(*fixture.cached, rangeAt(0, 9 * kPage)));
    std::uint64_t calls = 0;
    const auto count = [&calls](std::byte) { ++calls; };
    QVERIFY(!forEachByte(*fixture.cached, rangeAt(kPage, 10 * kPage), count)); // past the end
    const auto bad = forEachByte(*fixture.cached, rangeAt(kPage, 9 * kPage), count);
    QVERIFY(!bad);
    QCOMPARE(bad.error().code, ErrorCode::Io);
    QCOMPARE(calls, std::uint64_t{0});
}

void TestCachetDefectsRead::c22AsynchronousReadsGoWhereTheyAreToldTo()
{
    const auto loads = std::make_shared<ManualExecutor>();
    const CachedFixture fixture(patternBytes(10 * kPage), CachedFixture::smallPages(), loads);
    std::vector<std::byte> into(200, std::byte{0xee});
    const std::span<std::byte> middle = std::span(into).subspan(50, 100);
    int done = 0;
    QVERIFY(
        !fixture->readAsync(ByteOffset(kPage - 50), middle, loads, [&](Result<void> read) { done += read ? 1 : 100; }));
    loads->runAll();
    QCOMPARE(done, 1);
    QVERIFY(holds(middle, fixture.wanted(rangeAt(kPage - 50, 100))));
    QVERIFY(std::ranges::all_of(std::span(into).first(50), [](std::byte b) { return b == std::byte{0xee}; }));
    QVERIFY(std::ranges::all_of(std::span(into).last(50), [](std::byte b) { return b == std::byte{0xee}; }));
    // What is cached is answered in the call, with no turn of any executor.
    QVERIFY(fixture->readAsync(ByteOffset(0), std::span(into).first(100), loads, [](auto) { qFatal("called"); }));
    QCOMPARE(loads->waiting(), std::size_t{0});
}

void TestCachetDefectsRead::c23PageSizesThatCannotWorkAreRefused()
{
    const auto source = std::make_shared<MemorySource>(patternBytes(100));
    for (const std::uint32_t pageSize : {0U, 1U, 2U, 3U, 256U, 511U, 513U, 4095U, 2U << 20, ~0U}) {
        const auto created
            = CachedSource::create(source, {pageSize, std::uint64_t{1} << 30}, std::make_shared<ManualExecutor>());
        QVERIFY(!created);
        QCOMPARE(created.error().code, ErrorCode::InvalidArgument);
    }
    QVERIFY(CachedSource::create(source, {kMinPageSize, std::uint64_t{1} << 20}, std::make_shared<ManualExecutor>()));
}

QTEST_GUILESS_MAIN(TestCachetDefectsRead)
#include "tst_cachet_defects_read.moc"
