// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "ui/heatmap/heat_map_cells.h"
#include "ui/heatmap/heat_map_geometry.h"
#include "ui/theme/theme.h"

#include <QPointer>
#include <QTimer>
#include <QWidget>

#include <optional>
#include <vector>

class QPainter;

namespace cachet {

class DocumentSession;

/// The whole document as a grid of cells in reading order, each coloured by the state of its pages, with the viewport's
/// frame over it. Painted only when something it shows changed, and then only the cells that did.
/// Keys: the arrows, Home and End move a cell cursor, Enter goes to it. Mouse: press and drag go there.
/// Thread: GUI. Nothing here blocks.
class HeatMap final : public QWidget {
    Q_OBJECT

public:
    explicit HeatMap(QWidget *parent = nullptr);
    ~HeatMap() override;

    /// Shows `session` (not owned; null shows what the map is for).
    void setSession(DocumentSession *session);
    /// What is said while there is no session, instead of what the map is for; empty: that.
    void setEmptyText(const QString &text);
    [[nodiscard]] const QString &emptyText() const { return m_emptyText; }
    /// The bytes on the screen; their frame is drawn.
    void setViewport(cachecore::ByteRange visible);

    [[nodiscard]] const HeatMapGeometry &geometry() const { return m_geometry; }
    [[nodiscard]] const std::vector<CellLook> &looks() const { return m_looks; }
    /// How often this widget was painted, for tests that nothing is painted without a change.
    [[nodiscard]] quint64 paintCount() const { return m_paints; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

signals:
    void goToRequested(cachecore::ByteOffset offset);

protected:
    bool event(QEvent *event) override;
    void paintEvent(QPaintEvent *event) override;
    void showEvent(QShowEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    void changeEvent(QEvent *event) override;

private:
    void relayout();
    void refresh();
    void goToCell(int cell);
    void moveCursor(int cell);
    void paintCell(QPainter &painter, int cell) const;
    void paintFrame(QPainter &painter) const;
    void paintEmpty(QPainter &painter) const;
    [[nodiscard]] QRect cellRect(int cell) const;
    [[nodiscard]] QRegion frameRegion() const;

    QPointer<DocumentSession> m_session;
    HeatMapGeometry m_geometry;
    std::vector<CellLook> m_looks;
    cachecore::ByteRange m_viewport;
    Theme m_theme;
    QString m_emptyText;
    QTimer
        m_soon; ///< refreshes once a frame while the viewport moves: pages begin to load without a word of the engine
    int m_cursor = 0;
    quint64 m_paints = 0;
};

/// Paints what a cell of look `look` shows into `rect`, as the map and its legend do.
void paintCellLook(QPainter &painter, const QRect &rect, const CellLook &look, const Theme &theme);

} // namespace cachet
