// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/crash_explorer.h"

#include "tests/crash/choices.h"
#include "tests/crash/error_text.h"

#include <algorithm>
#include <utility>

namespace cachet_test {

using namespace cachecore;

namespace {

constexpr std::uint64_t kBootSeed = 77;

/// What is only read again changes nothing.
bool changesDisk(const DiskOperation &operation)
{
    return operation.kind != DiskOperation::Kind::LetGo;
}

std::string choiceText(RecoveryChoice choice)
{
    return choice == RecoveryChoice::Finish ? "finishing" : "rolling back";
}

/// What is not as it should be in the report on a journal after a power cut.
std::string judge(const RecoveryReport &report)
{
    if (report.damage)
        return "the journal is damaged: " + errorText(*report.damage);
    if (report.state == JournalState::Unarmed)
        return "a journal that was never armed is offered";
    if (report.state == JournalState::Done || report.state == JournalState::RolledBack)
        return {}; // only to be removed; the image is compared
    if (!report.sameTarget)
        return "the journal is said to be another target's";
    if (report.count(UnitCondition::Foreign) != 0 || !report.foreign.empty())
        return "units are said to be foreign";
    if (report.count(UnitCondition::Unreadable) != 0)
        return "units are said to be unreadable";
    return {};
}

} // namespace

std::string CrashExplorer::Counts::text() const
{
    return std::to_string(cuts) + " power cuts, " + std::to_string(disks) + " distinct disks, " + std::to_string(images)
        + " images recovered from, " + std::to_string(recoveries) + " with a journal, "
        + (exhausted() ? std::string("exhausted")
                       : std::to_string(leftOut) + " left out, " + std::to_string(sampled) + " sampled");
}

CrashExplorer::CrashExplorer(const CrashScene &scene, Limits limits)
    : m_scene(scene)
    , m_limits(limits)
{
}

bool CrashExplorer::draw()
{
    if (m_limits.oneIn == 1 || m_random.oneIn(m_limits.oneIn))
        return true;
    ++m_counts.leftOut;
    return false;
}

void CrashExplorer::cut(SimulatedDisk disk, const Promise &promise, std::string how)
{
    ++m_counts.cuts;
    disk.cutPower();
    const Key key(disk.digest(), promise.old.get(), promise.neu.get(), promise.mayBeOld, promise.mayBeNew,
                  promise.mayHaveJournal, promise.journalMayAsk, promise.mustSayRollingBack);
    if (m_seen.contains(key))
        return;
    if (m_seen.size() >= m_limits.disks) {
        ++m_counts.leftOut;
        return;
    }
    m_seen.emplace(key, true);
    ++m_counts.disks;
    m_open.push_back({std::move(disk), promise, std::move(how)});
}

std::string CrashExplorer::run()
{
    while (!m_open.empty()) {
        const State state = std::move(m_open.front());
        m_open.pop_front();
        for (const RecoveryChoice choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
            if (std::string wrong = examine(state, choice); !wrong.empty())
                return wrong + "; " + choiceText(choice) + " after the power was cut " + state.how;
        }
    }
    return {};
}

std::string CrashExplorer::examine(const State &state, RecoveryChoice choice)
{
    return tryChoices(m_limits.imagesOfOne, m_random, m_counts.sampled,
                      [&](const Choose &choose) { return recover(state, choice, choose); });
}

// As a program does that is started after the power came back.
std::string CrashExplorer::recover(const State &state, RecoveryChoice choice, const Choose &choose)
{
    ++m_counts.images;
    const auto env = std::make_shared<SimulatedEnv>(state.disk, kBootSeed, choose);
    Moments moments;
    env->setBeforeEach([&](const SimulatedDisk &disk, const DiskOperation &next) {
        if (m_limits.recoveryIsCutToo && changesDisk(next) && draw())
            moments.emplace_back(disk, state.how + ", then " + choiceText(choice) + " before " + next.text());
    });
    auto target = FileSource::open(env, CrashScene::kTarget, FileSource::Access::WriteIfPermitted);
    if (!target)
        return "the image cannot be opened: " + errorText(target.error());
    auto found = findJournals(*env, **target, m_scene.places);
    if (!found)
        return "looking for journals failed: " + errorText(found.error());
    Promise after = state.promise;
    if (!found->empty()) {
        ++m_counts.recoveries;
        bool becomesNew = false;
        if (found->size() != 1 || !found->front().named || !found->front().identified)
            return "not one journal of the image is found but " + std::to_string(found->size());
        std::string wrong = settle(*env, **target, found->front().path, choice, state.promise, becomesNew);
        if (!wrong.empty())
            return wrong;
        after.mayBeOld = !becomesNew;
        after.mayBeNew = becomesNew;
        found = findJournals(*env, **target, m_scene.places);
        if (!found || !found->empty())
            return "a second recovery still finds a journal";
    }
    if (m_limits.recoveryIsCutToo) {
        for (auto &[disk, how] : moments)
            cut(std::move(disk), after, std::move(how));
        after.mayHaveJournal = false;
        if (!moments.empty())
            cut(env->disk(), after, state.how + ", then after " + choiceText(choice));
    }
    return compareImage(*env, after, choose);
}

std::string CrashExplorer::settle(SimulatedEnv &env, BlockSource &target, const std::string &journal,
                                  RecoveryChoice choice, const Promise &promise, bool &becomesNew)
{
    if (!promise.mayHaveJournal)
        return "there is a journal although the write was over";
    WriteProgress progress;
    const auto report = inspectJournal(env, target, journal, progress);
    if (!report)
        return "looking at the journal failed: " + errorText(report.error());
    for (const DiskOperation &operation : env.log()) {
        if (changesDisk(operation))
            return "looking changed the disk: " + operation.text();
    }
    const bool asks = report->state == JournalState::Armed || report->state == JournalState::RollingBack;
    if (asks && !promise.journalMayAsk)
        return "a journal asks to be settled although the write said that none would";
    if (asks && promise.mustSayRollingBack && report->state != JournalState::RollingBack)
        return "old bytes were being put back, and the journal does not say so";
    if (std::string wrong = judge(*report); !wrong.empty())
        return wrong;
    const auto settled = settleJournal(env, target, journal, choice, ForeignUnits::Stop, progress);
    if (!settled)
        return "settling failed: " + errorText(settled.error());
    becomesNew = report->state == JournalState::Done
        || (report->state != JournalState::RolledBack && choice == RecoveryChoice::Finish);
    if (!env.disk().isDurable(CrashScene::kTarget, [](std::size_t) { return std::size_t{0}; }))
        return "settled, but a power cut could still change the image";
    return {};
}

std::string CrashExplorer::compareImage(const SimulatedEnv &env, const Promise &promise, const Choose &choose) const
{
    SimulatedDisk disk = env.disk();
    const auto image = disk.bytes(CrashScene::kTarget, choose);
    if (!image)
        return "the image is gone";
    if (disk.bytes(CrashScene::kNeighbour, choose) != *m_scene.neighbour)
        return "another file has changed";
    if ((promise.mayBeOld && *image == *promise.old) || (promise.mayBeNew && *image == *promise.neu))
        return {};
    std::size_t place = 0;
    const std::vector<std::byte> &wanted = promise.mayBeNew ? *promise.neu : *promise.old;
    while (place < wanted.size() && place < image->size() && wanted[place] == (*image)[place])
        ++place;
    return std::string("the image is not ") + (promise.mayBeOld ? "the old one" : "")
        + (promise.mayBeOld && promise.mayBeNew ? " nor " : "") + (promise.mayBeNew ? "the new one" : "")
        + (promise.mayBeOld || promise.mayBeNew ? "" : "with a journal") + ", first at " + std::to_string(place);
}

namespace {

/// Moments of a write, kept until its end is known, which says what was promised in them.
struct Moment {
    SimulatedDisk disk;
    std::string how;
    bool targetWritten;
    bool restoring;
};

Promise promiseOf(const Image &old, const Image &neu, TransactionEnd::Kind end, bool targetWritten, bool restoring)
{
    const bool becomesNew = end == TransactionEnd::Kind::Committed && targetWritten;
    return {old, neu, !becomesNew, becomesNew, true, true, restoring};
}

/// Watches a batch being written, to know when old bytes begin to be put back: the journal has its name, then more is written to it, then the target is.
struct Restoring {
    bool renamed = false;
    bool noted = false; ///< a state was written to the journal since
    bool begun = false;

