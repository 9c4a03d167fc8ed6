// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/window_actions.h"
#include "cachecore/source/file_source.h"
#include "cachecore/write/journal/journal_place.h"
#include "tests/gui/interrupted_write.h"
#include "tests/support/edits.h"
#include "tests/support/fault_env.h"
#include "ui/hexview/hex_view.h"

#include <QAction>
#include <QCheckBox>
#include <QListWidget>
#include <QToolButton>
#include <QtTest>

using cachecore::ByteOffset;
using cachet::RecoveryDialog;
using Stage = cachet::RecoveryDialog::Stage;

namespace cachet_test {

/// An interrupted write as the person at the window meets it: told for as long as it lasts, and settled in its dialog.
class TestWindowRecovery : public QObject {
    Q_OBJECT

private slots:
    void interruptedWriteIsToldAndNothingIsWritten();
    void recoverStaysInSightOfALongFailure();
    void dialogFinishesOrRollsBack_data();
    void dialogFinishesOrRollsBack();
    void openingAgainAsksAndLookLeavesEverything();
    void foreignBytesAreShownAndOverwrittenOnRequest_data();
    void foreignBytesAreShownAndOverwrittenOnRequest();
    void unusableJournalCanOnlyBeSetAside_data();
    void unusableJournalCanOnlyBeSetAside();
    void finishedJournalIsRemoved();
    void readOnlyDocumentExplainsWhyNot();
    void severalJournalsComeOneAfterTheOther();
    void everythingInTheDialogHasItsNames();
};

void TestWindowRecovery::interruptedWriteIsToldAndNothingIsWritten()
{
    Interrupted i;
    QVERIFY(i.ready);
    QVERIFY2(i.f.message("write").contains(QStringLiteral("Old and new bytes mixed until it is recovered: bytes 0x10 "
                                                          "to 0x9000")),
             qPrintable(i.f.message("write")));
    QVERIFY(i.f.message("recovery").contains(QStringLiteral("was interrupted")));
    QVERIFY(!part<QToolButton>(i.f, "messageClose-recovery")->isVisible());
    QVERIFY(!i.dialog()); // it is offered, not forced
    QCOMPARE(text(i.f, "statusReadOnly"), QStringLiteral("Needs recovery"));
    const auto *commit = i.f.window->actions().commit;
    QVERIFY(!commit->isEnabled());
    QVERIFY(commit->toolTip().contains(QStringLiteral("recover it first")));
    QVERIFY(!part<QPushButton>(i.f, "commitAllButton")->isEnabled());
    QVERIFY(part<QPushButton>(i.f, "commitAllButton")->toolTip().contains(QStringLiteral("recover it first")));
    i.f.window->view().selectAll();
    QVERIFY(!i.f.window->actions().persist->isEnabled());
    // Reading, staging, taking back and copying go on.
    QVERIFY(i.f.window->actions().discardAll->isEnabled());
    QVERIFY(i.f.window->actions().saveCopy->isEnabled());
    QVERIFY(i.f.stage(0x20, {0xC7}));
    QTRY_COMPARE(i.f.shown(0x20, 1), bytesOf({0xC7}));
    QCOMPARE(i.f.document().staged().byteCount(), std::uint64_t{3});
    QCOMPARE(i.f.fileBytes(), i.mixed);
}

void TestWindowRecovery::recoverStaysInSightOfALongFailure()
{
    Interrupted i;
    QVERIFY(i.ready);
    i.f.window->resize(700, 450);
    QVERIFY(i.f.message("write").endsWith(QStringLiteral("Choose Recover to finish the write or to roll it back.")));
    QCOMPARE(i.f.message("recovery"),
             QStringLiteral("A write to disk.img was interrupted, so it may hold old and new bytes mixed. Nothing more "
                            "is written to it until it is recovered."));
    const auto *recover = part<QPushButton>(i.f, "messageAction-recovery");
    QTRY_COMPARE(recover->visibleRegion(), QRegion(recover->rect()));
    const auto *failure = part<QWidget>(i.f, "message-write");
    QTRY_VERIFY(failure->y() >= part<QWidget>(i.f, "message-recovery")->geometry().bottom());
    QVERIFY(!failure->visibleRegion().isEmpty());
}

void TestWindowRecovery::dialogFinishesOrRollsBack_data()
{
    QTest::addColumn<bool>("finish");
    QTest::newRow("finish") << true;
    QTest::newRow("roll back") << false;
}

void TestWindowRecovery::dialogFinishesOrRollsBack()
{
    QFETCH(const bool, finish);
    Interrupted i;
    QVERIFY(i.ready);
    QVERIFY(i.choose());
    QVERIFY(text(i.f, "recoveryImage").contains(QString::fromStdString(i.f.path)));
    QVERIFY(text(i.f, "recoveryJournal").contains(QString::fromStdString(i.journal)));
    QVERIFY2(text(i.f, "recoveryBegan").contains(QString::number(QDate::currentDate().year())),
             qPrintable(text(i.f, "recoveryBegan")));
    QVERIFY2(text(i.f, "recoveryFinding").startsWith(QStringLiteral("The write had failed and was being rolled back")),
             qPrintable(text(i.f, "recoveryFinding")));
    QCOMPARE(text(i.f, "recoveryCount0") + text(i.f, "recoveryMeaning0"), QStringLiteral("1holds the old bytes"));
    QCOMPARE(text(i.f, "recoveryCount1") + text(i.f, "recoveryMeaning1"), QStringLiteral("1holds the new bytes"));
    QVERIFY(offered(i.f, "recoveryFinish") && offered(i.f, "recoveryRollBack"));
    QVERIFY(!part<QPushButton>(i.f, "recoverySetAside")->isVisible());
    QVERIFY(part<QPushButton>(i.f, "recoveryLook")->isDefault());
    QCOMPARE(i.f.fileBytes(), i.mixed); // looking changes nothing

    click(i.f, finish ? "recoveryFinish" : "recoveryRollBack");
    QTRY_VERIFY(i.at(Stage::Ended));
    QVERIFY(!part<QLabel>(i.f, "recoveryBegan")->isVisible() && !part<QLabel>(i.f, "recoveryBeganLabel")->isVisible());
    QVERIFY2(text(i.f, "recoverySaid")
                 .startsWith(finish ? QStringLiteral("The write was finished: all 2 bytes")
                                    : QStringLiteral("The write was rolled back")),
             qPrintable(text(i.f, "recoverySaid")));
    QCOMPARE(i.f.fileBytes(), finish ? i.finished : i.f.original);
    QVERIFY(!i.journalExists());
    click(i.f, "recoveryLook"); // Close by now
    QTRY_VERIFY(!i.dialog());
    QVERIFY(i.f.message("recovery").isEmpty());
    QVERIFY(!i.f.message("recovered").isEmpty());
    QTRY_COMPARE(text(i.f, "statusReadOnly"), QString());
    QTRY_COMPARE(i.f.document().staged().byteCount(), finish ? std::uint64_t{0} : std::uint64_t{2});
    QTRY_COMPARE(i.f.window->actions().commit->isEnabled(), !finish);
    QVERIFY(!i.f.window->actions().recover->isEnabled());
}

void TestWindowRecovery::openingAgainAsksAndLookLeavesEverything()
{
    const Left left;
    QVERIFY(left.ready);
    WindowFixture f;
    QVERIFY(f.open(left.moved));
    QVERIFY(waitForDialog(f, Stage::Choosing));
    auto *dialog = part<RecoveryDialog>(f, "recoveryDialog");
    QCOMPARE(dialog->windowModality(), Qt::WindowModal);
    QVERIFY(offered(f, "recoveryFinish"));
    QTest::keyClick(dialog, Qt::Key_Return); // the default is to look
    QTRY_VERIFY(!f.window->findChild<RecoveryDialog *>());
    QCOMPARE(readFile(left.moved), left.mixed);
    QVERIFY(!f.message("recovery").isEmpty());
    QTRY_VERIFY(f.settled());
    QCOMPARE(f.shown(kFirst, 1), bytesOf({0xA5}));
    QVERIFY(f.stage(0x20, {1}));
    QVERIFY(!f.window->actions().commit->isEnabled());
    // From the menu again, and Escape leaves it too.
    f.window->actions().recover->trigger();
    QVERIFY(waitForDialog(f, Stage::Choosing));
    QTest::keyClick(part<RecoveryDialog>(f, "recoveryDialog"), Qt::Key_Escape);
    QTRY_VERIFY(!f.window->findChild<RecoveryDialog *>());
    QCOMPARE(readFile(left.moved), left.mixed);
    f.window->actions().recover->trigger();
    QVERIFY(waitForDialog(f, Stage::Choosing));
    click(f, "recoveryRollBack");
    QVERIFY(waitForDialog(f, Stage::Ended));
    QCOMPARE(readFile(left.moved), left.original);
    QTRY_COMPARE(f.shown(kFirst, 1), std::vector<std::byte>{left.original[kFirst]});
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{1});
}

