// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/base/executor.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/edit/edit_step.h"
#include "cachecore/edit/staged_edits.h"
#include "cachecore/scan/snapshot.h"
#include "cachecore/source/block_source.h"
#include "cachecore/write/journal/journal_place.h"
#include "cachecore/write/log/recovered_edits.h"
#include "cachecore/write/log/recovery_log_place.h"
#include "cachecore/write/recovery.h"
#include "cachecore/write/write_progress.h"
#include "cachecore/write/write_report.h"

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>

namespace cachecore {

/// What one byte of a peek is.
enum class ByteCondition : std::uint8_t {
    Loaded,          ///< the byte as it is on the disk
    NotLoaded,       ///< not here yet; the byte value is 0 and means nothing
    Unreadable,      ///< could not be read; the byte value is 0 and means nothing
    Staged,          ///< the byte as the user staged it
    StagedNotLoaded, ///< staged, but the file it comes from has not been read yet; the byte value is 0 and means nothing
    PastEnd,         ///< the source ends before it
};

struct DocumentOptions {
    std::uint32_t pageSize = kDefaultPageSize; ///< power of two, kMinPageSize..kMaxPageSize, >= the block size
    std::uint64_t cacheBytes = std::uint64_t{256} << 20; ///< budget for page bytes; see minimumCacheBytes
    std::uint64_t undoBytes = std::uint64_t{64} << 20;   ///< bound on the bytes kept for undoing, also across commits
    std::uint32_t undoSteps = 10'000;                    ///< bound on steps that can be undone
    std::uint64_t undoJournalBytes = std::uint64_t{4}
        << 30;              ///< bound on the disk space that journals of finished writes take for undoing
    JournalPlaces journals; ///< where a write's journal lies
    std::uint64_t journalLimit = std::uint64_t{2}
        << 30; ///< bytes of one journal; a larger write is made in batches, each all or nothing
    std::chrono::milliseconds logBehind{300}; ///< how long what is staged may wait before it goes to the recovery log
};

/// Where a document runs its work; jobs hold what they touch, so these may outlive or be abandoned by it.
struct DocumentExecutors {
    std::shared_ptr<Executor> loads;  ///< reads of pages
    std::shared_ptr<Executor> writes; ///< commit and persist; one task at a time
    std::shared_ptr<Executor> log{};  ///< one task, which waits there; null: no recovery log is kept
};

/// What changed since the last call of the observer.
struct DocumentChanges {
    bool pages = false;    ///< pages became ready, failed or absent
    bool edits = false;    ///< the staged bytes or the undo history
    bool size = false;     ///< size() or sourceSize()
    bool recovery = false; ///< unsettled(), leftEdits() or logTrouble()
};

/// What became of edits of a former session that were to be staged again.
struct RestoreReport {
    std::uint64_t bytes = 0; ///< staged now because of it
    std::vector<ByteRange>
        changed; ///< not staged: the disk no longer holds what they were made on; the first kMostRanges
    std::vector<ByteRange>
        unreadable; ///< not staged: the disk does not give the bytes under them, or no longer reaches so far; as many
    std::vector<LostImport> lost; ///< not staged: the imported file is gone or has changed
    std::optional<Error> damage;  ///< why what the log held after its last whole state could not be used
    bool logKept = false;         ///< the log is still there, because not everything in it was staged

    static constexpr std::size_t kMostRanges = 100;

