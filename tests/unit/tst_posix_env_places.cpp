// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/env.h"
#include "tests/support/child.h"
#include "tests/support/fault_env.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <set>
#include <vector>

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

std::size_t writeOne(EnvFile &file, std::uint64_t at, std::span<const std::byte> from)
{
    return file.pwritev(ByteOffset(at), std::span(&from, 1)).value_or(~std::size_t{0});
}

/// How many of the file's first `pages` pages the system has in memory; nothing when it does not say.
std::optional<std::size_t> pagesInMemory(const std::string &path, std::size_t pages)
{
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    void *const view = ::mmap(nullptr, pages * page, PROT_READ, MAP_SHARED, descriptor, 0);
    ::close(descriptor);
    if (view == MAP_FAILED)
        return std::nullopt;
    std::vector<unsigned char> states(pages);
    const int said = ::mincore(view, pages * page, states.data());
    ::munmap(view, pages * page);
    if (said != 0)
        return std::nullopt;
    return static_cast<std::size_t>(std::ranges::count_if(states, [](unsigned char state) { return state & 1; }));
}

bool keepsFilesOnADisk(const std::string &path)
{
    struct statfs found{};
    return ::statfs(path.c_str(), &found) == 0 && found.f_type != TMPFS_MAGIC && found.f_type != OVERLAYFS_SUPER_MAGIC;
}

} // namespace

/// Directories, space and memory: what an Env does beside reading and writing.
class TstPosixEnvPlaces : public QObject {
    Q_OBJECT

private slots:
    void listsWhatIsInADirectory();
    void createsDirectoriesForTheirOwnerAlone();
    void findsTheRealPath();
    void makesFilesWithoutANameThatGo();
    void givesRandomBytes();
    void reservesSpaceThatCanBeWritten();
    void saysThatThereIsNoSpaceToReserve();
    void forgetsThePagesOfARange();
    void saysWhatADeviceAloneKnows();
    void refusesNamesTheSystemWouldCutShort();
    void everyOperationCanBeMadeToFail_data();
    void everyOperationCanBeMadeToFail();

private:
    const TempDir m_dir;
    const std::shared_ptr<Env> m_env = systemEnv();
};

void TstPosixEnvPlaces::listsWhatIsInADirectory()
{
    const TempDir dir;
    QVERIFY(m_env->list(dir.path()) == std::vector<std::string>());
    std::set<std::string> expected{"\xff\xfe\n", ".hidden"};
    for (int i = 0; i < 300; ++i)
        expected.insert("name" + std::to_string(i));
    for (const std::string &name : expected)
        dir.write(name, {});
    const auto names = m_env->list(dir.path());
    QVERIFY(names);
    QVERIFY(names->size() == expected.size());
    QVERIFY(std::set<std::string>(names->begin(), names->end()) == expected);
    QCOMPARE(m_env->list(dir.file("missing")).error().code, ErrorCode::NotFound);
    QCOMPARE(m_env->list(dir.file(".hidden")).error().code, ErrorCode::NotFound);
}

void TstPosixEnvPlaces::createsDirectoriesForTheirOwnerAlone()
{
    const std::string path = m_dir.file("a/b/c");
    QVERIFY(m_env->createDirectories(path));
    QVERIFY(m_env->createDirectories(path));
    QVERIFY(m_env->createDirectories(path + "/"));
    QVERIFY(m_env->createDirectories("/"));
    for (const char *const name : {"a", "a/b", "a/b/c"})
        QCOMPARE(m_env->status(m_dir.file(name))->mode, 0700u);
    m_dir.write("file", {});
    QCOMPARE(m_env->createDirectories(m_dir.file("file/x")).error().code, ErrorCode::NotFound);
    QCOMPARE(m_env->createDirectories(m_dir.file("file")).error().systemError, ENOTDIR);
    QCOMPARE(m_env->createDirectories("").error().code, ErrorCode::InvalidArgument);
}

