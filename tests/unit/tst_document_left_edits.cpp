// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "tests/support/file_document.h"
#include "tests/support/manual_executor.h"

#include <QtTest>

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kSize = std::size_t{64} << 10;
using ChangedBases = Document::ChangedBases;

} // namespace

/// What is staged and not written outlives the program.
class TestDocumentLeftEdits : public QObject {
    Q_OBJECT

private slots:
    void init();
    void stagedEditsAreThereInTheNextSession();
    void restoredEditsAreKeptByTheNewSession();
    void editsStagedMeanwhileStayOnTop();
    void editsWhoseBaseHasChangedAreLeftOut();
    void editsWhoseBaseHasChangedAreStagedOnRequest();
    void editsOnBytesNeverSeenAreOfOneDiskOnly_data();
    void editsOnBytesNeverSeenAreOfOneDiskOnly();
    void committedAndDiscardedEditsLeaveNothing();
    void forgottenEditsAreGone();
    void damagedLogIsKept();
    void restoreThatComesAfterTheCloseKeepsTheLog();
    void liveDocumentsEditsAreNotOffered();
    void stagingIsToldWhenNobodyKeepsIt();

private:
    /// Stages `bytes` at `at` in a session that ends without writing them.
    [[nodiscard]] bool leave(std::uint64_t at, const std::vector<std::byte> &bytes) const;
    [[nodiscard]] FileDocument open() const { return {m_path, *m_directory}; }

    std::unique_ptr<TempDir> m_directory;
    std::string m_path;
    const std::vector<std::byte> m_old = patternBytes(kSize);
};

void TestDocumentLeftEdits::init()
{
    m_directory = std::make_unique<TempDir>();
    m_path = m_directory->write("disk.img", m_old);
}

bool TestDocumentLeftEdits::leave(std::uint64_t at, const std::vector<std::byte> &bytes) const
{
    const FileDocument file = open();
    std::vector<std::byte> seen(kSize); // so that the edits know what they were made on
    if (!file->read(ByteOffset(0), seen) || !file->stage(ByteOffset(at), bytes))
        return false;
    (void)file->close(10s);
    return readFile(m_path) == m_old;
}

void TestDocumentLeftEdits::stagedEditsAreThereInTheNextSession()
{
    QVERIFY(leave(100, bytesOf({1, 2, 3})));
    const FileDocument file = open();
    QCOMPARE(file->leftEdits().size(), 1U);
    QVERIFY(file->leftEdits().front().identified);
    QVERIFY(file->staged().empty());
    const auto report = file.restore();
    QVERIFY(report);
    QCOMPARE(report->bytes, 3U);
    QVERIFY(!report->logKept);
    QVERIFY(file->leftEdits().empty());
    QCOMPARE(readBytes(*file.document, 0, kSize), with(m_old, 100, bytesOf({1, 2, 3})));
    QVERIFY(file->commit());
    QCOMPARE(readFile(m_path), with(m_old, 100, bytesOf({1, 2, 3})));
    QVERIFY(file->undo());
    QCOMPARE(readBytes(*file.document, 0, kSize), m_old);
}

void TestDocumentLeftEdits::restoredEditsAreKeptByTheNewSession()
{
    QVERIFY(leave(100, bytesOf({1, 2, 3})));
    {
        const FileDocument file = open();
        QVERIFY(file.restore());
    } // ends without waiting for anything
    const FileDocument again = open();
    QCOMPARE(again->leftEdits().size(), 1U);
    QVERIFY(again.restore());
    QCOMPARE(again->staged().byteCount(), 3U);
}

void TestDocumentLeftEdits::editsStagedMeanwhileStayOnTop()
{
    QVERIFY(leave(100, bytesOf({1, 2, 3})));
    const FileDocument file = open();
    QVERIFY(file->stage(ByteOffset(101), bytesOf({9})));
    QVERIFY(file.restore());
    QCOMPARE(readBytes(*file.document, 0, kSize), with(m_old, 100, bytesOf({1, 9, 3})));
    QVERIFY(file->undo());
    QCOMPARE(readBytes(*file.document, 0, kSize), with(m_old, 101, bytesOf({9})));
}

void TestDocumentLeftEdits::editsWhoseBaseHasChangedAreLeftOut()
{
    QVERIFY(leave(100, bytesOf({1, 2, 3})));
    m_directory->write("disk.img", with(m_old, 101, bytesOf({0xee})));
    const FileDocument file = open();
    const auto report = file.restore();
    QVERIFY(report);
    QCOMPARE(report->bytes, 0U);
    QVERIFY(!report->changed.empty());
    QVERIFY(report->logKept);
    QVERIFY(file->staged().empty());
    QCOMPARE(file->leftEdits().size(), 1U);
}

void TestDocumentLeftEdits::editsWhoseBaseHasChangedAreStagedOnRequest()
{
    QVERIFY(leave(100, bytesOf({1, 2, 3})));
    m_directory->write("disk.img", with(m_old, 101, bytesOf({0xee})));
    const FileDocument file = open();
    const auto report = file.restore(ChangedBases::Stage);
    QVERIFY(report);
    QCOMPARE(report->bytes, 3U);
    QVERIFY(report->changed.empty());
    QVERIFY(!report->logKept);
    QVERIFY(file->commit());
    QCOMPARE(readFile(m_path), with(m_old, 100, bytesOf({1, 2, 3})));
}

void TestDocumentLeftEdits::editsOnBytesNeverSeenAreOfOneDiskOnly_data()
{
    QTest::addColumn<bool>("replaced");
    QTest::addColumn<bool>("grown");
    QTest::newRow("the same disk") << false << false;
    QTest::newRow("another file of that name") << true << false;
    QTest::newRow("another size") << false << true;
}

