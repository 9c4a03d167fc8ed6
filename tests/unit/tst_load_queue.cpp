// SPDX-License-Identifier: GPL-3.0-or-later
// The queue of loads next to a naive twin that looks at everything each time.
#include "cachecore/cache/load/load_queue.h"
#include "tests/support/random.h"

#include <QTest>

#include <algorithm>
#include <chrono>
#include <vector>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kPages = 40; ///< few, so that neighbours are frequent

/// What the queue is to do, said as simply as possible: a list that is searched from end to end.
class NaiveQueue {
public:
    struct Item {
        std::uint64_t page = 0;
        LoadClass urgency = kLeastUrgent;
        std::uint64_t generation = 0;
        std::uint64_t number = 0;
        unsigned waiters = 0;
        bool running = false;

        /// Better is smaller.
        std::vector<std::uint64_t> rank() const { return {static_cast<std::uint64_t>(urgency), ~generation, number}; }
    };

    Item *find(std::uint64_t page)
    {
        const auto found = std::ranges::find(m_items, page, &Item::page);
        return found == m_items.end() ? nullptr : &*found;
    }
    void want(std::uint64_t page, LoadClass urgency, std::uint64_t generation)
    {
        Item *const item = find(page);
        if (!item) {
            m_items.push_back({page, urgency, generation, ++m_numbers, 0, false});
            return;
        }
        item->urgency = std::min(item->urgency, urgency);
        item->generation = std::max(item->generation, generation);
    }
    Item *first()
    {
        Item *best = nullptr;
        for (Item &item : m_items) {
            if (!item.running && (!best || item.rank() < best->rank()))
                best = &item;
        }
        return best;
    }
    std::vector<std::uint64_t> takeAround(std::uint64_t page, std::size_t most)
    {
        const bool foreground = find(page)->urgency < LoadClass::ReadAhead;
        const auto joins = [&](std::uint64_t other) {
            const Item *const item = find(other);
            return item && !item->running && (!foreground || item->urgency <= LoadClass::ReadAhead);
        };
        std::vector<std::uint64_t> taken{page};
        while (taken.size() < most && joins(taken.back() + 1))
            taken.push_back(taken.back() + 1);
        while (taken.size() < most && taken.front() > 0 && joins(taken.front() - 1))
            taken.insert(taken.begin(), taken.front() - 1);
        for (const std::uint64_t other : taken)
            find(other)->running = true;
        return taken;
    }
    std::vector<std::uint64_t> dropBefore(LoadClass urgency, std::uint64_t generation)
    {
        std::vector<std::uint64_t> dropped;
        for (const Item &item : m_items) {
            if (!item.running && item.urgency == urgency && item.generation < generation && item.waiters == 0)
                dropped.push_back(item.page);
        }
        for (const std::uint64_t page : dropped)
            erase(page);
        return dropped;
    }
    void erase(std::uint64_t page)
    {
        std::erase_if(m_items, [page](const Item &item) { return item.page == page; });
    }
    std::vector<Item> &items() { return m_items; }

private:
    std::vector<Item> m_items;
    std::uint64_t m_numbers = 0;
};

std::vector<std::uint64_t> pagesOf(const LoadQueue::Batch &batch)
{
    std::vector<std::uint64_t> pages;
    for (const LoadQueue::Ref &load : batch)
        pages.push_back(load->page.value);
    return pages;
}

/// Both of them, told the same.
struct Pair {
    /// A random one of those that run or wait; null when there is none.
    NaiveQueue::Item *pick(Random &random, bool running)
    {
        std::vector<NaiveQueue::Item *> fit;
        for (NaiveQueue::Item &item : twin.items()) {
            if (item.running == running)
                fit.push_back(&item);
        }
        return fit.empty() ? nullptr : fit[random.below(fit.size())];
    }
    void step(Random &random);
    void takeFrom(NaiveQueue::Item *item, std::size_t most)
    {
        if (!item)
            return;
        const std::uint64_t page = item->page;
        const auto wanted = twin.takeAround(page, most);
        const LoadQueue::Batch batch = queue.takeAround(*queue.find({page}), most);
        QCOMPARE(pagesOf(batch), wanted);
        QVERIFY(std::ranges::all_of(batch, [](const LoadQueue::Ref &load) { return load->running; }));
    }

