// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/page_marks.h"

#include <QPainter>

#include <algorithm>

namespace cachet {

namespace {

constexpr double kPaleBlock = 0.45;
constexpr int kDot = 2; // pixels of a dot of the loading bar, and between two

void paintDottedBar(QPainter &painter, const QRect &bar, const QColor &color)
{
    for (int y = bar.top() + kDot / 2; y < bar.bottom(); y += 2 * kDot)
        painter.fillRect(bar.left(), y, bar.width(), kDot, color);
}

void paintExclamation(QPainter &painter, const QRect &band, const QColor &color)
{
    const int width = std::max(2, band.width() / 4);
    const int height = band.height() * 2 / 3;
    const int x = band.left() + (band.width() - width) / 2;
    const int y = band.top() + (band.height() - height) / 2;
    painter.fillRect(x, y, width, height - 2 * width, color);
    painter.fillRect(x, y + height - width, width, width, color);
}

} // namespace

void paintPageMark(QPainter &painter, const QRect &band, RowState state, const Theme &theme)
{
    const QColor &mark = theme.mark(state.tone);
    const QRect bar(band.left(), band.top(), (band.width() + 1) / 2, band.height());
    switch (state.tone) {
    case PageTone::Never:
    case PageTone::Touched:
        return;
    case PageTone::Cached:
        painter.fillRect(bar, mark);
        return;
    case PageTone::Loading:
        paintDottedBar(painter, bar, mark);
        return;
    case PageTone::Staged:
        painter.fillRect(band, state.itself ? mark : blended(theme.base, mark, kPaleBlock));
        return;
    case PageTone::Failed:
        if (state.itself)
            painter.fillRect(band, mark);
        paintExclamation(painter, band, state.itself ? theme.base : mark);
        return;
    }
}

void paintUnreadable(QPainter &painter, const QRect &rect, bool selected, const Theme &theme)
{
    painter.fillRect(rect, selected ? theme.selection : theme.unreadableBackground);
    painter.fillRect(rect, QBrush(selected ? theme.selectedHatch : theme.unreadableHatch, Qt::BDiagPattern));
}

} // namespace cachet
