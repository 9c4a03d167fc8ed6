// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/disk_document.h"
#include "tests/crash/mounted_folder.h"
#include "tests/support/child.h"
#include "tests/support/edits.h"
#include "tests/support/loop_device.h"
#include "tests/support/spawned_program.h"

#include <QTest>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace cachecore;

namespace cachet_test {

namespace {

constexpr std::size_t kSize = 6 * 4096 + 700;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

/// Two extents far apart.
bool stage(const DiskDocument &disk, std::uint64_t size)
{
    return disk->stage(ByteOffset(10), bytesOf({1, 2, 3})).has_value()
        && disk->stage(ByteOffset(size - 5000), patternBytes(100, 5)).has_value();
}

std::vector<std::byte> edited(std::vector<std::byte> bytes)
{
    const std::size_t at = bytes.size() - 5000;
    std::ranges::copy(bytesOf({1, 2, 3}), bytes.begin() + 10);
    std::ranges::copy(patternBytes(100, 5), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    return bytes;
}

/// The write has not touched the image, lost no edit and said why.
void verifyUntouched(const DiskDocument &disk, const WriteOutcome &outcome, ErrorCode code)
{
    QVERIFY(!outcome.succeeded());
    QVERIFY2(outcome.error().code == code, errorText(outcome.error()).c_str());
    QCOMPARE(QString::fromStdString(lacks(outcome.error())), QString());
    QVERIFY(outcome->imageIntact);
    QVERIFY(disk->unsettled().empty());
    QCOMPARE(disk->staged().byteCount(), std::uint64_t{103});
}

std::shared_ptr<FaultEnv> plainEnv()
{
    return std::make_shared<FaultEnv>();
}

/// Limits the size of files, without the signal, until it goes.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes)
        : m_former(::signal(SIGXFSZ, SIG_IGN))
    {
        ::getrlimit(RLIMIT_FSIZE, &m_limit);
        rlimit lower = m_limit;
        lower.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &lower);
    }
    ~FileSizeLimit()
    {
        ::setrlimit(RLIMIT_FSIZE, &m_limit);
        ::signal(SIGXFSZ, m_former);
    }
    FileSizeLimit(const FileSizeLimit &) = delete;
    FileSizeLimit &operator=(const FileSizeLimit &) = delete;

private:
    const sighandler_t m_former;
    rlimit m_limit{};
};

/// In a child without privileges; see runInChild.
ChildResult writesBesideALockedFolder(const std::string &path, const std::string &state)
{
    if (!dropRoot())
        return ChildResult::Skipped;
    DocumentOptions options = DiskDocument::smallPages();
    for (const bool withState : {false, true}) {
        options.journals.stateDirectory = withState ? state : std::string();
        const DiskDocument disk(plainEnv(), path, options);
        if (!disk.document || !stage(disk, kSize))
            return ChildResult::Failed;
        const WriteOutcome outcome = disk->commit();
        const bool right = withState ? outcome.succeeded() && outcome->journalPath.starts_with(state)
                                     : !outcome.succeeded() && outcome.error().code == ErrorCode::PermissionDenied
                && lacks(outcome.error()).empty() && disk->staged().byteCount() == 103;
        if (!right) {
            std::fprintf(stderr, "%s\n", outcome.succeeded() ? "written" : errorText(outcome.error()).c_str());
            return ChildResult::Failed;
        }
    }
    return ChildResult::Passed;
}

} // namespace

class FullDiskTest : public QObject {
    Q_OBJECT

private slots:
    void usesTheStateDirectoryWhereTheFolderIsLocked(); // first: it forks, before there are threads
    void saysThatTheJournalHasNoRoom_data();
    void saysThatTheJournalHasNoRoom();
    void rollsBackWhenTheImageItselfGetsNoRoom();
    void saysThatTheJournalWouldBeTooLong();
    void saysThatAFatDiskTakesNoSuchJournal();
    void readsAReadOnlyDisk();
    void survivesAnImageCutShort_data();
    void survivesAnImageCutShort();
    void leavesAloneWhatAGrowingImageGains();
    void refusesAnImageReplacedMeanwhile();
    void writesToALoopDevice();
    void namesTheProgramThatHoldsTheImage();
};

