// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace cachecore {

/// Draws the next heap priority for a RangeTree node (splitmix64 over a counter; Steele, Lea and Flood, 2014).
[[nodiscard]] inline std::uint64_t nextTreePriority()
{
    static std::atomic<std::uint64_t> counter{0};
    std::uint64_t z = counter.fetch_add(0x9e3779b97f4a7c15U, std::memory_order_relaxed);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

/// A node of a RangeTree, and what makes new trees out of such nodes; see there. Union and difference of whole trees: Blelloch and
/// Reid-Miller, 1998.
template <typename Value>
struct RangeTreeNode {
    using Node = RangeTreeNode;
    using Ref = std::shared_ptr<const Node>;

    ByteRange range;
    Value value;
    std::uint64_t priority;
    Ref left;
    Ref right;
    ByteOffset first;    ///< begin of the first range of the subtree
    ByteOffset last;     ///< end of its last range
    std::uint64_t count; ///< entries of the subtree
    std::uint64_t bytes; ///< bytes they cover
    std::uint64_t runs;  ///< runs they form

    RangeTreeNode(ByteRange r, Value v, std::uint64_t p, Ref l, Ref rt)
        : range(r)
        , value(std::move(v))
        , priority(p)
        , left(std::move(l))
        , right(std::move(rt))
        , first(left ? left->first : range.begin())
        , last(right ? right->last : range.end())
        , count(1 + (left ? left->count : 0) + (right ? right->count : 0))
        , bytes(range.length() + (left ? left->bytes : 0) + (right ? right->bytes : 0))
        , runs(1 + (left ? left->runs : 0) + (right ? right->runs : 0) - (left && left->last == range.begin() ? 1 : 0)
               - (right && right->first == range.end() ? 1 : 0))
    {
    }

    static Ref single(ByteRange range, Value value)
    {
        return std::make_shared<const Node>(range, std::move(value), nextTreePriority(), nullptr, nullptr);
    }

    static Ref withChildren(const Node &node, Ref left, Ref right)
    {
        return std::make_shared<const Node>(node.range, node.value, node.priority, std::move(left), std::move(right));
    }

    /// One tree of two; everything of `left` lies before everything of `right`.
    static Ref merge(const Ref &left, const Ref &right)
    {
        if (!left)
            return right;
        if (!right)
            return left;
        if (left->priority >= right->priority)
            return withChildren(*left, left->left, merge(left->right, right));
        return withChildren(*right, merge(left, right->left), right->right);
    }

    /// The entry that holds bytes on both sides of `at`, or nothing.
    static const Node *entryAcross(const Node *node, ByteOffset at)
    {
        while (node && (at <= node->range.begin() || node->range.end() <= at))
            node = at <= node->range.begin() ? node->left.get() : node->right.get();
        return node;
    }

    /// What lies before `at` and what lies at or after it; an entry across `at` is cut. Its halves are merged in with priorities of
    /// their own, so that cutting one range a million times keeps the tree balanced.
    static std::pair<Ref, Ref> split(const Ref &node, ByteOffset at)
    {
        const Node *const across = entryAcross(node.get(), at);
        if (!across)
            return splitBetween(node, at);
        const ByteRange head(across->range.begin(), at);
        const ByteRange tail(at, across->range.end());
        const auto [before, rest] = splitBetween(node, head.begin());
        const Ref after = splitBetween(rest, tail.end()).second;
        return {merge(before, single(head, across->value)),
                merge(single(tail, across->value.slice(head.length())), after)};
    }

    /// The same where no entry lies across `at`.
    static std::pair<Ref, Ref> splitBetween(const Ref &node, ByteOffset at)
    {
        if (!node)
            return {};
        if (at <= node->first)
            return {nullptr, node};
        if (node->last <= at)
            return {node, nullptr};
        if (at <= node->range.begin()) {
            auto [before, after] = splitBetween(node->left, at);
            return {std::move(before), withChildren(*node, std::move(after), node->right)};
        }
        auto [before, after] = splitBetween(node->right, at);
        return {withChildren(*node, node->left, std::move(before)), std::move(after)};
    }

    /// With an entry over `range`, where there is nothing yet. Copies one path.
    static Ref inserted(const Ref &node, ByteRange range, Value &&value, std::uint64_t priority)
    {
        if (!node || node->priority < priority) {
            auto [before, after] = splitBetween(node, range.begin());
            return std::make_shared<const Node>(range, std::move(value), priority, std::move(before), std::move(after));
        }
        if (range.begin() < node->range.begin())
            return withChildren(*node, inserted(node->left, range, std::move(value), priority), node->right);
        return withChildren(*node, node->left, inserted(node->right, range, std::move(value), priority));
    }

    /// With another value in the entry over exactly `range`, which there is. Copies one path.
    static Ref replaced(const Ref &node, ByteRange range, Value &&value)
    {
        if (range == node->range)
            return std::make_shared<const Node>(range, std::move(value), node->priority, node->left, node->right);
        if (range.begin() < node->range.begin())
            return withChildren(*node, replaced(node->left, range, std::move(value)), node->right);
        return withChildren(*node, node->left, replaced(node->right, range, std::move(value)));
    }

    /// Without what lies where `holes` has entries. O(m log(n / m + 1)) for n and m entries, m the fewer, and the pieces that entries are
    /// cut into.
    template <typename Other>
    static Ref minus(const Ref &node, const RangeTreeNode<Other> *holes)
    {
        if (!node || !holes || node->last <= holes->first || holes->last <= node->first)
            return node;
        auto [before, rest] = split(node, holes->range.begin());
        const Ref after = split(rest, holes->range.end()).second;
        return merge(minus(before, holes->left.get()), minus(after, holes->right.get()));
    }

    /// One tree of two that share no byte. O(m log(n / m + 1)).
    static Ref unite(const Ref &a, const Ref &b)
    {
        if (!a)
            return b;
        if (!b)
            return a;
        if (a->priority < b->priority)
            return unite(b, a);
        auto [before, after] = splitBetween(b, a->range.begin());
        return withChildren(*a, unite(a->left, before), unite(a->right, after));
    }

    static std::uint64_t depth(const Node *node)
    {
        return node ? 1 + std::max(depth(node->left.get()), depth(node->right.get())) : 0;
    }

    /// True when the invariants of the subtree hold.
    static bool holds(const Node &node)
    {
        const Node expected(node.range, node.value, node.priority, node.left, node.right);
        if (node.range.empty() || expected.count != node.count || expected.bytes != node.bytes
            || expected.runs != node.runs || expected.first != node.first || expected.last != node.last)
            return false;
        if (node.left
            && (node.left->priority > node.priority || node.left->last > node.range.begin() || !holds(*node.left)))
            return false;
        return !node.right
            || (node.right->priority <= node.priority && node.right->first >= node.range.end() && holds(*node.right));
    }
};

} // namespace cachecore
