// SPDX-License-Identifier: GPL-3.0-or-later
// Who gets the room in the window, what it remembers of that, and what its empty parts and its status bar say.
#include "app/main_window.h"
#include "app/status_line.h"
#include "app/window_actions.h"
#include "ui/docks/heat_map_dock.h"
#include "ui/docks/inspector_dock.h"
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
    m_inspector->setEmptyText(m_opener ? tr("The file is being opened.") : QString());
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
    fitSideDocks();
}

QDockWidget *MainWindow::sideDock() const
{
    for (QDockWidget *dock : std::initializer_list<QDockWidget *>{m_heatMap, m_inspector}) {
        const Qt::DockWidgetArea area = dockWidgetArea(dock);
        // Of docks that lie on each other as tabs only the one in front has the width of its column.
        const bool inFront = !dock->isHidden() && (!isVisible() || !dock->visibleRegion().isEmpty());
        if (inFront && !dock->isFloating() && (area == Qt::LeftDockWidgetArea || area == Qt::RightDockWidgetArea))
            return dock;
    }
    return nullptr;
}

void MainWindow::fitSideDocks()
{
    QDockWidget *dock = sideDock();
    if (!dock)
        return;
    const int now = dock->width();
    // A window too narrow for both takes from the docks by itself what the least width of the hex view needs.
    const bool squeezed = now < m_sideGiven && centralWidget()->width() <= centralWidget()->minimumSizeHint().width();
    if (now != m_sideGiven && !squeezed)
        m_sideWanted = now; // by hand, or as it was restored
    const int separator = style()->pixelMetric(QStyle::PM_DockWidgetSeparatorExtent, nullptr, this);
    const int room = width() - m_view->sizeHint().width() - separator;
    int least = 0; // of all that stand there, or what the layout gives would look like a width set by hand
    for (QDockWidget *other : std::initializer_list<QDockWidget *>{m_heatMap, m_inspector}) {
        if (!other->isHidden() && !other->isFloating() && dockWidgetArea(other) == dockWidgetArea(dock))
            least = std::max(least, other->minimumSizeHint().width());
    }
    m_sideGiven = std::max(least, std::min(room, m_sideWanted));
    if (m_sideGiven != now)
        resizeDocks({dock}, {m_sideGiven}, Qt::Horizontal);
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
    m_inspector->setCharacterSet(settings.value(QStringLiteral("inspector/characterSet")).toByteArray());
    m_inspector->setHexIntegers(settings.value(QStringLiteral("inspector/hexIntegers")).toBool());
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
    settings.setValue(QStringLiteral("inspector/characterSet"), m_inspector->characterSet());
    settings.setValue(QStringLiteral("inspector/hexIntegers"), m_inspector->hexIntegers());
}

} // namespace cachet
