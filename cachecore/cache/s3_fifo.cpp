// SPDX-License-Identifier: MIT
#include "cachecore/cache/s3_fifo.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace cachecore {

namespace {

constexpr std::uint64_t kSmallShare = 10; ///< the small queue's part of the capacity is 1 / kSmallShare
constexpr std::uint8_t kVisitsToStay = 2; ///< visits in the small queue that lead to the main queue

} // namespace

S3Fifo::Queue &S3Fifo::queueOf(Place place)
{
    if (place == Place::Small)
        return m_small;
    return place == Place::Main ? m_main : m_ghosts;
}

void S3Fifo::pushNewest(Entry &entry, Place place) noexcept
{
    Queue &queue = queueOf(place);
    entry.place = place;
    entry.newer = nullptr;
    entry.older = queue.newest;
    (queue.newest ? queue.newest->newer : queue.oldest) = &entry;
    queue.newest = &entry;
    ++queue.count;
    queue.weight += entry.weight;
}

void S3Fifo::erase(Entry &entry) noexcept
{
    if (entry.place == Place::None)
        return;
    Queue &queue = queueOf(std::exchange(entry.place, Place::None));
    (entry.newer ? entry.newer->older : queue.newest) = entry.older;
    (entry.older ? entry.older->newer : queue.oldest) = entry.newer;
    --queue.count;
    queue.weight -= entry.weight;
}

void S3Fifo::insert(Entry &entry, std::uint64_t weight, bool important) noexcept
{
    assert(!entry.resident());
    const bool toMain = important || entry.place == Place::Ghost;
    erase(entry);
    entry.weight = weight;
    entry.visits = 0;
    pushNewest(entry, toMain ? Place::Main : Place::Small);
}

S3Fifo::Entry *S3Fifo::evict(MayLeave mayLeave) noexcept
{
    // Each entry is looked at until its visits are used up; one that may not leave is only passed over.
    const std::size_t patience = (kMostVisits + 2U) * size();
    for (std::size_t step = 0; step < patience; ++step) {
        const bool fromSmall = m_small.oldest && (!m_main.oldest || m_small.weight > m_capacity / kSmallShare);
        if (Entry *const entry = fromSmall ? tryEvictSmall(mayLeave) : tryEvictMain(mayLeave))
            return entry;
    }
    // The queue whose turn it was holds only entries that may not leave: any other goes, oldest first.
    for (const Queue *queue : {&m_small, &m_main}) {
        for (Entry *entry = queue->oldest; entry; entry = entry->newer) {
            if (mayLeave(*entry))
                return leave(*entry);
        }
    }
    return nullptr;
}

/// From the small queue an entry goes to the ghosts, from the main queue it goes for good.
S3Fifo::Entry *S3Fifo::leave(Entry &entry) noexcept
{
    const bool remembered = entry.place == Place::Small;
    erase(entry);
    if (remembered)
        pushNewest(entry, Place::Ghost);
    return &entry;
}

S3Fifo::Entry *S3Fifo::tryEvictSmall(MayLeave mayLeave) noexcept
{
    Entry &oldest = *m_small.oldest;
    const bool stays = oldest.visits >= kVisitsToStay;
    if (!stays && mayLeave(oldest))
        return leave(oldest);
    erase(oldest);
    if (stays)
        oldest.visits = 0;
    pushNewest(oldest, stays ? Place::Main : Place::Small);
    return nullptr;
}

S3Fifo::Entry *S3Fifo::tryEvictMain(MayLeave mayLeave) noexcept
{
    Entry &oldest = *m_main.oldest;
    if (oldest.visits == 0 && mayLeave(oldest))
        return leave(oldest);
    if (oldest.visits > 0)
        --oldest.visits;
    erase(oldest);
    pushNewest(oldest, Place::Main);
    return nullptr;
}

S3Fifo::Entry *S3Fifo::forgetOne() noexcept
{
    // As many as there are entries, as the paper has it for its main queue.
    if (m_ghosts.count <= std::max<std::size_t>(size(), 1))
        return nullptr;
    Entry *const oldest = m_ghosts.oldest;
    erase(*oldest);
    return oldest;
}

bool S3Fifo::holds(const Queue &queue, Place place)
{
    std::size_t count = 0;
    std::uint64_t weight = 0;
    const Entry *newer = nullptr;
    for (const Entry *entry = queue.newest; entry; newer = entry, entry = entry->older) {
        if (entry->place != place || entry->newer != newer || entry->visits > kMostVisits || ++count > queue.count)
            return false;
        weight += entry->weight;
    }
    return queue.oldest == newer && count == queue.count && weight == queue.weight;
}

bool S3Fifo::invariantsHold() const
{
    return holds(m_small, Place::Small) && holds(m_main, Place::Main) && holds(m_ghosts, Place::Ghost);
}

} // namespace cachecore
