// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/window_actions.h"
#include "tests/gui/window_part.h"
#include "tests/support/edits.h"
#include "ui/heatmap/heat_map.h"
#include "ui/hexview/hex_view.h"

#include <QAbstractButton>
#include <QAction>
#include <QLabel>
#include <QMessageBox>
#include <QProgressBar>
#include <QPushButton>
#include <QTableView>
#include <QtTest>

using cachecore::ByteOffset;
using cachecore::ByteRange;

namespace cachet_test {

/// Edits of the window from staging to the disk or to a copy: the list of them, undo, persist, and what is asked at closing.
class TestWindowSteps : public QObject {
    Q_OBJECT

private slots:
    void stagedEditsShowBeforeAndAfter();
    void dockActsOnExactlyTheSelectedRows();
    void dockCommitsAll();
    void closingQuestionIsABoxWithThreeAnswers_data();
    void closingQuestionIsABoxWithThreeAnswers();
    void discardingAllCanBeUndone();
    void undoNamesItsSteps();
    void undoSaysWhenOlderStepsWereGivenUp();
    void undoReachesAcrossACommit();
    void persistSaysWhenNothingIsStagedThere();
    void copyShowsProgressAndCanBeCancelled();
    void copyThatFailsIsSaid();
    void readOnlyStagesNothingByAnyPath();
};

namespace {

QString status(const WindowFixture &f, const char *name)
{
    const auto *label = part<QLabel>(f, name);
    return label->isVisible() ? label->text() : QString();
}

std::vector<ByteRange> extents(const WindowFixture &f)
{
    const auto staged = f.document().staged();
    std::vector<ByteRange> all;
    for (std::uint64_t i = 0; i < staged.extentCount(); ++i)
        all.push_back(staged.extent(i));
    return all;
}

} // namespace

void TestWindowSteps::stagedEditsShowBeforeAndAfter()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.stage(0x10, {0xAB, 0xCD}));
    QVERIFY(f.stage(0x9000, {0xEF})); // not loaded
    QVERIFY(f.document().stageFill(*ByteRange::make(0x8000, 100), std::vector<std::byte>{std::byte{7}}).has_value());
    const auto *model = part<QTableView>(f, "stagedEditsTable")->model();
    QTRY_COMPARE(model->rowCount(), 3);
    const auto text = [model](int row, int column) { return model->index(row, column).data().toString(); };
    QCOMPARE(text(0, 0), QStringLiteral("0x10"));
    QCOMPARE(text(0, 1), QStringLiteral("2 bytes"));
    QCOMPARE(text(0, 2), QStringLiteral("70 77 → AB CD")); // (16 * 7, 17 * 7) & 255
    QCOMPARE(text(1, 0), QStringLiteral("0x8000"));
    QCOMPARE(text(1, 1), QStringLiteral("100 bytes"));
    QVERIFY(text(1, 2).endsWith(QStringLiteral("07 …")));
    QCOMPARE(text(2, 2), QStringLiteral("·· → EF"));
    f.window->view().goTo(ByteOffset(0x9000));
    QTRY_COMPARE(text(2, 2), QStringLiteral("09 → EF")); // (0x9000 * 7 + 9) & 255
    QCOMPARE(model->headerData(2, Qt::Horizontal, Qt::DisplayRole).toString(), QStringLiteral("Before → After"));
}

