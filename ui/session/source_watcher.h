// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "ui/session/pool_executor.h"

#include <QObject>
#include <QTimer>

#include <memory>
#include <optional>

namespace cachet {

/// Asks the source for its size every two seconds and tells when it changed. One question at a time: while a hung disk
/// does not answer, no other is asked.
/// Thread: GUI. Nothing here blocks.
class SourceWatcher final : public QObject {
    Q_OBJECT

public:
    explicit SourceWatcher(std::shared_ptr<cachecore::Document> document, QObject *parent = nullptr);
    ~SourceWatcher() override;

    /// Asks now, unless a question is open.
    void checkNow();

signals:
    void shrank(quint64 fromBytes, quint64 toBytes);
    void grew(quint64 fromBytes, quint64 toBytes);
    /// The size could not be learnt; told once until it can be again.
    void failed(const cachecore::Error &error);
    void recovered();

private:
    class Reply;
    struct Answer {
        cachecore::Result<void> result;
        std::uint64_t size = 0;
    };

    void answered(const Answer &answer);

    const std::shared_ptr<cachecore::Document> m_document;
    const std::shared_ptr<Reply> m_reply;
    const std::unique_ptr<PoolExecutor> m_pool;
    QTimer m_timer;
    std::uint64_t m_lastSize;
    bool m_asking = false;
    bool m_failing = false;
};

} // namespace cachet
