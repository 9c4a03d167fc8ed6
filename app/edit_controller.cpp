// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/edit_controller.h"

#include "app/message_bar.h"
#include "ui/dialogs/fill_dialog.h"
#include "ui/dialogs/import_dialog.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <utility>

namespace cachet {

namespace {

using Severity = MessageBar::Severity;

const QString kKey = QStringLiteral("import");
constexpr int kSlowMs = 1000;

} // namespace

EditController::EditController(FileChooser chooseImport, MessageBar &messages, QWidget &window)
    : QObject(&window)
    , m_chooseImport(std::move(chooseImport))
    , m_messages(messages)
    , m_window(window)
    , m_opener(nullptr)
{
    setObjectName(QStringLiteral("editController"));
    m_slow.setSingleShot(true);
    m_slow.setInterval(kSlowMs);
    connect(&m_slow, &QTimer::timeout, this, &EditController::tellSlow);
    connect(&m_opener, &ImportOpener::opened, this, &EditController::opened);
    connect(&m_opener, &ImportOpener::failed, this,
            [this](const cachecore::Error &error) { m_messages.show(kKey, Severity::Error, errorText(error)); });
}

void EditController::setSession(DocumentSession *session)
{
    m_opener.stop();
    m_late.reset();
    m_session = nullptr; // the end of the dialog opens no other
    delete m_dialog;
    m_session = session;
}

void EditController::fill(cachecore::ByteRange range)
{
    if (!m_session || m_dialog || range.empty())
        return;
    auto *dialog = new FillDialog(range, &m_window);
    watch(*dialog);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { stageFill(*dialog); });
    dialog->open();
}

/// One dialog at a time; a file that was opened meanwhile is asked about after it.
void EditController::watch(QDialog &dialog)
{
    m_dialog = &dialog;
    connect(
        &dialog, &QObject::destroyed, this,
        [this] {
            if (const auto late = std::exchange(m_late, std::nullopt))
                opened(*late);
        },
        Qt::QueuedConnection);
}

void EditController::stageFill(const FillDialog &dialog)
{
    const auto filling = dialog.filling();
    if (!m_session || !filling)
        return;
    cachecore::Document &document = m_session->document();
    if (const auto *generator = std::get_if<cachecore::Generator>(&*filling))
        tellStaged(document.stageGenerated(dialog.range(), *generator), dialog.range());
    else
        tellStaged(document.stageFill(dialog.range(), std::get<std::vector<std::byte>>(*filling)), dialog.range());
}

void EditController::importFile(cachecore::ByteRange selection, cachecore::ByteOffset caret)
{
    if (!m_session || m_dialog)
        return;
    m_selection = selection;
    m_caret = caret;
    m_chooseImport(&m_window, [self = QPointer<EditController>(this)](const std::string &path) {
        if (!self || !self->m_session)
            return;
        self->m_messages.dismiss(kKey);
        self->m_opener.start(self->m_session->sharedDocument(), path);
        self->m_slow.start();
        self->m_path = path;
    });
}

void EditController::tellSlow()
{
    if (m_opener.busy())
        m_messages.show(kKey, Severity::Information,
                        tr("%1 has not answered yet; the import goes on as soon as it does.").arg(displayPath(m_path)),
                        {tr("Give Up"), [this] {
                             m_opener.stop();
                             m_messages.dismiss(kKey);
                         }});
}

void EditController::opened(const ImportedFile &file)
{
    m_messages.dismiss(kKey);
    if (!m_session)
        return;
    if (m_dialog) {
        m_late = file;
        return;
    }
    auto *dialog = new ImportDialog(file, {m_selection, m_caret, m_session->document().size()}, &m_window);
    watch(*dialog);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { stageImport(*dialog); });
    dialog->open();
}

void EditController::stageImport(const ImportDialog &dialog)
{
    if (!m_session)
        return;
    const cachecore::ByteRange over = dialog.over();
    tellStaged(m_session->document().stageImport(over.begin(), dialog.file().bytes, 0, over.length()), over);
}

void EditController::tellStaged(const cachecore::Result<void> &result, cachecore::ByteRange range)
{
    if (result)
        emit told(tr("Staged %1 at %2.").arg(sizeText(range.length()), hexText(range.begin().value())));
    else
        emit refused(result.error());
}

} // namespace cachet
