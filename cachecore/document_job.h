// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/write_progress.h"
#include "cachecore/write/write_report.h"

#include <functional>
#include <memory>
#include <new>
#include <stop_token>
#include <utility>

namespace cachecore {

/// One piece of work for a document's writer, and telling its end. Everything that may need memory is made before it begins, so that
/// its end can always be told.
class WriterJob {
public:
    WriterJob() = default;
    WriterJob(const WriterJob &) = delete;
    WriterJob &operator=(const WriterJob &) = delete;
    virtual ~WriterJob() = default;

    /// Blocking; memory running out is an outcome like others.
    virtual void run(WriteProgress &progress, const std::stop_token &stop) = 0;
    /// Tells the outcome: when it was not run, that the document was closed before.
    virtual void tell() = 0;
};

template <typename Outcome>
class WriterJobOf final : public WriterJob {
public:
    using Work = std::move_only_function<Outcome(WriteProgress &progress, const std::stop_token &stop)>;
    using Done = std::move_only_function<void(Outcome)>;

    WriterJobOf(Work work, Done done, Error closed)
        : m_work(std::move(work))
        , m_done(std::move(done))
        , m_outcome(outcomeOf(std::move(closed)))
    {
    }

    void run(WriteProgress &progress, const std::stop_token &stop) override
    {
        try {
            m_outcome = m_work(progress, stop);
        } catch (const std::bad_alloc &) {
            m_outcome = outcomeOf(Error::of(ErrorCode::OutOfMemory, Operation::Write));
        }
    }
    void tell() override { m_done(std::move(m_outcome)); }

private:
    static Outcome outcomeOf(Error error)
    {
        if constexpr (std::is_same_v<Outcome, WriteOutcome>)
            return WriteOutcome({}, std::move(error));
        else
            return failure(std::move(error));
    }

    Work m_work;
    Done m_done;
    Outcome m_outcome;
};

} // namespace cachecore
