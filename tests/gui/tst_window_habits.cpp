// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/message_bar.h"
#include "app/screenshot.h"
#include "app/window_actions.h"
#include "tests/gui/window_fixture.h"
#include "ui/heatmap/heat_map.h"
#include "ui/hexview/hex_view.h"
#include "ui/hexview/overlay_legend.h"
#include "ui/session/document_session.h"
#include "ui/theme/theme.h"

#include <QAction>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QPushButton>
#include <QScrollBar>
#include <QToolBar>
#include <QToolButton>
#include <QtTest>

#include <cerrno>

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachet::CloseAnswer;

namespace cachet_test {

/// What people rely on without thinking: where things are, what keys do, what is said and when.
class TestWindowHabits : public QObject {
    Q_OBJECT

private slots:
    void messageThatFollowsOnTheLastOneIsSeen();
    void newestMessageIsSeen();
    void failedWriteSaysWhatBecameOfTheBytes_data();
    void failedWriteSaysWhatBecameOfTheBytes();
    void failedPersistSaysWhatWasWrittenBefore();
    void showsThirtyRowsAndTheLegendAtFirst();
    void legendCanBeHidden();
    void noTwoMnemonicsClash();
    void goToFindsItsFieldInAHiddenToolBar();
    void goToGivesTheKeyboardBack();
    void closedSentenceComesBackWhenItHappensAgain();
    void closingAgainDuringTheCommitWarnsFirst();
    void closingWaitsForACopy();
    void failedCopyKeepsTheWindowOpen();
    void titleShowsAnyName();
    void pictureOfAFileThatNeverOpensIsGivenUp();
    void hiddenHeatMapCatchesUp();
    void heatMapGivesItsRoomToTheHexView();
    void legendExplainsTheColoursOfBytes();
    void everyPartSaysThatAFileIsBeingOpened();
    void notesLeaveTheOffsetAndGoWithTheCaret();
    void longNotesEndInAnEllipsisAndATip();
    void sectorsArePlainNumbers();
};

/// The scroll area of the bar is as high as the bar, and a message in it is whole.
void TestWindowHabits::messageThatFollowsOnTheLastOneIsSeen()
{
    WindowFixture f;
    QVERIFY(f.openFile(4096));
    cachet::MessageBar &bar = f.window->messages();
    bar.show(QStringLiteral("first"), cachet::MessageBar::Severity::Warning, QStringLiteral("What was left."),
             {QStringLiteral("Act"), [] { }});
    QTRY_VERIFY(bar.height() > 0);
    bar.dismiss(QStringLiteral("first"));
    bar.show(QStringLiteral("second"), cachet::MessageBar::Severity::Information, QStringLiteral("It is here."));
    const auto *scroll = f.window->findChild<QWidget *>(QStringLiteral("messageScroll"));
    const auto *row = f.window->findChild<QWidget *>(QStringLiteral("message-second"));
    QTRY_COMPARE(scroll->geometry(), bar.rect());
    QTRY_VERIFY(row->isVisible() && row->visibleRegion() == QRegion(row->rect()));
}

void TestWindowHabits::newestMessageIsSeen()
{
    WindowFixture f;
    f.window->resize(700, 450);
    QVERIFY(f.openFile(4096));
    cachet::MessageBar &bar = f.window->messages();
    const auto seen = [&f, &bar](const QString &key) {
        const auto *row = f.window->findChild<QWidget *>(QStringLiteral("message-") + key);
        const QRect place(row->mapTo(&bar, QPoint(0, 0)), row->size());
        return row->isVisible() && place.top() >= 0 && place.top() + row->fontMetrics().height() <= bar.height();
    };
    const QString text = QStringLiteral("A sentence that is long enough to need more than one line of this window, as "
                                        "most of them do when they say what happened, why, and what to do about it.");
    for (int i = 0; i < 8; ++i) {
        bar.show(QStringLiteral("test%1").arg(i), cachet::MessageBar::Severity::Warning, text);
        QTRY_VERIFY2(seen(QStringLiteral("test%1").arg(i)), qPrintable(QString::number(i)));
    }
    bar.show(QStringLiteral("test0"), cachet::MessageBar::Severity::Error, text + QStringLiteral(" Again."));
    QTRY_VERIFY(seen(QStringLiteral("test0")));
}

void TestWindowHabits::failedWriteSaysWhatBecameOfTheBytes_data()
{
    QTest::addColumn<SourceOp>("op");
    QTest::addColumn<QString>("part");
    QTest::newRow("write") << SourceOp::Write << QStringLiteral("Rolled back: bytes 0x0 to 0x1");
    QTest::newRow("sync") << SourceOp::Sync << QStringLiteral("Rolled back: bytes 0x0 to 0x1");
    QTest::newRow("look before the write") << SourceOp::Read << QStringLiteral("Nothing was written");
}

void TestWindowHabits::failedWriteSaysWhatBecameOfTheBytes()
{
    QFETCH(const SourceOp, op);
    QFETCH(const QString, part);
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    QTRY_COMPARE(f.window->session()->document().statistics().loading, std::uint64_t{0});
    f.type("1122");
    f.source->fail(op, 0, EIO);
    f.window->actions().commit->trigger();
    QTRY_VERIFY(!f.message("write").isEmpty());
    const QString text = f.message("write");
    QVERIFY2(text.contains(part), qPrintable(text));
    QVERIFY2(text.contains(QStringLiteral("still staged")), qPrintable(text));
    QVERIFY2(text.contains(QString::fromStdString(f.path)), qPrintable(text));
    QVERIFY2(text.contains(QRegularExpression(QStringLiteral("again|reload"))), qPrintable(text));
}

void TestWindowHabits::failedPersistSaysWhatWasWrittenBefore()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    const std::byte one{1};
    auto &document = f.window->session()->document();
    for (const std::uint64_t at : {0x10ULL, 0x20ULL, 0x30ULL})
        QVERIFY(document.stage(ByteOffset(at), {&one, 1}).has_value());
    f.source->fail(SourceOp::Write, 1, ENOSPC);
    auto *dock = f.window->findChild<QObject *>(QStringLiteral("stagedEditsDock"));
    const std::vector<ByteRange> ranges{*ByteRange::make(0x10, 1), *ByteRange::make(0x30, 1)};
    QVERIFY(QMetaObject::invokeMethod(dock, "persistRequested", Q_ARG(std::vector<cachecore::ByteRange>, ranges)));
    QTRY_VERIFY(f.message("write").contains(QStringLiteral("On the disk: byte 0x10; rolled back: byte 0x30.")));
    QCOMPARE(document.staged().byteCount(), std::uint64_t{2});
}

