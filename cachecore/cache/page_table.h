// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace cachecore {

/// Finds nodes by their number, `Node::key`. The nodes belong to somebody else.
///
/// Open addressing with linear probing in an array of a power of two of places, at most half of them taken; Fibonacci hashing (Knuth, The Art of Computer
/// Programming 3, 6.4), so that neighbours do not crowd; erasing moves what follows back, so that nothing is left behind.
/// Invariant: from the home of a node to its place no place is free.
/// Thread: none of its own; the owner locks.
template <typename Node>
class PageTable {
public:
    [[nodiscard]] std::size_t size() const { return m_size; }

    /// The node, or nullptr. Expected O(1).
    [[nodiscard]] Node *find(std::uint64_t key) const
    {
        if (m_size == 0)
            return nullptr;
        for (std::size_t at = homeOf(key);; at = (at + 1) & m_mask) {
            const Slot &slot = m_slots[at];
            if (slot.key == key || !slot.node)
                return slot.node; // a free place has no node, whatever its key
        }
    }

    /// Makes room for `most` nodes; false, with nothing changed, when there is no memory.
    [[nodiscard]] bool reserve(std::size_t most) noexcept
    {
        const std::size_t wanted = std::bit_ceil(std::max<std::size_t>(2 * most, kFewest));
        if (m_slots && wanted <= m_mask + 1)
            return true;
        std::unique_ptr<Slot[]> slots(new (std::nothrow) Slot[wanted]);
        if (!slots)
            return false;
        slots.swap(m_slots);
        const std::size_t before = slots ? m_mask + 1 : 0;
        m_mask = wanted - 1;
        m_shift = kKeyBits - static_cast<unsigned>(std::countr_zero(wanted));
        for (std::size_t at = 0; at < before; ++at) {
            if (slots[at].node)
                put(slots[at]);
        }
        return true;
    }

    /// Adds a node whose number is not there. There must be room: see reserve.
    void insert(Node &node) noexcept
    {
        put({node.key, &node});
        ++m_size;
    }

    /// Takes out the node of that number, which must be there.
    void erase(std::uint64_t key) noexcept
    {
        std::size_t hole = homeOf(key);
        while (m_slots[hole].key != key || !m_slots[hole].node)
            hole = (hole + 1) & m_mask;
        for (std::size_t at = (hole + 1) & m_mask; m_slots[at].node; at = (at + 1) & m_mask) {
            // May go back to the hole unless its home lies behind that.
            if (((at - homeOf(m_slots[at].key)) & m_mask) < ((at - hole) & m_mask))
                continue;
            m_slots[hole] = m_slots[at];
            hole = at;
        }
        m_slots[hole] = {};
        --m_size;
    }

    /// Calls `use` for every node, in no order. The table must not be changed meanwhile.
    template <typename Use>
    void forEach(const Use &use) const
    {
        for (std::size_t at = 0; m_slots && at <= m_mask; ++at) {
            if (m_slots[at].node)
                use(*m_slots[at].node);
        }
    }

private:
    static constexpr std::size_t kFewest = 64;
    static constexpr unsigned kKeyBits = 64;
    static constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15; ///< 2^64 / golden ratio

    struct Slot {
        std::uint64_t key = 0;
        Node *node = nullptr;
    };

    [[nodiscard]] std::size_t homeOf(std::uint64_t key) const
    {
        return static_cast<std::size_t>(key * kGolden >> m_shift);
    }

    void put(Slot slot) noexcept
    {
        std::size_t at = homeOf(slot.key);
        while (m_slots[at].node)
            at = (at + 1) & m_mask;
        m_slots[at] = slot;
    }

    std::unique_ptr<Slot[]> m_slots;
    std::size_t m_mask = 0;
    unsigned m_shift = 0;
    std::size_t m_size = 0;
};

} // namespace cachecore
