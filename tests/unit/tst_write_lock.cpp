// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/env.h"
#include "cachecore/base/holder.h"
#include "tests/support/fault_env.h"
#include "tests/support/lock_holder.h"
#include "tests/support/loop_device.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

using namespace cachecore;
using namespace cachet_test;

Q_DECLARE_METATYPE(cachet_test::LockHolder::Way)

namespace {

std::unique_ptr<EnvFile> opened(const std::string &path, OpenMode mode = OpenMode::ReadWrite)
{
    auto file = systemEnv()->open(path, mode);
    return file ? std::move(*file) : nullptr;
}

/// Who has the lock that this asks for; empty when it was granted.
std::string holderAt(EnvFile &file)
{
    const auto holder = file.lockForWriting();
    return holder ? holder->value_or("") : "an error";
}

struct stat statOf(const std::string &path)
{
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0)
        found = {};
    return found;
}

/// A made-up view of the system, as /proc and /sys show it.
class MadeUpSystem {
public:
    void write(const std::string &name, const std::string &text) const
    {
        const std::filesystem::path path = m_dir.file(name);
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    void link(const std::string &name, const std::string &target) const
    {
        const std::filesystem::path path = m_dir.file(name);
        std::filesystem::create_directories(path.parent_path());
        std::filesystem::create_symlink(target, path);
    }
    [[nodiscard]] HolderFinder finder() const { return HolderFinder(m_dir.file("proc"), m_dir.file("sys")); }

private:
    const TempDir m_dir;
};

} // namespace

class TstWriteLock : public QObject {
    Q_OBJECT

private slots:
    void namesTheProgramThatHoldsIt_data();
    void namesTheProgramThatHoldsIt();
    void isSharedByTheFilesOfOneEnvThatRead();
    void hasOneWriterOfTheProgramAtATime();
    void canBeAskedForAgain();
    void isNotKeptByFilesThatNeverAsked();
    void neverRefusesAProgramItsOwnFile();
    void sparesAnImageThatALoopDeviceGivesOut();
    void sparesADeviceThatALoopDeviceGivesOut();
    void namesWhoClaimsADevice_data();
    void namesWhoClaimsADevice();
    void saysAsMuchAsIsKnown();

private:
    const TempDir m_dir;
};

void TstWriteLock::namesTheProgramThatHoldsIt_data()
{
    QTest::addColumn<LockHolder::Way>("way");
    QTest::newRow("lock of a writer") << LockHolder::Way::Flock;
    QTest::newRow("lock of a virtual machine") << LockHolder::Way::OpenFileLock;
    QTest::newRow("lock of a process") << LockHolder::Way::ProcessLock;
}

void TstWriteLock::namesTheProgramThatHoldsIt()
{
    QFETCH(LockHolder::Way, way);
    const std::string path = m_dir.write("image", patternBytes(5000));
    LockHolder other(path, way);
    QVERIFY(other.holds());
    const auto file = opened(path);
    const auto refused = file->lockForWriting();
    QVERIFY(refused);
    QVERIFY(*refused);
    QCOMPARE(**refused, other.name());
    other.letGo();
    const auto granted = file->lockForWriting();
    QVERIFY(granted);
    QVERIFY(!*granted);
    QVERIFY(!lockIsFree(path));
}

void TstWriteLock::isSharedByTheFilesOfOneEnvThatRead()
{
    const std::string path = m_dir.write("shared", patternBytes(10));
    auto reader = opened(path, OpenMode::Read);
    auto writer = opened(path);
    QVERIFY(holderAt(*reader).empty());
    QVERIFY(holderAt(*writer).empty());
    reader.reset(); // the lock was taken through it
    QVERIFY(!lockIsFree(path));
    auto another = opened(path, OpenMode::Read);
    QVERIFY(holderAt(*another).empty());
    writer.reset();
    QVERIFY(!lockIsFree(path));
    another.reset();
    QVERIFY(lockIsFree(path));
}

void TstWriteLock::hasOneWriterOfTheProgramAtATime()
{
    const std::string path = m_dir.write("image", patternBytes(10));
    auto first = opened(path);
    auto second = opened(path);
    QVERIFY(holderAt(*first).empty());
    QCOMPARE(holderAt(*second), std::string("this program"));
    QVERIFY(holderAt(*first).empty()); // it has it still
    second.reset();
    QVERIFY(!lockIsFree(path));
    // A file that merely was opened and closed gives nothing away either.
    (void)opened(path);
    (void)holderAt(*opened(path));
    QVERIFY(!lockIsFree(path));
    const std::string link = m_dir.file("another name");
    std::filesystem::create_hard_link(path, link);
    auto third = opened(link);
    QCOMPARE(holderAt(*third), std::string("this program"));
    first.reset();
    QVERIFY(lockIsFree(path));
    QVERIFY(holderAt(*third).empty());
    QCOMPARE(holderAt(*opened(path)), std::string("this program"));
}

void TstWriteLock::canBeAskedForAgain()
{
    const std::string path = m_dir.write("again", patternBytes(10));
    auto file = opened(path);
    QVERIFY(holderAt(*file).empty());
    QVERIFY(holderAt(*file).empty());
    file.reset();
    QVERIFY(lockIsFree(path));
}

void TstWriteLock::isNotKeptByFilesThatNeverAsked()
{
    const std::string path = m_dir.write("silent", patternBytes(10));
    const auto silent = opened(path);
    QVERIFY(lockIsFree(path));
    auto loud = opened(path);
    QVERIFY(holderAt(*loud).empty());
    loud.reset();
    QVERIFY(lockIsFree(path));
}

