// SPDX-License-Identifier: GPL-3.0-or-later
// What is lost of a page when some of its sectors are bad, and what it costs to find that out.
#include "cachecore/cache/damaged_read.h"
#include "tests/support/loader_rig.h"

#include <QTest>

#include <algorithm>
#include <vector>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::uint32_t kBuffered = 4096; ///< what the system keeps pages of
constexpr std::uint64_t kPage = LoaderRig::kPage;

using Sectors = std::vector<int>;

constexpr int kSectors = 128; ///< of a source

Sectors sectorsFrom(int first, int step)
{
    Sectors sectors;
    for (int sector = first; sector < kSectors; sector += step)
        sectors.push_back(sector);
    return sectors;
}

/// All but each `left`th.
Sectors sectorsBut(int left)
{
    Sectors sectors = sectorsFrom(0, 1);
    std::erase_if(sectors, [left](int sector) { return sector % left == 0; });
    return sectors;
}

/// A source of 64 KiB on a disk with these sectors bad.
struct BadDisk {
    explicit BadDisk(const Sectors &sectors, std::uint32_t directUnit)
    {
        for (const int sector : sectors)
            source.addBadRange(rangeAt(static_cast<std::uint64_t>(sector) * kSector, kSector));
        source.setReadUnits(kBuffered, directUnit);
    }
    /// Those sectors of `range` that came as they are on the disk.
    bool good(ByteRange range, std::span<const std::byte> got, ByteRange whole) const
    {
        const auto at = static_cast<std::size_t>(range.begin().value());
        const auto skip = static_cast<std::size_t>(range.begin() - whole.begin());
        return std::ranges::equal(got.subspan(skip, static_cast<std::size_t>(range.length())),
                                  std::span(bytes).subspan(at, static_cast<std::size_t>(range.length())));
    }

    const std::vector<std::byte> bytes = patternBytes(64 * 1024);
    FaultSource source{std::make_shared<MemorySource>(bytes)};
};

/// The units of `unit` bytes in `whole` that hold one of the sectors, neighbours joined.
std::vector<ByteRange> unitsOf(const Sectors &sectors, std::uint64_t unit, ByteRange whole)
{
    std::vector<ByteRange> units;
    for (std::uint64_t at = whole.begin().value(); at < whole.end().value(); at += unit) {
        const auto inside = [&](int sector) {
            const std::uint64_t byte = static_cast<std::uint64_t>(sector) * kSector;
            return byte >= at && byte < at + unit;
        };
        if (std::ranges::none_of(sectors, inside))
            continue;
        if (!units.empty() && units.back().end().value() == at)
            units.back() = {units.back().begin(), ByteOffset(at + unit)};
        else
            units.push_back(rangeAt(at, unit));
    }
    return units;
}

} // namespace

Q_DECLARE_METATYPE(Sectors)

class TestDamagedRead : public QObject {
    Q_OBJECT

private slots:
    void losesExactlyTheBadSectors_data();
    void losesExactlyTheBadSectors();
    void splitsAtOnceWhatFailedAlone();
    void asksTheMediumForAPageOfOneSector();
    void doesNotAskAgainWhereThereIsNoOtherWay();
    void readsEachPageAloneWhenTheyFailTogether();
    void keepsWhatAShortReadBrought();
    void asksADeadDiskABoundedNumberOfTimes();
    void aFailureThatDoesNotComeAgainIsNone();
    void countsWhatIsLost();
};

void TestDamagedRead::losesExactlyTheBadSectors_data()
{
    QTest::addColumn<Sectors>("sectors");
    QTest::addColumn<quint32>("directUnit");
    const std::vector<std::pair<const char *, Sectors>> disks{
        {"first", {0}},
        {"last", {127}},
        {"one in the middle", {37}},
        {"two side by side over a page's edge", {7, 8}},
        {"far apart", {3, 64, 100}},
        {"a run", {40, 41, 42, 43, 44, 45, 46, 47, 48, 49}},
        {"every other one", sectorsFrom(0, 2)},
        {"all but every third", sectorsBut(3)},
    };
    for (const auto &[name, sectors] : disks) {
        for (const quint32 unit : {512U, 4096U, 0U})
            QTest::addRow("%s, direct reads of %u", name, unit) << sectors << unit;
    }
}

