// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/window_actions.h"
#include "tests/gui/inspector_fixture.h"

#include <QAccessible>
#include <QAction>
#include <QClipboard>
#include <QComboBox>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QMenu>

using cachecore::ByteOffset;
using cachet::InspectorDock;
using cachet::InspectorTable;
using cachet::ValueKind;

namespace cachet_test {

/// The inspector: what it shows, and when.
class TestInspector : public QObject {
    Q_OBJECT

private slots:
    void followsCaretAndEdits();
    void bytesPastTheEndAreNoValue();
    void asksForMissingPagesAndShowsThemWhenTheyCome();
    void asksForNothingWhileHidden();
    void badSectorIsNoValueAndCanBeStagedOver();
    void copiesTheValueOfTheCell();
    void menuOffersWhatCanBeDone();
    void encodingAndBaseCanBeChosen();
    void columnsAreJoinedWhereOrderMakesNoDifference();
    void escapeGoesBackToTheBytes();
    void readsAloud();
    void emptyDocumentSaysWhatTheDockIsFor();
    void canBeShownAndHidden();
};

void TestInspector::followsCaretAndEdits()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x100));
    const InspectorDock &dock = dockOf(f);
    const auto at = [&f](std::size_t offset) { return std::to_integer<unsigned>(f.original[offset]); };
    QCOMPARE(shown(dock, ValueKind::Unsigned16), QString::number(at(0x100) | at(0x101) << 8));
    QCOMPARE(shown(dock, ValueKind::Unsigned16, kBig), QString::number(at(0x101) | at(0x100) << 8));
    f.press(Qt::Key_Right);
    QCOMPARE(shown(dock, ValueKind::Unsigned16), QString::number(at(0x101) | at(0x102) << 8));
    QVERIFY(f.stage(0x101, {0x53, 0xEF}));
    QTRY_COMPARE(shown(dock, ValueKind::Unsigned16), QStringLiteral("61267"));
    QVERIFY(
        cell(dock, ValueKind::Unsigned16).data(Qt::ToolTipRole).toString().contains(QStringLiteral("53 EF, staged")));
    QVERIFY(cell(dock, ValueKind::Unsigned16).data(Qt::BackgroundRole).isValid());
    f.window->actions().undo->trigger();
    QTRY_COMPARE(shown(dock, ValueKind::Unsigned16), QString::number(at(0x101) | at(0x102) << 8));
    f.window->actions().redo->trigger();
    QTRY_COMPARE(shown(dock, ValueKind::Unsigned16), QStringLiteral("61267"));
}

void TestInspector::bytesPastTheEndAreNoValue()
{
    WindowFixture f;
    QVERIFY(openAt(f, 65536 - 3));
    InspectorDock &dock = dockOf(f);
    const QString past = QStringLiteral("past the end");
    QVERIFY(shown(dock, ValueKind::Unsigned16) != past);
    for (const ValueKind kind : {ValueKind::Unsigned32, ValueKind::Float64, ValueKind::FileTime, ValueKind::GuidRfc}) {
        QCOMPARE(shown(dock, kind), past);
        QCOMPARE(cell(dock, kind).data(Qt::EditRole).toString(), QString());
        QVERIFY(!openEditor(dock, kind));
        QVERIFY(dock.table().sentence().contains(QStringLiteral("past the end of the document")));
    }
    QVERIFY(f.stage(65533, {0x80, 0x80, 0x80}));
    QTRY_COMPARE(shown(dock, ValueKind::UnsignedLeb128), past);
    f.window->view().goTo(ByteOffset(65535));
    change(dock, ValueKind::Unsigned8, QStringLiteral("1"));
    QCOMPARE(f.shown(65535, 1), bytesOf({1}));
}

void TestInspector::asksForMissingPagesAndShowsThemWhenTheyCome()
{
    DockFixture far(memory(65536));
    while (far.f.loads->runAll() > 0) { }
    far.dock.setCaret(ByteOffset(0x8000 - 2)); // across two pages that nobody else wants
    QCOMPARE(shown(far.dock, ValueKind::Unsigned8), QStringLiteral("loading…"));
    QCOMPARE(shown(far.dock, ValueKind::Unsigned32), QStringLiteral("loading…"));
    QCOMPARE(shown(far.dock, ValueKind::UnsignedLeb128), QStringLiteral("loading…"));
    QCOMPARE(cell(far.dock, ValueKind::Unsigned8).data(Qt::EditRole).toString(), QString());
    QVERIFY(far.f.loads->waiting() > 0);
    while (far.f.loads->runAll() > 0) { }
    QTRY_COMPARE(shown(far.dock, ValueKind::Unsigned8), QString::number(patternByte(0x7FFE)));
    QTRY_COMPARE(shown(far.dock, ValueKind::Unsigned32, kBig),
                 QString::number(
                     static_cast<unsigned>(patternByte(0x7FFE)) << 24 | static_cast<unsigned>(patternByte(0x7FFF)) << 16
                     | static_cast<unsigned>(patternByte(0x8000)) << 8 | static_cast<unsigned>(patternByte(0x8001))));
    far.f.document->reload();
    QTRY_VERIFY(far.f.loads->waiting() > 0);
    while (far.f.loads->runAll() > 0) { }
    QTRY_COMPARE(shown(far.dock, ValueKind::Unsigned8), QString::number(patternByte(0x7FFE)));
}