// Files come and go at once: the end of one must not look like another program to the next.
void TstWriteLock::neverRefusesAProgramItsOwnFile()
{
    const std::string path = m_dir.write("busy", patternBytes(10));
    std::atomic<int> refused{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 500; ++i) {
                    const auto file = opened(path, OpenMode::Read);
                    refused += !holderAt(*file).empty();
                }
            });
        }
    }
    QCOMPARE(refused.load(), 0);
}

void TstWriteLock::sparesAnImageThatALoopDeviceGivesOut()
{
    const std::string path = m_dir.write("looped", patternBytes(8192));
    const auto file = opened(path);
    {
        const LoopDevice loop(path, LoopDevice::Access::ReadOnly);
        if (loop.path().empty())
            QSKIP(loop.whyNot());
        QCOMPARE(holderAt(*file), "loop device " + loop.path());
        // By another name of the same file, too.
        const std::string link = m_dir.file("hard-link");
        std::filesystem::create_hard_link(path, link);
        QCOMPARE(holderAt(*opened(link)), "loop device " + loop.path());
    }
    QVERIFY(holderAt(*file).empty());
}

void TstWriteLock::sparesADeviceThatALoopDeviceGivesOut()
{
    const LoopDevice below(m_dir.write("below", patternBytes(8192)), LoopDevice::Access::ReadWrite);
    if (below.path().empty())
        QSKIP(below.whyNot());
    const auto file = opened(below.path());
    QVERIFY(holderAt(*file).empty());
    const LoopDevice above(below.path(), LoopDevice::Access::ReadWrite);
    QVERIFY(!above.path().empty());
    QCOMPARE(holderAt(*file), "loop device " + above.path());
}

void TstWriteLock::namesWhoClaimsADevice_data()
{
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("holder");
    QTest::newRow("mounted") << QByteArray("proc/self/mountinfo")
                             << QByteArray("22 27 0:21 / /proc rw - proc proc rw\n"
                                           "36 35 240:7 / /media/my\\040disk rw,noatime shared:1 - ext4 /dev/x rw\n")
                             << QByteArray("the file system mounted at /media/my disk");
    QTest::newRow("a partition is mounted")
        << QByteArray("proc/self/mountinfo") << QByteArray("36 35 240:8 / /srv rw - ext4 /dev/x1 rw\n")
        << QByteArray("the file system mounted at /srv");
    QTest::newRow("part of a mapping") << QByteArray("sys/dev/block/240:7/holders/dm-0") << QByteArray()
                                       << QByteArray("device /dev/dm-0 (vg-root)");
    QTest::newRow("a partition is part of an array")
        << QByteArray("sys/dev/block/240:8/holders/md127") << QByteArray() << QByteArray("device /dev/md127");
    QTest::newRow("damaged tables") << QByteArray("proc/self/mountinfo")
                                    << QByteArray("\n240:7\n- - -\n1 2 240:7 / / -\n\\04 \\ \\999 - -\n")
                                    << QByteArray("another program");
}

void TstWriteLock::namesWhoClaimsADevice()
{
    QFETCH(QByteArray, file);
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, holder);
    const MadeUpSystem system;
    system.write("sys/dev/block/240:7/dev", "240:7\n");
    system.write("sys/dev/block/240:7/x1/dev", "240:8\n");
    system.write("sys/dev/block/240:7/x1/partition", "1\n");
    system.write("sys/dev/block/240:7/queue/logical_block_size", "512\n");
    system.write("sys/block/dm-0/dm/name", "vg-root\n");
    system.write("proc/swaps", "Filename Type Size Used Priority\n/no/such partition 1 2 3\n");
    system.write(file.toStdString(), text.toStdString());
    QCOMPARE(system.finder().ofDevice(makedev(240, 7)), holder.toStdString());
}

void TstWriteLock::saysAsMuchAsIsKnown()
{
    const std::string path = m_dir.write("known", patternBytes(10));
    const struct stat file = statOf(path);
    const auto entry = [&](const char *process) {
        char device[32];
        std::snprintf(device, sizeof device, "%02x:%02x", major(file.st_dev), minor(file.st_dev));
        return std::string("1: FLOCK  ADVISORY  WRITE ") + process + ' ' + device + ':' + std::to_string(file.st_ino)
            + " 0 EOF\n";
    };
    const MadeUpSystem system;
    QCOMPARE(system.finder().ofLock(file), std::string("another program"));
    system.write("proc/locks", "7: -> FLOCK\n\n1: FLOCK\n" + entry("-1") + entry("4711"));
    QCOMPARE(system.finder().ofLock(file), std::string("another program")); // no such process
    system.write("proc/4711/status", "");
    QCOMPARE(system.finder().ofLock(file), std::string("process 4711"));
    system.write("proc/4711/comm", "some tool\n");
    QCOMPARE(system.finder().ofLock(file), std::string("some tool (process 4711)"));
    // The table does not say who, the process does.
    const MadeUpSystem machine;
    machine.write("proc/815/comm", "qemu\n");
    machine.write("proc/815/fdinfo/9", "pos:\t0\nlock:\t1: OFDLCK ADVISORY  READ -1 00:00:0 100 100\n");
    QCOMPARE(machine.finder().ofLock(file), std::string("another program"));
    machine.link("proc/815/fd/9", path);
    QCOMPARE(machine.finder().ofLock(file), std::string("qemu (process 815)"));
}

QTEST_GUILESS_MAIN(TstWriteLock)
#include "tst_write_lock.moc"
