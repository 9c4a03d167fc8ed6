// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/message_bar.h"
#include "app/progress_part.h"
#include "app/window_actions.h"
#include "app/write_controller.h"
#include "tests/gui/window_fixture.h"
#include "tests/support/edits.h"
#include "tests/support/fault_env.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QAction>
#include <QDialog>
#include <QLabel>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollBar>
#include <QtTest>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

using cachecore::ByteOffset;
using cachecore::ByteRange;

namespace cachet_test {

/// A write as the person at the window sees it: while it runs, when it is cancelled, and when it fails.
class TestWindowWrite : public QObject {
    Q_OBJECT

private slots:
    void progressShowsWhileTheDiskIsSlow();
    void browsingAndStagingGoOn();
    void cancelRollsBackAndIsToldCalmly();
    void cancelBeforeAnythingIsWritten();
    void endCannotBeCancelled();
    void rollingBackIsShown();
    void batchesAreCounted();
    void shortWriteShowsNoProgress();
    void copyAndWriteShowSideBySide();
    void failureTellsEachRange();
    void manyRangesHaveDetails();
    void persistOfManyRangesIsCounted();
    void cancelBetweenRangesLeavesTheOthers();
    void closingAgainWhileACopyRunsAsksAboutTheEdits();
    void fullJournalPlaceIsNamed();
    void closingWaitsForTheRollBackOfACancelledWrite();
    void closingTwiceLeavesAJournalForLater();
    void fileHeldByAnotherProgramIsOpenedForReading();
};

namespace {

template <typename T>
T *part(const WindowFixture &f, const char *name)
{
    T *found = f.window->findChild<T *>(QString::fromLatin1(name));
    if (!found)
        qFatal("no %s in the window", name);
    return found;
}

QString progressWords(const WindowFixture &f)
{
    const auto *label = part<QLabel>(f, "writeProgressText");
    return label->isVisible() ? label->text() : QString();
}

/// A window whose commit of one byte waits at the gate, before it is written.
struct GatedCommit {
    explicit GatedCommit(SourceOp op, WindowSetup setup = {})
        : f(std::move(setup))
    {
        ready = f.openFile(1 << 20) && QTest::qWaitFor([this] { return f.settled(); }) && f.stage(0x10, {0xA5});
        if (!ready)
            return;
        f.source->setGate(op, gate);
        ready = f.commit() && gate->waitForWaiting(1);
    }

    std::shared_ptr<Gate> gate = std::make_shared<Gate>();
    WindowFixture f;
    bool ready = false;
};

} // namespace

void TestWindowWrite::progressShowsWhileTheDiskIsSlow()
{
    GatedCommit c(SourceOp::Write);
    QVERIFY(c.ready);
    const auto *progress = part<cachet::ProgressPart>(c.f, "writeProgress");
    QTRY_VERIFY(progress->isVisible());
    QTRY_COMPARE(progressWords(c.f), QStringLiteral("Writing"));
    const auto *bar = part<QProgressBar>(c.f, "writeProgressBar");
    QCOMPARE(bar->format(), QStringLiteral("0 bytes of 4 KiB")); // the block around the byte
    QVERIFY(part<QPushButton>(c.f, "writeProgressCancel")->isEnabled());
    QVERIFY(!part<QLabel>(c.f, "statusStaged")->isVisible());
    c.gate->open();
    QTRY_VERIFY(!progress->isVisible());
    QVERIFY(part<QLabel>(c.f, "statusStaged")->isHidden() == !part<QLabel>(c.f, "statusNote")->text().isEmpty());
    QTRY_VERIFY(part<QLabel>(c.f, "statusNote")->text().startsWith(QStringLiteral("Wrote 1 byte")));
    c.f.original[0x10] = std::byte{0xA5};
    QCOMPARE(c.f.fileBytes(), c.f.original);
}

void TestWindowWrite::browsingAndStagingGoOn()
{
    GatedCommit c(SourceOp::Write);
    QVERIFY(c.ready);
    c.f.window->view().goTo(ByteOffset(0x80000));
    QTRY_VERIFY(c.f.settled());
    c.f.type("77");
    QCOMPARE(c.f.shown(0x80000, 1), bytesOf({0x77}));
    QVERIFY(!c.f.window->actions().undo->isEnabled());
    QVERIFY(!c.f.window->actions().commit->isEnabled());
    QVERIFY(c.f.window->actions().commit->toolTip().contains(QStringLiteral("write is running")));
    c.gate->open();
    QVERIFY(c.f.waitForWrite());
    QTRY_COMPARE(c.f.document().staged().byteCount(), std::uint64_t{1});
    QTRY_VERIFY(c.f.window->actions().commit->isEnabled());
    c.f.original[0x10] = std::byte{0xA5};
    QCOMPARE(c.f.fileBytes(), c.f.original);
}

void TestWindowWrite::cancelRollsBackAndIsToldCalmly()
{
    GatedCommit c(SourceOp::Sync);
    QVERIFY(c.ready);
    QVERIFY(c.f.fileBytes() != c.f.original);
    auto *cancel = part<QPushButton>(c.f, "writeProgressCancel");
    QTRY_VERIFY(cancel->isVisible() && cancel->isEnabled());
    cancel->click();
    QCOMPARE(progressWords(c.f), QStringLiteral("Stopping"));
    QVERIFY(!cancel->isEnabled() && !cancel->toolTip().isEmpty());
    c.gate->open();
    QTRY_VERIFY(!c.f.message("write").isEmpty());
    QCOMPARE(c.f.message("write"),
             QStringLiteral("The write was cancelled. Rolled back: byte 0x10. The disk holds what it held before; all "
                            "edits are still staged."));
    QCOMPARE(part<QLabel>(c.f, "messageIcon-write")->accessibleName(), QStringLiteral("Information"));
    QVERIFY(!cancel->isVisible());
    QCOMPARE(c.f.fileBytes(), c.f.original);
    QCOMPARE(c.f.document().staged().byteCount(), std::uint64_t{1});
    QCOMPARE(QDir(QString::fromStdString(c.f.directory.path())).entryList(QDir::Files | QDir::Hidden),
             QStringList{QStringLiteral("disk.img")});
}

void TestWindowWrite::cancelBeforeAnythingIsWritten()
{
    const auto env = std::make_shared<FaultEnv>();
    WindowFixture f({.env = env});
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.stage(0x10, {0xA5}));
    const auto gate = std::make_shared<Gate>();
    env->setGate(EnvOp::Rename, gate); // the journal gets its name: the target is untouched
    QVERIFY(f.commit());
    QVERIFY(gate->waitForWaiting(1));
    auto *cancel = part<QPushButton>(f, "writeProgressCancel");
    QTRY_VERIFY(cancel->isVisible());
    QCOMPARE(progressWords(f), QStringLiteral("Keeping the old bytes"));
    cancel->click();
    gate->open();
    QTRY_VERIFY(f.message("write").startsWith(QStringLiteral("The write was cancelled.")));
    QVERIFY(f.message("write").endsWith(QStringLiteral("all edits are still staged.")));
    QCOMPARE(f.fileBytes(), f.original);
}

