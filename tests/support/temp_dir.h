// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cachet_test {

/// A directory of its own that goes, with all in it, at the end. Names are bytes. Aborts the test program when the
/// system refuses, since no test can mean anything then.
class TempDir {
public:
    /// Under $TMPDIR, else /tmp; or under `parent` when given.
    explicit TempDir(const std::string &parent = {});
    ~TempDir();
    TempDir(const TempDir &) = delete;
    TempDir &operator=(const TempDir &) = delete;

    [[nodiscard]] const std::string &path() const { return m_path; }
    /// The path of `name` inside; nothing is made.
    [[nodiscard]] std::string file(std::string_view name) const;
    /// Makes (or replaces) a file with these bytes and returns its path.
    std::string write(std::string_view name, std::span<const std::byte> bytes) const;
    /// Makes a file of `size` bytes that are all hole; false when the file system refuses that size.
    [[nodiscard]] bool writeSparse(std::string_view name, std::uint64_t size) const;

private:
    std::string m_path;
};

/// All bytes of a file.
[[nodiscard]] std::vector<std::byte> readFile(const std::string &path);
/// `size` bytes that differ from place to place and from `salt` to `salt`, always the same for the same arguments.
[[nodiscard]] std::vector<std::byte> patternBytes(std::size_t size, std::uint64_t salt = 0);

} // namespace cachet_test
