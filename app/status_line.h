// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"

#include <QObject>
#include <QTimer>

class QLabel;
class QStatusBar;

namespace cachecore {
class Document;
}

namespace cachet {

class ProgressPart;

/// The fields of the status bar.
class StatusLine final : public QObject {
    Q_OBJECT

public:
    explicit StatusLine(QStatusBar &bar);

    /// Shows `document` (null: nothing) with the caret and the selection.
    void refresh(const cachecore::Document *document, cachecore::ByteOffset caret, cachecore::ByteRange selection);

    /// What is said while there is no document; empty: that there is none. Shown by the next refresh.
    void setEmptyText(const QString &text) { m_emptyText = text; }

    /// Says `text` beside the offset for a few seconds; elided where there is no room for it, and whole in its tool tip.
    void showNote(const QString &text);
    /// Takes back what showNote said.
    void dropNote();

    /// Progress of a write, of a copy, of looking for a place, and of work with the clipboard; all may run at once.
    [[nodiscard]] ProgressPart &writeProgress() const { return *m_write; }
    [[nodiscard]] ProgressPart &copyProgress() const { return *m_copy; }
    [[nodiscard]] ProgressPart &lookProgress() const { return *m_look; }
    [[nodiscard]] ProgressPart &clipboardProgress() const { return *m_clipboard; }

private:
    void refreshNumbers(const cachecore::Document &document);
    void refreshState(const cachecore::Document &document);
    void giveRoom();

    QLabel *m_caret;
    QLabel *m_selection;
    QLabel *m_note;
    QLabel *m_staged;
    QLabel *m_cache;
    QLabel *m_readOnly;
    ProgressPart *m_write;
    ProgressPart *m_copy;
    ProgressPart *m_look;
    ProgressPart *m_clipboard;
    QString m_emptyText;
    QTimer m_noteTimer; ///< single shot; runs while a note shows
};

} // namespace cachet
