// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/document_closer.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace cachet {

namespace {

constexpr std::chrono::milliseconds kGrace{250}; ///< for threads to be scheduled, beside the bound itself

} // namespace

struct DocumentCloser::State {
    std::mutex mutex; ///< guards closing and abandoned
    std::condition_variable ended;
    unsigned closing = 0;
    bool abandoned = false;
};

DocumentCloser::DocumentCloser()
    : m_state(std::make_shared<State>())
{
}

DocumentCloser::~DocumentCloser() = default;

void DocumentCloser::close(OpenDocument document)
{
    {
        const std::lock_guard lock(m_state->mutex);
        ++m_state->closing;
    }
    // Detached on purpose: even dropping the last reference closes a descriptor, which a hung disk may never finish.
    std::thread([state = m_state, open = std::move(document)]() mutable {
        const auto deadline = std::chrono::steady_clock::now() + kCloseBound;
        const auto left = [deadline] {
            return std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        };
        const cachecore::CloseOutcome outcome = open.document->close(kCloseBound);
        bool abandoned = outcome.abandonedReads > 0 || outcome.abandonedWrite;
        abandoned |= !open.loads->shutDown(left());
        abandoned |= !open.writes->shutDown(left());
        abandoned |= !open.log->shutDown(left());
        open = {};
        const std::lock_guard lock(state->mutex);
        state->abandoned |= abandoned;
        --state->closing;
        state->ended.notify_all();
    }).detach();
}

bool DocumentCloser::finish()
{
    const auto deadline = std::chrono::steady_clock::now() + kCloseBound + kGrace;
    std::unique_lock lock(m_state->mutex);
    const bool ended
        = m_state->ended.wait_until(lock, deadline, [state = m_state.get()] { return state->closing == 0; });
    if (!ended || m_state->abandoned)
        return false;
    // Pools of copies and size questions that were left to themselves: a cancelled copy still removes its file.
    return PoolExecutor::abandonedPools(
               std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()))
        == 0;
}

} // namespace cachet