void TestDocumentLeftEdits::editsOnBytesNeverSeenAreOfOneDiskOnly()
{
    QFETCH(bool, replaced);
    QFETCH(bool, grown);
    {
        const FileDocument file = open();
        QVERIFY(file->stage(ByteOffset(40'000), bytesOf({1, 2, 3}))); // nothing was read
        (void)file->close(10s);
    }
    if (replaced)
        std::filesystem::rename(m_directory->write("other.img", m_old), m_path);
    if (grown)
        std::filesystem::resize_file(m_path, kSize + 4096);
    const bool another = replaced || grown;
    const FileDocument file = open();
    const auto report = file.restore();
    QVERIFY(report);
    QCOMPARE(report->bytes, another ? 0U : 3U);
    QCOMPARE(report->changed, another ? std::vector<ByteRange>{rangeAt(40'000, 3)} : std::vector<ByteRange>{});
    QCOMPARE(report->logKept, another);
    if (another)
        QCOMPARE(file.restore(ChangedBases::Stage)->bytes, 3U);
}

void TestDocumentLeftEdits::committedAndDiscardedEditsLeaveNothing()
{
    {
        const FileDocument file = open();
        QVERIFY(file->stage(ByteOffset(10), bytesOf({1})));
        QVERIFY(file->commit());
        QVERIFY(file->stage(ByteOffset(20), bytesOf({2})));
        QVERIFY(file->discard(rangeAt(0, kSize)));
        (void)file->close(10s);
    }
    QVERIFY(open()->leftEdits().empty());
}

void TestDocumentLeftEdits::forgottenEditsAreGone()
{
    QVERIFY(leave(100, bytesOf({1, 2, 3})));
    {
        const FileDocument file = open();
        std::promise<Result<void>> done;
        QVERIFY(file->startForget(file->leftEdits().front().path,
                                  [&](Result<void> result) { done.set_value(std::move(result)); }));
        QVERIFY(done.get_future().get());
        QVERIFY(file->leftEdits().empty());
    }
    QVERIFY(open()->leftEdits().empty());
}

void TestDocumentLeftEdits::damagedLogIsKept()
{
    {
        const FileDocument file = open();
        QVERIFY(file->stage(ByteOffset(100), bytesOf({1, 2, 3})));
        (void)file->close(10s);
    }
    std::string log;
    {
        const FileDocument file = open();
        log = file->leftEdits().front().path;
    }
    auto bytes = readFile(log);
    bytes[20] ^= std::byte{1}; // of the header: nothing of it can be trusted
    const auto handle = systemEnv()->open(log, OpenMode::ReadWrite);
    QVERIFY(handle);
    const std::array<std::span<const std::byte>, 1> buffers{std::span(std::as_const(bytes))};
    QVERIFY((*handle)->pwritev(ByteOffset(0), buffers));
    const FileDocument file = open();
    QCOMPARE(file->leftEdits().size(), 1U);
    const auto report = file.restore();
    QVERIFY(!report);
    QCOMPARE(report.error().code, ErrorCode::Damaged);
    QCOMPARE(readFile(log), bytes);
    QCOMPARE(file->leftEdits().size(), 1U);
}

void TestDocumentLeftEdits::restoreThatComesAfterTheCloseKeepsTheLog()
{
    QVERIFY(leave(100, bytesOf({1, 2, 3})));
    auto source = FileSource::open(systemEnv(), m_path, FileSource::Access::WriteIfPermitted);
    QVERIFY(source);
    const auto writes = std::make_shared<ManualExecutor>();
    DocumentOptions options = DocumentFixture::smallPages();
    options.journals.stateDirectory = m_directory->file("state");
    const auto document
        = *Document::create(std::move(*source), options,
                            {std::make_shared<ManualExecutor>(), writes, std::make_shared<ThreadExecutor>(1)},
                            systemEnv());
    const std::string log = document->leftEdits().front().path;
    std::optional<Result<RestoreReport>> ended;
    QVERIFY(document->startRestore(log, ChangedBases::Leave, [&](Result<RestoreReport> r) { ended = std::move(r); }));
    (void)document->close(0ms);
    writes->runAll();
    QVERIFY(ended);
    QCOMPARE(ended->error().code, ErrorCode::Closed);
    QVERIFY(!readFile(log).empty());
}

void TestDocumentLeftEdits::liveDocumentsEditsAreNotOffered()
{
    const FileDocument file = open();
    QVERIFY(file->stage(ByteOffset(10), bytesOf({1})));
    QTRY_VERIFY(QFile::exists(QString::fromStdString(m_directory->file("state"))));
    const FileDocument second = open();
    QVERIFY(second->leftEdits().empty());
}

void TestDocumentLeftEdits::stagingIsToldWhenNobodyKeepsIt()
{
    const FileDocument file = open();
    QVERIFY(!file->logTrouble());
    std::atomic<int> told = 0;
    file->setObserver([&told](DocumentChanges changes) { told += changes.recovery ? 1 : 0; });
    QVERIFY(file.log->shutDown(10s));
    QVERIFY(file->stage(ByteOffset(100), bytesOf({1})));
    const auto trouble = file->logTrouble();
    QVERIFY(trouble);
    QCOMPARE(trouble->code, ErrorCode::Closed);
    QCOMPARE(trouble->operation, Operation::Journal);
    QVERIFY(file->stage(ByteOffset(101), bytesOf({2})));
    QCOMPARE(told.load(), 1);
    file->setObserver({});
}

QTEST_GUILESS_MAIN(TestDocumentLeftEdits)
#include "tst_document_left_edits.moc"
