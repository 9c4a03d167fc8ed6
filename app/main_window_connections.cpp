// SPDX-License-Identifier: GPL-3.0-or-later
// Which part of the window hears of which.
#include "app/copy_controller.h"
#include "app/document_watch.h"
#include "app/edit_controller.h"
#include "app/main_window.h"
#include "app/message_bar.h"
#include "app/navigation_controller.h"
#include "app/recovery_controller.h"
#include "app/status_line.h"
#include "app/write_controller.h"
#include "ui/dialogs/go_to_field.h"
#include "ui/docks/heat_map_dock.h"
#include "ui/docks/inspector_dock.h"
#include "ui/docks/staged_edits_dock.h"
#include "ui/heatmap/heat_map.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <QTimer>

namespace cachet {

namespace {

using Severity = MessageBar::Severity;

constexpr int kStuckMs = 1000;

} // namespace

void MainWindow::connectParts()
{
    connect(m_view, &HexView::caretMoved, m_status, &StatusLine::dropNote);
    connect(m_view, &HexView::caretMoved, this, &MainWindow::refreshState);
    connect(m_view, &HexView::caretMoved, m_inspector, &InspectorDock::setCaret);
    connect(m_view, &HexView::selectionChanged, this, &MainWindow::refreshState);
    connect(m_view, &HexView::visibleRangeChanged, &m_heatMap->map(), &HeatMap::setViewport);
    connect(m_view, &HexView::editRefused, this, &MainWindow::tellRefused);
    connect(&m_heatMap->map(), &HeatMap::goToRequested, this, &MainWindow::jumpTo);
    connect(m_goTo, &GoToField::goToRequested, this, &MainWindow::jumpTo);
    connect(m_goTo, &GoToField::left, this, [this] { m_view->setFocus(); });
    connect(m_inspector, &InspectorDock::left, this, [this] { m_view->setFocus(); });
    connect(m_stagedEdits, &StagedEditsDock::goToRequested, this, &MainWindow::jumpTo);
    connect(m_stagedEdits, &StagedEditsDock::commitRequested, m_writer, &WriteController::commit);
    connect(m_stagedEdits, &StagedEditsDock::persistRequested, m_writer, &WriteController::persist);
    connect(m_stagedEdits, &StagedEditsDock::discardRequested, this, [this](const auto &ranges) {
        for (const cachecore::ByteRange &range : ranges)
            discard(range);
    });
    connect(m_watch, &DocumentWatch::goToRequested, this, &MainWindow::jumpTo);
    connect(m_edits, &EditController::refused, this, &MainWindow::tellRefused);
    connect(m_edits, &EditController::told, this, &MainWindow::showNote);
    connect(m_navigation, &NavigationController::goToRequested, this, &MainWindow::jumpTo);
    connect(m_navigation, &NavigationController::selectRequested, this, [this](cachecore::ByteRange range) {
        m_history.jumped(m_view->caret());
        m_view->select(range);
        m_view->setFocus();
        refreshState();
    });
    connect(m_navigation, &NavigationController::told, this, &MainWindow::showNote);
    connect(m_view, &HexView::caretMoved, m_navigation, &NavigationController::giveUp);
    connect(m_copy, &CopyController::changed, this, &MainWindow::refreshState);
}

void MainWindow::connectWriting()
{
    connect(m_writer, &WriteController::told, this, &MainWindow::showNote);
    connect(m_writer, &WriteController::detailsWanted, this, &MainWindow::showWriteDetails);
    connect(m_recovery, &RecoveryController::changed, this, &MainWindow::refreshState);
    connect(m_recovery, &RecoveryController::goToRequested, this, &MainWindow::jumpTo);
}

void MainWindow::connectClosing()
{
    connect(m_closeGuard, &CloseGuard::closeNow, this, &QWidget::close);
    connect(m_closeGuard, &CloseGuard::commitWanted, m_writer, &WriteController::commit);
    connect(m_closeGuard, &CloseGuard::discardWanted, this, &MainWindow::giveUpStaged);
    connect(m_closeGuard, &CloseGuard::waitingForWrite, this, &MainWindow::tellWaiting);
    connect(m_closeGuard, &CloseGuard::copyGivenUp, this, [this] {
        m_messages->dismiss(QStringLiteral("closing"));
        m_copy->cancel();
    });
    connect(m_closeGuard, &CloseGuard::waitingForCopy, this, [this] {
        m_messages->show(
            QStringLiteral("closing"), Severity::Warning,
            tr("A copy of %1 is still being written; the window closes when it has ended. Close it again to give "
               "the copy up.")
                .arg(displayName(m_path)));
    });
    connect(m_copy, &CopyController::ended, this, [this](bool saved) {
        m_messages->dismiss(QStringLiteral("closing"));
        m_closeGuard->copyEnded(saved);
    });
}

/// Why the window does not close yet, and what closing it all the same would mean.
void MainWindow::tellWaiting()
{
    using Work = DocumentSession::Work;
    const Work work = m_session->work();
    const QString sentence = work == Work::Restore
        ? tr("Edits of an earlier session of %1 are still being staged; the window closes when that has ended. Close "
             "it again to leave at once: they stay kept, and are offered when the file is opened again.")
        : work == Work::Forget
        ? tr("The edits of an earlier session of %1 are still being deleted; the window closes when that has ended. "
             "Close it again to leave at once: they may then be offered when the file is opened again.")
        : work == Work::Settle
        ? tr("The interrupted write of %1 is still being settled; the window closes when that has ended. Close it "
             "again to leave at once: its journal stays, and what is staged is kept and offered when the file is "
             "opened again.")
        : tr("A write to %1 is still running; the window closes when it has ended. Close it again to leave at "
             "once: the file may then be half written until it is opened again and recovered. Other staged edits are "
             "kept, and offered then.");
    m_messages->show(QStringLiteral("closing"), Severity::Warning, sentence.arg(displayName(m_path)));
}

/// Discards what is staged, or the next session would offer it.
void MainWindow::giveUpStaged()
{
    const auto giveUp = [this] {
        cachecore::Document &document = m_session->document();
        (void)document.discard(cachecore::ByteRange::whole(document.size()));
        m_closeGuard->discarded();
    };
    if (m_session->work() == DocumentSession::Work::Look)
        m_session->document().cancelWrite();
    if (m_session->work() == DocumentSession::Work::None) {
        giveUp();
        return;
    }
    // Nothing is discarded while the writer works. A look that was stopped ends at once, unless the disk does not answer.
    auto *wait = new QTimer(m_session.get());
    wait->setSingleShot(true);
    connect(wait, &QTimer::timeout, this, giveUp);
    connect(m_session.get(), &DocumentSession::workChanged, wait, [wait] { wait->start(0); });
    wait->start(kStuckMs);
}

} // namespace cachet
