// SPDX-License-Identifier: GPL-3.0-or-later
// Keyboard, mouse and wheel of the hex view.
#include "ui/hexview/hex_view_private.h"

#include <QApplication>
#include <QInputMethodEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QScrollBar>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace cachet {

using cachecore::ByteCondition;
using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::Intent;

namespace {

constexpr int kWheelNotch = 120; // eighths of a degree
constexpr int kDragScrollMs = 40;
constexpr int kWordBytes = 4; // what a double click selects in the hex pane

struct KeyMove {
    int key;
    bool control;
    CursorMove move;
};

constexpr KeyMove kMoves[] = {
    {Qt::Key_Left, false, CursorMove::Left},
    {Qt::Key_Right, false, CursorMove::Right},
    {Qt::Key_Up, false, CursorMove::Up},
    {Qt::Key_Down, false, CursorMove::Down},
    {Qt::Key_PageUp, false, CursorMove::PageUp},
    {Qt::Key_PageDown, false, CursorMove::PageDown},
    {Qt::Key_Home, false, CursorMove::RowStart},
    {Qt::Key_End, false, CursorMove::RowEnd},
    {Qt::Key_Home, true, CursorMove::DocumentStart},
    {Qt::Key_End, true, CursorMove::DocumentEnd},
    {Qt::Key_PageUp, true, CursorMove::PreviousSector},
    {Qt::Key_PageDown, true, CursorMove::NextSector},
};

CaretPlace placeOf(const HexLayout::Hit &hit)
{
    return hit.area == HexLayout::Hit::Area::Hex && hit.nibble == 1 ? CaretPlace::Second : CaretPlace::First;
}

} // namespace

void HexView::Private::setCursor(const CursorState &next, Typed typed)
{
    const CursorState before = cursor;
    const ByteRange selectedBefore = selectionOf(before, space());
    cursor = next;
    if (typed == Typed::No) {
        pendingDigit.reset();
        continuesTyping = false;
    }
    const ByteRange selectedNow = selectionOf(cursor, space());
    if (selectedNow == selectedBefore) {
        updateRow(rowOf(before.caret));
        updateRow(rowOf(cursor.caret));
        q.viewport()->update(windowRect({0, 0, room().width(), layout.headerHeight()}));
    } else {
        q.viewport()->update();
    }
    if (before.caret != cursor.caret) {
        describeCaret();
        emit q.caretMoved(ByteOffset(cursor.caret));
    }
    const bool selectionMoved = selectedNow != selectedBefore && !(selectedNow.empty() && selectedBefore.empty());
    if (selectionMoved)
        emit q.selectionChanged(selectedNow);
}

void HexView::Private::move(CursorMove how, bool extend)
{
    const auto page = static_cast<std::int64_t>(space().rowsPerPage);
    setCursor(moved(cursor, how, extend, space()));
    if (how == CursorMove::PageUp)
        scrollRows(-page);
    else if (how == CursorMove::PageDown)
        scrollRows(page);
    reveal(cursor.caret);
}

bool HexView::Private::moveByKey(QKeyEvent *event)
{
    const Qt::KeyboardModifiers modifiers = event->modifiers() & ~Qt::KeypadModifier;
    const bool control = modifiers.testFlag(Qt::ControlModifier);
    if (modifiers & (Qt::AltModifier | Qt::MetaModifier))
        return false;
    for (const KeyMove &entry : kMoves) {
        if (entry.key == event->key() && entry.control == control) {
            move(entry.move, modifiers.testFlag(Qt::ShiftModifier));
            return true;
        }
    }
    if (control && (event->key() == Qt::Key_Up || event->key() == Qt::Key_Down)) {
        scrollRows(event->key() == Qt::Key_Up ? -1 : 1);
        return true;
    }
    return false;
}

