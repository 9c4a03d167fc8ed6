// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/byte_range.h"
#include "ui/hexview/hex_layout.h"

#include <QtTest>

using namespace cachet;
using Area = HexLayout::Hit::Area;

class TestHexLayout : public QObject {
    Q_OBJECT

private slots:
    void fitsOffsetDigitsToTheSize_data();
    void fitsOffsetDigitsToTheSize();
    void countsRows_data();
    void countsRows();
    void keepsColumnsInOrderAndApart_data();
    void keepsColumnsInOrderAndApart();
    void groupsBytesByFourAndEight();
    void findsEveryByteAndNibbleWhereItIsDrawn_data() { keepsColumnsInOrderAndApart_data(); }
    void findsEveryByteAndNibbleWhereItIsDrawn();
    void givesEveryPixelOfAPaneToOneByte();
    void namesTheAreaOfAPixel();
    void findsRowsAboveAndBelow();
    void joinsTheBytesOfARun();
    void countsRowsThatFit();
    void fitsBesideADockAtTheDefaultWindowSize();
};

void TestHexLayout::fitsOffsetDigitsToTheSize_data()
{
    QTest::addColumn<quint64>("size");
    QTest::addColumn<int>("digits");
    QTest::newRow("empty") << quint64{0} << 8;
    QTest::newRow("1") << quint64{1} << 8;
    QTest::newRow("2^31-1") << (quint64{1} << 31) - 1 << 8;
    QTest::newRow("2^31") << (quint64{1} << 31) << 8;
    QTest::newRow("2^32: the last offset still has 8") << (quint64{1} << 32) << 8;
    QTest::newRow("2^32+1") << (quint64{1} << 32) + 1 << 9;
    QTest::newRow("2^40") << (quint64{1} << 40) << 10;
    QTest::newRow("2^63-1") << quint64{cachecore::kMaxSourceSize} << 16;
}

void TestHexLayout::fitsOffsetDigitsToTheSize()
{
    QFETCH(quint64, size);
    QFETCH(int, digits);
    QCOMPARE(HexLayout::offsetDigits(size), digits);
    QCOMPARE(HexLayout(CellMetrics{}, size).offsetDigits(), digits);
}

void TestHexLayout::countsRows_data()
{
    QTest::addColumn<quint64>("size");
    QTest::addColumn<quint64>("rows");
    QTest::newRow("0") << quint64{0} << quint64{0};
    QTest::newRow("1") << quint64{1} << quint64{1};
    QTest::newRow("16") << quint64{16} << quint64{1};
    QTest::newRow("17") << quint64{17} << quint64{2};
    QTest::newRow("2^31-1") << (quint64{1} << 31) - 1 << (quint64{1} << 27);
    QTest::newRow("2^31") << (quint64{1} << 31) << (quint64{1} << 27);
    QTest::newRow("2^40") << (quint64{1} << 40) << (quint64{1} << 36);
    QTest::newRow("2^63-1") << quint64{cachecore::kMaxSourceSize} << (quint64{1} << 59);
}

void TestHexLayout::countsRows()
{
    QFETCH(quint64, size);
    QFETCH(quint64, rows);
    QCOMPARE(quint64{HexLayout::rowCount(size, 16)}, rows);
}

void TestHexLayout::keepsColumnsInOrderAndApart_data()
{
    QTest::addColumn<int>("width");
    QTest::addColumn<int>("bytesPerRow");
    QTest::newRow("tiny") << 1 << 16;
    QTest::newRow("odd") << 7 << 16;
    QTest::newRow("usual") << 8 << 16;
    QTest::newRow("large") << 23 << 16;
    QTest::newRow("one byte a row") << 8 << 1;
    QTest::newRow("wide rows") << 8 << 64;
}

void TestHexLayout::keepsColumnsInOrderAndApart()
{
    QFETCH(int, width);
    QFETCH(int, bytesPerRow);
    const HexLayout layout({width, 16, 12}, 1 << 20, bytesPerRow);
    int right = layout.bandRect(0).right();
    QVERIFY(layout.offsetTextX() > right);
    right = layout.offsetTextX() + (2 + layout.offsetDigits()) * width - 1;
    QVERIFY(layout.offsetRight() > right);
    right = layout.offsetRight();
    for (int column = 0; column < bytesPerRow; ++column) {
        const QRect rect = layout.byteRect(Pane::Hex, 0, column);
        QVERIFY(rect.left() > right);
        right = rect.right();
    }
    QVERIFY(layout.separatorX() > right);
    right = layout.separatorX();
    for (int column = 0; column < bytesPerRow; ++column) {
        const QRect rect = layout.byteRect(Pane::Text, 0, column);
        QVERIFY(rect.left() > right);
        right = rect.right();
    }
    QVERIFY(layout.contentWidth() > right);
}

void TestHexLayout::groupsBytesByFourAndEight()
{
    const HexLayout layout({8, 16, 12}, 1024);
    const auto gap = [&layout](int column) { return layout.hexX(column) - layout.hexX(column - 1) - 16; };
    QCOMPARE(gap(1), 8);
    QCOMPARE(gap(3), 8);
    QCOMPARE(gap(4), 12);
    QCOMPARE(gap(8), 16);
    QCOMPARE(gap(12), 12);
    QCOMPARE(gap(15), 8);
}

