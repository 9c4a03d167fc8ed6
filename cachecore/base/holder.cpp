// SPDX-License-Identifier: MIT
#include "cachecore/base/holder.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include <dirent.h>
#include <sys/sysmacros.h>

namespace cachecore {

namespace {

constexpr const char *kUnknown = "another program";

std::vector<std::string> linesOf(const std::string &path)
{
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
        lines.push_back(line);
    return lines;
}

/// The first line of a file; empty when there is none.
std::string lineOf(const std::string &path)
{
    std::string line;
    std::ifstream file(path);
    std::getline(file, line);
    return line;
}

/// The names in a directory, sorted; none when it cannot be read. Not by std::filesystem, whose iterators end the program when memory runs out.
std::vector<std::string> namesIn(const std::string &directory)
{
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR *)> stream(::opendir(directory.c_str()), ::closedir);
    while (const struct dirent *const entry = stream ? ::readdir(stream.get()) : nullptr) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..")
            names.emplace_back(name);
    }
    std::ranges::sort(names);
    return names;
}

std::optional<long> numberIn(std::string_view text)
{
    long number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

/// Undoes the escapes of mountinfo and swaps: a backslash and three octal digits.
std::string unescaped(std::string_view text)
{
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const bool escape = text[i] == '\\' && i + 3 < text.size()
            && std::from_chars(text.data() + i + 1, text.data() + i + 4, value, 8).ptr == text.data() + i + 4;
        plain += escape ? static_cast<char>(value) : text[i];
        i += escape ? 3 : 0;
    }
    return plain;
}

std::vector<std::string> wordsOf(const std::string &line)
{
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        words.push_back(word);
    return words;
}

/// "major:minor" as sysfs and mountinfo write it.
std::string numberOf(dev_t device)
{
    return std::to_string(major(device)) + ':' + std::to_string(minor(device));
}

/// "major:minor" as the table of locks writes it: in hexadecimal, two digits at least.
std::string hexadecimalNumberOf(dev_t device)
{
    const auto two = [](unsigned value) {
        std::string digits(8, '0');
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
        digits.resize(static_cast<std::size_t>(end - digits.data()));
        return digits.size() < 2 ? '0' + digits : digits;
    };
    return two(major(device)) + ':' + two(minor(device));
}

bool isNodeOf(const std::string &path, dev_t device)
{
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 && S_ISBLK(found.st_mode) && found.st_rdev == device;
}

bool isSameFile(const std::string &path, const struct stat &file)
{
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0)
        return false;
    if (S_ISBLK(file.st_mode))
        return S_ISBLK(found.st_mode) && found.st_rdev == file.st_rdev;
    return found.st_dev == file.st_dev && found.st_ino == file.st_ino;
}

std::optional<dev_t> deviceIn(const std::string &text)
{
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos)
        return std::nullopt;
    const auto first = numberIn(std::string_view(text).substr(0, colon));
    const auto second = numberIn(std::string_view(text).substr(colon + 1));
    if (!first || !second)
        return std::nullopt;
    return makedev(static_cast<unsigned>(*first), static_cast<unsigned>(*second));
}

/// A device, its partitions, and the disk it is a partition of: a claim on one refuses the others.
std::vector<dev_t> relatedDevices(const std::string &sys, dev_t device)
{
    std::vector<dev_t> devices{device};
    const std::string directory = sys + "/dev/block/" + numberOf(device);
    const auto add = [&](const std::string &entry) {
        if (const auto found = deviceIn(lineOf(entry + "/dev")))
            devices.push_back(*found);
    };
    for (const std::string &name : namesIn(directory)) {
        std::error_code error;
        if (std::filesystem::exists(directory + '/' + name + "/partition", error))
            add(directory + '/' + name);
    }
    std::error_code error;
    if (std::filesystem::exists(directory + "/partition", error))
        add(directory + "/..");
    return devices;
}

} // namespace

HolderFinder::HolderFinder(std::string proc, std::string sys)
    : m_proc(std::move(proc))
    , m_sys(std::move(sys))
{
}

std::string HolderFinder::process(long id) const
{
    const std::string name = lineOf(m_proc + '/' + std::to_string(id) + "/comm");
    const std::string number = "process " + std::to_string(id);
    return name.empty() ? number : name + " (" + number + ')';
}

std::string HolderFinder::ofLock(const struct stat &file) const
{
    auto holder = inLockTable(file);
    if (!holder)
        holder = amongLockers(file);
    return holder.value_or(kUnknown);
}

