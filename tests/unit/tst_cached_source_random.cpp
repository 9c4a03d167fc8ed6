// SPDX-License-Identifier: GPL-3.0-or-later
// A cached source next to a disk that knows what may be read of it, under random operations: jobs and calls end in any order and while others read, pages are
// evicted, sectors fail and heal, the content changes. Nothing depends on time or threads, so that a seed repeats a run.
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/chunks.h"
#include "cachecore/cache/page_cache.h"
#include "tests/support/clock_env.h"
#include "tests/support/edits.h"
#include "tests/support/manual_executor.h"
#include "tests/support/random.h"
#include "tests/support/versioned_disk.h"

#include <QTest>

#include <algorithm>
#include <array>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSectors = 8192; ///< four times the smallest budget
constexpr std::array kIntents{Intent::Jump, Intent::Edit, Intent::Scroll, Intent::Scan};
constexpr std::size_t kMostPins = 4;
constexpr std::size_t kMostBad = 6; ///< splitting around them must not run into its bound
constexpr unsigned kDeepest = 2;    ///< reads under way at the same time

class Run {
public:
    using Expectation = VersionedDisk::Expectation;

    Run(Random &random, std::uint32_t pageSize)
        : m_random(random)
        , m_pageSize(pageSize)
    {
        m_disk->setHook([this] {
            while (m_depth < kDeepest && m_random.oneIn(3)) {
                ++m_depth;
                stepBeside();
                --m_depth;
            }
        });
        const CacheOptions options{pageSize, minimumCacheBytes(pageSize), WaitingReads::OnCaller};
        if (auto created = CachedSource::create(m_disk, options, m_loads, m_env))
            m_cached = std::move(*created);
    }
    Run(const Run &) = delete;
    Run &operator=(const Run &) = delete;
    ~Run()
    {
        (void)m_cached->close(0ms);
        m_loads->shutDown(); // what waits there holds the executor itself
        m_calls->shutDown();
    }

    void step()
    {
        if (m_random.oneIn(2))
            stepBeside();
        else
            stepThatWaits();
    }

    /// At rest what is resident is what the disk holds, and everything can be had once nothing fails any more.
    void end()
    {
        m_disk->setHook({});
        while (m_loads->runOne() || m_calls->runOne()) { }
        require(m_owed == 0, "a call was not made");
        require(m_cached->statistics().loading == 0, "a load was left");
        for (std::uint64_t at = 0; at < m_disk->bytes(); at += m_pageSize)
            tryGet(at);
        for (const std::uint64_t sector : std::exchange(m_bad, {}))
            m_disk->setBad(sector, false);
        passTime();
        const std::uint64_t errors = m_errors;
        for (std::uint64_t at = 0; at < m_disk->bytes(); at += m_pageSize)
            load(at, Intent::Jump);
        require(m_errors == errors, "an error without a cause");
    }

    [[nodiscard]] const char *wrong() const { return m_wrong; }
    [[nodiscard]] std::uint64_t errors() const { return m_errors; }
    [[nodiscard]] std::uint64_t called() const { return m_called; }
    [[nodiscard]] CacheStatistics statistics() const { return m_cached->statistics(); }

private:
    using Step = void (Run::*)();

    void require(bool condition, const char *what)
    {
        if (!condition && !m_wrong)
            m_wrong = what;
    }

    // --- where, and what is expected there -----------------------------------------------------------------

    [[nodiscard]] Intent anyIntent() { return kIntents[m_random.below(kIntents.size())]; }
    /// Half of them near the beginning, so that pages are met again.
    [[nodiscard]] std::uint64_t anyPlace()
    {
        return m_random.oneIn(2) ? m_random.below(m_disk->bytes()) : m_random.skewedBelow(m_disk->bytes());
    }
    [[nodiscard]] ByteRange anywhere()
    {
        const std::uint64_t at = anyPlace();
        return rangeAt(at, std::min(m_random.between(1, 3 * std::uint64_t{m_pageSize}), m_disk->bytes() - at));
    }
    [[nodiscard]] ByteRange pageAt(std::uint64_t at) const { return rangeAt(at - at % m_pageSize, m_pageSize); }
    [[nodiscard]] const std::shared_ptr<ManualExecutor> &anyExecutor() { return m_random.oneIn(2) ? m_loads : m_calls; }

