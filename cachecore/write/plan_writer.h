// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/range_tree.h"
#include "cachecore/source/block_source.h"
#include "cachecore/write/write_plan.h"
#include "cachecore/write/write_report.h"

namespace cachecore {

/// Carries a WritePlan out on a source.
///
///     check --> compare --> write --> sync --> done
///       |          |          |         |
///       +----------+          +---------+--> failed, the target holds old and new bytes mixed inside the plan
///       v
///     failed, target untouched
///
/// Invariants: nothing outside the plan's extents is written; nothing at all is written before every extent was read back and compared
/// with its bases; a byte that already is what the plan would write, or that a failed write left, is no conflict, so that one can
/// write again after a failure. Where a failed write left bytes in a block known only by its hash, the block is not compared.
/// Thread: one at a time per source. Every function blocks.
class PlanWriter {
public:
    /// `keepOldBytes`: what compare() reads is kept for oldBytes(), which costs the plan's bytes in memory. `leftBehind`: what earlier
    /// writes that failed half-way put on the disk; finding it there is no conflict.
    PlanWriter(BlockSource &source, const WritePlan &plan, bool keepOldBytes, RangeTree<Piece> leftBehind = {});

    /// The source is writable, still the file of its name and long enough. Errors: ReadOnly, Changed, Truncated.
    [[nodiscard]] Result<void> check();
    /// Reads what lies under each extent and compares it with the bases. Error Changed with the range that differs.
    [[nodiscard]] Result<void> compare();
    /// Writes the extents in ascending order. The error's range starts at the first byte not written.
    [[nodiscard]] Result<void> write();
    [[nodiscard]] Result<void> sync();

    /// The bytes under the plan as they were staged on, literal; empty unless kept. Valid after compare().
    [[nodiscard]] const RangeTree<Piece> &oldBytes() const { return m_oldBytes; }
    [[nodiscard]] std::uint64_t writes() const { return m_writes; }

private:
    [[nodiscard]] Result<void> compareExtent(ByteRange extent);
    [[nodiscard]] Result<void> compareBase(ByteRange range, const Base &base, std::span<const std::byte> disk,
                                           ByteOffset diskBegin, std::span<std::byte> old) const;
    [[nodiscard]] std::optional<ByteRange> foreignByte(ByteRange range, std::span<const std::byte> now,
                                                       std::span<const std::byte> seen) const;
    [[nodiscard]] bool matchesHashes(ByteRange range, const Base &base, std::span<const std::byte> disk,
                                     ByteOffset diskBegin) const;
    [[nodiscard]] Result<void> writeExtent(ByteRange extent);

    BlockSource &m_source;
    const WritePlan &m_plan;
    const bool m_keepOldBytes;
    const RangeTree<Piece> m_leftBehind;
    RangeTree<Piece> m_oldBytes;
    std::vector<std::byte> m_scratch;
    std::uint64_t m_writes = 0;
};

} // namespace cachecore
