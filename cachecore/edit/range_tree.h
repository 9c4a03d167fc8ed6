// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
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

/// An immutable ordered map from disjoint, non-empty byte ranges to values: a treap (Seidel and Aragon, 1996) whose
/// nodes are shared between versions, so that a copy costs O(1) and a change O(log n) new nodes. A *run* is a longest
/// stretch of adjacent ranges.
///
/// `Value` is copied cheaply and has `Value slice(std::uint64_t skip) const`: itself from its byte `skip` on.
/// Invariants: ranges ascend and do not overlap; each node's priority is at least its children's; each node's
/// aggregates describe its subtree.
/// Thread: a value; any number of threads may read one at once. Throws std::bad_alloc from changing functions, which
/// leave the original untouched.
template <typename Value>
class RangeTree {
public:
    RangeTree() = default;

    [[nodiscard]] bool empty() const { return !m_root; }
    [[nodiscard]] std::uint64_t count() const { return m_root ? m_root->count : 0; }
    [[nodiscard]] std::uint64_t byteCount() const { return m_root ? m_root->bytes : 0; }
    [[nodiscard]] std::uint64_t runCount() const { return m_root ? m_root->runs : 0; }
    /// From the first to the last byte; an empty range when there is none.
    [[nodiscard]] ByteRange span() const { return m_root ? ByteRange(m_root->first, m_root->last) : ByteRange(); }
    [[nodiscard]] bool sameAs(const RangeTree &other) const { return m_root == other.m_root; }

    /// With `value` over `range` in place of what was there. An empty range changes nothing.
    [[nodiscard]] RangeTree with(ByteRange range, Value value) const
    {
        if (range.empty())
            return *this;
        auto [before, rest] = split(m_root, range.begin());
        Ref after = split(rest, range.end()).second;
        return RangeTree(merge(merge(before, single(range, std::move(value))), after));
    }

    /// Without anything in `range`.
    [[nodiscard]] RangeTree without(ByteRange range) const
    {
        if (range.empty() || !m_root)
            return *this;
        auto [before, rest] = split(m_root, range.begin());
        return RangeTree(merge(before, split(rest, range.end()).second));
    }

    /// Only what lies in `range`.
    [[nodiscard]] RangeTree clipped(ByteRange range) const
    {
        if (range.empty() || !m_root)
            return {};
        return RangeTree(split(split(m_root, range.begin()).second, range.end()).first);
    }

    /// With everything of `other`, which must lie in `range`, in place of what this tree has there.
    [[nodiscard]] RangeTree withAllOf(ByteRange range, const RangeTree &other) const
    {
        if (range.empty())
            return *this;
        auto [before, rest] = split(m_root, range.begin());
        return RangeTree(merge(merge(before, other.m_root), split(rest, range.end()).second));
    }

    /// Bytes covered inside `range`. O(log n).
    [[nodiscard]] std::uint64_t byteCountIn(ByteRange range) const
    {
        return range.empty() ? 0 : bytesBefore(range.end()) - bytesBefore(range.begin());
    }

    /// True when a byte of `range` is covered. O(log n), and less the more of the tree lies in `range`.
    [[nodiscard]] bool anyIn(ByteRange range) const
    {
        const Node *node = range.empty() ? nullptr : m_root.get();
        while (node && node->first < range.end() && range.begin() < node->last) {
            const bool firstInside = range.begin() <= node->first; // the condition above has the other side
            const bool lastInside = node->last <= range.end();
            if (firstInside || lastInside || !node->range.intersection(range).empty())
                return true;
            node = range.end() <= node->range.begin() ? node->left.get() : node->right.get();
        }
        return false;
    }

    /// Calls `visit(ByteRange, const Value &)` for each entry that shares a byte with `range`, clipped to it, ascending, until it
    /// returns false; the value is sliced to the clipped begin. Returns false when stopped.
    template <typename Visit>
    bool forEach(ByteRange range, Visit &&visit) const
    {
        return range.empty() || visitNode(m_root.get(), range, visit);
    }

    /// Begin of run number `index` (ascending, below runCount()). O(log n).
    [[nodiscard]] ByteOffset runBegin(std::uint64_t index) const
    {
        const Node *node = m_root.get();
        std::optional<ByteOffset> previousEnd;
        for (;;) {
            const std::uint64_t inLeft = startsIn(node->left.get(), previousEnd);
            if (index < inLeft) {
                node = node->left.get();
                continue;
            }
            index -= inLeft;
            if (node->left)
                previousEnd = node->left->last;
            if (previousEnd != node->range.begin()) {
                if (index == 0)
                    return node->range.begin();
                --index;
            }
            previousEnd = node->range.end();
            node = node->right.get();
        }
    }

