// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/copy_controller.h"

#include "app/message_bar.h"
#include "app/progress_part.h"
#include "app/status_line.h"
#include "cachecore/scan/save_copy.h"
#include "ui/formats/format_text.h"
#include "ui/session/error_text.h"
#include "ui/session/range_encoding.h"
#include "ui/session/write_text.h"

#include <utility>

namespace cachet {

namespace {

using Severity = MessageBar::Severity;

const QString kKey = QStringLiteral("copy");

} // namespace

CopyController::CopyController(std::shared_ptr<cachecore::Env> env, MessageBar &messages, StatusLine &status,
                               QObject *parent)
    : QObject(parent)
    , m_env(std::move(env))
    , m_messages(messages)
    , m_status(status)
    , m_task(QStringLiteral("copy"), nullptr)
{
    setObjectName(QStringLiteral("copyController"));
    connect(&m_status.copyProgress(), &ProgressPart::cancelClicked, this, &CopyController::cancel);
    connect(&m_task, &BackgroundTask::progressed, this, [this] { showProgress(m_task.done(), m_task.total()); });
}

CopyController::~CopyController() = default;

void CopyController::start(std::shared_ptr<cachecore::Document> document, const std::string &path)
{
    if (running())
        return;
    Words words{tr("Copying"),
                tr("Stop the copy; nothing of it is kept"),
                {},
                tr("The copy to %1 was cancelled; nothing of it was kept."),
                tr("The copy to %1 was not saved. %2")};
    words.done = [](const QString &name, std::uint64_t size) {
        return tr("Saved a copy of %1 as %2; the original is unchanged.").arg(sizeText(size), name);
    };
    const std::shared_ptr<cachecore::Snapshot> snapshot(document->snapshot());
    begin(path, std::move(words), snapshot->size(),
          [snapshot, env = m_env, path](BackgroundTask::Context &context) -> cachecore::Result<std::uint64_t> {
              const auto progress = [&context](std::uint64_t done, std::uint64_t of) { context.progress(done, of); };
              const auto saved = cachecore::saveCopy(*snapshot, *env, path, progress, context.stop());
              if (!saved)
                  return cachecore::failure(saved.error());
              return saved->size;
          });
}

void CopyController::startExport(std::shared_ptr<cachecore::Document> document, const std::string &path,
                                 cachecore::ByteRange range, const EncodeOptions &options)
{
    if (running())
        return;
    Words words{tr("Exporting"),
                tr("Stop the export; nothing of it is kept"),
                {},
                tr("The export to %1 was cancelled; nothing of it was kept."),
                tr("Nothing was exported to %1. %2")};
    words.patience = BackgroundTask::Patience::Bounded;
    words.done = [range, format = options.format](const QString &name, std::uint64_t size) {
        return tr("Exported %1 as %2 to %3, a file of %4.")
            .arg(rangeText(range), formatInSentence(format), name, sizeText(size));
    };
    const std::shared_ptr<cachecore::Snapshot> snapshot(document->snapshot());
    begin(path, std::move(words), range.length(),
          [snapshot, env = m_env, path, range, options](BackgroundTask::Context &context) {
              const auto progress = [&context](std::uint64_t done, std::uint64_t of) { context.progress(done, of); };
              return exportRange(*snapshot, *env, path, range, options, progress, context.stop());
          });
}

void CopyController::begin(const std::string &path, Words words, std::uint64_t total, Writing writing)
{
    m_messages.dismiss(kKey);
    m_words = std::move(words);
    m_path = path;
    auto result = std::make_shared<cachecore::Result<std::uint64_t>>();
    const auto work
        = [result, writing = std::move(writing)](BackgroundTask::Context &context) { *result = writing(context); };
    showProgress(0, total);
    const auto ended = [this, result](BackgroundTask::End how) {
        if (how == BackgroundTask::End::Finished)
            finished(*result);
        else
            givenUp();
    };
    if (!m_task.start(work, ended))
        finished(cachecore::failure(cachecore::ErrorCode::OutOfMemory, cachecore::Operation::Write, {}, path));
    emit changed();
}

void CopyController::cancel()
{
    m_task.cancel(m_words.patience);
}

void CopyController::stop()
{
    if (!running())
        return;
    m_task.forget();
    m_status.copyProgress().hide();
    emit changed();
}

void CopyController::showProgress(std::uint64_t done, std::uint64_t total)
{
    m_status.copyProgress().show({m_words.doing, bytesText(done, total), done, total, QString(), m_words.cancelTip});
}

void CopyController::givenUp()
{
    m_status.copyProgress().hide();
    m_messages.show(kKey, Severity::Warning,
                    tr("The export to %1 was given up, because the disk does not answer. Its temporary file goes when "
                       "the disk does.")
                        .arg(displayPath(m_path)));
    emit changed();
    emit ended(false);
}

void CopyController::finished(const cachecore::Result<std::uint64_t> &result)
{
    m_status.copyProgress().hide();
    const QString name = displayPath(m_path);
    if (result)
        m_messages.show(kKey, Severity::Information, m_words.done(name, *result));
    else if (result.error().code == cachecore::ErrorCode::Cancelled)
        m_messages.show(kKey, Severity::Information, m_words.cancelled.arg(name));
    else
        m_messages.show(kKey, Severity::Error, m_words.failed.arg(name, errorText(result.error())));
    emit changed();
    emit ended(result.has_value());
}

} // namespace cachet
