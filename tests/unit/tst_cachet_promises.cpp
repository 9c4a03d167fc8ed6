// SPDX-License-Identifier: GPL-3.0-or-later
// What the system this one carries over promises, in the order of its interface: each slot shows that the same is had here.
#include "cachecore/base/byte_views.h"
#include "cachecore/cache/chunks.h"
#include "cachecore/cache/cursor.h"
#include "cachecore/source/callable_source.h"
#include "cachecore/source/open_source.h"
#include "cachecore/typed_values.h"
#include "tests/support/cached_fixture.h"
#include "tests/support/document_fixture.h"
#include "tests/support/manual_executor.h"
#include "tests/support/source_reads.h"

#include <QTest>

#include <algorithm>
#include <bit>
#include <cstring>
#include <future>
#include <optional>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kPage = 4096;

bool holds(std::span<const std::byte> bytes, const std::vector<std::byte> &wanted)
{
    return sameBytes(bytes, wanted);
}

std::shared_ptr<CachedSource> cachedOver(std::shared_ptr<BlockSource> source, CacheOptions options)
{
    auto cached = CachedSource::create(std::move(source), options, std::make_shared<ThreadExecutor>(2));
    return cached ? std::move(*cached) : nullptr;
}

Error refusalOf(CacheOptions options)
{
    const auto made = CachedSource::create(std::make_shared<MemorySource>(patternBytes(kPage)), options,
                                           std::make_shared<ThreadExecutor>(1));
    return made ? Error{} : made.error();
}

/// Whether each order of a `T` is read as its bytes lie, inside a page and over its edge, and nothing past the end.
template <TypedValue T>
bool isReadAsItLies(const CachedFixture &fixture)
{
    Cursor cursor(*fixture.cached);
    for (const std::uint64_t at : {std::uint64_t{9}, kPage - 1, kPage - sizeof(T) / 2, 2 * kPage - sizeof(T)}) {
        for (const std::endian order : {std::endian::little, std::endian::big, std::endian::native}) {
            const auto value = cursor.read<T>(ByteOffset(at), order);
            std::vector<std::byte> lying = fixture.wanted(rangeAt(at, sizeof(T)));
            if (order != std::endian::little && order != std::endian::native)
                std::ranges::reverse(lying);
            if (!value || std::memcmp(&*value, lying.data(), sizeof(T)) != 0)
                return false;
        }
    }
    const auto outside = cursor.read<T>(ByteOffset(2 * kPage - sizeof(T) + 1));
    return !outside && outside.error().code == ErrorCode::OutOfRange
        && outside.error().range == rangeAt(2 * kPage - sizeof(T) + 1, sizeof(T));
}

/// Whether `T` goes through a document in `order`, at an odd place, and is seen before it is written.
template <TypedValue T>
bool isStagedAndRead(Document &document, T value, std::endian order)
{
    const ByteOffset at(4093);
    if (!stageValue(document, at, value, order))
        return false;
    const auto read = readValue<T>(document, at, order);
    Cursor cursor(document);
    const auto again = cursor.read<T>(at, order);
    return read && again && bytesOfValue(*read, order) == bytesOfValue(value, order)
        && bytesOfValue(*again, order) == bytesOfValue(value, order);
}

} // namespace

class TestCachetPromises : public QObject {
    Q_OBJECT

private slots:
    void mapIsAnyFunction();
    void makeTakesASizeAndAPageSize();
    void fdPagesizeAndCopyAreThere();
    void loadWaitsTriesOrCallsBack();
    void sliceIsAPageWithItsBytes();
    void nextIsTheFollowingPage();
    void mapOfARangeIsOneView();
    void getReadsEveryWidth();
    void getStringAndBlitCopyAnyLength();
    void getSeqIsARangeOfChunks();
    void iterSeesEveryByte();
    void syscallsCountsThePages();
    void invalidateForgetsThosePages();
    void isCachedAndCountersObserve();
    void bytesHaveTheOperationsOfViews();
    void writingTakesAWriteFunction();
    void setStagesEveryWidth();
    void commitFlushesEverything();
    void persistFlushesARange();
    void nothingWaitsInTheAsynchronousForms();
    void connectOpensByName();
    void pagesAreReadInParallel();
};

