// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/file_source.h"
#include "tests/support/child.h"
#include "tests/support/fault_env.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <vector>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Access = FileSource::Access;

Result<void> writeOne(BlockSource &source, std::uint64_t at, std::span<const std::byte> bytes)
{
    return source.writev(ByteOffset(at), std::span(&bytes, 1));
}

std::vector<std::byte> readSome(BlockSource &source, std::uint64_t at, std::size_t length)
{
    std::vector<std::byte> bytes(length);
    bytes.resize(static_cast<std::size_t>(source.readAt(ByteOffset(at), bytes).value_or(0)));
    return bytes;
}

void judge(ChildResult result, const char *skipReason)
{
    if (result == ChildResult::Skipped)
        QSKIP(skipReason);
    QCOMPARE(static_cast<int>(result), static_cast<int>(ChildResult::Passed));
}

} // namespace

class TstFileSource : public QObject {
    Q_OBJECT

private slots:
    void resumesShortAndInterruptedTransfers_data();
    void resumesShortAndInterruptedTransfers();
    void takesAWriteOfNothingForAnError();
    void saysWhichBytesFailed();
    void readsWhatIsLeftAfterATruncation();
    void neverExtendsATruncatedFile();
    void seesAFileGrow();
    void refusesWhatIsNoDiskWithoutOpeningIt_data();
    void refusesWhatIsNoDiskWithoutOpeningIt();
    void refusesAFileThatBecameAFifoMeanwhile();
    void takesNamesThatAreNotText();
    void neverWritesWhenOpenedReadOnly();
    void fallsBackToReadingWhereWritingIsRefused_data();
    void fallsBackToReadingWhereWritingIsRefused();
    void noticesThatTheNameLeadsElsewhere();
    void hasAFingerprintOfAFailingDisk();
    void findsEveryDataRunOfASparseFile();
    void failsClearlyAtEveryOperation_data();
    void failsClearlyAtEveryOperation();
    void respectsPermissions();
    void saysThatAQuotaIsFull();
    void saysThatTheDiskIsFull();
    void reachesTheLargestOffset_data();
    void reachesTheLargestOffset();

private:
    const TempDir m_dir;
};

void TstFileSource::resumesShortAndInterruptedTransfers_data()
{
    QTest::addColumn<int>("limit");
    QTest::addColumn<unsigned>("every");
    QTest::newRow("1 byte") << 1 << 0u;
    QTest::newRow("7 bytes, each third interrupted") << 7 << 3u;
    QTest::newRow("each second interrupted") << 0 << 2u;
}

void TstFileSource::resumesShortAndInterruptedTransfers()
{
    QFETCH(int, limit);
    QFETCH(unsigned, every);
    auto content = patternBytes(3000);
    const std::string path = m_dir.write("short", content);
    const auto env = std::make_shared<FaultEnv>();
    env->limitTransfers(static_cast<std::size_t>(limit));
    env->interruptTransfers(every);
    const auto source = FileSource::open(env, path, Access::WriteIfPermitted);
    QVERIFY(source);
    QVERIFY(readSome(**source, 0, 4000) == content);
    const auto bytes = patternBytes(900, 2);
    const std::span<const std::byte> all(bytes);
    const std::array<std::span<const std::byte>, 4> parts{all.first(10), {}, all.subspan(10, 500), all.subspan(510)};
    QVERIFY((*source)->writev(ByteOffset(1234), parts));
    std::ranges::copy(bytes, content.begin() + 1234);
    QVERIFY(readFile(path) == content);
    QVERIFY(env->count(EnvOp::Write) > (limit == 0 ? 0u : 100u));
}

void TstFileSource::takesAWriteOfNothingForAnError()
{
    const auto env = std::make_shared<FaultEnv>();
    const auto source = FileSource::open(env, m_dir.write("zero", patternBytes(1000)), Access::WriteIfPermitted);
    QVERIFY(source);
    env->stopWriting(true);
    const auto refused = writeOne(**source, 10, patternBytes(5));
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::Io);
    QVERIFY(refused.error().range == ByteRange::make(10, 5));
}

