// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/heatmap/heat_map.h"

#include "ui/session/document_session.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QToolTip>

#include <algorithm>

namespace cachet {

namespace {

constexpr int kFrameMs = 16;
constexpr int kMargin = 4;    ///< around the cells, room for the frame
constexpr int kMinMarker = 9; ///< the frame is at least this large in both directions

} // namespace

HeatMap::HeatMap(QWidget *parent)
    : QWidget(parent)
    , m_theme(Theme::of(palette()))
{
    setObjectName(QStringLiteral("heatMap"));
    setAccessibleName(tr("Heat map"));
    setAccessibleDescription(tr("The whole document as a grid of cells, by what is cached, loading, staged or failed"));
    setFocusPolicy(Qt::StrongFocus);
    m_soon.setSingleShot(true);
    m_soon.setInterval(kFrameMs);
    connect(&m_soon, &QTimer::timeout, this, &HeatMap::refresh);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

HeatMap::~HeatMap() = default;

QSize HeatMap::sizeHint() const
{
    return {280, 320};
}

QSize HeatMap::minimumSizeHint() const
{
    return {124, 96}; // a dock of some 140 pixels; what the hex view needs comes first
}

void HeatMap::setSession(DocumentSession *session)
{
    if (m_session)
        m_session->disconnect(this);
    m_session = session;
    m_cursor = 0;
    m_viewport = {};
    if (session) {
        connect(session, &DocumentSession::pagesChanged, this, &HeatMap::refresh);
        connect(session, &DocumentSession::editsChanged, this, &HeatMap::refresh);
        connect(session, &DocumentSession::sizeChanged, this, &HeatMap::relayout);
    }
    relayout();
    update();
}

void HeatMap::setEmptyText(const QString &text)
{
    if (text == m_emptyText)
        return;
    m_emptyText = text;
    update();
}

void HeatMap::setViewport(cachecore::ByteRange visible)
{
    if (visible == m_viewport)
        return;
    if (!m_soon.isActive())
        m_soon.start();
    const QRegion before = frameRegion();
    m_viewport = visible;
    const QRegion after = frameRegion();
    if (before != after)
        update(before | after);
}

void HeatMap::relayout()
{
    HeatMapGeometry geometry;
    if (m_session) {
        const cachecore::Document &document = m_session->document();
        const QSize area = size() - QSize(2 * kMargin, 2 * kMargin);
        geometry = HeatMapGeometry(area, document.pageStates()->pageCount(), document.pageSize(), document.size());
    }
    if (geometry == m_geometry) {
        refresh();
        return;
    }
    m_geometry = geometry;
    m_cursor = std::clamp(m_cursor, 0, std::max(m_geometry.cellCount() - 1, 0));
    m_looks = m_session ? cellLooks(m_session->document(), m_geometry) : std::vector<CellLook>();
    update();
}

void HeatMap::refresh()
{
    if (!m_session || !isVisible())
        return; // showEvent looks again
    std::vector<CellLook> looks = cellLooks(m_session->document(), m_geometry);
    for (int cell = 0; cell < m_geometry.cellCount(); ++cell) {
        const auto index = static_cast<std::size_t>(cell);
        if (index >= m_looks.size() || looks[index] != m_looks[index])
            update(cellRect(cell));
    }
    m_looks = std::move(looks);
}

QRect HeatMap::cellRect(int cell) const
{
    return m_geometry.cellRect(cell).translated(kMargin, kMargin);
}

QRegion HeatMap::frameRegion() const
{
    const auto cells = m_geometry.cellsOf(m_viewport);
    if (!m_session || !cells)
        return {};
    const int pitch = m_geometry.pitch();
    const int columns = m_geometry.columns();
    QRegion region;
    for (int row = cells->first / columns; row <= cells->last / columns; ++row) {
        const int from = std::max(cells->first, row * columns);
        const int to = std::min(cells->last, row * columns + columns - 1);
        QRect run = cellRect(from).united(cellRect(to)).adjusted(-2, -2, 2, 2);
        if (run.width() < kMinMarker)
            run.adjust(-(kMinMarker - run.width()) / 2, 0, (kMinMarker - run.width() + 1) / 2, 0);
        if (run.height() < std::max(kMinMarker, pitch))
            run.adjust(0, -1, 0, 1);
        region |= run;
    }
    return region;
}

void HeatMap::goToCell(int cell)
{
    moveCursor(cell);
    emit goToRequested(m_geometry.bytesOf(cell).begin());
}

void HeatMap::moveCursor(int cell)
{
    const int target = std::clamp(cell, 0, std::max(m_geometry.cellCount() - 1, 0));
    if (target == m_cursor)
        return;
    update(cellRect(m_cursor).adjusted(-2, -2, 2, 2));
    m_cursor = target;
    update(cellRect(m_cursor).adjusted(-2, -2, 2, 2));
}

bool HeatMap::event(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto *help = static_cast<QHelpEvent *>(event);
        const auto cell = m_geometry.cellAt(help->pos() - QPoint(kMargin, kMargin));
        if (cell && m_session)
            QToolTip::showText(help->globalPos(), cellText(m_session->document(), m_geometry, *cell), this,
                               cellRect(*cell));
        else
            QToolTip::hideText();
        return true;
    }
    return QWidget::event(event);
}

void HeatMap::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    relayout();
}

