// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/left_edits_controller.h"

#include "app/message_bar.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <QMessageBox>
#include <QPushButton>

namespace cachet {

namespace {

using Severity = MessageBar::Severity;
using ChangedBases = cachecore::Document::ChangedBases;

const QString kKey = QStringLiteral("leftEdits");
const QString kRestoredKey = QStringLiteral("restoredEdits");
const QString kTroubleKey = QStringLiteral("recoveryLog");

/// "bytes 0x10 to 0x1f, byte 0x30 and 2 more places"
QString placesText(const std::vector<cachecore::ByteRange> &ranges)
{
    constexpr std::size_t kNamed = 3;
    QStringList named;
    for (std::size_t i = 0; i < std::min(ranges.size(), kNamed); ++i)
        named << rangeText(ranges[i]);
    const QString list = named.join(LeftEditsController::tr(", "));
    if (ranges.size() <= kNamed)
        return list;
    return LeftEditsController::tr("%1 and %n more places", nullptr, static_cast<int>(ranges.size() - kNamed))
        .arg(list);
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
    if (const auto trouble = document.logTrouble())
        m_messages.show(
            kTroubleKey, Severity::Warning,
            tr("What is staged would be lost if the program or the system ended now: %1").arg(errorText(*trouble)));
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
        if (const auto started = m_session->forget(log); !started)
            forgotten(started);
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
    QStringList said{tr("Staged %1 of an earlier session again.").arg(sizeText(result->bytes))};
    if (!result->changed.empty())
        said << tr("Left out, because the disk has changed there since: %1.").arg(placesText(result->changed));
    if (!result->unreadable.empty())
        said << tr("Left out, because the disk does not give the bytes there: %1.").arg(placesText(result->unreadable));
    for (const cachecore::LostImport &lost : result->lost)
        said << tr("Left out at %1: %2").arg(hexText(lost.range.begin().value()), errorText(lost.error));
    if (result->damage)
        said << tr("The file they were kept in is damaged, so the newest of them may be missing.");
    if (result->logKept)
        said << tr("They are still kept, and offered again.");
    m_messages.show(kRestoredKey, result->logKept || result->damage ? Severity::Warning : Severity::Information,
                    said.join(QLatin1Char(' ')));
}

void LeftEditsController::forgotten(const cachecore::Result<void> &result)
{
    if (!result)
        m_messages.show(kRestoredKey, Severity::Error,
                        tr("The edits of the earlier session could not be deleted: %1").arg(errorText(result.error())));
}

} // namespace cachet