void TestWindowRecovery::foreignBytesAreShownAndOverwrittenOnRequest_data()
{
    dialogFinishesOrRollsBack_data();
}

void TestWindowRecovery::foreignBytesAreShownAndOverwrittenOnRequest()
{
    QFETCH(const bool, finish);
    Interrupted i;
    QVERIFY(i.ready);
    const auto foreign = static_cast<std::byte>(~std::to_integer<unsigned>(i.f.original[0x9100]) & 0xFFU);
    overwrite(i.f.path, 0x9100, foreign);
    QVERIFY(i.choose());
    auto *list = part<QListWidget>(i.f, "recoveryForeignList");
    QVERIFY(list->isVisible());
    QCOMPARE(list->count(), 1);
    QCOMPARE(list->item(0)->text(), QStringLiteral("bytes 0x9000 to 0x9FFF"));
    QVERIFY(!offered(i.f, "recoveryFinish") && !offered(i.f, "recoveryRollBack"));
    QVERIFY(part<QPushButton>(i.f, "recoveryFinish")->toolTip().contains(QStringLiteral("Overwrite them")));
    QTest::mouseClick(list->viewport(), Qt::LeftButton, Qt::NoModifier, list->visualItemRect(list->item(0)).center());
    QCOMPARE(i.f.window->view().caret(), ByteOffset(0x9000)); // seen behind the dialog
    auto *check = part<QCheckBox>(i.f, "recoveryOverwrite");
    check->setChecked(true);
    QVERIFY(offered(i.f, "recoveryFinish") && offered(i.f, "recoveryRollBack"));
    check->setChecked(false);
    QVERIFY(!offered(i.f, "recoveryFinish"));
    check->setChecked(true);
    click(i.f, finish ? "recoveryFinish" : "recoveryRollBack");
    QTRY_VERIFY(i.at(Stage::Ended));
    QCOMPARE(i.f.fileBytes(), finish ? i.finished : i.f.original);
}

