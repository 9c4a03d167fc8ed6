// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/cache/s3_fifo.h"
#include "tests/support/random.h"
#include "tests/support/zipf_trace.h"

#include <QTest>

#include <algorithm>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

using namespace cachecore;
using cachet_test::Random;

namespace {

using Entry = S3Fifo::Entry;

bool anyMayLeave(const Entry &)
{
    return true;
}

/// Entries of one policy, by their number. Those that are nowhere are kept too.
class Entries {
public:
    explicit Entries(std::uint64_t capacity)
        : policy(capacity)
    {
    }
    Entry &insert(std::uint64_t key, std::uint64_t weight = 1, bool important = false)
    {
        Entry &entry = m_entries[key];
        entry.key = key;
        policy.insert(entry, weight, important);
        return entry;
    }
    Entry &at(std::uint64_t key) { return m_entries[key]; }
    /// The number of the entry that goes.
    std::optional<std::uint64_t> evict(S3Fifo::MayLeave mayLeave = anyMayLeave)
    {
        const Entry *const gone = policy.evict(mayLeave);
        while (policy.forgetOne()) { }
        return gone ? std::optional(gone->key) : std::nullopt;
    }

    S3Fifo policy;

private:
    std::unordered_map<std::uint64_t, Entry> m_entries;
};

/// A cache of `capacity` entries of weight 1 run by the policy.
class S3Cache {
public:
    explicit S3Cache(std::uint64_t capacity)
        : m_entries(capacity)
    {
    }
    bool access(std::uint64_t key)
    {
        if (Entry &entry = m_entries.at(key); entry.resident()) {
            S3Fifo::visit(entry);
            return true;
        }
        while (m_entries.policy.weight() >= m_entries.policy.capacity())
            (void)m_entries.evict();
        m_entries.insert(key);
        return false;
    }
    bool holds() const
    {
        return m_entries.policy.invariantsHold() && m_entries.policy.weight() <= m_entries.policy.capacity();
    }

private:
    Entries m_entries;
};

class LruCache {
public:
    explicit LruCache(std::size_t capacity)
        : m_capacity(capacity)
    {
    }
    bool access(std::uint64_t key)
    {
        if (const auto found = m_at.find(key); found != m_at.end()) {
            m_order.splice(m_order.begin(), m_order, found->second);
            return true;
        }
        if (m_order.size() == m_capacity) {
            m_at.erase(m_order.back());
            m_order.pop_back();
        }
        m_order.push_front(key);
        m_at[key] = m_order.begin();
        return false;
    }

private:
    const std::size_t m_capacity;
    std::list<std::uint64_t> m_order;
    std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> m_at;
};

} // namespace

class TestS3Fifo : public QObject {
    Q_OBJECT

private slots:
    void hitsAtLeastAsOftenAsLru();
    void fullCapacityIsUsable();
    void onlyWhatMayLeaveLeaves();
    void visitedEntryOutlivesUnvisitedOnes();
    void rememberedKeyReturnsToTheMainQueue();
    void remembersNoMoreThanItHolds();
    void invariantsHoldUnderRandomOperations();
};

