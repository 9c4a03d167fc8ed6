// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace cachet_test {

/// S3-FIFO as the paper's Algorithm 1 has it (Yang et al., SOSP 2023), over objects of size 1: a simulation to compare hit rates with.
class PlainS3Fifo {
public:
    explicit PlainS3Fifo(std::size_t capacity);

    /// True when `key` was there; it is afterwards.
    bool access(std::uint64_t key);

private:
    void makeRoom();
    void evictSmall();
    bool evictMain();
    void remember(std::uint64_t key);

    const std::size_t m_smallSize;
    const std::size_t m_mainSize;
    std::unordered_map<std::uint64_t, unsigned> m_visits; ///< of what is there
    std::deque<std::uint64_t> m_small;                    ///< oldest first
    std::deque<std::uint64_t> m_main;
    std::deque<std::uint64_t> m_ghostOrder;
    std::unordered_set<std::uint64_t> m_ghosts;
};

} // namespace cachet_test