void FullDiskTest::usesTheStateDirectoryWhereTheFolderIsLocked()
{
    const TempDir folder;
    const TempDir state;
    const std::string path = folder.write("disk.img", patternBytes(kSize, 1));
    QCOMPARE(::chmod(path.c_str(), 0666), 0);
    QCOMPARE(::chmod(folder.path().c_str(), 0555), 0);
    QCOMPARE(::chmod(state.path().c_str(), 0777), 0);
    const ChildResult result
        = runInChild([&] { return writesBesideALockedFolder(path, state.path() + "/cachet/journals"); });
    QCOMPARE(::chmod(folder.path().c_str(), 0755), 0);
    if (result == ChildResult::Skipped)
        QSKIP("this process cannot give up its privileges");
    QCOMPARE(result, ChildResult::Passed);
    QCOMPARE(readFile(path), edited(patternBytes(kSize, 1)));
    QCOMPARE(namesIn(folder.path()), std::vector<std::string>{"disk.img"});
}

void FullDiskTest::saysThatTheJournalHasNoRoom_data()
{
    QTest::addColumn<bool>("besideTarget");
    QTest::newRow("beside the image") << true;
    QTest::newRow("in the state directory") << false;
}

void FullDiskTest::saysThatTheJournalHasNoRoom()
{
    QFETCH(bool, besideTarget);
    const MountedFolder full = MountedFolder::inMemory(kMiB);
    if (!full.whyNot().empty())
        QSKIP(full.whyNot().c_str());
    const TempDir elsewhere;
    const std::vector<std::byte> old = patternBytes(kSize, 1);
    const std::string path = full.file("disk.img");
    const std::string place = besideTarget ? path : elsewhere.write("disk.img", old);
    if (besideTarget)
        QVERIFY(systemEnv()->open(path, OpenMode::CreateNew).has_value());
    QFile file(QString::fromStdString(place));
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(reinterpret_cast<const char *>(old.data()), qint64(old.size())), qint64(old.size()));
    file.close();
    QVERIFY(full.fillUpTo(4096));
    const std::vector<std::string> names = namesIn(full.path());

    DocumentOptions options = DiskDocument::smallPages();
    if (!besideTarget)
        options.journals = {JournalPlaces::Preference::StateDirectory, full.path()};
    const DiskDocument disk(plainEnv(), place, options);
    QVERIFY(disk.document != nullptr);
    QVERIFY(stage(disk, kSize));
    verifyUntouched(disk, disk->commit(), ErrorCode::NoSpace);
    QVERIFY(readFile(place) == old);
    QCOMPARE(namesIn(full.path()), names);
    QCOMPARE(::unlink(full.file("filler").c_str()), 0);
    QVERIFY(disk->commit().succeeded());
    QVERIFY(readFile(place) == edited(old));
}

// A sparse image on a full disk: its holes cannot be written.
void FullDiskTest::rollsBackWhenTheImageItselfGetsNoRoom()
{
    const MountedFolder full = MountedFolder::inMemory(kMiB);
    if (!full.whyNot().empty())
        QSKIP(full.whyNot().c_str());
    const TempDir state;
    const std::string path = full.file("disk.img");
    auto made = systemEnv()->open(path, OpenMode::CreateNew);
    QVERIFY(made && (*made)->truncate(8 * kMiB).has_value());
    made->reset();
    QVERIFY(full.fillUpTo(8 * 4096));
    DocumentOptions options = DiskDocument::smallPages();
    options.journals = {JournalPlaces::Preference::StateDirectory, state.path()};
    const DiskDocument disk(plainEnv(), path, options);
    QVERIFY(disk.document != nullptr);
    for (std::uint64_t at = 100; at < 8 * kMiB; at += kMiB / 4)
        QVERIFY(disk->stage(ByteOffset(at), bytesOf({1, 2, 3})).has_value());
    const WriteOutcome outcome = disk->commit();
    QVERIFY(!outcome.succeeded());
    QCOMPARE(outcome.error().code, ErrorCode::NoSpace);
    QCOMPARE(outcome.error().path, path);
    QVERIFY(outcome->imageIntact);
    QVERIFY(!outcome->ranges.empty() && outcome->ranges.front().fate == RangeFate::RolledBack);
    QVERIFY(readFile(path) == std::vector<std::byte>(8 * kMiB));
    QVERIFY(namesIn(state.path()).empty());
    QCOMPARE(disk->staged().extentCount(), std::uint64_t{32});
    QCOMPARE(::unlink(full.file("filler").c_str()), 0);
    QVERIFY(disk->commit().succeeded());
}

