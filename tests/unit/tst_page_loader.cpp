// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/gate.h"
#include "tests/support/loader_rig.h"

#include <QTest>

#include <atomic>
#include <cstring>
#include <future>
#include <thread>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kPage = LoaderRig::kPage;
constexpr std::uint64_t kPages = LoaderRig::kPages;

} // namespace

class TestPageLoader : public QObject {
    Q_OBJECT

private slots:
    void sixteenThreadsWantingOnePageCostOneRead();
    void neighboursAreReadAtOnce();
    void neverReadsMoreThanTheLongestReadAtOnce();
    void newestGenerationGoesFirst();
    void viewportGoesBeforeReadAhead();
    void dropsOnlyWhatIsQueuedAndUnwanted();
    void invalidatedDuringALoadIsReadAgain();
    void failedPageIsTriedAgainOnlyWhenItsTimeHasCome();
    void damagedPageHasExactlyTheBadBlocksBad();
    void truncationIsReported();
    void stopTokenEndsAWait();
    void closeLeavesAReadThatNeverReturns();
    void executorThatRefusesWorkEndsTheWait();
};

void TestPageLoader::sixteenThreadsWantingOnePageCostOneRead()
{
    const auto gate = std::make_shared<Gate>();
    LoaderRig setup(std::make_shared<ThreadExecutor>(4));
    setup.source->setGate(SourceOp::Read, gate);
    std::atomic<int> right{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 16; ++i)
            threads.emplace_back([&] {
                const auto page = setup.loader->wait({7}, Intent::Jump, {});
                right += page && page->page().state() == PageState::Ready ? 1 : 0;
            });
        QVERIFY(gate->waitForWaiting(1));
        gate->open();
    }
    QCOMPARE(right.load(), 16);
    QCOMPARE(setup.source->count(SourceOp::Read), 1U);
    QVERIFY(setup.holds(7, setup.bytes));
    QVERIFY(setup.cache->invariantsHold());
}

void TestPageLoader::neighboursAreReadAtOnce()
{
    SteppedLoader setup;
    setup.request(10, 3, 1);
    setup.request(20, 1, 1);
    for (const std::uint64_t page : {10U, 11U, 12U, 20U})
        QCOMPARE(setup.state(page), PageState::Loading);
    QCOMPARE(setup.source->count(SourceOp::Read), 0U);
    setup.executor->runAll();
    QCOMPARE(setup.source->reads().size(), std::size_t{2});
    QVERIFY(setup.source->reads()[0] == rangeAt(10 * kPage, 3 * kPage)
            || setup.source->reads()[1] == rangeAt(10 * kPage, 3 * kPage));
    for (const std::uint64_t page : {10U, 11U, 12U, 20U})
        QVERIFY(setup.state(page) == PageState::Ready && setup.holds(page, setup.bytes));
    QCOMPARE(setup.listener->arrived.load(), 4U);
}

void TestPageLoader::neverReadsMoreThanTheLongestReadAtOnce()
{
    SteppedLoader setup;
    setup.request(0, 700, 1);
    setup.executor->runAll();
    for (const ByteRange read : setup.source->reads())
        QVERIFY(read.length() <= kLongestRead);
    QCOMPARE(setup.source->reads().size(), std::size_t{3});
    for (std::uint64_t page = 0; page < 700; ++page)
        QVERIFY(setup.holds(page, setup.bytes));
}

void TestPageLoader::newestGenerationGoesFirst()
{
    SteppedLoader setup;
    setup.executor->setConcurrency(1);
    setup.request(10, 1, 1);
    setup.request(200, 1, 3);
    setup.request(100, 1, 2);
    setup.executor->runAll();
    QCOMPARE(setup.source->reads(),
             (std::vector<ByteRange>{rangeAt(200 * kPage, kPage), rangeAt(100 * kPage, kPage),
                                     rangeAt(10 * kPage, kPage)}));
}

