// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"

#include <algorithm>
#include <future>
#include <new>
#include <utility>

namespace cachecore {

namespace {

/// What recovery can hold together at least, even where the device promises smaller blocks.
constexpr std::uint32_t kSmallestUnit = 4096;
constexpr std::size_t kLongestPath = 4096; ///< PATH_MAX

RangeFate fateOf(TransactionEnd::Kind kind)
{
    switch (kind) {
    case TransactionEnd::Kind::Committed:
        return RangeFate::Committed;
    case TransactionEnd::Kind::Untouched:
        return RangeFate::Untouched;
    case TransactionEnd::Kind::RolledBack:
        return RangeFate::RolledBack;
    case TransactionEnd::Kind::NeedsRecovery:
        break;
    }
    return RangeFate::Unsettled;
}

} // namespace

/// One job of the writer from its start to its end, also when its task is destroyed unrun.
class Document::Impl::WriteTicket {
public:
    explicit WriteTicket(std::shared_ptr<Impl> impl)
        : m_impl(std::move(impl))
    {
    }
    WriteTicket(WriteTicket &&) = default;
    WriteTicket(const WriteTicket &) = delete;
    WriteTicket &operator=(const WriteTicket &) = delete;
    WriteTicket &operator=(WriteTicket &&) = delete;
    ~WriteTicket() { end(); }

    [[nodiscard]] Impl &impl() const { return *m_impl; }
    void end()
    {
        if (const auto impl = std::exchange(m_impl, nullptr))
            impl->endWrite();
    }

private:
    std::shared_ptr<Impl> m_impl;
};

bool Document::Impl::writing() const
{
    const std::lock_guard lock(m_editMutex);
    return m_writing != Writing::No;
}

bool Document::Impl::closed() const
{
    const std::lock_guard lock(m_editMutex);
    return m_closed;
}

void Document::Impl::cancelWrite()
{
    const std::lock_guard lock(m_editMutex);
    if (m_writing != Writing::No)
        m_stop.request_stop();
}

std::shared_ptr<const WriteProgress> Document::Impl::writeProgress() const
{
    const std::lock_guard lock(m_editMutex);
    return m_progress;
}

/// Queues `job`, or says why it cannot be. `frozen` gets the edits of the moment from which on staging counts as meanwhile.
Result<void> Document::Impl::startOnWriter(Needs needs, ByteRange range, std::shared_ptr<WriterJob> job,
                                           StagedEdits *frozen)
{
    auto progress = std::make_shared<WriteProgress>();
    std::stop_source stop;
    std::optional<WriteTicket> ticket;
    {
        const std::lock_guard lock(m_editMutex);
        if (m_closed)
            return failure(ErrorCode::Closed, Operation::Plan, range, m_source->path());
        if (m_writing != Writing::No)
            return failure(ErrorCode::Busy, Operation::Plan, range, m_source->path());
        if (needs == Needs::Settled && !m_unsettled.empty())
            return failure(ErrorCode::NeedsRecovery, Operation::Plan, range, m_unsettled.front().journal.path);
        m_writing = Writing::Queued;
        m_stagedDuringWrite.clear();
        m_progress = progress;
        m_stop = stop;
        if (frozen)
            *frozen = m_history.current();
    }
    ticket.emplace(shared_from_this());
    notify({.edits = true});
    auto task = [mine = std::move(*ticket), done = std::move(job), reported = std::move(progress),
                 token = stop.get_token()]() mutable {
        Impl &impl = mine.impl();
        const std::shared_ptr<Impl> alive = impl.shared_from_this();
        if (impl.beginWrite())
            done->run(*reported, token);
        mine.end();
        done->tell();
    };
    if (!m_executors.writes->post(std::move(task)))
        return failure(ErrorCode::Closed, Operation::Plan, range, m_source->path());
    return {};
}

/// False when the document was closed before the writer came to it.
bool Document::Impl::beginWrite()
{
    const std::lock_guard lock(m_editMutex);
    if (!m_closed)
        m_writing = Writing::Running;
    return !m_closed;
}

void Document::Impl::endWrite()
{
    {
        const std::lock_guard lock(m_editMutex);
        m_writing = Writing::No;
        m_progress.reset();
    }
    m_writeEnded.notify_all();
    notify({.pages = true, .edits = true});
}

Result<void> Document::Impl::startWrite(ByteRange range, WriteDone done)
{
    try {
        auto frozen = std::make_shared<StagedEdits>();
        auto work = [this, frozen, range](WriteProgress &progress, const std::stop_token &stop) {
            return runWrite(*frozen, range, progress, stop);
        };
        auto job = std::make_shared<WriterJobOf<WriteOutcome>>(
            std::move(work), std::move(done), Error::of(ErrorCode::Closed, Operation::Plan, range, m_source->path()));
        return startOnWriter(Needs::Settled, range, std::move(job), frozen.get());
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Plan, range);
    }
}

