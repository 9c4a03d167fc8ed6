// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/progress_part.h"
#include "app/status_line.h"
#include "tests/support/document_fixture.h"

#include <QLabel>
#include <QLocale>
#include <QStatusBar>
#include <QtTest>

using namespace cachecore;

namespace cachet_test {

/// What the fields of the status bar say, each by itself.
class TestStatusLine : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates)); }
    void saysThatThereIsNoDocument();
    void tellsTheCaretAndTheSelection();
    void countsWhatIsStaged();
    void countsOneHitAndOneMiss();
    void saysThatNothingCanBeWritten();
    void namesEachFieldForAScreenReader();
    void givesItsRoomToANoteAndToProgress();

private:
    /// A status bar that shows `document`.
    struct Bar {
        Bar()
            : line(bar)
        {
            bar.resize(900, 24);
            bar.show();
        }
        void refresh(const Document *document, std::uint64_t caret = 0, ByteRange selection = {})
        {
            line.refresh(document, ByteOffset(caret), selection);
        }
        [[nodiscard]] QLabel *field(const char *name) const
        {
            QLabel *found = bar.findChild<QLabel *>(QString::fromLatin1(name));
            if (!found)
                qFatal("no %s in the status bar", name);
            return found;
        }
        [[nodiscard]] QString text(const char *name) const { return field(name)->text(); }

        QStatusBar bar;
        cachet::StatusLine line;
    };
};

void TestStatusLine::saysThatThereIsNoDocument()
{
    Bar bar;
    QCOMPARE(bar.text("statusCaret"), QStringLiteral("No document"));
    bar.line.setEmptyText(QStringLiteral("Opening…"));
    bar.refresh(nullptr);
    QCOMPARE(bar.text("statusCaret"), QStringLiteral("Opening…"));
    const DocumentFixture f{std::vector<std::byte>(8192)};
    bar.refresh(f.document.get(), 0, rangeAt(0, 2));
    bar.line.setEmptyText({});
    bar.refresh(nullptr);
    QCOMPARE(bar.text("statusCaret"), QStringLiteral("No document"));
    for (const char *name : {"statusSelection", "statusStaged", "statusCache", "statusReadOnly"})
        QCOMPARE(bar.text(name), QString());
}

void TestStatusLine::tellsTheCaretAndTheSelection()
{
    const DocumentFixture f{std::vector<std::byte>(1 << 20)};
    Bar bar;
    bar.refresh(f.document.get(), 0x1234);
    QCOMPARE(bar.text("statusCaret"), QStringLiteral("0x1234 (4,660)  lba 9"));
    QVERIFY(bar.field("statusCaret")->toolTip().contains(QStringLiteral("the sector of 512 bytes")));
    QCOMPARE(bar.text("statusSelection"), QString());
    bar.refresh(f.document.get(), 0x1234, rangeAt(0x1234, 1));
    QCOMPARE(bar.text("statusSelection"), QStringLiteral("Selected 1 byte"));
    QCOMPARE(bar.field("statusSelection")->toolTip(), QStringLiteral("byte 0x1234, 1 byte"));
    bar.refresh(f.document.get(), 0, rangeAt(0, 5000));
    QCOMPARE(bar.text("statusSelection"), QStringLiteral("Selected 4.9 KiB"));
    QCOMPARE(bar.field("statusSelection")->toolTip(), QStringLiteral("bytes 0x0 to 0x1387, 4.9 KiB (5,000 bytes)"));
    bar.refresh(f.document.get());
    QCOMPARE(bar.field("statusSelection")->toolTip(), QString());
}

void TestStatusLine::countsWhatIsStaged()
{
    const DocumentFixture f{std::vector<std::byte>(1 << 20)};
    Bar bar;
    bar.refresh(f.document.get());
    QCOMPARE(bar.text("statusStaged"), QStringLiteral("Nothing staged"));
    QVERIFY(f->stage(ByteOffset(0xfff), bytesOf({1})).has_value());
    bar.refresh(f.document.get());
    QCOMPARE(bar.text("statusStaged"), QStringLiteral("1 byte staged in 1 page"));
    QVERIFY(f->stage(ByteOffset(0x1000), bytesOf({1})).has_value()); // one extent over two pages
    bar.refresh(f.document.get());
    QCOMPARE(bar.text("statusStaged"), QStringLiteral("2 bytes staged in 2 pages"));
    // Beyond what can be counted at once, the places are named.
    for (std::uint64_t at = 0; at < 1000; ++at)
        QVERIFY(f->stage(ByteOffset(0x4000 + 2 * at), bytesOf({1})).has_value());
    bar.refresh(f.document.get());
    QCOMPARE(bar.text("statusStaged"), QStringLiteral("1,002 bytes staged in 1,001 places"));
    QCOMPARE(bar.field("statusStaged")->toolTip(), QStringLiteral("Edits that are not on the disk yet"));
}

