// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/message_bar.h"
#include "app/window_actions.h"
#include "tests/gui/window_part.h"
#include "tests/support/edits.h"
#include "tests/support/endless_source.h"
#include "ui/dialogs/export_dialog.h"
#include "ui/formats/byte_encoder.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QAction>
#include <QComboBox>
#include <QDir>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QtTest>

#include <csignal>

#include <sys/mount.h>
#include <sys/resource.h>

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachet::ByteFormat;
using cachet::ExportDialog;

namespace cachet_test {

/// Export Range, from its dialog to the file.
class TestWindowExport : public QObject {
    Q_OBJECT

private slots:
    void exportsTheSelectionWithStagedBytes();
    void exportsTheWholeDocument();
    void exportsAnExpression();
    void saysWhatIsWrongWhileTyping();
    void arraysHaveAName();
    void showsProgressAndCanBeCancelled();
    void unreadableByteIsNamedAndNothingIsLeft();
    void fullDiskIsSaidAndNothingIsLeft();
    void limitOfFileSizesIsSaid();
    void imageItselfIsRefused();
    void smallRangeOfAVastDisk();
    void runsOnlyOnce();
    void worksInReadOnlyMode();
    void windowWaitsForAnExport();
};

namespace {

struct Exporting : WindowFixture {
    explicit Exporting(std::uint64_t bytes = 65536, WindowSetup setup = {})
        : WindowFixture(std::move(setup))
    {
        ready = openFile(bytes) && QTest::qWaitFor([this] { return settled(); });
    }
    [[nodiscard]] ExportDialog *dialog() const { return window->findChild<ExportDialog *>(); }
    void ask() const { window->actions().exportRange->trigger(); }
    void choose(const char *combo, int data) const
    {
        auto *box = part<QComboBox>(*this, combo);
        box->setCurrentIndex(box->findData(data));
    }
    void as(ByteFormat format) const { choose("exportFormat", static_cast<int>(format)); }
    void start() const { click(*this, "exportStart"); }
    [[nodiscard]] bool told(const char *what) const
    {
        return QTest::qWaitFor([&] { return message("copy").contains(QLatin1String(what)); }, 20'000);
    }
    /// Names of the files beside the image.
    [[nodiscard]] QStringList left() const
    {
        QStringList names = QDir(QString::fromStdString(directory.path())).entryList(QDir::Files | QDir::Hidden);
        names.removeAll(QStringLiteral("disk.img"));
        return names;
    }

    bool ready = false;
};

QByteArray contents(const std::string &path)
{
    const auto bytes = readFile(path);
    return {reinterpret_cast<const char *>(bytes.data()), static_cast<qsizetype>(bytes.size())};
}

} // namespace

void TestWindowExport::exportsTheSelectionWithStagedBytes()
{
    Exporting f;
    QVERIFY(f.ready);
    QVERIFY(f.stage(0x438, {0x53, 0xEF}));
    f.window->view().select(rangeAt(0x438, 2));
    f.ask();
    QVERIFY(f.dialog());
    QCOMPARE(part<QLineEdit>(f, "exportExpression")->text(), QStringLiteral("0x438..0x43A"));
    f.as(ByteFormat::HexDump);
    QCOMPARE(text(f, "exportSizes"), QStringLiteral("bytes 0x438 to 0x439, 2 bytes; the file gets 54 bytes"));
    f.start();
    QVERIFY2(f.told("Exported bytes 0x438 to 0x439 as a hex dump"), qPrintable(f.message("copy")));
    QCOMPARE(contents(f.exportPath), QByteArray("00000438: 53ef                                     S.\n"));
    QCOMPARE(f.fileBytes(), f.original);
}

void TestWindowExport::exportsTheWholeDocument()
{
    Exporting f(3'000'001);
    QVERIFY(f.ready);
    f.window->view().select(rangeAt(5, 5));
    f.ask();
    f.choose("exportRange", ExportDialog::Whole);
    QCOMPARE(f.dialog()->range().value(), ByteRange::whole(3'000'001));
    f.start();
    QVERIFY2(f.told("Exported"), qPrintable(f.message("copy")));
    QVERIFY(readFile(f.exportPath) == f.original);
}

void TestWindowExport::exportsAnExpression()
{
    Exporting f;
    QVERIFY(f.ready);
    f.ask();
    auto *expression = part<QLineEdit>(f, "exportExpression");
    expression->clear();
    QTest::keyClicks(expression, QStringLiteral("lba:2+3"));
    QCOMPARE(part<QComboBox>(f, "exportRange")->currentData().toInt(), int{ExportDialog::Expression});
    QCOMPARE(f.dialog()->range().value(), rangeAt(1024, 3));
    f.as(ByteFormat::Raw);
    QTest::keyClick(expression, Qt::Key_Return);
    QVERIFY2(f.told("Exported bytes 0x400 to 0x402 as raw bytes"), qPrintable(f.message("copy")));
    QCOMPARE(readFile(f.exportPath), std::vector(f.original.begin() + 1024, f.original.begin() + 1027));
}

void TestWindowExport::saysWhatIsWrongWhileTyping()
{
    Exporting f;
    QVERIFY(f.ready);
    f.ask();
    auto *expression = part<QLineEdit>(f, "exportExpression");
    for (const char *wrong : {"", "5", "0..0x20000", "8..4", "0..x", "end..end"}) {
        expression->setText(QString::fromLatin1(wrong));
        QVERIFY2(!offered(f, "exportStart") && !text(f, "exportProblem").isEmpty(), wrong);
        QCOMPARE(text(f, "exportSizes"), QStringLiteral("nothing"));
    }
    expression->setText(QStringLiteral("end-1..end"));
    QVERIFY(offered(f, "exportStart") && text(f, "exportProblem").isEmpty());
}

void TestWindowExport::arraysHaveAName()
{
    Exporting f;
    QVERIFY(f.ready);
    f.window->view().select(rangeAt(0, 1));
    f.ask();
    auto *name = part<QLineEdit>(f, "exportName");
    QVERIFY(!name->isEnabled());
    f.as(ByteFormat::RustArray);
    QVERIFY(name->isEnabled());
    name->setText(QStringLiteral("2 boot"));
    QVERIFY(!offered(f, "exportStart") && text(f, "exportProblem").contains(QStringLiteral("letters")));
    name->setText(QStringLiteral("boot"));
    f.start();
    QVERIFY2(f.told("Exported"), qPrintable(f.message("copy")));
    QCOMPARE(contents(f.exportPath), QByteArray("pub static BOOT: [u8; 1] = [\n    0x00,\n];\n"));
}

void TestWindowExport::showsProgressAndCanBeCancelled()
{
    Exporting f(8 << 20);
    QVERIFY(f.ready);
    const auto gate = std::make_shared<Gate>();
    const auto open = qScopeGuard([&gate] { gate->open(); });
    f.source->setGate(SourceOp::Read, gate);
    f.ask();
    f.as(ByteFormat::Base64);
    f.start();
    QVERIFY(gate->waitForWaiting(1));
    auto *cancel = part<QPushButton>(f, "copyProgressCancel");
    QVERIFY(cancel->isVisible() && part<QLabel>(f, "copyProgressText")->isVisible());
    QTRY_VERIFY(!f.window->actions().exportRange->isEnabled());
    cancel->click(); // the disk does not answer, which is not waited for
    QVERIFY2(f.told("was given up"), qPrintable(f.message("copy")));
    QVERIFY(!cancel->isVisible());
    gate->open();
    QTRY_COMPARE(f.left(), QStringList());
    f.source->setGate(SourceOp::Read, nullptr);
    f.source->setReadDelay(std::chrono::milliseconds(100));
    f.document().reload();
    QTRY_VERIFY(f.window->actions().exportRange->isEnabled() && !f.dialog());
    f.ask();
    f.start();
    auto *progress = part<QProgressBar>(f, "copyProgressBar");
    QTRY_VERIFY(progress->value() > 0);
    cancel->click();
    QVERIFY2(f.told("was cancelled; nothing of it was kept"), qPrintable(f.message("copy")));
    QCOMPARE(f.left(), QStringList());
}

void TestWindowExport::unreadableByteIsNamedAndNothingIsLeft()
{
    Exporting f(4 << 20);
    QVERIFY(f.ready);
    f.source->addBadRange(rangeAt(0x300000, 512));
    f.ask();
    f.as(ByteFormat::CArray);
    f.start();
    QVERIFY2(f.told("Nothing was exported to"), qPrintable(f.message("copy")));
    QVERIFY2(f.message("copy").contains(QStringLiteral("0x300000 to 0x3001FF")), qPrintable(f.message("copy")));
    QCOMPARE(f.left(), QStringList());
}

void TestWindowExport::fullDiskIsSaidAndNothingIsLeft()
{
    const TempDir place;
    if (::mount("tmpfs", place.path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m") != 0)
        QSKIP("A small file system for being full cannot be mounted here; that takes root.");
    const auto unmount = qScopeGuard([&place] { (void)::umount2(place.path().c_str(), MNT_DETACH); });
    Exporting f(2 << 20);
    QVERIFY(f.ready);
    f.exportPath = place.file("out");
    f.ask();
    f.start();
    QVERIFY2(f.told("no space left"), qPrintable(f.message("copy")));
    QVERIFY(f.message("copy").contains(QString::fromStdString(f.exportPath)));
    QCOMPARE(QDir(QString::fromStdString(place.path())).entryList(QDir::Files | QDir::Hidden), QStringList());
}

void TestWindowExport::limitOfFileSizesIsSaid()
{
    Exporting f(2 << 20);
    QVERIFY(f.ready);
    f.ask();
    f.as(ByteFormat::HexText);
    rlimit usual{};
    QCOMPARE(::getrlimit(RLIMIT_FSIZE, &usual), 0);
    const rlimit tight{.rlim_cur = 1 << 20, .rlim_max = usual.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    QCOMPARE(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    f.start();
    const bool told = f.told("ulimit -f");
    QCOMPARE(::setrlimit(RLIMIT_FSIZE, &usual), 0);
    std::signal(SIGXFSZ, handler);
    QVERIFY2(told, qPrintable(f.message("copy")));
    QCOMPARE(f.left(), QStringList());
}

void TestWindowExport::imageItselfIsRefused()
{
    Exporting f;
    QVERIFY(f.ready);
    f.exportPath = f.path;
    f.ask();
    f.start();
    QVERIFY2(f.told("the very file being viewed"), qPrintable(f.message("copy")));
    QCOMPARE(f.fileBytes(), f.original);
    QCOMPARE(f.left(), QStringList());
}

void TestWindowExport::smallRangeOfAVastDisk()
{
    constexpr std::uint64_t kSize = std::uint64_t{1} << 40;
    WindowFixture f;
    if (!f.directory.writeSparse("sparse.img", kSize))
        QSKIP("The file system here takes no file of 1 TiB.");
    f.path = f.directory.file("sparse.img");
    QVERIFY(f.open(f.path));
    QVERIFY(f.stage(kSize - 1, {0xEF}));
    f.window->actions().exportRange->trigger();
    part<QLineEdit>(f, "exportExpression")->setText(QStringLiteral("end-2..end"));
    auto *format = part<QComboBox>(f, "exportFormat");
    format->setCurrentIndex(format->findData(static_cast<int>(ByteFormat::PythonBytes)));
    click(f, "exportStart");
    QTRY_VERIFY2(f.message("copy").contains(QStringLiteral("Exported")), qPrintable(f.message("copy")));
    QCOMPARE(contents(f.exportPath), QByteArray("data = bytes([\n    0x00, 0xef,\n])\n"));
    // All of it as text is more than the disk here has, which the dialog says before.
    QTRY_VERIFY(f.window->actions().exportRange->isEnabled() && !f.window->findChild<ExportDialog *>());
    f.window->actions().exportRange->trigger();
    QVERIFY(text(f, "exportSizes").contains(QStringLiteral("the file gets 1.0 TiB")));
}

void TestWindowExport::runsOnlyOnce()
{
    Exporting f(8 << 20);
    QVERIFY(f.ready);
    const auto gate = std::make_shared<Gate>();
    f.source->setGate(SourceOp::Read, gate);
    f.ask();
    f.ask();
    QCOMPARE(f.window->findChildren<ExportDialog *>().size(), qsizetype{1});
    f.start();
    QTRY_VERIFY(!f.window->actions().saveCopy->isEnabled());
    QVERIFY(f.window->actions().exportRange->toolTip().contains(QStringLiteral("already being written")));
    gate->open();
    QVERIFY(f.told("Exported"));
    QTRY_VERIFY(f.window->actions().saveCopy->isEnabled());
}

void TestWindowExport::worksInReadOnlyMode()
{
    Exporting f(65536, {.readOnly = true});
    QVERIFY(f.ready);
    f.ask();
    f.start();
    QVERIFY(f.told("Exported"));
    QVERIFY(readFile(f.exportPath) == f.original);
}

void TestWindowExport::windowWaitsForAnExport()
{
    Exporting f(8 << 20);
    QVERIFY(f.ready);
    const auto gate = std::make_shared<Gate>();
    f.source->setGate(SourceOp::Read, gate);
    f.ask();
    f.start();
    QVERIFY(gate->waitForWaiting(1));
    QTRY_VERIFY(!f.dialog());
    QVERIFY(!f.window->close());
    QVERIFY(f.message("closing").contains(QStringLiteral("still being written")));
    gate->open();
    QTRY_VERIFY(!f.window);
    QVERIFY(readFile(f.exportPath) == f.original);
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestWindowExport)
#include "tst_window_export.moc"
