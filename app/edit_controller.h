// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/file_chooser.h"
#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"
#include "ui/session/import_opener.h"

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <optional>

class QDialog;

namespace cachet {

class DocumentSession;
class FillDialog;
class ImportDialog;
class MessageBar;

/// Stages what takes a dialog: fills and imported files.
/// Thread: GUI. Nothing here blocks.
class EditController final : public QObject {
    Q_OBJECT

public:
    /// The dialogs belong to `window`.
    EditController(FileChooser chooseImport, MessageBar &messages, QWidget &window);

    /// Null ends it, and the dialog.
    void setSession(DocumentSession *session);
    /// Asks what to fill `range` with.
    void fill(cachecore::ByteRange range);
    /// Asks for a file and how much of it goes over `selection`, or from `caret` on when that is empty.
    void importFile(cachecore::ByteRange selection, cachecore::ByteOffset caret);

signals:
    /// Staging was refused; nothing was staged.
    void refused(const cachecore::Error &error);
    /// A passing remark: what was staged.
    void told(const QString &sentence);

private:
    void opened(const ImportedFile &file);
    void watch(QDialog &dialog);
    void tellSlow();
    void stageFill(const FillDialog &dialog);
    void stageImport(const ImportDialog &dialog);
    void tellStaged(const cachecore::Result<void> &result, cachecore::ByteRange range);

    const FileChooser m_chooseImport;
    MessageBar &m_messages;
    QWidget &m_window;
    QPointer<DocumentSession> m_session;
    ImportOpener m_opener;
    QTimer m_slow;      ///< single shot; runs while a file is being opened
    std::string m_path; ///< of the file, in bytes
    QPointer<QDialog> m_dialog;
    std::optional<ImportedFile> m_late; ///< opened while another dialog was there; shown after it
    cachecore::ByteRange m_selection;   ///< over which to import
    cachecore::ByteOffset m_caret;
};

} // namespace cachet
