// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/message_bar.h"
#include "app/window_actions.h"
#include "tests/gui/window_fixture.h"
#include "ui/docks/staged_edits_dock.h"
#include "ui/heatmap/heat_map.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QAbstractButton>
#include <QAction>
#include <QApplication>
#include <QElapsedTimer>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QtTest>

#include <cerrno>

#include <sys/stat.h>

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachet::CloseAnswer;

namespace cachet_test {

class TestMainWindow : public QObject {
    Q_OBJECT

private slots:
    void pagesDownThousandTimes();
    void typingStagesAndUndoTakesBack();
    void persistWritesOnlyTheSelection();
    void commitWritesTheRest();
    void failedCommitKeepsTheEditsAndSaysWhy();
    void stagedRowsCanBeDiscarded();
    void closingAsksAndCancelKeepsTheWindow();
    void closingDiscards();
    void closingCommitsFirst();
    void failedCommitKeepsTheWindowOpen();
    void closesWhileReadsHang();
    void closesWhileOpeningHangs();
    void saysWhatCannotBeOpened_data();
    void saysWhatCannotBeOpened();
    void emptyFileIsSaid();
    void manyBadSectorsAreOneSentence();
    void truncatedFileIsSaid();
    void goToFieldSaysWhatIsWrongAndOffersTheEnd();
    void goesBackAndForward();
    void stepsThroughStagedEdits();
    void heatMapRestsWhenNothingChanges();
    void everyWidgetHasANameForPeopleAndTests();
    void copyHoldsTheStagedBytes();
    void followsADarkPalette();
};

void TestMainWindow::pagesDownThousandTimes()
{
    WindowFixture f;
    QVERIFY(f.openFile(4 << 20));
    const std::uint64_t page = f.window->view().visibleRange().length();
    QVERIFY(page > 0);
    for (int i = 0; i < 1000; ++i)
        f.press(Qt::Key_PageDown);
    const std::uint64_t caret = f.window->view().caret().value();
    QVERIFY(caret > 100 * 16 && caret < std::uint64_t{4} << 20);
    QVERIFY(f.window->view().visibleRange().contains(ByteOffset(caret)));
}

void TestMainWindow::typingStagesAndUndoTakesBack()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.type("aabbcc");
    auto &document = f.window->session()->document();
    QCOMPARE(document.staged().byteCount(), std::uint64_t{3});
    QTRY_VERIFY(f.window->isWindowModified());
    QTRY_COMPARE(f.window->actions().undo->text(), QStringLiteral("&Undo Type 3 bytes at 0x0"));
    f.window->actions().undo->trigger();
    QVERIFY(document.staged().empty());
    QTRY_VERIFY(!f.window->isWindowModified());
    f.window->actions().redo->trigger();
    QCOMPARE(document.staged().byteCount(), std::uint64_t{3});
    QCOMPARE(f.fileBytes(), f.original);
}

void TestMainWindow::persistWritesOnlyTheSelection()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.type("11223344");
    f.window->view().select(*ByteRange::make(1, 2));
    QTRY_VERIFY(f.window->actions().persist->isEnabled());
    f.window->actions().persist->trigger();
    QVERIFY(f.waitForWrite());
    auto expected = f.original;
    expected[1] = std::byte{0x22};
    expected[2] = std::byte{0x33};
    QCOMPARE(f.fileBytes(), expected);
    QTRY_COMPARE(f.window->session()->document().staged().byteCount(), std::uint64_t{2});
    QVERIFY(f.window->isWindowModified());
}

void TestMainWindow::commitWritesTheRest()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.type("1122");
    f.window->view().goTo(ByteOffset(0x9000));
    f.type("ff");
    QTRY_VERIFY(f.window->actions().commit->isEnabled());
    f.window->actions().commit->trigger();
    QVERIFY(f.waitForWrite());
    auto expected = f.original;
    expected[0] = std::byte{0x11};
    expected[1] = std::byte{0x22};
    expected[0x9000] = std::byte{0xff};
    QCOMPARE(f.fileBytes(), expected);
    QTRY_VERIFY(!f.window->isWindowModified());
    QTRY_VERIFY(!f.window->actions().commit->isEnabled());
}

void TestMainWindow::failedCommitKeepsTheEditsAndSaysWhy()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.type("1122");
    f.source->fail(SourceOp::Write, 0, ENOSPC);
    f.window->actions().commit->trigger();
    QTRY_VERIFY(f.message("write").contains(QStringLiteral("no space left")));
    QVERIFY(f.message("write").contains(QStringLiteral("still staged")));
    QCOMPARE(f.window->session()->document().staged().byteCount(), std::uint64_t{2});
    f.window->actions().commit->trigger();
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY(f.window->session()->document().staged().empty());
    QVERIFY(f.message("write").isEmpty());
}

