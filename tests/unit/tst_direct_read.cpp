// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/file_source.h"
#include "tests/support/fault_env.h"
#include "tests/support/loop_device.h"
#include "tests/support/random.h"
#include "tests/support/source_reads.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <cerrno>
#include <memory>
#include <new>
#include <vector>

#include <unistd.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Access = FileSource::Access;

constexpr std::size_t kSize = 3 * 4096 * 100 + 777;

} // namespace

/// Reading past what the system keeps in memory, which is what finds the one bad block among its neighbours.
class TstDirectRead : public QObject {
    Q_OBJECT

private slots:
    void readsAnyRangeWhateverTheFileDemands_data();
    void readsAnyRangeWhateverTheFileDemands();
    void asksTheMediumForTheUnitsOfTheRangeOnly();
    void findsOutWhatTheSystemDoesNotTell_data();
    void findsOutWhatTheSystemDoesNotTell();
    void readsThePlainWayWhereNoDirectReadIsTaken();
    void readsThePlainWayWhileTheSecondOpeningFails();
    void resumesShortAndInterruptedReads();
    void goesOnWhereATransferEndedInsideAUnit();
    void saysWhichBytesFailed();
    void reachesTheLargestOffset();
    void leavesTheSystemsMemoryAlone();
    void losesOnlyTheBadSectorsOfAPage();
    void tellsTheGeometryOfADevice_data();
    void tellsTheGeometryOfADevice();

private:
    std::unique_ptr<FileSource> open(const std::shared_ptr<Env> &env) const
    {
        auto source = FileSource::open(env, m_path, Access::WriteIfPermitted);
        return source ? std::move(*source) : nullptr;
    }

    const TempDir m_dir;
    const std::vector<std::byte> m_content = patternBytes(kSize);
    const std::string m_path = m_dir.write("disk", m_content);
};

void TstDirectRead::readsAnyRangeWhateverTheFileDemands_data()
{
    QTest::addColumn<quint32>("offset");
    QTest::addColumn<quint32>("memory");
    QTest::newRow("512, 4") << 512u << 4u;
    QTest::newRow("512, 512") << 512u << 512u;
    QTest::newRow("4096, 4096") << 4096u << 4096u;
    QTest::newRow("64 KiB, 8 KiB") << 65536u << 8192u;
    QTest::newRow("nothing") << 0u << 0u;
    QTest::newRow("too much") << (1u << 20) << 512u;
    QTest::newRow("no power of two") << 520u << 512u;
}

void TstDirectRead::readsAnyRangeWhateverTheFileDemands()
{
    QFETCH(quint32, offset);
    QFETCH(quint32, memory);
    const auto env = std::make_shared<FaultEnv>();
    env->setDirectAlignment({offset, memory});
    const auto source = open(env);
    QVERIFY(source);
    const bool possible = offset >= 512 && offset <= 65536 && offset % 512 == 0 && (offset & (offset - 1)) == 0;
    QCOMPARE(source->directIoAlignment(), possible ? offset : 0u);
    Random random(offset + memory);
    for (int i = 0; i < 200; ++i) {
        const std::size_t at = random.below(kSize + 10);
        const std::size_t length = random.skewedBelow(kSize);
        const auto got = readDirect(*source, at, length);
        QVERIFY(got);
        QVERIFY(*got == slice(m_content, at, length));
    }
    QVERIFY(*readDirect(*source, 0, 2 * kSize) == m_content);
    QCOMPARE(source->directIoAlignment(), possible ? offset : 0u);
    QCOMPARE(env->count(EnvOp::ReadDirect) > 0, possible);
}

void TstDirectRead::asksTheMediumForTheUnitsOfTheRangeOnly()
{
    const auto env = std::make_shared<FaultEnv>();
    env->setDirectAlignment({512, 512});
    const auto source = open(env);
    QVERIFY(source);
    QVERIFY(*readDirect(*source, 1030, 20) == slice(m_content, 1030, 20)); // inside one sector
    QCOMPARE(env->count(EnvOp::ReadDirect), std::uint64_t{1});
    QCOMPARE(env->count(EnvOp::Read), std::uint64_t{0});
    QVERIFY(readDirect(*source, 1030, 0)->empty());
    QCOMPARE(env->count(EnvOp::ReadDirect), std::uint64_t{1});
    // An aligned place, length and address need no copy and no second buffer; more than a buffer's worth is one read then.
    constexpr std::size_t kLong = std::size_t{4} << 20;
    const std::string path = m_dir.write("long", patternBytes(kLong, 8));
    const auto other = FileSource::open(env, path, Access::ReadOnly);
    QVERIFY(other);
    struct Free {
        void operator()(std::byte *bytes) const { ::operator delete(bytes, std::align_val_t{4096}); }
    };
    const std::unique_ptr<std::byte, Free> aligned(
        static_cast<std::byte *>(::operator new(kLong, std::align_val_t{4096})));
    env->resetCounts();
    const std::span<std::byte> into(aligned.get(), kLong);
    QCOMPARE((*other)->readDirect(ByteOffset(0), into).value_or(0), std::uint64_t{kLong});
    QVERIFY(std::ranges::equal(into, patternBytes(kLong, 8)));
    QCOMPARE(env->count(EnvOp::ReadDirect), std::uint64_t{4}); // 1 MiB each
}

