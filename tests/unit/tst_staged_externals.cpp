// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/edit/file_bytes.h"
#include "cachecore/edit/staged_edits.h"
#include "tests/support/edits.h"
#include "tests/support/manual_executor.h"
#include "tests/support/memory_external.h"
#include "tests/support/temp_dir.h"

#include <QTest>

using namespace cachecore;
using namespace cachet_test;

class TestStagedExternals : public QObject {
    Q_OBJECT

private slots:
    void aHugeImportIsOnePiece();
    void overlayTellsWhatIsNotInMemoryAndReadsNothing();
    void overlayReadingStopsAtTheFirstError();
};

void TestStagedExternals::aHugeImportIsOnePiece()
{
    constexpr std::uint64_t kLength = std::uint64_t{100} << 30;
    const TempDir directory;
    if (!directory.writeSparse("huge", kLength + 4096))
        QSKIP("The file system takes no sparse file of 100 GiB.");
    const auto executor = std::make_shared<ManualExecutor>();
    const auto file = FileBytes::import(systemEnv(), directory.file("huge"), {executor, {}});
    QVERIFY(file);
    const StagedEdits edits = StagedEdits().with(rangeAt(7, kLength), Piece::externalFrom(*file, 100), {});
    QCOMPARE(edits.pieceCount(), 1U);
    QCOMPARE(edits.byteCount(), kLength);
    std::vector<std::byte> bytes(100, std::byte{0xee});
    bool inMemory = true;
    const auto noted = [&inMemory](ByteRange, bool here) { inMemory = here; };
    edits.overlay(ByteOffset(kLength - 50), bytes, noted);
    QVERIFY(!inMemory);
    executor->runAll();
    edits.overlay(ByteOffset(kLength - 50), bytes, noted);
    QVERIFY(inMemory);
    QCOMPARE(bytes[0], std::byte{0});
    QCOMPARE(bytes[99], std::byte{0xee}); // past the piece
}

void TestStagedExternals::overlayTellsWhatIsNotInMemoryAndReadsNothing()
{
    const auto external = std::make_shared<MemoryExternal>(bytesOf({1, 2, 3, 4, 5, 6}), false);
    const StagedEdits edits = StagedEdits()
                                  .with(rangeAt(10, 4), Piece::externalFrom(external, 1), {})
                                  .with(rangeAt(14, 2), literalPiece(bytesOf({8, 9}), 1), {});
    std::vector<std::byte> bytes(8, std::byte{0xee});
    std::vector<std::pair<ByteRange, bool>> told;
    const auto note = [&told](ByteRange range, bool inMemory) { told.emplace_back(range, inMemory); };
    edits.overlay(ByteOffset(9), bytes, note);
    const std::vector<std::pair<ByteRange, bool>> wanted{{rangeAt(10, 4), false}, {rangeAt(14, 2), true}};
    QVERIFY(told == wanted);
    QCOMPARE(bytes[0], std::byte{0xee});
    QCOMPARE(bytes[5], std::byte{8});
    QCOMPARE(external->reads.load(), 0U);
    external->resident = true;
    told.clear();
    edits.overlay(ByteOffset(9), bytes, note);
    QVERIFY(told.front().second);
    QCOMPARE(bytes, bytesOf({0xee, 2, 3, 4, 5, 8, 9, 0xee}));
}

void TestStagedExternals::overlayReadingStopsAtTheFirstError()
{
    const auto good = std::make_shared<MemoryExternal>(bytesOf({1, 2, 3, 4}), false);
    const auto bad = std::make_shared<MemoryExternal>(bytesOf({5, 6, 7, 8}), false);
    bad->failing = true;
    const auto late = std::make_shared<MemoryExternal>(bytesOf({9}), false);
    const StagedEdits edits = StagedEdits()
                                  .with(rangeAt(0, 4), Piece::externalFrom(good, 0), {})
                                  .with(rangeAt(4, 4), Piece::externalFrom(bad, 0), {})
                                  .with(rangeAt(8, 1), Piece::externalFrom(late, 0), {});
    std::vector<std::byte> bytes(9);
    const auto outcome = edits.overlayReading(ByteOffset(0), bytes);
    QVERIFY(!outcome);
    QCOMPARE(outcome.error().code, ErrorCode::Io);
    QCOMPARE(outcome.error().operation, Operation::Import);
    QCOMPARE(late->reads.load(), 0U);
    QVERIFY(edits.overlayReading(ByteOffset(0), std::span(bytes).first(4))); // what does not touch it is read
    QCOMPARE(bytes[3], std::byte{4});
    bad->failing = false;
    QVERIFY(edits.overlayReading(ByteOffset(0), bytes));
    QCOMPARE(bytes, bytesOf({1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

QTEST_GUILESS_MAIN(TestStagedExternals)
#include "tst_staged_externals.moc"
