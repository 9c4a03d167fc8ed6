// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <unordered_map>

namespace cachecore {

/// Which entry goes next: S3-FIFO (Yang, Zhang, Qiu, Yue and Vinayak: "FIFO queues are all you need for cache
/// eviction", SOSP 2023), with weights in bytes.
///
/// New entries go to the small queue (a tenth of the capacity); those visited more than once there move to the main queue when
/// their turn comes, the others leave and are remembered in the ghost queue, by number only; who returns while remembered
/// goes to the main queue at once. In the main queue a visited entry gets another round.
///
/// Invariants: every entry is in exactly one queue, no ghost is an entry, weight() is the sum of the entries' weights.
/// Thread: none of its own; the owner locks.
class S3Fifo {
public:
    struct Entry {
        std::uint64_t key;
        std::uint64_t weight;
        std::uint8_t visits = 0; ///< at most kMostVisits
        bool inMain = false;
    };
    using Position = std::list<Entry>::iterator;
    static constexpr std::uint8_t kMostVisits = 3;

    /// `capacity` in the unit of the weights.
    explicit S3Fifo(std::uint64_t capacity);

    /// Adds `key`, which must not be an entry. With `important` it goes straight to the main queue.
    Position insert(std::uint64_t key, std::uint64_t weight, bool important);
    /// Counts one visit. O(1).
    static void visit(Position position);
    void erase(Position position);
    /// Takes out the entry whose turn it is among those `mayLeave` allows and returns its key; nothing when none may leave.
    [[nodiscard]] std::optional<std::uint64_t> evict(const std::function<bool(std::uint64_t key)> &mayLeave);

    void setCapacity(std::uint64_t capacity);
    [[nodiscard]] std::uint64_t capacity() const { return m_capacity; }
    [[nodiscard]] std::uint64_t weight() const { return m_smallWeight + m_mainWeight; }
    [[nodiscard]] std::size_t size() const { return m_small.size() + m_main.size(); }
    /// True when the stated invariants hold; for tests.
    [[nodiscard]] bool invariantsHold() const;

private:
    std::optional<std::uint64_t> tryEvictSmall(const std::function<bool(std::uint64_t)> &mayLeave);
    std::optional<std::uint64_t> tryEvictMain(const std::function<bool(std::uint64_t)> &mayLeave);
    void remember(std::uint64_t key) noexcept;
    void forget(std::uint64_t key);
    void trimGhosts();

    std::uint64_t m_capacity;
    std::list<Entry> m_small; ///< newest first
    std::list<Entry> m_main;  ///< newest first
    std::uint64_t m_smallWeight = 0;
    std::uint64_t m_mainWeight = 0;
    std::list<std::uint64_t> m_ghosts; ///< newest first
    std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> m_ghostAt;
};

} // namespace cachecore