void TestMainWindow::stagedRowsCanBeDiscarded()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    auto &document = f.window->session()->document();
    const std::byte one{1};
    for (const std::uint64_t at : {0x10ULL, 0x20ULL, 0x30ULL})
        QVERIFY(document.stage(ByteOffset(at), {&one, 1}).has_value());
    auto *dock = f.window->findChild<cachet::StagedEditsDock *>();
    auto *table = f.window->findChild<QTableView *>(QStringLiteral("stagedEditsTable"));
    auto *discard = f.window->findChild<QPushButton *>(QStringLiteral("discardSelectedButton"));
    QTRY_COMPARE(table->model()->rowCount(), 3);
    QVERIFY(!discard->isEnabled() && !discard->toolTip().isEmpty());
    table->selectRow(1);
    QCOMPARE(dock->selectedRanges(), std::vector<ByteRange>{*ByteRange::make(0x20, 1)});
    QVERIFY(discard->isEnabled());
    // The selection belongs to the bytes, not to the row.
    QVERIFY(document.stage(ByteOffset(0x8), {&one, 1}).has_value());
    QTRY_COMPARE(table->model()->rowCount(), 4);
    QCOMPARE(dock->selectedRanges(), std::vector<ByteRange>{*ByteRange::make(0x20, 1)});
    discard->click();
    QTRY_COMPARE(table->model()->rowCount(), 3);
    QVERIFY(!document.staged().anyIn(*ByteRange::make(0x20, 1)));
    QVERIFY(document.staged().anyIn(*ByteRange::make(0x30, 1)));
}

void TestMainWindow::closingAsksAndCancelKeepsTheWindow()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.type("11");
    f.answer = CloseAnswer::Cancel;
    QVERIFY(!f.window->close());
    QVERIFY(!f.window->close());
    QCOMPARE(f.questions, 2);
    QVERIFY(f.window->isVisible());
    QCOMPARE(f.window->session()->document().staged().byteCount(), std::uint64_t{1});
}

void TestMainWindow::closingDiscards()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.type("11");
    f.answer = CloseAnswer::Discard;
    f.window->close();
    QTRY_VERIFY(!f.window);
    QCOMPARE(f.questions, 1);
    QCOMPARE(f.fileBytes(), f.original);
}

void TestMainWindow::closingCommitsFirst()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.type("11");
    f.answer = CloseAnswer::Commit;
    f.window->close();
    QTRY_VERIFY(!f.window);
    auto expected = f.original;
    expected[0] = std::byte{0x11};
    QCOMPARE(f.fileBytes(), expected);
}

void TestMainWindow::failedCommitKeepsTheWindowOpen()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.type("11");
    f.source->fail(SourceOp::Write, 0, EIO);
    f.answer = CloseAnswer::Commit;
    f.window->close();
    QTRY_VERIFY(!f.message("write").isEmpty());
    QVERIFY(f.window && f.window->isVisible());
    QCOMPARE(f.window->session()->document().staged().byteCount(), std::uint64_t{1});
}

void TestMainWindow::closesWhileReadsHang()
{
    WindowFixture f;
    QVERIFY(f.openFile(4 << 20));
    const auto gate = std::make_shared<Gate>();
    f.source->setGate(SourceOp::Read, gate);
    f.window->view().goTo(ByteOffset(3 << 20));
    QVERIFY(gate->waitForWaiting(1));
    QElapsedTimer timer;
    timer.start();
    f.window->close();
    const qint64 closeMs = timer.elapsed();
    QVERIFY2(closeMs < 250, qPrintable(QString::number(closeMs)));
    QVERIFY(!f.window || !f.window->isVisible());
    QVERIFY(!f.closer->finish()); // something was abandoned, and that is known
    QVERIFY2(timer.elapsed() < 2000, qPrintable(QString::number(timer.elapsed())));
    gate->open();
    QTRY_COMPARE(cachet::PoolExecutor::abandonedPools(), 0U);
}

void TestMainWindow::closesWhileOpeningHangs()
{
    const auto gate = std::make_shared<Gate>();
    {
        WindowFixture f;
        f.openGate = gate;
        f.path = f.directory.write("disk.img", std::vector<std::byte>(4096));
        f.window->open(f.path);
        QVERIFY(gate->waitForWaiting(1));
        QTRY_VERIFY(f.message("open").contains(QStringLiteral("not answered yet")));
        QElapsedTimer timer;
        timer.start();
        f.window->close();
        QVERIFY(timer.elapsed() < 250);
        QVERIFY(!f.closer->finish());
        gate->open();
        QTRY_COMPARE(cachet::PoolExecutor::abandonedPools(), 0U);
    }
}

