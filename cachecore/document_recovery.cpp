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
    if (!found || found->empty() || (!m_source->writable() && writtenElsewhere()))
        return;
    const std::lock_guard lock(m_editMutex);
    for (FoundJournal &journal : *found)
        m_unsettled.push_back({std::move(journal), {}});
}

/// Whether somebody else has the file open for writing, who then may be in the middle of a write. Takes the lock of writers for a moment: whoever opens the file
/// in it is told that this program has it. Of devices it cannot be told.
bool Document::Impl::writtenElsewhere() const
{
    if (m_source->identity().kind != "file")
        return false;
    // Only what could write is told of the writers of this program.
    for (const OpenMode mode : {OpenMode::ReadWrite, OpenMode::Read}) {
        const auto file = m_env->open(m_source->path(), mode);
        if (!file)
            continue;
        const auto holder = (*file)->lockForWriting();
        return holder && *holder;
    }
    return false;
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
    m_cached->invalidate(whole());
    const bool begins = finished && !written.empty();
    try {
        {
            const std::lock_guard lock(m_editMutex);
            forgetBases(changed);
        }
        if (begins)
            beginEpoch({written, {}, 0}, committedAs(*finished));
    } catch (const std::bad_alloc &) { // it is settled all the same
        if (begins)
            beginEpochUncarried(written, *finished);
    }
    notify({.edits = true, .recovery = true});
}

/// Whether nobody has that journal any more. Not, when what it is looked for in cannot be seen either: a directory that was renamed or is not mounted now, or a
/// target that has lost its name.
bool Document::Impl::isGone(const std::string &journal, const Error &error) const
{
    if (error.code != ErrorCode::NotFound || error.path != journal || journal.empty())
        return false;
    return m_env->status(journal.substr(0, journal.rfind('/') + 1)) && m_source->checkStillNamed();
}

/// What came of working on a journal: one that is gone was settled by somebody else and asks for nothing any more.
template <typename Outcome>
Outcome Document::Impl::unlessGone(const std::string &journal, Outcome outcome)
{
    if (!outcome && isGone(journal, outcome.error()))
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

Result<void> Document::Impl::startSettle(const std::string &journal, RecoveryChoice choice, const ForeignUnits &foreign,
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
            } else {
                m_cached->invalidate(whole()); // how far it came is in no report
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
    if (!m_source->writable()) // it may be the one of a write that goes on elsewhere
        return failure(m_source->readOnlyReason());
    const auto make = [&] {
        return [this, journal](WriteProgress &, const std::stop_token &) {
            auto aside = unlessGone(journal, setJournalAside(*m_env, journal));
            if (aside)
                journalSettled(journal, whole(), std::nullopt);
            return aside;
        };
    };
    return startSettling<Result<JournalAside>>(journal, make, std::move(done));
}

} // namespace cachecore
