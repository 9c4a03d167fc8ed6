// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/document_fixture.h"
#include "tests/support/gate.h"

#include <QElapsedTimer>
#include <QTest>

#include <atomic>
#include <cerrno>
#include <future>
#include <thread>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

/// Far more than any wait asked for here: a close that takes this long hangs.
constexpr int kHungMs = 15'000;

} // namespace

class TestDocumentClose : public QObject {
    Q_OBJECT

private slots:
    void closeComesBackWhileAReadHangs();
    void closeComesBackWhileACommitHangs();
    void destroyingWithAHungReadIsHarmless();
    void waitingReaderReturnsClosed();
    void everyCallAfterCloseSaysClosed();
    void closeTwiceIsHarmless();
    void stopTokenEndsAWaitingRead();
    void nothingBlocksBesideAHungSource();
    void executorThatRefusesWorkIsAnError();
};

void TestDocumentClose::closeComesBackWhileAReadHangs()
{
    const auto gate = std::make_shared<Gate>();
    DocumentFixture fixture(patternBytes(1 << 20));
    fixture.source->setGate(SourceOp::Read, gate);
    fixture->setViewport(rangeAt(0, 10'000), Intent::Jump);
    QVERIFY(gate->waitForWaiting(1));
    QElapsedTimer timer;
    timer.start();
    const CloseOutcome outcome = fixture->close(50ms);
    QVERIFY(timer.elapsed() < kHungMs);
    QVERIFY(outcome.abandonedReads >= 1);
    QVERIFY(!outcome.abandonedWrite);
    gate->open();
    QTRY_COMPARE(fixture.source->readsInFlight(), 0U);
}

void TestDocumentClose::closeComesBackWhileACommitHangs()
{
    for (const SourceOp operation : {SourceOp::Read, SourceOp::Write, SourceOp::Sync}) {
        const auto gate = std::make_shared<Gate>();
        DocumentFixture fixture(patternBytes(10'000));
        QVERIFY(fixture->stage(ByteOffset(5), bytesOf({1})));
        fixture.source->setGate(operation, gate);
        std::promise<void> ended;
        QVERIFY(fixture->startCommit([&](WriteOutcome) { ended.set_value(); }));
        QVERIFY(gate->waitForWaiting(1));
        QElapsedTimer timer;
        timer.start();
        const CloseOutcome outcome = fixture->close(50ms);
        QVERIFY(timer.elapsed() < kHungMs);
        QVERIFY(outcome.abandonedWrite);
        gate->open();
        QVERIFY(ended.get_future().wait_for(20s) == std::future_status::ready);
    }
}

void TestDocumentClose::destroyingWithAHungReadIsHarmless()
{
    const auto gate = std::make_shared<Gate>();
    DocumentFixture fixture(patternBytes(1 << 20));
    fixture.source->setGate(SourceOp::Read, gate);
    fixture->setViewport(rangeAt(0, 500'000), Intent::Jump);
    QVERIFY(gate->waitForWaiting(1));
    std::weak_ptr<Document> gone = fixture.document;
    fixture.document.reset();
    QVERIFY(gone.expired());
    gate->open();
    QTRY_COMPARE(fixture.source->readsInFlight(), 0U);
    QVERIFY(fixture.loads->shutDown(20s));
}

void TestDocumentClose::waitingReaderReturnsClosed()
{
    const auto gate = std::make_shared<Gate>();
    DocumentFixture fixture(patternBytes(10'000));
    fixture.source->setGate(SourceOp::Read, gate);
    auto read = std::async(std::launch::async, [document = fixture.document] {
        std::vector<std::byte> bytes(100);
        return document->read(ByteOffset(0), bytes);
    });
    QVERIFY(gate->waitForWaiting(1));
    fixture->close(0ms);
    QVERIFY(read.wait_for(20s) == std::future_status::ready);
    const auto result = read.get();
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::Closed);
    gate->open();
}

void TestDocumentClose::everyCallAfterCloseSaysClosed()
{
    DocumentFixture fixture(patternBytes(10'000));
    QVERIFY(fixture->stage(ByteOffset(5), bytesOf({1})));
    QVERIFY(readBytes(*fixture.document, 0, 4096)); // cached bytes are not given either
    const CloseOutcome outcome = fixture->close(5s);
    QCOMPARE(outcome.abandonedReads, 0U);
    QVERIFY(!outcome.abandonedWrite);
    std::vector<std::byte> bytes(10);
    QCOMPARE(fixture->read(ByteOffset(0), bytes).error().code, ErrorCode::Closed);
    QCOMPARE(fixture->stage(ByteOffset(0), bytes).error().code, ErrorCode::Closed);
    QCOMPARE(fixture->stageFill(rangeAt(0, 9), bytes).error().code, ErrorCode::Closed);
    QCOMPARE(fixture->discard(rangeAt(0, 9)).error().code, ErrorCode::Closed);
    QCOMPARE(fixture->undo().error().code, ErrorCode::Closed);
    QCOMPARE(fixture->redo().error().code, ErrorCode::Closed);
    QCOMPARE(fixture->commit().error().code, ErrorCode::Closed);
    QCOMPARE(fixture->persist(rangeAt(0, 9)).error().code, ErrorCode::Closed);
    QCOMPARE(fixture->refreshSize().error().code, ErrorCode::Closed);
    fixture.source->clearLogs();
    fixture->setViewport(rangeAt(0, 10'000), Intent::Jump);
    fixture->reload();
    QVERIFY(fixture.loads->shutDown(20s));
    QCOMPARE(fixture.source->count(SourceOp::Read), 0U);
}

void TestDocumentClose::closeTwiceIsHarmless()
{
    DocumentFixture fixture(patternBytes(10'000));
    fixture->close(1s);
    QCOMPARE(fixture->close(1s).abandonedReads, 0U);
}

void TestDocumentClose::stopTokenEndsAWaitingRead()
{
    const auto gate = std::make_shared<Gate>();
    DocumentFixture fixture(patternBytes(10'000));
    fixture.source->setGate(SourceOp::Read, gate);
    std::stop_source stop;
    auto read = std::async(std::launch::async, [document = fixture.document, token = stop.get_token()] {
        std::vector<std::byte> bytes(100, std::byte{7});
        auto result = document->read(ByteOffset(0), bytes, Intent::Jump, token);
        return std::pair(std::move(result), bytes);
    });
    QVERIFY(gate->waitForWaiting(1));
    stop.request_stop();
    QVERIFY(read.wait_for(20s) == std::future_status::ready);
    const auto [result, bytes] = read.get();
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::Cancelled);
    QCOMPARE(bytes, std::vector<std::byte>(100, std::byte{7}));
    gate->open();
    QTRY_VERIFY(peek(*fixture.document, 0, 100).all(ByteCondition::Loaded));
}

void TestDocumentClose::nothingBlocksBesideAHungSource()
{
    const auto gate = std::make_shared<Gate>();
    DocumentFixture fixture(patternBytes(1 << 20));
    for (int op = 0; op < static_cast<int>(SourceOp::Count_); ++op)
        fixture.source->setGate(static_cast<SourceOp>(op), gate);
    auto work = std::async(std::launch::async, [&] {
        bool fine = true;
        for (std::uint64_t at = 0; at + 70'000 < (1 << 20); at += 65'536) {
            fixture->setViewport(rangeAt(at, 65'536), Intent::Scroll);
            fine = fine && peek(*fixture.document, at, 100).all(ByteCondition::NotLoaded)
                && fixture->stage(ByteOffset(at + 200), bytesOf({1, 2}));
        }
        fine = fine && fixture->undo() && fixture->discard(rangeAt(0, 100'000)) && fixture->undo();
        fixture->reload();
        fixture->setCacheBudget(2 << 20);
        return fine && fixture->startCommit([](WriteOutcome) { }) && fixture->writing()
            && fixture->stage(ByteOffset(7), bytesOf({1})) && fixture->statistics().budgetBytes == (2 << 20);
    });
    const bool ended = work.wait_for(20s) == std::future_status::ready;
    if (!ended)
        gate->open();
    QVERIFY(work.get());
    QVERIFY(ended);
    fixture->close(0ms);
    gate->open();
}

void TestDocumentClose::executorThatRefusesWorkIsAnError()
{
    DocumentFixture fixture(patternBytes(10'000));
    QVERIFY(fixture->stage(ByteOffset(5), bytesOf({1})));
    QVERIFY(fixture.loads->shutDown(5s));
    QVERIFY(fixture.writes->shutDown(5s));
    auto read = std::async(std::launch::async, [document = fixture.document] {
        std::vector<std::byte> bytes(100);
        return document->read(ByteOffset(0), bytes).has_value();
    });
    const bool ended = read.wait_for(20s) == std::future_status::ready;
    if (!ended)
        fixture->close(0ms);
    QVERIFY(!read.get());
    QVERIFY(ended);
    QVERIFY(!fixture->commit());
    QVERIFY(!fixture->writing());
    QCOMPARE(fixture->staged().byteCount(), 1U);
}

QTEST_GUILESS_MAIN(TestDocumentClose)
#include "tst_document_close.moc"
