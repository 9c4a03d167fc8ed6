// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/document_session.h"

#include <QElapsedTimer>

#include <mutex>
#include <utility>

namespace cachet {

namespace {

constexpr int kFrameMs = 16;

} // namespace

/// What the engine's threads know of a session. Collects what changed and wakes the session once; after `detach`
/// nothing reaches it any more.
class DocumentSession::Relay final : public std::enable_shared_from_this<DocumentSession::Relay> {
public:
    explicit Relay(DocumentSession *session)
        : m_session(session)
    {
    }

    /// Any thread.
    void changed(cachecore::DocumentChanges changes)
    {
        const std::lock_guard lock(m_mutex);
        if (!m_session)
            return;
        m_pending.pages |= changes.pages;
        m_pending.edits |= changes.edits;
        m_pending.size |= changes.size;
        if (std::exchange(m_awake, true))
            return;
        QMetaObject::invokeMethod(m_session, [session = m_session] { session->wake(); }, Qt::QueuedConnection);
    }

    /// Any thread.
    void written(cachecore::Result<cachecore::WriteReport> result)
    {
        const std::lock_guard lock(m_mutex);
        if (!m_session)
            return;
        QMetaObject::invokeMethod(
            m_session,
            [session = m_session, result = std::move(result)] {
                session->frame(); // what the write changed is told before its end
                emit session->writeFinished(result);
            },
            Qt::QueuedConnection);
    }

    /// GUI thread: what came since the last call.
    cachecore::DocumentChanges take()
    {
        const std::lock_guard lock(m_mutex);
        m_awake = false;
        return std::exchange(m_pending, {});
    }

    /// GUI thread.
    void detach()
    {
        const std::lock_guard lock(m_mutex);
        m_session = nullptr;
    }

    /// GUI thread only: when the last frame was told.
    QElapsedTimer lastFrame;

private:
    std::mutex m_mutex; ///< guards everything below
    DocumentSession *m_session;
    cachecore::DocumentChanges m_pending;
    bool m_awake = false;
};

DocumentSession::DocumentSession(std::shared_ptr<cachecore::Document> document, QObject *parent)
    : QObject(parent)
    , m_document(std::move(document))
    , m_relay(std::make_shared<Relay>(this))
{
    setObjectName(QStringLiteral("documentSession"));
    m_frame.setSingleShot(true);
    m_frame.setTimerType(Qt::PreciseTimer);
    connect(&m_frame, &QTimer::timeout, this, &DocumentSession::frame);
    m_document->setObserver([relay = m_relay](cachecore::DocumentChanges changes) { relay->changed(changes); });
}

DocumentSession::~DocumentSession()
{
    m_relay->detach();
    m_document->setObserver({});
}

void DocumentSession::wake()
{
    // The first change after a quiet time is told at once; those that follow within a frame wait for its end.
    const qint64 since = m_relay->lastFrame.isValid() ? m_relay->lastFrame.elapsed() : kFrameMs;
    if (since >= kFrameMs)
        frame();
    else if (!m_frame.isActive())
        m_frame.start(kFrameMs - static_cast<int>(since));
}

void DocumentSession::frame()
{
    const auto changes = m_relay->take();
    m_frame.stop();
    m_relay->lastFrame.start();
    if (changes.size)
        emit sizeChanged();
    if (changes.edits)
        emit editsChanged();
    if (changes.pages)
        emit pagesChanged();
}

void DocumentSession::commit()
{
    emit writeStarted();
    const auto started = m_document->startCommit([relay = m_relay](auto result) { relay->written(std::move(result)); });
    if (!started)
        m_relay->written(cachecore::failure(started.error()));
}

void DocumentSession::persist(cachecore::ByteRange range)
{
    emit writeStarted();
    const auto started
        = m_document->startPersist(range, [relay = m_relay](auto result) { relay->written(std::move(result)); });
    if (!started)
        m_relay->written(cachecore::failure(started.error()));
}

} // namespace cachet
