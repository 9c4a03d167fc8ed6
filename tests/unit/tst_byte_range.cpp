// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/byte_range.h"

#include <QTest>

using namespace cachecore;

namespace {

void addEdges()
{
    QTest::addColumn<quint64>("edge");
    QTest::newRow("2^31") << (quint64{1} << 31);
    QTest::newRow("2^32") << (quint64{1} << 32);
    QTest::newRow("2^40") << (quint64{1} << 40);
    QTest::newRow("2^62") << (quint64{1} << 62);
    QTest::newRow("2^63-2048") << quint64{kMaxSourceSize - 2047};
}

} // namespace

class TstByteRange : public QObject {
    Q_OBJECT

private slots:
    void movesExactlyAroundEdges_data() { addEdges(); }
    void movesExactlyAroundEdges();
    void alignsExactlyAroundEdges_data() { addEdges(); }
    void alignsExactlyAroundEdges();
    void intersectsExactlyAroundEdges_data() { addEdges(); }
    void intersectsExactlyAroundEdges();
    void refusesWhatWouldOverflow();
    void alignsUpNoFurtherThanTheLargestOffset();
    void containsItsBytesAndNoOthers();
    void treatsEmptyRangesAsHoldingNothing();
};

void TstByteRange::movesExactlyAroundEdges()
{
    QFETCH(quint64, edge);
    const ByteOffset at(edge);
    QCOMPARE(at.plus(0)->value(), std::uint64_t{edge});
    QCOMPARE(at.plus(1)->value(), std::uint64_t{edge} + 1);
    QCOMPARE(at.minus(1)->value(), std::uint64_t{edge} - 1);
    QCOMPARE(at.minus(edge)->value(), std::uint64_t{0});
    QVERIFY(!at.minus(edge + 1));
    QCOMPARE(at + 1 - at, std::uint64_t{1});
    QVERIFY(*at.minus(1) < at);
    QVERIFY(at < at + 1);
    QVERIFY(!at.plus(kMaxSourceSize - edge + 1));
    QCOMPARE(at.plus(kMaxSourceSize - edge)->value(), kMaxSourceSize);
}

void TstByteRange::alignsExactlyAroundEdges()
{
    QFETCH(quint64, edge);
    const ByteOffset at(edge - edge % 512);
    QCOMPARE(at.alignedDown(512), at);
    QCOMPARE(at.alignedUp(512), at);
    QCOMPARE((at + 1).alignedDown(512), at);
    QCOMPARE((at + 1).alignedUp(512), at + 512);
    QCOMPARE((at + 511).alignedUp(512), at + 512);
    QCOMPARE((at + 511).alignedDown(512), at);
    QCOMPARE(at.alignedUp(1), at);
}

void TstByteRange::intersectsExactlyAroundEdges()
{
    QFETCH(quint64, edge);
    const auto left = *ByteRange::make(edge - 10, 10);
    const auto right = *ByteRange::make(edge, 10);
    const auto both = *ByteRange::make(edge - 5, 10);
    QVERIFY(!left.intersects(right));
    QVERIFY(left.intersects(both));
    QCOMPARE(left.intersection(both), *ByteRange::make(edge - 5, 5));
    QCOMPARE(both.intersection(right), *ByteRange::make(edge, 5));
    QCOMPARE(left.intersection(right), ByteRange(ByteOffset(edge), ByteOffset(edge)));
    QCOMPARE(right.intersection(left), ByteRange(ByteOffset(edge), ByteOffset(edge)));
    QVERIFY(ByteRange::whole(kMaxSourceSize).contains(both));
    QCOMPARE(both.length(), std::uint64_t{10});
}

void TstByteRange::refusesWhatWouldOverflow()
{
    QVERIFY(ByteOffset::from(kMaxSourceSize));
    QVERIFY(!ByteOffset::from(kMaxSourceSize + 1));
    QVERIFY(!ByteOffset::from(~std::uint64_t{0}));
    QVERIFY(!ByteOffset(kMaxSourceSize).plus(1));
    QVERIFY(!ByteOffset(1).plus(~std::uint64_t{0}));
    QVERIFY(!ByteOffset(kMaxSourceSize).plus(~std::uint64_t{0}));
    QVERIFY(!ByteOffset(0).minus(1));
    QVERIFY(ByteRange::make(kMaxSourceSize, 0));
    QVERIFY(!ByteRange::make(kMaxSourceSize, 1));
    QVERIFY(!ByteRange::make(kMaxSourceSize + 1, 0));
    QVERIFY(!ByteRange::make(5, ~std::uint64_t{0} - 2));
    QCOMPARE(ByteRange::make(0, kMaxSourceSize)->length(), kMaxSourceSize);
}

void TstByteRange::alignsUpNoFurtherThanTheLargestOffset()
{
    const ByteOffset last(kMaxSourceSize);
    QCOMPARE(last.alignedUp(4096), last);
    QCOMPARE(ByteOffset(kMaxSourceSize - 1).alignedUp(4096), last);
    QCOMPARE(last.alignedDown(4096).value(), kMaxSourceSize - 4095);
}

void TstByteRange::containsItsBytesAndNoOthers()
{
    const auto range = *ByteRange::make(100, 10);
    QVERIFY(!range.contains(ByteOffset(99)));
    QVERIFY(range.contains(ByteOffset(100)));
    QVERIFY(range.contains(ByteOffset(109)));
    QVERIFY(!range.contains(ByteOffset(110)));
    QVERIFY(range.contains(range));
    QVERIFY(!range.contains(*ByteRange::make(100, 11)));
    QVERIFY(!range.contains(*ByteRange::make(99, 2)));
}

void TstByteRange::treatsEmptyRangesAsHoldingNothing()
{
    const auto range = *ByteRange::make(100, 10);
    const auto empty = *ByteRange::make(105, 0);
    QVERIFY(empty.empty());
    QVERIFY(range.contains(empty));
    QVERIFY(!range.intersects(empty));
    QVERIFY(!empty.intersects(range));
    QVERIFY(!empty.contains(ByteOffset(105)));
    QCOMPARE(ByteRange(), ByteRange::whole(0));
}

QTEST_GUILESS_MAIN(TstByteRange)
#include "tst_byte_range.moc"