void TstDirectRead::findsOutWhatTheSystemDoesNotTell_data()
{
    QTest::addColumn<quint32>("demanded");
    QTest::addColumn<quint32>("found");
    QTest::newRow("512") << 512u << 512u;
    QTest::newRow("2048") << 2048u << 4096u;
    QTest::newRow("4096") << 4096u << 4096u;
    QTest::newRow("none at all") << 0u << 0u;
}

void TstDirectRead::findsOutWhatTheSystemDoesNotTell()
{
    QFETCH(quint32, demanded);
    QFETCH(quint32, found);
    const auto env = std::make_shared<FaultEnv>();
    env->hideDirectAlignment(true);
    env->setDirectAlignment({demanded, 512});
    const auto source = open(env);
    QVERIFY(source);
    QCOMPARE(source->directIoAlignment(), 512u);
    QVERIFY(*readDirect(*source, 1500, 3000) == slice(m_content, 1500, 3000));
    QVERIFY(*readDirect(*source, 512, 512) == slice(m_content, 512, 512));
    QCOMPARE(source->directIoAlignment(), found);
    QVERIFY(*readDirect(*source, 0, 2 * kSize) == m_content);
}

void TstDirectRead::readsThePlainWayWhereNoDirectReadIsTaken()
{
    const auto env = std::make_shared<FaultEnv>();
    const auto source = open(env);
    QVERIFY(source);
    env->fail(EnvOp::ReadDirect, 0, EINVAL, Repeat::ForGood);
    QVERIFY(*readDirect(*source, 700, 9000) == slice(m_content, 700, 9000));
    QCOMPARE(source->directIoAlignment(), 0u);
    env->resetCounts();
    QVERIFY(*readDirect(*source, 700, 9000) == slice(m_content, 700, 9000));
    QCOMPARE(env->count(EnvOp::ReadDirect), std::uint64_t{0}); // not asked again
}

void TstDirectRead::readsThePlainWayWhileTheSecondOpeningFails()
{
    const auto env = std::make_shared<FaultEnv>();
    env->setDirectAlignment({512, 512});
    const auto source = open(env);
    QVERIFY(source);
    env->fail(EnvOp::ReadDirect, 0, ENOTSUP);
    QVERIFY(*readDirect(*source, 700, 900) == slice(m_content, 700, 900));
    QCOMPARE(source->directIoAlignment(), 512u); // the next time it may work
    env->fail(EnvOp::ReadDirect, 0, ENOTSUP);
    env->fail(EnvOp::Read, 0, EIO);
    const auto failed = readDirect(*source, 700, 900);
    QVERIFY(!failed);
    QCOMPARE(failed.error().code, ErrorCode::Io);
    QVERIFY(failed.error().range == ByteRange::make(700, 900));
}

void TstDirectRead::resumesShortAndInterruptedReads()
{
    const auto env = std::make_shared<FaultEnv>();
    env->setDirectAlignment({512, 512});
    env->limitTransfers(1024);
    env->interruptTransfers(3);
    const auto source = open(env);
    QVERIFY(source);
    QVERIFY(*readDirect(*source, 100, 50'000) == slice(m_content, 100, 50'000));
    QVERIFY(env->count(EnvOp::ReadDirect) > 50);
    QCOMPARE(env->count(EnvOp::Read), std::uint64_t{0});
}

void TstDirectRead::goesOnWhereATransferEndedInsideAUnit()
{
    const auto env = std::make_shared<FaultEnv>();
    env->setDirectAlignment({4096, 512});
    env->limitTransfers(512);
    const auto source = open(env);
    QVERIFY(source);
    QVERIFY(*readDirect(*source, 100, 20'000) == slice(m_content, 100, 20'000));
    QVERIFY(*readDirect(*source, kSize - 5000, 20'000) == slice(m_content, kSize - 5000, 20'000));
}

void TstDirectRead::saysWhichBytesFailed()
{
    const auto env = std::make_shared<FaultEnv>();
    env->setDirectAlignment({512, 512});
    const auto source = open(env);
    QVERIFY(source);
    env->fail(EnvOp::ReadDirect, 0, EIO);
    const auto failed = readDirect(*source, 5000, 300);
    QVERIFY(!failed);
    QCOMPARE(failed.error().code, ErrorCode::Io);
    QCOMPARE(failed.error().systemError, EIO);
    QCOMPARE(failed.error().operation, Operation::Read);
    QCOMPARE(failed.error().path, m_path);
    QVERIFY(failed.error().range == ByteRange::make(5000, 300));
    QCOMPARE(env->count(EnvOp::Read), std::uint64_t{0}); // the plain way would lose the neighbours
    QCOMPARE(source->directIoAlignment(), 512u);
    QVERIFY(*readDirect(*source, 5000, 300) == slice(m_content, 5000, 300));

    env->fail(EnvOp::DirectAlignment, 0, EIO);
    const auto unopened = FileSource::open(env, m_path, Access::ReadOnly);
    QVERIFY(!unopened);
    QCOMPARE(unopened.error().operation, Operation::Stat);
}

