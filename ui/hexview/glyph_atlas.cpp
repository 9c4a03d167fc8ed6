// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/glyph_atlas.h"

#include "ui/hexview/page_marks.h"
#include "ui/theme/byte_class.h"

#include <QPainter>

#include <algorithm>

namespace cachet {

namespace {

// The numbers of a style's cells: the 256 bytes, the placeholder, then by phase the hatch with and without characters.
constexpr std::size_t kPlaceholder = 256;
constexpr int kHatchLines = 8; // hairlines from one diagonal to the next
constexpr std::size_t kLargestPeriod = 128;
constexpr std::size_t kUnreadable = kPlaceholder + 1;
constexpr std::size_t kHatch = kUnreadable + kLargestPeriod;
constexpr std::size_t kNumbers = kHatch + kLargestPeriod;

constexpr std::size_t kHexPart = 3; // of four parts of the bound; a cell of the hex pane is three times as wide

int periodOf(const CellMetrics &cell)
{
    return std::min(kHatchLines * cell.line, static_cast<int>(kLargestPeriod));
}

} // namespace

void paintPlaceholder(QPainter &painter, Pane pane, const QRect &cell, const QColor &color)
{
    const int size = std::max(2, cell.width() / 5);
    const int y = cell.top() + (cell.height() - size) / 2;
    if (pane == Pane::Hex) {
        painter.fillRect(cell.left() + (cell.width() - size) / 2, y, size, size, color);
        return;
    }
    const int line = std::max(1, size / 2);
    const int side = size + 2 * line;
    const int left = cell.left() + (cell.width() - side) / 2;
    painter.fillRect(left, y - line, side, line, color);
    painter.fillRect(left, y + size, side, line, color);
    painter.fillRect(left, y, line, size, color);
    painter.fillRect(left + side - line, y, line, size, color);
}

void GlyphAtlas::reset(const HexLayout &layout, const HexFont &font, const Theme &theme)
{
    m_layout = layout;
    m_font = font;
    m_theme = theme;
    const CellMetrics &cell = layout.cell();
    constexpr std::size_t part = kBoundBytes / 4;
    m_hex = CellStore(3 * cell.charWidth, cell.rowHeight, kCellStyleCount * kNumbers, kHexPart * part);
    m_marks = CellStore(layout.bandWidth(), cell.rowHeight, 2 * kPageToneCount, part / 8);
    m_text = CellStore(cell.charWidth, cell.rowHeight, kCellStyleCount * kNumbers, part - part / 8);
    for (std::size_t style = 0; style < kCellStyleCount; ++style)
        m_grounds[style] = groundOf(static_cast<CellStyle>(style), theme).rgb();
}

void GlyphAtlas::beginRow()
{
    m_hex.beginRow();
    m_text.beginRow();
    m_marks.beginRow();
}

std::size_t GlyphAtlas::bytes() const
{
    return m_hex.bytes() + m_text.bytes() + m_marks.bytes();
}

int GlyphAtlas::hatchPhase(int x, std::uint64_t row) const
{
    const auto period = static_cast<std::uint64_t>(periodOf(m_layout.cell()));
    const std::uint64_t down = row % period * static_cast<std::uint64_t>(m_layout.cell().rowHeight);
    return static_cast<int>((static_cast<std::uint64_t>(x) + down) % period);
}

GlyphAtlas::Cell GlyphAtlas::byte(Pane pane, CellStyle style, std::byte value)
{
    return cell(pane, style, std::to_integer<std::size_t>(value));
}

GlyphAtlas::Cell GlyphAtlas::placeholder(Pane pane, CellStyle style)
{
    return cell(pane, style, kPlaceholder);
}

GlyphAtlas::Cell GlyphAtlas::unreadable(Pane pane, CellStyle style, int phase)
{
    return cell(pane, style, kUnreadable + static_cast<std::size_t>(phase));
}

GlyphAtlas::Cell GlyphAtlas::hatch(CellStyle style, int phase)
{
    return cell(Pane::Hex, style, kHatch + static_cast<std::size_t>(phase));
}

GlyphAtlas::Cell GlyphAtlas::cell(Pane pane, CellStyle style, std::size_t number)
{
    CellStore &store = pane == Pane::Hex ? m_hex : m_text;
    const CellStore::Cell found = store.cell(static_cast<std::size_t>(style) * kNumbers + number);
    if (found.fresh) {
        QImage image(reinterpret_cast<uchar *>(found.pixels), store.width(), store.height(),
                     static_cast<qsizetype>(store.stride()) * static_cast<qsizetype>(sizeof(quint32)),
                     QImage::Format_RGB32);
        paint(image, pane, style, number);
    }
    return {.pixels = found.pixels, .width = store.width(), .stride = store.stride()};
}

GlyphAtlas::Cell GlyphAtlas::mark(RowState state)
{
    const CellStore::Cell found = m_marks.cell(static_cast<std::size_t>(state.tone) * 2 + (state.itself ? 1 : 0));
    if (found.fresh) {
        QImage image(reinterpret_cast<uchar *>(found.pixels), m_marks.width(), m_marks.height(),
                     static_cast<qsizetype>(m_marks.stride()) * static_cast<qsizetype>(sizeof(quint32)),
                     QImage::Format_RGB32);
        image.fill(m_theme.headerBackground);
        QPainter painter(&image);
        paintPageMark(painter, image.rect(), state, m_theme);
    }
    return {.pixels = found.pixels, .width = m_marks.width(), .stride = m_marks.stride()};
}

void GlyphAtlas::paint(QImage &image, Pane pane, CellStyle style, std::size_t number) const
{
    if (number >= kHatch) {
        paintHatch(image, style, static_cast<int>(number - kHatch));
        return;
    }
    if (number >= kUnreadable)
        paintHatch(image, style, static_cast<int>(number - kUnreadable));
    else
        image.fill(groundOf(style, m_theme));
    QPainter painter(&image);
    painter.setFont(m_font.font());
    painter.setPen(number == kPlaceholder ? placeholderInk(style, m_theme)
                                          : inkOf(style, static_cast<std::byte>(number), m_theme));
    paintValue(painter, pane, number);
}

void GlyphAtlas::paintHatch(QImage &image, CellStyle style, int phase) const
{
    const QRgb ground = groundOf(style, m_theme).rgb();
    const QRgb line = hatchOf(style, m_theme).rgb();
    const int period = periodOf(m_layout.cell());
    for (int y = 0; y < image.height(); ++y) {
        auto *pixels = reinterpret_cast<QRgb *>(image.scanLine(y));
        for (int x = 0; x < image.width(); ++x)
            pixels[x] = (x + y + phase) % period < m_layout.cell().line ? line : ground;
    }
}

void GlyphAtlas::paintValue(QPainter &painter, Pane pane, std::size_t number) const
{
    const int margin = m_layout.runMargin(pane);
    const int width = m_layout.cell().charWidth;
    const bool unreadable = number >= kUnreadable;
    const auto value = static_cast<std::byte>(number);
    if (number == kPlaceholder) {
        const QRect first(margin, 0, width, m_layout.cell().rowHeight);
        paintPlaceholder(painter, pane, first, painter.pen().color());
        if (pane == Pane::Hex)
            paintPlaceholder(painter, pane, first.translated(width, 0), painter.pen().color());
    } else if (pane == Pane::Hex) {
        m_font.draw(painter, unreadable ? '#' : highDigit(value), margin, 0);
        m_font.draw(painter, unreadable ? '#' : lowDigit(value), margin + width, 0);
    } else {
        m_font.draw(painter, unreadable ? '#' : textOf(value), margin, 0);
    }
}

} // namespace cachet
