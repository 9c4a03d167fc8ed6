// SPDX-License-Identifier: GPL-3.0-or-later
// Looking for the bad sectors of a page takes a failing disk many seconds: what is not known yet is said to be so, nobody else waits for it, and no sector that could
// be read is called bad. The clock is the test's own.
#include "cachecore/document.h"
#include "tests/support/cached_fixture.h"
#include "tests/support/loader_rig.h"

#include <QTest>

#include <algorithm>
#include <future>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::uint64_t kPage = LoaderRig::kPage;

/// Pages of memory on a disk that takes `perFailure` to find out that it cannot read.
struct SlowDisk {
    SlowDisk(FaultSource &source, std::shared_ptr<ClockEnv> env, std::chrono::milliseconds perFailure)
    {
        source.setReadUnits(4096, 512);
        source.setOnBad([env = std::move(env), perFailure] { env->advance(perFailure); });
    }
};

struct SlowLoader : SteppedLoader {
    explicit SlowLoader(std::chrono::milliseconds perFailure)
        : slow(*source, env, perFailure)
    {
    }
    void spoil(std::uint64_t page, std::initializer_list<std::uint64_t> sectors) const
    {
        for (const std::uint64_t sector : sectors)
            source->addBadRange(sectorAt(page, sector));
    }
    static ByteRange sectorAt(std::uint64_t page, std::uint64_t sector)
    {
        return rangeAt(page * kPage + sector * kSector, kSector);
    }
    const Page::Damage *damage(std::uint64_t page)
    {
        looked = cache->tryGet({page});
        return looked ? looked.page().damage() : nullptr;
    }

    SlowDisk slow;
    PageHandle looked;
};

} // namespace

class TestDamagedSearch : public QObject {
    Q_OBJECT

private slots:
    void goesOnWhereItStopped_data();
    void goesOnWhereItStopped();
    void findsTheEndOfTheSourceLater();
    void showsWhatIsKnownAndGoesOnBehindOthers();
    void whoWaitsGetsThePageWhenAllIsKnown();
    void goesOnAfterItWasDropped();
    void startsAnewWhenItIsInvalidated();
    void closingEndsIt();
    void aScanFindsItOutAndCanBeStopped();
    void theViewportHoldsTheNewestCopyAlone();
    void aPeekTellsUntriedFromUnreadable();
};

void TestDamagedSearch::goesOnWhereItStopped_data()
{
    QTest::addColumn<std::vector<int>>("sectors");
    QTest::newRow("one") << std::vector<int>{37};
    QTest::newRow("first and last") << std::vector<int>{0, 127};
    std::vector<int> all(128);
    std::ranges::generate(all, [next = 0]() mutable { return next++; });
    QTest::newRow("all") << all;
    std::erase_if(all, [](int sector) { return sector % 3 == 0; });
    QTest::newRow("most") << all;
}

void TestDamagedSearch::goesOnWhereItStopped()
{
    QFETCH(const std::vector<int>, sectors);
    const auto bytes = patternBytes(64 * 1024);
    FaultSource source(std::make_shared<MemorySource>(bytes));
    std::vector<std::byte> into(bytes.size());
    const ByteRange whole = rangeAt(0, bytes.size());
    for (const int sector : sectors)
        source.addBadRange(rangeAt(static_cast<std::uint64_t>(sector) * kSector, kSector));
    source.setReadUnits(4096, 512);
    const DamagedRead wanted = readAroundDamage(source, whole, into);

    const auto env = std::make_shared<ClockEnv>();
    const SlowDisk slow(source, env, 10s); // each failure takes more time than there is
    const auto time = [&] { return SearchTime{env.get(), env->now() + 1s}; };
    std::ranges::fill(into, std::byte{0});
    DamagedRead found = readAroundDamage(source, whole, into, {}, time());
    QVERIFY(found.bad.empty());
    QCOMPARE(found.untried, (std::vector<ByteRange>{rangeAt(0, 32 * 1024), rangeAt(32 * 1024, 32 * 1024)}));
    QCOMPARE(found.error->code, ErrorCode::Io);
    std::uint64_t reads = found.reads;
    while (!found.untried.empty()) {
        const std::vector<ByteRange> before = found.untried;
        found = readUntried(source, whole, into, std::move(found), time());
        QVERIFY(found.reads > 0 && found.untried != before);
        reads += found.reads;
        QVERIFY(std::ranges::is_sorted(found.untried, {}, &ByteRange::begin));
        if (!found.bad.empty() && !found.untried.empty())
            QVERIFY(found.bad.back().end() <= found.untried.front().begin());
    }
    QCOMPARE(found.bad, wanted.bad);
    QCOMPARE(found.error->code, ErrorCode::Io);
    QCOMPARE(reads, wanted.reads); // nothing was read twice
    for (int sector = 0; sector < 128; ++sector) {
        if (std::ranges::find(sectors, sector) != sectors.end())
            continue;
        const auto at = static_cast<std::ptrdiff_t>(sector) * static_cast<std::ptrdiff_t>(kSector);
        QVERIFY(std::equal(into.begin() + at, into.begin() + at + std::ptrdiff_t{kSector}, bytes.begin() + at));
    }
}

