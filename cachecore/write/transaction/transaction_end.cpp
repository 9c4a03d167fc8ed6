// SPDX-License-Identifier: MIT
#include "cachecore/write/journal/protocol_step.h"
#include "cachecore/write/transaction/transaction_impl.h"

#include <utility>

// How a transaction ends: committed, abandoned, or rolled back.

namespace cachecore {

/// Step 7. DONE and the journal's removal each make the write final.
void Transaction::Impl::finish()
{
    m_context.progress.begin(WritePhase::Finishing, 0);
    auto done = guarded([this] { return m_writer->append(JournalState::Done); });
    auto removed = guarded([this] { return m_journal->remove(); });
    if (!done && !removed) {
        m_end.error = std::move(done.error());
        m_end.rollBackError = std::move(removed.error());
        if (nameRemains()) {
            m_end.kind = TransactionEnd::Kind::NeedsRecovery;
            setState(State::NeedsRecovery);
            return;
        }
        m_end.journalMayReturn = true;
    } else if (!removed) { // where only DONE failed, its being gone durably says the same
        m_end.error = std::move(removed.error());
    }
    keepOldBytes();
    m_end.kind = TransactionEnd::Kind::Committed;
    setState(State::Committed);
}

/// The target was not touched: the journal goes, and says so itself in case its name comes back.
void Transaction::Impl::abandon(Error error)
{
    m_end.error = std::move(error);
    if (m_journal) {
        const bool asksNothing = !m_journal->hasName()
            || guarded([this] { return m_writer->append(JournalState::RolledBack); }).has_value();
        if (auto removed = removeJournal(asksNothing); !removed) {
            m_end.rollBackError = std::move(removed.error());
            m_end.kind = TransactionEnd::Kind::NeedsRecovery;
            setState(State::NeedsRecovery);
            return;
        }
    }
    m_end.kind = TransactionEnd::Kind::Untouched;
    setState(State::Untouched);
}

void Transaction::Impl::rollBack(Error error)
{
    m_end.error = std::move(error);
    setState(State::RollingBack);
    m_context.progress.begin(WritePhase::RollingBack, 2 * m_batch.unitBytes);
    auto restored = guarded([this] { return restore(); });
    if (!restored) {
        m_end.rollBackError = std::move(restored.error());
        m_end.kind = TransactionEnd::Kind::NeedsRecovery;
        setState(State::NeedsRecovery);
        return;
    }
    m_end.kind = TransactionEnd::Kind::RolledBack;
    setState(State::RolledBack);
}

Result<void> Transaction::Impl::restore()
{
    // Where this cannot be noted the journal stays armed, and recovery can do either.
    (void)guarded([this] { return m_writer->append(JournalState::RollingBack); });
    const bool all = m_syncFailed && !leftOut(ProtocolStep::RewriteAfterFailedSync);
    const auto rewrite = all ? JournalPlayer::Rewrite::AllWritten : JournalPlayer::Rewrite::Differing;
    const auto playAll = [this](auto part) { return play({}, part); };
    // Where another program wrote meanwhile, its bytes are not ours to overwrite: the journal stays, and recovery asks.
    const auto foreign = leftOut(ProtocolStep::RollBackComparesUnits) ? JournalPlayer::Foreign::Overwrite
                                                                      : JournalPlayer::Foreign::Leave;
    if (auto brought = playAll([=](JournalPlayer &player) { return player.bring(JournalSide::Old, rewrite, foreign); });
        !brought)
        return brought;
    if (!leftOut(ProtocolStep::SyncRestored)) {
        if (auto synced = m_context.target.sync(); !synced)
            return synced;
    }
    if (!leftOut(ProtocolStep::VerifyRestored)) {
        if (auto same = playAll([](JournalPlayer &player) { return player.verify(JournalSide::Old); }); !same)
            return same;
    }
    const bool marked = guarded([this] { return m_writer->append(JournalState::RolledBack); }).has_value();
    return removeJournal(marked);
}

/// An error when the journal stays and asks to be settled, which one that was `marked` at its end does not.
Result<void> Transaction::Impl::removeJournal(bool marked)
{
    auto removed = guarded([this] { return m_journal->remove(); });
    if (removed || marked)
        return {};
    if (nameRemains())
        return removed;
    m_end.journalMayReturn = true;
    m_end.rollBackError = std::move(removed.error());
    return {};
}

/// Whether something has the journal's name still, as far as can be told.
bool Transaction::Impl::nameRemains() const
{
    try {
        return m_journal->nameTaken();
    } catch (const std::bad_alloc &) {
        return true;
    }
}

/// Undoing is a comfort: without memory for it the write is committed all the same.
void Transaction::Impl::keepOldBytes()
{
    try {
        const std::uint64_t size = m_writer->size();
        m_reader.reset();
        m_writer.reset();
        std::shared_ptr<const ExternalBytes> retired;
        if (m_oldBytes->where() == OldBytes::Where::InJournal && size <= m_context.keepRetiredLimit)
            retired = m_context.keepRetired(m_journal->release(), m_journal->path(), size);
        m_journal.reset();
        m_oldPieces = m_oldBytes->pieces(retired);
        m_retiredBytes = retired ? size : 0;
    } catch (const std::bad_alloc &) {
        m_oldPieces = {};
        m_retiredBytes = 0;
    }
}

} // namespace cachecore
