// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "ui/formats/byte_format.h"
#include "ui/session/background_task.h"

#include <QObject>

#include <functional>
#include <memory>
#include <string>

namespace cachet {

class MessageBar;
class StatusLine;

/// Writes copies of a document, and of ranges of it in other formats, on a worker, with progress and Cancel in the status bar and the
/// end in the message bar. One at a time.
/// Thread: GUI. Nothing here blocks.
class CopyController final : public QObject {
    Q_OBJECT

public:
    CopyController(std::shared_ptr<cachecore::Env> env, MessageBar &messages, StatusLine &status, QObject *parent);
    ~CopyController() override;

    /// Starts writing `document` as it is now to the new file `path` (bytes), unless a copy is already running.
    void start(std::shared_ptr<cachecore::Document> document, const std::string &path);
    /// The same for the bytes of `range` in a format.
    void startExport(std::shared_ptr<cachecore::Document> document, const std::string &path, cachecore::ByteRange range,
                     const EncodeOptions &options);
    /// Asks the copy to stop; its end is told.
    void cancel();
    /// Cancels the copy and forgets it: nothing is told any more.
    void stop();
    [[nodiscard]] bool running() const { return m_task.running(); }

signals:
    void changed();         ///< running()
    void ended(bool saved); ///< a copy that was started has ended by itself or by Cancel

private:
    /// What is said of one copy. Sentences have %1 for the name of its file.
    struct Words {
        QString doing;
        QString cancelTip;
        std::function<QString(const QString &name, std::uint64_t size)> done; ///< the size of the file
        QString cancelled;
        QString failed;                                                        ///< %2: why
        BackgroundTask::Patience patience = BackgroundTask::Patience::Endless; ///< with one that is cancelled
    };
    /// Writes the file; returns its size. Worker.
    using Writing = std::function<cachecore::Result<std::uint64_t>(BackgroundTask::Context &)>;

    void begin(const std::string &path, Words words, std::uint64_t total, Writing writing);
    void showProgress(std::uint64_t done, std::uint64_t total);
    void givenUp();
    void finished(const cachecore::Result<std::uint64_t> &result);

    const std::shared_ptr<cachecore::Env> m_env;
    MessageBar &m_messages;
    StatusLine &m_status;
    BackgroundTask m_task;
    Words m_words;
    std::string m_path; ///< bytes
};

} // namespace cachet
