// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/counted_memory.h"
#include "tests/support/document_fixture.h"
#include "tests/support/manual_executor.h"

#include <QTest>

#include <new>
#include <optional>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::size_t kSize = 6 * 4096 + 700;
constexpr std::uint64_t kMostAllocations = 20'000;

/// A document with three steps staged, the last one while the write already waits, and every state it went through. What writes runs on
/// the test's own thread, whose memory can be made to run out.
struct Scene {
    explicit Scene(bool batches)
    {
        DocumentOptions options = DocumentFixture::smallPages();
        if (batches)
            options.journalLimit = 12'000;
        auto created = Document::create(source, options, {loads, writes, {}}, systemEnv());
        if (!created)
            return;
        document = *created;
        states.push_back(bytes()); // all of it is in the cache, so that bases are seen
        (void)document->stage(ByteOffset(4093), bytesOf({1, 2, 3, 4, 5, 6}));
        states.push_back(bytes());
        (void)document->stageFill(rangeAt(4 * 4096 + 500, 600), bytesOf({0xde, 0xad}));
        states.push_back(bytes());
        started = document->startCommit([this](WriteOutcome end) { outcome = std::move(end); }).has_value();
        (void)document->stage(ByteOffset(4095), bytesOf({9, 9}));
        states.push_back(bytes());
    }
    [[nodiscard]] std::vector<std::byte> bytes() const
    {
        return readBytes(*document, 0, kSize).value_or(std::vector<std::byte>());
    }
    /// Runs the write with allocations failing from number `nth` on, `failing` of them. Returns whether one failed.
    bool runFailing(std::uint64_t nth, std::uint64_t failing)
    {
        memory::failAfter(nth, failing);
        try {
            while (writes->runOne()) { }
        } catch (const std::bad_alloc &) {
            threw = true;
        }
        return memory::stopFailing();
    }
    /// Commits without want of memory.
    [[nodiscard]] bool commit()
    {
        outcome.reset();
        if (!document->startCommit([this](WriteOutcome end) { outcome = std::move(end); }))
            return false;
        writes->runAll();
        return outcome && outcome->succeeded();
    }

    std::shared_ptr<MemorySource> source = std::make_shared<MemorySource>(patternBytes(kSize, 1));
    std::shared_ptr<ThreadExecutor> loads = std::make_shared<ThreadExecutor>(1);
    std::shared_ptr<ManualExecutor> writes = std::make_shared<ManualExecutor>();
    std::shared_ptr<Document> document;
    std::vector<std::vector<std::byte>> states;
    std::optional<WriteOutcome> outcome;
    bool started = false;
    bool threw = false;
};

} // namespace

/// What a document says of itself when memory runs out during a write and after it.
class TestDocumentCommitMemory : public QObject {
    Q_OBJECT

private slots:
    void undoingNeverShowsAStateThatNeverWas_data();
    void undoingNeverShowsAStateThatNeverWas();

private:
    void reportIsTrue(Scene &scene);
    void statesAreReachedOrGivenUp(Scene &scene);
    void nextWriteMeetsNothingForeign(Scene &scene);
};

void TestDocumentCommitMemory::undoingNeverShowsAStateThatNeverWas_data()
{
    QTest::addColumn<bool>("forGood");
    QTest::addColumn<bool>("batches");
    QTest::newRow("once") << false << false;
    QTest::newRow("for good") << true << false;
    QTest::newRow("once, in batches") << false << true;
    QTest::newRow("for good, in batches") << true << true;
}

void TestDocumentCommitMemory::undoingNeverShowsAStateThatNeverWas()
{
    QFETCH(bool, forGood);
    QFETCH(bool, batches);
    bool failed = true;
    std::uint64_t committedButFailed = 0;
    for (std::uint64_t nth = 0; failed; ++nth) {
        QVERIFY(nth < kMostAllocations);
        Scene scene(batches);
        QVERIFY(scene.started);
        failed = scene.runFailing(nth, forGood ? memory::kForGood : 1);
        QVERIFY(!scene.threw);
        QVERIFY(scene.outcome.has_value());
        QVERIFY(scene.bytes() == scene.states.back());
        committedButFailed += failed && (*scene.outcome)->bytesWritten > 0 ? 1 : 0;
        reportIsTrue(scene);
        if (scene.document->unsettled().empty()) {
            statesAreReachedOrGivenUp(scene);
            nextWriteMeetsNothingForeign(scene);
        }
        if (QTest::currentTestFailed()) {
            qWarning("allocation %llu", static_cast<unsigned long long>(nth));
            return;
        }
    }
    QVERIFY(committedButFailed > 0); // memory ran out also after something was on the disk
}

/// What is said to be committed is on the disk, and nothing else.
void TestDocumentCommitMemory::reportIsTrue(Scene &scene)
{
    const WriteReport &report = **scene.outcome;
    if (scene.outcome->succeeded())
        QVERIFY(scene.source->bytes() == scene.states[2]);
    std::uint64_t written = 0;
    std::vector<std::byte> expected = scene.states[0];
    for (const RangeResult &result : report.ranges) {
        if (result.fate != RangeFate::Committed)
            continue;
        for (std::uint64_t at = result.range.begin().value(); at < result.range.end().value(); ++at) {
            const auto index = static_cast<std::size_t>(at);
            expected[index] = scene.states[2][index];
        }
    }
    if (report.imageIntact)
        QVERIFY(scene.source->bytes() == expected);
    for (const RangeResult &result : report.ranges)
        written += result.fate == RangeFate::Committed ? 1 : 0;
    QCOMPARE(written > 0, report.bytesWritten > 0);
}

/// Going back shows the states one after the other, as far as it goes; where that is not to the first, it was said.
void TestDocumentCommitMemory::statesAreReachedOrGivenUp(Scene &scene)
{
    std::size_t state = scene.states.size() - 1;
    while (state > 0 && scene.document->undoStep()) {
        QVERIFY(scene.document->undo());
        --state;
        QVERIFY2(scene.bytes() == scene.states[state], std::to_string(state).c_str());
    }
    QVERIFY(!scene.document->undoStep());
    if (state > 0)
        QVERIFY(scene.document->historyWasCut() && !(*scene.outcome)->undoKept);
    while (scene.document->redoStep()) {
        QVERIFY(scene.document->redo());
        ++state;
        QVERIFY2(scene.bytes() == scene.states[state], std::to_string(state).c_str());
    }
    QCOMPARE(state, scene.states.size() - 1);
}

void TestDocumentCommitMemory::nextWriteMeetsNothingForeign(Scene &scene)
{
    QVERIFY(scene.document->stage(ByteOffset(4090), bytesOf({7, 7, 7, 7, 7, 7, 7, 7})).has_value());
    const std::vector<std::byte> wanted = scene.bytes();
    QVERIFY(scene.commit());
    QVERIFY(scene.source->bytes() == wanted);
    QVERIFY(scene.bytes() == wanted);
    QVERIFY(scene.document->staged().empty());
}

QTEST_GUILESS_MAIN(TestDocumentCommitMemory)
#include "tst_document_commit_memory.moc"
