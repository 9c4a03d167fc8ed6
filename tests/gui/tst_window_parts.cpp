// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/window_actions.h"
#include "tests/gui/hex_view_fixture.h"
#include "tests/gui/window_part.h"
#include "ui/heatmap/heat_map.h"
#include "ui/heatmap/heat_map_legend.h"
#include "ui/hexview/hex_view.h"
#include "ui/hexview/overlay_legend.h"

#include <QAbstractButton>
#include <QAction>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QTableView>
#include <QtTest>
#include <QWidgetAction>

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachet::HeatMap;

namespace cachet_test {

/// Each part of the window, as the person at it meets it.
class TestWindowParts : public QObject {
    Q_OBJECT

private slots:
    void everyWidgetAndActionHasItsNames();
    void heatMapShowsEachState();
    void heatMapClickMovesTheView();
    void overlayIsExplainedAndCanBeHidden();
    void titleNamesTheFileAndMarksEdits();
    void statusBarTellsWhereAndHowMuch();
    void goToTakesEveryKindOfPlace_data();
    void goToTakesEveryKindOfPlace();
    void goToSaysWhatIsWrong_data();
    void goToSaysWhatIsWrong();
    void paintsNothingWhileNothingHappens();
    void shortcutsAreThoseOfTheTable_data();
    void shortcutsAreThoseOfTheTable();
};

namespace {

QString status(const WindowFixture &f, const char *name)
{
    const auto *label = part<QLabel>(f, name);
    return label->isVisible() ? label->text() : QString();
}

cachet::CellLook lookAt(const HeatMap &map, std::uint64_t page)
{
    return map.looks()[static_cast<std::size_t>(map.geometry().cellOfPage(page))];
}

/// Widgets of Qt's own that live inside another widget, which speaks for them.
bool insideOfAWidget(const QWidget *widget)
{
    return widget->objectName().startsWith(QStringLiteral("qt_"));
}

QString nameForPeople(const QWidget *widget)
{
    if (!widget->accessibleName().isEmpty())
        return widget->accessibleName();
    if (const auto *button = qobject_cast<const QAbstractButton *>(widget))
        return button->text();
    if (const auto *label = qobject_cast<const QLabel *>(widget))
        return label->text();
    return widget->windowTitle();
}

bool takesInput(const QWidget *widget)
{
    return widget->isVisible() && !insideOfAWidget(widget)
        && (widget->focusPolicy() != Qt::NoFocus || qobject_cast<const QAbstractButton *>(widget));
}

} // namespace

void TestWindowParts::everyWidgetAndActionHasItsNames()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    f.source->addBadRange(*ByteRange::make(0, 1)); // so that a sentence with its buttons is there too
    f.document().reload();
    QVERIFY(f.stage(16, {1}));
    QTRY_VERIFY(!f.message("read").isEmpty());
    const auto *table = part<QTableView>(f, "stagedEditsTable");
    QTRY_COMPARE(table->model()->rowCount(), 1);
    part<QLineEdit>(f, "goToField")->setText(QStringLiteral("nonsense"));
    QTest::keyClick(part<QLineEdit>(f, "goToField"), Qt::Key_Return);

    int walked = 0;
    QStringList wrong;
    for (const QWidget *widget : f.window->findChildren<QWidget *>()) {
        if (!takesInput(widget))
            continue;
        ++walked;
        const QString who = QStringLiteral("%1 \"%2\" in \"%3\"")
                                .arg(QString::fromLatin1(widget->metaObject()->className()), widget->objectName(),
                                     widget->parent()->objectName());
        if (widget->objectName().isEmpty())
            wrong << who + QStringLiteral(" has no object name");
        if (nameForPeople(widget).isEmpty())
            wrong << who + QStringLiteral(" has no name for people");
    }
    for (const QAction *action : f.window->findChildren<QAction *>()) {
        const QString owner = action->parent() ? action->parent()->objectName() : QString();
        const bool ofQt = qobject_cast<const QLineEdit *>(action->parent()) || action->isSeparator() || action->menu()
            || qobject_cast<const QWidgetAction *>(action);
        if (!ofQt && action->objectName().isEmpty())
            wrong << QStringLiteral("action \"%1\" in \"%2\" has no object name").arg(action->text(), owner);
        if (!ofQt && action->text().isEmpty())
            wrong << QStringLiteral("action %1 has no text").arg(action->objectName());
    }
    QList<QObject *> parents = f.window->findChildren<QObject *>();
    parents << f.window.data();
    for (const QObject *parent : std::as_const(parents)) {
        QStringList names;
        for (const QObject *child : parent->children()) {
            const QString name = child->objectName();
            if (name.isEmpty() || name.startsWith(QStringLiteral("qt_")))
                continue;
            if (names.contains(name))
                wrong << QStringLiteral("two children of \"%1\" are called \"%2\"").arg(parent->objectName(), name);
            names << name;
        }
    }
    QVERIFY(walked >= 10);
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join(u'\n')));
}

