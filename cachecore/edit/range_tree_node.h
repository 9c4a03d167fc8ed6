// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace cachecore {

/// How many entries or children a node of a RangeTree of these values has at most; at least 4. Wider nodes are found faster, narrower ones
/// copied faster, which a change has to do where a snapshot shares them.
template <typename Value>
inline constexpr std::size_t kRangeTreeFanout = 16;

/// What a stretch of a RangeTree holds.
struct RangeTreeSummary {
    ByteOffset first;        ///< begin of its first range
    ByteOffset last;         ///< end of its last range
    std::uint64_t count = 0; ///< entries
    std::uint64_t bytes = 0; ///< bytes they cover
    std::uint64_t runs = 0;  ///< longest stretches of adjacent ranges they form

    [[nodiscard]] static RangeTreeSummary of(ByteRange range)
    {
        return {range.begin(), range.end(), 1, range.length(), 1};
    }
    /// Takes in what follows; neither is empty, except this at first.
    void append(const RangeTreeSummary &next)
    {
        if (count == 0)
            first = next.first;
        runs += next.runs - (count > 0 && last == next.first ? 1 : 0);
        last = next.last;
        count += next.count;
        bytes += next.bytes;
    }
    [[nodiscard]] ByteRange range() const { return {first, last}; }
    friend bool operator==(const RangeTreeSummary &, const RangeTreeSummary &) = default;
};

/// A node of a RangeTree: a leaf of entries, or children that are all equally high. Its items lie behind it in the same piece of memory, of
/// which a leaf has no more than it needs.
///
/// Nodes are shared between trees and counted. What more than one refers to is never changed; a node that is referred to once, by a
/// node of which the same is true, and so on up to a tree, is its tree's own and may be changed in place.
template <typename Value>
class RangeTreeNode {
public:
    static constexpr std::size_t kMost = kRangeTreeFanout<Value>;
    /// What every node has at least, but for the root of a tree.
    static constexpr std::size_t kLeast = std::max<std::size_t>(2, kMost * 5 / 16);
    /// More than a tree of 2^63 entries can be high.
    static constexpr std::size_t kMostHeight = 64;

    class Ref;
    struct Entry {
        ByteRange range;
        Value value;
    };
    /// A node and what its subtree holds; no node: nothing.
    struct Subtree {
        Ref node;
        RangeTreeSummary summary;

        [[nodiscard]] bool empty() const { return summary.count == 0; }
    };

    RangeTreeNode(const RangeTreeNode &) = delete;
    RangeTreeNode &operator=(const RangeTreeNode &) = delete;

    [[nodiscard]] static Ref make(std::size_t height, std::size_t capacity)
    {
        const std::size_t item = height == 0 ? sizeof(Entry) : sizeof(Subtree);
        return Ref(new (::operator new(sizeof(RangeTreeNode) + capacity * item)) RangeTreeNode(height, capacity));
    }
    /// The same items in a node of its own, with room for `capacity`, at least size().
    [[nodiscard]] Ref copy(std::size_t capacity) const
    {
        Ref made = make(m_height, capacity);
        RangeTreeNode &node = made.own();
        if (isLeaf())
            std::uninitialized_copy_n(items<Entry>(), m_size, node.items<Entry>());
        else
            std::uninitialized_copy_n(items<Subtree>(), m_size, node.items<Subtree>());
        node.m_size = m_size;
        return made;
    }

    [[nodiscard]] bool isLeaf() const { return m_height == 0; }
    [[nodiscard]] std::size_t height() const { return m_height; } ///< 0 for a leaf
    [[nodiscard]] std::size_t size() const { return m_size; }
    [[nodiscard]] std::size_t capacity() const { return m_capacity; }
    [[nodiscard]] std::span<const Entry> entries() const { return {items<Entry>(), m_size}; }
    [[nodiscard]] std::span<Entry> entries() { return {items<Entry>(), m_size}; }
    [[nodiscard]] std::span<const Subtree> children() const { return {items<Subtree>(), m_size}; }
    [[nodiscard]] std::span<Subtree> children() { return {items<Subtree>(), m_size}; }

    /// Index of the first entry that ends behind `offset`; size() when none does.
    [[nodiscard]] std::size_t entryAt(ByteOffset offset) const
    {
        const auto all = entries();
        const auto endsBefore = [offset](const Entry &entry) { return entry.range.end() <= offset; };
        return static_cast<std::size_t>(std::ranges::partition_point(all, endsBefore) - all.begin());
    }
    /// The same for a child.
    [[nodiscard]] std::size_t childAt(ByteOffset offset) const
    {
        const auto all = children();
        const auto endsBefore = [offset](const Subtree &child) { return child.summary.last <= offset; };
        return static_cast<std::size_t>(std::ranges::partition_point(all, endsBefore) - all.begin());
    }

