// SPDX-License-Identifier: GPL-3.0-or-later
// Reads that the disk does not answer. The clock is the test's own, but where somebody is to notice by himself that time passes.
#include "tests/support/cached_fixture.h"
#include "tests/support/gate.h"
#include "tests/support/loader_rig.h"

#include <QTest>

#include <atomic>
#include <future>
#include <mutex>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kPage = LoaderRig::kPage;
constexpr unsigned kWorkers = 4;

/// A pool that counts what it is told of stuck workers.
class WatchedExecutor final : public Executor {
public:
    explicit WatchedExecutor(unsigned maxStuck)
        : m_pool(kWorkers, maxStuck)
    {
    }
    bool post(Task task) override { return m_pool.post(std::move(task)); }
    unsigned concurrency() const override { return m_pool.concurrency(); }
    bool workerStuck() override
    {
        const bool taken = m_pool.workerStuck();
        stuck += taken ? 1 : 0;
        return taken;
    }
    void workerRecovered() override
    {
        m_pool.workerRecovered();
        --stuck;
    }

    std::atomic<int> stuck{0};

private:
    ThreadExecutor m_pool;
};

/// A loader all of whose workers hang in reads of the pages 0, 100, 200, 300; reads that begin later are answered.
struct HungLoader : LoaderRig {
    explicit HungLoader(unsigned maxStuck = 8)
        : HungLoader(std::make_shared<WatchedExecutor>(maxStuck))
    {
    }
    explicit HungLoader(std::shared_ptr<WatchedExecutor> watched)
        : LoaderRig(watched)
        , executor(std::move(watched))
    {
        source->setGate(SourceOp::Read, gate);
        for (std::uint64_t i = 0; i < kWorkers; ++i)
            request(100 * i, 1, 1);
        hung = gate->waitForWaiting(kWorkers);
        source->setGate(SourceOp::Read, nullptr);
    }
    ~HungLoader() { gate->open(); }
    HungLoader(const HungLoader &) = delete;
    HungLoader &operator=(const HungLoader &) = delete;

    std::shared_ptr<WatchedExecutor> executor;
    std::shared_ptr<Gate> gate = std::make_shared<Gate>();
    bool hung = false;
};

} // namespace

class TestStalledReads : public QObject {
    Q_OBJECT

private slots:
    void hungReadsHoldUpOthersForTwoSecondsOnly();
    void whoAsksNextNotices();
    void whoWaitsNotices();
    void whoWaitsForTheHungReadNeedsNobodysHelp();
    void noMoreAreReplacedThanTheExecutorAllows();
    void whatComesLateIsTaken();
    void whatComesLateAndStaleIsReadAgain();
    void replacementsCanHangToo();
    void closingDoesNotWaitForThem();
    void aReadOnTheCallersThreadTakesNoWorker();
};

void TestStalledReads::hungReadsHoldUpOthersForTwoSecondsOnly()
{
    HungLoader setup;
    QVERIFY(setup.hung);
    setup.request(500, 1, 1);
    setup.request(600, 1, 1, LoadClass::Map);
    setup.env->advance(1999ms);
    setup.loader->noticeStalledReads();
    QCOMPARE(setup.statistics().stalledReads, std::uint64_t{0});
    QCOMPARE(setup.source->count(SourceOp::Read), std::uint64_t{kWorkers}); // all workers hang
    setup.env->advance(1ms);
    setup.loader->noticeStalledReads();
    QTRY_COMPARE(setup.state(500), PageState::Ready);
    QTRY_COMPARE(setup.state(600), PageState::Ready);
    const CacheStatistics during = setup.statistics();
    QCOMPARE(during.stalledReads, std::uint64_t{kWorkers});
    QCOMPARE(during.replacedReads, std::uint64_t{kWorkers});
    QCOMPARE(during.stalledNow, std::uint64_t{kWorkers});
    QCOMPARE(setup.executor->stuck.load(), int(kWorkers));
    setup.gate->open();
    QTRY_COMPARE(setup.executor->stuck.load(), 0); // the workers go back to what they were
    QTRY_COMPARE(setup.statistics().stalledNow, std::uint64_t{0});
    QCOMPARE(setup.statistics().stalledReads, std::uint64_t{kWorkers}); // each was counted once
    // No more than four at once again.
    setup.source->clearLogs();
    const auto gate = std::make_shared<Gate>();
    setup.source->setGate(SourceOp::Read, gate);
    for (std::uint64_t page = 700; page < 740; page += 2)
        setup.request(page, 1, 2);
    QVERIFY(gate->waitForWaiting(kWorkers));
    QCOMPARE(setup.source->reads().size(), std::size_t{kWorkers});
    gate->open();
    QTRY_COMPARE(setup.state(738), PageState::Ready);
}

