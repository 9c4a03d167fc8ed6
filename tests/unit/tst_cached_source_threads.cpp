// SPDX-License-Identifier: GPL-3.0-or-later
// Sixteen threads that do to one cached source whatever it offers, judged by the disk: what each of them sees is never older than the last invalidation or refresh
// that had ended before it began to look.
#include "cachecore/base/thread_executor.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/chunks.h"
#include "cachecore/cache/cursor.h"
#include "tests/support/edits.h"
#include "tests/support/random.h"
#include "tests/support/versioned_disk.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <mutex>
#include <thread>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr unsigned kThreads = 16;
constexpr int kSteps = 1000;
constexpr std::uint32_t kPage = 4096;
constexpr std::uint64_t kPages = 768; ///< three times the smallest budget
constexpr std::uint64_t kSize = kPages * kPage;
constexpr std::array kIntents{Intent::Jump, Intent::Edit, Intent::Scroll, Intent::Scan};
constexpr std::array<std::uint64_t, 4> kBad{100, 1001, 3000, 5003}; ///< sectors that can never be read

/// What the threads share.
struct Shared {
    explicit Shared(WaitingReads waitingReads)
    {
        for (const std::uint64_t sector : kBad)
            disk->setBad(sector, true);
        if (auto created = CachedSource::create(disk, {kPage, minimumCacheBytes(kPage), waitingReads}, loads))
            cached = std::move(*created);
    }
    void require(bool condition, const char *what)
    {
        const char *none = nullptr;
        if (!condition)
            (void)wrong.compare_exchange_strong(none, what);
    }

    std::shared_ptr<VersionedDisk> disk = std::make_shared<VersionedDisk>(kSize / VersionedDisk::kSector);
    std::shared_ptr<ThreadExecutor> calls = std::make_shared<ThreadExecutor>(2);
    std::shared_ptr<ThreadExecutor> loads = std::make_shared<ThreadExecutor>(4);
    std::shared_ptr<CachedSource> cached;
    std::atomic<int> owed{0}; ///< calls not made yet
    std::atomic<int> called{0};
    std::atomic<const char *> wrong{nullptr}; ///< the first thing that was
    std::mutex handOver;                      ///< guards `handed`
    PageHandle handed;                        ///< from one thread to another
};

/// What one of the threads does.
class Worker {
public:
    Worker(Shared &shared, std::uint64_t number)
        : m_shared(shared)
        , m_cached(*shared.cached)
        , m_disk(*shared.disk)
        , m_random(140 + number)
        , m_cursor(m_cached)
    {
    }

    void run()
    {
        using Step = void (Worker::*)();
        static constexpr std::array<Step, 20> kKinds{
            &Worker::tryGet,   &Worker::load,      &Worker::loadLater, &Worker::read,        &Worker::readLater,
            &Worker::pinLater, &Worker::view,      &Worker::walk,      &Worker::next,        &Worker::typed,
            &Worker::text,     &Worker::overwrite, &Worker::rewrite,   &Worker::forget,      &Worker::resize,
            &Worker::observe,  &Worker::look,      &Worker::keep,      &Worker::copyOfItAll, &Worker::window};
        for (int step = 0; step < kSteps; ++step)
            (this->*kKinds[m_random.below(kKinds.size())])();
        for (const auto &[page, seen] : m_kept)
            m_shared.require(std::ranges::equal(page.bytes(), seen), "a pinned page has changed");
    }

private:
    using Expectation = VersionedDisk::Expectation;

    [[nodiscard]] Intent anyIntent() { return kIntents[m_random.below(kIntents.size())]; }
    /// A third of them on few pages, where all meet.
    [[nodiscard]] std::uint64_t anyPlace() { return m_random.below(m_random.oneIn(3) ? 4 * kPage : kSize); }
    [[nodiscard]] ByteRange anywhere(std::uint64_t most = 3 * kPage)
    {
        const std::uint64_t at = anyPlace();
        return rangeAt(at, std::min(m_random.between(1, most), kSize - at));
    }
    [[nodiscard]] static ByteRange pageAt(std::uint64_t at) { return rangeAt(at - at % kPage, kPage); }

