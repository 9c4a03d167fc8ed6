// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/scroll_mapper.h"

#include <algorithm>
#include <limits>

namespace cachet {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kBarMaximum = std::numeric_limits<int>::max();

// value * to / from, rounded to the nearest.
std::uint64_t scaled(std::uint64_t value, std::uint64_t to, std::uint64_t from)
{
    return static_cast<std::uint64_t>((static_cast<Wide>(value) * to + from / 2) / from);
}

} // namespace

ScrollMapper::ScrollMapper(std::uint64_t rows, std::uint64_t wholeRows)
    : m_lastTop(rows > wholeRows ? rows - wholeRows : 0)
    , m_wholeRows(std::max<std::uint64_t>(wholeRows, 1))
{
}

int ScrollMapper::maximum() const
{
    return static_cast<int>(std::min(m_lastTop, kBarMaximum));
}

int ScrollMapper::pageStep() const
{
    if (m_lastTop <= kBarMaximum)
        return static_cast<int>(std::min(m_wholeRows, kBarMaximum));
    return static_cast<int>(std::max<std::uint64_t>(1, scaled(m_wholeRows, kBarMaximum, m_lastTop)));
}

int ScrollMapper::valueOf(std::uint64_t topRow) const
{
    const std::uint64_t top = std::min(topRow, m_lastTop);
    if (m_lastTop <= kBarMaximum)
        return static_cast<int>(top);
    if (top == 0)
        return 0;
    if (top == m_lastTop)
        return static_cast<int>(kBarMaximum);
    return static_cast<int>(std::clamp<std::uint64_t>(scaled(top, kBarMaximum, m_lastTop), 1, kBarMaximum - 1));
}

std::uint64_t ScrollMapper::topOf(int value) const
{
    const std::uint64_t clamped = std::min(static_cast<std::uint64_t>(std::max(value, 0)), kBarMaximum);
    if (m_lastTop <= kBarMaximum)
        return std::min(clamped, m_lastTop);
    return scaled(clamped, m_lastTop, kBarMaximum);
}

std::uint64_t ScrollMapper::moved(std::uint64_t topRow, std::int64_t rows) const
{
    const std::uint64_t top = std::min(topRow, m_lastTop);
    if (rows < 0) {
        const std::uint64_t up = std::uint64_t{0} - static_cast<std::uint64_t>(rows);
        return up > top ? 0 : top - up;
    }
    const auto down = static_cast<std::uint64_t>(rows);
    return down > m_lastTop - top ? m_lastTop : top + down;
}

std::uint64_t ScrollMapper::revealing(std::uint64_t topRow, std::uint64_t row) const
{
    if (row < topRow)
        return std::min(row, m_lastTop);
    if (row - topRow >= m_wholeRows)
        return std::min(row - (m_wholeRows - 1), m_lastTop);
    return std::min(topRow, m_lastTop);
}

} // namespace cachet