void TestDamagedSearch::findsTheEndOfTheSourceLater()
{
    const auto bytes = patternBytes(20 * kSector);
    FaultSource source(std::make_shared<MemorySource>(bytes));
    source.addBadRange(rangeAt(0, kSector));
    const auto env = std::make_shared<ClockEnv>();
    const SlowDisk slow(source, env, 10s);
    const ByteRange whole = rangeAt(0, 64 * kSector);
    std::vector<std::byte> into(64 * kSector);
    DamagedRead found = readAroundDamage(source, whole, into, {}, SearchTime{env.get(), env->now()});
    QVERIFY(!found.endsAt);
    while (!found.untried.empty())
        found = readUntried(source, whole, into, std::move(found), SearchTime{env.get(), env->now()});
    QCOMPARE(found.endsAt, std::optional(std::uint64_t{20 * kSector}));
    QCOMPARE(found.bad, (std::vector<ByteRange>{rangeAt(0, kSector), rangeAt(20 * kSector, 44 * kSector)}));
}

void TestDamagedSearch::showsWhatIsKnownAndGoesOnBehindOthers()
{
    SlowLoader setup(400ms);
    setup.executor->setConcurrency(1);
    setup.spoil(5, {0, 7});
    setup.request(5, 1, 1);
    setup.request(50, 1, 1); // no less urgent, but later
    QVERIFY(setup.executor->runOne());
    // Three failures, the whole page's among them, took all the time there is: two sectors are known.
    QCOMPARE(setup.state(5), PageState::Loading);
    const Page::Damage *damage = setup.damage(5);
    QVERIFY(damage);
    QVERIFY(setup.looked.page().unfinished());
    QVERIFY(!damage->untried.empty());
    QCOMPARE(damage->error.code, ErrorCode::Io);
    QCOMPARE(setup.statistics().loads, std::uint64_t{0});
    QCOMPARE(setup.statistics().failedLoads, std::uint64_t{0});
    QVERIFY(setup.executor->runOne());
    QCOMPARE(setup.state(50), PageState::Ready); // had its turn
    QCOMPARE(setup.state(5), PageState::Loading);
    setup.executor->runAll();
    QCOMPARE(setup.state(5), PageState::Failed);
    damage = setup.damage(5);
    QCOMPARE(damage->bad, (std::vector<ByteRange>{SlowLoader::sectorAt(5, 0), SlowLoader::sectorAt(5, 7)}));
    QVERIFY(damage->untried.empty());
    QCOMPARE(damage->attempts, 1U);
    QCOMPARE(damage->retryAt, setup.env->now() + 2s);
    QVERIFY(std::ranges::equal(setup.looked.bytes().subspan(kSector, 6 * kSector),
                               std::span(setup.bytes).subspan(5 * kPage + kSector, 6 * kSector)));
    const CacheStatistics found = setup.statistics();
    QCOMPARE(found.loads, std::uint64_t{2});
    QCOMPARE(found.failedLoads, std::uint64_t{1});
    QCOMPARE(found.badSectors, std::uint64_t{2});
    QCOMPARE(found.bytesRead, 2 * kPage - 2 * kSector);
    QCOMPARE(setup.source->reads().size(), std::size_t{2}); // each page whole once
    QCOMPARE(found.loading, std::uint64_t{0});
    QVERIFY(setup.cache->invariantsHold());
}

