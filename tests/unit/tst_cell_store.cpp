// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/cell_store.h"

#include <QtTest>

#include <map>
#include <random>
#include <set>

using namespace cachet;

class TestCellStore : public QObject {
    Q_OBJECT

private slots:
    void givesEachNumberACellOfItsOwn();
    void startsEveryLineOnSixteenBytes_data();
    void startsEveryLineOnSixteenBytes();
    void staysWithinItsBound_data();
    void staysWithinItsBound();
    void keepsWhatARowUsesWhateverTheBound();
    void remembersWhatWasPaintedUnderRandomUse();
};

void TestCellStore::givesEachNumberACellOfItsOwn()
{
    CellStore store(7, 5, 100, 1 << 20);
    store.beginRow();
    std::set<const quint32 *> places;
    for (std::size_t number = 0; number < 100; ++number) {
        const CellStore::Cell cell = store.cell(number);
        QVERIFY(cell.fresh);
        places.insert(cell.pixels);
        QCOMPARE(store.cell(number).pixels, cell.pixels);
        QVERIFY(!store.cell(number).fresh);
    }
    QCOMPARE(places.size(), std::size_t{100});
    const std::vector<const quint32 *> sorted(places.begin(), places.end());
    for (std::size_t i = 1; i < sorted.size(); ++i)
        QVERIFY(sorted[i] - sorted[i - 1] >= store.stride() * store.height());
}

void TestCellStore::startsEveryLineOnSixteenBytes_data()
{
    QTest::addColumn<int>("width");
    for (const int width : {1, 3, 4, 7, 8, 21, 24, 150})
        QTest::addRow("%d", width) << width;
}

void TestCellStore::startsEveryLineOnSixteenBytes()
{
    QFETCH(int, width);
    CellStore store(width, 3, 10, 1 << 16);
    QVERIFY(store.stride() >= width && store.stride() < width + 4);
    for (std::size_t number = 0; number < 10; ++number) {
        const CellStore::Cell cell = store.cell(number);
        for (int line = 0; line < 3; ++line)
            QCOMPARE(reinterpret_cast<std::uintptr_t>(cell.pixels + line * store.stride()) % 16, std::uintptr_t{0});
    }
}

void TestCellStore::staysWithinItsBound_data()
{
    QTest::addColumn<int>("width");
    QTest::addColumn<int>("height");
    QTest::newRow("usual") << 24 << 19;
    QTest::newRow("large") << 288 << 190;
    QTest::newRow("a pixel") << 1 << 1;
}

void TestCellStore::staysWithinItsBound()
{
    QFETCH(int, width);
    QFETCH(int, height);
    constexpr std::size_t bound = 1 << 20;
    CellStore store(width, height, 100'000, bound);
    for (std::size_t number = 0; number < 100'000; ++number) {
        store.beginRow();
        QVERIFY(store.cell(number).fresh);
    }
    QVERIFY(store.bytes() <= bound);
    QVERIFY(store.bytes() > bound / 2);
}

void TestCellStore::keepsWhatARowUsesWhateverTheBound()
{
    CellStore store(8, 8, 1000, 1); // room for one
    for (int row = 0; row < 3; ++row) {
        store.beginRow();
        std::map<std::size_t, quint32 *> handedOut;
        for (std::size_t number = 0; number < 50; ++number) {
            const CellStore::Cell cell = store.cell(number);
            cell.pixels[0] = static_cast<quint32>(number);
            handedOut[number] = cell.pixels;
        }
        for (const auto &[number, pixels] : handedOut) {
            QCOMPARE(pixels[0], static_cast<quint32>(number));
            QCOMPARE(store.cell(number).pixels, pixels);
        }
    }
    QCOMPARE(store.bytes(), std::size_t{50 * 8 * 8 * 4}); // one row's, not three
}

void TestCellStore::remembersWhatWasPaintedUnderRandomUse()
{
    const quint32 seed = std::random_device{}();
    qInfo("seed %u", seed);
    std::mt19937 random(seed);
    CellStore store(5, 2, 300, 100 * 8 * 2 * 4);
    int kept = 0;
    for (int row = 0; row < 2000; ++row) {
        store.beginRow();
        for (int i = 0; i < 40; ++i) {
            const auto number = static_cast<std::size_t>(random() % (row % 2 == 0 ? 300 : 60));
            const CellStore::Cell cell = store.cell(number);
            if (cell.fresh)
                cell.pixels[store.stride() + 4] = static_cast<quint32>(number);
            else
                ++kept;
            QCOMPARE(cell.pixels[store.stride() + 4], static_cast<quint32>(number));
        }
    }
    QVERIFY(kept > 10'000);
}

QTEST_APPLESS_MAIN(TestCellStore)
#include "tst_cell_store.moc"
