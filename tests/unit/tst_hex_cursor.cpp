// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/hex_cursor.h"

#include <QtTest>

using namespace cachet;
using cachecore::ByteOffset;
using cachecore::ByteRange;

Q_DECLARE_METATYPE(cachet::CursorMove)

namespace {

constexpr quint64 kHuge = cachecore::kMaxSourceSize;

CursorSpace spaceOf(quint64 size)
{
    return {.size = size, .bytesPerRow = 16, .rowsPerPage = 10};
}

CursorState at(quint64 caret)
{
    CursorState state;
    state.caret = caret;
    state.anchor = caret;
    return state;
}

} // namespace

class TestHexCursor : public QObject {
    Q_OBJECT

private slots:
    void moves_data();
    void moves();
    void extendsTheSelectionFromWhereItBegan();
    void endsTheSelectionOnAPlainMove();
    void selectsBackwardsIncludingBothBytes();
    void selectsARangeWithTheCaretOnItsLastByte();
    void selectsToTheVeryLastByte();
    void clipsASelectedRange();
    void goesBehindTheLastByteOnlyByTyping();
    void leftOfTheSecondDigitIsTheFirst();
    void comesBackInsideAShorterDocument();
    void leavesThePlaceBehindTheEndWhenTheDocumentGrows();
};

void TestHexCursor::moves_data()
{
    QTest::addColumn<quint64>("size");
    QTest::addColumn<quint64>("from");
    QTest::addColumn<CursorMove>("move");
    QTest::addColumn<quint64>("to");
    using enum CursorMove;
    const auto row = [](const char *name, quint64 size, quint64 from, CursorMove move, quint64 to) {
        QTest::newRow(name) << size << from << move << to;
    };
    row("left", 100, 5, Left, 4);
    row("left at the start", 100, 0, Left, 0);
    row("left over a row", 100, 16, Left, 15);
    row("right", 100, 5, Right, 6);
    row("right at the end", 100, 99, Right, 99);
    row("up", 100, 40, Up, 24);
    row("up in the first row", 100, 5, Up, 5);
    row("down", 100, 5, Down, 21);
    row("down into a short last row", 100, 90, Down, 99);
    row("down in the last row", 100, 97, Down, 97);
    row("page up", 1000, 500, PageUp, 340);
    row("page up near the start keeps the column", 1000, 37, PageUp, 5);
    row("page down", 1000, 500, PageDown, 660);
    row("page down near the end keeps the column", 1024, 1000, PageDown, 1016);
    row("page down into a short last row", 1000, 990, PageDown, 999);
    row("row start", 100, 37, RowStart, 32);
    row("row start there", 100, 32, RowStart, 32);
    row("row end", 100, 37, RowEnd, 47);
    row("row end of a short row", 100, 97, RowEnd, 99);
    row("document start", 100, 37, DocumentStart, 0);
    row("document end", 100, 37, DocumentEnd, 99);
    row("previous sector: to this one's start", 4096, 700, PreviousSector, 512);
    row("previous sector: to the one before", 4096, 512, PreviousSector, 0);
    row("previous sector at the start", 4096, 0, PreviousSector, 0);
    row("next sector", 4096, 700, NextSector, 1024);
    row("next sector from a start", 4096, 512, NextSector, 1024);
    row("next sector in the last", 4096, 3600, NextSector, 3600);
    row("next sector of one byte", 1025, 600, NextSector, 1024);
    for (const CursorMove move : {Left, Right, Up, Down, PageUp, PageDown, RowStart, RowEnd, DocumentStart, DocumentEnd,
                                  PreviousSector, NextSector}) {
        QTest::addRow("empty document, move %d", static_cast<int>(move))
            << quint64{0} << quint64{0} << move << quint64{0};
        QTest::addRow("one byte, move %d", static_cast<int>(move)) << quint64{1} << quint64{0} << move << quint64{0};
    }
    row("2^31: right over", quint64{1} << 32, (quint64{1} << 31) - 1, Right, quint64{1} << 31);
    row("2^32: down over", quint64{1} << 40, (quint64{1} << 32) - 8, Down, (quint64{1} << 32) + 8);
    row("2^40: page down", quint64{1} << 41, quint64{1} << 40, PageDown, (quint64{1} << 40) + 160);
    row("2^63-1: end", kHuge, 0, DocumentEnd, kHuge - 1);
    row("2^63-1: right at the end", kHuge, kHuge - 1, Right, kHuge - 1);
    row("2^63-1: down at the end", kHuge, kHuge - 1, Down, kHuge - 1);
    row("2^63-1: page down near the end", kHuge, kHuge - 20, PageDown, kHuge - 4);
    row("2^63-1: row end", kHuge, kHuge - 10, RowEnd, kHuge - 1);
    row("2^63-1: next sector", kHuge, kHuge - 600, NextSector, kHuge - 511);
    row("2^63-1: next sector in the last", kHuge, kHuge - 10, NextSector, kHuge - 10);
}

void TestHexCursor::moves()
{
    QFETCH(quint64, size);
    QFETCH(quint64, from);
    QFETCH(CursorMove, move);
    QFETCH(quint64, to);
    const CursorSpace space = spaceOf(size);
    const CursorState plain = moved(at(from), move, false, space);
    QCOMPARE(quint64{plain.caret}, to);
    QVERIFY(selectionOf(plain, space).empty());

    const CursorState extended = moved(at(from), move, true, space);
    QCOMPARE(quint64{extended.caret}, to);
    const quint64 selected = size == 0 ? 0 : (to > from ? to - from : from - to) + 1;
    QCOMPARE(quint64{selectionOf(extended, space).length()}, selected);
}

