// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/source_watcher.h"

#include <mutex>
#include <utility>

namespace cachet {

namespace {

constexpr int kIntervalMs = 2000;

} // namespace

/// The way back from the worker; leads nowhere once the watcher is gone.
class SourceWatcher::Reply final {
public:
    explicit Reply(SourceWatcher *watcher)
        : m_watcher(watcher)
    {
    }

    void deliver(Answer answer)
    {
        const std::lock_guard lock(m_mutex);
        if (!m_watcher)
            return;
        QMetaObject::invokeMethod(
            m_watcher, [watcher = m_watcher, answer = std::move(answer)] { watcher->answered(answer); },
            Qt::QueuedConnection);
    }

    void detach()
    {
        const std::lock_guard lock(m_mutex);
        m_watcher = nullptr;
    }

private:
    std::mutex m_mutex; ///< guards m_watcher
    SourceWatcher *m_watcher;
};

SourceWatcher::SourceWatcher(std::shared_ptr<cachecore::Document> document, QObject *parent)
    : QObject(parent)
    , m_document(std::move(document))
    , m_reply(std::make_shared<Reply>(this))
    , m_pool(std::make_unique<PoolExecutor>(1, 0, QStringLiteral("size watcher")))
    , m_lastSize(m_document->sourceSize())
{
    setObjectName(QStringLiteral("sourceWatcher"));
    m_timer.setInterval(kIntervalMs);
    m_timer.setTimerType(Qt::CoarseTimer);
    connect(&m_timer, &QTimer::timeout, this, &SourceWatcher::checkNow);
    m_timer.start();
}

SourceWatcher::~SourceWatcher()
{
    m_reply->detach();
}

void SourceWatcher::checkNow()
{
    m_document->cached().noticeStalledReads();
    if (m_asking)
        return;
    m_asking = m_pool->post([document = m_document, reply = m_reply] {
        auto result = document->refreshSize();
        const std::uint64_t size = document->sourceSize();
        reply->deliver({std::move(result), size});
    });
}

void SourceWatcher::answered(const Answer &answer)
{
    m_asking = false;
    if (!answer.result) {
        if (!std::exchange(m_failing, true))
            emit failed(answer.result.error());
        return;
    }
    if (std::exchange(m_failing, false))
        emit recovered();
    const std::uint64_t before = std::exchange(m_lastSize, answer.size);
    if (answer.size < before)
        emit shrank(before, answer.size);
    else if (answer.size > before)
        emit grew(before, answer.size);
}

} // namespace cachet
