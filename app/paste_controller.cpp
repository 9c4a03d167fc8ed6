// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/paste_controller.h"

#include "app/clipboard_task.h"
#include "app/message_bar.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <QClipboard>
#include <QGuiApplication>

#include <algorithm>
#include <new>
#include <utility>

namespace cachet {

namespace {

using Severity = MessageBar::Severity;

const QString kKey = QStringLiteral("paste");
constexpr qsizetype kAtOnce = qsizetype{64}
    << 10; ///< characters converted without a worker: a few milliseconds at most
constexpr std::uint64_t kStagedAtOnce = std::uint64_t{1} << 20; ///< bytes staged without a worker

} // namespace

PasteController::PasteController(ClipboardTask &task, MessageBar &messages, QWidget &window)
    : QObject(&window)
    , m_task(task)
    , m_messages(messages)
    , m_window(window)
{
    setObjectName(QStringLiteral("pasteController"));
}

void PasteController::setSession(DocumentSession *session)
{
    m_session = nullptr; // the end of the dialog begins nothing
    delete m_dialog;
    drop();
    m_session = session;
}

void PasteController::drop()
{
    m_content = {};
    m_conversion.reset();
}

void PasteController::paste(cachecore::ByteRange selection, cachecore::ByteOffset caret, PastePane pane, Ask ask)
{
    if (!m_session || m_dialog)
        return;
    m_messages.dismiss(kKey);
    m_place = {selection, caret, m_session->document().size()};
    const cachecore::BlockSource &source = m_session->document().source();
    if (!source.writable()) {
        cachecore::Error error = source.readOnlyReason();
        error.range = selection.empty()
            ? cachecore::ByteRange(caret, caret + std::min<std::uint64_t>(1, m_place.room()))
            : selection;
        emit refused(error);
        return;
    }
    if (m_task.running()) {
        m_messages.show(
            kKey, Severity::Warning,
            tr("Nothing was pasted: the clipboard is still busy. Wait, or cancel what it is doing in the status bar."));
        return;
    }
    m_content = clipboardContent(QGuiApplication::clipboard()->mimeData());
    if (const auto *text = std::get_if<QString>(&m_content)) {
        m_guess = recogniseText(*text, pane);
        m_sure = m_guess.sure && ask == Ask::WhenUnsure;
    } else if (std::holds_alternative<QByteArray>(m_content)) {
        m_sure = ask == Ask::WhenUnsure;
    } else {
        m_messages.show(
            kKey, Severity::Information,
            tr("Nothing was pasted: there are no bytes and no text on the clipboard. Copy something first."));
        return;
    }
    convert(m_guess.format);
}

void PasteController::convert(TextFormat format)
{
    const std::uint64_t room = m_place.room();
    if (const auto *bytes = std::get_if<QByteArray>(&m_content)) {
        TextConversion conversion;
        conversion.total = static_cast<std::uint64_t>(bytes->size());
        const auto *begin = reinterpret_cast<const std::byte *>(bytes->constData());
        try {
            conversion.bytes.assign(begin, begin + std::min(conversion.total, room));
        } catch (const std::bad_alloc &) {
            conversion.outOfMemory = true;
        }
        converted(std::move(conversion));
        return;
    }
    const QString text = std::get<QString>(m_content);
    if (text.size() <= kAtOnce)
        converted(convertText(text, format, room));
    else
        convertOnWorker(text, format);
}

void PasteController::convertOnWorker(const QString &text, TextFormat format)
{
    m_task.stop(); // of the way to read it that was chosen before
    const auto result = std::make_shared<TextConversion>();
    const auto work = [result, text, format, room = m_place.room()](BackgroundTask::Context &context) {
        *result = convertText(
            text, format, room, [&context](std::uint64_t done, std::uint64_t total) { context.progress(done, total); },
            context.stop());
    };
    if (!m_task.start(tr("Reading"), tr("Stop; nothing is pasted"), false, work,
                      [this, result](BackgroundTask::End how) {
                          TextConversion none;
                          none.stopped = true;
                          converted(how == BackgroundTask::End::Finished ? std::move(*result) : std::move(none));
                      })) {
        TextConversion none;
        none.outOfMemory = true;
        converted(std::move(none));
    }
}

void PasteController::converted(TextConversion &&conversion)
{
    if (!m_session)
        return;
    m_conversion = std::make_shared<TextConversion>(std::move(conversion));
    if (m_dialog) {
        m_dialog->setConversion(m_conversion);
    } else if (m_conversion->stopped) {
        emit told(tr("The paste was cancelled; nothing was staged."));
        drop();
    } else if (m_sure && !m_conversion->error && !m_conversion->outOfMemory
               && fitsExactly(m_conversion->total, m_place)) {
        stage(planPaste(m_conversion->total, m_place, {}));
    } else {
        ask();
    }
}

void PasteController::ask()
{
    const bool isText = std::holds_alternative<QString>(m_content);
    m_dialog = new PasteDialog(isText ? std::optional(m_guess.format) : std::nullopt, m_place, &m_window);
    m_dialog->setConversion(m_conversion);
    connect(m_dialog, &PasteDialog::formatChanged, this, [this](TextFormat format) {
        m_conversion.reset();
        convert(format);
    });
    connect(m_dialog, &QDialog::accepted, this, [this] { stage(m_dialog->plan()); });
    connect(m_dialog, &QDialog::rejected, this, [this] {
        m_task.stop();
        drop();
    });
    m_dialog->open();
}

void PasteController::stage(const PastePlan &plan)
{
    if (!m_session || !m_conversion || plan.over.empty())
        return;
    const auto conversion = std::exchange(m_conversion, nullptr);
    drop();
    const auto stageNow = [plan](cachecore::Document &document, const TextConversion &from) {
        if (plan.repeated)
            return document.stageFill(plan.over, from.bytes);
        const auto bytes = std::span(from.bytes).first(static_cast<std::size_t>(plan.over.length()));
        return document.stage(plan.over.begin(), bytes, cachecore::EditKind::Paste);
    };
    if (conversion->bytes.size() <= kStagedAtOnce) {
        staged(stageNow(m_session->document(), *conversion), plan.over);
        return;
    }
    const auto result = std::make_shared<cachecore::Result<void>>();
    // The worker alone keeps the bytes, so that they go there.
    auto work = [result, stageNow, conversion, document = m_session->sharedDocument()](BackgroundTask::Context &) {
        *result = stageNow(*document, *conversion);
    };
    if (!m_task.start(tr("Pasting"), QString(), false, std::move(work),
                      [this, result, over = plan.over](BackgroundTask::End) { staged(*result, over); }))
        emit refused(cachecore::Error::of(cachecore::ErrorCode::OutOfMemory, cachecore::Operation::Stage, plan.over));
}

void PasteController::staged(const cachecore::Result<void> &result, cachecore::ByteRange range)
{
    if (!result) {
        emit refused(result.error());
        return;
    }
    emit told(tr("Pasted %1 at %2.").arg(sizeText(range.length()), hexText(range.begin().value())));
    emit pasted(range);
}

} // namespace cachet
