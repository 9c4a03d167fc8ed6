// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/simulated_disk.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

namespace cachet_test {

using namespace cachecore;

namespace {

/// Most unsynced changes of one directory whose subsets are told apart.
constexpr std::size_t kMostChanges = 12;

std::size_t neverAsked(std::size_t)
{
    return 0;
}

std::vector<std::string> partsOf(const std::string &path)
{
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (begin < path.size()) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        if (end > begin)
            parts.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

void addNames(Digest &digest, const SimulatedDirectory::Names &names)
{
    digest.add(names.size());
    for (const auto &[name, node] : names) {
        digest.add(hash128(std::as_bytes(std::span(name))));
        digest.add(node);
    }
}

} // namespace

void SimulatedDirectory::Change::applyTo(Names &names) const
{
    if (!removed.empty())
        names.erase(removed);
    if (!added.empty())
        names.insert_or_assign(added, node);
}

const SimulatedDirectory::Names &SimulatedDirectory::names(const Choose &choose)
{
    if (!m_undecided.empty()) {
        m_live = m_undecided[choose(m_undecided.size())];
        m_medium = m_live;
        m_undecided.clear();
    }
    return m_live;
}

void SimulatedDirectory::change(Change change, const Choose &choose)
{
    (void)names(choose);
    change.applyTo(m_live);
    m_unsynced.push_back(std::move(change));
}

void SimulatedDirectory::link(const std::string &name, Node node, const Choose &choose)
{
    change({{}, name, node}, choose);
}

void SimulatedDirectory::unlink(const std::string &name, const Choose &choose)
{
    change({name, {}, 0}, choose);
}

void SimulatedDirectory::rename(const std::string &from, const std::string &to, const Choose &choose)
{
    const Node node = names(choose).at(from);
    change({from, to, node}, choose);
}

void SimulatedDirectory::sync()
{
    m_unsynced.clear();
    m_medium = m_live;
}

void SimulatedDirectory::cutPower()
{
    if (m_unsynced.size() > kMostChanges)
        std::abort(); // a test that makes so many names syncs too seldom to be exhausted
    std::set<Names> outcomes;
    for (std::size_t subset = 0; subset >> m_unsynced.size() == 0 && !m_unsynced.empty(); ++subset) {
        Names names = m_medium;
        for (std::size_t i = 0; i < m_unsynced.size(); ++i) {
            if ((subset >> i & 1U) != 0)
                m_unsynced[i].applyTo(names);
        }
        outcomes.insert(std::move(names));
    }
    if (outcomes.size() > 1)
        m_undecided.assign(outcomes.begin(), outcomes.end());
    m_unsynced.clear();
    m_live = m_medium;
}

std::vector<SimulatedDirectory::Node> SimulatedDirectory::mayName() const
{
    std::vector<Node> nodes;
    for (const auto &[name, node] : m_live)
        nodes.push_back(node);
    for (const Names &names : m_undecided) {
        for (const auto &[name, node] : names)
            nodes.push_back(node);
    }
    return nodes;
}

void SimulatedDirectory::addTo(Digest &digest) const
{
    addNames(digest, m_live);
    addNames(digest, m_medium);
    digest.add(m_unsynced.size());
    digest.add(m_undecided.size());
    for (const Names &names : m_undecided)
        addNames(digest, names);
}

SimulatedDisk::SimulatedDisk()
{
    m_directories.emplace(m_nextNode++, SimulatedDirectory());
}

void SimulatedDisk::addDirectory(const std::string &path)
{
    std::string made;
    for (const std::string &part : partsOf(path)) {
        made += "/" + part;
        if (makeDirectory(made, neverAsked) == 0)
            (void)syncDirectoryOf(made, neverAsked);
    }
}

void SimulatedDisk::addFile(const std::string &path, std::span<const std::byte> bytes, std::uint32_t sectorSize,
                            TearRule tearRule)
{
    Node node = 0;
    if (create(path, node, neverAsked) != 0 || syncDirectoryOf(path, neverAsked) != 0)
        std::abort();
    SimulatedFile made(sectorSize, tearRule);
    made.write(0, bytes, neverAsked);
    made.sync();
    m_files.insert_or_assign(node, std::move(made));
}

void SimulatedDisk::setNewFiles(std::uint32_t sectorSize, TearRule tearRule)
{
    m_newSectorSize = sectorSize;
    m_newTearRule = tearRule;
}

// What no name can lead to any more is forgotten, so that it does not tell equal disks apart.
void SimulatedDisk::cutPower()
{
    std::set<Node> named{1};
    for (auto &[node, directory] : m_directories) {
        directory.cutPower();
        for (const Node child : directory.mayName())
            named.insert(child);
    }
    std::erase_if(m_files, [&](const auto &entry) { return !named.contains(entry.first); });
    std::erase_if(m_directories, [&](const auto &entry) { return !named.contains(entry.first); });
    for (auto &[node, file] : m_files)
        file.cutPower();
}

bool SimulatedDisk::isDurable(const std::string &path, const Choose &choose)
{
    Node node = 0;
    if (find(path, node, choose) != 0)
        return true;
    const auto directory = m_directories.find(node);
    return directory != m_directories.end() ? directory->second.isDurable() : m_files.at(node).isDurable();
}

Hash128 SimulatedDisk::digest() const
{
    Digest digest;
    for (const auto &[node, directory] : m_directories) {
        digest.add(node);
        directory.addTo(digest);
    }
    for (const auto &[node, file] : m_files) {
        digest.add(node);
        file.addTo(digest);
    }
    return digest.value();
}

std::optional<std::vector<std::byte>> SimulatedDisk::bytes(const std::string &path, const Choose &choose)
{
    Node node = 0;
    if (find(path, node, choose) != 0 || isDirectory(node))
        return std::nullopt;
    return m_files.at(node).bytes(choose);
}

int SimulatedDisk::find(const std::string &path, Node &node, const Choose &choose)
{
    node = 1;
    for (const std::string &part : partsOf(path)) {
        const auto directory = m_directories.find(node);
        if (directory == m_directories.end())
            return ENOTDIR;
        const Names &names = directory->second.names(choose);
        const auto found = names.find(part);
        if (found == names.end())
            return ENOENT;
        node = found->second;
    }
    return 0;
}

int SimulatedDisk::findParent(const std::string &path, Node &parent, std::string &name, const Choose &choose)
{
    const std::vector<std::string> parts = partsOf(path);
    if (parts.empty())
        return EINVAL;
    name = parts.back();
    const std::size_t slash = path.rfind('/');
    const int error = find(slash == std::string::npos ? std::string() : path.substr(0, slash), parent, choose);
    return error != 0 || m_directories.contains(parent) ? error : ENOTDIR;
}

int SimulatedDisk::create(const std::string &path, Node &node, const Choose &choose)
{
    Node parent = 0;
    std::string name;
    if (const int error = findParent(path, parent, name, choose))
        return error;
    SimulatedDirectory &directory = m_directories.at(parent);
    if (directory.names(choose).contains(name))
        return EEXIST;
    node = createAnonymous();
    if (m_reusesSpace && m_removedLast && m_files.contains(*m_removedLast))
        m_files.at(node).setStale(m_files.at(*m_removedLast));
    directory.link(name, node, choose);
    return 0;
}

SimulatedDisk::Node SimulatedDisk::createAnonymous()
{
    m_files.emplace(m_nextNode, SimulatedFile(m_newSectorSize, m_newTearRule));
    return m_nextNode++;
}

int SimulatedDisk::makeDirectory(const std::string &path, const Choose &choose)
{
    Node parent = 0;
    std::string name;
    if (const int error = findParent(path, parent, name, choose))
        return error;
    SimulatedDirectory &directory = m_directories.at(parent);
    if (directory.names(choose).contains(name))
        return EEXIST;
    directory.link(name, m_nextNode, choose);
    m_directories.emplace(m_nextNode++, SimulatedDirectory());
    return 0;
}

int SimulatedDisk::rename(const std::string &from, const std::string &to, const Choose &choose)
{
    Node fromParent = 0;
    Node toParent = 0;
    std::string fromName;
    std::string toName;
    if (const int error = findParent(from, fromParent, fromName, choose))
        return error;
    if (const int error = findParent(to, toParent, toName, choose))
        return error;
    if (fromParent != toParent)
        return EXDEV;
    SimulatedDirectory &directory = m_directories.at(fromParent);
    if (!directory.names(choose).contains(fromName))
        return ENOENT;
    directory.rename(fromName, toName, choose);
    return 0;
}

int SimulatedDisk::unlink(const std::string &path, const Choose &choose)
{
    Node parent = 0;
    std::string name;
    if (const int error = findParent(path, parent, name, choose))
        return error;
    SimulatedDirectory &directory = m_directories.at(parent);
    const auto found = directory.names(choose).find(name);
    if (found == directory.names(choose).end())
        return ENOENT;
    if (m_directories.contains(found->second))
        return EISDIR;
    m_removedLast = found->second;
    directory.unlink(name, choose);
    return 0;
}

int SimulatedDisk::syncDirectoryOf(const std::string &path, const Choose &choose)
{
    Node parent = 0;
    std::string name;
    if (const int error = findParent(path, parent, name, choose))
        return error;
    SimulatedDirectory &directory = m_directories.at(parent);
    (void)directory.names(choose);
    directory.sync();
    return 0;
}

int SimulatedDisk::list(const std::string &path, Names &names, const Choose &choose)
{
    Node node = 0;
    if (const int error = find(path, node, choose))
        return error;
    const auto directory = m_directories.find(node);
    if (directory == m_directories.end())
        return ENOTDIR;
    names = directory->second.names(choose);
    return 0;
}

} // namespace cachet_test