void TstDirectRead::reachesTheLargestOffset()
{
    const TempDir memory(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::string());
    if (!memory.writeSparse("huge", kMaxSourceSize))
        QSKIP("no file system here takes a file of 2^63-1 bytes");
    const auto source = FileSource::open(systemEnv(), memory.file("huge"), Access::WriteIfPermitted);
    QVERIFY(source);
    const auto bytes = patternBytes(1000, 5);
    const std::span<const std::byte> all(bytes);
    QVERIFY((*source)->writev(ByteOffset(kMaxSourceSize - 1000), std::span(&all, 1)));
    QVERIFY(*readDirect(**source, kMaxSourceSize - 1000, 1000) == bytes);
    QVERIFY(*readDirect(**source, kMaxSourceSize - 1000, 5000) == bytes);
    QVERIFY(*readDirect(**source, kMaxSourceSize - 700, 100) == slice(bytes, 300, 100));
    QVERIFY(readDirect(**source, kMaxSourceSize, 100)->empty());
    QVERIFY((*readDirect(**source, std::uint64_t{1} << 62, 600)) == std::vector<std::byte>(600));
}

void TstDirectRead::leavesTheSystemsMemoryAlone()
{
    const auto source = open(systemEnv());
    QVERIFY(source);
    QVERIFY(source->sync());
    QVERIFY(source->dropCached(ByteRange::whole(kSize)));
    if (source->directIoAlignment() == 0 || pagesInMemory(m_path, kSize) != 0)
        QSKIP("the file system here lives in memory or takes no direct reads");
    QVERIFY(*readDirect(*source, 4000, 8000) == slice(m_content, 4000, 8000));
    QCOMPARE(pagesInMemory(m_path, kSize), std::size_t{0});
    QVERIFY(*readSome(*source, 4000, 8000) == slice(m_content, 4000, 8000));
    QVERIFY(pagesInMemory(m_path, kSize) > 0);
}

void TstDirectRead::losesOnlyTheBadSectorsOfAPage()
{
    constexpr std::uint64_t kPage = 5 * 4096;
    const auto content = patternBytes(16 * 4096, 6);
    const std::string image = m_dir.write("failing", content);
    const LoopDevice loop(image, LoopDevice::Access::ReadOnly);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    const auto source = FileSource::open(systemEnv(), loop.path(), Access::ReadOnly);
    QVERIFY(source);
    QCOMPARE((*source)->directIoAlignment(), 512u);
    // A device whose image was cut short fails to read what is missing.
    QCOMPARE(::truncate(image.c_str(), kPage + 3 * 512), 0);
    QVERIFY((*source)->dropCached(ByteRange::whole(content.size())));
    const auto plain = readSome(**source, kPage, 4096);
    QVERIFY(!plain);
    QCOMPARE(plain.error().code, ErrorCode::Io);
    for (std::uint64_t sector = 0; sector < 8; ++sector) {
        const auto got = readDirect(**source, kPage + sector * 512, 512);
        QCOMPARE(got.has_value(), sector < 3);
        if (got)
            QVERIFY(*got == slice(content, kPage + sector * 512, 512));
        else
            QVERIFY(got.error().code == ErrorCode::Io
                    && got.error().range == ByteRange::make(kPage + sector * 512, 512));
    }
}

void TstDirectRead::tellsTheGeometryOfADevice_data()
{
    QTest::addColumn<quint32>("sector");
    QTest::newRow("512") << 512u;
    QTest::newRow("4096") << 4096u;
}

void TstDirectRead::tellsTheGeometryOfADevice()
{
    QFETCH(quint32, sector);
    const auto content = patternBytes(64 * 4096, sector);
    const std::string image = m_dir.write("image", content);
    const LoopDevice loop(image, LoopDevice::Access::ReadOnly, sector);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    const auto source = FileSource::open(systemEnv(), loop.path(), Access::ReadOnly);
    QVERIFY(source);
    QCOMPARE((*source)->blockSize(), sector);
    QVERIFY((*source)->physicalBlockSize() >= sector);
    QCOMPARE((*source)->directIoAlignment(), sector);
    QVERIFY(*readDirect(**source, 1000, 10'000) == slice(content, 1000, 10'000));
    QVERIFY(*readDirect(**source, 8192, sector) == slice(content, 8192, sector));
    QVERIFY(*readDirect(**source, content.size() - 100, 5000) == slice(content, content.size() - 100, 100));
    QCOMPARE((*source)->directIoAlignment(), sector); // what it said was true
}

QTEST_GUILESS_MAIN(TstDirectRead)
#include "tst_direct_read.moc"