void FullDiskTest::saysThatTheJournalWouldBeTooLong()
{
    const TempDir folder;
    const std::vector<std::byte> old = patternBytes(kSize, 1);
    const std::string path = folder.write("disk.img", old);
    const DiskDocument disk(plainEnv(), path);
    QVERIFY(disk.document != nullptr);
    QVERIFY(stage(disk, kSize));
    {
        const FileSizeLimit limit(8192);
        verifyUntouched(disk, disk->commit(), ErrorCode::NoSpace);
    }
    QVERIFY(readFile(path) == old);
    QCOMPARE(namesIn(folder.path()), std::vector<std::string>{"disk.img"});
    QVERIFY(disk->commit().succeeded());
    QVERIFY(readFile(path) == edited(old));
}

// A file of FAT has less than 4 GiB.
void FullDiskTest::saysThatAFatDiskTakesNoSuchJournal()
{
    const TempDir folder;
    if (!folder.writeSparse("fat.img", 6 * 1024 * kMiB) || !folder.writeSparse("disk.img", 5 * 1024 * kMiB))
        QSKIP("no sparse files of 6 GiB here");
    if (outputOf("mkfs.vfat -F 32 " + folder.file("fat.img") + " 2>/dev/null").empty())
        QSKIP("mkfs.vfat is missing");
    const LoopDevice device(folder.file("fat.img"), LoopDevice::Access::ReadWrite);
    if (device.path().empty())
        QSKIP(device.whyNot());
    const MountedFolder fat = MountedFolder::ofDevice(device.path(), "vfat");
    if (!fat.whyNot().empty())
        QSKIP(fat.whyNot().c_str());
    DocumentOptions options = DiskDocument::smallPages();
    options.journals = {JournalPlaces::Preference::StateDirectory, fat.path()};
    options.journalLimit = std::uint64_t{8} << 30;
    const DiskDocument disk(plainEnv(), folder.file("disk.img"), options);
    QVERIFY(disk.document != nullptr);
    QVERIFY(disk->stageFill(rangeAt(0, 4608 * kMiB), bytesOf({0xff})).has_value());
    const WriteOutcome outcome = disk->commit();
    QVERIFY(!outcome.succeeded());
    QCOMPARE(outcome.error().code, ErrorCode::NoSpace);
    QVERIFY2(outcome.error().path.starts_with(fat.path()), errorText(outcome.error()).c_str());
    QVERIFY(outcome->imageIntact);
    QCOMPARE(disk->staged().byteCount(), 4608 * kMiB);
    QVERIFY(namesIn(fat.path()).empty());
}

void FullDiskTest::readsAReadOnlyDisk()
{
    const MountedFolder mounted = MountedFolder::inMemory(kMiB);
    if (!mounted.whyNot().empty())
        QSKIP(mounted.whyNot().c_str());
    const std::string path = mounted.file("disk.img");
    auto made = systemEnv()->open(path, OpenMode::CreateNew);
    QVERIFY(made && (*made)->truncate(kSize).has_value());
    made->reset();
    QVERIFY(mounted.makeReadOnly());
    const DiskDocument disk(plainEnv(), path);
    QVERIFY(disk.document != nullptr);
    QVERIFY(!disk->source().writable());
    QCOMPARE(disk->source().readOnlyReason().systemError, EROFS);
    QCOMPARE(disk.bytes(), std::vector<std::byte>(kSize));
    QCOMPARE(disk->stage(ByteOffset(0), bytesOf({1})).error().code, ErrorCode::ReadOnly);
}

