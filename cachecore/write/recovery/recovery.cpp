// SPDX-License-Identifier: MIT
#include "cachecore/write/recovery.h"

#include "cachecore/base/named_error.h"
#include "cachecore/write/journal/journal_file.h"
#include "cachecore/write/journal/protocol_step.h"
#include "cachecore/write/recovery/recovery_job.h"

#include <new>
#include <numeric>
#include <utility>

namespace cachecore {

Result<void> RecoveryJob::settle(RecoveryChoice choice, const ForeignUnits &foreign)
{
    if (auto looked = look(); !looked)
        return looked;
    if (m_report.damage)
        return failure(*m_report.damage);
    // Also before a journal is only removed: while another writes, the name may be that of its journal by now.
    if (auto ours = refuseReadOnly(); !ours)
        return ours;
    if (!ended()) {
        if (auto fine = refuse(foreign); !fine)
            return fine;
        const auto side = choice == RecoveryChoice::Finish ? JournalSide::New : JournalSide::Old;
        if (auto brought = bring(side, foreign); !brought)
            return brought;
        // Of a file that has lost its name since nobody will see what was settled.
        if (auto same = checkStillNamed(ProtocolStep::RecoveryChecksTargetLast); !same)
            return same;
    }
    m_progress.begin(WritePhase::Finishing, 0);
    return removeJournal();
}

Result<void> RecoveryJob::checkStillNamed(ProtocolStep step) const
{
    return leftOut(step) ? Result<void>() : m_target.checkStillNamed();
}

/// The target is as it was to be: only a journal that is still there is worth an error.
Result<void> RecoveryJob::removeJournal()
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

Result<void> RecoveryJob::refuseReadOnly() const
{
    if (m_target.writable() || leftOut(ProtocolStep::RecoveryChecksWritable))
        return {};
    Error reason = m_target.readOnlyReason();
    if (reason.code != ErrorCode::Held)
        reason.code = ErrorCode::ReadOnly;
    return failure(named(std::move(reason), Operation::Recover, m_target.path()));
}

/// Why the target must not be written; nothing was until now.
Result<void> RecoveryJob::refuse(const ForeignUnits &foreign) const
{
    if (!leftOut(ProtocolStep::RecoveryChecksHolders)) {
        if (auto ours = m_target.checkHolders(); !ours)
            return ours;
    }
    if (auto same = checkStillNamed(ProtocolStep::RecoveryChecksTarget); !same)
        return same;
    if (m_report.count(UnitCondition::Foreign) == 0 || leftOut(ProtocolStep::RecoveryComparesUnits))
        return {};
    // On another disk than the journal names, foreign bytes say that it is not a copy of it.
    const bool another = !m_report.sameDisk && !leftOut(ProtocolStep::RecoveryChecksDisk);
    for (const ByteRange range : m_report.foreign) {
        if (!foreign.cover(range) || another)
            return failure(ErrorCode::Changed, Operation::Recover, range, m_target.path());
    }
    return {};
}

Result<void> RecoveryJob::bring(JournalSide side, const ForeignUnits &foreign)
{
    JournalPlayer player(
        {m_target, *m_journal, m_units, m_report.header->unit, m_progress, m_stop, foreign.overwritten});
    m_progress.begin(side == JournalSide::New ? WritePhase::Writing : WritePhase::RollingBack, unitBytes());
    // What is there may not have reached the medium, and whether a sync failed before nobody knows any more.
    // Looking has found nothing foreign but what may be overwritten; what was written since counts as well.
    const auto strangers = leftOut(ProtocolStep::RecoveryLeavesForeign) ? JournalPlayer::Foreign::Overwrite
                                                                        : JournalPlayer::Foreign::Leave;
    const auto rewrite = leftOut(ProtocolStep::RecoveryRewritesAll) ? JournalPlayer::Rewrite::Differing
                                                                    : JournalPlayer::Rewrite::AllWritten;
    auto brought = player.bring(side, rewrite, strangers);
    if (!brought && brought.error().code == ErrorCode::Changed)
        brought.error().operation = Operation::Recover;
    if (!brought)
        return brought;
    m_progress.begin(WritePhase::Syncing, 0);
    if (!leftOut(ProtocolStep::RecoverySyncsTarget)) {
        if (auto synced = m_target.sync(); !synced)
            return synced;
    }
    m_progress.begin(WritePhase::Verifying, unitBytes());
    return leftOut(ProtocolStep::RecoveryVerifies) ? Result<void>() : player.verify(side);
}

namespace {

/// What is found once `call` has done its part of a recovery.
template <typename Call>
Result<RecoveryReport> reported(Env &env, BlockSource &target, const std::string &path, WriteProgress &progress,
                                std::stop_token stop, const Call &call)
{
    try {
        RecoveryJob recovery(env, target, path, progress, std::move(stop));
        if (auto done = call(recovery); !done)
            return failure(std::move(done.error()));
        return recovery.takeReport();
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Recover);
    }
}

} // namespace

bool ForeignUnits::cover(ByteRange range) const
{
    return liesInOne(overwritten, range);
}

std::uint64_t RecoveryReport::unitCount() const
{
    return std::accumulate(std::begin(units), std::end(units), std::uint64_t{0});
}

Result<RecoveryReport> inspectJournal(Env &env, BlockSource &target, const std::string &path, WriteProgress &progress,
                                      std::stop_token stop)
{
    return reported(env, target, path, progress, std::move(stop),
                    [](RecoveryJob &recovery) { return recovery.look(); });
}

Result<RecoveryReport> settleJournal(Env &env, BlockSource &target, const std::string &path, RecoveryChoice choice,
                                     const ForeignUnits &foreign, WriteProgress &progress, std::stop_token stop)
{
    return reported(env, target, path, progress, std::move(stop),
                    [&](RecoveryJob &recovery) { return recovery.settle(choice, foreign); });
}

} // namespace cachecore
