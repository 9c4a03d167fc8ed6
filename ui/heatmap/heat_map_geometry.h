// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"

#include <QPoint>
#include <QRect>
#include <QSize>

#include <cstdint>
#include <optional>

namespace cachet {

/// Pages [first, first + count).
struct PageSpan {
    std::uint64_t first = 0;
    std::uint64_t count = 0;

    friend bool operator==(const PageSpan &, const PageSpan &) = default;
};

/// Where the cells of the heat map lie: the pages of a source in reading order, as even as whole pages allow. Pure arithmetic.
///
/// Invariants: every page lies in exactly one cell; cells ascend with pages; there are never more cells than pages;
/// all cells lie inside the area.
class HeatMapGeometry {
public:
    static constexpr int kMinCell = 7;  ///< pixels from one cell to the next
    static constexpr int kMaxCell = 26; ///< the same, for sources of few pages
    static constexpr int kGap = 1;      ///< pixels between two cells, part of the above

    HeatMapGeometry() = default;
    /// For `pageCount` pages of `pageSize` bytes of a document of `size` bytes in an area of `area` pixels. The cells
    /// are as large as lets each page have its own, within the limits above.
    HeatMapGeometry(QSize area, std::uint64_t pageCount, std::uint32_t pageSize, std::uint64_t size);

    [[nodiscard]] int cellCount() const { return m_cells; }
    [[nodiscard]] int columns() const { return m_columns; }
    [[nodiscard]] int rows() const { return m_columns == 0 ? 0 : (m_cells + m_columns - 1) / m_columns; }
    /// Pixels from one cell to the next.
    [[nodiscard]] int pitch() const { return m_pitch; }

    /// The pixels of `cell`, without the gap.
    [[nodiscard]] QRect cellRect(int cell) const;
    /// The cell at a point (the gap after a cell belongs to it), or nothing outside all cells.
    [[nodiscard]] std::optional<int> cellAt(QPoint point) const;
    /// The cell nearest to a point, for drags that leave the area; nothing without cells.
    [[nodiscard]] std::optional<int> nearestCell(QPoint point) const;

    /// The pages of `cell`; at least one.
    [[nodiscard]] PageSpan pagesOf(int cell) const;
    /// The bytes of `cell`, clipped to the document.
    [[nodiscard]] cachecore::ByteRange bytesOf(int cell) const;
    /// The cell that holds `page` (clamped to the last).
    [[nodiscard]] int cellOfPage(std::uint64_t page) const;
    /// The first and last cell that share a byte with `range`; an empty range takes the cell it lies in. Nothing without cells.
    struct CellSpan {
        int first = 0;
        int last = 0;

        friend bool operator==(const CellSpan &, const CellSpan &) = default;
    };
    [[nodiscard]] std::optional<CellSpan> cellsOf(cachecore::ByteRange range) const;

    friend bool operator==(const HeatMapGeometry &, const HeatMapGeometry &) = default;

private:
    std::uint64_t m_pages = 0;
    std::uint64_t m_pageSize = 1;
    std::uint64_t m_size = 0;
    int m_pitch = kMinCell;
    int m_columns = 0;
    int m_cells = 0;
};

} // namespace cachet
