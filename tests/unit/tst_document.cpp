// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/document_fixture.h"

#include <QTest>

#include <algorithm>
#include <cstring>

using namespace cachecore;
using namespace cachet_test;

Q_DECLARE_METATYPE(cachecore::ErrorCode)

class TestDocument : public QObject {
    Q_OBJECT

private slots:
    void refusesBadOptions_data();
    void refusesBadOptions();
    void peekTellsWhatEachByteIs();
    void peekNeverTouchesTheSource();
    void stagedBytesWinOverEverything();
    void readsExactlyAtEveryEdgeOfTheSize_data();
    void readsExactlyAtEveryEdgeOfTheSize();
    void failedReadLeavesTheBufferAlone();
    void failedReadCanBeTriedAgain();
    void unreadableBytesAreOnlyTheBadBlocks();
    void stagingPastTheEndIsRefusedAtOnce_data();
    void stagingPastTheEndIsRefusedAtOnce();
    void readOnlySourceRefusesStaging();
    void everyWidthAndOrderRoundTrips();
    void stagesAnyLength();
    void fillRepeatsItsPatternFromItsFirstByte();
    void typingInOneGoIsOneUndo();
    void undoAndRedoShowWhatWasThere();
    void discardIsOneStepBack();
    void stagingReadsNothing();
    void snapshotKeepsItsMoment();
    void reloadForgetsPagesButNoEdits();
    void viewportLoadsWhatItShows();
    void observerIsToldAndThenNeverAgain();
};

void TestDocument::refusesBadOptions_data()
{
    QTest::addColumn<quint32>("pageSize");
    QTest::addColumn<quint64>("cacheBytes");
    QTest::addColumn<bool>("accepted");
    for (const quint32 pageSize : {0U, 1U, 3U, 256U, 513U, 2097152U, 0x80000000U})
        QTest::addRow("page of %u bytes", pageSize) << pageSize << (quint64{64} << 20) << false;
    for (const quint32 pageSize : {512U, 4096U, 65536U, 1048576U})
        QTest::addRow("page of %u bytes", pageSize) << pageSize << (quint64{64} << 20) << true;
    QTest::newRow("no budget") << 4096U << quint64{0} << false;
    QTest::newRow("budget one byte short") << 4096U << quint64{(1 << 20) - 1} << false;
    QTest::newRow("smallest budget") << 4096U << quint64{1 << 20} << true;
    QTest::newRow("less than four big pages") << 1048576U << quint64{(4 << 20) - 1} << false;
}

void TestDocument::refusesBadOptions()
{
    QFETCH(quint32, pageSize);
    QFETCH(quint64, cacheBytes);
    QFETCH(bool, accepted);
    DocumentOptions options;
    options.pageSize = pageSize;
    options.cacheBytes = cacheBytes;
    const auto loads = std::make_shared<ThreadExecutor>(1);
    const auto created
        = Document::create(std::make_shared<MemorySource>(patternBytes(5000)), options, {loads, loads}, systemEnv());
    QCOMPARE(created.has_value(), accepted);
    if (!accepted) {
        QCOMPARE(created.error().code, ErrorCode::InvalidArgument);
        QCOMPARE(created.error().operation, Operation::Configure);
    }
}