void TestDamagedRead::losesExactlyTheBadSectors()
{
    QFETCH(Sectors, sectors);
    QFETCH(quint32, directUnit);
    BadDisk disk(sectors, directUnit);
    const ByteRange whole = rangeAt(0, disk.bytes.size());
    std::vector<std::byte> into(disk.bytes.size());
    const DamagedRead found = readAroundDamage(disk.source, whole, into);
    // The plain read loses all that the system keeps together.
    const auto lost = unitsOf(sectors, directUnit == 0 ? kBuffered : directUnit, whole);
    QCOMPARE(found.bad, lost);
    QCOMPARE(found.error->code, ErrorCode::Io);
    std::uint64_t lostBytes = 0;
    ByteOffset from(0);
    for (const ByteRange bad : lost) {
        QVERIFY(disk.good({from, bad.begin()}, into, whole));
        from = bad.end();
        lostBytes += bad.length();
    }
    QVERIFY(disk.good({from, whole.end()}, into, whole));
    QCOMPARE(found.failedBytes, lostBytes);
    QVERIFY(!found.endsAt);
    QCOMPARE(found.reads, disk.source.reads().size() + disk.source.directReads().size());
}

void TestDamagedRead::splitsAtOnceWhatFailedAlone()
{
    SteppedLoader setup;
    setup.source->setReadUnits(kBuffered, 512);
    setup.source->addBadRange(rangeAt(5 * kPage + 1024, 512));
    setup.request(5, 1, 1);
    setup.executor->runAll();
    QCOMPARE(setup.source->reads(), std::vector<ByteRange>{rangeAt(5 * kPage, kPage)});
    std::vector<ByteRange> direct = setup.source->directReads();
    QCOMPARE(direct.size(), std::size_t{6}); // 2048, 1024, 512 and their other halves
    QVERIFY(std::ranges::all_of(direct, [](ByteRange read) { return read.length() < kPage; }));
    QCOMPARE(setup.cache->tryGet({5}).page().damage()->bad, std::vector<ByteRange>{rangeAt(5 * kPage + 1024, 512)});
}

void TestDamagedRead::asksTheMediumForAPageOfOneSector()
{
    BadDisk disk({9}, 512);
    std::vector<std::byte> into(kSector);
    // Its neighbour is bad, and the system reads both together.
    const auto failed = disk.source.readAt(ByteOffset(8 * kSector), into);
    QVERIFY(!failed);
    const ByteRange range = rangeAt(8 * kSector, kSector);
    QVERIFY(readAroundDamage(disk.source, range, into, failed.error()).bad.empty());
    QVERIFY(disk.good(range, into, range));
    const ByteRange bad = rangeAt(9 * kSector, kSector);
    QCOMPARE(readAroundDamage(disk.source, bad, into, failed.error()).bad, std::vector<ByteRange>{bad});
    QCOMPARE(disk.source.reads().size(), std::size_t{1});
}

void TestDamagedRead::doesNotAskAgainWhereThereIsNoOtherWay()
{
    BadDisk disk({9}, 0);
    std::vector<std::byte> into(kSector);
    const ByteRange range = rangeAt(9 * kSector, kSector);
    const auto failed = disk.source.readAt(range.begin(), into);
    const DamagedRead found = readAroundDamage(disk.source, range, into, failed.error());
    QCOMPARE(found.bad, std::vector<ByteRange>{range});
    QCOMPARE(found.reads, std::uint64_t{0});
    QCOMPARE(disk.source.reads().size(), std::size_t{1});
}

