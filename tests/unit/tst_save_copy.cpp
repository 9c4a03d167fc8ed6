// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/scan/save_copy.h"
#include "cachecore/source/file_source.h"
#include "tests/support/document_fixture.h"
#include "tests/support/fault_env.h"

#include <QTest>

#include <cerrno>
#include <csignal>

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

std::shared_ptr<Document> openFile(const std::string &path)
{
    auto source = FileSource::open(systemEnv(), path, FileSource::Access::WriteIfPermitted);
    const auto pool = std::make_shared<ThreadExecutor>(2);
    auto created = Document::create(std::move(*source), DocumentFixture::smallPages(), {pool, pool}, systemEnv());
    return created ? *created : nullptr;
}

std::size_t entriesOf(const std::string &directory)
{
    std::size_t count = 0;
    DIR *const opened = opendir(directory.c_str());
    while (const dirent *entry = readdir(opened))
        count += entry->d_name[0] != '.' || (entry->d_name[1] != 0 && entry->d_name[1] != '.');
    closedir(opened);
    return count;
}

std::int64_t blocksOf(const std::string &path)
{
    struct stat status{};
    return stat(path.c_str(), &status) == 0 ? status.st_blocks : -1;
}

} // namespace

class TestSaveCopy : public QObject {
    Q_OBJECT

private slots:
    void copyHasTheStagedBytesAndTheOriginalHasNot();
    void holesStayHoles();
    void readsPagesTogetherAndAroundResidentOnes();
    void unreadableByteEndsTheCopy();
    void deadDiskIsNotAskedForEverySector();
    void sourceItselfIsRefused();
    void stoppingLeavesNothing();
    void fullDiskLeavesNothing();
    void everyFaultKeepsTheOldFile();
};

void TestSaveCopy::copyHasTheStagedBytesAndTheOriginalHasNot()
{
    const TempDir directory;
    const auto disk = patternBytes(3'000'001);
    const std::string path = directory.write("disk", disk);
    const auto document = openFile(path);
    QVERIFY(document->stage(ByteOffset(1'000'000), bytesOf({1, 2, 3})));
    QVERIFY(document->stage(ByteOffset(3'000'000), bytesOf({4})));
    std::uint64_t last = 0;
    const auto report = saveCopy(*document->snapshot(), *systemEnv(), directory.file("copy \xff"),
                                 [&](std::uint64_t done, std::uint64_t total) {
                                     last = done <= total && total == 3'000'001 ? done : 0;
                                 });
    QVERIFY(report);
    QCOMPARE(report->size, 3'000'001U);
    QCOMPARE(last, 3'000'001U);
    QVERIFY(readFile(directory.file("copy \xff"))
            == with(with(disk, 1'000'000, bytesOf({1, 2, 3})), 3'000'000, bytesOf({4})));
    QVERIFY(readFile(path) == disk);
    QCOMPARE(entriesOf(directory.path()), std::size_t{2});
    QCOMPARE(document->staged().byteCount(), 4U);
}

void TestSaveCopy::holesStayHoles()
{
    constexpr std::uint64_t kSize = std::uint64_t{4} << 30;
    const TempDir directory;
    QVERIFY(directory.writeSparse("disk", kSize));
    const auto document = openFile(directory.file("disk"));
    QVERIFY(document->stage(ByteOffset(kSize / 2 + 7), bytesOf({1, 2, 3})));
    QVERIFY(document->commit());
    QVERIFY(document->stage(ByteOffset(kSize - 1), bytesOf({9})));
    const auto report = saveCopy(*document->snapshot(), *systemEnv(), directory.file("copy"));
    QVERIFY(report);
    QCOMPARE(report->size, kSize);
    QVERIFY(report->bytesWritten <= (2 << 20));
    QVERIFY(blocksOf(directory.file("copy")) * 512 <= (4 << 20));
    const auto copy = openFile(directory.file("copy"));
    QCOMPARE(copy->size(), kSize);
    QCOMPARE(readBytes(*copy, kSize / 2 + 6, 5), bytesOf({0, 1, 2, 3, 0}));
    QCOMPARE(readBytes(*copy, kSize - 2, 2), bytesOf({0, 9}));
}

void TestSaveCopy::unreadableByteEndsTheCopy()
{
    const TempDir directory;
    DocumentFixture fixture(patternBytes(3 << 20));
    fixture.source->addBadRange(rangeAt(2'000'000, 1));
    const auto report = saveCopy(*fixture->snapshot(), *systemEnv(), directory.file("copy"));
    QVERIFY(!report);
    QCOMPARE(report.error().code, ErrorCode::Io);
    QCOMPARE(entriesOf(directory.path()), std::size_t{0});
}

