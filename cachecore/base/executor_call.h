// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/error.h"
#include "cachecore/base/executor.h"

#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace cachecore {

/// A call that is owed to somebody, to be made once on an executor of their choice.
/// Thread: any, but made by one.
template <typename Outcome>
class ExecutorCall : public std::enable_shared_from_this<ExecutorCall<Outcome>> {
public:
    using Done = std::move_only_function<void(Outcome)>;

    /// Nothing without memory: then `done` has been called, here and now, with OutOfMemory.
    [[nodiscard]] static std::shared_ptr<ExecutorCall> make(std::shared_ptr<Executor> on, Done &done)
    {
        try {
            return std::make_shared<ExecutorCall>(std::move(on), std::move(done));
        } catch (const std::bad_alloc &) {
            done(failure(ErrorCode::OutOfMemory, Operation::Read));
            return nullptr;
        }
    }
    ExecutorCall(std::shared_ptr<Executor> on, Done done)
        : m_on(std::move(on))
        , m_done(std::move(done))
    {
    }

    /// Queues the call; without memory to queue it, it is made at once. An executor that takes no more work destroys it uncalled.
    void post(Outcome outcome)
    {
        m_outcome.emplace(std::move(outcome));
        try {
            (void)m_on->post([self = this->shared_from_this()] { self->m_done(std::move(*self->m_outcome)); });
        } catch (const std::bad_alloc &) {
            m_done(std::move(*m_outcome));
        }
    }
    /// Makes the call at once, for one who is on the executor already.
    void runHere(Outcome outcome) { m_done(std::move(outcome)); }

private:
    const std::shared_ptr<Executor> m_on;
    Done m_done;
    std::optional<Outcome> m_outcome;
};

} // namespace cachecore
