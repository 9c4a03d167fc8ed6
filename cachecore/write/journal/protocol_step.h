// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace cachecore {

/// Every sync, comparison and ordering of the write protocol and the recovery log that their safety rests on. A build for the tests' own test can leave one out, to see
/// that the tests notice; in every other build asking costs nothing.
enum class ProtocolStep : std::uint8_t {
    CheckIdentity,         ///< the target is still the file of its name
    CheckNoJournal,        ///< no journal of an interrupted write is overwritten
    CompareBases,          ///< the disk holds what the edits were made on
    CheckImportsBefore,    ///< imported files are what they were when they were staged, before any of them is read
    CheckImportsAfter,     ///< and still, when all of them has been read
    SyncJournalRecords,    ///< records are durable before ARMED is written
    SyncArmed,             ///< ARMED is durable before the rename
    RenameBeforeWrite,     ///< the journal has its name before the target is touched
    SyncDirectory,         ///< the name is durable before the target is touched
    SyncPlace,             ///< and so are the names that lead to the state directory, where it lies there
    SyncTarget,            ///< the target is durable before DONE is written
    Verify,                ///< what was written is read back and compared
    SyncDone,              ///< DONE is durable before the journal is removed
    RemoveJournal,         ///< a finished journal is removed
    SyncRemoval,           ///< and durably so
    SyncRollingBack,       ///< the intent to roll back is durable before old bytes are put back
    SyncRestored,          ///< restored bytes are durable before ROLLED BACK is written
    VerifyRestored,        ///< restored bytes are read back and compared
    SyncRolledBack,        ///< ROLLED BACK is durable before the journal is removed
    RecoveryComparesUnits, ///< recovery looks at a unit before it overwrites it
    RecoveryChecksTarget,  ///< recovery writes to no file that has lost its name
    RecoverySyncsTarget,   ///< recovery makes the target durable before it says so
    RecoveryVerifies,      ///< what recovery wrote is read back and compared
    LogBeforeWrite, ///< the recovery log holds what is to be written, and knows of the write before, when a write begins
    LogSyncAppended,  ///< a state appended to the recovery log is durable before it counts as kept
    LogSyncNew,       ///< a new log is durable before it gets its name
    LogSyncPlace,     ///< the names that lead to the log's directory are durable
    LogSyncName,      ///< the name of a new log is durable before its state counts as kept
    LogRemove,        ///< a log goes when nothing is staged any more, and when its edits are staged again
    LogSyncRemoval,   ///< and durably so
    LogHoldsRestored, ///< edits staged again are in the new log before the old one goes
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