void TestWindowRecovery::unusableJournalCanOnlyBeSetAside_data()
{
    QTest::addColumn<QString>("how");
    QTest::addColumn<QString>("sentence");
    QTest::newRow("cut short") << "cut" << "damaged or was cut short";
    QTest::newRow("garbage") << "garbage" << "damaged or was cut short";
    QTest::newRow("of another disk") << "other" << "made for another disk";
}

void TestWindowRecovery::unusableJournalCanOnlyBeSetAside()
{
    QFETCH(const QString, how);
    QFETCH(const QString, sentence);
    const Left left;
    QVERIFY(left.ready);
    std::vector<std::byte> image = left.mixed;
    std::string path = left.moved;
    if (how == QStringLiteral("cut"))
        (void)left.directory->write(".disk.img.cachet-journal", std::span(left.kept).first(left.kept.size() / 2));
    else if (how == QStringLiteral("garbage"))
        (void)left.directory->write(".disk.img.cachet-journal", patternBytes(5000));
    else {
        // The journal beside another file of the same name, with other bytes in it.
        QFile::remove(QString::fromStdString(left.moved));
        image = patternBytes(kSize, 7);
        path = left.directory->write("disk.img", image);
    }
    WindowFixture f;
    QVERIFY(f.open(path));
    QVERIFY(waitForDialog(f, Stage::Choosing));
    QVERIFY2(text(f, "recoveryFinding").contains(sentence), qPrintable(text(f, "recoveryFinding")));
    QVERIFY(!part<QPushButton>(f, "recoveryFinish")->isVisible());
    QVERIFY(!part<QPushButton>(f, "recoveryRollBack")->isVisible());
    QVERIFY(offered(f, "recoveryLook"));
    click(f, "recoverySetAside");
    QVERIFY(waitForDialog(f, Stage::Ended));
    const QString kept = QString::fromStdString(left.journal) + QStringLiteral(".1.kept");
    QVERIFY2(text(f, "recoverySaid").contains(kept), qPrintable(text(f, "recoverySaid")));
    QVERIFY(QFile::exists(kept) && !QFile::exists(QString::fromStdString(left.journal)));
    QCOMPARE(readFile(path), image);
    QVERIFY(f.message("recovery").isEmpty());
    click(f, "recoveryLook");
    QVERIFY(f.stage(0x20, {1}));
    QTRY_VERIFY(f.window->actions().commit->isEnabled());
}

void TestWindowRecovery::finishedJournalIsRemoved()
{
    const TempDir directory;
    const std::string path = directory.write("disk.img", patternBytes(kSize));
    const QString journal = QString::fromStdString(directory.file(".disk.img.cachet-journal"));
    {
        const auto env = std::make_shared<FaultEnv>();
        WindowFixture f({.env = env});
        QVERIFY(f.open(path));
        QVERIFY(f.stage(kFirst, {0xA5}));
        env->fail(EnvOp::Remove, 0, EIO, Repeat::ForGood); // the write is done, its journal stays
        QVERIFY(f.commit());
        QVERIFY(f.waitForWrite());
    }
    QVERIFY(QFile::exists(journal));
    const auto after = readFile(path);
    QCOMPARE(after[kFirst], std::byte{0xA5});
    WindowFixture again;
    QVERIFY(again.open(path));
    QVERIFY(waitForDialog(again, Stage::Choosing));
    QVERIFY2(text(again, "recoveryFinding").startsWith(QStringLiteral("The write had ended")),
             qPrintable(text(again, "recoveryFinding")));
    QVERIFY(!part<QPushButton>(again, "recoveryRollBack")->isVisible());
    QVERIFY(part<QPushButton>(again, "recoveryFinish")->text().contains(QStringLiteral("Remove the")));
    click(again, "recoveryFinish");
    QVERIFY(waitForDialog(again, Stage::Ended));
    QVERIFY(!QFile::exists(journal));
    QCOMPARE(readFile(path), after);
}

