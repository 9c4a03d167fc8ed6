// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace cachecore {

/// A set of numbers below a bound that counts its members in any stretch in O(levels).
///
///     inner node: 64 counts, 64 children      each count = set bits below that child
///        ...                                  a missing child has none
///     leaf: 64 words of 64 bits
///
/// Nodes are allocated where a bit is set and live as long as the pyramid. A child is published with release and found
/// with acquire; all numbers are relaxed atomics with one writer, so a reader may meet a change half-way up the levels:
/// then sums are off by the changes under way, which rankDifference keeps inside the possible.
///
/// Invariant once no writer runs: every count equals the set bits below it, and total() those of all.
/// Thread: `insert` and `erase` from one thread at a time, everything else from any. Nothing blocks.
class CountingPyramid {
public:
    /// For numbers below `bound` (at most 2^54).
    explicit CountingPyramid(std::uint64_t bound);
    ~CountingPyramid();
    CountingPyramid(const CountingPyramid &) = delete;
    CountingPyramid &operator=(const CountingPyramid &) = delete;

    /// Both ignore a number past the bound. O(levels). Without memory for a node `insert` changes nothing.
    void insert(std::uint64_t number);
    void erase(std::uint64_t number);
    [[nodiscard]] bool contains(std::uint64_t number) const;
    /// Members. O(1).
    [[nodiscard]] std::uint64_t total() const { return m_total.load(std::memory_order_relaxed); }

    /// Members below `number`. O(levels). Signed, because while a writer runs it may be too small by what is under way.
    [[nodiscard]] std::int64_t rank(std::uint64_t number) const;
    /// Members in a stretch of `length` numbers, from the ranks of its ends.
    [[nodiscard]] static std::uint64_t rankDifference(std::int64_t atBegin, std::int64_t atEnd, std::uint64_t length);

    /// Bytes held by nodes.
    [[nodiscard]] std::uint64_t memoryBytes() const { return m_memory.load(std::memory_order_relaxed); }

private:
    static constexpr unsigned kFanBits = 6;
    static constexpr unsigned kFan = 1u << kFanBits;
    static constexpr unsigned kLeafBits = 2 * kFanBits; ///< a leaf covers 2^kLeafBits numbers
    static constexpr unsigned kMaxInnerLevels = 7;

    using Counts = std::array<std::atomic<std::uint64_t>, kFan>;
    struct Leaf {
        Counts words{};
    };
    struct Inner {
        Counts counts{};
        std::array<std::atomic<void *>, kFan> children{}; ///< Inner, or Leaf on the lowest inner level
    };

    static unsigned slotOf(std::uint64_t number, unsigned level)
    {
        return static_cast<unsigned>(number >> (kLeafBits + kFanBits * (level - 1))) & (kFan - 1);
    }
    static std::int64_t sumBefore(const Counts &counts, unsigned slot, std::int64_t sumOfAll);
    static std::int64_t bitsBefore(const Leaf &leaf, unsigned word, std::int64_t bitsOfAll);

    void *makeNode(unsigned level);
    Leaf *leafOf(std::uint64_t number, bool make, std::array<Inner *, kMaxInnerLevels + 1> &path);
    void change(std::uint64_t number, bool member);
    static void destroy(void *node, unsigned level);

    const std::uint64_t m_bound;
    const unsigned m_top; ///< inner levels; 0: the root is a leaf
    std::atomic<void *> m_root{nullptr};
    std::atomic<std::uint64_t> m_total{0};
    std::atomic<std::uint64_t> m_memory{0};
};

} // namespace cachecore
