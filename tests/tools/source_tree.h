// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cachet_test {

/// The project's own root, where the tests were built from.
[[nodiscard]] std::filesystem::path projectRoot();

/// Every file people wrote under the folders of the house and at its root, relative to `root`, sorted: what lies in
/// tests/data and in build folders is left out. Blocking.
[[nodiscard]] std::vector<std::filesystem::path> sourceFiles(const std::filesystem::path &root);

/// The lines of a file without their ends; none when it cannot be read. Blocking.
[[nodiscard]] std::vector<std::string> linesOf(const std::filesystem::path &file);

} // namespace cachet_test
