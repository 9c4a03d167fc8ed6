// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/write_controller.h"

#include "app/message_bar.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

namespace cachet {

namespace {

const QString kKey = QStringLiteral("write");

} // namespace

WriteController::WriteController(MessageBar &messages, QObject *parent)
    : QObject(parent)
    , m_messages(messages)
{
    setObjectName(QStringLiteral("writeController"));
}

void WriteController::setSession(DocumentSession *session)
{
    m_session = session;
    m_waiting.clear();
    if (session)
        connect(session, &DocumentSession::writeFinished, this, &WriteController::finished);
}

void WriteController::commit()
{
    if (!m_session || m_session->document().writing() || m_session->document().staged().empty())
        return;
    m_bytes = 0;
    m_messages.dismiss(kKey);
    m_session->commit();
}

void WriteController::persist(const std::vector<cachecore::ByteRange> &ranges)
{
    if (!m_session || m_session->document().writing() || ranges.empty())
        return;
    m_bytes = 0;
    m_messages.dismiss(kKey);
    m_waiting.assign(ranges.begin(), ranges.end());
    next();
}

void WriteController::next()
{
    const cachecore::ByteRange range = m_waiting.front();
    m_waiting.pop_front();
    m_session->persist(range);
}

void WriteController::finished(const cachecore::Result<cachecore::WriteReport> &result)
{
    if (!result) {
        m_waiting.clear();
        tellFailure(result.error());
        return;
    }
    m_bytes += result->bytesWritten;
    if (!m_waiting.empty()) {
        next();
        return;
    }
    if (!result->undoKept)
        m_messages.show(
            kKey, MessageBar::Severity::Information,
            tr("Wrote %1 to the disk. The bytes that were there before were too many to keep, so this cannot "
               "be undone.")
                .arg(sizeText(m_bytes)));
    emit told(tr("Wrote %1 to the disk.").arg(sizeText(m_bytes)));
}

void WriteController::tellFailure(const cachecore::Error &error)
{
    cachecore::Error named = error;
    if (named.path.empty())
        named.path = m_session->document().source().path();
    QString sentence = writeErrorText(named);
    if (m_bytes > 0) // by an earlier part of the same request
        sentence = tr("%1 Before that, %2 reached the disk.").arg(sentence, sizeText(m_bytes));
    m_messages.show(kKey, MessageBar::Severity::Error, sentence);
}

} // namespace cachet
