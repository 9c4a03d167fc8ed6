// SPDX-License-Identifier: MIT
#include "cachecore/cache/load/running_reads.h"

#include <algorithm>

namespace cachecore {

RunningReads::Position RunningReads::begin(TimePoint now, LoadClass urgency, Reader reader)
{
    if (m_spare.empty())
        m_spare.emplace_back();
    m_reads.splice(m_reads.end(), m_spare);
    m_reads.back() = {now, urgency, reader, false, false};
    count(m_reads.back(), 1);
    return std::prev(m_reads.end());
}

void RunningReads::end(Position read) noexcept
{
    m_stalled -= read->stalled ? 1 : 0;
    if (read->replaced)
        --m_replaced;
    else
        count(*read, -1);
    m_spare.clear();
    m_spare.splice(m_spare.end(), m_reads, read);
}

void RunningReads::count(const Read &read, int by)
{
    if (read.reader == Reader::Caller)
        return;
    const auto change = static_cast<unsigned>(by);
    m_running[0] += change;
    m_running[1] += read.urgency > LoadClass::Viewport ? change : 0;
    m_running[2] += isBackground(read.urgency) ? change : 0;
}

unsigned RunningReads::roomFor(LoadClass urgency, unsigned workers) const
{
    const auto room = [&](LoadClass group, unsigned running) {
        const unsigned most = mostReads(group, workers);
        return most - std::min(most, running);
    };
    unsigned left = room(LoadClass::Viewport, m_running[0]);
    if (urgency > LoadClass::Viewport)
        left = std::min(left, room(LoadClass::Wanted, m_running[1]));
    if (isBackground(urgency))
        left = std::min(left, room(LoadClass::ReadAhead, m_running[2]));
    return left;
}

std::chrono::steady_clock::duration RunningReads::untilNextStall(TimePoint now) const
{
    const auto next = std::ranges::find_if(m_reads, [](const Read &read) { return !read.stalled; });
    if (next == m_reads.end())
        return kStalledAfter;
    return std::max<std::chrono::steady_clock::duration>(next->begun + kStalledAfter - now,
                                                         std::chrono::milliseconds(1));
}

} // namespace cachecore
