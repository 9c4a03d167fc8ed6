// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cachet_test {

/// One `#include` line.
struct Include {
    std::string file;   ///< the file it stands in, from the project's root
    std::string target; ///< what it names
    bool angled = false;
};

/// What an `#include` line names; nothing for any other line.
[[nodiscard]] std::optional<Include> parseInclude(const std::string &file, std::string_view line);

/// Why `include` points where it must not, in words; nothing when it may. The rules: app -> ui -> cachecore; tests are
/// included by tests only; in the engine base < source < cache < edit < write, scan < what lies in cachecore itself,
/// write and scan apart from each other, and no Qt; a dock includes no other dock.
[[nodiscard]] std::optional<std::string> whyForbidden(const Include &include);

/// Every line of the sources under `root` that breaks a rule, as "file:line: why", among them quoted names that are no
/// file of the project by its root. Blocking.
[[nodiscard]] std::vector<std::string> forbiddenIncludes(const std::filesystem::path &root);

} // namespace cachet_test
