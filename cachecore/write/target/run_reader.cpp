// SPDX-License-Identifier: MIT
#include "cachecore/write/target/run_reader.h"

#include "cachecore/write/journal/protocol_step.h"

#include <algorithm>
#include <new>

namespace cachecore {

namespace {

constexpr std::align_val_t kAlignment{4096};

ProtocolStep dropStepOf(Operation operation)
{
    switch (operation) {
    case Operation::Compare:
        return ProtocolStep::DropBeforeCompare;
    case Operation::Recover:
        return ProtocolStep::RecoveryDropsBeforeLook;
    default:
        return ProtocolStep::DropBeforeVerify;
    }
}

} // namespace

RunReader::RunReader(BlockSource &source, const RangeList &ranges, Operation operation)
    : m_source(source)
    , m_ranges(ranges)
    , m_operation(operation)
{
}

void RunReader::Free::operator()(std::byte *memory) const
{
    ::operator delete[](memory, kAlignment);
}

Result<std::span<const std::byte>> RunReader::bytes(std::size_t index)
{
    const ByteRange wanted = m_ranges.at(index);
    if (!m_held.contains(wanted)) {
        if (auto dropped = dropNeighbourhood(index); !dropped)
            return failure(dropped.error());
        askAhead(index);
        const ByteRange run = followingOn(runFrom(index, runEnd(index)));
        auto filled = fill(run);
        if (!filled && run != wanted)
            filled = fill(wanted);
        if (!filled)
            return failure(filled.error());
    }
    return std::span<const std::byte>(m_memory.get() + (wanted.begin() - m_held.begin()),
                                      static_cast<std::size_t>(wanted.length()));
}

/// The number behind the last range that is worth reading with range number `index`.
std::size_t RunReader::runEnd(std::size_t index) const
{
    const ByteRange first = m_ranges.at(index);
    ByteOffset end = first.end();
    std::size_t i = index + 1;
    for (; i < m_ranges.count; ++i) {
        const ByteRange next = m_ranges.at(i);
        if (next.begin() - end > kGap || next.end() - first.begin() > kRun)
            break;
        end = next.end();
    }
    return i;
}

ByteRange RunReader::runFrom(std::size_t index, std::size_t end) const
{
    return {m_ranges.at(index).begin(), m_ranges.at(end - 1).end()};
}

/// With the gap before it when it is one of a stream of long runs: a reader that leaves something out is none whose next read the system expects.
ByteRange RunReader::followingOn(ByteRange run) const
{
    const ByteOffset before = m_held.end();
    const bool follows = !m_held.empty() && before <= run.begin() && run.begin() - before <= kGap;
    return follows && run.length() > kShortRun ? ByteRange(before, run.end()) : run;
}

/// Asks for the short runs that begin within kAhead of range number `index`, as long as the system keeps nothing of them from before.
void RunReader::askAhead(std::size_t index)
{
    m_asked = std::max(m_asked, index);
    const ByteOffset from = m_ranges.at(index).begin();
    while (m_ahead && m_asked < m_dropped && m_ranges.at(m_asked).begin().value() - from.value() < kAhead) {
        const std::size_t end = runEnd(m_asked);
        const ByteRange run = runFrom(m_asked, end);
        if (run.length() <= kShortRun)
            m_ahead = m_source.willNeed(run).has_value();
        m_asked = end;
    }
}

Result<void> RunReader::dropNeighbourhood(std::size_t index)
{
    if (index < m_dropped)
        return {};
    const ByteOffset begin = m_ranges.at(index).begin();
    ByteOffset end = begin;
    for (; index < m_ranges.count && m_ranges.at(index).begin().value() <= end.value() + kNeighbourhood; ++index)
        end = m_ranges.at(index).end();
    m_dropped = index;
    return leftOut(dropStepOf(m_operation)) ? Result<void>() : m_source.dropCached({begin, end});
}

Result<void> RunReader::fill(ByteRange range)
{
    m_held = {};
    makeRoom(range.length());
    const auto got
        = m_source.readAt(range.begin(), std::span(m_memory.get(), static_cast<std::size_t>(range.length())));
    if (!got)
        return failure(got.error());
    if (*got < range.length())
        return failure(ErrorCode::Truncated, m_operation, ByteRange(range.begin() + *got, range.end()),
                       m_source.path());
    m_held = range;
    return {};
}

void RunReader::makeRoom(std::uint64_t length)
{
    if (length <= m_capacity)
        return;
    const std::uint64_t capacity = std::max(length, kRun + kGap);
    m_memory.reset();
    m_capacity = 0;
    m_memory.reset(static_cast<std::byte *>(::operator new[](static_cast<std::size_t>(capacity), kAlignment)));
    m_capacity = capacity;
}

} // namespace cachecore