void HeatMap::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    relayout();
}

void HeatMap::mousePressEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton)
        return;
    if (const auto cell = m_geometry.cellAt(event->position().toPoint() - QPoint(kMargin, kMargin)))
        goToCell(*cell);
}

void HeatMap::mouseMoveEvent(QMouseEvent *event)
{
    if (!(event->buttons() & Qt::LeftButton))
        return;
    const auto cell = m_geometry.nearestCell(event->position().toPoint() - QPoint(kMargin, kMargin));
    if (cell && *cell != m_cursor)
        goToCell(*cell);
}

void HeatMap::keyPressEvent(QKeyEvent *event)
{
    const int columns = m_geometry.columns();
    switch (event->key()) {
    case Qt::Key_Left:
        moveCursor(m_cursor - 1);
        return;
    case Qt::Key_Right:
        moveCursor(m_cursor + 1);
        return;
    case Qt::Key_Up:
        if (m_cursor >= columns)
            moveCursor(m_cursor - columns);
        return;
    case Qt::Key_Down:
        if (m_cursor + columns < m_geometry.cellCount())
            moveCursor(m_cursor + columns);
        return;
    case Qt::Key_Home:
        moveCursor(0);
        return;
    case Qt::Key_End:
        moveCursor(m_geometry.cellCount() - 1);
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        if (m_geometry.cellCount() > 0)
            goToCell(m_cursor);
        return;
    default:
        QWidget::keyPressEvent(event);
    }
}

void HeatMap::focusInEvent(QFocusEvent *event)
{
    QWidget::focusInEvent(event);
    update(cellRect(m_cursor).adjusted(-2, -2, 2, 2));
}

void HeatMap::focusOutEvent(QFocusEvent *event)
{
    QWidget::focusOutEvent(event);
    update(cellRect(m_cursor).adjusted(-2, -2, 2, 2));
}

void HeatMap::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) {
        m_theme = Theme::of(palette());
        update();
    }
}

void HeatMap::paintEvent(QPaintEvent *event)
{
    ++m_paints;
    QPainter painter(this);
    painter.fillRect(event->rect(), m_theme.base);
    if (m_geometry.cellCount() == 0) {
        paintEmpty(painter);
        return;
    }
    for (int cell = 0; cell < m_geometry.cellCount(); ++cell) {
        if (event->region().intersects(cellRect(cell)))
            paintCell(painter, cell);
    }
    paintFrame(painter);
    if (hasFocus()) {
        painter.setPen(QPen(palette().color(QPalette::Text), 1, Qt::DotLine));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(cellRect(m_cursor).adjusted(-1, -1, 0, 0));
    }
}

void HeatMap::paintCell(QPainter &painter, int cell) const
{
    paintCellLook(painter, cellRect(cell), m_looks[static_cast<std::size_t>(cell)], m_theme);
}

void HeatMap::paintFrame(QPainter &painter) const
{
    const QRegion region = frameRegion();
    if (region.isEmpty())
        return;
    QPainterPath path;
    path.addRegion(region);
    // Clipped to the region, only the inner half of each stroke shows: an edge of the base colour sets the frame off.
    painter.save();
    painter.setClipRegion(region);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(m_theme.base, 6, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
    painter.drawPath(path.simplified());
    painter.setPen(QPen(m_theme.accent, 4, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
    painter.drawPath(path.simplified());
    painter.restore();
}

void HeatMap::paintEmpty(QPainter &painter) const
{
    painter.setPen(palette().color(QPalette::PlaceholderText));
    QString text = m_emptyText;
    if (m_session && m_session->document().size() == 0)
        text = tr("The document is empty: there is nothing to map.");
    else if (m_session || text.isEmpty())
        text = tr("Shows the whole document: what is cached, loading, staged or failed. Open a file to see it.");
    painter.drawText(rect().adjusted(12, 12, -12, -12), Qt::AlignCenter | Qt::TextWordWrap, text);
}

} // namespace cachet
