// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/recovery_dialog.h"

#include "cachecore/write/journal/journal_place.h"
#include "ui/dialogs/recovery_findings.h"
#include "ui/dialogs/recovery_text.h"
#include "ui/session/error_text.h"
#include "ui/session/write_text.h"

#include <QLabel>
#include <QLayout>
#include <QProgressBar>
#include <QPushButton>

#include <algorithm>
#include <utility>

namespace cachet {

namespace {

using cachecore::ForeignUnits;
using cachecore::RecoveryChoice;
using Work = DocumentSession::Work;

constexpr int kIntervalMs = 100;
constexpr int kSteps = 1000;

} // namespace

RecoveryDialog::RecoveryDialog(DocumentSession &session, QWidget *parent)
    : QDialog(parent)
    , m_session(&session)
{
    setAttribute(Qt::WA_DeleteOnClose);
    buildWidgets();
    m_timer.setInterval(kIntervalMs);
    connect(&m_timer, &QTimer::timeout, this, &RecoveryDialog::refreshProgress);
    connect(&session, &QObject::destroyed, this, &QDialog::reject);
    connect(&session, &DocumentSession::lookFinished, this, &RecoveryDialog::lookFinished);
    connect(&session, &DocumentSession::settleFinished, this, &RecoveryDialog::settleFinished);
    connect(&session, &DocumentSession::setAsideFinished, this, &RecoveryDialog::setAsideFinished);
    connect(m_findings, &RecoveryFindings::goToRequested, this, &RecoveryDialog::goToRequested);
    connect(m_findings, &RecoveryFindings::mayWriteChanged, this, &RecoveryDialog::refreshButtons);
    connect(m_stop, &QPushButton::clicked, this, &RecoveryDialog::stop);
    connect(m_finish, &QPushButton::clicked, this, [this] { settle(RecoveryChoice::Finish); });
    connect(m_rollBack, &QPushButton::clicked, this, [this] { settle(RecoveryChoice::RollBack); });
    connect(m_setAside, &QPushButton::clicked, this, &RecoveryDialog::setAside);
    connect(m_again, &QPushButton::clicked, this, &RecoveryDialog::startLook);
    connect(m_leave, &QPushButton::clicked, this, &QDialog::reject);
    nextJournal();
}

void RecoveryDialog::nextJournal()
{
    const auto journals = m_session->document().unsettled();
    m_report.reset();
    if (journals.empty()) {
        enter(Stage::Ended);
        return;
    }
    ++m_number;
    m_journal = journals.front().path;
    const QString image = displayPath(m_session->document().source().path());
    m_title->setText(
        journals.size() == 1
            ? tr("A write to %1 was interrupted. Its journal holds the old and the new bytes, so it can "
                 "be finished or rolled back.")
                  .arg(displayName(m_session->document().source().path()))
            : tr("%1 writes to %2 were interrupted. Their journals hold the old and the new bytes, so each "
                 "can be finished or rolled back; this is one of them.")
                  .arg(journals.size())
                  .arg(displayName(m_session->document().source().path())));
    setRow(*m_image, image);
    setRow(*m_journalName, displayPath(m_journal));
    setRow(*m_began, tr("not known yet"));
    startLook();
}

void RecoveryDialog::startLook()
{
    m_stopping = false;
    enter(Stage::Looking);
    m_failure.reset();
    const auto begun = m_session->look(m_journal);
    m_asked = begun.has_value();
    if (begun)
        return;
    if (begun.error().code == cachecore::ErrorCode::Busy) { // an earlier look has not ended yet
        connect(
            m_session, &DocumentSession::workChanged, this,
            [this] {
                if (m_stage == Stage::Looking)
                    startLook();
            },
            static_cast<Qt::ConnectionType>(Qt::QueuedConnection | Qt::SingleShotConnection));
        return;
    }
    m_failure = begun.error();
    tell(errorText(begun.error()), true);
    enter(Stage::Failed);
}

void RecoveryDialog::lookFinished(const cachecore::Result<cachecore::RecoveryReport> &result)
{
    if (!std::exchange(m_asked, false))
        return; // the end of an earlier dialog's look
    if (!result) {
        m_failure = result.error();
        tell(result.error().code == cachecore::ErrorCode::Cancelled
                 ? tr("Looking was stopped, so it is not known what the disk holds. Nothing was changed.")
                 : errorText(result.error()),
             result.error().code != cachecore::ErrorCode::Cancelled);
        enter(Stage::Failed);
        return;
    }
    m_report = *result;
    const QString began = beganText(*m_report);
    setRow(*m_began, began.isEmpty() ? tr("the journal does not say") : began);
    enter(Stage::Choosing);
}

void RecoveryDialog::started(const cachecore::Result<void> &result)
{
    if (result) {
        m_said->hide();
        enter(Stage::Settling);
        return;
    }
    tell(errorText(result.error()), true);
    refreshButtons();
}

void RecoveryDialog::settle(RecoveryChoice choice)
{
    m_choice = choice;
    m_stopping = false;
    // What is foreign is overwritten only when that was asked about, with the places in sight.
    const bool overwrite = !m_report->foreign.empty() && m_findings->mayWrite();
    started(m_session->settle(m_journal, choice, overwrite ? ForeignUnits::Overwrite : ForeignUnits::Stop));
}

void RecoveryDialog::settleFinished(const cachecore::Result<cachecore::RecoveryReport> &result)
{
    if (m_stage != Stage::Settling)
        return;
    if (result) {
        journalSettled(settledText(*result, m_choice));
        return;
    }
    tell(result.error().code == cachecore::ErrorCode::Cancelled
             ? tr("It was stopped half-way; the journal is kept, and it can be done again either way.")
             : errorText(result.error()) + u' ' + tr("The journal is kept."),
         result.error().code != cachecore::ErrorCode::Cancelled);
    startLook();
}

void RecoveryDialog::setAside()
{
    m_stopping = false;
    started(m_session->setAside(m_journal));
}

void RecoveryDialog::setAsideFinished(const cachecore::Result<std::string> &newName)
{
    if (m_stage != Stage::Settling)
        return;
    if (newName) {
        journalSettled(setAsideText(*newName));
        return;
    }
    tell(errorText(newName.error()), true);
    enter(m_report ? Stage::Choosing : Stage::Failed);
}

void RecoveryDialog::journalSettled(const QString &sentence)
{
    tell(sentence, false);
    emit settled(sentence);
    nextJournal();
}

void RecoveryDialog::tell(const QString &sentence, bool problem)
{
    m_said->setText(problem ? tr("⚠ %1").arg(sentence) : sentence);
    m_said->setAccessibleName(sentence);
    m_said->show();
}

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
