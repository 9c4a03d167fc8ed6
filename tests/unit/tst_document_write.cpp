// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/document_fixture.h"
#include "tests/support/gate.h"

#include <QTest>

#include <cerrno>
#include <future>

using namespace cachecore;
using namespace cachet_test;

namespace {

std::uint64_t operationsOf(const FaultSource &source)
{
    std::uint64_t total = 0;
    for (int op = 0; op < static_cast<int>(SourceOp::Count_); ++op)
        total += source.count(static_cast<SourceOp>(op));
    return total;
}

/// A commit that hangs at a gate until it is let go.
struct HeldCommit {
    explicit HeldCommit(DocumentFixture &fixture, SourceOp where)
        : source(fixture.source)
        , gate(std::make_shared<Gate>())
        , operation(where)
    {
        source->setGate(where, gate);
        started = fixture->startCommit([this](WriteOutcome report) { result.set_value(std::move(report)); })
                      .has_value();
        started = started && gate->waitForWaiting(1);
    }
    ~HeldCommit() { gate->open(); }
    WriteOutcome finish()
    {
        source->setGate(operation, nullptr);
        gate->open();
        return result.get_future().get();
    }

    std::shared_ptr<FaultSource> source;
    std::shared_ptr<Gate> gate;
    SourceOp operation;
    std::promise<WriteOutcome> result;
    bool started = false;
};

} // namespace

class TestDocumentWrite : public QObject {
    Q_OBJECT

private slots:
    void commitWritesStagedBytesAndNothingElse();
    void persistWritesOnlyWhatIsStagedInTheRange();
    void persistOfOneByteWritesOneByte();
    void committingNothingWritesNothing();
    void failingWriteLosesNoEdit_data();
    void failingWriteLosesNoEdit();
    void failingWriteLeavesCachedPagesTrue();
    void everyFaultLosesNothingUntilARunIsClean();
    void readsSeeStagedBytesDuringACommit_data();
    void readsSeeStagedBytesDuringACommit();
    void stagingDuringACommitStaysStaged();
    void editOverABeingWrittenByteIsKept();
    void undoDiscardAndSecondCommitAreBusyDuringAWrite();
    void foreignChangeUnderSeenBytesIsAConflict();
    void foreignChangeBesideTheEditsIsNone();
    void undoAcrossACommitShowsTheOldBytes();
    void undoAcrossAPartialPersistShowsTheOldBytes();
    void undoneCommitCanBeCommittedBack();
    void undoPastItsBoundIsSaid();
    void commitOfBytesNeverLoadedWorks();
};

