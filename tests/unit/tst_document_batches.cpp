// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/document_fixture.h"
#include "tests/support/gate.h"

#include <QtTest>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::size_t kSize = std::size_t{4} << 20;

DocumentOptions smallJournals()
{
    DocumentOptions options = DocumentFixture::smallPages();
    options.journalLimit = std::uint64_t{1} << 20;
    return options;
}

std::vector<std::byte> filled(std::vector<std::byte> bytes, ByteRange range, std::byte value)
{
    for (std::uint64_t at = range.begin().value(); at < range.end().value(); ++at)
        bytes[at] = value;
    return bytes;
}

/// A commit held at an operation of the source.
class HeldCommit {
public:
    HeldCommit(DocumentFixture &fixture, SourceOp where)
        : m_source(fixture.source)
        , m_where(where)
    {
        m_source->setGate(where, m_gate);
        held = fixture->startCommit([this](WriteOutcome outcome) { m_outcome.set_value(std::move(outcome)); })
                   .has_value()
            && m_gate->waitForWaiting(1);
    }
    ~HeldCommit() { m_gate->open(); }

    /// Lets it go on to its next operation of that kind; false when it comes to none.
    [[nodiscard]] bool holdAgain()
    {
        const auto before = std::exchange(m_gate, std::make_shared<Gate>());
        m_source->setGate(m_where, m_gate);
        before->open();
        return m_gate->waitForWaiting(1);
    }

    WriteOutcome finish()
    {
        m_source->setGate(m_where, nullptr);
        m_gate->open();
        return m_outcome.get_future().get();
    }

    bool held = false;

private:
    const std::shared_ptr<FaultSource> m_source;
    const SourceOp m_where;
    std::shared_ptr<Gate> m_gate = std::make_shared<Gate>();
    std::promise<WriteOutcome> m_outcome;
};

} // namespace

/// Writes that need more than one journal, their progress, and their cancelling.
class TestDocumentBatches : public QObject {
    Q_OBJECT

private slots:
    void writeAboveTheJournalLimitIsMadeInBatches();
    void failureInALaterBatchKeepsTheRestStaged();
    void undoAcrossBatchesShowsTheOldBytes();
    void progressIsToldWhileAWriteRuns();
    void cancelledWriteIsRolledBack();
    void cancelBetweenBatchesKeepsWhatIsCommitted();
    void cancelWithoutAWriteDoesNothing();
    void foreignChangeUnderEditsOfACancelledWriteIsNoticed_data();
    void foreignChangeUnderEditsOfACancelledWriteIsNoticed();
    void blockSeenHalfWrittenIsNoConflictOnceItIsRolledBack();
    void stagedBytesShowAllTheTimeWhileAFillIsCarriedOver();
    void c14AReadDuringASuspendedCommitSeesTheStagedValue();
    void c14AnEditStagedDuringASuspendedCommitIsKept();
};

void TestDocumentBatches::writeAboveTheJournalLimitIsMadeInBatches()
{
    const auto disk = patternBytes(kSize);
    DocumentFixture fixture(disk, smallJournals());
    const ByteRange range = rangeAt(100, kSize - 200);
    QVERIFY(fixture->stageFill(range, bytesOf({0x77})));
    const WriteOutcome outcome = fixture->commit();
    QVERIFY(outcome);
    QVERIFY(outcome->ranges.size() >= 4);
    std::uint64_t reached = range.begin().value();
    for (const RangeResult &part : outcome->ranges) {
        QCOMPARE(part.fate, RangeFate::Committed);
        QCOMPARE(part.range.begin().value(), reached);
        reached = part.range.end().value();
    }
    QCOMPARE(reached, range.end().value());
    QCOMPARE(outcome->bytesWritten, range.length());
    QCOMPARE(fixture.memory->bytes(), filled(disk, range, std::byte{0x77}));
    QVERIFY(fixture->staged().empty());
}

void TestDocumentBatches::failureInALaterBatchKeepsTheRestStaged()
{
    const auto disk = patternBytes(kSize);
    DocumentFixture fixture(disk, smallJournals());
    const ByteRange range = rangeAt(0, kSize);
    QVERIFY(fixture->stageFill(range, bytesOf({0x77})));
    fixture.source->addBadWriteRange(rangeAt(kSize / 2, 1));
    const WriteOutcome failed = fixture->commit();
    QVERIFY(!failed);
    QCOMPARE(failed.error().code, ErrorCode::Io);
    QVERIFY(failed->imageIntact);
    QVERIFY(failed->ranges.size() >= 3);
    const ByteRange committed(ByteOffset(0), failed->ranges[failed->ranges.size() - 2].range.begin());
    QVERIFY(!committed.empty());
    QCOMPARE(failed->ranges.front().fate, RangeFate::Committed);
    QCOMPARE(failed->ranges[failed->ranges.size() - 2].fate, RangeFate::RolledBack);
    QCOMPARE(failed->ranges.back().fate, RangeFate::Untouched);
    QCOMPARE(failed->ranges.back().range.end().value(), kSize);
    QCOMPARE(failed->bytesWritten, committed.length());
    QCOMPARE(fixture.memory->bytes(), filled(disk, committed, std::byte{0x77}));
    QCOMPARE(fixture->staged().byteCount(), kSize - committed.length());
    QCOMPARE(readBytes(*fixture.document, 0, kSize, Intent::Scan), std::vector<std::byte>(kSize, std::byte{0x77}));

    fixture.source->clearBadRanges();
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), std::vector<std::byte>(kSize, std::byte{0x77}));
}

