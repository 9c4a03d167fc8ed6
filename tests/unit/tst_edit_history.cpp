// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/edit/edit_history.h"
#include "tests/support/edits.h"
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

void stage(EditHistory &history, ByteRange range, Bytes bytes, bool repeats, EditKind kind = EditKind::Set,
           bool join = false)
{
    const std::uint64_t payload = bytes.size();
    Piece piece = repeats ? Piece::patternOf(shared(std::move(bytes))) : Piece::literalOf(shared(std::move(bytes)));
    piece.stamp = Piece::newStamp();
    history.push(history.current().with(range, std::move(piece), {}), {kind, range}, payload, join);
}

/// Writes what is staged in `range` to the disk.
void write(EditHistory &history, Bytes &disk, ByteRange range, bool keepOld = true)
{
    EpochChange change;
    change.written = history.current().clipped(range);
    change.written.forEachPiece(ByteRange::whole(kSize), [&](ByteRange part, const Piece &piece) {
        const auto begin = disk.begin() + static_cast<std::ptrdiff_t>(part.begin().value());
        if (keepOld)
            change.oldBytes = change.oldBytes.with(
                part, literalPiece(Bytes(begin, begin + static_cast<std::ptrdiff_t>(part.length())), 0));
        (void)piece.peekTo(0, {&*begin, static_cast<std::size_t>(part.length())});
        return true;
    });
    StagedEdits carried = carriedOver(history.current(), change);
    history.beginEpoch(std::move(change), std::move(carried));
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
                const bool repeats = random.oneIn(2);
                stage(history, range, random.bytes(repeats ? random.between(1, 5) : range.length()), repeats);
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
                write(history, disk, range);
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
    write(history, disk, ByteRange::whole(kSize), false);
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
    write(history, disk, ByteRange::whole(kSize));
    type(21);
    QCOMPARE(history.undoStep()->range, rangeAt(21, 1));
    QVERIFY(history.undo());
    type(21);
    QCOMPARE(history.undoStep()->range, rangeAt(21, 1));
    QVERIFY(!history.redoStep());
}

QTEST_GUILESS_MAIN(TestEditHistory)
#include "tst_edit_history.moc"
