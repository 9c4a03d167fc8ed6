// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/copy_as_controller.h"
#include "app/message_bar.h"
#include "app/window_actions.h"
#include "cachecore/source/memory_source.h"
#include "tests/gui/window_part.h"
#include "tests/support/edits.h"
#include "tests/support/endless_source.h"
#include "tests/support/random.h"
#include "ui/dialogs/export_dialog.h"
#include "ui/dialogs/paste_dialog.h"
#include "ui/formats/clipboard_bytes.h"
#include "ui/formats/format_text.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QAction>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QPushButton>
#include <QtTest>

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachet::ByteFormat;
using cachet::PasteDialog;
using cachet::TextFormat;

namespace cachet_test {

/// Copying as and pasting over, from the keys to the staged bytes.
class TestWindowClipboard : public QObject {
    Q_OBJECT

private slots:
    void copyAsPutsTheFormatOnTheClipboard_data();
    void copyAsPutsTheFormatOnTheClipboard();
    void copyReadsWhatIsNotLoaded();
    void copyIsBoundedAndOffersExport();
    void copyShowsProgressAndCanBeCancelled();
    void copyOfAnUnreadableByteIsSaid();
    void copyNeedsASelection();
    void pasteOverwritesFromTheCaret();
    void pasteGoesByThePane();
    void pasteOfEveryCopyRoundTrips_data();
    void pasteOfEveryCopyRoundTrips();
    void pasteFillsASelection();
    void pasteLongerThanTheSelectionIsCut();
    void pastePastTheEndOffersWhatFits();
    void pasteAsksWhenUnsure();
    void brokenTextSaysWhereAndStagesNothing();
    void pasteAsAlwaysAsks();
    void pasteOfNothingIsSaid();
    void readOnlyRefusesAndSaysWhy();
    void longTextIsReadInTheBackground();
    void longPasteCanBeCancelled();
    void hugeClipboardDoesNotFreeze();
    void planTakesWhatFits_data();
    void planTakesWhatFits();
    void closingWhilePastingIsFine();
};

namespace {

void setClipboard(const QString &text)
{
    QGuiApplication::clipboard()->setText(text);
}

QString clipboard()
{
    return QGuiApplication::clipboard()->text();
}

/// A window over 64 KiB of a pattern, all loaded.
struct Opened : WindowFixture {
    explicit Opened(std::uint64_t size = 65536, WindowSetup setup = {})
        : WindowFixture(std::move(setup))
    {
        ready = openFile(size) && QTest::qWaitFor([this] { return settled(); });
    }
    void paste() const { window->actions().paste->trigger(); }
    [[nodiscard]] PasteDialog *dialog() const { return window->findChild<PasteDialog *>(); }
    [[nodiscard]] bool stagedBytes(std::uint64_t at, const std::vector<std::byte> &bytes) const
    {
        return document().staged().byteCount() == bytes.size() && shown(at, bytes.size()) == bytes;
    }