void TestCachetPromises::mapIsAnyFunction()
{
    const auto bytes = patternBytes(3 * kPage + 5);
    SourceFunctions functions;
    functions.size = bytes.size();
    functions.read = [&](ByteOffset at, std::span<std::byte> into) -> Result<std::uint64_t> {
        if (at.value() >= 2 * kPage && at.value() < 3 * kPage)
            return failure(ErrorCode::Io, Operation::Read);
        if (at.value() >= kPage && at.value() < 2 * kPage)
            return 0; // nothing where there should be something
        const std::size_t some
            = std::min<std::size_t>(into.size(), 1000); // at most what was asked, and not all at once
        copyBytes(std::span(bytes).subspan(static_cast<std::size_t>(at.value()), some), into.first(some));
        return some;
    };
    auto source = CallableSource::create(functions);
    QVERIFY(source);
    const auto cached = cachedOver(std::move(*source), {kPage, std::uint64_t{1} << 20});
    QVERIFY(cached);
    const auto first = cached->load(ByteOffset(0));
    QVERIFY(first && holds(first->bytes(), slice(bytes, 0, kPage)));
    const auto last = cached->load(ByteOffset(3 * kPage), 5);
    QVERIFY(last && holds(last->bytes(), slice(bytes, 3 * kPage, 5)));
    const auto failed = cached->load(ByteOffset(2 * kPage));
    QVERIFY(!failed);
    QCOMPARE(failed.error().code, ErrorCode::Io);
    const auto empty = cached->load(ByteOffset(kPage));
    QVERIFY(!empty);
    QCOMPARE(empty.error().code, ErrorCode::Truncated);
}

void TestCachetPromises::makeTakesASizeAndAPageSize()
{
    const CachedFixture fixture(patternBytes(64 * 512), {512, std::uint64_t{1} << 20});
    QCOMPARE(fixture->pageSize(), 512U);
    QCOMPARE(fixture->budget(), std::uint64_t{1} << 20);
    fixture->setBudget(std::uint64_t{2} << 20);
    QCOMPARE(fixture->budget(), std::uint64_t{2} << 20);
    // A smaller one gives memory back at once.
    constexpr std::size_t kMiB = std::size_t{1} << 20;
    const CachedFixture large(patternBytes(12 * kMiB), {kPage, 16 * kMiB});
    std::vector<std::byte> some(3 * kMiB);
    for (std::uint64_t at = 0; at < large.bytes.size(); at += some.size())
        QVERIFY(large->read(ByteOffset(at), some));
    QCOMPARE(large->statistics().residentBytes, std::uint64_t{12 * kMiB});
    QVERIFY(large->statistics().reservedBytes >= 12 * kMiB);
    large->setBudget(kMiB);
    QCOMPARE(large->statistics().residentBytes, std::uint64_t{kMiB});
    QVERIFY(large->statistics().reservedBytes <= 6 * kMiB); // a slab that is half free and one to spare
    for (const std::uint32_t pageSize : {0U, 1U, 3U, 511U, 4095U, 2U << 20})
        QCOMPARE(refusalOf({pageSize, std::uint64_t{1} << 30}),
                 Error::of(ErrorCode::InvalidArgument, Operation::Configure));
    for (const std::uint64_t budget : {std::uint64_t{0}, std::uint64_t{1}, minimumCacheBytes(kPage) - 1})
        QCOMPARE(refusalOf({kPage, budget}), Error::of(ErrorCode::InvalidArgument, Operation::Configure));
}

void TestCachetPromises::fdPagesizeAndCopyAreThere()
{
    const CachedFixture fixture(patternBytes(4 * kPage));
    QCOMPARE(&fixture->source(), static_cast<BlockSource *>(fixture.source.get()));
    QCOMPARE(fixture->pageSize(), std::uint32_t{kPage});
    QVERIFY(fixture->load(ByteOffset(0)));
    const auto copy = fixture->clone();
    QVERIFY(copy);
    QCOMPARE(&(*copy)->source(), &fixture->source());
    QCOMPARE((*copy)->pageSize(), fixture->pageSize());
    QVERIFY(fixture->isCached(ByteRange::whole(kPage)) && !(*copy)->isCached(ByteRange::whole(kPage)));
}

