// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/heatmap/heat_map_geometry.h"

#include <QtTest>

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachet::HeatMapGeometry;

namespace cachet_test {

class TestHeatMapGeometry : public QObject {
    Q_OBJECT

private slots:
    void coversEveryPageOnce_data();
    void coversEveryPageOnce();
    void cellsLieInsideTheArea_data() { coversEveryPageOnce_data(); }
    void cellsLieInsideTheArea();
    void fewPagesGetLargeCells();
    void nothingToShowHasNoCells();
    void clicksFindTheirCell();
    void dragsOutsideFindTheNearestCell();
    void bytesStopAtTheEnd();
    void rangesFindTheirCells();
    void rangeSmallerThanACellTakesThatCell();
    void bigRowsOfCellsAscend();
};

void TestHeatMapGeometry::coversEveryPageOnce_data()
{
    QTest::addColumn<QSize>("area");
    QTest::addColumn<quint64>("pages");
    QTest::newRow("one page") << QSize(200, 200) << quint64{1};
    QTest::newRow("as many pages as columns") << QSize(270, 200) << quint64{10};
    QTest::newRow("a prime number") << QSize(263, 311) << quint64{1009};
    QTest::newRow("just above the capacity") << QSize(70, 70) << quint64{101};
    QTest::newRow("8 GiB of 64 KiB pages") << QSize(280, 320) << quint64{131072};
    QTest::newRow("2^43 pages") << QSize(280, 320) << (quint64{1} << 43);
    QTest::newRow("2^54 pages in a large window") << QSize(3840, 2160) << (quint64{1} << 54);
    QTest::newRow("2^54-1 pages") << QSize(281, 321) << (quint64{1} << 54) - 1;
    QTest::newRow("one row") << QSize(280, 8) << quint64{100000};
}

void TestHeatMapGeometry::coversEveryPageOnce()
{
    QFETCH(const QSize, area);
    QFETCH(const quint64, pages);
    const HeatMapGeometry geometry(area, pages, 512, cachecore::kMaxSourceSize);
    QVERIFY(geometry.cellCount() > 0);
    QVERIFY(static_cast<quint64>(geometry.cellCount()) <= pages);
    std::uint64_t next = 0;
    for (int cell = 0; cell < geometry.cellCount(); ++cell) {
        const auto span = geometry.pagesOf(cell);
        QCOMPARE(span.first, next);
        QVERIFY(span.count >= 1);
        QCOMPARE(geometry.cellOfPage(span.first), cell);
        QCOMPARE(geometry.cellOfPage(span.first + span.count - 1), cell);
        next += span.count;
    }
    QCOMPARE(quint64(next), pages);
}

void TestHeatMapGeometry::cellsLieInsideTheArea()
{
    QFETCH(const QSize, area);
    QFETCH(const quint64, pages);
    const HeatMapGeometry geometry(area, pages, 512, cachecore::kMaxSourceSize);
    for (int cell = 0; cell < geometry.cellCount(); ++cell) {
        const QRect rect = geometry.cellRect(cell);
        QVERIFY(QRect(QPoint(0, 0), area).contains(rect));
        QCOMPARE(geometry.cellAt(rect.topLeft()), std::optional(cell));
        QCOMPARE(geometry.cellAt(rect.bottomRight()), std::optional(cell));
    }
}

void TestHeatMapGeometry::fewPagesGetLargeCells()
{
    const HeatMapGeometry few({280, 320}, 3, 65536, 3 * 65536);
    QCOMPARE(few.cellCount(), 3);
    QCOMPARE(few.pitch(), HeatMapGeometry::kMaxCell);
    const HeatMapGeometry many({280, 320}, 1 << 20, 65536, std::uint64_t{65536} << 20);
    QCOMPARE(many.pitch(), HeatMapGeometry::kMinCell);
    const HeatMapGeometry between({280, 320}, 400, 65536, 400 * 65536);
    QCOMPARE(between.cellCount(), 400);
    QVERIFY(between.pitch() > HeatMapGeometry::kMinCell && between.pitch() < HeatMapGeometry::kMaxCell);
}

void TestHeatMapGeometry::nothingToShowHasNoCells()
{
    for (const HeatMapGeometry &geometry :
         {HeatMapGeometry(), HeatMapGeometry({280, 320}, 0, 65536, 0), HeatMapGeometry({3, 320}, 10, 65536, 655360),
          HeatMapGeometry({280, 0}, 10, 65536, 655360), HeatMapGeometry({-8, -8}, 10, 65536, 655360)}) {
        QCOMPARE(geometry.cellCount(), 0);
        QCOMPARE(geometry.rows(), 0);
        QVERIFY(!geometry.cellAt({0, 0}));
        QVERIFY(!geometry.nearestCell({0, 0}));
        QVERIFY(!geometry.cellsOf(ByteRange::whole(10)));
        QVERIFY(geometry.cellRect(0).isEmpty());
        QCOMPARE(geometry.pagesOf(0).count, std::uint64_t{0});
    }
}

void TestHeatMapGeometry::clicksFindTheirCell()
{
    const HeatMapGeometry geometry({70, 70}, 95, 4096, 95 * 4096);
    QCOMPARE(geometry.columns(), 10);
    QCOMPARE(geometry.cellAt({0, 0}), std::optional(0));
    QCOMPARE(geometry.cellAt({7, 0}), std::optional(1));
    QCOMPARE(geometry.cellAt({6, 0}), std::optional(0)); // the gap belongs to the cell before it
    QCOMPARE(geometry.cellAt({0, 7}), std::optional(10));
    QCOMPARE(geometry.cellAt({-1, 0}), std::optional<int>());
    QCOMPARE(geometry.cellAt({70, 0}), std::optional<int>());
    QCOMPARE(geometry.cellAt({69, 69}), std::optional<int>()); // cell 99 does not exist
}

void TestHeatMapGeometry::dragsOutsideFindTheNearestCell()
{
    const HeatMapGeometry geometry({70, 70}, 95, 4096, 95 * 4096);
    QCOMPARE(geometry.nearestCell({-50, -50}), std::optional(0));
    QCOMPARE(geometry.nearestCell({500, 0}), std::optional(9));
    QCOMPARE(geometry.nearestCell({500, 500}), std::optional(94));
    QCOMPARE(geometry.nearestCell({0, 500}), std::optional(90));
}

void TestHeatMapGeometry::bytesStopAtTheEnd()
{
    const HeatMapGeometry geometry({280, 320}, 3, 4096, 2 * 4096 + 5);
    QCOMPARE(geometry.bytesOf(2), ByteRange(ByteOffset(8192), ByteOffset(8197)));
    const std::uint64_t size = cachecore::kMaxSourceSize;
    const HeatMapGeometry huge({280, 320}, size / 512 + 1, 512, size);
    QCOMPARE(quint64(huge.bytesOf(huge.cellCount() - 1).end().value()), quint64(size));
}

void TestHeatMapGeometry::rangesFindTheirCells()
{
    const HeatMapGeometry geometry({70, 70}, 100, 4096, 100 * 4096);
    using Span = HeatMapGeometry::CellSpan;
    QCOMPARE(geometry.cellsOf(*ByteRange::make(0, 4096)), std::optional(Span{0, 0}));
    QCOMPARE(geometry.cellsOf(*ByteRange::make(0, 4097)), std::optional(Span{0, 1}));
    QCOMPARE(geometry.cellsOf(*ByteRange::make(4095, 2)), std::optional(Span{0, 1}));
    QCOMPARE(geometry.cellsOf(ByteRange::whole(100 * 4096)), std::optional(Span{0, 99}));
}

void TestHeatMapGeometry::rangeSmallerThanACellTakesThatCell()
{
    const std::uint64_t size = std::uint64_t{1} << 40;
    const HeatMapGeometry geometry({280, 320}, size / 65536, 65536, size);
    const auto cells = geometry.cellsOf(*ByteRange::make(size / 2, 512));
    QVERIFY(cells.has_value());
    QCOMPARE(cells->first, cells->last);
    QVERIFY(geometry.bytesOf(cells->first).contains(ByteOffset(size / 2)));
    QCOMPARE(geometry.cellsOf(ByteRange(ByteOffset(size), ByteOffset(size)))->first, geometry.cellCount() - 1);
}

void TestHeatMapGeometry::bigRowsOfCellsAscend()
{
    const HeatMapGeometry geometry({280, 320}, quint64{1} << 54, 512, cachecore::kMaxSourceSize);
    for (int cell = 1; cell < geometry.cellCount(); ++cell)
        QVERIFY(geometry.bytesOf(cell - 1).end() == geometry.bytesOf(cell).begin());
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestHeatMapGeometry)
#include "tst_heat_map_geometry.moc"