void TestWindowHabits::showsThirtyRowsAndTheLegendAtFirst()
{
    WindowFixture f;
    f.window->resize(1280, 800);
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY2(f.window->view().visibleRange().length() / 16 >= 30,
                 qPrintable(QString::number(f.window->view().visibleRange().length() / 16)));
    const auto *legend = f.window->findChild<cachet::OverlayLegend *>();
    QVERIFY(legend && legend->isVisible());
    QVERIFY(f.window->rect().contains(QRect(legend->mapTo(f.window, QPoint(0, 0)), legend->size())));
    QVERIFY(legend->height() >= legend->heightForWidth(legend->width()));
}

void TestWindowHabits::legendCanBeHidden()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    const auto *legend = f.window->findChild<cachet::OverlayLegend *>();
    QVERIFY(legend);
    f.window->actions().legend->trigger();
    QVERIFY(!legend->isVisible());
    f.window->actions().legend->trigger();
    QVERIFY(legend->isVisible());
}

void TestWindowHabits::noTwoMnemonicsClash()
{
    WindowFixture f;
    const auto check = [](const QStringList &texts) {
        QMap<QKeySequence, QString> owners;
        for (const QString &text : texts) {
            const QKeySequence mnemonic = QKeySequence::mnemonic(text);
            if (mnemonic.isEmpty())
                continue;
            QVERIFY2(!owners.contains(mnemonic), qPrintable(owners.value(mnemonic) + u' ' + text));
            owners.insert(mnemonic, text);
        }
    };
    QStringList window;
    for (const QAction *menu : f.window->menuBar()->actions()) {
        window << menu->text();
        QStringList inMenu;
        for (const QAction *action : menu->menu()->actions())
            inMenu << action->text();
        check(inMenu);
    }
    for (const QAbstractButton *button : f.window->findChildren<QAbstractButton *>()) {
        if (!qobject_cast<const QToolButton *>(button)) // theirs are taken from actions, without the mark
            window << button->text();
    }
    for (const QLabel *label : f.window->findChildren<QLabel *>())
        window << (label->buddy() ? label->text() : QString());
    check(window);
}