void TestCachetPromises::loadWaitsTriesOrCallsBack()
{
    const CachedFixture fixture(patternBytes(2 * kPage + 10));
    QVERIFY(!fixture->tryGet(ByteOffset(5)));
    const auto page = fixture->load(ByteOffset(5), 100);
    QVERIFY(page && holds(page->from(ByteOffset(5)).first(100), slice(fixture.bytes, 5, 100)));
    QVERIFY(fixture->tryGet(ByteOffset(kPage - 1)));

    const auto here = std::make_shared<ThreadExecutor>(1);
    QVERIFY(fixture->loadAsync(ByteOffset(7), here, [](Result<PageHandle>) { std::abort(); }));
    std::promise<Result<PageHandle>> arrived;
    QVERIFY(!fixture->loadAsync(ByteOffset(2 * kPage), here,
                                [&](Result<PageHandle> loaded) { arrived.set_value(std::move(loaded)); }));
    const auto loaded = arrived.get_future().get();
    QVERIFY(loaded && holds(loaded->bytes(), slice(fixture.bytes, 2 * kPage, 10)));

    QVERIFY(fixture->load(ByteOffset(2 * kPage), 10));
    const auto beyond = fixture->load(ByteOffset(2 * kPage), 11);
    QVERIFY(!beyond);
    QCOMPARE(beyond.error().code, ErrorCode::OutOfRange);
    QCOMPARE(beyond.error().range, ByteRange::make(2 * kPage, 11));
}

void TestCachetPromises::sliceIsAPageWithItsBytes()
{
    const CachedFixture fixture(patternBytes(2 * kPage + 10));
    const auto page = fixture->load(ByteOffset(kPage + 17));
    QVERIFY(page);
    QCOMPARE(page->page().range(), *ByteRange::make(kPage, kPage));
    QVERIFY(holds(page->bytes(), slice(fixture.bytes, kPage, kPage)));
    QVERIFY(holds(page->from(ByteOffset(kPage + 17)), slice(fixture.bytes, kPage + 17, kPage - 17)));
    // They stay when the page has left the cache.
    fixture->invalidate(ByteRange::whole(fixture.bytes.size()));
    QVERIFY(!fixture->isCached(*ByteRange::make(kPage, kPage)));
    QVERIFY(holds(page->bytes(), slice(fixture.bytes, kPage, kPage)));
}

void TestCachetPromises::nextIsTheFollowingPage()
{
    const CachedFixture fixture(patternBytes(2 * kPage + 10));
    auto page = fixture->load(ByteOffset(0));
    std::vector<std::byte> all;
    for (; page && *page; page = fixture->next(*page))
        all.insert(all.end(), page->bytes().begin(), page->bytes().end());
    QVERIFY(page.has_value()); // an empty handle after the last page, no error
    QVERIFY(all == fixture.bytes);
}

void TestCachetPromises::mapOfARangeIsOneView()
{
    const CachedFixture fixture(patternBytes(8 * kPage));
    const auto inside = view(*fixture.cached, *ByteRange::make(100, 200));
    QVERIFY(inside && holds(inside->bytes, slice(fixture.bytes, 100, 200)));
    const auto page = fixture->tryGet(ByteOffset(100));
    QVERIFY(page);
    QCOMPARE(inside->bytes.data(), page.from(ByteOffset(100)).data()); // not copied
    const auto spanning = view(*fixture.cached, *ByteRange::make(4000, 3 * kPage));
    QVERIFY(spanning && holds(spanning->bytes, slice(fixture.bytes, 4000, 3 * kPage)));
    QVERIFY(fixture->isCached(*ByteRange::make(4000, 3 * kPage)));
}