    friend bool operator==(const RestoreReport &, const RestoreReport &) = default;
};

/// How far a close got.
struct CloseOutcome {
    unsigned abandonedReads = 0; ///< reads that had not returned when the wait ended; their workers are left alone
    bool abandonedWrite = false; ///< the same for a commit; its journal settles it when the source is opened again
};

/// One open source, its page cache and its staged edits: the face of the engine.
///
///     source --PageLoader--> PageCache --+
///                                        +--> peek, read: always the staged bytes where there are any
///                        staged edits --+
///
/// Invariants:
///  - reads see every staged byte from the moment `stage` returns until the byte is on the disk, and the disk's own after;
///  - the source changes only by commit and persist, and only in staged bytes;
///  - a write that fails or is cancelled leaves the disk as it was and every edit staged, or says that it could not (unsettled());
///  - size() never shrinks: bytes lost to a truncation are Unreadable, staged edits there are kept.
///
/// Thread: any, unless a function says otherwise. Functions marked "blocking" wait for the disk and are for workers only;
/// all others do no I/O and wait for nothing but short locks. Destroying is the same as close(0).
class Document final : public ByteReader {
public:
    /// Blocking (asks the source for its size, looks for journals of interrupted writes). Errors: InvalidArgument with Operation::Configure for a bad page size or budget,
    /// or what the source says.
    [[nodiscard]] static Result<std::shared_ptr<Document>> create(std::shared_ptr<BlockSource> source,
                                                                  DocumentOptions options, DocumentExecutors executors,
                                                                  std::shared_ptr<Env> env);
    Document(const Document &) = delete;
    Document &operator=(const Document &) = delete;
    ~Document() override;

    // --- what it is -------------------------------------------------------------------------------------------

    /// Bytes of the document: the size at opening, or more when the source has grown since.
    [[nodiscard]] std::uint64_t size() const override;
    /// Bytes the source had when last asked; smaller than size() after a truncation.
    [[nodiscard]] std::uint64_t sourceSize() const;
    [[nodiscard]] std::uint32_t pageSize() const;
    [[nodiscard]] const BlockSource &source() const;
    /// The source without staged edits, page by page: what the disk holds.
    [[nodiscard]] CachedSource &cached() const;

    // --- reading ----------------------------------------------------------------------------------------------

    /// Bytes and conditions at `at`, as many as `bytes` holds (`conditions` must be as long). Never blocks, loads nothing,
    /// counts no visit. Staged bytes win over everything.
    void peek(ByteOffset at, std::span<std::byte> bytes, std::span<ByteCondition> conditions) const;
    /// The same without staged edits: what the disk holds.
    void peekSource(ByteOffset at, std::span<std::byte> bytes, std::span<ByteCondition> conditions) const;

    /// Says what is on the screen now. Missing pages of `visible` are requested before everything else, the newest call first;
    /// requests of earlier calls that no longer show are dropped; with Intent::Scroll pages on both sides are read ahead.
    /// A page that enters the range counts one visit (hit or miss). Failed pages whose retry time has come are tried again.
    void setViewport(ByteRange visible, Intent intent);

    /// As ByteReader::read, staged bytes included. Costs pins on every page it touches until it returns.
    [[nodiscard]] Result<void> read(ByteOffset at, std::span<std::byte> into, Intent intent = Intent::Jump,
                                    std::stop_token stop = {}) override;
    /// As ByteReader::window, staged bytes included: where there are some, the window is a copy.
    [[nodiscard]] Result<ByteWindow> window(ByteOffset at, Intent intent = Intent::Jump,
                                            std::stop_token stop = {}) override;
    using ReadDone = CachedSource::ReadDone;
    /// As CachedSource::readAsync, with what is staged at this moment. Bytes of imported files are read on `on`.
    [[nodiscard]] bool readAsync(ByteOffset at, std::span<std::byte> into, std::shared_ptr<Executor> on, ReadDone done,
                                 Intent intent = Intent::Jump);

    /// The document of this moment, for work that streams over all of it. Keeps the document's parts alive, not its jobs: after close()
    /// its reads return Closed.
    [[nodiscard]] std::unique_ptr<Snapshot> snapshot() const;

    /// Forgets every cached page and failure, so that everything shown is read again. Staged edits are kept.
    void reload();

    /// Asks the source for its size and adopts it: growth enlarges size(), truncation makes the lost bytes Unreadable. Blocking.
    [[nodiscard]] Result<void> refreshSize();

