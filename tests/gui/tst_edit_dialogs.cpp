// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/message_bar.h"
#include "app/window_actions.h"
#include "cachecore/source/memory_source.h"
#include "tests/gui/window_part.h"
#include "tests/support/edits.h"
#include "tests/support/fault_env.h"
#include "ui/dialogs/fill_dialog.h"
#include "ui/dialogs/import_dialog.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QAction>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QtTest>

#include <algorithm>

using cachecore::ByteCondition;
using cachecore::ByteOffset;
using cachecore::ByteRange;

namespace cachet_test {

/// Fills and imports, from their dialogs to the disk.
class TestEditDialogs : public QObject {
    Q_OBJECT

private slots:
    void fillRepeatsHexBytes();
    void fillRepeatsText();
    void fillCountsAndIsRandom();
    void fillSaysWhatIsWrongWhileTyping();
    void fillNeedsASelection();
    void importGoesOverTheCaret();
    void importIsCutToTheSelection();
    void importPastTheEndOffersWhatFits();
    void importOfNothingIsRefused();
    void importThatCannotBeOpenedIsSaid();
    void importThatDoesNotAnswerCanBeGivenUp();
    void lateImportWaitsForTheOtherDialog();
    void importedBytesNotReadYetShowAsSuch();
    void importThatChangedIsNotWritten();
};

namespace {

QString label(const WindowFixture &f, const char *name)
{
    return part<QLabel>(f, name)->text();
}

/// A window with `size` bytes whose `selected` is selected, and the dialog of Fill Selection open.
struct Filling {
    explicit Filling(ByteRange selected)
    {
        ready = f.openFile(std::uint64_t{1} << 20) && QTest::qWaitFor([this] { return f.settled(); });
        if (!ready)
            return;
        f.window->view().select(selected);
        f.window->actions().fill->trigger();
        ready = f.window->findChild<cachet::FillDialog *>() != nullptr;
    }

    void typeInto(const char *field, const QString &text) const { part<QLineEdit>(f, field)->setText(text); }
    [[nodiscard]] bool closed() const
    {
        return QTest::qWaitFor([this] { return !f.window->findChild<cachet::FillDialog *>(); });
    }

    WindowFixture f;
    bool ready = false;
};

std::vector<std::byte> repeated(std::initializer_list<int> pattern, std::size_t count)
{
    const auto bytes = bytesOf(pattern);
    std::vector<std::byte> result(count);
    for (std::size_t i = 0; i < count; ++i)
        result[i] = bytes[i % bytes.size()];
    return result;
}

/// A window whose caret is at `caret` with `selected` bytes selected from there, that was told to import these bytes.
struct Importing {
    Importing(const std::vector<std::byte> &bytes, std::uint64_t caret, std::uint64_t selected = 0,
              WindowSetup setup = {})
        : f(std::move(setup))
    {
        ready = f.openFile(65536) && QTest::qWaitFor([this] { return f.settled(); });
        f.importPath = f.directory.write("import.bin", bytes);
        if (!ready)
            return;
        f.window->view().goTo(ByteOffset(caret));
        if (selected > 0)
            f.window->view().select(rangeAt(caret, selected));
        f.window->actions().importFile->trigger();
    }

    [[nodiscard]] bool dialogCame() const
    {
        return QTest::qWaitFor([this] { return f.window->findChild<cachet::ImportDialog *>(); });
    }

