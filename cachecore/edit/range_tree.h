// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/edit/range_tree_composer.h"
#include "cachecore/edit/range_tree_node.h"
#include "cachecore/edit/range_tree_place.h"
#include "cachecore/edit/range_tree_query.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace cachecore {

/// What putting something over a range of a RangeTree meets.
enum class RangeTreeFit : std::uint8_t {
    Free,  ///< nothing
    Exact, ///< one entry over exactly the range
    Cuts,  ///< anything else: entries that are cut or go
};

/// An ordered map from disjoint, non-empty byte ranges to values: a B+-tree (Bayer and McCreight, 1972; Comer, 1979) whose nodes are
/// shared between versions, so that a copy costs O(1) and a change copies no more than the few nodes on its way. What no other version
/// shares is changed in place. A *run* is a longest stretch of adjacent ranges.
///
/// `Value` is copied cheaply, moved without exceptions, and has `Value slice(std::uint64_t skip) const`: itself from its byte `skip` on.
/// Invariants: ranges ascend and do not overlap; all leaves are equally deep; every node but the root has at least Node::kLeast
/// items; what a node says of its children is so.
/// Thread: a value; any number of threads may read one at once, and copies may be used on different threads. Throws std::bad_alloc from
/// changing functions, which leave what the tree holds as it was then.
template <typename Value>
class RangeTree {
public:
    using Fit = RangeTreeFit;

    RangeTree() = default;
    RangeTree(const RangeTree &) = default;
    RangeTree(RangeTree &&other) noexcept
        : m_root(std::exchange(other.m_root, {}))
    {
    }
    RangeTree &operator=(RangeTree other) noexcept
    {
        std::swap(m_root, other.m_root);
        return *this;
    }
    ~RangeTree() = default;

    [[nodiscard]] bool empty() const { return m_root.empty(); }
    [[nodiscard]] std::uint64_t count() const { return m_root.summary.count; }
    [[nodiscard]] std::uint64_t byteCount() const { return m_root.summary.bytes; }
    [[nodiscard]] std::uint64_t runCount() const { return m_root.summary.runs; }
    /// From the first to the last byte; an empty range when there is none.
    [[nodiscard]] ByteRange span() const { return m_root.summary.range(); }
    /// True when both share one root, which implies equal content.
    [[nodiscard]] bool sameAs(const RangeTree &other) const
    {
        return m_root.node.get() == other.m_root.node.get() || (empty() && other.empty());
    }

    // Changing one entry in place. A change of two trees at once that happens whole or not at all reserves in both before.

    /// `range` is not empty. O(log n).
    [[nodiscard]] Fit fit(ByteRange range) const
    {
        const Entry *const entry = Query::firstIn(m_root, range);
        if (!entry)
            return Fit::Free;
        return entry->range == range ? Fit::Exact : Fit::Cuts;
    }
    /// Takes the memory that `place` or `takeOut` needs for `range`; nothing else may be changed in between. O(log n).
    void reserve(ByteRange range, Fit fit) { RangeTreePlacing<Value>::reserve(m_root, range, fit == Fit::Free); }
    /// Puts `value` over `range`, which is reserved, and which it fits freely or exactly. O(log n).
    void place(ByteRange range, Value &&value) noexcept
    {
        RangeTreePlacing<Value>::place(m_root, range, std::move(value));
    }
    /// True when the entry over exactly `range`, which there is, can be taken out in place.
    [[nodiscard]] bool canTakeOut(ByteRange range) const { return RangeTreePlacing<Value>::canTakeOut(m_root, range); }
    /// Takes out the entry over exactly `range`, which is reserved, and can be. O(log n).
    void takeOut(ByteRange range) noexcept { RangeTreePlacing<Value>::takeOut(m_root, range); }

    /// Puts `value` over `range` in place of what was there. An empty range changes nothing. O((1 + entries cut) * log n).
    void put(ByteRange range, Value value)
    {
        if (range.empty())
            return;
        if (const Fit how = fit(range); how != Fit::Cuts) {
            reserve(range, how);
            place(range, std::move(value));
            return;
        }
        Composer composer;
        composer.append(m_root, before(range));
        composer.append(range, std::move(value));
        composer.append(m_root, behind(range));
        m_root = composer.take();
    }

