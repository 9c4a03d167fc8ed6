// SPDX-License-Identifier: MIT
#include "cachecore/write/old_bytes.h"

#include <utility>

namespace cachecore {

namespace {

/// Builds a tree from ranges that ascend, in O(n): equally long trees are joined, as in counting by ones.
class AscendingTree {
public:
    void add(ByteRange range, Piece piece)
    {
        m_parts.push_back({1, RangeTree<Piece>().with(range, std::move(piece))});
        while (m_parts.size() > 1 && m_parts.back().entries == m_parts[m_parts.size() - 2].entries)
            joinLastTwo();
    }

    [[nodiscard]] RangeTree<Piece> finish()
    {
        while (m_parts.size() > 1)
            joinLastTwo();
        return m_parts.empty() ? RangeTree<Piece>() : std::move(m_parts.front().tree);
    }

private:
    struct Part {
        std::uint64_t entries = 0;
        RangeTree<Piece> tree;
    };

    void joinLastTwo()
    {
        const Part last = std::move(m_parts.back());
        m_parts.pop_back();
        Part &before = m_parts.back();
        before.tree = before.tree.withAllOf(last.tree.span(), last.tree);
        before.entries += last.entries;
    }

    std::vector<Part> m_parts;
};

/// Calls `visit` with each longest staged stretch inside `range`.
template <typename Visit>
void forEachStretch(const StagedEdits &edits, ByteRange range, Visit &&visit)
{
    ByteRange stretch(range.begin(), range.begin());
    edits.forEachPiece(range, [&stretch, &visit](ByteRange part, const Piece &) {
        if (part.begin() != stretch.end()) {
            if (!stretch.empty())
                visit(stretch);
            stretch = {part.begin(), part.begin()};
        }
        stretch = {stretch.begin(), part.end()};
        return true;
    });
    if (!stretch.empty())
        visit(stretch);
}

} // namespace

OldBytes::OldBytes(const WritePlan &plan, const WriteBatch &batch, Where where)
    : m_plan(plan)
    , m_batch(batch)
    , m_where(where)
{
    if (where == Where::InMemory) {
        m_bytes = std::make_shared<std::vector<std::byte>>();
        m_bytes->reserve(static_cast<std::size_t>(batch.stagedBytes));
    }
    if (where == Where::InJournal)
        m_journalAt.reserve(batch.extents.size());
}

void OldBytes::add(const PlannedExtent &extent, std::span<const std::byte> old, std::uint64_t journalAt)
{
    if (m_where == Where::InJournal)
        m_journalAt.push_back(journalAt);
    if (m_where != Where::InMemory)
        return;
    forEachStretch(m_plan.edits, extent.units, [&](ByteRange stretch) {
        const auto bytes = old.subspan(static_cast<std::size_t>(stretch.begin() - extent.units.begin()),
                                       static_cast<std::size_t>(stretch.length()));
        m_bytes->insert(m_bytes->end(), bytes.begin(), bytes.end());
    });
}

RangeTree<Piece> OldBytes::pieces(const std::shared_ptr<const ExternalBytes> &journal)
{
    AscendingTree tree;
    if (m_where == Where::InMemory) {
        const Piece all = Piece::literalOf(m_bytes);
        std::uint64_t done = 0;
        for (const PlannedExtent &extent : m_batch.extents) {
            forEachStretch(m_plan.edits, extent.units, [&](ByteRange stretch) {
                tree.add(stretch, all.slice(done));
                done += stretch.length();
            });
        }
    } else if (m_where == Where::InJournal && journal) {
        for (std::size_t i = 0; i < m_batch.extents.size(); ++i) {
            const ByteRange units = m_batch.extents[i].units;
            forEachStretch(m_plan.edits, units, [&](ByteRange stretch) {
                tree.add(stretch, Piece::externalFrom(journal, m_journalAt[i] + (stretch.begin() - units.begin())));
            });
        }
    }
    return tree.finish();
}

} // namespace cachecore
