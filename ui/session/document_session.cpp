// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/document_session.h"

#include "cachecore/write/journal/journal_place.h"

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
        m_pending.recovery |= changes.recovery;
        if (std::exchange(m_awake, true))
            return;
        QMetaObject::invokeMethod(m_session, [session = m_session] { session->wake(); }, Qt::QueuedConnection);
    }

    /// Any thread: the work that was started has ended.
    template <typename Result>
    void ended(void (DocumentSession::*signal)(const Result &), Result result)
    {
        const std::lock_guard lock(m_mutex);
        if (!m_session)
            return;
        QMetaObject::invokeMethod(
            m_session, [session = m_session, signal, result = std::move(result)] { session->ended(signal, result); },
            Qt::QueuedConnection);
    }

    [[nodiscard]] bool awake() const
    {
        const std::lock_guard lock(m_mutex);
        return m_awake;
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
    mutable std::mutex m_mutex; ///< guards everything below
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

bool DocumentSession::upToDate() const
{
    return !m_relay->awake();
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
    if (changes.recovery)
        emit recoveryChanged();
    if (changes.size)
        emit sizeChanged();
    if (changes.edits)
        emit editsChanged();
    if (changes.pages)
        emit pagesChanged();
}

void DocumentSession::setWork(Work work)
{
    if (m_work == work)
        return;
    m_work = work;
    emit workChanged();
}

template <typename Result>
void DocumentSession::ended(void (DocumentSession::*signal)(const Result &), const Result &result)
{
    frame(); // what the work changed is told before its end
    m_work = Work::None;
    (this->*signal)(result); // may begin the next work
    if (m_work == Work::None)
        emit workChanged();
}

cachecore::Result<void> DocumentSession::started(Work work, cachecore::Result<void> result)
{
    if (result)
        setWork(work);
    return result;
}

void DocumentSession::commit()
{
    emit writeStarted();
    if (const auto free = checkFree(m_document->source().path()); !free) {
        tellUnlessStarted(free);
        return;
    }
    tellUnlessStarted(m_document->startCommit([relay = m_relay](cachecore::WriteOutcome outcome) {
        relay->ended(&DocumentSession::writeFinished, std::move(outcome));
    }));
}

void DocumentSession::persist(cachecore::ByteRange range)
{
    emit writeStarted();
    if (const auto free = checkFree(m_document->source().path()); !free) {
        tellUnlessStarted(free);
        return;
    }
    tellUnlessStarted(m_document->startPersist(range, [relay = m_relay](cachecore::WriteOutcome outcome) {
        relay->ended(&DocumentSession::writeFinished, std::move(outcome));
    }));
}

/// A write that could not even start ends like one that failed; what the writer is doing meanwhile goes on.
void DocumentSession::tellUnlessStarted(cachecore::Result<void> result)
{
    if (const auto begun = started(Work::Write, std::move(result)); !begun)
        QMetaObject::invokeMethod(
            this, [this, error = begun.error()] { emit writeFinished({{}, error}); }, Qt::QueuedConnection);
}

/// Work whose end has not been told yet counts as running: its end would be taken for that of the next.
cachecore::Result<void> DocumentSession::checkFree(const std::string &path) const
{
    if (m_work != Work::None)
        return cachecore::failure(cachecore::ErrorCode::Busy, cachecore::Operation::Plan, {}, path);
    return {};
}

cachecore::Result<void> DocumentSession::look(const std::string &journalPath)
{
    if (const auto free = checkFree(journalPath); !free)
        return free;
    return started(Work::Look, m_document->startLook(journalPath, [relay = m_relay](auto report) {
        relay->ended(&DocumentSession::lookFinished, std::move(report));
    }));
}

cachecore::Result<void> DocumentSession::settle(const std::string &journalPath, cachecore::RecoveryChoice choice,
                                                const cachecore::ForeignUnits &foreign)
{
    if (const auto free = checkFree(journalPath); !free)
        return free;
    return started(Work::Settle, m_document->startSettle(journalPath, choice, foreign, [relay = m_relay](auto report) {
        relay->ended(&DocumentSession::settleFinished, std::move(report));
    }));
}

cachecore::Result<void> DocumentSession::setAside(const std::string &journalPath)
{
    if (!journalPath.ends_with(cachecore::kJournalSuffix)) // another file would lose its name
        return cachecore::failure(cachecore::ErrorCode::InvalidArgument, cachecore::Operation::Recover, {},
                                  journalPath);
    if (const auto free = checkFree(journalPath); !free)
        return free;
    return started(Work::Settle, m_document->startSetAside(journalPath, [relay = m_relay](auto aside) {
        relay->ended(&DocumentSession::setAsideFinished, std::move(aside));
    }));
}

cachecore::Result<void> DocumentSession::restore(const std::string &logPath, cachecore::Document::ChangedBases changed)
{
    if (const auto free = checkFree(logPath); !free)
        return free;
    return started(Work::Restore, m_document->startRestore(logPath, changed, [relay = m_relay](auto report) {
        relay->ended(&DocumentSession::restoreFinished, std::move(report));
    }));
}

cachecore::Result<void> DocumentSession::forget(const std::string &logPath)
{
    if (const auto free = checkFree(logPath); !free)
        return free;
    return started(Work::Forget, m_document->startForget(logPath, [relay = m_relay](auto result) {
        relay->ended(&DocumentSession::forgetFinished, std::move(result));
    }));
}

} // namespace cachet
