// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/document_fixture.h"
#include "tests/support/endless_source.h"

#include <QTest>

using namespace cachecore;
using namespace cachet_test;

namespace {

std::shared_ptr<Document> openEndless(const std::shared_ptr<EndlessSource> &source)
{
    const auto pool = std::make_shared<ThreadExecutor>(2);
    auto created = Document::create(source, DocumentFixture::smallPages(), {pool, pool}, systemEnv());
    return created ? *created : nullptr;
}

} // namespace

class TestDocumentSizes : public QObject {
    Q_OBJECT

private slots:
    void emptySourceHasNothingToReadOrStage();
    void emptySourceMayGrow();
    void farOffsetsWorkInEveryOperation_data();
    void farOffsetsWorkInEveryOperation();
    void fillOfTheWholeLargestSourceIsOnePiece();
    void growthIsSeen();
    void growthInsideTheLastPageIsSeen();
    void truncationMakesTheLostBytesUnreadable();
    void truncationUnderTheReaderIsAnError();
    void truncatedStagedEditsAreKept();
    void truncatedBytesComeBackWhenTheSourceGrows();
    void lastBytesReadExactlyAfterEveryTruncation();
};

void TestDocumentSizes::emptySourceHasNothingToReadOrStage()
{
    DocumentFixture fixture({});
    QVERIFY(fixture.document);
    QCOMPARE(fixture->size(), 0U);
    QVERIFY(peek(*fixture.document, 0, 20).all(ByteCondition::PastEnd));
    QVERIFY(readBytes(*fixture.document, 0, 0));
    QVERIFY(!readBytes(*fixture.document, 0, 1));
    QCOMPARE(fixture->stage(ByteOffset(0), bytesOf({1})).error().code, ErrorCode::OutOfRange);
    fixture->setViewport(rangeAt(0, 4096), Intent::Jump);
    QVERIFY(fixture->commit());
    QCOMPARE(fixture->pageStates()->pageCount(), 0U);
    QVERIFY(fixture->snapshot()->nextData(ByteOffset(0))->empty());
}

void TestDocumentSizes::emptySourceMayGrow()
{
    DocumentFixture fixture({});
    fixture.memory->resize(10);
    QVERIFY(fixture->refreshSize());
    QCOMPARE(fixture->size(), 10U);
    QCOMPARE(readBytes(*fixture.document, 0, 10), std::vector<std::byte>(10));
}

void TestDocumentSizes::farOffsetsWorkInEveryOperation_data()
{
    QTest::addColumn<quint64>("around");
    QTest::newRow("2^31") << (quint64{1} << 31);
    QTest::newRow("2^32") << (quint64{1} << 32);
    QTest::newRow("2^40") << (quint64{1} << 40);
    QTest::newRow("2^62") << (quint64{1} << 62);
    QTest::newRow("2^63-1") << quint64{kMaxSourceSize} - 16;
}

void TestDocumentSizes::farOffsetsWorkInEveryOperation()
{
    QFETCH(quint64, around);
    const auto source = std::make_shared<EndlessSource>(kMaxSourceSize);
    const auto document = openEndless(source);
    QVERIFY(document);
    QCOMPARE(document->size(), kMaxSourceSize);
    const std::uint64_t begin = around - 16;
    std::vector<std::byte> wanted;
    for (std::uint64_t i = 0; i < 32; ++i)
        wanted.push_back(EndlessSource::byteAt(begin + i));
    QCOMPARE(readBytes(*document, begin, 32), wanted);
    QVERIFY(document->stage(ByteOffset(around - 3), bytesOf({1, 2, 3, 4, 5, 6})));
    const auto edited = with(wanted, 13, bytesOf({1, 2, 3, 4, 5, 6}));
    QCOMPARE(peek(*document, begin, 32).bytes, edited);
    document->setViewport(rangeAt(begin, 32), Intent::Jump);
    QVERIFY(document->persist(rangeAt(around, 1)));
    QCOMPARE(source->written(), (std::map<std::uint64_t, std::byte>{{around, std::byte{4}}}));
    QVERIFY(document->commit());
    QCOMPARE(source->written().size(), std::size_t{6});
    QCOMPARE(readBytes(*document, begin, 32), edited);
    QVERIFY(document->undo());
    QCOMPARE(readBytes(*document, begin, 32), wanted);
    QVERIFY(peek(*document, begin, 13).all(ByteCondition::Loaded));
    QVERIFY(document->discard(rangeAt(around - 3, 6)));
    QCOMPARE(readBytes(*document, begin, 32), edited);
}

void TestDocumentSizes::fillOfTheWholeLargestSourceIsOnePiece()
{
    const auto document = openEndless(std::make_shared<EndlessSource>(kMaxSourceSize));
    QVERIFY(document->stageFill(ByteRange::whole(kMaxSourceSize), bytesOf({1, 2, 3})));
    QCOMPARE(document->staged().pieceCount(), 1U);
    QCOMPARE(document->staged().byteCount(), kMaxSourceSize);
    const Peeked last = peek(*document, kMaxSourceSize - 2, 4);
    QCOMPARE(last.bytes[0], static_cast<std::byte>(1 + (kMaxSourceSize - 2) % 3));
    QCOMPARE(last.conditions[1], ByteCondition::Staged);
    QCOMPARE(last.conditions[2], ByteCondition::PastEnd);
    QVERIFY(document->persist(rangeAt(kMaxSourceSize - 100, 50)));
    QCOMPARE(document->staged().byteCount(), kMaxSourceSize - 50);
    QVERIFY(document->undo());
    QCOMPARE(document->staged().byteCount(), 50U);
}