void TstFileSource::saysWhichBytesFailed()
{
    const auto env = std::make_shared<FaultEnv>();
    const std::string path = m_dir.write("fail", patternBytes(5000));
    const auto source = FileSource::open(env, path, Access::WriteIfPermitted);
    QVERIFY(source);
    env->limitTransfers(1000);
    env->fail(EnvOp::Read, 2, EIO);
    std::vector<std::byte> into(4000);
    const auto read = (*source)->readAt(ByteOffset(500), into);
    QVERIFY(!read);
    QCOMPARE(read.error().code, ErrorCode::Io);
    QCOMPARE(read.error().systemError, EIO);
    QVERIFY(read.error().range == ByteRange::make(500, 4000));
    QCOMPARE(read.error().path, path);

    env->fail(EnvOp::Write, 2, ENOSPC);
    const auto written = writeOne(**source, 500, patternBytes(4000));
    QVERIFY(!written);
    QCOMPARE(written.error().code, ErrorCode::NoSpace);
    QVERIFY(written.error().range == ByteRange::make(2500, 2000));

    env->fail(EnvOp::DataSync, 0, EIO);
    QCOMPARE((*source)->sync().error().operation, Operation::Sync);
    QCOMPARE(env->count(EnvOp::DataSync), std::uint64_t{1});
}

void TstFileSource::readsWhatIsLeftAfterATruncation()
{
    const auto content = patternBytes(10000);
    const std::string path = m_dir.write("cut", content);
    const auto source = FileSource::open(systemEnv(), path, Access::ReadOnly);
    QVERIFY(source);
    QCOMPARE(::truncate(path.c_str(), 5000), 0);
    QCOMPARE((*source)->size().value(), std::uint64_t{5000});
    QVERIFY(readSome(**source, 4000, 4000) == std::vector(content.begin() + 4000, content.begin() + 5000));
    QVERIFY(readSome(**source, 6000, 100).empty());
}

void TstFileSource::neverExtendsATruncatedFile()
{
    const std::string path = m_dir.write("cut2", patternBytes(10000));
    const auto env = std::make_shared<FaultEnv>();
    const auto source = FileSource::open(env, path, Access::WriteIfPermitted);
    QVERIFY(source);
    QCOMPARE(::truncate(path.c_str(), 5000), 0);
    QCOMPARE(writeOne(**source, 4990, patternBytes(20)).error().code, ErrorCode::Truncated);
    QCOMPARE(writeOne(**source, 9990, patternBytes(11)).error().code, ErrorCode::OutOfRange); // it never had that
    QCOMPARE(readFile(path).size(), std::size_t{5000});

    // Cut short between two pieces of one write.
    env->limitTransfers(100);
    const std::uint64_t before = env->count(EnvOp::FileStatus);
    env->setHook([&](EnvOp op) {
        if (op == EnvOp::FileStatus && env->count(op) == before + 2)
            QCOMPARE(::truncate(path.c_str(), 4000), 0);
    });
    const auto refused = writeOne(**source, 3900, patternBytes(1000, 7));
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::Truncated);
    QVERIFY(refused.error().range == ByteRange::make(4100, 800));
    QCOMPARE(readFile(path).size(), std::size_t{4000});
}

void TstFileSource::seesAFileGrow()
{
    const std::string path = m_dir.write("grow", {});
    const auto source = FileSource::open(systemEnv(), path, Access::WriteIfPermitted);
    QVERIFY(source);
    QCOMPARE((*source)->size().value(), std::uint64_t{0});
    QVERIFY((*source)->fingerprint());
    const auto content = patternBytes(777);
    QCOMPARE(m_dir.write("grow", content), path);
    QCOMPARE((*source)->size().value(), std::uint64_t{777});
    QVERIFY(readSome(**source, 0, 1000) == content);
    QVERIFY(writeOne(**source, 776, patternBytes(1)));
}

