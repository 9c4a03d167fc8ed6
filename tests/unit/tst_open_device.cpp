// SPDX-License-Identifier: GPL-3.0-or-later
// Block devices by their name.
#include "cachecore/base/thread_executor.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/source/open_source.h"
#include "tests/support/edits.h"
#include "tests/support/loop_device.h"
#include "tests/support/source_reads.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <string>

using namespace cachecore;
using namespace cachet_test;
using Access = FileSource::Access;

class TestOpenDevice : public QObject {
    Q_OBJECT

private slots:
    void tellsWhatTheDeviceIs_data();
    void tellsWhatTheDeviceIs();
    void writesOnlyWhenAskedForADevice();
    void neverWritesToAReadOnlyDevice();
    void isReadThroughTheCache();
};

void TestOpenDevice::tellsWhatTheDeviceIs_data()
{
    QTest::addColumn<quint32>("sector");
    QTest::newRow("512") << 512U;
    QTest::newRow("4096") << 4096U;
}

void TestOpenDevice::tellsWhatTheDeviceIs()
{
    QFETCH(const quint32, sector);
    const TempDir directory;
    const auto content = patternBytes(24 * 4096, sector);
    const LoopDevice loop(directory.write("image", content), LoopDevice::Access::ReadOnly, sector);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    const auto source = openSource(systemEnv(), loop.path(), Access::ReadOnly);
    QVERIFY(source);
    QCOMPARE((*source)->size().value_or(0), std::uint64_t{content.size()});
    QCOMPARE((*source)->blockSize(), sector);
    QCOMPARE((*source)->path(), loop.path());
    const std::string physical = outputOf("blockdev --getpbsz " + loop.path() + " 2>/dev/null");
    if (!physical.empty())
        QCOMPARE(std::to_string((*source)->physicalBlockSize()), physical);
    QVERIFY((*source)->physicalBlockSize() >= sector);
    QVERIFY(!(*source)->writable());
    QCOMPARE((*source)->readOnlyReason().code, ErrorCode::ReadOnly);
    QVERIFY(*readSome(**source, 1000, 10'000) == slice(content, 1000, 10'000));
    QVERIFY(*readSome(**source, content.size() - 10, 100) == slice(content, content.size() - 10, 10));
    QVERIFY(readSome(**source, content.size(), 100)->empty());
}

void TestOpenDevice::writesOnlyWhenAskedForADevice()
{
    const TempDir directory;
    const LoopDevice loop(directory.write("image", patternBytes(8 * 4096)), LoopDevice::Access::ReadWrite);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    const auto careful = openSource(systemEnv(), loop.path(), Access::WriteIfPermitted);
    QVERIFY(careful && !(*careful)->writable());
    const auto bytes = patternBytes(512, 9);
    const std::span<const std::byte> all(bytes);
    const auto refused = (*careful)->writev(ByteOffset(512), std::span(&all, 1));
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::ReadOnly);

    const auto source = openSource(systemEnv(), loop.path(), Access::WriteDevice);
    QVERIFY(source);
    QVERIFY((*source)->writable());
    QVERIFY((*source)->writev(ByteOffset(512), std::span(&all, 1)));
    QVERIFY(*readSome(**source, 512, 512) == bytes);
    QVERIFY((*source)->sync());
    QVERIFY(*readSome(**careful, 512, 512) == bytes);
}

void TestOpenDevice::neverWritesToAReadOnlyDevice()
{
    const TempDir directory;
    const LoopDevice loop(directory.write("image", patternBytes(8 * 4096)), LoopDevice::Access::ReadOnly);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    const auto source = openSource(systemEnv(), loop.path(), Access::WriteDevice);
    QVERIFY(source); // readable all the same
    QVERIFY(!(*source)->writable());
    const ErrorCode reason = (*source)->readOnlyReason().code;
    QVERIFY(reason == ErrorCode::ReadOnly || reason == ErrorCode::PermissionDenied);
    const auto bytes = patternBytes(512, 9);
    const std::span<const std::byte> all(bytes);
    QCOMPARE((*source)->writev(ByteOffset(0), std::span(&all, 1)).error().code, reason);
    QVERIFY(*readSome(**source, 0, 512) == slice(patternBytes(8 * 4096), 0, 512));
}

void TestOpenDevice::isReadThroughTheCache()
{
    const TempDir directory;
    const auto content = patternBytes(24 * 4096);
    const LoopDevice loop(directory.write("image", content), LoopDevice::Access::ReadOnly, 4096);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    const auto source = openSource(systemEnv(), loop.path(), Access::ReadOnly);
    QVERIFY(source);
    const auto loads = std::make_shared<ThreadExecutor>(2);
    const auto tooSmall = CachedSource::create(*source, {512, std::uint64_t{1} << 20}, loads);
    QVERIFY(!tooSmall); // less than the device's blocks
    QCOMPARE(tooSmall.error().code, ErrorCode::InvalidArgument);
    const auto cached = CachedSource::create(*source, {8192, std::uint64_t{1} << 20}, loads);
    QVERIFY(cached);
    std::vector<std::byte> into(content.size());
    QVERIFY((*cached)->read(ByteOffset(0), into));
    QVERIFY(into == content);
    (void)(*cached)->close(std::chrono::seconds(20));
}

QTEST_GUILESS_MAIN(TestOpenDevice)
#include "tst_open_device.moc"
