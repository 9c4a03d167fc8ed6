// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/edit/range_tree.h"
#include "tests/support/edits.h"
#include "tests/support/flat_ranges.h"
#include "tests/support/random.h"

#include <QTest>

#include <algorithm>
#include <vector>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Tree = RangeTree<Tag>;
using Flat = FlatOf<Tag>;

constexpr std::uint64_t kDeepest = 17; ///< of 200'000 entries, at least two to a node

/// Values that count how often they are copied.
struct Counted {
    Counted() = default;
    Counted(const Counted &) { ++copies; }
    Counted(Counted &&) = default;
    Counted &operator=(const Counted &) = default;
    Counted &operator=(Counted &&) = default;
    ~Counted() = default;
    Counted slice(std::uint64_t) const { return {}; }
    static inline std::uint64_t copies = 0;
};

} // namespace

class TestRangeTree : public QObject {
    Q_OBJECT

private slots:
    void isWhatAFlatArrayIsUnderRandomOperations();
    void leavesOlderVersionsAlone();
    void takesARangeOfAnotherTree();
    void isBuiltOfAscendingEntries();
    void treesAreSubtractedAndOverlaidAsTheirBytesAre();
    void overlayingCutsNothingOfWhatIsOnTop();
    void wholeTreesCostTheFewerEntries();
    void countsAdjacentRangesAsOneRun();
    void stopsVisitingWhenTold();
    void emptyRangesChangeNothing();
    void staysBalancedWhenOneRangeIsCutAtManyPlaces();
    void staysBalancedWhenFilledInOrder();
    void holdsFarOffsets_data();
    void holdsFarOffsets();
};

void TestRangeTree::isWhatAFlatArrayIsUnderRandomOperations()
{
    Random random(1);
    for (int round = 0; round < 40; ++round) {
        Tree tree;
        Flat flat;
        for (std::uint64_t id = 1; id <= 200; ++id) {
            const std::uint64_t begin = random.below(kFlatSize);
            const ByteRange range = rangeAt(begin, random.skewedBelow(kFlatSize - begin + 1));
            switch (random.below(16)) {
            case 0:
                tree = tree.clipped(range);
                flat.clip(range);
                break;
            case 1:
            case 2:
            case 3:
            case 4:
                tree = tree.without(range);
                flat.erase(range);
                break;
            default:
                tree = tree.with(range, Tag{id, 0});
                flat.put(range, id);
            }
            QVERIFY2(sameAnswers(tree, flat, random), qPrintable(QString("round %1 step %2").arg(round).arg(id)));
        }
    }
}

void TestRangeTree::leavesOlderVersionsAlone()
{
    Random random(2);
    std::vector<std::pair<Tree, Flat>> versions{{Tree(), Flat()}};
    for (std::uint64_t id = 1; id <= 200; ++id) {
        auto [tree, flat] = versions[random.below(versions.size())];
        const std::uint64_t begin = random.below(kFlatSize);
        const ByteRange range = rangeAt(begin, random.below(kFlatSize - begin + 1));
        if (random.oneIn(3)) {
            tree = tree.without(range);
            flat.erase(range);
        } else {
            tree = tree.with(range, Tag{id, 0});
            flat.put(range, id);
        }
        versions.emplace_back(tree, flat);
    }
    for (const auto &[tree, flat] : versions)
        QVERIFY(sameAnswers(tree, flat, random));
}

void TestRangeTree::takesARangeOfAnotherTree()
{
    Random random(3);
    for (int round = 0; round < 300; ++round) {
        Tree trees[2];
        Flat flats[2];
        for (std::uint64_t id = 1; id <= 12; ++id) {
            const std::uint64_t which = random.below(2);
            const std::uint64_t begin = random.below(kFlatSize);
            const ByteRange range = rangeAt(begin, random.skewedBelow(kFlatSize - begin + 1));
            trees[which] = trees[which].with(range, Tag{id, 0});
            flats[which].put(range, id);
        }
        const std::uint64_t begin = random.below(kFlatSize);
        const ByteRange range = rangeAt(begin, random.skewedBelow(kFlatSize - begin + 1));
        for (std::uint64_t i = range.begin().value(); i < range.end().value(); ++i)
            flats[0].bytes[i] = flats[1].bytes[i];
        QVERIFY(sameAnswers(trees[0].withAllOf(range, trees[1].clipped(range)), flats[0], random));
    }
}

