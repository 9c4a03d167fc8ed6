// SPDX-License-Identifier: GPL-3.0-or-later
// The memory of pages: where it lies, and that the system can read into it past its own memory.
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/frame_pool.h"
#include "cachecore/source/file_source.h"
#include "tests/support/cached_fixture.h"
#include "tests/support/counted_memory.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <set>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::size_t kSystemPage = 4096;

bool alignedTo(const void *memory, std::size_t unit)
{
    return reinterpret_cast<std::uintptr_t>(memory) % unit == 0;
}

} // namespace

class TestFramePool : public QObject {
    Q_OBJECT

private slots:
    void framesAreAlignedToTheirSize_data();
    void framesAreAlignedToTheirSize();
    void slabsAreGivenBack();
    void pagesLieOnFramesHoweverTheyCame_data();
    void pagesLieOnFramesHoweverTheyCame();
    void directReadsIntoAPageTakeNoOtherBuffer_data();
    void directReadsIntoAPageTakeNoOtherBuffer();
};

void TestFramePool::framesAreAlignedToTheirSize_data()
{
    QTest::addColumn<quint32>("bytes");
    for (quint32 bytes = kMinPageSize; bytes <= kMaxPageSize; bytes *= 2)
        QTest::addRow("%u", bytes) << bytes;
}

void TestFramePool::framesAreAlignedToTheirSize()
{
    QFETCH(const quint32, bytes);
    FramePool pool(bytes);
    const std::size_t perSlab = std::max<std::size_t>(4, (std::size_t{2} << 20) / bytes);
    std::set<std::byte *> frames;
    while (frames.size() < perSlab + 3) { // more than one slab
        std::byte *const frame = pool.take();
        QVERIFY(alignedTo(frame, bytes));
        QVERIFY(bytes < kSystemPage || alignedTo(frame, kSystemPage));
        frame[0] = frame[bytes - 1] = std::byte{1};
        QVERIFY(frames.insert(frame).second);
    }
    for (auto it = frames.begin(); std::next(it) != frames.end(); ++it)
        QVERIFY(*std::next(it) - *it >= std::ptrdiff_t{bytes}); // none reaches into another
    for (std::byte *const frame : frames)
        pool.giveBack(frame);
}

void TestFramePool::slabsAreGivenBack()
{
    constexpr std::size_t kFrame = 64 * 1024;
    FramePool pool(kFrame);
    QCOMPARE(pool.reservedBytes(), std::uint64_t{0});
    std::vector<std::byte *> frames(100);
    std::ranges::generate(frames, [&pool] { return pool.take(); });
    const std::uint64_t most = pool.reservedBytes();
    QVERIFY(most >= frames.size() * kFrame);
    for (std::byte *const frame : frames)
        pool.giveBack(frame);
    QVERIFY(pool.reservedBytes() <= std::uint64_t{2} << 20); // one empty slab for the next frame
    pool.giveBack(pool.take());
    QVERIFY(pool.reservedBytes() <= std::uint64_t{2} << 20);
}

void TestFramePool::pagesLieOnFramesHoweverTheyCame_data()
{
    QTest::addColumn<quint32>("pageSize");
    for (const quint32 size : {512U, 4096U, 8192U, 65536U, 1U << 20})
        QTest::addRow("%u", size) << size;
}

void TestFramePool::pagesLieOnFramesHoweverTheyCame()
{
    QFETCH(const quint32, pageSize);
    const std::uint64_t size = 5 * std::uint64_t{pageSize} + 137;
    const CachedFixture fixture(patternBytes(size), {pageSize, std::uint64_t{8} << 20});
    const std::size_t unit = std::min<std::size_t>(pageSize, kSystemPage);
    for (std::uint64_t at = 0; at < size; at += pageSize) {
        const auto page = fixture->load(ByteOffset(at));
        QVERIFY(page);
        QVERIFY(alignedTo(page->bytes().data(), unit));
        QVERIFY(alignedTo(page->bytes().data(), pageSize));
    }
    fixture->invalidate(ByteRange::whole(size));
    const auto pages = fixture->pin(ByteRange::whole(size), Intent::Scan, {});
    QVERIFY(pages);
    QVERIFY(
        std::ranges::all_of(*pages, [unit](const PageHandle &page) { return alignedTo(page.bytes().data(), unit); }));
    const auto window = fixture->window(ByteOffset(0), Intent::Scan);
    QVERIFY(window && alignedTo(window->bytes.data(), unit));
}

void TestFramePool::directReadsIntoAPageTakeNoOtherBuffer_data()
{
    QTest::addColumn<quint32>("pageSize");
    for (quint32 size = 4096; size <= kMaxPageSize; size *= 4)
        QTest::addRow("%u", size) << size;
    QTest::newRow("the default") << kDefaultPageSize;
}

/// Without a byte of memory to be had, what needs a second buffer fails.
void TestFramePool::directReadsIntoAPageTakeNoOtherBuffer()
{
    QFETCH(const quint32, pageSize);
    const TempDir directory;
    const auto content = patternBytes(4 * std::size_t{pageSize});
    const std::string path = directory.write("disk", content);
    const auto file = systemEnv()->open(path, OpenMode::Read);
    QVERIFY(file);
    const auto told = (*file)->directAlignment();
    if (!told || told->offset == 0)
        QSKIP("the system or the file system here does not tell how direct reads are to be aligned");
    if (told->offset > pageSize || told->memory > pageSize)
        QSKIP("the device here demands more than a page");
    const auto source = FileSource::open(systemEnv(), path, FileSource::Access::ReadOnly);
    QVERIFY(source);
    QVERIFY((*source)->directIoAlignment() <= pageSize);

    const auto frames = std::make_shared<FramePool>(std::size_t{pageSize});
    Page page({1}, rangeAt(pageSize, pageSize), frames);
    QVERIFY((*source)->readDirect(ByteOffset(0), page.writableBytes())); // opens the file once more
    memory::failAfter(0, memory::kForGood);
    const auto inPlace = (*source)->readDirect(page.range().begin(), page.writableBytes());
    (void)memory::stopFailing();
    QCOMPARE(inPlace.value_or(0), std::uint64_t{pageSize});
    QVERIFY(std::ranges::equal(page.bytes(), std::span(content).subspan(pageSize, pageSize)));
    // What is not aligned does need one.
    memory::failAfter(0, 1);
    const auto copied = (*source)->readDirect(ByteOffset(1), page.writableBytes().subspan(1));
    QVERIFY(memory::stopFailing());
    QCOMPARE(copied.error().code, ErrorCode::OutOfMemory);
    QVERIFY((*source)->readDirect(ByteOffset(1), page.writableBytes().subspan(1)));
    QVERIFY(std::ranges::equal(page.bytes().subspan(1), std::span(content).subspan(1, pageSize - 1)));
}

QTEST_GUILESS_MAIN(TestFramePool)
#include "tst_frame_pool.moc"
