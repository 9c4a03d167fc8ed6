// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/document_opener.h"

#include "cachecore/source/open_source.h"

#include <mutex>
#include <utility>

namespace cachet {

namespace {

constexpr unsigned kLoadWorkers = 4;
constexpr unsigned kStuckLoadWorkers = 8;

cachecore::Result<OpenDocument> openNow(const SourceFactory &factory, const std::shared_ptr<cachecore::Env> &env,
                                        const DocumentOpener::Request &request)
{
    auto source = factory(request.path, request.readOnly);
    if (!source)
        return cachecore::failure(source.error());
    OpenDocument open;
    open.loads = std::make_shared<PoolExecutor>(kLoadWorkers, kStuckLoadWorkers, QStringLiteral("page loads"));
    open.writes = std::make_shared<PoolExecutor>(1, 0, QStringLiteral("writer"));
    open.log = std::make_shared<PoolExecutor>(1, 0, QStringLiteral("recovery log"));
    auto document
        = cachecore::Document::create(std::move(*source), request.options, {open.loads, open.writes, open.log}, env);
    if (!document)
        return cachecore::failure(document.error());
    open.document = std::move(*document);
    return open;
}

} // namespace

SourceFactory systemSourceFactory(std::shared_ptr<cachecore::Env> env)
{
    return [env = std::move(env)](const std::string &path,
                                  bool readOnly) -> cachecore::Result<std::shared_ptr<cachecore::BlockSource>> {
        using Access = cachecore::FileSource::Access;
        return cachecore::openSource(env, path, readOnly ? Access::ReadOnly : Access::WriteIfPermitted);
    };
}

/// The way back from the worker; leads nowhere once the opener is gone.
class DocumentOpener::Reply final {
public:
    explicit Reply(DocumentOpener *opener)
        : m_opener(opener)
    {
    }

    void deliver(cachecore::Result<OpenDocument> result)
    {
        const std::lock_guard lock(m_mutex);
        if (!m_opener)
            return;
        QMetaObject::invokeMethod(
            m_opener,
            [opener = m_opener, result = std::move(result)] {
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
    DocumentOpener *m_opener;
};

DocumentOpener::DocumentOpener(SourceFactory factory, std::shared_ptr<cachecore::Env> env, QObject *parent)
    : QObject(parent)
    , m_factory(std::move(factory))
    , m_env(std::move(env))
    , m_reply(std::make_shared<Reply>(this))
    , m_pool(std::make_unique<PoolExecutor>(1, 0, QStringLiteral("opener")))
{
    setObjectName(QStringLiteral("documentOpener"));
}

DocumentOpener::~DocumentOpener()
{
    m_reply->detach();
}

void DocumentOpener::start(Request request)
{
    // The task holds copies of all it needs: the opener may be gone before it ends.
    const bool posted = m_pool->post([factory = m_factory, env = m_env, reply = m_reply, request = std::move(request)] {
        reply->deliver(openNow(factory, env, request));
    });
    if (!posted)
        m_reply->deliver(cachecore::failure(cachecore::ErrorCode::Closed, cachecore::Operation::Open));
}

} // namespace cachet