    WindowFixture f;
    bool ready = false;
};

} // namespace

void TestEditDialogs::fillRepeatsHexBytes()
{
    const Filling fill(rangeAt(0x100, 0x1003));
    QVERIFY(fill.ready);
    const WindowFixture &f = fill.f;
    QCOMPARE(label(f, "fillHeading"), QStringLiteral("&Bytes:"));
    QCOMPARE(label(f, "fillRange"), QStringLiteral("Fill bytes 0x100 to 0x1102, 4.0 KiB (4,099 bytes), with:"));
    QCOMPARE(f.window->findChild<cachet::FillDialog *>()->focusWidget(), part<QWidget>(f, "fillHex"));
    fill.typeInto("fillHex", QStringLiteral("43 4f 00 ff"));
    QCOMPARE(label(f, "fillPreview"),
             QStringLiteral("43 4F 00 FF 43 4F 00 FF 43 4F 00 FF 43 4F 00 FF …   CO..CO..CO..CO..…"));
    QVERIFY(label(f, "fillProblem").contains(QStringLiteral("last repetition is cut")));
    QVERIFY(f.document().staged().empty()); // only shown so far
    click(f, "fillStage");
    QVERIFY(fill.closed());
    QCOMPARE(f.document().staged().pieceCount(), std::uint64_t{1});
    QCOMPARE(f.shown(0x100, 0x1003), repeated({0x43, 0x4F, 0x00, 0xFF}, 0x1003));
    QTRY_VERIFY(f.window->actions().undo->text().contains(QStringLiteral("Fill")));
    f.window->actions().undo->trigger();
    QVERIFY(f.document().staged().empty());
}

void TestEditDialogs::fillRepeatsText()
{
    const Filling fill(rangeAt(0x100, 8));
    QVERIFY(fill.ready);
    part<QComboBox>(fill.f, "fillKind")->setCurrentIndex(cachet::FillDialog::Text);
    QCOMPARE(label(fill.f, "fillHeading"), QStringLiteral("&Text:"));
    fill.typeInto("fillText", QStringLiteral("\u00e4b"));
    QCOMPARE(label(fill.f, "fillPreview"), QStringLiteral("C3 A4 62 C3 A4 62 C3 A4   ..b..b.."));
    QTest::keyClick(part<QLineEdit>(fill.f, "fillText"), Qt::Key_Return);
    QVERIFY(fill.closed());
    QCOMPARE(fill.f.shown(0x100, 8), repeated({0xC3, 0xA4, 0x62}, 8));
    QVERIFY(fill.f.commit());
    QVERIFY(fill.f.waitForWrite());
    QTRY_VERIFY(fill.f.document().staged().empty());
    const auto file = fill.f.fileBytes();
    QVERIFY(std::ranges::equal(std::span(file).subspan(0x100, 8), repeated({0xC3, 0xA4, 0x62}, 8)));
}

void TestEditDialogs::fillCountsAndIsRandom()
{
    const Filling fill(rangeAt(0x100, 12));
    QVERIFY(fill.ready);
    auto *kind = part<QComboBox>(fill.f, "fillKind");
    kind->setCurrentIndex(cachet::FillDialog::Counter);
    part<QComboBox>(fill.f, "fillWidth")->setCurrentIndex(1);
    fill.typeInto("fillFirst", QStringLiteral("0x100"));
    fill.typeInto("fillStep", QStringLiteral("-1"));
    QCOMPARE(label(fill.f, "fillPreview").left(17), QStringLiteral("00 01 FF 00 FE 00"));
    click(fill.f, "fillStage");
    QVERIFY(fill.closed());
    QCOMPARE(fill.f.shown(0x100, 6), bytesOf({0x00, 0x01, 0xFF, 0x00, 0xFE, 0x00}));
    QTRY_VERIFY(fill.f.window->actions().undo->text().contains(QStringLiteral("Generate")));

    fill.f.window->actions().fill->trigger();
    kind = part<QComboBox>(fill.f, "fillKind");
    kind->setCurrentIndex(cachet::FillDialog::Random);
    const QString seed = part<QLineEdit>(fill.f, "fillSeed")->text();
    click(fill.f, "fillNewSeed");
    QVERIFY(part<QLineEdit>(fill.f, "fillSeed")->text() != seed);
    fill.typeInto("fillSeed", QStringLiteral("42"));
    click(fill.f, "fillStage");
    QVERIFY(fill.closed());
    std::vector<std::byte> expected(12);
    cachecore::generate({cachecore::Generator::Kind::Random, 1, 42, 1}, 0, expected);
    QCOMPARE(fill.f.shown(0x100, 12), expected);
}

void TestEditDialogs::fillSaysWhatIsWrongWhileTyping()
{
    const Filling fill(rangeAt(0x100, 2));
    QVERIFY(fill.ready);
    const auto *stage = part<QPushButton>(fill.f, "fillStage");
    QVERIFY(!stage->isEnabled());
    QVERIFY(label(fill.f, "fillProblem").startsWith(QStringLiteral("Type the bytes to repeat")));
    fill.typeInto("fillHex", QStringLiteral("1g"));
    QVERIFY(!stage->isEnabled());
    QCOMPARE(label(fill.f, "fillProblem"), QStringLiteral("\"g\" is no hexadecimal digit."));
    QCOMPARE(stage->toolTip(), label(fill.f, "fillProblem"));
    QVERIFY(label(fill.f, "fillPreview").isEmpty());
    fill.typeInto("fillHex", QStringLiteral("11 22 33"));
    QVERIFY(stage->isEnabled());
    QCOMPARE(label(fill.f, "fillProblem"), QStringLiteral("The selection takes only the first 2 bytes."));
    QTest::keyClick(fill.f.window->findChild<cachet::FillDialog *>(), Qt::Key_Escape);
    QVERIFY(fill.closed());
    QVERIFY(fill.f.document().staged().empty());
}

void TestEditDialogs::fillNeedsASelection()
{
    WindowFixture f;
    QVERIFY(!f.window->actions().fill->isEnabled() && !f.window->actions().importFile->isEnabled());
    QVERIFY(f.openFile(65536));
    QVERIFY(!f.window->actions().fill->isEnabled());
    QVERIFY(f.window->actions().fill->toolTip().contains(QStringLiteral("Select the bytes to fill first")));
    QVERIFY(f.window->actions().importFile->isEnabled());
    QVERIFY(f.window->actions().importFile->text().contains(QStringLiteral("at Caret")));
    f.window->view().select(rangeAt(0, 2));
    QVERIFY(f.window->actions().fill->isEnabled());
    QVERIFY(f.window->actions().importFile->text().contains(QStringLiteral("Over Selection")));
}

void TestEditDialogs::importGoesOverTheCaret()
{
    const auto bytes = patternBytes(0x3000, 5);
    const Importing import(bytes, 0x1234);
    QVERIFY(import.ready && import.dialogCame());
    const WindowFixture &f = import.f;
    QVERIFY(label(f, "importFile").contains(QStringLiteral("import.bin, 12 KiB (12,288 bytes)")));
    QCOMPARE(label(f, "importOver"), QStringLiteral("bytes 0x1234 to 0x4233, 12 KiB (12,288 bytes)"));
    QVERIFY(label(f, "importPreview")
                .startsWith(
                    QStringLiteral("%1").arg(std::to_integer<unsigned>(bytes[0]), 2, 16, QLatin1Char('0')).toUpper()));
    QVERIFY(!part<QCheckBox>(f, "importCut")->isVisible());
    click(f, "importStage");
    QTRY_COMPARE(f.document().staged().byteCount(), std::uint64_t{0x3000});
    QCOMPARE(f.document().staged().pieceCount(), std::uint64_t{1});
    QTRY_COMPARE(f.shown(0x1234, bytes.size()), bytes);
    QTRY_VERIFY(f.window->actions().undo->text().contains(QStringLiteral("Import")));
    QVERIFY(f.commit());
    QVERIFY(f.waitForWrite());
    auto expected = f.original;
    std::ranges::copy(bytes, expected.begin() + 0x1234);
    QTRY_COMPARE(f.fileBytes(), expected);
}

void TestEditDialogs::importIsCutToTheSelection()
{
    const auto bytes = patternBytes(0x40, 5);
    const Importing import(bytes, 0x100, 0x10);
    QVERIFY(import.ready && import.dialogCame());
    const auto *head = part<QLabel>(import.f, "importPreview");
    QVERIFY(head->width() >= head->sizeHint().width()); // all of the line
    const WindowFixture &f = import.f;
    auto *cut = part<QCheckBox>(f, "importCut");
    QVERIFY(cut->isVisible() && cut->isChecked());
    QCOMPARE(label(f, "importOver"), QStringLiteral("bytes 0x100 to 0x10F, 16 bytes"));
    cut->setChecked(false);
    QCOMPARE(label(f, "importOver"), QStringLiteral("bytes 0x100 to 0x13F, 64 bytes"));
    QCOMPARE(label(f, "importNote"),
             QStringLiteral("The file is longer than the selection, so 48 bytes after it are replaced as well."));
    cut->setChecked(true);
    click(f, "importStage");
    QTRY_COMPARE(f.document().staged().byteCount(), std::uint64_t{0x10});
    QTRY_COMPARE(f.shown(0x100, 0x10), std::vector<std::byte>(bytes.begin(), bytes.begin() + 0x10));
}

void TestEditDialogs::importPastTheEndOffersWhatFits()
{
    const auto bytes = patternBytes(0x40, 5);
    const Importing import(bytes, 65536 - 0x10);
    QVERIFY(import.ready && import.dialogCame());
    const WindowFixture &f = import.f;
    const auto *stage = part<QPushButton>(f, "importStage");
    QVERIFY(!stage->isEnabled());
    QCOMPARE(label(f, "importNote"),
             QStringLiteral("The file is longer than what is left here: it would run 48 bytes past the end of the "
                            "document, whose size is fixed."));
    QCOMPARE(stage->toolTip(), label(f, "importNote"));
    QCOMPARE(label(f, "importOver"), QStringLiteral("nothing"));
    auto *cut = part<QCheckBox>(f, "importCut");
    QVERIFY(cut->isVisible() && !cut->isChecked());
    QVERIFY(cut->text().contains(QStringLiteral("only the first 16 bytes")));
    cut->setChecked(true);
    QVERIFY(stage->isEnabled());
    click(f, "importStage");
    QTRY_COMPARE(f.shown(65536 - 0x10, 0x10), std::vector<std::byte>(bytes.begin(), bytes.begin() + 0x10));
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{0x10});
}

