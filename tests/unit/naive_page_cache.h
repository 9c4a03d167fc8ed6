// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/cache/page.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace cachet_test {

/// What PageCache is to do, by the plainest means: one thread, pages of 512 bytes, S3-FIFO over deques of numbers. Every page published has a version of its own.
class NaivePageCache {
public:
    using Key = std::uint64_t;
    using Version = std::uint64_t;

    struct Resident {
        Version version = 0;
        bool failed = false;
        unsigned visits = 0;
    };

    /// `budget` in pages.
    explicit NaivePageCache(std::size_t budget)
        : m_budget(budget)
    {
    }

    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t evictions = 0;
    std::set<Key> loading;

    [[nodiscard]] const std::map<Key, Resident> &resident() const { return m_resident; }
    [[nodiscard]] std::size_t detached() const { return m_detached.size(); }

    void visit(Key key)
    {
        const auto found = m_resident.find(key);
        ++(found != m_resident.end() && !found->second.failed ? hits : misses);
        if (found != m_resident.end())
            found->second.visits = std::min(found->second.visits + 1, 3U);
    }
    /// A pin on the version that is there, if one is.
    std::optional<Version> pin(Key key)
    {
        const auto found = m_resident.find(key);
        if (found == m_resident.end())
            return std::nullopt;
        ++m_pins[found->second.version];
        return found->second.version;
    }
    void unpin(Version version)
    {
        if (--m_pins[version] == 0)
            m_detached.erase(version);
    }
    bool publish(Key key, Version version, bool failed, cachecore::Intent intent)
    {
        loading.erase(key);
        takeOut(key);
        if (intent == cachecore::Intent::Scan)
            return false;
        const bool wasGhost = std::erase(m_ghosts, key) > 0;
        makeRoom(1);
        if (m_resident.size() + m_detached.size() + 1 > m_budget)
            return false;
        m_resident[key] = {version, failed, 0};
        (intent != cachecore::Intent::Scroll || wasGhost ? m_main : m_small).push_back(key);
        return true;
    }
    void invalidate(Key first, std::uint64_t count)
    {
        for (std::uint64_t i = 0; i < count; ++i)
            takeOut(first + i);
    }
    void setBudget(std::size_t budget)
    {
        m_budget = budget;
        makeRoom(0);
    }

private:
    using Queue = std::deque<Key>; ///< oldest first
    static constexpr std::uint64_t kPageWeight = 512;

    [[nodiscard]] bool pinned(Key key) const
    {
        const auto found = m_pins.find(m_resident.at(key).version);
        return found != m_pins.end() && found->second > 0;
    }
    void takeOut(Key key)
    {
        const auto found = m_resident.find(key);
        if (found == m_resident.end())
            return;
        if (pinned(key))
            m_detached.insert(found->second.version);
        std::erase(m_small, key);
        std::erase(m_main, key);
        m_resident.erase(found);
    }
    void makeRoom(std::size_t wanted)
    {
        while (m_resident.size() + m_detached.size() + wanted > m_budget) {
            if (!evictOne())
                return;
            ++evictions;
            while (m_ghosts.size() > std::max<std::size_t>(m_resident.size(), 1))
                m_ghosts.pop_front();
        }
    }
    bool evictOne()
    {
        const std::size_t patience = 5 * m_resident.size();
        for (std::size_t step = 0; step < patience; ++step) {
            if (!m_small.empty() && (m_main.empty() || m_small.size() * kPageWeight > m_budget * kPageWeight / 10)) {
                if (fromSmall())
                    return true;
            } else if (fromMain()) {
                return true;
            }
        }
        for (Queue *queue : {&m_small, &m_main}) {
            const auto free = std::ranges::find_if(*queue, [this](Key key) { return !pinned(key); });
            if (free != queue->end()) {
                leave(*free, queue == &m_small);
                return true;
            }
        }
        return false;
    }
    bool fromSmall()
    {
        const Key key = m_small.front();
        unsigned &visits = m_resident.at(key).visits;
        if (visits < 2 && !pinned(key)) {
            leave(key, true);
            return true;
        }
        m_small.pop_front();
        (visits >= 2 ? m_main : m_small).push_back(key);
        visits = visits >= 2 ? 0 : visits;
        return false;
    }
    bool fromMain()
    {
        const Key key = m_main.front();
        unsigned &visits = m_resident.at(key).visits;
        if (visits == 0 && !pinned(key)) {
            leave(key, false);
            return true;
        }
        visits -= visits > 0 ? 1 : 0;
        m_main.pop_front();
        m_main.push_back(key);
        return false;
    }
    void leave(Key key, bool remembered)
    {
        takeOut(key);
        if (remembered)
            m_ghosts.push_back(key);
    }

    std::size_t m_budget;
    std::map<Key, Resident> m_resident;
    Queue m_small;
    Queue m_main;
    Queue m_ghosts;
    std::map<Version, unsigned> m_pins;
    std::set<Version> m_detached;
};

} // namespace cachet_test
