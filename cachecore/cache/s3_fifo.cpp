// SPDX-License-Identifier: MIT
#include "cachecore/cache/s3_fifo.h"

#include <algorithm>
#include <iterator>
#include <new>

namespace cachecore {

namespace {

constexpr std::uint64_t kSmallShare = 10; ///< the small queue's part of the capacity is 1 / kSmallShare
constexpr std::uint8_t kVisitsToStay = 2; ///< visits in the small queue that lead to the main queue

} // namespace

S3Fifo::S3Fifo(std::uint64_t capacity)
    : m_capacity(capacity)
{
}

S3Fifo::Position S3Fifo::insert(std::uint64_t key, std::uint64_t weight, bool important)
{
    const bool toMain = important || m_ghostAt.contains(key);
    std::list<Entry> &queue = toMain ? m_main : m_small;
    queue.push_front({key, weight, 0, toMain});
    forget(key);
    (toMain ? m_mainWeight : m_smallWeight) += weight;
    return queue.begin();
}

void S3Fifo::visit(Position position)
{
    if (position->visits < kMostVisits)
        ++position->visits;
}

void S3Fifo::erase(Position position)
{
    (position->inMain ? m_mainWeight : m_smallWeight) -= position->weight;
    (position->inMain ? m_main : m_small).erase(position);
}

std::optional<std::uint64_t> S3Fifo::evict(const std::function<bool(std::uint64_t)> &mayLeave)
{
    // Each entry is looked at until its visits are used up; one that may not leave is only passed over.
    const std::size_t patience = (kMostVisits + 2U) * size();
    for (std::size_t step = 0; step < patience; ++step) {
        const bool fromSmall = !m_small.empty() && (m_main.empty() || m_smallWeight > m_capacity / kSmallShare);
        if (const auto key = fromSmall ? tryEvictSmall(mayLeave) : tryEvictMain(mayLeave))
            return key;
    }
    // The queue whose turn it was holds only entries that may not leave: any other goes, oldest first.
    for (std::list<Entry> *queue : {&m_small, &m_main}) {
        for (auto entry = queue->rbegin(); entry != queue->rend(); ++entry) {
            if (!mayLeave(entry->key))
                continue;
            const std::uint64_t key = entry->key;
            const bool fromMain = entry->inMain;
            erase(std::next(entry).base());
            if (!fromMain)
                remember(key);
            return key;
        }
    }
    return std::nullopt;
}

std::optional<std::uint64_t> S3Fifo::tryEvictSmall(const std::function<bool(std::uint64_t)> &mayLeave)
{
    const Position oldest = std::prev(m_small.end());
    if (oldest->visits >= kVisitsToStay) {
        oldest->visits = 0;
        oldest->inMain = true;
        m_smallWeight -= oldest->weight;
        m_mainWeight += oldest->weight;
        m_main.splice(m_main.begin(), m_small, oldest);
        return std::nullopt;
    }
    if (!mayLeave(oldest->key)) {
        m_small.splice(m_small.begin(), m_small, oldest);
        return std::nullopt;
    }
    const std::uint64_t key = oldest->key;
    erase(oldest);
    remember(key);
    return key;
}

std::optional<std::uint64_t> S3Fifo::tryEvictMain(const std::function<bool(std::uint64_t)> &mayLeave)
{
    const Position oldest = std::prev(m_main.end());
    if (oldest->visits > 0 || !mayLeave(oldest->key)) {
        if (oldest->visits > 0)
            --oldest->visits;
        m_main.splice(m_main.begin(), m_main, oldest);
        return std::nullopt;
    }
    const std::uint64_t key = oldest->key;
    erase(oldest);
    return key;
}

/// Without memory it is not remembered, which costs no more than a worse choice later.
void S3Fifo::remember(std::uint64_t key) noexcept
{
    try {
        const auto place = m_ghostAt.try_emplace(key).first;
        m_ghosts.push_front(key);
        place->second = m_ghosts.begin();
    } catch (const std::bad_alloc &) {
        m_ghostAt.erase(key);
    }
    trimGhosts();
}

void S3Fifo::forget(std::uint64_t key)
{
    const auto found = m_ghostAt.find(key);
    if (found == m_ghostAt.end())
        return;
    m_ghosts.erase(found->second);
    m_ghostAt.erase(found);
}

void S3Fifo::trimGhosts()
{
    // As many as there are entries, as the paper has it for its main queue.
    const std::size_t most = std::max<std::size_t>(size(), 1);
    while (m_ghosts.size() > most) {
        m_ghostAt.erase(m_ghosts.back());
        m_ghosts.pop_back();
    }
}

void S3Fifo::setCapacity(std::uint64_t capacity)
{
    m_capacity = capacity;
}

bool S3Fifo::invariantsHold() const
{
    const auto sum = [this](const std::list<Entry> &queue, bool isMain, std::uint64_t &weight) {
        return std::ranges::all_of(queue, [&](const Entry &entry) {
            weight += entry.weight;
            return entry.inMain == isMain && !m_ghostAt.contains(entry.key) && entry.visits <= kMostVisits;
        });
    };
    std::uint64_t small = 0;
    std::uint64_t main = 0;
    return sum(m_small, false, small) && sum(m_main, true, main) && small == m_smallWeight && main == m_mainWeight
        && m_ghosts.size() == m_ghostAt.size();
}

} // namespace cachecore
