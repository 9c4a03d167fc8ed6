// SPDX-License-Identifier: MIT
//
// The side of a recovery log that is called: notes states, waits, ends.
#include "cachecore/write/log/recovery_log_impl.h"

#include <new>
#include <utility>

namespace cachecore {

void RecoveryLog::Impl::note(StagedEdits edits, const CommittedTransaction *transaction)
{
    std::unique_lock lock(m_mutex);
    if (std::exchange(m_away, false))
        m_isBack.notify_all();
    if (!m_enabled || m_closed)
        return;
    if (transaction) {
        try {
            m_committed.push_back(*transaction);
        } catch (const std::bad_alloc &) {
            // What is staged matters more than what it came from: a log that still held what was written would bring it back one day.
        }
    }
    if (!m_due)
        m_due = std::chrono::steady_clock::now() + m_options.behind;
    ++m_noted;
    std::swap(m_edits, edits); // the former state goes after the lock
    needTask(lock);
    lock.unlock();
}

void RecoveryLog::Impl::makeRoom()
{
    const std::lock_guard lock(m_mutex);
    m_committed.reserve(m_committed.size() + 1);
}

void RecoveryLog::Impl::letGo()
{
    StagedEdits edits; // goes after the lock
    const std::lock_guard lock(m_mutex);
    if (!m_enabled || m_closed)
        return;
    m_away = true;
    std::swap(m_edits, edits);
}

void RecoveryLog::Impl::tellDropped()
{
    if (!m_dropped)
        return;
    const std::lock_guard telling(m_troubleMutex); // first, so that its end is told after it
    Error error;
    {
        const std::lock_guard lock(m_mutex);
        m_dropped = false;
        if (!m_error || m_told)
            return;
        m_told = true;
        error.code = m_error->code;
        error.operation = m_error->operation;
    }
    if (m_trouble)
        m_trouble(error);
}

template <typename Done>
Result<void> RecoveryLog::Impl::await(std::unique_lock<std::mutex> &lock, std::chrono::milliseconds wait,
                                      const Done &done)
{
    m_hurry = true;
    m_hurried.notify_all();
    const std::uint64_t before = m_begun;
    needTask(lock);
    const auto failed = [&] { return m_error && m_ended > before; };
    const bool ended = m_progress.wait_for(lock, wait, [&] { return done() || failed(); });
    if (done())
        return {};
    if (ended)
        return failure(*m_error);
    return failure(ErrorCode::Busy, Operation::Journal, {}, m_path);
}

Result<void> RecoveryLog::Impl::flush(std::chrono::milliseconds wait)
{
    std::unique_lock lock(m_mutex);
    const std::uint64_t wanted = m_noted;
    if (m_enabled && m_closed)
        return failure(ErrorCode::Closed, Operation::Journal, {}, m_path);
    if (!m_enabled || m_kept >= wanted)
        return {};
    return await(lock, wait, [&] { return m_kept >= wanted; });
}

Result<void> RecoveryLog::Impl::close(std::chrono::milliseconds wait)
{
    Result<void> outcome;
    {
        std::unique_lock lock(m_mutex);
        m_isBack.wait(lock, [&] { return !m_away; });
        if (!m_enabled || m_closed)
            return {};
        m_closed = true;
        m_removed = m_path.empty() && m_edits.empty() && m_kept == m_noted;
        // The task may still hold the file when it has nothing left to write.
        const auto ended = [&] { return upToDate() && !m_tasked; };
        if (!ended())
            outcome = await(lock, wait, ended);
        if (ended())
            m_file.letGo(); // whoever opens the disk next is to find it
        if (upToDate())
            outcome = {};
    }
    const std::lock_guard lock(m_troubleMutex);
    m_trouble = {};
    return outcome;
}

std::string RecoveryLog::Impl::path() const
{
    const std::lock_guard lock(m_mutex);
    return m_path;
}

RecoveryLog::RecoveryLog(std::shared_ptr<Env> env, std::string stem, RecoveryLogHeader header,
                         std::shared_ptr<Executor> executor, Options options, Trouble trouble)
    : m_impl(std::make_shared<Impl>(std::move(env), std::move(stem), std::move(header), std::move(executor), options,
                                    std::move(trouble)))
{
}

RecoveryLog::~RecoveryLog()
{
    (void)close(std::chrono::milliseconds(0));
}

void RecoveryLog::note(StagedEdits edits)
{
    m_impl->note(std::move(edits), nullptr);
}

void RecoveryLog::makeRoom()
{
    m_impl->makeRoom();
}

void RecoveryLog::letGo()
{
    m_impl->letGo();
}

void RecoveryLog::tellDropped()
{
    m_impl->tellDropped();
}

void RecoveryLog::noteCommitted(StagedEdits edits, const CommittedTransaction &transaction)
{
    m_impl->note(std::move(edits), &transaction);
}

Result<void> RecoveryLog::flush(std::chrono::milliseconds wait)
{
    return m_impl->flush(wait);
}

Result<void> RecoveryLog::close(std::chrono::milliseconds wait)
{
    return m_impl->close(wait);
}

std::string RecoveryLog::path() const
{
    return m_impl->path();
}

} // namespace cachecore
