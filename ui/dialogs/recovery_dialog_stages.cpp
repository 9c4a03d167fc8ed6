// SPDX-License-Identifier: GPL-3.0-or-later
// What the recovery dialog shows and offers at each of its stages, and how it stops and is left.
#include "cachecore/write/journal/journal_place.h"
#include "ui/dialogs/recovery_dialog.h"
#include "ui/dialogs/recovery_findings.h"
#include "ui/dialogs/recovery_text.h"
#include "ui/session/error_text.h"
#include "ui/session/write_text.h"

#include <QLabel>
#include <QLayout>
#include <QProgressBar>
#include <QPushButton>

#include <algorithm>

namespace cachet {

namespace {

using Work = DocumentSession::Work;

constexpr int kSteps = 1000;

} // namespace

void RecoveryDialog::enter(Stage stage)
{
    m_stage = stage;
    const bool busy = stage == Stage::Looking || stage == Stage::Settling;
    m_busy->setVisible(busy);
    if (busy) {
        m_timer.start();
        refreshProgress();
    } else {
        m_timer.stop();
    }
    if (stage == Stage::Choosing)
        m_findings->show(*m_report);
    else
        m_findings->hide();
    const QString name = displayName(m_session->document().source().path());
    if (stage == Stage::Choosing && recoveryCase(*m_report) == RecoveryCase::Unusable)
        m_title->setText(tr("A write to %1 was interrupted, and its journal cannot be used.").arg(name));
    if (stage == Stage::Ended) {
        m_title->setText(tr("Nothing is left to recover of %1.").arg(name));
        setRow(*m_journalName, tr("none is left"));
        for (const char *row : {"recoveryBegan", "recoveryBeganLabel"}) // that of the last one
            findChild<QLabel *>(QString::fromLatin1(row))->hide();
    }
    refreshButtons();
    m_leave->setFocus();
    // As high as the sentences are at this width, which adjustSize() does not know of.
    layout()->activate();
    const int wanted = std::max(width(), minimumWidth());
    resize(wanted, layout()->totalHeightForWidth(wanted));
}

void RecoveryDialog::refreshButtons()
{
    const bool choosing = m_stage == Stage::Choosing;
    const RecoveryCase what = choosing ? recoveryCase(*m_report) : RecoveryCase::Unusable;
    const bool writable = m_session->document().source().writable();
    QString whyNot;
    if (!writable)
        whyNot = errorText(m_session->document().source().readOnlyReason());
    else if (!m_findings->mayWrite())
        whyNot = tr("Check \"Overwrite them\" first: other bytes would be lost.");
    const auto offer = [&whyNot](QPushButton *button, bool shown, const QString &tip) {
        button->setVisible(shown);
        button->setEnabled(whyNot.isEmpty());
        button->setToolTip(whyNot.isEmpty() ? tip : whyNot);
    };
    m_finish->setText(what == RecoveryCase::Open ? tr("&Finish the Write") : tr("Remove the &Journal"));
    offer(m_finish, choosing && (what == RecoveryCase::Open || what == RecoveryCase::Finished),
          tr("Write the rest, so that every byte gets its new value"));
    m_rollBack->setText(what == RecoveryCase::Open ? tr("&Roll It Back") : tr("Remove the &Journal"));
    offer(m_rollBack, choosing && (what == RecoveryCase::Open || what == RecoveryCase::Undone),
          tr("Put the old bytes back, as if the write had never begun"));
    const bool useless
        = choosing ? maySetAside(*m_report) : m_stage == Stage::Failed && m_failure && maySetAside(*m_failure);
    m_setAside->setVisible(useless && m_journal.ends_with(cachecore::kJournalSuffix));
    m_setAside->setEnabled(writable);
    if (!writable)
        m_setAside->setToolTip(whyNot);
    m_again->setVisible(m_stage == Stage::Failed
                        || (choosing && what == RecoveryCase::Unusable && !maySetAside(*m_report)));
    refreshLeave();
}

/// Says what the button that leaves does now: while something is done, it stops that first.
void RecoveryDialog::refreshLeave()
{
    const bool settling = m_stage == Stage::Settling;
    m_stop->setVisible(!settling);
    if (settling && !m_stopping && whyNotStop().isEmpty()) {
        m_leave->setText(tr("&Stop"));
        m_leave->setToolTip(cancelText(Work::Settle));
    } else if (settling) {
        m_leave->setText(tr("&Close"));
        m_leave->setToolTip(tr("Close this; the status bar shows how it goes on"));
    } else {
        m_leave->setText(m_stage == Stage::Ended ? tr("&Close") : tr("&Look First"));
        m_leave->setToolTip(m_stage == Stage::Ended
                                ? QString()
                                : tr("Change nothing now: everything can be read, nothing is written until this is "
                                     "recovered"));
    }
}

/// Why the work under way cannot be stopped; empty when it can.
QString RecoveryDialog::whyNotStop() const
{
    const auto progress = m_session->document().writeProgress();
    const ProgressMoment moment = progress ? ProgressMoment::of(*progress) : ProgressMoment();
    return whyNotCancel(m_stage == Stage::Looking ? Work::Look : Work::Settle, moment.phase);
}

void RecoveryDialog::refreshProgress()
{
    if (!m_session)
        return;
    const Work work = m_stage == Stage::Looking ? Work::Look : Work::Settle;
    const auto progress = m_session->document().writeProgress();
    const ProgressMoment moment = progress ? ProgressMoment::of(*progress) : ProgressMoment();
    QString text = work == Work::Look ? tr("Comparing the disk with the journal. Nothing is changed by that.")
                                      : phaseText(work, moment.phase);
    const QString whyNot
        = m_stopping ? tr("It stops as soon as the disk has answered.") : whyNotCancel(work, moment.phase);
    if (m_stopping && whyNotCancel(work, moment.phase).isEmpty())
        text = tr("Stopping");
    m_busyText->setText(text);
    m_bar->setRange(0, moment.total == 0 ? 0 : kSteps);
    if (moment.total > 0) {
        const double part
            = static_cast<double>(std::min(moment.done, moment.total)) / static_cast<double>(moment.total);
        m_bar->setValue(static_cast<int>(part * kSteps));
    }
    m_bar->setFormat(bytesText(moment.done, moment.total));
    m_stop->setEnabled(whyNot.isEmpty());
    m_stop->setToolTip(whyNot.isEmpty() ? cancelText(work) : whyNot);
    refreshLeave();
}

void RecoveryDialog::stop()
{
    m_stopping = true;
    m_session->document().cancelWrite();
    refreshProgress();
}

void RecoveryDialog::reject()
{
    // Settling is asked to stop first; a disk that does not answer holds nobody here.
    if (m_session && m_stage == Stage::Settling && !m_stopping && whyNotStop().isEmpty()) {
        stop();
        return;
    }
    if (m_session && m_stage == Stage::Looking)
        m_session->document().cancelWrite();
    QDialog::reject();
}

} // namespace cachet
