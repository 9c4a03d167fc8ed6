// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/cache/s3_fifo.h"
#include "tests/support/random.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <deque>
#include <list>
#include <random>
#include <set>
#include <unordered_map>
#include <vector>

using namespace cachecore;
using cachet_test::Random;

namespace {

/// A cache of `capacity` entries of weight 1 run by the policy.
class S3Cache {
public:
    explicit S3Cache(std::uint64_t capacity)
        : m_policy(capacity)
    {
    }
    bool access(std::uint64_t key)
    {
        if (const auto found = m_at.find(key); found != m_at.end()) {
            S3Fifo::visit(found->second);
            return true;
        }
        while (m_policy.weight() >= m_policy.capacity()) {
            const auto gone = m_policy.evict([](std::uint64_t) { return true; });
            m_at.erase(*gone);
        }
        m_at[key] = m_policy.insert(key, 1, false);
        return false;
    }
    bool holds() const
    {
        return m_policy.invariantsHold() && m_policy.size() == m_at.size() && m_policy.weight() <= m_policy.capacity();
    }

private:
    S3Fifo m_policy;
    std::unordered_map<std::uint64_t, S3Fifo::Position> m_at;
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

/// Keys drawn with probability proportional to 1 / rank^0.99, the same in every run.
std::vector<std::uint64_t> zipfTrace(std::size_t keys, std::size_t length)
{
    std::vector<double> sums(keys);
    double sum = 0;
    for (std::size_t i = 0; i < keys; ++i)
        sums[i] = sum += 1 / std::pow(static_cast<double>(i + 1), 0.99);
    std::mt19937_64 engine(42);
    std::vector<std::uint64_t> trace(length);
    for (std::uint64_t &key : trace) {
        const double drawn = static_cast<double>(engine() >> 11) * 0x1p-53 * sum;
        key = static_cast<std::uint64_t>(std::ranges::lower_bound(sums, drawn) - sums.begin());
    }
    return trace;
}

} // namespace

class TestS3Fifo : public QObject {
    Q_OBJECT

private slots:
    void hitsAtLeastAsOftenAsLru();
    void fullCapacityIsUsable();
    void onlyWhatMayLeaveLeaves();
    void visitedEntryOutlivesUnvisitedOnes();
    void rememberedKeyReturnsToTheMainQueue();
    void invariantsHoldUnderRandomOperations();
};

void TestS3Fifo::hitsAtLeastAsOftenAsLru()
{
    S3Cache ours(1 << 10);
    LruCache lru(1 << 10);
    int ourHits = 0;
    int lruHits = 0;
    for (const std::uint64_t key : zipfTrace(1 << 14, 300'000)) {
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
    S3Fifo policy(100);
    for (std::uint64_t key = 0; key < 100; ++key)
        policy.insert(key, 1, key % 2 == 0);
    std::set<std::uint64_t> left;
    while (const auto key = policy.evict([](std::uint64_t candidate) { return candidate % 5 == 0; })) {
        QCOMPARE(*key % 5, 0U);
        QVERIFY(left.insert(*key).second);
        QVERIFY(policy.invariantsHold());
    }
    QCOMPARE(left.size(), std::size_t{20});
    QCOMPARE(policy.size(), std::size_t{80});
    QVERIFY(!policy.evict([](std::uint64_t) { return false; }));
    QCOMPARE(policy.size(), std::size_t{80});
}

void TestS3Fifo::visitedEntryOutlivesUnvisitedOnes()
{
    S3Fifo policy(20);
    const auto kept = policy.insert(1000, 1, false);
    S3Fifo::visit(kept);
    S3Fifo::visit(kept);
    for (std::uint64_t key = 0; key < 19; ++key)
        policy.insert(key, 1, false);
    // The small queue keeps its tenth, two entries, and only then the main queue's turn comes.
    for (int i = 0; i < 17; ++i)
        QVERIFY(policy.evict([](std::uint64_t) { return true; }) != 1000U);
}

void TestS3Fifo::rememberedKeyReturnsToTheMainQueue()
{
    S3Fifo policy(20);
    for (std::uint64_t key = 0; key < 20; ++key)
        policy.insert(key, 1, false);
    QCOMPARE(policy.evict([](std::uint64_t) { return true; }), 0U);
    QVERIFY(policy.insert(0, 1, false)->inMain);
    QVERIFY(!policy.insert(500, 1, false)->inMain);
    QVERIFY(policy.insert(501, 1, true)->inMain);
}

void TestS3Fifo::invariantsHoldUnderRandomOperations()
{
    Random random(30);
    S3Fifo policy(1000);
    std::unordered_map<std::uint64_t, std::pair<S3Fifo::Position, std::uint64_t>> model;
    std::uint64_t weight = 0;
    for (int step = 0; step < 5'000; ++step) {
        const std::uint64_t key = random.below(200);
        const auto found = model.find(key);
        if (random.oneIn(50)) {
            policy.setCapacity(random.between(1, 2000));
        } else if (random.oneIn(4)) {
            const auto gone = policy.evict([](std::uint64_t candidate) { return candidate % 3 != 0; });
            const bool any = std::ranges::any_of(model, [](const auto &entry) { return entry.first % 3 != 0; });
            QCOMPARE(gone.has_value(), any);
            if (gone) {
                weight -= model.at(*gone).second;
                model.erase(*gone);
            }
        } else if (found == model.end()) {
            const std::uint64_t mine = random.between(1, 50);
            model[key] = {policy.insert(key, mine, random.oneIn(2)), mine};
            weight += mine;
        } else if (random.oneIn(3)) {
            policy.erase(found->second.first);
            weight -= found->second.second;
            model.erase(found);
        } else {
            S3Fifo::visit(found->second.first);
        }
        QVERIFY(policy.invariantsHold());
        QCOMPARE(policy.weight(), weight);
        QCOMPARE(policy.size(), model.size());
    }
}

QTEST_GUILESS_MAIN(TestS3Fifo)
#include "tst_s3_fifo.moc"