void TestDocumentSizes::growthIsSeen()
{
    auto bytes = patternBytes(10'000);
    DocumentFixture fixture(bytes);
    QVERIFY(readBytes(*fixture.document, 0, 10'000));
    fixture.memory->resize(30'000);
    QVERIFY(fixture->refreshSize());
    bytes.resize(30'000);
    QCOMPARE(fixture->size(), 30'000U);
    QCOMPARE(fixture->sourceSize(), 30'000U);
    QCOMPARE(fixture->pageStates()->pageCount(), 8U);
    QCOMPARE(readBytes(*fixture.document, 0, 30'000), bytes);
    QVERIFY(fixture->stage(ByteOffset(29'999), bytesOf({1})));
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), with(bytes, 29'999, bytesOf({1})));
}

void TestDocumentSizes::growthInsideTheLastPageIsSeen()
{
    auto bytes = patternBytes(5'000);
    DocumentFixture fixture(bytes);
    QVERIFY(readBytes(*fixture.document, 0, 5'000));
    fixture.memory->resize(5'001);
    QVERIFY(fixture->refreshSize());
    bytes.resize(5'001);
    QCOMPARE(readBytes(*fixture.document, 0, 5'001), bytes);
    QVERIFY(peek(*fixture.document, 4'096, 905).all(ByteCondition::Loaded));
}

void TestDocumentSizes::truncationMakesTheLostBytesUnreadable()
{
    const auto bytes = patternBytes(20'000);
    DocumentFixture fixture(bytes);
    QVERIFY(readBytes(*fixture.document, 0, 20'000));
    fixture.memory->resize(9'000);
    QVERIFY(fixture->refreshSize());
    QCOMPARE(fixture->size(), 20'000U);
    QCOMPARE(fixture->sourceSize(), 9'000U);
    fixture->setViewport(rangeAt(0, 20'000), Intent::Jump);
    QTRY_VERIFY(peek(*fixture.document, 9'000, 11'000).all(ByteCondition::Unreadable));
    QCOMPARE(readBytes(*fixture.document, 0, 9'000), std::vector<std::byte>(bytes.begin(), bytes.begin() + 9'000));
    std::vector<std::byte> into(2);
    const auto read = fixture->read(ByteOffset(8'999), into);
    QVERIFY(!read);
    QCOMPARE(read.error().code, ErrorCode::Truncated);
}

void TestDocumentSizes::truncationUnderTheReaderIsAnError()
{
    const auto bytes = patternBytes(20'000);
    DocumentFixture fixture(bytes);
    fixture.memory->resize(5'000);
    std::vector<std::byte> into(20'000, std::byte{3});
    const auto read = fixture->read(ByteOffset(0), into);
    QVERIFY(!read);
    QCOMPARE(read.error().code, ErrorCode::Truncated);
    QCOMPARE(into, std::vector<std::byte>(20'000, std::byte{3}));
    QTRY_COMPARE(fixture->sourceSize(), 5'000U);
    QCOMPARE(readBytes(*fixture.document, 0, 5'000), std::vector<std::byte>(bytes.begin(), bytes.begin() + 5'000));
}

void TestDocumentSizes::truncatedStagedEditsAreKept()
{
    const auto bytes = patternBytes(20'000);
    DocumentFixture fixture(bytes);
    QVERIFY(fixture->stage(ByteOffset(15'000), bytesOf({1, 2, 3})));
    QVERIFY(fixture->stage(ByteOffset(10), bytesOf({4})));
    fixture.memory->resize(9'000);
    QVERIFY(fixture->refreshSize());
    QVERIFY(peek(*fixture.document, 15'000, 3).all(ByteCondition::Staged));
    const auto committed = fixture->commit();
    QVERIFY(!committed);
    QCOMPARE(committed.error().code, ErrorCode::Truncated);
    QCOMPARE(fixture->staged().byteCount(), 4U);
    QCOMPARE(fixture.memory->bytes().size(), std::size_t{9'000});
    QVERIFY(fixture->persist(rangeAt(0, 9'000)));
    QCOMPARE(fixture.memory->bytes()[10], std::byte{4});
    QCOMPARE(fixture->staged().byteCount(), 3U);
}

void TestDocumentSizes::truncatedBytesComeBackWhenTheSourceGrows()
{
    const auto bytes = patternBytes(20'000);
    DocumentFixture fixture(bytes);
    fixture.memory->resize(9'000);
    QVERIFY(fixture->refreshSize());
    QVERIFY(!readBytes(*fixture.document, 0, 20'000));
    fixture.memory->resize(20'000);
    QVERIFY(fixture.memory->writev(ByteOffset(0), std::vector<std::span<const std::byte>>{bytes}));
    QVERIFY(fixture->refreshSize());
    QCOMPARE(fixture->sourceSize(), 20'000U);
    QCOMPARE(readBytes(*fixture.document, 0, 20'000), bytes);
}

void TestDocumentSizes::lastBytesReadExactlyAfterEveryTruncation()
{
    const auto bytes = patternBytes(9'000);
    for (const std::uint64_t end : {1U, 511U, 512U, 4'095U, 4'096U, 4'097U, 8'192U, 8'999U}) {
        DocumentFixture fixture(bytes);
        fixture.memory->resize(end);
        QCOMPARE(readBytes(*fixture.document, end - 1, 1), (std::vector<std::byte>{bytes[end - 1]}));
        QVERIFY(!readBytes(*fixture.document, end, 1));
        QTRY_COMPARE(fixture->sourceSize(), end);
        QCOMPARE(peek(*fixture.document, end, 1).conditions[0], ByteCondition::Unreadable);
    }
}

QTEST_GUILESS_MAIN(TestDocumentSizes)
#include "tst_document_sizes.moc"