    // New trees of old ones, which stay as they are.

    /// With `value` over `range` in place of what was there.
    [[nodiscard]] RangeTree with(ByteRange range, Value value) const
    {
        RangeTree changed = *this;
        changed.put(range, std::move(value));
        return changed;
    }

    /// Without anything in `range`.
    [[nodiscard]] RangeTree without(ByteRange range) const { return anyIn(range) ? withAllOf(range, {}) : *this; }

    /// Without anything where `holes` has something. O(m log n) for m entries of the fewer, and the pieces that entries are cut into.
    template <typename Other>
    [[nodiscard]] RangeTree without(const RangeTree<Other> &holes) const
    {
        if (!holes.anyIn(span()))
            return *this;
        Composer composer;
        appendWithout(composer, m_root, holes);
        return RangeTree(composer.take());
    }

    /// With everything of `other`, which has nothing where this has something. O(m log n) for m entries of the fewer.
    [[nodiscard]] RangeTree united(const RangeTree &other) const
    {
        if (empty() || other.empty())
            return empty() ? other : *this;
        if (count() < other.count())
            return other.united(*this);
        Composer composer;
        ByteOffset reached(0); // of other
        appendUnited(composer, m_root, other, reached);
        composer.append(other.m_root, {reached, ByteOffset(kMaxSourceSize)});
        return RangeTree(composer.take());
    }

    /// With everything of `top` in place of what this tree has there. The cost of `without` and `united`.
    [[nodiscard]] RangeTree overlaid(const RangeTree &top) const { return without(top).united(top); }

    /// Only what lies in `range`. O(log n).
    [[nodiscard]] RangeTree clipped(ByteRange range) const
    {
        if (range.contains(span()))
            return *this;
        const Entry *const entry = Query::firstIn(m_root, range);
        if (!entry)
            return {};
        Composer composer;
        if (entry->range.contains(range))
            composer.appendPart(*entry, range);
        else
            composer.append(m_root, range);
        return RangeTree(composer.take());
    }

    /// With everything of `other`, which must lie in `range`, in place of what this tree has there. O(log n).
    [[nodiscard]] RangeTree withAllOf(ByteRange range, const RangeTree &other) const
    {
        if (range.empty())
            return *this;
        Composer composer;
        composer.append(m_root, before(range));
        composer.append(other.m_root);
        composer.append(m_root, behind(range));
        return RangeTree(composer.take());
    }

    // Asking.

    /// Bytes covered inside `range`. O(log n).
    [[nodiscard]] std::uint64_t byteCountIn(ByteRange range) const { return Query::bytesIn(m_root, range); }

    /// True when a byte of `range` is covered. O(log n), and less the more of the tree lies in `range`.
    [[nodiscard]] bool anyIn(ByteRange range) const { return Query::anyIn(m_root, range); }

    /// The value from `range.begin()` on of the entry that covers all of `range`, when there is one. O(log n).
    [[nodiscard]] std::optional<Value> valueOver(ByteRange range) const
    {
        const Entry *const entry = range.empty() ? nullptr : Query::firstIn(m_root, range);
        if (!entry || !entry->range.contains(range))
            return std::nullopt;
        const std::uint64_t skip = range.begin() - entry->range.begin();
        return skip == 0 ? entry->value : entry->value.slice(skip);
    }

    /// Calls `visit(ByteRange, const Value &)` for each entry that shares a byte with `range`, clipped to it, ascending, until it
    /// returns false; the value is sliced to the clipped begin. Returns false when stopped.
    template <typename Visit>
    bool forEach(ByteRange range, Visit &&visit) const
    {
        return range.empty() || Query::visitIn(m_root, range, visit);
    }

    /// Begin of run number `index` (ascending, below runCount()). O(log n).
    [[nodiscard]] ByteOffset runBegin(std::uint64_t index) const { return Query::runBegin(m_root, index); }

