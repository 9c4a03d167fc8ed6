// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/background_task.h"

#include <atomic>
#include <mutex>
#include <utility>

namespace cachet {

BackgroundTask::Context::~Context() = default;

/// One piece of work, shared with the worker.
class BackgroundTask::Job final : public Context, public std::enable_shared_from_this<BackgroundTask::Job> {
public:
    Job(BackgroundTask *task, Work work)
        : m_task(task)
        , m_work(std::move(work))
    {
    }

    /// Worker.
    void run()
    {
        m_work(*this);
        m_work = nullptr; // what it held goes here, not in the GUI thread
        tell(&BackgroundTask::jobEnded);
    }

    [[nodiscard]] std::stop_token stop() const override { return m_stop.get_token(); }

    void progress(std::uint64_t done, std::uint64_t total) override
    {
        m_done = done;
        m_total = total;
        if (!m_progressQueued.exchange(true))
            tell(&BackgroundTask::jobProgressed);
    }

    // GUI thread.
    void requestStop() { m_stop.request_stop(); }
    void progressShown() { m_progressQueued = false; }
    [[nodiscard]] std::uint64_t done() const { return m_done; }
    [[nodiscard]] std::uint64_t total() const { return m_total; }
    /// Nothing reaches the task any more.
    void detach()
    {
        const std::lock_guard lock(m_mutex);
        m_task = nullptr;
    }

private:
    void tell(void (BackgroundTask::*what)())
    {
        const std::lock_guard lock(m_mutex);
        if (!m_task)
            return;
        QMetaObject::invokeMethod(
            m_task,
            [task = m_task, what, self = weak_from_this()] {
                // A word of earlier work finds another one, or none.
                if (const auto job = self.lock(); job && job == task->m_job)
                    (task->*what)();
            },
            Qt::QueuedConnection);
    }

    std::mutex m_mutex; ///< guards m_task
    BackgroundTask *m_task;
    Work m_work; ///< of the worker
    std::stop_source m_stop;
    std::atomic<std::uint64_t> m_done = 0;
    std::atomic<std::uint64_t> m_total = 0;
    std::atomic<bool> m_progressQueued = false;
};

BackgroundTask::BackgroundTask(QString name, QObject *parent)
    : QObject(parent)
    , m_name(std::move(name))
{
    setObjectName(m_name + QStringLiteral("Task"));
    m_patience.setSingleShot(true);
    m_patience.setInterval(kPatienceMs);
    connect(&m_patience, &QTimer::timeout, this, &BackgroundTask::giveUp);
}

BackgroundTask::~BackgroundTask()
{
    forget();
}

bool BackgroundTask::start(Work work, Ended ended)
{
    if (m_job)
        return false;
    m_job = std::make_shared<Job>(this, std::move(work));
    m_ended = std::move(ended);
    m_pool = std::make_unique<PoolExecutor>(1, 0, m_name);
    if (m_pool->post([job = m_job] { job->run(); }))
        return true;
    forget();
    return false;
}

void BackgroundTask::cancel(Patience patience)
{
    if (!m_job)
        return;
    m_job->requestStop();
    if (patience == Patience::Bounded && !m_patience.isActive())
        m_patience.start();
}

void BackgroundTask::giveUp()
{
    if (!m_job)
        return;
    m_job->detach();
    end(End::GivenUp);
}

void BackgroundTask::forget()
{
    if (!m_job)
        return;
    m_patience.stop();
    m_job->requestStop();
    m_job->detach();
    m_job.reset();
    m_pool.reset();
    m_ended = nullptr;
}

std::uint64_t BackgroundTask::done() const
{
    return m_job ? m_job->done() : 0;
}

std::uint64_t BackgroundTask::total() const
{
    return m_job ? m_job->total() : 0;
}

void BackgroundTask::jobProgressed()
{
    m_job->progressShown();
    emit progressed();
}

void BackgroundTask::jobEnded()
{
    end(End::Finished);
}

void BackgroundTask::end(End how)
{
    m_patience.stop();
    m_job.reset();
    m_pool.reset();
    if (const auto ended = std::exchange(m_ended, nullptr))
        ended(how); // may start the next
}

} // namespace cachet
