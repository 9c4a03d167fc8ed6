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
    auto found = findJournals(*m_env, *m_source, m_options.journals);
    const std::lock_guard lock(m_editMutex);
    if (found) {
        for (FoundJournal &journal : *found)
            m_unsettled.push_back({std::move(journal), {}});
    } else if (!found.error().path.empty()) {
        // A place that cannot be searched may hide one: the image can be looked at, not written to.
        m_unsettled.push_back({{.path = found.error().path, .named = true}, {}});
    }
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
        m_unsettled.push_back({{.path = journal, .named = true, .identified = true}, std::move(written)});
    }
    notify({.recovery = true});
}

/// The journal is no more. What a finished one brought to the disk is no longer staged.
void Document::Impl::journalSettled(const std::string &journal, bool finished)
{
    StagedEdits written;
    {
        const std::lock_guard lock(m_editMutex);
        const auto settled = std::ranges::find(m_unsettled, journal, [](const Unsettled &u) { return u.journal.path; });
        if (settled != m_unsettled.end()) {
            written = std::move(settled->written);
            m_unsettled.erase(settled);
        }
    }
    reload();
    if (finished && !written.empty())
        beginEpoch({std::move(written), {}, 0});
    notify({.edits = true, .recovery = true});
}

Result<void> Document::Impl::startLook(const std::string &journal, RecoveryDone done)
{
    try {
        auto shared = std::make_shared<RecoveryDone>(std::move(done));
        auto work = [this, journal, shared](WriteProgress &progress, const std::stop_token &stop) -> Told {
            return [shared, report = inspectJournal(*m_env, *m_source, journal, progress, stop)]() mutable {
                (*shared)(std::move(report));
            };
        };
        auto whenClosed = [shared, journal] { (*shared)(failure(ErrorCode::Closed, Operation::Recover, {}, journal)); };
        return startOnWriter(Needs::Nothing, whole(), std::move(work), std::move(whenClosed));
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Recover, {}, journal);
    }
}

Result<void> Document::Impl::startSettle(const std::string &journal, RecoveryChoice choice, ForeignUnits foreign,
                                         RecoveryDone done)
{
    try {
        auto shared = std::make_shared<RecoveryDone>(std::move(done));
        auto work
            = [this, journal, choice, foreign, shared](WriteProgress &progress, const std::stop_token &stop) -> Told {
            auto report = settleJournal(*m_env, *m_source, journal, choice, foreign, progress, stop);
            if (report) {
                const bool finished = report->state == JournalState::Done
                    || (report->state != JournalState::RolledBack && choice == RecoveryChoice::Finish);
                journalSettled(journal, finished);
            }
            return [shared, outcome = std::move(report)]() mutable { (*shared)(std::move(outcome)); };
        };
        auto whenClosed = [shared, journal] { (*shared)(failure(ErrorCode::Closed, Operation::Recover, {}, journal)); };
        return startOnWriter(Needs::Nothing, whole(), std::move(work), std::move(whenClosed));
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Recover, {}, journal);
    }
}

Result<void> Document::Impl::startSetAside(const std::string &journal, SetAsideDone done)
{
    try {
        auto shared = std::make_shared<SetAsideDone>(std::move(done));
        auto work = [this, journal, shared](WriteProgress &, const std::stop_token &) -> Told {
            auto name = setJournalAside(*m_env, journal);
            if (name)
                journalSettled(journal, false);
            return [shared, outcome = std::move(name)]() mutable { (*shared)(std::move(outcome)); };
        };
        auto whenClosed = [shared, journal] { (*shared)(failure(ErrorCode::Closed, Operation::Recover, {}, journal)); };
        return startOnWriter(Needs::Nothing, whole(), std::move(work), std::move(whenClosed));
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Recover, {}, journal);
    }
}

} // namespace cachecore