void TestCachetPromises::getReadsEveryWidth()
{
    const CachedFixture fixture(patternBytes(2 * kPage));
    QVERIFY(isReadAsItLies<std::uint8_t>(fixture) && isReadAsItLies<std::int8_t>(fixture));
    QVERIFY(isReadAsItLies<std::uint16_t>(fixture) && isReadAsItLies<std::int16_t>(fixture));
    QVERIFY(isReadAsItLies<std::uint32_t>(fixture) && isReadAsItLies<std::int32_t>(fixture));
    QVERIFY(isReadAsItLies<std::uint64_t>(fixture) && isReadAsItLies<std::int64_t>(fixture));
    QVERIFY(isReadAsItLies<UInt128>(fixture) && isReadAsItLies<Int128>(fixture));
    QVERIFY(isReadAsItLies<Float16>(fixture) && isReadAsItLies<float>(fixture) && isReadAsItLies<double>(fixture));
    // The page is kept: what is read of it asks the cache no more.
    Cursor cursor(*fixture.cached);
    QVERIFY(cursor.read<std::uint8_t>(ByteOffset(0)));
    const CacheStatistics before = fixture->statistics();
    for (std::uint64_t at = 0; at + 8 <= kPage; ++at)
        QVERIFY(cursor.read<std::uint64_t>(ByteOffset(at)));
    QCOMPARE(fixture->statistics().hits, before.hits);
}

void TestCachetPromises::getStringAndBlitCopyAnyLength()
{
    const CachedFixture fixture(patternBytes(40 * kPage));
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{4097}, std::size_t{30 * kPage + 3}}) {
        std::vector<std::byte> into(length);
        QVERIFY(fixture->read(ByteOffset(13), into));
        QVERIFY(into == slice(fixture.bytes, 13, length));
    }
    std::vector<std::byte> untouched(10, std::byte{0x5a});
    QVERIFY(!fixture->read(ByteOffset(40 * kPage - 9), untouched));
    QVERIFY(untouched == std::vector<std::byte>(10, std::byte{0x5a}));
}

void TestCachetPromises::getSeqIsARangeOfChunks()
{
    const CachedFixture fixture(patternBytes(5 * kPage + 77));
    std::vector<std::byte> all;
    ByteOffset next(50);
    for (const Result<ByteWindow> &chunk :
         Chunks(*fixture.cached, ByteRange(ByteOffset(50), ByteOffset(fixture.bytes.size())))) {
        QVERIFY(chunk);
        QCOMPARE(chunk->range.begin(), next);
        next = chunk->range.end();
        all.insert(all.end(), chunk->bytes.begin(), chunk->bytes.end());
    }
    QVERIFY(all == slice(fixture.bytes, 50, fixture.bytes.size() - 50));
    // Lazy: who stops early has read no more.
    const CachedFixture fresh(patternBytes(5 * kPage));
    for (const Result<ByteWindow> &chunk : Chunks(*fresh.cached, ByteRange::whole(5 * kPage), Intent::Jump)) {
        QVERIFY(chunk);
        QCOMPARE(chunk->range, ByteRange::whole(kPage));
        break;
    }
    QCOMPARE(fresh->statistics().loads, 1U);
}

void TestCachetPromises::iterSeesEveryByte()
{
    const CachedFixture fixture(patternBytes(3 * kPage));
    std::vector<std::byte> seen;
    QVERIFY(forEachByte(*fixture.cached, *ByteRange::make(4000, 5000), [&](std::byte byte) { seen.push_back(byte); }));
    QVERIFY(seen == slice(fixture.bytes, 4000, 5000));
}

void TestCachetPromises::syscallsCountsThePages()
{
    const CachedFixture fixture(patternBytes(10 * kPage));
    QCOMPARE(fixture->pagesSpanned(*ByteRange::make(0, 0)), 0U);
    QCOMPARE(fixture->pagesSpanned(*ByteRange::make(4095, 1)), 1U);
    QCOMPARE(fixture->pagesSpanned(*ByteRange::make(4095, 2)), 2U);
    QCOMPARE(fixture->pagesSpanned(*ByteRange::make(1, 3 * kPage)), 4U);
}

