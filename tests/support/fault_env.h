// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/env.h"
#include "tests/support/fault_plan.h"

#include <functional>

namespace cachet_test {

/// The operations of an Env and its files, as FaultEnv counts them.
enum class EnvOp : std::uint8_t {
    Open,
    Status, ///< Env::status
    Rename,
    Remove,
    SyncDirectory,
    Read,
    Write,
    DataSync,
    Sync,
    Truncate,
    SetMode,
    FileStatus, ///< EnvFile::status
    DeviceSize,
    DeviceBlockSize,
    NextData,
    PhysicalBlockSize,
    Reserve,
    DropCached,
    Lock,
    OtherHolder,
    DirectAlignment,
    ReadDirect,
    Map,
    ReadMapped,
    LetGo,
    OpenAnonymous,
    List,
    CreateDirectories,
    RealPath,
    Random,
    Count_,
};

/// An Env over another one (the system's when none is given) that can fail, shorten, interrupt, delay or hang any
/// operation, and counts them. Files opened through it share its plan and may outlive it.
/// Thread: any; set it up before or while it is used.
class FaultEnv final : public cachecore::Env {
public:
    explicit FaultEnv(std::shared_ptr<cachecore::Env> inner = cachecore::systemEnv());
    ~FaultEnv() override;

    /// Operation number `nth` of that kind from now on (0: the next) fails with `errnoValue`, before it does anything.
    void fail(EnvOp op, std::uint64_t nth, int errnoValue, Repeat repeat = Repeat::Once);
    /// The same for operation number `nth` of any kind.
    void failAny(std::uint64_t nth, int errnoValue, Repeat repeat = Repeat::Once);
    void clearFailures();
    void setDelay(EnvOp op, std::chrono::milliseconds delay);
    void setGate(EnvOp op, std::shared_ptr<Gate> gate);
    /// Each read and write transfers at most that many bytes; 0 for no bound. Direct reads keep to whole 512 bytes, as a device does.
    void limitTransfers(std::size_t bytes);
    /// From now on writes do nothing and return 0, as no healthy file does.
    void stopWriting(bool stopped);
    /// Every `every`th read or write returns EINTR instead; 0 for none, 2 for each second.
    void interruptTransfers(unsigned every);
    /// Called at the start of each operation, before it counts; for changing the world between two steps.
    void setHook(std::function<void(EnvOp)> hook);
    /// What File::status and Env::status report is passed through `change` first; for devices and sizes no test has.
    void setStatusFilter(std::function<void(cachecore::FileStatus &)> change);
    /// Files say they take direct reads so, whatever the system says; direct reads that are not aligned so fail with EINVAL.
    void setDirectAlignment(cachecore::DirectAlignment alignment);
    /// From now on files do not say how they take direct reads, as on older systems.
    void hideDirectAlignment(bool hidden);

    [[nodiscard]] std::uint64_t count(EnvOp op) const;
    [[nodiscard]] std::uint64_t total() const;
    void resetCounts();

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

    struct State;

private:
    const std::shared_ptr<cachecore::Env> m_inner;
    const std::shared_ptr<State> m_state;
};

} // namespace cachet_test
