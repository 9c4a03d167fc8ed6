// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/hex_painter.h"

#include <QPainter>

#include <algorithm>

namespace cachet {

namespace {

quint32 *pixelsOf(QImage &image, int line)
{
    return reinterpret_cast<quint32 *>(image.scanLine(line));
}

qsizetype strideOf(const QImage &image)
{
    return image.bytesPerLine() / static_cast<qsizetype>(sizeof(quint32));
}

} // namespace

int HexPainter::update(const HexScene &scene, const HexLayout &layout, const HexFont &font, const Theme &theme,
                       int from, int to)
{
    adopt(scene, layout, font, theme);
    const auto columns = static_cast<std::uint64_t>(layout.bytesPerRow());
    const HeaderLook header{.column = static_cast<int>(scene.cursor.caret % columns), .corner = scene.corner};
    if (m_headerLook != header)
        paintHeader(header);
    m_topSlot = m_painted.slotOf(scene, 0);
    const int last = std::clamp(to, 0, m_painted.count());
    const std::vector<int> &stale = m_painted.takeStale(scene, std::clamp(from, 0, last), last);
    for (const int row : stale)
        paintRow(m_painted.slotOf(scene, row));
    return static_cast<int>(stale.size());
}

void HexPainter::adopt(const HexScene &scene, const HexLayout &layout, const HexFont &font, const Theme &theme)
{
    const bool sameCells = m_painted.count() > 0 && m_layout == layout && m_font == font && m_theme == theme;
    if (sameCells && m_size == scene.size && m_left == scene.left)
        return;
    if (!sameCells)
        m_atlas.reset(layout, font, theme);
    m_layout = layout;
    m_font = font;
    m_theme = theme;
    m_size = scene.size;
    m_left = scene.left;
    const int rowCount = layout.shownRows(scene.size.height());
    const QSize rows(scene.size.width(), rowCount * layout.cell().rowHeight);
    if (m_rows.size() != rows) {
        m_rows = QImage(rows, QImage::Format_RGB32);
        m_header = QImage(rows.width(), layout.headerHeight(), QImage::Format_RGB32);
    }
    if (m_header.height() != layout.headerHeight())
        m_header = QImage(rows.width(), layout.headerHeight(), QImage::Format_RGB32);
    m_painted.reset(rowCount);
    m_headerLook.reset();
}

void HexPainter::forget()
{
    m_painted.reset(m_painted.count());
    m_headerLook.reset();
}

void HexPainter::present(QPainter &painter, const QRect &exposed) const
{
    const QRect header = QRect(QPoint(0, 0), m_header.size()).intersected(exposed);
    if (!header.isEmpty())
        painter.drawImage(header.topLeft(), m_header, header);
    const int height = m_layout.cell().rowHeight;
    const int ring = m_rows.height();
    // The ring in two pieces: from the top row's slot to its end, and from its begin on.
    const int turn = m_topSlot * height;
    const auto piece = [&](int top, int from, int lines) {
        const QRect rect = QRect(0, top, m_rows.width(), lines).intersected(exposed);
        if (!rect.isEmpty())
            painter.drawImage(rect.topLeft(), m_rows, rect.translated(0, from - top));
    };
    piece(m_layout.headerHeight(), turn, ring - turn);
    piece(m_layout.headerHeight() + ring - turn, 0, turn);
}

QImage HexPainter::picture() const
{
    QImage image(m_size, QImage::Format_RGB32);
    QPainter painter(&image);
    present(painter, image.rect());
    return image;
}

void HexPainter::paintHeader(const HeaderLook &look)
{
    m_headerLook = look;
    const int height = m_layout.headerHeight();
    const int line = m_layout.cell().line;
    const int rowHeight = m_layout.cell().rowHeight;
    const int top = (height - rowHeight) / 2;
    const quint32 ground = m_atlas.ground(CellStyle::Offset);
    m_header.fill(ground);
    m_atlas.beginRow();
    m_spans.begin(m_left, m_size.width());
    const int width = m_layout.cell().charWidth;
    for (int column = 0; column < m_layout.bytesPerRow(); ++column) {
        const int x = m_layout.hexX(column) - m_layout.runMargin(Pane::Hex);
        const CellStyle style = column == look.column ? CellStyle::Current : CellStyle::Offset;
        if (m_spans.shows(x, 3 * width))
            add(x, m_atlas.byte(Pane::Hex, style, static_cast<std::byte>(column)));
    }
    for (int column = 0; column < m_layout.bytesPerRow(); ++column) {
        const CellStyle style = column == look.column ? CellStyle::Current : CellStyle::Offset;
        const char digit = lowDigit(static_cast<std::byte>(column));
        if (m_spans.shows(m_layout.textX(column), width))
            add(m_layout.textX(column), m_atlas.byte(Pane::Text, style, static_cast<std::byte>(digit)));
    }
    paintSpans(m_spans.spans(), pixelsOf(m_header, top), strideOf(m_header), rowHeight);
    QPainter painter(&m_header);
    painter.fillRect(0, height - line, m_size.width(), line, m_theme.separator);
    const int room = m_layout.offsetRight() - m_layout.offsetTextX();
    painter.setClipRect(QRect(m_layout.offsetTextX() - m_left, 0, room, height));
    painter.setFont(m_font.font());
    painter.setPen(m_theme.headerText);
    painter.drawText(QPointF(m_layout.offsetTextX() - m_left, top + m_layout.cell().ascent), look.corner);
}

void HexPainter::paintRow(int slot)
{
    const RowLook &look = m_painted.look(slot);
    const int top = slot * m_layout.cell().rowHeight;
    m_atlas.beginRow();
    m_spans.begin(m_left, m_size.width());
    findStyles(look);
    addOffset(look);
    addHexPane(look);
    m_spans.fill(m_layout.separatorX(), m_layout.separatorX() + m_layout.cell().line, m_theme.separator.rgb());
    addTextPane(look);
    m_spans.fill(m_layout.contentWidth(), m_left + m_size.width(), m_atlas.ground(CellStyle::Plain));
    paintSpans(m_spans.spans(), pixelsOf(m_rows, top), strideOf(m_rows), m_layout.cell().rowHeight);
    if (look.caret && !look.bytes.empty())
        paintCaret(look, top);
}

} // namespace cachet
