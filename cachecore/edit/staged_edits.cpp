// SPDX-License-Identifier: MIT
#include "cachecore/edit/staged_edits.h"

#include "cachecore/edit/range_tree_difference.h"

#include <cassert>
#include <utility>

namespace cachecore {

using Fit = RangeTreeFit;

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

std::uint64_t StagedEdits::payload() const
{
    std::uint64_t bytes = 0;
    forEachPiece(span(), [&bytes](ByteRange, const Piece &piece) {
        bytes += piece.payload();
        return true;
    });
    return bytes;
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
    const auto same = [](const Base &a, const Base &b) { return a.sameAs(b); };
    RangeTreeDifference(older.m_bases, m_bases).forEach(same, visit);
}

void StagedEdits::stage(ByteRange range, Piece piece, const RangeTree<Base> &seen)
{
    if (range.empty())
        return;
    const auto fit = m_pieces.fit(range);
    if (fit == Fit::Free) {
        // Both reserve before either changes.
        if (std::optional<Base> base = seen.empty() ? Base{} : seen.valueOver(range)) {
            m_pieces.reserve(range, fit);
            m_bases.reserve(range, fit);
            m_pieces.place(range, std::move(piece));
            m_bases.place(range, *std::move(base));
            return;
        }
    }
    if (fit == Fit::Exact || m_bases.byteCountIn(range) == range.length()) {
        m_pieces.put(range, std::move(piece));
        return;
    }
    *this = of(m_pieces.with(range, std::move(piece)), m_bases.withAllOf(range, basesUnder(range, seen)));
}

/// The bases of a range that is staged as a whole, from the weakest to the strongest: unseen, what is seen now, what was known before.
RangeTree<Base> StagedEdits::basesUnder(ByteRange range, const RangeTree<Base> &seen) const
{
    RangeTree<Base> bases;
    bases.put(range, Base{});
    if (!seen.empty())
        bases = bases.overlaid(seen.clipped(range));
    return m_bases.anyIn(range) ? bases.overlaid(m_bases.clipped(range)) : bases;
}

void StagedEdits::replace(ByteRange range, const StagedEdits &other)
{
    if (range.empty())
        return;
    if (other.empty()) {
        const bool pieceGoes = m_pieces.fit(range) == Fit::Exact && m_pieces.canTakeOut(range);
        if (pieceGoes && m_bases.fit(range) == Fit::Exact && m_bases.canTakeOut(range)) {
            m_pieces.reserve(range, Fit::Exact);
            m_bases.reserve(range, Fit::Exact);
            m_pieces.takeOut(range);
            m_bases.takeOut(range);
            return;
        }
    } else if (auto piece = other.m_pieces.valueOver(range)) {
        const auto pieceFit = m_pieces.fit(range);
        const auto baseFit = m_bases.fit(range);
        auto base = other.m_bases.valueOver(range);
        if (base && pieceFit != Fit::Cuts && baseFit != Fit::Cuts) {
            m_pieces.reserve(range, pieceFit);
            m_bases.reserve(range, baseFit);
            m_pieces.place(range, *std::move(piece));
            m_bases.place(range, *std::move(base));
            return;
        }
    }
    *this = of(m_pieces.withAllOf(range, other.m_pieces), m_bases.withAllOf(range, other.m_bases));
}

StagedEdits StagedEdits::with(ByteRange range, Piece piece, const RangeTree<Base> &seen) const
{
    StagedEdits result = *this;
    result.stage(range, std::move(piece), seen);
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
    StagedEdits result = *this;
    result.replace(range, other);
    return result;
}

StagedEdits StagedEdits::withBase(ByteRange range, Base base) const
{
    assert(byteCountIn(range) == range.length());
    StagedEdits result = *this;
    result.m_bases.put(range, std::move(base));
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
