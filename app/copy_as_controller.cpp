// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/copy_as_controller.h"

#include "app/clipboard_task.h"
#include "app/message_bar.h"
#include "ui/formats/clipboard_bytes.h"
#include "ui/formats/format_text.h"
#include "ui/session/error_text.h"
#include "ui/session/range_encoding.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QMimeData>

#include <new>

namespace cachet {

namespace {

using Severity = MessageBar::Severity;

const QString kKey = QStringLiteral("copyRefused");

} // namespace

/// Shared with the worker.
struct CopyAsController::Copied {
    cachecore::ByteRange range;
    ByteFormat format = ByteFormat::HexText;
    QByteArray raw; ///< with ByteFormat::Raw
    QString text;   ///< with all others
    cachecore::Result<void> result;
};

CopyAsController::CopyAsController(ClipboardTask &task, MessageBar &messages, QObject *parent)
    : QObject(parent)
    , m_task(task)
    , m_messages(messages)
{
    setObjectName(QStringLiteral("copyAsController"));
}

void CopyAsController::copy(const std::shared_ptr<cachecore::Document> &document, cachecore::ByteRange range,
                            ByteFormat format)
{
    if (range.empty())
        return;
    if (range.length() > kMaxBytes) {
        refuseTooLong(range, format);
        return;
    }
    const auto copied = std::make_shared<Copied>();
    copied->range = range;
    copied->format = format;
    const auto work = [copied, snapshot = std::shared_ptr<cachecore::Snapshot>(document->snapshot())](
                          BackgroundTask::Context &context) {
        const EncodeOptions options{copied->format, 0, 0, false, "data"};
        const auto sink = [&copied](std::string_view text) -> cachecore::Result<void> {
            const auto size = static_cast<qsizetype>(text.size());
            try {
                if (copied->format == ByteFormat::Raw)
                    copied->raw.append(text.data(), size);
                else
                    copied->text.append(QLatin1StringView(text.data(), size));
            } catch (const std::bad_alloc &) {
                return cachecore::failure(cachecore::ErrorCode::OutOfMemory, cachecore::Operation::Read, copied->range);
            }
            return {};
        };
        const auto progress = [&context](std::uint64_t done, std::uint64_t total) { context.progress(done, total); };
        copied->result = encodeRange(*snapshot, copied->range, options, sink, progress, context.stop());
    };
    m_messages.dismiss(kKey);
    if (!m_task.start(tr("Copying"), tr("Stop; the clipboard stays as it is"), true, work,
                      [this, copied](BackgroundTask::End how) {
                          if (how == BackgroundTask::End::Finished
                              && (copied->result || copied->result.error().code != cachecore::ErrorCode::Cancelled))
                              finished(*copied);
                          else
                              emit told(tr("The copy was cancelled; the clipboard is as it was."));
                      }))
        m_messages.show(
            kKey, Severity::Warning,
            tr("Nothing was copied: the clipboard is still busy. Wait, or cancel what it is doing in the status bar."));
}

void CopyAsController::refuseTooLong(cachecore::ByteRange range, ByteFormat format)
{
    m_messages.show(kKey, Severity::Warning,
                    tr("Nothing was copied: the selection holds %1, the clipboard takes at most %2. Export it to a "
                       "file, or select less.")
                        .arg(sizeText(range.length()), shortSizeText(kMaxBytes)),
                    {tr("Export…"), [this, format] {
                         m_messages.dismiss(kKey);
                         emit exportWanted(format);
                     }});
}

void CopyAsController::finished(const Copied &copied)
{
    if (!copied.result) {
        m_messages.show(kKey, Severity::Warning, tr("Nothing was copied. %1").arg(errorText(copied.result.error())));
        return;
    }
    if (copied.format == ByteFormat::Raw)
        QGuiApplication::clipboard()->setMimeData(clipboardData(copied.raw).release());
    else
        QGuiApplication::clipboard()->setText(copied.text);
    emit told(tr("Copied %1 as %2.").arg(shortSizeText(copied.range.length()), formatInSentence(copied.format)));
}

} // namespace cachet
