// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/recovery_dialog.h"

#include "ui/dialogs/recovery_findings.h"
#include "ui/dialogs/recovery_text.h"
#include "ui/session/error_text.h"

#include <QLabel>
#include <QPushButton>

#include <utility>

namespace cachet {

namespace {

using cachecore::ForeignUnits;
using cachecore::RecoveryChoice;

constexpr int kIntervalMs = 100;

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
    started(m_session->settle(m_journal, choice, overwrite ? ForeignUnits::overwrite(*m_report) : ForeignUnits::Stop));
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

void RecoveryDialog::setAsideFinished(const cachecore::Result<cachecore::JournalAside> &aside)
{
    if (m_stage != Stage::Settling)
        return;
    if (aside) {
        journalSettled(setAsideText(*aside));
        return;
    }
    tell(errorText(aside.error()), true);
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

} // namespace cachet