    bool ready = false;
};

/// The longest time the GUI thread did not come back to its events while this lives.
class Heartbeat : public QObject {
public:
    Heartbeat()
    {
        m_since.start();
        startTimer(5);
    }
    [[nodiscard]] qint64 longestMs() const { return m_longest; }

protected:
    void timerEvent(QTimerEvent *) override { m_longest = std::max(m_longest, m_since.restart()); }

private:
    QElapsedTimer m_since;
    qint64 m_longest = 0;
};

} // namespace

void TestWindowClipboard::copyAsPutsTheFormatOnTheClipboard_data()
{
    QTest::addColumn<QString>("action");
    QTest::addColumn<QString>("text");
    QTest::newRow("hex text") << "copyAs-hexText" << "53 EF";
    QTest::newRow("hex dump") << "copyAs-hexDump" << "00000438: 53ef                                     S.\n";
    QTest::newRow("C") << "copyAs-cArray" << "const unsigned char data[2] = {\n    0x53, 0xef,\n};\n";
    QTest::newRow("Rust") << "copyAs-rustArray" << "pub static DATA: [u8; 2] = [\n    0x53, 0xef,\n];\n";
    QTest::newRow("Python") << "copyAs-pythonBytes" << "data = bytes([\n    0x53, 0xef,\n])\n";
    QTest::newRow("base64") << "copyAs-base64" << "U+8=";
    QTest::newRow("plain text") << "copyAs-plainText" << "S.";
}

void TestWindowClipboard::copyAsPutsTheFormatOnTheClipboard()
{
    QFETCH(const QString, action);
    QFETCH(const QString, text);
    Opened f;
    QVERIFY(f.ready);
    QVERIFY(f.stage(0x438, {0x53, 0xEF})); // copies have what is staged
    f.window->view().select(rangeAt(0x438, 2));
    setClipboard({});
    f.window->findChild<QAction *>(action)->trigger();
    QTRY_COMPARE(clipboard(), text);
    QTRY_VERIFY(cachet_test::text(f, "statusNote").contains(QStringLiteral("Copied 2 bytes as")));
}

void TestWindowClipboard::copyReadsWhatIsNotLoaded()
{
    Opened f(8 << 20);
    QVERIFY(f.ready);
    f.window->view().select(rangeAt(0x600000, 4));
    f.document().reload(); // nothing is loaded now
    setClipboard({});
    f.window->actions().copy->trigger();
    QTRY_COMPARE(clipboard(),
                 QString::fromLatin1(
                     QByteArray(reinterpret_cast<const char *>(&f.original[0x600000]), 4).toHex(' ').toUpper()));
    f.window->view().select(rangeAt(0, 3 << 20));
    f.window->actions().copy->trigger();
    QTRY_COMPARE(clipboard().size(), qsizetype{(3 << 20) * 3 - 1});
}

void TestWindowClipboard::copyIsBoundedAndOffersExport()
{
    WindowFixture f({.source = [] { return std::make_shared<EndlessSource>(std::uint64_t{1} << 40); }});
    QVERIFY(f.open("endless"));
    setClipboard(QStringLiteral("before"));
    f.window->view().select(rangeAt(0, cachet::CopyAsController::kMaxBytes + 1));
    for (QAction *action : {f.window->actions().copy, f.window->findChild<QAction *>("copyAs-base64")}) {
        f.window->messages().clear();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        action->trigger();
        QVERIFY2(f.message("copyRefused").contains(QStringLiteral("at most 16.0 MiB")),
                 qPrintable(f.message("copyRefused")));
        QCOMPARE(clipboard(), QStringLiteral("before"));
    }
    click(f, "messageAction-copyRefused");
    QVERIFY(f.message("copyRefused").isEmpty());
    const auto *dialog = f.window->findChild<cachet::ExportDialog *>();
    QVERIFY(dialog);
    QCOMPARE(dialog->options().format, ByteFormat::Base64);
    QCOMPARE(dialog->range().value(), f.window->view().selection());
}

void TestWindowClipboard::copyShowsProgressAndCanBeCancelled()
{
    Opened f(8 << 20);
    QVERIFY(f.ready);
    const auto gate = std::make_shared<Gate>();
    const auto open = qScopeGuard([&gate] { gate->open(); });
    f.source->setGate(SourceOp::Read, gate);
    setClipboard(QStringLiteral("before"));
    f.window->view().select(rangeAt(4 << 20, 4 << 20));
    f.window->actions().copy->trigger();
    auto *cancel = part<QPushButton>(f, "clipboardProgressCancel");
    QTRY_VERIFY(cancel->isVisible());
    f.window->findChild<QAction *>("copyAs-cArray")->trigger(); // one at a time
    QVERIFY2(f.message("copyRefused").contains(QStringLiteral("still busy")), qPrintable(f.message("copyRefused")));
    cancel->click();
    QTRY_VERIFY(!cancel->isVisible());
    QVERIFY(cachet_test::text(f, "statusNote").contains(QStringLiteral("cancelled")));
    QCOMPARE(clipboard(), QStringLiteral("before"));
    gate->open();
    f.window->actions().copy->trigger();
    QTRY_COMPARE(clipboard().size(), qsizetype{(4 << 20) * 3 - 1});
}

void TestWindowClipboard::copyOfAnUnreadableByteIsSaid()
{
    Opened f(1 << 20);
    QVERIFY(f.ready);
    f.source->addBadRange(rangeAt(0x80000, 512));
    setClipboard(QStringLiteral("before"));
    f.window->view().select(rangeAt(0x7F000, 0x20000));
    f.window->findChild<QAction *>("copyAs-hexDump")->trigger();
    QTRY_VERIFY2(f.message("copyRefused").contains(QStringLiteral("0x80000")), qPrintable(f.message("copyRefused")));
    QVERIFY(f.message("copyRefused").contains(QStringLiteral("Nothing was copied")));
    QCOMPARE(clipboard(), QStringLiteral("before"));
}

void TestWindowClipboard::copyNeedsASelection()
{
    Opened f;
    QVERIFY(f.ready);
    QVERIFY(!f.window->actions().copyAsMenu->menuAction()->isEnabled());
    for (const QAction *action : f.window->actions().copyAs)
        QVERIFY(!action->isEnabled() && action->toolTip().contains(QStringLiteral("Select")));
    f.window->view().selectAll();
    QVERIFY(f.window->actions().copyAsMenu->menuAction()->isEnabled());
}

void TestWindowClipboard::pasteOverwritesFromTheCaret()
{
    Opened f;
    QVERIFY(f.ready);
    f.window->view().goTo(ByteOffset(0x100));
    setClipboard(QStringLiteral("DE AD\nbe ef"));
    QTest::keyClick(f.window, Qt::Key_V, Qt::ControlModifier);
    QVERIFY(f.stagedBytes(0x100, bytesOf({0xDE, 0xAD, 0xBE, 0xEF})));
    QVERIFY(!f.dialog());
    QCOMPARE(f.window->view().caret(), ByteOffset(0x104));
    QTRY_VERIFY(f.window->actions().undo->text().contains(QStringLiteral("Paste")));
    f.window->actions().undo->trigger();
    QVERIFY(f.document().staged().empty());
}

void TestWindowClipboard::pasteGoesByThePane()
{
    Opened f;
    QVERIFY(f.ready);
    setClipboard(QStringLiteral("cafe"));
    f.paste();
    QVERIFY(f.stagedBytes(0, bytesOf({0xCA, 0xFE})));
    f.window->actions().undo->trigger();
    f.window->view().goTo(ByteOffset(0));
    f.press(Qt::Key_Tab);
    f.paste();
    QVERIFY(f.stagedBytes(0, bytesOf({'c', 'a', 'f', 'e'})));
}

void TestWindowClipboard::pasteOfEveryCopyRoundTrips_data()
{
    QTest::addColumn<ByteFormat>("format");
    for (const ByteFormat format : cachet::kByteFormats) {
        if (format != ByteFormat::PlainText) // which loses what cannot be shown
            QTest::newRow(qPrintable(cachet::formatKey(format))) << format;
    }
}

void TestWindowClipboard::pasteOfEveryCopyRoundTrips()
{
    QFETCH(const ByteFormat, format);
    Opened f(1 << 20);
    QVERIFY(f.ready);
    const auto bytes = Random().bytes(3001);
    QVERIFY(f.document().stage(ByteOffset(0), bytes));
    QGuiApplication::clipboard()->clear();
    f.window->view().select(rangeAt(0, bytes.size()));
    f.window->findChild<QAction *>(QStringLiteral("copyAs-") + cachet::formatKey(format))->trigger();
    QTRY_VERIFY(cachet_test::text(f, "statusNote").contains(QStringLiteral("Copied")));
    f.window->view().goTo(ByteOffset(0x80000));
    QTRY_VERIFY(f.settled());
    f.paste();
    QVERIFY(!f.dialog()); // what was copied here is known again without a question
    QTRY_COMPARE(f.document().staged().byteCount(), std::uint64_t{2 * 3001});
    QVERIFY(f.shown(0x80000, bytes.size()) == bytes);
}

void TestWindowClipboard::pasteFillsASelection()
{
    Opened f;
    QVERIFY(f.ready);
    setClipboard(QStringLiteral("01 02"));
    f.window->view().select(rangeAt(0x10, 5));
    f.paste();
    QVERIFY(f.dialog());
    QVERIFY(part<QCheckBox>(f, "pasteFill")->isVisible() && part<QCheckBox>(f, "pasteFill")->isChecked());
    QVERIFY2(text(f, "pasteNote").contains(QStringLiteral("last repetition is cut")), qPrintable(text(f, "pasteNote")));
    QCOMPARE(text(f, "pasteOver"), QStringLiteral("bytes 0x10 to 0x14, 5 bytes"));
    click(f, "pasteStage");
    QVERIFY(f.stagedBytes(0x10, bytesOf({1, 2, 1, 2, 1})));
    f.window->actions().undo->trigger();
    QTRY_VERIFY(!f.dialog());
    f.window->view().select(rangeAt(0x10, 5));
    f.paste();
    part<QCheckBox>(f, "pasteFill")->setChecked(false);
    QVERIFY(text(f, "pasteNote").contains(QStringLiteral("last 3 bytes of the selection stay")));
    click(f, "pasteStage");
    QVERIFY(f.stagedBytes(0x10, bytesOf({1, 2})));
    // Of the length of the selection nothing is asked.
    QTRY_VERIFY(!f.dialog());
    f.window->view().select(rangeAt(0x20, 2));
    f.paste();
    QVERIFY(!f.dialog());
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{4});
}