void TstFileSource::refusesWhatIsNoDiskWithoutOpeningIt_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<ErrorCode>("code");
    const std::string fifo = m_dir.file("fifo");
    QCOMPARE(::mkfifo(fifo.c_str(), 0600), 0);
    struct sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, m_dir.file("socket").c_str(), sizeof address.sun_path - 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    QCOMPARE(::bind(socket, reinterpret_cast<const struct sockaddr *>(&address), sizeof address), 0);
    ::close(socket);
    QTest::newRow("FIFO") << QByteArray::fromStdString(fifo) << ErrorCode::UnsupportedKind;
    QTest::newRow("socket") << QByteArray::fromStdString(m_dir.file("socket")) << ErrorCode::UnsupportedKind;
    QTest::newRow("/dev/null") << QByteArray("/dev/null") << ErrorCode::UnsupportedKind;
    QTest::newRow("/dev/zero") << QByteArray("/dev/zero") << ErrorCode::UnsupportedKind;
    QTest::newRow("directory") << QByteArray::fromStdString(m_dir.path()) << ErrorCode::IsDirectory;
    QTest::newRow("missing") << QByteArray::fromStdString(m_dir.file("nothing")) << ErrorCode::NotFound;
    QTest::newRow("under a file") << QByteArray::fromStdString(m_dir.write("f", {}) + "/x") << ErrorCode::NotFound;
    QTest::newRow("empty name") << QByteArray("") << ErrorCode::NotFound;
}

void TstFileSource::refusesWhatIsNoDiskWithoutOpeningIt()
{
    QFETCH(QByteArray, path);
    QFETCH(ErrorCode, code);
    const auto env = std::make_shared<FaultEnv>();
    for (const Access access : {Access::ReadOnly, Access::WriteIfPermitted}) {
        const auto source = FileSource::open(env, path.toStdString(), access);
        QVERIFY(!source);
        QCOMPARE(source.error().code, code);
        QCOMPARE(source.error().operation, Operation::Open);
        QCOMPARE(source.error().path, path.toStdString());
    }
    QCOMPARE(env->count(EnvOp::Open), std::uint64_t{0});
}

void TstFileSource::refusesAFileThatBecameAFifoMeanwhile()
{
    const std::string path = m_dir.write("turns", patternBytes(10));
    const auto env = std::make_shared<FaultEnv>();
    env->setHook([&](EnvOp op) {
        if (op == EnvOp::Open) {
            ::unlink(path.c_str());
            QCOMPARE(::mkfifo(path.c_str(), 0600), 0);
        }
    });
    const auto source = FileSource::open(env, path, Access::ReadOnly);
    QVERIFY(!source);
    QCOMPARE(source.error().code, ErrorCode::UnsupportedKind);
}

void TstFileSource::takesNamesThatAreNotText()
{
    const auto content = patternBytes(600);
    const std::string path = m_dir.write("\xff\xfe \x80\n.img", content);
    const auto source = FileSource::open(systemEnv(), path, Access::ReadOnly);
    QVERIFY(source);
    QCOMPARE((*source)->path(), path);
    QVERIFY(readSome(**source, 0, 600) == content);
}

void TstFileSource::neverWritesWhenOpenedReadOnly()
{
    const auto env = std::make_shared<FaultEnv>();
    const auto content = patternBytes(600);
    const std::string path = m_dir.write("ro", content);
    const auto source = FileSource::open(env, path, Access::ReadOnly);
    QVERIFY(source);
    QVERIFY(!(*source)->writable());
    QCOMPARE((*source)->readOnlyReason().code, ErrorCode::ReadOnly);
    QCOMPARE(writeOne(**source, 0, patternBytes(5, 3)).error().code, ErrorCode::ReadOnly);
    QCOMPARE(env->count(EnvOp::Write), std::uint64_t{0});
    QVERIFY(readFile(path) == content);
}

