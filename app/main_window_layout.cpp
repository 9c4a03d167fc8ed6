// SPDX-License-Identifier: GPL-3.0-or-later
// Who gets the room in the window, what it remembers of that, and what its empty parts and its status bar say.
#include "app/main_window.h"
#include "app/status_line.h"
#include "app/window_actions.h"
#include "ui/docks/heat_map_dock.h"
#include "ui/docks/staged_edits_dock.h"
#include "ui/heatmap/heat_map.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <QAction>
#include <QSettings>
#include <QStyle>

#include <algorithm>

namespace cachet {

void MainWindow::tellOpening(bool slow)
{
    QString text;
    if (m_opener)
        text = slow ? tr("Opening %1…\nThe disk has not answered yet.") : tr("Opening %1…");
    const QString name = displayName(m_path);
    m_view->setEmptyText(text.isEmpty() ? text : text.arg(name));
    m_heatMap->map().setEmptyText(text.isEmpty() ? text : text.arg(name));
    m_stagedEdits->setEmptyText(m_opener ? tr("Nothing staged. The file is being opened.") : QString());
    m_status->setEmptyText(!m_opener  ? QString()
                               : slow ? tr("Opening: the disk has not answered yet")
                                      : tr("Opening…"));
    refreshState();
}

void MainWindow::showNote(const QString &text)
{
    m_noted = m_session ? m_session->document().staged() : cachecore::StagedEdits();
    m_status->showNote(text);
}

void MainWindow::dropOldNote()
{
    // The end of a write tells of its edits again after it was noted; that changes nothing.
    if (m_session && !m_session->document().staged().sameAs(m_noted))
        m_status->dropNote();
}

void MainWindow::resizeEvent(QResizeEvent *event)
{
    QMainWindow::resizeEvent(event);
    fitHeatMap();
}

void MainWindow::fitHeatMap()
{
    const Qt::DockWidgetArea area = dockWidgetArea(m_heatMap);
    if (m_heatMap->isFloating() || m_heatMap->isHidden()
        || (area != Qt::LeftDockWidgetArea && area != Qt::RightDockWidgetArea))
        return;
    const int now = m_heatMap->width();
    if (now != m_heatMapGiven)
        m_heatMapWanted = now; // by hand, or as it was restored
    const int separator = style()->pixelMetric(QStyle::PM_DockWidgetSeparatorExtent, nullptr, this);
    const int room = width() - m_view->sizeHint().width() - separator;
    const int least = m_heatMap->minimumSizeHint().width();
    m_heatMapGiven = std::max(least, std::min(room, m_heatMapWanted));
    if (m_heatMapGiven != now)
        resizeDocks({m_heatMap}, {m_heatMapGiven}, Qt::Horizontal);
}

void MainWindow::readSettings()
{
    if (!m_options.remember)
        return;
    const QSettings settings;
    restoreGeometry(settings.value(QStringLiteral("window/geometry")).toByteArray());
    restoreState(settings.value(QStringLiteral("window/docks")).toByteArray());
    m_actions->overlay->setChecked(settings.value(QStringLiteral("view/overlay"), true).toBool());
    m_actions->legend->setChecked(settings.value(QStringLiteral("view/legend"), true).toBool());
}

void MainWindow::writeSettings() const
{
    if (!m_options.remember)
        return;
    QSettings settings;
    settings.setValue(QStringLiteral("window/geometry"), saveGeometry());
    settings.setValue(QStringLiteral("window/docks"), saveState());
    settings.setValue(QStringLiteral("view/overlay"), m_actions->overlay->isChecked());
    settings.setValue(QStringLiteral("view/legend"), m_actions->legend->isChecked());
}

} // namespace cachet
