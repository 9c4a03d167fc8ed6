// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/journal/journal_format.h"
#include "cachecore/write/target/run_reader.h"

#include <memory>
#include <span>
#include <vector>

namespace cachecore {

/// The units of one extent as the medium gives them.
struct UnitBytes {
    ByteRange range;
    std::uint32_t unit = 4096;
    std::span<const std::byte> bytes; ///< unspecified where a unit could not be read
    std::span<const bool> readable;   ///< for each unit

    [[nodiscard]] std::size_t count() const { return readable.size(); }
    /// Unit number `number`; the last may be cut by the target's end.
    [[nodiscard]] ByteRange unitAt(std::size_t number) const
    {
        const ByteOffset begin = range.begin() + number * unit;
        return {begin, range.end() - begin < unit ? range.end() : begin + unit};
    }
    /// Of the bytes of the whole extent those in `part`.
    [[nodiscard]] std::span<const std::byte> of(std::span<const std::byte> extent, ByteRange part) const
    {
        return extent.subspan(static_cast<std::size_t>(part.begin() - range.begin()),
                              static_cast<std::size_t>(part.length()));
    }
};

/// Reads extents as RunReader does and, where the medium does not give one back, its units one by one.
/// Thread: one at a time; blocks. Memory: what RunReader takes, and one extent.
class UnitReader {
public:
    /// Both must outlive it.
    UnitReader(BlockSource &source, const RangeList &extents, std::uint32_t unit, Operation operation);

    /// The units of extent number `index`, valid until the next call. Errors: as RunReader, but for Io.
    [[nodiscard]] Result<UnitBytes> units(std::size_t index);
    /// The same without looking closer where something cannot be read.
    [[nodiscard]] Result<std::span<const std::byte>> bytes(std::size_t index) { return m_reader.bytes(index); }
    /// What was read counts no more: the source is being written.
    void forget() { m_reader.forget(); }

private:
    [[nodiscard]] Result<void> readEach(const UnitBytes &units);

    BlockSource &m_source;
    const RangeList &m_extents;
    const std::uint32_t m_unit;
    const Operation m_operation;
    RunReader m_reader;
    std::vector<std::byte> m_bytes;
    std::unique_ptr<bool[]> m_readable;
    std::size_t m_readableSize = 0;
};

/// Whether a byte of `now` is neither the one at its place in `old` nor the one in `meant`: somebody else has written it. All three are of one length.
[[nodiscard]] bool holdsForeignByte(std::span<const std::byte> now, std::span<const std::byte> old,
                                    std::span<const std::byte> meant);

/// Appends to `into` what has to be written for the units of `now` to hold `wanted` (the bytes of all of them): ascending, widened to `granularity`,
/// adjacent ranges joined. Of a unit that could not be read: all of it. Where a segment lies: from its first to its last differing byte in each unit, or the whole
/// segment with `everySegment`. Elsewhere exactly the bytes that differ.
void findDifferences(const UnitBytes &now, std::span<const std::byte> wanted, std::span<const JournalSegment> segments,
                     bool everySegment, std::uint32_t granularity, std::vector<ByteRange> &into);

} // namespace cachecore