void TestPageLoader::viewportGoesBeforeReadAhead()
{
    SteppedLoader setup;
    setup.executor->setConcurrency(1);
    setup.request(10, 1, 9, LoadClass::ReadAhead);
    setup.request(100, 1, 1, LoadClass::Viewport);
    setup.executor->runAll();
    QCOMPARE(setup.source->reads(), (std::vector<ByteRange>{rangeAt(100 * kPage, kPage), rangeAt(10 * kPage, kPage)}));
}

void TestPageLoader::dropsOnlyWhatIsQueuedAndUnwanted()
{
    const auto gate = std::make_shared<Gate>();
    LoaderRig setup(std::make_shared<ThreadExecutor>(1));
    setup.source->setGate(SourceOp::Read, gate);
    setup.request(1, 1, 1);
    QVERIFY(gate->waitForWaiting(1));
    setup.request(100, 2, 1);
    setup.request(300, 1, 5);
    auto waiter
        = std::async(std::launch::async, [&] { return setup.loader->wait({200}, Intent::Jump, {}).has_value(); });
    QTRY_COMPARE(setup.state(200), PageState::Loading);
    setup.loader->dropBefore(LoadClass::Viewport, 5);
    QCOMPARE(setup.state(1), PageState::Loading);
    QCOMPARE(setup.state(100), PageState::Absent);
    QCOMPARE(setup.state(200), PageState::Loading);
    QCOMPARE(setup.state(300), PageState::Loading);
    gate->open();
    QVERIFY(waiter.get());
    QTRY_COMPARE(setup.state(300), PageState::Ready);
    QCOMPARE(setup.state(1), PageState::Ready);
    QCOMPARE(setup.source->count(SourceOp::Read), 3U);
}

void TestPageLoader::invalidatedDuringALoadIsReadAgain()
{
    const auto gate = std::make_shared<Gate>();
    LoaderRig setup(std::make_shared<ThreadExecutor>(1));
    const auto changed = patternBytes(kPages * kPage, 5);
    setup.request(3, 1, 1);
    QTRY_COMPARE(setup.state(3), PageState::Ready);
    setup.loader->invalidate({{3}, 1});
    QCOMPARE(setup.state(3), PageState::Absent);
    setup.source->setGate(SourceOp::Read, gate);
    auto waiter = std::async(std::launch::async, [&] {
        const auto page = setup.loader->wait({3}, Intent::Jump, {});
        return page && std::memcmp(page->bytes().data(), changed.data() + 3 * kPage, kPage) == 0;
    });
    QVERIFY(gate->waitForWaiting(1));
    QVERIFY(setup.memory->writev(ByteOffset(0), std::vector<std::span<const std::byte>>{changed}));
    setup.loader->invalidate({{3}, 1});
    gate->open();
    QVERIFY(waiter.get());
    QVERIFY(setup.holds(3, changed));
    QCOMPARE(setup.source->count(SourceOp::Read), 3U);
}

void TestPageLoader::failedPageIsTriedAgainOnlyWhenItsTimeHasCome()
{
    SteppedLoader setup;
    setup.source->addBadRange(rangeAt(5 * kPage, kPage));
    setup.request(5, 1, 1);
    setup.executor->runAll();
    QCOMPARE(setup.state(5), PageState::Failed);
    QCOMPARE(setup.cache->tryGet({5}).page().damage()->attempts, 1U);
    setup.source->clearBadRanges();
    setup.request(5, 1, 2);
    QCOMPARE(setup.executor->runAll(), std::size_t{0});
    QCOMPARE(setup.state(5), PageState::Failed);
    setup.env->advance(std::chrono::seconds(3600));
    setup.request(5, 1, 3);
    setup.executor->runAll();
    QCOMPARE(setup.state(5), PageState::Ready);
    QVERIFY(setup.holds(5, setup.bytes));
}

