// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/edit/external_bytes.h"
#include "cachecore/edit/range_tree.h"
#include "cachecore/source/block_source.h"
#include "cachecore/write/journal/journal_format.h"
#include "cachecore/write/journal/journal_place.h"
#include "cachecore/write/plan/write_plan.h"
#include "cachecore/write/write_progress.h"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace cachecore {

/// How a transaction ended.
struct TransactionEnd {
    enum class Kind : std::uint8_t {
        Committed, ///< every byte of the batch is on the target, verified
        Untouched, ///< failed or cancelled before the target was touched; no journal remains that asks for anything, but see journalMayReturn
        RolledBack, ///< failed or cancelled after that; the target holds the old bytes again, verified; no journal remains that asks for anything, but see journalMayReturn
        NeedsRecovery, ///< neither could be completed; the journal remains
    };
    Kind kind = Kind::Untouched;
    std::optional<Error>
        error; ///< what stopped it; with Committed: what went wrong after everything was verified, when something of the journal remains or may return
    std::optional<Error>
        rollBackError; ///< with NeedsRecovery: why the journal could not be settled; with journalMayReturn: why not for good
    /// True when the journal has no name any more, but neither that nor the mark that it came to its end is durable: after a power cut it may be back
    /// and ask to be settled. Either choice is safe as long as nothing else has written to its units meanwhile, which recovery looks for.
    bool journalMayReturn = false;
    TransactionId transaction{}; ///< the journal's; zeros when the write ended before it was drawn
    std::uint64_t writes = 0;    ///< write calls made on the target
    std::string journalPath;     ///< where the journal was or is; empty when it has no name or was never made
};

/// Makes the bytes of a journal that has done its work readable for undoing: takes its file (without a name by then), its former path, and its size.
using KeepRetired = std::function<std::shared_ptr<const ExternalBytes>(std::unique_ptr<EnvFile> file, std::string path,
                                                                       std::uint64_t size)>;

/// Carries one batch of a plan to the target: all of it or none of it, whatever happens meanwhile.
///
///     Idle --check()--> Checked --prepare()--> Prepared --arm()--> Armed --write()--> Written --sync()--> Synced --verify()--> Verified
///       |                  |                      |                  |                   |                  |                     |
///       +------------------+----------+-----------+                  +-------------------+---------+--------+              finish()
///                     error or stop:  | abandon()                                error or stop:    | rollBack() <- stop ----+  |
///                                     |                                                            v                           |
///                                     +--> Untouched                                          RollingBack --> RolledBack       +--> Committed
///                                     |                                                            |                           |
///                                     +--> NeedsRecovery: the journal has its name                 +--> NeedsRecovery          +--> NeedsRecovery:
///                                          and can neither be marked nor removed                                                  neither DONE nor removing worked
///
/// Whether the target's name still leads to it is looked at by check(), before the first byte is written by arm(), and once more by verify().
/// A stop is looked at between extents until finish() begins. Once everything is verified there is no way back: where DONE cannot be made
/// durable, removing the journal durably says the same, and rolling back could meet a DONE that reached the medium after all.
/// Rolling back overwrites nothing that somebody else wrote meanwhile: a unit with a byte that is neither old nor new is left as it is, the others get their old bytes, and
/// the end is NeedsRecovery with rollBackError Changed, so that people are asked.
/// After a failed sync rolling back writes every byte again before it syncs: what can be read by then says nothing about the medium.
///
/// Thread: run() on one thread, which blocks; state() from any. Memory: at most 8 MiB beside the batch.
class Transaction {
public:
    enum class State : std::uint8_t {
        Idle,
        Checked,
        Prepared,
        Armed,
        Written,
        Synced,
        Verified,
        Committed,
        RollingBack,
        RolledBack,
        Untouched,
        NeedsRecovery,
    };

    /// What it works with; everything referred to must outlive it.
    struct Context {
        Env &env;
        BlockSource &target;
        const JournalPlaces &places;
        WriteProgress &progress;
        KeepRetired keepRetired;            ///< empty: old bytes beyond kOldBytesInMemory are not kept
        std::uint64_t keepRetiredLimit = 0; ///< larger journals are not kept
        std::stop_token stop;
    };
    static constexpr std::uint64_t kOldBytesInMemory = std::uint64_t{1} << 20;

    Transaction(Context context, const WritePlan &plan, const WriteBatch &batch);
    ~Transaction();

    /// From Idle to one of the ends. Call once.
    [[nodiscard]] TransactionEnd run();

    [[nodiscard]] State state() const;
    /// True when what the state promises about journal and target holds (reads both; blocking); for tests.
    [[nodiscard]] bool invariantsHold() const;

    /// What the target held under the batch's staged bytes, readable as long as it is held; empty unless Committed, and where it was not kept. Up to
    /// kOldBytesInMemory they are in memory, more stay in the journal's file, which has no name any more.
    [[nodiscard]] RangeTree<Piece> oldBytes() const;
    /// Bytes of the retired journal's file that oldBytes() keeps on the medium; 0 when they are in memory.
    [[nodiscard]] std::uint64_t retiredBytes() const;

private:
    class Impl;
    const std::unique_ptr<Impl> m_impl;
};

} // namespace cachecore
