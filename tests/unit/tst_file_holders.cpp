// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/file_source.h"
#include "tests/support/child.h"
#include "tests/support/fault_env.h"
#include "tests/support/lock_holder.h"
#include "tests/support/loop_device.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <cerrno>
#include <filesystem>
#include <vector>

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Access = FileSource::Access;

std::unique_ptr<FileSource> opened(const std::string &path, Access access, std::shared_ptr<Env> env = systemEnv())
{
    auto source = FileSource::open(std::move(env), path, access);
    return source ? std::move(*source) : nullptr;
}

Result<void> writeOne(BlockSource &source, std::uint64_t at, std::span<const std::byte> bytes)
{
    return source.writev(ByteOffset(at), std::span(&bytes, 1));
}

bool reads(BlockSource &source, const std::vector<std::byte> &content)
{
    std::vector<std::byte> bytes(content.size());
    return source.readAt(ByteOffset(0), bytes) == content.size() && bytes == content;
}

} // namespace

/// Who else has the file or device, and what then.
class TstFileHolders : public QObject {
    Q_OBJECT

private slots:
    void onlyReadsWhatAnotherProgramWrites_data();
    void onlyReadsWhatAnotherProgramWrites();
    void locksAsLongAsItIsOpen();
    void onlyOneSourceOfAProgramWritesAFile();
    void seesWhoComesLater_data();
    void seesWhoComesLater();
    void seesALoopDeviceThatComesLater();
    void locksNothingItOnlyReads();
    void onlyReadsAnImageUnderALoopDevice();
    void saysWhatTheLockingSaid_data();
    void saysWhatTheLockingSaid();
    void writesADeviceWhenAskedTo();
    void onlyReadsADeviceOfAnotherProgram();
    void onlyReadsAMountedDevice();
    void onlyReadsAReadOnlyDevice();
    void onlyReadsADeviceTheSystemCallsBusy();
    void asksFilesAndDevicesForTheirPhysicalBlocks();

private:
    const TempDir m_dir;
};

void TstFileHolders::onlyReadsWhatAnotherProgramWrites_data()
{
    QTest::addColumn<int>("way");
    QTest::newRow("another Cachet") << static_cast<int>(LockHolder::Way::Flock);
    QTest::newRow("a virtual machine") << static_cast<int>(LockHolder::Way::OpenFileLock);
}

void TstFileHolders::onlyReadsWhatAnotherProgramWrites()
{
    QFETCH(int, way);
    const auto content = patternBytes(9000);
    const std::string path = m_dir.write("image", content);
    LockHolder other(path, static_cast<LockHolder::Way>(way));
    QVERIFY(other.holds());
    for (const Access access : {Access::WriteIfPermitted, Access::WriteDevice}) {
        const auto source = opened(path, access);
        QVERIFY(source);
        QVERIFY(!source->writable());
        QCOMPARE(source->readOnlyReason().code, ErrorCode::Held);
        QCOMPARE(source->readOnlyReason().operation, Operation::Lock);
        QCOMPARE(source->readOnlyReason().path, path);
        QCOMPARE(source->readOnlyReason().holder, other.name());
        QCOMPARE(writeOne(*source, 0, patternBytes(3, 9)).error().code, ErrorCode::ReadOnly);
        QVERIFY(reads(*source, content));
    }
    other.letGo();
    const auto source = opened(path, Access::WriteIfPermitted);
    QVERIFY(source && source->writable());
}

void TstFileHolders::locksAsLongAsItIsOpen()
{
    const std::string path = m_dir.write("open", patternBytes(100));
    auto source = opened(path, Access::WriteIfPermitted);
    QVERIFY(source && source->writable());
    QVERIFY(!lockIsFree(path));
    source.reset();
    QVERIFY(lockIsFree(path));
}

void TstFileHolders::onlyOneSourceOfAProgramWritesAFile()
{
    const std::string path = m_dir.write("twice", patternBytes(100));
    auto first = opened(path, Access::WriteIfPermitted);
    const auto second = opened(path, Access::WriteIfPermitted);
    QVERIFY(first->writable() && !second->writable());
    QCOMPARE(second->readOnlyReason().code, ErrorCode::Held);
    QCOMPARE(second->readOnlyReason().holder, std::string("this program"));
    std::vector<std::byte> read(100);
    QCOMPARE(second->readAt(ByteOffset(0), read).value(), std::uint64_t{100});
    QVERIFY(!lockIsFree(path));
    QVERIFY(opened(path, Access::ReadOnly));
    QVERIFY(!lockIsFree(path));
    first.reset();
    QVERIFY(lockIsFree(path));
    QVERIFY(opened(path, Access::WriteIfPermitted)->writable());
}