void TestPageLoader::damagedPageHasExactlyTheBadBlocksBad()
{
    SteppedLoader setup;
    setup.source->addBadRange(rangeAt(5 * kPage + 700, 1));
    setup.source->addBadRange(rangeAt(5 * kPage + 3000, 600));
    setup.request(4, 3, 1);
    setup.executor->runAll();
    QCOMPARE(setup.state(4), PageState::Ready);
    QCOMPARE(setup.state(6), PageState::Ready);
    const PageHandle page = setup.cache->tryGet({5});
    QCOMPARE(page.page().damage()->bad,
             (std::vector<ByteRange>{rangeAt(5 * kPage + 512, 512), rangeAt(5 * kPage + 2560, 1536)}));
    QCOMPARE(page.page().damage()->error.code, ErrorCode::Io);
    QVERIFY(page.page().readable(rangeAt(5 * kPage + 1024, 1536)));
    QVERIFY(std::memcmp(page.bytes().data() + 1024, setup.bytes.data() + 5 * kPage + 1024, 1536) == 0);
}

void TestPageLoader::truncationIsReported()
{
    SteppedLoader setup;
    setup.memory->resize(10 * kPage + 100);
    setup.request(9, 4, 1);
    setup.executor->runAll();
    QCOMPARE(setup.listener->end.load(), 10U * kPage + 100);
    QCOMPARE(setup.state(9), PageState::Ready);
    for (const std::uint64_t page : {10U, 11U, 12U}) {
        QCOMPARE(setup.state(page), PageState::Failed);
        QCOMPARE(setup.cache->tryGet({page}).page().damage()->error.code, ErrorCode::Truncated);
    }
    QCOMPARE(setup.cache->tryGet({10}).page().damage()->bad,
             (std::vector<ByteRange>{rangeAt(10 * kPage + 100, kPage - 100)}));
}

void TestPageLoader::stopTokenEndsAWait()
{
    SteppedLoader setup;
    std::stop_source stop;
    auto waiter
        = std::async(std::launch::async, [&] { return setup.loader->wait({1}, Intent::Jump, stop.get_token()); });
    QTRY_COMPARE(setup.state(1), PageState::Loading);
    stop.request_stop();
    QVERIFY(waiter.wait_for(20s) == std::future_status::ready);
    QCOMPARE(waiter.get().error().code, ErrorCode::Cancelled);
    QCOMPARE(setup.state(1), PageState::Absent);
    setup.executor->runAll();
    QCOMPARE(setup.source->count(SourceOp::Read), 0U);
}

void TestPageLoader::closeLeavesAReadThatNeverReturns()
{
    const auto gate = std::make_shared<Gate>();
    LoaderRig setup(std::make_shared<ThreadExecutor>(1));
    setup.source->setGate(SourceOp::Read, gate);
    setup.request(1, 1, 1);
    QVERIFY(gate->waitForWaiting(1));
    std::stop_source stop; // who can be stopped leaves the reading to others
    auto waiter
        = std::async(std::launch::async, [&] { return setup.loader->wait({500}, Intent::Jump, stop.get_token()); });
    QTRY_COMPARE(setup.state(500), PageState::Loading);
    QCOMPARE(setup.loader->close(20ms), 1U);
    QVERIFY(waiter.wait_for(20s) == std::future_status::ready);
    QCOMPARE(waiter.get().error().code, ErrorCode::Closed);
    std::weak_ptr<PageLoader> gone = setup.loader;
    setup.loader.reset();
    gate->open();
    QTRY_VERIFY(gone.expired());
    QCOMPARE(setup.listener->arrived.load(), 0U);
}

void TestPageLoader::executorThatRefusesWorkEndsTheWait()
{
    SteppedLoader setup;
    setup.executor->shutDown();
    setup.request(1, 5, 1);
    QCOMPARE(setup.state(1), PageState::Absent);
    QCOMPARE(setup.loader->wait({9}, Intent::Jump, {}).error().code, ErrorCode::Closed);
    QCOMPARE(setup.state(9), PageState::Absent);
}

QTEST_GUILESS_MAIN(TestPageLoader)
#include "tst_page_loader.moc"
