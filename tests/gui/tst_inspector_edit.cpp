// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/window_actions.h"
#include "tests/gui/inspector_fixture.h"

#include <QAction>

using cachecore::ByteOffset;
using cachet::InspectorDock;
using cachet::ValueKind;

namespace cachet_test {

/// What editing in the inspector stages, and what it does not.
class TestInspectorEdit : public QObject {
    Q_OBJECT

private slots:
    void stagesOneStepThatUndoTakesBack();
    void stagesInTheOrderOfTheColumn();
    void keepsTheLengthOfALeb128Number();
    void saysWrongValuesInPlace();
    void leavingTheEditorStagesAValueWhereItWasOpened();
    void leavingTheEditorGivesUpWhatIsNoValue();
    void movingTheCaretEndsEditing();
    void typedTextOutlivesNewBytes();
    void valueThatIsThereAlreadyStagesNothing();
    void readOnlyDocumentSaysWhy();
    void commitLeavesTheNewValue();
};

void TestInspectorEdit::stagesOneStepThatUndoTakesBack()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x438));
    change(dockOf(f), ValueKind::Signed32, QStringLiteral("-2"));
    QVERIFY(!editing(dockOf(f)));
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{4});
    QCOMPARE(f.shown(0x438, 4), bytesOf({0xFE, 0xFF, 0xFF, 0xFF}));
    QCOMPARE(f.shown(0x434, 4), std::vector(f.original.begin() + 0x434, f.original.begin() + 0x438));
    QCOMPARE(f.shown(0x43C, 4), std::vector(f.original.begin() + 0x43C, f.original.begin() + 0x440));
    QTRY_VERIFY(f.window->actions().undo->text().contains(QStringLiteral("Change 4 bytes at 0x438")));
    f.window->actions().undo->trigger();
    QVERIFY(f.document().staged().empty());
    QVERIFY(!f.document().undoStep());
}

void TestInspectorEdit::stagesInTheOrderOfTheColumn()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0));
    change(dockOf(f), ValueKind::Unsigned32, QStringLiteral("0x11223344"), kBig);
    QCOMPARE(f.shown(0, 4), bytesOf({0x11, 0x22, 0x33, 0x44}));
    change(dockOf(f), ValueKind::UnixTime32, QStringLiteral("1970-01-01 00:00:01Z"));
    QCOMPARE(f.shown(0, 4), bytesOf({1, 0, 0, 0}));
    change(dockOf(f), ValueKind::GuidMicrosoft, QStringLiteral("00112233-4455-6677-8899-aabbccddeeff"));
    QCOMPARE(f.shown(0, 10), bytesOf({0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99}));
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{16});
}

void TestInspectorEdit::keepsTheLengthOfALeb128Number()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0));
    QVERIFY(f.stage(0, {0xE5, 0x8E, 0x26, 0x77}));
    InspectorDock &dock = dockOf(f);
    QTRY_COMPARE(shown(dock, ValueKind::UnsignedLeb128), QStringLiteral("624485 · 3 bytes"));
    change(dock, ValueKind::UnsignedLeb128, QStringLiteral("5"));
    QCOMPARE(f.shown(0, 4), bytesOf({0x85, 0x80, 0x00, 0x77}));
    change(dock, ValueKind::UnsignedLeb128, QStringLiteral("2097152"));
    QVERIFY2(dock.table().sentence().contains(QStringLiteral("takes 4 bytes")), qPrintable(dock.table().sentence()));
    QCOMPARE(f.shown(0, 4), bytesOf({0x85, 0x80, 0x00, 0x77}));
}

void TestInspectorEdit::saysWrongValuesInPlace()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x10));
    InspectorDock &dock = dockOf(f);
    change(dock, ValueKind::Unsigned16, QStringLiteral("70000"));
    QVERIFY(f.document().staged().empty());
    QVERIFY(editing(dock));
    QVERIFY2(dock.table().sentence().contains(QStringLiteral("from 0 to 65535")), qPrintable(dock.table().sentence()));
    const auto *sentence = part<QLabel>(f, "inspectorSentence");
    QVERIFY(dock.table().viewport()->rect().contains(sentence->geometry()));
    QVERIFY(!sentence->geometry().intersects(dock.table().visualRect(cell(dock, ValueKind::Unsigned16))));
    QLineEdit *editor = editorOf(dock);
    QCOMPARE(editor->text(), QStringLiteral("70000"));
    QTest::keyClick(editor, Qt::Key_Backspace);
    QCOMPARE(dock.table().sentence(), QString());
    QTest::keyClick(editor, Qt::Key_Return);
    QCOMPARE(f.shown(0x10, 2), bytesOf({0x58, 0x1B})); // 7000
    change(dock, ValueKind::Float64, QStringLiteral("three"));
    QTest::keyClick(editorOf(dock), Qt::Key_Escape);
    QVERIFY(!editing(dock));
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{2});
}

