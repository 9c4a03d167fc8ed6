// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/journal/protocol_step.h"
#include "tests/support/spawned_program.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

using cachecore::ProtocolStep;

namespace {

/// What notices that a step is left out. The programs are those of the same names, built with an engine that can leave it out.
struct Tooth {
    ProtocolStep step;
    const char *name;
    const char *program;
    const char *slot; ///< function, or function:row
};

constexpr const char *kPowerCut = CACHET_PROGRAMS "/teeth_power_cut";
constexpr const char *kSession = CACHET_PROGRAMS "/teeth_document_power_cut";
constexpr const char *kLauncher = CACHET_LAUNCHER; ///< what starts a test here; empty: nothing but itself
constexpr const char *kSteps = CACHET_PROGRAMS "/teeth_protocol_steps";

constexpr Tooth kTeeth[] = {
    {ProtocolStep::CheckIdentity, "CheckIdentity", kSteps, "refusesAnImageThatWasReplaced"},
    {ProtocolStep::CheckNoJournal, "CheckNoJournal", kSteps, "refusesWhileAJournalRemains"},
    {ProtocolStep::CompareBases, "CompareBases", kSteps, "refusesWhatChangedUnderTheEdits"},
    {ProtocolStep::CheckImportsBefore, "CheckImportsBefore", kSteps, "readsNothingOfAChangedImport"},
    {ProtocolStep::CheckImportsAfter, "CheckImportsAfter", kSteps, "refusesAnImportThatChangesWhileItIsRead"},
    {ProtocolStep::SyncJournalRecords, "SyncJournalRecords", kSteps, "writesInTheOrderOfTheProtocol"},
    {ProtocolStep::SyncArmed, "SyncArmed", kPowerCut, "leavesOldOrNewAfterEveryCut:two bytes"},
    {ProtocolStep::RenameBeforeWrite, "RenameBeforeWrite", kPowerCut, "leavesOldOrNewAfterEveryCut:two bytes"},
    {ProtocolStep::SyncDirectory, "SyncDirectory", kPowerCut, "leavesOldOrNewAfterEveryCut:two bytes"},
    {ProtocolStep::SyncPlace, "SyncPlace", kPowerCut, "trustsNoDirectoryThatMayVanish"},
    {ProtocolStep::SyncTarget, "SyncTarget", kPowerCut, "leavesOldOrNewAfterEveryCut:two bytes"},
    {ProtocolStep::Verify, "Verify", kSteps, "noticesWhatTheMediumDamages"},
    {ProtocolStep::SyncDone, "SyncDone", kSteps, "writesInTheOrderOfTheProtocol"},
    {ProtocolStep::RemoveJournal, "RemoveJournal", kSteps, "removesItsJournal"},
    {ProtocolStep::SyncRemoval, "SyncRemoval", kPowerCut, "leavesOldOrNewAfterEveryCut:two bytes"},
    {ProtocolStep::SyncRollingBack, "SyncRollingBack", kSteps, "rollsBackInTheOrderOfTheProtocol"},
    {ProtocolStep::SyncRestored, "SyncRestored", kPowerCut, "leavesOldAfterEveryCutOfACancelledWrite"},
    {ProtocolStep::VerifyRestored, "VerifyRestored", kSteps, "saysWhenTheMediumDamagesWhatIsRestored"},
    {ProtocolStep::SyncRolledBack, "SyncRolledBack", kSteps, "rollsBackInTheOrderOfTheProtocol"},
    {ProtocolStep::RecoveryComparesUnits, "RecoveryComparesUnits", kSteps, "leavesForeignUnitsAlone"},
    {ProtocolStep::RecoveryChecksTarget, "RecoveryChecksTarget", kSteps, "settlesNoImageThatWasReplaced"},
    {ProtocolStep::RecoverySyncsTarget, "RecoverySyncsTarget", kPowerCut, "leavesOldOrNewAfterEveryCut:two bytes"},
    {ProtocolStep::RecoveryVerifies, "RecoveryVerifies", kSteps, "saysWhenTheMediumDamagesWhatIsSettled"},
    {ProtocolStep::LogBeforeWrite, "LogBeforeWrite", kSession,
     "losesNothingInASession:committed twice before the log was due, typed over what was never seen"},
    {ProtocolStep::LogSyncAppended, "LogSyncAppended", kSession, "losesNothingInASession:typed again and again"},
    {ProtocolStep::LogSyncNew, "LogSyncNew", kSession, "losesNothingInASession:typed again and again"},
    {ProtocolStep::LogSyncPlace, "LogSyncPlace", kSession, "trustsNoStateDirectoryThatMayVanish"},
    {ProtocolStep::LogSyncName, "LogSyncName", kSession, "losesNothingInASession:typed again and again"},
    {ProtocolStep::LogRemove, "LogRemove", kSession, "losesNothingInASession:typed and discarded, then typed"},
    {ProtocolStep::LogSyncRemoval, "LogSyncRemoval", kSession,
     "losesNothingInASession:typed and discarded, then typed"},
    {ProtocolStep::LogHoldsRestored, "LogHoldsRestored", kSession, "losesNothingOfARestoredSession"},
};

struct Run {
    bool ended = false; ///< by itself, and not by a signal
    int exitCode = -1;
    QByteArray output;
};

/// Slots of `program`, with the engine leaving `leftOut` out (nothing: no step).
Run run(const char *program, const std::vector<std::string> &slotNames, std::optional<ProtocolStep> leftOut)
{
    const cachet_test::TempDir folder;
    const std::string output = folder.file("output");
    const std::string number = leftOut ? std::to_string(static_cast<int>(*leftOut)) : std::string("none");
    std::vector<std::string> command{program};
    if (*kLauncher)
        command.insert(command.begin(), kLauncher);
    command.insert(command.end(), slotNames.begin(), slotNames.end());
    cachet_test::SpawnedProgram spawned(command.front(), {command.begin() + 1, command.end()},
                                        {"CACHET_LEFT_OUT=" + number}, output);
    Run result;
    result.ended = spawned.wait() == cachet_test::SpawnedProgram::Event::Exited;
    result.exitCode = spawned.exitCode();
    const std::vector<std::byte> printed = cachet_test::readFile(output);
    result.output = QByteArray(reinterpret_cast<const char *>(printed.data()), qsizetype(printed.size()));
    return result;
}

} // namespace

