// SPDX-License-Identifier: GPL-3.0-or-later
// Loading without memory: the Nth allocation fails, once or for good, N counted up until a run is clean. This program's operators new are
// counted_memory.cpp's.
#include "cachecore/cache/load/page_loader.h"
#include "cachecore/cache/page_cache.h"
#include "tests/support/act_rows.h"
#include "tests/unit/starved_scene.h"

#include <QTest>

#include <atomic>
#include <vector>

using namespace cachecore;
using namespace cachet_test;
using namespace cachet_test::starved;

namespace {

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
    failEveryAllocation(acts()[static_cast<std::size_t>(act)], forGood);
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