void TestInspector::asksForNothingWhileHidden()
{
    DockFixture t(memory(65536));
    while (t.f.loads->runAll() > 0) { }
    t.dock.hide();
    t.dock.setCaret(ByteOffset(0x8000));
    QCOMPARE(t.f.loads->waiting(), std::size_t{0});
    QCOMPARE(shown(t.dock, ValueKind::Unsigned8), QStringLiteral("not loaded yet"));
    QVERIFY(!t.f.document->cached().isCached(*cachecore::ByteRange::make(0x8000, 1)));
    t.dock.show();
    QVERIFY(t.f.loads->waiting() > 0);
    while (t.f.loads->runAll() > 0) { }
    QTRY_COMPARE(shown(t.dock, ValueKind::Unsigned8), QString::number(patternByte(0x8000)));
}

void TestInspector::badSectorIsNoValueAndCanBeStagedOver()
{
    DockFixture t(memory(65536));
    t.f.source->addBadRange(*cachecore::ByteRange::make(0x8000, 512));
    t.dock.setCaret(ByteOffset(0x7FFF));
    while (t.f.loads->runAll() > 0) { }
    QTRY_COMPARE(shown(t.dock, ValueKind::Unsigned16), QStringLiteral("cannot be read"));
    QCOMPARE(shown(t.dock, ValueKind::Unsigned8), QString::number(patternByte(0x7FFF)));
    QCOMPARE(shown(t.dock, ValueKind::GuidRfc), QStringLiteral("cannot be read"));
    QCOMPARE(cell(t.dock, ValueKind::Unsigned16).data(Qt::EditRole).toString(), QString());
    t.dock.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&t.dock));
    change(t.dock, ValueKind::Unsigned16, QStringLiteral("0x1234"));
    QCOMPARE(t.f.staged(0x7FFF, 2), bytesOf({0x34, 0x12}));
    QCOMPARE(shown(t.dock, ValueKind::Unsigned16), QString::number(0x1234));
    QCOMPARE(shown(t.dock, ValueKind::Unsigned32), QStringLiteral("cannot be read"));
}

void TestInspector::copiesTheValueOfTheCell()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x20));
    f.press(Qt::Key_Right, Qt::ShiftModifier); // the window's own Copy has something to copy as well
    f.press(Qt::Key_Left, Qt::ShiftModifier);
    InspectorDock &dock = dockOf(f);
    QVERIFY(f.stage(0x20, {0xC3, 0xA9}));
    QTRY_COMPARE(shown(dock, ValueKind::Character), QStringLiteral("é · U+00E9"));
    dock.table().setFocus();
    dock.table().setCurrentIndex(cell(dock, ValueKind::Character));
    QTest::keyClick(&dock.table(), Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("é"));
    dock.table().setCurrentIndex(cell(dock, ValueKind::Unsigned16, kBig));
    QTest::keyClick(&dock.table(), Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QGuiApplication::clipboard()->text(), QString::number(0xC3A9));
    f.window->view().goTo(ByteOffset(65535));
    QTRY_COMPARE(shown(dock, ValueKind::Unsigned16, kBig), QStringLiteral("past the end"));
    QTest::keyClick(&dock.table(), Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QGuiApplication::clipboard()->text(), QString::number(0xC3A9)); // there is no value to copy
}

void TestInspector::menuOffersWhatCanBeDone()
{
    WindowFixture f;
    QVERIFY(openAt(f, 65534));
    InspectorTable &table = dockOf(f).table();
    const auto menuOn = [&](ValueKind kind) {
        const QModelIndex index = cell(dockOf(f), kind);
        table.scrollTo(index);
        const QPoint place = table.visualRect(index).center();
        QContextMenuEvent event(QContextMenuEvent::Mouse, place, table.viewport()->mapToGlobal(place));
        QCoreApplication::sendEvent(table.viewport(), &event);
        return table.findChild<QMenu *>(QStringLiteral("inspectorMenu"));
    };
    QPointer<QMenu> menu = menuOn(ValueKind::Unsigned32);
    QVERIFY(menu);
    for (const QAction *action : menu->actions())
        QVERIFY2(!action->isEnabled(), qPrintable(action->text()));
    menu->close();
    QTRY_VERIFY(!menu);
    menu = menuOn(ValueKind::Unsigned16);
    QVERIFY(menu);
    menu->findChild<QAction *>(QStringLiteral("inspectorCopyAction"))->trigger();
    QCOMPARE(QGuiApplication::clipboard()->text(), shown(dockOf(f), ValueKind::Unsigned16));
    menu->findChild<QAction *>(QStringLiteral("inspectorEditAction"))->trigger();
    QVERIFY(editing(dockOf(f)));
    menu->close();
}