void TestHexCursor::extendsTheSelectionFromWhereItBegan()
{
    const CursorSpace space = spaceOf(1000);
    CursorState state = at(20);
    state = moved(state, CursorMove::Right, true, space);
    state = moved(state, CursorMove::Down, true, space);
    QCOMPARE(selectionOf(state, space), ByteRange(ByteOffset(20), ByteOffset(38)));
    state = moved(state, CursorMove::DocumentStart, true, space);
    QCOMPARE(selectionOf(state, space), ByteRange(ByteOffset(0), ByteOffset(21)));
}

void TestHexCursor::endsTheSelectionOnAPlainMove()
{
    const CursorSpace space = spaceOf(1000);
    CursorState state = moved(at(20), CursorMove::Down, true, space);
    state = moved(state, CursorMove::Right, false, space);
    QCOMPARE(quint64{state.caret}, quint64{37});
    QVERIFY(selectionOf(state, space).empty());
    // The next selection begins at the caret, not at the old anchor.
    state = moved(state, CursorMove::Right, true, space);
    QCOMPARE(selectionOf(state, space), ByteRange(ByteOffset(37), ByteOffset(39)));
}

void TestHexCursor::selectsBackwardsIncludingBothBytes()
{
    const CursorSpace space = spaceOf(1000);
    const CursorState state = moved(at(20), CursorMove::Left, true, space);
    QCOMPARE(selectionOf(state, space), ByteRange(ByteOffset(19), ByteOffset(21)));
}

void TestHexCursor::selectsARangeWithTheCaretOnItsLastByte()
{
    const CursorSpace space = spaceOf(1000);
    const ByteRange range(ByteOffset(10), ByteOffset(20));
    const CursorState state = selected(at(500), range, space);
    QCOMPARE(selectionOf(state, space), range);
    QCOMPARE(quint64{state.caret}, quint64{19});
    const ByteRange one(ByteOffset(10), ByteOffset(11));
    QCOMPARE(selectionOf(selected(at(500), one, space), space), one);
}

void TestHexCursor::selectsToTheVeryLastByte()
{
    for (const quint64 size : {quint64{1}, quint64{1} << 31, quint64{1} << 40, kHuge}) {
        const CursorSpace space = spaceOf(size);
        const CursorState state = selected(at(0), ByteRange::whole(size), space);
        QCOMPARE(selectionOf(state, space), ByteRange::whole(size));
        const CursorState byKeys
            = moved(moved(at(5), CursorMove::DocumentStart, false, space), CursorMove::DocumentEnd, true, space);
        QCOMPARE(selectionOf(byKeys, space), ByteRange::whole(size));
    }
}

void TestHexCursor::clipsASelectedRange()
{
    const CursorSpace space = spaceOf(100);
    QCOMPARE(selectionOf(selected(at(0), ByteRange(ByteOffset(90), ByteOffset(500)), space), space),
             ByteRange(ByteOffset(90), ByteOffset(100)));
    const CursorState outside = selected(at(0), ByteRange(ByteOffset(200), ByteOffset(500)), space);
    QVERIFY(selectionOf(outside, space).empty());
    QCOMPARE(quint64{outside.caret}, quint64{99});
    QVERIFY(selectionOf(selected(at(3), ByteRange::whole(0), spaceOf(0)), spaceOf(0)).empty());
}

void TestHexCursor::goesBehindTheLastByteOnlyByTyping()
{
    const CursorSpace space = spaceOf(100);
    QCOMPARE(advanced(at(98), space), at(99));
    const CursorState end = advanced(at(99), space);
    QCOMPARE(quint64{end.caret}, quint64{99});
    QCOMPARE(end.place, CaretPlace::AfterLast);
    QCOMPARE(moved(end, CursorMove::Left, false, space), at(99));
    QCOMPARE(moved(at(99), CursorMove::DocumentEnd, false, space).place, CaretPlace::First);
}

void TestHexCursor::leftOfTheSecondDigitIsTheFirst()
{
    const CursorSpace space = spaceOf(100);
    CursorState state = at(10);
    state.place = CaretPlace::Second;
    QCOMPARE(moved(state, CursorMove::Left, false, space), at(10));
    QCOMPARE(moved(state, CursorMove::Right, false, space), at(11));
}

void TestHexCursor::comesBackInsideAShorterDocument()
{
    CursorState state = moved(at(500), CursorMove::Down, true, spaceOf(1000));
    state = clamped(state, spaceOf(100));
    QCOMPARE(quint64{state.caret}, quint64{99});
    QCOMPARE(selectionOf(state, spaceOf(100)), ByteRange(ByteOffset(99), ByteOffset(100)));
    QCOMPARE(quint64{clamped(at(7), spaceOf(0)).caret}, quint64{0});
}

void TestHexCursor::leavesThePlaceBehindTheEndWhenTheDocumentGrows()
{
    const CursorState end = advanced(at(99), spaceOf(100));
    QCOMPARE(clamped(end, spaceOf(100)).place, CaretPlace::AfterLast);
    QCOMPARE(clamped(end, spaceOf(200)).place, CaretPlace::First);
}

QTEST_GUILESS_MAIN(TestHexCursor)
#include "tst_hex_cursor.moc"
