// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/source_tree.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace cachet_test {

namespace fs = std::filesystem;

fs::path projectRoot()
{
    return CACHET_SOURCE_DIR;
}

std::vector<fs::path> sourceFiles(const fs::path &root)
{
    static constexpr std::array kFolders = {"app", "cachecore", "ui", "tests", "resources"};
    std::vector<fs::path> files;
    for (const auto &entry : fs::directory_iterator(root)) {
        if (entry.is_regular_file())
            files.push_back(entry.path().lexically_relative(root));
    }
    for (const char *folder : kFolders) {
        if (!fs::is_directory(root / folder))
            continue;
        for (auto at = fs::recursive_directory_iterator(root / folder); at != fs::recursive_directory_iterator();
             ++at) {
            const fs::path name = at->path().lexically_relative(root);
            if (at->is_directory() && (name == "tests/data" || name.filename() == "build"))
                at.disable_recursion_pending();
            else if (at->is_regular_file())
                files.push_back(name);
        }
    }
    std::ranges::sort(files);
    return files;
}

std::vector<std::string> linesOf(const fs::path &file)
{
    std::ifstream stream(file, std::ios::binary);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);)
        lines.push_back(std::move(line));
    return lines;
}

} // namespace cachet_test
