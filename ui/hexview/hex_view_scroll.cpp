// SPDX-License-Identifier: GPL-3.0-or-later
// Which rows and columns of the document the hex view shows.
#include "ui/hexview/hex_view_private.h"

#include <QScrollBar>

#include <algorithm>

namespace cachet {

using cachecore::Intent;

namespace {

constexpr std::uint64_t kJumpPart = 3; // a jump puts its row a third from the top

} // namespace

void HexView::Private::setTop(std::uint64_t row, Intent intent)
{
    const std::uint64_t next = std::min(row, mapper.lastTop());
    const bool changed = next != topRow;
    topRow = next;
    q.verticalScrollBar()->setValue(mapper.valueOf(next));
    if (!changed)
        return;
    resetShown();
    announceVisible(intent);
}

void HexView::Private::scrollRows(std::int64_t rows)
{
    setTop(mapper.moved(topRow, rows), Intent::Scroll);
}

void HexView::Private::scrollBarAction(int action)
{
    const auto page = static_cast<std::int64_t>(space().rowsPerPage);
    switch (action) {
    case QAbstractSlider::SliderSingleStepAdd:
        scrollRows(1);
        break;
    case QAbstractSlider::SliderSingleStepSub:
        scrollRows(-1);
        break;
    case QAbstractSlider::SliderPageStepAdd:
        scrollRows(page);
        break;
    case QAbstractSlider::SliderPageStepSub:
        scrollRows(-page);
        break;
    default:
        break;
    }
}

std::uint64_t HexView::Private::rowOf(std::uint64_t at) const
{
    return at / static_cast<std::uint64_t>(layout.bytesPerRow());
}

bool HexView::Private::rowShowsWholly(std::uint64_t row) const
{
    return row >= topRow && row - topRow < space().rowsPerPage;
}

void HexView::Private::reveal(std::uint64_t at)
{
    setTop(mapper.revealing(topRow, rowOf(at)), Intent::Scroll);
    revealColumn();
}

QRect HexView::Private::caretCell() const
{
    const auto column = static_cast<int>(cursor.caret % static_cast<std::uint64_t>(layout.bytesPerRow()));
    return layout.byteRect(cursor.pane, 0, column);
}

bool HexView::Private::caretColumnShows(int width) const
{
    const QRect cell = caretCell();
    const int left = q.horizontalScrollBar()->value();
    return cell.left() >= left && cell.right() < left + width;
}

void HexView::Private::revealColumn()
{
    QScrollBar *bar = q.horizontalScrollBar();
    const int width = devicePixels(q.viewport()->width());
    const QRect cell = caretCell();
    const int margin = layout.cell().charWidth;
    const bool rowStart = cursor.pane == Pane::Hex && cell.left() == layout.hexX(0);
    if (rowStart && cell.right() + margin < width)
        bar->setValue(0); // with the offsets
    if (caretColumnShows(width))
        return;
    const bool textFits = layout.contentWidth() - layout.separatorX() <= width;
    if (cursor.pane == Pane::Text && textFits)
        bar->setValue(cell.left() < bar->value() ? layout.separatorX() : layout.contentWidth() - width);
    else if (cell.left() < bar->value())
        bar->setValue(cell.left() - margin);
    else
        bar->setValue(cell.right() + 1 + margin - width);
}

void HexView::Private::jumpTo(std::uint64_t at)
{
    revealColumn();
    const std::uint64_t row = rowOf(at);
    if (rowShowsWholly(row))
        return;
    const std::uint64_t above = space().rowsPerPage / kJumpPart;
    setTop(row > above ? row - above : 0, Intent::Jump);
}

} // namespace cachet
