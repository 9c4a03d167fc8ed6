// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/hex_painter.h"
#include "ui/hexview/page_marks.h"

#include <QGlyphRun>
#include <QPainter>

#include <algorithm>

namespace cachet {

using cachecore::ByteCondition;

namespace {

constexpr std::array kDigits = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'};

char highDigit(std::byte byte)
{
    return kDigits[std::to_integer<std::size_t>(byte) >> 4];
}

char lowDigit(std::byte byte)
{
    return kDigits[std::to_integer<std::size_t>(byte) & 0xF];
}

} // namespace

void HexPainter::paintOffset(int row)
{
    const std::uint64_t at = m_scene->rows->firstByte + m_scene->rows->index(row, 0);
    const std::uint64_t caret = m_scene->cursor.caret;
    const bool current = caret >= at && caret - at < static_cast<std::uint64_t>(m_layout->bytesPerRow());
    const Ink ink = current ? Ink::Current : Ink::Header;
    const int y = m_layout->rowTop(row) + m_layout->cell().ascent;
    int x = m_layout->offsetTextX();
    const auto next = [&](char character) {
        put(ink, character, x, y);
        x += m_layout->cell().charWidth;
    };
    next('0');
    next('x');
    for (int digit = m_layout->offsetDigits() - 1; digit >= 0; --digit)
        next(kDigits[(at >> (4 * digit)) & 0xF]);
    if (m_scene->overlay)
        paintPageMark(*m_painter, m_layout->bandRect(row), m_scene->rows->states[static_cast<std::size_t>(row)],
                      *m_theme);
}

void HexPainter::paintByte(int row, int column)
{
    const std::size_t index = m_scene->rows->index(row, column);
    const ByteCondition condition = m_scene->rows->conditions[index];
    if (condition == ByteCondition::PastEnd)
        return;
    if (m_scene->pendingDigit && isCaret(row, column)) {
        paintPending(row, column);
        return;
    }
    const Ground ground = groundOf(row, column);
    if (condition == ByteCondition::NotLoaded || condition == ByteCondition::StagedNotLoaded) {
        paintPlaceholder(row, column, ground == Ground::None ? Ink::Placeholder : inkOf(std::byte{0}, ground));
        return;
    }
    const std::byte byte = m_scene->rows->bytes[index];
    const bool unreadable = condition == ByteCondition::Unreadable;
    const Ink ink = inkOf(byte, ground);
    const int y = m_layout->rowTop(row) + m_layout->cell().ascent;
    const int x = m_layout->hexX(column);
    const CaretCells caret = caretCells(row, column);
    put(caret.high ? Ink::Caret : ink, unreadable ? '#' : highDigit(byte), x, y);
    put(caret.low ? Ink::Caret : ink, unreadable ? '#' : lowDigit(byte), x + m_layout->cell().charWidth, y);
    put(caret.text ? Ink::Caret : ink, unreadable ? '#' : textOf(byte), m_layout->textX(column), y);
}

void HexPainter::paintPlaceholder(int row, int column, Ink ink)
{
    const CaretCells caret = caretCells(row, column);
    const auto dots = [this, ink](bool underCaret) -> QList<QRect> & {
        const auto *const kind = std::ranges::find(kDotInks, underCaret ? Ink::Caret : ink);
        return m_dots[static_cast<std::size_t>(kind - kDotInks.begin())];
    };
    const int width = m_layout->cell().charWidth;
    const int size = std::max(2, width / 5);
    const int y = m_layout->rowTop(row) + (m_layout->cell().rowHeight - size) / 2;
    const int hex = m_layout->hexX(column) + (width - size) / 2;
    dots(caret.high) << QRect(hex, y, size, size);
    dots(caret.low) << QRect(hex + width, y, size, size);
    // In the text pane a hollow box: a dot there would be taken for the dot of a byte without a character.
    const int side = size + 2;
    const int left = m_layout->textX(column) + (width - side) / 2;
    dots(caret.text) << QRect(left, y - 1, side, 1) << QRect(left, y + size, side, 1) << QRect(left, y, 1, size)
                     << QRect(left + side - 1, y, 1, size);
}

void HexPainter::paintPending(int row, int column)
{
    const int y = m_layout->rowTop(row) + m_layout->cell().ascent;
    const QRect hex = m_layout->runRect(Pane::Hex, row, column, column);
    m_painter->fillRect(hex, m_theme->stagedBackground);
    m_painter->fillRect(m_layout->byteRect(Pane::Text, row, column), m_theme->stagedBackground);
    put(Ink::Staged, kDigits[static_cast<std::size_t>(*m_scene->pendingDigit) & 0xF], m_layout->hexX(column), y);
    put(m_scene->focused ? Ink::Caret : Ink::Staged, '_', m_layout->hexX(column) + m_layout->cell().charWidth, y);
    put(Ink::Staged, '_', m_layout->textX(column), y);
}

void HexPainter::paintHeader()
{
    const int height = m_layout->headerHeight();
    const int width = std::max(m_layout->contentWidth(), m_clipRight);
    m_painter->fillRect(0, 0, width, height, m_theme->headerBackground);
    m_painter->fillRect(0, height - 1, width, 1, m_theme->separator);
    const int y = (height - m_layout->cell().rowHeight) / 2 + m_layout->cell().ascent;
    const auto columns = static_cast<std::uint64_t>(m_layout->bytesPerRow());
    for (int column = 0; column < m_layout->bytesPerRow(); ++column) {
        const auto number = static_cast<std::byte>(column);
        const Ink ink
            = m_scene->cursor.caret % columns == static_cast<std::uint64_t>(column) ? Ink::Current : Ink::Header;
        put(ink, highDigit(number), m_layout->hexX(column), y);
        put(ink, lowDigit(number), m_layout->hexX(column) + m_layout->cell().charWidth, y);
        put(ink, lowDigit(number), m_layout->textX(column), y);
    }
    m_painter->setFont(m_font->font());
    m_painter->setPen(m_theme->headerText);
    m_painter->drawText(QPointF(m_layout->offsetTextX(), y), m_scene->corner);
}

void HexPainter::flush()
{
    m_painter->setPen(Qt::NoPen);
    for (std::size_t kind = 0; kind < m_dots.size(); ++kind) {
        m_painter->setBrush(colorOf(kDotInks[kind]));
        m_painter->drawRects(m_dots[kind].constData(), static_cast<int>(m_dots[kind].size()));
        m_dots[kind].clear();
    }
    QGlyphRun run;
    run.setRawFont(m_font->raw());
    for (std::size_t ink = 0; ink < m_batches.size(); ++ink) {
        Batch &batch = m_batches[ink];
        if (batch.glyphs.isEmpty())
            continue;
        run.setRawData(batch.glyphs.constData(), batch.positions.constData(), static_cast<int>(batch.glyphs.size()));
        m_painter->setPen(colorOf(static_cast<Ink>(ink)));
        m_painter->drawGlyphRun(QPointF(0, 0), run);
        batch.glyphs.clear();
        batch.positions.clear();
    }
}

HexPainter::Ink HexPainter::inkOf(std::byte byte, Ground ground) const
{
    switch (ground) {
    case Ground::None:
        return static_cast<Ink>(byteClass(byte));
    case Ground::Staged:
        return Ink::Staged;
    case Ground::SelectedStaged:
        return Ink::SelectedStaged;
    case Ground::Unreadable:
        return Ink::Unreadable;
    case Ground::Selected:
    case Ground::SelectedUnreadable:
        break;
    }
    return Ink::Selected;
}

HexPainter::CaretCells HexPainter::caretCells(int row, int column) const
{
    const CursorState &cursor = m_scene->cursor;
    if (!m_scene->focused || cursor.place == CaretPlace::AfterLast || !isCaret(row, column))
        return {};
    if (cursor.pane == Pane::Text)
        return {.text = true};
    return {.high = cursor.place == CaretPlace::First, .low = cursor.place == CaretPlace::Second};
}

bool HexPainter::isCaret(int row, int column) const
{
    return m_scene->rows->firstByte + m_scene->rows->index(row, column) == m_scene->cursor.caret;
}

QColor HexPainter::colorOf(Ink ink) const
{
    switch (ink) {
    case Ink::Zero:
    case Ink::Printable:
    case Ink::Control:
    case Ink::High:
    case Ink::Full:
        return m_theme->byteText(static_cast<ByteClass>(ink));
    case Ink::Staged:
        return m_theme->stagedText;
    case Ink::Selected:
        return m_theme->selectionText;
    case Ink::SelectedStaged:
        return m_theme->selectedStagedText;
    case Ink::Placeholder:
        return m_theme->placeholderText;
    case Ink::Unreadable:
        return m_theme->unreadableText;
    case Ink::Header:
        return m_theme->headerText;
    case Ink::Current:
        return m_theme->currentText;
    case Ink::Caret:
    case Ink::Count:
        break;
    }
    return m_theme->caretText;
}

void HexPainter::put(Ink ink, char character, int x, int y)
{
    if (character == ' ')
        return;
    Batch &batch = m_batches[static_cast<std::size_t>(ink)];
    batch.glyphs.append(m_font->glyph(character));
    batch.positions.append(QPointF(x, y));
}

} // namespace cachet
