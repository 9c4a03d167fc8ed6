// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/row_look.h"

#include <QtTest>

using namespace cachet;
using namespace cachecore;

namespace {

constexpr int kColumns = 4;
constexpr int kRows = 5;

/// Five rows of four bytes from row `top` of a document on, and what shows of it.
struct Screen {
    explicit Screen(std::uint64_t top = 100) { show(top); }
    void show(std::uint64_t top)
    {
        rows.reset(top * kColumns, kColumns, kRows);
        for (std::size_t i = 0; i < rows.bytes.size(); ++i)
            rows.bytes[i] = static_cast<std::byte>(rows.firstByte + i);
        std::ranges::fill(rows.conditions, ByteCondition::Loaded);
    }
    [[nodiscard]] HexScene scene() const
    {
        HexScene scene;
        scene.rows = &rows;
        scene.cursor = cursor;
        scene.selection = selection;
        scene.pendingDigit = pending;
        scene.overlay = overlay;
        scene.focused = focused;
        return scene;
    }
    std::vector<int> stale(int from = 0, int to = kRows) { return painted.takeStale(scene(), from, to); }
    std::vector<int> start()
    {
        painted.reset(kRows);
        return stale();
    }

    HexSnapshot rows;
    CursorState cursor;
    ByteRange selection{ByteOffset(0), ByteOffset(0)};
    std::optional<int> pending;
    bool overlay = true;
    bool focused = true;
    PaintedRows painted;
};

using Rows = std::vector<int>;

} // namespace

class TestRowLook : public QObject {
    Q_OBJECT

private slots:
    void paintsEverythingOnceAndThenNothing();
    void paintsOnlyTheRowsThatScrollingBrings_data();
    void paintsOnlyTheRowsThatScrollingBrings();
    void paintsTheRowsThatChanged();
    void paintsWhereTheCaretWasAndIs();
    void paintsOnlyWhereTheSelectionChanged();
    void leavesForLaterWhatIsNotAskedFor();
    void describesRowsBelowTheLast();
    void putsRowsOfAnyOffsetIntoTheRing();
};

void TestRowLook::paintsEverythingOnceAndThenNothing()
{
    Screen screen;
    QCOMPARE(screen.start(), (Rows{0, 1, 2, 3, 4}));
    QCOMPARE(screen.stale(), Rows{});
    QCOMPARE(screen.start(), (Rows{0, 1, 2, 3, 4}));
}

void TestRowLook::paintsOnlyTheRowsThatScrollingBrings_data()
{
    QTest::addColumn<int>("by");
    QTest::addColumn<QList<int>>("rows");
    QTest::newRow("not at all") << 0 << QList<int>{};
    QTest::newRow("a row down") << 1 << QList<int>{4};
    QTest::newRow("a row up") << -1 << QList<int>{0};
    QTest::newRow("three down") << 3 << QList<int>{2, 3, 4};
    QTest::newRow("four up") << -4 << QList<int>{0, 1, 2, 3};
    QTest::newRow("a page down") << 5 << QList<int>{0, 1, 2, 3, 4};
    QTest::newRow("far up") << -70 << QList<int>{0, 1, 2, 3, 4};
}

void TestRowLook::paintsOnlyTheRowsThatScrollingBrings()
{
    QFETCH(int, by);
    QFETCH(QList<int>, rows);
    Screen screen;
    screen.start();
    screen.show(static_cast<std::uint64_t>(100 + by));
    QCOMPARE(screen.stale(), Rows(rows.begin(), rows.end()));
    QCOMPARE(screen.stale(), Rows{});
}

void TestRowLook::paintsTheRowsThatChanged()
{
    Screen screen;
    screen.start();
    screen.rows.bytes[kColumns + 2] = std::byte{0xEE};
    QCOMPARE(screen.stale(), Rows{1});
    screen.rows.conditions[3 * kColumns] = ByteCondition::Staged;
    screen.rows.states[4].tone = PageTone::Staged;
    QCOMPARE(screen.stale(), (Rows{3, 4}));
    screen.rows.states[4].itself = true;
    QCOMPARE(screen.stale(), Rows{4});
    screen.overlay = false; // only rows that had a mark look otherwise
    QCOMPARE(screen.stale(), Rows{4});
}

