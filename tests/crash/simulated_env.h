// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/env.h"
#include "tests/crash/simulated_disk.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace cachet_test {

/// An operation that changes what is on a disk, or what of it is certain.
struct DiskOperation {
    enum class Kind : std::uint8_t {
        Create,
        MakeDirectory,
        Write,
        Truncate,
        Reserve,
        Sync,
        Rename,
        Remove,
        SyncDirectory,
        LetGo, ///< dropCached: what is read next comes from the medium
    };
    Kind kind;
    std::string path;         ///< the file's name when it was opened; Rename: the former name
    std::string to;           ///< Rename only
    std::uint64_t at = 0;     ///< Write, LetGo
    std::uint64_t length = 0; ///< Write, LetGo; Truncate, Reserve: the size
    std::string text() const; ///< for messages of tests
};

/// An Env whose whole machine is simulated: a disk, a clock and random numbers, all of them the same in every run. It records every operation
/// that changes the disk, in order; before each of them `beforeEach` may look at the disk, and cut the power of a copy.
/// Thread: any.
class SimulatedEnv final : public cachecore::Env {
public:
    /// `seed` is that of random(). Undecided things are decided by `choose`.
    SimulatedEnv(SimulatedDisk disk, std::uint64_t seed, Choose choose);
    ~SimulatedEnv() override;

    using Look = std::function<void(const SimulatedDisk &disk, const DiskOperation &next)>;
    void setBeforeEach(Look look);
    /// Called before each operation too, where the machine can be used: what other threads do meanwhile.
    using Meanwhile = std::function<void(const DiskOperation &next)>;
    void setMeanwhile(Meanwhile meanwhile);
    /// Operations for which `applies` is true do nothing and fail with `errnoValue`: the one that `nth` others precede (0: the next) and all after it, `times` in
    /// all. What a failing sync was for is lost, as the system does.
    using Applies = std::function<bool(const DiskOperation &)>;
    void fail(Applies applies, std::uint64_t nth, int errnoValue, std::uint64_t times = 1);
    void clearFailures();

    /// Somebody else has every file from now on; nobody: empty.
    void setHolder(std::string holder);
    /// The operations that have failed because they were to.
    [[nodiscard]] std::vector<DiskOperation> failed() const;

    [[nodiscard]] std::vector<DiskOperation> log() const;
    /// A copy of the disk as it is.
    [[nodiscard]] SimulatedDisk disk() const;
    /// Calls `change` with the disk, as another program or the medium itself would change it.
    void meddle(const std::function<void(SimulatedDisk &)> &change);

    cachecore::Result<std::unique_ptr<cachecore::EnvFile>> open(const std::string &path,
                                                                cachecore::OpenMode mode) override;
    cachecore::Result<cachecore::FileStatus> status(const std::string &path) override;
    cachecore::Result<void> rename(const std::string &from, const std::string &to) override;
    cachecore::Result<void> renameUnlessTaken(const std::string &from, const std::string &to) override;
    cachecore::Result<void> remove(const std::string &path) override;
    cachecore::Result<void> syncDirectoryOf(const std::string &path) override;
    cachecore::Result<std::unique_ptr<cachecore::EnvFile>> openAnonymous() override;
    cachecore::Result<std::vector<std::string>> list(const std::string &directory) override;
    cachecore::Result<void> createDirectories(const std::string &path) override;
    cachecore::Result<std::string> realPath(const std::string &path) override;
    cachecore::Result<void> random(std::span<std::byte> into) override;
    std::int64_t realTimeNs() const override;
    std::chrono::steady_clock::time_point now() const override;

    class Machine;

private:
    const std::shared_ptr<Machine> m_machine; ///< shared with open files
};

} // namespace cachet_test
