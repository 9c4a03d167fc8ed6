// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/memory_source.h"
#include "tests/gui/hex_view_fixture.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QSignalSpy>
#include <QtTest>

using namespace cachet;
using namespace cachecore;
using namespace cachet_test;

Q_DECLARE_METATYPE(cachecore::Error)

/// Moving, selecting, typing and copying in the hex view.
class TestHexViewEdit : public QObject {
    Q_OBJECT

private slots:
    void typesDigitsAndTakesThemBackInOneUndo();
    void typesCharactersInTheTextPane();
    void refusesCharactersThatAreNoBytes();
    void refusesEditsOfAReadOnlySource();
    void holdsTheFirstDigitOfAByteThatIsNotLoaded();
    void dropsAHeldDigitOnEscapeAndMovement();
    void neverTypesPastTheLastByte();
    void typesFromTheBeginOfASelection();
    void discardsWhatIsStagedUnderTheCaret();
    void movesAndSelectsByKeys();
    void switchesPanesByTabAndLeavesByShiftTab();
    void copiesHexOrTextByPane();
    void refusesToCopyWhatIsNotThere();
    void placesAndSelectsByMouse();
};

void TestHexViewEdit::typesDigitsAndTakesThemBackInOneUndo()
{
    Fixture f(memory(4096));
    f.loads->runAll();
    f.view.goTo(ByteOffset(0x10));
    f.type("a");
    QCOMPARE(f.staged(0x10, 1), bytesOf({0xA0 | (patternByte(0x10) & 0x0F)}));
    QCOMPARE(f.view.caret(), ByteOffset(0x10));
    f.type("5FF");
    QCOMPARE(f.staged(0x10, 2), bytesOf({0xA5, 0xFF}));
    QCOMPARE(f.view.caret(), ByteOffset(0x12));
    QCOMPARE(f.document->staged().byteCount(), std::uint64_t{2});
    QVERIFY(f.document->undo());
    QVERIFY(f.document->staged().empty());
    QVERIFY(!f.document->undoStep());

    // A movement in between begins another step.
    f.view.goTo(ByteOffset(0x20));
    f.type("11");
    f.press(Qt::Key_Right);
    f.press(Qt::Key_Left);
    f.type("22");
    QVERIFY(f.document->undo());
    QCOMPARE(f.document->staged().byteCount(), std::uint64_t{1});
    QVERIFY(f.document->undo());
    QVERIFY(f.document->staged().empty());
    f.type("zG ");
    QVERIFY(f.document->staged().empty());
}

void TestHexViewEdit::typesCharactersInTheTextPane()
{
    Fixture f(memory(4096));
    f.loads->runAll();
    f.press(Qt::Key_Tab);
    f.type("Hi 7");
    QCOMPARE(f.staged(0, 4), bytesOf({'H', 'i', ' ', '7'}));
    QCOMPARE(f.view.caret(), ByteOffset(4));
    QVERIFY(f.document->undo());
    QVERIFY(f.document->staged().empty());
}

void TestHexViewEdit::refusesCharactersThatAreNoBytes()
{
    Fixture f(memory(4096));
    f.loads->runAll();
    f.press(Qt::Key_Tab);
    QSignalSpy refused(&f.view, &HexView::editRefused);
    QTest::sendKeyEvent(QTest::Click, &f.view, Qt::Key_unknown, QString(QChar(0x20AC)), Qt::NoModifier);
    QCOMPARE(refused.count(), 1);
    QCOMPARE(refused.first().first().value<Error>().code, ErrorCode::InvalidArgument);
    QVERIFY(f.document->staged().empty());
    QCOMPARE(f.view.caret(), ByteOffset(0));
}

void TestHexViewEdit::refusesEditsOfAReadOnlySource()
{
    Fixture f(memory(4096), MemorySource::Access::ReadOnly);
    QSignalSpy refused(&f.view, &HexView::editRefused);
    QSignalSpy waiting(&f.view, &HexView::waitingForSecondDigit);
    f.type("A"); // not loaded
    f.loads->runAll();
    f.type("A");
    f.press(Qt::Key_Tab);
    f.type("x");
    QCOMPARE(refused.count(), 3);
    QCOMPARE(refused.first().first().value<Error>().code, ErrorCode::ReadOnly);
    QCOMPARE(waiting.count(), 0);
    QCOMPARE(f.view.caret(), ByteOffset(0));
    QVERIFY(f.document->staged().empty());
}

