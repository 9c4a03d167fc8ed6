// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/heatmap/heat_map_geometry.h"

#include <algorithm>

namespace cachet {

namespace {

__extension__ using Wide = unsigned __int128; // page numbers times cells need up to 2^75

int fitting(int pixels, int pitch)
{
    return std::max((pixels + HeatMapGeometry::kGap) / pitch, 0);
}

} // namespace

HeatMapGeometry::HeatMapGeometry(QSize area, std::uint64_t pageCount, std::uint32_t pageSize, std::uint64_t size)
    : m_pages(pageCount)
    , m_pageSize(pageSize)
    , m_size(size)
{
    const auto capacity = [area](int pitch) {
        return static_cast<std::uint64_t>(fitting(area.width(), pitch))
            * static_cast<std::uint64_t>(fitting(area.height(), pitch));
    };
    m_pitch = kMaxCell;
    while (m_pitch > kMinCell && capacity(m_pitch) < pageCount)
        --m_pitch;
    m_columns = fitting(area.height(), m_pitch) == 0 ? 0 : fitting(area.width(), m_pitch);
    m_cells = static_cast<int>(std::min(capacity(m_pitch), pageCount));
    if (m_cells == 0)
        m_columns = 0;
}

QRect HeatMapGeometry::cellRect(int cell) const
{
    if (m_columns == 0)
        return {};
    return {cell % m_columns * m_pitch, cell / m_columns * m_pitch, m_pitch - kGap, m_pitch - kGap};
}

std::optional<int> HeatMapGeometry::cellAt(QPoint point) const
{
    if (m_columns == 0 || point.x() < 0 || point.y() < 0)
        return std::nullopt;
    const int column = point.x() / m_pitch;
    const int row = point.y() / m_pitch;
    if (column >= m_columns || row >= rows())
        return std::nullopt;
    const int cell = row * m_columns + column;
    return cell < m_cells ? std::optional(cell) : std::nullopt;
}

std::optional<int> HeatMapGeometry::nearestCell(QPoint point) const
{
    if (m_cells == 0)
        return std::nullopt;
    const int column = std::clamp(point.x() / m_pitch, 0, m_columns - 1);
    const int row = std::clamp(point.y() / m_pitch, 0, rows() - 1);
    return std::min(row * m_columns + column, m_cells - 1);
}

PageSpan HeatMapGeometry::pagesOf(int cell) const
{
    // The same split as PageStates::summarize makes, so that each count belongs to what the cell shows.
    const auto first = [this](int index) {
        return static_cast<std::uint64_t>(Wide(static_cast<unsigned>(index)) * m_pages
                                          / static_cast<unsigned>(m_cells));
    };
    if (m_cells == 0)
        return {};
    const std::uint64_t begin = first(cell);
    return {begin, first(cell + 1) - begin};
}

cachecore::ByteRange HeatMapGeometry::bytesOf(int cell) const
{
    const PageSpan pages = pagesOf(cell);
    const auto byte = [this](std::uint64_t page) {
        const Wide at = Wide(page) * m_pageSize;
        return cachecore::ByteOffset(at < m_size ? static_cast<std::uint64_t>(at) : m_size);
    };
    return {byte(pages.first), byte(pages.first + pages.count)};
}

int HeatMapGeometry::cellOfPage(std::uint64_t page) const
{
    if (m_cells == 0)
        return 0;
    const std::uint64_t clamped = std::min(page, m_pages - 1);
    return static_cast<int>(((Wide(clamped) + 1) * static_cast<unsigned>(m_cells) - 1) / m_pages);
}

std::optional<HeatMapGeometry::CellSpan> HeatMapGeometry::cellsOf(cachecore::ByteRange range) const
{
    if (m_cells == 0)
        return std::nullopt;
    const std::uint64_t begin = range.begin().value();
    const std::uint64_t last = range.empty() ? begin : range.end().value() - 1;
    return CellSpan{cellOfPage(begin / m_pageSize), cellOfPage(last / m_pageSize)};
}

} // namespace cachet
