// SPDX-License-Identifier: GPL-3.0-or-later
// Changes in place, and the versions that must not notice them.
#include "cachecore/edit/range_tree.h"
#include "tests/support/edits.h"
#include "tests/support/flat_ranges.h"
#include "tests/support/random.h"

#include <QTest>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

using namespace cachecore;
using namespace cachet_test;

namespace {

/// Takes out what lies in `range` by the cheapest way there is.
template <typename AnyTag>
void erase(RangeTree<AnyTag> &tree, ByteRange range)
{
    if (!range.empty() && tree.fit(range) == RangeTreeFit::Exact && tree.canTakeOut(range)) {
        tree.reserve(range, RangeTreeFit::Exact);
        tree.takeOut(range);
    } else {
        tree = tree.without(range);
    }
}

/// The range of an entry of the tree, or an empty one.
template <typename AnyTag>
ByteRange randomEntry(const RangeTree<AnyTag> &tree, Random &random)
{
    ByteRange found;
    std::uint64_t left = tree.empty() ? 0 : random.below(tree.count());
    tree.forEach(ByteRange::whole(kFlatSize), [&](ByteRange range, const AnyTag &) {
        found = range;
        return left-- > 0;
    });
    return found;
}

template <typename AnyTag>
void changeAtRandom(RangeTree<AnyTag> &tree, FlatOf<AnyTag> &flat, std::uint64_t id, Random &random)
{
    // Often a single byte or the very range of an entry: what is done in place.
    ByteRange range = randomFlatRange(random);
    if (random.oneIn(2))
        range = rangeAt(random.below(kFlatSize), 1);
    else if (random.oneIn(2))
        range = randomEntry(tree, random);
    if (random.oneIn(3)) {
        erase(tree, range);
        flat.erase(range);
    } else {
        tree.put(range, AnyTag{id, 0});
        flat.put(range, id);
    }
}

template <typename AnyTag>
void raceWithSnapshots(Random &random)
{
    for (int round = 0; round < 15; ++round) {
        RangeTree<AnyTag> tree;
        FlatOf<AnyTag> flat;
        std::vector<std::pair<RangeTree<AnyTag>, FlatOf<AnyTag>>> snapshots;
        for (std::uint64_t id = 1; id <= 300; ++id) {
            changeAtRandom(tree, flat, id, random);
            QVERIFY2(sameAnswers(tree, flat, random), qPrintable(QString("round %1 step %2").arg(round).arg(id)));
            if (random.oneIn(10))
                snapshots.emplace_back(tree, flat);
            if (random.oneIn(20) && !snapshots.empty())
                std::tie(tree, flat) = snapshots[random.below(snapshots.size())];
        }
        for (const auto &[snapshot, then] : snapshots)
            QVERIFY(sameAnswers(snapshot, then, random));
    }
}

} // namespace

class TestRangeTreePlace : public QObject {
    Q_OBJECT

private slots:
    void changesInPlaceAreWhatAFlatArrayIs();
    void wideNodesAreChangedInPlaceTheSame();
    void everyEntryCanBeTakenOutInAnyOrder();
    void whatOneTreeOwnsIsNotCopied();
    void movedFromTreesAreEmpty();
    void snapshotsAreReadWhileTheTreeChanges();
};

void TestRangeTreePlace::changesInPlaceAreWhatAFlatArrayIs()
{
    Random random(1);
    raceWithSnapshots<Tag>(random);
}

void TestRangeTreePlace::wideNodesAreChangedInPlaceTheSame()
{
    Random random(2);
    raceWithSnapshots<WideTag>(random);
}

void TestRangeTreePlace::everyEntryCanBeTakenOutInAnyOrder()
{
    Random random(3);
    std::vector<std::uint64_t> places;
    RangeTree<Tag> tree;
    for (std::uint64_t i = 0; i < 5'000; ++i) {
        places.insert(places.begin() + static_cast<std::ptrdiff_t>(random.below(places.size() + 1)), i * 3);
        tree.put(rangeAt(i * 3, 2), Tag{i + 1, 0});
    }
    std::set<std::uint64_t> left(places.begin(), places.end());
    for (const std::uint64_t place : places) {
        erase(tree, rangeAt(place, 2));
        left.erase(place);
        QCOMPARE(tree.count(), left.size());
        QCOMPARE(tree.runCount(), left.size());
        if (left.size() % 500 == 0)
            QVERIFY(tree.invariantsHold());
        if (!left.empty())
            QCOMPARE(tree.span(), ByteRange(ByteOffset(*left.begin()), ByteOffset(*left.rbegin() + 2)));
    }
    QVERIFY(tree.empty());
}

