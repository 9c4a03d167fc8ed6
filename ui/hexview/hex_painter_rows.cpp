// SPDX-License-Identifier: GPL-3.0-or-later
// What a row of the hex view is composed of, and the caret on top of it.
#include "ui/hexview/hex_painter.h"

#include <QPainter>

#include <algorithm>

namespace cachet {

using cachecore::ByteCondition;

namespace {

constexpr int kAfterLastLines = 2; // hairlines that the caret behind the last byte is wide

/// The style of a byte in a row whose ordinary bytes have the style `plain`.
CellStyle styleFor(ByteCondition condition, bool selected, CellStyle plain)
{
    switch (condition) {
    case ByteCondition::Staged:
    case ByteCondition::StagedNotLoaded:
        return selected ? CellStyle::SelectedStaged : CellStyle::Staged;
    case ByteCondition::Unreadable:
        return selected ? CellStyle::SelectedUnreadable : CellStyle::Unreadable;
    case ByteCondition::Loaded:
    case ByteCondition::NotLoaded:
    case ByteCondition::PastEnd:
        break;
    }
    return selected ? CellStyle::Selected : plain;
}

bool isMissing(ByteCondition condition)
{
    return condition == ByteCondition::NotLoaded || condition == ByteCondition::StagedNotLoaded;
}

} // namespace

std::uint64_t HexPainter::rowOf(const RowLook &look) const
{
    return look.firstByte / static_cast<std::uint64_t>(m_layout.bytesPerRow());
}

void HexPainter::findStyles(const RowLook &look)
{
    const CellStyle plain = plainStyle(look.state.tone);
    m_styles.clear();
    for (const ByteCondition condition : look.conditions) {
        if (condition == ByteCondition::PastEnd)
            return; // so are all that follow
        const int column = static_cast<int>(m_styles.size());
        m_styles.push_back(styleFor(condition, column >= look.selectedFrom && column < look.selectedTo, plain));
    }
}

void HexPainter::addOffset(const RowLook &look)
{
    const quint32 ground = m_atlas.ground(CellStyle::Offset);
    const int width = m_layout.cell().charWidth;
    if (look.bytes.empty()) {
        m_spans.fill(0, m_layout.offsetRight(), ground);
        return;
    }
    if (m_spans.shows(0, m_layout.bandWidth()))
        add(0, m_atlas.mark(look.state));
    m_spans.fill(m_layout.bandWidth(), m_layout.offsetTextX(), ground);
    const CellStyle style = look.caret ? CellStyle::Current : CellStyle::Offset;
    int x = m_layout.offsetTextX();
    const auto next = [&](char character) {
        if (m_spans.shows(x, width))
            add(x, m_atlas.byte(Pane::Text, style, static_cast<std::byte>(character)));
        x += width;
    };
    next('0');
    next('x');
    for (int digit = m_layout.offsetDigits() - 1; digit >= 0; --digit)
        next(lowDigit(static_cast<std::byte>(look.firstByte >> (4 * digit) & 0xF)));
    m_spans.fill(x, m_layout.offsetRight(), ground);
}

GlyphAtlas::Cell HexPainter::cellOf(const RowLook &look, Pane pane, int column, int x)
{
    const auto index = static_cast<std::size_t>(column);
    const CellStyle style = styleOf(column);
    if (isMissing(look.conditions[index]))
        return m_atlas.placeholder(pane, style);
    if (isHatched(style))
        return m_atlas.unreadable(pane, style, m_atlas.hatchPhase(x, rowOf(look)));
    return m_atlas.byte(pane, style, look.bytes[index]);
}

void HexPainter::addHexPane(const RowLook &look)
{
    const int margin = m_layout.runMargin(Pane::Hex);
    const int width = 2 * m_layout.cell().charWidth + 2 * margin;
    const int columns = static_cast<int>(m_styles.size());
    const quint32 tint = m_atlas.ground(plainStyle(look.state.tone));
    int done = m_layout.offsetRight();
    for (int column = 0; column < columns; ++column) {
        const int x = m_layout.hexX(column) - margin;
        addGap(look, done, column);
        // The ground of a run ends with its last byte.
        const CellStyle style = styleOf(column);
        const bool ends = hasOwnGround(style) && (column + 1 == columns || styleOf(column + 1) != style);
        done = x + (ends ? width : 3 * m_layout.cell().charWidth);
        if (m_spans.shows(x, done - x)) {
            const GlyphAtlas::Cell cell = cellOf(look, Pane::Hex, column, x);
            m_spans.copy(x, done - x, cell.pixels, cell.stride);
        }
    }
    m_spans.fill(done, m_layout.separatorX(), tint);
}

// What lies between the cell of the byte before `column` and its own.
void HexPainter::addGap(const RowLook &look, int from, int column)
{
    const int to = m_layout.hexX(column) - m_layout.runMargin(Pane::Hex);
    if (from >= to)
        return;
    const CellStyle style = styleOf(column);
    const bool joined = column > 0 && hasOwnGround(style) && style == styleOf(column - 1);
    if (!joined) {
        m_spans.fill(from, to, m_atlas.ground(plainStyle(look.state.tone)));
    } else if (!isHatched(style)) {
        m_spans.fill(from, to, m_atlas.ground(style));
    } else if (m_spans.shows(from, to - from)) {
        const GlyphAtlas::Cell hatch = m_atlas.hatch(style, m_atlas.hatchPhase(from, rowOf(look)));
        m_spans.copy(from, std::min(to - from, hatch.width), hatch.pixels, hatch.stride);
    }
}

void HexPainter::addTextPane(const RowLook &look)
{
    const int columns = static_cast<int>(m_styles.size());
    const quint32 tint = m_atlas.ground(plainStyle(look.state.tone));
    const int width = m_layout.cell().charWidth;
    int x = m_layout.textX(0);
    m_spans.fill(m_layout.separatorX() + m_layout.cell().line, x, tint);
    for (int column = 0; column < columns; ++column) {
        if (m_spans.shows(x, width))
            add(x, cellOf(look, Pane::Text, column, x));
        x += width;
    }
    m_spans.fill(x, m_layout.contentWidth(), tint);
}

QRect HexPainter::activeCaretRect(const CaretLook &caret) const
{
    QRect rect = m_layout.byteRect(caret.pane, 0, caret.column);
    if (caret.place == CaretPlace::AfterLast)
        return {rect.left() + rect.width(), rect.top(), kAfterLastLines * m_layout.cell().line, rect.height()};
    if (caret.pane == Pane::Text)
        return rect;
    rect.setWidth(m_layout.cell().charWidth);
    if (caret.place == CaretPlace::Second)
        rect.translate(m_layout.cell().charWidth, 0);
    return rect;
}

// A frame just outside of `rect`, left and right; above and below it stays inside of the row.
void HexPainter::paintFrame(QPainter &painter, const QRect &rect) const
{
    const int line = m_layout.cell().line;
    const QRect outer = rect.adjusted(-line, 0, line, 0);
    painter.fillRect(outer.left(), outer.top(), outer.width(), line, m_theme.caret);
    painter.fillRect(outer.left(), outer.top() + outer.height() - line, outer.width(), line, m_theme.caret);
    painter.fillRect(outer.left(), outer.top(), line, outer.height(), m_theme.caret);
    painter.fillRect(outer.left() + outer.width() - line, outer.top(), line, outer.height(), m_theme.caret);
}

void HexPainter::paintCaret(const RowLook &look, int top)
{
    const CaretLook &caret = *look.caret;
    const ByteCondition condition = look.conditions[static_cast<std::size_t>(caret.column)];
    if (condition == ByteCondition::PastEnd)
        return;
    QPainter painter(&m_rows);
    painter.setClipRect(QRect(0, top, m_rows.width(), m_layout.cell().rowHeight));
    painter.translate(-m_left, top - m_layout.rowTop(0));
    painter.setFont(m_font.font());
    if (caret.pendingDigit)
        paintPending(painter, caret);
    const QRect active = activeCaretRect(caret);
    paintFrame(painter, m_layout.byteRect(caret.pane == Pane::Hex ? Pane::Text : Pane::Hex, 0, caret.column));
    if (!caret.focused) {
        paintFrame(painter, active);
        return;
    }
    painter.fillRect(active, m_theme.caret);
    if (caret.place == CaretPlace::AfterLast)
        return;
    if (caret.pane == Pane::Hex)
        paintFrame(painter, m_layout.byteRect(Pane::Hex, 0, caret.column));
    paintUnderCaret(painter, look, active);
}

// The character on the caret's block.
void HexPainter::paintUnderCaret(QPainter &painter, const RowLook &look, const QRect &active) const
{
    const CaretLook &caret = *look.caret;
    const auto index = static_cast<std::size_t>(caret.column);
    const std::byte byte = look.bytes[index];
    painter.setPen(m_theme.caretText);
    if (caret.pendingDigit && caret.place == CaretPlace::Second) {
        m_font.draw(painter, '_', active.left(), active.top());
    } else if (isMissing(look.conditions[index])) {
        paintPlaceholder(painter, caret.pane, active, m_theme.caretText);
    } else if (look.conditions[index] == ByteCondition::Unreadable) {
        m_font.draw(painter, '#', active.left(), active.top());
    } else if (caret.pane == Pane::Text) {
        m_font.draw(painter, textOf(byte), active.left(), active.top());
    } else {
        const char digit = caret.place == CaretPlace::Second ? lowDigit(byte) : highDigit(byte);
        m_font.draw(painter, digit, active.left(), active.top());
    }
}

// The digit that waits for its partner, in place of the byte.
void HexPainter::paintPending(QPainter &painter, const CaretLook &caret) const
{
    const QRect hex = m_layout.byteRect(Pane::Hex, 0, caret.column);
    const QRect text = m_layout.byteRect(Pane::Text, 0, caret.column);
    painter.fillRect(m_layout.runRect(Pane::Hex, 0, caret.column, caret.column), m_theme.stagedBackground);
    painter.fillRect(text, m_theme.stagedBackground);
    painter.setPen(m_theme.stagedText);
    const char digit = lowDigit(static_cast<std::byte>(*caret.pendingDigit));
    m_font.draw(painter, digit, hex.left(), hex.top());
    m_font.draw(painter, '_', hex.left() + m_layout.cell().charWidth, hex.top());
    m_font.draw(painter, '_', text.left(), text.top());
}

} // namespace cachet
