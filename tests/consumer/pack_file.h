// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cached_file.h"
#include "pack_index.h"

/// One object as it lies in a pack.
struct PackedObject {
    std::uint64_t offset = 0; ///< of its header
    unsigned kind = 0;        ///< 1 commit, 2 tree, 3 blob, 4 tag, 6 and 7 a delta on another object
    std::uint64_t size = 0;   ///< inflated, of the delta for a delta
    std::uint64_t base = 0;   ///< offset of what a delta is on
    std::uint64_t data = 0;   ///< offset of what is deflated
    std::uint64_t end = 0;    ///< offset behind it; set by inflating
};

/// An object put together.
struct WholeObject {
    std::string type;
    std::vector<std::byte> content;
    unsigned depth = 0; ///< of deltas
};

/// A git pack, version 2 (git's Documentation/gitformat-pack), read through the cache. Throws ReadError for what is not one.
class PackFile {
public:
    static constexpr std::uint64_t kFirstObject = 12;

    PackFile(const CachedFile &file, const PackIndex &index);

    [[nodiscard]] std::uint32_t count() const { return m_count; }
    /// Behind the last object.
    [[nodiscard]] std::uint64_t end() const { return m_file.size() - 20; }
    /// The object at `offset`, inflated into `content`.
    [[nodiscard]] PackedObject inflate(std::uint64_t offset, std::vector<std::byte> &content) const;
    /// The object at `offset` with all deltas applied; kept for those that build on it.
    [[nodiscard]] std::shared_ptr<const WholeObject> whole(std::uint64_t offset);
    /// CRC-32 of [begin, end) as it lies in the pack.
    [[nodiscard]] std::uint32_t checksum(std::uint64_t begin, std::uint64_t end) const;

private:
    [[nodiscard]] PackedObject headerAt(std::uint64_t offset) const;
    [[nodiscard]] std::uint64_t baseBefore(PackedObject &object) const;
    [[nodiscard]] std::uint64_t baseNamed(PackedObject &object) const;

    const CachedFile &m_file;
    const PackIndex &m_index;
    std::uint32_t m_count = 0;
    std::map<std::uint64_t, std::shared_ptr<const WholeObject>> m_known;
};
