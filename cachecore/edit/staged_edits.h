// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"
#include "cachecore/edit/base.h"
#include "cachecore/edit/piece.h"
#include "cachecore/edit/range_tree.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

namespace cachecore {

/// A set of staged edits: disjoint byte ranges, the piece staged over each, and the base (what the disk
/// held there when it was staged). Copying costs O(1) and shares structure, so that changing one copy leaves the others alone. An *extent*
/// is a longest run of staged bytes without a gap; it may consist of several pieces.
///
/// Invariant: pieces and bases cover the same bytes.
/// Thread: a value; may be read from any number of threads at once.
class StagedEdits {
public:
    [[nodiscard]] bool empty() const;
    /// What its pieces hold in memory, see Piece::payload. O(pieces).
    [[nodiscard]] std::uint64_t payload() const;
    [[nodiscard]] std::uint64_t byteCount() const;   ///< staged bytes. O(1)
    [[nodiscard]] std::uint64_t pieceCount() const;  ///< O(1)
    [[nodiscard]] std::uint64_t extentCount() const; ///< O(1)
    /// Extent number `index` in ascending order; index < extentCount(). O(log n).
    [[nodiscard]] ByteRange extent(std::uint64_t index) const;
    /// The extents that share a byte with `range`: [first, first + count) as indexes. O(log n).
    struct ExtentSpan {
        std::uint64_t first = 0;
        std::uint64_t count = 0;
    };
    [[nodiscard]] ExtentSpan extentsIn(ByteRange range) const;

    /// Staged bytes in `range`. O(log n).
    [[nodiscard]] std::uint64_t byteCountIn(ByteRange range) const;
    [[nodiscard]] bool anyIn(ByteRange range) const;

    /// Copies the staged bytes of [at, at + bytes.size()) over `bytes`, leaves the others alone, and calls `staged` (when
    /// given) with each stretch, ascending, and whether its bytes were in memory; where they were not, `bytes` is unspecified there.
    /// Never blocks. O(log n + result).
    using StagedStretch = std::function<void(ByteRange range, bool inMemory)>;
    void overlay(ByteOffset at, std::span<std::byte> bytes, const StagedStretch &staged = {}) const;
    /// The same, reading what is not in memory. Blocks where a piece is external; its error is the only one.
    [[nodiscard]] Result<void> overlayReading(ByteOffset at, std::span<std::byte> bytes) const;

    /// Calls `visit(range, piece)` for every piece that shares a byte with `range`, clipped to it, ascending,
    /// until it returns false.
    void forEachPiece(ByteRange range, const std::function<bool(ByteRange, const Piece &)> &visit) const;
    /// The same for the bases.
    void forEachBase(ByteRange range, const std::function<bool(ByteRange, const Base &)> &visit) const;

    /// Calls `visit(range, piece)`, ascending, for every stretch where something else is staged than in `older`, with nullptr where nothing is
    /// staged any more, until it returns false. O(d * log n) for d changes between the two.
    void forEachPieceChange(const StagedEdits &older, const std::function<bool(ByteRange, const Piece *)> &visit) const;
    /// The same for the bases.
    void forEachBaseChange(const StagedEdits &older, const std::function<bool(ByteRange, const Base *)> &visit) const;

    /// Stages `piece` over `range`. Where nothing was staged before, what `seen` says becomes the base, Unseen where it
    /// says nothing; where something was, its base stays, because the disk under it is the same. Without memory (std::bad_alloc) everything
    /// stays as it was. In place where no copy shares it. O((1 + bases under it) * log n).
    void stage(ByteRange range, Piece piece, const RangeTree<Base> &seen);
    /// Puts everything of `other`, which must lie in `range`, in place of what is staged there; the same promises. O(log n).
    void replace(ByteRange range, const StagedEdits &other);

    // New sets of old ones, which stay as they are.

    /// With `piece` staged over `range`, as `stage` does it.
    [[nodiscard]] StagedEdits with(ByteRange range, Piece piece, const RangeTree<Base> &seen) const;
    /// Without what is staged in `range`.
    [[nodiscard]] StagedEdits without(ByteRange range) const;
    /// Only what is staged in `range`.
    [[nodiscard]] StagedEdits clipped(ByteRange range) const;
    /// With everything of `other`, as `replace` does it.
    [[nodiscard]] StagedEdits withAllOf(ByteRange range, const StagedEdits &other) const;
    /// With `base` under `range`; every byte of it must be staged.
    [[nodiscard]] StagedEdits withBase(ByteRange range, Base base) const;

    // Whole trees at once: O(m log n) for n and m pieces, m the fewer.

    /// Exactly `pieces`, on `bases`, which cover the same bytes.
    [[nodiscard]] static StagedEdits of(RangeTree<Piece> pieces, RangeTree<Base> bases);
    [[nodiscard]] const RangeTree<Piece> &pieces() const { return m_pieces; }
    /// With these bases in place of those there; every byte of them must be staged.
    [[nodiscard]] StagedEdits withBases(const RangeTree<Base> &bases) const;
    /// Without what is staged where `holes` has something.
    [[nodiscard]] StagedEdits without(const RangeTree<Piece> &holes) const;
    /// With everything of `other`, which has nothing staged where this has.
    [[nodiscard]] StagedEdits united(const StagedEdits &other) const;

    /// From the first to the last staged byte; empty when nothing is staged.
    [[nodiscard]] ByteRange span() const { return m_pieces.span(); }
    /// True when both share one root, which implies equal content.
    [[nodiscard]] bool sameAs(const StagedEdits &other) const { return m_pieces.sameAs(other.m_pieces); }
    /// True when the stated invariants hold; for tests.
    [[nodiscard]] bool invariantsHold() const;

private:
    [[nodiscard]] RangeTree<Base> basesUnder(ByteRange range, const RangeTree<Base> &seen) const;

    RangeTree<Piece> m_pieces;
    RangeTree<Base> m_bases;
};

} // namespace cachecore
