// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/heatmap/heat_map.h"

#include <QPainter>

#include <algorithm>

namespace cachet {

void paintCellLook(QPainter &painter, const QRect &rect, const CellLook &look, const Theme &theme)
{
    QColor fill = theme.mark(look.touched ? PageTone::Touched : PageTone::Never);
    if (look.ready > 0)
        fill = blended(fill, theme.mark(PageTone::Cached), 0.4 + 0.15 * look.ready);
    painter.fillRect(rect, fill);
    const int edge = std::max(rect.width() / 3, 2);
    if (look.loading) // the lower third: something is on its way
        painter.fillRect(QRect(rect.left(), rect.bottom() - edge + 1, rect.width(), edge),
                         theme.mark(PageTone::Loading));
    if (look.staged) { // an inset square
        const int inset = std::max(rect.width() / 4, 1);
        const QRect mark = rect.adjusted(inset, inset, -inset, -inset);
        painter.fillRect(mark.adjusted(-1, -1, 1, 1).intersected(rect), theme.base);
        painter.fillRect(mark, theme.mark(PageTone::Staged));
    }
    if (look.failed) { // a cross
        painter.save();
        painter.setRenderHint(QPainter::Antialiasing, true);
        painter.setPen(
            QPen(theme.mark(PageTone::Failed), std::max(rect.width() / 5.0, 1.6), Qt::SolidLine, Qt::FlatCap));
        const QRectF cross = QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5);
        painter.drawLine(cross.topLeft(), cross.bottomRight());
        painter.drawLine(cross.bottomLeft(), cross.topRight());
        painter.restore();
    }
}

} // namespace cachet
