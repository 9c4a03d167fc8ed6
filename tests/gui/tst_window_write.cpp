// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/progress_part.h"
#include "app/window_actions.h"
#include "app/write_controller.h"
#include "tests/gui/gated_commit.h"
#include "tests/gui/window_part.h"
#include "tests/support/edits.h"
#include "tests/support/fault_env.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QAction>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QtTest>

using cachecore::ByteOffset;

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
    void persistOfManyRangesIsCounted();
    void cancelBetweenRangesLeavesTheOthers();
};

namespace {

QString progressWords(const WindowFixture &f)
{
    const auto *label = part<QLabel>(f, "writeProgressText");
    return label->isVisible() ? label->text() : QString();
}

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
    env->setGate(EnvOp::Rename, gate); // the recovery log, then the journal get their names: the target is untouched
    QVERIFY(f.commit());
    QVERIFY(gate->waitForWaiting(2));
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

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestWindowWrite)
#include "tst_window_write.moc"