void TestWindowClipboard::pasteLongerThanTheSelectionIsCut()
{
    Opened f;
    QVERIFY(f.ready);
    setClipboard(QStringLiteral("01 02 03 04"));
    f.window->view().select(rangeAt(0x10, 3));
    f.paste();
    QVERIFY(part<QCheckBox>(f, "pasteCut")->isChecked());
    part<QCheckBox>(f, "pasteCut")->setChecked(false);
    QVERIFY(text(f, "pasteNote").contains(QStringLiteral("1 byte after it are replaced")));
    part<QCheckBox>(f, "pasteCut")->setChecked(true);
    click(f, "pasteStage");
    QVERIFY(f.stagedBytes(0x10, bytesOf({1, 2, 3})));
}

void TestWindowClipboard::pastePastTheEndOffersWhatFits()
{
    Opened f;
    QVERIFY(f.ready);
    setClipboard(QStringLiteral("01 02 03 04"));
    f.window->view().goTo(ByteOffset(65534));
    f.paste();
    QVERIFY(f.dialog());
    QVERIFY2(text(f, "pasteNote").contains(QStringLiteral("2 bytes past the end")), qPrintable(text(f, "pasteNote")));
    QVERIFY(!offered(f, "pasteStage"));
    QVERIFY(f.document().staged().empty());
    auto *cut = part<QCheckBox>(f, "pasteCut");
    QVERIFY(cut->isVisible() && !cut->isChecked() && cut->text().contains(QStringLiteral("first 2 bytes")));
    cut->setChecked(true);
    click(f, "pasteStage");
    QVERIFY(f.stagedBytes(65534, bytesOf({1, 2})));
    QCOMPARE(f.document().size(), std::uint64_t{65536});
}