void TestHexViewEdit::holdsTheFirstDigitOfAByteThatIsNotLoaded()
{
    Fixture f(memory(4096));
    QSignalSpy waiting(&f.view, &HexView::waitingForSecondDigit);
    const QImage before = f.rowPicture(0);
    f.type("5");
    QCOMPARE(waiting.count(), 1);
    QCOMPARE(waiting.first().first().value<ByteOffset>(), ByteOffset(0));
    QVERIFY(f.document->staged().empty());
    QVERIFY(f.rowPicture(0) != before);
    f.type("c");
    QCOMPARE(f.staged(0, 1), bytesOf({0x5C}));
    QCOMPARE(f.view.caret(), ByteOffset(1));
}

void TestHexViewEdit::dropsAHeldDigitOnEscapeAndMovement()
{
    Fixture f(memory(4096));
    const QImage before = f.rowPicture(0);
    f.type("5");
    f.press(Qt::Key_Escape);
    QVERIFY(f.rowPicture(0) == before);
    f.type("5");
    f.press(Qt::Key_Down);
    f.press(Qt::Key_Up);
    QVERIFY(f.rowPicture(0) == before);
    f.type("67");
    QCOMPARE(f.staged(0, 1), bytesOf({0x67}));
}

void TestHexViewEdit::neverTypesPastTheLastByte()
{
    Fixture f(memory(20));
    f.loads->runAll();
    QSignalSpy refused(&f.view, &HexView::editRefused);
    f.view.goTo(ByteOffset(20));
    QCOMPARE(f.view.caret(), ByteOffset(19));
    f.type("1234");
    QCOMPARE(f.staged(19, 1), bytesOf({0x12}));
    QCOMPARE(f.document->staged().byteCount(), std::uint64_t{1});
    QCOMPARE(refused.count(), 2);
    f.press(Qt::Key_Backspace);
    QCOMPARE(f.view.caret(), ByteOffset(19));
    f.type("34");
    QCOMPARE(f.staged(19, 1), bytesOf({0x34}));
}

void TestHexViewEdit::typesFromTheBeginOfASelection()
{
    Fixture f(memory(4096));
    f.loads->runAll();
    f.view.select(ByteRange(ByteOffset(8), ByteOffset(12)));
    f.type("EE");
    QCOMPARE(f.staged(8, 1), bytesOf({0xEE}));
    QCOMPARE(f.view.caret(), ByteOffset(9));
    QVERIFY(f.view.selection().empty());
}

void TestHexViewEdit::discardsWhatIsStagedUnderTheCaret()
{
    Fixture f(memory(4096));
    f.loads->runAll();
    f.type("112233");
    f.view.goTo(ByteOffset(1));
    f.press(Qt::Key_Delete);
    QCOMPARE(f.document->staged().byteCount(), std::uint64_t{2});
    f.view.selectAll();
    f.press(Qt::Key_Delete);
    QVERIFY(f.document->staged().empty());
    QVERIFY(f.document->undo());
    QCOMPARE(f.document->staged().byteCount(), std::uint64_t{2});
}

void TestHexViewEdit::movesAndSelectsByKeys()
{
    Fixture f(memory(1 << 20));
    QSignalSpy moved(&f.view, &HexView::caretMoved);
    QSignalSpy chosen(&f.view, &HexView::selectionChanged);
    f.press(Qt::Key_Down);
    f.press(Qt::Key_End);
    QCOMPARE(f.view.caret(), ByteOffset(31));
    QCOMPARE(moved.count(), 2);
    QCOMPARE(chosen.count(), 0);
    f.press(Qt::Key_Home, Qt::ShiftModifier);
    QCOMPARE(f.view.selection(), ByteRange(ByteOffset(16), ByteOffset(32)));
    QCOMPARE(chosen.count(), 1);
    f.press(Qt::Key_Right);
    QVERIFY(f.view.selection().empty());
    f.press(Qt::Key_PageDown, Qt::ControlModifier);
    QCOMPARE(f.view.caret(), ByteOffset(512));
    f.press(Qt::Key_PageUp, Qt::ControlModifier);
    f.press(Qt::Key_A, Qt::ControlModifier);
    QCOMPARE(f.view.selection(), ByteRange::whole(1 << 20));
    const ByteRange before = f.view.visibleRange();
    f.press(Qt::Key_Down, Qt::ControlModifier);
    QCOMPARE(f.view.visibleRange().begin(), before.begin() + 16);
    QCOMPARE(f.view.selection(), ByteRange::whole(1 << 20));
    f.press(Qt::Key_End, Qt::ControlModifier);
    QCOMPARE(f.view.caret(), ByteOffset((1 << 20) - 1));
    QCOMPARE(f.view.visibleRange().end(), ByteOffset(1 << 20));
}

