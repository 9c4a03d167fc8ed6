// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"
#include "ui/dialogs/byte_expression.h"

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <memory>
#include <optional>

class QDialog;
class QWidget;

namespace cachet {

class BackgroundTask;
class DocumentSession;
class MessageBar;
class ProgressPart;

/// Moves that take a dialog or a look at the disk: select by numbers, next and previous run of data. Says where to go by signals. One look at a time, with
/// progress and Cancel.
/// Thread: GUI. Nothing here blocks.
class NavigationController final : public QObject {
    Q_OBJECT

public:
    enum class Way : bool { Back, Forward };

    /// The dialogs belong to `window`.
    NavigationController(MessageBar &messages, ProgressPart &progress, QWidget &window);
    ~NavigationController() override;

    /// Null ends it, and the dialog.
    void setSession(DocumentSession *session);
    /// Asks for a range.
    void select(const ExpressionContext &context);
    /// Looks for the run of data after (before) `from`; one that is looked for already is given up.
    void goToRun(cachecore::ByteOffset from, Way way);
    /// Somebody went somewhere else: what is looked for is not wanted any more.
    void giveUp();

signals:
    void goToRequested(cachecore::ByteOffset offset);
    void selectRequested(cachecore::ByteRange range);
    /// A passing remark.
    void told(const QString &sentence);

private:
    using Found = cachecore::Result<std::optional<cachecore::ByteOffset>>;

    void progressed();
    void showProgress();
    void ended(const Found &found);

    MessageBar &m_messages;
    ProgressPart &m_progress;
    QWidget &m_window;
    BackgroundTask *m_task;
    QPointer<DocumentSession> m_session;
    QPointer<QDialog> m_dialog;
    Way m_way = Way::Forward;
    QTimer m_patience; ///< single shot; nothing is shown of what ends before it
};

} // namespace cachet
