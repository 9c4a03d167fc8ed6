// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/hex_layout.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace cachet {

namespace {

constexpr int kOffsetPrefixLength = 2; // "0x"
constexpr int kLeastBandLines = 6;
constexpr int kSmallGroup = 4;
constexpr int kLargeGroup = 8;

int halfOf(int width)
{
    return width / 2;
}

} // namespace

HexLayout::HexLayout(CellMetrics cell, std::uint64_t documentSize, int bytesPerRow)
    : m_cell(cell)
    , m_bytesPerRow(bytesPerRow)
    , m_offsetDigits(offsetDigits(documentSize))
{
    assert(bytesPerRow >= 1 && cell.charWidth >= 1 && cell.rowHeight >= 1);
    const int width = m_cell.charWidth;
    m_bandWidth = std::max(kLeastBandLines * m_cell.line, width);
    m_offsetTextX = m_bandWidth + width;
    m_offsetRight = m_offsetTextX + (kOffsetPrefixLength + m_offsetDigits) * width + width;

    int x = m_offsetRight + width;
    m_hexX.reserve(static_cast<std::size_t>(m_bytesPerRow));
    for (int column = 0; column < m_bytesPerRow; ++column) {
        if (column > 0 && column % kLargeGroup == 0)
            x += width;
        else if (column > 0 && column % kSmallGroup == 0)
            x += halfOf(width);
        m_hexX.push_back(x);
        x += 3 * width;
    }
    m_separatorX = x + halfOf(width) - width / 4;
    m_textX = x + width + halfOf(width);
    m_contentWidth = m_textX + m_bytesPerRow * width + width;
}

int HexLayout::offsetDigits(std::uint64_t size)
{
    const std::uint64_t last = size == 0 ? 0 : size - 1;
    return std::max(kMinOffsetDigits, (static_cast<int>(std::bit_width(last)) + 3) / 4);
}

std::uint64_t HexLayout::rowCount(std::uint64_t size, int bytesPerRow)
{
    const auto width = static_cast<std::uint64_t>(bytesPerRow);
    return size / width + (size % width != 0 ? 1 : 0);
}

int HexLayout::wholeRows(int height) const
{
    return std::max(1, (height - headerHeight()) / m_cell.rowHeight);
}

int HexLayout::shownRows(int height) const
{
    return std::max(1, (height - headerHeight() + m_cell.rowHeight - 1) / m_cell.rowHeight);
}

QRect HexLayout::bandRect(int row) const
{
    return {0, rowTop(row), m_bandWidth, m_cell.rowHeight};
}

QRect HexLayout::byteRect(Pane pane, int row, int column) const
{
    if (pane == Pane::Hex)
        return {hexX(column), rowTop(row), 2 * m_cell.charWidth, m_cell.rowHeight};
    return {textX(column), rowTop(row), m_cell.charWidth, m_cell.rowHeight};
}

QRect HexLayout::runRect(Pane pane, int row, int first, int last) const
{
    const QRect from = byteRect(pane, row, first);
    const QRect to = byteRect(pane, row, last);
    const int margin = runMargin(pane);
    return {from.left() - margin, from.top(), to.left() + to.width() - from.left() + 2 * margin, from.height()};
}

int HexLayout::rowAt(int y) const
{
    const int below = y - headerHeight();
    return below >= 0 ? below / m_cell.rowHeight : -1 - (-1 - below) / m_cell.rowHeight;
}

int HexLayout::hexColumnAt(int x) const
{
    // A byte's share ends in the middle of the gap behind it.
    for (int column = 0; column + 1 < m_bytesPerRow; ++column) {
        const int end = hexX(column) + 2 * m_cell.charWidth;
        if (x < end + (hexX(column + 1) - end + 1) / 2)
            return column;
    }
    return m_bytesPerRow - 1;
}

HexLayout::Hit HexLayout::nearest(Pane pane, int x, int y) const
{
    Hit hit;
    hit.row = rowAt(y);
    if (pane == Pane::Hex) {
        hit.area = Hit::Area::Hex;
        hit.column = hexColumnAt(x);
        hit.nibble = x >= hexX(hit.column) + m_cell.charWidth ? 1 : 0;
        return hit;
    }
    hit.area = Hit::Area::Text;
    hit.column = x < m_textX ? 0 : std::min((x - m_textX) / m_cell.charWidth, m_bytesPerRow - 1);
    return hit;
}

HexLayout::Hit HexLayout::hit(int x, int y) const
{
    Hit hit = nearest(x < m_separatorX ? Pane::Hex : Pane::Text, x, y);
    if (x < m_offsetRight) {
        hit.area = x < m_bandWidth ? Hit::Area::Band : Hit::Area::Offset;
        hit.column = 0;
        hit.nibble = 0;
    }
    if (y < headerHeight())
        hit.area = Hit::Area::Header;
    return hit;
}

} // namespace cachet