void TestRowLook::paintsWhereTheCaretWasAndIs()
{
    Screen screen;
    screen.cursor.caret = 100 * kColumns + 1;
    screen.start();
    screen.cursor.caret += 1;
    QCOMPARE(screen.stale(), Rows{0});
    screen.cursor.caret += 2 * kColumns;
    QCOMPARE(screen.stale(), (Rows{0, 2}));
    screen.cursor.pane = Pane::Text;
    QCOMPARE(screen.stale(), Rows{2});
    screen.cursor.place = CaretPlace::Second;
    QCOMPARE(screen.stale(), Rows{2});
    screen.focused = false;
    QCOMPARE(screen.stale(), Rows{2});
    screen.pending = 7;
    QCOMPARE(screen.stale(), Rows{2});
    screen.show(101); // the caret goes along
    QCOMPARE(screen.stale(), Rows{4});
    screen.cursor.caret = 0;
    QCOMPARE(screen.stale(), Rows{1});
}

void TestRowLook::paintsOnlyWhereTheSelectionChanged()
{
    Screen screen;
    screen.start();
    const auto select = [&screen](std::uint64_t from, std::uint64_t to) {
        screen.selection = ByteRange(ByteOffset(400 + from), ByteOffset(400 + to));
        return screen.stale();
    };
    QCOMPARE(select(2, 9), (Rows{0, 1, 2}));
    QCOMPARE(select(2, 10), Rows{2});
    QCOMPARE(select(2, 17), (Rows{2, 3, 4}));
    QCOMPARE(select(3, 17), Rows{0});
    QCOMPARE(select(4, 5), (Rows{0, 1, 2, 3, 4}));
    QCOMPARE(select(0, 0), Rows{1});
    screen.selection = ByteRange(ByteOffset(0), ByteOffset(kMaxSourceSize));
    QCOMPARE(screen.stale(), (Rows{0, 1, 2, 3, 4}));
}

void TestRowLook::leavesForLaterWhatIsNotAskedFor()
{
    Screen screen;
    screen.start();
    screen.show(102);
    QCOMPARE(screen.stale(3, 4), Rows{3});
    QCOMPARE(screen.stale(0, 3), Rows{});
    QCOMPARE(screen.stale(), Rows{4});
}

void TestRowLook::describesRowsBelowTheLast()
{
    Screen screen;
    screen.rows.reset(400, kColumns, 2);
    QCOMPARE(screen.start(), (Rows{0, 1, 2, 3, 4}));
    RowLook look;
    describeRow(screen.scene(), 4, look);
    QVERIFY(look.bytes.empty() && look.conditions.empty());
    QCOMPARE(look.firstByte, std::uint64_t{416});
    QCOMPARE(look.state, RowState{});
    QVERIFY(!look.caret);
    screen.show(100); // the document grew
    QCOMPARE(screen.stale(), (Rows{0, 1, 2, 3, 4}));
}

void TestRowLook::putsRowsOfAnyOffsetIntoTheRing()
{
    for (const std::uint64_t top : {std::uint64_t{0}, std::uint64_t{1} << 31, (kMaxSourceSize / kColumns) - kRows}) {
        Screen screen(top);
        screen.start();
        std::vector<int> places;
        for (int row = 0; row < kRows; ++row)
            places.push_back(screen.painted.slotOf(screen.scene(), row));
        std::ranges::sort(places);
        QCOMPARE(places, (Rows{0, 1, 2, 3, 4}));
        QCOMPARE(screen.painted.look(screen.painted.slotOf(screen.scene(), 3)).firstByte, (top + 3) * kColumns);
    }
}

QTEST_APPLESS_MAIN(TestRowLook)
#include "tst_row_look.moc"
