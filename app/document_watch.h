// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/cache/page.h"

#include <QObject>
#include <QPointer>

#include <cstdint>
#include <memory>
#include <optional>

namespace cachecore {
class PageStates;
struct Error;
} // namespace cachecore

namespace cachet {

class DocumentSession;
class MessageBar;
class SourceWatcher;

/// Says in the message bar what happens to an open source: bytes that cannot be read (one sentence, however many), a file
/// that shrinks or grows, a disk that does not tell its size.
/// Thread: GUI. Nothing here blocks.
class DocumentWatch final : public QObject {
    Q_OBJECT

public:
    DocumentWatch(MessageBar &messages, QObject *parent);
    ~DocumentWatch() override;

    /// Watches `session`; null ends it.
    void setSession(DocumentSession *session);
    /// Asks for the size now.
    void checkNow();

signals:
    void goToRequested(cachecore::ByteOffset offset);

private:
    void checkReads();
    void shrank(std::uint64_t from, std::uint64_t to);
    void grew(std::uint64_t from, std::uint64_t to);

    MessageBar &m_messages;
    QPointer<DocumentSession> m_session;
    std::unique_ptr<SourceWatcher> m_watcher;
    std::uint64_t m_failedPages = 0;
};

/// The first page in state Failed, or nothing. O(log pages).
[[nodiscard]] std::optional<cachecore::PageIndex> firstFailedPage(const cachecore::PageStates &states);

} // namespace cachet