void TestHexLayout::findsEveryByteAndNibbleWhereItIsDrawn()
{
    QFETCH(int, width);
    QFETCH(int, bytesPerRow);
    const HexLayout layout({width, 17, 12}, quint64{1} << 40, bytesPerRow);
    for (int row : {0, 1, 59}) {
        for (int column = 0; column < bytesPerRow; ++column) {
            const QRect hex = layout.byteRect(Pane::Hex, row, column);
            for (int nibble : {0, 1}) {
                const auto hit = layout.hit(hex.left() + nibble * width, hex.bottom());
                QCOMPARE(hit.area, Area::Hex);
                QCOMPARE(hit.row, row);
                QCOMPARE(hit.column, column);
                QCOMPARE(hit.nibble, nibble);
            }
            const QRect text = layout.byteRect(Pane::Text, row, column);
            const auto hit = layout.hit(text.right(), text.top());
            QCOMPARE(hit.area, Area::Text);
            QCOMPARE(hit.row, row);
            QCOMPARE(hit.column, column);
            QCOMPARE(hit.nibble, 0);
        }
    }
}

void TestHexLayout::givesEveryPixelOfAPaneToOneByte()
{
    const HexLayout layout({9, 17, 12}, 1024);
    int before = 0;
    for (int x = layout.offsetRight(); x < layout.separatorX(); ++x) {
        const auto hit = layout.hit(x, layout.rowTop(0));
        QCOMPARE(hit.area, Area::Hex);
        QVERIFY(hit.column == before || hit.column == before + 1);
        before = hit.column;
    }
    QCOMPARE(before, 15);
    QCOMPARE(layout.hit(layout.contentWidth() + 500, layout.rowTop(0)).column, 15);
}

void TestHexLayout::namesTheAreaOfAPixel()
{
    const HexLayout layout({8, 16, 12}, 1024);
    QCOMPARE(layout.hit(200, 0).area, Area::Header);
    QCOMPARE(layout.hit(200, layout.headerHeight() - 1).area, Area::Header);
    QCOMPARE(layout.hit(0, layout.rowTop(0)).area, Area::Band);
    QCOMPARE(layout.hit(layout.offsetTextX(), layout.rowTop(3)).area, Area::Offset);
    QCOMPARE(layout.hit(layout.offsetTextX(), layout.rowTop(3)).row, 3);
    QCOMPARE(layout.hit(layout.offsetRight(), layout.rowTop(0)).area, Area::Hex);
    QCOMPARE(layout.hit(layout.separatorX(), layout.rowTop(0)).area, Area::Text);
}

void TestHexLayout::findsRowsAboveAndBelow()
{
    const HexLayout layout({8, 16, 12}, 1024);
    QCOMPARE(layout.nearest(Pane::Hex, 0, layout.headerHeight()).row, 0);
    QCOMPARE(layout.nearest(Pane::Hex, 0, layout.headerHeight() - 1).row, -1);
    QCOMPARE(layout.nearest(Pane::Hex, 0, layout.headerHeight() - 16).row, -1);
    QCOMPARE(layout.nearest(Pane::Hex, 0, layout.headerHeight() - 17).row, -2);
    QCOMPARE(layout.nearest(Pane::Text, -50, layout.rowTop(70) + 15).row, 70);
    QCOMPARE(layout.nearest(Pane::Text, -50, 0).column, 0);
    QCOMPARE(layout.nearest(Pane::Hex, 5000, 0).column, 15);
}

void TestHexLayout::joinsTheBytesOfARun()
{
    const HexLayout layout({8, 16, 12}, 1024);
    const QRect run = layout.runRect(Pane::Hex, 2, 3, 8);
    QVERIFY(run.contains(layout.byteRect(Pane::Hex, 2, 3)));
    QVERIFY(run.contains(layout.byteRect(Pane::Hex, 2, 8)));
    QVERIFY(!run.intersects(layout.byteRect(Pane::Hex, 2, 2)));
    QVERIFY(!run.intersects(layout.byteRect(Pane::Hex, 2, 9)));
    QCOMPARE(layout.runRect(Pane::Text, 0, 4, 4), layout.byteRect(Pane::Text, 0, 4));
}

void TestHexLayout::countsRowsThatFit()
{
    const HexLayout layout({8, 16, 12}, 1024);
    QCOMPARE(layout.wholeRows(layout.headerHeight() + 160), 10);
    QCOMPARE(layout.shownRows(layout.headerHeight() + 160), 10);
    QCOMPARE(layout.wholeRows(layout.headerHeight() + 161), 10);
    QCOMPARE(layout.shownRows(layout.headerHeight() + 161), 11);
    QCOMPARE(layout.wholeRows(0), 1);
    QCOMPARE(layout.shownRows(0), 1);
}

void TestHexLayout::fitsBesideADockAtTheDefaultWindowSize()
{
    // 1280 pixels less a dock of 300 and a scroll bar, for the widest offsets.
    QVERIFY(HexLayout({9, 18, 14}, cachecore::kMaxSourceSize).contentWidth() <= 1280 - 300 - 20);
}

QTEST_GUILESS_MAIN(TestHexLayout)
#include "tst_hex_layout.moc"
