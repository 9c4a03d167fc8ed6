// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/error.h"
#include "cachecore/write/write_report.h"

#include <QObject>
#include <QPointer>

#include <deque>
#include <utility>
#include <vector>

namespace cachet {

class DocumentSession;
class MessageBar;

/// Commits and persists on request, one write after the other, and says in the message bar how they ended.
/// Thread: GUI. Nothing here blocks.
class WriteController final : public QObject {
    Q_OBJECT

public:
    WriteController(MessageBar &messages, QObject *parent);

    void setSession(DocumentSession *session);
    void commit();
    /// Writes what is staged in each of `ranges`, in this order; stops at the first failure.
    void persist(const std::vector<cachecore::ByteRange> &ranges);

    /// Stops what the writer does; ranges that have not begun are left alone.
    void cancel();
    /// The range being written, from 1, and of how many that were asked for; of 0 when it is none of several.
    [[nodiscard]] std::pair<std::size_t, std::size_t> position() const;

signals:
    /// A passing remark: what was written.
    void told(const QString &sentence);
    /// What became of each range, one line each.
    void detailsWanted(const QString &details);

private:
    void next();
    void begin();
    void tellEnd(const cachecore::Error &error);
    void finished(const cachecore::WriteOutcome &outcome);

    MessageBar &m_messages;
    QPointer<DocumentSession> m_session;
    std::deque<cachecore::ByteRange> m_waiting;
    std::size_t m_asked = 0; ///< ranges of the request
    bool m_cancelled = false;
    cachecore::WriteReport m_report; ///< of all that was written since the request
};

} // namespace cachet
