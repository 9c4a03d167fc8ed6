// SPDX-License-Identifier: GPL-3.0-or-later
// Who is read first, and who never has to wait for a worker.
#include "tests/support/gate.h"
#include "tests/support/loader_rig.h"

#include <QTest>

#include <algorithm>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kPage = LoaderRig::kPage;

} // namespace

class TestLoadClasses : public QObject {
    Q_OBJECT

private slots:
    void keepsWorkersBack_data();
    void keepsWorkersBack();
    void readsInTheOrderOfTheClasses();
    void theViewportNeverWaitsForOthers_data();
    void theViewportNeverWaitsForOthers();
    void thoseWhoWaitAreNotHeldUpByTheBackground();
    void theBackgroundGoesOnWhenAWorkerIsFree();
    void aReadThatBecomesUrgentOvertakes();
    void postsNoJobThatHasNothingToDo();
};

void TestLoadClasses::keepsWorkersBack_data()
{
    QTest::addColumn<unsigned>("workers");
    QTest::addColumn<unsigned>("wanted");
    QTest::addColumn<unsigned>("background");
    QTest::newRow("one") << 1U << 1U << 1U;
    QTest::newRow("two") << 2U << 2U << 1U;
    QTest::newRow("three") << 3U << 2U << 1U;
    QTest::newRow("four") << 4U << 3U << 2U;
    QTest::newRow("sixteen") << 16U << 15U << 14U;
}

void TestLoadClasses::keepsWorkersBack()
{
    QFETCH(unsigned, workers);
    QFETCH(unsigned, wanted);
    QFETCH(unsigned, background);
    const auto now = std::chrono::steady_clock::now();
    for (const LoadClass urgency :
         {LoadClass::Viewport, LoadClass::Wanted, LoadClass::ReadAhead, LoadClass::Map, LoadClass::Scan}) {
        RunningReads reads;
        unsigned begun = 0;
        for (; reads.roomFor(urgency, workers) > 0; ++begun)
            (void)reads.begin(now, urgency, RunningReads::Reader::Worker);
        QCOMPARE(begun, urgency == LoadClass::Viewport ? workers : isBackground(urgency) ? background : wanted);
        QCOMPARE(reads.roomFor(LoadClass::Viewport, workers), workers - begun);
    }
    // Who reads on a thread of their own takes no worker.
    RunningReads reads;
    (void)reads.begin(now, LoadClass::Wanted, RunningReads::Reader::Caller);
    QCOMPARE(reads.roomFor(LoadClass::Wanted, workers), wanted);
    QCOMPARE(reads.count(), std::size_t{1});
}

void TestLoadClasses::readsInTheOrderOfTheClasses()
{
    SteppedLoader setup;
    setup.executor->setConcurrency(1);
    setup.request(100, 1, 9, LoadClass::Scan);
    setup.request(200, 1, 8, LoadClass::Map);
    setup.request(300, 1, 7, LoadClass::ReadAhead);
    setup.request(400, 1, 7, LoadClass::ReadAhead); // behind the viewport, say
    setup.request(500, 1, 6, LoadClass::Wanted);
    setup.request(600, 1, 4);
    setup.request(700, 1, 5);
    setup.executor->runAll();
    std::vector<ByteRange> wanted;
    for (const std::uint64_t page : {700U, 600U, 500U, 300U, 400U, 200U, 100U})
        wanted.push_back(rangeAt(page * kPage, kPage));
    QCOMPARE(setup.source->reads(), wanted);
}

void TestLoadClasses::theViewportNeverWaitsForOthers_data()
{
    QTest::addColumn<int>("urgency");
    QTest::addColumn<unsigned>("most");
    QTest::newRow("read-ahead") << int(LoadClass::ReadAhead) << 2U;
    QTest::newRow("map") << int(LoadClass::Map) << 2U;
    QTest::newRow("scan") << int(LoadClass::Scan) << 2U;
    QTest::newRow("wanted") << int(LoadClass::Wanted) << 3U;
}

