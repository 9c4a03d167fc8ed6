// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/import_opener.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace cachet {

namespace {

cachecore::Result<ImportedFile> openNow(cachecore::Document &document, const std::string &path)
{
    auto opened = document.openImport(path);
    if (!opened)
        return cachecore::failure(opened.error());
    ImportedFile file{path, std::move(*opened), {}};
    file.head.resize(static_cast<std::size_t>(std::min(file.bytes->size(), ImportedFile::kHeadBytes)));
    if (const auto read = file.bytes->read(0, file.head); !read)
        return cachecore::failure(read.error());
    return file;
}

} // namespace

/// The way back from the worker; leads nowhere once it is forgotten.
class ImportOpener::Reply final {
public:
    explicit Reply(ImportOpener *opener)
        : m_opener(opener)
    {
    }

    void deliver(cachecore::Result<ImportedFile> result, const std::shared_ptr<Reply> &self)
    {
        const std::lock_guard lock(m_mutex);
        if (!m_opener)
            return;
        QMetaObject::invokeMethod(
            m_opener,
            [opener = m_opener, result = std::move(result), self] {
                if (opener->m_reply != self)
                    return; // another was asked for meanwhile
                opener->m_reply.reset();
                if (result)
                    emit opener->opened(*result);
                else
                    emit opener->failed(result.error());
            },
            Qt::QueuedConnection);
    }

    void detach()
    {
        const std::lock_guard lock(m_mutex);
        m_opener = nullptr;
    }

private:
    std::mutex m_mutex; ///< guards m_opener
    ImportOpener *m_opener;
};

ImportOpener::ImportOpener(QObject *parent)
    : QObject(parent)
{
    setObjectName(QStringLiteral("importOpener"));
}

ImportOpener::~ImportOpener()
{
    stop();
}

void ImportOpener::start(std::shared_ptr<cachecore::Document> document, const std::string &path)
{
    stop();
    m_reply = std::make_shared<Reply>(this);
    m_pool = std::make_unique<PoolExecutor>(1, 0, QStringLiteral("import"));
    const bool posted = m_pool->post(
        [reply = m_reply, document = std::move(document), path] { reply->deliver(openNow(*document, path), reply); });
    if (!posted)
        m_reply->deliver(cachecore::failure(cachecore::ErrorCode::OutOfMemory, cachecore::Operation::Import), m_reply);
}

void ImportOpener::stop()
{
    if (m_reply)
        m_reply->detach();
    m_reply.reset();
    m_pool.reset();
}

} // namespace cachet