void TestMainWindow::saysWhatCannotBeOpened_data()
{
    QTest::addColumn<QString>("kind");
    QTest::addColumn<QString>("part");
    QTest::newRow("missing") << "missing" << "no such file";
    QTest::newRow("directory") << "directory" << "is a directory";
    QTest::newRow("fifo") << "fifo" << "pipe";
    QTest::newRow("character device") << "/dev/null" << "character device";
}

void TestMainWindow::saysWhatCannotBeOpened()
{
    QFETCH(const QString, kind);
    QFETCH(const QString, part);
    WindowFixture f;
    std::string path = f.directory.file("thing");
    if (kind == QStringLiteral("directory"))
        QCOMPARE(::mkdir(path.c_str(), 0700), 0);
    else if (kind == QStringLiteral("fifo"))
        QCOMPARE(::mkfifo(path.c_str(), 0600), 0);
    else if (kind.startsWith(u'/'))
        path = kind.toStdString();
    QVERIFY(f.open(path));
    QVERIFY(f.openFailed);
    QVERIFY2(f.message("open").contains(part), qPrintable(f.message("open")));
    QVERIFY(f.message("open").contains(QString::fromStdString(path)));
    // The window is still good for another file.
    QVERIFY(f.openFile(4096));
    QVERIFY(f.message("open").isEmpty());
}

void TestMainWindow::emptyFileIsSaid()
{
    WindowFixture f;
    QVERIFY(f.openFile(0));
    QVERIFY(f.message("open").contains(QStringLiteral("is empty")));
    f.type("11");
    QVERIFY(f.window->session()->document().staged().empty());
}

void TestMainWindow::manyBadSectorsAreOneSentence()
{
    WindowFixture f;
    f.original.assign(1 << 20, std::byte{1});
    QVERIFY(f.openFile(1 << 20));
    f.source->addBadRange(*ByteRange::make(0x80000, 0x40000));
    f.window->session()->document().reload();
    f.window->view().goTo(ByteOffset(0x80000));
    QTRY_VERIFY(f.message("read").contains(QStringLiteral("could not be read")));
    f.window->view().goTo(ByteOffset(0x90000));
    QTRY_VERIFY(f.message("read").contains(QStringLiteral("pages could not be read")));
    QVERIFY2(f.message("read").contains(QStringLiteral("0x80000")), qPrintable(f.message("read")));
}

void TestMainWindow::truncatedFileIsSaid()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    QFile file(QString::fromStdString(f.path));
    QVERIFY(file.resize(4096));
    f.window->actions().reload->trigger();
    QTRY_VERIFY(f.message("size").contains(QStringLiteral("shrank")));
    QVERIFY(file.resize(131072));
    f.window->actions().reload->trigger();
    QTRY_VERIFY(f.message("size").contains(QStringLiteral("grew")));
    QTRY_COMPARE(f.window->session()->document().size(), std::uint64_t{131072});
}

void TestMainWindow::goToFieldSaysWhatIsWrongAndOffersTheEnd()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    auto *field = f.window->findChild<QLineEdit *>(QStringLiteral("goToField"));
    f.window->actions().goTo->trigger();
    field->setText(QStringLiteral("lba:3"));
    QTest::keyClick(field, Qt::Key_Return);
    QCOMPARE(f.window->view().caret().value(), std::uint64_t{1536});
    field->setText(QStringLiteral("0x10000000"));
    QTest::keyClick(field, Qt::Key_Return);
    auto *error = f.window->findChild<QLabel *>(QStringLiteral("goToError"));
    QVERIFY(error && error->isVisible());
    QVERIFY2(error->accessibleName().contains(QStringLiteral("past the end")), qPrintable(error->accessibleName()));
    QCOMPARE(f.window->view().caret().value(), std::uint64_t{1536});
    emit error->linkActivated(QStringLiteral("end"));
    QVERIFY(!error->isVisible());
    QCOMPARE(f.window->view().caret().value(), std::uint64_t{65535});
}

void TestMainWindow::goesBackAndForward()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    auto *field = f.window->findChild<QLineEdit *>(QStringLiteral("goToField"));
    for (const char *place : {"0x1000", "0x80000"}) {
        field->setText(QString::fromLatin1(place));
        QTest::keyClick(field, Qt::Key_Return);
    }
    f.window->actions().back->trigger();
    QCOMPARE(f.window->view().caret().value(), std::uint64_t{0x1000});
    f.window->actions().back->trigger();
    QCOMPARE(f.window->view().caret().value(), std::uint64_t{0});
    QVERIFY(!f.window->actions().back->isEnabled());
    f.window->actions().forward->trigger();
    QCOMPARE(f.window->view().caret().value(), std::uint64_t{0x1000});
}