    // --- judging ---------------------------------------------------------------------------------------------

    static void judgePart(Shared &shared, const Expectation &expected, ByteRange range,
                          std::span<const std::byte> bytes)
    {
        shared.require(shared.disk->explains(expected, range, bytes), "bytes are not right");
    }
    static void judge(Shared &shared, const Expectation &expected, const Error &error)
    {
        shared.require(shared.disk->explains(expected, error), "an error has no cause");
    }
    static void judge(Shared &shared, const Expectation &expected, const Result<PageHandle> &page)
    {
        if (page)
            judgePart(shared, expected, page->page().range(), page->bytes());
        else
            judge(shared, expected, page.error());
    }
    static void judge(Shared &shared, const Expectation &expected, const Result<void> &done,
                      std::span<const std::byte> bytes)
    {
        if (done)
            judgePart(shared, expected, expected.range(), bytes);
        else
            judge(shared, expected, done.error());
    }
    static void judge(Shared &shared, const Expectation &expected, const Result<ByteWindow> &window)
    {
        if (window)
            judgePart(shared, expected, window->range, window->bytes);
        else
            judge(shared, expected, window.error());
    }
    static void judge(Shared &shared, const Expectation &expected, const Result<std::vector<PageHandle>> &pages)
    {
        std::vector<std::byte> bytes(static_cast<std::size_t>(expected.range().length()));
        if (pages)
            copyPages(*pages, expected.range(), bytes);
        judge(shared, expected, pages ? Result<void>() : failure(pages.error()), bytes);
    }
    /// Judges what arrives later.
    template <typename Outcome>
    [[nodiscard]] auto told(const Expectation &expected)
    {
        ++m_shared.owed;
        return [shared = &m_shared, expected](const Outcome &outcome) {
            judge(*shared, expected, outcome);
            ++shared->called;
            --shared->owed;
        };
    }

    // --- reading ---------------------------------------------------------------------------------------------

