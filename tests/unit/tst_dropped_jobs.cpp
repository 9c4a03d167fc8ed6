// SPDX-License-Identifier: GPL-3.0-or-later
// Executors that give up the loader's jobs unrun: nobody waits for them in vain.
#include "tests/support/cached_fixture.h"
#include "tests/support/loader_rig.h"

#include <QTest>

#include <deque>
#include <future>
#include <mutex>
#include <optional>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kPage = LoaderRig::kPage;

/// Keeps the newest task alone: a full queue destroys the oldest one to make room, inside of post. Nothing runs but when it is told to.
class NewestOnlyExecutor final : public Executor {
public:
    bool post(Task task) override
    {
        std::swap(m_newest, task); // what was there goes with the argument
        return true;
    }
    unsigned concurrency() const override { return 4; }
    bool workerStuck() override { return false; }
    void workerRecovered() override { }

    void run()
    {
        Task task = std::exchange(m_newest, {});
        if (task)
            task();
    }

private:
    Task m_newest;
};

/// Takes every task and destroys it before post returns.
class LyingExecutor final : public Executor {
public:
    bool post(Task) override { return true; }
    unsigned concurrency() const override { return 4; }
    bool workerStuck() override { return true; }
    void workerRecovered() override { }
};

/// What whenLoaded told, and how often.
struct Told {
    PageLoader::Loaded call()
    {
        return [this](const Result<PageHandle> &page) {
            ++times;
            error = page ? std::nullopt : std::optional(page.error().code);
        };
    }
    int times = 0;
    std::optional<ErrorCode> error;
};

std::future<Result<PageHandle>> waitFor(const LoaderRig &rig, std::uint64_t page)
{
    return std::async(std::launch::async,
                      [loader = rig.loader, page] { return loader->wait({page}, Intent::Jump, {}); });
}

} // namespace

class TestDroppedJobs : public QObject {
    Q_OBJECT

private slots:
    void thoseWhoWaitAreToldAtOnce();
    void thePageCanBeLoadedAgain();
    void anotherLoaderCanLoadThePage();
    void otherJobsStillComeForWhatWaits();
    void aReadUnderWayEndsAsEver();
    void aPoolThatEndsKeepsNobody();
    void aTaskDestroyedInsideOfPostIsMissedToo();
    void aJobMayBeTheLastToHoldItsLoader();
    void callersOfACachedSourceHearOfIt();
};

void TestDroppedJobs::thoseWhoWaitAreToldAtOnce()
{
    SteppedLoader setup;
    Told told;
    setup.loader->whenLoaded({7}, Intent::Jump, told.call());
    auto waiter = waitFor(setup, 500);
    QTRY_COMPARE(setup.state(500), PageState::Loading);
    setup.request(900, 5, 1);
    setup.executor->dropAll();
    QCOMPARE(told.times, 1);
    QCOMPARE(told.error, std::optional(ErrorCode::Closed));
    QCOMPARE(waiter.wait_for(20s), std::future_status::ready);
    const auto page = waiter.get();
    QCOMPARE(page.error().code, ErrorCode::Closed);
    QCOMPARE(page.error().operation, Operation::Read);
    QCOMPARE(page.error().range, std::optional(rangeAt(500 * kPage, kPage)));
    for (const std::uint64_t number : {7, 500, 900, 904})
        QCOMPARE(setup.state(number), PageState::Absent);
    QCOMPARE(setup.source->count(SourceOp::Read), std::uint64_t{0});
    QCOMPARE(setup.statistics().loading, std::uint64_t{0});
}

void TestDroppedJobs::thePageCanBeLoadedAgain()
{
    SteppedLoader setup;
    for (int round = 0; round < 3; ++round) {
        Told told;
        setup.loader->whenLoaded({7}, Intent::Jump, told.call());
        setup.executor->dropAll();
        QCOMPARE(told.error, std::optional(ErrorCode::Closed));
    }
    Told told;
    setup.loader->whenLoaded({7}, Intent::Jump, told.call());
    setup.executor->runAll();
    QCOMPARE(told.times, 1);
    QVERIFY(!told.error);
    QVERIFY(setup.holds(7, setup.bytes));
    // As many workers as ever: none of those given up is counted.
    for (std::uint64_t page = 100; page < 180; page += 10)
        setup.request(page, 1, 1);
    QCOMPARE(setup.executor->waiting(), std::size_t{setup.executor->concurrency()});
    setup.executor->dropAll(); // or they would hold the loader that holds the executor that holds them
}

void TestDroppedJobs::anotherLoaderCanLoadThePage()
{
    SteppedLoader setup;
    auto waiter = waitFor(setup, 7);
    QTRY_COMPARE(setup.executor->waiting(), std::size_t{1});
    setup.executor->shutDown();
    QCOMPARE(waiter.get().error().code, ErrorCode::Closed);
    const auto other = std::make_shared<PageLoader>(setup.source, setup.cache, setup.extent,
                                                    std::make_shared<ThreadExecutor>(2), setup.env, setup.listener);
    QVERIFY(other->wait({7}, Intent::Jump, {}).has_value());
    QVERIFY(setup.holds(7, setup.bytes));
    QCOMPARE(setup.state(7), PageState::Ready);
    (void)other->close(20s);
}

