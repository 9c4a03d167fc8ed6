// SPDX-License-Identifier: MIT
#include "cachecore/write/recovery.h"

#include "cachecore/base/named_error.h"
#include "cachecore/write/journal/journal_file.h"
#include "cachecore/write/journal_player.h"
#include "cachecore/write/protocol_step.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <numeric>
#include <utility>

namespace cachecore {

namespace {

bool isDamage(const Error &error)
{
    return error.code == ErrorCode::Damaged || error.code == ErrorCode::NewerVersion;
}

UnitCondition conditionOf(std::span<const std::byte> now, std::span<const std::byte> old,
                          std::span<const std::byte> meant)
{
    // New before Old: where both are the same there is nothing left to do.
    if (std::memcmp(now.data(), meant.data(), now.size()) == 0)
        return UnitCondition::New;
    if (std::memcmp(now.data(), old.data(), now.size()) == 0)
        return UnitCondition::Old;
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i] != old[i] && now[i] != meant[i])
            return UnitCondition::Foreign;
    }
    return UnitCondition::Torn;
}

/// One journal being looked at or settled.
class Recovery {
public:
    Recovery(Env &env, BlockSource &target, const std::string &path, WriteProgress &progress, std::stop_token stop)
        : m_env(env)
        , m_target(target)
        , m_progress(progress)
        , m_stop(std::move(stop))
        , m_units{0, [this](std::size_t i) { return m_extents[i]; }}
    {
        m_report.journalPath = path;
    }
    Recovery(const Recovery &) = delete;
    Recovery &operator=(const Recovery &) = delete;

    /// Everything a report has.
    [[nodiscard]] Result<void> look();
    [[nodiscard]] Result<void> settle(RecoveryChoice choice, ForeignUnits foreign);
    [[nodiscard]] RecoveryReport takeReport() { return std::move(m_report); }

private:
    [[nodiscard]] Result<void> readJournal();
    [[nodiscard]] Result<void> readWholeJournal();
    [[nodiscard]] Result<void> listExtents(std::uint64_t count);
    [[nodiscard]] Result<void> checkSize();
    [[nodiscard]] Result<void> lookAtUnits();
    void count(const UnitBytes &now, std::span<const std::byte> old, std::span<const std::byte> meant);
    [[nodiscard]] Result<void> refuse(ForeignUnits foreign) const;
    [[nodiscard]] Result<void> bring(JournalSide side);
    [[nodiscard]] Result<void> removeJournal();
    [[nodiscard]] bool ended() const
    {
        return m_report.state == JournalState::Done || m_report.state == JournalState::RolledBack;
    }
    [[nodiscard]] std::uint64_t unitBytes() const;
    [[nodiscard]] const std::string &path() const { return m_report.journalPath; }

    Env &m_env;
    BlockSource &m_target;
    WriteProgress &m_progress;
    const std::stop_token m_stop;
    std::unique_ptr<EnvFile> m_file;
    std::optional<JournalReader> m_journal;
    std::vector<ByteRange> m_extents; ///< 16 bytes for each 4 KiB or more of the journal
    RangeList m_units;
    RecoveryReport m_report;
};

Result<void> Recovery::look()
{
    m_progress.begin(WritePhase::Checking, 0);
    if (auto read = readJournal(); !read)
        return read;
    if (m_report.damage || ended())
        return {};
    if (auto fits = checkSize(); !fits)
        return fits;
    return lookAtUnits();
}

/// A journal that cannot be used is told in the report; an error is what could not be read at all.
Result<void> Recovery::readJournal()
{
    auto read = readWholeJournal();
    if (read || !isDamage(read.error()))
        return read;
    m_report.damage = std::move(read.error());
    return {};
}