/// Values that count how often they are copied.
struct Counted {
    Counted() = default;
    Counted(const Counted &) { ++copies; }
    Counted(Counted &&) noexcept = default;
    Counted &operator=(const Counted &) = default;
    Counted &operator=(Counted &&) noexcept = default;
    ~Counted() = default;
    Counted slice(std::uint64_t) const { return {}; }
    static inline std::uint64_t copies = 0;
};

void TestRangeTreePlace::whatOneTreeOwnsIsNotCopied()
{
    RangeTree<Counted> tree;
    Counted::copies = 0;
    for (std::uint64_t i = 0; i < 20'000; ++i)
        tree.put(rangeAt((i * 7919) % 20'000 * 2, 1), Counted());
    QCOMPARE(tree.count(), 20'000U);
    QCOMPARE(Counted::copies, 0U);
    const RangeTree<Counted> snapshot = tree;
    tree.put(rangeAt(20'001, 1), Counted()); // copies one leaf of the values the two share
    QVERIFY(Counted::copies > 0);
    QVERIFY2(Counted::copies <= kRangeTreeFanout<Counted>, qPrintable(QString::number(Counted::copies)));
    QCOMPARE(snapshot.count() + 1, tree.count());
}

void TestRangeTreePlace::movedFromTreesAreEmpty()
{
    RangeTree<Tag> tree;
    for (std::uint64_t i = 0; i < 100; ++i)
        tree.put(rangeAt(i * 2, 1), Tag{i + 1, 0});
    RangeTree<Tag> taken = std::move(tree);
    QVERIFY(tree.empty()); // NOLINT(bugprone-use-after-move): what is tested
    QVERIFY(tree.invariantsHold());
    QCOMPARE(tree.byteCountIn(ByteRange::whole(1000)), 0U);
    tree = std::move(taken);
    QVERIFY(taken.empty()); // NOLINT(bugprone-use-after-move)
    QCOMPARE(tree.count(), 100U);
}

/// One thread changes a tree in place and gives out copies; the others check that a copy stays what it was, and let it go whenever they like.
void TestRangeTreePlace::snapshotsAreReadWhileTheTreeChanges()
{
    constexpr std::uint64_t kEntries = 500;
    std::mutex mutex; // guards `given`
    RangeTree<WideTag> given;
    std::atomic<bool> over = false;
    std::atomic<std::uint64_t> wrong = 0;
    const auto read = [&] {
        while (!over) {
            RangeTree<WideTag> copy;
            {
                const std::lock_guard lock(mutex);
                copy = given;
            }
            // Every entry of a version has the version's number.
            std::uint64_t entries = 0;
            std::uint64_t version = 0;
            copy.forEach(ByteRange::whole(kEntries * 2), [&](ByteRange, const WideTag &tag) {
                version = entries++ == 0 ? tag.id : version;
                wrong += tag.id != version ? 1 : 0;
                return true;
            });
            wrong += entries != copy.count() ? 1 : 0;
        }
    };
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i)
        readers.emplace_back(read);
    RangeTree<WideTag> tree;
    Random random(4);
    for (std::uint64_t version = 1; version <= 60; ++version) {
        for (std::uint64_t i = 0; i < kEntries; ++i)
            tree.put(rangeAt(i * 2, 1), WideTag{version, 0});
        for (int i = 0; i < 20; ++i)
            erase(tree, rangeAt(random.below(kEntries) * 2, 1));
        const std::lock_guard lock(mutex);
        given = tree;
    }
    over = true;
    readers.clear();
    QCOMPARE(wrong.load(), 0U);
    QVERIFY(tree.invariantsHold());
}

QTEST_GUILESS_MAIN(TestRangeTreePlace)
#include "tst_range_tree_place.moc"
