// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/range_tree_node.h"

#include <array>

namespace cachecore {

/// Changes one entry of a RangeTree in place, in two halves: `reserve` takes all the memory there is to take and changes nothing that can be
/// seen, `place` and `takeOut` cannot fail. Nodes the tree shares with others are replaced by copies on the way.
///
/// A full node is split before it is entered (Guibas and Sedgewick, 1978), so that its parent has room for the half that is split off.
template <typename Value>
class RangeTreePlacing {
public:
    using Node = RangeTreeNode<Value>;
    using Entry = Node::Entry;
    using Subtree = Node::Subtree;

    /// The way to where an entry over `range` is or belongs becomes the tree's own; with `forNew` there is room for one more.
    static void reserve(Subtree &root, ByteRange range, bool forNew)
    {
        if (!root.node)
            root.node = Node::make(0, 1);
        own(root, forNew);
        if (forNew && root.node->size() == Node::kMost)
            splitRoot(root, range.begin());
        for (Node *node = &root.node.own(); !node->isLeaf();) {
            std::size_t at = childFor(*node, range.begin());
            own(node->children()[at], forNew);
            if (forNew && node->children()[at].node->size() == Node::kMost) {
                split(*node, at, range.begin());
                at = childFor(*node, range.begin());
            }
            node = &node->children()[at].node.own();
        }
    }

    /// Puts an entry over `range`, where there is either nothing or an entry over exactly it. Reserved.
    static void place(Subtree &root, ByteRange range, Value &&value) noexcept
    {
        Way way(root, range.begin());
        Node &leaf = way.leaf();
        const std::size_t at = leaf.entryAt(range.begin());
        const auto entries = leaf.entries();
        if (at < entries.size() && entries[at].range == range) {
            entries[at].value = std::move(value);
            return;
        }
        RangeTreeSummary summary = way.leafSummary();
        const std::uint64_t touched = (at > 0 && entries[at - 1].range.end() == range.begin() ? 1U : 0U)
            + (at < entries.size() && entries[at].range.begin() == range.end() ? 1U : 0U);
        summary.count += 1;
        summary.bytes += range.length();
        summary.runs += 1 - touched;
        leaf.insert(at, Entry{range, std::move(value)});
        way.leafBecame(summary);
    }

    /// True when the entry over exactly `range`, which there is, can be taken out in place.
    static bool canTakeOut(const Subtree &root, ByteRange range)
    {
        const Node *node = root.node.get();
        if (node->isLeaf())
            return true;
        while (!node->isLeaf())
            node = node->children()[childFor(*node, range.begin())].node.get();
        return node->size() > Node::kLeast;
    }

    /// Takes out the entry over exactly `range`, which there is, and can be. Reserved.
    static void takeOut(Subtree &root, ByteRange range) noexcept
    {
        Way way(root, range.begin());
        Node &leaf = way.leaf();
        if (leaf.size() == 1) {
            root = {};
            return;
        }
        const std::size_t at = leaf.entryAt(range.begin());
        const auto entries = leaf.entries();
        RangeTreeSummary summary = way.leafSummary();
        const std::uint64_t touched = (at > 0 && entries[at - 1].range.end() == range.begin() ? 1U : 0U)
            + (at + 1 < entries.size() && entries[at + 1].range.begin() == range.end() ? 1U : 0U);
        summary.count -= 1;
        summary.bytes -= range.length();
        summary.runs += touched - 1;
        leaf.removeEntry(at);
        way.leafBecame(summary);
    }

private:
    /// The nodes from a root to the leaf where `at` is or belongs; all of them the tree's own.
    class Way {
    public:
        Way(Subtree &root, ByteOffset at)
            : m_root(root)
        {
            Node *node = &root.node.own();
            for (; !node->isLeaf(); ++m_length) {
                const std::size_t index = childFor(*node, at);
                m_steps[m_length] = {node, index};
                node = &node->children()[index].node.own();
            }
            m_leaf = node;
        }
        [[nodiscard]] Node &leaf() const { return *m_leaf; }
        [[nodiscard]] const RangeTreeSummary &leafSummary() const { return at(m_length).summary; }

