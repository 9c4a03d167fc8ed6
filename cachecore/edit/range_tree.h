// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/edit/range_tree_node.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace cachecore {

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
        const Node *const there = entryIn(range);
        if (!there)
            return RangeTree(Node::inserted(m_root, range, std::move(value), nextTreePriority()));
        if (there->range == range)
            return RangeTree(Node::replaced(m_root, range, std::move(value)));
        return withAllOf(range, RangeTree(Node::single(range, std::move(value))));
    }

    /// Without anything in `range`.
    [[nodiscard]] RangeTree without(ByteRange range) const { return anyIn(range) ? withAllOf(range, {}) : *this; }

    /// Without anything where `holes` has something.
    template <typename Other>
    [[nodiscard]] RangeTree without(const RangeTree<Other> &holes) const
    {
        return RangeTree(Node::minus(m_root, holes.m_root.get()));
    }

    /// With everything of `other`, which has nothing where this has something.
    [[nodiscard]] RangeTree united(const RangeTree &other) const
    {
        return RangeTree(Node::unite(m_root, other.m_root));
    }

    /// With everything of `top` in place of what this tree has there. O(m log(n / m + 1)) for n and m entries, m the fewer, and the
    /// pieces that entries are cut into.
    [[nodiscard]] RangeTree overlaid(const RangeTree &top) const { return without(top).united(top); }

    /// Only what lies in `range`.
    [[nodiscard]] RangeTree clipped(ByteRange range) const
    {
        if (range.empty() || !m_root)
            return {};
        return RangeTree(Node::split(Node::split(m_root, range.begin()).second, range.end()).first);
    }

    /// With everything of `other`, which must lie in `range`, in place of what this tree has there.
    [[nodiscard]] RangeTree withAllOf(ByteRange range, const RangeTree &other) const
    {
        if (range.empty())
            return *this;
        auto [before, rest] = Node::split(m_root, range.begin());
        return RangeTree(Node::merge(Node::merge(before, other.m_root), Node::split(rest, range.end()).second));
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

    /// The value of the first entry; there must be one. O(log n).
    [[nodiscard]] const Value &front() const
    {
        const Node *node = m_root.get();
        while (node->left)
            node = node->left.get();
        return node->value;
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

    /// The longest way from the root to an entry, in nodes; what every O(log n) here speaks of. O(n), for tests.
    [[nodiscard]] std::uint64_t depth() const { return Node::depth(m_root.get()); }
    /// True when every stated invariant holds; for tests.
    [[nodiscard]] bool invariantsHold() const { return !m_root || Node::holds(*m_root); }

private:
    using Node = RangeTreeNode<Value>;
    using Ref = Node::Ref;
    template <typename Other>
    friend class RangeTree;
    template <typename Other>
    friend class RangeTreeBuilder;
    template <typename Other>
    friend class RangeTreeDifference;

    explicit RangeTree(Ref root)
        : m_root(std::move(root))
    {
    }

    /// The highest entry that shares a byte with `range`, or nothing; never nothing where there is one.
    [[nodiscard]] const Node *entryIn(ByteRange range) const
    {
        const Node *node = m_root.get();
        while (node && !node->range.intersects(range))
            node = range.end() <= node->range.begin() ? node->left.get() : node->right.get();
        return node;
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

    Ref m_root;
};

/// Makes a RangeTree of entries that come in ascending order, in O(their number) and with one node for each (Vuillemin, 1980).
template <typename Value>
class RangeTreeBuilder {
public:
    /// `range` is not empty and lies behind everything appended before.
    void append(ByteRange range, Value value)
    {
        const std::uint64_t priority = nextTreePriority();
        Ref before = folded([priority](const Open &open) { return open.priority < priority; });
        m_spine.push_back({range, std::move(value), priority, std::move(before)});
    }

    /// The tree; the builder is empty again.
    [[nodiscard]] RangeTree<Value> take()
    {
        return RangeTree<Value>(folded([](const Open &) { return true; }));
    }

private:
    using Node = RangeTreeNode<Value>;
    using Ref = Node::Ref;

    /// An entry of the tree's right edge; what lies to the right of it is not known yet.
    struct Open {
        ByteRange range;
        Value value;
        std::uint64_t priority = 0;
        Ref left;
    };

    /// Closes entries from the end of the edge on as long as `closes` says so, and returns them as one tree.
    template <typename Closes>
    Ref folded(const Closes &closes)
    {
        Ref done;
        while (!m_spine.empty() && closes(m_spine.back())) {
            Open &open = m_spine.back();
            done = std::make_shared<const Node>(open.range, std::move(open.value), open.priority, std::move(open.left),
                                                std::move(done));
            m_spine.pop_back();
        }
        return done;
    }

    std::vector<Open> m_spine; ///< priorities fall
};

} // namespace cachecore
