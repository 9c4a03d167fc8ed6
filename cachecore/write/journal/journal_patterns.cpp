// SPDX-License-Identifier: MIT
#include "cachecore/write/journal/journal_patterns.h"

namespace cachecore::journal {

std::optional<std::uint32_t> PatternTable::find(const SharedBytes &bytes)
{
    if (m_lastFound && m_patterns[*m_lastFound] == bytes)
        return m_lastFound;
    const auto found = m_byHash.find(hash128(*bytes)[0]);
    if (found == m_byHash.end() || *m_patterns[found->second] != *bytes)
        return std::nullopt;
    m_lastFound = found->second;
    return m_lastFound;
}

bool PatternTable::hasRoomFor(std::uint64_t length) const
{
    return m_patterns.size() < kJournalMostPatterns && length <= kJournalMostPatternBytes - m_totalBytes;
}

std::uint32_t PatternTable::add(const SharedBytes &bytes)
{
    const auto number = static_cast<std::uint32_t>(m_patterns.size());
    m_patterns.push_back(bytes);
    m_byHash.try_emplace(hash128(*bytes)[0], number);
    m_totalBytes += bytes->size();
    m_lastFound = number;
    return number;
}

} // namespace cachecore::journal