void TestCachetPromises::invalidateForgetsThosePages()
{
    const CachedFixture fixture(patternBytes(6 * kPage));
    std::vector<std::byte> all(fixture.bytes.size());
    QVERIFY(fixture->read(ByteOffset(0), all));
    fixture->invalidate(*ByteRange::make(2 * kPage - 1, 2)); // a byte of page 1 and one of page 2
    for (std::uint64_t page = 0; page < 6; ++page)
        QCOMPARE(fixture->isCached(*ByteRange::make(page * kPage, kPage)), page != 1 && page != 2);
    fixture->invalidate(*ByteRange::make(0, 0));
    QVERIFY(fixture->isCached(ByteRange::whole(kPage)));
}

void TestCachetPromises::isCachedAndCountersObserve()
{
    const CachedFixture fixture(patternBytes(4 * kPage));
    QCOMPARE(fixture->state(ByteOffset(0)), PageState::Absent);
    QVERIFY(fixture->load(ByteOffset(0)));
    QVERIFY(fixture->load(ByteOffset(1)));
    QVERIFY(fixture->tryGet(ByteOffset(2)));
    QCOMPARE(fixture->state(ByteOffset(0)), PageState::Ready);
    QVERIFY(fixture->isCached(ByteRange::whole(kPage)) && !fixture->isCached(ByteRange::whole(kPage + 1)));
    const CacheStatistics counted = fixture->statistics();
    QCOMPARE(counted.hits, 2U);
    QCOMPARE(counted.misses, 1U);
    QCOMPARE(counted.loads, 1U);
    QCOMPARE(counted.residentBytes, kPage);
    fixture.source->addBadRange(rangeAt(2 * kPage, 512));
    QVERIFY(!fixture->load(ByteOffset(2 * kPage)));
    QCOMPARE(fixture->state(ByteOffset(2 * kPage)), PageState::Failed);
    QVERIFY(!fixture->isCached(rangeAt(2 * kPage, kPage)) && fixture->isCached(rangeAt(2 * kPage + 512, 100)));
    QCOMPARE(fixture->statistics().failedLoads, 1U);
    QCOMPARE(fixture->statistics().badSectors, 1U);
    QCOMPARE(fixture->statistics().loadLatency.total(), 2U);
}

void TestCachetPromises::bytesHaveTheOperationsOfViews()
{
    const auto bytes = bytesOf({0, 0, 7, 8, 9, 7, 8, 0});
    const std::span<const std::byte> all(bytes);
    const auto isZero = [](std::byte byte) { return byte == std::byte{0}; };
    QVERIFY(holds(all.subspan(2, 3), bytesOf({7, 8, 9})));
    QVERIFY(startsWith(all, bytesOf({0, 0, 7})) && startsWith(all, {}) && startsWith(all, all));
    QVERIFY(!startsWith(all, bytesOf({0, 7})) && !startsWith(all.first(1), all));
    QVERIFY(endsWith(all, bytesOf({8, 0})) && !endsWith(all, bytesOf({8})) && !endsWith(all.first(1), all));
    QCOMPARE(indexOf(all, bytesOf({7, 8})), std::optional<std::size_t>(2));
    QCOMPARE(indexOf(all.subspan(3), bytesOf({7, 8})), std::optional<std::size_t>(2));
    QCOMPARE(indexOf(all, bytesOf({9, 9})), std::nullopt);
    QCOMPARE(indexOf(all, {}), std::optional<std::size_t>(0));
    QCOMPARE(indexOf({}, bytesOf({1})), std::nullopt);
    QCOMPARE(countLeading(all, isZero), 2U);
    QVERIFY(holds(trimmed(all, isZero), bytesOf({7, 8, 9, 7, 8})));
    QVERIFY(trimmed(all.first(2), isZero).empty());
    QVERIFY(std::ranges::any_of(all, isZero) && !std::ranges::all_of(all, isZero));
    QVERIFY(sameBytes(all.first(1), all.last(1)) && !sameBytes(all.first(1), all.first(2)));
}