void TestWindowParts::heatMapShowsEachState()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20)); // 256 pages, a cell each
    auto *map = f.window->findChild<HeatMap *>();
    QVERIFY(map->geometry().cellCount() == 256);
    f.source->addBadRange(*ByteRange::make(0x40000, 512));
    for (const std::uint64_t page : {0x20ULL, 0x30ULL, 0x40ULL}) {
        f.window->view().goTo(ByteOffset(page * 4096));
        QTRY_VERIFY(f.settled());
    }
    QTRY_COMPARE(lookAt(*map, 0x20).ready, std::uint8_t{4});
    QVERIFY(lookAt(*map, 0x20).touched);
    QTRY_VERIFY(lookAt(*map, 0x40).failed);
    QCOMPARE(lookAt(*map, 0x90), cachet::CellLook{}); // never touched
    QVERIFY(f.stage(0x90000, {1}));
    QTRY_VERIFY(lookAt(*map, 0x90).staged);
    QVERIFY(!lookAt(*map, 0x90).touched);

    const auto gate = std::make_shared<Gate>();
    f.source->setGate(SourceOp::Read, gate);
    f.window->view().goTo(ByteOffset(0xa0000));
    QTRY_VERIFY(lookAt(*map, 0xa0).loading);
    gate->open();
    QTRY_VERIFY(!lookAt(*map, 0xa0).loading);
    QTRY_COMPARE(lookAt(*map, 0xa0).ready, std::uint8_t{4});
    // What went out of the cache was there once.
    f.source->setGate(SourceOp::Read, nullptr);
    f.document().reload();
    QTRY_VERIFY(lookAt(*map, 0x20).ready == 0 && lookAt(*map, 0x20).touched);

    // States that differ look different, cell by cell.
    const auto picture = [map](std::uint64_t page) {
        const QRect rect = map->geometry().cellRect(map->geometry().cellOfPage(page)).translated(4, 4);
        return map->grab(rect).toImage();
    };
    QTRY_COMPARE(lookAt(*map, 0xa0).ready, std::uint8_t{4});
    QVERIFY(picture(0x20) != picture(0xc0)); // touched, never
    QVERIFY(picture(0x90) != picture(0xc0)); // staged
    QVERIFY(picture(0x20) != picture(0x90));
}

void TestWindowParts::heatMapClickMovesTheView()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    auto *map = f.window->findChild<HeatMap *>();
    const QImage before = map->grab().toImage();
    for (const int cell : {200, 255, 3}) {
        QTest::mouseClick(map, Qt::LeftButton, {}, map->geometry().cellRect(cell).center() + QPoint(4, 4));
        QCOMPARE(f.window->view().caret(), map->geometry().bytesOf(cell).begin());
        QVERIFY(f.window->view().visibleRange().contains(f.window->view().caret()));
        QTRY_COMPARE(lookAt(*map, static_cast<std::uint64_t>(cell)).ready, std::uint8_t{4});
        QVERIFY(map->grab().toImage() != before); // the viewport's frame goes along
    }
    QTRY_VERIFY(f.window->actions().back->isEnabled());
    f.window->actions().back->trigger();
    QCOMPARE(f.window->view().caret(), map->geometry().bytesOf(255).begin());
}

void TestWindowParts::overlayIsExplainedAndCanBeHidden()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.stage(0x10, {1}));
    const auto *legend = f.window->findChild<cachet::OverlayLegend *>();
    QVERIFY2(legend && legend->isVisible(), "the overlay has a legend");
    QVERIFY(!legend->accessibleName().isEmpty());
    QVERIFY(f.window->findChild<cachet::HeatMapLegend *>()->isVisible());
    QTest::qWait(50);
    const QImage with = f.window->view().viewport()->grab().toImage();
    QCOMPARE(f.window->actions().overlay->shortcut(), QKeySequence(QStringLiteral("Ctrl+Shift+O")));
    f.window->actions().overlay->trigger();
    QVERIFY(!f.window->view().overlayVisible());
    QVERIFY(f.window->view().viewport()->grab().toImage() != with);
    f.window->actions().overlay->trigger();
    QTRY_COMPARE(f.window->view().viewport()->grab().toImage(), with);
    f.window->actions().legend->trigger();
    QVERIFY(!legend->isVisible());
    f.window->actions().legend->trigger();
    QVERIFY(legend->isVisible());
}

