// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/write/recovery.h"
#include "tests/crash/crash_scene.h"
#include "tests/support/random.h"

#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace cachet_test {

/// What a power cut at one moment may leave, as the protocol promises it.
struct Promise {
    Image old;
    Image neu;
    bool mayBeOld = false;           ///< without a journal the image may be the old one,
    bool mayBeNew = false;           ///< or the new one
    bool mayHaveJournal = true;      ///< or there is a journal, by which it can become either
    bool journalMayAsk = true;       ///< and which has not come to its end
    bool mustSayRollingBack = false; ///< where it has not, it says that old bytes were being put back
};

/// Examines what a power cut leaves. Each disk given to it is cut off its power; from each image that may be left, the engine recovers
/// in both ways, and each moment of that recovery is a power cut again, until no disk comes up that was not examined before.
///
/// Held against: what the promise says of the image without a journal; that a journal that is there is whole, and settles to exactly the old or the new
/// image, all of it; that nothing else on the disk changes; that looking changes nothing; that after settling nothing is left to settle, in every
/// outcome of one more power cut.
class CrashExplorer {
public:
    struct Limits {
        std::uint64_t disks = 200'000; ///< distinct disks examined; more are counted and left out
        std::uint64_t imagesOfOne
            = 20'000; ///< outcomes of one disk examined one after the other; beyond, as many more are drawn at random
        bool recoveryIsCutToo = true;
        std::uint64_t oneIn = 1; ///< of so many moments one is examined, drawn at random
    };
    struct Counts {
        std::uint64_t cuts = 0;       ///< moments at which the power was cut
        std::uint64_t disks = 0;      ///< distinct disks among them
        std::uint64_t images = 0;     ///< outcomes of those that were told apart, each recovered from one way
        std::uint64_t recoveries = 0; ///< that had a journal to settle
        std::uint64_t leftOut = 0;    ///< disks beyond the limit
        std::uint64_t sampled = 0;    ///< disks whose outcomes were too many for all of them

        [[nodiscard]] bool exhausted() const { return leftOut == 0 && sampled == 0; }
        [[nodiscard]] std::string text() const;
    };

    CrashExplorer(const CrashScene &scene, Limits limits);

    /// The power goes while the disk is like this. `how` is for messages.
    void cut(SimulatedDisk disk, const Promise &promise, std::string how);
    /// True when this moment is one of those to examine; to be asked before a disk is copied for it.
    [[nodiscard]] bool draw();
    /// Examines all that was cut. Empty when everything held, else what did not, and how it came to it.
    [[nodiscard]] std::string run();
    [[nodiscard]] const Counts &counts() const { return m_counts; }

private:
    struct State {
        SimulatedDisk disk;
        Promise promise;
        std::string how;
    };
    /// Moments of one recovery.
    using Moments = std::vector<std::pair<SimulatedDisk, std::string>>;

    [[nodiscard]] std::string examine(const State &state, cachecore::RecoveryChoice choice);
    [[nodiscard]] std::string recover(const State &state, cachecore::RecoveryChoice choice, const Choose &choose);
    [[nodiscard]] std::string settle(SimulatedEnv &env, cachecore::BlockSource &target, const std::string &journal,
                                     cachecore::RecoveryChoice choice, const Promise &promise, bool &becomesNew);
    [[nodiscard]] std::string compareImage(const SimulatedEnv &env, const Promise &promise, const Choose &choose) const;

    const CrashScene &m_scene;
    const Limits m_limits;
    Counts m_counts;
    Random m_random{1};
    std::deque<State> m_open;
    using Key = std::tuple<cachecore::Hash128, const void *, const void *, bool, bool, bool, bool, bool>;
    std::map<Key, bool> m_seen;
};

/// Writes the scene's edits on its disk, cutting the power before each operation and after the last, all with the promise that fits. Returns what
/// the write ended with, and the disk after it. `expectedEnd` must be how it ends.
struct WrittenScene {
    cachecore::TransactionEnd end;
    SimulatedDisk disk;
    std::vector<DiskOperation> log;
};
[[nodiscard]] WrittenScene writeCuttingPower(const CrashScene &scene, CrashExplorer &explorer,
                                             const std::function<void(SimulatedEnv &)> &prepare = {},
                                             std::stop_token stop = {},
                                             const std::function<void(const DiskOperation &)> &beforeEach = {});

} // namespace cachet_test