void TestLoadClasses::theViewportNeverWaitsForOthers()
{
    QFETCH(int, urgency);
    QFETCH(unsigned, most);
    const auto gate = std::make_shared<Gate>();
    LoaderRig setup(std::make_shared<ThreadExecutor>(4));
    setup.source->setGate(SourceOp::Read, gate);
    for (std::uint64_t page = 0; page < 100; page += 2)
        setup.request(page, 1, 1, LoadClass(urgency));
    QVERIFY(gate->waitForWaiting(most));
    // None of those reads ever ends, and yet the viewport's begins; it does for each worker kept back.
    for (unsigned more = 1; most + more <= 4; ++more) {
        setup.source->setGate(SourceOp::Read, nullptr);
        setup.request(500 + 10 * more, 1, more);
        QTRY_COMPARE(setup.state(500 + 10 * more), PageState::Ready);
        setup.source->setGate(SourceOp::Read, gate);
        setup.request(600 + 10 * more, 1, more);
        QVERIFY(gate->waitForWaiting(most + more));
    }
    QCOMPARE(setup.source->mostReadsInFlight(), 4U);
    gate->open();
    for (std::uint64_t page = 0; page < 100; page += 2)
        QTRY_COMPARE(setup.state(page), PageState::Ready);
}

void TestLoadClasses::thoseWhoWaitAreNotHeldUpByTheBackground()
{
    const auto gate = std::make_shared<Gate>();
    LoaderRig setup(std::make_shared<ThreadExecutor>(2));
    setup.source->setGate(SourceOp::Read, gate);
    for (std::uint64_t page = 0; page < 100; page += 2)
        setup.request(page, 1, 1, LoadClass::Map);
    QVERIFY(gate->waitForWaiting(1));
    setup.source->setGate(SourceOp::Read, nullptr);
    QVERIFY(setup.loader->wait({500}, Intent::Jump, {}));
    QCOMPARE(gate->waiting(), 1U);
    gate->open();
    QTRY_COMPARE(setup.state(98), PageState::Ready);
}

/// A reserved worker does no harm: when nothing else is to do, the background gets all it may have, to the end.
void TestLoadClasses::theBackgroundGoesOnWhenAWorkerIsFree()
{
    for (const unsigned workers : {1U, 2U, 3U, 4U}) {
        LoaderRig setup(std::make_shared<ThreadExecutor>(workers));
        for (std::uint64_t page = 0; page < 900; page += 3) {
            const auto urgency = static_cast<LoadClass>(2 + page % 3);
            setup.request(page, 1, page, urgency);
            if (page % 2 == 0)
                setup.request(page + 1, 1, page, LoadClass::Viewport);
        }
        for (std::uint64_t page = 0; page < 900; page += 3)
            QTRY_COMPARE(setup.state(page), PageState::Ready);
        QVERIFY(setup.source->mostReadsInFlight() <= workers);
    }
}

void TestLoadClasses::aReadThatBecomesUrgentOvertakes()
{
    SteppedLoader setup;
    setup.executor->setConcurrency(1);
    for (std::uint64_t page = 100; page < 200; page += 2)
        setup.request(page, 1, 1, LoadClass::Map);
    setup.request(180, 1, 1, LoadClass::Viewport);
    setup.executor->runOne();
    QCOMPARE(setup.source->reads().front(), rangeAt(180 * kPage, kPage));
    setup.executor->runAll(); // what waits keeps the loader, which keeps the executor
}

void TestLoadClasses::postsNoJobThatHasNothingToDo()
{
    SteppedLoader setup;
    for (std::uint64_t page = 100; page < 200; page += 2)
        setup.request(page, 1, 1, LoadClass::Map);
    QCOMPARE(setup.executor->waiting(), std::size_t{2});
    setup.request(500, 1, 1);
    QCOMPARE(setup.executor->waiting(), std::size_t{4});
    const std::size_t ran = setup.executor->runAll();
    QVERIFY(ran <= 51 + 2); // the viewport's may find that another did its work
    QCOMPARE(setup.source->reads().size(), std::size_t{51});
}

QTEST_GUILESS_MAIN(TestLoadClasses)
#include "tst_load_classes.moc"
