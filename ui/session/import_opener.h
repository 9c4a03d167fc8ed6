// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "cachecore/edit/external_bytes.h"
#include "ui/session/pool_executor.h"

#include <QObject>

#include <memory>
#include <string>
#include <vector>

namespace cachet {

/// A file whose bytes are to be staged, and how it begins.
struct ImportedFile {
    std::string path; ///< bytes
    std::shared_ptr<const cachecore::ExternalBytes> bytes;
    std::vector<std::byte> head; ///< its first kHeadBytes, or all of it

    static constexpr std::uint64_t kHeadBytes = 16;
};

/// Opens files to import on a worker, so that one that does not answer leaves the window alone. One at a time.
/// Thread: GUI. Nothing here blocks.
class ImportOpener final : public QObject {
    Q_OBJECT

public:
    explicit ImportOpener(QObject *parent);
    ~ImportOpener() override;

    /// Starts opening `path` (bytes) for `document`; whatever was being opened before is forgotten.
    void start(std::shared_ptr<cachecore::Document> document, const std::string &path);
    /// Forgets it.
    void stop();
    [[nodiscard]] bool busy() const { return m_reply != nullptr; }

signals:
    void opened(const cachet::ImportedFile &file);
    void failed(const cachecore::Error &error);

private:
    class Reply;

    std::shared_ptr<Reply> m_reply;
    std::unique_ptr<PoolExecutor> m_pool;
};

} // namespace cachet
