// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/edit/edit_history.h"
#include "tests/support/edits.h"
#include "tests/support/history_rig.h"
#include "tests/support/random.h"

#include <QTest>

#include <array>

using namespace cachecore;
using namespace cachet_test;

class TestEditHistory : public QObject {
    Q_OBJECT

private slots:
    void everyStateShowsItsBytesAcrossAnyWrites();
    void snapshotsStayAsTheyWereTaken();
    void joinedTypingIsTakenBackAsAWhole();
    void writeWithoutOldBytesEndsTheUndo();
    void typingJoinsUntilSomethingElseHappens();
    void onlyTypingJoins_data();
    void onlyTypingJoins();
    void manyPiecesAreCarriedOver();
    void typingOverManyPiecesIsOneStep();
    void onlyHashesInTheBlocksAreForgotten();
};

void TestEditHistory::everyStateShowsItsBytesAcrossAnyWrites()
{
    Random random(50);
    for (int round = 0; round < 40; ++round) {
        Bytes disk = random.bytes(kHistorySize);
        EditHistory history({});
        std::vector<Bytes> states{disk};
        std::size_t current = 0;
        for (int step = 0; step < 120; ++step) {
            const std::uint64_t what = random.below(10);
            if (what < 4) {
                const ByteRange range = random.oneIn(3) ? rangeAt(random.below(kHistorySize), 1) : randomRange(random);
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
            } else if (const ByteRange range = random.oneIn(2) ? ByteRange::whole(kHistorySize) : randomRange(random);
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

void TestEditHistory::snapshotsStayAsTheyWereTaken()
{
    Random random(52);
    Bytes disk = random.bytes(kHistorySize);
    EditHistory history({});
    const auto show = [](const StagedEdits &edits) {
        Bytes bytes(kHistorySize);
        edits.overlay(ByteOffset(0), bytes);
        return bytes;
    };
    std::vector<std::pair<StagedEdits, Bytes>> snapshots;
    for (int step = 0; step < 600; ++step) {
        const std::uint64_t what = random.below(10);
        const ByteRange range = random.oneIn(2) ? rangeAt(random.below(kHistorySize), 1) : randomRange(random);
        if (what < 5)
            stagePiece(history, range, Piece::literalCopyOf(random.bytes(range.length())));
        else if (what < 6)
            history.push(history.current().without(range), {EditKind::Discard, range}, 0, false);
        else if (what < 8)
            (void)history.undo();
        else if (what < 9)
            (void)history.redo();
        else if (random.oneIn(5) && history.current().anyIn(range))
            QVERIFY(write(history, disk, range));
        if (random.oneIn(3))
            snapshots.emplace_back(history.current(), show(history.current()));
        QVERIFY(history.invariantsHold());
    }
    for (const auto &[edits, bytes] : snapshots) {
        QVERIFY(edits.invariantsHold());
        QCOMPARE(show(edits), bytes);
    }
}

void TestEditHistory::joinedTypingIsTakenBackAsAWhole()
{
    Random random(53);
    const Bytes disk = random.bytes(kHistorySize);
    EditHistory history({});
    for (std::uint64_t at = 0; at < kHistorySize; at += 3) // what is typed over
        stage(history, rangeAt(at, 2), random.bytes(2), false);
    const Bytes before = visible(history, disk);
    std::uint64_t at = 50;
    for (int key = 0; key < 100; ++key) {
        stage(history, rangeAt(at, 1 + random.below(3)), random.bytes(3), false, EditKind::Type, true);
        at = random.oneIn(3) ? at : history.undoStep()->range.end().value();
    }
    const ByteRange typed = history.undoStep()->range;
    QCOMPARE(typed.begin(), ByteOffset(50));
    const Bytes after = visible(history, disk);
    QVERIFY(history.undo());
    QCOMPARE(visible(history, disk), before);
    QVERIFY(history.redo());
    QCOMPARE(visible(history, disk), after);
    QVERIFY(history.invariantsHold());
}

void TestEditHistory::writeWithoutOldBytesEndsTheUndo()
{
    Bytes disk(kHistorySize);
    EditHistory history({});
    stage(history, rangeAt(0, 10), bytesOf({1}), true);
    QVERIFY(!write(history, disk, ByteRange::whole(kHistorySize), Old::Nowhere));
    QVERIFY(history.current().empty());
    QVERIFY(!history.undoStep());
    QVERIFY(!history.undo());
    QVERIFY(history.wasCut());
    stage(history, rangeAt(0, 1), bytesOf({2}), false);
    QVERIFY(history.undo());
}

void TestEditHistory::typingJoinsUntilSomethingElseHappens()
{
    Bytes disk(kHistorySize);
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
    QVERIFY(write(history, disk, ByteRange::whole(kHistorySize)));
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

void TestEditHistory::manyPiecesAreCarriedOver()
{
    constexpr std::uint64_t kPieces = 20'000;
    Random random(51);
    Bytes disk = random.bytes(kPieces * 10);
    const Bytes before = disk;
    EditHistory history({.bytes = std::uint64_t{1} << 40});
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

/// One step that grows with each byte: looking through all it keeps each time took minutes.
void TestEditHistory::typingOverManyPiecesIsOneStep()
{
    constexpr std::uint64_t kBytes = 60'000;
    EditHistory history({});
    for (std::uint64_t at = 0; at < kBytes; ++at)
        stage(history, rangeAt(at, 1), bytesOf({1}), false);
    for (std::uint64_t at = 0; at < kBytes; ++at)
        stage(history, rangeAt(at, 1), bytesOf({2}), false, EditKind::Type, true);
    QCOMPARE(history.undoStep()->range, rangeAt(0, kBytes));
    QVERIFY(history.invariantsHold());
    QVERIFY(history.undo());
    Bytes bytes(kBytes);
    history.current().overlay(ByteOffset(0), bytes);
    QCOMPARE(bytes, Bytes(kBytes, std::byte{1}));
}

void TestEditHistory::onlyHashesInTheBlocksAreForgotten()
{
    constexpr std::uint64_t kBlock = Base::kBaseBlock;
    RangeTree<Base> seen;
    for (std::uint64_t i = 0; i < 4; ++i)
        seen = seen.with(rangeAt(i * kBlock, kBlock), Base::ofHash({i, i}));
    seen = seen.with(rangeAt(4 * kBlock, 5), Base::ofBytes(shared(Bytes(5))));
    EditHistory history({});
    history.stage(rangeAt(0, 4 * kBlock + 5), patternPiece(bytesOf({1}), 1), seen, EditKind::Fill, 1, false);
    history.push(history.current().without(rangeAt(0, 2 * kBlock)), {EditKind::Discard, rangeAt(0, 2 * kBlock)}, 0,
                 false);
    const std::array blocks{rangeAt(kBlock, kBlock), rangeAt(3 * kBlock, 2 * kBlock), rangeAt(9 * kBlock, kBlock)};
    history.forgetHashes(blocks);
    const auto kinds = [&history] {
        std::vector<Base::Kind> all;
        history.current().forEachBase(ByteRange::whole(10 * kBlock), [&all](ByteRange, const Base &base) {
            all.push_back(base.kind);
            return true;
        });
        return all;
    };
    using enum Base::Kind;
    QCOMPARE(kinds(), (std::vector{SeenHashes, Unseen, SeenBytes}));
    QVERIFY(history.undo()); // what a step keeps as well
    QCOMPARE(kinds(), (std::vector{SeenHashes, Unseen, SeenHashes, Unseen, SeenBytes}));
    QVERIFY(history.current().invariantsHold());
}

QTEST_GUILESS_MAIN(TestEditHistory)
#include "tst_edit_history.moc"