void TestWindowSteps::dockActsOnExactlyTheSelectedRows()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    for (const std::uint64_t at : {0x100ULL, 0x200ULL, 0x300ULL, 0x400ULL, 0x9000ULL})
        QVERIFY(f.stage(at, {0xE0, 0xE1}));
    auto *table = part<QTableView>(f, "stagedEditsTable");
    QTRY_COMPARE(table->model()->rowCount(), 5);
    const auto choose = [table](std::initializer_list<int> rows) {
        table->clearSelection();
        for (const int row : rows)
            table->selectionModel()->select(table->model()->index(row, 0),
                                            QItemSelectionModel::Select | QItemSelectionModel::Rows);
    };
    choose({0, 4});
    part<QPushButton>(f, "persistSelectedButton")->click();
    QVERIFY(f.waitForWrite());
    QTRY_COMPARE(table->model()->rowCount(), 3);
    auto expected = f.original;
    for (const std::size_t at : {0x100U, 0x9000U}) {
        expected[at] = std::byte{0xE0};
        expected[at + 1] = std::byte{0xE1};
    }
    QTRY_COMPARE(f.fileBytes(), expected);
    QCOMPARE(extents(f),
             (std::vector<ByteRange>{*ByteRange::make(0x200, 2), *ByteRange::make(0x300, 2),
                                     *ByteRange::make(0x400, 2)}));
    choose({0, 2});
    QTRY_VERIFY(part<QPushButton>(f, "discardSelectedButton")->isEnabled());
    part<QPushButton>(f, "discardSelectedButton")->click();
    QCOMPARE(extents(f), std::vector<ByteRange>{*ByteRange::make(0x300, 2)});
    QCOMPARE(f.fileBytes(), expected);
}

void TestWindowSteps::dockCommitsAll()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    auto *commit = part<QPushButton>(f, "commitAllButton");
    QVERIFY(!commit->isEnabled());
    QVERIFY(!commit->toolTip().isEmpty());
    QVERIFY(f.stage(0x100, {1}));
    QVERIFY(f.stage(0xffff, {2}));
    QTRY_VERIFY(commit->isEnabled());
    commit->click();
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY(f.document().staged().empty());
    auto expected = f.original;
    expected[0x100] = std::byte{1};
    expected[0xffff] = std::byte{2};
    QCOMPARE(f.fileBytes(), expected);
    QTRY_VERIFY(!commit->isEnabled());
}

void TestWindowSteps::closingQuestionIsABoxWithThreeAnswers_data()
{
    QTest::addColumn<QString>("button");
    QTest::addColumn<bool>("closes");
    QTest::addColumn<bool>("writes");
    QTest::newRow("commit") << "&Commit" << true << true;
    QTest::newRow("discard") << "&Discard" << true << false;
    QTest::newRow("cancel") << "Cancel" << false << false;
    QTest::newRow("escape") << "" << false << false;
}

void TestWindowSteps::closingQuestionIsABoxWithThreeAnswers()
{
    QFETCH(const QString, button);
    QFETCH(const bool, closes);
    QFETCH(const bool, writes);
    WindowFixture f({.realQuestions = true});
    QVERIFY(f.openFile(65536));
    f.type("11");
    QVERIFY(!f.window->close());
    auto *box = part<QMessageBox>(f, "closeQuestion");
    QVERIFY(box->isVisible());
    QVERIFY(box->text().contains(QStringLiteral("disk.img")) && box->text().contains(QStringLiteral("1 byte")));
    QCOMPARE(box->buttons().size(), 3);
    f.window->close(); // asking again while it asks makes no second box
    QCOMPARE(f.window->findChildren<QMessageBox *>().size(), 1);
    if (button.isEmpty()) {
        QTest::keyClick(box, Qt::Key_Escape);
    } else {
        const auto buttons = box->buttons();
        const auto found = std::ranges::find_if(buttons, [&](const QAbstractButton *b) {
            return b->text().remove(u'&') == QString(button).remove(u'&');
        });
        QVERIFY(found != buttons.end());
        (*found)->click();
    }
    if (closes) {
        QTRY_VERIFY(!f.window);
    } else {
        QTRY_VERIFY(!f.window->findChild<QMessageBox *>());
        QVERIFY(f.window->isVisible());
        QCOMPARE(f.document().staged().byteCount(), std::uint64_t{1});
    }
    auto expected = f.original;
    if (writes)
        expected[0] = std::byte{0x11};
    QCOMPARE(f.fileBytes(), expected);
}

