// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/file_source.h"
#include "tests/support/document_fixture.h"
#include "tests/support/fault_env.h"
#include "tests/support/random.h"
#include "ui/formats/byte_encoder.h"
#include "ui/session/error_text.h"
#include "ui/session/range_encoding.h"

#include <QProcess>
#include <QStandardPaths>
#include <QtTest>

#include <csignal>
#include <filesystem>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::Document;
using cachecore::ErrorCode;
using cachecore::FileSource;
using cachecore::systemEnv;
using namespace cachet;

namespace cachet_test {

/// Ranges of a document into files: whole, or not at all.
class TestRangeEncoding : public QObject {
    Q_OBJECT

private slots:
    void fileHoldsTheRangeAsItIsStaged_data();
    void fileHoldsTheRangeAsItIsStaged();
    void dumpOfAFileIsThatOfXxd();
    void holesStayHoles();
    void smallRangeFarIntoASparseDisk();
    void unreadableByteIsNamedAndNothingIsLeft();
    void imageItselfIsRefused();
    void linkLeadsToWhatIsReplaced();
    void newFileIsPrivateAndAnOldOneKeepsItsMode();
    void stoppingLeavesTheOldFile();
    void limitOfFileSizesLeavesTheOldFile();
    void fullDiskLeavesNothing();
    void everyFaultKeepsTheOldFile_data() { fileHoldsTheRangeAsItIsStaged_data(); }
    void everyFaultKeepsTheOldFile();
    void memoryIsBounded();
    void rangePastTheEndIsRefused();
};

namespace {

std::shared_ptr<Document> openFile(const std::string &path)
{
    auto source = FileSource::open(systemEnv(), path, FileSource::Access::WriteIfPermitted);
    const auto pool = std::make_shared<cachecore::ThreadExecutor>(2);
    auto created = Document::create(std::move(*source), DocumentFixture::smallPages(), {pool, pool}, systemEnv());
    return created ? *created : nullptr;
}

std::ptrdiff_t entriesOf(const std::string &directory)
{
    return std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator());
}

EncodeOptions as(ByteFormat format)
{
    return {format, 0, 0, true, "data"};
}

std::vector<std::byte> encoded(ByteFormat format, std::uint64_t begin, std::span<const std::byte> bytes)
{
    const auto encoder = makeEncoder({format, begin, bytes.size(), true, "data"});
    std::string text;
    encoder->feed(bytes, text);
    encoder->finish(text);
    const auto all = std::as_bytes(std::span(text));
    return {all.begin(), all.end()};
}

std::vector<std::byte> part(const std::vector<std::byte> &bytes, ByteRange range)
{
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(range.begin().value());
    return {begin, begin + static_cast<std::ptrdiff_t>(range.length())};
}

} // namespace

void TestRangeEncoding::fileHoldsTheRangeAsItIsStaged_data()
{
    QTest::addColumn<ByteFormat>("format");
    QTest::newRow("raw") << ByteFormat::Raw;
    QTest::newRow("dump") << ByteFormat::HexDump;
    QTest::newRow("C") << ByteFormat::CArray;
    QTest::newRow("base64") << ByteFormat::Base64;
}

