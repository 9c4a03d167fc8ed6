// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/document_fixture.h"
#include "tests/support/manual_executor.h"

#include <QTest>

#include <atomic>
#include <cerrno>
#include <thread>

using namespace cachecore;
using namespace cachet_test;

/// Writes beside other things that go on: failed ones before them, staging meanwhile, closing, small bounds of the history.
class TestDocumentRewrite : public QObject {
    Q_OBJECT

private slots:
    void failedWriteIsRolledBackWithoutUndo();
    void undoneEditAfterAFailedWriteCanBeCommitted();
    void stagingWhileACommitEndsMakesNoConflict();
    void nothingTypedWhileACommitEndsIsLost();
    void commitNotBegunWhenClosingIsCancelled();
    void oldBytesOfManyPersistsStayInTheBound();
    void undoStepsOneByOneAcrossACommitShowEachState();
    void readBesideInvalidationsIsRight();
};

void TestDocumentRewrite::failedWriteIsRolledBackWithoutUndo()
{
    DocumentOptions options = DocumentFixture::smallPages();
    options.undoBytes = 0;
    const auto disk = patternBytes(16'384);
    DocumentFixture fixture(disk, options);
    QVERIFY(readBytes(*fixture.document, 0, 16'384)); // so that whole blocks are known by their hashes
    const auto staged = patternBytes(12'288, 5);
    QVERIFY(fixture->stage(ByteOffset(0), staged));
    fixture.source->addBadWriteRange(rangeAt(5000, 1));
    const WriteOutcome failed = fixture->commit();
    QVERIFY(!failed);
    QVERIFY(failed->imageIntact);
    QCOMPARE(failed->ranges, (std::vector<RangeResult>{{rangeAt(0, 12'288), RangeFate::RolledBack}}));
    QCOMPARE(fixture.memory->bytes(), disk);
    fixture.source->clearBadRanges();
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), with(disk, 0, staged));
}

void TestDocumentRewrite::undoneEditAfterAFailedWriteCanBeCommitted()
{
    const auto disk = patternBytes(16'384);
    DocumentFixture fixture(disk);
    QVERIFY(readBytes(*fixture.document, 0, 16'384));
    const auto first = patternBytes(8'192, 5);
    QVERIFY(fixture->stage(ByteOffset(0), first));
    QVERIFY(fixture->stage(ByteOffset(0), patternBytes(8'192, 6)));
    fixture.source->addBadWriteRange(rangeAt(5000, 1));
    QVERIFY(!fixture->commit());
    QCOMPARE(fixture.memory->bytes(), disk);
    fixture.source->clearBadRanges();
    QVERIFY(fixture->undo());
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), with(disk, 0, first));
}

void TestDocumentRewrite::stagingWhileACommitEndsMakesNoConflict()
{
    DocumentFixture fixture(patternBytes(10'000));
    QVERIFY(readBytes(*fixture.document, 0, 10'000));
    std::atomic<bool> stop = false;
    std::thread typist([&] {
        for (int i = 0; !stop; ++i)
            (void)fixture->stage(ByteOffset(100), std::vector<std::byte>(2000, static_cast<std::byte>(i)));
    });
    WriteOutcome report;
    for (int i = 0; i < 200 && report; ++i)
        report = fixture->commit();
    stop = true;
    typist.join();
    QVERIFY2(report, "a commit met its own bytes as foreign ones");
    QVERIFY(fixture->commit());
    QVERIFY(fixture->staged().empty());
}

void TestDocumentRewrite::nothingTypedWhileACommitEndsIsLost()
{
    // Many places are written, so that carrying the edits over takes its time, and all typing is in one block.
    constexpr std::uint64_t kPlaces = 4'000;
    constexpr std::uint64_t kBlock = 4096;
    DocumentFixture fixture(patternBytes((kPlaces + 1) * kBlock));
    std::vector<std::byte> typed = patternBytes(kBlock);
    for (int round = 0; round < 15; ++round) {
        const auto byte = static_cast<std::byte>(round);
        for (std::uint64_t place = 1; place <= kPlaces; ++place)
            QVERIFY(fixture->stage(ByteOffset(place * kBlock), {&byte, 1}));
        std::atomic<bool> stop = false;
        std::atomic<std::uint64_t> refused = 0;
        std::thread typist([&] {
            for (std::size_t i = 0; !stop; ++i) {
                std::byte &there = typed[i % kBlock];
                there = static_cast<std::byte>(std::to_integer<unsigned>(there) + 1);
                refused += fixture->stage(ByteOffset(i % kBlock), {&there, 1}) ? 0U : 1U;
            }
        });
        const WriteOutcome outcome = fixture->commit();
        stop = true;
        typist.join();
        QVERIFY(outcome);
        QCOMPARE(refused.load(), std::uint64_t{0});
        QCOMPARE(readBytes(*fixture.document, 0, kBlock), typed);
    }
    QVERIFY(fixture->commit());
    const std::vector<std::byte> disk = fixture.memory->bytes();
    QVERIFY(std::equal(typed.begin(), typed.end(), disk.begin()));
}

void TestDocumentRewrite::commitNotBegunWhenClosingIsCancelled()
{
    const auto disk = patternBytes(10'000);
    const auto memory = std::make_shared<MemorySource>(disk);
    const auto writes = std::make_shared<ManualExecutor>();
    const auto document = *Document::create(memory, DocumentFixture::smallPages(),
                                            {std::make_shared<ManualExecutor>(), writes}, systemEnv());
    QVERIFY(document->stage(ByteOffset(5), bytesOf({1})));
    std::optional<WriteOutcome> done;
    QVERIFY(document->startCommit([&](WriteOutcome report) { done = std::move(report); }));
    QVERIFY(!document->close(std::chrono::milliseconds(0)).abandonedWrite);
    writes->runAll();
    QVERIFY(done);
    QVERIFY(!*done);
    QCOMPARE(done->error().code, ErrorCode::Closed);
    QCOMPARE(memory->bytes(), disk);
    QCOMPARE(document->staged().byteCount(), 1U);
}

void TestDocumentRewrite::oldBytesOfManyPersistsStayInTheBound()
{
    DocumentOptions options = DocumentFixture::smallPages();
    options.undoBytes = 10'000;
    DocumentFixture fixture(patternBytes(60'000), options);
    QVERIFY(fixture->stageFill(rangeAt(0, 60'000), bytesOf({0})));
    QVERIFY(fixture->persist(rangeAt(0, 6'000))->undoKept);
    QVERIFY(!fixture->historyWasCut());
    QVERIFY(!fixture->persist(rangeAt(6'000, 6'000))->undoKept);
    QVERIFY(fixture->historyWasCut());
    QVERIFY(!fixture->undoStep());
    QCOMPARE(readBytes(*fixture.document, 0, 60'000), std::vector<std::byte>(60'000));
    QCOMPARE(fixture->staged().byteCount(), 48'000U);
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), std::vector<std::byte>(60'000));
}

void TestDocumentRewrite::undoStepsOneByOneAcrossACommitShowEachState()
{
    const auto disk = patternBytes(40'000);
    DocumentFixture fixture(disk);
    QVERIFY(readBytes(*fixture.document, 0, 20'000)); // half known by hashes, half not
    std::vector<std::vector<std::byte>> states{disk};
    for (std::uint64_t i = 0; i < 40; ++i) {
        const std::uint64_t at = (i * 7919) % 30'000;
        const auto bytes = patternBytes(1 + (i * 977) % 9'000, i);
        QVERIFY(fixture->stage(ByteOffset(at), bytes));
        states.push_back(with(states.back(), at, bytes));
        if (i % 8 == 5)
            QVERIFY(fixture->persist(rangeAt(at / 2, 9'000)));
        if (i % 16 == 11)
            QVERIFY(fixture->commit());
    }
    QVERIFY(fixture->commit());
    for (std::size_t i = states.size(); i-- > 0;) {
        QCOMPARE(readBytes(*fixture.document, 0, 40'000), states[i]);
        QVERIFY(fixture->staged().invariantsHold());
        if (i % 9 == 4) {
            QVERIFY(fixture->commit());
            QCOMPARE(fixture.memory->bytes(), states[i]);
        }
        QVERIFY(fixture->undo());
    }
    for (const auto &state : states) {
        QCOMPARE(readBytes(*fixture.document, 0, 40'000), state);
        QVERIFY(fixture->redo());
    }
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), states.back());
}

void TestDocumentRewrite::readBesideInvalidationsIsRight()
{
    const auto disk = patternBytes(200'000);
    DocumentFixture fixture(disk);
    std::atomic<bool> stop = false;
    std::thread reloader([&] {
        while (!stop)
            fixture->reload();
    });
    bool right = true;
    for (std::uint64_t i = 0; i < 300 && right; ++i) {
        const std::uint64_t at = (i * 7919) % 150'000;
        fixture->setViewport(rangeAt(at, 20'000), Intent::Scroll);
        right = readBytes(*fixture.document, at, 5'000)
            == std::vector<std::byte>(disk.begin() + static_cast<std::ptrdiff_t>(at),
                                      disk.begin() + static_cast<std::ptrdiff_t>(at + 5'000));
    }
    stop = true;
    reloader.join();
    QVERIFY(right);
}

QTEST_GUILESS_MAIN(TestDocumentRewrite)
#include "tst_document_rewrite.moc"
