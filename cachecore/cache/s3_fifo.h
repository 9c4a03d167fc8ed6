// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace cachecore {

/// Which entry goes next: S3-FIFO (Yang, Zhang, Qiu, Yue and Vinayak: "FIFO queues are all you need for cache
/// eviction", SOSP 2023), with weights in bytes.
///
/// New entries go to the small queue (a tenth of the capacity); those visited more than once there move to the main queue when
/// their turn comes, the others leave and are remembered in the ghost queue; who returns while remembered goes to the main queue
/// at once. In the main queue a visited entry gets another round.
///
///     None --insert--> Small --visited--> Main --evict--> None
///       \--insert important--------------> ^
///                      Small --evict--> Ghost --insert--> Main
///                                       Ghost --forgetOne--> None          (erase: from anywhere to None)
///
/// The queues run through the entries themselves, which belong to the owner: nothing here allocates.
/// Invariants: an entry is in the queue that its place names, weight() is the sum of the weights in the small and the main queue.
/// Thread: none of its own; the owner locks.
class S3Fifo {
public:
    enum class Place : std::uint8_t { None, Small, Main, Ghost };
    struct Entry {
        std::uint64_t key = 0;
        std::uint64_t weight = 0;
        Entry *newer = nullptr; ///< in its queue
        Entry *older = nullptr;
        Place place = Place::None;
        std::uint8_t visits = 0; ///< at most kMostVisits

        [[nodiscard]] bool resident() const { return place == Place::Small || place == Place::Main; }
    };
    using MayLeave = bool (*)(const Entry &entry);
    static constexpr std::uint8_t kMostVisits = 3;

    /// `capacity` in the unit of the weights.
    explicit S3Fifo(std::uint64_t capacity)
        : m_capacity(capacity)
    {
    }

    /// Adds an entry that is nowhere or a ghost, with `weight`. With `important` it goes straight to the main queue.
    void insert(Entry &entry, std::uint64_t weight, bool important) noexcept;
    /// Counts one visit. O(1).
    static void visit(Entry &entry)
    {
        if (entry.visits < kMostVisits)
            ++entry.visits;
    }
    /// Takes an entry out of its queue, whichever that is.
    void erase(Entry &entry) noexcept;
    /// Takes out the entry whose turn it is among those `mayLeave` allows; it is a ghost or nowhere then. nullptr when none may leave.
    [[nodiscard]] Entry *evict(MayLeave mayLeave) noexcept;
    /// Takes out the oldest ghost when there are more than entries in the other queues; else nullptr.
    [[nodiscard]] Entry *forgetOne() noexcept;

    void setCapacity(std::uint64_t capacity) { m_capacity = capacity; }
    [[nodiscard]] std::uint64_t capacity() const { return m_capacity; }
    [[nodiscard]] std::uint64_t weight() const { return m_small.weight + m_main.weight; }
    /// Entries in the small and the main queue.
    [[nodiscard]] std::size_t size() const { return m_small.count + m_main.count; }
    [[nodiscard]] std::size_t ghosts() const { return m_ghosts.count; }
    /// The oldest entry of the small or the main queue; the others follow by `newer`.
    [[nodiscard]] Entry *oldest(Place place) const { return (place == Place::Small ? m_small : m_main).oldest; }
    /// True when the stated invariants hold; for tests.
    [[nodiscard]] bool invariantsHold() const;

private:
    struct Queue {
        Entry *newest = nullptr;
        Entry *oldest = nullptr;
        std::size_t count = 0;
        std::uint64_t weight = 0;
    };

    [[nodiscard]] Queue &queueOf(Place place);
    void pushNewest(Entry &entry, Place place) noexcept;
    [[nodiscard]] Entry *leave(Entry &entry) noexcept;
    [[nodiscard]] Entry *tryEvictSmall(MayLeave mayLeave) noexcept;
    [[nodiscard]] Entry *tryEvictMain(MayLeave mayLeave) noexcept;
    static bool holds(const Queue &queue, Place place);

    std::uint64_t m_capacity;
    Queue m_small;
    Queue m_main;
    Queue m_ghosts;
};

} // namespace cachecore
