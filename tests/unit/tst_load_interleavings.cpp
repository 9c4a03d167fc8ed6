// SPDX-License-Identifier: GPL-3.0-or-later
// Loads, reads, writes, failures and evictions of a few pages in every interleaving: which job of the executor runs next, and what else happens while a read is
// under way.
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/page_cache.h"
#include "tests/support/edits.h"
#include "tests/support/manual_executor.h"
#include "tests/support/schedules.h"
#include "tests/support/versioned_disk.h"

#include <QTest>

#include <functional>
#include <vector>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint32_t kSmall = 512;
constexpr std::uint32_t kLarge = 256 * 1024; ///< of which the smallest budget holds four

/// A disk read through a cache, and steps that are done to both.
class Scene {
public:
    using Step = std::function<void(Scene &)>;

    /// With large pages the cache is full of pages 2 to 5.
    Scene(Schedules &schedules, std::uint32_t pageSize)
        : m_schedules(schedules)
        , m_pageSize(pageSize)
        , m_disk(std::make_shared<VersionedDisk>(kPages * pageSize / VersionedDisk::kSector))
    {
        if (auto created = CachedSource::create(m_disk, {pageSize, minimumCacheBytes(pageSize)}, m_loads))
            cached = std::move(*created);
        if (pageSize == kLarge) {
            cached->prefetch(rangeAt(2 * kLarge, 2 * kLarge), CachedSource::Background::Scan);
            m_loads->runAll();
            cached->prefetch(rangeAt(4 * kLarge, 2 * kLarge), CachedSource::Background::Scan);
            m_loads->runAll();
        }
        m_disk->setHook([this] { goOnBeside(); });
    }
    Scene(const Scene &) = delete;
    Scene &operator=(const Scene &) = delete;
    ~Scene() { (void)cached->close(std::chrono::milliseconds(0)); }

    /// Steps and tasks, one after the other in an order that the schedule chooses, until nothing is left.
    void run(std::vector<std::vector<Step>> scripts)
    {
        m_scripts = std::move(scripts);
        m_next.assign(m_scripts.size(), 0);
        while (doOne()) { }
        m_pins.clear();
    }

    // --- steps -----------------------------------------------------------------------------------------------

    void overwrite(std::uint64_t page)
    {
        const auto written = m_disk->write(rangeOf(page));
        cached->invalidate(rangeOf(page));
        m_disk->settle(written);
    }
    void rewrite(std::uint64_t page)
    {
        const auto written = m_disk->write(rangeOf(page));
        cached->refresh(rangeOf(page), [](ByteRange) { return true; });
        m_disk->settle(written);
    }
    void spoil(std::uint64_t page) { m_disk->setBad(page * m_pageSize / VersionedDisk::kSector, true); }
    /// It can be read again, and the cache is told.
    void heal(std::uint64_t page)
    {
        m_disk->setBad(page * m_pageSize / VersionedDisk::kSector, false);
        overwrite(page);
    }
    /// A load that must bring what was there at this moment or later.
    void load(std::uint64_t page)
    {
        const auto expected = m_disk->expect(rangeOf(page));
        ++m_owed;
        const PageHandle here
            = cached->loadAsync(expected.range().begin(), m_loads, [this, expected](const Result<PageHandle> &loaded) {
                  --m_owed;
                  judge(loaded ? m_disk->explains(expected, loaded->page().range(), loaded->bytes())
                               : m_disk->explains(expected, loaded.error()));
              });
        if (!here)
            return;
        --m_owed;
        judge(m_disk->explains(expected, here.page().range(), here.bytes()));
    }
    /// The same for the bytes from the middle of one page to the middle of the next.
    void read(std::uint64_t page)
    {
        const auto expected = m_disk->expect(rangeAt(page * m_pageSize + m_pageSize / 2, m_pageSize));
        const auto into = std::make_shared<std::vector<std::byte>>(m_pageSize);
        ++m_owed;
        const auto done = [this, expected, into](const Result<void> &read) {
            --m_owed;
            judge(read ? m_disk->explains(expected, expected.range(), *into)
                       : m_disk->explains(expected, read.error()) && *into == std::vector<std::byte>(m_pageSize));
        };
        if (cached->readAsync(expected.range().begin(), *into, m_loads, done))
            done({});
    }
    /// What is resident is never older than the last invalidation.
    void look(std::uint64_t page)
    {
        const auto expected = m_disk->expect(rangeOf(page));
        const PageHandle here = cached->tryGet(expected.range().begin());
        judge(!here || m_disk->explains(expected, here.page().range(), here.bytes()));
    }
    void pin(std::uint64_t page)
    {
        if (PageHandle here = cached->tryGet(rangeOf(page).begin()))
            m_pins.push_back(std::move(here));
    }
    void unpin() { m_pins.clear(); }

