// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/write/recovery.h"
#include "tests/crash/crash_scene.h"
#include "tests/crash/edit_model.h"
#include "tests/crash/watched_executor.h"
#include "tests/support/random.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace cachet_test {

struct RestartedDocument;

/// What a power cut at one moment of a session may leave of image and edits.
struct SessionPromise {
    bool mayBeOld = true;       ///< without a journal the image may be that of `ifOld`,
    bool mayBeNew = false;      ///< or that of `ifNew`; with one it becomes the one or the other as is chosen
    std::vector<Outcome> ifOld; ///< one of these, then
    std::vector<Outcome> ifNew;
};

/// Examines what a power cut leaves of a document that keeps a recovery log. Each disk given to it is cut off its power; on each image that may be left a
/// document is opened, its journal is settled in both ways, the edits left are restored, and what is shown then is judged. Each moment of that is a power cut
/// again, as deep as is asked for.
/// Give it disks while the session runs; run() when it has ended, for the names of its logs are taken until then.
class SessionExplorer {
public:
    struct Limits {
        unsigned deep = 1; ///< recoveries that are cut one in the other
        std::uint64_t imagesOfOne
            = 20'000; ///< outcomes of one disk examined one after the other; beyond, as many more are drawn at random
        std::uint64_t oneIn = 1; ///< of so many moments one is examined, drawn at random
    };
    struct Counts {
        std::uint64_t cuts = 0;     ///< moments at which the power was cut
        std::uint64_t disks = 0;    ///< distinct disks among them
        std::uint64_t images = 0;   ///< outcomes of those that were told apart, each recovered from one way
        std::uint64_t journals = 0; ///< with a journal to settle
        std::uint64_t logs = 0;     ///< with edits to restore
        std::uint64_t listed = 0;   ///< with edits listed apart
        std::uint64_t leftOut = 0;  ///< moments not drawn
        std::uint64_t sampled = 0;  ///< disks whose outcomes were too many for all of them

        [[nodiscard]] bool exhausted() const { return leftOut == 0 && sampled == 0; }
        [[nodiscard]] std::string text() const;
    };

    SessionExplorer(const CrashScene &scene, Limits limits);

    /// The power goes while the disk is like this. `how` is for messages.
    void cut(const SimulatedDisk &disk, SessionPromise promise, std::string how);
    /// True when this moment is one of those to examine; to be asked before a disk is copied for it.
    [[nodiscard]] bool draw();
    /// Examines all that was cut. Empty when everything held, else what did not, and how it came to it.
    [[nodiscard]] std::string run();
    [[nodiscard]] const Counts &counts() const { return m_counts; }

private:
    using Promise = std::shared_ptr<const SessionPromise>;
    struct State {
        SimulatedDisk disk;
        Promise promise;
        std::string how;
        unsigned depth = 0; ///< recoveries cut until here
    };

    void add(SimulatedDisk disk, Promise promise, std::string how, unsigned depth);
    [[nodiscard]] std::string examine(const State &state, cachecore::RecoveryChoice choice);
    [[nodiscard]] std::string recover(const State &state, cachecore::RecoveryChoice choice, const Choose &choose);
    [[nodiscard]] std::string match(const Restored &restored, const std::vector<Outcome> &outcomes,
                                    const Outcome *&found) const;
    [[nodiscard]] std::string stageAll(RestartedDocument &again, const Outcome &outcome, const Choose &choose);

    const CrashScene &m_scene;
    const Limits m_limits;
    const std::shared_ptr<WatchedExecutor> m_logs = std::make_shared<WatchedExecutor>();
    Counts m_counts;
    Random m_random{1};
    std::deque<State> m_open;
    std::set<std::tuple<cachecore::Hash128, Promise>> m_seen;
};

} // namespace cachet_test
