// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "ui/session/pool_executor.h"

#include <QObject>

#include <memory>
#include <stop_token>
#include <string>

namespace cachet {

class MessageBar;
class StatusLine;

/// Writes copies of a document on a worker, with progress and Cancel in the status bar and the end in the message bar.
/// Thread: GUI. Nothing here blocks.
class CopyController final : public QObject {
    Q_OBJECT

public:
    CopyController(std::shared_ptr<cachecore::Env> env, MessageBar &messages, StatusLine &status, QObject *parent);
    ~CopyController() override;

    /// Starts writing `document` as it is now to the new file `path` (bytes), unless a copy is already running.
    void start(std::shared_ptr<cachecore::Document> document, const std::string &path);
    /// Asks the copy to stop; its end is told.
    void cancel();
    /// Cancels the copy and forgets it: nothing is told any more.
    void stop();
    [[nodiscard]] bool running() const { return m_job != nullptr; }

signals:
    void changed();         ///< running()
    void ended(bool saved); ///< a copy that was started has ended by itself or by Cancel

private:
    class Job;

    void showProgress();
    void finished();

    const std::shared_ptr<cachecore::Env> m_env;
    MessageBar &m_messages;
    StatusLine &m_status;
    std::shared_ptr<Job> m_job;
    std::unique_ptr<PoolExecutor> m_pool;
};

} // namespace cachet
