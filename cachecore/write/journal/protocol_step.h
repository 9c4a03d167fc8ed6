// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace cachecore {

/// Every sync, comparison and ordering of the write protocol, of recovery and of the recovery log, one for each place that does it. A build for the tests' own test can leave one
/// out, to see that the tests notice; in every other build asking costs nothing. That test names those which
/// lose nothing when they alone are left out.
enum class ProtocolStep : std::uint8_t {
    // Before the target is touched.
    CheckIdentity,            ///< the target is still the file of its name, before anything is made
    CheckHolders,             ///< nobody else has it
    CheckSize,                ///< it is as long as the plan says, before anything is made
    CheckNoJournal,           ///< no journal of an interrupted write is left, in any place
    RefuseUnsettled,          ///< nor one that the document knows of, whatever its name
    CheckImportsBefore,       ///< imported files are what they were when they were staged, before any of them is read
    DropBeforeCompare,        ///< what the bases are compared with, and what is journalled, comes from the medium
    CompareBases,             ///< the disk holds what the edits were made on
    CheckImportsAfter,        ///< imported files are still what they were, when all of them has been read
    SyncJournalRecords,       ///< records are durable before ARMED is written
    SyncArmed,                ///< ARMED is durable before the rename
    SyncPlace,                ///< so are the names that lead to the state directory, where the journal lies there
    TakeNoName,               ///< the rename takes the name of no other journal
    CheckNameFree,            ///< nor where the system cannot see to that itself
    KeepOthersJournal,        ///< a name that another journal has is not removed
    RenameBeforeWrite,        ///< the journal has its name before the target is touched
    SyncDirectory,            ///< the name is durable before the target is touched
    CheckIdentityBeforeWrite, ///< the target is still the file of its name when all of the journal is there

    // Until the write is final.
    SyncTarget,              ///< the target is durable before DONE is written
    DropBeforeVerify,        ///< what is compared comes from the medium: in commit, roll back and recovery
    Verify,                  ///< what was written is read back and compared
    CheckIdentityAfterWrite, ///< the target is still the file of its name when it is verified
    SyncDone,                ///< DONE is durable before the journal is removed
    RemoveJournal,           ///< a finished journal is removed
    SyncRemoval,             ///< and durably so

    // Rolling back.
    SyncRollingBack,        ///< the intent to roll back is durable before old bytes are put back
    RollBackComparesUnits,  ///< a unit is looked at before its old bytes are put back
    RewriteAfterFailedSync, ///< after a failed sync old bytes are written also where they can be read
    SyncRestored,           ///< restored bytes are durable before ROLLED BACK is written
    VerifyRestored,         ///< restored bytes are read back and compared
    SyncRolledBack,         ///< ROLLED BACK is durable before the journal is removed

    // What is believed of a journal.
    JournalComparesHeader, ///< the header has its hash
    JournalComparesRecord, ///< a record has its hash
    JournalComparesOld,    ///< the old bytes have theirs
    JournalComparesNew,    ///< and so have the new ones
    JournalComparesArmed,  ///< ARMED was written for these records in this order
    JournalComparesState,  ///< a state record has its hash
    JournalComparesLater,  ///< and follows from the state before

    // Recovery.
    RecoveryChecksArmed,      ///< a journal without ARMED is settled by nobody
    RecoveryChecksWritable,   ///< nobody who may not write to the target removes its journal
    RecoveryChecksHolders,    ///< nobody else has the target
    RecoveryChecksSize,       ///< it is as long as the journal says, before any of it is read
    RecoveryChecksTarget,     ///< the target is still the file of its name, before it is written
    RecoveryChecksDisk,       ///< another disk's foreign bytes are overwritten for no word of anybody
    RecoveryDropsBeforeLook,  ///< what is reported comes from the medium
    RecoveryComparesUnits,    ///< foreign units stop it before anything is written
    RecoveryLeavesForeign,    ///< and those written since it looked are left alone
    RecoveryRewritesAll,      ///< what is to be there is written also where it can be read
    RecoverySyncsTarget,      ///< the target is durable before recovery says so
    RecoveryVerifies,         ///< what recovery wrote is read back and compared
    RecoveryChecksTargetLast, ///< the target is still the file of its name, before its journal is removed
    AsideTakesFreeName,       ///< a journal set aside takes the name of no other
    SyncAside,                ///< its new name is durable

    // The recovery log.
    LogBeforeWrite, ///< the recovery log holds what is to be written, and knows of the write before, when a write begins
    LogSyncAppended,        ///< a state appended to the recovery log is durable before it counts as kept
    LogSyncNew,             ///< a new log is durable before it gets its name
    LogSyncPlace,           ///< the names that lead to the log's directory are durable
    LogSyncName,            ///< the name of a new log is durable before its state counts as kept
    LogRemove,              ///< a log goes when nothing is staged any more, and when its edits are staged again
    LogSyncRemoval,         ///< and durably so
    LogHoldsRestored,       ///< edits staged again are in the new log before the old one goes
    LogComparesRecord,      ///< a record has its hash
    LogComparesPlace,       ///< and is the one that is due
    RestoreComparesBases,   ///< the disk holds what the edits were made on, or they are listed apart
    RestoreComparesDisk,    ///< it is the disk that they were made on, or what was made unseen is listed apart
    RestoreComparesImports, ///< imported files are what they were, or what comes from them is told as lost
    Count_,
};

#ifdef CACHET_TEETH
/// True when the program under test is to leave `step` out. Defined by the test program.
[[nodiscard]] bool leftOut(ProtocolStep step);
#else
[[nodiscard]] constexpr bool leftOut(ProtocolStep)
{
    return false;
}
#endif

} // namespace cachecore
