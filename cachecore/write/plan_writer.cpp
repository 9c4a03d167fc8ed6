// SPDX-License-Identifier: MIT
#include "cachecore/write/plan_writer.h"

#include <algorithm>
#include <new>
#include <utility>

namespace cachecore {

namespace {

Error conflict(ByteRange range, const BlockSource &source)
{
    return Error::of(ErrorCode::Changed, Operation::Compare, range, source.path());
}

} // namespace

PlanWriter::PlanWriter(BlockSource &source, const WritePlan &plan, bool keepOldBytes, RangeTree<Piece> leftBehind)
    : m_source(source)
    , m_plan(plan)
    , m_keepOldBytes(keepOldBytes)
    , m_leftBehind(std::move(leftBehind))
{
}

Result<void> PlanWriter::check()
{
    if (!m_source.writable())
        return failure(ErrorCode::ReadOnly, Operation::Plan, m_plan.span(), m_source.path());
    if (auto named = m_source.checkStillNamed(); !named)
        return named;
    const auto size = m_source.size();
    if (!size)
        return failure(size.error());
    if (m_plan.span().end().value() > *size)
        return failure(ErrorCode::Truncated, Operation::Plan,
                       ByteRange(std::max(ByteOffset(*size), m_plan.span().begin()), m_plan.span().end()),
                       m_source.path());
    return {};
}

Result<void> PlanWriter::compare()
{
    for (const ByteRange extent : m_plan.extents) {
        if (auto same = compareExtent(extent); !same)
            return same;
    }
    return {};
}

Result<void> PlanWriter::compareExtent(ByteRange extent)
{
    // Block hashes reach to the blocks' edges, so a little more than the extent may have to be read.
    bool hashed = false;
    m_plan.edits.forEachBase(extent, [&hashed](ByteRange, const Base &base) {
        hashed = base.kind == Base::Kind::SeenHashes;
        return !hashed;
    });
    const auto size = m_source.size();
    if (!size)
        return failure(size.error());
    const ByteRange window = hashed ? baseBlocks(extent).intersection(ByteRange::whole(*size)) : extent;
    m_scratch.resize(static_cast<std::size_t>(window.length()));
    const auto got = m_source.readAt(window.begin(), m_scratch);
    if (!got)
        return failure(got.error());
    if (*got < window.length())
        return failure(ErrorCode::Truncated, Operation::Compare, extent, m_source.path());

    const auto disk = std::span<const std::byte>(m_scratch);
    const auto lead = static_cast<std::size_t>(extent.begin() - window.begin());
    const auto under = disk.subspan(lead, static_cast<std::size_t>(extent.length()));
    std::vector<std::byte> old;
    if (m_keepOldBytes)
        old.assign(under.begin(), under.end());
    Result<void> outcome;
    m_plan.edits.forEachBase(extent, [&](ByteRange range, const Base &base) {
        const auto skip = static_cast<std::size_t>(range.begin() - extent.begin());
        const auto mine = m_keepOldBytes ? std::span(old).subspan(skip, static_cast<std::size_t>(range.length()))
                                         : std::span<std::byte>();
        outcome = compareBase(range, base, disk, window.begin(), mine);
        return outcome.has_value();
    });
    if (outcome && m_keepOldBytes) {
        Piece piece = Piece::literalOf(std::make_shared<const std::vector<std::byte>>(std::move(old)));
        m_oldBytes = m_oldBytes.with(extent, std::move(piece));
    }
    return outcome;
}

/// Compares `range` of the disk (bytes `disk` from `diskBegin`) with its base and, where the base has the bytes themselves,
/// copies them to `old`: after a write that failed half-way the disk may already hold new ones.
Result<void> PlanWriter::compareBase(ByteRange range, const Base &base, std::span<const std::byte> disk,
                                     ByteOffset diskBegin, std::span<std::byte> old) const
{
    if (base.kind == Base::Kind::Unseen)
        return {};
    const auto now
        = disk.subspan(static_cast<std::size_t>(range.begin() - diskBegin), static_cast<std::size_t>(range.length()));
    if (base.kind == Base::Kind::SeenHashes) {
        if (matchesHashes(range, base, disk, diskBegin))
            return {};
        std::vector<std::byte> staged(now.size());
        m_plan.edits.overlay(range.begin(), staged);
        if (std::ranges::equal(now, staged))
            return {};
        return failure(conflict(range, m_source));
    }
    const auto seen = std::span(*base.bytes).subspan(static_cast<std::size_t>(base.skip), now.size());
    if (const auto foreign = foreignByte(range, now, seen))
        return failure(conflict(*foreign, m_source));
    if (!old.empty())
        std::ranges::copy(seen, old.begin());
    return {};
}

/// The first byte of `range` that is neither what was seen there, nor what the plan writes, nor what a failed write left.
std::optional<ByteRange> PlanWriter::foreignByte(ByteRange range, std::span<const std::byte> now,
                                                 std::span<const std::byte> seen) const
{
    if (std::ranges::equal(now, seen))
        return std::nullopt;
    std::vector<std::byte> staged(now.size());
    m_plan.edits.overlay(range.begin(), staged);
    std::vector<std::byte> left(seen.begin(), seen.end());
    m_leftBehind.forEach(range, [&](ByteRange part, const Piece &piece) {
        (void)piece.peekTo(0,
                     std::span(left).subspan(static_cast<std::size_t>(part.begin() - range.begin()),
                                             static_cast<std::size_t>(part.length())));
        return true;
    });
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i] != seen[i] && now[i] != staged[i] && now[i] != left[i])
            return ByteRange(range.begin() + i, range.begin() + i + 1);
    }
    return std::nullopt;
}

