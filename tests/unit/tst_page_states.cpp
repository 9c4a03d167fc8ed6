// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/cache/page_states.h"
#include "tests/support/random.h"

#include <QTest>

#include <atomic>
#include <map>
#include <thread>
#include <vector>

using namespace cachecore;
using cachet_test::Random;

namespace {

/// The same by the plainest means.
class NaiveStates {
public:
    explicit NaiveStates(std::uint64_t pages)
        : m_pages(pages)
    {
    }
    void set(std::uint64_t page, PageState state)
    {
        if (page >= m_pages)
            return;
        Entry &entry = m_entries[page];
        entry.state = state;
        entry.touched |= state == PageState::Ready || state == PageState::Failed;
    }
    PageState state(std::uint64_t page) const
    {
        const auto found = m_entries.find(page);
        return found == m_entries.end() ? PageState::Absent : found->second.state;
    }
    PageStateCounts count(std::uint64_t begin, std::uint64_t end) const
    {
        end = std::min(end, m_pages);
        PageStateCounts counts;
        if (begin >= end)
            return counts;
        counts.pages = end - begin;
        for (auto it = m_entries.lower_bound(begin); it != m_entries.end() && it->first < end; ++it) {
            counts.loading += it->second.state == PageState::Loading;
            counts.ready += it->second.state == PageState::Ready;
            counts.failed += it->second.state == PageState::Failed;
            counts.touched += it->second.touched;
        }
        return counts;
    }
    std::vector<PageStateCounts> summarize(std::uint64_t first, std::uint64_t count, std::size_t stretches) const
    {
        __extension__ using Wide = unsigned __int128;
        std::vector<PageStateCounts> out(stretches);
        for (std::size_t i = 0; count > 0 && i < stretches; ++i) {
            const auto begin = static_cast<std::uint64_t>(Wide{i} * count / stretches);
            const auto end = static_cast<std::uint64_t>(Wide{i + 1} * count / stretches);
            out[i] = this->count(first + begin, first + std::max(end, begin + 1));
        }
        return out;
    }

private:
    struct Entry {
        PageState state = PageState::Absent;
        bool touched = false;
    };
    const std::uint64_t m_pages;
    std::map<std::uint64_t, Entry> m_entries;
};

constexpr std::array kStates{PageState::Absent, PageState::Loading, PageState::Ready, PageState::Failed};

} // namespace

class TstPageStates : public QObject {
    Q_OBJECT

private slots:
    void agreesWithNaiveTwin_data();
    void agreesWithNaiveTwin();
    void remembersThatAPageWasTouched();
    void ignoresPagesPastTheCount();
    void splitsAsEvenAsWholePagesAllow();
    void showsEachPageInSeveralStretchesWhenTheyAreMore();
    void countsNothingForNoPages();
    void allocatesOnlyWherePagesAre();
    void staysInsideThePossibleWhileWritten();
};

void TstPageStates::agreesWithNaiveTwin_data()
{
    QTest::addColumn<quint64>("pages");
    for (const quint64 pages :
         {1ull, 2ull, 63ull, 64ull, 65ull, 4095ull, 4096ull, 4097ull, (1ull << 18) - 1, 1ull << 18, (1ull << 18) + 1,
          1ull << 24, (1ull << 30) + 1, (1ull << 47) - 1, 1ull << 47, 1ull << 54})
        QTest::addRow("%llu pages", static_cast<unsigned long long>(pages)) << pages;
}

void TstPageStates::agreesWithNaiveTwin()
{
    QFETCH(quint64, pages);
    const std::uint64_t last = pages - 1;
    Random random(pages);
    PageStates states(pages);
    NaiveStates twin(pages);
    const std::uint64_t crowded = random.below(pages); // changes gather here, so that nodes fill
    for (int round = 0; round < 40; ++round) {
        for (int i = 0; i < 100; ++i) {
            const std::uint64_t page
                = random.oneIn(3) ? random.below(pages) : std::min(crowded + random.skewedBelow(9000), last);
            const PageState state = kStates[random.below(kStates.size())];
            states.set({page}, state);
            twin.set(page, state);
            QCOMPARE(states.state({page}), state);
        }
        QVERIFY(states.total() == twin.count(0, pages));
        const std::uint64_t first = random.oneIn(2) ? random.below(pages) : crowded;
        const std::uint64_t count = random.skewedBelow(pages) + 1;
        std::vector<PageStateCounts> out(random.between(1, 70));
        states.summarize({first}, count, out);
        QVERIFY(out == twin.summarize(first, count, out.size()));
    }
}

void TstPageStates::remembersThatAPageWasTouched()
{
    PageStates states(100);
    states.set({7}, PageState::Loading);
    QVERIFY(!states.touched({7}));
    states.set({7}, PageState::Failed);
    QVERIFY(states.touched({7}));
    states.set({7}, PageState::Absent);
    QVERIFY(states.touched({7}));
    QCOMPARE(states.state({7}), PageState::Absent);
    QVERIFY((states.total() == PageStateCounts{100, 0, 0, 0, 1}));
}

