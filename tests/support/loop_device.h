// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace cachet_test {

/// A loop device over a file whose path has no character special to a shell, set up and taken down with it.
class LoopDevice {
public:
    enum class Access { ReadOnly, ReadWrite };

    /// `sector` is its logical block size in bytes.
    explicit LoopDevice(const std::string &file, Access access, unsigned sector = 512);
    ~LoopDevice();
    LoopDevice(const LoopDevice &) = delete;
    LoopDevice &operator=(const LoopDevice &) = delete;

    /// "/dev/loop3"; empty when this machine gives none.
    [[nodiscard]] const std::string &path() const { return m_path; }
    /// Why path() is empty.
    [[nodiscard]] const char *whyNot() const;

private:
    const std::string m_path;
};

/// The first line a shell command prints; empty when it fails.
[[nodiscard]] std::string outputOf(const std::string &command);

} // namespace cachet_test