void TestCachetPromises::writingTakesAWriteFunction()
{
    auto bytes = patternBytes(2 * kPage);
    SourceFunctions functions;
    functions.size = bytes.size();
    functions.read = [&](ByteOffset at, std::span<std::byte> into) -> Result<std::uint64_t> {
        copyBytes(std::span(bytes).subspan(static_cast<std::size_t>(at.value()), into.size()), into);
        return into.size();
    };
    functions.write = [&](ByteOffset at, std::span<const std::byte> from) -> Result<std::uint64_t> {
        copyBytes(from, std::span(bytes).subspan(static_cast<std::size_t>(at.value())));
        return from.size();
    };
    auto source = CallableSource::create(functions);
    QVERIFY(source && (*source)->writable());
    const auto wanted = with(bytes, 100, bytesOf({1, 2, 3}));
    auto document
        = Document::create(std::move(*source), DocumentFixture::smallPages(),
                           {std::make_shared<ThreadExecutor>(2), std::make_shared<ThreadExecutor>(1)}, systemEnv());
    QVERIFY(document);
    QVERIFY((*document)->stage(ByteOffset(100), bytesOf({1, 2, 3})));
    QVERIFY(bytes != wanted);
    QVERIFY((*document)->commit());
    QVERIFY(bytes == wanted);
}

