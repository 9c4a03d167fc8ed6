// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/env.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace cachecore;
using cachet_test::patternBytes;
using cachet_test::readFile;
using cachet_test::TempDir;

namespace {

std::size_t readOne(EnvFile &file, std::uint64_t at, std::span<std::byte> into)
{
    return file.preadv(ByteOffset(at), std::span(&into, 1)).value_or(~std::size_t{0});
}

std::size_t writeOne(EnvFile &file, std::uint64_t at, std::span<const std::byte> from)
{
    return file.pwritev(ByteOffset(at), std::span(&from, 1)).value_or(~std::size_t{0});
}

/// The descriptor this process has open on `path`.
std::optional<int> descriptorOf(const std::string &path)
{
    for (const auto &entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (std::filesystem::read_symlink(entry.path(), gone) == path)
            return std::stoi(entry.path().filename());
    }
    return std::nullopt;
}

} // namespace

class TstPosixEnv : public QObject {
    Q_OBJECT

private slots:
    void createsOnlyNewFilesForTheirOwnerAlone();
    void readsAndWritesWhereAsked();
    void takesAtMostWhatTheSystemTakesAtOnce();
    void opensCloseOnExecAndBlocking();
    void neverHangsOnAFifo();
    void tellsWhatAPathNames();
    void findsDataBetweenHoles();
    void renamesRemovesAndSyncsDirectories();
    void refusesNamesTheSystemWouldCutShort();
    void saysWhyAnOperationFailed();

private:
    const TempDir m_dir;
    const std::shared_ptr<Env> m_env = systemEnv();
};

void TstPosixEnv::createsOnlyNewFilesForTheirOwnerAlone()
{
    const std::string path = m_dir.file("new");
    const auto file = m_env->open(path, OpenMode::CreateNew);
    QVERIFY(file);
    QCOMPARE((*file)->status()->mode & 0077u, 0u);
    const auto again = m_env->open(path, OpenMode::CreateNew);
    QVERIFY(!again);
    QCOMPARE(again.error().systemError, EEXIST);
    QVERIFY((*file)->setMode(0640));
    QCOMPARE(m_env->status(path)->mode, 0640u);
}

void TstPosixEnv::readsAndWritesWhereAsked()
{
    const auto content = patternBytes(10000);
    const std::string path = m_dir.write("rw", content);
    const auto file = m_env->open(path, OpenMode::ReadWrite);
    QVERIFY(file);
    std::vector<std::byte> some(100);
    QCOMPARE(readOne(**file, 9950, some), std::size_t{50});
    QVERIFY(std::equal(content.end() - 50, content.end(), some.begin()));
    QCOMPARE(readOne(**file, 10000, some), std::size_t{0});
    const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
    QCOMPARE(writeOne(**file, 5000, bytes), std::size_t{3});
    QVERIFY((*file)->dataSync());
    QVERIFY((*file)->sync());
    auto expected = content;
    std::ranges::copy(bytes, expected.begin() + 5000);
    QVERIFY(readFile(path) == expected);
    QVERIFY((*file)->truncate(5001));
    QCOMPARE((*file)->status()->size, std::uint64_t{5001});
}

void TstPosixEnv::takesAtMostWhatTheSystemTakesAtOnce()
{
    const std::size_t count = IOV_MAX + 100;
    const auto content = patternBytes(count);
    const auto file = m_env->open(m_dir.write("many", content), OpenMode::ReadWrite);
    QVERIFY(file);
    std::vector<std::byte> flat(count);
    std::vector<std::span<std::byte>> into;
    std::vector<std::span<const std::byte>> from;
    for (std::size_t i = 0; i < count; ++i) {
        into.push_back(std::span(flat).subspan(i, 1));
        from.push_back(std::span(content).subspan(i, 1));
    }
    QCOMPARE((*file)->preadv(ByteOffset(0), into).value(), std::size_t{IOV_MAX});
    QVERIFY(std::equal(flat.begin(), flat.begin() + IOV_MAX, content.begin()));
    QCOMPARE((*file)->pwritev(ByteOffset(0), from).value(), std::size_t{IOV_MAX});
}