    [[nodiscard]] bool right() const { return cached && m_right && m_owed == 0; }
    [[nodiscard]] std::uint64_t reads() const { return m_disk->reads(); }
    [[nodiscard]] static constexpr std::uint64_t pages() { return kPages; }

    std::shared_ptr<CachedSource> cached;

private:
    static constexpr std::uint64_t kPages = 6;
    static constexpr unsigned kDeepest = 2; ///< reads under way at the same time

    [[nodiscard]] ByteRange rangeOf(std::uint64_t page) const { return rangeAt(page * m_pageSize, m_pageSize); }
    void judge(bool right) { m_right = m_right && right; }

    /// Takes one of the steps that come next, or one of the tasks that wait; false when there is neither.
    bool doOne()
    {
        std::vector<std::size_t> scripts;
        for (std::size_t i = 0; i < m_scripts.size(); ++i) {
            if (m_next[i] < m_scripts[i].size())
                scripts.push_back(i);
        }
        const std::size_t ways = scripts.size() + m_loads->waiting();
        if (ways == 0)
            return false;
        const std::size_t chosen = m_schedules.choose(ways);
        if (chosen >= scripts.size()) {
            (void)m_loads->runAt(chosen - scripts.size());
        } else {
            const std::size_t script = scripts[chosen];
            m_scripts[script][m_next[script]++](*this);
        }
        const CacheStatistics statistics = cached->statistics();
        judge(statistics.residentBytes + statistics.detachedBytes <= statistics.budgetBytes);
        return true;
    }
    /// A read has its bytes; what happens until the cache has them comes now.
    void goOnBeside()
    {
        if (m_depth >= kDeepest)
            return;
        ++m_depth;
        while (m_schedules.choose(2) == 1 && doOne()) { }
        --m_depth;
    }

    Schedules &m_schedules;
    const std::uint32_t m_pageSize;
    const std::shared_ptr<VersionedDisk> m_disk;
    const std::shared_ptr<ManualExecutor> m_loads = std::make_shared<ManualExecutor>();
    std::vector<std::vector<Step>> m_scripts;
    std::vector<std::size_t> m_next; ///< step of each script
    std::vector<PageHandle> m_pins;
    unsigned m_depth = 0;
    int m_owed = 0;
    bool m_right = true;
};

using Script = std::vector<Scene::Step>;

Scene::Step load(std::uint64_t page)
{
    return [page](Scene &scene) { scene.load(page); };
}

Scene::Step read(std::uint64_t page)
{
    return [page](Scene &scene) { scene.read(page); };
}

Scene::Step overwrite(std::uint64_t page)
{
    return [page](Scene &scene) { scene.overwrite(page); };
}

Scene::Step rewrite(std::uint64_t page)
{
    return [page](Scene &scene) { scene.rewrite(page); };
}

Scene::Step spoil(std::uint64_t page)
{
    return [page](Scene &scene) { scene.spoil(page); };
}

Scene::Step heal(std::uint64_t page)
{
    return [page](Scene &scene) { scene.heal(page); };
}

Scene::Step look(std::uint64_t page)
{
    return [page](Scene &scene) { scene.look(page); };
}

Scene::Step pin(std::uint64_t page)
{
    return [page](Scene &scene) { scene.pin(page); };
}

Scene::Step unpin()
{
    return [](Scene &scene) { scene.unpin(); };
}

struct Scripts {
    const char *name;
    std::uint32_t pageSize;
    std::vector<Script> scripts;
};