void FullDiskTest::survivesAnImageCutShort_data()
{
    QTest::addColumn<int>("op");
    QTest::newRow("before its old bytes are read") << int(EnvOp::Reserve);
    QTest::newRow("before the journal is armed") << int(EnvOp::Rename);
    QTest::newRow("before it is written") << int(EnvOp::Read);
    QTest::newRow("before it is synced") << int(EnvOp::DataSync);
    QTest::newRow("before it is read back") << int(EnvOp::DropCached);
}

// Another program cuts the image short between two steps of the write, and the person puts back what it cut off.
void FullDiskTest::survivesAnImageCutShort()
{
    QFETCH(int, op);
    const TempDir folder;
    const std::vector<std::byte> old = patternBytes(kSize, 1);
    const std::string path = folder.write("disk.img", old);
    const auto env = plainEnv();
    const DiskDocument disk(env, path);
    QVERIFY(disk.document != nullptr);
    QVERIFY(stage(disk, kSize));
    std::atomic<bool> renamed{false};
    std::atomic<bool> cut{false};
    env->setHook([&](EnvOp now) {
        const bool before = now == EnvOp::Reserve || now == EnvOp::Rename;
        if (int(now) == op && (before || renamed) && !cut.exchange(true))
            (void)::truncate(path.c_str(), 9000);
        renamed = renamed || now == EnvOp::Rename;
    });
    const WriteOutcome outcome = disk->commit();
    env->setHook({});
    QVERIFY(cut);
    QVERIFY(!outcome.succeeded());
    QCOMPARE(QString::fromStdString(lacks(outcome.error())), QString());
    const std::vector<std::byte> now = readFile(path);
    QCOMPARE(now.size(), std::size_t{9000}); // writing must not make it grow
    const std::vector<std::byte> neu = edited(old);
    QVERIFY(isMixOf(now, {old.begin(), old.begin() + 9000}, {neu.begin(), neu.begin() + 9000}));
    QCOMPARE(outcome->imageIntact, disk->unsettled().empty());
    QCOMPARE(disk->staged().byteCount(), std::uint64_t{103});
    if (outcome->imageIntact) {
        QVERIFY(std::equal(now.begin(), now.end(), old.begin()));
        return;
    }
    const std::string journal = disk->unsettled().front().path;
    QVERIFY(!disk.settle(journal, RecoveryChoice::RollBack).has_value());
    auto file = systemEnv()->open(path, OpenMode::ReadWrite);
    const std::span<const std::byte> rest[] = {std::span(old).subspan(9000)};
    QVERIFY(file && (*file)->pwritev(ByteOffset(9000), rest) == kSize - 9000);
    const auto settled = disk.settle(journal, RecoveryChoice::RollBack);
    QVERIFY2(settled.has_value(), settled ? "" : errorText(settled.error()).c_str());
    QVERIFY(readFile(path) == old);
    QVERIFY(disk->refreshSize().has_value());
    QVERIFY(disk->commit().succeeded());
    QVERIFY(readFile(path) == neu);
}