    /// Run number `index`. O(log n).
    [[nodiscard]] ByteRange run(std::uint64_t index) const
    {
        const ByteOffset begin = runBegin(index);
        return {begin,
                index + 1 == runCount() ? m_root.summary.last : Query::lastEndBefore(m_root, runBegin(index + 1))};
    }

    /// How many runs begin before `offset`. O(log n).
    [[nodiscard]] std::uint64_t runsBeginningBefore(ByteOffset offset) const
    {
        return Query::runsBeginningBefore(m_root, offset);
    }

    /// The nodes on the way to an entry; what every O(log n) here speaks of. O(1).
    [[nodiscard]] std::uint64_t depth() const { return empty() ? 0 : m_root.node->height() + 1; }
    /// True when every stated invariant holds; for tests. O(n).
    [[nodiscard]] bool invariantsHold() const
    {
        return empty() ? m_root.summary == RangeTreeSummary() && (!m_root.node || m_root.node->size() == 0)
                       : Query::holds(m_root);
    }

private:
    using Node = RangeTreeNode<Value>;
    using Entry = Node::Entry;
    using Subtree = Node::Subtree;
    using Composer = RangeTreeComposer<Value>;
    using Query = RangeTreeQuery<Value>;
    template <typename Other>
    friend class RangeTreeBuilder;
    template <typename Other>
    friend class RangeTreeDifference;
    template <typename Other>
    friend class RangeTree;

    explicit RangeTree(Subtree root)
        : m_root(std::move(root))
    {
    }

    static ByteRange before(ByteRange range) { return {ByteOffset(0), range.begin()}; }
    static ByteRange behind(ByteRange range) { return {range.end(), ByteOffset(kMaxSourceSize)}; }

    template <typename Other>
    static void appendWithout(Composer &composer, const Subtree &subtree, const RangeTree<Other> &holes)
    {
        const ByteRange held = subtree.summary.range();
        const auto *const hole = RangeTreeQuery<Other>::firstIn(holes.m_root, held);
        if (!hole) {
            composer.append(subtree);
            return;
        }
        if (hole->range.contains(held))
            return;
        if (!subtree.node->isLeaf()) {
            for (const Subtree &child : subtree.node->children())
                appendWithout(composer, child, holes);
            return;
        }
        for (const Entry &entry : subtree.node->entries()) {
            ByteOffset at = entry.range.begin();
            holes.forEach(entry.range, [&](ByteRange gone, const Other &) {
                if (at < gone.begin())
                    composer.appendPart(entry, {at, gone.begin()});
                at = gone.end();
                return true;
            });
            if (at < entry.range.end())
                composer.appendPart(entry, {at, entry.range.end()});
        }
    }

    /// Appends `subtree` with what of `other` lies before its end, from `reached` on.
    static void appendUnited(Composer &composer, const Subtree &subtree, const RangeTree &other, ByteOffset &reached)
    {
        const auto appendOther = [&](ByteRange held) {
            composer.append(other.m_root, {reached, held.begin()});
            reached = held.end();
        };
        if (!other.anyIn(subtree.summary.range())) {
            appendOther(subtree.summary.range());
            composer.append(subtree);
        } else if (subtree.node->isLeaf()) {
            for (const Entry &entry : subtree.node->entries()) {
                appendOther(entry.range);
                composer.append(entry.range, entry.value);
            }
        } else {
            for (const Subtree &child : subtree.node->children())
                appendUnited(composer, child, other, reached);
        }
    }

    Subtree m_root; ///< a node without entries at most where something was reserved in an empty tree
};

/// Makes a RangeTree of entries that come in ascending order, in O(their number), its nodes full.
template <typename Value>
class RangeTreeBuilder {
public:
    /// `range` is not empty and lies behind everything appended before.
    void append(ByteRange range, Value value) { m_composer.append(range, std::move(value)); }

    /// The tree; the builder is empty again.
    [[nodiscard]] RangeTree<Value> take() { return RangeTree<Value>(m_composer.take()); }

private:
    RangeTreeComposer<Value> m_composer;
};

} // namespace cachecore
