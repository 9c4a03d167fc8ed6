// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/message_bar.h"
#include "app/window_actions.h"
#include "tests/gui/window_fixture.h"
#include "ui/hexview/hex_view.h"
#include "ui/hexview/overlay_legend.h"
#include "ui/session/document_session.h"

#include <QAction>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QPushButton>
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
};

void TestWindowHabits::failedWriteSaysWhatBecameOfTheBytes_data()
{
    QTest::addColumn<SourceOp>("op");
    QTest::addColumn<QString>("part");
    QTest::newRow("write") << SourceOp::Write << QStringLiteral("may already be on the disk");
    QTest::newRow("sync") << SourceOp::Sync << QStringLiteral("may already be on the disk");
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
    QTRY_VERIFY(f.message("write").contains(QStringLiteral("Before that, 1 byte reached the disk")));
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

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestWindowHabits)
#include "tst_window_habits.moc"