    LoadQueue queue;
    NaiveQueue twin;
};

void Pair::step(Random &random)
{
    const auto urgency = static_cast<LoadClass>(random.below(5));
    const std::uint64_t generation = random.below(6);
    const std::uint64_t page = random.below(kPages);
    switch (random.below(9)) {
    case 0:
    case 1:
    case 2: {
        const bool isNew = !twin.find(page);
        twin.want(page, urgency, generation);
        QCOMPARE(queue.want({page}, urgency, generation, Intent::Scroll).isNew, isNew);
        break;
    }
    case 3:
        takeFrom(twin.first(), 1 + random.below(6));
        break;
    case 4: // one that is waited for may be read before its turn
        takeFrom(pick(random, false), 1 + random.below(6));
        break;
    case 5:
        if (NaiveQueue::Item *const item = pick(random, true)) {
            item->running = false;
            queue.putBack(*queue.find({item->page}));
        }
        break;
    case 6:
        if (const NaiveQueue::Item *const item = pick(random, random.oneIn(2))) {
            queue.erase(*queue.find({item->page}));
            twin.erase(item->page);
        }
        break;
    case 7: {
        std::vector<std::uint64_t> dropped;
        queue.dropBefore(urgency, generation, [&](const Load &load) {
            dropped.push_back(load.page.value);
            queue.erase(load);
        });
        std::ranges::sort(dropped);
        auto wanted = twin.dropBefore(urgency, generation);
        std::ranges::sort(wanted);
        QCOMPARE(dropped, wanted);
        break;
    }
    default:
        if (NaiveQueue::Item *const item = pick(random, random.oneIn(2))) {
            item->waiters = random.oneIn(2) ? 0 : 1;
            queue.find({item->page})->waiters = item->waiters;
        }
    }
}

} // namespace

class TestLoadQueue : public QObject {
    Q_OBJECT

private slots:
    void goesFromTheMostUrgentToTheLeast();
    void goesFromTheNewestToTheOldestAndThenInTurn();
    void takesNothingAlongForAMapOrAScan();
    void aLoadPutBackKeepsItsTurn();
    void doesWhatANaiveOneDoes();
    void staysQuickWhenItIsLong();
};

void TestLoadQueue::goesFromTheMostUrgentToTheLeast()
{
    LoadQueue queue;
    queue.want({50}, LoadClass::Scan, 9, Intent::Scroll);
    queue.want({40}, LoadClass::Map, 8, Intent::Scroll);
    queue.want({30}, LoadClass::ReadAhead, 7, Intent::Scroll);
    queue.want({20}, LoadClass::Wanted, 6, Intent::Scroll);
    queue.want({10}, LoadClass::Viewport, 5, Intent::Scroll);
    for (const std::uint64_t page : {10U, 20U, 30U, 40U, 50U}) {
        QCOMPARE(queue.first()->page.value, page);
        QCOMPARE(queue.takeAround(*queue.first(), 8).size(), std::size_t{1});
    }
    QVERIFY(!queue.first());
    QCOMPARE(queue.size(), std::size_t{5});
    // One that becomes more urgent while it waits overtakes.
    queue.want({60}, LoadClass::Scan, 1, Intent::Scroll);
    queue.want({70}, LoadClass::ReadAhead, 1, Intent::Scroll);
    QCOMPARE(queue.first()->page.value, std::uint64_t{70});
    QVERIFY(!queue.want({60}, LoadClass::Viewport, 0, Intent::Jump).isNew);
    QCOMPARE(queue.first()->page.value, std::uint64_t{60});
    QCOMPARE(queue.first()->intent, Intent::Jump);
    QVERIFY(queue.invariantsHold());
}

void TestLoadQueue::goesFromTheNewestToTheOldestAndThenInTurn()
{
    LoadQueue queue;
    for (const std::uint64_t page : {9U, 3U, 5U})
        queue.want({page}, LoadClass::Wanted, 0, Intent::Jump);
    queue.want({1}, LoadClass::Viewport, 1, Intent::Jump);
    queue.want({7}, LoadClass::Viewport, 2, Intent::Jump);
    for (const std::uint64_t page : {7U, 1U, 9U, 3U, 5U}) {
        QCOMPARE(queue.first()->page.value, page);
        queue.erase(*queue.first());
    }
    QCOMPARE(queue.size(), std::size_t{0});
}