void TestInspector::encodingAndBaseCanBeChosen()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x20));
    QVERIFY(f.stage(0x20, {0xE9, 0x00, 0xFF, 0xFF}));
    InspectorDock &dock = dockOf(f);
    QTRY_COMPARE(shown(dock, ValueKind::Unsigned16), QString::number(0xE9));
    QCOMPARE(shown(dock, ValueKind::Character), QStringLiteral("not UTF-8"));
    auto *box = part<QComboBox>(f, "inspectorCharacterSet");
    QVERIFY(!box->accessibleName().isEmpty());
    box->setCurrentText(QStringLiteral("UTF-16"));
    QCOMPARE(shown(dock, ValueKind::Character), QStringLiteral("é · U+00E9"));
    QCOMPARE(dock.characterSet(), QByteArrayLiteral("UTF-16"));
    change(dock, ValueKind::Character, QStringLiteral("A"), kBig);
    QCOMPARE(f.shown(0x20, 2), bytesOf({0, 0x41}));
    dock.setCharacterSet("no such set");
    QCOMPARE(dock.characterSet(), QByteArrayLiteral("UTF-16"));
    part<QAbstractButton>(f, "inspectorHex")->click();
    QCOMPARE(shown(dock, ValueKind::Unsigned16, kBig), QStringLiteral("0x41"));
    QVERIFY(dock.hexIntegers());
}

void TestInspector::columnsAreJoinedWhereOrderMakesNoDifference()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0));
    InspectorDock &dock = dockOf(f);
    const auto span = [&dock](ValueKind kind) { return dock.table().columnSpan(static_cast<int>(kind), 0); };
    QCOMPARE(span(ValueKind::Unsigned8), 2);
    QCOMPARE(span(ValueKind::GuidMicrosoft), 2);
    QCOMPARE(span(ValueKind::Unsigned16), 1);
    QCOMPARE(span(ValueKind::Character), 2);
    dock.setCharacterSet("UTF-16");
    QCOMPARE(span(ValueKind::Character), 1);
    dock.setCharacterSet("US-ASCII");
    QCOMPARE(span(ValueKind::Character), dock.characterSet() == "US-ASCII" ? 2 : 1);
}

void TestInspector::escapeGoesBackToTheBytes()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0));
    InspectorTable &table = dockOf(f).table();
    table.setFocus();
    QVERIFY(table.hasFocus());
    QTest::keyClick(&table, Qt::Key_Escape);
    QVERIFY(f.window->view().hasFocus());
    for (int tabs = 0; tabs < 40 && !table.hasFocus(); ++tabs)
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Backtab, Qt::ShiftModifier);
    QVERIFY(table.hasFocus());
}

void TestInspector::readsAloud()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x20));
    QVERIFY(f.stage(0x20, {0x53, 0xEF}));
    InspectorDock &dock = dockOf(f);
    QTRY_COMPARE(shown(dock, ValueKind::Unsigned16), QStringLiteral("61267"));
    QVERIFY(!dock.accessibleName().isEmpty() && !dock.table().accessibleName().isEmpty());
    auto *table = QAccessible::queryAccessibleInterface(&dock.table())->tableInterface();
    QVERIFY(table);
    QAccessibleInterface *read = table->cellAt(static_cast<int>(ValueKind::Unsigned16), kLittle);
    QVERIFY(read);
    QCOMPARE(read->text(QAccessible::Name), QStringLiteral("61267"));
    QVERIFY(read->text(QAccessible::Description).startsWith(QStringLiteral("Unsigned 16, little endian")));
    QVERIFY(read->text(QAccessible::Description).contains(QStringLiteral("staged")));
    QCOMPARE(table->rowDescription(static_cast<int>(ValueKind::Unsigned16)), QStringLiteral("Unsigned 16"));
    QCOMPARE(table->columnDescription(kBig), QStringLiteral("Big endian"));
    const QLineEdit *editor = openEditor(dock, ValueKind::Unsigned16, kBig);
    QVERIFY(editor);
    QCOMPARE(editor->accessibleName(), QStringLiteral("Unsigned 16, big endian"));
}

void TestInspector::emptyDocumentSaysWhatTheDockIsFor()
{
    WindowFixture f;
    const auto *empty = part<QLabel>(f, "inspectorEmpty");
    QVERIFY(empty->isVisible() && !empty->text().isEmpty());
    QVERIFY(f.openFile(0));
    QVERIFY(empty->isVisible());
    QVERIFY(empty->text().contains(QStringLiteral("no bytes")));
}

void TestInspector::canBeShownAndHidden()
{
    WindowFixture f;
    QVERIFY(openAt(f, 0x20));
    auto *action = f.window->findChild<QAction *>(QStringLiteral("inspectorDockAction"));
    QVERIFY(action && f.window->actions().viewMenu->actions().contains(action));
    action->trigger();
    QVERIFY(!dockOf(f).isVisible());
    f.window->view().goTo(ByteOffset(0x30));
    action->trigger();
    QVERIFY(dockOf(f).isVisible());
    QTRY_COMPARE(shown(dockOf(f), ValueKind::Unsigned8), QString::number(std::to_integer<unsigned>(f.original[0x30])));
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestInspector)
#include "tst_inspector.moc"
