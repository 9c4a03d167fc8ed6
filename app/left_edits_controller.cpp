// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/left_edits_controller.h"

#include "app/message_bar.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <QMessageBox>
#include <QPushButton>

#include <algorithm>

namespace cachet {

namespace {

using Severity = MessageBar::Severity;
using ChangedBases = cachecore::Document::ChangedBases;

const QString kKey = QStringLiteral("leftEdits");
const QString kRestoredKey = QStringLiteral("restoredEdits");
const QString kTroubleKey = QStringLiteral("recoveryLog");

constexpr std::size_t kNamed = 3; // places, or imports, in a sentence

/// "bytes 0x10 to 0x1F, byte 0x30 and 2 more places"
QString placesText(const std::vector<cachecore::ByteRange> &ranges)
{
    QStringList named;
    for (std::size_t i = 0; i < std::min(ranges.size(), kNamed); ++i)
        named << rangeText(ranges[i]);
    const QString list = named.join(LeftEditsController::tr(", "));
    if (ranges.size() <= kNamed)
        return list;
    const std::size_t more = ranges.size() - kNamed;
    if (ranges.size() >= cachecore::RestoreReport::kMostRanges) // no more of them are told
        return LeftEditsController::tr("%1 and at least %2 more places").arg(list).arg(more);
    return more == 1 ? LeftEditsController::tr("%1 and 1 more place").arg(list)
                     : LeftEditsController::tr("%1 and %2 more places").arg(list).arg(more);
}

/// Why what is staged is not kept safe: it is kept in a file of its own beside the document or in the state directory.
QString troubleText(const cachecore::Error &error)
{
    using cachecore::ErrorCode;
    const std::size_t slash = error.path.find_last_of('/');
    const QString place
        = displayPath(slash == std::string::npos ? error.path : error.path.substr(0, std::max<std::size_t>(slash, 1)));
    const QString where = place.isEmpty() ? LeftEditsController::tr("where they are kept") : place;
    if (error.code == ErrorCode::NoSpace && error.systemError == 0) // the bound is ours, not the medium's
        return LeftEditsController::tr("they are more than is kept for that. Commit, or save a copy");
    switch (error.code) {
    case ErrorCode::NoSpace:
        return LeftEditsController::tr("there is no room for them in %1. Free some space there, or commit").arg(where);
    case ErrorCode::PermissionDenied:
    case ErrorCode::ReadOnly:
        return LeftEditsController::tr("nothing may be written in %1. Allow that, or commit").arg(where);
    case ErrorCode::Io:
        return LeftEditsController::tr("the medium of %1 failed. Check that disk, or commit").arg(where);
    default:
        return LeftEditsController::tr("they could not be kept in %1. Commit, or save a copy").arg(where);
    }
}

QString reportText(const cachecore::RestoreReport &report)
{
    QStringList said;
    said << (report.bytes > 0
                 ? LeftEditsController::tr("Staged %1 of an earlier session again.").arg(sizeText(report.bytes))
                 : LeftEditsController::tr("Nothing of the earlier session was staged."));
    if (!report.changed.empty())
        said << LeftEditsController::tr("Left out, because the disk has changed there since: %1.")
                    .arg(placesText(report.changed));
    if (!report.unreadable.empty())
        said << LeftEditsController::tr("Left out, because the disk does not give the bytes there: %1.")
                    .arg(placesText(report.unreadable));
    for (std::size_t i = 0; i < std::min(report.lost.size(), kNamed); ++i)
        said << LeftEditsController::tr("Left out at %1: %2")
                    .arg(hexText(report.lost[i].range.begin().value()), errorText(report.lost[i].error));
    if (report.lost.size() > kNamed) {
        const std::size_t more = report.lost.size() - kNamed;
        said << (more == 1 ? LeftEditsController::tr("Left out for such a reason: 1 more import.")
                           : LeftEditsController::tr("Left out for such a reason: %1 more imports.").arg(more));
    }
    if (report.damage)
        said << LeftEditsController::tr("The file they were kept in is damaged, so the newest of them may be missing.");
    if (report.logKept)
        said << LeftEditsController::tr("They are still kept, and offered again.");
    return said.join(QLatin1Char(' '));
}

} // namespace

LeftEditsController::LeftEditsController(MessageBar &messages, QWidget &window)
    : QObject(&window)
    , m_messages(messages)
    , m_window(window)
{
    setObjectName(QStringLiteral("leftEditsController"));
}

void LeftEditsController::setSession(DocumentSession *session)
{
    if (m_session)
        m_session->disconnect(this);
    delete m_question;
    m_session = session;
    if (!session)
        return;
    connect(session, &DocumentSession::recoveryChanged, this, &LeftEditsController::refresh);
    connect(session, &DocumentSession::editsChanged, this, &LeftEditsController::refreshTrouble);
    connect(session, &DocumentSession::restoreFinished, this, &LeftEditsController::restored);
    connect(session, &DocumentSession::forgetFinished, this, &LeftEditsController::forgotten);
    refresh();
}

void LeftEditsController::refresh()
{
    const cachecore::Document &document = m_session->document();
    if (document.leftEdits().empty())
        m_messages.dismiss(kKey);
    else
        m_messages.show(
            kKey, Severity::Warning,
            tr("An earlier session of %1 ended with staged edits that were not written. They are kept and can "
               "be staged again.")
                .arg(displayName(document.source().path())),
            {tr("Restore…"), [this] { ask(); }});
    refreshTrouble();
}

void LeftEditsController::refreshTrouble()
{
    const cachecore::Document &document = m_session->document();
    const auto trouble = document.logTrouble();
    if (trouble && !document.staged().empty())
        m_messages.show(kTroubleKey, Severity::Warning,
                        tr("The staged edits would be lost if the program or the system ended now: %1.")
                            .arg(troubleText(*trouble)));
    else
        m_messages.dismiss(kTroubleKey);
}

void LeftEditsController::ask()
{
    if (!m_session || m_question || m_session->document().leftEdits().empty())
        return;
    const std::string log = m_session->document().leftEdits().front().path;
    m_question = new QMessageBox(QMessageBox::Question, tr("Edits of an Earlier Session"),
                                 tr("Stage the edits of the earlier session again?"), QMessageBox::NoButton, &m_window);
    m_question->setObjectName(QStringLiteral("leftEditsQuestion"));
    m_question->setAttribute(Qt::WA_DeleteOnClose);
    m_question->setTextFormat(Qt::PlainText);
    m_question->setInformativeText(tr("They become staged edits as before: nothing is written until you commit, and "
                                      "one undo takes all of them back. Where "
                                      "the disk has changed since, they are left out, unless you choose to stage them "
                                      "on what is there now.\n\nThey are in %1.")
                                       .arg(displayPath(log)));
    const auto add = [this](const QString &text, QMessageBox::ButtonRole role, const char *name) {
        QPushButton *button = m_question->addButton(text, role);
        button->setObjectName(QString::fromLatin1(name));
        return button;
    };
    QPushButton *restoreButton = add(tr("&Stage What Fits"), QMessageBox::AcceptRole, "stageFitting");
    add(tr("Stage &All"), QMessageBox::AcceptRole, "stageAll");
    add(tr("&Delete Them"), QMessageBox::DestructiveRole, "forget");
    m_question->setEscapeButton(add(tr("&Later"), QMessageBox::RejectRole, "later"));
    m_question->setDefaultButton(restoreButton);
    connect(m_question, &QMessageBox::finished, this,
            [this, log, question = m_question.data()] { answered(*question, log); });
    m_question->open();
}

void LeftEditsController::answered(const QMessageBox &question, const std::string &log)
{
    const QString answer = question.clickedButton() ? question.clickedButton()->objectName() : QString();
    if (!m_session)
        return;
    if (answer == QLatin1String("stageFitting"))
        restore(log, ChangedBases::Leave);
    else if (answer == QLatin1String("stageAll"))
        restore(log, ChangedBases::Stage);
    else if (answer == QLatin1String("forget"))
        askForget(log);
}

/// What is deleted cannot be brought back, so it is asked about by itself.
void LeftEditsController::askForget(const std::string &log)
{
    m_question = new QMessageBox(QMessageBox::Warning, tr("Edits of an Earlier Session"),
                                 tr("Delete the edits of the earlier session?"), QMessageBox::NoButton, &m_window);
    m_question->setObjectName(QStringLiteral("forgetQuestion"));
    m_question->setAttribute(Qt::WA_DeleteOnClose);
    m_question->setTextFormat(Qt::PlainText);
    m_question->setInformativeText(
        tr("They were never written to the disk and cannot be brought back afterwards.\n\nThey are in %1.")
            .arg(displayPath(log)));
    QPushButton *erase = m_question->addButton(tr("&Delete Them"), QMessageBox::DestructiveRole);
    erase->setObjectName(QStringLiteral("forgetSurely"));
    QPushButton *keep = m_question->addButton(tr("&Keep Them"), QMessageBox::RejectRole);
    keep->setObjectName(QStringLiteral("forgetNot"));
    m_question->setDefaultButton(keep);
    m_question->setEscapeButton(keep);
    connect(m_question, &QMessageBox::finished, this, [this, log, erase, question = m_question.data()] {
        if (!m_session || question->clickedButton() != erase)
            return;
        if (const auto started = m_session->forget(log); !started)
            forgotten(started);
    });
    m_question->open();
}

void LeftEditsController::restore(const std::string &log, ChangedBases changed)
{
    if (const auto started = m_session->restore(log, changed); !started)
        restored(cachecore::failure(started.error()));
}

void LeftEditsController::restored(const cachecore::Result<cachecore::RestoreReport> &result)
{
    if (!result) {
        m_messages.show(kRestoredKey, Severity::Error,
                        tr("The edits of the earlier session could not be staged: %1").arg(errorText(result.error())));
        return;
    }
    m_messages.show(kRestoredKey, result->logKept || result->damage ? Severity::Warning : Severity::Information,
                    reportText(*result));
}

void LeftEditsController::forgotten(const cachecore::Result<void> &result)
{
    if (!result)
        m_messages.show(kRestoredKey, Severity::Error,
                        tr("The edits of the earlier session could not be deleted: %1").arg(errorText(result.error())));
}

} // namespace cachet