void TestInspectorEdit::leavingTheEditorStagesAValueWhereItWasOpened()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x20));
    QLineEdit *editor = openEditor(dockOf(f), ValueKind::Unsigned8);
    QVERIFY(editor);
    QTest::keyClicks(editor, QStringLiteral("0xAB"));
    QTest::mouseClick(f.window->view().viewport(), Qt::LeftButton, {}, QPoint(200, 30));
    QVERIFY(!editing(dockOf(f)));
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{1});
    QCOMPARE(f.shown(0x20, 1), bytesOf({0xAB}));
}

void TestInspectorEdit::leavingTheEditorGivesUpWhatIsNoValue()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x20));
    QLineEdit *editor = openEditor(dockOf(f), ValueKind::Unsigned8);
    QVERIFY(editor);
    QTest::keyClicks(editor, QStringLiteral("300"));
    f.window->view().setFocus();
    QVERIFY(!editing(dockOf(f)));
    QVERIFY(f.document().staged().empty());
    QVERIFY(dockOf(f).table().sentence().endsWith(QStringLiteral("Nothing was staged.")));
}

void TestInspectorEdit::movingTheCaretEndsEditing()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x20));
    QLineEdit *editor = openEditor(dockOf(f), ValueKind::Unsigned8);
    QVERIFY(editor);
    QTest::keyClicks(editor, QStringLiteral("7"));
    f.window->view().goTo(ByteOffset(0x30)); // as a jump by a key does, which leaves the editor its focus
    QVERIFY(!editing(dockOf(f)));
    QVERIFY(f.document().staged().empty());
}

void TestInspectorEdit::typedTextOutlivesNewBytes()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x20));
    QLineEdit *editor = openEditor(dockOf(f), ValueKind::Unsigned16);
    QVERIFY(editor);
    QTest::keyClicks(editor, QStringLiteral("12"));
    QVERIFY(f.stage(0x21, {0x99}));
    QTRY_VERIFY(shown(dockOf(f), ValueKind::Unsigned16).toUInt() >> 8 == 0x99);
    QCOMPARE(editor->text(), QStringLiteral("12"));
    QTest::keyClick(editor, Qt::Key_Return);
    QCOMPARE(f.shown(0x20, 2), bytesOf({12, 0}));
}

void TestInspectorEdit::valueThatIsThereAlreadyStagesNothing()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x20));
    change(dockOf(f), ValueKind::Unsigned8,
           QStringLiteral("0x%1").arg(std::to_integer<unsigned>(f.original[0x20]), 0, 16));
    QVERIFY(!editing(dockOf(f)));
    QLineEdit *editor = openEditor(dockOf(f), ValueKind::Unsigned64);
    QVERIFY(editor);
    QTest::keyClick(editor, Qt::Key_Return);
    QVERIFY(!editing(dockOf(f)));
    QVERIFY(f.document().staged().empty());
}

void TestInspectorEdit::readOnlyDocumentSaysWhy()
{
    WindowFixture f({.readOnly = true});
    QVERIFY(openAt(f, 0x20));
    InspectorDock &dock = dockOf(f);
    QVERIFY(!(cell(dock, ValueKind::Unsigned8).flags() & Qt::ItemIsEditable));
    QVERIFY(!openEditor(dock, ValueKind::Unsigned8));
    const QString why = dock.table().sentence();
    QVERIFY2(why.contains(QStringLiteral("read"), Qt::CaseInsensitive) && why.endsWith(u'.'), qPrintable(why));
    QVERIFY(cell(dock, ValueKind::Unsigned8).data(Qt::ToolTipRole).toString().endsWith(why));
    QTest::keyClick(&dock.table(), Qt::Key_5);
    QVERIFY(!editing(dock));
    QVERIFY(!dock.table().model()->setData(cell(dock, ValueKind::Unsigned8), QStringLiteral("5")));
    QVERIFY(f.document().staged().empty());
}

void TestInspectorEdit::commitLeavesTheNewValue()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x438));
    InspectorDock &dock = dockOf(f);
    change(dock, ValueKind::Unsigned16, QStringLiteral("61267"));
    QVERIFY(f.commit());
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY(!cell(dock, ValueKind::Unsigned16).data(Qt::BackgroundRole).isValid());
    QCOMPARE(shown(dock, ValueKind::Unsigned16), QStringLiteral("61267"));
    const auto file = f.fileBytes();
    QCOMPARE(std::vector(file.begin() + 0x438, file.begin() + 0x43A), bytesOf({0x53, 0xEF}));
    f.window->actions().undo->trigger();
    QTRY_VERIFY(shown(dock, ValueKind::Unsigned16) != QStringLiteral("61267"));
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestInspectorEdit)
#include "tst_inspector_edit.moc"
