// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/disk_document.h"
#include "tests/crash/image_checker.h"
#include "tests/support/random.h"
#include "tests/support/spawned_program.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>

using namespace cachecore;

namespace cachet_test {

namespace {

constexpr std::size_t kImageSize = (std::size_t{1} << 20) + 123;
constexpr const char *kChild = CACHET_PROGRAMS "/commit_child";
constexpr std::uint64_t kSmallJournal = 40'000; ///< bytes; most writes take several of them
using Event = SpawnedProgram::Event;

/// How often programs are killed: each takes many times as long under a sanitizer.
#ifdef CACHET_SANITIZED
constexpr unsigned kRandomKills = 12;
constexpr unsigned kOperationStep = 25;
constexpr unsigned kSettlingStep = 12;
#else
constexpr unsigned kRandomKills = 50;
constexpr unsigned kOperationStep = 5;
constexpr unsigned kSettlingStep = 4;
#endif

std::string choiceWord(RecoveryChoice choice)
{
    return choice == RecoveryChoice::Finish ? "finish" : "rollback";
}

} // namespace

/// One image that is written to by program after program, each of which is killed. What the programs write takes turns, beginning with what the seed says.
class KillTest : public QObject {
    Q_OBJECT

private slots:
    void survivesKillsAtRandomMoments();
    void survivesKillsBeforeEachOperation();
    void survivesKillsAtNamedPoints_data();
    void survivesKillsAtNamedPoints();
    void survivesKillsWhileSettling();

private:
    void begin();
    [[nodiscard]] Event writeAndKill(const std::string &stop, std::chrono::microseconds after = {});
    [[nodiscard]] Event runAndKill(const std::string &what, const std::string &stop, std::chrono::microseconds after);
    void judge();
    void judgeEdits(bool armed);
    void settleHere(RecoveryChoice choice);
    [[nodiscard]] std::uint64_t linesPrinted() const;
    [[nodiscard]] std::string journal() const;
    [[nodiscard]] std::vector<std::byte> image() const { return readFile(m_path); }

