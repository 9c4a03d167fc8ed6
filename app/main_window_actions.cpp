// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/copy_controller.h"
#include "app/document_watch.h"
#include "app/edit_controller.h"
#include "app/main_window.h"
#include "app/message_bar.h"
#include "app/navigation_controller.h"
#include "app/recovery_controller.h"
#include "app/status_line.h"
#include "app/window_actions.h"
#include "app/write_controller.h"
#include "ui/dialogs/go_to_field.h"
#include "ui/dialogs/write_details_dialog.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <QAction>
#include <QLocale>
#include <QMessageBox>
#include <QToolBar>

namespace cachet {

namespace {

using Severity = MessageBar::Severity;

/// "Type 4 bytes at 0x438"; nothing when there is no step.
QString stepText(const std::optional<cachecore::EditStep> &step)
{
    if (!step)
        return {};
    const auto name = [kind = step->kind] {
        switch (kind) {
        case cachecore::EditKind::Type:
            return MainWindow::tr("Type %1 at %2");
        case cachecore::EditKind::Paste:
            return MainWindow::tr("Paste %1 at %2");
        case cachecore::EditKind::Fill:
            return MainWindow::tr("Fill %1 at %2");
        case cachecore::EditKind::Discard:
            return MainWindow::tr("Discard %1 at %2");
        case cachecore::EditKind::Generate:
            return MainWindow::tr("Generate %1 at %2");
        case cachecore::EditKind::Import:
            return MainWindow::tr("Import %1 at %2");
        case cachecore::EditKind::Restore:
            return MainWindow::tr("Restore %1 at %2");
        case cachecore::EditKind::Set:
            break;
        }
        return MainWindow::tr("Change %1 at %2");
    };
    return name().arg(shortSizeText(step->range.length()), hexText(step->range.begin().value()));
}

/// What is kept for undoing.
QString historyBoundText()
{
    const cachecore::DocumentOptions kept;
    return MainWindow::tr("At most %1 steps and %2 of bytes are kept.")
        .arg(QLocale().toString(kept.undoSteps), shortSizeText(kept.undoBytes));
}

} // namespace

void MainWindow::connectActions()
{
    const WindowActions &actions = *m_actions;
    connect(actions.open, &QAction::triggered, this, [this] {
        m_services.chooseOpen(this, [this](const std::string &path) {
            if (m_session || m_opener)
                emit newWindowWanted(path);
            else
                open(path);
        });
    });
    connect(actions.saveCopy, &QAction::triggered, this, [this] {
        m_services.chooseCopy(this, [this](const std::string &path) {
            if (m_session)
                m_copy->start(m_session->sharedDocument(), path);
        });
    });
    connect(actions.close, &QAction::triggered, this, &QWidget::close);
    connect(actions.quit, &QAction::triggered, this, &MainWindow::quitWanted);
    connect(actions.overlay, &QAction::toggled, m_view, &HexView::setOverlayVisible);
    connect(actions.goTo, &QAction::triggered, this, [this] {
        findChild<QToolBar *>(QStringLiteral("goToToolBar"))->show();
        m_goTo->focusAndSelect();
    });
    connect(actions.back, &QAction::triggered, this, [this] {
        if (const auto place = m_history.back(m_view->caret()))
            m_view->goTo(*place);
        refreshState();
    });
    connect(actions.forward, &QAction::triggered, this, [this] {
        if (const auto place = m_history.forward(m_view->caret()))
            m_view->goTo(*place);
        refreshState();
    });
    connect(actions.nextEdit, &QAction::triggered, this, [this] { goToEdit(true); });
    connect(actions.previousEdit, &QAction::triggered, this, [this] { goToEdit(false); });
    const auto goToRun = [this](NavigationController::Way way) {
        return [this, way] { m_navigation->goToRun(m_view->caret(), way); };
    };
    connect(actions.nextRun, &QAction::triggered, this, goToRun(NavigationController::Way::Forward));
    connect(actions.previousRun, &QAction::triggered, this, goToRun(NavigationController::Way::Back));
    connect(actions.reload, &QAction::triggered, this, &MainWindow::reload);
    connect(actions.about, &QAction::triggered, this, &MainWindow::showAbout);
}

void MainWindow::connectEditActions()
{
    const WindowActions &actions = *m_actions;
    connect(actions.commit, &QAction::triggered, m_writer, &WriteController::commit);
    connect(actions.persist, &QAction::triggered, this, &MainWindow::persistSelection);
    connect(actions.undo, &QAction::triggered, this, [this] {
        if (m_session)
            step(&cachecore::Document::undo, m_session->document().undoStep());
    });
    connect(actions.redo, &QAction::triggered, this, [this] {
        if (m_session)
            step(&cachecore::Document::redo, m_session->document().redoStep());
    });
    connect(actions.discardSelection, &QAction::triggered, this, [this] { discard(m_view->selection()); });
    connect(actions.discardAll, &QAction::triggered, this, [this] {
        if (m_session)
            discard(cachecore::ByteRange::whole(m_session->document().size()));
    });
    connect(actions.fill, &QAction::triggered, this, [this] { m_edits->fill(m_view->selection()); });
    connect(actions.importFile, &QAction::triggered, this,
            [this] { m_edits->importFile(m_view->selection(), m_view->caret()); });
    connect(actions.recover, &QAction::triggered, m_recovery, &RecoveryController::open);
    connect(actions.selectAll, &QAction::triggered, m_view, &HexView::selectAll);
    connect(actions.selectRange, &QAction::triggered, this, [this] {
        if (m_session)
            m_navigation->select({m_view->caret(), m_session->document().size(), m_view->selection()});
    });
    connect(m_view, &HexView::waitingForSecondDigit, this, [this](cachecore::ByteOffset offset) {
        showNote(tr("Byte %1 is not loaded: type its second digit too, or Escape.").arg(hexText(offset.value())));
    });
}

void MainWindow::jumpTo(cachecore::ByteOffset offset)
{
    if (!m_session)
        return;
    if (offset != m_view->caret())
        m_history.jumped(m_view->caret());
    m_view->goTo(offset);
    refreshState();
}

void MainWindow::goToEdit(bool forward)
{
    if (!m_session)
        return;
    const cachecore::StagedEdits staged = m_session->document().staged();
    if (staged.empty())
        return;
    const cachecore::ByteOffset caret = m_view->caret();
    // Extents before the caret's byte; the one the caret is in is left in both directions, and the ends meet.
    const auto before = staged.extentsIn({cachecore::ByteOffset(0), caret});
    const std::uint64_t count = staged.extentCount();
    std::uint64_t index = before.count;
    if (forward) {
        if (index < count && staged.extent(index).begin() == caret)
            ++index;
        index = index < count ? index : 0;
    } else {
        index = index == 0 ? count - 1 : index - 1;
    }
    jumpTo(staged.extent(index).begin());
}

void MainWindow::step(cachecore::Result<void> (cachecore::Document::*undoOrRedo)(),
                      const std::optional<cachecore::EditStep> &what)
{
    if (const auto done = (m_session->document().*undoOrRedo)(); !done) {
        tellRefused(done.error());
        return;
    }
    if (what && !m_view->visibleRange().contains(what->range.begin()))
        jumpTo(what->range.begin());
}

void MainWindow::discard(cachecore::ByteRange range)
{
    if (!m_session || range.empty())
        return;
    if (const auto done = m_session->document().discard(range); !done)
        tellRefused(done.error());
}

void MainWindow::persistSelection()
{
    if (!m_session)
        return;
    const cachecore::ByteRange selection = m_view->selection();
    if (m_session->document().staged().anyIn(selection))
        m_writer->persist({selection});
    else
        m_messages->show(QStringLiteral("write"), Severity::Information,
                         tr("Nothing is staged inside the selection, so nothing was written."));
}

void MainWindow::reload()
{
    if (!m_session)
        return;
    m_messages->dismiss(QStringLiteral("read"));
    m_session->document().reload();
    m_watch->checkNow();
}

void MainWindow::tellRefused(const cachecore::Error &error)
{
    cachecore::Error named = error;
    if (named.path.empty())
        named.path = m_path;
    m_messages->show(QStringLiteral("edit"), Severity::Warning, errorText(named));
}

void MainWindow::refreshState()
{
    ActionState state;
    const cachecore::Document *document = m_session ? &m_session->document() : nullptr;
    if (document) {
        const cachecore::ByteRange selection = m_view->selection();
        const cachecore::StagedEdits staged = document->staged();
        const cachecore::BlockSource &source = document->source();
        state.open = true;
        state.empty = document->size() == 0;
        state.writable = source.writable();
        if (!state.writable)
            state.readOnlyReason = errorText(source.readOnlyReason());
        state.staged = !staged.empty();
        state.selection = !selection.empty();
        state.stagedInSelection = state.selection && staged.anyIn(selection);
        state.writing = document->writing();
        state.needsRecovery = !document->unsettled().empty();
        state.copying = m_copy->running();
        state.canGoBack = m_history.canGoBack();
        state.canGoForward = m_history.canGoForward();
        state.undo = stepText(document->undoStep());
        if (document->historyWasCut())
            state.historyBound = historyBoundText();
        state.redo = stepText(document->redoStep());
        m_goTo->setContext({m_view->caret(), document->size(), selection});
        m_status->refresh(document, m_view->caret(), selection);
    } else {
        m_status->refresh(nullptr, {}, {});
    }
    m_goTo->setEnabled(state.open && !state.empty);
    m_actions->refresh(state);
    refreshTitle();
}

void MainWindow::refreshTitle()
{
    QString title = tr("Cachet");
    // "[*]" in a title is the place of the mark of staged edits; doubled it is what it says.
    const QString name = displayName(m_path).replace(QStringLiteral("[*]"), QStringLiteral("[*][*]"));
    bool staged = false;
    if (m_session) {
        staged = !m_session->document().staged().empty();
        title = m_session->document().source().writable() ? tr("%1[*] — Cachet").arg(name)
                                                          : tr("%1[*] (read only) — Cachet").arg(name);
    } else if (!m_path.empty()) {
        title = tr("Opening %1[*] — Cachet").arg(name);
    }
    if (windowTitle() != title)
        setWindowTitle(title);
    setWindowModified(staged);
}

void MainWindow::showWriteDetails(const QString &details)
{
    (new WriteDetailsDialog(details, this))->open();
}

void MainWindow::showAbout()
{
    auto *box
        = new QMessageBox(QMessageBox::NoIcon, tr("About Cachet"), versionText().trimmed(), QMessageBox::Close, this);
    box->setObjectName(QStringLiteral("aboutBox"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setInformativeText(
        tr("A hex viewer and editor for disk images and disks of any size. Edits are staged until you "
           "commit them. Licensed under the GNU General Public License, version 3 or later."));
    box->open();
}

} // namespace cachet
