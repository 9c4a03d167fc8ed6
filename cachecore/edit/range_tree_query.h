// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/range_tree_node.h"

#include <algorithm>
#include <optional>

namespace cachecore {

/// What can be asked of the nodes of a RangeTree; each question costs O(log n) but where it says otherwise.
template <typename Value>
class RangeTreeQuery {
public:
    using Node = RangeTreeNode<Value>;
    using Entry = Node::Entry;
    using Subtree = Node::Subtree;

    /// The first entry that shares a byte with `range`, or nothing.
    [[nodiscard]] static const Entry *firstIn(const Subtree &root, ByteRange range)
    {
        if (root.empty() || range.intersection(root.summary.range()).empty())
            return nullptr;
        const Node *node = root.node.get();
        while (!node->isLeaf()) // the first child that ends behind the begin is the only one that can have it
            node = node->children()[node->childAt(range.begin())].node.get();
        const Entry &entry = node->entries()[node->entryAt(range.begin())];
        return entry.range.begin() < range.end() ? &entry : nullptr;
    }

    /// True when a byte of `range` is covered; less the more of the tree lies in `range`.
    [[nodiscard]] static bool anyIn(const Subtree &root, ByteRange range)
    {
        const Subtree *subtree = &root;
        for (;;) {
            const ByteRange held = subtree->summary.range();
            if (subtree->empty() || range.intersection(held).empty())
                return false;
            if (range.contains(held.begin()) || held.end() <= range.end()) // its first or its last byte
                return true;
            const Node &node = *subtree->node;
            if (node.isLeaf())
                return node.entries()[node.entryAt(range.begin())].range.begin() < range.end();
            subtree = &node.children()[node.childAt(range.begin())];
        }
    }

    /// Bytes covered inside `range`.
    [[nodiscard]] static std::uint64_t bytesIn(const Subtree &subtree, ByteRange range)
    {
        const ByteRange held = subtree.summary.range();
        if (subtree.empty() || range.intersection(held).empty())
            return 0;
        if (range.contains(held))
            return subtree.summary.bytes;
        const Node &node = *subtree.node;
        std::uint64_t bytes = 0;
        if (node.isLeaf()) {
            for (const Entry &entry : node.entries().subspan(node.entryAt(range.begin())))
                bytes += entry.range.intersection(range).length();
            return bytes;
        }
        for (const Subtree &child : node.children().subspan(node.childAt(range.begin()))) {
            if (range.end() <= child.summary.first)
                break;
            bytes += bytesIn(child, range);
        }
        return bytes;
    }

    /// Calls `visit` for each entry in `range` as RangeTree::forEach does. O(log n + entries).
    template <typename Visit>
    [[nodiscard]] static bool visitIn(const Subtree &subtree, ByteRange range, Visit &visit)
    {
        if (subtree.empty() || subtree.summary.range().intersection(range).empty())
            return true;
        const Node &node = *subtree.node;
        if (!node.isLeaf()) {
            for (const Subtree &child : node.children().subspan(node.childAt(range.begin()))) {
                if (range.end() <= child.summary.first)
                    break;
                if (!visitIn(child, range, visit))
                    return false;
            }
            return true;
        }
        for (const Entry &entry : node.entries().subspan(node.entryAt(range.begin()))) {
            if (range.end() <= entry.range.begin())
                break;
            const ByteRange shared = entry.range.intersection(range);
            const std::uint64_t skip = shared.begin() - entry.range.begin();
            if (!(skip == 0 ? visit(shared, entry.value) : visit(shared, entry.value.slice(skip))))
                return false;
        }
        return true;
    }

    /// Begin of run number `index`, which there is.
    [[nodiscard]] static ByteOffset runBegin(const Subtree &root, std::uint64_t index)
    {
        const Node *node = root.node.get();
        std::optional<ByteOffset> previousEnd;
        while (!node->isLeaf()) {
            for (const Subtree &child : node->children()) {
                const std::uint64_t starting = startsIn(child.summary, previousEnd);
                if (index < starting) {
                    node = child.node.get();
                    break;
                }
                index -= starting;
                previousEnd = child.summary.last;
            }
        }
        for (const Entry &entry : node->entries()) {
            if (previousEnd != entry.range.begin() && index-- == 0)
                return entry.range.begin();
            previousEnd = entry.range.end();
        }
        return {}; // not reached
    }

    /// How many runs begin before `offset`.
    [[nodiscard]] static std::uint64_t runsBeginningBefore(const Subtree &root, ByteOffset offset)
    {
        std::uint64_t runs = 0;
        std::optional<ByteOffset> previousEnd;
        for (const Subtree *subtree = &root; subtree && !subtree->empty();) {
            const Node &node = *subtree->node;
            subtree = nullptr;
            if (node.isLeaf()) {
                for (const Entry &entry : node.entries()) {
                    if (offset <= entry.range.begin())
                        break;
                    runs += previousEnd != entry.range.begin() ? 1U : 0U;
                    previousEnd = entry.range.end();
                }
                break;
            }
            for (const Subtree &child : node.children()) {
                if (offset <= child.summary.first)
                    break;
                if (offset < child.summary.last) {
                    subtree = &child;
                    break;
                }
                runs += startsIn(child.summary, previousEnd);
                previousEnd = child.summary.last;
            }
        }
        return runs;
    }

    /// End of the last entry that begins before `offset`; there must be one.
    [[nodiscard]] static ByteOffset lastEndBefore(const Subtree &root, ByteOffset offset)
    {
        const Node *node = root.node.get();
        while (!node->isLeaf()) {
            const auto children = node->children();
            std::size_t at = std::min(node->childAt(offset), children.size() - 1);
            if (at > 0 && offset <= children[at].summary.first)
                --at;
            node = children[at].node.get();
        }
        const auto entries = node->entries();
        std::size_t at = std::min(node->entryAt(offset), entries.size() - 1);
        if (at > 0 && offset <= entries[at].range.begin())
            --at;
        return entries[at].range.end();
    }

    /// True when the invariants of a RangeTree hold in the subtree, which is not empty. O(n).
    [[nodiscard]] static bool holds(const Subtree &subtree)
    {
        const Node &node = *subtree.node;
        if (node.size() > Node::kMost || node.size() > node.capacity() || !(node.summarize() == subtree.summary))
            return false;
        ByteOffset reached(0);
        for (std::size_t i = 0; i < node.size(); ++i) {
            const ByteRange range = node.isLeaf() ? node.entries()[i].range : node.children()[i].summary.range();
            if (range.empty() || range.begin() < reached)
                return false;
            reached = range.end();
        }
        return node.isLeaf() || (node.size() > 1 && node.capacity() == Node::kMost && childrenHold(node));
    }

private:
    [[nodiscard]] static bool childrenHold(const Node &node)
    {
        return std::ranges::all_of(node.children(), [&node](const Subtree &child) {
            return child.node->height() + 1 == node.height() && child.node->size() >= Node::kLeast && holds(child);
        });
    }

    /// Runs that begin in what is summed up when the entry before it ends at `previousEnd`.
    [[nodiscard]] static std::uint64_t startsIn(const RangeTreeSummary &summary, std::optional<ByteOffset> previousEnd)
    {
        return summary.runs - (previousEnd == summary.first ? 1 : 0);
    }
};

} // namespace cachecore
