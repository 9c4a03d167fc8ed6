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
using Event = SpawnedProgram::Event;

std::string choiceWord(RecoveryChoice choice)
{
    return choice == RecoveryChoice::Finish ? "finish" : "rollback";
}

} // namespace

/// One image that is written to by program after program, each of which is killed.
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
    [[nodiscard]] Event runAndKill(const std::string &what, const std::string &stop, std::chrono::microseconds after);
    void judge();
    void judgeEdits(std::uint64_t before, bool armed);
    void settleHere(RecoveryChoice choice);
    [[nodiscard]] std::uint64_t linesPrinted() const;
    [[nodiscard]] std::string journal() const;
    [[nodiscard]] std::vector<std::byte> image() const { return readFile(m_path); }

    std::optional<TempDir> m_folder;
    std::optional<TempDir> m_outputs;
    std::optional<TempDir> m_states; ///< of recovery logs
    std::string m_path;
    std::string m_output;
    std::optional<ImageChecker> m_checker;
    std::uint64_t m_writes = 0; ///< that are known to be on the disk
    std::uint64_t m_seed = 0;
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
    m_writes = 0;
    m_kills = 0;
    m_journals = 0;
    m_logs = 0;
    m_armed = false;
    m_path = m_folder->write("disk.img", patternBytes(kImageSize, 1));
    m_checker.emplace(patternBytes(kImageSize, 1), m_seed);
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
    m_output = m_outputs->file("output" + std::to_string(m_kills));
    SpawnedProgram child(kChild, {m_path, std::to_string(m_seed), what, stop, m_states->path()}, {}, m_output);
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
    m_writes += linesPrinted();
    if (event != Event::Killed && child.exitCode() != 0) {
        const auto printed = readFile(m_output);
        qWarning("%.*s", int(printed.size()), reinterpret_cast<const char *>(printed.data()));
    }
    return event == Event::Exited && child.exitCode() != 0 ? Event::NotStarted : event;
}

/// What the killed program has left, by the image alone; then the journal is settled and the image judged again.
void KillTest::judge()
{
    const std::uint64_t before = m_writes;
    const bool armed = std::exchange(m_armed, false) || !journal().empty();
    if (journal().empty()) {
        std::uint64_t found = 0;
        QCOMPARE(QString::fromStdString(m_checker->isOneOf(image(), m_writes, found)), QString());
        m_writes = found;
    } else {
        ++m_journals;
        QCOMPARE(QString::fromStdString(m_checker->isBetween(image(), m_writes)), QString());
        settleHere(m_kills % 2 == 0 ? RecoveryChoice::Finish : RecoveryChoice::RollBack);
    }
    if (!QTest::currentTestFailed())
        judgeEdits(before, armed);
}

/// The edits the killed program has left, restored: none may be lost of a write that had armed its journal when `before` were on the disk, and what is shown must
/// have been shown before. They are written or discarded then.
void KillTest::judgeEdits(std::uint64_t before, bool armed)
{
    DocumentOptions options = DiskDocument::smallPages();
    options.journals.stateDirectory = m_states->path();
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
        QCOMPARE(QString::fromStdString(m_checker->isBegun(shown, m_writes)), QString());
        if (armed)
            QVERIFY2(shown == m_checker->after(before + 1), "an edit is neither on the disk nor staged");
        if (m_kills % 3 == 0 && shown == m_checker->after(m_writes + 1)) {
            QVERIFY(disk->commit().succeeded());
            ++m_writes;
        } else {
            QVERIFY(disk->discard(ByteRange::whole(kImageSize)).has_value());
        }
        (void)disk->close(std::chrono::seconds(60));
    }
    QVERIFY(image() == m_checker->after(m_writes));
    for (const std::string &name : namesIn(m_states->path()))
        QVERIFY2(!name.ends_with(kRecoveryLogSuffix), name.c_str());
}

void KillTest::settleHere(RecoveryChoice choice)
{
    bool becomesNew = false;
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
    std::uint64_t found = 0;
    QCOMPARE(QString::fromStdString(m_checker->isOneOf(image(), m_writes, found)), QString());
    QCOMPARE(found, m_writes + (becomesNew ? 1 : 0));
    m_writes = found;
}

void KillTest::survivesKillsAtRandomMoments()
{
    begin();
    const unsigned kills = qEnvironmentVariableIsSet("CACHET_NIGHTLY") ? 1000 : 50;
    Random random(1);
    while (m_kills < kills) {
        const std::chrono::microseconds after(1 + random.below(60'000));
        QCOMPARE(runAndKill(std::to_string(m_writes), "ready", after), Event::Killed);
        judge();
        if (QTest::currentTestFailed())
            return;
    }
    qInfo("%u kills, %u left a journal, %u left edits, %llu writes", m_kills, m_journals, m_logs,
          static_cast<unsigned long long>(m_writes));
}

// Before each operation of a write in turn, until a write is done before it would stop. The first operations are those of opening.
void KillTest::survivesKillsBeforeEachOperation()
{
    begin();
    const unsigned step = qEnvironmentVariableIsSet("CACHET_NIGHTLY") ? 1 : 5;
    for (auto number = static_cast<unsigned>(Random(2).below(step));; number += step) {
        const Event event = runAndKill(std::to_string(m_writes), std::to_string(number), {});
        QVERIFY(event == Event::Killed || event == Event::Exited);
        judge();
        if (QTest::currentTestFailed() || event == Event::Exited)
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
        QCOMPARE(runAndKill(std::to_string(m_writes), QTest::currentDataTag(), {}), Event::Killed);
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
    const unsigned step = qEnvironmentVariableIsSet("CACHET_NIGHTLY") ? 1 : 4;
    for (const RecoveryChoice choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
        Event event = Event::Killed;
        for (auto number = static_cast<unsigned>(Random(3).below(step)); event == Event::Killed; number += step) {
            QCOMPARE(runAndKill(std::to_string(m_writes), "syncing", {}), Event::Killed);
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
