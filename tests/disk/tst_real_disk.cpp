// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "cachecore/document.h"
#include "cachecore/scan/save_copy.h"
#include "cachecore/source/file_source.h"
#include "tests/disk/disk_image.h"
#include "tests/support/temp_dir.h"

#include <QDir>
#include <QTest>

#include <array>
#include <bit>
#include <cstring>
#include <set>

using namespace cachecore;
using namespace cachet_test;

namespace {

std::shared_ptr<Document> openDocument(const QString &path, std::uint32_t pageSize)
{
    auto source = FileSource::open(systemEnv(), path.toStdString(), FileSource::Access::WriteIfPermitted);
    if (!source)
        return nullptr;
    DocumentOptions options;
    options.pageSize = pageSize;
    const DocumentExecutors executors{std::make_shared<ThreadExecutor>(4), std::make_shared<ThreadExecutor>(1)};
    auto document = Document::create(std::move(*source), options, executors, systemEnv());
    return document ? *document : nullptr;
}

std::vector<std::byte> bytesOf(Document &document, std::uint64_t at, std::size_t length)
{
    std::vector<std::byte> bytes(length);
    return document.read(ByteOffset(at), bytes) ? bytes : std::vector<std::byte>();
}

template <typename Number>
Number numberIn(std::span<const std::byte> bytes, std::size_t at)
{
    Number number{};
    std::memcpy(&number, bytes.data() + at, sizeof(number));
    return number;
}

/// The offsets at which two files of one length differ, as `cmp -l` finds them.
std::set<std::uint64_t> differences(const QString &a, const QString &b)
{
    std::set<std::uint64_t> offsets;
    for (const QByteArray &line : runTool("cmp", {"-l", a, b}).output.split('\n')) {
        if (!line.trimmed().isEmpty())
            offsets.insert(line.simplified().split(' ').first().toULongLong() - 1);
    }
    return offsets;
}

} // namespace

/// A disk image made by sfdisk and mke2fs, read and edited through a Document, and judged by e2fsck, blkid, debugfs and cmp.
class tst_real_disk : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void readsTheGptHeader_data() { pageSizes(); }
    void readsTheGptHeader();
    void readsTheFileSystemAndAFileInIt_data() { pageSizes(); }
    void readsTheFileSystemAndAFileInIt();
    void relabelledVolumeSatisfiesTheSystemsTools();
    void persistWritesOnlyTheSelection();
    void copyHoldsStagedBytesAndLeavesTheOriginal();

private:
    static void pageSizes();
    void stageLabel(Document &document, const QByteArray &label) const;

    std::unique_ptr<TempDir> m_folder;
    DiskImage m_image;
    QString m_untouched;
    QByteArray m_fileContent;
};

void tst_real_disk::initTestCase()
{
    if (std::endian::native != std::endian::little)
        QSKIP("this test reads little-endian structures as they lie in memory");
    const QString missing = missingTool({"sfdisk", "mke2fs", "e2fsck", "debugfs", "blkid", "cmp"});
    if (!missing.isEmpty())
        QSKIP(qPrintable(QStringLiteral("this machine has no %1").arg(missing)));
}