void TestEditDialogs::importOfNothingIsRefused()
{
    const Importing import({}, 0x100);
    QVERIFY(import.ready && import.dialogCame());
    QVERIFY(!part<QPushButton>(import.f, "importStage")->isEnabled());
    QCOMPARE(label(import.f, "importNote"), QStringLiteral("The file is empty, so there is nothing to import."));
    QTest::keyClick(import.f.window->findChild<cachet::ImportDialog *>(), Qt::Key_Escape);
    QVERIFY(import.f.document().staged().empty());
}

void TestEditDialogs::importThatCannotBeOpenedIsSaid()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.importPath = f.directory.file("missing.bin");
    f.window->actions().importFile->trigger();
    QTRY_VERIFY(!f.message("import").isEmpty());
    QVERIFY2(f.message("import").startsWith(QStringLiteral("Could not import ")), qPrintable(f.message("import")));
    QVERIFY(f.message("import").contains(QStringLiteral("missing.bin: there is no such file")));
    f.importPath = f.directory.path();
    f.window->actions().importFile->trigger();
    QTRY_VERIFY2(f.message("import").contains(QStringLiteral("it is a directory")), qPrintable(f.message("import")));
    QVERIFY(!f.window->findChild<cachet::ImportDialog *>());
}

void TestEditDialogs::importThatDoesNotAnswerCanBeGivenUp()
{
    const auto env = std::make_shared<FaultEnv>();
    const auto gate = std::make_shared<Gate>();
    WindowFixture f({.env = env});
    QVERIFY(f.openFile(65536));
    QTRY_VERIFY(f.settled());
    f.importPath = f.directory.write("import.bin", patternBytes(64));
    env->setGate(EnvOp::Open, gate);
    f.window->actions().importFile->trigger();
    QVERIFY(gate->waitForWaiting(1));
    QTRY_VERIFY(f.message("import").contains(QStringLiteral("has not answered yet")));
    f.type("11"); // the window goes on
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{1});
    click(f, "messageAction-import");
    QVERIFY(f.message("import").isEmpty());
    env->setGate(EnvOp::Open, nullptr);
    gate->open();
    f.window->actions().importFile->trigger();
    QTRY_VERIFY(f.window->findChild<cachet::ImportDialog *>());
    QCOMPARE(f.window->findChildren<cachet::ImportDialog *>().size(), 1);
}

