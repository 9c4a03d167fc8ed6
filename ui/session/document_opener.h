// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "ui/session/open_document.h"

#include <QObject>

#include <functional>
#include <memory>
#include <string>

namespace cachet {

/// Makes a source of what `path` (bytes) names. Blocking; called on a worker.
using SourceFactory
    = std::function<cachecore::Result<std::shared_ptr<cachecore::BlockSource>>(const std::string &path, bool readOnly)>;

/// The factory for files and devices of the operating system, and network block devices; see cachecore::openSource.
[[nodiscard]] SourceFactory systemSourceFactory(std::shared_ptr<cachecore::Env> env);

/// Opens one document on a worker, so that even an open() or stat() that never returns leaves the window alone.
/// Exactly one of the signals comes, on the GUI thread, unless the opener is destroyed before: then the worker is left
/// to itself and what it opens after all is closed again.
/// Thread: GUI.
class DocumentOpener final : public QObject {
    Q_OBJECT

public:
    struct Request {
        std::string path; ///< bytes
        bool readOnly = false;
        cachecore::DocumentOptions options;
    };

    DocumentOpener(SourceFactory factory, std::shared_ptr<cachecore::Env> env, QObject *parent = nullptr);
    ~DocumentOpener() override;

    /// Starts opening; call once.
    void start(Request request);

signals:
    void opened(const cachet::OpenDocument &document);
    void failed(const cachecore::Error &error);

private:
    class Reply;

    const SourceFactory m_factory;
    const std::shared_ptr<cachecore::Env> m_env;
    const std::shared_ptr<Reply> m_reply;
    const std::unique_ptr<PoolExecutor> m_pool;
};

} // namespace cachet