    void judge(const Expectation &expected, const Result<PageHandle> &page)
    {
        if (page)
            require(m_disk->explains(expected, page->page().range(), page->bytes()), "a page is not right");
        else
            judge(expected, page.error());
    }
    void judge(const Expectation &expected, const Error &error)
    {
        ++m_errors;
        require(m_disk->explains(expected, error), "an error has no cause");
    }
    void judge(const Expectation &expected, const Result<void> &done, std::span<const std::byte> bytes)
    {
        if (done)
            require(m_disk->explains(expected, expected.range(), bytes), "bytes are not right");
        else
            judge(expected, done.error());
    }
    void judge(const Expectation &expected, const Result<ByteWindow> &window)
    {
        if (window)
            require(m_disk->explains(expected, window->range, window->bytes), "a window is not right");
        else
            judge(expected, window.error());
    }
    void judge(const Expectation &expected, const Result<std::vector<PageHandle>> &pages)
    {
        if (!pages)
            return judge(expected, pages.error());
        std::vector<std::byte> bytes(static_cast<std::size_t>(expected.range().length()));
        copyPages(*pages, expected.range(), bytes);
        require(m_disk->explains(expected, expected.range(), bytes), "pinned bytes are not right");
    }
    /// What every step leaves.
    void judgeBudget()
    {
        const CacheStatistics statistics = m_cached->statistics();
        require(statistics.residentBytes + statistics.detachedBytes <= std::max(statistics.budgetBytes, m_mostHeld),
                "more than the budget is held");
    }

    // --- what waits for nothing, also while a read is under way --------------------------------------------

    void stepBeside()
    {
        static constexpr std::array<Step, 18> kSteps{&Run::tryGetAnywhere, &Run::loadLater,   &Run::loadLater,
                                                     &Run::readLater,      &Run::readLater,   &Run::nextLater,
                                                     &Run::pinLater,       &Run::runTask,     &Run::runTask,
                                                     &Run::runTask,        &Run::look,        &Run::keepOrRelease,
                                                     &Run::prefetch,       &Run::spoilOrHeal, &Run::resize,
                                                     &Run::forget,         &Run::overwrite,   &Run::rewrite};
        // What one waits for and is invalidated meanwhile is read again by a worker, and here is none.
        const std::size_t steps = kSteps.size() - (m_waits ? 3 : 0);
        (this->*kSteps[m_random.below(steps)])();
        judgeBudget();
    }

