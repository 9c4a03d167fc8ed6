// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/theme.h"

#include <QPalette>
#include <QtTest>

#include <array>

using namespace cachet;

namespace {

constexpr std::array kTones
    = {PageTone::Never, PageTone::Touched, PageTone::Cached, PageTone::Loading, PageTone::Staged, PageTone::Failed};
constexpr std::array kClasses
    = {ByteClass::Zero, ByteClass::Printable, ByteClass::Control, ByteClass::High, ByteClass::Full};

QPalette paletteOf(QRgb base, QRgb text)
{
    QPalette palette;
    palette.setColor(QPalette::Base, QColor::fromRgb(base));
    palette.setColor(QPalette::Text, QColor::fromRgb(text));
    return palette;
}

} // namespace

class TestTheme : public QObject {
    Q_OBJECT

private slots:
    void computesTheContrastOfTheStandard();
    void tellsLightFromDark();
    void keepsTextReadable_data();
    void keepsTextReadable();
    void keepsMarksVisibleAndApart_data() { keepsTextReadable_data(); }
    void keepsMarksVisibleAndApart();
    void keepsStagedBytesApartFromTheRest_data() { keepsTextReadable_data(); }
    void keepsStagedBytesApartFromTheRest();
    void isAValue();
    void movesAColourOnlyAsFarAsNeeded();
    void classifiesEveryByte();
};

void TestTheme::computesTheContrastOfTheStandard()
{
    QCOMPARE(contrast(Qt::black, Qt::white), 21.0);
    QCOMPARE(contrast(Qt::white, Qt::white), 1.0);
    // Known pair of the standard's own explanations: #767676 on white is the lightest grey that passes AA.
    QVERIFY(contrast(QColor(0x76, 0x76, 0x76), Qt::white) >= 4.5);
    QVERIFY(contrast(QColor(0x77, 0x77, 0x77), Qt::white) < 4.5);
}

void TestTheme::tellsLightFromDark()
{
    QVERIFY(!Theme::of(paletteOf(0xffffff, 0x000000)).dark);
    QVERIFY(Theme::of(paletteOf(0x1e1e1e, 0xe0e0e0)).dark);
}

void TestTheme::keepsTextReadable_data()
{
    QTest::addColumn<QRgb>("base");
    QTest::addColumn<QRgb>("text");
    QTest::newRow("white") << QRgb(0xffffff) << QRgb(0x000000);
    QTest::newRow("light grey") << QRgb(0xefefef) << QRgb(0x232629);
    QTest::newRow("sepia") << QRgb(0xfdf6e3) << QRgb(0x657b83);
    QTest::newRow("dark grey") << QRgb(0x2b2b2b) << QRgb(0xdddddd);
    QTest::newRow("dark blue") << QRgb(0x002b36) << QRgb(0x839496);
    QTest::newRow("black") << QRgb(0x000000) << QRgb(0xffffff);
    QTest::newRow("text of the base's own colour") << QRgb(0xffffff) << QRgb(0xffffff);
}

void TestTheme::keepsTextReadable()
{
    QFETCH(QRgb, base);
    QFETCH(QRgb, text);
    const Theme theme = Theme::of(paletteOf(base, text));
    const auto readable = [](const char *what, const QColor &ink, const QColor &paper) {
        const double ratio = contrast(ink, paper);
        if (ratio < 4.5)
            qWarning("%s: %s on %s gives %.2f", what, qPrintable(ink.name()), qPrintable(paper.name()), ratio);
        return ratio >= 4.5;
    };
    for (const PageTone tone : kTones) {
        for (const ByteClass kind : kClasses)
            QVERIFY(readable("byte", theme.byteText(kind), theme.tint(tone)));
        QVERIFY(readable("placeholder", theme.placeholderText, theme.tint(tone)));
        QVERIFY(readable("text", theme.text, theme.tint(tone)));
    }
    QVERIFY(readable("header", theme.headerText, theme.headerBackground));
    QVERIFY(readable("current", theme.currentText, theme.headerBackground));
    QVERIFY(readable("caret", theme.caretText, theme.caret));
    QVERIFY(readable("selection", theme.selectionText, theme.selection));
    QVERIFY(readable("selected unreadable", theme.selectionText, theme.selectedHatch));
    QVERIFY(readable("staged", theme.stagedText, theme.stagedBackground));
    QVERIFY(readable("selected staged", theme.selectedStagedText, theme.selectedStaged));
    QVERIFY(readable("unreadable", theme.unreadableText, theme.unreadableBackground));
    QVERIFY(readable("unreadable", theme.unreadableText, theme.unreadableHatch));
}