class TeethTest : public QObject {
    Q_OBJECT

private slots:
    void coversEveryStep();
    void passesWithEveryStep();
    void failsWithoutTheStep_data();
    void failsWithoutTheStep();
};

void TeethTest::coversEveryStep()
{
    std::set<ProtocolStep> steps;
    for (const Tooth &tooth : kTeeth)
        steps.insert(tooth.step);
    QCOMPARE(steps.size(), static_cast<std::size_t>(ProtocolStep::Count_));
}

void TeethTest::passesWithEveryStep()
{
    for (const char *const program : {kPowerCut, kSteps, kSession}) {
        std::vector<std::string> slotNames;
        for (const Tooth &tooth : kTeeth) {
            if (qstrcmp(tooth.program, program) == 0 && std::ranges::find(slotNames, tooth.slot) == slotNames.end())
                slotNames.emplace_back(tooth.slot);
        }
        const Run passed = run(program, slotNames, std::nullopt);
        QVERIFY2(passed.ended && passed.exitCode == 0, passed.output.constData());
    }
}

void TeethTest::failsWithoutTheStep_data()
{
    QTest::addColumn<qsizetype>("index");
    for (qsizetype i = 0; i < qsizetype(std::size(kTeeth)); ++i)
        QTest::newRow(kTeeth[i].name) << i;
}

// By an assertion of the test named in the table: Qt Test's exit code counts those, and a crash is none.
void TeethTest::failsWithoutTheStep()
{
    QFETCH(qsizetype, index);
    const Tooth &tooth = kTeeth[index];
    const Run failed = run(tooth.program, {tooth.slot}, tooth.step);
    QVERIFY2(failed.ended, failed.output.constData());
    QVERIFY2(failed.exitCode > 0 && failed.exitCode < 128, failed.output.constData());
    const QByteArray function = QByteArray(tooth.slot).split(':').front();
    bool asserted = false;
    for (const QByteArray &line : failed.output.split('\n'))
        asserted = asserted || (line.startsWith("FAIL!") && line.contains(function));
    QVERIFY2(asserted, failed.output.constData());
}

QTEST_GUILESS_MAIN(TeethTest)
#include "tst_teeth.moc"
