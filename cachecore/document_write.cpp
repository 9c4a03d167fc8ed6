// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"
#include "cachecore/write/journal/protocol_step.h"

#include <algorithm>
#include <future>
#include <new>
#include <utility>

// How work comes to the writer and back.

namespace cachecore {

/// One job of the writer from its start to its end, also when its task is destroyed unrun.
class Document::Impl::WriteTicket {
public:
    explicit WriteTicket(std::shared_ptr<Impl> impl)
        : m_impl(std::move(impl))
    {
    }
    WriteTicket(WriteTicket &&) = default;
    WriteTicket(const WriteTicket &) = delete;
    WriteTicket &operator=(const WriteTicket &) = delete;
    WriteTicket &operator=(WriteTicket &&) = delete;
    ~WriteTicket() { end(); }

    [[nodiscard]] Impl &impl() const { return *m_impl; }
    void end()
    {
        if (const auto impl = std::exchange(m_impl, nullptr))
            impl->endWrite();
    }

private:
    std::shared_ptr<Impl> m_impl;
};

bool Document::Impl::writing() const
{
    const std::lock_guard lock(m_editMutex);
    return m_writing != Writing::No;
}

bool Document::Impl::closed() const
{
    const std::lock_guard lock(m_editMutex);
    return m_closed;
}

void Document::Impl::cancelWrite()
{
    const std::lock_guard lock(m_editMutex);
    if (m_writing != Writing::No)
        m_stop.request_stop();
}

std::shared_ptr<const WriteProgress> Document::Impl::writeProgress() const
{
    const std::lock_guard lock(m_editMutex);
    return m_progress;
}

/// Queues `job`, or says why it cannot be. `frozen` gets the edits of the moment from which on staging counts as meanwhile.
Result<void> Document::Impl::startOnWriter(Needs needs, ByteRange range, std::shared_ptr<WriterJob> job,
                                           StagedEdits *frozen)
{
    auto progress = std::make_shared<WriteProgress>();
    std::stop_source stop;
    std::optional<WriteTicket> ticket;
    {
        const std::lock_guard lock(m_editMutex);
        if (m_closed)
            return failure(ErrorCode::Closed, Operation::Plan, range, m_source->path());
        if (m_writing != Writing::No)
            return failure(ErrorCode::Busy, Operation::Plan, range, m_source->path());
        if (needs == Needs::Settled && !m_unsettled.empty() && !leftOut(ProtocolStep::RefuseUnsettled))
            return failure(ErrorCode::NeedsRecovery, Operation::Plan, range, m_unsettled.front().journal.path);
        forgetStaleBases();
        m_writing = Writing::Queued;
        m_stagedDuringWrite.clear();
        m_stagedCarried = 0;
        m_progress = progress;
        m_stop = stop;
        if (frozen)
            *frozen = m_history.current();
    }
    ticket.emplace(shared_from_this());
    notify({.edits = true});
    auto task = [mine = std::move(*ticket), done = std::move(job), reported = std::move(progress),
                 token = stop.get_token()]() mutable {
        Impl &impl = mine.impl();
        const std::shared_ptr<Impl> alive = impl.shared_from_this();
        if (impl.beginWrite())
            done->run(*reported, token);
        mine.end();
        done->tell();
    };
    if (!m_executors.writes->post(std::move(task)))
        return failure(ErrorCode::Closed, Operation::Plan, range, m_source->path());
    return {};
}

/// False when the document was closed before the writer came to it.
bool Document::Impl::beginWrite()
{
    const std::lock_guard lock(m_editMutex);
    if (!m_closed)
        m_writing = Writing::Running;
    return !m_closed;
}

void Document::Impl::endWrite()
{
    {
        const std::lock_guard lock(m_editMutex);
        m_writing = Writing::No;
        m_progress.reset();
    }
    m_writeEnded.notify_all();
    notify({.pages = true, .edits = true});
}

Result<void> Document::Impl::startWrite(ByteRange range, WriteDone done)
{
    try {
        auto frozen = std::make_shared<StagedEdits>();
        auto work = [this, frozen, range](WriteProgress &progress, const std::stop_token &stop) {
            return runWrite(*frozen, range, progress, stop);
        };
        auto job = std::make_shared<WriterJobOf<WriteOutcome>>(
            std::move(work), std::move(done), Error::of(ErrorCode::Closed, Operation::Plan, range, m_source->path()));
        return startOnWriter(Needs::Settled, range, std::move(job), frozen.get());
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Plan, range);
    }
}

WriteOutcome Document::Impl::writeAndWait(ByteRange range)
{
    std::promise<WriteOutcome> promise;
    auto outcome = promise.get_future();
    auto started = startWrite(range, [promise = std::move(promise)](WriteOutcome result) mutable {
        promise.set_value(std::move(result));
    });
    if (!started)
        return {{}, started.error()};
    try {
        return outcome.get();
    } catch (const std::future_error &) {
        // The executor dropped the task, which it does only when it is shut down.
        return {{}, Error::of(ErrorCode::Closed, Operation::Write, range, m_source->path())};
    }
}

CloseOutcome Document::Impl::close(std::chrono::milliseconds wait)
{
    const auto deadline = std::chrono::steady_clock::now() + wait;
    const auto left = [deadline] {
        return std::max(std::chrono::milliseconds(0),
                        std::chrono::duration_cast<std::chrono::milliseconds>(deadline
                                                                              - std::chrono::steady_clock::now()));
    };
    CloseOutcome outcome;
    {
        const std::lock_guard lock(m_editMutex);
        m_closed = true;
    }
    // First of all, and whatever the source does, what is staged. An error was told as trouble already.
    if (m_log)
        (void)m_log->flush(wait / 2);
    outcome.abandonedReads = m_cached->close(left());
    {
        std::unique_lock lock(m_editMutex);
        outcome.abandonedWrite
            = !m_writeEnded.wait_until(lock, deadline, [this] { return m_writing != Writing::Running; });
    }
    if (m_log)
        (void)m_log->close(left());
    return outcome;
}

} // namespace cachecore
