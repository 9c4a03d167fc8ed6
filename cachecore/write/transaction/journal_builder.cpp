// SPDX-License-Identifier: MIT
#include "cachecore/write/transaction/journal_builder.h"

#include "cachecore/edit/external_bytes.h"
#include "cachecore/write/journal/protocol_step.h"

#include <algorithm>
#include <utility>

namespace cachecore {

namespace {

RangeList unitsOf(const WriteBatch &batch)
{
    return {batch.extents.size(), [&batch](std::size_t i) { return batch.extents[i].units; }};
}

/// Each file that is imported in `batch`, once.
std::vector<const ExternalBytes *> importsOf(const WritePlan &plan, const WriteBatch &batch)
{
    std::vector<const ExternalBytes *> imports;
    plan.edits.forEachPiece(batch.span(), [&imports](ByteRange, const Piece &piece) {
        if (piece.kind == Piece::Kind::External && std::ranges::find(imports, piece.external().get()) == imports.end())
            imports.push_back(piece.external().get());
        return true;
    });
    return imports;
}

} // namespace

JournalBuilder::JournalBuilder(Parts parts)
    : m_parts(std::move(parts))
    , m_ranges(unitsOf(m_parts.batch))
    , m_reader(m_parts.target, m_ranges, Operation::Compare)
    , m_bases(m_parts.plan.edits)
    , m_imports(importsOf(m_parts.plan, m_parts.batch))
{
}

Result<void> JournalBuilder::build()
{
    if (!leftOut(ProtocolStep::CheckImportsBefore)) {
        if (auto unchanged = checkImports(); !unchanged)
            return unchanged;
    }
    for (std::size_t i = 0; i < m_ranges.count; ++i) {
        if (m_parts.stop.stop_requested())
            return failure(ErrorCode::Cancelled, Operation::Journal);
        if (auto added = addExtent(i); !added)
            return added;
        m_parts.progress.advance(m_ranges.at(i).length());
    }
    return leftOut(ProtocolStep::CheckImportsAfter) ? Result<void>() : checkImports();
}

Result<void> JournalBuilder::checkImports() const
{
    for (const ExternalBytes *import : m_imports) {
        if (auto unchanged = import->checkUnchanged(); !unchanged)
            return unchanged;
    }
    return {};
}

Result<void> JournalBuilder::addExtent(std::size_t index)
{
    const PlannedExtent &extent = m_parts.batch.extents[index];
    const auto old = m_reader.bytes(index);
    if (!old)
        return failure(old.error());
    if (!leftOut(ProtocolStep::CompareBases)) {
        const auto conflict = m_bases.conflictIn(extent.units, *old);
        if (!conflict)
            return failure(conflict.error());
        if (*conflict)
            return failure(ErrorCode::Changed, Operation::Compare, *conflict, m_parts.target.path());
    }
    if (auto made = makeSegments(extent, *old); !made)
        return made;
    if (auto written = m_parts.writer.extent(extent.units, *old, m_segments); !written)
        return written;
    m_parts.oldBytes.add(extent, *old, m_parts.writer.lastOldBytesAt());
    return {};
}

/// The extent's new bytes. Where a write was widened beyond what is staged, they are the target's own of just now.
Result<void> JournalBuilder::makeSegments(const PlannedExtent &extent, std::span<const std::byte> old)
{
    struct Visit {
        JournalBuilder &builder;
        const PlannedExtent &extent;
        std::span<const std::byte> old;
        std::vector<ByteRange>::const_iterator write = extent.writes.begin(); ///< the one being made
        ByteOffset reached = write->begin();                                  ///< in it
        Result<void> added{};

        void padTo(ByteOffset to)
        {
            if (reached == to)
                return;
            const auto bytes = old.subspan(static_cast<std::size_t>(reached - extent.units.begin()),
                                           static_cast<std::size_t>(to - reached));
            std::ranges::copy(bytes, builder.scratchFor({reached, to}).begin());
        }
        bool take(ByteRange range, const Piece &piece)
        {
            while (write->end() <= range.begin()) {
                padTo(write->end());
                ++write;
                reached = write->begin();
            }
            padTo(range.begin());
            reached = range.end();
            added = builder.addPiece(range, piece);
            return added.has_value();
        }
    } visit{*this, extent, old};
    m_segments.clear();
    m_scratchUsed = 0;
    // One captured reference, so that std::function needs no memory of its own.
    m_parts.plan.edits.forEachPiece(extent.units,
                                    [&visit](ByteRange range, const Piece &piece) { return visit.take(range, piece); });
    if (visit.added)
        visit.padTo(visit.write->end());
    return visit.added;
}

Result<void> JournalBuilder::addPiece(ByteRange range, const Piece &piece)
{
    if (piece.kind == Piece::Kind::External)
        return piece.readTo(0, scratchFor(range));
    m_segments.push_back({range, piece});
    return {};
}

/// Adds a literal segment over `range`; its bytes are the caller's to fill.
std::span<std::byte> JournalBuilder::scratchFor(ByteRange range)
{
    if (!m_scratch)
        m_scratch = std::make_shared<std::vector<std::byte>>();
    const auto length = static_cast<std::size_t>(range.length());
    const std::uint64_t longest = std::max<std::uint64_t>(WritePlan::kLongestExtent, m_parts.plan.geometry.unit);
    if (m_scratch->size() < longest)
        m_scratch->resize(static_cast<std::size_t>(longest));
    m_segments.push_back({range, Piece::literalOf(m_scratch).slice(m_scratchUsed)});
    m_scratchUsed += length;
    return std::span(*m_scratch).subspan(m_scratchUsed - length, length);
}

} // namespace cachecore
