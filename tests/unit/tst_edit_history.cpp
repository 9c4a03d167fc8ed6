// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/edit/edit_history.h"
#include "tests/support/edits.h"
#include "tests/support/memory_external.h"
#include "tests/support/random.h"

#include <QTest>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kSize = 300;
using Bytes = std::vector<std::byte>;

Bytes visible(const EditHistory &history, const Bytes &disk)
{
    Bytes bytes = disk;
    history.current().overlay(ByteOffset(0), bytes);
    return bytes;
}

void stagePiece(EditHistory &history, ByteRange range, Piece piece, EditKind kind = EditKind::Set, bool join = false)
{
    const std::uint64_t payload = piece.payload();
    piece.stamp = Piece::newStamp();
    history.push(history.current().with(range, std::move(piece), {}), {kind, range}, payload, join);
}

void stage(EditHistory &history, ByteRange range, Bytes bytes, bool repeats, EditKind kind = EditKind::Set,
           bool join = false)
{
    stagePiece(history, range,
               repeats ? Piece::patternOf(shared(std::move(bytes))) : Piece::literalOf(shared(std::move(bytes))), kind,
               join);
}

Piece randomPiece(Random &random, std::uint64_t length)
{
    switch (random.below(4)) {
    case 0:
        return Piece::literalOf(shared(random.bytes(length)));
    case 1:
        return Piece::patternOf(shared(random.bytes(random.between(1, 5))));
    case 2:
        return Piece::generatedBy({Generator::Kind::Random, 1, random.next(), 1});
    default:
        return Piece::externalFrom(std::make_shared<MemoryExternal>(random.bytes(length + 3)), 3);
    }
}

/// Where a write keeps the old bytes.
enum class Old { InMemory, InJournal, Nowhere };

/// Writes what is staged in `range` to the disk; returns what beginEpoch says.
bool write(EditHistory &history, Bytes &disk, ByteRange range, Old old = Old::InMemory, std::uint64_t retiredBytes = 1)
{
    EpochChange change;
    change.written = history.current().clipped(range);
    const auto journal = std::make_shared<MemoryExternal>(disk);
    change.retiredBytes = old == Old::InJournal ? retiredBytes : 0;
    change.written.forEachPiece(ByteRange::whole(disk.size()), [&](ByteRange part, const Piece &piece) {
        const std::span<std::byte> place
            = std::span(disk).subspan(part.begin().value(), static_cast<std::size_t>(part.length()));
        if (old == Old::InMemory)
            change.oldBytes = change.oldBytes.with(part, literalPiece(Bytes(place.begin(), place.end()), 0));
        if (old == Old::InJournal)
            change.oldBytes = change.oldBytes.with(part, Piece::externalFrom(journal, part.begin().value()));
        return piece.readTo(0, place).has_value();
    });
    StagedEdits carried = carriedOver(history.current(), change);
    return history.beginEpoch(std::move(change), std::move(carried));
}

ByteRange randomRange(Random &random)
{
    const std::uint64_t begin = random.below(kSize);
    return rangeAt(begin, random.skewedBelow(kSize - begin) + 1);
}

} // namespace

class TestEditHistory : public QObject {
    Q_OBJECT

private slots:
    void everyStateShowsItsBytesAcrossAnyWrites();
    void stepsAreBounded();
    void bytesAreBounded();
    void writeWithoutOldBytesEndsTheUndo();
    void typingJoinsUntilSomethingElseHappens();
    void onlyTypingJoins_data();
    void onlyTypingJoins();
    void journalBytesAreBounded();
    void journalsAreBounded();
    void oldBytesOnTheDiskAreNoMemory();
    void aJournalBeyondTheBoundEndsTheUndo();
    void redoStatesGoWhenTheirJournalsNoLongerFit();
    void manyPiecesAreCarriedOver();
};