void TestDamagedRead::readsEachPageAloneWhenTheyFailTogether()
{
    SteppedLoader setup;
    setup.source->setReadUnits(kBuffered, 512);
    setup.source->addBadRange(rangeAt(12 * kPage + 3584, 512));
    setup.request(10, 4, 1);
    setup.executor->runAll();
    std::vector<ByteRange> wanted{rangeAt(10 * kPage, 4 * kPage)};
    for (std::uint64_t page = 10; page < 14; ++page) {
        wanted.push_back(rangeAt(page * kPage, kPage));
        QCOMPARE(setup.state(page), page == 12 ? PageState::Failed : PageState::Ready);
    }
    QCOMPARE(setup.source->reads(), wanted);
    QCOMPARE(setup.cache->tryGet({12}).page().damage()->bad, std::vector<ByteRange>{rangeAt(12 * kPage + 3584, 512)});
}

void TestDamagedRead::keepsWhatAShortReadBrought()
{
    SteppedLoader setup;
    setup.memory->resize(12 * kPage + 700);
    setup.request(10, 8, 1);
    setup.executor->runAll();
    for (std::uint64_t page = 10; page < 18; ++page)
        QCOMPARE(setup.state(page), page < 12 ? PageState::Ready : PageState::Failed);
    // All together, the page of the end to its end, and nothing of those behind it.
    QCOMPARE(setup.source->reads(),
             (std::vector<ByteRange>{rangeAt(10 * kPage, 8 * kPage), rangeAt(12 * kPage, kPage),
                                     rangeAt(12 * kPage + 700, kPage - 700)}));
    QCOMPARE(setup.cache->tryGet({15}).page().damage()->error.range, std::optional(rangeAt(15 * kPage, kPage)));
    QCOMPARE(setup.listener->end.load(), 12 * kPage + 700);
    QCOMPARE(setup.statistics().badSectors, std::uint64_t{0}); // lost, but not bad
    QCOMPARE(setup.statistics().bytesRead, 2 * kPage + 700);
}

void TestDamagedRead::asksADeadDiskABoundedNumberOfTimes()
{
    BadDisk disk(sectorsFrom(0, 1), 512);
    std::vector<std::byte> into(disk.bytes.size());
    const DamagedRead found = readAroundDamage(disk.source, rangeAt(0, into.size()), into);
    QCOMPARE(found.bad, std::vector<ByteRange>{rangeAt(0, into.size())});
    QVERIFY(found.untried.empty());
    QCOMPARE(found.reads, std::uint64_t{2 * 128 - 1}); // each sector, and each half that holds more than one
}

void TestDamagedRead::aFailureThatDoesNotComeAgainIsNone()
{
    SteppedLoader setup;
    setup.source->fail(SourceOp::Read, 0, EIO);
    setup.request(5, 1, 1);
    setup.executor->runAll();
    QCOMPARE(setup.state(5), PageState::Ready);
    QVERIFY(setup.holds(5, setup.bytes));
    QCOMPARE(setup.statistics().failedLoads, std::uint64_t{0});
    QCOMPARE(setup.statistics().badSectors, std::uint64_t{0});
}

void TestDamagedRead::countsWhatIsLost()
{
    SteppedLoader setup;
    setup.source->setReadUnits(kBuffered, 512);
    for (const std::uint64_t at : {5 * kPage, 5 * kPage + 1024, 7 * kPage + 512})
        setup.source->addBadRange(rangeAt(at, 512));
    setup.request(4, 5, 1);
    setup.executor->runAll();
    const CacheStatistics found = setup.statistics();
    QCOMPARE(found.badSectors, std::uint64_t{3});
    QCOMPARE(found.failedLoads, std::uint64_t{2});
    QCOMPARE(found.loads, std::uint64_t{5});
    QCOMPARE(found.bytesRead, 5 * kPage - 3 * 512);
    QCOMPARE(found.reads, setup.source->reads().size() + setup.source->directReads().size());
}

QTEST_GUILESS_MAIN(TestDamagedRead)
#include "tst_damaged_read.moc"
