// SPDX-License-Identifier: GPL-3.0-or-later
// Staging without memory: the Nth allocation fails, N counted up until a run is clean, and nothing is ever lost. This program's
// operators new are counted_memory.cpp's.
#include "cachecore/edit/edit_history.h"
#include "cachecore/edit/file_bytes.h"
#include "tests/support/act_rows.h"
#include "tests/support/counted_memory.h"
#include "tests/support/document_fixture.h"
#include "tests/support/endless_source.h"
#include "tests/support/manual_executor.h"
#include "tests/support/memory_external.h"

#include <QTest>

#include <array>
#include <functional>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Bytes = std::vector<std::byte>;
constexpr std::uint64_t kSize = 3 * 4096;
/// More allocations than anything here makes: a run that still fails then never ends.
constexpr std::uint64_t kMostAllocations = 10'000;

Piece pieceOf(int kind, std::uint64_t length)
{
    switch (kind) {
    case 0:
        return literalPiece(Bytes(length, std::byte{1}), Piece::newStamp());
    case 1:
        return patternPiece(bytesOf({2, 3, 4}), Piece::newStamp());
    case 2:
        return Piece::generatedBy({Generator::Kind::Increment, 2, 5, 7});
    default:
        return Piece::externalFrom(std::make_shared<MemoryExternal>(Bytes(length, std::byte{5})), 0);
    }
}

void push(EditHistory &history, ByteRange range, int kind, EditKind step = EditKind::Set)
{
    Piece piece = pieceOf(kind, range.length());
    history.push(history.current().with(range, std::move(piece), {}), {step, range}, range.length(), false);
}

/// What is staged now, to be written to a disk full of zeros.
EpochChange changeOf(const StagedEdits &written)
{
    EpochChange change;
    change.written = written;
    written.forEachPiece(ByteRange::whole(kSize), [&change](ByteRange range, const Piece &) {
        change.oldBytes = change.oldBytes.with(range, literalPiece(Bytes(range.length()), 0));
        return true;
    });
    return change;
}

/// A history with edits of every kind, a write in the middle of it, and something to undo and redo on both sides.
EditHistory filledHistory(const EditHistory::Bounds &bounds = {})
{
    EditHistory history(bounds);
    for (int i = 0; i < 12; ++i)
        push(history, rangeAt(static_cast<std::uint64_t>(i) * 700, 1000), i % 4);
    EpochChange change = changeOf(history.current());
    StagedEdits carried = carriedOver(history.current(), change);
    (void)history.beginEpoch(std::move(change), std::move(carried));
    push(history, rangeAt(500, 3000), 1);
    push(history, rangeAt(4000, 10), 0);
    (void)history.undo();
    return history;
}

Bytes staged(const StagedEdits &edits)
{
    Bytes bytes(kSize, std::byte{0xee});
    edits.overlay(ByteOffset(0), bytes);
    return bytes;
}

struct Act {
    const char *name;
    std::function<void(EditHistory &)> run;
};

std::vector<Act> acts()
{
    std::vector<Act> all;
    constexpr std::array kNames{"literal", "pattern", "generated", "external"};
    for (int kind = 0; kind < 4; ++kind)
        all.push_back({kNames[static_cast<std::size_t>(kind)],
                       [kind](EditHistory &history) { push(history, rangeAt(600, 2000), kind); }});
    all.push_back({"discard", [](EditHistory &history) {
                       const ByteRange range = rangeAt(700, 900);
                       history.push(history.current().without(range), {EditKind::Discard, range}, 0, false);
                   }});
    all.push_back({"undo", [](EditHistory &history) { (void)history.undo(); }});
    all.push_back({"undo across the write", [](EditHistory &history) {
                       (void)history.undo();
                       (void)history.undo();
                   }});
    all.push_back({"redo", [](EditHistory &history) { (void)history.redo(); }});
    all.push_back({"write", [](EditHistory &history) {
                       EpochChange change = changeOf(history.current());
                       StagedEdits carried = carriedOver(history.current(), change);
                       (void)history.beginEpoch(std::move(change), std::move(carried));
                   }});
    return all;
}

/// Stages by the document's own functions; index below kDocumentActs. Allocates nothing itself.
constexpr int kDocumentActs = 7;
const Bytes kManyBytes(5000, std::byte{1});
constexpr std::array kPattern{std::byte{1}, std::byte{2}, std::byte{3}};