void tst_real_disk::init()
{
    m_folder = std::make_unique<TempDir>();
    const QDir folder(QString::fromStdString(m_folder->path()));
    QVERIFY(folder.mkdir("content"));
    const std::vector<std::byte> content = patternBytes(100'000, 7);
    m_fileContent = QByteArray(reinterpret_cast<const char *>(content.data()), static_cast<qsizetype>(content.size()));
    QFile file(folder.filePath("content/bytes.bin"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(m_fileContent), m_fileContent.size());
    file.close();
    m_image.path = folder.filePath("disk.img");
    QCOMPARE(makeDiskImage(m_image, folder.filePath("content"), "BEFORE"), QString());
    m_untouched = folder.filePath("untouched.img");
    QCOMPARE(runTool("cp", {"--sparse=always", m_image.path, m_untouched}).exitCode, 0);
}

void tst_real_disk::pageSizes()
{
    QTest::addColumn<std::uint32_t>("pageSize");
    for (const std::uint32_t size : {kMinPageSize, std::uint32_t{4096}, kDefaultPageSize, kMaxPageSize})
        QTest::addRow("%u", size) << size;
}

void tst_real_disk::readsTheGptHeader()
{
    QFETCH(const std::uint32_t, pageSize);
    const auto document = openDocument(m_image.path, pageSize);
    QVERIFY(document);
    QCOMPARE(document->size(), DiskImage::kSize);
    std::vector<std::byte> header = bytesOf(*document, 512, 92);
    QCOMPARE(header.size(), std::size_t{92});
    QCOMPARE(std::memcmp(header.data(), "EFI PART", 8), 0);
    QCOMPARE(numberIn<std::uint32_t>(header, 12), 92U);
    QCOMPARE(numberIn<std::uint64_t>(header, 24), std::uint64_t{1});
    QCOMPARE(numberIn<std::uint64_t>(header, 32), DiskImage::kSize / 512 - 1);
    const auto stored = numberIn<std::uint32_t>(header, 16);
    std::fill_n(header.begin() + 16, 4, std::byte{0});
    QCOMPARE(gptChecksum(header), stored);
    const std::vector<std::byte> entry = bytesOf(*document, numberIn<std::uint64_t>(header, 72) * 512, 128);
    QCOMPARE(numberIn<std::uint64_t>(entry, 32), DiskImage::kPartitionBegin / 512);
}

void tst_real_disk::readsTheFileSystemAndAFileInIt()
{
    QFETCH(const std::uint32_t, pageSize);
    const auto document = openDocument(m_image.path, pageSize);
    QVERIFY(document);
    QCOMPARE(numberIn<std::uint16_t>(bytesOf(*document, DiskImage::kMagic, 2), 0), std::uint16_t{0xef53});
    const auto blockSize = std::uint64_t{1024}
        << numberIn<std::uint32_t>(bytesOf(*document, DiskImage::kSuperblock + 24, 4), 0);
    QByteArray found;
    for (const QByteArray &block :
         runTool("debugfs", {"-R", "blocks /bytes.bin", m_image.fileSystem()}).output.simplified().split(' ')) {
        bool isNumber = false;
        const std::uint64_t number = block.toULongLong(&isNumber);
        if (!isNumber) // debugfs names its version first
            continue;
        const auto bytes
            = bytesOf(*document, DiskImage::kPartitionBegin + number * blockSize, static_cast<std::size_t>(blockSize));
        found.append(reinterpret_cast<const char *>(bytes.data()), static_cast<qsizetype>(bytes.size()));
    }
    QVERIFY(found.size() >= m_fileContent.size());
    QCOMPARE(found.first(m_fileContent.size()), m_fileContent);
}

/// Stages a new volume label and the superblock checksum that goes with it.
void tst_real_disk::stageLabel(Document &document, const QByteArray &label) const
{
    QByteArray padded = label;
    padded.resize(16, '\0');
    QVERIFY(document.stage(ByteOffset(DiskImage::kLabel), std::as_bytes(std::span(padded.constData(), 16))));
    const std::uint32_t checksum = ext4Checksum(bytesOf(document, DiskImage::kSuperblock, 0x3fc));
    QVERIFY(document.stage(ByteOffset(DiskImage::kChecksum), std::as_bytes(std::span(&checksum, 1))));
}

void tst_real_disk::relabelledVolumeSatisfiesTheSystemsTools()
{
    const auto document = openDocument(m_image.path, kDefaultPageSize);
    QVERIFY(document);
    stageLabel(*document, "AFTER");
    QCOMPARE(runTool("cmp", {m_image.path, m_untouched}).exitCode, 0); // staging writes nothing
    const auto report = document->commit();
    QVERIFY(report.succeeded());
    QCOMPARE(report->bytesWritten, std::uint64_t{20});
    QCOMPARE(report->extents, std::uint64_t{2});
    QVERIFY(document->staged().empty());

    const ToolRun check = runTool("e2fsck", {"-fn", m_image.fileSystem()});
    QVERIFY2(check.exitCode == 0, check.output.constData());
    const ToolRun label = runTool(
        "blkid", {"-p", "-O", QString::number(DiskImage::kPartitionBegin), "-s", "LABEL", "-o", "value", m_image.path});
    QCOMPARE(label.output.trimmed(), QByteArray("AFTER"));
    for (const std::uint64_t offset : differences(m_untouched, m_image.path)) {
        const bool inLabel = offset >= DiskImage::kLabel && offset < DiskImage::kLabel + 16;
        const bool inChecksum = offset >= DiskImage::kChecksum && offset < DiskImage::kChecksum + 4;
        QVERIFY2(inLabel || inChecksum, qPrintable(QString::number(offset)));
    }

    QVERIFY(document->undo());
    QVERIFY(document->undo());
    QVERIFY(document->commit().succeeded());
    QCOMPARE(runTool("cmp", {m_image.path, m_untouched}).output, QByteArray());
}

void tst_real_disk::persistWritesOnlyTheSelection()
{
    const auto document = openDocument(m_image.path, kDefaultPageSize);
    QVERIFY(document);
    const std::vector<std::byte> staged(64, std::byte{0xa5});
    const std::uint64_t at = DiskImage::kPartitionBegin;
    QVERIFY(document->stage(ByteOffset(at), staged));
    QVERIFY(document->persist(*ByteRange::make(at + 10, 5)).succeeded());
    QCOMPARE(differences(m_untouched, m_image.path),
             (std::set<std::uint64_t>{at + 10, at + 11, at + 12, at + 13, at + 14}));
    QCOMPARE(document->staged().byteCount(), std::uint64_t{59});
    QCOMPARE(bytesOf(*document, at, 64), staged);
}

void tst_real_disk::copyHoldsStagedBytesAndLeavesTheOriginal()
{
    const auto document = openDocument(m_image.path, kDefaultPageSize);
    QVERIFY(document);
    stageLabel(*document, "COPY");
    const QString copy = QString::fromStdString(m_folder->file("copy.img"));
    QVERIFY(saveCopy(*document->snapshot(), *systemEnv(), copy.toStdString()).has_value());
    QCOMPARE(runTool("cmp", {m_image.path, m_untouched}).exitCode, 0);
    const ToolRun check = runTool("e2fsck", {"-fn", DiskImage{copy}.fileSystem()});
    QVERIFY2(check.exitCode == 0, check.output.constData());
    const ToolRun label = runTool("e2label", {DiskImage{copy}.fileSystem()});
    QCOMPARE(label.output.trimmed(), QByteArray("COPY"));
}

QTEST_GUILESS_MAIN(tst_real_disk)
#include "tst_real_disk.moc"