void TstPosixEnv::opensCloseOnExecAndBlocking()
{
    const std::string path = std::filesystem::canonical(m_dir.write("flags", patternBytes(10)));
    const auto file = m_env->open(path, OpenMode::Read);
    QVERIFY(file);
    const auto descriptor = descriptorOf(path);
    QVERIFY(descriptor);
    QCOMPARE(::fcntl(*descriptor, F_GETFL) & O_NONBLOCK, 0);
    QCOMPARE(::fcntl(*descriptor, F_GETFL) & O_ACCMODE, O_RDONLY);
    QCOMPARE(::fcntl(*descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    const std::byte one{1};
    const std::span<const std::byte> from(&one, 1);
    QVERIFY(!(*file)->pwritev(ByteOffset(0), std::span(&from, 1)));
}

void TstPosixEnv::neverHangsOnAFifo()
{
    const std::string path = m_dir.file("fifo");
    QCOMPARE(::mkfifo(path.c_str(), 0600), 0);
    const auto file = m_env->open(path, OpenMode::Read);
    QVERIFY(file);
    QCOMPARE((*file)->status()->kind, FileKind::Fifo);
}

void TstPosixEnv::tellsWhatAPathNames()
{
    const std::string file = m_dir.write("kind", patternBytes(123));
    QCOMPARE(m_env->status(file)->kind, FileKind::Regular);
    QCOMPARE(m_env->status(file)->size, std::uint64_t{123});
    QCOMPARE(m_env->status(m_dir.path())->kind, FileKind::Directory);
    QCOMPARE(m_env->status("/dev/null")->kind, FileKind::CharacterDevice);
    QVERIFY(m_env->status("/dev/null")->deviceNumber != 0);
    const std::string link = m_dir.file("link");
    QCOMPARE(::symlink(file.c_str(), link.c_str()), 0);
    QVERIFY(*m_env->status(link) == *m_env->status(file));
    const std::string name = m_dir.file("socket");
    struct sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, name.c_str(), sizeof address.sun_path - 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    QCOMPARE(::bind(socket, reinterpret_cast<const struct sockaddr *>(&address), sizeof address), 0);
    QCOMPARE(m_env->status(name)->kind, FileKind::Socket);
    ::close(socket);
}

void TstPosixEnv::findsDataBetweenHoles()
{
    QVERIFY(m_dir.writeSparse("holes", 64 << 20));
    const auto file = m_env->open(m_dir.file("holes"), OpenMode::ReadWrite);
    QVERIFY(file);
    QCOMPARE(writeOne(**file, 32 << 20, patternBytes(4096)), std::size_t{4096});
    const auto run = (*file)->nextData(ByteOffset(0));
    QVERIFY(run);
    QVERIFY(run->contains(*ByteRange::make(32 << 20, 4096)));
    const auto rest = (*file)->nextData(run->end());
    QVERIFY(rest);
    QVERIFY(rest->end().value() <= (64 << 20));
    QVERIFY((*file)->nextData(ByteOffset(64 << 20))->empty());
}

void TstPosixEnv::renamesRemovesAndSyncsDirectories()
{
    const std::string from = m_dir.write("from", patternBytes(10));
    const std::string to = m_dir.write("to", patternBytes(20));
    QVERIFY(m_env->rename(from, to));
    QCOMPARE(m_env->status(to)->size, std::uint64_t{10});
    QCOMPARE(m_env->status(from).error().code, ErrorCode::NotFound);
    QVERIFY(m_env->syncDirectoryOf(to));
    QVERIFY(m_env->syncDirectoryOf("name-alone"));
    QVERIFY(m_env->syncDirectoryOf("/name-in-the-root"));
    QVERIFY(m_env->remove(to));
    QCOMPARE(m_env->remove(to).error().code, ErrorCode::NotFound);
    QCOMPARE(m_env->syncDirectoryOf(m_dir.file("no/such")).error().code, ErrorCode::NotFound);
}

void TstPosixEnv::refusesNamesTheSystemWouldCutShort()
{
    const std::string real = m_dir.write("real", patternBytes(10));
    const std::string longer = real + std::string("\0tail", 5);
    QCOMPARE(m_env->open(longer, OpenMode::Read).error().code, ErrorCode::InvalidArgument);
    QCOMPARE(m_env->status(longer).error().code, ErrorCode::InvalidArgument);
    QCOMPARE(m_env->remove(longer).error().code, ErrorCode::InvalidArgument);
    QCOMPARE(m_env->rename(longer, real).error().code, ErrorCode::InvalidArgument);
    QVERIFY(m_env->status(real));
}

void TstPosixEnv::saysWhyAnOperationFailed()
{
    const auto missing = m_env->open(m_dir.file("missing"), OpenMode::Read);
    QCOMPARE(missing.error().code, ErrorCode::NotFound);
    QCOMPARE(missing.error().systemError, ENOENT);
    QCOMPARE(missing.error().operation, Operation::Open);
    QCOMPARE(missing.error().path, m_dir.file("missing"));
    QCOMPARE(m_env->open(m_dir.path(), OpenMode::ReadWrite).error().code, ErrorCode::IsDirectory);
    const auto file = m_env->open(m_dir.write("plain", patternBytes(10)), OpenMode::Read);
    QCOMPARE((*file)->deviceSize().error().code, ErrorCode::NotSupported);
    QCOMPARE((*file)->deviceBlockSize().error().code, ErrorCode::NotSupported);
    QCOMPARE((*file)->truncate(kMaxSourceSize + 1).error().code, ErrorCode::OutOfRange);
}

QTEST_GUILESS_MAIN(TstPosixEnv)
#include "tst_posix_env.moc"
