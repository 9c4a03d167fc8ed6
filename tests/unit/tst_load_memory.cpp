// SPDX-License-Identifier: GPL-3.0-or-later
// Loading without memory: the Nth allocation fails, once or for good, N counted up until a run is clean. This program's operators new are
// counted_memory.cpp's.
#include "cachecore/base/thread_executor.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/load/page_loader.h"
#include "cachecore/source/memory_source.h"
#include "tests/support/act_rows.h"
#include "tests/support/clock_env.h"
#include "tests/support/counted_memory.h"
#include "tests/support/edits.h"
#include "tests/support/manual_executor.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <functional>
#include <vector>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kPage = 512;
constexpr std::uint64_t kPages = 100;
constexpr std::uint64_t kSize = kPages * kPage;
constexpr std::uint64_t kBad = 20; ///< a page that cannot be read
constexpr std::uint64_t kMostAllocations = 2000;

/// Memory with a bad page and a name too long to come without an allocation, and something to do while it reads.
class NamedSource final : public BlockSource {
public:
    explicit NamedSource(const std::vector<std::byte> &bytes)
        : m_memory(bytes)
    {
    }
    std::function<void()> whileReading; ///< once

    using BlockSource::readAt;
    Result<std::uint64_t> readAt(ByteOffset at, std::span<const std::span<std::byte>> into) override
    {
        if (const auto act = std::exchange(whileReading, nullptr))
            act();
        const auto got = m_memory.readAt(at, into);
        const ByteRange bad = rangeAt(kBad * kPage, kPage);
        if (got && bad.intersects(rangeAt(at.value(), *got)))
            return failure(Error::fromErrno(EIO, Operation::Read, bad, path()));
        return got;
    }
    Result<void> writev(ByteOffset at, std::span<const std::span<const std::byte>> from) override
    {
        return m_memory.writev(at, from);
    }
    void resize(std::uint64_t size) { m_memory.resize(size); }
    Result<void> sync() override { return {}; }
    Result<std::uint64_t> size() override { return m_memory.size(); }
    Result<SourceFingerprint> fingerprint() override { return m_memory.fingerprint(); }
    Result<void> checkStillNamed() override { return {}; }
    Result<ByteRange> nextData(ByteOffset from) override { return m_memory.nextData(from); }
    std::uint32_t blockSize() const override { return 512; }
    SourceIdentity identity() const override { return m_memory.identity(); }
    std::string path() const override { return "/a/name/that/is/too/long/for/a/small/string"; }
    bool writable() const override { return true; }
    Error readOnlyReason() const override { return {}; }

private:
    MemorySource m_memory;
};

/// What was called back, without needing memory for it.
struct Calls {
    int made = 0;
    bool right = true; ///< what was said to be there was
    std::optional<ErrorCode> error;
};

/// Who runs what the calling thread leaves to others: the test, in its own steps, or a worker, for calls that wait for it.
enum class Workers : bool { Stepped, Running };

struct Scene {
    explicit Scene(Workers workers)
    {
        if (workers == Workers::Running)
            worker = std::make_shared<ThreadExecutor>(1);
        const std::shared_ptr<Executor> executor = worker ? std::shared_ptr<Executor>(worker) : loads;
        const CacheOptions options{kPage, std::uint64_t{1} << 20, WaitingReads::OnCaller};
        cached = *CachedSource::create(source, options, executor, env);
        (void)cached->load(ByteOffset(0));
    }
    Scene(const Scene &) = delete;
    Scene &operator=(const Scene &) = delete;
    ~Scene()
    {
        cached.reset();
        if (worker)
            worker->shutDown(std::chrono::seconds(20)); // so that nothing of it is left behind on its thread
    }
    bool same(ByteRange range, std::span<const std::byte> got) const
    {
        const auto begin = bytes().begin() + static_cast<std::ptrdiff_t>(range.begin().value());
        return std::equal(got.begin(), got.end(), begin);
    }
    static const std::vector<std::byte> &bytes()
    {
        static const std::vector<std::byte> kBytes = patternBytes(kSize);
        return kBytes;
    }
    std::move_only_function<void(Result<PageHandle>)> page()
    {
        return [this](const Result<PageHandle> &page) {
            ++calls.made;
            if (page)
                calls.right = calls.right && same(page->page().range(), page->bytes());
            else
                calls.error = page.error().code;
        };
    }
    std::move_only_function<void(Result<void>)> done(ByteRange range)
    {
        return [this, range](const Result<void> &done) {
            ++calls.made;
            if (done)
                calls.right = calls.right && same(range, into);
            else
                calls.error = done.error().code;
        };
    }
    void finish() const { loads->runAll(); }

