// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/range_tree.h"

#include <algorithm>
#include <ranges>
#include <vector>

namespace cachecore {

/// Finds where two RangeTrees hold different things. Both are walked from left to right at once; nodes they share are skipped, which they
/// meet at the same time because of what overlaps the higher is always opened first. O(d * log n) for d changes between two versions of n
/// entries.
template <typename Value>
class RangeTreeDifference {
public:
    RangeTreeDifference(const RangeTree<Value> &older, const RangeTree<Value> &newer)
        : m_older(older.m_root)
        , m_newer(newer.m_root)
    {
    }

    /// Calls `visit(ByteRange, const Value *)`, ascending, for each stretch where the newer tree has another value, its value sliced to
    /// the stretch's begin, or nothing (nullptr) where the older has one, until it returns false. `same(a, b)` says whether two values are the
    /// same as far as the caller cares.
    template <typename Same, typename Visit>
    void forEach(const Same &same, const Visit &visit)
    {
        bool goOn = true;
        while (goOn && !(m_older.atEnd() && m_newer.atEnd())) {
            if (m_older.comesBefore(m_newer))
                goOn = m_older.whole() ? m_older.open() : visitOlder(visit);
            else if (m_newer.comesBefore(m_older))
                goOn = m_newer.whole() ? m_newer.open() : visitNewer(visit);
            else if (m_older.whole() || m_newer.whole())
                open();
            else
                goOn = visitBoth(same, visit);
        }
    }

private:
    using Node = RangeTreeNode<Value>;
    using Entry = Node::Entry;
    using Subtree = Node::Subtree;

    /// What is left of one tree.
    class Cursor {
    public:
        explicit Cursor(const Subtree &root)
        {
            if (!root.empty())
                push(root);
        }

        [[nodiscard]] bool atEnd() const { return m_stack.empty(); }
        /// True when a whole subtree comes next, false for a single entry or the end.
        [[nodiscard]] bool whole() const { return !atEnd() && m_stack.back().node; }
        [[nodiscard]] const Node *node() const { return m_stack.back().node; }
        /// Of what comes next, in nodes: 0 for an entry.
        [[nodiscard]] std::size_t levels() const { return whole() ? node()->height() + 1 : 0; }
        /// What the next item covers.
        [[nodiscard]] ByteRange range() const { return m_stack.back().range; }
        [[nodiscard]] Value value() const
        {
            const Entry &entry = *m_stack.back().entry;
            return entry.value.slice(range().begin() - entry.range.begin());
        }
        /// True when the next item ends before the next of `other` begins.
        [[nodiscard]] bool comesBefore(const Cursor &other) const
        {
            return !atEnd() && (other.atEnd() || range().end() <= other.range().begin());
        }

        /// Puts a subtree's parts in its place.
        bool open()
        {
            const Node &top = *node();
            m_stack.pop_back();
            if (top.isLeaf()) {
                for (const Entry &entry : std::views::reverse(top.entries()))
                    m_stack.push_back({nullptr, &entry, entry.range});
            } else {
                for (const Subtree &child : std::views::reverse(top.children()))
                    push(child);
            }
            return true;
        }
        /// Leaves what is before `to` of the next item behind.
        void advance(ByteOffset to)
        {
            Item &item = m_stack.back();
            item.range = ByteRange(to, item.range.end());
            if (item.range.empty())
                m_stack.pop_back();
        }
        void skip() { m_stack.pop_back(); }

    private:
        struct Item {
            const Node *node; ///< nothing for an entry
            const Entry *entry;
            ByteRange range;
        };

        void push(const Subtree &subtree) { m_stack.push_back({subtree.node.get(), nullptr, subtree.summary.range()}); }

        std::vector<Item> m_stack; ///< what comes next is last
    };

    /// Two items that overlap, of which at least one is a subtree.
    void open()
    {
        if (m_older.node() == m_newer.node()) {
            m_older.skip();
            m_newer.skip();
            return;
        }
        const std::size_t older = m_older.levels();
        const std::size_t newer = m_newer.levels();
        if (older >= newer)
            m_older.open();
        if (newer >= older)
            m_newer.open();
    }

    template <typename Visit>
    bool visitOlder(const Visit &visit)
    {
        const ByteRange range = m_older.range();
        m_older.skip();
        return visit(range, static_cast<const Value *>(nullptr));
    }

    template <typename Visit>
    bool visitNewer(const Visit &visit)
    {
        const ByteRange range = m_newer.range();
        const Value value = m_newer.value();
        m_newer.skip();
        return visit(range, &value);
    }

    /// Two entries that share bytes: what only one has comes first, then what both have.
    template <typename Same, typename Visit>
    bool visitBoth(const Same &same, const Visit &visit)
    {
        const ByteRange older = m_older.range();
        const ByteRange newer = m_newer.range();
        if (older.begin() < newer.begin()) {
            m_older.advance(newer.begin());
            return visit(ByteRange(older.begin(), newer.begin()), static_cast<const Value *>(nullptr));
        }
        const Value value = m_newer.value();
        const ByteOffset end = newer.begin() < older.begin() ? older.begin() : std::min(older.end(), newer.end());
        const ByteRange part(newer.begin(), end);
        const bool unchanged = newer.begin() == older.begin() && same(m_older.value(), value);
        if (newer.begin() == older.begin())
            m_older.advance(end);
        m_newer.advance(end);
        return unchanged || visit(part, &value);
    }

    Cursor m_older;
    Cursor m_newer;
};

} // namespace cachecore