// "1: FLOCK  ADVISORY  WRITE 123 fe:00:456 0 EOF"; one who waits for a lock has "->" after the number. Locks that belong to an open file have
// no process there (-1), and file systems with several devices under one name have another device there.
std::optional<std::string> HolderFinder::inLockTable(const struct stat &file) const
{
    const std::string wanted = hexadecimalNumberOf(file.st_dev) + ':' + std::to_string(file.st_ino);
    for (const std::string &line : linesOf(m_proc + "/locks")) {
        const auto words = wordsOf(line);
        if (words.size() < 6 || words[1] == "->" || words[5] != wanted)
            continue;
        const auto id = numberIn(words[4]);
        std::error_code error;
        if (id && *id > 0 && std::filesystem::exists(m_proc + '/' + words[4], error))
            return process(*id);
    }
    return std::nullopt;
}

// Each open file of a process shows the locks it has: the way to whom the table does not name.
std::optional<std::string> HolderFinder::amongLockers(const struct stat &file) const
{
    for (const std::string &name : namesIn(m_proc)) {
        const auto id = numberIn(name);
        if (!id)
            continue;
        const std::string directory = m_proc + '/' + name;
        for (const std::string &descriptor : namesIn(directory + "/fd")) {
            if (!isSameFile(directory + "/fd/" + descriptor, file))
                continue;
            const auto lines = linesOf(directory + "/fdinfo/" + descriptor);
            if (std::ranges::any_of(lines, [](const std::string &line) { return line.starts_with("lock:"); }))
                return process(*id);
        }
    }
    return std::nullopt;
}

std::optional<std::string> HolderFinder::loopDeviceOver(const struct stat &file) const
{
    for (const std::string &name : namesIn(m_sys + "/block")) {
        if (!name.starts_with("loop"))
            continue;
        const std::string backing = lineOf(m_sys + "/block/" + name + "/loop/backing_file");
        if (!backing.empty() && isSameFile(backing, file))
            return "loop device /dev/" + name;
    }
    return std::nullopt;
}

std::string HolderFinder::ofDevice(dev_t device) const
{
    const auto devices = relatedDevices(m_sys, device);
    for (const auto look :
         {&HolderFinder::mountOf, &HolderFinder::swapOn, &HolderFinder::builtOn, &HolderFinder::openedBy}) {
        for (const dev_t one : devices) {
            if (auto holder = (this->*look)(one))
                return std::move(*holder);
        }
    }
    return kUnknown;
}

// "36 35 98:0 /root /mount/point options [tags] - type source options"
std::optional<std::string> HolderFinder::mountOf(dev_t device) const
{
    for (const std::string &line : linesOf(m_proc + "/self/mountinfo")) {
        const auto words = wordsOf(line);
        const auto dash = std::ranges::find(words, "-");
        if (words.size() < 5 || words.end() - dash < 3)
            continue;
        // A file system over several devices has a number of its own; its source is one of them.
        if (words[2] == numberOf(device) || isNodeOf(unescaped(dash[2]), device))
            return "the file system mounted at " + unescaped(words[4]);
    }
    return std::nullopt;
}

std::optional<std::string> HolderFinder::swapOn(dev_t device) const
{
    for (const std::string &line : linesOf(m_proc + "/swaps")) {
        const auto words = wordsOf(line);
        if (words.empty() || words[0].front() != '/')
            continue;
        const std::string path = unescaped(words[0]);
        if (isNodeOf(path, device))
            return "swap space on " + path;
    }
    return std::nullopt;
}

std::optional<std::string> HolderFinder::builtOn(dev_t device) const
{
    for (const std::string &name : namesIn(m_sys + "/dev/block/" + numberOf(device) + "/holders")) {
        const std::string called = lineOf(m_sys + "/block/" + name + "/dm/name");
        return "device /dev/" + name + (called.empty() ? "" : " (" + called + ')');
    }
    return std::nullopt;
}

std::optional<std::string> HolderFinder::openedBy(dev_t device) const
{
    for (const std::string &name : namesIn(m_proc)) {
        const auto id = numberIn(name);
        if (!id)
            continue;
        const std::string directory = m_proc + '/' + name + "/fd";
        for (const std::string &descriptor : namesIn(directory)) {
            if (isNodeOf(directory + '/' + descriptor, device))
                return process(*id);
        }
    }
    return std::nullopt;
}

} // namespace cachecore