    std::shared_ptr<NamedSource> source = std::make_shared<NamedSource>(bytes());
    std::shared_ptr<ManualExecutor> loads = std::make_shared<ManualExecutor>();
    std::shared_ptr<ThreadExecutor> worker; ///< none when stepped
    std::shared_ptr<ClockEnv> env = std::make_shared<ClockEnv>();
    std::shared_ptr<CachedSource> cached;
    Calls calls;
    std::vector<std::byte> into;
};

struct Act {
    const char *name;
    /// Before memory fails; says how many calls are owed.
    std::function<int(Scene &)> prepare;
    /// What `Scene` is to do; its outcome, where it has one.
    std::function<std::optional<ErrorCode>(Scene &)> run;
    std::optional<ErrorCode> expected; ///< how it ends with memory
    Workers workers = Workers::Stepped;
};

template <typename T>
std::optional<ErrorCode> codeOf(const Result<T> &result)
{
    return result ? std::nullopt : std::optional(result.error().code);
}

int nothing(Scene &)
{
    return 0;
}

std::function<int(Scene &)> buffer(std::uint64_t bytes, int calls)
{
    return [bytes, calls](Scene &scene) {
        scene.into.resize(bytes);
        return calls;
    };
}

std::vector<Act> acts()
{
    const auto read = [](ByteRange range, Intent intent) {
        return [range, intent](Scene &scene) {
            auto done = scene.cached->read(range.begin(), scene.into, intent);
            scene.calls.right = !done || scene.same(range, scene.into);
            return codeOf(done);
        };
    };
    const auto readAsync = [](ByteRange range) {
        return [range](Scene &scene) -> std::optional<ErrorCode> {
            if (scene.cached->readAsync(range.begin(), scene.into, scene.loads, scene.done(range)))
                ++scene.calls.made;
            scene.finish();
            return scene.calls.error;
        };
    };
    const auto loadAsync = [](std::uint64_t at) {
        return [at](Scene &scene) -> std::optional<ErrorCode> {
            if (scene.cached->loadAsync(ByteOffset(at), scene.loads, scene.page()))
                ++scene.calls.made;
            scene.finish();
            return scene.calls.error;
        };
    };
    const auto oneCall = [](Scene &) { return 1; };
    const ByteRange some = rangeAt(3 * kPage + 7, 5 * kPage);
    const ByteRange bad = rangeAt(18 * kPage, 5 * kPage);
    return {
        {"look",
         nothing,
         [](Scene &scene) -> std::optional<ErrorCode> {
             scene.cached->setViewport(rangeAt(10 * kPage, 20 * kPage), Intent::Jump);
             scene.finish();
             return {};
         },
         {}},
        {"scroll",
         nothing,
         [](Scene &scene) -> std::optional<ErrorCode> {
             for (std::uint64_t page = 40; page < 44; ++page)
                 scene.cached->setViewport(rangeAt(page * kPage, 3 * kPage), Intent::Scroll);
             scene.finish();
             scene.cached->setViewport(rangeAt(0, kPage), Intent::Jump);
             return {};
         },
         {}},
        {"look again at what failed",
         [](Scene &scene) {
             scene.cached->setViewport(rangeAt(kBad * kPage, kPage), Intent::Jump);
             scene.finish();
             scene.env->advance(std::chrono::hours(1));
             return 0;
         },
         [](Scene &scene) -> std::optional<ErrorCode> {
             scene.cached->setViewport(rangeAt(kBad * kPage, kPage), Intent::Jump);
             scene.finish();
             return {};
         },
         {}},
        {"prefetch",
         nothing,
         [](Scene &scene) -> std::optional<ErrorCode> {
             scene.cached->prefetch(rangeAt(0, kSize), CachedSource::Background::Map);
             scene.cached->prefetch(rangeAt(0, 5 * kPage), CachedSource::Background::Map);
             scene.finish();
             return {};
         },
         {}},
        {"invalidate what is being read",
         nothing,
         [](Scene &scene) -> std::optional<ErrorCode> {
             scene.source->whileReading = [&scene] { scene.cached->invalidate(rangeAt(0, kSize)); };
             scene.cached->setViewport(rangeAt(5 * kPage, 5 * kPage), Intent::Jump);
             scene.finish();
             return {};
         },
         {}},
        {"load",
         nothing,
         [](Scene &scene) { return codeOf(scene.cached->load(ByteOffset(5 * kPage))); },
         {},
         Workers::Running},
        {"load a bad one", nothing, [](Scene &scene) { return codeOf(scene.cached->load(ByteOffset(kBad * kPage))); },
         ErrorCode::Io, Workers::Running},
        {"load past the end", nothing, [](Scene &scene) { return codeOf(scene.cached->load(ByteOffset(kSize))); },
         ErrorCode::OutOfRange, Workers::Running},
        {"load when closed", nothing,
         [](Scene &scene) {
             (void)scene.cached->close(std::chrono::milliseconds(0));
             return codeOf(scene.cached->load(ByteOffset(5 * kPage)));
         },
         ErrorCode::Closed, Workers::Running},
        {"read", buffer(some.length(), 0), read(some, Intent::Jump), {}, Workers::Running},
        {"read for a scan", buffer(some.length(), 0), read(some, Intent::Scan), {}, Workers::Running},
        {"read what is bad", buffer(bad.length(), 0), read(bad, Intent::Jump), ErrorCode::Io, Workers::Running},
        {"read for a scan what is bad", buffer(bad.length(), 0), read(bad, Intent::Scan), ErrorCode::Io,
         Workers::Running},
        {"window for a scan",
         nothing,
         [](Scene &scene) {
             auto window = scene.cached->window(ByteOffset(30 * kPage + 5), Intent::Scan);
             scene.calls.right = !window || scene.same(window->range, window->bytes);
             return codeOf(window);
         },
         {},
         Workers::Running},
        {"load later", oneCall, loadAsync(5 * kPage), {}},
        {"load later what is here", oneCall, loadAsync(0), {}},
        {"load later a bad one", oneCall, loadAsync(kBad * kPage), ErrorCode::Io},
        {"load later past the end", oneCall, loadAsync(kSize), ErrorCode::OutOfRange},
        {"read later", buffer(some.length(), 1), readAsync(some), {}},
        {"read later what is bad", buffer(bad.length(), 1), readAsync(bad), ErrorCode::Io},
        {"read later past the end", buffer(kPage + 1, 1), readAsync(rangeAt(kSize - kPage, kPage + 1)),
         ErrorCode::OutOfRange},
        {"read later and close", buffer(some.length(), 1),
         [some](Scene &scene) -> std::optional<ErrorCode> {
             (void)scene.cached->readAsync(some.begin(), scene.into, scene.loads, scene.done(some));
             (void)scene.cached->close(std::chrono::milliseconds(0));
             scene.finish();
             return scene.calls.error;
         },
         ErrorCode::Closed},
        {"grow",
         [](Scene &scene) {
             scene.source->resize(2 * kSize);
             return 0;
         },
         [](Scene &scene) { return codeOf(scene.cached->refreshSize()); },
         {}},
    };
}

