// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/plain_s3_fifo.h"

namespace cachet_test {

PlainS3Fifo::PlainS3Fifo(std::size_t capacity)
    : m_smallSize(capacity / 10)
    , m_mainSize(capacity - capacity / 10)
{
}

bool PlainS3Fifo::access(std::uint64_t key)
{
    if (const auto found = m_visits.find(key); found != m_visits.end()) {
        found->second = std::min(found->second + 1, 3U);
        return true;
    }
    const bool remembered = m_ghosts.erase(key) > 0;
    while (m_visits.size() >= m_smallSize + m_mainSize)
        makeRoom();
    (remembered ? m_main : m_small).push_back(key);
    m_visits[key] = 0;
    return false;
}

void PlainS3Fifo::makeRoom()
{
    if (m_small.size() >= m_smallSize && !m_small.empty())
        evictSmall();
    else
        (void)evictMain();
}

/// Moves what was visited more than once to the main queue until one that was not has gone.
void PlainS3Fifo::evictSmall()
{
    while (!m_small.empty()) {
        const std::uint64_t key = m_small.front();
        m_small.pop_front();
        if (m_visits[key] > 1) {
            m_visits[key] = 0;
            m_main.push_back(key);
            if (m_main.size() > m_mainSize && evictMain())
                return;
            continue;
        }
        m_visits.erase(key);
        remember(key);
        return;
    }
}

bool PlainS3Fifo::evictMain()
{
    while (!m_main.empty()) {
        const std::uint64_t key = m_main.front();
        m_main.pop_front();
        if (m_visits[key] == 0) {
            m_visits.erase(key);
            return true;
        }
        --m_visits[key];
        m_main.push_back(key);
    }
    return false;
}

void PlainS3Fifo::remember(std::uint64_t key)
{
    m_ghostOrder.push_back(key);
    m_ghosts.insert(key);
    while (m_ghosts.size() > m_mainSize || m_ghostOrder.size() > 4 * m_mainSize) {
        m_ghosts.erase(m_ghostOrder.front());
        m_ghostOrder.pop_front();
    }
}

} // namespace cachet_test