        /// Notes what the leaf holds now, all the way up; its first and last are found here.
        void leafBecame(RangeTreeSummary now)
        {
            now.first = m_leaf->entries().front().range.begin();
            now.last = m_leaf->entries().back().range.end();
            for (std::size_t i = m_length; i > 0; --i) {
                const auto [parent, index] = m_steps[i - 1];
                const auto children = parent->children();
                RangeTreeSummary &child = children[index].summary;
                RangeTreeSummary whole = at(i - 1).summary;
                const std::uint64_t touched = touching(children, index);
                whole.count += now.count - child.count;
                whole.bytes += now.bytes - child.bytes;
                whole.runs += now.runs - child.runs;
                child = now;
                whole.runs += touched - touching(children, index);
                whole.first = children.front().summary.first;
                whole.last = children.back().summary.last;
                now = whole;
            }
            m_root.summary = now;
        }

    private:
        struct Step {
            Node *node;
            std::size_t index;
        };

        /// The node number `i` of the way, as its parent knows it.
        [[nodiscard]] const Subtree &at(std::size_t i) const
        {
            return i == 0 ? m_root : m_steps[i - 1].node->children()[m_steps[i - 1].index];
        }
        /// On how many sides a child touches its neighbours.
        static std::uint64_t touching(std::span<const Subtree> all, std::size_t i)
        {
            return (i > 0 && all[i - 1].summary.last == all[i].summary.first ? 1U : 0U)
                + (i + 1 < all.size() && all[i].summary.last == all[i + 1].summary.first ? 1U : 0U);
        }

        Subtree &m_root;
        std::array<Step, Node::kMostHeight> m_steps;
        std::size_t m_length = 0;
        Node *m_leaf = nullptr;
    };

    static std::size_t childFor(const Node &node, ByteOffset at) { return std::min(node.childAt(at), node.size() - 1); }

    /// How much room a node is given that is to hold `size` items: inner nodes are few, leaves grow.
    static std::size_t roomFor(std::size_t height, std::size_t size)
    {
        return height > 0 ? Node::kMost : std::min(Node::kMost, size + size / 4 + 1);
    }

    /// Makes the node the tree's own; with `forNew` a leaf that is not as large as it may be has room for one more.
    static void own(Subtree &subtree, bool forNew)
    {
        const std::size_t height = subtree.node->height();
        const std::size_t size = subtree.node->size();
        if (!subtree.node.unique()) {
            subtree.node = subtree.node->copy(roomFor(height, size));
        } else if (forNew && height == 0 && size == subtree.node->capacity() && size < Node::kMost) {
            auto larger = Node::make(0, roomFor(0, size));
            subtree.node.own().moveTail(0, larger.own());
            subtree.node = std::move(larger);
        }
    }

    /// Moves the upper part of a full node to another one. Where things are added at the end, more is left where nothing will come any more.
    static Subtree splitOff(Subtree &full, ByteOffset at, typename Node::Ref into)
    {
        const std::size_t from = full.summary.last <= at ? Node::kMost - Node::kLeast : Node::kMost / 2;
        full.node.own().moveTail(from, into.own());
        full.summary = full.node->summarize();
        const RangeTreeSummary summary = into->summarize();
        return {std::move(into), summary};
    }

    static void split(Node &parent, std::size_t child, ByteOffset at)
    {
        Subtree &full = parent.children()[child];
        auto into = Node::make(full.node->height(), Node::kMost);
        parent.insert(child + 1, splitOff(full, at, std::move(into)));
    }

    static void splitRoot(Subtree &root, ByteOffset at)
    {
        auto into = Node::make(root.node->height(), Node::kMost);
        auto top = Node::make(root.node->height() + 1, Node::kMost);
        const RangeTreeSummary whole = root.summary;
        Subtree upper = splitOff(root, at, std::move(into));
        top.own().append(std::move(root));
        top.own().append(std::move(upper));
        root = {std::move(top), whole};
    }
};

} // namespace cachecore
