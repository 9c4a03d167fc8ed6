// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/env.h"
#include "tests/crash/simulated_file.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cachet_test {

/// The names in one directory: what programs see, what is on the medium, and, after a power cut, what may be there.
///
/// Model: any subset of the changes since the last sync of the directory may have reached the medium, each of them whole (a rename
/// is atomic), in their order.
class SimulatedDirectory {
public:
    using Node = std::uint64_t;
    using Names = std::map<std::string, Node>;

    [[nodiscard]] const Names &names(const Choose &choose);
    void link(const std::string &name, Node node, const Choose &choose);
    void unlink(const std::string &name, const Choose &choose);
    void rename(const std::string &from, const std::string &to, const Choose &choose);
    void sync();
    void cutPower();
    [[nodiscard]] bool isDurable() const { return m_unsynced.empty() && m_undecided.empty(); }
    /// Every node some outcome names.
    [[nodiscard]] std::vector<Node> mayName() const;
    void addTo(Digest &digest) const;

private:
    struct Change {
        std::string removed; ///< a name that goes; empty: none
        std::string added;   ///< a name that comes; empty: none
        Node node = 0;       ///< what `added` names

        void applyTo(Names &names) const;
    };
    void change(Change change, const Choose &choose);

    Names m_live;
    Names m_medium;
    std::vector<Change> m_unsynced;
    std::vector<Names> m_undecided;
};

/// A whole disk: files and directories from "/" on, without links. Every function that looks at something undecided asks `choose`.
/// Errors are errno values, 0 for none. Thread: none of its own. A value; copies share sectors.
class SimulatedDisk {
public:
    using Node = SimulatedDirectory::Node;
    using Names = SimulatedDirectory::Names;

    SimulatedDisk();

    // --- what tests do to it ---------------------------------------------------------------------------------

    /// Makes a directory, and its parents, or a file, on the medium at once.
    void addDirectory(const std::string &path);
    void addFile(const std::string &path, std::span<const std::byte> bytes, std::uint32_t sectorSize,
                 TearRule tearRule = TearRule::Fixed);
    /// Sector size and tears of files made later.
    void setNewFiles(std::uint32_t sectorSize, TearRule tearRule);
    /// Files made later lie where the file removed last has lain, whose bytes may show there after a power cut.
    void setReusesSpace(bool reuses) { m_reusesSpace = reuses; }
    /// What is left when the power goes now: everything unsynced becomes undecided.
    void cutPower();
    /// True when a power cut changes nothing below `path`, a file or directory.
    [[nodiscard]] bool isDurable(const std::string &path, const Choose &choose);
    [[nodiscard]] cachecore::Hash128 digest() const;
    /// All bytes of the file at `path`; nothing when there is none.
    [[nodiscard]] std::optional<std::vector<std::byte>> bytes(const std::string &path, const Choose &choose);

    // --- what programs do to it ------------------------------------------------------------------------------

    [[nodiscard]] int find(const std::string &path, Node &node, const Choose &choose);
    [[nodiscard]] int create(const std::string &path, Node &node, const Choose &choose);
    [[nodiscard]] int makeDirectory(const std::string &path, const Choose &choose);
    [[nodiscard]] int rename(const std::string &from, const std::string &to, const Choose &choose);
    [[nodiscard]] int unlink(const std::string &path, const Choose &choose);
    [[nodiscard]] int syncDirectoryOf(const std::string &path, const Choose &choose);
    [[nodiscard]] int list(const std::string &path, Names &names, const Choose &choose);
    /// A file nobody can name.
    [[nodiscard]] Node createAnonymous();

    [[nodiscard]] bool isDirectory(Node node) const { return m_directories.contains(node); }
    /// The file; it stays as long as the disk, named or not.
    [[nodiscard]] SimulatedFile &file(Node node) { return m_files.at(node); }

private:
    [[nodiscard]] int findParent(const std::string &path, Node &parent, std::string &name, const Choose &choose);

    std::map<Node, SimulatedDirectory> m_directories;
    std::map<Node, SimulatedFile> m_files;
    Node m_nextNode = 1;
    std::uint32_t m_newSectorSize = 512;
    TearRule m_newTearRule = TearRule::Middle;
    bool m_reusesSpace = false;
    std::optional<Node> m_removedLast;
};

} // namespace cachet_test
