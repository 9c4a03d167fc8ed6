// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/source/block_source.h"
#include "cachecore/write/journal/journal_format.h"
#include "cachecore/write/write_progress.h"

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace cachecore {

/// What one unit of the target holds, compared byte by byte with a journal.
enum class UnitCondition : std::uint8_t {
    Old,        ///< what was there before
    New,        ///< what was to be written
    Torn,       ///< each byte is an old or a new one
    Foreign,    ///< a byte that is neither: something else has written here since
    Unreadable, ///< the medium does not give it back; writing it often mends it
};

/// What a journal and its target say together.
struct RecoveryReport {
    std::string journalPath;
    std::optional<JournalHeader> header; ///< nothing when not even that can be read
    JournalState state = JournalState::Unarmed;
    std::optional<Error> damage; ///< why the journal cannot be used; then no unit was looked at
    /// The target is the disk that the journal names: the same identity; or one that differs in the device's number alone, which a system may deal out anew when
    /// it starts, under the same path and no smaller than it was.
    bool sameDisk = false;
    bool sameTarget = false;        ///< and it has the same size
    std::uint64_t units[5] = {};    ///< how many, by UnitCondition
    std::uint64_t newBytes = 0;     ///< bytes the write was to replace
    ByteRange span;                 ///< from the first to the last unit
    std::vector<ByteRange> foreign; ///< all foreign ones, ascending, coalesced
    /// Once it is settled: why the journal's removal could not be made durable. It has no name any more, and may be back after a power cut.
    std::optional<Error> leftover;

    [[nodiscard]] std::uint64_t count(UnitCondition condition) const
    {
        return units[static_cast<std::size_t>(condition)];
    }
    [[nodiscard]] std::uint64_t unitCount() const;

    friend bool operator==(const RecoveryReport &, const RecoveryReport &) = default;
};

enum class RecoveryChoice : std::uint8_t {
    Finish,   ///< every unit gets its new bytes
    RollBack, ///< every unit gets its old bytes
};

/// Which units that something else has written to may be overwritten: those that somebody was shown, never one that became foreign since.
struct ForeignUnits {
    std::vector<ByteRange> overwritten{}; ///< ascending, coalesced; whole units

    static const ForeignUnits Stop; ///< none
    /// Exactly those of `report`.
    [[nodiscard]] static ForeignUnits overwrite(const RecoveryReport &report) { return {report.foreign}; }
    [[nodiscard]] bool cover(ByteRange range) const;
};
inline const ForeignUnits ForeignUnits::Stop{};

/// Reads the journal at `path` and every unit it names; changes nothing. A journal that does not parse is no error but a report with `damage`, and so is one that
/// is not armed and yet has this name. The units of a journal that is Done or RolledBack are not looked at: it has nothing to do with them any more.
/// Errors: what target and journal say when they cannot be read at all, Truncated, Cancelled, OutOfMemory. Blocking. Memory: beside what reading takes, 16 bytes
/// for each of the journal's extents and for each stretch of foreign units.
[[nodiscard]] Result<RecoveryReport> inspectJournal(Env &env, BlockSource &target, const std::string &path,
                                                    WriteProgress &progress, std::stop_token stop = {});

/// Settles the journal: brings every unit to one side, syncs, reads back, compares, then removes the journal durably. Idempotent: cut anywhere, it can be called again
/// with either choice. Writes every byte again that the write was to replace, also one that reads as it should: where a sync has failed before,
/// what can be read says nothing about the medium. Of the other bytes of its units it writes those that differ, and of a unit that cannot be read all; nothing outside its units. A foreign unit that `foreign` does not name, or any on another disk than the journal names (RecoveryReport::sameDisk), means that
/// nothing is written: error Changed with its range; one that becomes foreign while this runs is left alone, with the same error. A journal that is Done or RolledBack is only removed. Errors: Damaged, NewerVersion (nothing is written, nothing removed), ReadOnly, Held, Truncated,
/// Changed (also when the target's name leads elsewhere by now), NotFound with Operation::Journal (there is no such journal any more), what target and journal say. What
/// fails once the journal has lost its name is no error but RecoveryReport::leftover. Returns what was found before. Blocking.
[[nodiscard]] Result<RecoveryReport> settleJournal(Env &env, BlockSource &target, const std::string &path,
                                                   RecoveryChoice choice, const ForeignUnits &foreign,
                                                   WriteProgress &progress, std::stop_token stop = {});

/// A journal that was set aside.
struct JournalAside {
    std::string path; ///< its name now
    /// Why that name could not be made durable: the journal may have its former one again after a power cut, and then is asked about once more.
    std::optional<Error> leftover;

    friend bool operator==(const JournalAside &, const JournalAside &) = default;
};

/// Gives the journal another name beside it (".N.kept" appended, N the first from 1 that is free), so that it is no longer asked about and still there. Durable where the file
/// system has such a thing. Errors: NotFound with Operation::Journal (there is no such journal any more), what the system says, OutOfMemory; what fails once
/// the journal has its new name is no error but JournalAside::leftover. Blocking.
[[nodiscard]] Result<JournalAside> setJournalAside(Env &env, const std::string &path);

} // namespace cachecore
