// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "cachecore/source/file_source.h"
#include "tests/fuse/failing_scene.h"

#include <QTest>

#include <algorithm>
#include <chrono>

using namespace cachecore;
using namespace std::chrono_literals;

namespace cachet_test {

namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::uint64_t kPage = 16 * 1024;
constexpr std::uint64_t kSize = 40 * kPage + 3 * kSector;

/// A disk image on a medium that has lost some sectors, read page by page, with the kernel and what it keeps in memory between them.
struct LostSectors {
    LostSectors(Caching caching, std::vector<std::uint64_t> sectors)
        : mount(caching, bytes)
    {
        std::ranges::sort(sectors);
        for (const std::uint64_t sector : sectors) {
            FaultRule rule = forGood(imageFault(FaultOp::Read, FaultEffect::Fail, EIO));
            rule.begin = sector * kSector;
            rule.end = rule.begin + kSector;
            good = mount.whyNot().empty() && mount.add(rule) && good;
            lost.push_back(rangeAt(rule.begin, kSector));
        }
        auto source = FileSource::open(systemEnv(), mount.image(), FileSource::Access::ReadOnly);
        if (source)
            cached = *CachedSource::create(std::move(*source), {kPage, std::uint64_t{4} << 20}, loads);
    }

    const std::vector<std::byte> bytes = patternBytes(kSize);
    FailingMount mount;
    bool good = true;
    std::vector<ByteRange> lost;
    std::shared_ptr<ThreadExecutor> loads = std::make_shared<ThreadExecutor>(4);
    std::shared_ptr<CachedSource> cached; ///< goes before the mount
};

} // namespace

/// Sectors that are really gone, on the other side of the kernel: these are lost and no others, although the kernel reads whole pages.
class BadSectorsTest : public QObject {
    Q_OBJECT

private slots:
    void losesThoseSectorsAlone_data();
    void losesThoseSectorsAlone();
    void hasThemBackWhenTheMediumHas();
};

void BadSectorsTest::losesThoseSectorsAlone_data()
{
    QTest::addColumn<int>("caching");
    for (const auto &[name, caching] :
         {std::pair("direct", Caching::Direct), {"cached", Caching::Cached}, {"written later", Caching::Writeback}})
        QTest::newRow(name) << int(caching);
}

void BadSectorsTest::losesThoseSectorsAlone()
{
    QFETCH(const int, caching);
    // Alone in a page; the first and the last of one; two over an edge; one in the last, short page.
    LostSectors scene(static_cast<Caching>(caching), {37, 64, 95, 31 * 4 + 3, 31 * 4 + 4, kSize / kSector - 2});
    if (!scene.mount.whyNot().empty())
        QSKIP(scene.mount.whyNot().c_str());
    QVERIFY(scene.good && scene.cached);
    std::vector<ByteRange> bad;
    for (std::uint64_t at = 0; at < kSize; at += kPage) {
        (void)scene.cached->load(ByteOffset(at));
        const PageHandle page = scene.cached->peek({at / kPage});
        QVERIFY(page);
        ByteOffset from = page.page().range().begin();
        const auto same = [&](ByteOffset to) {
            const auto begin = static_cast<std::size_t>(from.value());
            const auto length = static_cast<std::size_t>(to - from);
            return std::ranges::equal(page.from(from).first(length), std::span(scene.bytes).subspan(begin, length));
        };
        for (const ByteRange damaged : page.page().damage() ? page.page().damage()->bad : std::vector<ByteRange>()) {
            QVERIFY(same(damaged.begin()));
            from = damaged.end();
            for (ByteOffset sector = damaged.begin(); sector < damaged.end(); sector = sector + kSector)
                bad.push_back(rangeAt(sector.value(), kSector));
            QCOMPARE(page.page().damage()->error.code, ErrorCode::Io);
            QCOMPARE(page.page().damage()->error.systemError, EIO);
        }
        QVERIFY(from == page.page().range().end() || same(page.page().range().end()));
    }
    QCOMPARE(bad, scene.lost);
    QCOMPARE(scene.cached->statistics().badSectors, scene.lost.size());
    // A read beside a lost sector is served, one that touches it names what it wanted of it.
    std::vector<std::byte> into(kSector);
    QVERIFY(scene.cached->read(ByteOffset(36 * kSector), into));
    QCOMPARE(scene.cached->read(ByteOffset(37 * kSector - 1), into).error().range,
             std::optional(rangeAt(37 * kSector, kSector - 1)));
}

void BadSectorsTest::hasThemBackWhenTheMediumHas()
{
    LostSectors scene(Caching::Cached, {100});
    if (!scene.mount.whyNot().empty())
        QSKIP(scene.mount.whyNot().c_str());
    QVERIFY(scene.good && scene.cached);
    std::vector<std::byte> into(kSize);
    QCOMPARE(scene.cached->read(ByteOffset(0), into).error().range, std::optional(scene.lost.front()));
    QVERIFY(scene.mount.heal());
    scene.cached->invalidate(scene.lost.front());
    QVERIFY(scene.cached->read(ByteOffset(0), into));
    QVERIFY(into == scene.bytes);
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::BadSectorsTest)
#include "tst_bad_sectors.moc"