    [[nodiscard]] RangeTreeSummary summarize() const
    {
        RangeTreeSummary all;
        if (isLeaf()) {
            for (const Entry &entry : entries())
                all.append(RangeTreeSummary::of(entry.range));
        } else {
            for (const Subtree &child : children())
                all.append(child.summary);
        }
        return all;
    }

    // Changes in place, of a node that is its tree's own.

    /// Puts `item`, an Entry or a Subtree as the node has them, before item `at`; there is room.
    template <typename Item>
    void insert(std::size_t at, Item &&item) noexcept
    {
        Item *const all = items<Item>();
        if (at == m_size) {
            std::construct_at(all + at, std::forward<Item>(item));
        } else {
            std::construct_at(all + m_size, std::move(all[m_size - 1]));
            std::move_backward(all + at, all + m_size - 1, all + m_size);
            all[at] = std::forward<Item>(item);
        }
        ++m_size;
    }
    template <typename Item>
    void append(Item &&item) noexcept
    {
        insert(m_size, std::forward<Item>(item));
    }
    void removeEntry(std::size_t at) noexcept
    {
        Entry *const all = items<Entry>();
        std::move(all + at + 1, all + m_size, all + at);
        --m_size;
        std::destroy_at(all + m_size);
    }
    /// Moves the items from `from` on to the end of `to`, which has room.
    void moveTail(std::size_t from, RangeTreeNode &to) noexcept
    {
        if (isLeaf())
            moveTailOf<Entry>(from, to);
        else
            moveTailOf<Subtree>(from, to);
    }

private:
    RangeTreeNode(std::size_t height, std::size_t capacity)
        : m_height(static_cast<std::uint16_t>(height))
        , m_capacity(static_cast<std::uint32_t>(capacity))
    {
    }
    ~RangeTreeNode()
    {
        if (isLeaf())
            std::destroy_n(items<Entry>(), m_size);
        else
            std::destroy_n(items<Subtree>(), m_size);
    }

    template <typename Item>
    [[nodiscard]] Item *items() const
    {
        static_assert(std::is_nothrow_move_constructible_v<Item> && std::is_nothrow_move_assignable_v<Item>);
        static_assert(alignof(Item) <= alignof(RangeTreeNode));
        return reinterpret_cast<Item *>(const_cast<RangeTreeNode *>(this) + 1);
    }
    template <typename Item>
    void moveTailOf(std::size_t from, RangeTreeNode &to) noexcept
    {
        Item *const tail = items<Item>() + from;
        std::uninitialized_move_n(tail, m_size - from, to.items<Item>() + to.m_size);
        std::destroy_n(tail, m_size - from);
        to.m_size = static_cast<std::uint16_t>(to.m_size + m_size - from);
        m_size = static_cast<std::uint16_t>(from);
    }

    alignas(16) std::atomic<std::uint32_t> m_refs{1};
    std::uint16_t m_height;
    std::uint16_t m_size = 0;
    std::uint32_t m_capacity;
};

/// One reference to a node, or to none.
template <typename Value>
class RangeTreeNode<Value>::Ref {
public:
    Ref() = default;
    Ref(const Ref &other) noexcept
        : m_node(other.m_node)
    {
        if (m_node)
            m_node->m_refs.fetch_add(1, std::memory_order_relaxed);
    }
    Ref(Ref &&other) noexcept
        : m_node(std::exchange(other.m_node, nullptr))
    {
    }
    Ref &operator=(Ref other) noexcept
    {
        std::swap(m_node, other.m_node);
        return *this;
    }
    ~Ref()
    {
        // Who holds the only reference needs no atomic change to give it up.
        if (m_node && (unique() || m_node->m_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)) {
            m_node->~RangeTreeNode();
            ::operator delete(m_node);
        }
    }

    [[nodiscard]] explicit operator bool() const { return m_node; }
    [[nodiscard]] const RangeTreeNode *get() const { return m_node; }
    [[nodiscard]] const RangeTreeNode &operator*() const { return *m_node; }
    [[nodiscard]] const RangeTreeNode *operator->() const { return m_node; }
    /// True when nobody else refers to the node. What others did with it before they let it go has happened then.
    [[nodiscard]] bool unique() const { return m_node->m_refs.load(std::memory_order_acquire) == 1; }
    /// The node to be changed; it is the tree's own.
    [[nodiscard]] RangeTreeNode &own() const { return *m_node; }

private:
    friend class RangeTreeNode;
    explicit Ref(RangeTreeNode *adopted)
        : m_node(adopted)
    {
    }

    RangeTreeNode *m_node = nullptr;
};

} // namespace cachecore
