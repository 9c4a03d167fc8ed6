// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/painted_document.h"
#include "tests/gui/tiny_font.h"
#include "ui/theme/byte_class.h"

#include <QFontDatabase>
#include <QPainter>
#include <QtTest>

#include <random>

using namespace cachet;
using namespace cachecore;
using namespace cachet_test;

namespace {

struct Colors {
    QColor ground;
    QColor ink;
};

/// What QPainter makes of `text` in a cell of its own, `margin` pixels from the left.
QImage drawn(const QString &text, QSize size, int margin, const HexFont &font, const Colors &colors)
{
    QImage image(size, QImage::Format_RGB32);
    image.fill(colors.ground);
    QPainter painter(&image);
    painter.setFont(font.font());
    painter.setPen(colors.ink);
    painter.drawText(QPointF(margin, font.cell().ascent), text);
    return image;
}

QString hexOf(std::byte byte)
{
    return QStringLiteral("%1").arg(std::to_integer<unsigned>(byte), 2, 16, QLatin1Char('0')).toUpper();
}

QSize sizeFor(const PaintedDocument &document, int rows)
{
    return {document.layout().contentWidth() + 40, document.layout().rowTop(rows)};
}

void addPalettesAndRatios()
{
    QTest::addColumn<QByteArray>("palette");
    QTest::addColumn<qreal>("ratio");
    for (const QByteArray &palette : paletteNames()) {
        for (const qreal ratio : screenRatios())
            QTest::addRow("%s at %g", palette.constData(), ratio) << palette << ratio;
    }
}

/// Compares the cells of one byte with text drawn by QPainter; nothing when they are equal.
QString differenceAt(const PaintedDocument &document, const QImage &picture, int row, int column, const Colors &colors)
{
    const HexLayout &layout = document.layout();
    const std::byte byte = document.bytes[static_cast<std::size_t>(row * layout.bytesPerRow() + column)];
    const QRect hex = layout.runRect(Pane::Hex, row, column, column);
    const QRect text = layout.byteRect(Pane::Text, row, column);
    const QString where = QStringLiteral("byte %1 in row %2: ").arg(hexOf(byte)).arg(row);
    const int margin = layout.runMargin(Pane::Hex);
    const QString hexDifference
        = differenceOf(picture.copy(hex), drawn(hexOf(byte), hex.size(), margin, document.font, colors));
    if (!hexDifference.isEmpty())
        return where + hexDifference;
    const QString character(QLatin1Char(textOf(byte)));
    const QString textDifference
        = differenceOf(picture.copy(text), drawn(character, text.size(), 0, document.font, colors));
    return textDifference.isEmpty() ? QString() : where + textDifference;
}

} // namespace

class TestHexPainting : public QObject {
    Q_OBJECT

private slots:
    void paintsEveryByteAsQPainterDoes_data() { addPalettesAndRatios(); }
    void paintsEveryByteAsQPainterDoes();
    void paintsSelectedAndStagedBytesAsQPainterDoes_data() { addPalettesAndRatios(); }
    void paintsSelectedAndStagedBytesAsQPainterDoes();
    void paintsOffsetsAndColumnNumbersAsQPainterDoes_data() { addPalettesAndRatios(); }
    void paintsOffsetsAndColumnNumbersAsQPainterDoes();
    void keepsCharactersWhereALineOfTextHasThem_data() { addPalettesAndRatios(); }
    void keepsCharactersWhereALineOfTextHasThem();
    void joinsTheHatchOfUnreadableBytes_data() { addPalettesAndRatios(); }
    void joinsTheHatchOfUnreadableBytes();
    void paintsInAFontThatIsNotOfFixedWidth();
    void paintsInAFontWithoutAGlyph();
    void showsTheSameThroughAnySmallWindow();
    void paintsNoRowsAtAll();
    void boundsTheMemoryOfItsCells_data();
    void boundsTheMemoryOfItsCells();
};

void TestHexPainting::paintsEveryByteAsQPainterDoes()
{
    QFETCH(QByteArray, palette);
    QFETCH(qreal, ratio);
    PaintedDocument document(0, 16 * 6, 16, {}, ratio);
    document.theme = Theme::of(paletteNamed(palette));
    document.scene.size = sizeFor(document, document.rows());
    for (int row = 0; row < document.rows(); ++row)
        document.states[static_cast<std::size_t>(row)].tone = static_cast<PageTone>(row / 16);
    const QImage picture = document.freshPicture();
    for (int row = 0; row < document.rows(); ++row) {
        for (int column = 0; column < 16; ++column) {
            const auto byte = static_cast<std::byte>(row % 16 * 16 + column);
            const Colors colors{document.theme.tint(static_cast<PageTone>(row / 16)),
                                document.theme.byteText(byteClass(byte))};
            const QString difference = differenceAt(document, picture, row, column, colors);
            QVERIFY2(difference.isEmpty(), qPrintable(difference));
        }
    }
}

