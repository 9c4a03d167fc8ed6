// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/window_actions.h"
#include "tests/gui/gated_commit.h"
#include "tests/gui/window_part.h"
#include "tests/support/fault_env.h"
#include "ui/session/document_session.h"

#include <QAction>
#include <QDialog>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QtTest>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace cachet_test {

/// How a write ends that fails, that the window is closed over, or that may not begin.
class TestWriteEnd : public QObject {
    Q_OBJECT

private slots:
    void failureTellsEachRange();
    void manyRangesHaveDetails();
    void closingAgainWhileACopyRunsAsksAboutTheEdits();
    void fullJournalPlaceIsNamed();
    void closingWaitsForTheRollBackOfACancelledWrite();
    void closingTwiceLeavesAJournalForLater();
    void fileHeldByAnotherProgramIsOpenedForReading();
};

void TestWriteEnd::failureTellsEachRange()
{
    WindowFixture f({.journalLimit = 1});
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.stage(0x0, {0xA5, 0xA6}));
    QVERIFY(f.stage(0x10000, {0xA5}));
    QVERIFY(f.stage(0x20000, {0xA5}));
    f.source->fail(SourceOp::Sync, 1, ENOSPC); // of the second batch
    QVERIFY(f.commit());
    QTRY_VERIFY(!f.message("write").isEmpty());
    QVERIFY2(f.message("write").contains(
                 QStringLiteral("On the disk: bytes 0x0 to 0x1; rolled back: byte 0x10000; untouched: byte 0x20000. "
                                "All edits that are not on the disk are still staged.")),
             qPrintable(f.message("write")));
    QVERIFY(f.message("write").contains(QStringLiteral("no space left")));
    QVERIFY(!part<QPushButton>(f, "messageAction-write")->isVisible());
    QCOMPARE(part<QLabel>(f, "messageIcon-write")->accessibleName(), QStringLiteral("Error"));
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{2});
    f.original[0] = std::byte{0xA5};
    f.original[1] = std::byte{0xA6};
    QCOMPARE(f.fileBytes(), f.original);
    QVERIFY(f.commit());
    QTRY_VERIFY(f.document().staged().empty());
    QVERIFY(f.message("write").isEmpty());
}

void TestWriteEnd::manyRangesHaveDetails()
{
    WindowFixture f({.journalLimit = 1});
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    for (std::uint64_t at = 0; at < 0x50000; at += 0x10000)
        QVERIFY(f.stage(at, {0xA5}));
    f.source->fail(SourceOp::Sync, 2, EIO);
    QVERIFY(f.commit());
    QTRY_VERIFY2(f.message("write").contains(QStringLiteral("On the disk: 2 parts; rolled back: 1 part; untouched: ")),
                 qPrintable(f.message("write")));
    auto *details = part<QPushButton>(f, "messageAction-write");
    QVERIFY(details->isVisible());
    details->click();
    auto *text = part<QPlainTextEdit>(f, "writeDetailsText");
    QVERIFY(text->isVisible());
    QVERIFY(text->toPlainText().startsWith(
        QStringLiteral("byte 0x0: on the disk\nbyte 0x10000: on the disk\nbyte 0x20000: rolled back\n")));
    QVERIFY(text->horizontalScrollBar()->maximum() == 0);
    QTest::keyClick(text, Qt::Key_Escape);
    QTRY_VERIFY(!f.window->findChild<QDialog *>(QStringLiteral("writeDetails")));
}

void TestWriteEnd::closingAgainWhileACopyRunsAsksAboutTheEdits()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.stage(0x10, {0xA5}));
    const auto gate = std::make_shared<Gate>();
    f.source->setGate(SourceOp::NextData, gate);
    f.window->actions().saveCopy->trigger();
    QVERIFY(gate->waitForWaiting(1));
    QVERIFY(!f.window->close());
    QCOMPARE(f.questions, 0);
    QVERIFY(f.message("closing").contains(QStringLiteral("give the copy up")));
    QVERIFY(!f.window->close());
    QCOMPARE(f.questions, 1);
    QVERIFY(f.message("closing").isEmpty());
    gate->open();
    QTRY_VERIFY(f.message("copy").contains(QStringLiteral("cancelled")));
    QVERIFY(f.window->isVisible()); // the answer was to stay
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{1});
}

