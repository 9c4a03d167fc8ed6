// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/cache/cached_source.h"
#include "cachecore/document.h"
#include "cachecore/document_job.h"
#include "cachecore/edit/edit_history.h"
#include "cachecore/edit/file_bytes.h"
#include "cachecore/write/log/recovery_log.h"
#include "cachecore/write/plan/write_plan.h"
#include "cachecore/write/transaction/transaction.h"

#include <condition_variable>
#include <mutex>
#include <new>
#include <vector>

namespace cachecore {

/// The part of `bytes` (which start at `at`) that lies in `range`.
template <typename T>
std::span<T> partOf(std::span<T> bytes, ByteOffset at, ByteRange range)
{
    return bytes.subspan(static_cast<std::size_t>(range.begin() - at), static_cast<std::size_t>(range.length()));
}

/// What a Document shares with its jobs. document_impl.cpp shows and watches, document_read.cpp reads, document_edits.cpp stages,
/// document_write.cpp starts writes and closes, document_batches.cpp brings them to the disk batch by batch, document_epoch.cpp carries the edits over to what the disk holds then,
/// document_recovery.cpp settles journals, document_log.cpp keeps the edits safe and restores them.
///
/// Locks, none of them held while another of this class is taken, and all of them short: m_editMutex, m_observerMutex. Those of the cached source come below
/// them.
class Document::Impl final : public std::enable_shared_from_this<Document::Impl> {
public:
    Impl(std::shared_ptr<CachedSource> cached, DocumentOptions options, DocumentExecutors executors,
         std::shared_ptr<Env> env);

    /// Second half of the construction: the cached source needs a weak reference to this.
    void start();

    // Reading.
    void peek(ByteOffset at, std::span<std::byte> bytes, std::span<ByteCondition> conditions) const;
    void peekSource(ByteOffset at, std::span<std::byte> bytes, std::span<ByteCondition> conditions) const;
    [[nodiscard]] Result<void> read(const StagedEdits &edits, ByteOffset at, std::span<std::byte> into, Intent intent,
                                    std::stop_token stop);
    [[nodiscard]] bool readAsync(ByteOffset at, std::span<std::byte> into, std::shared_ptr<Executor> on, ReadDone done,
                                 Intent intent);
    [[nodiscard]] Result<ByteWindow> window(ByteOffset at, Intent intent, std::stop_token stop);

    // Staging and writing.
    [[nodiscard]] Result<void> checkStageable(ByteRange range) const;
    [[nodiscard]] Result<void> stage(ByteRange range, Piece piece, EditKind kind, bool continuesPrevious);
    [[nodiscard]] Result<void> discard(ByteRange range);
    [[nodiscard]] Result<void> move(bool (EditHistory::*way)());
    [[nodiscard]] std::optional<EditStep> nextStep(std::optional<EditStep> (EditHistory::*which)() const) const;
    [[nodiscard]] bool historyWasCut() const;
    [[nodiscard]] StagedEdits staged() const;
    [[nodiscard]] Result<std::shared_ptr<const ExternalBytes>> openImport(const std::string &path);
    [[nodiscard]] Result<void> startWrite(ByteRange range, WriteDone done);
    [[nodiscard]] WriteOutcome writeAndWait(ByteRange range);
    [[nodiscard]] bool writing() const;
    void cancelWrite();
    [[nodiscard]] std::shared_ptr<const WriteProgress> writeProgress() const;
    [[nodiscard]] bool closed() const;
    [[nodiscard]] ByteRange whole() const { return ByteRange::whole(m_cached->size()); }

    // Recovery.
    /// Looks for journals of interrupted writes; for the time before the document is shared. Blocking.
    void findUnsettled();
    [[nodiscard]] std::vector<FoundJournal> unsettled() const;
    [[nodiscard]] Result<void> startLook(const std::string &journal, RecoveryDone done);
    [[nodiscard]] Result<void> startSettle(const std::string &journal, RecoveryChoice choice,
                                           const ForeignUnits &foreign, RecoveryDone done);
    [[nodiscard]] Result<void> startSetAside(const std::string &journal, SetAsideDone done);

    // Edits of a former session.
    /// Looks for logs of former sessions and begins the one of this; for the time before the document is shared. Blocking.
    void startLog();
    [[nodiscard]] std::vector<FoundRecoveryLog> leftEdits() const;
    [[nodiscard]] Result<void> startRestore(const std::string &log, ChangedBases changed, RestoreDone done);
    [[nodiscard]] Result<void> startForget(const std::string &log, ForgetDone done);
    [[nodiscard]] std::optional<Error> logTrouble() const;

    // Watching.
    void setObserver(Observer observer);
    CloseOutcome close(std::chrono::milliseconds wait);

    const std::shared_ptr<CachedSource> m_cached;
    BlockSource *const m_source; ///< what m_cached caches

private:
    class WriteTicket;

    void notify(DocumentChanges changes);