std::vector<Scripts> allScripts()
{
    return {
        {"a load beside a write", kSmall, {{load(0), look(0)}, {overwrite(0), overwrite(0)}, {look(0)}}},
        {"two loads of one page beside a write", kSmall, {{load(0), look(0)}, {load(0)}, {overwrite(0)}}},
        {"neighbours beside writes", kSmall, {{load(0), load(1)}, {overwrite(1)}, {look(1)}}},
        {"a read of two pages beside a write", kSmall, {{read(0)}, {overwrite(1)}, {look(1)}}},
        {"a read and a load beside a write", kSmall, {{read(0)}, {load(1)}, {overwrite(1)}}},
        {"a load that fails and heals", kSmall, {{load(0), load(0)}, {spoil(0), heal(0)}}},
        {"a read of which one page fails and heals", kSmall, {{read(0)}, {spoil(1), heal(1)}}},
        {"a failing load beside a write", kSmall, {{spoil(0), load(0), look(0)}, {overwrite(0), look(0)}}},
        {"a load beside a refresh", kSmall, {{load(0), look(0)}, {rewrite(0)}, {look(0)}}},
        {"a loaded page refreshed and written", kSmall, {{load(0), rewrite(0), look(0)}, {overwrite(0)}}},
        {"two refreshes", kSmall, {{load(0), rewrite(0)}, {rewrite(0), look(0)}}},
        {"a refresh of what cannot be read", kSmall, {{load(0), rewrite(0), look(0)}, {spoil(0)}}},
        {"loads that evict", kLarge, {{load(0), look(0)}, {load(1)}, {look(2)}}},
        {"loads that evict beside a write", kLarge, {{load(0), look(0)}, {load(1)}, {overwrite(0)}}},
        {"an eviction beside a pin", kLarge, {{load(0)}, {pin(2), rewrite(2), unpin()}}},
    };
}

} // namespace

class TestLoadInterleavings : public QObject {
    Q_OBJECT

private slots:
    void bringsWhatTheDiskMayHoldAndNothingElse_data();
    void bringsWhatTheDiskMayHoldAndNothingElse();
    void readsAPageOnceHoweverManyWantIt();
};

void TestLoadInterleavings::bringsWhatTheDiskMayHoldAndNothingElse_data()
{
    QTest::addColumn<int>("number");
    int number = 0;
    for (const Scripts &scripts : allScripts())
        QTest::newRow(scripts.name) << number++;
}

void TestLoadInterleavings::bringsWhatTheDiskMayHoldAndNothingElse()
{
    QFETCH(int, number);
    const Scripts chosen = allScripts()[static_cast<std::size_t>(number)];
    Schedules schedules;
    std::uint64_t evictions = 0;
    do {
        Scene scene(schedules, chosen.pageSize);
        QVERIFY(scene.cached);
        scene.run(chosen.scripts);
        QVERIFY2(scene.right(), qPrintable(QString("run %1").arg(schedules.runs())));
        for (std::uint64_t page = 0; page < Scene::pages(); ++page)
            scene.look(page);
        QVERIFY2(scene.right(), qPrintable(QString("after run %1").arg(schedules.runs())));
        evictions += scene.cached->statistics().evictions;
        QCOMPARE(scene.cached->statistics().loading, std::uint64_t{0});
        QVERIFY2(schedules.runs() < 2'000'000, "more ways than one can try");
    } while (schedules.next());
    QVERIFY2(schedules.runs() > 50, qPrintable(QString::number(schedules.runs())));
    QCOMPARE(evictions > 0, chosen.pageSize == kLarge);
}

void TestLoadInterleavings::readsAPageOnceHoweverManyWantIt()
{
    Schedules schedules;
    do {
        Scene scene(schedules, kSmall);
        scene.run({{load(0)}, {load(0)}, {load(0), look(0)}});
        QVERIFY(scene.right());
        QCOMPARE(scene.reads(), std::uint64_t{1});
    } while (schedules.next());
    QVERIFY(schedules.runs() > 50);
}

QTEST_GUILESS_MAIN(TestLoadInterleavings)
#include "tst_load_interleavings.moc"