bool HexView::Private::commandByKey(QKeyEvent *event)
{
    if (event->matches(QKeySequence::SelectAll))
        q.selectAll();
    else if (event->matches(QKeySequence::Copy))
        q.copySelection();
    else if (event->matches(QKeySequence::ZoomIn) || event->keyCombination() == (Qt::CTRL | Qt::Key_Equal))
        q.zoomBy(1);
    else if (event->matches(QKeySequence::ZoomOut))
        q.zoomBy(-1);
    else if (event->keyCombination() == (Qt::CTRL | Qt::Key_0))
        q.resetZoom();
    else if (event->keyCombination() == QKeyCombination(Qt::Key_Delete))
        q.discardStaged();
    else if (event->keyCombination() == QKeyCombination(Qt::Key_Backspace))
        move(CursorMove::Left, false);
    else if (event->keyCombination() == QKeyCombination(Qt::Key_Escape)) {
        setCursor(placed(cursor, cursor.caret, CaretPlace::First, false, space()));
    } else if (event->keyCombination() == QKeyCombination(Qt::Key_Tab)) {
        CursorState next = cursor;
        next.pane = cursor.pane == Pane::Hex ? Pane::Text : Pane::Hex;
        if (next.place == CaretPlace::Second)
            next.place = CaretPlace::First;
        setCursor(next);
        revealColumn();
    } else {
        return false;
    }
    return true;
}

bool HexView::Private::typeByKey(const QString &text)
{
    if (text.size() != 1 || !session)
        return false;
    const char16_t character = text.front().unicode();
    if (character < 0x20 || character == 0x7F)
        return false;
    if (cursor.pane == Pane::Text) {
        typeCharacter(character);
        return true;
    }
    bool isDigit = false;
    const int digit = text.toInt(&isDigit, 16);
    if (isDigit)
        typeDigit(digit);
    return isDigit;
}

void HexView::keyPressEvent(QKeyEvent *event)
{
    const bool chord = event->modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier);
    if (!d->moveByKey(event) && !d->commandByKey(event) && (chord || !d->typeByKey(event->text())))
        event->ignore();
}

void HexView::inputMethodEvent(QInputMethodEvent *event)
{
    for (const QChar character : event->commitString())
        static_cast<void>(d->typeByKey(QString(character)));
    event->accept();
}

QVariant HexView::inputMethodQuery(Qt::InputMethodQuery query) const
{
    if (query == Qt::ImHints)
        return static_cast<int>(Qt::ImhLatinOnly | Qt::ImhNoPredictiveText | Qt::ImhNoAutoUppercase);
    return QAbstractScrollArea::inputMethodQuery(query);
}

QPoint HexView::Private::toContent(QPoint position) const
{
    // The middle of the pixel, so that a fraction of the ratio does not matter.
    const auto device = [this](int at) { return static_cast<int>(std::floor((at + 0.5) * font.ratio())); };
    return {device(position.x()) + q.horizontalScrollBar()->value(), device(position.y())};
}

std::uint64_t HexView::Private::byteAt(const HexLayout::Hit &hit) const
{
    const int row = std::clamp(hit.row, 0, std::max(0, shown.rows - 1));
    return shown.firstByte + shown.index(row, hit.column);
}

void HexView::Private::placeByMouse(const HexLayout::Hit &hit, bool extend)
{
    setCursor(placed(cursor, byteAt(hit), extend ? CaretPlace::First : placeOf(hit), extend, space()));
}

void HexView::mousePressEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton || d->size() == 0)
        return;
    const QPoint at = d->toContent(event->position().toPoint());
    const HexLayout::Hit hit = d->layout.hit(at.x(), at.y());
    if (hit.area == HexLayout::Hit::Area::Header)
        return;
    if (hit.area == HexLayout::Hit::Area::Hex || hit.area == HexLayout::Hit::Area::Text)
        d->cursor.pane = hit.area == HexLayout::Hit::Area::Text ? Pane::Text : Pane::Hex;
    d->dragging = true;
    d->dragPane = d->cursor.pane;
    d->placeByMouse(hit, event->modifiers().testFlag(Qt::ShiftModifier));
    d->reveal(d->cursor.caret);
}

void HexView::mouseMoveEvent(QMouseEvent *event)
{
    if (d->dragging && event->buttons().testFlag(Qt::LeftButton))
        d->dragTo(event->position().toPoint());
}