    void see(const DiskOperation &next)
    {
        const bool target = next.path == CrashScene::kTarget;
        renamed = renamed || next.kind == DiskOperation::Kind::Rename;
        noted = noted || (renamed && next.kind == DiskOperation::Kind::Write && !target);
        begun = begun || (noted && next.kind == DiskOperation::Kind::Write && target);
    }
};

/// A write that is over leaves a journal only where it says that it could not settle it, or that it could not remove a finished one; and a removed one can
/// come back where the system refused to make its removal durable.
bool mayLeaveJournal(const TransactionEnd &end, const SimulatedEnv &env)
{
    if (end.kind == TransactionEnd::Kind::NeedsRecovery)
        return true;
    const std::vector<DiskOperation> failed = env.failed();
    if (failed.empty())
        return false;
    const bool removal
        = std::ranges::any_of(failed, [](const DiskOperation &one) { return one.kind == DiskOperation::Kind::Remove; });
    return removal || end.kind == TransactionEnd::Kind::Committed
        || !env.disk().isDurable("/data", [](std::size_t) { return std::size_t{0}; });
}

} // namespace

WrittenScene writeCuttingPower(const CrashScene &scene, CrashExplorer &explorer,
                               const std::function<void(SimulatedEnv &)> &prepare, std::stop_token stop,
                               const std::function<void(const DiskOperation &)> &beforeEach)
{
    const auto env = std::make_shared<SimulatedEnv>(scene.disk, 1, [](std::size_t) { return std::size_t{0}; });
    if (prepare)
        prepare(*env);
    const bool mayFail = prepare != nullptr;
    std::vector<Moment> moments;
    bool targetWritten = false;
    Restoring restoring;
    env->setBeforeEach([&](const SimulatedDisk &disk, const DiskOperation &next) {
        // Where noting it fails the journal stays as it is, and recovery can do either.
        if (changesDisk(next) && explorer.draw())
            moments.push_back({disk, "before " + next.text(), targetWritten, restoring.begun && !mayFail});
        restoring.see(next);
        targetWritten = targetWritten || (next.kind == DiskOperation::Kind::Write && next.path == CrashScene::kTarget);
        if (beforeEach)
            beforeEach(next);
    });

    WrittenScene written;
    const WritePlan plan = scene.plan();
    PlanCursor cursor(plan);
    std::size_t index = 0;
    while (const auto batch = cursor.next()) {
        const Image old = scene.imageBefore(index);
        const Image neu = scene.imageBefore(++index);
        written.end = writeBatch(env, scene, plan, *batch, stop);
        for (Moment &moment : moments)
            explorer.cut(std::move(moment.disk),
                         promiseOf(old, neu, written.end.kind, moment.targetWritten, moment.restoring),
                         std::move(moment.how));
        Promise after = promiseOf(old, neu, written.end.kind, targetWritten, false);
        after.mayHaveJournal = mayLeaveJournal(written.end, *env);
        after.journalMayAsk = written.end.kind == TransactionEnd::Kind::NeedsRecovery || written.end.journalMayReturn;
        explorer.cut(env->disk(), after, "after the write");
        moments.clear();
        targetWritten = false;
        restoring = {};
        if (written.end.kind != TransactionEnd::Kind::Committed)
            break;
    }
    written.disk = env->disk();
    written.log = env->log();
    return written;
}

} // namespace cachet_test
