// SPDX-License-Identifier: GPL-3.0-or-later
// What the hex view shows: the document it is attached to, its geometry, and painting.
#include "ui/hexview/hex_view_private.h"
#include "ui/session/error_text.h"

#include <QPainter>
#include <QScrollBar>

#include <algorithm>
#include <cmath>

namespace cachet {

using cachecore::ByteCondition;
using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::Intent;

namespace {

constexpr int kRetryAbsentMs = 250;
constexpr int kRetryFailedMs = 2000;

} // namespace

HexView::Private::Private(HexView &view)
    : q(view)
    , font(zoom, view.devicePixelRatioF())
    , theme(Theme::of(view.palette()))
{
    retry.setSingleShot(true);
}

cachecore::Document *HexView::Private::document() const
{
    return session ? &session->document() : nullptr;
}

std::uint64_t HexView::Private::size() const
{
    return session ? session->document().size() : 0;
}

CursorSpace HexView::Private::space() const
{
    return {.size = size(),
            .bytesPerRow = static_cast<std::uint64_t>(layout.bytesPerRow()),
            .rowsPerPage = static_cast<std::uint64_t>(layout.wholeRows(devicePixels(q.viewport()->height())))};
}

void HexView::Private::attach(DocumentSession *newSession)
{
    if (session)
        session->disconnect(&q);
    session = newSession;
    retry.stop();
    dragTimer.stop();
    dragging = false;
    topRow = 0;
    announced.reset();
    if (session) {
        connect(session, &DocumentSession::pagesChanged, &q, [this] { refreshRows(); });
        connect(session, &DocumentSession::editsChanged, &q, [this] { refreshRows(); });
        connect(session, &DocumentSession::sizeChanged, &q, [this] {
            relayout(Intent::Scroll);
            setCursor(clamped(cursor, space()));
        });
        connect(session, &QObject::destroyed, &q, [this] { attach(nullptr); });
    }
    setCursor(CursorState{.pane = cursor.pane});
    relayout(Intent::Jump);
    describeCaret();
}

QSize HexView::Private::room() const
{
    const auto whole = [this](int pixels) { return static_cast<int>(std::ceil(pixels * font.ratio())); };
    return {whole(q.viewport()->width()), whole(q.viewport()->height())};
}

int HexView::Private::devicePixels(int pixels) const
{
    return static_cast<int>(std::floor(pixels * font.ratio()));
}

QRect HexView::Private::windowRect(const QRect &device) const
{
    const qreal scale = 1 / font.ratio();
    return QRectF(device.x() * scale, device.y() * scale, device.width() * scale, device.height() * scale)
        .toAlignedRect();
}

void HexView::Private::relayout(Intent intent)
{
    if (q.devicePixelRatioF() != font.ratio())
        font = HexFont(zoom, q.devicePixelRatioF());
    layout = HexLayout(font.cell(), size());
    const int width = devicePixels(q.viewport()->width());
    mapper = ScrollMapper(HexLayout::rowCount(size(), layout.bytesPerRow()), space().rowsPerPage);
    topRow = std::min(topRow, mapper.lastTop());
    QScrollBar *vertical = q.verticalScrollBar();
    // The value must fit before the range does, or the bar would report a move of its own.
    const QSignalBlocker quiet(vertical);
    vertical->setRange(0, mapper.maximum());
    vertical->setPageStep(mapper.pageStep());
    vertical->setSingleStep(1);
    vertical->setValue(mapper.valueOf(topRow));
    vertical->update();
    QScrollBar *horizontal = q.horizontalScrollBar();
    horizontal->setRange(0, std::max(0, layout.contentWidth() - width));
    horizontal->setPageStep(width);
    horizontal->setSingleStep(layout.cell().charWidth);
    resetShown();
    announceVisible(intent);
}

ByteRange HexView::Private::visibleRange() const
{
    const auto rowBytes = static_cast<std::uint64_t>(layout.bytesPerRow());
    const std::uint64_t begin = std::min(topRow * rowBytes, size());
    const auto rows = static_cast<std::uint64_t>(layout.shownRows(room().height()));
    return {ByteOffset(begin), ByteOffset(begin + std::min(rows * rowBytes, size() - begin))};
}

void HexView::Private::resetShown()
{
    const std::uint64_t rows = HexLayout::rowCount(size(), layout.bytesPerRow()) - topRow;
    const auto fitting = static_cast<std::uint64_t>(layout.shownRows(room().height()));
    shown.reset(topRow * static_cast<std::uint64_t>(layout.bytesPerRow()), layout.bytesPerRow(),
                static_cast<int>(std::min(rows, fitting)));
    q.viewport()->update();
}

void HexView::Private::zoomTo(int points)
{
    const HexFont next(points, q.devicePixelRatioF());
    if (points != 0 && next.points() == font.points())
        return;
    const bool caretShowed = caretColumnShows(devicePixels(q.viewport()->width()));
    zoom = points;
    font = next;
    q.updateGeometry();
    relayout(Intent::Scroll);
    if (caretShowed)
        revealColumn();
}

void HexView::Private::announceVisible(Intent intent)
{
    if (!session || !q.isVisible())
        return;
    const ByteRange range = visibleRange();
    session->document().setViewport(range, intent);
    watchVisiblePages();
    if (announced == range)
        return;
    announced = range;
    emit q.visibleRangeChanged(range);
}

void HexView::Private::watchVisiblePages()
{
    const ByteRange range = visibleRange();
    const auto states = session->document().pageStates();
    retry.stop();
    if (range.empty() || !states)
        return;
    bool absent = false;
    bool failed = false;
    const std::uint64_t pageSize = session->document().pageSize();
    const std::uint64_t last = (range.end().value() - 1) / pageSize;
    for (std::uint64_t page = range.begin().value() / pageSize; page <= last; ++page) {
        const cachecore::PageState state = states->state({page});
        absent = absent || state == cachecore::PageState::Absent;
        failed = failed || state == cachecore::PageState::Failed;
    }
    if (absent || failed)
        retry.start(absent ? kRetryAbsentMs : kRetryFailedMs);
}

void HexView::Private::refreshRows()
{
    if (!session)
        return;
    fresh.reset(shown.firstByte, shown.bytesPerRow, shown.rows);
    fresh.read(session->document(), 0, fresh.rows);
    for (int row = 0; row < shown.rows; ++row) {
        if (!fresh.sameRow(shown, row))
            updateRow(topRow + static_cast<std::uint64_t>(row));
    }
    if (q.isVisible())
        watchVisiblePages();
    describeCaret();
}

void HexView::Private::updateRow(std::uint64_t row)
{
    if (row < topRow || row - topRow >= static_cast<std::uint64_t>(shown.rows))
        return;
    q.viewport()->update(
        windowRect({0, layout.rowTop(static_cast<int>(row - topRow)), room().width(), layout.cell().rowHeight}));
}

void HexView::Private::paint(QPainter &qpainter, const QRect &exposed)
{
    if (!session) {
        paintEmpty(qpainter, emptyText.isEmpty() ? HexView::tr("Open a disk image to begin\nCtrl+O") : emptyText);
        return;
    }
    if (size() == 0) {
        paintEmpty(qpainter, HexView::tr("This file is empty (0 bytes)"));
        return;
    }
    if (q.devicePixelRatioF() != font.ratio()) // what is there is painted scaled, until the event loop comes round
        QMetaObject::invokeMethod(&q, [this] { relayout(Intent::Scroll); }, Qt::QueuedConnection);
    const qreal ratio = font.ratio();
    const QRect clip
        = QRectF(exposed.x() * ratio, exposed.y() * ratio, exposed.width() * ratio, exposed.height() * ratio)
              .toAlignedRect();
    const int rowHeight = layout.cell().rowHeight;
    const int from = std::max(0, (clip.top() - layout.headerHeight()) / rowHeight);
    const int to = std::max(from, (clip.bottom() - layout.headerHeight()) / rowHeight + 1);
    shown.read(session->document(), std::min(from, shown.rows), std::min(to, shown.rows));
    const HexScene scene{.rows = &shown,
                         .cursor = cursor,
                         .selection = selectionOf(cursor, space()),
                         .pendingDigit = pendingDigit,
                         .overlay = overlay,
                         .focused = q.hasFocus(),
                         .corner = HexView::tr("Offset"),
                         .size = room(),
                         .left = q.horizontalScrollBar()->value()};
    painter.update(scene, layout, font, theme, from, to);
    qpainter.scale(1 / ratio, 1 / ratio);
    painter.present(qpainter, clip);
}

void HexView::Private::paintEmpty(QPainter &qpainter, const QString &text) const
{
    const QRect all = q.viewport()->rect();
    qpainter.fillRect(all, theme.base);
    qpainter.setFont(q.font());
    qpainter.setPen(theme.placeholderText);
    qpainter.drawText(all, static_cast<int>(Qt::AlignCenter) | Qt::TextWordWrap, text);
}

void HexView::Private::describeCaret()
{
    if (!session || size() == 0) {
        q.setAccessibleDescription(session                   ? HexView::tr("Empty file")
                                       : emptyText.isEmpty() ? HexView::tr("No file open")
                                                             : emptyText);
        return;
    }
    std::byte value{0};
    ByteCondition condition = ByteCondition::NotLoaded;
    session->document().peek(ByteOffset(cursor.caret), {&value, 1}, {&condition, 1});
    const QString offset = hexText(cursor.caret);
    const QString hex = QStringLiteral("%1").arg(std::to_integer<unsigned>(value), 2, 16, QLatin1Char('0')).toUpper();
    switch (condition) {
    case ByteCondition::Loaded:
        q.setAccessibleDescription(HexView::tr("Offset %1, byte %2").arg(offset, hex));
        break;
    case ByteCondition::Staged:
        q.setAccessibleDescription(HexView::tr("Offset %1, byte %2, staged").arg(offset, hex));
        break;
    case ByteCondition::Unreadable:
        q.setAccessibleDescription(HexView::tr("Offset %1, byte cannot be read").arg(offset));
        break;
    case ByteCondition::StagedNotLoaded:
        q.setAccessibleDescription(HexView::tr("Offset %1, staged byte not loaded yet").arg(offset));
        break;
    case ByteCondition::NotLoaded:
    case ByteCondition::PastEnd:
        q.setAccessibleDescription(HexView::tr("Offset %1, byte not loaded yet").arg(offset));
        break;
    }
}

} // namespace cachet