void TestWindowWrite::endCannotBeCancelled()
{
    const auto env = std::make_shared<FaultEnv>();
    WindowFixture f({.env = env});
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.stage(0x10, {0xA5}));
    const auto gate = std::make_shared<Gate>();
    env->setHook([gate, document = f.window->session()->sharedDocument()](EnvOp op) {
        // The journal's removal, once the bytes are on the disk.
        const auto progress = document->writeProgress();
        if (op == EnvOp::Remove && progress && progress->phase == cachecore::WritePhase::Finishing)
            gate->pass();
    });
    QVERIFY(f.commit());
    QVERIFY(gate->waitForWaiting(1));
    QTRY_COMPARE(progressWords(f), QStringLiteral("Finishing"));
    const auto *cancel = part<QPushButton>(f, "writeProgressCancel");
    QVERIFY(!cancel->isEnabled());
    QVERIFY2(cancel->toolTip().contains(QStringLiteral("on the disk already")), qPrintable(cancel->toolTip()));
    gate->open();
    QVERIFY(f.waitForWrite());
    env->setHook({});
    QTRY_VERIFY(!part<QWidget>(f, "writeProgress")->isVisible());
    QVERIFY(f.message("write").isEmpty());
}

void TestWindowWrite::rollingBackIsShown()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.stage(0x10, {0xA5}));
    f.source->fail(SourceOp::Sync, 0, EIO);
    f.source->setDelay(SourceOp::Write, std::chrono::milliseconds(500));
    QVERIFY(f.commit());
    QTRY_COMPARE(progressWords(f), QStringLiteral("Rolling back"));
    QVERIFY(!part<QPushButton>(f, "writeProgressCancel")->isEnabled());
    QTRY_VERIFY(f.message("write").contains(QStringLiteral("Rolled back: byte 0x10.")));
    QCOMPARE(f.fileBytes(), f.original);
}

void TestWindowWrite::batchesAreCounted()
{
    WindowFixture f({.journalLimit = 1}); // one block each
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    for (const std::uint64_t at : {0x0U, 0x10000U, 0x20000U})
        QVERIFY(f.stage(at, {0xA5}));
    f.source->setDelay(SourceOp::Write, std::chrono::milliseconds(400));
    QVERIFY(f.commit());
    QTRY_VERIFY(progressWords(f).contains(QStringLiteral("batch 1 of 3")));
    QTRY_VERIFY(progressWords(f).contains(QStringLiteral("batch 2 of 3")));
    auto *cancel = part<QPushButton>(f, "writeProgressCancel");
    QTRY_VERIFY(cancel->isEnabled());
    cancel->click();
    QTRY_VERIFY(!f.message("write").isEmpty());
    // The first batch stays; which of the later ones had begun is up to the moment.
    QVERIFY2(f.message("write").startsWith(QStringLiteral("The write was cancelled. On the disk: byte 0x0")),
             qPrintable(f.message("write")));
    QVERIFY(f.fileBytes()[0] == std::byte{0xA5});
    QVERIFY(f.fileBytes()[0x20000] == f.original[0x20000]);
    QVERIFY(f.document().staged().byteCount() >= 1);
}