void TstFileSource::fallsBackToReadingWhereWritingIsRefused_data()
{
    QTest::addColumn<int>("errnoValue");
    QTest::addColumn<bool>("opens");
    QTest::newRow("EACCES") << EACCES << true;
    QTest::newRow("EPERM") << EPERM << true;
    QTest::newRow("EROFS") << EROFS << true;
    QTest::newRow("ETXTBSY") << ETXTBSY << true;
    QTest::newRow("EMFILE") << EMFILE << false;
    QTest::newRow("EIO") << EIO << false;
}

void TstFileSource::fallsBackToReadingWhereWritingIsRefused()
{
    QFETCH(int, errnoValue);
    QFETCH(bool, opens);
    const auto env = std::make_shared<FaultEnv>();
    env->fail(EnvOp::Open, 0, errnoValue);
    const auto source = FileSource::open(env, m_dir.write("fall", patternBytes(10)), Access::WriteIfPermitted);
    QCOMPARE(source.has_value(), opens);
    if (!opens) {
        QCOMPARE(source.error().systemError, errnoValue);
        return;
    }
    QVERIFY(!(*source)->writable());
    QCOMPARE((*source)->readOnlyReason().systemError, errnoValue);
    QCOMPARE(writeOne(**source, 0, patternBytes(5)).error().code, ErrorCode::ReadOnly);
    QVERIFY(readSome(**source, 0, 10) == patternBytes(10));
}

void TstFileSource::noticesThatTheNameLeadsElsewhere()
{
    const std::string path = m_dir.write("named", patternBytes(10));
    const auto env = std::make_shared<FaultEnv>();
    const auto source = FileSource::open(env, path, Access::WriteIfPermitted);
    QVERIFY(source);
    QVERIFY(writeOne(**source, 0, patternBytes(10, 2)));
    QVERIFY((*source)->checkStillNamed());
    env->fail(EnvOp::Status, 0, EIO);
    QCOMPARE((*source)->checkStillNamed().error().code, ErrorCode::Io);
    const std::string other = m_dir.write("other", patternBytes(10, 2));
    QCOMPARE(::rename(other.c_str(), path.c_str()), 0);
    QCOMPARE((*source)->checkStillNamed().error().code, ErrorCode::Changed);
    QCOMPARE(::unlink(path.c_str()), 0);
    QCOMPARE((*source)->checkStillNamed().error().code, ErrorCode::Changed);
    QCOMPARE((*source)->checkStillNamed().error().systemError, ENOENT);
}

void TstFileSource::hasAFingerprintOfAFailingDisk()
{
    const auto env = std::make_shared<FaultEnv>();
    const auto source = FileSource::open(env, m_dir.write("bad", patternBytes(1 << 20)), Access::ReadOnly);
    QVERIFY(source);
    const auto healthy = (*source)->fingerprint();
    QVERIFY(healthy);
    env->resetCounts();
    env->fail(EnvOp::Read, 3, EIO);
    const auto failing = (*source)->fingerprint();
    QVERIFY(failing);
    QVERIFY(failing->sampleHash != healthy->sampleHash);
    QVERIFY(env->count(EnvOp::Read) <= 8);
    env->fail(EnvOp::Read, 0, ENOMEM);
    QCOMPARE((*source)->fingerprint().error().code, ErrorCode::OutOfMemory);
}