    // --- staging ----------------------------------------------------------------------------------------------

    /// Stages `bytes` over what is at `at`. All or nothing. Errors: ReadOnly, OutOfRange (with the range asked for), Truncated where the
    /// source no longer reaches, InvalidArgument for nothing, Closed, OutOfMemory. With `continuesPrevious` a Type step that follows on the last one joins it, so that one undo
    /// takes back what was typed in one go. O(log n) in the number of staged pieces.
    [[nodiscard]] Result<void> stage(ByteOffset at, std::span<const std::byte> bytes, EditKind kind = EditKind::Set,
                                     bool continuesPrevious = false);
    /// Stages `pattern` repeated over `range`, from its first byte on; costs the pattern, not the range. Errors as stage.
    [[nodiscard]] Result<void> stageFill(ByteRange range, std::span<const std::byte> pattern);
    /// Stages what `generator` makes over `range`; costs a few bytes. Errors as stage, and InvalidArgument for a width other than 1, 2, 4, 8.
    [[nodiscard]] Result<void> stageGenerated(ByteRange range, const Generator &generator);
    /// Opens a file whose bytes are to be staged. Blocking. Errors: as FileBytes::import.
    [[nodiscard]] Result<std::shared_ptr<const ExternalBytes>> openImport(const std::string &path);
    /// Stages `length` bytes of `file`, from its byte `from` on, at `at`; they are read when they are shown or written, and checked
    /// then to be the same still. Errors as stage, and OutOfRange with Operation::Import past the end of `file`.
    [[nodiscard]] Result<void> stageImport(ByteOffset at, std::shared_ptr<const ExternalBytes> file, std::uint64_t from,
                                           std::uint64_t length);
    /// Takes back what is staged in `range`; can be undone. Busy (like undo and redo) while a write runs, because the bytes that
    /// would come to light are being replaced; the end of the write is told by its `done`.
    [[nodiscard]] Result<void> discard(ByteRange range);
    /// Nothing to undo (redo) is no error. Errors: Busy, Closed, OutOfMemory.
    [[nodiscard]] Result<void> undo();
    [[nodiscard]] Result<void> redo();
    /// The step undo (redo) would take back (do again); nothing when there is none or a write runs.
    [[nodiscard]] std::optional<EditStep> undoStep() const;
    [[nodiscard]] std::optional<EditStep> redoStep() const;
    /// True when steps were given up because a bound (undoSteps, undoBytes) was reached.
    [[nodiscard]] bool historyWasCut() const;

    /// The staged edits of this moment; never changes, needs no lock, costs O(1).
    [[nodiscard]] StagedEdits staged() const;

    // --- writing ----------------------------------------------------------------------------------------------

    using WriteDone = std::move_only_function<void(WriteOutcome)>;
    /// Writes everything staged, through a journal, by the protocol of write/transaction.h. Returns at once; `done` runs on the writer when
    /// the disk has it or it failed. Errors: Busy when a write already runs, NeedsRecovery, Closed (then `done` is not called). Staging goes on
    /// meanwhile; what is staged after the call is not part of it.
    [[nodiscard]] Result<void> startCommit(WriteDone done);
    /// Writes what is staged inside `range`, nothing else.
    [[nodiscard]] Result<void> startPersist(ByteRange range, WriteDone done);
    /// The same, waiting for the end. Blocking.
    [[nodiscard]] WriteOutcome commit();
    [[nodiscard]] WriteOutcome persist(ByteRange range);
    /// Asks the write under way to stop: before its commit point it rolls back and ends with Cancelled, after it it ends as if not asked; batches
    /// committed before stay. Does nothing when none runs.
    void cancelWrite();
    /// How far the write (or the settling of a journal) under way is; nothing when none runs.
    [[nodiscard]] std::shared_ptr<const WriteProgress> writeProgress() const;
    [[nodiscard]] bool writing() const;