void TestHexViewEdit::switchesPanesByTabAndLeavesByShiftTab()
{
    Fixture f(memory(4096));
    f.loads->runAll();
    f.press(Qt::Key_Tab);
    f.type("A");
    QCOMPARE(f.staged(0, 1), bytesOf({'A'}));
    f.press(Qt::Key_Tab);
    f.type("AB");
    QCOMPARE(f.staged(1, 1), bytesOf({0xAB}));
    QVERIFY(f.view.hasFocus());
    f.press(Qt::Key_Backtab, Qt::ShiftModifier);
    QVERIFY(!f.view.hasFocus());
}

void TestHexViewEdit::copiesHexOrTextByPane()
{
    Fixture f(bytesOf({'A', 0x00, 0xFF, 'z', '\n', 'q'}));
    f.loads->runAll();
    f.view.select(ByteRange::whole(6));
    f.press(Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("41 00 FF 7A 0A 71"));
    f.press(Qt::Key_Tab);
    f.press(Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("A..z\nq"));
}

void TestHexViewEdit::refusesToCopyWhatIsNotThere()
{
    Fixture f(memory(HexView::kMaxCopyBytes + 4096));
    QGuiApplication::clipboard()->setText(QStringLiteral("before"));
    QSignalSpy refused(&f.view, &HexView::copyRefused);
    f.view.selectAll();
    f.view.copySelection();
    f.view.select(ByteRange(ByteOffset(10), ByteOffset(20)));
    f.view.copySelection();
    QCOMPARE(refused.count(), 2);
    QCOMPARE(refused.at(0).at(0).value<HexView::CopyRefusal>(), HexView::CopyRefusal::TooLong);
    QCOMPARE(refused.at(1).at(0).value<HexView::CopyRefusal>(), HexView::CopyRefusal::NotLoaded);
    QCOMPARE(refused.at(1).at(1).value<ByteRange>().begin(), ByteOffset(10));
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("before"));

    f.source->addBadRange(ByteRange(ByteOffset(0), ByteOffset(1 << 20)));
    f.loads->runAll();
    f.view.copySelection();
    QCOMPARE(refused.at(2).at(0).value<HexView::CopyRefusal>(), HexView::CopyRefusal::Unreadable);
}

void TestHexViewEdit::placesAndSelectsByMouse()
{
    Fixture f(memory(1 << 16));
    f.loads->runAll();
    const QPoint low = f.hexCell(2, 3) + QPoint(f.layout().cell().charWidth, 0);
    QTest::mouseClick(f.view.viewport(), Qt::LeftButton, {}, low);
    QCOMPARE(f.view.caret(), ByteOffset(0x23));
    f.type("9"); // the low digit
    QCOMPARE(f.staged(0x23, 1), bytesOf({static_cast<int>((patternByte(0x23) & 0xF0) | 0x09)}));
    QTest::mouseClick(f.view.viewport(), Qt::LeftButton, Qt::ShiftModifier, f.hexCell(4, 0));
    QCOMPARE(f.view.selection(), ByteRange(ByteOffset(0x24), ByteOffset(0x41)));

    QTest::mousePress(f.view.viewport(), Qt::LeftButton, {}, f.textCell(1, 2));
    QTest::mouseMove(f.view.viewport(), f.textCell(1, 9));
    QCOMPARE(f.view.selection(), ByteRange(ByteOffset(0x12), ByteOffset(0x1A)));
    // Held below the rows, the drag scrolls on.
    QTest::mouseMove(f.view.viewport(), QPoint(f.textCell(1, 9).x(), f.view.viewport()->height() + 40));
    const ByteOffset top = f.view.visibleRange().begin();
    QTRY_VERIFY(f.view.visibleRange().begin() >= top + 160);
    QTest::mouseRelease(f.view.viewport(), Qt::LeftButton, {}, f.textCell(1, 9));
    QCOMPARE(f.view.selection().begin(), ByteOffset(0x12));

    f.view.goTo(ByteOffset(0));
    QTest::mouseDClick(f.view.viewport(), Qt::LeftButton, {}, f.hexCell(0, 6));
    QCOMPARE(f.view.selection(), ByteRange(ByteOffset(4), ByteOffset(8)));
}

QTEST_MAIN(TestHexViewEdit)
#include "tst_hex_view_edit.moc"