void TstFileSource::findsEveryDataRunOfASparseFile()
{
    constexpr std::uint64_t kSize = std::uint64_t{1} << 40;
    if (!m_dir.writeSparse("sparse", kSize))
        QSKIP("the file system takes no sparse file of 1 TiB");
    const auto source = FileSource::open(systemEnv(), m_dir.file("sparse"), Access::WriteIfPermitted);
    QVERIFY(source);
    QVERIFY((*source)->nextData(ByteOffset(0)) == ByteRange(ByteOffset(kSize), ByteOffset(kSize)));
    const std::vector<std::uint64_t> places{std::uint64_t{1} << 31, std::uint64_t{1} << 32, kSize - 4096};
    for (const std::uint64_t at : places)
        QVERIFY(writeOne(**source, at, patternBytes(4096, at)));
    QVERIFY((*source)->sync());
    ByteOffset at(0);
    for (const std::uint64_t place : places) {
        const auto run = (*source)->nextData(at);
        QVERIFY(run);
        QVERIFY(run->contains(*ByteRange::make(place, 4096)));
        QVERIFY(run->length() <= (1 << 20));
        QVERIFY(readSome(**source, place, 4096) == patternBytes(4096, place));
        at = run->end();
    }
    QVERIFY((*source)->nextData(at)->empty());
}

void TstFileSource::failsClearlyAtEveryOperation_data()
{
    QTest::addColumn<bool>("forGood");
    QTest::newRow("once") << false;
    QTest::newRow("for good") << true;
}