void TestWindowHabits::goToFindsItsFieldInAHiddenToolBar()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    auto *bar = f.window->findChild<QToolBar *>();
    auto *field = f.window->findChild<QLineEdit *>(QStringLiteral("goToField"));
    bar->hide();
    f.window->actions().goTo->trigger();
    QVERIFY(field->isVisible());
}

void TestWindowHabits::goToGivesTheKeyboardBack()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(f.window));
    auto *field = f.window->findChild<QLineEdit *>(QStringLiteral("goToField"));
    field->setText(QStringLiteral("0x123"));
    QTest::keyClick(f.window.data(), Qt::Key_G, Qt::ControlModifier);
    QVERIFY(field->hasFocus());
    QCOMPARE(field->selectedText(), QStringLiteral("0x123"));
    QTest::keyClick(field, Qt::Key_Return);
    QVERIFY(f.window->view().hasFocus());
    QCOMPARE(f.window->view().caret(), ByteOffset(0x123));
    QTest::keyClick(f.window.data(), Qt::Key_G, Qt::ControlModifier);
    QVERIFY(field->hasFocus());
    QTest::keyClick(field, Qt::Key_Escape);
    QVERIFY(f.window->view().hasFocus());
}

void TestWindowHabits::closedSentenceComesBackWhenItHappensAgain()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.window->actions().persist->setEnabled(true);
    f.window->actions().persist->trigger();
    QVERIFY(!f.message("write").isEmpty());
    f.window->findChild<QToolButton *>(QStringLiteral("messageClose-write"))->click();
    QVERIFY(f.message("write").isEmpty());
    f.window->actions().persist->trigger();
    QVERIFY(!f.message("write").isEmpty());
}

void TestWindowHabits::closingAgainDuringTheCommitWarnsFirst()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.type("11");
    const auto gate = std::make_shared<Gate>();
    f.source->setGate(SourceOp::Write, gate);
    f.answer = CloseAnswer::Commit;
    QVERIFY(!f.window->close());
    QVERIFY(gate->waitForWaiting(1));
    QVERIFY(!f.window->close()); // the first time the danger is told
    QVERIFY2(f.message("closing").contains(QStringLiteral("half written")), qPrintable(f.message("closing")));
    gate->open();
    QTRY_VERIFY(!f.window); // and the end of the commit closes it
    QCOMPARE(f.questions, 1);
    QCOMPARE(f.fileBytes().front(), std::byte{0x11});
}

void TestWindowHabits::closingWaitsForACopy()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    QTRY_COMPARE(f.window->session()->document().statistics().loading, std::uint64_t{0});
    const auto gate = std::make_shared<Gate>();
    f.source->setGate(SourceOp::NextData, gate);
    f.window->actions().saveCopy->trigger();
    QVERIFY(gate->waitForWaiting(1));
    QVERIFY(!f.window->close());
    QVERIFY2(f.message("closing").contains(QStringLiteral("copy")), qPrintable(f.message("closing")));
    gate->open();
    QTRY_VERIFY(!f.window);
    QCOMPARE(QFileInfo(QString::fromStdString(f.directory.file("copy.img"))).size(), qint64{1 << 20});
}

void TestWindowHabits::failedCopyKeepsTheWindowOpen()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    QTRY_COMPARE(f.window->session()->document().statistics().loading, std::uint64_t{0});
    const auto gate = std::make_shared<Gate>();
    f.source->setGate(SourceOp::NextData, gate);
    f.source->fail(SourceOp::NextData, 0, EIO);
    f.window->actions().saveCopy->trigger();
    QVERIFY(gate->waitForWaiting(1));
    QVERIFY(!f.window->close());
    gate->open();
    QTRY_VERIFY(f.message("copy").contains(QStringLiteral("was not saved")));
    QVERIFY(f.message("closing").isEmpty());
    QVERIFY(f.window && f.window->isVisible());
    f.window->close();
    QTRY_VERIFY(!f.window);
}