void TestMainWindow::stepsThroughStagedEdits()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    const std::byte one{1};
    for (const std::uint64_t at : {0x100ULL, 0x5000ULL, 0x80000ULL})
        QVERIFY(f.window->session()->document().stage(ByteOffset(at), {&one, 1}).has_value());
    QTRY_VERIFY(f.window->actions().nextEdit->isEnabled());
    for (const std::uint64_t at : {0x100ULL, 0x5000ULL, 0x80000ULL, 0x100ULL}) {
        f.window->actions().nextEdit->trigger();
        QCOMPARE(f.window->view().caret().value(), std::uint64_t{at});
    }
    for (const std::uint64_t at : {0x80000ULL, 0x5000ULL, 0x100ULL}) {
        f.window->actions().previousEdit->trigger();
        QCOMPARE(f.window->view().caret().value(), std::uint64_t{at});
    }
}

void TestMainWindow::heatMapRestsWhenNothingChanges()
{
    WindowFixture f;
    QVERIFY(f.openFile(4 << 20));
    auto *map = f.window->findChild<cachet::HeatMap *>();
    const auto settled = [&] { return f.window->session()->document().statistics().loading == 0; };
    QTRY_VERIFY(settled());
    QTest::qWait(200);
    const quint64 before = map->paintCount();
    QTest::qWait(300);
    QCOMPARE(map->paintCount(), before);
    QVERIFY(map->geometry().cellCount() > 0);
    f.type("11");
    QTRY_VERIFY(map->looks().front().staged);
    QTRY_VERIFY(map->paintCount() > before);
}

void TestMainWindow::everyWidgetHasANameForPeopleAndTests()
{
    WindowFixture f;
    QVERIFY(f.openFile(4096));
    for (const QAction *action : f.window->findChildren<QAction *>(QString(), Qt::FindDirectChildrenOnly))
        QVERIFY2(!action->objectName().isEmpty(), qPrintable(action->text()));
    for (const char *name :
         {"hexView", "heatMap", "stagedEditsTable", "inspectorTable", "goToField", "statusCaret", "statusCache",
          "persistSelectedButton", "discardSelectedButton", "commitAllButton", "messageBar"}) {
        const auto *widget = f.window->findChild<QWidget *>(QString::fromLatin1(name));
        QVERIFY2(widget, name);
        const auto *button = qobject_cast<const QAbstractButton *>(widget); // its text is its name
        QVERIFY2(!widget->accessibleName().isEmpty() || (button && !button->text().isEmpty()), name);
    }
}

void TestMainWindow::copyHoldsTheStagedBytes()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    f.type("1122");
    f.window->actions().saveCopy->trigger();
    QTRY_VERIFY2(f.message("copy").contains(QStringLiteral("Saved a copy")), qPrintable(f.message("copy")));
    QCOMPARE(f.fileBytes(), f.original);
    f.path = f.directory.file("copy.img");
    auto expected = f.original;
    expected[0] = std::byte{0x11};
    expected[1] = std::byte{0x22};
    QCOMPARE(f.fileBytes(), expected);
}

void TestMainWindow::followsADarkPalette()
{
    QPalette light(QColor(0xef, 0xef, 0xef), QColor(0xef, 0xef, 0xef));
    light.setColor(QPalette::Base, QColor(0xff, 0xff, 0xff));
    QPalette dark(QColor(0x2b, 0x2d, 0x30), QColor(0x2b, 0x2d, 0x30));
    dark.setColor(QPalette::Base, QColor(0x1e, 0x1f, 0x22));
    dark.setColor(QPalette::AlternateBase, QColor(0x26, 0x27, 0x2a));
    QApplication::setPalette(dark);
    const auto restore = qScopeGuard([&light] { QApplication::setPalette(light); });
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    f.type("1122");
    auto *map = f.window->findChild<cachet::HeatMap *>();
    QTRY_VERIFY(map->looks().front().staged);
    const QImage picture = f.window->grab().toImage();
    if (const QString path = qEnvironmentVariable("CACHET_TEST_PICTURE"); !path.isEmpty())
        QVERIFY(picture.save(path));
    const QPoint corner = map->mapTo(f.window, QPoint(0, 0));
    QCOMPARE(picture.pixelColor(corner * picture.devicePixelRatio()), dark.color(QPalette::Base));
    QApplication::setPalette(light);
    QTRY_COMPARE(map->grab().toImage().pixelColor(0, 0), light.color(QPalette::Base));
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestMainWindow)
#include "tst_main_window.moc"
