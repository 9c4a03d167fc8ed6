// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/close_guard.h"

#include <QMessageBox>
#include <QPointer>
#include <QPushButton>
#include <QWidget>

namespace cachet {

CloseAsker messageBoxAsker()
{
    return [](QWidget *parent, const CloseQuestion &question, std::function<void(CloseAnswer)> answer) {
        auto *box = new QMessageBox(
            QMessageBox::Question, CloseGuard::tr("Close %1").arg(question.name),
            CloseGuard::tr("%1 has staged edits: %2 not on the disk yet.").arg(question.name, question.staged),
            QMessageBox::NoButton, parent);
        box->setObjectName(QStringLiteral("closeQuestion"));
        box->setAttribute(Qt::WA_DeleteOnClose);
        box->setInformativeText(question.canCommit
                                    ? CloseGuard::tr("Commit writes them to the disk. Discard throws them away.")
                                    : CloseGuard::tr("They cannot be committed before the interrupted write is "
                                                     "recovered. Discard throws them away."));
        QPushButton *commit = box->addButton(CloseGuard::tr("&Commit"), QMessageBox::AcceptRole);
        commit->setEnabled(question.canCommit);
        const auto *discard = box->addButton(CloseGuard::tr("&Discard"), QMessageBox::DestructiveRole);
        QPushButton *cancel = box->addButton(QMessageBox::Cancel);
        box->setDefaultButton(cancel);
        box->setEscapeButton(cancel);
        QObject::connect(box, &QMessageBox::finished, box, [box, commit, discard, answer = std::move(answer)] {
            const auto *clicked = box->clickedButton();
            answer(clicked == commit        ? CloseAnswer::Commit
                       : clicked == discard ? CloseAnswer::Discard
                                            : CloseAnswer::Cancel);
        });
        box->open();
    };
}

CloseGuard::CloseGuard(CloseAsker asker, QWidget *parent)
    : QObject(parent)
    , m_asker(std::move(asker))
    , m_window(parent)
{
    setObjectName(QStringLiteral("closeGuard"));
}

bool CloseGuard::tryClose(const Situation &situation)
{
    switch (m_state) {
    case State::Closing:
        return true;
    case State::Discarding:
        m_state = State::Closing;
        return true;
    case State::Asking:
        return false;
    case State::Committing:
        m_state = State::Waiting;
        emit waitingForWrite();
        return false;
    case State::Waiting:
        if (situation.copying && !situation.writing && situation.staged) {
            emit copyGivenUp(); // that is what closing again was said to mean, and no more
            return ask(situation);
        }
        m_state = State::Closing; // told what it means, asked again: do not wait for the disk
        return true;
    case State::Open:
        break;
    }
    if (situation.writing || situation.copying) {
        m_state = State::Waiting;
        if (situation.writing)
            emit waitingForWrite();
        else
            emit waitingForCopy();
        return false;
    }
    if (!situation.staged) {
        m_state = State::Closing;
        return true;
    }
    return ask(situation);
}

bool CloseGuard::ask(const Situation &situation)
{
    m_state = State::Asking;
    m_asker(m_window, situation.question, [guard = QPointer<CloseGuard>(this)](CloseAnswer answer) {
        if (guard)
            guard->answered(answer);
    });
    return m_state == State::Closing;
}

void CloseGuard::answered(CloseAnswer answer)
{
    if (m_state != State::Asking)
        return;
    switch (answer) {
    case CloseAnswer::Cancel:
        m_state = State::Open;
        return;
    case CloseAnswer::Discard:
        m_state = State::Discarding;
        emit discardWanted();
        return;
    case CloseAnswer::Commit:
        m_state = State::Committing;
        emit commitWanted();
        return;
    }
}

void CloseGuard::workEnded()
{
    if (m_state == State::Waiting)
        tryAgain();
}

void CloseGuard::discarded()
{
    if (m_state != State::Discarding)
        return;
    m_state = State::Closing;
    QMetaObject::invokeMethod(this, &CloseGuard::closeNow, Qt::QueuedConnection);
}

void CloseGuard::writeFinished(const cachecore::WriteOutcome &outcome)
{
    if (m_state == State::Waiting || (m_state == State::Committing && outcome))
        tryAgain();
    else if (m_state == State::Committing)
        m_state = State::Open;
}

void CloseGuard::copyEnded(bool saved)
{
    if (m_state != State::Waiting)
        return;
    if (saved)
        tryAgain();
    else
        m_state = State::Open;
}

/// What was waited for is over; edits staged meanwhile are asked about like any others.
void CloseGuard::tryAgain()
{
    m_state = State::Open;
    QMetaObject::invokeMethod(this, &CloseGuard::closeNow, Qt::QueuedConnection);
}

} // namespace cachet