void TestWindowHabits::titleShowsAnyName()
{
    WindowFixture f;
    f.path = f.directory.write("a[*]%1 b.img", std::vector<std::byte>(4096));
    QVERIFY(f.open(f.path));
    f.type("11");
    QTRY_VERIFY(f.window->isWindowModified());
    QCOMPARE(f.window->windowTitle(), QStringLiteral("a[*][*]%1 b.img[*] — Cachet"));
}

void TestWindowHabits::pictureOfAFileThatNeverOpensIsGivenUp()
{
    const auto gate = std::make_shared<Gate>();
    {
        WindowFixture f;
        f.openGate = gate;
        f.path = f.directory.write("disk.img", std::vector<std::byte>(4096));
        cachet::Screenshot screenshot(*f.window, f.directory.file("p.png"), nullptr, 50);
        QSignalSpy finished(&screenshot, &cachet::Screenshot::finished);
        connect(f.window, &cachet::MainWindow::opened, &screenshot, &cachet::Screenshot::begin);
        f.window->open(f.path);
        QVERIFY(finished.wait(5000));
        QCOMPARE(finished.first().at(0).toBool(), false);
        QVERIFY(!QFileInfo::exists(QString::fromStdString(f.directory.file("p.png"))));
        gate->open();
        QTRY_COMPARE(cachet::PoolExecutor::abandonedPools(), 0U);
    }
}

void TestWindowHabits::hiddenHeatMapCatchesUp()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    auto *map = f.window->findChild<cachet::HeatMap *>();
    auto *dock = f.window->findChild<QWidget *>(QStringLiteral("heatMapDock"));
    QTRY_VERIFY(!map->looks().empty());
    dock->hide();
    f.type("11");
    QTRY_VERIFY(f.window->isWindowModified());
    QVERIFY(!map->looks().front().staged); // nobody sees it, so nothing is computed
    dock->show();
    QTRY_VERIFY(map->looks().front().staged);
}

void TestWindowHabits::heatMapGivesItsRoomToTheHexView()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    auto *dock = f.window->findChild<QWidget *>(QStringLiteral("heatMapDock"));
    f.window->resize(1280, 800);
    QTRY_VERIFY(dock->width() >= 450); // all that it wants
    const int wide = dock->width();
    QCOMPARE(f.window->view().horizontalScrollBar()->maximum(), 0);
    f.window->resize(700, 450);
    QTRY_VERIFY2(dock->width() <= 150, qPrintable(QString::number(dock->width())));
    // Between them, columns are never cut while the dock has something to give.
    f.window->resize(f.window->view().sizeHint().width() + 180, 600);
    QTRY_COMPARE(f.window->view().horizontalScrollBar()->maximum(), 0);
    QTRY_VERIFY2(dock->width() > 160, qPrintable(QString::number(dock->width())));
    f.window->resize(1280, 800);
    QTRY_COMPARE(dock->width(), wide);
}

void TestWindowHabits::legendExplainsTheColoursOfBytes()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    auto *legend = f.window->findChild<cachet::OverlayLegend *>();
    QVERIFY(legend);
    const QString names = legend->accessibleDescription();
    for (const char *name : {"Zero", "Printable", "Control", "High", "All ones"})
        QVERIFY2(names.contains(QString::fromLatin1(name)), name);
    // Each class's own colour is there to be seen, and all of it at any width.
    const cachet::Theme theme = cachet::Theme::of(legend->palette());
    for (const QSize size : {QSize(700, 450), QSize(1280, 800), QSize(1900, 1000)}) {
        f.window->resize(size);
        QTRY_COMPARE(f.window->size(), size);
        QTRY_VERIFY(legend->height() >= legend->heightForWidth(legend->width()));
        const QImage picture = legend->grab().toImage();
        for (std::size_t kind = 0; kind < cachet::kByteClassCount; ++kind) {
            const QRgb color = theme.byteText(static_cast<cachet::ByteClass>(kind)).rgb();
            int pixels = 0;
            for (int y = 0; y < picture.height(); ++y) {
                for (int x = 0; x < picture.width(); ++x)
                    pixels += picture.pixel(x, y) == color ? 1 : 0;
            }
            QVERIFY2(pixels > 0, qPrintable(QString::number(kind)));
        }
    }
}

