// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/window_actions.h"
#include "tests/gui/interrupted_write.h"
#include "tests/support/fault_env.h"
#include "ui/session/document_session.h"

#include <QAction>
#include <QtTest>

using cachet::RecoveryDialog;
using Stage = cachet::RecoveryDialog::Stage;

namespace cachet_test {

/// The dialog of an interrupted write while the disk is slow, fails or does not answer, and when it or its window is left meanwhile.
class TestRecoveryWork : public QObject {
    Q_OBJECT

private slots:
    void lookingCanBeStopped();
    void failedSettlingIsSaidAndCanBeRepeated();
    void settlingCanBeStopped();
    void escapeLeavesWhatCannotBeStopped();
    void closingTheWindowEndsTheDialog();
    void discardingWhileLookingLeavesNothingBehind();
    void closingWaitsForSettingAside();
    void reopenedDialogLooksForItself();
    void closingCannotCommit();
};

void TestRecoveryWork::lookingCanBeStopped()
{
    Interrupted i;
    QVERIFY(i.ready);
    const auto gate = std::make_shared<Gate>();
    i.f.source->setGate(SourceOp::Read, gate);
    click(i.f, "messageAction-recovery");
    QTRY_VERIFY(i.at(Stage::Looking));
    QVERIFY(gate->waitForWaiting(1));
    QTRY_VERIFY(text(i.f, "recoveryBusyText").startsWith(QStringLiteral("Comparing the disk with the journal")));
    QVERIFY(part<QWidget>(i.f, "recoveryBar")->isVisible());
    QVERIFY(!part<QPushButton>(i.f, "recoveryFinish")->isVisible());
    click(i.f, "recoveryStop");
    QVERIFY(!part<QPushButton>(i.f, "recoveryStop")->isEnabled());
    gate->open();
    QTRY_VERIFY(i.at(Stage::Failed));
    QVERIFY2(text(i.f, "recoverySaid").startsWith(QStringLiteral("Looking was stopped")),
             qPrintable(text(i.f, "recoverySaid")));
    QVERIFY(!part<QPushButton>(i.f, "recoverySetAside")->isVisible()); // nothing is known against the journal
    QCOMPARE(i.f.fileBytes(), i.mixed);
    click(i.f, "recoveryAgain");
    QTRY_VERIFY(i.at(Stage::Choosing));
}

void TestRecoveryWork::failedSettlingIsSaidAndCanBeRepeated()
{
    Interrupted i;
    QVERIFY(i.ready);
    QVERIFY(i.choose());
    i.f.source->fail(SourceOp::Write, 0, EIO);
    click(i.f, "recoveryFinish");
    QTRY_VERIFY(text(i.f, "recoverySaid").contains(QStringLiteral("The journal is kept.")));
    QTRY_VERIFY(i.at(Stage::Choosing)); // it has looked again
    QVERIFY2(text(i.f, "recoverySaid").contains(QStringLiteral("the medium failed")),
             qPrintable(text(i.f, "recoverySaid")));
    QVERIFY(i.journalExists());
    click(i.f, "recoveryFinish");
    QTRY_VERIFY(i.at(Stage::Ended));
    QCOMPARE(i.f.fileBytes(), i.finished);
}

void TestRecoveryWork::settlingCanBeStopped()
{
    Interrupted i;
    QVERIFY(i.ready);
    QVERIFY(i.choose());
    const auto gate = std::make_shared<Gate>();
    i.f.source->setGate(SourceOp::Write, gate);
    click(i.f, "recoveryRollBack");
    QVERIFY(gate->waitForWaiting(1));
    QTRY_COMPARE(text(i.f, "recoveryBusyText"), QStringLiteral("Rolling back"));
    QCOMPARE(part<QPushButton>(i.f, "recoveryLook")->text(), QStringLiteral("&Stop"));
    QTest::keyClick(i.dialog(), Qt::Key_Escape); // asks it to stop first
    QVERIFY(i.at(Stage::Settling));
    QTRY_COMPARE(text(i.f, "recoveryBusyText"), QStringLiteral("Stopping"));
    QCOMPARE(part<QPushButton>(i.f, "recoveryLook")->text(), QStringLiteral("&Close"));
    QTest::keyClick(i.dialog(), Qt::Key_Escape); // a disk that does not answer holds nobody
    QTRY_VERIFY(!i.dialog());
    // What was asked for goes on or stops behind the window, as the status bar shows.
    QTRY_VERIFY(part<QWidget>(i.f, "writeProgress")->isVisible());
    gate->open();
    QVERIFY(i.f.waitForWrite());
    QTRY_VERIFY(!part<QWidget>(i.f, "writeProgress")->isVisible());
    if (i.f.message("recovery").isEmpty())
        QCOMPARE(i.f.fileBytes(), i.f.original);
    else
        QVERIFY(i.journalExists());
}

void TestRecoveryWork::escapeLeavesWhatCannotBeStopped()
{
    const auto env = std::make_shared<FaultEnv>();
    Interrupted i({.env = env});
    QVERIFY(i.ready);
    QVERIFY(i.choose());
    const auto gate = std::make_shared<Gate>();
    env->setHook([gate, document = i.f.window->session()->sharedDocument()](EnvOp op) {
        const auto progress = document->writeProgress();
        if (op == EnvOp::Remove && progress && progress->phase == cachecore::WritePhase::Finishing)
            gate->pass(); // the journal is being removed
    });
    click(i.f, "recoveryRollBack");
    QVERIFY(gate->waitForWaiting(1));
    QTRY_COMPARE(text(i.f, "recoveryBusyText"), QStringLiteral("Removing the journal"));
    QTRY_COMPARE(part<QPushButton>(i.f, "recoveryLook")->text(), QStringLiteral("&Close"));
    QTest::keyClick(i.dialog(), Qt::Key_Escape); // nothing to ask it to stop, so at once
    QTRY_VERIFY(!i.dialog());
    const auto *cancel = part<QPushButton>(i.f, "writeProgressCancel");
    QTRY_VERIFY(cancel->isVisible() && !cancel->isEnabled());
    QCOMPARE(cancel->toolTip(),
             QStringLiteral("Every byte is in its place already; only the journal is being removed."));
    gate->open();
    QVERIFY(i.f.waitForWrite());
    env->setHook({});
    QTRY_VERIFY(i.f.message("recovery").isEmpty());
    QCOMPARE(i.f.fileBytes(), i.f.original);
    QVERIFY(!i.journalExists());
    QTRY_VERIFY(i.f.window->actions().commit->isEnabled());
}

void TestRecoveryWork::closingTheWindowEndsTheDialog()
{
    Interrupted i;
    QVERIFY(i.ready);
    const auto gate = std::make_shared<Gate>();
    i.f.source->setGate(SourceOp::Read, gate);
    click(i.f, "messageAction-recovery");
    QTRY_VERIFY(i.at(Stage::Looking));
    QVERIFY(gate->waitForWaiting(1));
    i.f.answer = cachet::CloseAnswer::Discard;
    i.f.window->close(); // a look is given up, and nobody waits for the disk
    QTRY_VERIFY(!i.f.window);
    gate->open();
    QCOMPARE(i.f.fileBytes(), i.mixed);
    QVERIFY(i.journalExists());
}

void TestRecoveryWork::discardingWhileLookingLeavesNothingBehind()
{
    Interrupted i;
    QVERIFY(i.ready);
    const auto gate = std::make_shared<Gate>();
    i.f.source->setGate(SourceOp::Read, gate);
    click(i.f, "messageAction-recovery");
    QVERIFY(gate->waitForWaiting(1));
    const auto document = i.f.window->session()->sharedDocument();
    i.f.answer = cachet::CloseAnswer::Discard;
    i.f.window->close();
    gate->open();
    QTRY_VERIFY(!i.f.window);
    QVERIFY(document->staged().empty()); // so that nobody is asked about them again
}

void TestRecoveryWork::closingWaitsForSettingAside()
{
    const auto env = std::make_shared<FaultEnv>();
    WindowFixture f({.env = env});
    f.path = f.directory.write("disk.img", patternBytes(kSize));
    (void)f.directory.write(".disk.img.cachet-journal", patternBytes(5000));
    QVERIFY(f.open(f.path));
    QVERIFY(waitForDialog(f, Stage::Choosing));
    const auto gate = std::make_shared<Gate>();
    env->setGate(EnvOp::Rename, gate);
    click(f, "recoverySetAside");
    QVERIFY(gate->waitForWaiting(1));
    QVERIFY(!f.window->close());
    QVERIFY2(f.message("closing").startsWith(QStringLiteral("The interrupted write of disk.img is still being")),
             qPrintable(f.message("closing")));
    env->setGate(EnvOp::Rename, nullptr);
    gate->open();
    QTRY_VERIFY(!f.window);
}

void TestRecoveryWork::reopenedDialogLooksForItself()
{
    Interrupted i;
    QVERIFY(i.ready);
    const auto gate = std::make_shared<Gate>();
    i.f.source->setGate(SourceOp::Read, gate);
    click(i.f, "messageAction-recovery");
    QVERIFY(gate->waitForWaiting(1));
    QTest::keyClick(i.dialog(), Qt::Key_Escape); // the look is cancelled, and hangs
    QTRY_VERIFY(!i.dialog());
    i.f.window->actions().recover->trigger();
    QVERIFY(i.at(Stage::Looking));
    i.f.source->setGate(SourceOp::Read, nullptr);
    gate->open();
    QTRY_VERIFY(!i.at(Stage::Looking));
    QVERIFY2(i.at(Stage::Choosing), qPrintable(text(i.f, "recoverySaid")));
}

void TestRecoveryWork::closingCannotCommit()
{
    Interrupted i;
    QVERIFY(i.ready);
    QVERIFY(!i.f.window->close());
    QCOMPARE(i.f.questions, 1);
    QVERIFY(!i.f.question.canCommit);
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestRecoveryWork)
#include "tst_recovery_work.moc"