    void tryGet()
    {
        const Expectation expected = m_disk.expect(pageAt(anyPlace()));
        if (const PageHandle page = m_cached.tryGet(expected.range().begin()))
            judgePart(m_shared, expected, page.page().range(), page.bytes());
    }
    void load()
    {
        const Expectation expected = m_disk.expect(pageAt(anyPlace()));
        judge(m_shared, expected, m_cached.load(expected.range().begin(), 1, anyIntent()));
    }
    void loadLater()
    {
        const Expectation expected = m_disk.expect(pageAt(anyPlace()));
        auto done = told<Result<PageHandle>>(expected);
        const PageHandle page
            = m_cached.loadAsync(expected.range().begin(), m_shared.calls, std::move(done), anyIntent());
        if (!page)
            return;
        --m_shared.owed;
        judgePart(m_shared, expected, page.page().range(), page.bytes());
    }
    void read()
    {
        const Expectation expected = m_disk.expect(anywhere());
        std::vector<std::byte> into(static_cast<std::size_t>(expected.range().length()));
        judge(m_shared, expected, m_cached.read(expected.range().begin(), into, anyIntent()), into);
    }
    void readLater()
    {
        const Expectation expected = m_disk.expect(anywhere());
        const auto into = std::make_shared<std::vector<std::byte>>(expected.range().length());
        ++m_shared.owed;
        const auto done = [shared = &m_shared, expected, into](const Result<void> &read) {
            judge(*shared, expected, read, *into);
            ++shared->called;
            --shared->owed;
        };
        if (!m_cached.readAsync(expected.range().begin(), *into, m_shared.calls, done, anyIntent()))
            return;
        --m_shared.owed;
        judge(m_shared, expected, {}, *into);
    }
    void pinLater()
    {
        const Expectation expected = m_disk.expect(anywhere());
        if (m_random.oneIn(2)) {
            judge(m_shared, expected, m_cached.pin(expected.range(), anyIntent(), {}));
            return;
        }
        auto done = told<Result<std::vector<PageHandle>>>(expected);
        auto here = m_cached.pinAsync(expected.range(), m_shared.calls, std::move(done), anyIntent());
        if (!here)
            return;
        --m_shared.owed;
        judge(m_shared, expected, Result<std::vector<PageHandle>>(std::move(*here)));
    }
    void view()
    {
        const Expectation expected = m_disk.expect(anywhere());
        judge(m_shared, expected, cachecore::view(m_cached, expected.range(), anyIntent()));
    }
    void window()
    {
        const Expectation expected = m_disk.expect(pageAt(anyPlace()));
        judge(m_shared, expected, m_cached.window(expected.range().begin(), Intent::Jump));
    }
    void walk()
    {
        const Expectation expected = m_disk.expect(anywhere(10 * kPage));
        ByteOffset next = expected.range().begin();
        for (const Result<ByteWindow> &chunk : Chunks(m_cached, expected.range(), anyIntent())) {
            judge(m_shared, expected, chunk);
            if (!chunk)
                return;
            m_shared.require(chunk->range.begin() == next, "a gap");
            next = chunk->range.end();
        }
        m_shared.require(next == expected.range().end(), "a walk ended early");
    }
    void next()
    {
        const PageHandle page = m_cached.tryGet(ByteOffset(anyPlace()));
        if (!page || page.page().range().end().value() == kSize)
            return;
        const Expectation expected = m_disk.expect(pageAt(page.page().range().end().value()));
        if (m_random.oneIn(2)) {
            judge(m_shared, expected, m_cached.next(page, anyIntent()));
            return;
        }
        auto later = m_cached.nextAsync(page, m_shared.calls, told<Result<PageHandle>>(expected), anyIntent());
        if (!later)
            return;
        --m_shared.owed;
        judge(m_shared, expected, Result<PageHandle>(std::move(*later)));
    }
    /// Values near each other, so that the cursor has its page for most.
    void typed()
    {
        const std::uint64_t begin = anyPlace() / 64 * 64;
        for (std::uint64_t at = begin; at < begin + 64; at += 8) {
            const Expectation expected = m_disk.expect(rangeAt(at, 8));
            const auto value = m_cursor.read<std::uint64_t>(ByteOffset(at));
            if (value)
                judgePart(m_shared, expected, expected.range(), std::as_bytes(std::span(&*value, 1)));
            else
                judge(m_shared, expected, value.error());
        }
        if (m_random.oneIn(3))
            m_cursor.release();
    }
    void text()
    {
        const Expectation expected = m_disk.expect(anywhere(3000));
        std::vector<std::byte> seen;
        const auto done
            = forEachByte(m_cached, expected.range(), [&](std::byte byte) { seen.push_back(byte); }, anyIntent());
        judge(m_shared, expected, done, seen);
    }

    // --- changing --------------------------------------------------------------------------------------------

    void overwrite()
    {
        const ByteRange range = anywhere();
        const auto written = m_disk.write(range);
        m_cached.invalidate(range);
        m_disk.settle(written);
    }
    void rewrite()
    {
        const ByteRange range = anywhere();
        const auto written = m_disk.write(range);
        m_cached.refresh(range, [range](ByteRange page) { return page.intersects(range); });
        m_disk.settle(written);
    }
    void forget() { m_cached.invalidate(anywhere()); }
    void resize()
    {
        if (m_random.oneIn(4))
            m_cached.setBudget(m_random.between(1, 2 * minimumCacheBytes(kPage)));
    }
    void observe()
    {
        const ByteRange range = anywhere();
        (void)m_cached.isCached(range);
        (void)m_cached.state(range.begin());
        (void)m_cached.peek({range.begin().value() / kPage});
        const CacheStatistics statistics = m_cached.statistics();
        m_shared.require(statistics.hits >= m_before.hits && statistics.misses >= m_before.misses
                             && statistics.loads >= m_before.loads && statistics.evictions >= m_before.evictions,
                         "a count went back");
        m_before = statistics;
        std::array<PageStateCounts, 16> counts;
        m_cached.states()->summarize({0}, kPages, counts);
        m_shared.require(m_cached.size() == kSize && m_cached.pagesSpanned(range) <= 4, "it has another size");
    }
    void look()
    {
        if (m_random.oneIn(2))
            m_cached.setViewport(anywhere(), m_random.oneIn(2) ? Intent::Jump : Intent::Scroll);
        else
            m_cached.prefetch(anywhere(10 * kPage),
                              m_random.oneIn(2) ? CachedSource::Background::Map : CachedSource::Background::Scan);
    }
    /// Keeps a page, or takes over one that another thread had.
    void keep()
    {
        PageHandle page = m_cached.tryGet(ByteOffset(anyPlace()));
        if (m_random.oneIn(2)) {
            const std::lock_guard lock(m_shared.handOver);
            std::swap(page, m_shared.handed);
        }
        if (!page)
            return;
        std::vector<std::byte> seen(page.bytes().begin(), page.bytes().end());
        if (m_kept.size() == 3)
            m_kept.erase(m_kept.begin());
        m_kept.emplace_back(std::move(page), std::move(seen));
    }
    /// Another cache over the same disk.
    void copyOfItAll()
    {
        if (!m_random.oneIn(5))
            return;
        const Expectation expected = m_disk.expect(pageAt(anyPlace()));
        const auto copy = m_cached.clone();
        m_shared.require(copy && (*copy)->statistics().residentBytes == 0, "no empty copy");
        if (copy)
            judge(m_shared, expected, (*copy)->load(expected.range().begin()));
    }