void TestWindowSteps::discardingAllCanBeUndone()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    QVERIFY(f.stage(0, {1, 2, 3}));
    QVERIFY(f.stage(0xffff, {4}));
    f.window->actions().selectAll->trigger();
    QCOMPARE(f.window->view().selection(), ByteRange::whole(65536));
    f.press(Qt::Key_Delete);
    QVERIFY(f.document().staged().empty());
    f.window->actions().undo->trigger();
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{4});
    QTRY_VERIFY(f.window->actions().discardAll->isEnabled());
    f.window->actions().discardAll->trigger();
    QVERIFY(f.document().staged().empty());
    QTRY_VERIFY(!f.window->isWindowModified());
    QTRY_VERIFY(f.window->actions().undo->isEnabled());
    f.window->actions().undo->trigger();
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{4});
    QCOMPARE(f.fileBytes(), f.original);
}

void TestWindowSteps::undoNamesItsSteps()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    QCOMPARE(f.window->actions().undo->text(), QStringLiteral("&Undo"));
    QVERIFY(!f.window->actions().undo->isEnabled());
    f.window->view().goTo(ByteOffset(0x438));
    f.type("0102");
    QTRY_COMPARE(f.window->actions().undo->text(), QStringLiteral("&Undo Type 2 bytes at 0x438"));
    f.window->view().select(*ByteRange::make(0x438, 2));
    f.press(Qt::Key_Delete);
    QTRY_COMPARE(f.window->actions().undo->text(), QStringLiteral("&Undo Discard 2 bytes at 0x438"));
    f.window->actions().undo->trigger();
    QTRY_COMPARE(f.window->actions().redo->text(), QStringLiteral("&Redo Discard 2 bytes at 0x438"));
    QTRY_COMPARE(f.window->actions().undo->text(), QStringLiteral("&Undo Type 2 bytes at 0x438"));
    // Undoing what is out of sight goes there.
    f.window->view().goTo(ByteOffset(0xf000));
    f.window->actions().undo->trigger();
    QVERIFY(f.window->view().visibleRange().contains(ByteOffset(0x438)));
    QVERIFY(f.document().staged().empty());
}

void TestWindowSteps::undoSaysWhenOlderStepsWereGivenUp()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    for (std::uint64_t at = 0; at <= cachecore::DocumentOptions().undoSteps; ++at)
        QVERIFY(f.document().stage(ByteOffset(2 * at), bytesOf({1})));
    while (f.document().undoStep())
        QVERIFY(f.document().undo());
    QVERIFY(!f.document().staged().empty());
    QTRY_COMPARE(f.window->actions().undo->toolTip().contains(QStringLiteral("older steps were given up")), true);
    QVERIFY(f.window->actions().undo->toolTip().contains(QLocale().toString(cachecore::DocumentOptions().undoSteps)));
}

void TestWindowSteps::undoReachesAcrossACommit()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    QTRY_VERIFY(f.settled());
    f.type("e1e2");
    f.window->actions().commit->trigger();
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY(f.window->actions().undo->isEnabled());
    f.window->actions().undo->trigger();
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{2}); // the old bytes, staged
    QTRY_VERIFY(f.window->actions().commit->isEnabled());
    f.window->actions().commit->trigger();
    QVERIFY(f.waitForWrite());
    QTRY_COMPARE(f.fileBytes(), f.original);
}

void TestWindowSteps::persistSaysWhenNothingIsStagedThere()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    QVERIFY(f.stage(0x100, {1}));
    f.window->view().select(*ByteRange::make(0x101, 10));
    QTRY_VERIFY(f.window->actions().commit->isEnabled());
    QVERIFY(!f.window->actions().persist->isEnabled());
    QVERIFY(f.window->actions().persist->toolTip().contains(QStringLiteral("staged")));
    f.window->actions().persist->trigger();
    QVERIFY(!f.document().writing());
    f.window->view().select(*ByteRange::make(0x100, 10));
    QTRY_VERIFY(f.window->actions().persist->isEnabled());
}