/// Everything can be had, once there is memory again and the time for another try has come.
void verifyAllIsWell(Scene &scene, const std::string &where)
{
    scene.env->advance(std::chrono::hours(2));
    scene.finish();
    QTRY_VERIFY2(scene.cached->statistics().loading == 0, where.c_str()); // what a worker was left with ends too
    QVERIFY(scene.cached->refreshSize());
    for (std::uint64_t page = 0; page < kPages; ++page) {
        const auto loaded = scene.cached->load(ByteOffset(page * kPage));
        QVERIFY2(loaded.has_value() == (page != kBad), where.c_str());
        QVERIFY2(!loaded || scene.same(loaded->page().range(), loaded->bytes()), where.c_str());
    }
    QCOMPARE(scene.cached->statistics().loading, std::uint64_t{0});
    QCOMPARE(scene.cached->close(std::chrono::milliseconds(0)), 0U);
}

} // namespace

class TestLoadMemory : public QObject {
    Q_OBJECT

private slots:
    void endsInAnErrorForThatCallAlone_data();
    void endsInAnErrorForThatCallAlone();
    void aLoadThatCannotBeAskedForIsNotCalledBack();
    void aTaskThatCannotBeQueuedIsNotRun();
};

void TestLoadMemory::endsInAnErrorForThatCallAlone_data()
{
    addActRows(acts());
}