void TestWriteEnd::fullJournalPlaceIsNamed()
{
    const auto env = std::make_shared<FaultEnv>();
    WindowFixture f({.env = env});
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.stage(0x10, {0xA5}));
    env->fail(EnvOp::Reserve, 0, ENOSPC, Repeat::ForGood);
    QVERIFY(f.commit());
    QTRY_VERIFY(!f.message("write").isEmpty());
    const QString text = f.message("write");
    QVERIFY2(text.startsWith(QString::fromStdString(f.directory.path())), qPrintable(text));
    QVERIFY2(text.contains(QStringLiteral("is full: the journal that makes the write safe needs")), qPrintable(text));
    QVERIFY2(text.contains(QStringLiteral("Nothing was written")), qPrintable(text));
    QCOMPARE(f.fileBytes(), f.original);
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{1});
}

void TestWriteEnd::closingWaitsForTheRollBackOfACancelledWrite()
{
    GatedCommit c(SourceOp::Sync);
    QVERIFY(c.ready);
    QVERIFY(!c.f.window->close());
    QVERIFY(c.f.message("closing").contains(QStringLiteral("still running")));
    auto *cancel = part<QPushButton>(c.f, "writeProgressCancel");
    QTRY_VERIFY(cancel->isVisible());
    cancel->click();
    c.gate->open();
    // The end of the write tries to close again, and what is still staged is asked about.
    QTRY_COMPARE(c.f.questions, 1);
    QVERIFY(c.f.question.canCommit);
    QVERIFY(c.f.window && c.f.window->isVisible());
    QCOMPARE(c.f.fileBytes(), c.f.original);
    c.f.answer = cachet::CloseAnswer::Discard;
    c.f.window->close();
    QTRY_VERIFY(!c.f.window);
    QCOMPARE(c.f.fileBytes(), c.f.original);
}

void TestWriteEnd::closingTwiceLeavesAJournalForLater()
{
    TempDir directory;
    std::string path;
    std::vector<std::byte> before;
    const auto gate = std::make_shared<Gate>();
    {
        WindowFixture f;
        QVERIFY(f.openFile(65536));
        QTRY_VERIFY(f.settled());
        QVERIFY(f.stage(0x10, {0xA5}));
        f.source->setGate(SourceOp::Sync, gate);
        QVERIFY(f.commit());
        QVERIFY(gate->waitForWaiting(1));
        QVERIFY(!f.window->close());
        QVERIFY2(f.message("closing").contains(QStringLiteral("opened again and recovered")),
                 qPrintable(f.message("closing")));
        QVERIFY(f.window->close());
        before = f.original;
        // The journal is there for as long as the write has not ended.
        path = directory.write("disk.img", f.fileBytes());
        const std::string journal = f.directory.file(".disk.img.cachet-journal");
        QVERIFY(QFile::exists(QString::fromStdString(journal)));
        QVERIFY(QFile::copy(QString::fromStdString(journal),
                            QString::fromStdString(directory.file(".disk.img.cachet-journal"))));
        gate->open();
        QTRY_VERIFY(!f.window);
    }
    WindowFixture again;
    QVERIFY(again.open(path));
    QTRY_VERIFY(again.window->findChild<QWidget *>(QStringLiteral("recoveryDialog")));
    QVERIFY(!again.message("recovery").isEmpty());
}

void TestWriteEnd::fileHeldByAnotherProgramIsOpenedForReading()
{
    WindowFixture f;
    f.path = f.directory.write("disk.img", std::vector<std::byte>(65536));
    const int other = ::open(f.path.c_str(), O_RDWR | O_CLOEXEC); // not through our Env, so it counts as another
    QVERIFY(other >= 0);
    QCOMPARE(::flock(other, LOCK_EX), 0);
    QVERIFY(f.open(f.path));
    QVERIFY(f.window->session());
    const auto *label = part<QLabel>(f, "statusReadOnly");
    QCOMPARE(label->text(), QStringLiteral("Read only: in use"));
    QVERIFY2(label->toolTip().contains(QStringLiteral("is being written to by")), qPrintable(label->toolTip()));
    QVERIFY2(label->toolTip().contains(QStringLiteral("(process %1)").arg(::getpid())), qPrintable(label->toolTip()));
    QVERIFY(!f.window->actions().fill->isEnabled());
    QVERIFY(f.window->actions().fill->toolTip().contains(QStringLiteral("Close it there and open it again")));
    f.type("11");
    QVERIFY(f.document().staged().empty());
    QVERIFY2(f.message("edit").startsWith(QStringLiteral("Could not open %1 for writing: it is being written to by")
                                              .arg(QString::fromStdString(f.path))),
             qPrintable(f.message("edit")));
    ::close(other);
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestWriteEnd)
#include "tst_write_end.moc"