void TestRangeEncoding::fileHoldsTheRangeAsItIsStaged()
{
    QFETCH(const ByteFormat, format);
    const TempDir directory;
    auto disk = patternBytes(1'000'003);
    const std::string path = directory.write("disk", disk);
    const auto document = openFile(path);
    const auto edit = Random().bytes(5000);
    QVERIFY(document->stage(ByteOffset(260'000), edit)); // over the border of two reads
    disk = with(disk, 260'000, edit);
    std::uint64_t last = 0;
    for (const ByteRange range : {rangeAt(0, 1'000'003), rangeAt(777, 600'001), rangeAt(1'000'002, 1)}) {
        const auto size
            = exportRange(*document->snapshot(), *systemEnv(), directory.file("out \xff"), range, as(format),
                          [&](std::uint64_t done, std::uint64_t total) { last = total == range.length() ? done : 0; });
        QVERIFY2(size, size ? "" : qPrintable(errorText(size.error())));
        QCOMPARE(last, range.length());
        const auto written = readFile(directory.file("out \xff"));
        QCOMPARE(*size, std::uint64_t{written.size()});
        QVERIFY(written == encoded(format, range.begin().value(), part(disk, range)));
        QCOMPARE(entriesOf(directory.path()), std::ptrdiff_t{2});
    }
}

void TestRangeEncoding::dumpOfAFileIsThatOfXxd()
{
    const QString xxd = QStandardPaths::findExecutable(QStringLiteral("xxd"));
    if (xxd.isEmpty())
        QSKIP("xxd is not installed, which judges this file.");
    const TempDir directory;
    const auto disk = Random().bytes(700'001);
    const std::string path = directory.write("disk", disk);
    QVERIFY(exportRange(*openFile(path)->snapshot(), *systemEnv(), directory.file("out"), rangeAt(0, disk.size()),
                        as(ByteFormat::HexDump)));
    QProcess process;
    process.start(xxd, {QString::fromStdString(path), QString::fromStdString(directory.file("judge"))});
    QVERIFY(process.waitForFinished() && process.exitCode() == 0);
    QVERIFY(readFile(directory.file("out")) == readFile(directory.file("judge")));
}

void TestRangeEncoding::holesStayHoles()
{
    constexpr std::uint64_t kSize = std::uint64_t{1} << 40;
    const TempDir directory;
    if (!directory.writeSparse("disk", kSize))
        QSKIP("The file system here takes no file of 1 TiB.");
    const auto document = openFile(directory.file("disk"));
    QVERIFY(document->stage(ByteOffset(kSize / 2), bytesOf({1, 2, 3})));
    const ByteRange range = rangeAt(4096, kSize - 8192);
    const auto size
        = exportRange(*document->snapshot(), *systemEnv(), directory.file("out"), range, as(ByteFormat::Raw));
    QVERIFY2(size, size ? "" : qPrintable(errorText(size.error())));
    struct stat status{};
    QCOMPARE(::stat(directory.file("out").c_str(), &status), 0);
    QCOMPARE(static_cast<std::uint64_t>(status.st_size), range.length());
    QVERIFY(status.st_blocks < 64);
    QCOMPARE(readBytes(*openFile(directory.file("out")), kSize / 2 - 4096 - 1, 5), bytesOf({0, 1, 2, 3, 0}));
}

void TestRangeEncoding::smallRangeFarIntoASparseDisk()
{
    constexpr std::uint64_t kSize = std::uint64_t{1} << 40;
    const TempDir directory;
    if (!directory.writeSparse("disk", kSize))
        QSKIP("The file system here takes no file of 1 TiB.");
    const auto document = openFile(directory.file("disk"));
    QVERIFY(document->stage(ByteOffset(kSize - 2), bytesOf({0x53, 0xEF})));
    QVERIFY(exportRange(*document->snapshot(), *systemEnv(), directory.file("out"), rangeAt(kSize - 4, 4),
                        as(ByteFormat::HexDump)));
    const auto written = readFile(directory.file("out"));
    QCOMPARE(QByteArray(reinterpret_cast<const char *>(written.data()), static_cast<qsizetype>(written.size())),
             QByteArray("fffffffffc: 0000 53ef                                ..S.\n"));
}

void TestRangeEncoding::unreadableByteIsNamedAndNothingIsLeft()
{
    for (const ByteFormat format : {ByteFormat::Raw, ByteFormat::HexText}) {
        const TempDir directory;
        DocumentFixture fixture(patternBytes(3 << 20));
        fixture.source->addBadRange(rangeAt(2'000'000, 1));
        const auto failed = exportRange(*fixture->snapshot(), *systemEnv(), directory.file("out"),
                                        rangeAt(1000, 2'500'000), as(format));
        QVERIFY(!failed);
        QCOMPARE(failed.error().code, ErrorCode::Io);
        QVERIFY(failed.error().range && failed.error().range->contains(ByteOffset(2'000'000)));
        QVERIFY2(failed.error().range->length() <= 512, qPrintable(errorText(failed.error())));
        QCOMPARE(entriesOf(directory.path()), std::ptrdiff_t{0});
        // Beside it all is well.
        QVERIFY(exportRange(*fixture->snapshot(), *systemEnv(), directory.file("out"), rangeAt(1000, 1'000'000),
                            as(format)));
    }
}

void TestRangeEncoding::imageItselfIsRefused()
{
    const TempDir directory;
    const auto disk = patternBytes(10'000);
    const std::string path = directory.write("disk", disk);
    QCOMPARE(::symlink(path.c_str(), directory.file("link").c_str()), 0);
    QCOMPARE(::link(path.c_str(), directory.file("hard link").c_str()), 0);
    QCOMPARE(::mkfifo(directory.file("fifo").c_str(), 0600), 0);
    const auto document = openFile(path);
    const auto to = [&](const std::string &name) {
        return exportRange(*document->snapshot(), *systemEnv(), name, rangeAt(0, 100), as(ByteFormat::Raw));
    };
    for (const char *name : {"disk", "link", "hard link"}) {
        const auto failed = to(directory.file(name));
        QVERIFY2(!failed, name);
        QCOMPARE(failed.error().code, ErrorCode::InvalidArgument);
        QVERIFY(errorText(failed.error()).contains(QStringLiteral("the very file being viewed")));
    }
    QCOMPARE(to(directory.file("fifo")).error().code, ErrorCode::UnsupportedKind);
    QCOMPARE(to(directory.path()).error().code, ErrorCode::IsDirectory);
    QCOMPARE(to(directory.file("missing/out")).error().code, ErrorCode::NotFound);
    QVERIFY(readFile(path) == disk);
    QCOMPARE(entriesOf(directory.path()), std::ptrdiff_t{4});
}

void TestRangeEncoding::linkLeadsToWhatIsReplaced()
{
    const TempDir directory;
    const std::string target = directory.write("target", patternBytes(10));
    QCOMPARE(::symlink("target", directory.file("link").c_str()), 0);
    DocumentFixture fixture(patternBytes(5000, 1));
    QVERIFY(
        exportRange(*fixture->snapshot(), *systemEnv(), directory.file("link"), rangeAt(0, 5000), as(ByteFormat::Raw)));
    QVERIFY(std::filesystem::is_symlink(directory.file("link")));
    QVERIFY(readFile(target) == patternBytes(5000, 1));
}

void TestRangeEncoding::newFileIsPrivateAndAnOldOneKeepsItsMode()
{
    const TempDir directory;
    const std::string old = directory.write("old", patternBytes(10));
    QCOMPARE(::chmod(old.c_str(), 0640), 0);
    DocumentFixture fixture(patternBytes(5000, 1));
    const auto modeAfter = [&](const std::string &path) {
        struct stat status{};
        if (!exportRange(*fixture->snapshot(), *systemEnv(), path, rangeAt(0, 10), as(ByteFormat::HexText))
            || ::stat(path.c_str(), &status) != 0)
            return mode_t{0};
        return static_cast<mode_t>(status.st_mode & 07777);
    };
    QCOMPARE(modeAfter(old), mode_t{0640});
    QCOMPARE(modeAfter(directory.file("new")), mode_t{0600});
}

void TestRangeEncoding::stoppingLeavesTheOldFile()
{
    for (const ByteFormat format : {ByteFormat::Raw, ByteFormat::Base64}) {
        const TempDir directory;
        const auto old = patternBytes(5000, 3);
        const std::string target = directory.write("out", old);
        DocumentFixture fixture(patternBytes(8 << 20));
        std::stop_source stop;
        const auto progress = [&](std::uint64_t done, std::uint64_t total) {
            if (done > 0 && done < total)
                stop.request_stop();
        };
        const auto stopped = exportRange(*fixture->snapshot(), *systemEnv(), target, rangeAt(0, 8 << 20), as(format),
                                         progress, stop.get_token());
        QVERIFY(!stopped);
        QCOMPARE(stopped.error().code, ErrorCode::Cancelled);
        QVERIFY(readFile(target) == old);
        QCOMPARE(entriesOf(directory.path()), std::ptrdiff_t{1});
    }
}

void TestRangeEncoding::limitOfFileSizesLeavesTheOldFile()
{
    const TempDir directory;
    const auto old = patternBytes(5000, 3);
    const std::string target = directory.write("out", old);
    DocumentFixture fixture(patternBytes(2 << 20));
    rlimit before{};
    QCOMPARE(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{1 << 20, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    for (const ByteFormat format : {ByteFormat::Raw, ByteFormat::HexDump}) {
        QCOMPARE(::setrlimit(RLIMIT_FSIZE, &small), 0);
        const auto failed = exportRange(*fixture->snapshot(), *systemEnv(), target, rangeAt(0, 2 << 20), as(format));
        QCOMPARE(::setrlimit(RLIMIT_FSIZE, &before), 0);
        QVERIFY(!failed);
        QCOMPARE(failed.error().code, ErrorCode::NoSpace);
        QCOMPARE(failed.error().path, target);
        QVERIFY(readFile(target) == old);
        QCOMPARE(entriesOf(directory.path()), std::ptrdiff_t{1});
    }
    std::signal(SIGXFSZ, handler);
}

void TestRangeEncoding::fullDiskLeavesNothing()
{
    const TempDir place;
    if (::mount("tmpfs", place.path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m") != 0)
        QSKIP("A small file system for being full cannot be mounted here; that takes root.");
    const auto unmount = qScopeGuard([&place] { (void)::umount2(place.path().c_str(), MNT_DETACH); });
    DocumentFixture fixture(patternBytes(2 << 20));
    for (const ByteFormat format : {ByteFormat::Raw, ByteFormat::CArray}) {
        const auto failed
            = exportRange(*fixture->snapshot(), *systemEnv(), place.file("out"), rangeAt(0, 2 << 20), as(format));
        QVERIFY(!failed);
        QCOMPARE(failed.error().code, ErrorCode::NoSpace);
        QCOMPARE(entriesOf(place.path()), std::ptrdiff_t{0});
    }
    QVERIFY(exportRange(*fixture->snapshot(), *systemEnv(), place.file("out"), rangeAt(0, 100'000),
                        as(ByteFormat::CArray)));
}

void TestRangeEncoding::everyFaultKeepsTheOldFile()
{
    QFETCH(const ByteFormat, format);
    const auto old = patternBytes(5000, 3);
    const auto disk = patternBytes(600'000);
    const auto expected = encoded(format, 0, disk);
    DocumentFixture fixture(disk);
    bool clean = false;
    for (std::uint64_t nth = 0; !clean && nth < 200; ++nth) {
        const TempDir directory;
        const std::string target = directory.write("out", old);
        FaultEnv env;
        env.failAny(nth, EIO);
        env.interruptTransfers(3);
        env.limitTransfers(100'000);
        const auto done = exportRange(*fixture->snapshot(), env, target, rangeAt(0, disk.size()), as(format));
        clean = env.total() <= nth;
        QVERIFY(done || !clean);
        const auto now = readFile(target);
        QVERIFY(now == old || now == expected);
        QVERIFY(!done || now == expected);
        if (done)
            QCOMPARE(entriesOf(directory.path()), std::ptrdiff_t{1});
    }
    QVERIFY(clean);
}

void TestRangeEncoding::memoryIsBounded()
{
    DocumentFixture fixture(patternBytes(4 << 20));
    std::size_t longest = 0;
    std::uint64_t all = 0;
    const auto sink = [&](std::string_view text) -> cachecore::Result<void> {
        longest = std::max(longest, text.size());
        all += text.size();
        return {};
    };
    QVERIFY(encodeRange(*fixture->snapshot(), rangeAt(0, 4 << 20), as(ByteFormat::CArray), sink));
    QCOMPARE(all, encodedSize({ByteFormat::CArray, 0, 4 << 20, true, "data"}));
    QVERIFY2(longest < (std::size_t{2} << 20), qPrintable(QString::number(longest)));
}

void TestRangeEncoding::rangePastTheEndIsRefused()
{
    const TempDir directory;
    DocumentFixture fixture(patternBytes(4096));
    for (const ByteRange range : {rangeAt(4096, 1), rangeAt(10, 0), rangeAt(4000, 97)})
        QCOMPARE(exportRange(*fixture->snapshot(), *systemEnv(), directory.file("out"), range, as(ByteFormat::Raw))
                     .error()
                     .code,
                 ErrorCode::OutOfRange);
    QCOMPARE(entriesOf(directory.path()), std::ptrdiff_t{0});
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestRangeEncoding)
#include "tst_range_encoding.moc"