void TestDocumentWrite::commitWritesStagedBytesAndNothingElse()
{
    const auto disk = patternBytes(100'000);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stage(ByteOffset(4090), bytesOf({1, 2, 3, 4, 5, 6, 7, 8})));
    QVERIFY(fixture->stage(ByteOffset(99'999), bytesOf({9})));
    QVERIFY(fixture->stage(ByteOffset(0), bytesOf({10})));
    const auto wanted
        = with(with(with(disk, 4090, bytesOf({1, 2, 3, 4, 5, 6, 7, 8})), 99'999, bytesOf({9})), 0, bytesOf({10}));
    const auto report = fixture->commit();
    QVERIFY(report);
    QCOMPARE(report->bytesWritten, 10U);
    QCOMPARE(report->extents, 3U);
    QCOMPARE(report->span, rangeAt(0, 100'000));
    QVERIFY(report->undoKept);
    QCOMPARE(fixture.memory->bytes(), wanted);
    QCOMPARE(fixture.source->writes(), (std::vector<ByteRange>{rangeAt(0, 1), rangeAt(4090, 8), rangeAt(99'999, 1)}));
    QVERIFY(fixture.source->count(SourceOp::Sync) >= 1);
    QVERIFY(fixture->staged().empty());
    QCOMPARE(readBytes(*fixture.document, 0, 100'000), wanted);
    QVERIFY(peek(*fixture.document, 4090, 8).all(ByteCondition::Loaded));
}

void TestDocumentWrite::persistWritesOnlyWhatIsStagedInTheRange()
{
    const auto disk = patternBytes(20'000);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stage(ByteOffset(100), bytesOf({1, 2})));
    QVERIFY(fixture->stageFill(rangeAt(4000, 200), bytesOf({7})));
    QVERIFY(fixture->stage(ByteOffset(9000), bytesOf({3})));
    const auto report = fixture->persist(rangeAt(0, 4096));
    QVERIFY(report);
    QCOMPARE(report->bytesWritten, 98U);
    QCOMPARE(fixture.memory->bytes(),
             with(with(disk, 100, bytesOf({1, 2})), 4000, std::vector<std::byte>(96, std::byte{7})));
    QCOMPARE(fixture.source->writes(), (std::vector<ByteRange>{rangeAt(100, 2), rangeAt(4000, 96)}));
    QCOMPARE(fixture->staged().byteCount(), 105U);
    QCOMPARE(fixture->staged().extent(0), rangeAt(4096, 104));
    QVERIFY(fixture->commit());
    QVERIFY(fixture->staged().empty());
}

void TestDocumentWrite::persistOfOneByteWritesOneByte()
{
    const auto disk = patternBytes(1 << 20);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stageFill(rangeAt(0, 1 << 20), bytesOf({0})));
    QCOMPARE(fixture->persist(rangeAt(12'345, 1))->bytesWritten, 1U);
    QCOMPARE(fixture.memory->bytes(), with(disk, 12'345, bytesOf({0})));
    QCOMPARE(fixture.source->writes(), (std::vector<ByteRange>{rangeAt(12'345, 1)}));
    QCOMPARE(fixture->staged().byteCount(), (std::uint64_t{1} << 20) - 1);
}

void TestDocumentWrite::committingNothingWritesNothing()
{
    DocumentFixture fixture(patternBytes(10'000));
    QCOMPARE(fixture->commit()->bytesWritten, 0U);
    QVERIFY(fixture->stage(ByteOffset(5), bytesOf({1})));
    QCOMPARE(fixture->persist(rangeAt(6, 1000))->bytesWritten, 0U);
    QVERIFY(fixture->persist(rangeAt(6, 1000))->span.empty());
    QCOMPARE(fixture.source->count(SourceOp::Write), 0U);
    QCOMPARE(fixture->staged().byteCount(), 1U);
}

void TestDocumentWrite::failingWriteLosesNoEdit_data()
{
    QTest::addColumn<int>("operation");
    QTest::addColumn<quint64>("nth");
    QTest::addColumn<int>("error");
    QTest::newRow("first write") << static_cast<int>(SourceOp::Write) << quint64{0} << EIO;
    QTest::newRow("third write") << static_cast<int>(SourceOp::Write) << quint64{2} << ENOSPC;
    QTest::newRow("sync") << static_cast<int>(SourceOp::Sync) << quint64{0} << EIO;
    QTest::newRow("reading the old bytes") << static_cast<int>(SourceOp::Read) << quint64{0} << EIO;
}

void TestDocumentWrite::failingWriteLosesNoEdit()
{
    QFETCH(int, operation);
    QFETCH(quint64, nth);
    QFETCH(int, error);
    const auto disk = patternBytes(50'000);
    auto wanted = disk;
    DocumentFixture fixture(disk);
    for (std::size_t at = 100; at < 50'000; at += 9'000) {
        const auto piece = patternBytes(10, at);
        QVERIFY(fixture->stage(ByteOffset(at), piece));
        wanted = with(wanted, at, piece);
    }
    // One failing read alone is made again in smaller parts.
    const Repeat repeat = static_cast<SourceOp>(operation) == SourceOp::Read ? Repeat::ForGood : Repeat::Once;
    fixture.source->fail(static_cast<SourceOp>(operation), nth, error, repeat);
    const auto failed = fixture->commit();
    QVERIFY(!failed);
    QCOMPARE(failed.error().systemError, error);
    QVERIFY(!fixture->writing());
    fixture.source->clearFailures();
    QCOMPARE(fixture->staged().byteCount(), 60U);
    QCOMPARE(readBytes(*fixture.document, 0, 50'000), wanted);
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), wanted);
    QVERIFY(fixture->staged().empty());
}

void TestDocumentWrite::failingWriteLeavesCachedPagesTrue()
{
    const auto disk = patternBytes(8192);
    DocumentFixture fixture(disk);
    QVERIFY(readBytes(*fixture.document, 0, 8192));
    QVERIFY(fixture->stage(ByteOffset(10), bytesOf({1, 2, 3})));
    fixture.source->fail(SourceOp::Write, 0, EIO, Repeat::ForGood);
    QVERIFY(!fixture->commit());
    QCOMPARE(fixture.memory->bytes(), disk);
    QVERIFY(fixture->discard(rangeAt(0, 8192)));
    QCOMPARE(readBytes(*fixture.document, 0, 8192), disk);
}

void TestDocumentWrite::everyFaultLosesNothingUntilARunIsClean()
{
    for (const Repeat repeat : {Repeat::Once, Repeat::ForGood}) {
        bool clean = false;
        for (std::uint64_t nth = 0; !clean && nth < 400; ++nth) {
            const auto disk = patternBytes(30'000);
            DocumentFixture fixture(disk);
            QVERIFY(readBytes(*fixture.document, 0, 9'000));
            auto wanted = disk;
            for (const std::size_t at : {10U, 4095U, 12'000U, 29'990U}) {
                QVERIFY(fixture->stage(ByteOffset(at), patternBytes(10, at)));
                wanted = with(wanted, at, patternBytes(10, at));
            }
            fixture.source->clearLogs();
            fixture.source->failAny(nth, EIO, repeat);
            const auto committed = fixture->commit();
            clean = operationsOf(*fixture.source) <= nth;
            QVERIFY(committed || !clean);
            fixture.source->clearFailures();
            const auto after = fixture.memory->bytes();
            fixture->reload();
            QCOMPARE(readBytes(*fixture.document, 0, 30'000), wanted);
            if (!committed->imageIntact) { // neither finished nor rolled back: only when nothing works any more
                QCOMPARE(repeat, Repeat::ForGood);
                for (std::size_t i = 0; i < after.size(); ++i)
                    QVERIFY(after[i] == disk[i] || after[i] == wanted[i]);
                QCOMPARE(fixture->staged().byteCount(), 40U);
                QCOMPARE(fixture->commit().error().code, ErrorCode::NeedsRecovery);
                continue;
            }
            QCOMPARE(after, committed ? wanted : disk);
            QVERIFY(committed || fixture->staged().byteCount() > 0);
            const auto again = fixture->commit();
            QVERIFY2(again, qPrintable(QString("after a fault at operation %1").arg(nth)));
            QCOMPARE(fixture.memory->bytes(), wanted);
        }
        QVERIFY(clean);
    }
}

void TestDocumentWrite::readsSeeStagedBytesDuringACommit_data()
{
    QTest::addColumn<int>("operation");
    QTest::newRow("held before it writes") << static_cast<int>(SourceOp::Write);
    QTest::newRow("held before it syncs") << static_cast<int>(SourceOp::Sync);
}

void TestDocumentWrite::readsSeeStagedBytesDuringACommit()
{
    QFETCH(int, operation);
    const auto disk = patternBytes(10'000);
    DocumentFixture fixture(disk);
    QVERIFY(readBytes(*fixture.document, 0, 10'000));
    QVERIFY(fixture->stage(ByteOffset(4094), bytesOf({1, 2, 3, 4})));
    const auto wanted = with(disk, 4094, bytesOf({1, 2, 3, 4}));
    HeldCommit commit(fixture, static_cast<SourceOp>(operation));
    QVERIFY(commit.started);
    QVERIFY(fixture->writing());
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), wanted);
    QVERIFY(peek(*fixture.document, 4094, 4).all(ByteCondition::Staged));
    QCOMPARE(peek(*fixture.document, 4094, 4).bytes, bytesOf({1, 2, 3, 4}));
    QVERIFY(commit.finish());
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), wanted);
    QCOMPARE(fixture.memory->bytes(), wanted);
}

void TestDocumentWrite::stagingDuringACommitStaysStaged()
{
    const auto disk = patternBytes(10'000);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stage(ByteOffset(10), bytesOf({1, 2})));
    HeldCommit commit(fixture, SourceOp::Write);
    QVERIFY(commit.started);
    QVERIFY(fixture->stage(ByteOffset(5000), bytesOf({3, 4})));
    const auto report = commit.finish();
    QVERIFY(report);
    QCOMPARE(report->bytesWritten, 2U);
    QCOMPARE(fixture.memory->bytes(), with(disk, 10, bytesOf({1, 2})));
    QCOMPARE(fixture->staged().byteCount(), 2U);
    QCOMPARE(fixture->staged().extent(0), rangeAt(5000, 2));
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), with(with(disk, 10, bytesOf({1, 2})), 5000, bytesOf({3, 4})));
}

void TestDocumentWrite::editOverABeingWrittenByteIsKept()
{
    const auto disk = patternBytes(10'000);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stage(ByteOffset(10), bytesOf({1, 2, 3, 4})));
    HeldCommit commit(fixture, SourceOp::Write);
    QVERIFY(commit.started);
    QVERIFY(fixture->stage(ByteOffset(12), bytesOf({9, 9, 9, 9})));
    QVERIFY(commit.finish());
    QCOMPARE(fixture.memory->bytes(), with(disk, 10, bytesOf({1, 2, 3, 4})));
    QCOMPARE(fixture->staged().byteCount(), 4U);
    const auto shown = with(with(disk, 10, bytesOf({1, 2})), 12, bytesOf({9, 9, 9, 9}));
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), shown);
    QVERIFY(fixture->undo());
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), with(disk, 10, bytesOf({1, 2, 3, 4})));
    QVERIFY(fixture->redo());
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), shown);
}

void TestDocumentWrite::undoDiscardAndSecondCommitAreBusyDuringAWrite()
{
    DocumentFixture fixture(patternBytes(10'000));
    QVERIFY(fixture->stage(ByteOffset(10), bytesOf({1})));
    HeldCommit commit(fixture, SourceOp::Write);
    QVERIFY(commit.started);
    QCOMPARE(fixture->undo().error().code, ErrorCode::Busy);
    QCOMPARE(fixture->redo().error().code, ErrorCode::Busy);
    QCOMPARE(fixture->discard(rangeAt(0, 100)).error().code, ErrorCode::Busy);
    QVERIFY(!fixture->undoStep());
    bool called = false;
    QCOMPARE(fixture->startCommit([&](WriteOutcome) { called = true; }).error().code, ErrorCode::Busy);
    QCOMPARE(fixture->commit().error().code, ErrorCode::Busy);
    QCOMPARE(fixture->persist(rangeAt(0, 100)).error().code, ErrorCode::Busy);
    QVERIFY(commit.finish());
    QTRY_VERIFY(!fixture->writing());
    QVERIFY(!called);
    QVERIFY(fixture->undo());
}

void TestDocumentWrite::foreignChangeUnderSeenBytesIsAConflict()
{
    const auto disk = patternBytes(10'000);
    DocumentFixture fixture(disk);
    QVERIFY(readBytes(*fixture.document, 0, 10'000));
    QVERIFY(fixture->stage(ByteOffset(10), bytesOf({1, 2, 3})));
    QVERIFY(fixture->stage(ByteOffset(5000), bytesOf({4, 5, 6})));
    const auto foreign = bytesOf({0xab ^ static_cast<int>(disk[5001])});
    QVERIFY(fixture.memory->writev(ByteOffset(5001), std::vector<std::span<const std::byte>>{foreign}));
    const auto committed = fixture->commit();
    QVERIFY(!committed);
    QCOMPARE(committed.error().code, ErrorCode::Changed);
    QVERIFY(committed.error().range && committed.error().range->contains(ByteOffset(5001)));
    QCOMPARE(fixture.memory->bytes(), with(disk, 5001, foreign));
    QCOMPARE(fixture->staged().byteCount(), 6U);
    QVERIFY(fixture->persist(rangeAt(0, 4096)));
}

void TestDocumentWrite::foreignChangeBesideTheEditsIsNone()
{
    const auto disk = patternBytes(10'000);
    DocumentFixture fixture(disk);
    QVERIFY(readBytes(*fixture.document, 0, 10'000));
    QVERIFY(fixture->stage(ByteOffset(10), bytesOf({1, 2, 3})));
    const auto foreign = bytesOf({1, 1, 1});
    QVERIFY(fixture.memory->writev(ByteOffset(13), std::vector<std::span<const std::byte>>{foreign}));
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), with(with(disk, 10, bytesOf({1, 2, 3})), 13, foreign));
}

void TestDocumentWrite::undoAcrossACommitShowsTheOldBytes()
{
    const auto disk = patternBytes(10'000);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stage(ByteOffset(4090), bytesOf({1, 2, 3, 4, 5, 6, 7, 8, 9})));
    const auto first = with(disk, 4090, bytesOf({1, 2, 3, 4, 5, 6, 7, 8, 9}));
    QVERIFY(fixture->commit());
    QVERIFY(fixture->stage(ByteOffset(4092), bytesOf({20, 21})));
    const auto second = with(first, 4092, bytesOf({20, 21}));
    QVERIFY(fixture->commit());
    QVERIFY(fixture->undo());
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), first);
    QVERIFY(fixture->undo());
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), disk);
    QCOMPARE(fixture.memory->bytes(), second);
    QVERIFY(fixture->redo());
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), first);
    QVERIFY(fixture->redo());
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), second);
    QVERIFY(fixture->staged().empty());
}

void TestDocumentWrite::undoAcrossAPartialPersistShowsTheOldBytes()
{
    const auto disk = patternBytes(10'000);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stageFill(rangeAt(100, 200), bytesOf({1, 2, 3})));
    const auto filled = readBytes(*fixture.document, 0, 10'000);
    QVERIFY(fixture->persist(rangeAt(150, 51)));
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), filled);
    QVERIFY(fixture->undo());
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), disk);
    QCOMPARE(fixture->staged().byteCount(), 51U);
    QVERIFY(fixture->redo());
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), filled);
    QCOMPARE(fixture->staged().byteCount(), 149U);
}

void TestDocumentWrite::undoneCommitCanBeCommittedBack()
{
    const auto disk = patternBytes(10'000);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stageFill(rangeAt(0, 10'000), bytesOf({0})));
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), std::vector<std::byte>(10'000));
    QVERIFY(fixture->undo());
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), disk);
}

void TestDocumentWrite::undoPastItsBoundIsSaid()
{
    DocumentOptions options = DocumentFixture::smallPages();
    options.undoSteps = 3;
    DocumentFixture fixture(patternBytes(10'000), options);
    for (std::uint64_t i = 0; i < 3; ++i)
        QVERIFY(fixture->stage(ByteOffset(i * 10), bytesOf({1})));
    QVERIFY(!fixture->historyWasCut());
    QVERIFY(fixture->stage(ByteOffset(40), bytesOf({1})));
    QVERIFY(fixture->historyWasCut());
    for (int i = 0; i < 10; ++i)
        QVERIFY(fixture->undo());
    QCOMPARE(fixture->staged().byteCount(), 1U);
}

void TestDocumentWrite::commitOfBytesNeverLoadedWorks()
{
    const auto disk = patternBytes(1 << 20);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stageFill(rangeAt(3, 1'000'000), bytesOf({5, 6})));
    QVERIFY(fixture->commit());
    const auto after = fixture.memory->bytes();
    for (std::size_t i = 0; i < after.size(); ++i)
        if (after[i] != (i < 3 || i >= 1'000'003 ? disk[i] : static_cast<std::byte>(5 + (i - 3) % 2)))
            QFAIL(qPrintable(QString::number(i)));
    QVERIFY(fixture->undo());
    QCOMPARE(readBytes(*fixture.document, 0, disk.size(), Intent::Scan), disk);
}

QTEST_GUILESS_MAIN(TestDocumentWrite)
#include "tst_document_write.moc"