void TestWindowClipboard::pasteAsksWhenUnsure()
{
    Opened f;
    QVERIFY(f.ready);
    setClipboard(QStringLiteral("password"));
    f.paste();
    QVERIFY(f.dialog());
    QCOMPARE(f.dialog()->format(), std::optional(TextFormat::Utf8Text));
    QVERIFY2(text(f, "pastePreview").contains(QStringLiteral("70 61 73 73")), qPrintable(text(f, "pastePreview")));
    auto *format = part<QComboBox>(f, "pasteFormat");
    format->setCurrentIndex(format->findData(static_cast<int>(TextFormat::Base64)));
    QCOMPARE(text(f, "pasteHolds"), QStringLiteral("6 bytes"));
    click(f, "pasteStage");
    QVERIFY(f.stagedBytes(0, bytesOf({0xA5, 0xAB, 0x2C, 0xC2, 0x8A, 0xDD})));
}

void TestWindowClipboard::brokenTextSaysWhereAndStagesNothing()
{
    Opened f;
    QVERIFY(f.ready);
    setClipboard(QStringLiteral("DE AD\nBE E"));
    f.paste();
    QVERIFY(f.dialog());
    QVERIFY2(text(f, "pasteNote").startsWith(QStringLiteral("Line 2, column 4: a byte has two")),
             qPrintable(text(f, "pasteNote")));
    QVERIFY(!offered(f, "pasteStage"));
    QCOMPARE(text(f, "pasteOver"), QStringLiteral("nothing"));
    f.dialog()->reject();
    QVERIFY(f.document().staged().empty());
    QTRY_VERIFY(!f.dialog());
    // Far into a long text, too.
    setClipboard(QStringLiteral("00 11\n").repeated(50'000) + QStringLiteral("2x"));
    f.paste();
    QTRY_VERIFY(f.dialog());
    QVERIFY2(text(f, "pasteNote").startsWith(QStringLiteral("Line 50001, column 2: \"x\"")),
             qPrintable(text(f, "pasteNote")));
    QVERIFY(f.document().staged().empty());
}

void TestWindowClipboard::pasteAsAlwaysAsks()
{
    Opened f;
    QVERIFY(f.ready);
    setClipboard(QStringLiteral("00 01"));
    f.window->actions().pasteAs->trigger();
    QVERIFY(f.dialog());
    auto *format = part<QComboBox>(f, "pasteFormat");
    QCOMPARE(f.dialog()->format(), std::optional(TextFormat::HexText));
    format->setCurrentIndex(format->findData(static_cast<int>(TextFormat::Utf16Text)));
    click(f, "pasteStage");
    QVERIFY(f.stagedBytes(0, bytesOf({'0', 0, '0', 0, ' ', 0, '0', 0, '1', 0})));
    // Bytes that are no text have one way to be read.
    QTRY_VERIFY(!f.dialog());
    QGuiApplication::clipboard()->setMimeData(cachet::clipboardData(QByteArray("\0\xFF", 2)).release());
    f.window->actions().pasteAs->trigger();
    QVERIFY(f.dialog());
    QVERIFY(!f.dialog()->format());
    click(f, "pasteStage");
    QCOMPARE(f.shown(10, 2), bytesOf({0, 0xFF}));
}

void TestWindowClipboard::pasteOfNothingIsSaid()
{
    Opened f;
    QVERIFY(f.ready);
    QGuiApplication::clipboard()->clear();
    f.paste();
    QVERIFY2(f.message("paste").contains(QStringLiteral("no bytes and no text")), qPrintable(f.message("paste")));
    QVERIFY(f.document().staged().empty());
    setClipboard(QStringLiteral(" \n"));
    f.window->actions().pasteAs->trigger();
    part<QComboBox>(f, "pasteFormat")->setCurrentIndex(0);
    QVERIFY(text(f, "pasteNote").contains(QStringLiteral("holds no bytes")));
}

void TestWindowClipboard::readOnlyRefusesAndSaysWhy()
{
    Opened f(65536, {.readOnly = true});
    QVERIFY(f.ready);
    setClipboard(QStringLiteral("00 01"));
    for (QAction *action : {f.window->actions().paste, f.window->actions().pasteAs}) {
        f.window->messages().clear();
        action->trigger();
        QVERIFY2(f.message("edit").contains(QStringLiteral("reading only")), qPrintable(f.message("edit")));
        QVERIFY(!f.dialog());
        QVERIFY(f.document().staged().empty() && !f.document().undoStep());
    }
}

void TestWindowClipboard::longTextIsReadInTheBackground()
{
    Opened f(8 << 20);
    QVERIFY(f.ready);
    const auto bytes = Random().bytes(3 << 20); // staged on a worker, too
    setClipboard(QString::fromLatin1(QByteArray(reinterpret_cast<const char *>(bytes.data()), 3 << 20).toHex(' ')));
    f.window->view().goTo(ByteOffset(0x1234));
    f.paste();
    QVERIFY(f.document().staged().empty()); // not yet
    QTRY_COMPARE(f.document().staged().byteCount(), std::uint64_t{3 << 20});
    QTRY_COMPARE(f.window->view().caret(), ByteOffset(0x1234 + (3 << 20)));
    QVERIFY(f.shown(0x1234, bytes.size()) == bytes);
    f.window->actions().undo->trigger(); // in one step
    QVERIFY(f.document().staged().empty());
}

void TestWindowClipboard::longPasteCanBeCancelled()
{
    Opened f(8 << 20);
    QVERIFY(f.ready);
    setClipboard(QString((128 << 20), u'0'));
    f.paste();
    part<QPushButton>(f, "clipboardProgressCancel")->click();
    QTRY_VERIFY(cachet_test::text(f, "statusNote").contains(QStringLiteral("The paste was cancelled")));
    QVERIFY(f.document().staged().empty());
    QVERIFY(!f.dialog());
}

void TestWindowClipboard::hugeClipboardDoesNotFreeze()
{
    if (qEnvironmentVariableIsEmpty("CACHET_NIGHTLY"))
        QSKIP("A clipboard of 1 GiB takes 2 GiB of memory; it runs in the nightly tests.");
    WindowFixture f({.source = [] { return std::make_shared<EndlessSource>(std::uint64_t{1} << 40); }});
    QVERIFY(f.open("endless"));
    setClipboard(QString(qsizetype{1} << 30, u'5'));
    const Heartbeat heart;
    f.window->actions().paste->trigger();
    QTRY_COMPARE_WITH_TIMEOUT(f.document().staged().byteCount(), std::uint64_t{1} << 29, 120'000);
    QTest::qWait(100);
    QVERIFY2(heart.longestMs() < 500, qPrintable(QString::number(heart.longestMs())));
    setClipboard({});
}

void TestWindowClipboard::planTakesWhatFits_data()
{
    QTest::addColumn<std::uint64_t>("count");
    QTest::addColumn<std::uint64_t>("selected");
    QTest::addColumn<bool>("cut");
    QTest::addColumn<bool>("fill");
    QTest::addColumn<std::uint64_t>("length");
    QTest::addColumn<bool>("repeated");
    QTest::addColumn<bool>("exact");
    const auto row = [](const char *name, std::uint64_t count, std::uint64_t selected, bool cut, bool fill,
                        std::uint64_t length, bool repeated, bool exact) {
        QTest::newRow(name) << count << selected << cut << fill << length << repeated << exact;
    };
    row("at the caret", 10, 0, false, true, 10, false, true);
    row("up to the end", 100, 0, false, true, 100, false, true);
    row("past the end", 101, 0, false, true, 0, false, false);
    row("past the end, cut", 101, 0, true, true, 100, false, false);
    row("a selection", 5, 5, true, true, 5, false, true);
    row("shorter, filled", 5, 12, true, true, 12, true, false);
    row("shorter, not filled", 5, 12, true, false, 5, false, false);
    row("longer, cut", 13, 12, true, true, 12, false, false);
    row("longer, not cut", 13, 12, false, true, 13, false, false);
    row("longer than the rest, not cut", 101, 12, false, true, 0, false, false);
    row("nothing", 0, 12, true, true, 0, false, false);
}

void TestWindowClipboard::planTakesWhatFits()
{
    QFETCH(const std::uint64_t, count);
    QFETCH(const std::uint64_t, selected);
    QFETCH(const bool, cut);
    QFETCH(const bool, fill);
    QFETCH(const std::uint64_t, length);
    QFETCH(const bool, repeated);
    QFETCH(const bool, exact);
    const cachet::PastePlace place{rangeAt(900, selected), ByteOffset(900), 1000};
    QCOMPARE(cachet::planPaste(count, place, {cut, fill}), (cachet::PastePlan{rangeAt(900, length), repeated}));
    QCOMPARE(cachet::fitsExactly(count, place), exact);
}

void TestWindowClipboard::closingWhilePastingIsFine()
{
    {
        Opened f(8 << 20);
        QVERIFY(f.ready);
        setClipboard(QString((16 << 20), u'0'));
        f.paste();
        f.window->close();
    }
    Opened f;
    QVERIFY(f.ready);
    setClipboard(QStringLiteral("a question?"));
    f.window->actions().pasteAs->trigger();
    QVERIFY(f.dialog());
    f.window->close();
    QTRY_VERIFY(!f.window);
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestWindowClipboard)
#include "tst_window_clipboard.moc"