void TestSaveCopy::readsPagesTogetherAndAroundResidentOnes()
{
    const TempDir directory;
    const auto disk = patternBytes(3 << 20);
    DocumentFixture fixture(disk);
    QVERIFY(readBytes(*fixture.document, 1'500'000, 1)); // one page of the second MiB is in the cache
    fixture.source->clearLogs();
    QVERIFY(saveCopy(*fixture->snapshot(), *systemEnv(), directory.file("copy")));
    QVERIFY(readFile(directory.file("copy")) == disk);
    QCOMPARE(fixture.source->count(SourceOp::Read), std::uint64_t{4});
}

void TestSaveCopy::deadDiskIsNotAskedForEverySector()
{
    const TempDir directory;
    DocumentFixture fixture(patternBytes(3 << 20));
    fixture.source->addBadRange(rangeAt(0, 3 << 20));
    const auto report = saveCopy(*fixture->snapshot(), *systemEnv(), directory.file("copy"));
    QCOMPARE(report.error().code, ErrorCode::Io);
    QVERIFY(fixture.source->count(SourceOp::Read) < 100); // 6144 sectors
}

void TestSaveCopy::sourceItselfIsRefused()
{
    const TempDir directory;
    const auto disk = patternBytes(10'000);
    const std::string path = directory.write("disk", disk);
    QCOMPARE(symlink(path.c_str(), directory.file("link").c_str()), 0);
    QCOMPARE(link(path.c_str(), directory.file("hard link").c_str()), 0);
    QCOMPARE(mkfifo(directory.file("fifo").c_str(), 0600), 0);
    const auto document = openFile(path);
    QVERIFY(document->stage(ByteOffset(0), bytesOf({1})));
    for (const char *name : {"disk", "link", "hard link"}) {
        const auto report = saveCopy(*document->snapshot(), *systemEnv(), directory.file(name));
        QVERIFY2(!report, name);
        QCOMPARE(report.error().code, ErrorCode::InvalidArgument);
    }
    QCOMPARE(saveCopy(*document->snapshot(), *systemEnv(), directory.file("fifo")).error().code,
             ErrorCode::UnsupportedKind);
    QVERIFY(!saveCopy(*document->snapshot(), *systemEnv(), directory.path()));
    QVERIFY(readFile(path) == disk);
    QCOMPARE(entriesOf(directory.path()), std::size_t{4});
}

void TestSaveCopy::stoppingLeavesNothing()
{
    const TempDir directory;
    const auto old = patternBytes(5'000, 3);
    const std::string target = directory.write("copy", old);
    DocumentFixture fixture(patternBytes(8 << 20));
    std::stop_source stop;
    const auto report = saveCopy(
        *fixture->snapshot(), *systemEnv(), target,
        [&](std::uint64_t done, std::uint64_t total) {
            if (done > 0 && done < total)
                stop.request_stop();
        },
        stop.get_token());
    QVERIFY(!report);
    QCOMPARE(report.error().code, ErrorCode::Cancelled);
    QVERIFY(readFile(target) == old);
    QCOMPARE(entriesOf(directory.path()), std::size_t{1});
}

void TestSaveCopy::fullDiskLeavesNothing()
{
    const TempDir directory;
    const auto old = patternBytes(5'000, 3);
    const std::string target = directory.write("copy", old);
    DocumentFixture fixture(patternBytes(8 << 20));
    rlimit before{};
    QCOMPARE(getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{3 << 20, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    QCOMPARE(setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto report = saveCopy(*fixture->snapshot(), *systemEnv(), target);
    QCOMPARE(setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    QVERIFY(!report);
    QCOMPARE(report.error().code, ErrorCode::NoSpace);
    QVERIFY(readFile(target) == old);
    QCOMPARE(entriesOf(directory.path()), std::size_t{1});
}

void TestSaveCopy::everyFaultKeepsTheOldFile()
{
    const auto old = patternBytes(5'000, 3);
    const auto disk = patternBytes(1'500'000);
    DocumentFixture fixture(disk);
    bool clean = false;
    for (std::uint64_t nth = 0; !clean && nth < 200; ++nth) {
        const TempDir directory;
        const std::string target = directory.write("copy", old);
        FaultEnv env;
        env.failAny(nth, EIO);
        const auto report = saveCopy(*fixture->snapshot(), env, target);
        clean = env.total() <= nth;
        QVERIFY(report || !clean);
        const auto now = readFile(target);
        QVERIFY(now == old || now == disk);
        QVERIFY(!report || now == disk);
        if (report)
            QCOMPARE(entriesOf(directory.path()), std::size_t{1});
    }
    QVERIFY(clean);
}

QTEST_GUILESS_MAIN(TestSaveCopy)
#include "tst_save_copy.moc"