void TestStalledReads::whoAsksNextNotices()
{
    HungLoader setup;
    setup.env->advance(2s);
    setup.request(500, 1, 2); // the next look at another place
    QTRY_COMPARE(setup.state(500), PageState::Ready);
    std::promise<bool> loaded;
    HungLoader other;
    other.env->advance(2s);
    other.loader->whenLoaded({500}, Intent::Jump,
                             [&](const Result<PageHandle> &page) { loaded.set_value(page.has_value()); });
    QVERIFY(loaded.get_future().get());
    HungLoader third;
    third.request(500, 1, 1);
    third.env->advance(2s);
    QCOMPARE(third.statistics().stalledReads, std::uint64_t{kWorkers}); // looking at the figures is enough
    QTRY_COMPARE(third.state(500), PageState::Ready);
}

void TestStalledReads::whoWaitsNotices()
{
    HungLoader setup;
    setup.env->advance(3s);
    const auto page = setup.loader->wait({500}, Intent::Jump, {});
    QVERIFY(page && page->state() == PageState::Ready);
    QCOMPARE(setup.state(0), PageState::Loading);
}

/// One worker, and it hangs. Nobody calls anything any more, but somebody waits: for the very page that hangs.
void TestStalledReads::whoWaitsForTheHungReadNeedsNobodysHelp()
{
    const CachedFixture fixture(patternBytes(100 * kPage), CachedFixture::smallPages(),
                                std::make_shared<ThreadExecutor>(1));
    const auto gate = std::make_shared<Gate>();
    fixture.source->setGate(SourceOp::Read, gate);
    auto waiter = std::async(std::launch::async, [&] { return fixture->load(ByteOffset(0)).has_value(); });
    QVERIFY(gate->waitForWaiting(1));
    fixture.source->setGate(SourceOp::Read, nullptr);
    std::promise<void> arrived;
    fixture->setObserver([&arrived, once = std::make_shared<std::once_flag>()](CacheChanges changes) {
        if (changes.pages)
            std::call_once(*once, [&arrived] { arrived.set_value(); });
    });
    fixture->setViewport(rangeAt(50 * kPage, kPage), Intent::Jump);
    const bool noticed = arrived.get_future().wait_for(20s) == std::future_status::ready;
    fixture->setObserver({});
    QVERIFY(noticed);
    QCOMPARE(fixture->state(ByteOffset(50 * kPage)), PageState::Ready);
    QCOMPARE(fixture->state(ByteOffset(0)), PageState::Loading);
    gate->open();
    QVERIFY(waiter.get());
    QCOMPARE(fixture->statistics().replacedReads, std::uint64_t{1});
}

void TestStalledReads::noMoreAreReplacedThanTheExecutorAllows()
{
    HungLoader setup(1);
    setup.env->advance(2s);
    for (std::uint64_t page = 500; page < 520; page += 2)
        setup.request(page, 1, 2);
    for (std::uint64_t page = 500; page < 520; page += 2)
        QTRY_COMPARE(setup.state(page), PageState::Ready); // one after the other
    QCOMPARE(setup.statistics().stalledReads, std::uint64_t{kWorkers});
    QCOMPARE(setup.statistics().replacedReads, std::uint64_t{1});
    QCOMPARE(setup.executor->stuck.load(), 1);
}

void TestStalledReads::whatComesLateIsTaken()
{
    HungLoader setup;
    setup.env->advance(2s);
    setup.loader->noticeStalledReads();
    QCOMPARE(setup.state(100), PageState::Loading);
    auto waiter = std::async(std::launch::async, [&] {
        const auto page = setup.loader->wait({100}, Intent::Jump, {});
        return page && page->bytes()[0] == setup.bytes[100 * kPage];
    });
    setup.gate->open();
    QVERIFY(waiter.get());
    for (std::uint64_t i = 0; i < kWorkers; ++i) {
        QTRY_COMPARE(setup.state(100 * i), PageState::Ready);
        QVERIFY(setup.holds(100 * i, setup.bytes));
    }
    QCOMPARE(setup.source->count(SourceOp::Read), std::uint64_t{kWorkers}); // nothing was read twice
    QTRY_COMPARE(setup.listener->arrived.load(), std::uint64_t{kWorkers});
}

