// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"

#include <algorithm>
#include <new>
#include <utility>

namespace cachecore {

void Document::Impl::findUnsettled()
{
    // Another program that writes now has a journal of its own, which is its business.
    if (!m_source->writable() && m_source->readOnlyReason().code == ErrorCode::Held)
        return;
    // Where it cannot be searched, a write is refused when it looks for itself.
    auto found = findJournals(*m_env, *m_source, m_options.journals);
    if (!found)
        return;
    const std::lock_guard lock(m_editMutex);
    for (FoundJournal &journal : *found)
        m_unsettled.push_back({std::move(journal), {}});
}

std::vector<FoundJournal> Document::Impl::unsettled() const
{
    const std::lock_guard lock(m_editMutex);
    std::vector<FoundJournal> journals;
    for (const Unsettled &each : m_unsettled)
        journals.push_back(each.journal);
    return journals;
}

void Document::Impl::noteUnsettled(const std::string &journal, StagedEdits written)
{
    {
        const std::lock_guard lock(m_editMutex);
        m_unsettledName.assign(journal);
        m_unsettled.push_back(
            {{.path = std::exchange(m_unsettledName, {}), .named = true, .identified = true}, std::move(written)});
    }
    notify({.recovery = true});
}

/// The journal is no more. What a finished one brought to the disk is no longer staged, and what was seen in `changed` before says nothing any more.
void Document::Impl::journalSettled(const std::string &journal, ByteRange changed,
                                    const std::optional<TransactionId> &finished)
{
    StagedEdits written;
    {
        const std::lock_guard lock(m_editMutex);
        const auto settled
            = std::ranges::find_if(m_unsettled, [&journal](const Unsettled &u) { return u.journal.path == journal; });
        if (settled != m_unsettled.end()) {
            written = std::move(settled->written);
            m_unsettled.erase(settled);
        }
    }
    try {
        m_cached->invalidate(whole());
        {
            const std::lock_guard lock(m_editMutex);
            forgetBases(changed);
        }
        if (finished && !written.empty())
            beginEpoch({written, {}, 0}, committedAs(*finished));
    } catch (const std::bad_alloc &) { // it is settled all the same
        if (finished && !written.empty())
            oweCarryOver(written, *finished);
    }
    notify({.edits = true, .recovery = true});
}

/// What came of working on a journal: one that is gone was settled by somebody else and asks for nothing any more.
template <typename Outcome>
Outcome Document::Impl::unlessGone(const std::string &journal, Outcome outcome)
{
    if (!outcome && outcome.error().code == ErrorCode::NotFound && outcome.error().path == journal)
        journalSettled(journal, whole(), std::nullopt);
    return outcome;
}

Result<void> Document::Impl::startLook(const std::string &journal, RecoveryDone done)
{
    const auto make = [&] {
        return [this, journal](WriteProgress &progress, const std::stop_token &stop) {
            return unlessGone(journal, inspectJournal(*m_env, *m_source, journal, progress, stop));
        };
    };
    return startSettling<Result<RecoveryReport>>(journal, make, std::move(done));
}

Result<void> Document::Impl::startSettle(const std::string &journal, RecoveryChoice choice, ForeignUnits foreign,
                                         RecoveryDone done)
{
    const auto make = [&] {
        return [this, journal, choice, foreign](WriteProgress &progress, const std::stop_token &stop) {
            auto report
                = unlessGone(journal, settleJournal(*m_env, *m_source, journal, choice, foreign, progress, stop));
            if (report) {
                const bool finished = report->state == JournalState::Done
                    || (report->state != JournalState::RolledBack && choice == RecoveryChoice::Finish);
                journalSettled(journal, baseBlocks(report->span),
                               finished ? std::optional(report->header->transaction) : std::nullopt);
            }
            return report;
        };
    };
    return startSettling<Result<RecoveryReport>>(journal, make, std::move(done));
}

Result<void> Document::Impl::startSetAside(const std::string &journal, SetAsideDone done)
{
    if (!journal.ends_with(kJournalSuffix))
        return failure(ErrorCode::InvalidArgument, Operation::Recover, {}, journal);
    const auto make = [&] {
        return [this, journal](WriteProgress &, const std::stop_token &) {
            auto name = unlessGone(journal, setJournalAside(*m_env, journal));
            if (name)
                journalSettled(journal, whole(), std::nullopt);
            return name;
        };
    };
    return startSettling<Result<std::string>>(journal, make, std::move(done));
}

} // namespace cachecore
