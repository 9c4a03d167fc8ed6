// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/include_rules.h"

#include "tests/tools/source_tree.h"

#include <map>
#include <regex>

namespace cachet_test {

namespace fs = std::filesystem;

namespace {

/// The first `count` folders of `path`, none of its file name: ("ui/docks/x.h", 2) -> "ui/docks".
std::string folder(const std::string &path, int count)
{
    std::size_t end = 0;
    for (int i = 0; i < count; ++i) {
        const std::size_t slash = path.find('/', end == 0 ? 0 : end + 1);
        if (slash == std::string::npos)
            break;
        end = slash;
    }
    return path.substr(0, end);
}

/// Higher may include lower, and its own folder.
std::optional<int> rank(const std::string &part)
{
    static const std::map<std::string, int> kRanks = {
        {"cachecore/base", 0},
        {"cachecore/source", 1},
        {"cachecore/cache", 2},
        {"cachecore/edit", 3},
        {"cachecore/write", 4},
        {"cachecore/scan", 4},
        {"cachecore", 5},
        {"ui", 6},
        {"app", 7},
        {"tests", 8},
    };
    const auto found = kRanks.find(part);
    return found == kRanks.end() ? std::nullopt : std::optional(found->second);
}

/// The part of the house a file belongs to: an engine folder, or a folder of the root.
std::string partOf(const std::string &path)
{
    const std::string top = folder(path, 1);
    return top == "cachecore" ? folder(path, 2) : top;
}

bool isQt(const std::string &header)
{
    static const std::regex kQt("(Qt?[A-Z].*|q[a-z0-9_]+\\.h|private/q.*)");
    return std::regex_match(header, kQt);
}

/// Whether a quoted name is a file: of the project by its root, or of the project that tests/consumer is for itself.
bool isFileOf(const fs::path &root, const Include &include)
{
    const std::string ownRoot = "tests/consumer/";
    return fs::is_regular_file(root / (include.file.starts_with(ownRoot) ? ownRoot + include.target : include.target));
}

} // namespace

std::optional<Include> parseInclude(const std::string &file, std::string_view line)
{
    static const std::regex kInclude(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
    std::match_results<std::string_view::const_iterator> match;
    if (!std::regex_search(line.begin(), line.end(), match, kInclude))
        return std::nullopt;
    return Include{file, match[2].str(), match[1].str() == "<"};
}

std::optional<std::string> whyForbidden(const Include &include)
{
    const std::string from = partOf(include.file);
    const std::string to = partOf(include.target);
    if (from.starts_with("cachecore") && isQt(include.target))
        return "the engine knows no Qt: " + include.target;
    const std::optional<int> fromRank = rank(from);
    if (!fromRank)
        return "the rules know no folder " + from;
    const std::optional<int> toRank = rank(to);
    if (!toRank) {
        if (to.starts_with("cachecore/"))
            return "the rules know no folder " + to;
        return std::nullopt; // a header from outside
    }
    if (to != from && *toRank >= *fromRank)
        return from + " must not include " + to + ": " + include.target;
    if (folder(include.file, 2) == "ui/docks" && folder(include.target, 2) == "ui/docks"
        && fs::path(include.file).stem() != fs::path(include.target).stem())
        return "a dock must not include another: " + include.target;
    return std::nullopt;
}

std::vector<std::string> forbiddenIncludes(const fs::path &root)
{
    std::vector<std::string> found;
    for (const fs::path &file : sourceFiles(root)) {
        if (file.extension() != ".h" && file.extension() != ".cpp")
            continue;
        int number = 0;
        for (const std::string &line : linesOf(root / file)) {
            ++number;
            const auto include = parseInclude(file.generic_string(), line);
            if (!include)
                continue;
            auto why = whyForbidden(*include);
            const bool generated = include->target.ends_with(".moc");
            if (!why && !include->angled && !generated && !isFileOf(root, *include))
                why = "no file of the project by its root: " + include->target;
            if (why)
                found.push_back(file.generic_string() + ":" + std::to_string(number) + ": " + *why);
        }
    }
    return found;
}

} // namespace cachet_test