void TestDocument::peekTellsWhatEachByteIs()
{
    const auto bytes = patternBytes(10'000);
    DocumentFixture fixture(bytes);
    QVERIFY(peek(*fixture.document, 0, 10'000).all(ByteCondition::NotLoaded));
    QVERIFY(readBytes(*fixture.document, 4096, 1));
    fixture.source->addBadRange(rangeAt(8192, 1));
    QVERIFY(!readBytes(*fixture.document, 8192, 1));
    QVERIFY(fixture->stage(ByteOffset(4100), bytesOf({1, 2})));
    const Peeked peeked = peek(*fixture.document, 0, 10'500);
    for (std::size_t i = 0; i < 10'500; ++i) {
        const ByteCondition wanted = i < 4096 ? ByteCondition::NotLoaded
            : i == 4100 || i == 4101          ? ByteCondition::Staged
            : i >= 10'000                     ? ByteCondition::PastEnd
            : i >= 8192 && i < 8192 + 512     ? ByteCondition::Unreadable
                                              : ByteCondition::Loaded;
        QVERIFY2(peeked.conditions[i] == wanted, qPrintable(QString::number(i)));
        if (wanted == ByteCondition::Loaded)
            QCOMPARE(peeked.bytes[i], bytes[i]);
        else if (wanted != ByteCondition::Staged)
            QCOMPARE(peeked.bytes[i], std::byte{0});
    }
    QCOMPARE(peeked.bytes[4101], std::byte{2});
    QCOMPARE(peekSource(*fixture.document, 4100, 2).bytes,
             std::vector<std::byte>(bytes.begin() + 4100, bytes.begin() + 4102));
    QVERIFY(peekSource(*fixture.document, 4100, 2).all(ByteCondition::Loaded));
    QVERIFY(peek(*fixture.document, kMaxSourceSize, 10).all(ByteCondition::PastEnd));
    QVERIFY(peek(*fixture.document, kMaxSourceSize - 3, 10).all(ByteCondition::PastEnd));
}

void TestDocument::peekNeverTouchesTheSource()
{
    DocumentFixture fixture(patternBytes(100'000));
    fixture.source->clearLogs();
    for (std::uint64_t at = 0; at < 100'000; at += 777)
        QVERIFY(peek(*fixture.document, at, 50).conditions.size() == 50);
    QCOMPARE(fixture.source->count(SourceOp::Read), 0U);
    const CacheStatistics statistics = fixture->statistics();
    QCOMPARE(statistics.hits + statistics.misses, 0U);
}

void TestDocument::stagedBytesWinOverEverything()
{
    DocumentFixture fixture(patternBytes(10'000));
    fixture.source->addBadRange(rangeAt(0, 4096));
    QVERIFY(!readBytes(*fixture.document, 0, 10));
    const std::vector<std::byte> staged(4096, std::byte{0x5a});
    QVERIFY(fixture->stage(ByteOffset(0), staged));
    QVERIFY(peek(*fixture.document, 0, 4096).all(ByteCondition::Staged));
    QVERIFY(fixture->stage(ByteOffset(8000), bytesOf({1})));
    QVERIFY(peek(*fixture.document, 8000, 1).all(ByteCondition::Staged));
}

void TestDocument::readsExactlyAtEveryEdgeOfTheSize_data()
{
    QTest::addColumn<quint64>("sourceBytes");
    QTest::addColumn<quint32>("pageSize");
    for (const quint32 pageSize : {512U, 4096U, 65536U})
        for (const quint64 size : {1U, 511U, 512U, 513U, 4095U, 4096U, 4097U, 4196U, 65535U, 65536U, 65537U})
            QTest::addRow("%llu bytes in pages of %u", static_cast<unsigned long long>(size), pageSize)
                << size << pageSize;
}

void TestDocument::readsExactlyAtEveryEdgeOfTheSize()
{
    QFETCH(quint32, pageSize);
    QFETCH(quint64, sourceBytes);
    const std::uint64_t size = sourceBytes;
    const auto bytes = patternBytes(size);
    DocumentOptions options = DocumentFixture::smallPages();
    options.pageSize = pageSize;
    DocumentFixture fixture(bytes, options);
    QCOMPARE(fixture->size(), size);
    for (const std::uint64_t begin : {std::uint64_t{0}, size / 2, size - 1, size, size + 1, size + 100}) {
        for (const std::uint64_t length : {std::uint64_t{1}, std::uint64_t{8}, size - std::min(begin, size), size}) {
            if (length == 0)
                continue;
            std::vector<std::byte> into(length, std::byte{0x77});
            const auto read = fixture->read(ByteOffset(begin), into);
            if (begin + length <= size) {
                QVERIFY(read);
                QVERIFY(std::memcmp(into.data(), bytes.data() + begin, length) == 0);
            } else {
                QVERIFY(!read);
                QCOMPARE(read.error().code, ErrorCode::OutOfRange);
                QCOMPARE(into, std::vector<std::byte>(length, std::byte{0x77}));
            }
        }
    }
    QVERIFY(readBytes(*fixture.document, size, 0));
}

void TestDocument::failedReadLeavesTheBufferAlone()
{
    DocumentFixture fixture(patternBytes(64 * 1024));
    fixture.source->addBadRange(rangeAt(50'000, 1));
    std::vector<std::byte> into(60'000, std::byte{0x11});
    const auto read = fixture->read(ByteOffset(0), into);
    QVERIFY(!read);
    QCOMPARE(read.error().code, ErrorCode::Io);
    QVERIFY(read.error().range);
    QVERIFY(read.error().range->contains(ByteOffset(50'000)));
    QCOMPARE(into, std::vector<std::byte>(60'000, std::byte{0x11}));
}

void TestDocument::failedReadCanBeTriedAgain()
{
    const auto bytes = patternBytes(8192);
    DocumentFixture fixture(bytes);
    fixture.source->addBadRange(rangeAt(100, 1));
    QVERIFY(!readBytes(*fixture.document, 0, 4096));
    fixture.source->clearBadRanges();
    fixture->reload();
    QCOMPARE(readBytes(*fixture.document, 0, 8192), bytes);
    QVERIFY(peek(*fixture.document, 0, 8192).all(ByteCondition::Loaded));
}

void TestDocument::unreadableBytesAreOnlyTheBadBlocks()
{
    const auto bytes = patternBytes(8192);
    DocumentFixture fixture(bytes);
    fixture.source->addBadRange(rangeAt(1000, 100));
    QVERIFY(!readBytes(*fixture.document, 0, 4096));
    const Peeked peeked = peek(*fixture.document, 0, 4096);
    for (std::size_t i = 0; i < 4096; ++i)
        QCOMPARE(peeked.conditions[i], i >= 512 && i < 1536 ? ByteCondition::Unreadable : ByteCondition::Loaded);
    QVERIFY(readBytes(*fixture.document, 0, 512));
    QVERIFY(readBytes(*fixture.document, 1536, 2560));
    QVERIFY(!readBytes(*fixture.document, 1535, 2));
}

void TestDocument::stagingPastTheEndIsRefusedAtOnce_data()
{
    QTest::addColumn<quint64>("at");
    QTest::addColumn<int>("length");
    QTest::addColumn<ErrorCode>("code");
    QTest::newRow("at the end") << quint64{10'000} << 1 << ErrorCode::OutOfRange;
    QTest::newRow("across the end") << quint64{9'999} << 2 << ErrorCode::OutOfRange;
    QTest::newRow("past the end") << quint64{1'000'000} << 8 << ErrorCode::OutOfRange;
    QTest::newRow("at the largest offset") << quint64{kMaxSourceSize} << 1 << ErrorCode::OutOfRange;
    QTest::newRow("just under it") << quint64{kMaxSourceSize - 1} << 8 << ErrorCode::OutOfRange;
    QTest::newRow("nothing") << quint64{5} << 0 << ErrorCode::InvalidArgument;
}

void TestDocument::stagingPastTheEndIsRefusedAtOnce()
{
    QFETCH(quint64, at);
    QFETCH(int, length);
    QFETCH(ErrorCode, code);
    DocumentFixture fixture(patternBytes(10'000));
    QVERIFY(fixture->stage(ByteOffset(1), bytesOf({1})));
    const std::vector<std::byte> bytes(static_cast<std::size_t>(length), std::byte{1});
    const auto staged = fixture->stage(ByteOffset(at), bytes);
    QVERIFY(!staged);
    QCOMPARE(staged.error().code, code);
    if (code == ErrorCode::OutOfRange) {
        QVERIFY(staged.error().range);
        QCOMPARE(staged.error().range->begin().value(), at);
    }
    QCOMPARE(fixture->staged().byteCount(), 1U);
    const auto filled
        = fixture->stageFill(ByteRange(ByteOffset(at),
                                       ByteOffset(std::min<std::uint64_t>(kMaxSourceSize, at + bytes.size()))),
                             bytesOf({1}));
    QVERIFY(!filled);
    QVERIFY(!fixture->stageFill(rangeAt(0, 10), {}));
    QCOMPARE(fixture->staged().byteCount(), 1U);
    QVERIFY(fixture->commit());
    QCOMPARE(fixture->staged().byteCount(), 0U);
}

void TestDocument::readOnlySourceRefusesStaging()
{
    DocumentFixture fixture(patternBytes(10'000), DocumentFixture::smallPages(), MemorySource::Access::ReadOnly);
    QCOMPARE(fixture->stage(ByteOffset(1), bytesOf({1})).error().code, ErrorCode::ReadOnly);
    QCOMPARE(fixture->stageFill(rangeAt(0, 5), bytesOf({1})).error().code, ErrorCode::ReadOnly);
    QVERIFY(fixture->staged().empty());
}

void TestDocument::everyWidthAndOrderRoundTrips()
{
    DocumentFixture fixture(std::vector<std::byte>(64 * 1024));
    for (std::size_t width : {1U, 2U, 4U, 8U, 16U}) {
        for (const std::uint64_t at :
             {std::uint64_t{0}, std::uint64_t{4096} - width / 2, std::uint64_t{64 * 1024} - width}) {
            std::vector<std::byte> value;
            for (std::size_t i = 0; i < width; ++i)
                value.push_back(static_cast<std::byte>(0xf0 + i));
            for (int order = 0; order < 2; ++order) {
                QVERIFY(fixture->stage(ByteOffset(at), value));
                QCOMPARE(readBytes(*fixture.document, at, width), value);
                QVERIFY(fixture->commit());
                QCOMPARE(readBytes(*fixture.document, at, width), value);
                std::ranges::reverse(value);
            }
        }
    }
}

void TestDocument::stagesAnyLength()
{
    const auto disk = patternBytes(3 << 20);
    DocumentFixture fixture(disk);
    const auto bytes = patternBytes((2 << 20) + 12'345, 7);
    QVERIFY(fixture->stage(ByteOffset(77), bytes));
    QCOMPARE(readBytes(*fixture.document, 0, disk.size(), Intent::Scan), with(disk, 77, bytes));
    QCOMPARE(fixture->staged().pieceCount(), 1U);
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), with(disk, 77, bytes));
}

void TestDocument::fillRepeatsItsPatternFromItsFirstByte()
{
    DocumentFixture fixture(std::vector<std::byte>(10'000));
    QVERIFY(fixture->stageFill(rangeAt(5, 9000), bytesOf({1, 2, 3})));
    const Peeked peeked = peek(*fixture.document, 0, 10'000);
    for (std::size_t i = 5; i < 9005; ++i)
        QCOMPARE(peeked.bytes[i], static_cast<std::byte>(1 + (i - 5) % 3));
    QCOMPARE(peeked.conditions[9005], ByteCondition::NotLoaded);
    QCOMPARE(fixture->staged().pieceCount(), 1U);
}

void TestDocument::typingInOneGoIsOneUndo()
{
    DocumentFixture fixture(patternBytes(10'000));
    QVERIFY(fixture->stage(ByteOffset(10), bytesOf({1}), EditKind::Type));
    QVERIFY(fixture->stage(ByteOffset(11), bytesOf({2}), EditKind::Type, true));
    QVERIFY(fixture->stage(ByteOffset(12), bytesOf({3}), EditKind::Type, true));
    QVERIFY(fixture->stage(ByteOffset(50), bytesOf({4}), EditKind::Type, true));
    QCOMPARE(fixture->undoStep()->range, rangeAt(50, 1));
    QVERIFY(fixture->undo());
    QCOMPARE(fixture->staged().byteCount(), 3U);
    QCOMPARE(fixture->undoStep()->range, rangeAt(10, 3));
    QVERIFY(fixture->undo());
    QVERIFY(fixture->staged().empty());
    QVERIFY(!fixture->undoStep());
    QVERIFY(fixture->undo());
    QVERIFY(fixture->redo());
    QCOMPARE(fixture->staged().byteCount(), 3U);
}

void TestDocument::undoAndRedoShowWhatWasThere()
{
    const auto disk = patternBytes(4096);
    DocumentFixture fixture(disk);
    std::vector<std::vector<std::byte>> states{disk};
    for (int i = 0; i < 50; ++i) {
        const std::vector<std::byte> piece
            = patternBytes(static_cast<std::size_t>(1 + i * 7), static_cast<std::uint64_t>(i + 1));
        const auto at = static_cast<std::size_t>(i * 53 % 3000);
        QVERIFY(fixture->stage(ByteOffset(at), piece));
        states.push_back(with(states.back(), at, piece));
    }
    for (std::size_t i = states.size(); i-- > 0;) {
        QCOMPARE(readBytes(*fixture.document, 0, 4096), states[i]);
        QVERIFY(fixture->undo());
    }
    for (const auto &state : states) {
        QCOMPARE(readBytes(*fixture.document, 0, 4096), state);
        QVERIFY(fixture->redo());
    }
}

void TestDocument::discardIsOneStepBack()
{
    DocumentFixture fixture(patternBytes(10'000));
    QVERIFY(fixture->stageFill(rangeAt(100, 100), bytesOf({9})));
    QVERIFY(fixture->discard(rangeAt(150, 10)));
    QCOMPARE(fixture->staged().byteCount(), 90U);
    QCOMPARE(fixture->staged().extentCount(), 2U);
    QCOMPARE(fixture->undoStep()->kind, EditKind::Discard);
    QVERIFY(fixture->undo());
    QCOMPARE(fixture->staged().byteCount(), 100U);
}

void TestDocument::stagingReadsNothing()
{
    DocumentFixture fixture(patternBytes(100'000));
    fixture.source->clearLogs();
    for (std::uint64_t at = 0; at < 99'000; at += 1'000)
        QVERIFY(fixture->stage(ByteOffset(at), bytesOf({1, 2, 3})));
    QVERIFY(fixture->undo());
    QVERIFY(fixture->discard(rangeAt(0, 50'000)));
    QCOMPARE(fixture.source->count(SourceOp::Read), 0U);
    QCOMPARE(fixture.source->count(SourceOp::Write), 0U);
}

void TestDocument::snapshotKeepsItsMoment()
{
    const auto disk = patternBytes(20'000);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stage(ByteOffset(4090), bytesOf({1, 2, 3, 4, 5, 6, 7, 8, 9})));
    const auto snapshot = fixture->snapshot();
    const StagedEdits staged = fixture->staged();
    QVERIFY(fixture->stageFill(rangeAt(0, 20'000), bytesOf({0})));
    std::vector<std::byte> bytes(20'000);
    QVERIFY(snapshot->read(ByteOffset(0), bytes, {}));
    QCOMPARE(bytes, with(disk, 4090, bytesOf({1, 2, 3, 4, 5, 6, 7, 8, 9})));
    QCOMPARE(snapshot->size(), 20'000U);
    QCOMPARE(staged.byteCount(), 9U);
    fixture->close(std::chrono::milliseconds(1000));
    const auto closed = snapshot->read(ByteOffset(0), bytes, {});
    QVERIFY(!closed);
    QCOMPARE(closed.error().code, ErrorCode::Closed);
}

void TestDocument::reloadForgetsPagesButNoEdits()
{
    DocumentFixture fixture(patternBytes(10'000));
    QVERIFY(readBytes(*fixture.document, 0, 10'000));
    QVERIFY(fixture->stage(ByteOffset(1), bytesOf({5})));
    const auto changed = patternBytes(10'000, 99);
    QVERIFY(fixture.memory->writev(ByteOffset(0), std::vector<std::span<const std::byte>>{changed}));
    fixture->reload();
    QVERIFY(peekSource(*fixture.document, 0, 10'000).all(ByteCondition::NotLoaded));
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), with(changed, 1, bytesOf({5})));
}

void TestDocument::viewportLoadsWhatItShows()
{
    const auto disk = patternBytes(1 << 20);
    DocumentFixture fixture(disk);
    fixture->setViewport(rangeAt(10'000, 10'000), Intent::Scroll);
    QTRY_VERIFY(peek(*fixture.document, 10'000, 10'000).all(ByteCondition::Loaded));
    QCOMPARE(fixture->statistics().misses, 3U);
    fixture->setViewport(rangeAt(10'000, 10'000), Intent::Scroll);
    QCOMPARE(fixture->statistics().misses, 3U);
    fixture->setViewport(rangeAt(900'000, 1), Intent::Jump);
    QTRY_VERIFY(peek(*fixture.document, 900'000, 1).all(ByteCondition::Loaded));
    fixture->setViewport(rangeAt(10'000, 10'000), Intent::Scroll);
    QCOMPARE(fixture->statistics().hits, 3U);
}

void TestDocument::observerIsToldAndThenNeverAgain()
{
    DocumentFixture fixture(patternBytes(1 << 20));
    std::atomic<int> pages{0};
    std::atomic<int> edits{0};
    {
        const auto alive = std::make_shared<std::atomic<bool>>(true);
        fixture->setObserver([&, alive](DocumentChanges changes) {
            if (!*alive)
                qFatal("called after it was replaced");
            pages += changes.pages;
            edits += changes.edits;
        });
        QVERIFY(fixture->stage(ByteOffset(1), bytesOf({1})));
        QTRY_VERIFY(edits > 0);
        for (std::uint64_t at = 0; at < (1 << 20); at += 65536)
            fixture->setViewport(rangeAt(at, 65536), Intent::Scroll);
        QTRY_VERIFY(pages > 0);
        fixture->setObserver({});
        *alive = false;
    }
    QVERIFY(readBytes(*fixture.document, 0, 1 << 20));
    const int before = edits;
    QVERIFY(fixture->stage(ByteOffset(1), bytesOf({2})));
    QVERIFY(fixture->commit());
    QCOMPARE(edits.load(), before);
}

QTEST_GUILESS_MAIN(TestDocument)
#include "tst_document.moc"
