// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/journal/journal_reader.h"
#include "cachecore/write/target/unit_reader.h"
#include "cachecore/write/write_progress.h"

#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace cachecore {

/// The two contents a journal can give its units.
enum class JournalSide : std::uint8_t { Old, New };

/// True when `range` lies in one of `ranges`, which ascend and do not overlap. O(log n).
[[nodiscard]] bool liesInOne(std::span<const ByteRange> ranges, ByteRange range);

/// Plays a journal to its target. Commit, roll back and recovery write and verify through this, and nothing else writes to a target.
///
/// Invariant: no byte outside the journal's units is ever written.
/// Thread: one at a time; blocks. Memory: what RunReader takes, and three extents.
class JournalPlayer {
public:
    /// All must outlive it. `units` are the units of the journal's extents in its order.
    struct Parts {
        BlockSource &target;
        JournalReader &journal;
        const RangeList &units;
        std::uint32_t unit = 4096;
        WriteProgress &progress;
        std::stop_token stop;
        std::span<const ByteRange>
            overwritten{}; ///< units in these are never left for what they hold; ascending, coalesced
    };

    explicit JournalPlayer(Parts parts);

    /// Writes the segments' bytes, all of them and nothing else, ascending, one write for each stretch. Errors: what target and journal say, Cancelled.
    [[nodiscard]] Result<void> writeNew();

    /// What of a unit that is on the wrong side is written.
    enum class Rewrite : std::uint8_t {
        Differing, ///< what differs, and where two bytes of one written stretch differ, what lies between; a unit that cannot be read: all of it
        AllWritten, ///< also every byte the segments cover: after a failed sync, what can be read says nothing about the medium
    };
    /// What becomes of a unit with a byte that neither side has: somebody else wrote it.
    enum class Foreign : std::uint8_t {
        Leave, ///< nothing of it is written, unless it lies in Parts::overwritten; the others are, and then bring() fails
        Overwrite, ///< it gets `side`'s bytes like any other
    };
    /// Writes what it takes for every unit to have `side`'s bytes. Errors as writeNew; Changed with Operation::RollBack and the first unit that was left.
    [[nodiscard]] Result<void> bring(JournalSide side, Rewrite rewrite, Foreign foreign);

    /// Reads every unit past what the system keeps in memory and compares hashes. Errors: Io with Operation::Verify and the units of the first extent that is not
    /// on `side`; what target and journal say; Cancelled.
    [[nodiscard]] Result<void> verify(JournalSide side);

    /// Write calls made on the target.
    [[nodiscard]] std::uint64_t writes() const { return m_writes; }

private:
    template <typename Visit>
    [[nodiscard]] Result<void> forEachExtent(JournalReader::Want want, Visit visit);
    [[nodiscard]] Result<void> writeSegments(const JournalExtent &extent);
    [[nodiscard]] Result<void> writeStretch(std::span<const JournalSegment> stretch);
    [[nodiscard]] Result<void> bringExtent(const JournalExtent &extent, std::size_t index, JournalSide side,
                                           Rewrite rewrite, Foreign foreign);
    void findForeign(const UnitBytes &now, std::span<const std::byte> old, std::span<const std::byte> meant);
    [[nodiscard]] Result<void> writeBeside(const std::vector<ByteRange> &left, ByteRange range, const UnitBytes &now,
                                           std::span<const std::byte> wanted);
    [[nodiscard]] Result<void> write(ByteOffset at, std::span<const std::byte> bytes);

    const Parts m_parts;
    const std::uint32_t m_granularity;
    UnitReader m_reader;
    std::vector<std::byte> m_scratch; ///< bytes on their way to the target
    std::vector<ByteRange> m_differing;
    std::vector<ByteRange> m_foreign; ///< units of the extent in hand that are left alone, ascending
    std::optional<ByteRange> m_firstForeign;
    std::uint64_t m_writes = 0;
};

} // namespace cachecore
