// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/edit/range_tree_difference.h"
#include "tests/support/edits.h"
#include "tests/support/random.h"

#include <QTest>

#include <array>
#include <vector>

using namespace cachecore;
using namespace cachet_test;

namespace {

/// A value whose bytes are number, number + 1, ...
struct Count {
    std::uint64_t number = 0;
    [[nodiscard]] Count slice(std::uint64_t skip) const { return {number + skip}; }
};

} // namespace

/// So narrow that a few entries make many levels.
template <>
inline constexpr std::size_t cachecore::kRangeTreeFanout<Count> = 4;

namespace {

bool same(const Count &a, const Count &b)
{
    return a.number == b.number;
}

constexpr std::size_t kSize = 200;
using Flat = std::array<std::uint64_t, kSize>;

Flat flat(const RangeTree<Count> &tree)
{
    Flat bytes{};
    tree.forEach(ByteRange::whole(kSize), [&](ByteRange range, const Count &value) {
        for (std::uint64_t i = 0; i < range.length(); ++i)
            bytes[static_cast<std::size_t>(range.begin().value() + i)] = value.number + i;
        return true;
    });
    return bytes;
}

RangeTree<Count> changed(RangeTree<Count> tree, Random &random)
{
    const std::uint64_t length = 1 + random.skewedBelow(kSize);
    const ByteRange range = rangeAt(random.below(kSize - length + 1), length);
    // Few numbers, so that different acts of staging often come to the same.
    return random.oneIn(3) ? tree.without(range)
                           : tree.with(range, Count{1000 + range.begin().value() * random.below(2)});
}

} // namespace

class TstRangeTreeDifference : public QObject {
    Q_OBJECT

private slots:
    void findsExactlyWhatDiffers();
    void stopsWhenTold();
    void skipsWhatTwoVersionsShare();
};

void TstRangeTreeDifference::findsExactlyWhatDiffers()
{
    Random random(1);
    for (int round = 0; round < 2000; ++round) {
        RangeTree<Count> older;
        for (std::uint64_t i = random.below(12); i > 0; --i)
            older = changed(older, random);
        // From the same tree, or from another that grew by itself.
        RangeTree<Count> newer = random.oneIn(4) ? RangeTree<Count>() : older;
        for (std::uint64_t i = random.below(6); i > 0; --i)
            newer = changed(newer, random);
        const Flat before = flat(older);
        const Flat after = flat(newer);
        Flat made = before;
        ByteOffset last(0);
        RangeTreeDifference(older, newer).forEach(same, [&](ByteRange range, const Count *now) {
            bool right = !range.empty() && last <= range.begin();
            last = range.end();
            for (std::uint64_t i = 0; i < range.length(); ++i) {
                auto &byte = made[static_cast<std::size_t>(range.begin().value() + i)];
                const std::uint64_t value = now ? now->number + i : 0;
                right = right && byte != value;
                byte = value;
            }
            if (!right)
                qFatal("a stretch is empty, out of order, or no difference");
            return true;
        });
        QVERIFY(made == after);
    }
}

void TstRangeTreeDifference::stopsWhenTold()
{
    RangeTree<Count> tree;
    for (std::uint64_t i = 0; i < 50; ++i)
        tree = tree.with(rangeAt(i * 4, 2), Count{i});
    int visits = 0;
    const auto third = [&](ByteRange, const Count *) { return ++visits < 3; };
    RangeTreeDifference(RangeTree<Count>(), tree).forEach(same, third);
    QCOMPARE(visits, 3);
    visits = 0;
    RangeTreeDifference(tree, RangeTree<Count>()).forEach(same, third);
    QCOMPARE(visits, 3);
    RangeTreeDifference(tree, tree).forEach(same, [](ByteRange, const Count *) { return false; });
}

void TstRangeTreeDifference::skipsWhatTwoVersionsShare()
{
    constexpr std::uint64_t kEntries = 100'000;
    RangeTreeBuilder<Count> builder;
    for (std::uint64_t i = 0; i < kEntries; ++i)
        builder.append(rangeAt(i * 16, 8), Count{i});
    const RangeTree<Count> older = builder.take();
    RangeTree<Count> newer = older;
    Random random(2);
    for (int i = 0; i < 20; ++i)
        newer = newer.with(rangeAt(random.below(kEntries * 16), 3), Count{random.next() | 1U << 30});
    int compared = 0;
    int visits = 0;
    const auto counting = [&](const Count &a, const Count &b) {
        ++compared;
        return same(a, b);
    };
    RangeTreeDifference(older, newer).forEach(counting, [&](ByteRange, const Count *) { return ++visits > 0; });
    QVERIFY(visits >= 20);
    QVERIFY2(compared < 4000, qPrintable(QString::number(compared)));
}

QTEST_GUILESS_MAIN(TstRangeTreeDifference)
#include "tst_range_tree_difference.moc"