void TstPosixEnvPlaces::findsTheRealPath()
{
    const std::string path = std::filesystem::canonical(m_dir.write("real", {}));
    const std::string link = m_dir.file("link");
    QCOMPARE(::symlink("./real", link.c_str()), 0);
    QCOMPARE(m_env->realPath(link).value_or(""), path);
    QCOMPARE(m_env->realPath(m_dir.path() + "/../" + m_dir.path().substr(m_dir.path().rfind('/') + 1) + "/real")
                 .value_or(""),
             path);
    QCOMPARE(m_env->realPath(m_dir.file("none")).error().code, ErrorCode::NotFound);
}

void TstPosixEnvPlaces::makesFilesWithoutANameThatGo()
{
    const auto file = m_env->openAnonymous();
    QVERIFY(file);
    const auto bytes = patternBytes(10000);
    QCOMPARE(writeOne(**file, 5000, bytes), bytes.size());
    QCOMPARE((*file)->status()->size, std::uint64_t{15000});
    QVERIFY((*file)->sync());
    const auto other = m_env->openAnonymous();
    QCOMPARE((*other)->status()->size, std::uint64_t{0});
}

void TstPosixEnvPlaces::givesRandomBytes()
{
    std::vector<std::byte> first(300);
    std::vector<std::byte> second(300);
    QVERIFY(m_env->random(first));
    QVERIFY(m_env->random(second));
    QVERIFY(m_env->random({}));
    QVERIFY(first != second);
    QVERIFY(std::ranges::count(first, std::byte{0}) < 30);
}

void TstPosixEnvPlaces::reservesSpaceThatCanBeWritten()
{
    const std::string path = m_dir.write("reserved", patternBytes(100));
    const auto file = m_env->open(path, OpenMode::ReadWrite);
    QVERIFY((*file)->reserve(0));
    QCOMPARE((*file)->status()->size, std::uint64_t{100});
    const auto done = (*file)->reserve(1 << 20);
    if (!done && done.error().code == ErrorCode::NotSupported)
        QSKIP("this file system reserves no space");
    QVERIFY(done);
    QCOMPARE((*file)->status()->size, std::uint64_t{1 << 20});
    struct stat found{};
    QCOMPARE(::stat(path.c_str(), &found), 0);
    QVERIFY(found.st_blocks * 512 >= 1 << 20);
    auto expected = patternBytes(100);
    expected.resize(1 << 20);
    QVERIFY(readFile(path) == expected);
    QVERIFY((*file)->reserve(1000)); // never shortens
    QCOMPARE((*file)->status()->size, std::uint64_t{1 << 20});
    QCOMPARE((*file)->reserve(kMaxSourceSize + 1).error().code, ErrorCode::OutOfRange);
}

void TstPosixEnvPlaces::saysThatThereIsNoSpaceToReserve()
{
    const std::string mountPoint = m_dir.file("small");
    QVERIFY(std::filesystem::create_directory(mountPoint));
    const ChildResult result = runInChild([&] {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0
            || ::mount("small", mountPoint.c_str(), "tmpfs", 0, "size=64k") != 0)
            return ChildResult::Skipped;
        const auto file = m_env->open(mountPoint + "/file", OpenMode::CreateNew);
        const auto refused = (*file)->reserve(1 << 20);
        return !refused && refused.error().code == ErrorCode::NoSpace && (*file)->reserve(32 << 10)
            ? ChildResult::Passed
            : ChildResult::Failed;
    });
    if (result == ChildResult::Skipped)
        QSKIP("no file system could be mounted");
    QCOMPARE(static_cast<int>(result), static_cast<int>(ChildResult::Passed));
}

void TstPosixEnvPlaces::forgetsThePagesOfARange()
{
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    constexpr std::size_t kPages = 16;
    const std::string path = m_dir.write("cached", patternBytes(kPages * static_cast<std::size_t>(page)));
    const auto file = m_env->open(path, OpenMode::ReadWrite);
    QVERIFY((*file)->dataSync());
    if (!keepsFilesOnADisk(path) || pagesInMemory(path, kPages) != kPages)
        QSKIP("this file system does not show what is in memory");
    QVERIFY((*file)->dropCached({}));
    QCOMPARE(pagesInMemory(path, kPages).value(), kPages);
    // A byte of each of two pages: both go, however the system keeps them.
    QVERIFY((*file)->dropCached(ByteRange(ByteOffset(8 * page - 1), ByteOffset(8 * page + 1))));
    const std::size_t left = pagesInMemory(path, kPages).value();
    QVERIFY(left <= kPages - 2);
    QVERIFY((*file)->dropCached(ByteRange::whole(kMaxSourceSize)));
    QCOMPARE(pagesInMemory(path, kPages).value(), std::size_t{0});
}