void TestWindowWrite::shortWriteShowsNoProgress()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.stage(0x10, {0xA5}));
    int shown = 0;
    connect(part<cachet::ProgressPart>(f, "writeProgress"), &cachet::ProgressPart::shownChanged, this,
            [&shown] { ++shown; });
    QElapsedTimer timer;
    timer.start();
    QVERIFY(f.commit());
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY(part<QLabel>(f, "statusNote")->text().startsWith(QStringLiteral("Wrote")));
    if (timer.elapsed() >= 200)
        QSKIP("the disk was too slow for a short write");
    QCOMPARE(shown, 0);
}

void TestWindowWrite::copyAndWriteShowSideBySide()
{
    GatedCommit c(SourceOp::Write);
    QVERIFY(c.ready);
    const auto copyGate = std::make_shared<Gate>();
    c.f.source->setGate(SourceOp::NextData, copyGate);
    c.f.window->actions().saveCopy->trigger();
    QVERIFY(copyGate->waitForWaiting(1));
    auto *writing = part<QWidget>(c.f, "writeProgress");
    auto *copying = part<QWidget>(c.f, "copyProgress");
    QTRY_VERIFY(writing->isVisible() && copying->isVisible());
    QVERIFY(!writing->geometry().intersects(copying->geometry()));
    part<QPushButton>(c.f, "copyProgressCancel")->click();
    copyGate->open();
    QTRY_VERIFY(c.f.message("copy").contains(QStringLiteral("cancelled")));
    QVERIFY(writing->isVisible() && !copying->isVisible());
    c.gate->open();
    QTRY_VERIFY(!writing->isVisible());
    QVERIFY2(c.f.message("write").isEmpty(), qPrintable(c.f.message("write")));
    QVERIFY(c.f.document().staged().empty());
}

void TestWindowWrite::failureTellsEachRange()
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

void TestWindowWrite::manyRangesHaveDetails()
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

void TestWindowWrite::persistOfManyRangesIsCounted()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    for (const std::uint64_t at : {0x0U, 0x10000U, 0x20000U})
        QVERIFY(f.stage(at, {0xA5}));
    int hidden = 0;
    const auto *progress = part<cachet::ProgressPart>(f, "writeProgress");
    connect(progress, &cachet::ProgressPart::shownChanged, this, [&hidden, progress] { hidden += !progress->shown(); });
    f.source->setDelay(SourceOp::Write, std::chrono::milliseconds(400));
    part<cachet::WriteController>(f, "writeController")
        ->persist({rangeAt(0, 1), rangeAt(0x10000, 1), rangeAt(0x20000, 1)});
    for (const char *which : {"range 1 of 3", "range 2 of 3", "range 3 of 3"})
        QTRY_VERIFY2(progressWords(f).contains(QString::fromLatin1(which)), which);
    QCOMPARE(hidden, 0); // one piece of work to whoever watches
    QTRY_VERIFY(f.document().staged().empty());
    QTRY_COMPARE(hidden, 1);
}

void TestWindowWrite::cancelBetweenRangesLeavesTheOthers()
{
    const auto env = std::make_shared<FaultEnv>();
    WindowFixture f({.env = env});
    QVERIFY(f.openFile(1 << 20));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.stage(0x0, {0xA5}));
    QVERIFY(f.stage(0x10000, {0xA5}));
    const auto gate = std::make_shared<Gate>();
    env->setHook([gate, document = f.window->session()->sharedDocument()](EnvOp op) {
        const auto progress = document->writeProgress();
        if (op == EnvOp::Remove && progress && progress->phase == cachecore::WritePhase::Finishing)
            gate->pass(); // too late to take the first range back
    });
    part<cachet::WriteController>(f, "writeController")->persist({rangeAt(0, 1), rangeAt(0x10000, 1)});
    QVERIFY(gate->waitForWaiting(1));
    auto *cancel = part<QPushButton>(f, "writeProgressCancel");
    QTRY_VERIFY(cancel->isVisible() && cancel->isEnabled());
    cancel->click();
    QVERIFY(progressWords(f).startsWith(QStringLiteral("Stopping")));
    gate->open();
    QTRY_COMPARE(f.message("write"),
                 QStringLiteral("The write was cancelled. On the disk: byte 0x0; untouched: byte 0x10000. All edits "
                                "that are not on the disk are still staged."));
    env->setHook({});
    f.original[0] = std::byte{0xA5};
    QCOMPARE(f.fileBytes(), f.original);
}

void TestWindowWrite::closingAgainWhileACopyRunsAsksAboutTheEdits()
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

void TestWindowWrite::fullJournalPlaceIsNamed()
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

void TestWindowWrite::closingWaitsForTheRollBackOfACancelledWrite()
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

void TestWindowWrite::closingTwiceLeavesAJournalForLater()
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

void TestWindowWrite::fileHeldByAnotherProgramIsOpenedForReading()
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

QTEST_MAIN(cachet_test::TestWindowWrite)
#include "tst_window_write.moc"
