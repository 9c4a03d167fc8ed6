// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"

#include <algorithm>
#include <utility>
#include <vector>

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
StagedEdits Document::Impl::changedCurrent(const Change &change, std::unique_lock<std::mutex> &lock)
{
    lock.lock();
    const StagedEdits before = m_history.current();
    const std::size_t known = m_stagedDuringWrite.size();
    m_stagedCarried = known;
    lock.unlock();
    StagedEdits changed = change(before, ByteRange::whole(kMaxSourceSize));
    lock.lock();
    for (std::size_t i = known; i < m_stagedDuringWrite.size(); ++i) {
        const ByteRange blocks = baseBlocks(m_stagedDuringWrite[i]);
        changed = changed.withAllOf(blocks, change(m_history.current().clipped(blocks), blocks));
    }
    return changed;
}

/// Carries the current edits over to the disk as it is now. Without memory (std::bad_alloc) everything stays as it was.
bool Document::Impl::beginEpoch(EpochChange change, const CommittedTransaction &committed)
{
    const std::uint64_t oldBytes = change.oldBytesInMemory();
    std::unique_lock lock(m_editMutex, std::defer_lock);
    StagedEdits carried
        = changedCurrent([&change](const StagedEdits &edits,
                                   ByteRange range) { return carriedOver(edits, change.clipped(range)); },
                         lock);
    if (m_log)
        m_log->makeRoom();
    const bool kept = m_history.beginEpoch(std::move(change), std::move(carried), oldBytes);
    ++m_looksOutdated;
    // The journal is gone by now, and the log holds what it wrote still. A crash before the log has this loses nothing and doubles nothing: those bytes are
    // staged again over the same ones, which is no change, and undoing is lost with the session either way. Bytes that somebody else writes before that
    // are a conflict where they had been seen before; where they had not, what is staged over them is shown, and nobody writes it unasked. The next write of
    // this document lets the log catch up first (keepBeforeWrite), or a crash in that one could bring back over newer bytes what this one wrote.
    if (m_log)
        m_log->noteCommitted(m_history.current(), committed);
    return kept;
}

namespace {

/// The blocks in `ranges` of which `written` covers a part and no more, ascending.
std::vector<ByteRange> blocksWrittenInPart(const StagedEdits &written, std::vector<ByteRange> ranges)
{
    std::ranges::sort(ranges, {}, &ByteRange::begin);
    std::vector<ByteRange> blocks;
    ByteOffset reached;
    for (const ByteRange range : ranges) {
        const ByteRange fresh(std::max(range.begin(), reached), std::max(range.end(), reached));
        reached = fresh.end();
        written.forEachPiece(fresh, [&](ByteRange piece, const Piece &) {
            for (const ByteOffset edge : {piece.begin(), piece.begin() + (piece.length() - 1)}) {
                const ByteRange block = baseBlocks({edge, edge + 1});
                if ((blocks.empty() || blocks.back() != block) && written.byteCountIn(block) < block.length())
                    blocks.push_back(block);
            }
            return true;
        });
    }
    return blocks;
}

} // namespace

/// The disk is another, and there is no memory to express the edits on it. What it has of them by now stays staged until the next write; there is nothing to
/// return to any more, since that would take old bytes that nobody kept.
void Document::Impl::beginEpochUncarried(const StagedEdits &written, const TransactionId &id) noexcept
{
    const std::lock_guard lock(m_editMutex);
    m_history.beginEpochUncarried();
    ++m_looksOutdated;
    m_carryOverOwed = {written, id};
}

/// The old bytes of what was `written` are back. Where the write covered a part of a block, a hash of it that was taken meanwhile speaks of the new bytes beside
/// those it lies under. Nothing else is doubtful: a base of bytes speaks of itself alone, and nothing new was seen under what was written.
void Document::Impl::forgetHashesSeenDuringWrite(const StagedEdits &written)
{
    std::vector<ByteRange> staged;
    {
        const std::lock_guard lock(m_editMutex);
        ++m_looksOutdated;
        staged = m_stagedDuringWrite;
    }
    const std::vector<ByteRange> blocks = blocksWrittenInPart(written, std::move(staged));
    const std::lock_guard lock(m_editMutex);
    m_history.forgetHashes(blocks);
    noteForLog();
}

/// What was seen in `range` before says nothing any more; m_editMutex is held.
void Document::Impl::forgetBases(ByteRange range)
{
    ++m_looksOutdated;
    m_staleBases = hull(m_staleBases, range);
    forgetStaleBases();
}

/// The same before the next write, where there is no memory for it now.
void Document::Impl::oweForgetting(ByteRange range) noexcept
{
    const std::lock_guard lock(m_editMutex);
    ++m_looksOutdated;
    m_staleBases = hull(m_staleBases, baseBlocks(range));
}

/// Throws std::bad_alloc, and then owes it still; m_editMutex is held.
void Document::Impl::forgetStaleBases()
{
    if (m_staleBases.empty())
        return;
    m_history.forgetBases(m_staleBases);
    m_staleBases = {};
    noteForLog();
}

/// Remembers that `range` was staged while a write runs; m_editMutex is held. Typing goes on in the same blocks, which count once.
void Document::Impl::noteStagedDuringWrite(ByteRange range)
{
    if (m_writing == Writing::No)
        return;
    const ByteRange blocks = baseBlocks(range);
    if (m_stagedDuringWrite.size() == m_stagedCarried || !m_stagedDuringWrite.back().contains(blocks))
        m_stagedDuringWrite.push_back(blocks);
}

} // namespace cachecore
