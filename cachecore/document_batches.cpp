// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"
#include "cachecore/write/journal/protocol_step.h"

#include <algorithm>
#include <new>
#include <utility>

// What the writer does for a commit or persist: the plan's batches one after the other, and what each leaves.

namespace cachecore {

namespace {

/// What recovery can hold together at least, even where the device promises smaller blocks.
constexpr std::uint32_t kSmallestUnit = 4096;
constexpr std::size_t kLongestPath = 4096; ///< PATH_MAX
constexpr std::chrono::milliseconds kLogBound{
    1000}; ///< how long a write waits for the recovery log; it may be so far behind anyway

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
        const auto planned = plan(withoutCarryOverOwed(frozen, report), range);
        if (!planned)
            return {std::move(report), planned.error()};
        if (planned->empty())
            return report;
        keepBeforeWrite();
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

/// Sees to it that the recovery log holds what is to be written, so that it is not lost when a write that was interrupted is rolled back; and that it knows
/// how the write before ended, so that it cannot bring back over newer bytes what that one wrote. Where the log fails, which was told as trouble, the write
/// goes on without it. Blocking.
void Document::Impl::keepBeforeWrite()
{
    if (m_log && !leftOut(ProtocolStep::LogBeforeWrite))
        (void)m_log->flush(kLogBound);
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
    if (end.kind == TransactionEnd::Kind::NeedsRecovery)
        report.rollBackError = std::move(end.rollBackError);
    else if (end.rollBackError)
        report.leftover = std::move(end.rollBackError);
    report.journalPath = std::move(end.journalPath);
    const bool noted = noteEnd(transaction, end, std::move(written), report);
    // A journal that appeared since the document was opened.
    if (end.kind == TransactionEnd::Kind::Untouched && end.error->code == ErrorCode::NeedsRecovery)
        noteUnsettled(end.error->path, {});
    if (end.kind != TransactionEnd::Kind::Committed)
        return std::move(end.error);
    if (end.journalMayReturn) // the journal's place fails: no further batch is entrusted to it
        return std::move(end.error);
    if (end.error)
        report.leftover = std::move(end.error);
    if (!noted)
        return Error::of(ErrorCode::OutOfMemory, Operation::Write, batch.span());
    return std::nullopt;
}

/// Brings pages, edits and history to what the disk holds after the transaction. False when memory ran out: then they are right all the same, but say less.
bool Document::Impl::noteEnd(const Transaction &transaction, const TransactionEnd &end, StagedEdits written,
                             WriteReport &report)
{
    // The pages first: readers see the staged bytes until the disk's own are there.
    if (end.kind != TransactionEnd::Kind::Untouched)
        refreshPages(written);
    if (end.kind == TransactionEnd::Kind::Committed)
        return batchCommitted(written, transaction, end.transaction, report);
    if (end.kind == TransactionEnd::Kind::Untouched)
        return true;
    try {
        forgetHashesSeenDuringWrite(written);
        return true;
    } catch (const std::bad_alloc &) {
        oweForgetting(written.span());
        return false;
    }
}

/// The pages of what was written, from the disk as it is now; where there is no memory for that, none of them stays.
void Document::Impl::refreshPages(const StagedEdits &written)
{
    try {
        m_cached->refresh(written.span(), [&written](ByteRange page) { return written.anyIn(page); });
    } catch (const std::bad_alloc &) {
        m_cached->invalidate(written.span());
    }
}

/// So that what a transaction leaves can be noted without memory.
void Document::Impl::makeRoomForEnd(WriteReport &report)
{
    report.ranges.reserve(report.ranges.size() + 2);
    const std::lock_guard lock(m_editMutex);
    m_unsettled.reserve(m_unsettled.size() + 1);
    m_unsettledName.reserve(kLongestPath);
}

/// False when memory ran out.
bool Document::Impl::batchCommitted(const StagedEdits &written, const Transaction &transaction, const TransactionId &id,
                                    WriteReport &report)
{
    report.bytesWritten += written.byteCount();
    report.extents += written.extentCount();
    try {
        const bool kept = beginEpoch({written, transaction.oldBytes(), transaction.retiredBytes()}, committedAs(id));
        report.undoKept = report.undoKept && kept;
        return true;
    } catch (const std::bad_alloc &) {
        beginEpochUncarried(written, id);
        report.undoKept = false;
        return false;
    }
}

/// `frozen` without what is on the disk already, once the current edits are so too.
StagedEdits Document::Impl::withoutCarryOverOwed(const StagedEdits &frozen, WriteReport &report)
{
    CarryOverOwed owed;
    {
        const std::lock_guard lock(m_editMutex);
        owed = m_carryOverOwed;
    }
    if (owed.written.empty())
        return frozen;
    const EpochChange change{owed.written, {}, 0};
    StagedEdits carried = carriedOver(frozen, change);
    (void)beginEpoch(change, committedAs(owed.transaction));
    report.undoKept = false; // nobody kept the old bytes
    const std::lock_guard lock(m_editMutex);
    m_carryOverOwed = {};
    return carried;
}

/// What the recovery log is told of a transaction that has ended, with the edits that are left; without memory for more its id alone. Blocking.
CommittedTransaction Document::Impl::committedAs(const TransactionId &id) const
{
    CommittedTransaction committed;
    committed.id = id;
    if (!m_log)
        return committed;
    try {
        if (const auto fingerprint = m_source->fingerprint())
            committed.fingerprint = *fingerprint;
    } catch (const std::bad_alloc &) { // as where it cannot be read
    }
    return committed;
}

} // namespace cachecore