void TestEditDialogs::lateImportWaitsForTheOtherDialog()
{
    const auto env = std::make_shared<FaultEnv>();
    const auto gate = std::make_shared<Gate>();
    WindowFixture f({.env = env});
    QVERIFY(f.openFile(65536));
    QTRY_VERIFY(f.settled());
    f.importPath = f.directory.write("import.bin", patternBytes(64));
    env->setGate(EnvOp::Open, gate);
    f.window->actions().importFile->trigger();
    QVERIFY(gate->waitForWaiting(1));
    QTRY_VERIFY(f.message("import").contains(QStringLiteral("has not answered yet")));
    f.window->view().selectAll();
    f.window->actions().fill->trigger();
    QPointer<cachet::FillDialog> fill = f.window->findChild<cachet::FillDialog *>();
    QVERIFY(fill);
    env->setGate(EnvOp::Open, nullptr);
    gate->open();
    QTRY_VERIFY(f.message("import").isEmpty());
    QVERIFY(!f.window->findChild<cachet::ImportDialog *>());
    fill->reject();
    QTRY_VERIFY(!fill);
    QTRY_VERIFY(f.window->findChild<cachet::ImportDialog *>());
}

void TestEditDialogs::importedBytesNotReadYetShowAsSuch()
{
    const auto env = std::make_shared<FaultEnv>();
    const auto bytes = patternBytes(0x40000, 5);
    WindowFixture f({.env = env, .source = [] {
                         return std::make_shared<cachecore::MemorySource>(std::vector<std::byte>(std::size_t{1} << 20));
                     }});
    QVERIFY(f.open("memory"));
    QTRY_VERIFY(f.settled());
    const auto file = f.document().openImport(f.directory.write("import.bin", bytes));
    QVERIFY(file);
    const auto gate = std::make_shared<Gate>();
    env->setGate(EnvOp::Read, gate); // only the import is read through the Env here
    QVERIFY(f.document().stageImport(ByteOffset(0), *file, 0x20000, 0x1000));
    QTRY_COMPARE(f.conditions(0, 16), std::vector<ByteCondition>(16, ByteCondition::StagedNotLoaded));
    f.window->view().select(rangeAt(0, 4));
    QGuiApplication::clipboard()->setText(QStringLiteral("before"));
    f.window->actions().copy->trigger(); // waits for the file in the background
    QTRY_VERIFY(part<QPushButton>(f, "clipboardProgressCancel")->isVisible());
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("before"));
    const auto copied = QString::fromLatin1(
        QByteArray(reinterpret_cast<const char *>(bytes.data() + 0x20000), 4).toHex(' ').toUpper());
    f.window->view().goTo(ByteOffset(0));
    QVERIFY(f.window->view().accessibleDescription().contains(QStringLiteral("staged byte not loaded yet")));
    const auto *table = part<QTableView>(f, "stagedEditsTable");
    QTRY_COMPARE(table->model()->rowCount(), 1);
    const auto change = [table] { return table->model()->index(0, 2).data().toString(); };
    QVERIFY2(change().section(QStringLiteral("→"), 1).contains(QStringLiteral("··")), qPrintable(change()));
    gate->open();
    QTRY_COMPARE(f.conditions(0, 16), std::vector<ByteCondition>(16, ByteCondition::Staged));
    QCOMPARE(f.shown(0, 16), std::vector<std::byte>(bytes.begin() + 0x20000, bytes.begin() + 0x20010));
    QTRY_VERIFY(!change().section(QStringLiteral("→"), 1).contains(QStringLiteral("··")));
    QTRY_COMPARE(QGuiApplication::clipboard()->text(), copied);
}

void TestEditDialogs::importThatChangedIsNotWritten()
{
    const auto bytes = patternBytes(0x1000, 5);
    const Importing import(bytes, 0x100);
    QVERIFY(import.ready && import.dialogCame());
    const WindowFixture &f = import.f;
    click(f, "importStage");
    QTRY_COMPARE(f.document().staged().byteCount(), std::uint64_t{0x1000});
    (void)f.directory.write("import.bin", patternBytes(0x1000, 6));
    QVERIFY(f.commit());
    QTRY_VERIFY(!f.message("write").isEmpty());
    QVERIFY2(f.message("write").contains(QStringLiteral("import.bin: another program changed the file since it was "
                                                        "imported")),
             qPrintable(f.message("write")));
    QVERIFY2(f.message("write").endsWith(QStringLiteral("Nothing was written; all edits are still staged.")),
             qPrintable(f.message("write")));
    QCOMPARE(f.fileBytes(), f.original);
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestEditDialogs)
#include "tst_edit_dialogs.moc"
