// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/scroll_mapper.h"

#include <QRandomGenerator64>
#include <QtTest>

#include <limits>

using namespace cachet;

namespace {

constexpr int kIntMax = std::numeric_limits<int>::max();
constexpr quint64 kScreen = 50;

} // namespace

class TestScrollMapper : public QObject {
    Q_OBJECT

private slots:
    void meetsBothEnds_data();
    void meetsBothEnds();
    void reachesEveryPlaceAndGoesBack_data() { meetsBothEnds_data(); }
    void reachesEveryPlaceAndGoesBack();
    void keepsTheOrderOfRows_data() { meetsBothEnds_data(); }
    void keepsTheOrderOfRows();
    void isExactWhileRowsFitInAnInt();
    void tellsTheEndsFromTheirNeighbours();
    void movesByExactRowsAtAnySize_data() { meetsBothEnds_data(); }
    void movesByExactRowsAtAnySize();
    void scrollsOnlyAsFarAsARowNeeds();
    void clampsForeignValues();
};

void TestScrollMapper::meetsBothEnds_data()
{
    QTest::addColumn<quint64>("rows");
    QTest::newRow("0") << quint64{0};
    QTest::newRow("1") << quint64{1};
    QTest::newRow("a screen") << kScreen;
    QTest::newRow("a row more") << kScreen + 1;
    QTest::newRow("2^31-1") << (quint64{1} << 31) - 1;
    QTest::newRow("2^31") << (quint64{1} << 31);
    QTest::newRow("last exact one") << (quint64{1} << 31) - 1 + kScreen;
    QTest::newRow("first proportional one") << (quint64{1} << 31) + kScreen;
    QTest::newRow("2^40") << (quint64{1} << 40);
    QTest::newRow("2^59, the rows of 2^63-1 bytes") << (quint64{1} << 59);
    QTest::newRow("2^63-1") << (quint64{1} << 63) - 1;
}

void TestScrollMapper::meetsBothEnds()
{
    QFETCH(quint64, rows);
    const ScrollMapper mapper(rows, kScreen);
    QCOMPARE(quint64{mapper.lastTop()}, rows > kScreen ? rows - kScreen : 0);
    QCOMPARE(mapper.valueOf(0), 0);
    QCOMPARE(quint64{mapper.topOf(0)}, quint64{0});
    QCOMPARE(mapper.valueOf(mapper.lastTop()), mapper.maximum());
    QCOMPARE(mapper.topOf(mapper.maximum()), mapper.lastTop());
    QVERIFY(mapper.pageStep() >= 1);
}

void TestScrollMapper::reachesEveryPlaceAndGoesBack()
{
    QFETCH(quint64, rows);
    const ScrollMapper mapper(rows, kScreen);
    QRandomGenerator64 random(20240601);
    for (int round = 0; round < 20000; ++round) {
        const int value = static_cast<int>(random.bounded(quint64(mapper.maximum()) + 1));
        QCOMPARE(mapper.valueOf(mapper.topOf(value)), value);
    }
    const quint64 middle = mapper.lastTop() / 2;
    const quint64 found = mapper.topOf(mapper.valueOf(middle));
    const quint64 step = mapper.lastTop() / kIntMax + 1;
    QVERIFY((found > middle ? found - middle : middle - found) <= step);
}

void TestScrollMapper::keepsTheOrderOfRows()
{
    QFETCH(quint64, rows);
    const ScrollMapper mapper(rows, kScreen);
    QRandomGenerator64 random(7);
    for (int round = 0; round < 20000; ++round) {
        const quint64 a = random.generate() % (mapper.lastTop() + 1);
        const quint64 b = random.generate() % (mapper.lastTop() + 1);
        QVERIFY((a <= b) ? mapper.valueOf(a) <= mapper.valueOf(b) : mapper.valueOf(a) >= mapper.valueOf(b));
    }
}

void TestScrollMapper::isExactWhileRowsFitInAnInt()
{
    const ScrollMapper mapper(quint64{kIntMax} + kScreen, kScreen);
    QCOMPARE(mapper.maximum(), kIntMax);
    for (int value : {0, 1, 2, 4096, kIntMax / 2, kIntMax - 1, kIntMax}) {
        QCOMPARE(quint64{mapper.topOf(value)}, quint64(value));
        QCOMPARE(mapper.valueOf(quint64(value)), value);
    }
    QCOMPARE(mapper.pageStep(), int{kScreen});
}

void TestScrollMapper::tellsTheEndsFromTheirNeighbours()
{
    const ScrollMapper mapper(quint64{1} << 59, kScreen);
    QCOMPARE(mapper.valueOf(1), 1);
    QCOMPARE(mapper.valueOf(mapper.lastTop() - 1), mapper.maximum() - 1);
}

void TestScrollMapper::movesByExactRowsAtAnySize()
{
    QFETCH(quint64, rows);
    const ScrollMapper mapper(rows, kScreen);
    const quint64 last = mapper.lastTop();
    QCOMPARE(quint64{mapper.moved(0, -1)}, quint64{0});
    QCOMPARE(quint64{mapper.moved(last, 1)}, last);
    QCOMPARE(quint64{mapper.moved(0, std::numeric_limits<qint64>::max())},
             std::min(last, quint64(std::numeric_limits<qint64>::max())));
    QCOMPARE(quint64{mapper.moved(last, std::numeric_limits<qint64>::min())}, quint64{0});
    if (last >= 7) {
        const quint64 middle = last / 2;
        QCOMPARE(quint64{mapper.moved(middle, 3)}, middle + 3);
        QCOMPARE(quint64{mapper.moved(middle, -3)}, middle - 3);
        QCOMPARE(quint64{mapper.moved(last, -1)}, last - 1);
    }
}

void TestScrollMapper::scrollsOnlyAsFarAsARowNeeds()
{
    const ScrollMapper mapper(1000, kScreen);
    QCOMPARE(quint64{mapper.revealing(100, 100)}, quint64{100});
    QCOMPARE(quint64{mapper.revealing(100, 149)}, quint64{100});
    QCOMPARE(quint64{mapper.revealing(100, 150)}, quint64{101});
    QCOMPARE(quint64{mapper.revealing(100, 99)}, quint64{99});
    QCOMPARE(quint64{mapper.revealing(100, 999)}, quint64{950});
    QCOMPARE(quint64{ScrollMapper(10, kScreen).revealing(0, 9)}, quint64{0});
}

void TestScrollMapper::clampsForeignValues()
{
    const ScrollMapper small(100, kScreen);
    QCOMPARE(quint64{small.topOf(-5)}, quint64{0});
    QCOMPARE(quint64{small.topOf(99)}, quint64{50});
    QCOMPARE(small.valueOf(1000), 50);
    const ScrollMapper large(quint64{1} << 59, kScreen);
    QCOMPARE(quint64{large.topOf(-5)}, quint64{0});
    QCOMPARE(large.valueOf(std::numeric_limits<quint64>::max()), kIntMax);
}

QTEST_GUILESS_MAIN(TestScrollMapper)
#include "tst_scroll_mapper.moc"