void TestWindowParts::titleNamesTheFileAndMarksEdits()
{
    WindowFixture f;
    QCOMPARE(f.window->windowTitle(), QStringLiteral("Cachet"));
    QVERIFY(f.openFile(65536));
    QTRY_COMPARE(f.window->windowTitle(), QStringLiteral("disk.img[*] — Cachet"));
    QVERIFY(!f.window->isWindowModified());
    f.type("11");
    QTRY_VERIFY(f.window->isWindowModified());
    f.press(Qt::Key_Z, Qt::ControlModifier);
    if (!f.document().staged().empty())
        f.window->actions().undo->trigger();
    QTRY_VERIFY(!f.window->isWindowModified());
}

void TestWindowParts::statusBarTellsWhereAndHowMuch()
{
    WindowFixture f;
    QCOMPARE(status(f, "statusCaret"), QStringLiteral("No document"));
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    f.window->view().goTo(ByteOffset(0x438));
    QCOMPARE(status(f, "statusCaret"), QStringLiteral("0x438 (1,080)  lba 2"));
    QCOMPARE(status(f, "statusSelection"), QString());
    QCOMPARE(status(f, "statusStaged"), QStringLiteral("Nothing staged"));
    f.window->view().select(*ByteRange::make(0x438, 2));
    QCOMPARE(status(f, "statusSelection"), QStringLiteral("Selected 2 bytes"));
    QVERIFY(f.stage(0x438, {1, 2}));
    QTRY_COMPARE(status(f, "statusStaged"), QStringLiteral("2 bytes staged in 1 page"));
    QVERIFY(f.stage(0x7fff, {1, 2, 3}));
    QTRY_COMPARE(status(f, "statusStaged"), QStringLiteral("5 bytes staged in 3 pages"));
    const auto cache = [&f] { return f.document().statistics(); };
    QTRY_VERIFY(cache().loading == 0);
    QTRY_VERIFY2(
        status(f, "statusCache").contains(QStringLiteral("%1 hits, %2 miss").arg(cache().hits).arg(cache().misses)),
        qPrintable(status(f, "statusCache")));
    QVERIFY(status(f, "statusCache").contains(QStringLiteral("of 256.0 MiB")));
    QVERIFY(cache().misses > 0);
    QCOMPARE(status(f, "statusReadOnly"), QString());
}

void TestWindowParts::goToTakesEveryKindOfPlace_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<quint64>("place");
    QTest::newRow("hexadecimal") << "0x1be" << quint64{0x1be};
    QTest::newRow("decimal") << "446" << quint64{446};
    QTest::newRow("KiB") << "64KiB" << quint64{65536};
    QTest::newRow("MiB") << "1MiB" << quint64{1 << 20};
    QTest::newRow("sector") << "lba:2" << quint64{1024};
    QTest::newRow("forward") << "+16" << quint64{0x1010};
    QTest::newRow("backward") << "-16" << quint64{0xff0};
    QTest::newRow("before the end") << "end-512" << quint64{(2 << 20) - 512};
    QTest::newRow("end") << "end" << quint64{(2 << 20) - 1}; // the last byte, for there is no other there
    QTest::newRow("spaces") << "  0x20  " << quint64{0x20};
}

void TestWindowParts::goToTakesEveryKindOfPlace()
{
    QFETCH(const QString, text);
    QFETCH(const quint64, place);
    WindowFixture f;
    QVERIFY(f.openFile(2 << 20));
    f.window->view().goTo(ByteOffset(0x1000));
    f.window->actions().goTo->trigger();
    auto *field = part<QLineEdit>(f, "goToField");
    field->setText(text);
    QTest::keyClick(field, Qt::Key_Return);
    QCOMPARE(f.window->view().caret().value(), place);
    QVERIFY(f.window->view().visibleRange().contains(ByteOffset(place)));
    const auto *error = f.window->findChild<QLabel *>(QStringLiteral("goToError"));
    QVERIFY(!error || !error->isVisible());
}