    void tryGet(std::uint64_t at)
    {
        const Expectation expected = m_disk->expect(pageAt(at));
        const bool cached = m_cached->isCached(pageAt(at));
        const PageHandle page = m_cached->tryGet(ByteOffset(at));
        require(static_cast<bool>(page) == cached, "it is and is not cached");
        if (page)
            require(m_disk->explains(expected, page.page().range(), page.bytes()), "a resident page is not right");
    }
    void tryGetAnywhere() { tryGet(anyPlace()); }
    void loadLater()
    {
        const std::uint64_t at = anyPlace();
        const Expectation expected = m_disk->expect(pageAt(at));
        ++m_owed;
        const PageHandle page = m_cached->loadAsync(ByteOffset(at), anyExecutor(), told(expected), anyIntent());
        if (!page)
            return;
        notOwed();
        require(m_disk->explains(expected, page.page().range(), page.bytes()), "a page at once is not right");
    }
    void nextLater()
    {
        const PageHandle page = m_cached->tryGet(ByteOffset(anyPlace()));
        if (!page || page.page().range().end().value() == m_disk->bytes())
            return;
        const Expectation expected = m_disk->expect(pageAt(page.page().range().end().value()));
        ++m_owed;
        const auto next = m_cached->nextAsync(page, anyExecutor(), told(expected), anyIntent());
        if (!next)
            return;
        notOwed();
        require(*next && m_disk->explains(expected, next->page().range(), next->bytes()), "the next page is not right");
    }
    void readLater()
    {
        const Expectation expected = m_disk->expect(anywhere());
        const auto into = std::make_shared<std::vector<std::byte>>(expected.range().length(), std::byte{0xee});
        ++m_owed;
        const auto done = [this, expected, into](const Result<void> &read) {
            notOwed();
            ++m_called;
            judge(expected, read, *into);
            require(read || std::ranges::count(*into, std::byte{0xee}) == std::ssize(*into), "copied before an error");
        };
        if (m_cached->readAsync(expected.range().begin(), *into, anyExecutor(), done, anyIntent())) {
            notOwed();
            judge(expected, {}, *into);
        }
    }
    void pinLater()
    {
        const Expectation expected = m_disk->expect(anywhere());
        ++m_owed;
        const auto done = [this, expected](const Result<std::vector<PageHandle>> &pages) {
            notOwed();
            ++m_called;
            judge(expected, pages);
        };
        auto here = m_cached->pinAsync(expected.range(), anyExecutor(), done, anyIntent());
        if (here) {
            notOwed();
            judge(expected, Result<std::vector<PageHandle>>(std::move(*here)));
        }
    }
    CachedSource::LoadDone told(const Expectation &expected)
    {
        return [this, expected](const Result<PageHandle> &page) {
            notOwed();
            ++m_called;
            judge(expected, page);
        };
    }
    void notOwed()
    {
        require(m_owed > 0, "called twice");
        --m_owed;
    }
    void runTask()
    {
        ManualExecutor &executor = m_random.oneIn(3) ? *m_calls : *m_loads;
        if (executor.waiting() > 0)
            (void)executor.runAt(static_cast<std::size_t>(m_random.below(executor.waiting())));
    }
    void keepOrRelease()
    {
        if (m_kept.size() == kMostPins || (!m_kept.empty() && m_random.oneIn(2))) {
            const auto kept = m_kept.begin() + static_cast<std::ptrdiff_t>(m_random.below(m_kept.size()));
            require(std::ranges::equal(kept->first.bytes(), kept->second), "a pinned page has changed");
            m_kept.erase(kept);
        } else if (PageHandle page = m_cached->tryGet(ByteOffset(anyPlace()))) {
            std::vector<std::byte> seen(page.bytes().begin(), page.bytes().end());
            m_kept.emplace_back(std::move(page), std::move(seen));
        }
    }
    void look() { m_cached->setViewport(rangeAt(anyPlace(), 1), m_random.oneIn(2) ? Intent::Jump : Intent::Scroll); }
    void prefetch()
    {
        m_cached->prefetch(anywhere(),
                           m_random.oneIn(2) ? CachedSource::Background::Map : CachedSource::Background::Scan);
    }
    void forget()
    {
        const ByteRange range = anywhere();
        m_cached->invalidate(range);
        require(!m_cached->isCached(range), "cached after an invalidation");
    }
    void overwrite()
    {
        const ByteRange range = anywhere();
        const auto written = m_disk->write(range);
        m_cached->invalidate(range);
        m_disk->settle(written);
    }
    void rewrite()
    {
        const ByteRange range = anywhere();
        const auto written = m_disk->write(range);
        m_cached->refresh(range, [range](ByteRange page) { return page.intersects(range); });
        m_disk->settle(written);
    }
    void spoilOrHeal()
    {
        if (m_bad.size() == kMostBad || (!m_bad.empty() && m_random.oneIn(2))) {
            const auto healed = m_bad.begin() + static_cast<std::ptrdiff_t>(m_random.below(m_bad.size()));
            m_disk->setBad(*healed, false);
            m_bad.erase(healed);
            return;
        }
        m_bad.push_back(anyPlace() / VersionedDisk::kSector);
        m_disk->setBad(m_bad.back(), true);
    }
    void resize()
    {
        if (m_random.oneIn(4)) {
            m_cached->setBudget(minimumCacheBytes(m_pageSize) + m_random.skewedBelow(1 << 20));
            const CacheStatistics statistics = m_cached->statistics();
            m_mostHeld = statistics.residentBytes + statistics.detachedBytes; // more than the budget when pinned
        }
    }

    // --- what waits, when no read is under way -------------------------------------------------------------

    void stepThatWaits()
    {
        static constexpr std::array<Step, 9> kSteps{&Run::loadAnywhere, &Run::loadAnywhere, &Run::read,
                                                    &Run::read,         &Run::view,         &Run::window,
                                                    &Run::walk,         &Run::pin,          &Run::passTimeSometimes};
        m_waits = true;
        (this->*kSteps[m_random.below(kSteps.size())])();
        m_waits = false;
        judgeBudget();
    }