/// The plan for what `frozen` holds in `range`, on the target as it is now.
Result<WritePlan> Document::Impl::plan(const StagedEdits &frozen, ByteRange range) const
{
    const auto size = m_source->size();
    if (!size)
        return failure(size.error());
    const ByteRange span = frozen.clipped(range).span();
    if (span.end().value() > *size)
        return failure(ErrorCode::Truncated, Operation::Plan,
                       ByteRange(std::max(ByteOffset(*size), span.begin()), span.end()), m_source->path());
    PlanGeometry geometry;
    geometry.targetSize = *size;
    geometry.granularity = m_source->writeGranularity();
    geometry.unit = std::max({kSmallestUnit, m_source->physicalBlockSize(), geometry.granularity});
    geometry.journalLimit = m_options.journalLimit;
    return planWrite(frozen, range, geometry);
}

WriteOutcome Document::Impl::runWrite(const StagedEdits &frozen, ByteRange range, WriteProgress &progress,
                                      const std::stop_token &stop)
{
    WriteReport report;
    try {
        const auto planned = plan(frozen, range);
        if (!planned)
            return {std::move(report), planned.error()};
        if (planned->empty())
            return report;
        report.span = planned->span();
        progress.batchCount = PlanCursor::count(*planned);
        PlanCursor cursor(*planned);
        ByteOffset reached = planned->span().begin();
        std::optional<Error> stopped;
        while (!stopped) {
            const auto batch = cursor.next();
            if (!batch)
                break;
            progress.batch.fetch_add(1);
            stopped = writeBatch(*planned, *batch, report, progress, stop);
            reached = batch->extents.back().units.end();
        }
        if (!stopped)
            return report;
        const StagedEdits rest = planned->edits.clipped({reached, std::max(reached, planned->span().end())});
        if (!rest.empty())
            report.ranges.push_back({rest.span(), RangeFate::Untouched});
        return {std::move(report), std::move(*stopped)};
    } catch (const std::bad_alloc &) {
        return {std::move(report), Error::of(ErrorCode::OutOfMemory, Operation::Plan, range)};
    }
}

/// Brings one batch to the disk; what stopped it, if something did.
std::optional<Error> Document::Impl::writeBatch(const WritePlan &plan, const WriteBatch &batch, WriteReport &report,
                                                WriteProgress &progress, const std::stop_token &stop)
{
    StagedEdits written = plan.edits.clipped({batch.extents.front().units.begin(), batch.extents.back().units.end()});
    Transaction transaction({.env = *m_env,
                             .target = *m_source,
                             .places = m_options.journals,
                             .progress = progress,
                             .keepRetired = [this](std::unique_ptr<EnvFile> file, std::string path,
                                                   std::uint64_t size) -> std::shared_ptr<const ExternalBytes> {
                                 return FileBytes::retired(std::move(file), std::move(path), size, externalLoading());
                             },
                             .keepRetiredLimit = m_options.undoJournalBytes,
                             .stop = stop},
                            plan, batch);
    makeRoomForEnd(report);
    TransactionEnd end = transaction.run();
    report.writes += end.writes;
    report.ranges.push_back({batch.span(), fateOf(end.kind)});
    if (end.kind == TransactionEnd::Kind::NeedsRecovery) {
        report.imageIntact = false;
        noteUnsettled(end.journalPath, written);
    }
    report.rollBackError = std::move(end.rollBackError);
    report.journalPath = std::move(end.journalPath);
    // The pages first: readers see the staged bytes until the disk's own are there.
    if (end.kind != TransactionEnd::Kind::Untouched)
        m_cached->refresh(written.span(), [&written](ByteRange page) { return written.anyIn(page); });
    if (end.kind == TransactionEnd::Kind::Committed)
        batchCommitted(std::move(written), transaction, end.transaction, report);
    if (end.kind == TransactionEnd::Kind::RolledBack || end.kind == TransactionEnd::Kind::NeedsRecovery)
        forgetBasesSeenDuringWrite();
    // A journal that appeared since the document was opened.
    if (end.kind == TransactionEnd::Kind::Untouched && end.error->code == ErrorCode::NeedsRecovery)
        noteUnsettled(end.error->path, {});
    if (end.kind != TransactionEnd::Kind::Committed)
        return std::move(end.error);
    if (end.journalMayReturn) // the journal's place fails: no further batch is entrusted to it
        return std::move(end.error);
    if (end.error)
        report.leftover = std::move(end.error);
    return std::nullopt;
}

/// So that what a transaction leaves can be noted without memory.
void Document::Impl::makeRoomForEnd(WriteReport &report)
{
    report.ranges.reserve(report.ranges.size() + 2);
    const std::lock_guard lock(m_editMutex);
    m_unsettled.reserve(m_unsettled.size() + 1);
    m_unsettledName.reserve(kLongestPath);
}

