// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/session/background_task.h"

#include <QTimer>

namespace cachet {

class ProgressPart;

/// Work between the document and the clipboard that may take long: one at a time, with its progress and Cancel in the status bar once it
/// has taken a moment.
/// Thread: GUI. Nothing here blocks.
class ClipboardTask final : public QObject {
    Q_OBJECT

public:
    ClipboardTask(ProgressPart &part, QObject *parent);

    /// As BackgroundTask::start. `doing` and `cancelTip` are shown, an empty one for what cannot be stopped; `counted` in bytes, else only the part that is done.
    [[nodiscard]] bool start(const QString &doing, const QString &cancelTip, bool counted, BackgroundTask::Work work,
                             BackgroundTask::Ended ended);
    void cancel() { m_task.cancel(); }
    /// Forgets the work; its end is not told.
    void stop();
    [[nodiscard]] bool running() const { return m_task.running(); }

private:
    void showProgress();

    ProgressPart &m_part;
    BackgroundTask m_task;
    QTimer m_shown; ///< single shot; the progress shows when it has run out
    QString m_doing;
    QString m_cancelTip;
    bool m_counted = false;
};

} // namespace cachet
