// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/hex_painter.h"

#include "ui/hexview/page_marks.h"

#include <QPainter>

#include <algorithm>

namespace cachet {

using cachecore::ByteCondition;

void HexPainter::paint(QPainter &painter, const HexScene &scene, const HexLayout &layout, const HexFont &font,
                       const Theme &theme, const QRect &clip)
{
    m_painter = &painter;
    m_scene = &scene;
    m_layout = &layout;
    m_font = &font;
    m_theme = &theme;
    m_clipRight = clip.right() + 1;
    const int above = std::max(0, clip.top() - layout.headerHeight());
    const int below = std::max(0, clip.bottom() + 1 - layout.headerHeight());
    const int from = std::min(above / layout.cell().rowHeight, scene.rows->rows);
    const int to = std::min((below + layout.cell().rowHeight - 1) / layout.cell().rowHeight, scene.rows->rows);

    paintGrounds(clip, from, to);
    for (int row = from; row < to; ++row)
        paintRow(row);
    paintCaret(from, to);
    if (clip.top() < layout.headerHeight())
        paintHeader();
    flush();
}

void HexPainter::paintGrounds(const QRect &clip, int from, int to)
{
    const QRect offsets(clip.left(), clip.top(), m_layout->offsetRight() - clip.left(), clip.height());
    m_painter->fillRect(clip, m_theme->base);
    m_painter->fillRect(offsets, m_theme->headerBackground);
    const auto tintOf = [this](int row) {
        return m_scene->overlay ? m_theme->tint(m_scene->rows->states[static_cast<std::size_t>(row)].tone)
                                : m_theme->base;
    };
    for (int row = from; row < to;) {
        const QColor tint = tintOf(row);
        int end = row + 1;
        while (end < to && tintOf(end) == tint)
            ++end;
        if (tint != m_theme->base) {
            const int left = m_layout->offsetRight();
            m_painter->fillRect(left, m_layout->rowTop(row), m_layout->contentWidth() - left,
                                (end - row) * m_layout->cell().rowHeight, tint);
        }
        row = end;
    }
    m_painter->fillRect(m_layout->separatorX(), clip.top(), 1, clip.height(), m_theme->separator);
}

void HexPainter::paintRow(int row)
{
    paintRuns(row);
    paintOffset(row);
    for (int column = 0; column < m_layout->bytesPerRow(); ++column)
        paintByte(row, column);
}

void HexPainter::paintRuns(int row)
{
    const int columns = m_layout->bytesPerRow();
    for (int first = 0; first < columns;) {
        const Ground ground = groundOf(row, first);
        int end = first + 1;
        while (end < columns && groundOf(row, end) == ground)
            ++end;
        if (ground != Ground::None)
            paintRun(ground, row, first, end - 1);
        first = end;
    }
}

void HexPainter::paintRun(Ground ground, int row, int first, int last)
{
    for (const Pane pane : {Pane::Hex, Pane::Text}) {
        const QRect rect = m_layout->runRect(pane, row, first, last);
        switch (ground) {
        case Ground::None:
            break;
        case Ground::Selected:
            m_painter->fillRect(rect, m_theme->selection);
            break;
        case Ground::Staged:
            m_painter->fillRect(rect, m_theme->stagedBackground);
            break;
        case Ground::SelectedStaged:
            m_painter->fillRect(rect, m_theme->selectedStaged);
            break;
        case Ground::Unreadable:
        case Ground::SelectedUnreadable:
            paintUnreadable(*m_painter, rect, ground == Ground::SelectedUnreadable, *m_theme);
            break;
        }
    }
}

void HexPainter::paintCaret(int from, int to)
{
    const std::uint64_t caret = m_scene->cursor.caret;
    const HexSnapshot &rows = *m_scene->rows;
    if (caret < rows.firstByte)
        return;
    const auto columns = static_cast<std::uint64_t>(m_layout->bytesPerRow());
    const std::uint64_t distance = (caret - rows.firstByte) / columns;
    if (distance < static_cast<std::uint64_t>(from) || distance >= static_cast<std::uint64_t>(to))
        return;
    const int row = static_cast<int>(distance);
    const int column = static_cast<int>(caret % columns);
    const Pane other = m_scene->cursor.pane == Pane::Hex ? Pane::Text : Pane::Hex;
    const QRect active = activeCaretRect(row, column);
    m_painter->setBrush(Qt::NoBrush);
    m_painter->setPen(m_theme->caret);
    const QRect outline = m_layout->byteRect(other, row, column);
    m_painter->drawRect(outline.adjusted(-1, 0, 0, -1));
    if (!m_scene->focused) {
        m_painter->drawRect(active.adjusted(-1, 0, 0, -1));
        return;
    }
    m_painter->fillRect(active, m_theme->caret);
    if (m_scene->cursor.pane == Pane::Hex && m_scene->cursor.place != CaretPlace::AfterLast)
        m_painter->drawRect(m_layout->byteRect(Pane::Hex, row, column).adjusted(-1, 0, 0, -1));
}

QRect HexPainter::activeCaretRect(int row, int column) const
{
    QRect rect = m_layout->byteRect(m_scene->cursor.pane, row, column);
    if (m_scene->cursor.place == CaretPlace::AfterLast)
        return {rect.right() + 1, rect.top(), 2, rect.height()};
    if (m_scene->cursor.pane == Pane::Text)
        return rect;
    rect.setWidth(m_layout->cell().charWidth);
    if (m_scene->cursor.place == CaretPlace::Second)
        rect.translate(m_layout->cell().charWidth, 0);
    return rect;
}

HexPainter::Ground HexPainter::groundOf(int row, int column) const
{
    const bool selected = isSelected(row, column);
    switch (m_scene->rows->conditions[m_scene->rows->index(row, column)]) {
    case ByteCondition::PastEnd:
        return Ground::None;
    case ByteCondition::Staged:
    case ByteCondition::StagedNotLoaded:
        return selected ? Ground::SelectedStaged : Ground::Staged;
    case ByteCondition::Unreadable:
        return selected ? Ground::SelectedUnreadable : Ground::Unreadable;
    case ByteCondition::Loaded:
    case ByteCondition::NotLoaded:
        break;
    }
    return selected ? Ground::Selected : Ground::None;
}

bool HexPainter::isSelected(int row, int column) const
{
    const std::uint64_t at = m_scene->rows->firstByte + m_scene->rows->index(row, column);
    return at >= m_scene->selection.begin().value() && at < m_scene->selection.end().value();
}

} // namespace cachet