    Shared &m_shared;
    CachedSource &m_cached;
    VersionedDisk &m_disk;
    Random m_random;
    Cursor m_cursor;
    CacheStatistics m_before;
    std::vector<std::pair<PageHandle, std::vector<std::byte>>> m_kept; ///< with what was seen in them
};

} // namespace

class TestCachedSourceThreads : public QObject {
    Q_OBJECT

private slots:
    void c11SixteenThreadsDoEverythingAtOnce_data();
    void c11SixteenThreadsDoEverythingAtOnce();
};

void TestCachedSourceThreads::c11SixteenThreadsDoEverythingAtOnce_data()
{
    QTest::addColumn<bool>("onCaller");
    QTest::newRow("who waits is served by workers") << false;
    QTest::newRow("who waits reads") << true;
}

void TestCachedSourceThreads::c11SixteenThreadsDoEverythingAtOnce()
{
    QFETCH(bool, onCaller);
    Shared shared(onCaller ? WaitingReads::OnCaller : WaitingReads::OnExecutor);
    QVERIFY(shared.cached);
    {
        std::barrier ready(kThreads);
        std::vector<std::jthread> threads;
        for (unsigned number = 0; number < kThreads; ++number) {
            threads.emplace_back([&shared, &ready, number] {
                Worker worker(shared, number);
                ready.arrive_and_wait();
                worker.run();
            });
        }
    }
    QTRY_COMPARE_WITH_TIMEOUT(shared.owed.load(), 0, 60'000);
    QTRY_COMPARE_WITH_TIMEOUT(shared.cached->statistics().loading, std::uint64_t{0}, 60'000);
    QVERIFY2(!shared.wrong, shared.wrong);
    QVERIFY(shared.called > 0);
    shared.handed = {};
    shared.cached->setViewport(rangeAt(0, 1), Intent::Jump); // lets go of what was shown
    // All is still there, and the cache holds what it may.
    for (std::uint64_t at = 0; at < kSize; at += kPage) {
        const auto expected = shared.disk->expect(rangeAt(at, kPage));
        const auto page = shared.cached->load(ByteOffset(at));
        QVERIFY(page ? shared.disk->explains(expected, page->page().range(), page->bytes())
                     : shared.disk->explains(expected, page.error()));
    }
    const CacheStatistics statistics = shared.cached->statistics();
    QCOMPARE(statistics.detachedBytes, std::uint64_t{0});
    QVERIFY(statistics.residentBytes > 0 && statistics.residentBytes <= statistics.budgetBytes);
    QVERIFY(statistics.hits > 0 && statistics.misses > 0 && statistics.evictions > 0 && statistics.failedLoads > 0);
    QCOMPARE(shared.cached->close(std::chrono::seconds(20)), 0U);
}

QTEST_GUILESS_MAIN(TestCachedSourceThreads)
#include "tst_cached_source_threads.moc"