void TstFileHolders::seesWhoComesLater_data()
{
    QTest::addColumn<int>("way");
    QTest::newRow("a virtual machine") << static_cast<int>(LockHolder::Way::OpenFileLock);
    QTest::newRow("an older program") << static_cast<int>(LockHolder::Way::ProcessLock);
}

void TstFileHolders::seesWhoComesLater()
{
    QFETCH(int, way);
    const std::string path = m_dir.write("shared", patternBytes(100));
    const auto source = opened(path, Access::WriteIfPermitted);
    QVERIFY(source && source->writable());
    QVERIFY(source->checkHolders()); // its own lock is none
    LockHolder other(path, static_cast<LockHolder::Way>(way));
    QVERIFY(other.holds());
    const auto held = source->checkHolders();
    QVERIFY(!held);
    QCOMPARE(held.error().code, ErrorCode::Held);
    QCOMPARE(held.error().path, path);
    QCOMPARE(held.error().holder, other.name());
    other.letGo();
    QVERIFY(source->checkHolders());
}

void TstFileHolders::seesALoopDeviceThatComesLater()
{
    const std::string path = m_dir.write("looped later", patternBytes(1 << 20));
    const auto source = opened(path, Access::WriteIfPermitted);
    QVERIFY(source && source->writable());
    const LoopDevice loop(path, LoopDevice::Access::ReadOnly);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    const auto held = source->checkHolders();
    QVERIFY(!held);
    QCOMPARE(held.error().code, ErrorCode::Held);
    QCOMPARE(held.error().holder, "loop device " + loop.path());
}

void TstFileHolders::locksNothingItOnlyReads()
{
    const auto env = std::make_shared<FaultEnv>();
    const std::string path = m_dir.write("read", patternBytes(100));
    const auto source = opened(path, Access::ReadOnly, env);
    QVERIFY(source);
    QCOMPARE(env->count(EnvOp::Lock), std::uint64_t{0});
    QVERIFY(lockIsFree(path));
}

void TstFileHolders::onlyReadsAnImageUnderALoopDevice()
{
    const std::string path = m_dir.write("looped", patternBytes(8192));
    const LoopDevice loop(path, LoopDevice::Access::ReadOnly);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    const auto source = opened(path, Access::WriteIfPermitted);
    QVERIFY(source && !source->writable());
    QCOMPARE(source->readOnlyReason().code, ErrorCode::Held);
    QCOMPARE(source->readOnlyReason().holder, "loop device " + loop.path());
}

void TstFileHolders::saysWhatTheLockingSaid_data()
{
    QTest::addColumn<int>("errnoValue");
    QTest::addColumn<bool>("opens");
    QTest::addColumn<bool>("writable");
    QTest::newRow("EINTR") << EINTR << true << true;
    QTest::newRow("EACCES") << EACCES << true << false;
    QTest::newRow("EPERM") << EPERM << true << false;
    QTest::newRow("EIO") << EIO << false << false;
    QTest::newRow("EMFILE") << EMFILE << false << false;
}

void TstFileHolders::saysWhatTheLockingSaid()
{
    QFETCH(int, errnoValue);
    QFETCH(bool, opens);
    QFETCH(bool, writable);
    const std::string path = m_dir.write("said", patternBytes(100));
    const auto env = std::make_shared<FaultEnv>();
    env->fail(EnvOp::Lock, 0, errnoValue);
    const auto source = FileSource::open(env, path, Access::WriteIfPermitted);
    QCOMPARE(source.has_value(), opens);
    if (!opens) {
        QCOMPARE(source.error().operation, Operation::Lock);
        QCOMPARE(source.error().systemError, errnoValue);
        QCOMPARE(source.error().path, path);
        QVERIFY(lockIsFree(path));
        return;
    }
    QCOMPARE((*source)->writable(), writable);
    if (!writable)
        QCOMPARE((*source)->readOnlyReason().systemError, errnoValue);
    QVERIFY(reads(**source, patternBytes(100)));
}