void TestLoadMemory::endsInAnErrorForThatCallAlone()
{
    QFETCH(int, act);
    QFETCH(bool, forGood);
    const Act chosen = acts()[static_cast<std::size_t>(act)];
    {
        Scene scene(chosen.workers); // so that what is made once for all is there
        (void)chosen.prepare(scene);
        (void)chosen.run(scene);
    }
    bool failed = true;
    for (std::uint64_t nth = 0; failed; ++nth) {
        QVERIFY(nth < kMostAllocations);
        const std::string where = "allocation " + std::to_string(nth);
        const std::int64_t before = memory::liveBytes();
        {
            Scene scene(chosen.workers);
            const int owed = chosen.prepare(scene);
            memory::failAfter(nth, forGood ? memory::kForGood : 1);
            const std::optional<ErrorCode> outcome = chosen.run(scene);
            failed = memory::stopFailing();
            scene.source->whileReading = nullptr; // it may not have come to it
            scene.finish();
            QVERIFY2(scene.calls.right, where.c_str());
            QVERIFY2(scene.calls.made == owed, where.c_str());
            QVERIFY2(outcome == chosen.expected || (failed && outcome == ErrorCode::OutOfMemory), where.c_str());
            if (chosen.expected != ErrorCode::Closed)
                verifyAllIsWell(scene, where);
            if (QTest::currentTestFailed())
                return;
        }
        QVERIFY2(memory::liveBytes() == before, where.c_str());
    }
}

void TestLoadMemory::aLoadThatCannotBeAskedForIsNotCalledBack()
{
    const auto executor = std::make_shared<ManualExecutor>();
    const auto extent = std::make_shared<SourceExtent>();
    extent->documentSize = kSize;
    extent->sourceSize = kSize;
    extent->pageSize = kPage;
    const auto source = std::make_shared<NamedSource>(Scene::bytes());
    const auto cache
        = std::make_shared<PageCache>(std::uint64_t{1} << 20, kPages, std::make_shared<FramePool>(std::size_t{kPage}));
    const auto loader = std::make_shared<PageLoader>(source, cache, extent, executor, std::make_shared<ClockEnv>(),
                                                     std::weak_ptr<LoadListener>());
    bool failed = true;
    std::uint64_t threw = 0;
    for (std::uint64_t nth = 0; failed; ++nth) {
        int called = 0;
        bool asked = true;
        memory::failAfter(nth, 1);
        try {
            loader->whenLoaded({5}, Intent::Jump, [&called](const Result<PageHandle> &) { ++called; });
        } catch (const std::bad_alloc &) {
            asked = false;
        }
        failed = memory::stopFailing();
        executor->runAll();
        QCOMPARE(called, asked ? 1 : 0);
        threw += asked ? 0 : 1;
        QVERIFY(cache->states()->state({5}) != PageState::Loading);
        loader->invalidate({{5}, 1});
        cache->invalidate({0}, kPages);
    }
    QVERIFY(threw > 2);
}

void TestLoadMemory::aTaskThatCannotBeQueuedIsNotRun()
{
    bool failed = true;
    std::uint64_t threw = 0;
    for (std::uint64_t nth = 0; failed; ++nth) {
        ThreadExecutor executor(2);
        std::atomic<int> ran{0};
        int queued = 0;
        memory::failAfter(nth, 1);
        for (int task = 0; task < 3; ++task) {
            try {
                queued += executor.post([&ran] { ++ran; }) ? 1 : 0;
            } catch (const std::bad_alloc &) {
                ++threw;
            }
        }
        failed = memory::stopFailing();
        QVERIFY(executor.post([&ran] { ++ran; }));
        QTRY_COMPARE(ran.load(), queued + 1);
        QVERIFY(executor.shutDown(std::chrono::seconds(20)));
        QCOMPARE(ran.load(), queued + 1);
    }
    QVERIFY(threw > 2);
}

QTEST_GUILESS_MAIN(TestLoadMemory)
#include "tst_load_memory.moc"
