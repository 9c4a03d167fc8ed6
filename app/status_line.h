// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"

#include <QObject>

class QLabel;
class QProgressBar;
class QPushButton;
class QStatusBar;

namespace cachecore {
class Document;
}

namespace cachet {

/// The fields of the status bar.
class StatusLine final : public QObject {
    Q_OBJECT

public:
    explicit StatusLine(QStatusBar &bar);

    /// Shows `document` (null: nothing) with the caret and the selection.
    void refresh(const cachecore::Document *document, cachecore::ByteOffset caret, cachecore::ByteRange selection);

    /// Progress of long work, with a button to cancel it; `total` 0 hides both.
    void showProgress(const QString &what, quint64 done, quint64 total);
    void hideProgress();

signals:
    void cancelClicked();

private:
    void refreshNumbers(const cachecore::Document &document);

    QLabel *m_caret;
    QLabel *m_selection;
    QLabel *m_staged;
    QLabel *m_cache;
    QLabel *m_readOnly;
    QProgressBar *m_progress;
    QPushButton *m_cancel;
};

} // namespace cachet