Result<void> Recovery::readWholeJournal()
{
    auto file = m_env.open(path(), OpenMode::Read);
    if (!file)
        return failure(named(file.error(), Operation::Journal, path()));
    m_file = std::move(*file);
    auto journal = JournalReader::open(*m_file, path());
    if (!journal)
        return failure(journal.error());
    m_journal.emplace(std::move(*journal));
    m_report.header = m_journal->header();
    const auto summary = m_journal->validate(m_stop);
    if (!summary)
        return failure(summary.error());
    m_report.state = summary->state;
    m_report.newBytes = summary->newBytes;
    m_report.span = summary->span;
    // Only a journal that is armed ever gets this name.
    if (summary->state == JournalState::Unarmed)
        return failure(ErrorCode::Damaged, Operation::Journal, {}, path());
    return listExtents(summary->extents);
}

Result<void> Recovery::listExtents(std::uint64_t count)
{
    m_extents.reserve(static_cast<std::size_t>(count));
    m_journal->rewind();
    for (;;) {
        const auto extent = m_journal->next(JournalReader::Want::NewOnly);
        if (!extent)
            return failure(extent.error());
        if (!*extent)
            break;
        m_extents.push_back((*extent)->units);
    }
    m_units.count = m_extents.size();
    return {};
}

Result<void> Recovery::checkSize()
{
    const auto size = m_target.size();
    if (!size)
        return failure(size.error());
    m_report.sameTarget = m_target.identity() == m_report.header->identity && *size == m_report.header->before.size;
    const ByteRange span = m_report.span;
    if (span.end().value() > *size)
        return failure(ErrorCode::Truncated, Operation::Recover,
                       ByteRange(std::max(ByteOffset(*size), span.begin()), span.end()), m_target.path());
    return {};
}

std::uint64_t Recovery::unitBytes() const
{
    return std::accumulate(m_extents.begin(), m_extents.end(), std::uint64_t{0},
                           [](std::uint64_t sum, ByteRange range) { return sum + range.length(); });
}

Result<void> Recovery::lookAtUnits()
{
    m_progress.begin(WritePhase::Checking, unitBytes());
    UnitReader reader(m_target, m_units, m_report.header->unit, Operation::Recover);
    std::vector<std::byte> meant;
    m_journal->rewind();
    for (std::size_t i = 0; i < m_units.count; ++i) {
        if (m_stop.stop_requested())
            return failure(ErrorCode::Cancelled, Operation::Recover, m_extents[i], path());
        const auto extent = m_journal->next(JournalReader::Want::OldAndNew);
        if (!extent)
            return failure(extent.error());
        if (!*extent || (*extent)->units != m_extents[i])
            return failure(ErrorCode::Damaged, Operation::Journal, {}, path());
        const auto now = reader.units(i);
        if (!now)
            return failure(now.error());
        meant.assign((*extent)->old.begin(), (*extent)->old.end());
        applySegments(**extent, meant);
        count(*now, (*extent)->old, meant);
        m_progress.advance(m_extents[i].length());
    }
    return {};
}

void Recovery::count(const UnitBytes &now, std::span<const std::byte> old, std::span<const std::byte> meant)
{
    for (std::size_t i = 0; i < now.count(); ++i) {
        const ByteRange unit = now.unitAt(i);
        const UnitCondition condition = now.readable[i]
            ? conditionOf(now.of(now.bytes, unit), now.of(old, unit), now.of(meant, unit))
            : UnitCondition::Unreadable;
        ++m_report.units[static_cast<std::size_t>(condition)];
        if (condition != UnitCondition::Foreign)
            continue;
        std::vector<ByteRange> &ranges = m_report.foreign;
        if (!ranges.empty() && ranges.back().end() == unit.begin())
            ranges.back() = {ranges.back().begin(), unit.end()};
        else if (ranges.size() < RecoveryReport::kMostRanges)
            ranges.push_back(unit);
    }
}

Result<void> Recovery::settle(RecoveryChoice choice, ForeignUnits foreign)
{
    if (auto looked = look(); !looked)
        return looked;
    if (m_report.damage)
        return failure(*m_report.damage);
    if (!ended()) {
        if (auto fine = refuse(foreign); !fine)
            return fine;
        const auto side = choice == RecoveryChoice::Finish ? JournalSide::New : JournalSide::Old;
        if (auto brought = bring(side); !brought)
            return brought;
    }
    m_progress.begin(WritePhase::Finishing, 0);
    return removeJournal();
}