void TestTheme::keepsMarksVisibleAndApart()
{
    QFETCH(QRgb, base);
    QFETCH(QRgb, text);
    const Theme theme = Theme::of(paletteOf(base, text));
    for (const PageTone tone : {PageTone::Cached, PageTone::Loading, PageTone::Staged, PageTone::Failed})
        QVERIFY(contrast(theme.mark(tone), theme.base) >= 3.0);
    QVERIFY(contrast(theme.accent, theme.base) >= 3.0);
    QVERIFY(contrast(theme.caret, theme.base) >= 3.0);
    for (std::size_t a = 0; a < kTones.size(); ++a) {
        for (std::size_t b = a + 1; b < kTones.size(); ++b)
            QVERIFY(theme.mark(kTones[a]) != theme.mark(kTones[b]));
    }
}

void TestTheme::keepsStagedBytesApartFromTheRest()
{
    QFETCH(QRgb, base);
    QFETCH(QRgb, text);
    const Theme theme = Theme::of(paletteOf(base, text));
    const auto distance = [](const QColor &a, const QColor &b) {
        return std::abs(a.red() - b.red()) + std::abs(a.green() - b.green()) + std::abs(a.blue() - b.blue());
    };
    for (const PageTone tone : kTones)
        QVERIFY(distance(theme.stagedBackground, theme.tint(tone)) >= 40);
    QVERIFY(distance(theme.stagedBackground, theme.selection) >= 40);
    QVERIFY(distance(theme.stagedBackground, theme.selectedStaged) >= 40);
    QVERIFY(distance(theme.stagedBackground, theme.unreadableBackground) >= 30);
}

void TestTheme::isAValue()
{
    const QPalette light = paletteOf(0xffffff, 0x000000);
    QCOMPARE(Theme::of(light), Theme::of(light));
    QVERIFY(!(Theme::of(light) == Theme::of(paletteOf(0x000000, 0xffffff))));
}

void TestTheme::movesAColourOnlyAsFarAsNeeded()
{
    const QColor good(0x1f, 0x1f, 0x80);
    QCOMPARE(readableOn(good, {QColor(Qt::white)}, 4.5), good);
    const QColor moved = readableOn(QColor(0xff, 0xff, 0x00), {QColor(Qt::white)}, 4.5);
    QVERIFY(contrast(moved, Qt::white) >= 4.5);
    QVERIFY(moved != QColor(Qt::black));
    QCOMPARE(readableOn(Qt::red, {QColor(Qt::black), QColor(Qt::white)}, 4.5), QColor(Qt::white));
}

void TestTheme::classifiesEveryByte()
{
    for (int value = 0; value < 256; ++value) {
        const auto byte = static_cast<std::byte>(value);
        const ByteClass expected = value == 0 ? ByteClass::Zero
            : value == 255                    ? ByteClass::Full
            : value > 127                     ? ByteClass::High
            : value >= ' ' && value <= '~'    ? ByteClass::Printable
                                              : ByteClass::Control;
        QCOMPARE(byteClass(byte), expected);
        QCOMPARE(isPrintable(byte), expected == ByteClass::Printable);
        QCOMPARE(textOf(byte), expected == ByteClass::Printable ? static_cast<char>(value) : '.');
    }
}

QTEST_GUILESS_MAIN(TestTheme)
#include "tst_theme.moc"