void TestDocumentBatches::undoAcrossBatchesShowsTheOldBytes()
{
    const auto disk = patternBytes(kSize);
    DocumentFixture fixture(disk, smallJournals());
    QVERIFY(fixture->stageFill(rangeAt(0, kSize), bytesOf({0x77})));
    const WriteOutcome outcome = fixture->commit();
    QVERIFY(outcome);
    QVERIFY(outcome->undoKept);
    QVERIFY(fixture->undo());
    QCOMPARE(readBytes(*fixture.document, 0, kSize, Intent::Scan), disk);
    QCOMPARE(fixture.memory->bytes(), std::vector<std::byte>(kSize, std::byte{0x77}));
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), disk);
}

void TestDocumentBatches::progressIsToldWhileAWriteRuns()
{
    DocumentFixture fixture(patternBytes(kSize), smallJournals());
    QVERIFY(fixture->stageFill(rangeAt(0, kSize), bytesOf({0x77})));
    QVERIFY(!fixture->writeProgress());
    HeldCommit commit(fixture, SourceOp::Sync);
    QVERIFY(commit.held);
    const auto progress = fixture->writeProgress();
    QVERIFY(progress);
    QCOMPARE(progress->phase.load(), WritePhase::Syncing);
    QCOMPARE(progress->batch.load(), 1U);
    QVERIFY(progress->batchCount.load() >= 4);
    const WriteOutcome outcome = commit.finish();
    QVERIFY(outcome);
    QCOMPARE(progress->batch.load(), progress->batchCount.load());
    QCOMPARE(progress->batchCount.load(), outcome->ranges.size());
    QVERIFY(!fixture->writeProgress());
}

void TestDocumentBatches::cancelledWriteIsRolledBack()
{
    const auto disk = patternBytes(kSize);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stageFill(rangeAt(0, kSize), bytesOf({0x77})));
    HeldCommit commit(fixture, SourceOp::Write);
    QVERIFY(commit.held);
    fixture->cancelWrite();
    const WriteOutcome outcome = commit.finish();
    QVERIFY(!outcome);
    QCOMPARE(outcome.error().code, ErrorCode::Cancelled);
    QVERIFY(outcome->imageIntact);
    QCOMPARE(fixture.memory->bytes(), disk);
    QCOMPARE(fixture->staged().byteCount(), kSize);
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), std::vector<std::byte>(kSize, std::byte{0x77}));
}

void TestDocumentBatches::cancelBetweenBatchesKeepsWhatIsCommitted()
{
    const auto disk = patternBytes(kSize);
    DocumentFixture fixture(disk, smallJournals());
    QVERIFY(fixture->stageFill(rangeAt(0, kSize), bytesOf({0x77})));
    // The target is synced once for each batch: the second time the write is cancelled.
    HeldCommit commit(fixture, SourceOp::Sync);
    QVERIFY(commit.held);
    QVERIFY(commit.holdAgain());
    fixture->cancelWrite();
    const WriteOutcome outcome = commit.finish();
    QVERIFY(!outcome);
    QCOMPARE(outcome.error().code, ErrorCode::Cancelled);
    QCOMPARE(outcome->ranges.front().fate, RangeFate::Committed);
    QVERIFY(outcome->ranges.back().fate != RangeFate::Committed);
    QVERIFY(outcome->imageIntact);
    std::uint64_t committed = 0;
    for (const RangeResult &part : outcome->ranges) {
        if (part.fate == RangeFate::Committed)
            committed = part.range.end().value();
    }
    QCOMPARE(fixture.memory->bytes(), filled(disk, rangeAt(0, committed), std::byte{0x77}));
    QCOMPARE(fixture->staged().byteCount(), kSize - committed);
}

