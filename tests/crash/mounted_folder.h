// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/temp_dir.h"

#include <string>

namespace cachet_test {

/// A file system of its own, mounted as long as this object lives, where the system allows that.
class MountedFolder {
public:
    /// In memory, with room for `bytes`.
    [[nodiscard]] static MountedFolder inMemory(std::uint64_t bytes);
    /// What `device` holds.
    [[nodiscard]] static MountedFolder ofDevice(const std::string &device, const std::string &type);
    ~MountedFolder();
    MountedFolder(const MountedFolder &) = delete;
    MountedFolder &operator=(const MountedFolder &) = delete;

    /// Empty when it is mounted; else why it is not.
    [[nodiscard]] const std::string &whyNot() const { return m_whyNot; }
    [[nodiscard]] std::string path() const { return m_folder.path(); }
    [[nodiscard]] std::string file(const std::string &name) const { return m_folder.file(name); }
    /// Nothing can be written to it from now on. False when the system refuses.
    [[nodiscard]] bool makeReadOnly() const;
    /// Leaves no more than `bytes` of room, by a file named "filler". False when that does not work.
    [[nodiscard]] bool fillUpTo(std::uint64_t bytes) const;

private:
    MountedFolder(const std::string &device, const std::string &type, const std::string &options);

    TempDir m_folder;
    std::string m_whyNot;
};

} // namespace cachet_test
