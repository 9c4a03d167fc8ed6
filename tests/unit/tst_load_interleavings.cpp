// SPDX-License-Identifier: GPL-3.0-or-later
// Loads, writes and invalidations of a few pages in every interleaving: which job of the executor runs next, and what else happens while a read is under way.
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/page_cache.h"
#include "cachecore/source/callable_source.h"
#include "tests/support/edits.h"
#include "tests/support/manual_executor.h"
#include "tests/support/schedules.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kPage = 512;
constexpr std::uint64_t kPages = 3;

/// A source whose pages are full of their version, read through a cache, and steps that are done to both.
class Scene {
public:
    using Step = std::function<void(Scene &)>;

    explicit Scene(Schedules &schedules)
        : m_schedules(schedules)
    {
        SourceFunctions functions;
        functions.read = [this](ByteOffset at, std::span<std::byte> into) { return read(at, into); };
        functions.size = kPages * kPage;
        CallableOptions options;
        options.calls = CallableOptions::Calls::Parallel;
        if (auto source = CallableSource::create(std::move(functions), options)) {
            if (auto created = CachedSource::create(std::move(*source), {kPage, minimumCacheBytes(kPage)}, m_loads))
                cached = std::move(*created);
        }
    }
    Scene(const Scene &) = delete;
    Scene &operator=(const Scene &) = delete;
    ~Scene() { (void)cached->close(std::chrono::milliseconds(0)); }

    /// Steps and loads, one after the other in an order that the schedule chooses, until nothing is left.
    void run(std::vector<std::vector<Step>> scripts)
    {
        m_scripts = std::move(scripts);
        m_next.assign(m_scripts.size(), 0);
        while (doOne()) { }
    }
    void write(std::uint64_t page)
    {
        ++m_versions[page];
        cached->invalidate(rangeAt(page * kPage, kPage));
        m_oldest[page] = m_versions[page];
    }
    /// A load that must bring what was there at this moment or later.
    void load(std::uint64_t page)
    {
        const unsigned oldest = m_oldest[page];
        ++m_owed;
        const PageHandle here
            = cached->loadAsync(ByteOffset(page * kPage), m_loads, [this, page, oldest](Result<PageHandle> loaded) {
                  --m_owed;
                  m_right = m_right && loaded && isFrom(*loaded, page, oldest);
              });
        if (!here)
            return;
        --m_owed;
        m_right = m_right && isFrom(here, page, oldest);
    }
    /// What is resident is never older than the last invalidation.
    void look(std::uint64_t page)
    {
        const PageHandle here = cached->tryGet(ByteOffset(page * kPage));
        m_right = m_right && (!here || isFrom(here, page, m_oldest[page]));
    }

    [[nodiscard]] bool right() const { return cached && m_right && m_owed == 0; }
    [[nodiscard]] unsigned reads() const { return m_reads; }

    std::shared_ptr<CachedSource> cached;

private:
    static constexpr unsigned kDeepest = 2; ///< reads under way at the same time

    [[nodiscard]] bool isFrom(const PageHandle &handle, std::uint64_t page, unsigned oldest) const
    {
        const auto bytes = handle.bytes();
        const unsigned version = std::to_integer<unsigned>(bytes[0]);
        return bytes.size() == kPage && version >= oldest && version <= m_versions[page]
            && std::ranges::all_of(bytes, [&](std::byte byte) { return byte == bytes[0]; });
    }

    /// Takes one of the steps that come next, or one of the jobs that wait; false when there is neither.
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
        if (chosen >= scripts.size())
            return m_loads->runAt(chosen - scripts.size());
        const std::size_t script = scripts[chosen];
        m_scripts[script][m_next[script]++](*this);
        return true;
    }

    /// Reads what is there now; what happens until the cache has it comes after that.
    Result<std::uint64_t> read(ByteOffset at, std::span<std::byte> into)
    {
        ++m_reads;
        for (std::size_t i = 0; i < into.size(); ++i)
            into[i] = static_cast<std::byte>(m_versions[static_cast<std::size_t>((at.value() + i) / kPage)]);
        if (m_depth < kDeepest) {
            ++m_depth;
            while (m_schedules.choose(2) == 1 && doOne()) { }
            --m_depth;
        }
        return into.size();
    }

    Schedules &m_schedules;
    const std::shared_ptr<ManualExecutor> m_loads = std::make_shared<ManualExecutor>();
    std::vector<std::vector<Step>> m_scripts;
    std::vector<std::size_t> m_next; ///< step of each script
    std::array<unsigned, kPages> m_versions{1, 1, 1};
    std::array<unsigned, kPages> m_oldest{1, 1, 1}; ///< that may be read from now on
    unsigned m_reads = 0;
    unsigned m_depth = 0;
    unsigned m_owed = 0;
    bool m_right = true;
};

using Script = std::vector<Scene::Step>;

Scene::Step load(std::uint64_t page)
{
    return [page](Scene &scene) { scene.load(page); };
}

Scene::Step write(std::uint64_t page)
{
    return [page](Scene &scene) { scene.write(page); };
}

Scene::Step look(std::uint64_t page)
{
    return [page](Scene &scene) { scene.look(page); };
}

} // namespace

class TestLoadInterleavings : public QObject {
    Q_OBJECT

private slots:
    void neverShowsWhatWasInvalidated_data();
    void neverShowsWhatWasInvalidated();
    void readsAPageOnceHoweverManyWantIt();
};

void TestLoadInterleavings::neverShowsWhatWasInvalidated_data()
{
    QTest::addColumn<int>("scripts");
    QTest::newRow("a load beside a write") << 0;
    QTest::newRow("two loads of one page beside a write") << 1;
    QTest::newRow("neighbours beside writes") << 2;
}

void TestLoadInterleavings::neverShowsWhatWasInvalidated()
{
    QFETCH(int, scripts);
    const std::array<std::vector<Script>, 3> all{{
        {{load(0), look(0)}, {write(0), write(0)}, {look(0)}},
        {{load(0), look(0)}, {load(0)}, {write(0)}},
        {{load(0), load(1)}, {write(1)}, {look(1)}},
    }};
    Schedules schedules;
    do {
        Scene scene(schedules);
        QVERIFY(scene.cached);
        scene.run(all[static_cast<std::size_t>(scripts)]);
        QVERIFY2(scene.right(), qPrintable(QString("run %1").arg(schedules.runs())));
        for (std::uint64_t page = 0; page < kPages; ++page)
            scene.look(page);
        QVERIFY(scene.right());
        QVERIFY2(schedules.runs() < 2'000'000, "more ways than one can try");
    } while (schedules.next());
    QVERIFY2(schedules.runs() > 50, qPrintable(QString::number(schedules.runs())));
}

void TestLoadInterleavings::readsAPageOnceHoweverManyWantIt()
{
    Schedules schedules;
    do {
        Scene scene(schedules);
        scene.run({{load(0)}, {load(0)}, {load(0), look(0)}});
        QVERIFY(scene.right());
        QCOMPARE(scene.reads(), 1U);
    } while (schedules.next());
    QVERIFY(schedules.runs() > 50);
}

QTEST_GUILESS_MAIN(TestLoadInterleavings)
#include "tst_load_interleavings.moc"
