// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/cache/page_table.h"
#include "tests/support/random.h"

#include <QTest>

#include <map>
#include <memory>
#include <set>

using namespace cachecore;
using cachet_test::Random;

namespace {

struct Node {
    std::uint64_t key = 0;
};

/// Numbers that all belong to one place of a table of 64.
std::vector<std::uint64_t> keysOfPlace(std::uint64_t place, std::size_t count)
{
    constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;
    std::vector<std::uint64_t> keys;
    for (std::uint64_t key = 0; keys.size() < count; ++key) {
        if (key * kGolden >> 58 == place)
            keys.push_back(key);
    }
    return keys;
}

} // namespace

class TestPageTable : public QObject {
    Q_OBJECT

private slots:
    void findsWhatAnOrderedMapFinds_data();
    void findsWhatAnOrderedMapFinds();
    void keepsCrowdedNodesWhenOthersLeave();
    void findsNothingWhenEmpty();
};

void TestPageTable::findsWhatAnOrderedMapFinds_data()
{
    QTest::addColumn<quint64>("stride");
    QTest::newRow("neighbours") << quint64{1};
    QTest::newRow("every 1024th") << quint64{1024};
    QTest::newRow("far apart") << (quint64{1} << 40);
}

void TestPageTable::findsWhatAnOrderedMapFinds()
{
    QFETCH(quint64, stride);
    Random random(50 + stride);
    PageTable<Node> table;
    std::map<std::uint64_t, std::unique_ptr<Node>> twin;
    for (int step = 0; step < 20'000; ++step) {
        const std::uint64_t key = random.below(500) * stride;
        const auto known = twin.find(key);
        QCOMPARE(table.find(key), known == twin.end() ? nullptr : known->second.get());
        if (known == twin.end()) {
            Node &made = *twin.emplace(key, std::make_unique<Node>(Node{key})).first->second;
            QVERIFY(table.reserve(table.size() + 1));
            table.insert(made);
        } else if (random.oneIn(2)) {
            table.erase(key);
            twin.erase(known);
        }
        QCOMPARE(table.size(), twin.size());
    }
    std::set<const Node *> seen;
    table.forEach([&](const Node &node) { seen.insert(&node); });
    QCOMPARE(seen.size(), twin.size());
    for (const auto &[key, node] : twin)
        QVERIFY(seen.contains(node.get()) && table.find(key) == node.get());
}

void TestPageTable::keepsCrowdedNodesWhenOthersLeave()
{
    const std::vector<std::uint64_t> keys = keysOfPlace(63, 6); // they go on at the beginning
    const std::uint64_t inTheirWay = keysOfPlace(1, 1).front();
    for (std::size_t leaving = 0; leaving < keys.size(); ++leaving) {
        PageTable<Node> table;
        std::vector<Node> nodes;
        for (const std::uint64_t key : keys)
            nodes.push_back({key});
        Node settled{inTheirWay};
        QVERIFY(table.reserve(nodes.size() + 1));
        for (Node &node : nodes)
            table.insert(node);
        table.insert(settled);
        table.erase(keys[leaving]);
        for (std::size_t i = 0; i < keys.size(); ++i)
            QCOMPARE(table.find(keys[i]), i == leaving ? nullptr : &nodes[i]);
        QCOMPARE(table.find(inTheirWay), &settled);
    }
}

void TestPageTable::findsNothingWhenEmpty()
{
    PageTable<Node> table;
    QVERIFY(!table.find(0));
    QVERIFY(table.reserve(1));
    QVERIFY(!table.find(0));
    Node zero;
    table.insert(zero);
    QCOMPARE(table.find(0), &zero);
    table.erase(0);
    QVERIFY(!table.find(0));
    QCOMPARE(table.size(), std::size_t{0});
}

QTEST_GUILESS_MAIN(TestPageTable)
#include "tst_page_table.moc"
