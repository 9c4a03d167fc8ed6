// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/write_progress_watch.h"

#include "app/progress_part.h"
#include "ui/session/document_session.h"
#include "ui/session/write_text.h"

namespace cachet {

WriteProgressWatch::WriteProgressWatch(ProgressPart &part, QObject *parent)
    : QObject(parent)
    , m_part(part)
{
    setObjectName(QStringLiteral("writeProgressWatch"));
    m_timer.setInterval(kIntervalMs);
    connect(&m_timer, &QTimer::timeout, this, &WriteProgressWatch::look);
    connect(&m_part, &ProgressPart::cancelClicked, this, &WriteProgressWatch::cancel);
}

void WriteProgressWatch::setSession(DocumentSession *session)
{
    if (m_session)
        m_session->disconnect(this);
    m_session = session;
    if (session)
        connect(session, &DocumentSession::workChanged, this, &WriteProgressWatch::follow);
    follow();
}

void WriteProgressWatch::follow()
{
    m_cancelled = false;
    m_left = TimeLeft();
    m_since.start();
    if (m_session && m_session->work() != DocumentSession::Work::None) {
        m_timer.start();
        return;
    }
    m_timer.stop();
    m_part.hide();
}

void WriteProgressWatch::look()
{
    if (!m_session || m_since.elapsed() < kQuietMs)
        return;
    const DocumentSession::Work work = m_session->work();
    const auto progress = m_session->document().writeProgress();
    const ProgressMoment moment = progress ? ProgressMoment::of(*progress) : ProgressMoment();
    const auto left = m_left.at(TimeLeft::Clock(m_since.elapsed()), static_cast<int>(moment.phase), moment.done,
                                moment.total, moment.batch, moment.batchCount);
    ProgressShown shown{progressText(work, moment, left), bytesText(moment.done, moment.total), moment.done,
                        moment.total, whyNotCancel(work, moment.phase)};
    const bool ending
        = moment.phase == cachecore::WritePhase::Finishing || moment.phase == cachecore::WritePhase::RollingBack;
    if (m_cancelled && !ending) {
        shown.what = tr("Stopping");
        shown.whyNotCancel = tr("It stops as soon as the disk has answered.");
    }
    m_part.show(shown);
}

void WriteProgressWatch::cancel()
{
    if (!m_session || m_session->work() == DocumentSession::Work::None)
        return;
    m_cancelled = true;
    m_session->document().cancelWrite();
    look();
}

} // namespace cachet