void TestEditHistory::everyStateShowsItsBytesAcrossAnyWrites()
{
    Random random(50);
    for (int round = 0; round < 40; ++round) {
        Bytes disk = random.bytes(kSize);
        EditHistory history({});
        std::vector<Bytes> states{disk};
        std::size_t current = 0;
        for (int step = 0; step < 120; ++step) {
            const std::uint64_t what = random.below(10);
            if (what < 4) {
                const ByteRange range = randomRange(random);
                stagePiece(history, range, randomPiece(random, range.length()));
                states.resize(++current);
                states.push_back(visible(history, disk));
            } else if (what < 6) {
                QCOMPARE(history.undo(), current > 0);
                current -= current > 0 ? 1 : 0;
            } else if (what < 8) {
                const bool any = current + 1 < states.size();
                QCOMPARE(history.redo(), any);
                current += any ? 1 : 0;
            } else if (const ByteRange range = random.oneIn(2) ? ByteRange::whole(kSize) : randomRange(random);
                       history.current().anyIn(range)) {
                QVERIFY(write(history, disk, range, random.oneIn(2) ? Old::InMemory : Old::InJournal));
                QVERIFY(!history.current().anyIn(range));
            }
            QCOMPARE(visible(history, disk), states[current]);
            QVERIFY(history.invariantsHold());
            QVERIFY(history.current().invariantsHold());
        }
        QVERIFY(!history.wasCut());
    }
}

void TestEditHistory::stepsAreBounded()
{
    EditHistory history({5, 1 << 20});
    for (std::uint64_t i = 0; i < 5; ++i)
        stage(history, rangeAt(i * 2, 1), bytesOf({1}), false);
    QVERIFY(!history.wasCut());
    stage(history, rangeAt(20, 1), bytesOf({1}), false);
    QVERIFY(history.wasCut());
    int undone = 0;
    while (history.undo())
        ++undone;
    QCOMPARE(undone, 5);
    QCOMPARE(history.current().byteCount(), 1U);
}

void TestEditHistory::bytesAreBounded()
{
    EditHistory history({1000, 1000});
    for (int i = 0; i < 100; ++i) {
        stage(history, rangeAt(0, 100), Bytes(100, static_cast<std::byte>(i)), false);
        QVERIFY(history.bytesHeld() <= 1000);
        QVERIFY(history.invariantsHold());
    }
    QVERIFY(history.wasCut());
    QVERIFY(history.undo());
    stage(history, rangeAt(0, 5000), Bytes(5000), false);
    QVERIFY(history.undoStep());
    QVERIFY(history.undo());
}

void TestEditHistory::writeWithoutOldBytesEndsTheUndo()
{
    Bytes disk(kSize);
    EditHistory history({});
    stage(history, rangeAt(0, 10), bytesOf({1}), true);
    QVERIFY(!write(history, disk, ByteRange::whole(kSize), Old::Nowhere));
    QVERIFY(history.current().empty());
    QVERIFY(!history.undoStep());
    QVERIFY(!history.undo());
    QVERIFY(history.wasCut());
    stage(history, rangeAt(0, 1), bytesOf({2}), false);
    QVERIFY(history.undo());
}

void TestEditHistory::typingJoinsUntilSomethingElseHappens()
{
    Bytes disk(kSize);
    EditHistory history({});
    const auto type
        = [&](std::uint64_t at) { stage(history, rangeAt(at, 1), bytesOf({1}), false, EditKind::Type, true); };
    type(5);
    type(6);
    type(6); // the other nibble of the same byte
    type(7);
    QCOMPARE(history.undoStep()->range, rangeAt(5, 3));
    type(20);
    QCOMPARE(history.undoStep()->range, rangeAt(20, 1));
    QVERIFY(write(history, disk, ByteRange::whole(kSize)));
    type(21);
    QCOMPARE(history.undoStep()->range, rangeAt(21, 1));
    QVERIFY(history.undo());
    type(21);
    QCOMPARE(history.undoStep()->range, rangeAt(21, 1));
    QVERIFY(!history.redoStep());
}

