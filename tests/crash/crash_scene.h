// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/source/file_source.h"
#include "cachecore/write/transaction/transaction.h"
#include "tests/crash/simulated_env.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cachet_test {

using Image = std::shared_ptr<const std::vector<std::byte>>;

/// A simulated machine with one disk image on it, and edits to be written to it.
struct CrashScene {
    static constexpr const char *kTarget = "/data/disk.img";
    static constexpr const char *kNeighbour = "/data/notes.txt"; ///< never to be touched

    /// How the machine is made.
    struct Machine {
        std::uint64_t size = 3 * 4096;          ///< bytes of the image
        std::uint32_t targetSector = 512;       ///< what is written at once or torn
        std::uint32_t journalSector = 512;      ///< the same for new files
        bool severalTears = false;              ///< a sector may tear in three places, not only in the middle
        std::uint32_t granularity = 1;          ///< of the plan
        bool stateDirectory = false;            ///< journals lie there, which does not exist yet
        bool staleBlocks = false;               ///< new files lie where removed ones have lain
        bool lateWrites = false;                ///< of the image, when its sync has failed
        std::uint64_t journalLimit = 1U << 30U; ///< of the plan
    };
    explicit CrashScene(const Machine &machine);

    void stage(std::uint64_t at, std::vector<std::byte> bytes);
    void stagePattern(std::uint64_t at, std::uint64_t length, std::vector<std::byte> pattern);
    void stageGenerated(std::uint64_t at, std::uint64_t length, std::uint64_t seed);
    /// The edits staged so far are on the disk: what was new is old, and nothing is staged.
    void turnPage();

    [[nodiscard]] cachecore::WritePlan plan() const;
    /// The image as it was before batch number `index` of the plan, from 0.
    [[nodiscard]] Image imageBefore(std::size_t index) const;

    Machine machine;
    cachecore::JournalPlaces places;
    cachecore::StagedEdits edits;
    Image original;     ///< without the edits
    Image neighbour;    ///< what the neighbour holds
    SimulatedDisk disk; ///< before the write

private:
    void stagePiece(std::uint64_t at, std::uint64_t length, cachecore::Piece piece);
};

/// One batch written on `env` by a transaction; the source is opened for it as after a start of the program. With `before` something happens between opening and
/// writing. `stop` may come true while it runs.
[[nodiscard]] cachecore::TransactionEnd writeBatch(const std::shared_ptr<cachecore::Env> &env, const CrashScene &scene,
                                                   const cachecore::WritePlan &plan, const cachecore::WriteBatch &batch,
                                                   std::stop_token stop = {}, const std::function<void()> &before = {});

/// All batches of the scene's plan; the last one's end, or the first that did not commit.
[[nodiscard]] cachecore::TransactionEnd writeAll(const std::shared_ptr<cachecore::Env> &env, const CrashScene &scene,
                                                 std::stop_token stop = {}, const std::function<void()> &before = {});

} // namespace cachet_test