    std::optional<TempDir> m_folder;
    std::optional<TempDir> m_outputs;
    std::optional<TempDir> m_states; ///< of recovery logs
    std::string m_path;
    std::string m_import;
    std::string m_output;
    std::optional<ImageChecker> m_checker;
    std::uint64_t m_seed = 0;
    std::uint64_t m_programs = 0; ///< that have written, in all tests
    bool m_batches = false;       ///< the last of them wrote in small journals
    std::uint64_t m_written = 0;  ///< writes it is known to have ended
    std::uint64_t m_writes = 0;   ///< of all of them
    unsigned m_started = 0;       ///< programs
    unsigned m_kills = 0;
    unsigned m_journals = 0; ///< kills that left one
    unsigned m_logs = 0;     ///< kills that left edits to restore
    bool m_armed = false;    ///< the write that was killed had armed its journal, whatever became of that since
};

void KillTest::begin()
{
    m_folder.emplace();
    m_outputs.emplace();
    m_states.emplace();
    m_seed = testSeed();
    m_written = 0;
    m_writes = 0;
    m_kills = 0;
    m_journals = 0;
    m_logs = 0;
    m_armed = false;
    m_path = m_folder->write("disk.img", patternBytes(kImageSize, 1));
    m_import = m_outputs->write("import.bin", importedBytes());
    m_checker.emplace(patternBytes(kImageSize, 1), m_seed);
}

/// A program that writes as runAndKill starts it; one in three turns it writes in batches.
Event KillTest::writeAndKill(const std::string &stop, std::chrono::microseconds after)
{
    const std::uint64_t first = m_programs * kRoundsOfOne;
    m_batches = (m_programs / kScriptKinds + m_seed / kScriptKinds) % 3 == 0;
    m_checker->begin(image(), first, stop != "ready");
    m_written = 0;
    ++m_programs;
    return runAndKill(std::to_string(first), stop, after);
}

std::uint64_t KillTest::linesPrinted() const
{
    const std::vector<std::byte> printed = readFile(m_output);
    return static_cast<std::uint64_t>(std::ranges::count(printed, std::byte{'\n'}));
}

std::string KillTest::journal() const
{
    const std::string name = ".disk.img.cachet-journal";
    return std::ranges::count(namesIn(m_folder->path()), name) != 0 ? m_folder->file(name) : std::string();
}

/// Starts the program, lets it come to its stop and kills it there, or some time after it was resumed. Exited: it never came to the stop.
Event KillTest::runAndKill(const std::string &what, const std::string &stop, std::chrono::microseconds after)
{
    m_output = m_outputs->file("output" + std::to_string(++m_started));
    const std::string limit = std::to_string(m_batches ? kSmallJournal : DocumentOptions().journalLimit);
    SpawnedProgram child(kChild, {m_path, std::to_string(m_seed), what, stop, m_states->path(), m_import, limit}, {},
                         m_output);
    Event event = child.wait();
    if (event == Event::Stopped) {
        if (after.count() > 0) {
            child.resume();
            std::this_thread::sleep_for(after); // the moment is what is tested, so nothing is waited for but time
        }
        child.kill();
        event = child.wait();
    }
    m_kills += event == Event::Killed ? 1 : 0;
    m_written += linesPrinted();
    if (event != Event::Killed && child.exitCode() != 0) {
        const auto printed = readFile(m_output);
        qWarning("%.*s", int(printed.size()), reinterpret_cast<const char *>(printed.data()));
    }
    return event == Event::Exited && child.exitCode() != 0 ? Event::NotStarted : event;
}

/// What the killed program has left, by the image alone; then the journal is settled and the image judged again.
void KillTest::judge()
{
    m_checker->advance(m_written);
    m_writes += m_written;
    const bool armed = std::exchange(m_armed, false) || !journal().empty();
    if (journal().empty()) {
        QCOMPARE(QString::fromStdString(m_checker->isWhole(image(), m_batches)), QString());
    } else {
        ++m_journals;
        QCOMPARE(QString::fromStdString(m_checker->isBetween(image())), QString());
        settleHere(m_kills % 2 == 0 ? RecoveryChoice::Finish : RecoveryChoice::RollBack);
    }
    if (!QTest::currentTestFailed())
        judgeEdits(armed);
}

/// The edits the killed program has left, restored: none may be lost of a write that had armed its journal, and what is shown must have been shown before. They are
/// written or discarded then.
void KillTest::judgeEdits(bool armed)
{
    DocumentOptions options = DiskDocument::smallPages();
    options.journals.stateDirectory = m_states->path();
    std::vector<std::byte> meant = image();
    {
        const DiskDocument disk(std::make_shared<FaultEnv>(), m_path, options, DiskDocument::Log::Kept);
        QVERIFY(disk.document != nullptr);
        m_logs += disk->leftEdits().empty() ? 0 : 1;
        std::size_t listed = 0;
        const auto restored = disk.restoreAll(listed);
        QVERIFY2(restored.has_value(), restored ? "" : errorText(restored.error()).c_str());
        QCOMPARE(listed, std::size_t{0});
        QVERIFY(disk->leftEdits().empty());
        const std::vector<std::byte> shown = disk.bytes();
        QCOMPARE(QString::fromStdString(m_checker->isShown(shown, meant, armed)), QString());
        if (m_kills % 3 == 0 && shown == m_checker->staged()) {
            const WriteOutcome outcome = disk->commit();
            QVERIFY2(outcome.succeeded(), outcome ? "" : errorText(outcome.error()).c_str());
            meant = shown;
        } else {
            QVERIFY(disk->discard(ByteRange::whole(kImageSize)).has_value());
        }
        (void)disk->close(std::chrono::seconds(60));
    }
    QVERIFY(image() == meant);
    for (const std::string &name : namesIn(m_states->path()))
        QVERIFY2(!name.ends_with(kRecoveryLogSuffix), name.c_str());
}

void KillTest::settleHere(RecoveryChoice choice)
{
    bool becomesNew = false;
    const std::vector<std::byte> then = image();
    {
        const DiskDocument disk(std::make_shared<FaultEnv>(), m_path);
        QVERIFY(disk.document != nullptr);
        const auto found = disk->unsettled();
        QCOMPARE(found.size(), std::size_t{1});
        QVERIFY(found.front().identified);
        const auto settled = disk.settle(found.front().path, choice);
        QVERIFY2(settled.has_value(), settled ? "" : errorText(settled.error()).c_str());
        becomesNew = settled->state == JournalState::Done
            || (settled->state != JournalState::RolledBack && choice == RecoveryChoice::Finish);
        QVERIFY(disk->unsettled().empty());
    }
    QVERIFY(journal().empty());
    QCOMPARE(QString::fromStdString(m_checker->isWhole(image(), m_batches)), QString());
    QCOMPARE(QString::fromStdString(m_checker->movedOneWay(then, image(), becomesNew)), QString());
    QVERIFY(m_batches || image() == (becomesNew ? m_checker->after() : m_checker->before()));
}

void KillTest::survivesKillsAtRandomMoments()
{
    begin();
    const unsigned kills = qEnvironmentVariableIsSet("CACHET_NIGHTLY") ? 1000 : kRandomKills;
    Random random(1);
    const unsigned most = 20 * kills; // before one of them has met a write under way
    while (m_kills < kills || (m_journals == 0 && m_kills < most)) {
        const std::chrono::microseconds after(1 + random.below(80'000));
        QCOMPARE(writeAndKill("ready", after), Event::Killed);
        judge();
        if (QTest::currentTestFailed())
            return;
    }
    QVERIFY(m_journals > 0);
    qInfo("%u kills, %u left a journal, %u left edits, %llu writes", m_kills, m_journals, m_logs,
          static_cast<unsigned long long>(m_writes));
}

// Before each operation of a round of writes in turn, until rounds of all kinds are done before they would stop. The first operations are those of opening.
void KillTest::survivesKillsBeforeEachOperation()
{
    begin();
    const unsigned step = qEnvironmentVariableIsSet("CACHET_NIGHTLY") ? 1 : kOperationStep;
    auto number = static_cast<unsigned>(Random(2).below(step));
    for (std::uint64_t exits = 0; exits < kScriptKinds; number += step) {
        const Event event = writeAndKill(std::to_string(number));
        QVERIFY(event == Event::Killed || event == Event::Exited);
        exits = event == Event::Exited ? exits + 1 : 0;
        judge();
        if (QTest::currentTestFailed())
            break;
    }
    QVERIFY(m_journals > 0);
    qInfo("%u kills, %u left a journal, %u left edits", m_kills, m_journals, m_logs);
}

void KillTest::survivesKillsAtNamedPoints_data()
{
    QTest::addColumn<bool>("leavesJournal");
    QTest::newRow("journalling") << false;
    QTest::newRow("arming") << false;
    QTest::newRow("renaming") << false;
    QTest::newRow("naming") << true;
    QTest::newRow("writing") << true;
    QTest::newRow("syncing") << true;
    QTest::newRow("verifying") << true;
    QTest::newRow("finishing") << true;
    QTest::newRow("removing") << true;
    QTest::newRow("forgetting") << false;
    QTest::newRow("log writing") << false;
    QTest::newRow("log syncing") << false;
    QTest::newRow("log renaming") << false;
    QTest::newRow("log naming") << false;
    QTest::newRow("log removing") << false;
    QTest::newRow("log forgetting") << false;
}

void KillTest::survivesKillsAtNamedPoints()
{
    QFETCH(bool, leavesJournal);
    begin();
    for (unsigned kill = 0; kill < 2; ++kill) { // the journal is finished once, rolled back once
        QCOMPARE(writeAndKill(QTest::currentDataTag()), Event::Killed);
        QCOMPARE(!journal().empty(), leavesJournal);
        judge();
        if (QTest::currentTestFailed())
            return;
    }
}

// The journal of a killed write is settled by a program that is killed before each of its operations in turn.
void KillTest::survivesKillsWhileSettling()
{
    begin();
    const unsigned step = qEnvironmentVariableIsSet("CACHET_NIGHTLY") ? 1 : kSettlingStep;
    for (const RecoveryChoice choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
        Event event = Event::Killed;
        for (auto number = static_cast<unsigned>(Random(3).below(step)); event == Event::Killed; number += step) {
            QCOMPARE(writeAndKill("syncing"), Event::Killed);
            QVERIFY(!journal().empty());
            m_armed = true;
            event = runAndKill(choiceWord(choice), std::to_string(number), {});
            QVERIFY(event == Event::Killed || event == Event::Exited);
            judge();
            if (QTest::currentTestFailed())
                return;
        }
    }
    qInfo("%u kills, %u left a journal, %u left edits", m_kills, m_journals, m_logs);
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::KillTest)
#include "tst_kill.moc"
