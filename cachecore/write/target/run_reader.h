// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"
#include "cachecore/source/block_source.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace cachecore {

/// Ascending, disjoint ranges by number, without a list of them.
struct RangeList {
    std::size_t count = 0;
    std::function<ByteRange(std::size_t)> at;
};

/// Gives the medium's bytes of many ascending ranges, and reads neighbours together: up to kRun bytes, through gaps of at most kGap, because
/// one long read is cheaper than two short ones with so little between them. Bytes of a gap are read and forgotten; where they cannot be read, the ranges around
/// them are read one by one. Long runs follow one another as a stream does, which the system reads ahead of its own accord, in pieces that cost less the
/// larger they are; short ones are asked for up to kAhead before they are needed, where the source can be asked, so that the medium has several to do at a time.
/// What the system keeps in memory of a whole neighbourhood is dropped before its first range is read: whatever is kept
/// afterwards came from the medium since, and dropping run by run would throw away what the system has read ahead.
/// Thread: one at a time; blocks. Memory: kRun and kGap, or the longest range where that is longer.
class RunReader {
public:
    static constexpr std::uint64_t kRun = std::uint64_t{1} << 20;
    static constexpr std::uint64_t kGap = std::uint64_t{64} << 10;
    static constexpr std::uint64_t kNeighbourhood = std::uint64_t{16} << 20; ///< ranges with at most that between them
    static constexpr std::uint64_t kShortRun = std::uint64_t{128} << 10;
    static constexpr std::uint64_t kAhead = std::uint64_t{8} << 20;

    /// Both must outlive it. `operation` is what errors say was being done.
    RunReader(BlockSource &source, const RangeList &ranges, Operation operation);

    /// The bytes of range number `index`, valid until the next call. Quick when indexes ascend. Errors: what the source says, with the range,
    /// and Truncated from the first byte past its end.
    [[nodiscard]] Result<std::span<const std::byte>> bytes(std::size_t index);
    /// What was read counts no more; the next call reads from the medium.
    void forget()
    {
        m_held = {};
        m_dropped = 0;
        m_asked = 0;
    }

private:
    [[nodiscard]] std::size_t runEnd(std::size_t index) const;
    [[nodiscard]] ByteRange runFrom(std::size_t index, std::size_t end) const;
    [[nodiscard]] ByteRange followingOn(ByteRange run) const;
    void askAhead(std::size_t index);
    [[nodiscard]] Result<void> dropNeighbourhood(std::size_t index);
    [[nodiscard]] Result<void> fill(ByteRange range);
    void makeRoom(std::uint64_t length);

    struct Free {
        void operator()(std::byte *memory) const;
    };

    BlockSource &m_source;
    const RangeList &m_ranges;
    const Operation m_operation;
    std::unique_ptr<std::byte[], Free> m_memory; ///< aligned, as direct reads want it
    std::uint64_t m_capacity = 0;
    std::size_t m_dropped = 0; ///< ranges before this number are no longer kept by the system from before
    std::size_t m_asked = 0;   ///< ranges before this number the source was asked for
    bool m_ahead = true;       ///< the source reads ahead when asked, as far as is known
    ByteRange m_held;          ///< what of the source m_memory begins with
};

} // namespace cachecore
