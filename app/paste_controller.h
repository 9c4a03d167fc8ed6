// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/error.h"
#include "ui/dialogs/paste_dialog.h"
#include "ui/formats/clipboard_bytes.h"
#include "ui/formats/text_recognition.h"

#include <QObject>
#include <QPointer>

#include <memory>

namespace cachet {

class ClipboardTask;
class DocumentSession;
class MessageBar;

/// Stages what is on the clipboard. A text that means bytes without doubt and fits goes over at once; anything else is shown first.
///
///     paste --> convert (small ones at once, others on a worker) --> fits and is sure: stage
///                   ^                                            \-> else: dialog --Stage--> stage
///                   \-------- another way to read it ----------------/
///
/// Thread: GUI. Nothing here blocks.
class PasteController final : public QObject {
    Q_OBJECT

public:
    /// The dialog belongs to `window`.
    PasteController(ClipboardTask &task, MessageBar &messages, QWidget &window);

    /// Null ends it, and the dialog.
    void setSession(DocumentSession *session);

    enum class Ask : std::uint8_t { WhenUnsure, Always };
    /// Pastes over `selection`, or from `caret` on when that is empty.
    void paste(cachecore::ByteRange selection, cachecore::ByteOffset caret, PastePane pane, Ask ask);

signals:
    /// Pasting was refused; nothing was staged.
    void refused(const cachecore::Error &error);
    /// A passing remark: what was staged.
    void told(const QString &sentence);
    /// The bytes of `range` are staged.
    void pasted(cachecore::ByteRange range);

private:
    using Conversion = std::shared_ptr<const TextConversion>;

    /// Brings the conversion of what is being pasted to converted().
    void convert(TextFormat format);
    void convertOnWorker(const QString &text, TextFormat format);
    void converted(TextConversion &&conversion);
    void ask();
    void stage(const PastePlan &plan);
    void staged(const cachecore::Result<void> &result, cachecore::ByteRange range);
    /// Lets go of what was being pasted.
    void drop();

    ClipboardTask &m_task;
    MessageBar &m_messages;
    QWidget &m_window;
    QPointer<DocumentSession> m_session;
    QPointer<PasteDialog> m_dialog;
    ClipboardContent m_content;
    PastePlace m_place;
    RecognisedText m_guess;
    bool m_sure = false; ///< no question when it fits
    Conversion m_conversion;
};

} // namespace cachet
