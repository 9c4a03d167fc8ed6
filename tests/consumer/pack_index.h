// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "cached_file.h"

/// The name of an object: its SHA-1.
using ObjectName = std::array<std::byte, 20>;

/// The index of a git pack, version 2 (git's Documentation/gitformat-pack): a table of 256 counts by first byte, then names in order, their CRC-32s and offsets.
class PackIndex {
public:
    explicit PackIndex(const CachedFile &file);

    [[nodiscard]] std::uint32_t count() const { return m_count; }
    /// Where in the pack the object lies; binary search.
    [[nodiscard]] std::optional<std::uint64_t> offsetOf(const ObjectName &name) const;

private:
    [[nodiscard]] std::uint32_t fanOut(unsigned firstByte) const;
    [[nodiscard]] ObjectName nameAt(std::uint32_t position) const;
    [[nodiscard]] std::uint64_t offsetAt(std::uint32_t position) const;

    const CachedFile &m_file;
    std::uint32_t m_count = 0;
};