void TestWindowSteps::copyShowsProgressAndCanBeCancelled()
{
    WindowFixture f;
    QVERIFY(f.openFile(8 << 20));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.stage(0x10, {1}));
    f.source->setReadDelay(std::chrono::milliseconds(250)); // a read brings 1 MiB of the 8
    f.window->actions().saveCopy->trigger();
    auto *progress = part<QProgressBar>(f, "copyProgressBar");
    auto *cancel = part<QPushButton>(f, "copyProgressCancel");
    QVERIFY(progress->isVisible() && cancel->isVisible());
    QTRY_VERIFY(!f.window->actions().saveCopy->isEnabled());
    QTRY_VERIFY_WITH_TIMEOUT(progress->value() > 0, 20'000);
    cancel->click();
    QTRY_VERIFY2(f.message("copy").contains(QStringLiteral("cancelled")), qPrintable(f.message("copy")));
    QVERIFY(!progress->isVisible() && !cancel->isVisible());
    const QStringList left = QDir(QString::fromStdString(f.directory.path())).entryList(QDir::Files | QDir::Hidden);
    QCOMPARE(left, QStringList{QStringLiteral("disk.img")});
    QTRY_VERIFY(f.window->actions().saveCopy->isEnabled());
    f.source->setReadDelay(std::chrono::milliseconds(0));
    f.window->actions().saveCopy->trigger();
    QTRY_VERIFY2(f.message("copy").contains(QStringLiteral("Saved a copy")), qPrintable(f.message("copy")));
    f.original[0x10] = std::byte{1};
    QCOMPARE(readFile(f.directory.file("copy.img")), f.original);
}

void TestWindowSteps::copyThatFailsIsSaid()
{
    WindowFixture f;
    QVERIFY(f.openFile(4 << 20));
    QTRY_VERIFY(f.settled());
    f.source->addBadRange(*ByteRange::make(0x300000, 512));
    f.window->actions().saveCopy->trigger();
    QTRY_VERIFY2(f.message("copy").contains(QStringLiteral("was not saved")), qPrintable(f.message("copy")));
    QVERIFY2(f.message("copy").contains(QStringLiteral("0x300000")), qPrintable(f.message("copy")));
    QVERIFY(!QFile::exists(QString::fromStdString(f.directory.file("copy.img"))));
}

void TestWindowSteps::readOnlyStagesNothingByAnyPath()
{
    WindowFixture f({.readOnly = true});
    QVERIFY(f.openFile(65536));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.window->windowTitle().contains(QStringLiteral("(read only)")));
    QCOMPARE(status(f, "statusReadOnly"), QStringLiteral("Read only"));
    QVERIFY(!part<QLabel>(f, "statusReadOnly")->toolTip().isEmpty());
    const auto untouched
        = [&f] { return f.document().staged().empty() && !f.document().undoStep() && !f.window->isWindowModified(); };
    f.type("a5");
    QVERIFY(untouched());
    QVERIFY2(f.message("edit").contains(QStringLiteral("reading only")), qPrintable(f.message("edit")));
    f.press(Qt::Key_Tab);
    f.type("text");
    QVERIFY(untouched());
    f.window->view().selectAll();
    f.press(Qt::Key_Delete);
    f.press(Qt::Key_Backspace);
    f.press(Qt::Key_V, Qt::ControlModifier);
    QVERIFY(untouched());
    for (const char *name : {"persistSelectedButton", "discardSelectedButton", "commitAllButton"}) {
        QVERIFY2(!part<QPushButton>(f, name)->isEnabled(), name);
        part<QPushButton>(f, name)->click();
    }
    const auto &actions = f.window->actions();
    for (QAction *action :
         {actions.commit, actions.persist, actions.undo, actions.redo, actions.discardSelection, actions.discardAll}) {
        QVERIFY2(!action->isEnabled(), qPrintable(action->objectName()));
        QVERIFY2(action->toolTip().contains(QStringLiteral("reading only")), qPrintable(action->toolTip()));
        action->trigger();
    }
    QVERIFY(untouched());
    QCOMPARE(f.source->count(SourceOp::Write), std::uint64_t{0});
    QCOMPARE(f.fileBytes(), f.original);
    QVERIFY(part<QLabel>(f, "stagedEditsEmpty")->text().contains(QStringLiteral("reading only")));
    QVERIFY(f.window->close());
    QCOMPARE(f.questions, 0);
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestWindowSteps)
#include "tst_window_steps.moc"