void TstPageStates::ignoresPagesPastTheCount()
{
    PageStates states(100);
    for (const std::uint64_t page : {std::uint64_t{100}, std::uint64_t{4096}, ~std::uint64_t{0}}) {
        states.set({page}, PageState::Ready);
        QCOMPARE(states.state({page}), PageState::Absent);
        QVERIFY(!states.touched({page}));
    }
    QVERIFY((states.total() == PageStateCounts{100, 0, 0, 0, 0}));
    QCOMPARE(states.memoryBytes(), std::uint64_t{0});
    // A stretch that reaches past the end counts what is there.
    states.set({99}, PageState::Ready);
    std::vector<PageStateCounts> out(4);
    states.summarize({90}, 40, out);
    QVERIFY((out == std::vector<PageStateCounts>{{10, 0, 1, 0, 1}, {}, {}, {}}));
    states.summarize({90}, ~std::uint64_t{0}, out);
    QVERIFY((out == std::vector<PageStateCounts>{{10, 0, 1, 0, 1}, {}, {}, {}}));
}

void TstPageStates::splitsAsEvenAsWholePagesAllow()
{
    PageStates states(10);
    std::vector<PageStateCounts> out(4);
    states.summarize({0}, 10, out);
    std::vector<std::uint64_t> sizes;
    for (const auto &counts : out)
        sizes.push_back(counts.pages);
    QCOMPARE(sizes, (std::vector<std::uint64_t>{2, 3, 2, 3}));
}

void TstPageStates::showsEachPageInSeveralStretchesWhenTheyAreMore()
{
    PageStates states(3);
    states.set({1}, PageState::Ready);
    std::vector<PageStateCounts> out(7);
    states.summarize({0}, 3, out);
    std::vector<std::uint64_t> ready;
    for (const auto &counts : out) {
        QCOMPARE(counts.pages, std::uint64_t{1});
        ready.push_back(counts.ready);
    }
    QCOMPARE(ready, (std::vector<std::uint64_t>{0, 0, 0, 1, 1, 0, 0}));
}

void TstPageStates::countsNothingForNoPages()
{
    PageStates none(0);
    none.set({0}, PageState::Ready);
    QVERIFY(none.total() == PageStateCounts{});
    std::vector<PageStateCounts> out(3, PageStateCounts{9, 9, 9, 9, 9});
    none.summarize({0}, 5, out);
    QVERIFY(out == std::vector<PageStateCounts>(3));
    PageStates some(5);
    out.assign(3, PageStateCounts{9, 9, 9, 9, 9});
    some.summarize({0}, 0, out);
    QVERIFY(out == std::vector<PageStateCounts>(3));
    some.summarize({0}, 5, {});
}

void TstPageStates::allocatesOnlyWherePagesAre()
{
    PageStates states(std::uint64_t{1} << 47);
    QCOMPARE(states.memoryBytes(), std::uint64_t{0});
    for (std::uint64_t i = 0; i < 4000; ++i)
        states.set({(std::uint64_t{1} << 46) + i}, PageState::Ready);
    QVERIFY(states.memoryBytes() > 0);
    QVERIFY2(states.memoryBytes() < 64 * 1024, QByteArray::number(quint64(states.memoryBytes())).constData());
}

void TstPageStates::staysInsideThePossibleWhileWritten()
{
    constexpr std::uint64_t kPages = 1u << 20;
    constexpr int kRounds = 200;
    PageStates states(kPages);
    std::atomic<bool> done{false};
    std::jthread writer([&] {
        Random random(5);
        for (int i = 0; i < 100'000; ++i)
            states.set({random.below(kPages)}, kStates[random.below(kStates.size())]);
        done = true;
    });
    bool possible = true;
    std::vector<PageStateCounts> out(97);
    for (int round = 0; round < kRounds || !done; ++round) {
        states.summarize({0}, kPages, out);
        std::uint64_t pages = 0;
        for (const auto &counts : out) {
            pages += counts.pages;
            possible = possible && counts.ready <= counts.pages && counts.loading <= counts.pages
                && counts.failed <= counts.pages && counts.touched <= counts.pages;
        }
        possible = possible && pages == kPages && states.total().ready <= kPages;
    }
    writer.join();
    QVERIFY(possible);
    // At rest every sum is exact again.
    states.summarize({0}, kPages, out);
    PageStateCounts sum;
    for (const auto &counts : out) {
        sum.pages += counts.pages;
        sum.loading += counts.loading;
        sum.ready += counts.ready;
        sum.failed += counts.failed;
        sum.touched += counts.touched;
    }
    QVERIFY(sum == states.total());
}

QTEST_GUILESS_MAIN(TstPageStates)
#include "tst_page_states.moc"