void TestDocumentBatches::cancelWithoutAWriteDoesNothing()
{
    DocumentFixture fixture(patternBytes(10'000));
    fixture->cancelWrite();
    QVERIFY(fixture->stage(ByteOffset(5), bytesOf({1})));
    fixture->cancelWrite();
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), with(patternBytes(10'000), 5, bytesOf({1})));
}

void TestDocumentBatches::foreignChangeUnderEditsOfACancelledWriteIsNoticed_data()
{
    QTest::addColumn<std::size_t>("size"); // of what is staged at 4096
    QTest::newRow("bytes, known by themselves") << std::size_t{2};
    QTest::newRow("blocks, known by their hashes") << std::size_t{8192};
}

/// What was seen before the write stays known, also where typing went on beside it.
void TestDocumentBatches::foreignChangeUnderEditsOfACancelledWriteIsNoticed()
{
    QFETCH(std::size_t, size);
    const auto disk = patternBytes(16'384);
    DocumentFixture fixture(disk);
    QVERIFY(readBytes(*fixture.document, 0, disk.size()));
    QVERIFY(fixture->stage(ByteOffset(4096), std::vector<std::byte>(size, std::byte{0x77})));
    HeldCommit commit(fixture, SourceOp::Write);
    QVERIFY(commit.held);
    QVERIFY(fixture->stage(ByteOffset(4097), bytesOf({1, 2, 3})));
    fixture->cancelWrite();
    QCOMPARE(commit.finish().error().code, ErrorCode::Cancelled);
    QCOMPARE(fixture.memory->bytes(), disk);

    const std::vector<std::byte> foreign{disk[4096] ^ std::byte{0xff}};
    const std::span<const std::byte> part(foreign);
    QVERIFY(fixture.memory->writev(ByteOffset(4096), {&part, 1}));
    const WriteOutcome again = fixture->commit();
    QVERIFY2(!again, "another program's change was overwritten unnoticed");
    QCOMPARE(again.error().code, ErrorCode::Changed);
    QCOMPARE(fixture.memory->bytes(), with(disk, 4096, foreign));
}

void TestDocumentBatches::blockSeenHalfWrittenIsNoConflictOnceItIsRolledBack()
{
    const auto disk = patternBytes(16'384);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stage(ByteOffset(4096), bytesOf({1})));
    HeldCommit commit(fixture, SourceOp::Sync);
    QVERIFY(commit.held);
    QVERIFY(readBytes(*fixture.document, 0, disk.size())); // the byte is on the disk now
    const auto pasted = patternBytes(8192, 5);
    QVERIFY(fixture->stage(ByteOffset(4096), pasted));
    fixture->cancelWrite();
    QCOMPARE(commit.finish().error().code, ErrorCode::Cancelled);
    QCOMPARE(fixture.memory->bytes(), disk);
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), with(disk, 4096, pasted));
}

/// All that was written lies under what was staged meanwhile, and is worked through without anybody waiting. The best of some rounds counts, since
/// the machine has other work.
void TestDocumentBatches::stagedBytesShowAllTheTimeWhileAFillIsCarriedOver()
{
    constexpr std::uint64_t kPlaces = 20'000;
    constexpr std::uint64_t kApart = 16;
    DocumentFixture fixture(patternBytes(kPlaces * kApart));
    for (std::uint64_t place = 0; place < kPlaces; ++place)
        QVERIFY(fixture->stage(ByteOffset(place * kApart), bytesOf({1})));
    HeldCommit commit(fixture, SourceOp::Sync);
    QVERIFY(commit.held);
    QVERIFY(fixture->stageFill(rangeAt(0, kPlaces * kApart), bytesOf({2, 3})));
    std::atomic<bool> stop = false;
    std::atomic<std::uint64_t> wrong = 0;
    std::thread viewer([&] {
        while (!stop) {
            const Peeked shown = peek(*fixture.document, 0, 4);
            wrong += shown.all(ByteCondition::Staged) && shown.bytes == bytesOf({2, 3, 2, 3}) ? 0 : 1;
        }
    });
    const WriteOutcome outcome = commit.finish();
    stop = true;
    viewer.join();
    QVERIFY(outcome);
    QCOMPARE(wrong.load(), std::uint64_t{0});
    QCOMPARE(fixture->staged().byteCount(), kPlaces * kApart);
}

void TestDocumentBatches::c14AReadDuringASuspendedCommitSeesTheStagedValue()
{
    const auto disk = patternBytes(10'000);
    for (const SourceOp held : {SourceOp::Read, SourceOp::Write, SourceOp::Sync}) {
        DocumentFixture fixture(disk);
        QVERIFY(readBytes(*fixture.document, 0, 10'000));
        QVERIFY(fixture->stage(ByteOffset(4094), bytesOf({1, 2, 3, 4})));
        HeldCommit commit(fixture, held);
        QVERIFY(commit.held);
        QCOMPARE(readBytes(*fixture.document, 0, 10'000), with(disk, 4094, bytesOf({1, 2, 3, 4})));
        QVERIFY(commit.finish());
    }
}

void TestDocumentBatches::c14AnEditStagedDuringASuspendedCommitIsKept()
{
    const auto disk = patternBytes(10'000);
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stage(ByteOffset(10), bytesOf({1, 2})));
    HeldCommit commit(fixture, SourceOp::Write);
    QVERIFY(commit.held);
    QVERIFY(fixture->stage(ByteOffset(11), bytesOf({8})));
    QVERIFY(fixture->stage(ByteOffset(5'000), bytesOf({9})));
    QVERIFY(commit.finish());
    const auto written = with(disk, 10, bytesOf({1, 2}));
    QCOMPARE(fixture.memory->bytes(), written);
    QCOMPARE(readBytes(*fixture.document, 0, 10'000), with(with(written, 11, bytesOf({8})), 5'000, bytesOf({9})));
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), with(with(written, 11, bytesOf({8})), 5'000, bytesOf({9})));
}

QTEST_GUILESS_MAIN(TestDocumentBatches)
#include "tst_document_batches.moc"
