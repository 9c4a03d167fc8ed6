// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/range_tree_node.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace cachecore {

/// Makes a tree out of entries and of stretches of other trees that come in ascending order. Nodes that fit are shared; only those
/// at the seams are made anew. O(1) for an entry, O(log n) for a stretch of a tree of n entries.
///
/// For each height there is an open node, which takes what comes; when it has become too large, a full node is closed off it and goes to
/// the open node above. Before a whole subtree is taken in, the open nodes below its height are closed; what is too small for that
/// is filled up with its left neighbour, which is taken back for it, or, where there is none, with the first part of the subtree.
template <typename Value>
class RangeTreeComposer {
public:
    using Node = RangeTreeNode<Value>;
    using Entry = Node::Entry;
    using Subtree = Node::Subtree;

    /// `range` is not empty and lies behind everything appended before.
    void append(ByteRange range, Value value)
    {
        m_entries.push_back({range, std::move(value)});
        if (m_entries.size() == kMostOpen)
            pushNode(0, closedOff(m_entries, Node::kMost, 0));
    }

    /// Everything of `subtree`, which lies behind everything appended before.
    void append(const Subtree &subtree)
    {
        if (subtree.empty())
            return;
        const Node &node = *subtree.node;
        if (node.size() >= Node::kLeast && closeUpTo(node.height())) {
            pushNode(node.height(), subtree);
            return;
        }
        if (node.isLeaf()) {
            for (const Entry &entry : node.entries())
                append(entry.range, entry.value);
        } else {
            for (const Subtree &child : node.children())
                append(child);
        }
    }

    /// What of `subtree` lies in `range`.
    void append(const Subtree &subtree, ByteRange range)
    {
        if (subtree.empty() || subtree.summary.range().intersection(range).empty())
            return;
        if (range.contains(subtree.summary.range())) {
            append(subtree);
            return;
        }
        const Node &node = *subtree.node;
        if (!node.isLeaf()) {
            for (const Subtree &child : node.children().subspan(node.childAt(range.begin()))) {
                if (range.end() <= child.summary.first)
                    return;
                append(child, range);
            }
            return;
        }
        for (const Entry &entry : node.entries().subspan(node.entryAt(range.begin()))) {
            if (range.end() <= entry.range.begin())
                return;
            appendPart(entry, entry.range.intersection(range));
        }
    }

    /// The part of an entry over `part`, which is not empty.
    void appendPart(const Entry &entry, ByteRange part)
    {
        const std::uint64_t skip = part.begin() - entry.range.begin();
        append(part, skip == 0 ? entry.value : entry.value.slice(skip));
    }

    /// The tree; the composer is empty again.
    [[nodiscard]] Subtree take()
    {
        Subtree root;
        for (std::size_t height = 0; !takeTop(height, root); ++height)
            (void)close(height); // something is above, so it succeeds
        m_entries.clear();
        m_open.clear();
        return root;
    }

private:
    static constexpr std::size_t kMostOpen = Node::kMost + Node::kLeast;

    /// How many items the open node of this height has.
    [[nodiscard]] std::size_t openSize(std::size_t height) const
    {
        if (height == 0)
            return m_entries.size();
        return height <= m_open.size() ? m_open[height - 1].size() : 0;
    }

    /// A node of items [from, from + size) of `items`, which are moved, and gone when they are the first.
    template <typename Item>
    static Subtree closedOff(std::vector<Item> &items, std::size_t size, std::size_t height)
    {
        auto node = Node::make(height, height == 0 ? size : Node::kMost);
        for (std::size_t i = 0; i < size; ++i)
            node.own().append(std::move(items[i]));
        items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(size));
        const RangeTreeSummary summary = node->summarize();
        return {std::move(node), summary};
    }
    Subtree closedOff(std::size_t height, std::size_t size)
    {
        return height == 0 ? closedOff(m_entries, size, 0) : closedOff(m_open[height - 1], size, height);
    }

    /// Puts a node of this height behind those before it.
    void pushNode(std::size_t height, Subtree node)
    {
        while (m_open.size() <= height)
            m_open.emplace_back().reserve(kMostOpen);
        m_open[height].push_back(std::move(node));
        if (m_open[height].size() == kMostOpen)
            pushNode(height + 1, closedOff(m_open[height], Node::kMost, height + 1));
    }

    /// Closes the open nodes up to this height; false when one is too small and nothing comes before it.
    bool closeUpTo(std::size_t height)
    {
        for (std::size_t i = 0; i <= height; ++i) {
            if (!close(i))
                return false;
        }
        return true;
    }
    bool close(std::size_t height)
    {
        if (openSize(height) == 0)
            return true;
        if (openSize(height) < Node::kLeast && !takeBack(height))
            return false;
        const std::size_t size = openSize(height);
        if (size > Node::kMost)
            pushNode(height, closedOff(height, size / 2));
        pushNode(height, closedOff(height, openSize(height)));
        return true;
    }

    /// Opens the last closed node of this height again, its items before those of the open one; false when there is none.
    bool takeBack(std::size_t height)
    {
        if (height >= m_open.size() || (m_open[height].empty() && !takeBack(height + 1)))
            return false;
        const Subtree last = std::move(m_open[height].back());
        m_open[height].pop_back();
        if (height == 0)
            m_entries.insert(m_entries.begin(), last.node->entries().begin(), last.node->entries().end());
        else
            m_open[height - 1].insert(m_open[height - 1].begin(), last.node->children().begin(),
                                      last.node->children().end());
        return true;
    }

    /// Makes the open node of this height the root when there is nothing above it and it is not too large.
    bool takeTop(std::size_t height, Subtree &root)
    {
        for (std::size_t above = height; above < m_open.size(); ++above) {
            if (!m_open[above].empty())
                return false;
        }
        const std::size_t size = openSize(height);
        if (size > Node::kMost)
            return false;
        if (height > 0 && size == 1)
            root = std::move(m_open[height - 1].front());
        else if (size > 0)
            root = closedOff(height, size);
        return true;
    }

    std::vector<Entry> m_entries;             ///< of the open leaf
    std::vector<std::vector<Subtree>> m_open; ///< those number h are the children of the open node of height h + 1
};

} // namespace cachecore