    // --- recovery ---------------------------------------------------------------------------------------------

    /// Journals of interrupted writes of this source: found when it was opened, or left by a write that could neither be completed nor rolled back. While there is one
    /// the document is read and staged as ever, and writes are refused with NeedsRecovery.
    [[nodiscard]] std::vector<FoundJournal> unsettled() const;

    using RecoveryDone = std::move_only_function<void(Result<RecoveryReport>)>;
    /// Looks at one of them and at every unit it names, as inspectJournal. `done` runs on the writer. Busy when a write runs. cancelWrite stops it.
    [[nodiscard]] Result<void> startLook(const std::string &journalPath, RecoveryDone done);
    /// Settles one of them, as settleJournal; what is shown is read again after it. Edits that a finished journal brought to the disk are no longer staged, all others stay.
    [[nodiscard]] Result<void> startSettle(const std::string &journalPath, RecoveryChoice choice,
                                           const ForeignUnits &foreign, RecoveryDone done);
    /// Sets one of them aside under another name, as setJournalAside: what it would mend stays as it is.
    using SetAsideDone = std::move_only_function<void(Result<JournalAside>)>;
    [[nodiscard]] Result<void> startSetAside(const std::string &journalPath, SetAsideDone done);

    // --- edits of a former session ----------------------------------------------------------------------------

    /// Recovery logs with edits that a session of this source staged and did not write before it ended, found when it was opened.
    [[nodiscard]] std::vector<FoundRecoveryLog> leftEdits() const;

    /// What to do with edits of the log whose base has changed since.
    enum class ChangedBases : std::uint8_t {
        Leave, ///< they are not staged, and the log stays
        Stage, ///< they are staged on what the disk holds now
    };
    using RestoreDone = std::move_only_function<void(Result<RestoreReport>)>;
    /// Stages again what a log holds, as one step that can be undone; what is staged already stays on top. The log is removed once all of it is
    /// staged and this document's own log holds it. `done` runs on the writer. Errors: Busy while a write runs, what readRecoveryLog and sortByBase say.
    [[nodiscard]] Result<void> startRestore(const std::string &logPath, ChangedBases changed, RestoreDone done);
    /// Removes a log with all it holds. `done` runs on the writer.
    using ForgetDone = std::move_only_function<void(Result<void>)>;
    [[nodiscard]] Result<void> startForget(const std::string &logPath, ForgetDone done);
    /// Why what is staged cannot be kept safe against a crash at the moment; nothing when it is, or when no log is kept at all.
    [[nodiscard]] std::optional<Error> logTrouble() const;

    // --- watching ---------------------------------------------------------------------------------------------

    [[nodiscard]] CacheStatistics statistics() const;
    /// The states of all pages, live. Ask again after a change of size: it may be another object then.
    [[nodiscard]] std::shared_ptr<const PageStates> pageStates() const;
    /// Raised to minimumCacheBytes when smaller; a smaller budget gives memory back at once.
    void setCacheBudget(std::uint64_t bytes);

    /// Called from any thread after something changed, one call at a time; must be quick and must not call what makes changes itself
    /// (staging, undo, starting a write, reload) nor setObserver, nor let go of the last reference to the document: they would wait
    /// for it. Once this returns, the former observer is no longer running and is never called again.
    using Observer = std::function<void(DocumentChanges)>;
    void setObserver(Observer observer);

    /// Cancels what has not started (a commit still queued ends with Closed), then waits at most `wait` for reads and writes under
    /// way, and for the recovery log to hold what is staged. Every later call returns Closed (or does nothing); only peeking goes on. A wait of 0 does not block.
    CloseOutcome close(std::chrono::milliseconds wait);

private:
    class Impl;
    explicit Document(std::shared_ptr<Impl> impl);
    const std::shared_ptr<Impl> m_impl; ///< shared with running jobs, which may outlive an abandoned document
};

} // namespace cachecore
