// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/write_progress_watch.h"

#include "app/progress_part.h"
#include "app/write_controller.h"
#include "ui/session/document_session.h"
#include "ui/session/write_text.h"

#include <tuple>
#include <utility>

namespace cachet {

using Work = DocumentSession::Work;

WriteProgressWatch::WriteProgressWatch(ProgressPart &part, WriteController &writer, QObject *parent)
    : QObject(parent)
    , m_part(part)
    , m_writer(writer)
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
    const Work work = m_session ? m_session->work() : Work::None;
    if (std::exchange(m_last, work) == work && work != Work::None)
        return; // the next range of the same request
    m_cancelled = false;
    m_left = TimeLeft();
    m_since.start();
    if (work != Work::None) {
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
    const Work work = m_session->work();
    const auto progress = m_session->document().writeProgress();
    ProgressMoment moment = progress ? ProgressMoment::of(*progress) : ProgressMoment();
    if (work == Work::Write)
        std::tie(moment.range, moment.rangeCount) = m_writer.position();
    const bool ranges = moment.rangeCount > 1; // they are told in place of batches, of which each has its own
    const auto left
        = m_left.at(TimeLeft::Clock(m_since.elapsed()), static_cast<int>(moment.phase), moment.done, moment.total,
                    ranges ? moment.range : moment.batch, ranges ? moment.rangeCount : moment.batchCount);
    ProgressShown shown{progressText(work, moment, left),
                        bytesText(moment.done, moment.total),
                        moment.done,
                        moment.total,
                        whyNotCancel(work, moment.phase),
                        cancelText(work)};
    if (moment.range < moment.rangeCount)
        shown.whyNotCancel.clear(); // those that wait can be left alone
    if (m_cancelled && shown.whyNotCancel.isEmpty()) {
        shown.what = tr("Stopping");
        shown.whyNotCancel = tr("It stops as soon as the disk has answered.");
    }
    m_part.show(shown);
}

void WriteProgressWatch::cancel()
{
    if (!m_session || m_session->work() == Work::None)
        return;
    m_cancelled = true;
    m_writer.cancel();
    look();
}

} // namespace cachet
