// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/hex_view.h"

#include "ui/hexview/hex_view_private.h"

#include <QEvent>
#include <QPainter>
#include <QPaintEvent>
#include <QScrollBar>
#include <QStyle>

#include <algorithm>

namespace cachet {

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::Intent;

namespace {

constexpr int kUsualRows = 36;
constexpr int kFewestRows = 4;

} // namespace

HexView::HexView(QWidget *parent)
    : QAbstractScrollArea(parent)
    , d(std::make_unique<Private>(*this))
{
    setObjectName(QStringLiteral("hexView"));
    setAccessibleName(tr("Hex view"));
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_InputMethodEnabled);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);
    viewport()->setAttribute(Qt::WA_OpaquePaintEvent);
    viewport()->setCursor(Qt::IBeamCursor);
    connect(verticalScrollBar(), &QScrollBar::actionTriggered, this,
            [this](int action) { d->scrollBarAction(action); });
    connect(&d->retry, &QTimer::timeout, this, [this] { d->announceVisible(Intent::Scroll); });
    connect(&d->dragTimer, &QTimer::timeout, this, [this] { d->dragScroll(); });
    d->relayout(Intent::Jump);
    d->describeCaret();
}

HexView::~HexView() = default;

void HexView::setSession(DocumentSession *session)
{
    if (session != d->session)
        d->attach(session);
}

void HexView::setEmptyText(const QString &text)
{
    if (text == d->emptyText)
        return;
    d->emptyText = text;
    d->describeCaret();
    viewport()->update();
}

DocumentSession *HexView::session() const
{
    return d->session;
}

ByteOffset HexView::caret() const
{
    return ByteOffset(d->cursor.caret);
}

bool HexView::textPaneActive() const
{
    return d->cursor.pane == Pane::Text;
}

ByteRange HexView::selection() const
{
    return selectionOf(d->cursor, d->space());
}

ByteRange HexView::visibleRange() const
{
    return d->visibleRange();
}

void HexView::goTo(ByteOffset offset)
{
    d->setCursor(placed(d->cursor, offset.value(), CaretPlace::First, false, d->space()));
    d->jumpTo(d->cursor.caret);
}

void HexView::select(ByteRange range)
{
    d->setCursor(selected(d->cursor, range, d->space()));
    d->jumpTo(std::min(d->cursor.anchor, d->cursor.caret));
}

void HexView::selectAll()
{
    d->setCursor(selected(d->cursor, ByteRange::whole(d->size()), d->space()));
}

bool HexView::overlayVisible() const
{
    return d->overlay;
}

void HexView::setOverlayVisible(bool visible)
{
    if (d->overlay == visible)
        return;
    d->overlay = visible;
    viewport()->update();
}

void HexView::zoomBy(int points)
{
    d->zoomTo(d->zoom + points);
}

void HexView::resetZoom()
{
    d->zoomTo(0);
}

QSize HexView::sizeHint() const
{
    const int frame = 2 * frameWidth();
    const int bar = style()->pixelMetric(QStyle::PM_ScrollBarExtent, nullptr, this);
    const QRect content(0, 0, d->layout.contentWidth(), d->layout.rowTop(kUsualRows));
    return d->windowRect(content).size() + QSize(bar + frame, frame);
}

QSize HexView::minimumSizeHint() const
{
    // Offsets and a few bytes; the rest is reached by scrolling sideways.
    const QRect content(0, 0, d->layout.hexX(0) + 16 * d->layout.cell().charWidth, d->layout.rowTop(kFewestRows));
    return d->windowRect(content).size();
}

void HexView::paintEvent(QPaintEvent *event)
{
    QPainter qpainter(viewport());
    d->paint(qpainter, event->rect());
}

void HexView::resizeEvent(QResizeEvent *event)
{
    QAbstractScrollArea::resizeEvent(event);
    const bool caretShowed = d->caretColumnShows(d->devicePixels(event->oldSize().width()));
    d->relayout(Intent::Scroll);
    if (caretShowed)
        d->revealColumn();
}

void HexView::showEvent(QShowEvent *event)
{
    QAbstractScrollArea::showEvent(event);
    d->announceVisible(Intent::Jump);
}

bool HexView::event(QEvent *event)
{
    const bool done = QAbstractScrollArea::event(event);
    if (event->type() == QEvent::ScreenChangeInternal && devicePixelRatioF() != d->font.ratio())
        d->relayout(Intent::Scroll);
    return done;
}

void HexView::changeEvent(QEvent *event)
{
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::StyleChange) {
        d->theme = Theme::of(palette());
        viewport()->update();
    }
}

void HexView::scrollContentsBy(int dx, int dy)
{
    if (dx != 0)
        viewport()->update();
    // The bar also follows topRow; only a value that topRow does not have comes from the user.
    const int value = verticalScrollBar()->value();
    if (dy != 0 && value != d->mapper.valueOf(d->topRow))
        d->setTop(d->mapper.topOf(value), Intent::Scroll);
}

void HexView::focusInEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusInEvent(event);
    viewport()->update();
}

void HexView::focusOutEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

bool HexView::focusNextPrevChild(bool next)
{
    // Tab arrives in keyPressEvent; Shift+Tab leads out, so that the keyboard is never caught here.
    return !next && QAbstractScrollArea::focusNextPrevChild(next);
}

} // namespace cachet
