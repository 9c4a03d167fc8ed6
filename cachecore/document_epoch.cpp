// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"

#include <algorithm>
#include <new>
#include <utility>

// What becomes of the current edits, and of those staged while the writer ran, once the disk is another.

namespace cachecore {

namespace {

/// The least range with both in it.
ByteRange hull(ByteRange a, ByteRange b)
{
    if (a.empty() || b.empty())
        return a.empty() ? b : a;
    return {std::min(a.begin(), b.begin()), std::max(a.end(), b.end())};
}

} // namespace

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
    // From the last one known on: what is staged in the blocks of the newest entry makes no further one.
    for (std::size_t i = known - (known > 0 ? 1 : 0); i < m_stagedDuringWrite.size(); ++i) {
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
    ++m_looksOutdated;
    try {
        if (m_log)
            m_log->noteCommitted(m_history.current(), committed);
    } catch (const std::bad_alloc &) { // without the transaction: what it wrote is no longer among the edits
        noteForLog();
    }
    return kept;
}

/// For want of memory the edits stay as they are, also those that are on the disk by now, until the next write.
void Document::Impl::oweCarryOver(const StagedEdits &written, const TransactionId &id) noexcept
{
    const std::lock_guard lock(m_editMutex);
    m_history.beginEpochUncarried();
    ++m_looksOutdated;
    m_carryOverOwed = {written, id};
}

/// Pages that were loaded while the target held new bytes say nothing about it once the old ones are back.
void Document::Impl::forgetBasesSeenDuringWrite()
{
    const std::lock_guard lock(m_editMutex);
    ++m_looksOutdated;
    try {
        for (const ByteRange range : m_stagedDuringWrite)
            m_history.forgetBases(range);
    } catch (const std::bad_alloc &) {
        for (const ByteRange range : m_stagedDuringWrite)
            m_staleBases = hull(m_staleBases, range);
    }
}

/// What was seen in `range` before says nothing any more; m_editMutex is held.
void Document::Impl::forgetBases(ByteRange range)
{
    ++m_looksOutdated;
    m_staleBases = hull(m_staleBases, range);
    forgetStaleBases();
}

/// Throws std::bad_alloc, and then owes it still; m_editMutex is held.
void Document::Impl::forgetStaleBases()
{
    if (m_staleBases.empty())
        return;
    m_history.forgetBases(m_staleBases);
    m_staleBases = {};
}

/// Remembers that `range` was staged while a write runs; m_editMutex is held. Typing goes on in the same blocks, which count once.
void Document::Impl::noteStagedDuringWrite(ByteRange range)
{
    if (m_writing == Writing::No)
        return;
    if (m_stagedDuringWrite.empty() || !baseBlocks(m_stagedDuringWrite.back()).contains(baseBlocks(range)))
        m_stagedDuringWrite.push_back(baseBlocks(range));
}

} // namespace cachecore