Result<void> actOn(Document &document, int act, const std::shared_ptr<const ExternalBytes> &file)
{
    switch (act) {
    case 0:
        return document.stage(ByteOffset(600), kManyBytes, EditKind::Paste);
    case 1:
        return document.stageFill(rangeAt(600, 2000), kPattern);
    case 2:
        return document.stageGenerated(rangeAt(600, 2000), {});
    case 3:
        return document.stageImport(ByteOffset(600), file, 1, 2000);
    case 4:
        return document.discard(rangeAt(100, 100));
    case 5:
        return document.undo();
    default:
        return document.redo();
    }
}

} // namespace

class TestStagingMemory : public QObject {
    Q_OBJECT

private slots:
    void historiesSurviveEachFailingAllocation_data() { addActRows(acts()); }
    void historiesSurviveEachFailingAllocation();
    void documentsSurviveEachFailingAllocation_data();
    void documentsSurviveEachFailingAllocation();
    void externalBytesSurviveEachFailingAllocation();
    void aTebibyteFillCostsLessThanAKibibyte();
    void aMillionOverwritesLeaveNoTrace();
};

void TestStagingMemory::historiesSurviveEachFailingAllocation()
{
    QFETCH(int, act);
    QFETCH(bool, forGood);
    const auto run = acts()[static_cast<std::size_t>(act)].run;
    EditHistory unharmed = filledHistory();
    run(unharmed);
    std::uint64_t n = 0;
    for (bool failed = true; failed; ++n) {
        QVERIFY(n < kMostAllocations);
        EditHistory history = filledHistory();
        const Bytes before = staged(history.current());
        bool thrown = false;
        memory::failAfter(n, forGood ? memory::kForGood : 1);
        try {
            run(history);
        } catch (const std::bad_alloc &) {
            thrown = true;
        }
        failed = memory::stopFailing();
        QCOMPARE(thrown, failed);
        QVERIFY2(history.invariantsHold(), qPrintable(QString("after allocation %1").arg(n)));
        QVERIFY(history.current().invariantsHold());
        if (thrown && !(act == 6)) // which is two steps, the first of which may stand
            QCOMPARE(staged(history.current()), before);
        if (thrown && act == 6 && staged(history.current()) == before)
            run(history);
        else if (thrown && act == 6)
            (void)history.undo();
        else if (thrown)
            run(history);
        QCOMPARE(staged(history.current()), staged(unharmed.current()));
        QVERIFY(history.invariantsHold());
    }
    QVERIFY(n > 1 || act == 5 || act == 7); // a step back or forth inside one epoch needs no memory
}

void TestStagingMemory::documentsSurviveEachFailingAllocation_data()
{
    QTest::addColumn<int>("act");
    QTest::addColumn<bool>("loaded");
    constexpr std::array<const char *, kDocumentActs> kNames{"bytes",   "fill", "generated", "import",
                                                             "discard", "undo", "redo"};
    for (int act = 0; act < kDocumentActs; ++act) {
        QTest::addRow("%s, on what is loaded", kNames[static_cast<std::size_t>(act)]) << act << true;
        QTest::addRow("%s, on what is not", kNames[static_cast<std::size_t>(act)]) << act << false;
    }
}

void TestStagingMemory::documentsSurviveEachFailingAllocation()
{
    QFETCH(int, act);
    QFETCH(bool, loaded);
    const std::shared_ptr<const ExternalBytes> file = std::make_shared<MemoryExternal>(Bytes(4000, std::byte{6}));
    std::uint64_t n = 0;
    for (bool failed = true; failed; ++n) {
        QVERIFY(n < kMostAllocations);
        DocumentFixture fixture(patternBytes(kSize));
        if (loaded)
            QVERIFY(readBytes(*fixture.document, 0, kSize));
        QVERIFY(fixture->stage(ByteOffset(90), bytesOf({1, 2, 3})));
        QVERIFY(fixture->stageFill(rangeAt(150, 4000), bytesOf({7, 8})));
        QVERIFY(fixture->stage(ByteOffset(120), bytesOf({4})));
        QVERIFY(fixture->undo());
        const Bytes before = staged(fixture->staged());
        memory::failAfter(n, 1);
        const auto outcome = actOn(*fixture.document, act, file);
        failed = memory::stopFailing();
        QCOMPARE(outcome.has_value(), !failed);
        if (failed) {
            QCOMPARE(outcome.error().code, ErrorCode::OutOfMemory);
            QCOMPARE(outcome.error().operation, Operation::Stage);
            QCOMPARE(staged(fixture->staged()), before);
            QVERIFY(actOn(*fixture.document, act, file));
        }
        QVERIFY(staged(fixture->staged()) != before);
        QVERIFY(fixture->staged().invariantsHold());
    }
    QVERIFY(n > 1 || act >= 5);
}

