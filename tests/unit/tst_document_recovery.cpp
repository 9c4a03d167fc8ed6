// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/log/recovered_edits.h"
#include "tests/support/file_document.h"
#include "tests/support/gate.h"

#include <QtTest>

#include <cerrno>
#include <filesystem>
#include <future>

#include <unistd.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::size_t kSize = std::size_t{64} << 10;

Result<JournalAside> setAside(const FileDocument &file, const std::string &journal)
{
    std::promise<Result<JournalAside>> done;
    if (auto started
        = file->startSetAside(journal, [&](Result<JournalAside> aside) { done.set_value(std::move(aside)); });
        !started)
        return failure(started.error());
    return done.get_future().get();
}

/// How many bytes lie on something that was not seen.
std::uint64_t bytesOnUnseen(const StagedEdits &edits)
{
    std::uint64_t bytes = 0;
    edits.forEachBase(edits.span(), [&bytes](ByteRange range, const Base &base) {
        bytes += base.kind == Base::Kind::Unseen ? range.length() : 0;
        return true;
    });
    return bytes;
}

} // namespace

/// A write that could neither be completed nor rolled back, settled in the document it happened in and in one opened later.
class TestDocumentRecovery : public QObject {
    Q_OBJECT

private slots:
    void init();
    void failedRollBackRefusesFurtherWritesAndKeepsTheRest();
    void settlingInTheSameDocument_data();
    void settlingInTheSameDocument();
    void settlingAfterOpeningAgain_data();
    void settlingAfterOpeningAgain();
    void editsMadeOnTheMixtureAreNoConflictAfterwards_data();
    void editsMadeOnTheMixtureAreNoConflictAfterwards();
    void foreignUnitsStopSettlingUntilTheyMayBeOverwritten();
    void journalSetAsideIsAskedAboutNoMore();
    void journalOfAFileCutShortCanBeSetAside();
    void journalThatSomebodyElseSettledAsksForNothing();
    void journalWhoseDirectoryCannotBeSeenStaysUnsettled_data();
    void journalWhoseDirectoryCannotBeSeenStaysUnsettled();
    void memoryStaysUnsettledWithoutAJournalToLookFor();
    void journalOfAWriterIsNoneOfAReadersBusiness();
    void settlingThatEndsHalfWayShowsWhatTheDiskHolds();
    void logHearsWhatASettledJournalMakesDoubtful();
    void logHearsWhatARolledBackWriteMakesDoubtful();
    void untouchedFileHasNothingToSettle();

private:
    /// Interrupts a commit half-way so that its journal remains; true when it does.
    [[nodiscard]] bool interrupt(const FileDocument &file) const;
    /// The edits that a session begun now is offered; none where it is offered none.
    [[nodiscard]] StagedEdits left() const
    {
        const FileDocument file(m_path, *m_directory);
        if (file->leftEdits().size() != 1)
            return {};
        auto read = readRecoveryLog(*systemEnv(), file->leftEdits().front().path,
                                    [](const std::string &path) -> Result<std::shared_ptr<const ExternalBytes>> {
                                        return failure(ErrorCode::NotFound, Operation::Import, {}, path);
                                    });
        return read ? std::move(read->edits) : StagedEdits();
    }
    [[nodiscard]] std::vector<std::byte> wanted() const { return with(with(m_old, 10, m_first), 40'000, m_second); }

    std::unique_ptr<TempDir> m_directory;
    std::string m_path;
    const std::vector<std::byte> m_old = patternBytes(kSize);
    const std::vector<std::byte> m_first = bytesOf({1, 2, 3});
    const std::vector<std::byte> m_second = bytesOf({4, 5, 6});
};

void TestDocumentRecovery::init()
{
    m_directory = std::make_unique<TempDir>();
    m_path = m_directory->write("disk.img", m_old);
}

bool TestDocumentRecovery::interrupt(const FileDocument &file) const
{
    if (!file->stage(ByteOffset(10), m_first) || !file->stage(ByteOffset(40'000), m_second))
        return false;
    file.source->fail(SourceOp::Write, 1, EIO,
                      Repeat::ForGood); // the second edit, and all that would put the first back
    const WriteOutcome outcome = file->commit();
    file.source->clearFailures();
    return !outcome && !outcome->imageIntact && outcome->ranges.back().fate == RangeFate::Unsettled
        && readFile(m_path) == with(m_old, 10, m_first);
}

void TestDocumentRecovery::failedRollBackRefusesFurtherWritesAndKeepsTheRest()
{
    const FileDocument file(m_path, *m_directory);
    QVERIFY(interrupt(file));
    const auto unsettled = file->unsettled();
    QCOMPARE(unsettled.size(), 1U);
    QCOMPARE(unsettled.front().path, m_directory->file(".disk.img.cachet-journal"));
    QVERIFY(!readFile(unsettled.front().path).empty());
    const WriteOutcome refused = file->commit();
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::NeedsRecovery);
    QCOMPARE(refused.error().path, unsettled.front().path);
    // Reading and staging go on.
    QCOMPARE(readBytes(*file.document, 0, kSize), wanted());
    QVERIFY(file->stage(ByteOffset(20), bytesOf({7})));
    QCOMPARE(file->staged().byteCount(), 7U);
}

void TestDocumentRecovery::settlingInTheSameDocument_data()
{
    QTest::addColumn<bool>("finish");
    QTest::newRow("finish") << true;
    QTest::newRow("roll back") << false;
}

void TestDocumentRecovery::settlingInTheSameDocument()
{
    QFETCH(bool, finish);
    const FileDocument file(m_path, *m_directory);
    QVERIFY(interrupt(file));
    const std::string journal = file->unsettled().front().path;

    const auto look = file.look(journal);
    QVERIFY(look);
    QCOMPARE(look->state, JournalState::RollingBack); // which failed
    QVERIFY(look->sameTarget);
    QCOMPARE(look->count(UnitCondition::New), 1U);
    QCOMPARE(look->count(UnitCondition::Old), 1U);
    QCOMPARE(look->unitCount(), 2U);
    QCOMPARE(readFile(m_path), with(m_old, 10, m_first)); // looking changes nothing

    QVERIFY(file.settle(journal, finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack));
    QCOMPARE(readFile(m_path), finish ? wanted() : m_old);
    QVERIFY(file->unsettled().empty());
    QVERIFY(!QFile::exists(QString::fromStdString(journal)));
    QCOMPARE(readBytes(*file.document, 0, kSize), wanted());
    QCOMPARE(file->staged().empty(), finish);
    QVERIFY(file->commit());
    QCOMPARE(readFile(m_path), wanted());
}

void TestDocumentRecovery::settlingAfterOpeningAgain_data()
{
    settlingInTheSameDocument_data();
}

void TestDocumentRecovery::settlingAfterOpeningAgain()
{
    QFETCH(bool, finish);
    {
        const FileDocument file(m_path, *m_directory);
        QVERIFY(interrupt(file));
    }
    const FileDocument again(m_path, *m_directory);
    QCOMPARE(again->unsettled().size(), 1U);
    QVERIFY(again->unsettled().front().identified);
    QVERIFY(again->stage(ByteOffset(20), bytesOf({7})));
    QCOMPARE(again->commit().error().code, ErrorCode::NeedsRecovery);
    QVERIFY(again.settle(again->unsettled().front().path, finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack));
    QCOMPARE(readFile(m_path), finish ? wanted() : m_old);
    QVERIFY(again->unsettled().empty());
    QVERIFY(again->commit());
    QCOMPARE(readFile(m_path), with(finish ? wanted() : m_old, 20, bytesOf({7})));
}

void TestDocumentRecovery::editsMadeOnTheMixtureAreNoConflictAfterwards_data()
{
    QTest::addColumn<bool>("finish");
    QTest::newRow("finish") << true;
    QTest::newRow("roll back") << false;
}

void TestDocumentRecovery::editsMadeOnTheMixtureAreNoConflictAfterwards()
{
    QFETCH(bool, finish);
    std::string journal;
    {
        const FileDocument file(m_path, *m_directory);
        QVERIFY(interrupt(file));
        journal = file->unsettled().front().path;
    }
    const FileDocument file(m_path, *m_directory);
    QVERIFY(readBytes(*file.document, 0, kSize)); // the first edit new, the second old
    QVERIFY(file->stage(ByteOffset(11), bytesOf({0x77})));
    QVERIFY(file->stage(ByteOffset(40'001), bytesOf({0x78})));
    QVERIFY(file->undo()); // what a step keeps was seen on the mixture as well
    QVERIFY(file.settle(journal, finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack));
    QVERIFY(file->redo());
    const auto outcome = file->commit();
    QVERIFY2(outcome, "the document met its own recovery as a foreign change");
    const std::vector<std::byte> base = finish ? wanted() : m_old;
    QCOMPARE(readFile(m_path), with(with(base, 11, bytesOf({0x77})), 40'001, bytesOf({0x78})));
}

void TestDocumentRecovery::foreignUnitsStopSettlingUntilTheyMayBeOverwritten()
{
    const FileDocument file(m_path, *m_directory);
    QVERIFY(interrupt(file));
    const std::string journal = file->unsettled().front().path;
    const auto foreign = bytesOf({0xf0, 0xf1});
    QVERIFY(file.source->writev(ByteOffset(40'100), std::array<std::span<const std::byte>, 1>{std::span(foreign)}));
    const auto look = file.look(journal);
    QVERIFY(look);
    QCOMPARE(look->count(UnitCondition::Foreign), 1U);
    QCOMPARE(look->foreign.size(), 1U);
    const auto before = readFile(m_path);
    const auto stopped = file.settle(journal, RecoveryChoice::Finish);
    QVERIFY(!stopped);
    QCOMPARE(stopped.error().code, ErrorCode::Changed);
    QCOMPARE(readFile(m_path), before);
    QCOMPARE(file->unsettled().size(), 1U);
    QVERIFY(file.settle(journal, RecoveryChoice::RollBack, ForeignUnits::overwrite(*look)));
    QCOMPARE(readFile(m_path), m_old);
}

void TestDocumentRecovery::journalSetAsideIsAskedAboutNoMore()
{
    std::string kept;
    {
        const FileDocument file(m_path, *m_directory);
        QVERIFY(interrupt(file));
        const auto name = setAside(file, file->unsettled().front().path);
        QVERIFY(name);
        kept = name->path;
        QVERIFY(file->unsettled().empty());
        QVERIFY(file->commit());
        QCOMPARE(readFile(m_path), wanted());
    }
    QVERIFY(!readFile(kept).empty());
    const FileDocument again(m_path, *m_directory);
    QVERIFY(again->unsettled().empty());
}

void TestDocumentRecovery::journalOfAFileCutShortCanBeSetAside()
{
    const FileDocument file(m_path, *m_directory);
    QVERIFY(interrupt(file));
    const std::string journal = file->unsettled().front().path;
    QCOMPARE(::truncate(m_path.c_str(), 30'000), 0);
    const auto look = file.look(journal);
    QVERIFY(!look);
    QCOMPARE(look.error().code, ErrorCode::Truncated);
    QVERIFY(setAside(file, journal));
    QVERIFY(file->unsettled().empty());
    QVERIFY(file->persist(rangeAt(0, 4096))); // what is left of it can be written
    QCOMPARE(readFile(m_path), with({m_old.begin(), m_old.begin() + 30'000}, 10, m_first));
}

void TestDocumentRecovery::journalThatSomebodyElseSettledAsksForNothing()
{
    const FileDocument file(m_path, *m_directory);
    QVERIFY(interrupt(file));
    const std::string journal = file->unsettled().front().path;
    QVERIFY(systemEnv()->remove(journal));
    QVERIFY(!file.look(journal));
    QVERIFY(file->unsettled().empty());
}

void TestDocumentRecovery::journalWhoseDirectoryCannotBeSeenStaysUnsettled_data()
{
    QTest::addColumn<bool>("another");
    QTest::newRow("the directory was renamed") << false;
    QTest::newRow("and another has its name") << true;
}

void TestDocumentRecovery::journalWhoseDirectoryCannotBeSeenStaysUnsettled()
{
    QFETCH(bool, another);
    const std::string directory = m_directory->file("images");
    QVERIFY(systemEnv()->createDirectories(directory));
    m_path = m_directory->write("images/disk.img", m_old);
    const FileDocument file(m_path, *m_directory);
    QVERIFY(interrupt(file));
    const std::string journal = file->unsettled().front().path;
    std::filesystem::rename(directory, directory + " moved");
    if (another)
        QVERIFY(systemEnv()->createDirectories(directory));
    const auto look = file.look(journal);
    QVERIFY(!look);
    QCOMPARE(look.error().code, ErrorCode::NotFound);
    QCOMPARE(file->unsettled().size(), 1U);
    QCOMPARE(file->commit().error().code, ErrorCode::NeedsRecovery);
    if (another)
        std::filesystem::remove(directory);
    std::filesystem::rename(directory + " moved", directory);
    QVERIFY(file.settle(journal, RecoveryChoice::Finish));
    QCOMPARE(readFile(m_path), wanted());
}

void TestDocumentRecovery::memoryStaysUnsettledWithoutAJournalToLookFor()
{
    DocumentFixture memory(m_old);
    QVERIFY(memory->stage(ByteOffset(10), m_first));
    QVERIFY(memory->stage(ByteOffset(40'000), m_second));
    memory.source->fail(SourceOp::Write, 1, EIO, Repeat::ForGood);
    const WriteOutcome outcome = memory->commit();
    memory.source->clearFailures();
    QVERIFY(!outcome && !outcome->imageIntact);
    QCOMPARE(memory->unsettled().size(), 1U);
    QVERIFY(memory->unsettled().front().path.empty());
    std::promise<Result<RecoveryReport>> looked;
    QVERIFY(memory->startLook({}, [&](Result<RecoveryReport> report) { looked.set_value(std::move(report)); }));
    QVERIFY(!looked.get_future().get());
    QCOMPARE(memory->unsettled().size(), 1U);
    QCOMPARE(memory->commit().error().code, ErrorCode::NeedsRecovery);
}

void TestDocumentRecovery::journalOfAWriterIsNoneOfAReadersBusiness()
{
    auto writer = std::make_unique<FileDocument>(m_path, *m_directory);
    QVERIFY(interrupt(*writer)); // as good as in the middle of a write
    const std::string journal = (*writer)->unsettled().front().path;
    {
        const FileDocument reader(m_path, *m_directory, FileDocument::Access::ReadOnly);
        QVERIFY(reader->unsettled().empty());
    }
    writer.reset();
    const FileDocument reader(m_path, *m_directory, FileDocument::Access::ReadOnly);
    QCOMPARE(reader->unsettled().size(), 1U); // now nobody writes any more
    const auto refused = setAside(reader, journal);
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::ReadOnly);
    QVERIFY(systemEnv()->status(journal));
    const FileDocument again(m_path, *m_directory); // the lock was given back
    QVERIFY(again.source->writable());
}

void TestDocumentRecovery::settlingThatEndsHalfWayShowsWhatTheDiskHolds()
{
    std::string journal;
    {
        const FileDocument file(m_path, *m_directory);
        QVERIFY(interrupt(file));
        journal = file->unsettled().front().path;
    }
    const FileDocument file(m_path, *m_directory);
    QCOMPARE(readBytes(*file.document, 0, kSize), with(m_old, 10, m_first));
    file.source->fail(SourceOp::Sync, 0, EIO, Repeat::ForGood); // when all is written
    QVERIFY(!file.settle(journal, RecoveryChoice::Finish));
    file.source->clearFailures();
    QCOMPARE(file->unsettled().size(), 1U);
    QCOMPARE(readFile(m_path), wanted());
    QCOMPARE(readBytes(*file.document, 0, kSize), wanted());
}

void TestDocumentRecovery::logHearsWhatASettledJournalMakesDoubtful()
{
    {
        const FileDocument file(m_path, *m_directory);
        QVERIFY(readBytes(*file.document, 0, kSize));
        QVERIFY(interrupt(file));
        QCOMPARE(bytesOnUnseen(file->staged()), 0U);
        QVERIFY(file.settle(file->unsettled().front().path, RecoveryChoice::RollBack));
        QCOMPARE(bytesOnUnseen(file->staged()), 6U);
        (void)file->close(std::chrono::seconds(10));
    }
    QCOMPARE(bytesOnUnseen(left()), 6U);
}

void TestDocumentRecovery::logHearsWhatARolledBackWriteMakesDoubtful()
{
    constexpr std::uint64_t kBlock = Base::kBaseBlock;
    {
        const FileDocument file(m_path, *m_directory);
        QVERIFY(readBytes(*file.document, 0, kSize));
        QVERIFY(file->stage(ByteOffset(kBlock), m_first));
        const auto gate = std::make_shared<Gate>();
        file.source->setGate(SourceOp::Sync, gate);
        std::promise<WriteOutcome> done;
        QVERIFY(file->startCommit([&](WriteOutcome outcome) { done.set_value(std::move(outcome)); }));
        QVERIFY(gate->waitForWaiting(1));
        QVERIFY(file->stage(ByteOffset(kBlock), patternBytes(2 * kBlock, 5)));
        file->cancelWrite();
        file.source->setGate(SourceOp::Sync, nullptr);
        gate->open();
        QVERIFY(!done.get_future().get());
        QCOMPARE(readFile(m_path), m_old);
        QCOMPARE(bytesOnUnseen(file->staged()), kBlock - m_first.size()); // of one block
        (void)file->close(std::chrono::seconds(10));
    }
    QCOMPARE(bytesOnUnseen(left()), kBlock - m_first.size());
}

void TestDocumentRecovery::untouchedFileHasNothingToSettle()
{
    const FileDocument file(m_path, *m_directory);
    QVERIFY(file->unsettled().empty());
    QVERIFY(file->stage(ByteOffset(10), m_first));
    QVERIFY(file->commit());
    QVERIFY(file->unsettled().empty());
    QCOMPARE(QDir(QString::fromStdString(m_directory->path()))
                 .entryList(QDir::Files | QDir::Hidden | QDir::System, QDir::Name),
             QStringList{QStringLiteral("disk.img")});
}

QTEST_GUILESS_MAIN(TestDocumentRecovery)
#include "tst_document_recovery.moc"
