// SPDX-License-Identifier: GPL-3.0-or-later
#include "pack_index.h"

#include <algorithm>

namespace {

constexpr std::uint32_t kMagic = 0xff744f63;
constexpr std::uint64_t kFanOut = 8;
constexpr std::uint64_t kNames = kFanOut + 256 * 4;
constexpr std::uint32_t kFarAway = 0x80000000; // the offset has 64 bits and stands in a table of its own

} // namespace

PackIndex::PackIndex(const CachedFile &file)
    : m_file(file)
{
    if (m_file.value<std::uint32_t>(0, std::endian::big) != kMagic
        || m_file.value<std::uint32_t>(4, std::endian::big) != 2)
        throw ReadError("not an index of version 2");
    m_count = fanOut(255);
    if (m_file.size() < kNames + std::uint64_t{m_count} * 28 + 40)
        throw ReadError("the index ends too early");
}

std::uint32_t PackIndex::fanOut(unsigned firstByte) const
{
    return m_file.value<std::uint32_t>(kFanOut + firstByte * 4, std::endian::big);
}

ObjectName PackIndex::nameAt(std::uint32_t position) const
{
    ObjectName name{};
    std::ranges::copy(m_file.bytes(kNames + std::uint64_t{position} * name.size(), name.size()), name.begin());
    return name;
}

std::uint64_t PackIndex::offsetAt(std::uint32_t position) const
{
    const std::uint64_t offsets = kNames + std::uint64_t{m_count} * 24;
    const auto offset = m_file.value<std::uint32_t>(offsets + std::uint64_t{position} * 4, std::endian::big);
    if ((offset & kFarAway) == 0)
        return offset;
    return m_file.value<std::uint64_t>(offsets + std::uint64_t{m_count} * 4 + std::uint64_t{offset & ~kFarAway} * 8,
                                       std::endian::big);
}

std::optional<std::uint64_t> PackIndex::offsetOf(const ObjectName &name) const
{
    const auto first = static_cast<unsigned>(name.front());
    std::uint32_t low = first == 0 ? 0 : fanOut(first - 1);
    std::uint32_t high = std::min(fanOut(first), m_count);
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        const ObjectName found = nameAt(middle);
        if (found == name)
            return offsetAt(middle);
        if (found < name)
            low = middle + 1;
        else
            high = middle;
    }
    return std::nullopt;
}