void TestWindowParts::goToSaysWhatIsWrong_data()
{
    QTest::addColumn<QString>("text");
    for (const char *text : {"", "hello", "0x", "12parsecs", "99999999999999999999", "-1", "end-3MiB",
                             "lba:", "0x10 0x20", "0xffffffffffffffff", "8388608TiB", "end+1", "\u0664"})
        QTest::newRow(*text ? text : "nothing") << QString::fromUtf8(text);
}

void TestWindowParts::goToSaysWhatIsWrong()
{
    QFETCH(const QString, text);
    WindowFixture f;
    QVERIFY(f.openFile(2 << 20));
    f.window->actions().goTo->trigger();
    auto *field = part<QLineEdit>(f, "goToField");
    field->setText(text);
    QTest::keyClick(field, Qt::Key_Return);
    auto *error = part<QLabel>(f, "goToError");
    QVERIFY(error->isVisible());
    QVERIFY2(error->accessibleName().endsWith(u'.'), qPrintable(error->accessibleName()));
    QVERIFY(f.window->rect().contains(error->geometry()));
    QCOMPARE(f.window->view().caret().value(), std::uint64_t{0});
    QTest::keyClick(field, Qt::Key_Escape);
    QVERIFY(!error->isVisible());
    QVERIFY(!field->hasFocus());
}

void TestWindowParts::paintsNothingWhileNothingHappens()
{
    WindowFixture f;
    QVERIFY(f.openFile(4 << 20));
    f.type("11");
    auto *map = f.window->findChild<HeatMap *>();
    QTRY_VERIFY(f.settled() && f.document().statistics().loading == 0 && map->looks().front().staged);
    PaintCounter view(f.window->view().viewport());
    PaintCounter cells(map);
    PaintCounter table(part<QTableView>(f, "stagedEditsTable")->viewport());
    QTRY_VERIFY(view.quiet() && cells.quiet() && table.quiet());
    const int before = view.count() + cells.count() + table.count();
    QTest::qWait(2500); // longer than the watcher of the file's size rests
    QCOMPARE(view.count() + cells.count() + table.count(), before);
    f.press(Qt::Key_Right);
    QTRY_VERIFY(view.count() + cells.count() + table.count() > before); // and the counters do count
}

void TestWindowParts::shortcutsAreThoseOfTheTable_data()
{
    QTest::addColumn<QString>("action");
    QTest::addColumn<QString>("keys");
    QTest::newRow("open") << "openAction" << "Ctrl+O";
    QTest::newRow("commit") << "commitAction" << "Ctrl+S";
    QTest::newRow("persist") << "persistAction" << "Ctrl+Alt+S";
    QTest::newRow("copy as") << "saveCopyAction" << "Ctrl+Shift+S";
    QTest::newRow("copy") << "copyAction" << "Ctrl+C";
    QTest::newRow("paste over") << "pasteAction" << "Ctrl+V";
    QTest::newRow("paste over as") << "pasteAsAction" << "Ctrl+Shift+V";
    QTest::newRow("undo") << "undoAction" << "Ctrl+Z";
    QTest::newRow("redo") << "redoAction" << "Ctrl+Shift+Z";
    QTest::newRow("go to") << "goToAction" << "Ctrl+G";
    QTest::newRow("overlay") << "overlayAction" << "Ctrl+Shift+O";
    QTest::newRow("back") << "backAction" << "Alt+Left";
    QTest::newRow("next edit") << "nextEditAction" << "F8";
    QTest::newRow("quit") << "quitAction" << "Ctrl+Q";
    QTest::newRow("close") << "closeAction" << "Ctrl+W";
}

void TestWindowParts::shortcutsAreThoseOfTheTable()
{
    QFETCH(const QString, action);
    QFETCH(const QString, keys);
    const WindowFixture f;
    const auto *found = f.window->findChild<QAction *>(action);
    QVERIFY(found);
    QVERIFY(found->shortcuts().contains(QKeySequence(keys)));
    for (const QAction *other : f.window->findChildren<QAction *>()) {
        if (other != found && !qobject_cast<const QLineEdit *>(other->parent()))
            QVERIFY2(!other->shortcuts().contains(QKeySequence(keys)), qPrintable(other->objectName()));
    }
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestWindowParts)
#include "tst_window_parts.moc"