void TstPosixEnvPlaces::saysWhatADeviceAloneKnows()
{
    const auto file = m_env->open(m_dir.write("plain", patternBytes(10)), OpenMode::Read);
    QCOMPARE((*file)->devicePhysicalBlockSize().error().code, ErrorCode::NotSupported);
    QVERIFY(!(*file)->reserve(10)); // opened for reading
}

void TstPosixEnvPlaces::refusesNamesTheSystemWouldCutShort()
{
    const std::string longer = m_dir.path() + std::string("\0tail", 5);
    QCOMPARE(m_env->list(longer).error().code, ErrorCode::InvalidArgument);
    QCOMPARE(m_env->createDirectories(longer).error().code, ErrorCode::InvalidArgument);
    QCOMPARE(m_env->realPath(longer).error().code, ErrorCode::InvalidArgument);
    QCOMPARE(m_env->syncDirectoryOf(longer).error().code, ErrorCode::InvalidArgument);
}

struct Failing {
    const char *name;
    EnvOp op;
    std::function<std::optional<Error>(Env &, EnvFile &)> call;
};

namespace {

template <typename T>
std::optional<Error> errorOf(const Result<T> &result)
{
    return result ? std::nullopt : std::optional<Error>(result.error());
}

std::vector<Failing> failingCalls()
{
    return {
        {"openAnonymous", EnvOp::OpenAnonymous, [](Env &env, EnvFile &) { return errorOf(env.openAnonymous()); }},
        {"list", EnvOp::List, [](Env &env, EnvFile &) { return errorOf(env.list("/")); }},
        {"createDirectories", EnvOp::CreateDirectories,
         [](Env &env, EnvFile &) { return errorOf(env.createDirectories("/")); }},
        {"realPath", EnvOp::RealPath, [](Env &env, EnvFile &) { return errorOf(env.realPath("/")); }},
        {"random", EnvOp::Random, [](Env &env, EnvFile &) { return errorOf(env.random({})); }},
        {"reserve", EnvOp::Reserve, [](Env &, EnvFile &file) { return errorOf(file.reserve(0)); }},
        {"dropCached", EnvOp::DropCached, [](Env &, EnvFile &file) { return errorOf(file.dropCached({})); }},
        {"lockForWriting", EnvOp::Lock, [](Env &, EnvFile &file) { return errorOf(file.lockForWriting()); }},
        {"otherHolder", EnvOp::OtherHolder, [](Env &, EnvFile &file) { return errorOf(file.otherHolder()); }},
    };
}

} // namespace

void TstPosixEnvPlaces::everyOperationCanBeMadeToFail_data()
{
    QTest::addColumn<int>("row");
    int row = 0;
    for (const Failing &failing : failingCalls())
        QTest::newRow(failing.name) << row++;
}

void TstPosixEnvPlaces::everyOperationCanBeMadeToFail()
{
    QFETCH(int, row);
    const Failing failing = failingCalls()[static_cast<std::size_t>(row)];
    FaultEnv env;
    const auto file = env.open(m_dir.write("fail", patternBytes(10)), OpenMode::ReadWrite);
    QVERIFY(file);
    QVERIFY(!failing.call(env, **file));
    env.fail(failing.op, 1, EIO);
    QVERIFY(!failing.call(env, **file));
    const auto error = failing.call(env, **file);
    QVERIFY(error);
    QCOMPARE(error->systemError, EIO);
    QCOMPARE(env.count(failing.op), std::uint64_t{3});
}

QTEST_GUILESS_MAIN(TstPosixEnvPlaces)
#include "tst_posix_env_places.moc"
