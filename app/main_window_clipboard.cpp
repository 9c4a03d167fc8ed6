// SPDX-License-Identifier: GPL-3.0-or-later
// Copying, pasting and exporting.
#include "app/clipboard_task.h"
#include "app/copy_as_controller.h"
#include "app/copy_controller.h"
#include "app/main_window.h"
#include "app/message_bar.h"
#include "app/paste_controller.h"
#include "app/window_actions.h"
#include "ui/dialogs/export_dialog.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <QAction>
#include <QPointer>

namespace cachet {

namespace {

constexpr std::uint64_t kCopiedAtOnce = std::uint64_t{64}
    << 10; ///< bytes that are copied without a worker when they are loaded

} // namespace

void MainWindow::connectClipboard()
{
    const WindowActions &actions = *m_actions;
    connect(actions.copy, &QAction::triggered, this, &MainWindow::copySelection);
    for (std::size_t i = 0; i < kByteFormats.size(); ++i)
        connect(actions.copyAs[i], &QAction::triggered, this, [this, format = kByteFormats[i]] {
            if (m_session)
                m_copyAs->copy(m_session->sharedDocument(), m_view->selection(), format);
        });
    const auto paste = [this](PasteController::Ask ask) {
        const PastePane pane = m_view->textPaneActive() ? PastePane::Text : PastePane::Hex;
        m_paste->paste(m_view->selection(), m_view->caret(), pane, ask);
    };
    connect(actions.paste, &QAction::triggered, this, [paste] { paste(PasteController::Ask::WhenUnsure); });
    connect(actions.pasteAs, &QAction::triggered, this, [paste] { paste(PasteController::Ask::Always); });
    connect(actions.exportRange, &QAction::triggered, this, [this] { exportRange(ByteFormat::Raw); });
    connect(m_copyAs, &CopyAsController::told, this, &MainWindow::showNote);
    connect(m_copyAs, &CopyAsController::exportWanted, this, &MainWindow::exportRange);
    connect(m_paste, &PasteController::told, this, &MainWindow::showNote);
    connect(m_paste, &PasteController::refused, this, &MainWindow::tellRefused);
    connect(m_paste, &PasteController::pasted, this, [this](cachecore::ByteRange range) { m_view->goTo(range.end()); });
    connect(m_view, &HexView::copyRefused, this, [this](HexView::CopyRefusal why, cachecore::ByteRange range) {
        const ByteFormat format = m_view->textPaneActive() ? ByteFormat::PlainText : ByteFormat::HexText;
        if (why == HexView::CopyRefusal::TooLong)
            m_copyAs->refuseTooLong(range, format);
        else // what is not there is read, and what could not be is tried again
            m_copyAs->copy(m_session->sharedDocument(), m_view->selection(), format);
    });
}

/// By the pane of the caret: a little at once, as it shows, the rest in the background.
void MainWindow::copySelection()
{
    if (!m_session)
        return;
    const cachecore::ByteRange selection = m_view->selection();
    if (selection.length() <= kCopiedAtOnce)
        m_view->copySelection();
    else
        m_copyAs->copy(m_session->sharedDocument(), selection,
                       m_view->textPaneActive() ? ByteFormat::PlainText : ByteFormat::HexText);
}

void MainWindow::exportRange(ByteFormat format)
{
    if (!m_session || m_session->document().size() == 0 || findChild<ExportDialog *>())
        return;
    auto *dialog = new ExportDialog(m_view->selection(), m_session->document().size(), format, this);
    connect(dialog, &QDialog::accepted, this, [this, dialog] {
        const auto range = dialog->range();
        if (!range)
            return;
        m_services.chooseExport(
            this, [self = QPointer(this), range = *range, options = dialog->options()](const std::string &path) {
                if (self && self->m_session)
                    self->m_copy->startExport(self->m_session->sharedDocument(), path, range, options);
            });
    });
    dialog->open();
}

} // namespace cachet
