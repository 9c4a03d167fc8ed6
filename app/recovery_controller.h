// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"

#include <QObject>
#include <QPointer>

namespace cachet {

class DocumentSession;
class MessageBar;
class RecoveryDialog;

/// Tells for as long as a document has an interrupted write that must be settled, and opens the dialog that settles it: by itself when
/// the document was opened with one, and on request.
/// Thread: GUI. Nothing here blocks.
class RecoveryController final : public QObject {
    Q_OBJECT

public:
    /// The dialog belongs to `window`.
    RecoveryController(MessageBar &messages, QWidget &window);

    /// `session` was just opened; null ends it, and the dialog.
    void setSession(DocumentSession *session);
    /// Opens the dialog, unless it is open or there is nothing to settle.
    void open();

signals:
    void changed();
    void goToRequested(cachecore::ByteOffset offset);

private:
    void refresh();

    MessageBar &m_messages;
    QWidget &m_window;
    QPointer<DocumentSession> m_session;
    QPointer<RecoveryDialog> m_dialog;
};

} // namespace cachet