void TstFileSource::failsClearlyAtEveryOperation()
{
    QFETCH(bool, forGood);
    const auto old = patternBytes(100'000);
    const auto bytes = patternBytes(5000, 4);
    bool clean = false;
    for (std::uint64_t nth = 0; !clean; ++nth) {
        QVERIFY(nth < 100);
        const std::string path = m_dir.write("nth", old);
        const auto env = std::make_shared<FaultEnv>();
        env->failAny(nth, EIO, forGood ? Repeat::ForGood : Repeat::Once);
        bool failed = false;
        bool clear = true;
        const auto see = [&](const auto &result) {
            failed = failed || !result;
            clear = clear && (result || (result.error().code == ErrorCode::Io && result.error().path == path));
            return result.has_value();
        };
        bool written = false;
        if (const auto source = FileSource::open(env, path, Access::WriteIfPermitted); see(source)) {
            std::vector<std::byte> into(2000);
            see((*source)->readAt(ByteOffset(0), into));
            written = see(writeOne(**source, 50'000, bytes));
            see((*source)->sync());
            see((*source)->size());
            see((*source)->nextData(ByteOffset(0)));
            see((*source)->checkStillNamed());
        }
        QVERIFY(clear);
        auto expected = old;
        if (written)
            std::ranges::copy(bytes, expected.begin() + 50'000);
        QVERIFY(readFile(path) == expected);
        clean = !failed;
        QVERIFY(clean == (env->total() <= nth));
    }
}

void TstFileSource::respectsPermissions()
{
    QCOMPARE(::chmod(m_dir.path().c_str(), 0755), 0);
    const std::string secret = m_dir.write("secret", patternBytes(10));
    const std::string shown = m_dir.write("shown", patternBytes(10));
    QCOMPARE(::chmod(secret.c_str(), 0000), 0);
    QCOMPARE(::chmod(shown.c_str(), 0444), 0);
    judge(runInChild([&] {
              if (!dropRoot())
                  return ChildResult::Skipped;
              const auto refused = FileSource::open(systemEnv(), secret, Access::ReadOnly);
              const auto readable = FileSource::open(systemEnv(), shown, Access::WriteIfPermitted);
              const bool right = !refused && refused.error().code == ErrorCode::PermissionDenied && readable
                  && !(*readable)->writable() && (*readable)->readOnlyReason().code == ErrorCode::PermissionDenied
                  && readSome(**readable, 0, 10) == patternBytes(10);
              return right ? ChildResult::Passed : ChildResult::Failed;
          }),
          "root could not be dropped");
}

void TstFileSource::saysThatAQuotaIsFull()
{
    QVERIFY(m_dir.writeSparse("limited", 8192));
    judge(runInChild([&] {
              const struct rlimit limit{4096, 4096};
              std::signal(SIGXFSZ, SIG_IGN);
              if (::setrlimit(RLIMIT_FSIZE, &limit) != 0)
                  return ChildResult::Skipped;
              const auto source = FileSource::open(systemEnv(), m_dir.file("limited"), Access::WriteIfPermitted);
              if (!source)
                  return ChildResult::Failed;
              const auto refused = writeOne(**source, 4000, patternBytes(1000));
              const bool right = !refused && refused.error().code == ErrorCode::NoSpace
                  && refused.error().range == ByteRange::make(4096, 904);
              return right ? ChildResult::Passed : ChildResult::Failed;
          }),
          "no limit could be set");
}

void TstFileSource::saysThatTheDiskIsFull()
{
    const std::string mountPoint = m_dir.file("small");
    QVERIFY(std::filesystem::create_directory(mountPoint));
    judge(runInChild([&] {
              if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0
                  || ::mount("small", mountPoint.c_str(), "tmpfs", 0, "size=64k") != 0)
                  return ChildResult::Skipped;
              const std::string path = mountPoint + "/disk";
              const auto file = systemEnv()->open(path, OpenMode::CreateNew);
              if (!file || !(*file)->truncate(1 << 20))
                  return ChildResult::Failed;
              const auto source = FileSource::open(systemEnv(), path, Access::WriteIfPermitted);
              if (!source)
                  return ChildResult::Failed;
              const auto refused = writeOne(**source, 0, patternBytes(200'000));
              if (refused || refused.error().code != ErrorCode::NoSpace || !refused.error().range)
                  return ChildResult::Failed;
              const auto done = static_cast<std::size_t>(refused.error().range->begin().value());
              auto expected = patternBytes(200'000);
              std::fill(expected.begin() + static_cast<std::ptrdiff_t>(done), expected.end(), std::byte{0});
              const bool right = done > 0 && done < 200'000 && readSome(**source, 0, 200'000) == expected;
              return right ? ChildResult::Passed : ChildResult::Failed;
          }),
          "no file system could be mounted");
}

void TstFileSource::reachesTheLargestOffset_data()
{
    QTest::addColumn<QByteArray>("parent");
    QTest::addColumn<quint64>("size");
    QTest::newRow("2^63-1, memory") << QByteArray("/dev/shm") << quint64{kMaxSourceSize};
    QTest::newRow("16 TiB - 4 KiB, here") << QByteArray() << (quint64{16} << 40) - 4096;
    QTest::newRow("2^40+1, here") << QByteArray() << (quint64{1} << 40) + 1;
}

void TstFileSource::reachesTheLargestOffset()
{
    QFETCH(QByteArray, parent);
    QFETCH(quint64, size);
    if (!parent.isEmpty() && ::access(parent.constData(), W_OK) != 0)
        QSKIP("there is no such directory to write to");
    const TempDir dir(parent.toStdString());
    if (!dir.writeSparse("huge", size))
        QSKIP("the file system takes no file of this size");
    const auto source = FileSource::open(systemEnv(), dir.file("huge"), Access::WriteIfPermitted);
    QVERIFY(source);
    QCOMPARE((*source)->size().value(), std::uint64_t{size});
    QVERIFY(readSome(**source, size - 5, 4096) == std::vector<std::byte>(5));
    QVERIFY(readSome(**source, size, 4096).empty());
    QVERIFY(writeOne(**source, size - 3, patternBytes(3)));
    QCOMPARE(writeOne(**source, size - 3, patternBytes(4)).error().code, ErrorCode::OutOfRange);
    QVERIFY(readSome(**source, size - 3, 4096) == patternBytes(3));
    QVERIFY((*source)->fingerprint());
    const auto run = (*source)->nextData(ByteOffset(0));
    QVERIFY(run);
    QCOMPARE(run->end().value(), std::uint64_t{size});
    QVERIFY(run->length() <= (1 << 20) || run->begin().value() == 0);
}

QTEST_GUILESS_MAIN(TstFileSource)
#include "tst_file_source.moc"
