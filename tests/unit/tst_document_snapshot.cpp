// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/document_fixture.h"

#include <QTest>

using namespace cachecore;
using namespace cachet_test;

class TestDocumentSnapshot : public QObject {
    Q_OBJECT

private slots:
    void bytesLostToATruncationAreNoHole();
    void growthIsNotPartOfIt();
    void badSectorElsewhereInThePageDoesNotSpoilAScan();
    void stagedBytesHideWhatCannotBeRead_data();
    void stagedBytesHideWhatCannotBeRead();
    void badByteBesideStagedOnesIsReported();
};

void TestDocumentSnapshot::bytesLostToATruncationAreNoHole()
{
    DocumentFixture fixture(patternBytes(20'000));
    const auto snapshot = fixture->snapshot();
    fixture.memory->resize(9'000);
    const auto first = snapshot->nextData(ByteOffset(0));
    QVERIFY(first);
    QCOMPARE(first->begin(), ByteOffset(0));
    const auto lost = snapshot->nextData(ByteOffset(9'000));
    QVERIFY(lost);
    QCOMPARE(*lost, rangeAt(9'000, 11'000));
    std::vector<std::byte> bytes(11'000);
    const auto read = snapshot->read(lost->begin(), bytes, {});
    QVERIFY(!read);
    QCOMPARE(read.error().code, ErrorCode::Truncated);
}

void TestDocumentSnapshot::growthIsNotPartOfIt()
{
    DocumentFixture fixture(patternBytes(10'000));
    const auto snapshot = fixture->snapshot();
    fixture.memory->resize(20'000);
    QVERIFY(fixture->refreshSize());
    QCOMPARE(snapshot->size(), 10'000U);
    QCOMPARE(*snapshot->nextData(ByteOffset(5'000)), rangeAt(5'000, 5'000));
    QVERIFY(snapshot->nextData(ByteOffset(10'000))->empty());
}

void TestDocumentSnapshot::badSectorElsewhereInThePageDoesNotSpoilAScan()
{
    const auto disk = patternBytes(8192);
    DocumentFixture fixture(disk);
    fixture.source->addBadRange(rangeAt(1024, 512));
    std::vector<std::byte> bytes(1024);
    QVERIFY(fixture->snapshot()->read(ByteOffset(0), bytes, {}));
    QCOMPARE(bytes, std::vector<std::byte>(disk.begin(), disk.begin() + 1024));
    const auto bad = fixture->snapshot()->read(ByteOffset(1000), bytes, {});
    QVERIFY(!bad);
    QCOMPARE(bad.error().code, ErrorCode::Io);
    QCOMPARE(bad.error().range, std::optional(rangeAt(1024, 512)));
}

void TestDocumentSnapshot::stagedBytesHideWhatCannotBeRead_data()
{
    QTest::addColumn<int>("intent");
    QTest::newRow("through the cache") << static_cast<int>(Intent::Jump);
    QTest::newRow("past the cache") << static_cast<int>(Intent::Scan);
}

void TestDocumentSnapshot::stagedBytesHideWhatCannotBeRead()
{
    QFETCH(int, intent);
    const auto disk = patternBytes(8192);
    DocumentFixture fixture(disk);
    fixture.source->addBadRange(rangeAt(1024, 512));
    const auto repair = patternBytes(512, 77);
    QVERIFY(fixture->stage(ByteOffset(1024), repair));
    QCOMPARE(readBytes(*fixture.document, 0, 8192, static_cast<Intent>(intent)), with(disk, 1024, repair));
}

void TestDocumentSnapshot::badByteBesideStagedOnesIsReported()
{
    DocumentFixture fixture(patternBytes(8192));
    fixture.source->addBadRange(rangeAt(1024, 512));
    QVERIFY(fixture->stage(ByteOffset(1024), patternBytes(511, 77)));
    std::vector<std::byte> bytes(4096);
    const auto read = fixture->read(ByteOffset(0), bytes);
    QVERIFY(!read);
    QCOMPARE(read.error().code, ErrorCode::Io);
    QCOMPARE(bytes, std::vector<std::byte>(4096));
    bytes.resize(1535);
    QVERIFY(fixture->read(ByteOffset(0), bytes));
}

QTEST_GUILESS_MAIN(TestDocumentSnapshot)
#include "tst_document_snapshot.moc"
