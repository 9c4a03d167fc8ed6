// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/session/document_session.h"
#include "ui/session/time_left.h"

#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QTimer>

namespace cachet {

class ProgressPart;
class WriteController;

/// Shows how far the writer of a document is while it works, and lets it be cancelled. Looks every kIntervalMs; while nothing is
/// written nothing runs.
/// Thread: GUI. Nothing here blocks.
class WriteProgressWatch final : public QObject {
    Q_OBJECT

public:
    static constexpr int kIntervalMs = 100;
    /// Work that ends within this time shows nothing: a flash tells nobody anything.
    static constexpr int kQuietMs = 200;

    /// `writer` knows which of several ranges is being written, and cancels.
    WriteProgressWatch(ProgressPart &part, WriteController &writer, QObject *parent);

    /// Watches `session`; null ends it.
    void setSession(DocumentSession *session);

private:
    void follow();
    void look();
    void cancel();

    ProgressPart &m_part;
    WriteController &m_writer;
    QPointer<DocumentSession> m_session;
    QTimer m_timer; ///< runs while the writer works
    QElapsedTimer m_since;
    TimeLeft m_left;
    DocumentSession::Work m_last = DocumentSession::Work::None; ///< seen
    bool m_cancelled = false;
};

} // namespace cachet