void TestStatusLine::countsOneHitAndOneMiss()
{
    const DocumentFixture f{std::vector<std::byte>(1 << 20)};
    Bar bar;
    bar.refresh(f.document.get());
    QCOMPARE(bar.text("statusCache"), QStringLiteral("Cache 0 bytes of 1.0 MiB, 0 hits, 0 misses"));
    QVERIFY(readBytes(*f.document, 0, 1));
    QVERIFY(readBytes(*f.document, 0, 1));
    bar.refresh(f.document.get());
    const QString text = bar.text("statusCache");
    QVERIFY2(text.endsWith(QStringLiteral("of 1.0 MiB, 1 hit, 1 miss")), qPrintable(text));
    QVERIFY(bar.field("statusCache")->toolTip().contains(QStringLiteral("kept in memory")));
}

void TestStatusLine::saysThatNothingCanBeWritten()
{
    const DocumentFixture f{std::vector<std::byte>(8192), DocumentFixture::smallPages(),
                            MemorySource::Access::ReadOnly};
    Bar bar;
    bar.refresh(f.document.get());
    QCOMPARE(bar.text("statusReadOnly"), QStringLiteral("Read only"));
    QVERIFY2(bar.field("statusReadOnly")->toolTip().contains(QStringLiteral("reading only")),
             qPrintable(bar.field("statusReadOnly")->toolTip()));
}

void TestStatusLine::namesEachFieldForAScreenReader()
{
    const DocumentFixture f{std::vector<std::byte>(8192)};
    Bar bar;
    QCOMPARE(bar.field("statusStaged")->accessibleName(), QStringLiteral("Staged edits"));
    bar.refresh(f.document.get(), 0x10, rangeAt(0x10, 2));
    QCOMPARE(bar.field("statusCaret")->accessibleName(), QStringLiteral("Offset of the caret: 0x10 (16)  lba 0"));
    QCOMPARE(bar.field("statusSelection")->accessibleName(), QStringLiteral("Selection: Selected 2 bytes"));
    QCOMPARE(bar.field("statusStaged")->accessibleName(), QStringLiteral("Staged edits: Nothing staged"));
    bar.refresh(nullptr);
    QCOMPARE(bar.field("statusSelection")->accessibleName(), QStringLiteral("Selection"));
}

void TestStatusLine::givesItsRoomToANoteAndToProgress()
{
    const DocumentFixture f{std::vector<std::byte>(8192)};
    Bar bar;
    bar.refresh(f.document.get());
    QVERIFY(bar.field("statusStaged")->isVisible() && bar.field("statusCache")->isVisible());
    bar.line.showNote(QStringLiteral("Wrote 1 byte"));
    QCOMPARE(bar.text("statusNote"), QStringLiteral("Wrote 1 byte"));
    QVERIFY(!bar.field("statusStaged")->isVisible() && !bar.field("statusCache")->isVisible());
    bar.line.dropNote();
    QCOMPARE(bar.text("statusNote"), QString());
    QVERIFY(bar.field("statusStaged")->isVisible());
    cachet::ProgressShown shown;
    shown.what = QStringLiteral("Working");
    bar.line.copyProgress().show(shown);
    QVERIFY(!bar.field("statusCache")->isVisible() && bar.field("statusReadOnly")->isVisible());
    bar.line.writeProgress().show(shown);
    QVERIFY(!bar.field("statusReadOnly")->isVisible());
    bar.line.copyProgress().hide();
    bar.line.writeProgress().hide();
    QVERIFY(bar.field("statusStaged")->isVisible() && bar.field("statusReadOnly")->isVisible());
    QVERIFY(bar.field("statusCaret")->isVisible());
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestStatusLine)
#include "tst_status_line.moc"