    void load(std::uint64_t at, Intent intent)
    {
        const Expectation expected = m_disk->expect(pageAt(at));
        judge(expected, m_cached->load(ByteOffset(at), 1, intent));
    }
    void loadAnywhere() { load(anyPlace(), anyIntent()); }
    void read()
    {
        const Expectation expected = m_disk->expect(anywhere());
        std::vector<std::byte> into(static_cast<std::size_t>(expected.range().length()), std::byte{0xee});
        const auto done = m_cached->read(expected.range().begin(), into, anyIntent());
        judge(expected, done, into);
        require(done || std::ranges::count(into, std::byte{0xee}) == std::ssize(into), "copied before an error");
    }
    void view()
    {
        const Expectation expected = m_disk->expect(anywhere());
        const auto seen = cachecore::view(*m_cached, expected.range(), anyIntent());
        require(!seen || seen->range == expected.range(), "a view of something else");
        judge(expected, seen);
    }
    void window()
    {
        const std::uint64_t at = anyPlace();
        const Intent intent = anyIntent();
        // For a scan it may be as long as a read.
        const ByteRange most = intent == Intent::Scan ? clippedRange(pageAt(at).begin(), kMostStreamed) : pageAt(at);
        const Expectation expected = m_disk->expect(most);
        const auto seen = m_cached->window(ByteOffset(at), intent);
        require(!seen || seen->range.contains(ByteOffset(at)), "a window on something else");
        judge(expected, seen);
    }
    /// Page after page, in the one way or the other.
    void walk()
    {
        const ByteRange range = anywhere();
        const Intent intent = anyIntent();
        ByteOffset next = range.begin();
        const Expectation expected = m_disk->expect(range);
        for (const Result<ByteWindow> &chunk : Chunks(*m_cached, range, intent)) {
            judge(expected, chunk);
            if (!chunk)
                return;
            require(chunk->range.begin() == next, "a gap");
            next = chunk->range.end();
        }
        require(next == range.end(), "the walk ended early");
        if (range.end().value() == m_disk->bytes())
            return;
        if (const PageHandle page = m_cached->tryGet(range.begin());
            page && page.page().range().end().value() < m_disk->bytes()) {
            const Expectation following = m_disk->expect(pageAt(page.page().range().end().value()));
            judge(following, m_cached->next(page, intent));
        }
    }
    void pin()
    {
        const Expectation expected = m_disk->expect(anywhere());
        judge(expected, m_cached->pin(expected.range(), anyIntent(), {}));
    }
    /// What failed may be tried again everywhere.
    void passTime()
    {
        m_env->advance(65s);
        m_disk->settleFailures();
    }
    void passTimeSometimes()
    {
        if (m_random.oneIn(5))
            passTime();
    }

    static constexpr std::uint64_t kMostStreamed = std::uint64_t{1} << 20;

    Random &m_random;
    const std::uint32_t m_pageSize;
    const std::shared_ptr<VersionedDisk> m_disk = std::make_shared<VersionedDisk>(kSectors);
    const std::shared_ptr<ManualExecutor> m_loads = std::make_shared<ManualExecutor>();
    const std::shared_ptr<ManualExecutor> m_calls = std::make_shared<ManualExecutor>();
    const std::shared_ptr<ClockEnv> m_env = std::make_shared<ClockEnv>();
    std::shared_ptr<CachedSource> m_cached;
    std::vector<std::pair<PageHandle, std::vector<std::byte>>> m_kept; ///< with what was seen in them
    std::vector<std::uint64_t> m_bad;                                  ///< sectors
    std::uint64_t m_mostHeld = 0;                                      ///< bytes held when the budget was last set
    bool m_waits = false;                                              ///< the step waits for its reads
    unsigned m_depth = 0;
    unsigned m_owed = 0;
    std::uint64_t m_called = 0;
    std::uint64_t m_errors = 0;
    const char *m_wrong = nullptr; ///< the first thing that was
};

} // namespace

class TestCachedSourceRandom : public QObject {
    Q_OBJECT

private slots:
    void bringsWhatTheDiskMayHoldAndNothingElse_data();
    void bringsWhatTheDiskMayHoldAndNothingElse();
};

void TestCachedSourceRandom::bringsWhatTheDiskMayHoldAndNothingElse_data()
{
    QTest::addColumn<quint32>("pageSize");
    for (const quint32 pageSize : {512U, 1024U, 4096U, 16'384U, 65'536U})
        QTest::addRow("pages of %u", pageSize) << pageSize;
}

void TestCachedSourceRandom::bringsWhatTheDiskMayHoldAndNothingElse()
{
    QFETCH(quint32, pageSize);
    Random random(130 + pageSize);
    Run run(random, pageSize);
    for (int step = 0; step < 6'000; ++step) {
        run.step();
        QVERIFY2(!run.wrong(), qPrintable(QString("step %1: %2").arg(step).arg(run.wrong())));
    }
    run.end();
    QVERIFY2(!run.wrong(), run.wrong());
    // All of it was tried.
    const CacheStatistics statistics = run.statistics();
    QVERIFY(statistics.hits > 100 && statistics.misses > 100 && statistics.merges > 0);
    QVERIFY(run.called() > 100 && run.errors() > 10);
    QVERIFY(pageSize < 4096 || statistics.evictions > 100);
}

QTEST_GUILESS_MAIN(TestCachedSourceRandom)
#include "tst_cached_source_random.moc"
