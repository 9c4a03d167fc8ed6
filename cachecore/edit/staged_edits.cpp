// SPDX-License-Identifier: MIT
#include "cachecore/edit/staged_edits.h"

#include "cachecore/edit/range_tree_difference.h"

#include <cassert>
#include <utility>

namespace cachecore {

bool StagedEdits::empty() const
{
    return m_pieces.empty();
}

std::uint64_t StagedEdits::byteCount() const
{
    return m_pieces.byteCount();
}

std::uint64_t StagedEdits::pieceCount() const
{
    return m_pieces.count();
}

std::uint64_t StagedEdits::extentCount() const
{
    return m_pieces.runCount();
}

ByteRange StagedEdits::extent(std::uint64_t index) const
{
    assert(index < extentCount());
    return m_pieces.run(index);
}

StagedEdits::ExtentSpan StagedEdits::extentsIn(ByteRange range) const
{
    if (range.empty())
        return {};
    std::uint64_t first = m_pieces.runsBeginningBefore(range.begin());
    if (first > 0 && m_pieces.run(first - 1).end() > range.begin())
        --first;
    return {first, m_pieces.runsBeginningBefore(range.end()) - first};
}

std::uint64_t StagedEdits::byteCountIn(ByteRange range) const
{
    return m_pieces.byteCountIn(range);
}

bool StagedEdits::anyIn(ByteRange range) const
{
    return m_pieces.anyIn(range);
}

namespace {

/// The bytes from `at` on that a buffer of `size` bytes can have.
ByteRange windowAt(ByteOffset at, std::size_t size)
{
    return {at, at + std::min<std::uint64_t>(size, kMaxSourceSize - at.value())};
}

std::span<std::byte> part(std::span<std::byte> bytes, ByteOffset at, ByteRange range)
{
    return bytes.subspan(static_cast<std::size_t>(range.begin() - at), static_cast<std::size_t>(range.length()));
}

} // namespace

void StagedEdits::overlay(ByteOffset at, std::span<std::byte> bytes, const StagedStretch &staged) const
{
    if (m_pieces.empty() || bytes.empty())
        return;
    m_pieces.forEach(windowAt(at, bytes.size()), [&](ByteRange range, const Piece &piece) {
        const bool inMemory = piece.peekTo(0, part(bytes, at, range));
        if (staged)
            staged(range, inMemory);
        return true;
    });
}

Result<void> StagedEdits::overlayReading(ByteOffset at, std::span<std::byte> bytes) const
{
    Result<void> outcome;
    if (m_pieces.empty() || bytes.empty())
        return outcome;
    m_pieces.forEach(windowAt(at, bytes.size()), [&](ByteRange range, const Piece &piece) {
        outcome = piece.readTo(0, part(bytes, at, range));
        return outcome.has_value();
    });
    return outcome;
}

void StagedEdits::forEachPiece(ByteRange range, const std::function<bool(ByteRange, const Piece &)> &visit) const
{
    m_pieces.forEach(range, visit);
}

void StagedEdits::forEachBase(ByteRange range, const std::function<bool(ByteRange, const Base &)> &visit) const
{
    m_bases.forEach(range, visit);
}

void StagedEdits::forEachPieceChange(const StagedEdits &older,
                                     const std::function<bool(ByteRange, const Piece *)> &visit) const
{
    const auto same = [](const Piece &a, const Piece &b) { return a.sameMatterAs(b); };
    RangeTreeDifference(older.m_pieces, m_pieces).forEach(same, visit);
}

void StagedEdits::forEachBaseChange(const StagedEdits &older,
                                    const std::function<bool(ByteRange, const Base *)> &visit) const
{
    const auto same = [](const Base &a, const Base &b) {
        return a.kind == b.kind && a.skip == b.skip && a.bytes == b.bytes && a.hashes == b.hashes;
    };
    RangeTreeDifference(older.m_bases, m_bases).forEach(same, visit);
}

StagedEdits StagedEdits::with(ByteRange range, Piece piece, const RangeTree<Base> &seen) const
{
    if (range.empty())
        return *this;
    StagedEdits result;
    result.m_pieces = m_pieces.with(range, std::move(piece));
    const std::uint64_t known = m_bases.byteCountIn(range);
    if (known == range.length()) {
        result.m_bases = m_bases;
        return result;
    }
    // From the weakest to the strongest: unseen, what is seen now, what was known before.
    RangeTree<Base> bases = RangeTree<Base>().with(range, Base{});
    if (!seen.empty())
        bases = bases.overlaid(seen.clipped(range));
    if (known > 0)
        bases = bases.overlaid(m_bases.clipped(range));
    result.m_bases = bases.count() == 1 ? m_bases.with(range, bases.front()) : m_bases.withAllOf(range, bases);
    return result;
}

StagedEdits StagedEdits::without(ByteRange range) const
{
    StagedEdits result;
    result.m_pieces = m_pieces.without(range);
    result.m_bases = m_bases.without(range);
    return result;
}

StagedEdits StagedEdits::clipped(ByteRange range) const
{
    StagedEdits result;
    result.m_pieces = m_pieces.clipped(range);
    result.m_bases = m_bases.clipped(range);
    return result;
}

StagedEdits StagedEdits::withAllOf(ByteRange range, const StagedEdits &other) const
{
    StagedEdits result;
    result.m_pieces = m_pieces.withAllOf(range, other.m_pieces);
    result.m_bases = m_bases.withAllOf(range, other.m_bases);
    return result;
}

StagedEdits StagedEdits::withBase(ByteRange range, Base base) const
{
    assert(byteCountIn(range) == range.length());
    StagedEdits result = *this;
    result.m_bases = m_bases.with(range, std::move(base));
    return result;
}

StagedEdits StagedEdits::of(RangeTree<Piece> pieces, RangeTree<Base> bases)
{
    StagedEdits result;
    result.m_pieces = std::move(pieces);
    result.m_bases = std::move(bases);
    return result;
}

StagedEdits StagedEdits::withBases(const RangeTree<Base> &bases) const
{
    return of(m_pieces, m_bases.overlaid(bases));
}

StagedEdits StagedEdits::without(const RangeTree<Piece> &holes) const
{
    return of(m_pieces.without(holes), m_bases.without(holes));
}

StagedEdits StagedEdits::united(const StagedEdits &other) const
{
    return of(m_pieces.united(other.m_pieces), m_bases.united(other.m_bases));
}

bool StagedEdits::invariantsHold() const
{
    if (!m_pieces.invariantsHold() || !m_bases.invariantsHold() || m_pieces.byteCount() != m_bases.byteCount()
        || m_pieces.runCount() != m_bases.runCount())
        return false;
    for (std::uint64_t i = 0; i < m_pieces.runCount(); ++i) {
        if (m_pieces.run(i) != m_bases.run(i))
            return false;
    }
    return true;
}

} // namespace cachecore
