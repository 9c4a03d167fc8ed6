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

constexpr const char *kLauncher = CACHET_LAUNCHER; ///< what starts a test here; empty: nothing but itself

// The programs are those of the same names, built with an engine that can leave a step out.
constexpr const char *kPowerCut = CACHET_PROGRAMS "/teeth_power_cut";
constexpr const char *kSession = CACHET_PROGRAMS "/teeth_document_power_cut";
constexpr const char *kSteps = CACHET_PROGRAMS "/teeth_protocol_steps";
constexpr const char *kRecovery = CACHET_PROGRAMS "/teeth_recovery_steps";
constexpr const char *kTrust = CACHET_PROGRAMS "/teeth_journal_trust";
constexpr const char *kDocument = CACHET_PROGRAMS "/teeth_document_steps";

/// What notices that a step is left out. A step that more than one effect depends on stands here once for each.
struct Tooth {
    ProtocolStep step;
    const char *name;
    const char *program;
    const char *slot; ///< function, or function:row
};

/// All of them. kPowerCut and kSession cut the power everywhere and judge what is left; the others change the world at one moment.
/// Three steps lose nothing when they alone are left out, because a later one notices; they are kept for what stands beside them:
/// - CheckIdentity and CheckSize cost a call each, and say before anything is made what would be noticed only when all of the journal was written, which may take as long as
///   the write itself; of RecoveryChecksSize the same holds for reading all units.
/// - SyncJournalRecords costs one fdatasync in each batch. Without it SyncArmed makes records and ARMED durable together, before the rename, and what lies under a
///   temporary name is read by nobody: no power cut tells the two apart. With it ARMED on a medium proves by itself that the records before it were durable,
///   whatever becomes of names; the format says so, and the order is held against it.
#define TOOTH(step, program, slot) {ProtocolStep::step, #step, program, slot}
constexpr Tooth kTeeth[] = {
    TOOTH(CheckIdentity, kSteps, "refusesAnImageThatWasReplaced"),
    TOOTH(CheckHolders, kSteps, "refusesAnImageThatIsHeld"),
    TOOTH(CheckSize, kSteps, "refusesAnImageThatWasCutShort"),
    TOOTH(CheckNoJournal, kSteps, "refusesWhileAJournalRemainsInAnotherPlace"),
    TOOTH(RefuseUnsettled, kDocument, "writesNothingBesideAJournalOfAnotherName"),
    TOOTH(CheckImportsBefore, kSteps, "readsNothingOfAChangedImport"),
    TOOTH(DropBeforeCompare, kSteps,
          "refusesWhatChangedUnderTheEdits:the bytes were seen, another machine changed them"),
    TOOTH(DropBeforeCompare, kSteps,
          "refusesWhatChangedUnderTheEdits:a hash was seen, another machine changed the bytes"),
    TOOTH(CompareBases, kSteps, "refusesWhatChangedUnderTheEdits:the bytes were seen"),
    TOOTH(CompareBases, kSteps, "refusesWhatChangedUnderTheEdits:a hash was seen"),
    TOOTH(CheckImportsAfter, kSteps, "refusesAnImportThatChangesWhileItIsRead"),
    TOOTH(SyncJournalRecords, kSteps, "writesInTheOrderOfTheProtocol"),
    TOOTH(SyncArmed, kPowerCut, "leavesOldOrNewAfterEveryCut:two bytes"),
    TOOTH(SyncPlace, kPowerCut, "trustsNoDirectoryThatMayVanish"),
    TOOTH(TakeNoName, kSteps, "replacesNoJournalThatAppears:where the system looks and renames at once"),
    TOOTH(CheckNameFree, kSteps, "replacesNoJournalThatAppears:where it cannot"),
    TOOTH(KeepOthersJournal, kSteps, "replacesNoJournalThatAppears:where the system looks and renames at once"),
    TOOTH(RenameBeforeWrite, kPowerCut, "leavesOldOrNewAfterEveryCut:two bytes"),
    TOOTH(SyncDirectory, kPowerCut, "leavesOldOrNewAfterEveryCut:two bytes"),
    TOOTH(CheckIdentityBeforeWrite, kSteps, "writesToNoImageThatIsReplacedWhileItIsJournalled"),
    TOOTH(SyncTarget, kPowerCut, "leavesOldOrNewAfterEveryCut:two bytes"),
    TOOTH(DropBeforeVerify, kSteps, "noticesWhatTheMediumDamages"),
    TOOTH(DropBeforeVerify, kSteps, "overwritesNothingWrittenMeanwhile:beside an edit, by another machine"),
    TOOTH(DropBeforeVerify, kSteps, "saysWhenTheMediumDamagesWhatIsRestored"),
    TOOTH(DropBeforeVerify, kRecovery, "saysWhenTheMediumDamagesWhatIsSettled"),
    TOOTH(Verify, kSteps, "noticesWhatTheMediumDamages"),
    TOOTH(CheckIdentityAfterWrite, kSteps, "takesBackWhatWentToAnImageThatIsReplaced"),
    TOOTH(SyncDone, kPowerCut, "leavesOldAfterEveryCutOfAFailedWrite:any operation, once"),
    TOOTH(RemoveJournal, kSteps, "removesItsJournal"),
    TOOTH(SyncRemoval, kPowerCut, "leavesOldOrNewAfterEveryCut:two bytes"),
    TOOTH(SyncRollingBack, kPowerCut, "leavesOldAfterEveryCutOfACancelledWrite:and nothing fails"),
    TOOTH(RollBackComparesUnits, kSteps, "overwritesNothingWrittenMeanwhile:beside the edits"),
    TOOTH(RollBackComparesUnits, kSteps, "overwritesNothingWrittenMeanwhile:over an edit"),
    TOOTH(RewriteAfterFailedSync, kPowerCut, "leavesOldWhereAFailedSyncIsLate"),
    TOOTH(SyncRestored, kPowerCut, "leavesOldAfterEveryCutOfACancelledWrite:and nothing fails"),
    TOOTH(VerifyRestored, kSteps, "saysWhenTheMediumDamagesWhatIsRestored"),
    TOOTH(SyncRolledBack, kPowerCut, "leavesOldAfterEveryCutOfACancelledWrite:and its journal cannot be removed"),
    TOOTH(SyncRolledBack, kPowerCut, "leavesOldAfterEveryCutOfAFailedWrite:syncs, for good"),
    TOOTH(JournalComparesHeader, kTrust, "noticesEveryByteThatRots"),
    TOOTH(JournalComparesRecord, kTrust, "noticesEveryByteThatRots"),
    TOOTH(JournalComparesOld, kTrust, "noticesEveryByteThatRots"),
    TOOTH(JournalComparesNew, kTrust, "noticesWhatWasForged:new bytes that have not their hash"),
    TOOTH(JournalComparesArmed, kTrust, "noticesWhatWasForged:a record that ARMED was not written for"),
    TOOTH(JournalComparesState, kTrust, "noticesEveryByteThatRots"),
    TOOTH(JournalComparesState, kTrust, "believesNoLaterStateThatRotted"),
    TOOTH(JournalComparesLater, kTrust, "believesNoLaterStateThatDoesNotFollow:another number"),
    TOOTH(JournalComparesLater, kTrust, "believesNoLaterStateThatDoesNotFollow:another record before"),
    TOOTH(RecoveryChecksArmed, kTrust, "settlesNoJournalThatWasNeverArmed"),
    TOOTH(RecoveryChecksWritable, kRecovery, "removesNoJournalOfAnImageThatMayNotBeWritten"),
    TOOTH(RecoveryChecksHolders, kRecovery, "settlesNoImageThatIsHeld"),
    TOOTH(RecoveryChecksSize, kRecovery, "settlesNoImageThatWasCutShort"),
    TOOTH(RecoveryChecksTarget, kRecovery, "settlesNoImageThatWasReplaced"),
    TOOTH(RecoveryChecksDisk, kRecovery, "overwritesNothingOfAnotherDisk"),
    TOOTH(RecoveryDropsBeforeLook, kRecovery, "reportsWhatIsOnTheMedium"),
    TOOTH(RecoveryComparesUnits, kRecovery, "leavesForeignUnitsAlone"),
    TOOTH(RecoveryLeavesForeign, kRecovery, "leavesAloneWhatIsWrittenWhileItSettles"),
    TOOTH(RecoveryRewritesAll, kPowerCut,
          "recoversAtOnceFromWhatCouldNotBeRolledBack:what a sync failed for arrives later"),
    TOOTH(RecoverySyncsTarget, kPowerCut, "leavesOldOrNewAfterEveryCut:two bytes"),
    TOOTH(RecoveryVerifies, kRecovery, "saysWhenTheMediumDamagesWhatIsSettled"),
    TOOTH(RecoveryChecksTargetLast, kRecovery, "keepsTheJournalOfAnImageReplacedWhileItIsSettled"),
    TOOTH(AsideTakesFreeName, kRecovery, "setsAsideUnderAFreeName"),
    TOOTH(SyncAside, kRecovery, "setsAsideForGood"),
    TOOTH(LogBeforeWrite, kSession,
          "losesNothingInASession:committed twice before the log was due, typed over what was never seen"),
    TOOTH(LogSyncAppended, kSession, "losesNothingInASession:typed again and again"),
    TOOTH(LogSyncNew, kSession, "losesNothingInASession:typed again and again"),
    TOOTH(LogSyncPlace, kSession, "trustsNoStateDirectoryThatMayVanish"),
    TOOTH(LogSyncName, kSession, "losesNothingInASession:typed again and again"),
    TOOTH(LogRemove, kSession, "losesNothingInASession:typed and discarded, then typed"),
    TOOTH(LogSyncRemoval, kSession, "losesNothingInASession:typed and discarded, then typed"),
    TOOTH(LogHoldsRestored, kSession, "losesNothingOfARestoredSession"),
    TOOTH(LogComparesRecord, kDocument, "restoresNothingThatRotted"),
    TOOTH(LogComparesPlace, kDocument, "restoresNoRecordThatIsNotDue"),
    TOOTH(RestoreComparesBases, kSession, "listsApartWhatAnotherProgramHasChanged"),
    TOOTH(RestoreComparesDisk, kDocument, "listsApartWhatWasStagedUnseenOnAnotherDisk"),
    TOOTH(RestoreComparesImports, kDocument, "tellsThatAnImportHasChanged"),
};
#undef TOOTH

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
    for (const char *const program : {kPowerCut, kSession, kSteps, kRecovery, kTrust, kDocument}) {
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
        QTest::newRow((std::string(kTeeth[i].name) + ": " + kTeeth[i].slot).c_str()) << i;
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