void TestDamagedSearch::whoWaitsGetsThePageWhenAllIsKnown()
{
    SlowLoader setup(10s);
    setup.spoil(5, {2, 3});
    int told = 0;
    setup.loader->whenLoaded({5}, Intent::Jump, [&](const Result<PageHandle> &page) {
        ++told;
        QVERIFY(page && !page->page().unfinished());
        QCOMPARE(page->page().damage()->bad, std::vector<ByteRange>{rangeAt(5 * kPage + 2 * kSector, 2 * kSector)});
    });
    auto waiter = std::async(std::launch::async, [loader = setup.loader] {
        const auto page = loader->wait({5}, Intent::Jump, {});
        return page && !page->page().unfinished();
    });
    std::size_t jobs = 0;
    while (setup.executor->runOne())
        ++jobs;
    QVERIFY(jobs > 3);
    QCOMPARE(told, 1);
    QVERIFY(waiter.get());
}

void TestDamagedSearch::goesOnAfterItWasDropped()
{
    SlowLoader setup(10s);
    setup.spoil(5, {2});
    setup.request(5, 1, 1);
    QVERIFY(setup.executor->runOne());
    setup.loader->dropBefore(LoadClass::Viewport, 2); // scrolled away
    setup.executor->runAll();
    QCOMPARE(setup.state(5), PageState::Failed);
    QVERIFY(setup.damage(5) && setup.looked.page().unfinished());
    setup.source->clearLogs();
    setup.request(5, 1, 3); // and back, at once
    setup.executor->runAll();
    QCOMPARE(setup.damage(5)->bad, std::vector<ByteRange>{SlowLoader::sectorAt(5, 2)});
    QVERIFY(!setup.looked.page().unfinished());
    QVERIFY(setup.source->reads().empty()); // not once more from the beginning
    QCOMPARE(setup.damage(5)->attempts, 1U);
}

void TestDamagedSearch::startsAnewWhenItIsInvalidated()
{
    SlowLoader setup(10s);
    setup.spoil(5, {2});
    setup.request(5, 1, 1);
    QVERIFY(setup.executor->runOne());
    QVERIFY(setup.damage(5) && setup.looked.page().unfinished());
    const auto changed = patternBytes(LoaderRig::kPages * kPage, 5);
    QVERIFY(setup.memory->writev(ByteOffset(0), std::vector<std::span<const std::byte>>{changed}));
    setup.source->clearBadRanges();
    setup.loader->invalidate({{5}, 1});
    setup.executor->runAll();
    QCOMPARE(setup.state(5), PageState::Ready);
    QVERIFY(setup.holds(5, changed));
}

void TestDamagedSearch::closingEndsIt()
{
    SlowLoader setup(10s);
    setup.spoil(5, {2});
    std::vector<ErrorCode> told;
    setup.loader->whenLoaded({5}, Intent::Jump,
                             [&](const Result<PageHandle> &page) { told.push_back(page.error().code); });
    QVERIFY(setup.executor->runOne());
    QVERIFY(told.empty());
    QCOMPARE(setup.loader->close(0ms), 0U);
    QCOMPARE(told, std::vector<ErrorCode>{ErrorCode::Closed});
    setup.executor->runAll();
    QCOMPARE(told.size(), std::size_t{1});
}