    /// Run number `index`. O(log n).
    [[nodiscard]] ByteRange run(std::uint64_t index) const
    {
        const ByteOffset begin = runBegin(index);
        const ByteOffset end = index + 1 == runCount() ? m_root->last : lastEndBefore(runBegin(index + 1));
        return {begin, end};
    }

    /// How many runs begin before `offset`. O(log n).
    [[nodiscard]] std::uint64_t runsBeginningBefore(ByteOffset offset) const
    {
        std::uint64_t runs = 0;
        std::optional<ByteOffset> previousEnd;
        for (const Node *node = m_root.get(); node;) {
            if (node->range.begin() >= offset) {
                node = node->left.get();
                continue;
            }
            runs += startsIn(node->left.get(), previousEnd);
            if (node->left)
                previousEnd = node->left->last;
            runs += previousEnd != node->range.begin() ? 1 : 0;
            previousEnd = node->range.end();
            node = node->right.get();
        }
        return runs;
    }

    /// True when every stated invariant holds; for tests.
    [[nodiscard]] bool invariantsHold() const { return !m_root || nodeHolds(*m_root); }

private:
    struct Node;
    using Ref = std::shared_ptr<const Node>;

    struct Node {
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

        Node(ByteRange r, Value v, std::uint64_t p, Ref l, Ref rt)
            : range(r)
            , value(std::move(v))
            , priority(p)
            , left(std::move(l))
            , right(std::move(rt))
            , first(left ? left->first : range.begin())
            , last(right ? right->last : range.end())
            , count(1 + (left ? left->count : 0) + (right ? right->count : 0))
            , bytes(range.length() + (left ? left->bytes : 0) + (right ? right->bytes : 0))
            , runs(1 + (left ? left->runs : 0) + (right ? right->runs : 0)
                   - (left && left->last == range.begin() ? 1 : 0) - (right && right->first == range.end() ? 1 : 0))
        {
        }
    };

    explicit RangeTree(Ref root)
        : m_root(std::move(root))
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

    template <typename Visit>
    static bool visitNode(const Node *node, ByteRange range, Visit &visit)
    {
        if (!node || node->last <= range.begin() || range.end() <= node->first)
            return true;
        if (!visitNode(node->left.get(), range, visit))
            return false;
        const ByteRange shared = node->range.intersection(range);
        if (!shared.empty()) {
            const std::uint64_t skip = shared.begin() - node->range.begin();
            if (!(skip == 0 ? visit(shared, node->value) : visit(shared, node->value.slice(skip))))
                return false;
        }
        return visitNode(node->right.get(), range, visit);
    }

    [[nodiscard]] std::uint64_t bytesBefore(ByteOffset offset) const
    {
        std::uint64_t bytes = 0;
        for (const Node *node = m_root.get(); node;) {
            if (offset <= node->range.begin()) {
                node = node->left.get();
                continue;
            }
            bytes += (node->left ? node->left->bytes : 0);
            if (offset < node->range.end())
                return bytes + (offset - node->range.begin());
            bytes += node->range.length();
            node = node->right.get();
        }
        return bytes;
    }

    /// Runs that begin inside the subtree when the entry before it ends at `previousEnd`.
    static std::uint64_t startsIn(const Node *node, std::optional<ByteOffset> previousEnd)
    {
        if (!node)
            return 0;
        return node->runs - (previousEnd == node->first ? 1 : 0);
    }

    /// End of the last entry that begins before `offset`; there must be one.
    [[nodiscard]] ByteOffset lastEndBefore(ByteOffset offset) const
    {
        ByteOffset end;
        for (const Node *node = m_root.get(); node;) {
            if (node->range.begin() < offset) {
                end = node->range.end();
                node = node->right.get();
            } else {
                node = node->left.get();
            }
        }
        return end;
    }

    static bool nodeHolds(const Node &node)
    {
        const Node expected(node.range, node.value, node.priority, node.left, node.right);
        if (node.range.empty() || expected.count != node.count || expected.bytes != node.bytes
            || expected.runs != node.runs || expected.first != node.first || expected.last != node.last)
            return false;
        if (node.left
            && (node.left->priority > node.priority || node.left->last > node.range.begin() || !nodeHolds(*node.left)))
            return false;
        return !node.right
            || (node.right->priority <= node.priority && node.right->first >= node.range.end()
                && nodeHolds(*node.right));
    }

    Ref m_root;
};

} // namespace cachecore