void FullDiskTest::leavesAloneWhatAGrowingImageGains()
{
    const TempDir folder;
    const std::vector<std::byte> old = patternBytes(kSize, 1);
    const std::string path = folder.write("disk.img", old);
    const auto env = plainEnv();
    const DiskDocument disk(env, path);
    QVERIFY(disk.document != nullptr);
    QVERIFY(disk->stage(ByteOffset(kSize - 3), bytesOf({1, 2, 3})).has_value());
    const std::vector<std::byte> more = patternBytes(5000, 8);
    env->setHook([&](EnvOp op) {
        if (op != EnvOp::Rename)
            return;
        QFile file(QString::fromStdString(path));
        (void)file.open(QIODevice::WriteOnly | QIODevice::Append);
        (void)file.write(reinterpret_cast<const char *>(more.data()), qint64(more.size()));
    });
    QVERIFY(disk->commit().succeeded());
    std::vector<std::byte> meant = old;
    std::ranges::copy(bytesOf({1, 2, 3}), meant.end() - 3);
    meant.insert(meant.end(), more.begin(), more.end());
    QVERIFY(readFile(path) == meant);
}

void FullDiskTest::refusesAnImageReplacedMeanwhile()
{
    const TempDir folder;
    const std::vector<std::byte> old = patternBytes(kSize, 1);
    const std::string path = folder.write("disk.img", old);
    const DiskDocument disk(plainEnv(), path);
    QVERIFY(disk.document != nullptr);
    QVERIFY(stage(disk, kSize));
    QVERIFY(systemEnv()->rename(path, folder.file("former.img")).has_value());
    folder.write("disk.img", patternBytes(kSize, 2));
    verifyUntouched(disk, disk->commit(), ErrorCode::Changed);
    QVERIFY(readFile(path) == patternBytes(kSize, 2));
    QVERIFY(readFile(folder.file("former.img")) == old);
    QCOMPARE(namesIn(folder.path()), (std::vector<std::string>{"disk.img", "former.img"}));
}

void FullDiskTest::writesToALoopDevice()
{
    const TempDir folder;
    const TempDir state;
    const std::vector<std::byte> old = patternBytes(kMiB, 1);
    const std::string path = folder.write("disk.img", old);
    const LoopDevice device(path, LoopDevice::Access::ReadWrite);
    if (device.path().empty())
        QSKIP(device.whyNot());
    DocumentOptions options = DiskDocument::smallPages();
    options.journals.stateDirectory = state.path();
    {
        const DiskDocument disk(plainEnv(), device.path(), options, FileSource::Access::WriteDevice);
        QVERIFY(disk.document != nullptr);
        QVERIFY(disk->source().writable());
        QVERIFY(stage(disk, kMiB));
        const WriteOutcome outcome = disk->commit();
        QVERIFY2(outcome.succeeded(), outcome.succeeded() ? "" : errorText(outcome.error()).c_str());
        QVERIFY(outcome->journalPath.starts_with(state.path()));
        QVERIFY(disk.bytes() == edited(old));
    }
    QVERIFY(readFile(device.path()) == edited(old));
    QVERIFY(namesIn(state.path()).empty());
}

void FullDiskTest::namesTheProgramThatHoldsTheImage()
{
    const TempDir folder;
    const std::vector<std::byte> old = patternBytes(kSize, 1);
    const std::string path = folder.write("disk.img", old);
    SpawnedProgram first(CACHET_PROGRAMS "/commit_child", {path, "1", "0", "ready"}, {}, folder.file("output"));
    QVERIFY(first.wait() == SpawnedProgram::Event::Stopped);
    {
        const DiskDocument second(plainEnv(), path);
        QVERIFY(second.document != nullptr);
        QVERIFY(!second->source().writable());
        const Error reason = second->source().readOnlyReason();
        QCOMPARE(reason.code, ErrorCode::Held);
        QVERIFY2(reason.holder.starts_with("commit_child"), reason.holder.c_str());
        QVERIFY(second.bytes() == old);
        QVERIFY(!second->stage(ByteOffset(0), bytesOf({1})).has_value());
    }
    first.kill();
    QVERIFY(first.wait() == SpawnedProgram::Event::Killed);
    const DiskDocument alone(plainEnv(), path);
    QVERIFY(alone.document != nullptr);
    QVERIFY(stage(alone, kSize));
    QVERIFY(alone->commit().succeeded());
    QVERIFY(readFile(path) == edited(old));
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::FullDiskTest)
#include "tst_full_disk.moc"