void TestDamagedSearch::aScanFindsItOutAndCanBeStopped()
{
    const auto env = std::make_shared<ClockEnv>();
    const CachedFixture fixture(patternBytes(64 * kPage), CachedFixture::smallPages());
    const auto cached
        = *CachedSource::create(fixture.source, CachedFixture::smallPages(), std::make_shared<ThreadExecutor>(1), env);
    fixture.source->addBadRange(rangeAt(5 * kPage + kSector, kSector));
    const SlowDisk slow(*fixture.source, env, 10s);
    std::vector<std::byte> into(kPage);
    QCOMPARE(cached->read(ByteOffset(5 * kPage), into, Intent::Scan).error().range,
             std::optional(rangeAt(5 * kPage + kSector, kSector)));
    const std::span<std::byte> behind = std::span(into).first(kPage - 2 * kSector);
    QVERIFY(cached->read(ByteOffset(5 * kPage + 2 * kSector), behind, Intent::Scan));
    QVERIFY(std::ranges::equal(behind, fixture.wanted(rangeAt(5 * kPage + 2 * kSector, behind.size()))));
    std::stop_source stop;
    fixture.source->setOnBad([&stop, env] {
        env->advance(10s);
        stop.request_stop();
    });
    fixture.source->clearLogs();
    QCOMPARE(cached->read(ByteOffset(5 * kPage), into, Intent::Scan, stop.get_token()).error().code,
             ErrorCode::Cancelled);
    QVERIFY(fixture.source->directReads().empty()); // the whole page failed, and that was it
    fixture.source->setOnBad({});
}

void TestDamagedSearch::theViewportHoldsTheNewestCopyAlone()
{
    const auto executor = std::make_shared<ManualExecutor>();
    const auto env = std::make_shared<ClockEnv>();
    const CachedFixture fixture(patternBytes(64 * kPage), CachedFixture::smallPages());
    const auto cached = *CachedSource::create(fixture.source, CachedFixture::smallPages(), executor, env);
    for (std::uint64_t sector = 0; sector < 8; sector += 2)
        fixture.source->addBadRange(rangeAt(5 * kPage + sector * kSector, kSector));
    const SlowDisk slow(*fixture.source, env, 10s);
    cached->setViewport(rangeAt(5 * kPage, kPage), Intent::Jump);
    while (executor->runOne())
        QCOMPARE(cached->statistics().detachedBytes, std::uint64_t{0});
    QCOMPARE(cached->state(ByteOffset(5 * kPage)), PageState::Failed);
    QCOMPARE(cached->peek({5}).page().damage()->bad.size(), std::size_t{4});
}

void TestDamagedSearch::aPeekTellsUntriedFromUnreadable()
{
    const auto executor = std::make_shared<ManualExecutor>();
    const auto env = std::make_shared<ClockEnv>();
    const CachedFixture fixture(patternBytes(64 * kPage), CachedFixture::smallPages());
    fixture.source->addBadRange(rangeAt(5 * kPage, kSector));
    const SlowDisk slow(*fixture.source, env, 300ms);
    DocumentOptions options;
    options.pageSize = 4096;
    options.cacheBytes = std::uint64_t{1} << 20;
    const DocumentExecutors pools{executor, std::make_shared<ThreadExecutor>(1)};
    const auto created = Document::create(fixture.source, options, pools, env);
    QVERIFY(created);
    Document *const document = created->get();
    document->setViewport(rangeAt(5 * kPage, kPage), Intent::Jump);
    QVERIFY(executor->runOne());
    std::vector<std::byte> bytes(kPage);
    std::vector<ByteCondition> conditions(kPage);
    const auto count = [&](ByteCondition condition) {
        document->peek(ByteOffset(5 * kPage), bytes, conditions);
        return std::ranges::count(conditions, condition);
    };
    // Four failures, the one of the sector itself the last of them; the rest of the page has not been read by itself.
    QCOMPARE(count(ByteCondition::Unreadable), std::ptrdiff_t{kSector});
    QCOMPARE(count(ByteCondition::NotLoaded), std::ptrdiff_t{kPage - kSector});
    executor->runAll();
    QCOMPARE(count(ByteCondition::Unreadable), std::ptrdiff_t{kSector});
    QCOMPARE(count(ByteCondition::Loaded), std::ptrdiff_t{kPage - kSector});
}

QTEST_GUILESS_MAIN(TestDamagedSearch)
#include "tst_damaged_search.moc"