void HexView::mouseReleaseEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton)
        return;
    d->dragging = false;
    d->dragTimer.stop();
}

void HexView::Private::dragTo(QPoint position)
{
    dragPosition = position;
    const QPoint at = toContent(position);
    const HexLayout::Hit hit = layout.nearest(dragPane, at.x(), at.y());
    // Moving inside the byte pressed on selects nothing.
    if (cursor.selecting || byteAt(hit) != cursor.caret)
        placeByMouse(hit, true);
    const bool outside = at.y() < layout.headerHeight() || position.y() >= q.viewport()->height();
    if (outside && !dragTimer.isActive())
        dragTimer.start(kDragScrollMs);
    else if (!outside)
        dragTimer.stop();
}

void HexView::Private::dragScroll()
{
    const int row = layout.nearest(dragPane, 0, toContent(dragPosition).y()).row;
    const int rows = static_cast<int>(space().rowsPerPage);
    // The farther out, the faster.
    scrollRows(row < 0 ? row : std::max(1, row - rows + 1));
    dragTo(dragPosition);
}

void HexView::mouseDoubleClickEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton || d->size() == 0)
        return;
    const QPoint at = d->toContent(event->position().toPoint());
    const HexLayout::Hit hit = d->layout.hit(at.x(), at.y());
    if (hit.area == HexLayout::Hit::Area::Header)
        return;
    d->setCursor(selected(d->cursor, d->wordAt(hit), d->space()));
}

ByteRange HexView::Private::wordAt(const HexLayout::Hit &hit) const
{
    const std::uint64_t at = std::min(byteAt(hit), size() - 1);
    const ByteRange whole = ByteRange::whole(size());
    const auto piece = [&whole](std::uint64_t begin, std::uint64_t length) {
        return ByteRange::make(begin, length).value_or(ByteRange(ByteOffset(begin), whole.end())).intersection(whole);
    };
    if (hit.area == HexLayout::Hit::Area::Hex)
        return piece(at - at % kWordBytes, kWordBytes);
    if (hit.area != HexLayout::Hit::Area::Text)
        return piece(at - at % space().bytesPerRow, space().bytesPerRow);
    const auto isText = [this](std::size_t i) {
        const bool known = shown.conditions[i] == ByteCondition::Loaded || shown.conditions[i] == ByteCondition::Staged;
        return known && isPrintable(shown.bytes[i]);
    };
    const auto middle = static_cast<std::size_t>(at - shown.firstByte);
    if (!isText(middle))
        return piece(at, 1);
    std::size_t begin = middle;
    std::size_t end = middle + 1;
    while (begin > 0 && isText(begin - 1))
        --begin;
    while (end < shown.bytes.size() && isText(end))
        ++end;
    return piece(shown.firstByte + begin, end - begin);
}

void HexView::wheelEvent(QWheelEvent *event)
{
    if (event->modifiers().testFlag(Qt::ControlModifier)) {
        d->wheelAngle += event->angleDelta().y();
        zoomBy(d->wheelAngle / kWheelNotch);
        d->wheelAngle %= kWheelNotch;
        event->accept();
        return;
    }
    const bool sideways = std::abs(event->angleDelta().x()) > std::abs(event->angleDelta().y());
    if (sideways || event->modifiers().testFlag(Qt::ShiftModifier)) {
        QApplication::sendEvent(horizontalScrollBar(), event);
        return;
    }
    int rows = 0;
    if (!event->pixelDelta().isNull()) {
        d->wheelPixels += d->devicePixels(event->pixelDelta().y());
        rows = d->wheelPixels / d->layout.cell().rowHeight;
        d->wheelPixels %= d->layout.cell().rowHeight;
    } else {
        d->wheelAngle += event->angleDelta().y() * QApplication::wheelScrollLines();
        rows = d->wheelAngle / kWheelNotch;
        d->wheelAngle %= kWheelNotch;
    }
    d->scrollRows(-rows);
    event->accept();
}

} // namespace cachet