void TestStagingMemory::externalBytesSurviveEachFailingAllocation()
{
    const TempDir directory;
    const Bytes content = patternBytes(3 * FileBytes::kBlock);
    const std::string path = directory.write("file", content);
    std::uint64_t n = 0;
    for (bool failed = true; failed; ++n) {
        QVERIFY(n < kMostAllocations);
        const auto executor = std::make_shared<ManualExecutor>();
        memory::failAfter(n, 1);
        auto file = FileBytes::import(systemEnv(), path, {executor, {}});
        failed = memory::stopFailing();
        QCOMPARE(file.has_value(), !failed);
        if (!file) {
            QCOMPARE(file.error().code, ErrorCode::OutOfMemory);
            continue;
        }
        // Peeks and loads that run out of memory answer "not here" and can be repeated; reads say so.
        Bytes bytes(10);
        std::uint64_t m = 0;
        for (bool refused = true; refused; ++m) {
            QVERIFY(m < kMostAllocations);
            auto fresh = FileBytes::import(systemEnv(), path, {executor, {}});
            QVERIFY(fresh);
            memory::failAfter(m, 1);
            const bool there = (*fresh)->peek(5, bytes);
            executor->runAll();
            const auto read = (*fresh)->read(FileBytes::kBlock, bytes);
            refused = memory::stopFailing();
            QVERIFY(!there);
            QVERIFY(read || read.error().code == ErrorCode::OutOfMemory);
            QVERIFY((*fresh)->read(5, bytes));
            QVERIFY((*fresh)->peek(5, bytes));
            QVERIFY(std::ranges::equal(bytes, std::span(content).subspan(5, 10)));
        }
        QVERIFY(m > 1);
    }
    QVERIFY(n > 1);
}

void TestStagingMemory::aTebibyteFillCostsLessThanAKibibyte()
{
    constexpr std::uint64_t kTiB = std::uint64_t{1} << 40;
    const auto source = std::make_shared<EndlessSource>(4 * kTiB);
    const auto pool = std::make_shared<ThreadExecutor>(1);
    const auto document = Document::create(source, DocumentFixture::smallPages(), {pool, pool}, systemEnv());
    QVERIFY(document);
    const std::int64_t before = memory::liveBytes();
    QVERIFY((*document)->stageFill(rangeAt(12345, kTiB), bytesOf({1, 2, 3})));
    const std::int64_t cost = memory::liveBytes() - before;
    QVERIFY2(cost < 1024, qPrintable(QString("%1 bytes").arg(cost)));
    QCOMPARE((*document)->staged().pieceCount(), 1U);
    QCOMPARE((*document)->staged().byteCount(), kTiB);
    QVERIFY((*document)->undo());
    QVERIFY((*document)->staged().empty());
    QVERIFY((*document)->redo());
    QCOMPARE((*document)->staged().byteCount(), kTiB);
}

void TestStagingMemory::aMillionOverwritesLeaveNoTrace()
{
    EditHistory history({.steps = 1000});
    const auto overwrite = [&history](int times) {
        for (int i = 0; i < times; ++i)
            push(history, rangeAt(7, 1), 0);
    };
    overwrite(2000);
    const std::int64_t full = memory::liveBytes();
    overwrite(1'000'000);
    QVERIFY2(memory::liveBytes() < full + 4096, qPrintable(QString::number(memory::liveBytes() - full)));
    QCOMPARE(history.current().pieceCount(), 1U);
}

QTEST_GUILESS_MAIN(TestStagingMemory)
#include "tst_staging_memory.moc"
