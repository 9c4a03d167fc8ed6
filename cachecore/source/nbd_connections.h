// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/error.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <libnbd.h>

namespace cachecore {

/// What a server said of its export.
struct NbdExport {
    std::uint64_t size = 0;           ///< bytes
    std::uint32_t minimumBlock = 1;   ///< bytes; requests begin and end at multiples of it
    std::uint32_t largestRequest = 0; ///< bytes of one read or write, a multiple of minimumBlock
    bool writable = false;
    bool flushes = false;
    bool sharesWrites = false; ///< every connection sees what another wrote, and a flush on one is one for all
    bool tellsStatus = false;  ///< it answers which parts are holes
};

/// One connection to a server.
struct NbdConnection {
    struct Close {
        void operator()(nbd_handle *handle) const { nbd_close(handle); }
    };
    std::unique_ptr<nbd_handle, Close> handle;
    NbdExport target;
    bool unsynced = false; ///< something was written through it since it was flushed

    [[nodiscard]] bool alive() const;
};

/// Connections to one export: made when they are needed, used by one request each, given back after it.
///
/// Invariants: never more than `most`; a broken one is not handed out again once that is known, and its request is made anew through another; that a connection broke which had
/// written and not been flushed is remembered until sync has reported it.
/// Thread: any. Who writes must not use more than one connection: a flush speaks for its own connection alone.
class NbdConnections {
public:
    /// None yet; `most` at a time, at least 1. `size` is what size() gives: who has connected last, here or elsewhere, says it.
    NbdConnections(std::string uri, unsigned most, std::shared_ptr<std::atomic<std::uint64_t>> size);

    /// Makes one, when there is none, and returns what the server says of the export. Blocking: at most half a minute for the connection.
    [[nodiscard]] Result<NbdExport> connect();

    /// From now on one at a time. Only when there is no more than one.
    void useOne();

    /// Calls `request` with a connection: waits for a free one, or makes another. `request` returns 0 or more, or -1 as libnbd does. The error has code and errno only.
    /// Blocking.
    template <typename Request>
    [[nodiscard]] Result<std::int64_t> run(const Request &request)
    {
        // All those that were idle may have broken together.
        for (unsigned attempt = 0;; ++attempt) {
            auto connection = take();
            if (!connection)
                return failure(std::move(connection.error()));
            const std::int64_t result = request(**connection);
            if (result >= 0) {
                giveBack(std::move(*connection));
                return result;
            }
            const Error error = lastError();
            if (giveBack(std::move(*connection)) || attempt == m_mostEver)
                return failure(error);
        }
    }

    /// Flushes what was written. Errors: what the server says; Io when writes were lost with a connection since the last call. Blocking.
    [[nodiscard]] Result<void> sync();

    /// Bytes, as the server said when a connection was made last.
    [[nodiscard]] std::uint64_t size() const { return m_size->load(std::memory_order_relaxed); }
    [[nodiscard]] const std::shared_ptr<std::atomic<std::uint64_t>> &sharedSize() const { return m_size; }

private:
    [[nodiscard]] Result<std::unique_ptr<NbdConnection>> take();
    /// False when it is broken.
    bool giveBack(std::unique_ptr<NbdConnection> connection);
    [[nodiscard]] static Error lastError();

    const std::string m_uri;
    const unsigned m_mostEver;
    const std::shared_ptr<std::atomic<std::uint64_t>> m_size;

    std::mutex m_mutex; ///< guards what follows
    std::condition_variable m_freed;
    std::vector<std::unique_ptr<NbdConnection>> m_idle; ///< has room for all of them
    unsigned m_made = 0;                                ///< idle and in use
    unsigned m_making = 0;                              ///< being made
    unsigned m_allowed;                                 ///< at most, as the server says
    unsigned m_most;     ///< at most, as the server gives; m_allowed again when none is left
    Error m_lastFailure; ///< to make one
    std::uint64_t m_failures = 0;
    bool m_lostWrites = false; ///< a connection broke with what was written through it since a flush
};

} // namespace cachecore