void TestS3Fifo::hitsAtLeastAsOftenAsLru()
{
    S3Cache ours(1 << 10);
    LruCache lru(1 << 10);
    int ourHits = 0;
    int lruHits = 0;
    for (const std::uint64_t key : cachet_test::zipfTrace(1 << 14, 300'000)) {
        ourHits += ours.access(key);
        lruHits += lru.access(key);
    }
    QVERIFY(ours.holds());
    QVERIFY2(ourHits >= lruHits, qPrintable(QString("%1 hits, LRU %2").arg(ourHits).arg(lruHits)));
}

void TestS3Fifo::fullCapacityIsUsable()
{
    S3Cache cache(1024);
    for (std::uint64_t key = 0; key < 1024; ++key)
        QVERIFY(!cache.access(key * 1024));
    for (int round = 0; round < 3; ++round)
        for (std::uint64_t key = 0; key < 1024; ++key)
            QVERIFY(cache.access(key * 1024));
}

void TestS3Fifo::onlyWhatMayLeaveLeaves()
{
    Entries entries(100);
    for (std::uint64_t key = 0; key < 100; ++key)
        entries.insert(key, 1, key % 2 == 0);
    std::set<std::uint64_t> left;
    while (const auto key = entries.evict([](const Entry &entry) { return entry.key % 5 == 0; })) {
        QCOMPARE(*key % 5, 0U);
        QVERIFY(left.insert(*key).second);
        QVERIFY(entries.policy.invariantsHold());
    }
    QCOMPARE(left.size(), std::size_t{20});
    QCOMPARE(entries.policy.size(), std::size_t{80});
    QVERIFY(!entries.evict([](const Entry &) { return false; }));
    QCOMPARE(entries.policy.size(), std::size_t{80});
}

void TestS3Fifo::visitedEntryOutlivesUnvisitedOnes()
{
    Entries entries(20);
    Entry &kept = entries.insert(1000);
    S3Fifo::visit(kept);
    S3Fifo::visit(kept);
    for (std::uint64_t key = 0; key < 19; ++key)
        entries.insert(key);
    // The small queue keeps its tenth, two entries, and only then the main queue's turn comes.
    for (int i = 0; i < 17; ++i)
        QVERIFY(entries.evict() != 1000U);
    QVERIFY(kept.place == S3Fifo::Place::Main);
}

void TestS3Fifo::rememberedKeyReturnsToTheMainQueue()
{
    Entries entries(20);
    for (std::uint64_t key = 0; key < 20; ++key)
        entries.insert(key);
    QCOMPARE(entries.evict(), 0U);
    QVERIFY(entries.at(0).place == S3Fifo::Place::Ghost);
    QVERIFY(entries.insert(0).place == S3Fifo::Place::Main);
    QVERIFY(entries.insert(500).place == S3Fifo::Place::Small);
    QVERIFY(entries.insert(501, 1, true).place == S3Fifo::Place::Main);
}

void TestS3Fifo::remembersNoMoreThanItHolds()
{
    Entries entries(10);
    for (std::uint64_t key = 0; key < 10; ++key)
        entries.insert(key);
    for (std::uint64_t key = 0; key < 8; ++key)
        QCOMPARE(entries.evict(), key);
    QCOMPARE(entries.policy.size(), std::size_t{2});
    QCOMPARE(entries.policy.ghosts(), std::size_t{2});
    QVERIFY(entries.at(5).place == S3Fifo::Place::None); // the oldest were forgotten
    QVERIFY(entries.at(6).place == S3Fifo::Place::Ghost);
    QVERIFY(entries.at(7).place == S3Fifo::Place::Ghost);
}

void TestS3Fifo::invariantsHoldUnderRandomOperations()
{
    Random random(30);
    Entries entries(1000);
    std::map<std::uint64_t, std::uint64_t> model; // weights of what is resident
    std::uint64_t weight = 0;
    for (int step = 0; step < 5'000; ++step) {
        const std::uint64_t key = random.below(200);
        const auto found = model.find(key);
        if (random.oneIn(50)) {
            entries.policy.setCapacity(random.between(1, 2000));
        } else if (random.oneIn(4)) {
            const auto gone = entries.evict([](const Entry &entry) { return entry.key % 3 != 0; });
            const bool any = std::ranges::any_of(model, [](const auto &entry) { return entry.first % 3 != 0; });
            QCOMPARE(gone.has_value(), any);
            if (gone) {
                weight -= model.at(*gone);
                model.erase(*gone);
            }
        } else if (found == model.end()) {
            const std::uint64_t mine = random.between(1, 50);
            model[key] = mine;
            entries.insert(key, mine, random.oneIn(2));
            weight += mine;
        } else if (random.oneIn(3)) {
            entries.policy.erase(entries.at(key));
            weight -= found->second;
            model.erase(found);
        } else {
            S3Fifo::visit(entries.at(key));
        }
        QVERIFY(entries.policy.invariantsHold());
        QCOMPARE(entries.policy.weight(), weight);
        QCOMPARE(entries.policy.size(), model.size());
    }
}

QTEST_GUILESS_MAIN(TestS3Fifo)
#include "tst_s3_fifo.moc"
