// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include <sys/stat.h>

namespace cachecore {

/// Finds out who holds a file or a device, from what the system shows of itself. Everything here is for telling: what cannot be read
/// counts as not there, and the answer may be outdated the moment it is given. Names are bytes.
/// Thread: any. Every function blocks.
class HolderFinder {
public:
    /// The places of the system's own views of itself; others for tests.
    explicit HolderFinder(std::string proc = "/proc", std::string sys = "/sys");

    /// "name (process 123)", or "process 123" when its name is not shown.
    [[nodiscard]] std::string process(long id) const;
    /// The program that has a lock on the file, of whatever kind; "another program" when no more is known. Of process `besides` the locks do not count.
    [[nodiscard]] std::string ofLock(const struct stat &file, std::optional<long> besides = {}) const;
    /// The loop device whose bytes are this file's or block device's: "loop device /dev/loop3". Nothing when there is none.
    [[nodiscard]] std::optional<std::string> loopDeviceOver(const struct stat &file) const;
    /// Who claimed the block device with this number, one of its partitions or the disk it is part of: a file system, swap, a
    /// device built on it, a program; "another program" when no more is known.
    [[nodiscard]] std::string ofDevice(dev_t device) const;

private:
    [[nodiscard]] std::optional<std::string> inLockTable(const struct stat &file, std::optional<long> besides) const;
    [[nodiscard]] std::optional<std::string> amongLockers(const struct stat &file, std::optional<long> besides) const;
    [[nodiscard]] std::optional<std::string> mountOf(dev_t device) const;
    [[nodiscard]] std::optional<std::string> swapOn(dev_t device) const;
    [[nodiscard]] std::optional<std::string> builtOn(dev_t device) const;
    [[nodiscard]] std::optional<std::string> openedBy(dev_t device) const;

    const std::string m_proc;
    const std::string m_sys;
};

} // namespace cachecore
