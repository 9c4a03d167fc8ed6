// SPDX-License-Identifier: MIT
#include "cachecore/cache/load/read_ahead.h"

#include <algorithm>
#include <limits>

namespace cachecore {

ReadAhead::Plan ReadAhead::scrolledTo(ByteRange visible, TimePoint now)
{
    const std::uint64_t least = std::clamp(visible.length(), kLeastBytes, kMostBytes);
    const ByteOffset from = m_place;
    const bool down = visible.begin() > from;
    const std::uint64_t distance = down ? visible.begin() - from : from - visible.begin();
    if (!m_placed || distance > std::max(kMostBytes, visible.length())) {
        jumpedTo(visible);
        return m_plan;
    }
    if (distance == 0)
        return m_plan;
    m_place = visible.begin();
    if (m_known > 0 && now - event(0).at > kPause)
        forgetSpeed();
    const Direction direction = down ? Direction::Down : Direction::Up;
    if (m_window == 0)
        m_window = least;
    else if (direction == m_direction)
        m_window *= 2;
    else
        m_window /= 2;
    m_window = std::clamp(m_window, least, kMostBytes);
    m_direction = direction;
    remember(now, distance);

    const std::uint64_t soon
        = std::min(bytesPerSecond(), kMostBytes) * static_cast<std::uint64_t>(kHorizon.count()) / 1000;
    const std::uint64_t ahead = std::clamp(soon, least, m_window);
    const std::uint64_t behind = std::min(ahead / 4, least);
    m_plan = down ? Plan{behind, ahead} : Plan{ahead, behind};
    return m_plan;
}

void ReadAhead::jumpedTo(ByteRange visible)
{
    m_place = visible.begin();
    m_placed = true;
    m_direction = Direction::Unknown;
    m_plan = {};
    forgetSpeed();
}

void ReadAhead::forgetSpeed()
{
    m_window = 0;
    m_known = 0;
}

void ReadAhead::remember(TimePoint now, std::uint64_t distance)
{
    m_events[m_next] = {now, distance};
    m_next = (m_next + 1) % kEvents;
    m_known = std::min(m_known + 1, kEvents);
}

std::uint64_t ReadAhead::bytesPerSecond() const
{
    if (m_known < 2)
        return 0;
    std::uint64_t moved = 0;
    for (std::size_t age = 0; age + 1 < m_known; ++age)
        moved += event(age).distance; // of the oldest it is not known how long it took
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(event(0).at - event(m_known - 1).at);
    const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 1));
    return moved > std::numeric_limits<std::uint64_t>::max() / 1'000'000 ? std::numeric_limits<std::uint64_t>::max()
                                                                         : moved * 1'000'000 / micros;
}

} // namespace cachecore