/// The target is as it was to be: only a journal that is still there is worth an error.
Result<void> Recovery::removeJournal()
{
    bool gone = false;
    Result<void> removed;
    try {
        removed = removeDurably(m_env, path(), gone);
    } catch (const std::bad_alloc &) {
        removed = failure(ErrorCode::OutOfMemory, Operation::Journal);
    }
    if (removed)
        return {};
    if (!gone) {
        const auto found = m_env.status(path());
        gone = !found && found.error().code == ErrorCode::NotFound;
    }
    if (!gone)
        return removed;
    m_report.leftover = std::move(removed.error());
    return {};
}

/// Why the target must not be written; nothing was until now.
Result<void> Recovery::refuse(ForeignUnits foreign) const
{
    if (!m_target.writable()) {
        Error reason = m_target.readOnlyReason();
        if (reason.code != ErrorCode::Held)
            reason.code = ErrorCode::ReadOnly;
        return failure(named(std::move(reason), Operation::Recover, m_target.path()));
    }
    if (auto same = m_target.checkStillNamed(); !same)
        return failure(named(same.error(), Operation::Recover, m_target.path()));
    if (m_report.count(UnitCondition::Foreign) == 0 || leftOut(ProtocolStep::RecoveryComparesUnits))
        return {};
    // On another disk than the journal names, foreign bytes say that it is not a copy of it.
    const bool sameDisk = m_target.identity() == m_report.header->identity;
    if (foreign == ForeignUnits::Stop || !sameDisk)
        return failure(ErrorCode::Changed, Operation::Recover, m_report.foreign.front(), m_target.path());
    return {};
}

Result<void> Recovery::bring(JournalSide side)
{
    JournalPlayer player({m_target, *m_journal, m_units, m_report.header->unit, m_progress, m_stop});
    m_progress.begin(side == JournalSide::New ? WritePhase::Writing : WritePhase::RollingBack, unitBytes());
    // What is there may not have reached the medium, and whether a sync failed before nobody knows any more.
    if (auto brought = player.bring(side, JournalPlayer::Rewrite::AllWritten); !brought)
        return brought;
    m_progress.begin(WritePhase::Syncing, 0);
    if (!leftOut(ProtocolStep::RecoverySyncsTarget)) {
        if (auto synced = m_target.sync(); !synced)
            return synced;
    }
    m_progress.begin(WritePhase::Verifying, unitBytes());
    return player.verify(side);
}

/// What is found once `call` has done its part of a recovery.
template <typename Call>
Result<RecoveryReport> reported(Env &env, BlockSource &target, const std::string &path, WriteProgress &progress,
                                std::stop_token stop, const Call &call)
{
    try {
        Recovery recovery(env, target, path, progress, std::move(stop));
        if (auto done = call(recovery); !done)
            return failure(std::move(done.error()));
        return recovery.takeReport();
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Recover);
    }
}

} // namespace

std::uint64_t RecoveryReport::unitCount() const
{
    return std::accumulate(std::begin(units), std::end(units), std::uint64_t{0});
}

Result<RecoveryReport> inspectJournal(Env &env, BlockSource &target, const std::string &path, WriteProgress &progress,
                                      std::stop_token stop)
{
    return reported(env, target, path, progress, std::move(stop), [](Recovery &recovery) { return recovery.look(); });
}

Result<RecoveryReport> settleJournal(Env &env, BlockSource &target, const std::string &path, RecoveryChoice choice,
                                     ForeignUnits foreign, WriteProgress &progress, std::stop_token stop)
{
    return reported(env, target, path, progress, std::move(stop),
                    [=](Recovery &recovery) { return recovery.settle(choice, foreign); });
}

} // namespace cachecore
