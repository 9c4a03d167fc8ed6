// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/piece.h"
#include "cachecore/write/journal/journal_format.h"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace cachecore::journal {

/// The patterns that a journal being written holds, so that each is written once however often it is staged.
class PatternTable {
public:
    /// The number of the pattern with these bytes, if it is there.
    [[nodiscard]] std::optional<std::uint32_t> find(const SharedBytes &bytes);
    /// True when a pattern of that length may be added.
    [[nodiscard]] bool hasRoomFor(std::uint64_t length) const;
    /// Adds a pattern that is not there, and returns its number.
    std::uint32_t add(const SharedBytes &bytes);

private:
    std::vector<SharedBytes> m_patterns;
    std::unordered_map<std::uint64_t, std::uint32_t>
        m_byHash; ///< the first with that hash; should another one have the same, it is never found
    std::uint64_t m_totalBytes = 0;
    std::optional<std::uint32_t> m_lastFound;
};

} // namespace cachecore::journal