void TestLoadQueue::takesNothingAlongForAMapOrAScan()
{
    LoadQueue queue;
    for (const std::uint64_t page : {10U, 11U})
        queue.want({page}, LoadClass::Viewport, 1, Intent::Jump);
    queue.want({12}, LoadClass::ReadAhead, 1, Intent::Scroll);
    queue.want({13}, LoadClass::Map, 1, Intent::Scroll);
    queue.want({9}, LoadClass::Scan, 1, Intent::Scroll);
    QCOMPARE(pagesOf(queue.takeAround(*queue.first(), 16)), (std::vector<std::uint64_t>{10, 11, 12}));
    queue.want({14}, LoadClass::Scan, 1, Intent::Scroll);
    QCOMPARE(pagesOf(queue.takeAround(*queue.first(), 16)), (std::vector<std::uint64_t>{13, 14}));
}

void TestLoadQueue::aLoadPutBackKeepsItsTurn()
{
    LoadQueue queue;
    for (const std::uint64_t page : {1U, 5U, 9U})
        queue.want({page}, LoadClass::Wanted, 0, Intent::Jump);
    const LoadQueue::Batch taken = queue.takeAround(*queue.first(), 1);
    queue.want({1}, LoadClass::Wanted, 0, Intent::Jump); // joins the one that runs
    QCOMPARE(queue.waiting(), std::size_t{2});
    queue.putBack(*taken.front());
    QCOMPARE(queue.first()->page.value, std::uint64_t{1});
    QCOMPARE(queue.waiting(), std::size_t{3});
    // One that was wanted on the screen while it ran goes where that belongs.
    const LoadQueue::Batch again = queue.takeAround(*queue.find({9}), 1);
    queue.want({9}, LoadClass::Viewport, 1, Intent::Jump);
    queue.putBack(*again.front());
    QCOMPARE(queue.first()->page.value, std::uint64_t{9});
    QVERIFY(queue.invariantsHold());
}

void TestLoadQueue::doesWhatANaiveOneDoes()
{
    Random random(21);
    for (int round = 0; round < 40; ++round) {
        Pair pair;
        for (int i = 0; i < 400; ++i) {
            pair.step(random);
            const NaiveQueue::Item *const first = pair.twin.first();
            QCOMPARE(pair.queue.first() != nullptr, first != nullptr);
            if (first)
                QCOMPARE(pair.queue.first()->page.value, first->page);
            QCOMPARE(pair.queue.size(), pair.twin.items().size());
            QVERIFY(pair.queue.invariantsHold());
            if (QTest::currentTestFailed())
                return;
        }
        std::vector<std::uint64_t> running;
        pair.queue.forEachRunning({5}, 20, [&](const Load &load) { running.push_back(load.page.value); });
        std::vector<std::uint64_t> wanted;
        for (std::uint64_t page = 5; page < 25; ++page) {
            if (const NaiveQueue::Item *const item = pair.twin.find(page); item && item->running)
                wanted.push_back(page);
        }
        QCOMPARE(running, wanted);
    }
}

/// A queue that looks at every load for each one it gives out would need 10^10 steps here.
void TestLoadQueue::staysQuickWhenItIsLong()
{
    constexpr std::uint64_t kMany = 100'000;
    LoadQueue queue;
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t page = 0; page < kMany; ++page)
        queue.want({2 * page}, static_cast<LoadClass>(page % 5), page, Intent::Scroll);
    std::uint64_t dropped = 0;
    for (std::uint64_t generation = 1; generation <= kMany / 2; ++generation) {
        queue.dropBefore(LoadClass::Map, generation, [&](const Load &load) {
            ++dropped;
            queue.erase(load);
        });
    }
    QCOMPARE(dropped, kMany / 10);
    while (const Load *const first = queue.first())
        queue.erase(*queue.takeAround(*first, 16).front());
    QCOMPARE(queue.size(), std::size_t{0});
    QVERIFY(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

QTEST_GUILESS_MAIN(TestLoadQueue)
#include "tst_load_queue.moc"
