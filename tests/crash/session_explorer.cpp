// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/session_explorer.h"

#include "tests/crash/choices.h"
#include "tests/crash/restarted_document.h"

#include <utility>

namespace cachet_test {

using namespace cachecore;

namespace {

constexpr std::uint64_t kBootSeed = 78;

std::string choiceText(RecoveryChoice choice)
{
    return choice == RecoveryChoice::Finish ? "finishing" : "rolling back";
}

} // namespace

std::string SessionExplorer::Counts::text() const
{
    return std::to_string(cuts) + " power cuts, " + std::to_string(disks) + " distinct disks, " + std::to_string(images)
        + " images recovered from, " + std::to_string(journals) + " with a journal, " + std::to_string(logs)
        + " with edits left, " + std::to_string(listed) + " with some listed apart, "
        + (exhausted() ? std::string("exhausted")
                       : std::to_string(leftOut) + " left out, " + std::to_string(sampled) + " sampled");
}

SessionExplorer::SessionExplorer(const CrashScene &scene, Limits limits)
    : m_scene(scene)
    , m_limits(limits)
{
}

bool SessionExplorer::draw()
{
    if (m_limits.oneIn == 1 || m_random.oneIn(m_limits.oneIn))
        return true;
    ++m_counts.leftOut;
    return false;
}

void SessionExplorer::cut(const SimulatedDisk &disk, SessionPromise promise, std::string how)
{
    add(disk, std::make_shared<const SessionPromise>(std::move(promise)), std::move(how), 0);
}

void SessionExplorer::add(SimulatedDisk disk, Promise promise, std::string how, unsigned depth)
{
    ++m_counts.cuts;
    disk.cutPower();
    if (!m_seen.insert({disk.digest(), promise}).second)
        return;
    ++m_counts.disks;
    m_open.push_back({std::move(disk), std::move(promise), std::move(how), depth});
}

std::string SessionExplorer::run()
{
    while (!m_open.empty()) {
        const State state = std::move(m_open.front());
        m_open.pop_front();
        const std::uint64_t journals = m_counts.journals;
        for (const RecoveryChoice choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
            if (std::string wrong = examine(state, choice); !wrong.empty())
                return wrong + "; " + choiceText(choice) + " after the power was cut " + state.how;
            if (m_counts.journals == journals) // nothing to choose
                break;
        }
    }
    return {};
}

std::string SessionExplorer::examine(const State &state, RecoveryChoice choice)
{
    return tryChoices(m_limits.imagesOfOne, m_random, m_counts.sampled,
                      [&](const Choose &choose) { return recover(state, choice, choose); });
}

// As a program does that is started after the power came back.
std::string SessionExplorer::recover(const State &state, RecoveryChoice choice, const Choose &choose)
{
    ++m_counts.images;
    const auto env = std::make_shared<SimulatedEnv>(state.disk, kBootSeed, choose);
    const bool goesOn = state.depth < m_limits.deep;
    std::vector<std::pair<SimulatedDisk, std::string>> moments;
    env->setBeforeEach([&](const SimulatedDisk &disk, const DiskOperation &next) {
        if (goesOn && next.kind != DiskOperation::Kind::LetGo && draw())
            moments.emplace_back(disk, state.how + ", then " + choiceText(choice) + " before " + next.text());
    });
    RestartedDocument again(env, m_scene.places, m_logs);
    if (!again.document)
        return again.error;
    bool journal = false;
    bool becomesNew = false;
    if (std::string wrong = again.settle(choice, journal, becomesNew); !wrong.empty())
        return wrong;
    m_counts.journals += journal ? 1 : 0;
    m_counts.logs += again.document->leftEdits().empty() ? 0 : 1;
    Restored restored;
    if (std::string wrong = again.restore(Document::ChangedBases::Leave, restored); !wrong.empty())
        return wrong;
    m_counts.listed += restored.changed.empty() ? 0 : 1;
    again.log->waitIdle();
    env->setBeforeEach({});
    again.look(restored, choose);

    std::vector<Outcome> outcomes;
    if (journal ? !becomesNew : state.promise->mayBeOld)
        outcomes = state.promise->ifOld;
    if (journal ? becomesNew : state.promise->mayBeNew)
        outcomes.insert(outcomes.end(), state.promise->ifNew.begin(), state.promise->ifNew.end());
    const Outcome *found = nullptr;
    if (std::string wrong = match(restored, outcomes, found); !wrong.empty())
        return wrong;
    Promise meanwhile = state.promise;
    if (journal && !moments.empty()) // which is settled at some time from here on
        meanwhile = std::make_shared<const SessionPromise>(
            SessionPromise{!becomesNew, becomesNew, state.promise->ifOld, state.promise->ifNew});
    for (auto &[disk, how] : moments)
        add(std::move(disk), meanwhile, std::move(how), state.depth + 1);
    if (goesOn && !moments.empty())
        add(env->disk(), std::make_shared<const SessionPromise>(SessionPromise{true, false, {*found}, {}}),
            state.how + ", then after " + choiceText(choice), state.depth + 1);
    return stageAll(again, *found, choose);
}

/// Finds the one of `outcomes` that has come; what is wrong where it is none.
std::string SessionExplorer::match(const Restored &restored, const std::vector<Outcome> &outcomes,
                                   const Outcome *&found) const
{
    std::string wrong;
    for (const Outcome &outcome : outcomes) {
        const std::string here = judge(restored, outcome);
        if (here.empty()) {
            found = &outcome;
            return {};
        }
        wrong += (wrong.empty() ? "" : " | ") + here;
    }
    return "what is there is none of " + std::to_string(outcomes.size()) + " that may be: " + wrong;
}

/// What was listed apart is there when it is asked for.
std::string SessionExplorer::stageAll(RestartedDocument &again, const Outcome &outcome, const Choose &choose)
{
    Restored restored;
    if (again.document->leftEdits().empty())
        return {};
    if (std::string wrong = again.restore(Document::ChangedBases::Stage, restored); !wrong.empty())
        return wrong;
    if (!restored.changed.empty() || !again.document->leftEdits().empty())
        return "edits are listed apart that were to be staged";
    again.look(restored, choose);
    return judge(restored, outcome);
}

} // namespace cachet_test
