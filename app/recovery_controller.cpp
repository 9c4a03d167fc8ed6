// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/recovery_controller.h"

#include "app/message_bar.h"
#include "ui/dialogs/recovery_dialog.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

namespace cachet {

namespace {

using Severity = MessageBar::Severity;

const QString kKey = QStringLiteral("recovery");
const QString kSettledKey = QStringLiteral("recovered");

} // namespace

RecoveryController::RecoveryController(MessageBar &messages, QWidget &window)
    : QObject(&window)
    , m_messages(messages)
    , m_window(window)
{
    setObjectName(QStringLiteral("recoveryController"));
}

void RecoveryController::setSession(DocumentSession *session)
{
    if (m_session) {
        m_session->disconnect(this);
        if (m_session->work() == DocumentSession::Work::Look)
            m_session->document().cancelWrite(); // nobody is left to be told what it finds
    }
    delete m_dialog;
    m_session = session;
    if (!session)
        return;
    connect(session, &DocumentSession::recoveryChanged, this, &RecoveryController::refresh);
    refresh();
    // The bytes show first; nothing of the disk is looked at before that.
    QMetaObject::invokeMethod(this, &RecoveryController::open, Qt::QueuedConnection);
}

void RecoveryController::refresh()
{
    const std::size_t journals = m_session->document().unsettled().size();
    if (journals == 0) {
        m_messages.dismiss(kKey);
    } else {
        const QString name = displayName(m_session->document().source().path());
        const QString sentence = journals == 1
            ? tr("A write to %1 was interrupted, so it may hold old and new bytes mixed. Nothing more is written to it "
                 "until it is recovered.")
            : tr("Writes to %1 were interrupted, so it may hold old and new bytes mixed. Nothing more is written to it "
                 "until they are recovered.");
        m_messages.dismiss(kSettledKey);
        m_messages.show(kKey, Severity::Warning, sentence.arg(name), {tr("Recover…"), [this] { open(); }},
                        MessageBar::Closing::Never);
    }
    emit changed();
}

void RecoveryController::open()
{
    if (!m_session || m_dialog || m_session->document().unsettled().empty())
        return;
    m_dialog = new RecoveryDialog(*m_session, &m_window);
    connect(m_dialog, &RecoveryDialog::goToRequested, this, &RecoveryController::goToRequested);
    connect(m_dialog, &RecoveryDialog::settled, this,
            [this](const QString &sentence) { m_messages.show(kSettledKey, Severity::Information, sentence); });
    m_dialog->open();
}

} // namespace cachet
