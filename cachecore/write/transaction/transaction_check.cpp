// SPDX-License-Identifier: MIT
#include "cachecore/write/transaction/transaction_check.h"

#include "cachecore/write/journal/journal_reader.h"
#include "cachecore/write/target/unit_reader.h"

#include <algorithm>
#include <initializer_list>

namespace cachecore {

namespace {

using State = Transaction::State;

/// Which of its two contents the target holds under the journal's units.
struct Contents {
    bool allOld = true;
    bool allNew = true;
    bool everyByteOldOrNew = true;
    bool unread = false; ///< target or journal cannot be read, and nothing of the above is so

    [[nodiscard]] static Contents notRead() { return {false, false, false, true}; }
    void look(std::span<const std::byte> now, std::span<const std::byte> old, std::span<const std::byte> meant)
    {
        for (std::size_t i = 0; i < now.size(); ++i) {
            allOld = allOld && now[i] == old[i];
            allNew = allNew && now[i] == meant[i];
            everyByteOldOrNew = everyByteOldOrNew && (now[i] == old[i] || now[i] == meant[i]);
        }
    }
};

class Promises {
public:
    explicit Promises(const TransactionView &view)
        : m_view(view)
    {
    }

    [[nodiscard]] bool hold() const
    {
        switch (m_view.state) {
        case State::Idle:
            return true;
        case State::Checked:
        case State::Prepared:
            return targetAsBefore();
        case State::Untouched:
            return targetAsBefore() && nothingToSettle();
        case State::Armed:
            return journalIs({JournalState::Armed}) && hasItsName() && contents().everyByteOldOrNew;
        case State::Written:
        case State::Synced:
            return journalIs({JournalState::Armed}) && hasItsName() && contents().allNew;
        case State::Verified:
            return journalIs({JournalState::Armed, JournalState::Done}) && contents().allNew;
        case State::RollingBack:
            return journalIs({JournalState::Armed, JournalState::RollingBack, JournalState::RolledBack})
                && noByteIsLost();
        case State::RolledBack:
            return contents().allOld && nothingToSettle();
        case State::Committed:
            return targetHasStaged() && nothingToSettle();
        case State::NeedsRecovery:
            // A last state that was written and could not be made durable is true all the same.
            return hasItsName()
                && journalIs(
                       {JournalState::Armed, JournalState::RollingBack, JournalState::Done, JournalState::RolledBack})
                && noByteIsLost();
        }
        return false;
    }

private:
    [[nodiscard]] bool journalIs(std::initializer_list<JournalState> allowed) const
    {
        if (!m_view.journal)
            return false;
        auto reader = JournalReader::open(m_view.journal->file(), m_view.journal->path());
        const auto summary = reader ? reader->validate() : failure(reader.error());
        return summary && std::ranges::find(allowed, summary->state) != allowed.end();
    }

    [[nodiscard]] bool hasItsName() const
    {
        return m_view.journal->name().anonymous || m_view.context.env.status(m_view.journal->path());
    }

    /// No journal under a name of this target, unless it says itself that it came to its end.
    [[nodiscard]] bool nothingToSettle() const
    {
        const auto names = everyJournalName(m_view.context.env, m_view.context.target, m_view.context.places);
        return names && std::ranges::all_of(*names, [this](const JournalName &name) {
                   return name.anonymous || !m_view.context.env.status(name.path)
                       || cameToItsEnd(m_view.context.env, name.path);
               });
    }

    [[nodiscard]] bool targetAsBefore() const
    {
        const auto now = m_view.context.target.fingerprint();
        return m_view.header.unit == 0 // it was not even looked at
            || (now && now->modifiedNs == m_view.header.before.modifiedNs
                && now->sampleHash == m_view.header.before.sampleHash);
    }

    /// Each byte is old or new, so that either can be had back: where the target can be read, and nobody else has written to it.
    [[nodiscard]] bool noByteIsLost() const
    {
        const Contents now = contents();
        return m_view.strangers || now.unread || now.everyByteOldOrNew;
    }

    [[nodiscard]] Contents contents() const
    {
        Contents contents;
        if (!m_view.journal)
            return Contents::notRead();
        auto journal = JournalReader::open(m_view.journal->file(), m_view.journal->path());
        const RangeList units{m_view.batch.extents.size(),
                              [this](std::size_t i) { return m_view.batch.extents[i].units; }};
        RunReader reader(m_view.context.target, units, Operation::Verify);
        std::vector<std::byte> meant;
        for (std::size_t i = 0; journal && i < units.count; ++i) {
            const auto extent = journal->next(JournalReader::Want::OldAndNew);
            const auto now = reader.bytes(i);
            if (!extent || !*extent || !now)
                return Contents::notRead();
            meant.assign((*extent)->old.begin(), (*extent)->old.end());
            applySegments(**extent, meant);
            contents.look(*now, (*extent)->old, meant);
        }
        return journal ? contents : Contents::notRead();
    }

    [[nodiscard]] bool targetHasStaged() const
    {
        const auto extents = m_view.batch.extents;
        return std::ranges::all_of(extents, [this](const PlannedExtent &extent) {
            std::vector<std::byte> now(static_cast<std::size_t>(extent.units.length()));
            const auto got = m_view.context.target.readAt(extent.units.begin(), now);
            std::vector<std::byte> meant = now;
            const auto laid = m_view.plan.edits.overlayReading(extent.units.begin(), meant);
            return got && *got == now.size() && laid && meant == now;
        });
    }

    const TransactionView &m_view;
};

} // namespace

bool promisesHold(const TransactionView &view)
{
    return Promises(view).hold();
}

} // namespace cachecore