void TestHexPainting::paintsSelectedAndStagedBytesAsQPainterDoes()
{
    QFETCH(QByteArray, palette);
    QFETCH(qreal, ratio);
    PaintedDocument document(1000, 48, 16, {}, ratio);
    document.theme = Theme::of(paletteNamed(palette));
    document.scene.size = sizeFor(document, document.rows());
    std::fill(document.conditions.begin(), document.conditions.begin() + 2 * 256, ByteCondition::Staged);
    document.scene.selection = ByteRange(ByteOffset(document.begin() + 256), ByteOffset(document.begin() + 3 * 256));
    const QImage picture = document.freshPicture();
    const Theme &theme = document.theme;
    const Colors expected[] = {{theme.stagedBackground, theme.stagedText},
                               {theme.selectedStaged, theme.selectedStagedText},
                               {theme.selection, theme.selectionText}};
    for (int row = 0; row < document.rows(); ++row) {
        for (int column = 0; column < 16; ++column) {
            const QString difference = differenceAt(document, picture, row, column, expected[row / 16]);
            QVERIFY2(difference.isEmpty(), qPrintable(difference));
        }
        // One piece, gaps included.
        const QRect run = document.layout().runRect(Pane::Hex, row, 0, 15);
        for (int x = run.left(); x <= run.right(); ++x)
            QCOMPARE(picture.pixelColor(x, run.top()), expected[row / 16].ground);
        QCOMPARE(picture.pixelColor(run.right() + 1, run.top()), theme.base);
        QCOMPARE(picture.pixelColor(run.left() - 1, run.top()), theme.base);
    }
}

void TestHexPainting::paintsOffsetsAndColumnNumbersAsQPainterDoes()
{
    QFETCH(QByteArray, palette);
    QFETCH(qreal, ratio);
    PaintedDocument document((quint64{1} << 40) / 16 + 0xABCDE, 8, 16, {}, ratio);
    document.theme = Theme::of(paletteNamed(palette));
    document.scene.size = sizeFor(document, document.rows());
    document.scene.cursor.caret = document.begin() + 2 * 16 + 5;
    const QImage picture = document.freshPicture();
    const HexLayout &layout = document.layout();
    const Theme &theme = document.theme;
    for (int row = 0; row < document.rows(); ++row) {
        const quint64 at = document.begin() + static_cast<quint64>(row) * 16;
        const QString offset = QStringLiteral("0x")
            + QString::number(at, 16).toUpper().rightJustified(layout.offsetDigits(), QLatin1Char('0'));
        const QRect cells(layout.offsetTextX(), layout.rowTop(row), layout.offsetRight() - layout.offsetTextX(),
                          layout.cell().rowHeight);
        const QImage expected = drawn(offset, cells.size(), 0, document.font,
                                      {theme.headerBackground, row == 2 ? theme.currentText : theme.headerText});
        const QString difference = differenceOf(picture.copy(cells), expected);
        QVERIFY2(difference.isEmpty(), qPrintable(difference));
    }
    const int top = (layout.headerHeight() - layout.cell().rowHeight) / 2;
    for (int column = 0; column < 16; ++column) {
        const QRect cell(layout.hexX(column), top, 2 * layout.cell().charWidth, layout.cell().rowHeight);
        const QImage expected = drawn(hexOf(static_cast<std::byte>(column)), cell.size(), 0, document.font,
                                      {theme.headerBackground, column == 5 ? theme.currentText : theme.headerText});
        // The last line belongs to the rule below the header.
        const QRect inner = QRect(QPoint(0, 0), cell.size()).adjusted(0, 0, 0, -layout.cell().line);
        const QString difference = differenceOf(picture.copy(cell).copy(inner), expected.copy(inner));
        QVERIFY2(difference.isEmpty(), qPrintable(difference));
    }
}