bool PlanWriter::matchesHashes(ByteRange range, const Base &base, std::span<const std::byte> disk,
                               ByteOffset diskBegin) const
{
    const std::uint64_t firstBlock = base.skip / Base::kBaseBlock;
    ByteOffset block = range.begin().alignedDown(Base::kBaseBlock);
    for (std::uint64_t i = 0; block < range.end(); ++i) {
        const auto skip = static_cast<std::size_t>(block - diskBegin);
        const std::size_t length = std::min<std::size_t>(Base::kBaseBlock, disk.size() - skip);
        // A hash says nothing about a block that a failed write tore.
        const bool torn = m_leftBehind.byteCountIn(ByteRange(block, block + length)) > 0;
        if (!torn && hash128(disk.subspan(skip, length)) != (*base.hashes)[static_cast<std::size_t>(firstBlock + i)])
            return false;
        block = block + length;
    }
    return true;
}

Result<void> PlanWriter::write()
{
    for (const ByteRange extent : m_plan.extents) {
        try {
            if (auto written = writeExtent(extent); !written)
                return written;
        } catch (const std::bad_alloc &) {
            // Not let through: the extents before this one are on the disk, which the caller must hear.
            return failure(ErrorCode::OutOfMemory, Operation::Write, extent, m_source.path());
        }
    }
    return {};
}

Result<void> PlanWriter::writeExtent(ByteRange extent)
{
    std::vector<std::span<const std::byte>> buffers;
    m_scratch.resize(static_cast<std::size_t>(extent.length()));
    const std::span<std::byte> scratch(m_scratch);
    m_plan.edits.forEachPiece(extent, [&](ByteRange range, const Piece &piece) {
        if (piece.kind == Piece::Kind::Literal) {
            buffers.push_back(piece.literal(0, range.length()));
            return true;
        }
        const auto filled = scratch.subspan(static_cast<std::size_t>(range.begin() - extent.begin()),
                                            static_cast<std::size_t>(range.length()));
        (void)piece.peekTo(0, filled);
        buffers.push_back(filled);
        return true;
    });
    ++m_writes;
    return m_source.writev(extent.begin(), buffers);
}

Result<void> PlanWriter::sync()
{
    return m_source.sync();
}

} // namespace cachecore
