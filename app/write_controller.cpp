// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/write_controller.h"

#include "app/message_bar.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"
#include "ui/session/write_text.h"

#include <utility>

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

void WriteController::begin()
{
    m_report = {};
    m_asked = 0;
    m_cancelled = false;
    m_messages.dismiss(kKey);
}

void WriteController::commit()
{
    if (!m_session || m_session->document().writing() || m_session->document().staged().empty())
        return;
    begin();
    m_session->commit();
}

void WriteController::persist(const std::vector<cachecore::ByteRange> &ranges)
{
    if (!m_session || m_session->document().writing() || ranges.empty())
        return;
    begin();
    m_waiting.assign(ranges.begin(), ranges.end());
    m_asked = ranges.size();
    next();
}

void WriteController::cancel()
{
    if (!m_session || m_session->work() == DocumentSession::Work::None)
        return;
    m_cancelled = true; // the engine only knows of the range under way, which may be ending
    m_session->document().cancelWrite();
}

std::pair<std::size_t, std::size_t> WriteController::position() const
{
    return {m_asked - m_waiting.size(), m_asked};
}

void WriteController::next()
{
    const cachecore::ByteRange range = m_waiting.front();
    m_waiting.pop_front();
    m_session->persist(range);
}

void WriteController::finished(const cachecore::WriteOutcome &outcome)
{
    const cachecore::WriteReport &report = outcome.report();
    m_report.bytesWritten += report.bytesWritten;
    m_report.undoKept &= report.undoKept;
    m_report.imageIntact &= report.imageIntact;
    if (report.rollBackError)
        m_report.rollBackError = report.rollBackError;
    if (report.leftover)
        m_report.leftover = report.leftover;
    m_report.ranges.insert(m_report.ranges.end(), report.ranges.begin(), report.ranges.end());
    if (!outcome) {
        tellEnd(outcome.error());
        return;
    }
    if (!m_waiting.empty()) {
        if (m_cancelled)
            tellEnd(cachecore::Error::of(cachecore::ErrorCode::Cancelled, cachecore::Operation::Write));
        else
            next();
        return;
    }
    const QString written = tr("Wrote %1 to the disk and read them back.").arg(sizeText(m_report.bytesWritten));
    if (m_report.leftover)
        m_messages.show(kKey, MessageBar::Severity::Warning, written + u' ' + leftoverText(*m_report.leftover));
    else if (!m_report.undoKept)
        m_messages.show(
            kKey, MessageBar::Severity::Information,
            tr("%1 The bytes that were there before were too many to keep, so this cannot be undone.").arg(written));
    emit told(written);
}

void WriteController::tellEnd(const cachecore::Error &error)
{
    // What the request still waited for counts as untouched too.
    for (const cachecore::ByteRange range : std::exchange(m_waiting, {}))
        m_report.ranges.push_back({range, cachecore::RangeFate::Untouched});
    cachecore::Error named = error;
    if (named.path.empty())
        named.path = m_session->document().source().path();
    const WriteEndText text = writeEndText(m_report, named);
    MessageBar::Action details;
    if (!text.details.isEmpty())
        details = {tr("Details…"), [this, lines = text.details] { emit detailsWanted(lines); }};
    m_messages.show(kKey, text.calm ? MessageBar::Severity::Information : MessageBar::Severity::Error, text.sentence,
                    details);
}

} // namespace cachet