void TestWindowRecovery::readOnlyDocumentExplainsWhyNot()
{
    const Left left;
    QVERIFY(left.ready);
    WindowFixture f({.readOnly = true});
    QVERIFY(f.open(left.moved));
    QVERIFY(waitForDialog(f, Stage::Choosing));
    const auto *finish = part<QPushButton>(f, "recoveryFinish");
    QVERIFY(finish->isVisible() && !finish->isEnabled());
    QVERIFY2(finish->toolTip().contains(QStringLiteral("reading only")), qPrintable(finish->toolTip()));
    click(f, "recoveryLook");
    QTRY_VERIFY(!f.window->findChild<RecoveryDialog *>());
    QCOMPARE(text(f, "statusReadOnly"), QStringLiteral("Read only, Needs recovery"));
    QCOMPARE(readFile(left.moved), left.mixed);
}

void TestWindowRecovery::severalJournalsComeOneAfterTheOther()
{
    const Left left;
    QVERIFY(left.ready);
    // A second one in the other place, as a program with another preference leaves it; it is damaged.
    WindowFixture f;
    const auto source
        = cachecore::FileSource::open(cachecore::systemEnv(), left.moved, cachecore::FileSource::Access::ReadOnly);
    QVERIFY(source);
    cachecore::JournalPlaces places;
    places.stateDirectory = f.directory.file("state");
    const auto names = cachecore::journalNames(*cachecore::systemEnv(), **source, places);
    QVERIFY(names && names->size() == 2);
    QVERIFY(QDir().mkdir(QString::fromStdString(places.stateDirectory)));
    std::ofstream(names->back().path, std::ios::binary) << "no journal";
    QVERIFY(f.open(left.moved));
    QVERIFY(waitForDialog(f, Stage::Choosing));
    QVERIFY2(text(f, "recoveryTitle").startsWith(QStringLiteral("2 writes to")), qPrintable(text(f, "recoveryTitle")));
    // Each is settled as it can be, in whatever order they come.
    for (int number = 0; number < 2; ++number) {
        QVERIFY(waitForDialog(f, Stage::Choosing));
        if (part<QPushButton>(f, "recoverySetAside")->isVisible())
            click(f, "recoverySetAside");
        else
            click(f, "recoveryFinish");
        QVERIFY(!part<QLabel>(f, "recoveryTitle")->text().isEmpty());
        QTRY_COMPARE(f.document().unsettled().size(), static_cast<std::size_t>(1 - number));
    }
    QVERIFY(waitForDialog(f, Stage::Ended));
    QVERIFY(QFile::exists(QString::fromStdString(names->back().path) + QStringLiteral(".1.kept")));
    QCOMPARE(readFile(left.moved), left.finished);
}

void TestWindowRecovery::everythingInTheDialogHasItsNames()
{
    Interrupted i;
    QVERIFY(i.ready);
    overwrite(i.f.path, 0x9100, static_cast<std::byte>(~std::to_integer<unsigned>(i.f.original[0x9100]) & 0xFFU));
    QVERIFY(i.choose());
    QCOMPARE(part<QLabel>(i.f, "recoveryImage")->accessibleName(),
             QStringLiteral("Image: ") + QString::fromStdString(i.f.path));
    for (const QWidget *widget : i.dialog()->findChildren<QWidget *>()) {
        if (!widget->isVisible() || widget->focusPolicy() == Qt::NoFocus
            || widget->objectName().startsWith(QStringLiteral("qt_")))
            continue;
        QVERIFY2(!widget->objectName().isEmpty(), widget->metaObject()->className());
        const auto *label = qobject_cast<const QLabel *>(widget);
        const auto *button = qobject_cast<const QAbstractButton *>(widget);
        const bool named = !widget->accessibleName().isEmpty() || (label && !label->text().isEmpty())
            || (button && !button->text().isEmpty());
        QVERIFY2(named, qPrintable(widget->objectName()));
    }
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestWindowRecovery)
#include "tst_window_recovery.moc"