void TestEditHistory::onlyTypingJoins_data()
{
    QTest::addColumn<int>("kind");
    QTest::newRow("paste") << static_cast<int>(EditKind::Paste);
    QTest::newRow("fill") << static_cast<int>(EditKind::Fill);
    QTest::newRow("discard") << static_cast<int>(EditKind::Discard);
    QTest::newRow("set") << static_cast<int>(EditKind::Set);
    QTest::newRow("generate") << static_cast<int>(EditKind::Generate);
    QTest::newRow("import") << static_cast<int>(EditKind::Import);
}

void TestEditHistory::onlyTypingJoins()
{
    QFETCH(int, kind);
    const auto other = static_cast<EditKind>(kind);
    EditHistory history({});
    stage(history, rangeAt(5, 1), bytesOf({1}), false, EditKind::Type, true);
    stage(history, rangeAt(6, 1), bytesOf({1}), false, other, true); // after typing
    QCOMPARE(history.stepsHeld(), 2U);
    stage(history, rangeAt(7, 1), bytesOf({1}), false, other, true); // after its like
    QCOMPARE(history.stepsHeld(), 3U);
    stage(history, rangeAt(8, 1), bytesOf({1}), false, EditKind::Type, true); // typing after it
    QCOMPARE(history.stepsHeld(), 4U);
    QCOMPARE(history.undoStep()->range, rangeAt(8, 1));
    stage(history, rangeAt(9, 1), bytesOf({1}), false, EditKind::Type, true);
    QCOMPARE(history.stepsHeld(), 4U);
    QVERIFY(history.undo());
    QCOMPARE(history.undoStep()->kind, other);
    QCOMPARE(history.current().byteCount(), 3U);
}

void TestEditHistory::journalBytesAreBounded()
{
    Bytes disk(kSize);
    EditHistory history({.journalBytes = 1000});
    for (std::uint64_t i = 0; i < 20; ++i) {
        stage(history, rangeAt(i * 2, 1), bytesOf({1}), false);
        QVERIFY(write(history, disk, ByteRange::whole(kSize), Old::InJournal, 300));
        QVERIFY(history.journalBytesHeld() <= 1000);
        QVERIFY(history.invariantsHold());
        QCOMPARE(history.wasCut(), i > 2);
    }
    // The three latest writes can be undone, the oldest went first.
    for (std::uint64_t i = 0; i < 3; ++i) {
        QVERIFY(history.undo());
        QCOMPARE(visible(history, disk)[(19 - i) * 2], std::byte{0});
    }
    QVERIFY(!history.undo());
    QCOMPARE(visible(history, disk)[16 * 2], std::byte{1});
}

void TestEditHistory::journalsAreBounded()
{
    Bytes disk(kSize);
    EditHistory history({.journals = 4});
    for (std::uint64_t i = 0; i < 20; ++i) {
        stage(history, rangeAt(i, 1), bytesOf({1}), false);
        QVERIFY(write(history, disk, ByteRange::whole(kSize), i % 2 == 0 ? Old::InJournal : Old::InMemory));
        QVERIFY(history.journalsHeld() <= 4);
        QVERIFY(history.invariantsHold());
    }
    QVERIFY(history.wasCut());
    std::uint64_t undone = 0;
    while (history.undo())
        ++undone;
    QCOMPARE(undone, 9U); // four in journals, and those in memory around them
}

