// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"

#include <QObject>
#include <QPointer>

class QMessageBox;

namespace cachet {

class DocumentSession;
class MessageBar;

/// Offers the edits an earlier session staged and did not write, and says when edits cannot be kept safe against a crash.
/// Thread: GUI. Nothing here blocks.
class LeftEditsController final : public QObject {
    Q_OBJECT

public:
    /// The question belongs to `window`.
    LeftEditsController(MessageBar &messages, QWidget &window);

    /// `session` was just opened; null ends it, and the question.
    void setSession(DocumentSession *session);
    /// Asks what to do with them, unless that is being asked or there are none.
    void ask();

private:
    void refresh();
    void refreshTrouble();
    void askForget(const std::string &log);
    void answered(const QMessageBox &question, const std::string &log);
    void restore(const std::string &log, cachecore::Document::ChangedBases changed);
    void restored(const cachecore::Result<cachecore::RestoreReport> &result);
    void forgotten(const cachecore::Result<void> &result);

    MessageBar &m_messages;
    QWidget &m_window;
    QPointer<DocumentSession> m_session;
    QPointer<QMessageBox> m_question;
};

} // namespace cachet