void TestHexPainting::keepsCharactersWhereALineOfTextHasThem()
{
    QFETCH(QByteArray, palette);
    QFETCH(qreal, ratio);
    constexpr int columns = 256;
    PaintedDocument document(0, 1, columns, {}, ratio);
    if (!QFontInfo(document.font.font()).fixedPitch())
        QSKIP("There is no font of fixed width here.");
    document.theme = Theme::of(paletteNamed(palette));
    document.scene.size = sizeFor(document, 1);
    QString line;
    for (int column = 0; column < columns; ++column) {
        const auto byte = static_cast<std::byte>(0x21 + column % 0x5E);
        document.bytes[static_cast<std::size_t>(column)] = byte;
        line += QLatin1Char(textOf(byte));
    }
    const CellMetrics &cell = document.layout().cell();
    const QRect pane(document.layout().textX(0), document.layout().rowTop(0), columns * cell.charWidth, cell.rowHeight);
    const QImage expected = drawn(line, pane.size(), 0, document.font,
                                  {document.theme.base, document.theme.byteText(ByteClass::Printable)});
    const QImage picture = document.freshPicture().copy(pane);
    for (int column = 0; column < columns; ++column) {
        // A character that reaches into its neighbour's cell, as a W may by a shade, is cut off there.
        const QRect inner(column * cell.charWidth + 1, 0, cell.charWidth - 2, cell.rowHeight);
        const QString difference = differenceOf(picture.copy(inner), expected.copy(inner));
        QVERIFY2(difference.isEmpty(), qPrintable(QStringLiteral("column %1: ").arg(column) + difference));
    }
}

void TestHexPainting::joinsTheHatchOfUnreadableBytes()
{
    QFETCH(QByteArray, palette);
    QFETCH(qreal, ratio);
    PaintedDocument document(0xFFFFFF, 20, 16, {}, ratio);
    document.theme = Theme::of(paletteNamed(palette));
    document.scene.size = sizeFor(document, document.rows());
    std::ranges::fill(document.conditions, ByteCondition::Unreadable);
    const QImage picture = document.freshPicture();
    const HexLayout &layout = document.layout();
    const int period = 8 * layout.cell().line;
    const QRect first = layout.runRect(Pane::Hex, 0, 0, 15);
    const QRect all(first.topLeft(), QPoint(first.right(), layout.rowTop(document.rows()) - 1));
    // Along a diagonal the ground stays what it is, whichever cells, gaps and rows it crosses; text aside.
    int lines = 0;
    int background = 0;
    for (int start = all.left(); start < all.left() + period; ++start) {
        const QColor color = picture.pixelColor(start, all.top());
        const bool line = color == document.theme.unreadableHatch;
        QVERIFY(line || color == document.theme.unreadableBackground);
        (line ? lines : background) += 1;
        for (int x = start; x <= all.right(); x += period) {
            for (int y = all.top(), at = x; y <= all.bottom() && at >= all.left(); ++y, --at) {
                const QColor pixel = picture.pixelColor(at, y);
                const bool other
                    = pixel == (line ? document.theme.unreadableBackground : document.theme.unreadableHatch);
                QVERIFY2(!other, qPrintable(QStringLiteral("(%1, %2)").arg(at).arg(y)));
            }
        }
    }
    QCOMPARE(lines, layout.cell().line);
    QCOMPARE(background, period - lines);
}

void TestHexPainting::paintsInAFontThatIsNotOfFixedWidth()
{
    PaintedDocument document(0, 16, 16, {});
    document.setFont(HexFont(QFont(QStringLiteral("DejaVu Sans"), 11), 0, 1));
    document.scene.size = sizeFor(document, document.rows());
    const HexFont &font = document.font;
    const QFontMetricsF metrics(font.font());
    for (char character = 0x21; character < 0x7F; ++character) {
        const double advance = metrics.horizontalAdvance(QLatin1Char(character));
        QVERIFY(font.indent(character) >= 0);
        QVERIFY(font.indent(character) + advance < font.cell().charWidth + 0.5);
    }
    QCOMPARE(document.rows(), 16);
    const QImage picture = document.freshPicture();
    for (int row = 0; row < 16; ++row) {
        for (int column = 0; column < 16; ++column) {
            const auto byte = static_cast<std::byte>(row * 16 + column);
            const char character = textOf(byte);
            const QRect cell = document.layout().byteRect(Pane::Text, row, column);
            const QImage expected = drawn(QString(QLatin1Char(character)), cell.size(), font.indent(character), font,
                                          {document.theme.base, document.theme.byteText(byteClass(byte))});
            const QString difference = differenceOf(picture.copy(cell), expected);
            QVERIFY2(difference.isEmpty(), qPrintable(hexOf(byte) + difference));
        }
    }
}