    [[nodiscard]] std::uint64_t looksOutdated() const;
    [[nodiscard]] RangeTree<Base> seenBases(ByteRange range) const;
    enum class Needs : std::uint8_t { Settled, Nothing };
    [[nodiscard]] Result<void> startOnWriter(Needs needs, ByteRange range, std::shared_ptr<WriterJob> job,
                                             StagedEdits *frozen = nullptr);
    template <typename Outcome, typename Make>
    [[nodiscard]] Result<void> startSettling(const std::string &path, const Make &make,
                                             std::move_only_function<void(Outcome)> done);
    void forgetHashesSeenDuringWrite(const StagedEdits &written);
    [[nodiscard]] WriteOutcome runWrite(const StagedEdits &frozen, ByteRange range, WriteProgress &progress,
                                        const std::stop_token &stop);
    [[nodiscard]] Result<WritePlan> plan(const StagedEdits &frozen, ByteRange range) const;
    void keepBeforeWrite();
    [[nodiscard]] std::optional<Error> writeBatch(const WritePlan &plan, const WriteBatch &batch, WriteReport &report,
                                                  WriteProgress &progress, const std::stop_token &stop);
    [[nodiscard]] bool noteEnd(const Transaction &transaction, const TransactionEnd &end, StagedEdits written,
                               WriteReport &report);
    void refreshPages(const StagedEdits &written);
    [[nodiscard]] bool batchCommitted(const StagedEdits &written, const Transaction &transaction,
                                      const TransactionId &id, WriteReport &report);
    void forgetBases(ByteRange range);
    void oweForgetting(ByteRange range) noexcept;
    void forgetStaleBases();
    template <typename Change>
    [[nodiscard]] StagedEdits changedCurrent(const Change &change, std::unique_lock<std::mutex> &lock);
    bool beginEpoch(EpochChange change, const CommittedTransaction &committed);
    void beginEpochUncarried(const StagedEdits &written, const TransactionId &id) noexcept;
    [[nodiscard]] StagedEdits withoutCarryOverOwed(const StagedEdits &frozen, WriteReport &report);
    void makeRoomForEnd(WriteReport &report);
    void noteUnsettled(const std::string &journal, StagedEdits written);
    void journalSettled(const std::string &journal, ByteRange changed, const std::optional<TransactionId> &finished);
    [[nodiscard]] CommittedTransaction committedAs(const TransactionId &id) const;
    [[nodiscard]] bool writtenElsewhere() const;
    [[nodiscard]] bool isGone(const std::string &journal, const Error &error) const;
    template <typename Outcome>
    [[nodiscard]] Outcome unlessGone(const std::string &journal, Outcome outcome);
    void noteStagedDuringWrite(ByteRange range);
    [[nodiscard]] FileBytes::Loading externalLoading();
    void noteForLog();
    void noteLogTrouble(const std::optional<Error> &trouble);
    template <typename Change>
    void changeNoted(const Change &change);
    [[nodiscard]] Result<RestoreReport> restore(const std::string &log, ChangedBases changed,
                                                const std::stop_token &stop);
    [[nodiscard]] bool isDiskOf(const RecoveryLogHeader &header) const;
    [[nodiscard]] Result<void> stageRestored(const StagedEdits &edits);
    void forgetLog(const std::string &log);
    [[nodiscard]] bool beginWrite();
    void endWrite();

    const DocumentOptions m_options;
    const DocumentExecutors m_executors;
    const std::shared_ptr<Env> m_env;

    /// Guards m_history, m_looksOutdated, m_writing, m_stagedDuringWrite, m_stagedCarried, m_staleBases, m_carryOverOwed, m_progress, m_stop, m_unsettled,
    /// m_leftEdits, m_logTrouble, m_closed.
    mutable std::mutex m_editMutex;
    std::condition_variable m_writeEnded;
    EditHistory m_history;
    /// Counts how often what the cache gave before may have ceased to be what the disk holds: commits, roll backs, settled journals.
    std::uint64_t m_looksOutdated = 0;
    enum class Writing : std::uint8_t { No, Queued, Running };
    Writing m_writing = Writing::No;
    std::vector<ByteRange>
        m_stagedDuringWrite; ///< ranges staged since the last write was asked for, while it is not done
    std::size_t m_stagedCarried
        = 0; ///< so many of these are carried over already or just now, and take in nothing staged later
    /// What was seen in it says nothing, but there was no memory to forget it; done before the next write.
    ByteRange m_staleBases;
    /// What is on the disk and staged still, because there was no memory to carry the edits over; done before the next write.
    struct CarryOverOwed {
        StagedEdits written;
        TransactionId transaction{};
    } m_carryOverOwed;
    std::shared_ptr<WriteProgress> m_progress; ///< of the write under way
    std::stop_source m_stop;                   ///< stops it
    struct Unsettled {
        FoundJournal journal;
        StagedEdits written; ///< what its write was bringing to the disk; empty for one found at opening
    };
    std::vector<Unsettled> m_unsettled;
    std::string m_unsettledName; ///< room for the name of one more of them
    std::vector<FoundRecoveryLog> m_leftEdits;
    std::optional<Error> m_logTrouble;
    std::unique_ptr<RecoveryLog> m_log; ///< set by startLog(), constant after; null: none is kept
    bool m_closed = false;

    std::mutex m_observerMutex; ///< guards m_observer, also while it runs
    Observer m_observer;
};

/// Changes the staged edits by `change`, and tells the log, which lets go of their state meanwhile; m_editMutex is held.
template <typename Change>
void Document::Impl::changeNoted(const Change &change)
{
    struct Noting {
        Impl &impl;
        ~Noting() { impl.noteForLog(); } // without memory for the change: the same state again
    } const noting{*this};
    if (m_log)
        m_log->letGo();
    change();
}

/// Starts work on a journal or log at `path`, which is no write of the user's. `make` makes the work, so that memory running out on the way is an error
/// like others.
template <typename Outcome, typename Make>
Result<void> Document::Impl::startSettling(const std::string &path, const Make &make,
                                           std::move_only_function<void(Outcome)> done)
{
    try {
        return startOnWriter(Needs::Nothing, whole(),
                             std::make_shared<WriterJobOf<Outcome>>(
                                 make(), std::move(done), Error::of(ErrorCode::Closed, Operation::Recover, {}, path)));
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Recover);
    }
}

} // namespace cachecore