void TestCachetPromises::setStagesEveryWidth()
{
    const DocumentFixture fixture(patternBytes(2 * kPage));
    fixture.source->clearLogs();
    QVERIFY(stageValue(*fixture.document, ByteOffset(4093), std::uint64_t{1}, std::endian::big));
    QVERIFY(peek(*fixture.document, 4093, 8).bytes
            == bytesOf({0, 0, 0, 0, 0, 0, 0, 1})); // at once, and without the disk
    QCOMPARE(fixture.source->reads().size(), 0U);
    for (const std::endian order : {std::endian::little, std::endian::big}) {
        QVERIFY(isStagedAndRead<std::uint8_t>(*fixture.document, 0xfe, order));
        QVERIFY(isStagedAndRead<std::int8_t>(*fixture.document, -2, order));
        QVERIFY(isStagedAndRead<std::uint16_t>(*fixture.document, 0xfedc, order));
        QVERIFY(isStagedAndRead<std::int16_t>(*fixture.document, -300, order));
        QVERIFY(isStagedAndRead<std::uint32_t>(*fixture.document, 0xfedcba98, order));
        QVERIFY(isStagedAndRead<std::int32_t>(*fixture.document, -70'000, order));
        QVERIFY(isStagedAndRead<std::uint64_t>(*fixture.document, 0xfedcba9876543210, order));
        QVERIFY(isStagedAndRead<std::int64_t>(*fixture.document, -5'000'000'000, order));
        QVERIFY(
            isStagedAndRead<UInt128>(*fixture.document, UInt128{0xfedcba9876543210} << 64 | 0x0123456789abcdef, order));
        QVERIFY(isStagedAndRead<Int128>(*fixture.document, Int128{-1} << 100, order));
        QVERIFY(isStagedAndRead<Float16>(*fixture.document, static_cast<Float16>(0.5F), order));
        QVERIFY(isStagedAndRead<float>(*fixture.document, 3.25F, order));
        QVERIFY(isStagedAndRead<double>(*fixture.document, -1e300, order));
    }
    QCOMPARE(fixture.source->writes().size(), 0U);
}

void TestCachetPromises::commitFlushesEverything()
{
    const auto old = patternBytes(4 * kPage);
    const DocumentFixture fixture(old);
    QVERIFY(fixture->stage(ByteOffset(10), bytesOf({1, 2})));
    QVERIFY(fixture->stage(ByteOffset(3 * kPage), bytesOf({3})));
    QVERIFY(fixture->commit());
    QVERIFY(fixture.memory->bytes() == with(with(old, 10, bytesOf({1, 2})), 3 * kPage, bytesOf({3})));
    QVERIFY(fixture->staged().empty());
}

void TestCachetPromises::persistFlushesARange()
{
    const auto old = patternBytes(4 * kPage);
    const DocumentFixture fixture(old);
    QVERIFY(fixture->stage(ByteOffset(10), bytesOf({1, 2, 3, 4})));
    QVERIFY(fixture->persist(*ByteRange::make(11, 2)));
    QVERIFY(fixture.memory->bytes() == with(old, 11, bytesOf({2, 3})));
    QVERIFY(readBytes(*fixture.document, 0, 4 * kPage) == with(old, 10, bytesOf({1, 2, 3, 4})));
}

void TestCachetPromises::nothingWaitsInTheAsynchronousForms()
{
    const auto pool = std::make_shared<ManualExecutor>();
    const auto old = patternBytes(20 * kPage);
    const CachedFixture fixture(old, CachedFixture::smallPages(), pool);
    const auto mine = std::make_shared<ManualExecutor>();
    std::vector<std::byte> into(10 * kPage);
    bool read = false;
    QVERIFY(!fixture->readAsync(ByteOffset(100), into, mine, [&](Result<void> done) { read = done.has_value(); }));
    while (pool->runOne() || mine->runOne()) { }
    QVERIFY(read && into == slice(old, 100, 10 * kPage));
    // Nothing is called later for what is here already.
    QVERIFY(fixture->readAsync(ByteOffset(200), std::span(into).first(300), mine, [](Result<void>) { std::abort(); }));
    QCOMPARE(mine->waiting() + pool->waiting(), 0U);

    // The sequence of pages: what is here comes at once, what is not comes to the call.
    std::vector<std::byte> walked;
    std::size_t arrived = 0;
    PageHandle page = fixture->tryGet(ByteOffset(9 * kPage));
    QVERIFY(page);
    while (page) {
        walked.insert(walked.end(), page.bytes().begin(), page.bytes().end());
        PageHandle later;
        auto next = fixture->nextAsync(page, mine, [&](Result<PageHandle> loaded) {
            ++arrived;
            if (loaded)
                later = std::move(*loaded);
        });
        while (!next && (pool->runOne() || mine->runOne())) { }
        page = next ? std::move(*next) : std::move(later);
    }
    QVERIFY(walked == slice(old, 9 * kPage, 11 * kPage));
    QCOMPARE(arrived, 9U); // pages 9 and 10 were read above

    auto document = Document::create(std::make_shared<MemorySource>(old), DocumentFixture::smallPages(), {pool, pool},
                                     systemEnv());
    QVERIFY(document && (*document)->stage(ByteOffset(5), bytesOf({9})));
    bool written = false;
    QVERIFY((*document)->startCommit([&](WriteOutcome outcome) { written = static_cast<bool>(outcome); }));
    QVERIFY(!written);
    pool->runAll();
    QVERIFY(written);
}

void TestCachetPromises::connectOpensByName()
{
    const TempDir directory;
    const auto bytes = patternBytes(kPage);
    const auto source = openSource(systemEnv(), directory.write("disk.img", bytes), FileSource::Access::ReadOnly);
    QVERIFY(source);
    const auto cached = cachedOver(*source, {kPage, std::uint64_t{1} << 20});
    QVERIFY(cached);
    const auto page = cached->load(ByteOffset(0), kPage);
    QVERIFY(page && holds(page->bytes(), bytes));
    const auto missing = openSource(systemEnv(), directory.file("nothing"), FileSource::Access::ReadOnly);
    QVERIFY(!missing);
    QCOMPARE(missing.error().code, ErrorCode::NotFound);
}

void TestCachetPromises::pagesAreReadInParallel()
{
    // Two reads that each wait for the other to have begun.
    std::promise<void> begun[2];
    std::shared_future<void> both[2] = {begun[0].get_future().share(), begun[1].get_future().share()};
    SourceFunctions functions;
    functions.size = std::uint64_t{1} << 30;
    functions.read = [&](ByteOffset at, std::span<std::byte> into) -> Result<std::uint64_t> {
        const std::size_t which = at.value() < kPage ? 0 : 1;
        begun[which].set_value();
        both[1 - which].wait();
        return into.size();
    };
    CallableOptions options;
    options.calls = CallableOptions::Calls::Parallel;
    auto source = CallableSource::create(functions, options);
    QVERIFY(source);
    const auto cached = cachedOver(std::move(*source), {kPage, std::uint64_t{1} << 20});
    QVERIFY(cached);
    auto far
        = std::async(std::launch::async, [&] { return cached->load(ByteOffset(std::uint64_t{1} << 29)).has_value(); });
    QVERIFY(cached->load(ByteOffset(0)));
    QVERIFY(far.get());
}

QTEST_GUILESS_MAIN(TestCachetPromises)
#include "tst_cachet_promises.moc"