void TestEditHistory::oldBytesOnTheDiskAreNoMemory()
{
    Bytes disk(kSize);
    EditHistory history({.bytes = 20});
    stage(history, rangeAt(0, 200), bytesOf({1}), true);
    QVERIFY(write(history, disk, ByteRange::whole(kSize), Old::InJournal, 4096));
    QCOMPARE(history.bytesHeld(), 1U);
    QCOMPARE(history.journalBytesHeld(), 4096U);
    QVERIFY(history.undo());
    QCOMPARE(visible(history, disk), Bytes(kSize));
    QCOMPARE(history.journalBytesHeld(), 0U); // staged now, no longer the history's
    stage(history, rangeAt(0, 200), bytesOf({2}), true);
    QVERIFY(!write(history, disk, ByteRange::whole(kSize), Old::InMemory));
    QCOMPARE(history.bytesHeld(), 0U);
    QVERIFY(history.wasCut());
}

void TestEditHistory::aJournalBeyondTheBoundEndsTheUndo()
{
    Bytes disk(kSize);
    EditHistory history({.journalBytes = 1000});
    stage(history, rangeAt(0, 10), bytesOf({1}), true);
    QVERIFY(!write(history, disk, ByteRange::whole(kSize), Old::InJournal, 1001));
    QVERIFY(!history.undo());
    QVERIFY(history.wasCut());
    QCOMPARE(history.journalBytesHeld(), 0U);
    QCOMPARE(history.journalsHeld(), 0U);
    QVERIFY(history.invariantsHold());
    stage(history, rangeAt(0, 10), bytesOf({2}), true);
    QVERIFY(write(history, disk, ByteRange::whole(kSize), Old::InJournal, 1000));
    QVERIFY(history.undo());
    QCOMPARE(visible(history, disk)[0], std::byte{1});
}

void TestEditHistory::redoStatesGoWhenTheirJournalsNoLongerFit()
{
    Bytes disk(kSize);
    EditHistory history({.journalBytes = 1000});
    stage(history, rangeAt(0, 10), bytesOf({1}), true);
    stage(history, rangeAt(20, 10), bytesOf({2}), true);
    QVERIFY(history.undo());
    QVERIFY(write(history, disk, ByteRange::whole(kSize), Old::InJournal, 600)); // for undoing and redoing
    QVERIFY(history.redoStep());
    QVERIFY(history.redo());
    QVERIFY(history.undo());
    QCOMPARE(visible(history, disk)[5], std::byte{1});
    stage(history, rangeAt(40, 10), bytesOf({3}), true);
    QVERIFY(write(history, disk, ByteRange::whole(kSize), Old::InJournal, 600));
    QVERIFY(history.journalBytesHeld() <= 1000);
    QVERIFY(history.wasCut());
    QVERIFY(history.undo());
    QCOMPARE(visible(history, disk)[45], std::byte{0});
    QVERIFY(history.invariantsHold());
}

void TestEditHistory::manyPiecesAreCarriedOver()
{
    constexpr std::uint64_t kPieces = 20'000;
    Random random(51);
    Bytes disk = random.bytes(kPieces * 10);
    const Bytes before = disk;
    EditHistory history({});
    StagedEdits many;
    for (std::uint64_t i = 0; i < kPieces; ++i)
        many = many.with(rangeAt(i * 10, random.between(1, 10)), randomPiece(random, 10), {});
    history.push(many, {EditKind::Set, many.span()}, 0, false);
    const Bytes after = visible(history, disk);
    stage(history, rangeAt(50, kPieces * 5), bytesOf({1, 2, 3}), true);
    const Bytes covered = visible(history, disk);
    QVERIFY(history.undo());
    QVERIFY(write(history, disk, ByteRange::whole(kPieces * 7)));
    QVERIFY(history.current().invariantsHold());
    QCOMPARE(visible(history, disk), after);
    QVERIFY(history.undo());
    QCOMPARE(visible(history, disk), before);
    QVERIFY(history.current().invariantsHold());
    QVERIFY(history.redo());
    QCOMPARE(visible(history, disk), after);
    QVERIFY(history.redo());
    QCOMPARE(visible(history, disk), covered);
    QVERIFY(history.invariantsHold());
}

QTEST_GUILESS_MAIN(TestEditHistory)
#include "tst_edit_history.moc"