void TestHexPainting::paintsInAFontWithoutAGlyph()
{
    const int id = QFontDatabase::addApplicationFontFromData(fontOfDigits("Cachet Test Digits"));
    QVERIFY(id >= 0);
    PaintedDocument document(0, 16, 16, {});
    document.setFont(HexFont(QFont(QStringLiteral("Cachet Test Digits"), 12), 0, 1));
    QCOMPARE(QFontInfo(document.font.font()).family(), QStringLiteral("Cachet Test Digits"));
    document.scene.size = sizeFor(document, document.rows());
    const QImage picture = document.freshPicture();
    // Digits come from it; a letter, which it lacks, from another font or as the mark of a missing glyph, inside of its own cell.
    for (int row = 0; row < 16; ++row) {
        for (int column = 0; column < 16; ++column) {
            const std::byte byte = document.bytes[static_cast<std::size_t>(row * 16 + column)];
            const QRect hex = document.layout().byteRect(Pane::Hex, row, column);
            const int width = document.layout().cell().charWidth;
            for (const auto &[character, x] : {std::pair{highDigit(byte), 0}, std::pair{lowDigit(byte), width}}) {
                QImage expected = drawn(QString(QLatin1Char(character)), QSize(2 * width, hex.height()),
                                        document.font.indent(character), document.font,
                                        {document.theme.base, document.theme.byteText(byteClass(byte))});
                const QRect middle(2, 0, width - 4, hex.height()); // a foreign glyph may reach over its cell's edge
                const QString difference
                    = differenceOf(picture.copy(hex).copy(middle.translated(x, 0)), expected.copy(middle));
                QVERIFY2(difference.isEmpty(), qPrintable(hexOf(byte) + difference));
            }
        }
    }
    QVERIFY(QFontDatabase::removeApplicationFont(id));
}

void TestHexPainting::showsTheSameThroughAnySmallWindow()
{
    PaintedDocument document(0, 40, 16, {});
    document.scene.size = sizeFor(document, document.rows());
    document.scene.cursor.caret = 17;
    document.scene.selection = ByteRange(ByteOffset(20), ByteOffset(90));
    const QImage whole = document.freshPicture();
    for (const QSize size : {QSize(1, 1), QSize(3, whole.height() / 2), QSize(whole.width(), 1),
                             QSize(2, document.layout().rowTop(0) + 1)}) {
        for (int left = 0; left < whole.width() - size.width(); left += 13) {
            document.scene.size = size;
            document.scene.left = left;
            const QString difference
                = differenceOf(document.freshPicture(), whole.copy(left, 0, size.width(), size.height()));
            QVERIFY2(difference.isEmpty(), qPrintable(QStringLiteral("from %1: ").arg(left) + difference));
        }
    }
}

void TestHexPainting::paintsNoRowsAtAll()
{
    PaintedDocument document(0, 0, 16, QSize(900, 300));
    const QImage picture = document.freshPicture();
    const HexLayout &layout = document.layout();
    QCOMPARE(picture.pixelColor(layout.hexX(3), 200), document.theme.base);
    QCOMPARE(picture.pixelColor(1, 299), document.theme.headerBackground);
    QCOMPARE(picture.pixelColor(layout.separatorX(), 250), document.theme.separator);
    QCOMPARE(picture.pixelColor(899, 299), document.theme.base);
}

void TestHexPainting::boundsTheMemoryOfItsCells_data()
{
    QTest::addColumn<int>("zoom");
    QTest::addColumn<qreal>("ratio");
    QTest::addColumn<quint64>("bound");
    QTest::newRow("usual") << 0 << 1.0 << (quint64{5} << 18);
    QTest::newRow("usual at 2") << 0 << 2.0 << (quint64{6} << 20);
    QTest::newRow("largest at 2") << 60 << 2.0 << quint64{GlyphAtlas::kBoundBytes};
}

void TestHexPainting::boundsTheMemoryOfItsCells()
{
    QFETCH(int, zoom);
    QFETCH(qreal, ratio);
    QFETCH(quint64, bound);
    PaintedDocument document(0, 3000, 64, QSize(3840, 2160), ratio);
    document.setFont(HexFont(zoom, ratio));
    std::mt19937 random(7);
    for (std::byte &byte : document.bytes)
        byte = static_cast<std::byte>(random() & 0xFF);
    HexPainter painter;
    for (document.top = 0; document.top < 2000; document.top += 17)
        document.paint(painter);
    document.paint(painter);
    qInfo("%zu KiB for cells of %d x %d", painter.atlas().bytes() >> 10, document.font.cell().charWidth,
          document.font.cell().rowHeight);
    QVERIFY(painter.atlas().bytes() <= bound);
    QCOMPARE(differenceOf(painter.picture(), document.freshPicture()), QString()); // also where cells were replaced
}

QTEST_MAIN(TestHexPainting)
#include "tst_hex_painting.moc"