void TestWindowHabits::everyPartSaysThatAFileIsBeingOpened()
{
    const auto gate = std::make_shared<Gate>();
    WindowFixture f;
    f.openGate = gate;
    f.path = f.directory.write("disk.img", std::vector<std::byte>(4096));
    const auto *map = f.window->findChild<cachet::HeatMap *>();
    const auto *edits = f.window->findChild<QLabel *>(QStringLiteral("stagedEditsEmpty"));
    const auto *values = f.window->findChild<QLabel *>(QStringLiteral("inspectorEmpty"));
    const auto *status = f.window->findChild<QLabel *>(QStringLiteral("statusCaret"));
    f.window->open(f.path);
    QVERIFY(f.window->view().accessibleDescription().contains(QStringLiteral("Opening disk.img")));
    QVERIFY(map->emptyText().contains(QStringLiteral("Opening disk.img")));
    QVERIFY(edits->text().contains(QStringLiteral("being opened")));
    QVERIFY(values->text().contains(QStringLiteral("being opened")));
    QVERIFY(status->text().contains(QStringLiteral("Opening")));
    QTRY_VERIFY(f.window->view().accessibleDescription().contains(QStringLiteral("not answered yet")));
    QVERIFY(map->emptyText().contains(QStringLiteral("not answered yet")));
    QVERIFY(status->text().contains(QStringLiteral("not answered yet")));
    gate->open();
    QTRY_VERIFY(f.window->session());
    QVERIFY(status->text().startsWith(QStringLiteral("0x0")));
}

void TestWindowHabits::notesLeaveTheOffsetAndGoWithTheCaret()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    const auto *note = f.window->findChild<QLabel *>(QStringLiteral("statusNote"));
    const auto *offset = f.window->findChild<QLabel *>(QStringLiteral("statusCaret"));
    QVERIFY(note);
    const auto write = [&f, note] {
        f.type("11");
        f.window->actions().commit->trigger();
        QTRY_VERIFY(note->text().startsWith(QStringLiteral("Wrote ")));
    };
    write();
    QVERIFY(offset->isVisible());
    QCOMPARE(offset->text(), QStringLiteral("0x1 (1)  lba 0"));
    f.press(Qt::Key_Right);
    QVERIFY(note->text().isEmpty());
    write();
    QTRY_VERIFY(f.window->actions().undo->isEnabled());
    f.window->actions().undo->trigger();
    QTRY_VERIFY(note->text().isEmpty());
    write();
    QTRY_VERIFY_WITH_TIMEOUT(note->text().isEmpty(), 10000); // and by itself
    QVERIFY(f.window->findChild<QLabel *>(QStringLiteral("statusCache"))->isVisible());
}

void TestWindowHabits::longNotesEndInAnEllipsisAndATip()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    f.window->resize(500, 450);
    const auto gate = std::make_shared<Gate>();
    f.source->setGate(SourceOp::Read, gate);
    f.window->view().goTo(ByteOffset(0xFFFFF));
    f.type("1");
    const auto *note = f.window->findChild<QLabel *>(QStringLiteral("statusNote"));
    QVERIFY(note && note->text().contains(QStringLiteral("is not loaded: type its second digit too, or Escape.")));
    QCOMPARE(note->toolTip(), note->text());
    // It lies between its neighbours, never under them.
    QTRY_VERIFY(!f.window->findChild<QLabel *>(QStringLiteral("statusCache"))->isVisible());
    const auto *offset = f.window->findChild<QLabel *>(QStringLiteral("statusCaret"));
    QTRY_VERIFY(note->geometry().left() > offset->geometry().right());
    QVERIFY(note->geometry().right() < f.window->width());
    gate->open();
}

void TestWindowHabits::sectorsArePlainNumbers()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    f.window->view().goTo(ByteOffset(0xFFFFF));
    const auto *offset = f.window->findChild<QLabel *>(QStringLiteral("statusCaret"));
    QVERIFY2(offset->text().endsWith(QStringLiteral("lba 2047")), qPrintable(offset->text()));
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestWindowHabits)
#include "tst_window_habits.moc"