void TstFileHolders::writesADeviceWhenAskedTo()
{
    const auto content = patternBytes(64 << 10);
    const std::string path = m_dir.write("device", content);
    const LoopDevice loop(path, LoopDevice::Access::ReadWrite);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    const auto unasked = opened(loop.path(), Access::WriteIfPermitted);
    QVERIFY(unasked && !unasked->writable());
    QCOMPARE(unasked->readOnlyReason().code, ErrorCode::NotSupported);

    const auto source = opened(loop.path(), Access::WriteDevice);
    QVERIFY(source && source->writable());
    QCOMPARE(source->writeGranularity(), 1u);
    const auto bytes = patternBytes(777, 3);
    QVERIFY(writeOne(*source, 12345, bytes));
    QVERIFY(source->sync());
    QVERIFY(source->dropCached(ByteRange::whole(content.size())));
    auto expected = content;
    std::ranges::copy(bytes, expected.begin() + 12345);
    QVERIFY(reads(*source, expected));
    QVERIFY(readFile(path) == expected);
    QCOMPARE(writeOne(*source, (64 << 10) - 1, patternBytes(2)).error().code, ErrorCode::OutOfRange);
}

void TstFileHolders::onlyReadsADeviceOfAnotherProgram()
{
    const LoopDevice loop(m_dir.write("claimed", patternBytes(8192)), LoopDevice::Access::ReadWrite);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    LockHolder other(loop.path(), LockHolder::Way::Exclusively);
    QVERIFY(other.holds());
    const auto source = opened(loop.path(), Access::WriteDevice);
    QVERIFY(source && !source->writable());
    QCOMPARE(source->readOnlyReason().code, ErrorCode::Held);
    QCOMPARE(source->readOnlyReason().holder, other.name());
    QVERIFY(reads(*source, patternBytes(8192)));
    other.letGo();
    QVERIFY(opened(loop.path(), Access::WriteDevice)->writable());
}

void TstFileHolders::onlyReadsAMountedDevice()
{
    QVERIFY(m_dir.writeSparse("mounted", 4 << 20));
    const LoopDevice loop(m_dir.file("mounted"), LoopDevice::Access::ReadWrite);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    if (outputOf("mke2fs -q -F " + loop.path() + " >/dev/null 2>&1 && echo made").empty())
        QSKIP("mke2fs is missing");
    const std::string mountPoint = m_dir.file("a place");
    QVERIFY(std::filesystem::create_directory(mountPoint));
    const ChildResult result = runInChild([&] {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0
            || ::mount(loop.path().c_str(), mountPoint.c_str(), "ext2", 0, nullptr) != 0)
            return ChildResult::Skipped;
        const auto source = opened(loop.path(), Access::WriteDevice);
        const bool right = source && !source->writable() && source->readOnlyReason().code == ErrorCode::Held
            && source->readOnlyReason().holder == "the file system mounted at " + mountPoint;
        return right ? ChildResult::Passed : ChildResult::Failed;
    });
    if (result == ChildResult::Skipped)
        QSKIP("no file system could be mounted");
    QCOMPARE(static_cast<int>(result), static_cast<int>(ChildResult::Passed));
}

void TstFileHolders::onlyReadsAReadOnlyDevice()
{
    const LoopDevice loop(m_dir.write("protected", patternBytes(8192)), LoopDevice::Access::ReadOnly);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    const auto source = opened(loop.path(), Access::WriteDevice);
    QVERIFY(source && !source->writable());
    QCOMPARE(source->readOnlyReason().code, ErrorCode::ReadOnly);
    QCOMPARE(source->readOnlyReason().systemError, EROFS);
}

void TstFileHolders::onlyReadsADeviceTheSystemCallsBusy()
{
    const auto env = std::make_shared<FaultEnv>();
    env->fail(EnvOp::Open, 0, EBUSY);
    const auto source = opened(m_dir.write("busy", patternBytes(10)), Access::WriteDevice, env);
    QVERIFY(source && !source->writable());
    QCOMPARE(source->readOnlyReason().code, ErrorCode::Held);
}

void TstFileHolders::asksFilesAndDevicesForTheirPhysicalBlocks()
{
    const std::string path = m_dir.write("blocks", patternBytes(1 << 20));
    QCOMPARE(opened(path, Access::ReadOnly)->physicalBlockSize(), 4096u);
    const LoopDevice loop(path, LoopDevice::Access::ReadOnly);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    const std::string said = outputOf("blockdev --getpbsz " + loop.path());
    QCOMPARE(std::to_string(opened(loop.path(), Access::ReadOnly)->physicalBlockSize()), said);
    const auto env = std::make_shared<FaultEnv>();
    env->fail(EnvOp::PhysicalBlockSize, 0, EIO);
    const auto failed = FileSource::open(env, loop.path(), Access::ReadOnly);
    QVERIFY(!failed);
    QCOMPARE(failed.error().code, ErrorCode::Io);
    QCOMPARE(failed.error().path, loop.path());
}

QTEST_GUILESS_MAIN(TstFileHolders)
#include "tst_file_holders.moc"
