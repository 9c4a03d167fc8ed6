// SPDX-License-Identifier: GPL-3.0-or-later

// What the writing of Cachet 0.0.4 got wrong, by the numbers of its list of defects, and is right here.
#include "tests/support/document_fixture.h"

#include <QTest>

#include <algorithm>
#include <cerrno>

using namespace cachecore;
using namespace cachet_test;

class TestCachetDefectsWrite : public QObject {
    Q_OBJECT

private slots:
    void c6AFailingWriteLosesNoStagedEdit_data();
    void c6AFailingWriteLosesNoStagedEdit();
    void c7PersistWritesExactlyWhatIsStagedInTheRange_data();
    void c7PersistWritesExactlyWhatIsStagedInTheRange();
    void c13AFailingCommitChangesNeitherPagesNorTarget();
};

void TestCachetDefectsWrite::c6AFailingWriteLosesNoStagedEdit_data()
{
    QTest::addColumn<int>("operation");
    QTest::addColumn<quint64>("nth");
    QTest::newRow("the first write") << static_cast<int>(SourceOp::Write) << quint64{0};
    QTest::newRow("a later write") << static_cast<int>(SourceOp::Write) << quint64{7};
    QTest::newRow("the last write") << static_cast<int>(SourceOp::Write) << quint64{19};
    QTest::newRow("the sync") << static_cast<int>(SourceOp::Sync) << quint64{0};
}

void TestCachetDefectsWrite::c6AFailingWriteLosesNoStagedEdit()
{
    QFETCH(int, operation);
    QFETCH(quint64, nth);
    const auto disk = patternBytes(200'000);
    DocumentFixture fixture(disk);
    auto wanted = disk;
    for (std::size_t i = 0; i < 20; ++i) {
        const auto piece = patternBytes(10, i + 1);
        QVERIFY(fixture->stage(ByteOffset(i * 9'001), piece));
        wanted = with(wanted, i * 9'001, piece);
    }
    fixture.source->fail(static_cast<SourceOp>(operation), nth, EIO);
    const auto failed = fixture->commit();
    QVERIFY(!failed);
    QCOMPARE(failed.error().systemError, EIO);
    QVERIFY(failed->imageIntact);
    QVERIFY(fixture.memory->bytes() == disk);
    QCOMPARE(fixture->staged().byteCount(), 200U);
    QVERIFY(readBytes(*fixture.document, 0, disk.size()) == wanted);
    QVERIFY(fixture->commit());
    QVERIFY(fixture.memory->bytes() == wanted);
    QVERIFY(fixture->staged().empty());
}

void TestCachetDefectsWrite::c7PersistWritesExactlyWhatIsStagedInTheRange_data()
{
    QTest::addColumn<quint64>("begin");
    QTest::addColumn<quint64>("length");
    QTest::newRow("one page") << quint64{0} << quint64{4'096};
    QTest::newRow("one byte") << quint64{5'000} << quint64{1};
    QTest::newRow("the middle of a piece") << quint64{8'000} << quint64{500};
    QTest::newRow("everything") << quint64{0} << quint64{200'000};
}

void TestCachetDefectsWrite::c7PersistWritesExactlyWhatIsStagedInTheRange()
{
    QFETCH(quint64, begin);
    QFETCH(quint64, length);
    const ByteRange range = rangeAt(begin, length);
    const auto disk = patternBytes(200'000);
    DocumentFixture fixture(disk);
    for (const std::size_t at : {10U, 4'000U, 4'090U, 7'900U, 100'000U})
        QVERIFY(fixture->stage(ByteOffset(at), patternBytes(700, at)));
    QVERIFY(fixture->stage(ByteOffset(5'000), bytesOf({1})));
    const StagedEdits staged = fixture->staged();
    auto wanted = disk;
    staged.clipped(range).overlay(ByteOffset(0), wanted);
    fixture.source->clearLogs();
    const auto persisted = fixture->persist(range);
    QVERIFY(persisted);
    QCOMPARE(persisted->bytesWritten, staged.byteCountIn(range));
    std::uint64_t written = 0;
    for (const ByteRange write : fixture.source->writes()) {
        QVERIFY(range.contains(write));
        QCOMPARE(staged.byteCountIn(write), write.length());
        written += write.length();
    }
    QCOMPARE(written, staged.byteCountIn(range));
    QVERIFY(fixture.memory->bytes() == wanted);
    QCOMPARE(fixture->staged().byteCount(), staged.byteCount() - written);
}

void TestCachetDefectsWrite::c13AFailingCommitChangesNeitherPagesNorTarget()
{
    const auto disk = patternBytes(20'000);
    DocumentFixture fixture(disk);
    QVERIFY(readBytes(*fixture.document, 0, disk.size()) == disk);
    const auto kept = fixture->window(ByteOffset(0)); // somebody holds the first page all the time
    QVERIFY(kept);
    const std::vector<std::byte> seen(kept->bytes.begin(), kept->bytes.end());
    QVERIFY(fixture->stage(ByteOffset(100), patternBytes(9'000, 3)));
    QVERIFY(peekSource(*fixture.document, 0, disk.size()).bytes == disk); // a page is never edited
    for (std::uint64_t nth = 0; nth < 2; ++nth) {
        fixture.source->fail(nth == 0 ? SourceOp::Write : SourceOp::Sync, 0, EIO);
        QVERIFY(!fixture->commit());
        QVERIFY(fixture.memory->bytes() == disk);
    }
    QVERIFY(fixture->discard(rangeAt(0, disk.size())));
    QVERIFY(readBytes(*fixture.document, 0, disk.size()) == disk);
    const Peeked shown = peekSource(*fixture.document, 0, disk.size());
    QVERIFY(std::ranges::count(shown.conditions, ByteCondition::Loaded) == std::ssize(disk));
    QVERIFY(shown.bytes == disk);
    // Nor does one that succeeds change what is held: the page is another one then.
    QVERIFY(fixture->stage(ByteOffset(200), bytesOf({1, 2, 3})));
    QVERIFY(fixture->commit());
    QVERIFY(readBytes(*fixture.document, 0, disk.size()) == with(disk, 200, bytesOf({1, 2, 3})));
    QVERIFY(std::ranges::equal(kept->bytes, seen));
}

QTEST_GUILESS_MAIN(TestCachetDefectsWrite)
#include "tst_cachet_defects_write.moc"