/// The read that hangs has the old bytes already and brings them when it returns.
void TestStalledReads::whatComesLateAndStaleIsReadAgain()
{
    HungLoader setup;
    setup.env->advance(2s);
    setup.loader->noticeStalledReads();
    const auto changed = patternBytes(LoaderRig::kPages * kPage, 5);
    setup.loader->invalidate({{0}, LoaderRig::kPages});
    QVERIFY(setup.memory->writev(ByteOffset(0), std::vector<std::span<const std::byte>>{changed}));
    setup.loader->invalidate({{0}, LoaderRig::kPages});
    setup.gate->open();
    for (std::uint64_t i = 0; i < kWorkers; ++i) {
        QTRY_COMPARE(setup.state(100 * i), PageState::Ready);
        QVERIFY(setup.holds(100 * i, changed));
    }
    QCOMPARE(setup.source->count(SourceOp::Read), std::uint64_t{2 * kWorkers});
    QTRY_COMPARE(setup.executor->stuck.load(), 0);
}

void TestStalledReads::replacementsCanHangToo()
{
    HungLoader setup(6);
    setup.env->advance(2s);
    setup.loader->noticeStalledReads();
    setup.source->setGate(SourceOp::Read, setup.gate);
    for (std::uint64_t i = 0; i < kWorkers; ++i)
        setup.request(500 + 10 * i, 1, 2);
    QVERIFY(setup.gate->waitForWaiting(2 * kWorkers));
    setup.env->advance(2s);
    setup.loader->noticeStalledReads();
    QCOMPARE(setup.statistics().stalledReads, std::uint64_t{2 * kWorkers});
    QCOMPARE(setup.statistics().replacedReads, std::uint64_t{6});
    setup.source->setGate(SourceOp::Read, nullptr);
    setup.request(900, 1, 3);
    QTRY_COMPARE(setup.state(900), PageState::Ready);
    setup.gate->open();
    QTRY_COMPARE(setup.executor->stuck.load(), 0);
    for (std::uint64_t i = 0; i < kWorkers; ++i)
        QTRY_COMPARE(setup.state(500 + 10 * i), PageState::Ready);
}

void TestStalledReads::closingDoesNotWaitForThem()
{
    HungLoader setup;
    setup.env->advance(2s);
    setup.loader->noticeStalledReads();
    auto waiter = std::async(std::launch::async, [&] { return setup.loader->wait({0}, Intent::Jump, {}); });
    std::promise<ErrorCode> told;
    setup.loader->whenLoaded({100}, Intent::Jump,
                             [&](const Result<PageHandle> &page) { told.set_value(page.error().code); });
    QCOMPARE(setup.loader->close(10ms), kWorkers);
    QCOMPARE(told.get_future().get(), ErrorCode::Closed);
    QCOMPARE(waiter.get().error().code, ErrorCode::Closed);
    setup.env->advance(10s);
    setup.loader->noticeStalledReads(); // nobody is replaced any more
    QCOMPARE(setup.statistics().replacedReads, std::uint64_t{kWorkers});
    setup.gate->open();
    QCOMPARE(setup.loader->close(20s), 0U);
    QCOMPARE(setup.executor->stuck.load(), 0);
}

void TestStalledReads::aReadOnTheCallersThreadTakesNoWorker()
{
    const auto executor = std::make_shared<ManualExecutor>();
    executor->setMaxStuck(8);
    SteppedLoader setup(executor);
    const auto loader = std::make_shared<PageLoader>(setup.source, setup.cache, setup.extent, executor, setup.env,
                                                     setup.listener, WaitingReads::OnCaller);
    const auto gate = std::make_shared<Gate>();
    setup.source->setGate(SourceOp::Read, gate);
    auto waiter = std::async(std::launch::async, [&] { return loader->wait({0}, Intent::Jump, {}).has_value(); });
    QVERIFY(gate->waitForWaiting(1));
    setup.env->advance(2s);
    CacheStatistics found;
    loader->addTo(found);
    QCOMPARE(found.stalledReads, std::uint64_t{1});
    QCOMPARE(found.replacedReads, std::uint64_t{0});
    QCOMPARE(executor->stuck(), 0U);
    gate->open();
    QVERIFY(waiter.get());
}

QTEST_GUILESS_MAIN(TestStalledReads)
#include "tst_stalled_reads.moc"
