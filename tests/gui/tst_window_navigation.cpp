// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/window_actions.h"
#include "tests/gui/window_fixture.h"
#include "tests/gui/window_part.h"
#include "ui/dialogs/select_dialog.h"
#include "ui/hexview/hex_view.h"

#include <QAction>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QtTest>

using cachecore::ByteOffset;
using cachecore::ByteRange;

namespace cachet_test {

namespace {

/// An image of zeros with some bytes in it.
std::vector<std::byte> mostlyZero(std::size_t size, std::initializer_list<std::size_t> places)
{
    std::vector<std::byte> bytes(size);
    for (const std::size_t place : places)
        bytes[place] = std::byte{0x5a};
    return bytes;
}

std::uint64_t caret(const WindowFixture &f)
{
    return f.window->view().caret().value();
}

/// Looks for the next data of a file whose disk answers no more until the gate is opened; null when the window does not come so far.
std::shared_ptr<Gate> lookOnAHungDisk(WindowFixture &f)
{
    if (!f.openFile(8 << 20) || !QTest::qWaitFor([&f] { return f.settled(); }))
        return nullptr;
    const auto gate = std::make_shared<Gate>();
    f.source->setGate(SourceOp::Read, gate);
    f.window->actions().nextRun->trigger();
    return gate->waitForWaiting(1) ? gate : nullptr;
}

} // namespace

/// Going to places that have to be looked for, and selecting by numbers.
class TestWindowNavigation : public QObject {
    Q_OBJECT

private slots:
    void keysGoFromRunToRun();
    void lookingShowsProgressAndCanBeCancelled();
    void goingElsewhereGivesTheLookUp();
    void closingDoesNotWaitForALook();
    void failureOfTheDiskIsSaid();
    void selectsWhatIsTyped();
    void selectionIsOfferedAndErrorsAreSaid();
};

void TestWindowNavigation::keysGoFromRunToRun()
{
    WindowFixture f;
    QVERIFY(f.open(f.directory.write("runs.img", mostlyZero(4 << 20, {5000, 1 << 20, (3 << 20) + 7}))));
    f.window->view().setFocus();
    f.press(Qt::Key_BracketRight, Qt::ControlModifier);
    QTRY_COMPARE(caret(f), std::uint64_t{5000});
    f.press(Qt::Key_BracketRight, Qt::ControlModifier);
    QTRY_COMPARE(caret(f), std::uint64_t{1 << 20});
    QVERIFY(f.stage(2 << 20, {1}));
    f.press(Qt::Key_BracketRight, Qt::ControlModifier);
    QTRY_COMPARE(caret(f), std::uint64_t{2 << 20}); // what is staged counts
    f.press(Qt::Key_BracketRight, Qt::ControlModifier);
    QTRY_COMPARE(caret(f), std::uint64_t{(3 << 20) + 7});
    f.press(Qt::Key_BracketRight, Qt::ControlModifier);
    QTRY_VERIFY(part<QLabel>(f, "statusNote")->text().contains(QStringLiteral("after this place")));
    f.press(Qt::Key_BracketLeft, Qt::ControlModifier);
    QTRY_COMPARE(caret(f), std::uint64_t{2 << 20});
    f.press(Qt::Key_Left, Qt::AltModifier);
    QCOMPARE(caret(f), std::uint64_t{(3 << 20) + 7});
    f.window->view().goTo(ByteOffset(100));
    f.press(Qt::Key_BracketLeft, Qt::ControlModifier);
    QTRY_VERIFY(part<QLabel>(f, "statusNote")->text().contains(QStringLiteral("before this place")));
    QCOMPARE(caret(f), std::uint64_t{100});
}

void TestWindowNavigation::lookingShowsProgressAndCanBeCancelled()
{
    WindowFixture f;
    QVERIFY(f.openFile(64 << 20)); // one run to the end
    f.window->view().goTo(ByteOffset(1000));
    QTRY_VERIFY(f.settled());
    f.source->setReadDelay(std::chrono::milliseconds(100)); // a read brings 1 MiB of the 64
    f.window->actions().nextRun->trigger();
    auto *progress = part<QProgressBar>(f, "lookProgressBar");
    auto *cancel = part<QPushButton>(f, "lookProgressCancel");
    QTRY_VERIFY(progress->isVisible() && cancel->isVisible());
    QTRY_VERIFY_WITH_TIMEOUT(progress->value() > 0, 20'000);
    cancel->click();
    QTRY_VERIFY(!progress->isVisible());
    QVERIFY(part<QLabel>(f, "statusNote")->text().contains(QStringLiteral("stopped")));
    QCOMPARE(caret(f), std::uint64_t{1000});
}

void TestWindowNavigation::goingElsewhereGivesTheLookUp()
{
    WindowFixture f;
    const std::shared_ptr<Gate> gate = lookOnAHungDisk(f);
    QVERIFY(gate);
    auto *progress = part<QProgressBar>(f, "lookProgressBar");
    QTRY_VERIFY(progress->isVisible());
    f.press(Qt::Key_Right);
    QVERIFY(!progress->isVisible());
    gate->open();
    QTRY_VERIFY(f.settled());
    QCOMPARE(caret(f), std::uint64_t{1});
}

void TestWindowNavigation::closingDoesNotWaitForALook()
{
    WindowFixture f;
    const std::shared_ptr<Gate> gate = lookOnAHungDisk(f);
    QVERIFY(gate);
    f.window->close();
    QTRY_VERIFY(!f.window);
    gate->open();
}

void TestWindowNavigation::failureOfTheDiskIsSaid()
{
    WindowFixture f;
    QVERIFY(f.openFile(4 << 20));
    QTRY_VERIFY(f.settled());
    f.source->fail(SourceOp::NextData, 0, EIO, Repeat::ForGood);
    f.window->actions().nextRun->trigger();
    QTRY_VERIFY(!f.message("navigation").isEmpty());
    QCOMPARE(caret(f), std::uint64_t{0});
    f.source->clearFailures();
    f.window->actions().previousRun->trigger();
    QVERIFY(f.message("navigation").isEmpty());
}

void TestWindowNavigation::selectsWhatIsTyped()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.window->view().setFocus();
    f.press(Qt::Key_E, Qt::ControlModifier);
    auto *dialog = f.window->findChild<cachet::SelectDialog *>();
    QVERIFY(dialog);
    auto *text = dialog->findChild<QLineEdit *>(QStringLiteral("selectRange"));
    QCOMPARE(text->text(), QStringLiteral("0x0+1"));
    QTest::keyClicks(text, QStringLiteral("end-2*512..end"));
    auto *said = dialog->findChild<QLabel *>(QStringLiteral("selectSaid"));
    QVERIFY2(said->text().contains(QStringLiteral("0xFC00")), qPrintable(said->text()));
    QTest::keyClick(text, Qt::Key_Return);
    QCOMPARE(f.window->view().selection(), *ByteRange::make(65536 - 1024, 1024));
    QTRY_VERIFY(f.window->view().hasFocus());
    f.press(Qt::Key_Left, Qt::AltModifier);
    QCOMPARE(caret(f), std::uint64_t{0});
}

void TestWindowNavigation::selectionIsOfferedAndErrorsAreSaid()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.window->view().select(*ByteRange::make(0x100, 16));
    f.window->actions().selectRange->trigger();
    auto *dialog = f.window->findChild<cachet::SelectDialog *>();
    QVERIFY(dialog);
    auto *text = dialog->findChild<QLineEdit *>(QStringLiteral("selectRange"));
    auto *select = dialog->findChild<QPushButton *>(QStringLiteral("selectSelect"));
    auto *said = dialog->findChild<QLabel *>(QStringLiteral("selectSaid"));
    QCOMPARE(text->text(), QStringLiteral("0x100..0x110"));
    QVERIFY(select->isEnabled());
    for (const QString &wrong : {QStringLiteral("5..2"), QStringLiteral("0..end+1"), QStringLiteral("7"), QString()}) {
        text->setText(wrong);
        QVERIFY(!select->isEnabled());
        QVERIFY2(said->text().endsWith(u'.'), qPrintable(said->text()));
        QTest::keyClick(text, Qt::Key_Return);
        QVERIFY(dialog->isVisible());
    }
    QTest::keyClick(text, Qt::Key_Escape);
    QTRY_VERIFY(!f.window->findChild<cachet::SelectDialog *>());
    QCOMPARE(f.window->view().selection(), *ByteRange::make(0x100, 16));
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestWindowNavigation)
#include "tst_window_navigation.moc"
