// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/copy_controller.h"

#include "app/message_bar.h"
#include "app/progress_part.h"
#include "app/status_line.h"
#include "cachecore/scan/save_copy.h"
#include "ui/session/error_text.h"
#include "ui/session/write_text.h"

#include <atomic>
#include <mutex>
#include <utility>

namespace cachet {

namespace {

using Severity = MessageBar::Severity;

const QString kKey = QStringLiteral("copy");

QString cancelText()
{
    return CopyController::tr("Stop the copy; nothing of it is kept");
}

} // namespace

/// One copy, shared with the worker, which may outlive the controller.
class CopyController::Job final : public std::enable_shared_from_this<CopyController::Job> {
public:
    Job(CopyController *controller, std::shared_ptr<cachecore::Snapshot> snapshot, std::shared_ptr<cachecore::Env> env,
        std::string path)
        : m_controller(controller)
        , m_snapshot(std::move(snapshot))
        , m_env(std::move(env))
        , m_path(std::move(path))
    {
    }

    /// Worker.
    void run()
    {
        const auto progress = [this](std::uint64_t bytes, std::uint64_t of) {
            done = bytes;
            total = of;
            if (!m_progressQueued.exchange(true))
                tell(&CopyController::showProgress);
        };
        result = cachecore::saveCopy(*m_snapshot, *m_env, m_path, progress, m_stop.get_token());
        m_snapshot.reset();
        tell(&CopyController::finished);
    }

    void requestStop() { m_stop.request_stop(); }
    void progressShown() { m_progressQueued = false; }
    [[nodiscard]] const std::string &path() const { return m_path; }

    /// GUI thread: nothing reaches the controller any more.
    void detach()
    {
        const std::lock_guard lock(m_mutex);
        m_controller = nullptr;
    }

    std::atomic<std::uint64_t> done = 0;
    std::atomic<std::uint64_t> total = 0;
    cachecore::Result<cachecore::CopyReport> result; ///< written before `finished` is queued, read after

private:
    void tell(void (CopyController::*what)())
    {
        const std::lock_guard lock(m_mutex);
        if (!m_controller)
            return;
        QMetaObject::invokeMethod(
            m_controller,
            [controller = m_controller, what, self = weak_from_this()] {
                // A word of an earlier copy finds another one, or none.
                if (const auto job = self.lock(); job && job == controller->m_job)
                    (controller->*what)();
            },
            Qt::QueuedConnection);
    }

    std::mutex m_mutex; ///< guards m_controller
    CopyController *m_controller;
    std::shared_ptr<cachecore::Snapshot> m_snapshot;
    const std::shared_ptr<cachecore::Env> m_env;
    const std::string m_path;
    std::stop_source m_stop;
    std::atomic<bool> m_progressQueued = false;
};

CopyController::CopyController(std::shared_ptr<cachecore::Env> env, MessageBar &messages, StatusLine &status,
                               QObject *parent)
    : QObject(parent)
    , m_env(std::move(env))
    , m_messages(messages)
    , m_status(status)
{
    setObjectName(QStringLiteral("copyController"));
    connect(&m_status.copyProgress(), &ProgressPart::cancelClicked, this, &CopyController::cancel);
}

CopyController::~CopyController()
{
    if (m_job) {
        m_job->requestStop();
        m_job->detach();
    }
}

void CopyController::start(std::shared_ptr<cachecore::Document> document, const std::string &path)
{
    if (m_job)
        return;
    m_messages.dismiss(kKey);
    m_job = std::make_shared<Job>(this, std::shared_ptr<cachecore::Snapshot>(document->snapshot()), m_env, path);
    m_pool = std::make_unique<PoolExecutor>(1, 0, QStringLiteral("copy"));
    m_status.copyProgress().show(
        {tr("Copying"), bytesText(0, document->size()), 0, document->size(), QString(), cancelText()});
    if (!m_pool->post([job = m_job] { job->run(); }))
        stop();
    emit changed();
}

void CopyController::cancel()
{
    if (m_job)
        m_job->requestStop();
}

void CopyController::stop()
{
    if (!m_job)
        return;
    m_job->requestStop();
    m_job->detach();
    m_job.reset();
    m_pool.reset();
    m_status.copyProgress().hide();
    emit changed();
}

void CopyController::showProgress()
{
    m_job->progressShown();
    m_status.copyProgress().show(
        {tr("Copying"), bytesText(m_job->done, m_job->total), m_job->done, m_job->total, QString(), cancelText()});
}

void CopyController::finished()
{
    const std::shared_ptr<Job> job = std::exchange(m_job, nullptr);
    m_pool.reset();
    m_status.copyProgress().hide();
    const QString name = displayPath(job->path());
    if (job->result)
        m_messages.show(
            kKey, Severity::Information,
            tr("Saved a copy of %1 as %2; the original is unchanged.").arg(sizeText(job->result->size), name));
    else if (job->result.error().code == cachecore::ErrorCode::Cancelled)
        m_messages.show(kKey, Severity::Information,
                        tr("The copy to %1 was cancelled; nothing of it was kept.").arg(name));
    else
        m_messages.show(kKey, Severity::Error,
                        tr("The copy to %1 was not saved. %2").arg(name, errorText(job->result.error())));
    emit changed();
    emit ended(job->result.has_value());
}

} // namespace cachet