void Document::Impl::batchCommitted(StagedEdits written, const Transaction &transaction, const TransactionId &id,
                                    WriteReport &report)
{
    report.bytesWritten += written.byteCount();
    report.extents += written.extentCount();
    const bool kept
        = beginEpoch({std::move(written), transaction.oldBytes(), transaction.retiredBytes()}, committedAs(id));
    report.undoKept = report.undoKept && kept;
}

/// What the recovery log is told of a transaction that has ended, with the edits that are left. Blocking.
CommittedTransaction Document::Impl::committedAs(const TransactionId &id) const
{
    CommittedTransaction committed;
    committed.id = id;
    if (m_log) {
        if (const auto fingerprint = m_source->fingerprint())
            committed.fingerprint = *fingerprint;
    }
    return committed;
}

/// The current edits as `change(edits, range)` makes them, with the lock taken when it returns. The bulk of the work is done without it,
/// so that staging and showing go on; only what was staged meanwhile is worked on again under it.
template <typename Change>
StagedEdits Document::Impl::changedCurrent(const Change &change, std::unique_lock<std::mutex> &lock) const
{
    lock.lock();
    const StagedEdits before = m_history.current();
    const std::size_t known = m_stagedDuringWrite.size();
    lock.unlock();
    StagedEdits changed = change(before, ByteRange::whole(kMaxSourceSize));
    lock.lock();
    for (std::size_t i = known; i < m_stagedDuringWrite.size(); ++i) {
        const ByteRange blocks = baseBlocks(m_stagedDuringWrite[i]);
        changed = changed.withAllOf(blocks, change(m_history.current().clipped(blocks), blocks));
    }
    return changed;
}

/// Carries the current edits over to the disk as it is now.
bool Document::Impl::beginEpoch(EpochChange change, const CommittedTransaction &committed)
{
    std::unique_lock lock(m_editMutex, std::defer_lock);
    StagedEdits carried
        = changedCurrent([&change](const StagedEdits &edits,
                                   ByteRange range) { return carriedOver(edits, change.clipped(range)); },
                         lock);
    const bool kept = m_history.beginEpoch(std::move(change), std::move(carried));
    if (m_log)
        m_log->noteCommitted(m_history.current(), committed);
    return kept;
}

/// Pages that were loaded while the target held new bytes say nothing about it once the old ones are back.
void Document::Impl::forgetBasesSeenDuringWrite()
{
    const std::lock_guard lock(m_editMutex);
    StagedEdits edits = m_history.current();
    std::vector<ByteRange> seen;
    for (const ByteRange range : m_stagedDuringWrite) {
        edits.forEachBase(range, [&seen](ByteRange part, const Base &base) {
            if (base.kind != Base::Kind::Unseen)
                seen.push_back(part);
            return true;
        });
    }
    for (const ByteRange range : seen)
        edits = edits.withBase(range, Base{});
    m_history.rebase(std::move(edits));
}

/// Remembers that `range` was staged while a write runs; m_editMutex is held. Typing goes on in the same blocks, which count once.
void Document::Impl::noteStagedDuringWrite(ByteRange range)
{
    if (m_writing == Writing::No)
        return;
    if (m_stagedDuringWrite.empty() || !baseBlocks(m_stagedDuringWrite.back()).contains(baseBlocks(range)))
        m_stagedDuringWrite.push_back(baseBlocks(range));
}

WriteOutcome Document::Impl::writeAndWait(ByteRange range)
{
    std::promise<WriteOutcome> promise;
    auto outcome = promise.get_future();
    auto started = startWrite(range, [promise = std::move(promise)](WriteOutcome result) mutable {
        promise.set_value(std::move(result));
    });
    if (!started)
        return {{}, started.error()};
    try {
        return outcome.get();
    } catch (const std::future_error &) {
        // The executor dropped the task, which it does only when it is shut down.
        return {{}, Error::of(ErrorCode::Closed, Operation::Write, range, m_source->path())};
    }
}

CloseOutcome Document::Impl::close(std::chrono::milliseconds wait)
{
    const auto deadline = std::chrono::steady_clock::now() + wait;
    const auto left = [deadline] {
        return std::max(std::chrono::milliseconds(0),
                        std::chrono::duration_cast<std::chrono::milliseconds>(deadline
                                                                              - std::chrono::steady_clock::now()));
    };
    CloseOutcome outcome;
    {
        const std::lock_guard lock(m_editMutex);
        m_closed = true;
    }
    // First of all, and whatever the source does, what is staged. An error was told as trouble already.
    if (m_log)
        (void)m_log->flush(wait / 2);
    outcome.abandonedReads = m_cached->close(left());
    {
        std::unique_lock lock(m_editMutex);
        outcome.abandonedWrite
            = !m_writeEnded.wait_until(lock, deadline, [this] { return m_writing != Writing::Running; });
    }
    if (m_log)
        (void)m_log->close(left());
    return outcome;
}

} // namespace cachecore