void TestDroppedJobs::otherJobsStillComeForWhatWaits()
{
    SteppedLoader setup;
    Told first;
    Told second;
    setup.loader->whenLoaded({7}, Intent::Jump, first.call());
    setup.loader->whenLoaded({500}, Intent::Jump, second.call());
    QCOMPARE(setup.executor->waiting(), std::size_t{2});
    setup.executor->dropAt(0);
    QCOMPARE(first.times + second.times, 0);
    setup.executor->runAll();
    QCOMPARE(first.times, 1);
    QCOMPARE(second.times, 1);
    QVERIFY(setup.holds(7, setup.bytes) && setup.holds(500, setup.bytes));
}

void TestDroppedJobs::aReadUnderWayEndsAsEver()
{
    SteppedLoader setup;
    const auto gate = std::make_shared<Gate>();
    setup.source->setGate(SourceOp::Read, gate);
    Told running;
    Told waiting;
    setup.loader->whenLoaded({7}, Intent::Jump, running.call());
    auto worker = std::async(std::launch::async, [&] { return setup.executor->runOne(); });
    QVERIFY(gate->waitForWaiting(1));
    setup.loader->whenLoaded({500}, Intent::Jump, waiting.call());
    setup.executor->dropAll();
    QCOMPARE(waiting.error, std::optional(ErrorCode::Closed));
    QCOMPARE(running.times, 0);
    gate->open();
    QVERIFY(worker.get());
    QCOMPARE(running.times, 1);
    QVERIFY(!running.error && setup.holds(7, setup.bytes));
}

void TestDroppedJobs::aPoolThatEndsKeepsNobody()
{
    const auto pool = std::make_shared<ThreadExecutor>(1);
    LoaderRig setup(pool);
    const auto gate = std::make_shared<Gate>();
    QVERIFY(pool->post([gate] { gate->pass(); })); // somebody else's work hangs
    QVERIFY(gate->waitForWaiting(1));
    auto waiter = waitFor(setup, 500);
    QTRY_COMPARE(setup.state(500), PageState::Loading);
    QVERIFY(!pool->shutDown(0ms));
    const bool told = waiter.wait_for(20s) == std::future_status::ready;
    gate->open();
    QVERIFY(told);
    QCOMPARE(waiter.get().error().code, ErrorCode::Closed);
    // Who comes later is refused, at once too.
    QCOMPARE(setup.loader->wait({600}, Intent::Jump, {}).error().code, ErrorCode::Closed);
    QCOMPARE(setup.loader->close(20s), 0U);
}

void TestDroppedJobs::aTaskDestroyedInsideOfPostIsMissedToo()
{
    const auto newest = std::make_shared<NewestOnlyExecutor>();
    LoaderRig setup(newest);
    Told first;
    Told second;
    setup.loader->whenLoaded({7}, Intent::Jump, first.call());
    setup.loader->whenLoaded({500}, Intent::Jump, second.call());
    for (int i = 0; i < 4; ++i)
        newest->run();
    QCOMPARE(first.times + second.times, 2);
    QVERIFY(!first.error && !second.error);

    const LoaderRig lied(std::make_shared<LyingExecutor>());
    Told told;
    lied.loader->whenLoaded({7}, Intent::Jump, told.call());
    QCOMPARE(told.error, std::optional(ErrorCode::Closed));
    QCOMPARE(lied.loader->wait({500}, Intent::Jump, {}).error().code, ErrorCode::Closed);
    QCOMPARE(lied.state(500), PageState::Absent);
}

void TestDroppedJobs::aJobMayBeTheLastToHoldItsLoader()
{
    SteppedLoader setup;
    setup.request(7, 1, 1);
    const std::weak_ptr<PageLoader> gone = setup.loader;
    setup.loader.reset();
    QVERIFY(!gone.expired());
    setup.executor->dropAll();
    QVERIFY(gone.expired());
    QCOMPARE(setup.state(7), PageState::Absent);
}

void TestDroppedJobs::callersOfACachedSourceHearOfIt()
{
    const auto executor = std::make_shared<ManualExecutor>();
    const CachedFixture fixture(patternBytes(64 * kPage), CachedFixture::smallPages(), executor);
    const auto calls = std::make_shared<ManualExecutor>();
    std::vector<ErrorCode> told;
    QVERIFY(!fixture->loadAsync(ByteOffset(0), calls,
                                [&](const Result<PageHandle> &page) { told.push_back(page.error().code); }));
    std::vector<std::byte> into(3 * kPage);
    QVERIFY(!fixture->readAsync(ByteOffset(10 * kPage), into, calls,
                                [&](const Result<void> &read) { told.push_back(read.error().code); }));
    std::vector<std::byte> blocked(kPage);
    auto reader = std::async(std::launch::async, [&] { return fixture->read(ByteOffset(30 * kPage), blocked); });
    QTRY_COMPARE(fixture->state(ByteOffset(30 * kPage)), PageState::Loading);
    executor->dropAll();
    calls->runAll();
    QCOMPARE(told, (std::vector<ErrorCode>{ErrorCode::Closed, ErrorCode::Closed}));
    QCOMPARE(reader.get().error().code, ErrorCode::Closed);
    // The executor takes work again.
    reader = std::async(std::launch::async, [&] { return fixture->read(ByteOffset(30 * kPage), blocked); });
    QTRY_VERIFY(executor->waiting() > 0);
    executor->runAll();
    QVERIFY(reader.get().has_value());
    QCOMPARE(blocked, fixture.wanted(rangeAt(30 * kPage, kPage)));
}

QTEST_GUILESS_MAIN(TestDroppedJobs)
#include "tst_dropped_jobs.moc"
