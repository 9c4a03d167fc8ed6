// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/fuse/fault_rules.h"
#include "tests/support/spawned_program.h"
#include "tests/support/temp_dir.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cachet_test {

/// What the kernel keeps of the files of a FailingMount.
enum class Caching : std::uint8_t {
    Direct,    ///< nothing: every read and write is a request
    Cached,    ///< pages that were read and written; what is written is a request at once
    Writeback, ///< pages too, and it writes them later, at the latest when it is told to sync
};

/// A folder with an image "disk.img", on a file system of its own (FUSE) whose requests can be made to go wrong in another process, so that
/// the kernel's own part is the real one. Unmounted with this object, whatever is still open on it. Thread: one.
class FailingMount {
public:
    enum class Access : bool { ReadOnly, ReadWrite };
    FailingMount(Caching caching, std::span<const std::byte> image, Access access = Access::ReadWrite);
    ~FailingMount();
    FailingMount(const FailingMount &) = delete;
    FailingMount &operator=(const FailingMount &) = delete;

    /// Empty when it is mounted; else why it is not.
    [[nodiscard]] const std::string &whyNot() const { return m_whyNot; }
    [[nodiscard]] std::string path() const { return m_mountPoint.path(); }
    /// The image as it is seen through the file system.
    [[nodiscard]] std::string image() const { return m_mountPoint.file("disk.img"); }
    /// What the medium holds.
    [[nodiscard]] std::vector<std::byte> medium() const;
    /// Names on the medium, sorted.
    [[nodiscard]] std::vector<std::string> namesOnMedium() const;

    /// From now on requests go wrong like that, too. False when the file system did not take it.
    [[nodiscard]] bool add(const FaultRule &rule) const { return tell(lineOf(rule)); }
    /// No request goes wrong any more; those that hang go on hanging.
    [[nodiscard]] bool heal() const { return tell("clear"); }
    /// Those that hang go on.
    [[nodiscard]] bool release() const { return tell("release"); }
    /// Waits until `requests` hang.
    [[nodiscard]] bool awaitHanging(unsigned requests) const { return tell("await " + std::to_string(requests)); }
    /// Requests that went wrong so far.
    [[nodiscard]] std::uint64_t applied() const;

    /// The disk is gone, like one that is pulled out: what is open fails from now on, and the folder is empty.
    void unplug();
    /// The same medium again, at the same place. False when the mount is refused.
    [[nodiscard]] bool plugIn();

private:
    [[nodiscard]] bool tell(const std::string &line) const;

    const Caching m_caching;
    const Access m_access;
    TempDir m_backing;
    TempDir m_mountPoint;
    TempDir m_output;
    std::unique_ptr<SpawnedProgram> m_program; ///< null: not mounted
    std::string m_whyNot;
};

} // namespace cachet_test
