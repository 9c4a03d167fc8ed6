// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"
#include "cachecore/write/journal/protocol_step.h"
#include "cachecore/write/log/sorted_edits.h"

#include <algorithm>
#include <new>
#include <utility>

namespace cachecore {

namespace {

constexpr std::chrono::milliseconds kFlushBound{10'000}; ///< for the new log to hold what the old one held

/// The first extents of `edits`.
std::vector<ByteRange> rangesOf(const StagedEdits &edits)
{
    std::vector<ByteRange> ranges;
    const std::uint64_t count = std::min<std::uint64_t>(edits.extentCount(), RestoreReport::kMostRanges);
    for (std::uint64_t i = 0; i < count; ++i)
        ranges.push_back(edits.extent(i));
    return ranges;
}

/// `edits`, made on whatever the disk holds when they are written.
StagedEdits onAnyBase(StagedEdits edits)
{
    for (std::uint64_t i = 0; i < edits.extentCount(); ++i)
        edits = edits.withBase(edits.extent(i), Base{});
    return edits;
}

/// `lower` with everything of `upper` on top.
StagedEdits stacked(StagedEdits lower, const StagedEdits &upper)
{
    for (std::uint64_t i = 0; i < upper.extentCount(); ++i) {
        const ByteRange extent = upper.extent(i);
        lower = lower.withAllOf(extent, upper.clipped(extent));
    }
    return lower;
}

} // namespace

void Document::Impl::startLog()
{
    if (!m_executors.log || !m_source->writable())
        return;
    auto left = findRecoveryLogs(*m_env, *m_source, m_options.journals);
    const auto stem = recoveryLogStem(*m_env, *m_source, m_options.journals);
    const auto fingerprint = m_source->fingerprint();
    const std::lock_guard lock(m_editMutex);
    if (left)
        m_leftEdits = std::move(*left);
    if (!stem || !fingerprint) {
        m_logTrouble = stem ? fingerprint.error() : stem.error();
        return;
    }
    if (stem->empty())
        return;
    RecoveryLogHeader header;
    header.identity = m_source->identity();
    header.fingerprint = *fingerprint;
    header.createdNs = m_env->realTimeNs();
    header.sourcePath = m_source->path();
    m_log = std::make_unique<RecoveryLog>(m_env, *stem, std::move(header), m_executors.log,
                                          RecoveryLog::Options{.behind = m_options.logBehind},
                                          [weak = weak_from_this()](const std::optional<Error> &trouble) {
                                              const auto impl = weak.lock();
                                              if (!impl)
                                                  return;
                                              {
                                                  const std::lock_guard guard(impl->m_editMutex);
                                                  impl->noteLogTrouble(trouble);
                                              }
                                              impl->notify({.recovery = true});
                                          });
}

/// Tells the log what is staged now; m_editMutex is held, so that it hears of states in their order.
void Document::Impl::noteForLog()
{
    if (m_log)
        m_log->note(m_history.current());
}

/// What needs memory of it is left out where there is none; m_editMutex is held.
void Document::Impl::noteLogTrouble(const std::optional<Error> &trouble)
{
    try {
        m_logTrouble = trouble;
    } catch (const std::bad_alloc &) {
        m_logTrouble.emplace();
        m_logTrouble->code = trouble->code;
        m_logTrouble->systemError = trouble->systemError;
        m_logTrouble->operation = trouble->operation;
    }
}

std::vector<FoundRecoveryLog> Document::Impl::leftEdits() const
{
    const std::lock_guard lock(m_editMutex);
    return m_leftEdits;
}

std::optional<Error> Document::Impl::logTrouble() const
{
    const std::lock_guard lock(m_editMutex);
    return m_logTrouble;
}

Result<void> Document::Impl::startRestore(const std::string &log, ChangedBases changed, RestoreDone done)
{
    const auto make = [&] {
        return
            [this, log, changed](WriteProgress &, const std::stop_token &stop) { return restore(log, changed, stop); };
    };
    return startSettling<Result<RestoreReport>>(log, make, std::move(done));
}

/// Whether edits with this header were made on this disk: not, when its name leads to another file by now, or its size is another. The device's number says nothing: some systems
/// deal it out anew at every start; nor do times and samples, which our own interrupted write may have changed.
bool Document::Impl::isDiskOf(const RecoveryLogHeader &header) const
{
    const SourceIdentity now = m_source->identity();
    const auto size = m_source->size();
    return now.kind == header.identity.kind && now.b == header.identity.b && size && *size == header.fingerprint.size;
}

Result<RestoreReport> Document::Impl::restore(const std::string &log, ChangedBases changed, const std::stop_token &stop)
{
    const auto left = readRecoveryLog(*m_env, log, [this](const std::string &path) { return openImport(path); }, stop);
    if (!left)
        return failure(left.error());
    auto sorted = sortByBase(left->edits, *m_source, stop);
    if (!sorted)
        return failure(sorted.error());
    if (!isDiskOf(left->header) && !leftOut(ProtocolStep::RestoreComparesDisk))
        moveUnseen(*sorted);
    StagedEdits wanted = std::move(sorted->fitting);
    if (changed == ChangedBases::Stage)
        wanted = stacked(std::move(wanted), onAnyBase(std::exchange(sorted->changed, {})));
    if (auto staged = stageRestored(wanted); !staged)
        return failure(staged.error());

    RestoreReport report;
    report.bytes = wanted.byteCount();
    report.changed = rangesOf(sorted->changed);
    report.unreadable = rangesOf(sorted->unreadable);
    report.lost = left->lost;
    report.damage = left->damage;
    report.logKept
        = !m_log || report.damage || !report.changed.empty() || !report.unreadable.empty() || !report.lost.empty();
    if (!report.logKept) {
        if (!leftOut(ProtocolStep::LogHoldsRestored)) {
            if (auto safe = m_log->flush(kFlushBound); !safe)
                return failure(safe.error());
        }
        if (auto removed = removeRecoveryLog(*m_env, log); !removed)
            return failure(removed.error());
        forgetLog(log);
    }
    return report;
}

/// Stages them as one step, below what is staged already.
Result<void> Document::Impl::stageRestored(const StagedEdits &edits)
{
    if (edits.empty())
        return {};
    if (auto allowed = checkStageable(edits.span()); !allowed)
        return allowed;
    const std::uint64_t payload = edits.payload();
    for (;;) {
        const StagedEdits before = staged();
        StagedEdits both = stacked(edits, before); // outside of the lock: it may be long
        const std::lock_guard lock(m_editMutex);
        if (m_closed)
            return failure(ErrorCode::Closed, Operation::Stage, edits.span(), m_source->path());
        if (!m_history.current().sameAs(before))
            continue;
        m_history.push(std::move(both), {EditKind::Restore, edits.span()}, payload, false);
        noteForLog();
        break;
    }
    notify({.edits = true});
    return {};
}

void Document::Impl::forgetLog(const std::string &log)
{
    {
        const std::lock_guard lock(m_editMutex);
        std::erase_if(m_leftEdits, [&log](const FoundRecoveryLog &found) { return found.path == log; });
    }
    notify({.recovery = true});
}

Result<void> Document::Impl::startForget(const std::string &log, ForgetDone done)
{
    const auto make = [&] {
        return [this, log](WriteProgress &, const std::stop_token &) {
            auto removed = removeRecoveryLog(*m_env, log);
            if (removed)
                forgetLog(log);
            return removed;
        };
    };
    return startSettling<Result<void>>(log, make, std::move(done));
}

} // namespace cachecore