void TestRangeTree::isBuiltOfAscendingEntries()
{
    Random random(4);
    for (int round = 0; round < 300; ++round) {
        RangeTreeBuilder<Tag> builder;
        Flat flat;
        std::uint64_t entries = 0;
        for (std::uint64_t at = random.below(20); at < kFlatSize;) {
            const ByteRange range = rangeAt(at, random.skewedBelow(kFlatSize - at) + 1);
            builder.append(range, Tag{++entries, 0});
            flat.put(range, entries);
            at = range.end().value() + (random.oneIn(2) ? 0 : random.below(30));
        }
        const Tree tree = builder.take();
        QCOMPARE(tree.count(), entries);
        QVERIFY(sameAnswers(tree, flat, random));
        QVERIFY(builder.take().empty());
    }
    RangeTreeBuilder<Tag> many;
    for (std::uint64_t i = 0; i < 100'000; ++i)
        many.append(rangeAt(2 * i, 1), Tag{i + 1, 0});
    const Tree tree = many.take();
    QVERIFY(tree.invariantsHold());
    QCOMPARE(tree.runCount(), 100'000U);
    QVERIFY2(tree.depth() <= kDeepest, qPrintable(QString::number(tree.depth())));
}

void TestRangeTree::treesAreSubtractedAndOverlaidAsTheirBytesAre()
{
    Random random(5);
    for (int round = 0; round < 500; ++round) {
        Tree trees[2];
        Flat flats[2];
        const std::uint64_t entries[2] = {random.skewedBelow(40), random.skewedBelow(40)};
        for (std::size_t which : {0, 1}) {
            for (std::uint64_t id = 1; id <= entries[which]; ++id) {
                const std::uint64_t begin = random.below(kFlatSize);
                const ByteRange range = rangeAt(begin, random.skewedBelow(kFlatSize - begin + 1));
                trees[which] = trees[which].with(range, Tag{id + 100 * which, 0});
                flats[which].put(range, id + 100 * which);
            }
        }
        Flat without = flats[0];
        Flat overlaid = flats[0];
        for (std::uint64_t i = 0; i < kFlatSize; ++i) {
            if (flats[1].bytes[i].id != 0) {
                without.bytes[i] = {};
                overlaid.bytes[i] = flats[1].bytes[i];
            }
        }
        QVERIFY(sameAnswers(trees[0].without(trees[1]), without, random));
        QVERIFY(sameAnswers(trees[0].overlaid(trees[1]), overlaid, random));
        QVERIFY(sameAnswers(trees[0].without(trees[1]).united(trees[1]), overlaid, random));
        QVERIFY(sameAnswers(trees[0], flats[0], random));
        QVERIFY(sameAnswers(trees[1], flats[1], random));
    }
}

void TestRangeTree::overlayingCutsNothingOfWhatIsOnTop()
{
    Random random(6);
    for (int round = 0; round < 50; ++round) {
        Tree lower;
        for (std::uint64_t i = 0; i < 200; ++i)
            lower = lower.with(rangeAt(i * 10, random.between(1, 10)), Tag{i + 1, 0});
        const Tree top = Tree().with(rangeAt(5, 1500), Tag{999, 0}).with(rangeAt(1700, 1), Tag{1000, 0});
        const Tree both = lower.overlaid(top);
        std::uint64_t entriesOfTop = 0;
        both.forEach(ByteRange::whole(3000), [&](ByteRange, const Tag &tag) {
            entriesOfTop += tag.id >= 999;
            return true;
        });
        QCOMPARE(entriesOfTop, 2U);
    }
}

void TestRangeTree::wholeTreesCostTheFewerEntries()
{
    RangeTreeBuilder<Counted> builder;
    for (std::uint64_t i = 0; i < 100'000; ++i)
        builder.append(rangeAt(10 * i, 5), Counted());
    const RangeTree<Counted> many = builder.take();
    RangeTree<Counted> few;
    for (std::uint64_t i = 0; i < 10; ++i)
        few = few.with(rangeAt(99'990 * i + 7, 100), Counted());
    Counted::copies = 0;
    QVERIFY(many.overlaid(few).invariantsHold());
    const std::uint64_t manyUnder = std::exchange(Counted::copies, 0);
    QVERIFY(few.overlaid(many).invariantsHold());
    const std::uint64_t manyOver = std::exchange(Counted::copies, 0);
    QVERIFY2(manyUnder < 5'000, qPrintable(QString::number(manyUnder)));
    QVERIFY2(manyOver < 5'000, qPrintable(QString::number(manyOver)));
}

void TestRangeTree::countsAdjacentRangesAsOneRun()
{
    Tree tree;
    for (const std::uint64_t begin : {30U, 10U, 20U, 50U, 40U})
        tree = tree.with(rangeAt(begin, 10), Tag{begin, 0});
    QCOMPARE(tree.count(), 5U);
    QCOMPARE(tree.runCount(), 1U);
    QCOMPARE(tree.run(0), rangeAt(10, 50));
    tree = tree.without(rangeAt(35, 1));
    QCOMPARE(tree.runCount(), 2U);
    QCOMPARE(tree.run(0), rangeAt(10, 25));
    QCOMPARE(tree.run(1), rangeAt(36, 24));
}

void TestRangeTree::stopsVisitingWhenTold()
{
    Tree tree;
    for (std::uint64_t i = 0; i < 100; ++i)
        tree = tree.with(rangeAt(i * 2, 1), Tag{i + 1, 0});
    int visited = 0;
    QVERIFY(!tree.forEach(ByteRange::whole(200), [&](ByteRange, const Tag &) { return ++visited < 7; }));
    QCOMPARE(visited, 7);
    QVERIFY(tree.forEach(rangeAt(1, 1), [](ByteRange, const Tag &) { return false; }));
}

void TestRangeTree::emptyRangesChangeNothing()
{
    const Tree tree = Tree().with(rangeAt(5, 5), Tag{1, 0});
    QVERIFY(tree.with(rangeAt(7, 0), Tag{2, 0}).sameAs(tree));
    QVERIFY(tree.without(rangeAt(7, 0)).sameAs(tree));
    QVERIFY(tree.clipped(rangeAt(7, 0)).empty());
    QCOMPARE(tree.byteCountIn(rangeAt(7, 0)), 0U);
    QVERIFY(Tree().without(rangeAt(0, 9)).empty());
}

void TestRangeTree::staysBalancedWhenOneRangeIsCutAtManyPlaces()
{
    constexpr std::uint64_t kCuts = 100'000;
    constexpr std::uint64_t kStride = 1'000'003;
    Tree tree = Tree().with(rangeAt(0, kCuts * kStride), Tag{1, 0});
    for (std::uint64_t i = 0; i < kCuts; ++i)
        tree = tree.without(rangeAt(i * kStride, 1));
    QVERIFY(tree.invariantsHold());
    QVERIFY2(tree.depth() <= kDeepest, qPrintable(QString::number(tree.depth())));
    QCOMPARE(tree.runCount(), kCuts);
    QCOMPARE(tree.byteCount(), kCuts * (kStride - 1));
    for (const std::uint64_t run : {std::uint64_t{0}, kCuts / 2, kCuts - 1})
        QCOMPARE(tree.run(run), rangeAt(run * kStride + 1, kStride - 1));
    std::uint64_t skipsRight = 0;
    tree.forEach(ByteRange::whole(kCuts * kStride), [&](ByteRange range, const Tag &tag) {
        skipsRight += tag.skip == range.begin().value();
        return true;
    });
    QCOMPARE(skipsRight, kCuts);
}

void TestRangeTree::staysBalancedWhenFilledInOrder()
{
    Tree tree;
    for (std::uint64_t i = 0; i < 100'000; ++i)
        tree = tree.with(rangeAt(i, 1), Tag{i + 1, 0});
    QVERIFY(tree.invariantsHold());
    QVERIFY2(tree.depth() <= kDeepest, qPrintable(QString::number(tree.depth())));
    QCOMPARE(tree.runCount(), 1U);
    QCOMPARE(tree.count(), 100'000U);
}

void TestRangeTree::holdsFarOffsets_data()
{
    QTest::addColumn<quint64>("around");
    QTest::newRow("2^31") << (quint64{1} << 31);
    QTest::newRow("2^32") << (quint64{1} << 32);
    QTest::newRow("2^40") << (quint64{1} << 40);
    QTest::newRow("2^63-1") << quint64{kMaxSourceSize};
}

void TestRangeTree::holdsFarOffsets()
{
    QFETCH(quint64, around);
    const std::uint64_t end = std::min<std::uint64_t>(around + 8, kMaxSourceSize);
    const ByteRange range(ByteOffset(around - 8), ByteOffset(end));
    Tree tree = Tree().with(range, Tag{1, 0});
    QCOMPARE(tree.byteCount(), range.length());
    tree = tree.without(rangeAt(around - 4, 2));
    QVERIFY(tree.invariantsHold());
    QCOMPARE(tree.runCount(), 2U);
    QCOMPARE(tree.run(0), rangeAt(around - 8, 4));
    QCOMPARE(tree.run(1), ByteRange(ByteOffset(around - 2), ByteOffset(end)));
    QCOMPARE(tree.byteCountIn(ByteRange::whole(kMaxSourceSize)), range.length() - 2);
    tree.forEach(rangeAt(around - 1, 1), [&](ByteRange part, const Tag &tag) {
        [&] { QCOMPARE(part, rangeAt(around - 1, 1)); }();
        [&] { QCOMPARE(tag.skip, 7U); }();
        return true;
    });
    const Tree everything = Tree().with(ByteRange::whole(kMaxSourceSize), Tag{2, 0});
    QCOMPARE(everything.byteCount(), kMaxSourceSize);
    QCOMPARE(everything.without(range).byteCount(), kMaxSourceSize - range.length());
    QVERIFY(everything.without(range).invariantsHold());
}

QTEST_GUILESS_MAIN(TestRangeTree)
#include "tst_range_tree.moc"
