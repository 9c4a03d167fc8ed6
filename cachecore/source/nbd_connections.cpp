// SPDX-License-Identifier: MIT
#include "cachecore/source/nbd_connections.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <new>
#include <utility>

namespace cachecore {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kFirstConnectionWait{30};
constexpr std::chrono::seconds kFurtherConnectionWait{2};
// What any server takes (the protocol's default), and what libnbd sends in one request.
constexpr std::uint32_t kLargestRequest = std::uint32_t{32} << 20;

Error errorNow()
{
    const int number = nbd_get_errno();
    return Error::fromErrno(number != 0 ? number : EIO, Operation::None);
}

/// 1 when the server did not say, or what it cannot mean.
std::uint32_t saidMinimumBlock(nbd_handle *handle)
{
    const std::int64_t said = nbd_get_block_size(handle, LIBNBD_SIZE_MINIMUM);
    const bool possible
        = said > 0 && said <= (std::int64_t{1} << 20) && std::has_single_bit(static_cast<std::uint64_t>(said));
    return possible ? static_cast<std::uint32_t>(said) : 1;
}

std::uint32_t saidLargestRequest(nbd_handle *handle, std::uint32_t unit)
{
    const std::int64_t said = nbd_get_block_size(handle, LIBNBD_SIZE_MAXIMUM);
    const auto bytes = said > 0 ? std::min<std::int64_t>(said, kLargestRequest) : kLargestRequest;
    return std::max(static_cast<std::uint32_t>(bytes) / unit * unit, unit);
}

Result<NbdExport> askExport(nbd_handle *handle)
{
    const std::int64_t size = nbd_get_size(handle);
    if (size < 0)
        return failure(errorNow());
    NbdExport target;
    target.size = static_cast<std::uint64_t>(size);
    target.minimumBlock = saidMinimumBlock(handle);
    target.largestRequest = saidLargestRequest(handle, target.minimumBlock);
    target.writable = nbd_is_read_only(handle) == 0;
    target.flushes = nbd_can_flush(handle) == 1;
    target.sharesWrites = nbd_can_multi_conn(handle) == 1;
    target.tellsStatus = nbd_can_meta_context(handle, LIBNBD_CONTEXT_BASE_ALLOCATION) == 1;
    return target;
}

/// Waits until the connection is made or refused.
Result<void> awaitConnection(nbd_handle *handle, std::chrono::seconds wait)
{
    const auto deadline = Clock::now() + wait;
    while (nbd_aio_is_connecting(handle) == 1) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0)
            return failure(Error::fromErrno(ETIMEDOUT, Operation::None));
        if (nbd_poll(handle, static_cast<int>(left)) < 0)
            return failure(errorNow());
    }
    if (nbd_aio_is_ready(handle) != 1)
        return failure(errorNow());
    return {};
}

Result<std::unique_ptr<NbdConnection>> connectTo(const std::string &uri, std::chrono::seconds wait)
{
    auto connection = std::make_unique<NbdConnection>();
    connection->handle.reset(nbd_create());
    nbd_handle *const handle = connection->handle.get();
    if (!handle || nbd_add_meta_context(handle, LIBNBD_CONTEXT_BASE_ALLOCATION) < 0
        || nbd_aio_connect_uri(handle, uri.c_str()) < 0)
        return failure(errorNow());
    if (auto made = awaitConnection(handle, wait); !made)
        return failure(made.error());
    auto target = askExport(handle);
    if (!target)
        return failure(target.error());
    connection->target = *target;
    return connection;
}

Result<std::unique_ptr<NbdConnection>> connectOrFail(const std::string &uri, std::chrono::seconds wait)
{
    try {
        return connectTo(uri, wait);
    } catch (const std::bad_alloc &) {
        return failure(Error::fromErrno(ENOMEM, Operation::None));
    }
}

} // namespace

bool NbdConnection::alive() const
{
    return nbd_aio_is_ready(handle.get()) == 1;
}

NbdConnections::NbdConnections(std::string uri, unsigned most, std::shared_ptr<std::atomic<std::uint64_t>> size)
    : m_uri(std::move(uri))
    , m_mostEver(most)
    , m_size(std::move(size))
    , m_allowed(most)
    , m_most(most)
{
    m_idle.reserve(most);
}

Result<NbdExport> NbdConnections::connect()
{
    auto connection = take();
    if (!connection)
        return failure(std::move(connection.error()));
    const NbdExport target = (*connection)->target;
    giveBack(std::move(*connection));
    return target;
}

void NbdConnections::useOne()
{
    const std::lock_guard lock(m_mutex);
    m_allowed = 1;
    m_most = 1;
}

Result<std::unique_ptr<NbdConnection>> NbdConnections::take()
{
    std::unique_lock lock(m_mutex);
    const std::uint64_t failuresBefore = m_failures;
    while (true) {
        if (!m_idle.empty()) {
            auto connection = std::move(m_idle.back());
            m_idle.pop_back();
            return connection;
        }
        // Who waited for a connection that could not be made need not wait as long again.
        if (m_made == 0 && m_failures != failuresBefore)
            return failure(m_lastFailure);
        if (m_made + m_making >= m_most) {
            m_freed.wait(lock);
            continue;
        }
        const auto wait = m_made > 0 ? kFurtherConnectionWait : kFirstConnectionWait;
        ++m_making;
        lock.unlock();
        auto made = connectOrFail(m_uri, wait);
        lock.lock();
        --m_making;
        if (made) {
            ++m_made;
            m_size->store((*made)->target.size, std::memory_order_relaxed);
            return made;
        }
        m_lastFailure = std::move(made.error());
        ++m_failures;
        // A server may take fewer connections than it could keep consistent: then those there are must do.
        m_most = m_made > 0 ? m_made : m_allowed;
        m_freed.notify_all();
    }
}

bool NbdConnections::giveBack(std::unique_ptr<NbdConnection> connection)
{
    const bool alive = connection->alive();
    {
        const std::lock_guard lock(m_mutex);
        if (alive) {
            m_idle.push_back(std::move(connection)); // has room
        } else {
            m_lostWrites = m_lostWrites || connection->unsynced;
            if (--m_made == 0)
                m_most = m_allowed;
        }
    }
    m_freed.notify_one();
    return alive;
}

Result<void> NbdConnections::sync()
{
    const auto flushed = run([](NbdConnection &connection) {
        const int result = nbd_flush(connection.handle.get(), 0);
        connection.unsynced = connection.unsynced && result < 0;
        return result;
    });
    const std::lock_guard lock(m_mutex);
    if (std::exchange(m_lostWrites, false))
        return failure(Error::fromErrno(EIO, Operation::None));
    if (!flushed)
        return failure(flushed.error());
    return {};
}

Error NbdConnections::lastError()
{
    return errorNow();
}

} // namespace cachecore
