// SPDX-License-Identifier: MIT
#include "cachecore/edit/file_bytes_impl.h"

#include <new>
#include <utility>

namespace cachecore {

/// The one task of a FileBytes on its executor. Destroyed unrun it gives up what is wanted.
class FileBytes::Impl::LoadTask {
public:
    explicit LoadTask(std::weak_ptr<Impl> impl)
        : m_impl(std::move(impl))
    {
    }
    LoadTask(LoadTask &&) = default;
    LoadTask(const LoadTask &) = delete;
    LoadTask &operator=(const LoadTask &) = delete;
    LoadTask &operator=(LoadTask &&) = delete;
    ~LoadTask()
    {
        if (const auto impl = m_impl.lock())
            impl->loadDropped();
    }
    void operator()()
    {
        if (const auto impl = std::exchange(m_impl, {}).lock())
            impl->loadLatestWanted();
    }

private:
    std::weak_ptr<Impl> m_impl;
};

/// Sees to it that a task is on its way when something is wanted.
void FileBytes::Impl::loadNext()
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_closed || m_tasked || !m_blocks.anyWanted())
            return;
        m_tasked = true;
    }
    LoadTask task(weak_from_this());
    try {
        // Refused or without memory, the task is destroyed, which takes back what is said above.
        (void)m_loading.executor->post(std::move(task));
    } catch (const std::bad_alloc &) { // the same
    }
}

void FileBytes::Impl::loadDropped()
{
    const auto now = m_origin.env->now();
    const std::lock_guard lock(m_mutex);
    m_tasked = false;
    m_blocks.failWanted(now);
}

void FileBytes::Impl::loadLatestWanted()
{
    std::optional<std::uint64_t> index;
    {
        const auto now = m_origin.env->now();
        const std::lock_guard lock(m_mutex);
        if (!m_closed)
            index = m_blocks.takeWanted();
        m_tasked = index.has_value();
        if (!index)
            return;
        m_loadingSince = now;
    }
    auto block = readBlock(*index);
    const auto now = m_origin.env->now();
    bool wasStuck = false;
    bool closed = false;
    {
        const std::lock_guard lock(m_mutex);
        if (block)
            m_blocks.publish(*index, std::move(*block));
        else
            m_blocks.fail(*index, now);
        m_tasked = false;
        m_loadingSince.reset();
        ++m_loadsEnded;
        wasStuck = std::exchange(m_stuck, Stuck::No) == Stuck::Reported;
        closed = m_closed;
    }
    if (wasStuck)
        m_loading.executor->workerRecovered();
    if (closed)
        return;
    loadNext();
    if (m_loading.arrived)
        m_loading.arrived();
}

/// The executor is called without the lock, as it may destroy tasks of ours under its own.
void FileBytes::Impl::reportIfStuck()
{
    const auto now = m_origin.env->now();
    std::uint64_t load = 0;
    {
        const std::lock_guard lock(m_mutex);
        if (!m_loadingSince || m_stuck != Stuck::No || now - *m_loadingSince < kStuckAfter)
            return;
        m_stuck = Stuck::Asking;
        load = m_loadsEnded;
    }
    const bool accepted = m_loading.executor->workerStuck();
    {
        const std::lock_guard lock(m_mutex);
        if (load == m_loadsEnded) {
            m_stuck = accepted ? Stuck::Reported : Stuck::No;
            return;
        }
    }
    if (accepted) // it came to its end meanwhile
        m_loading.executor->workerRecovered();
}

void FileBytes::Impl::retire(std::shared_ptr<Impl> impl)
{
    if (impl.use_count() > 1)
        return; // the load under way is the last to hold it
    // Without its executor, so that one which never runs again does not hold itself.
    const std::shared_ptr<Executor> executor = std::exchange(impl->m_loading.executor, nullptr);
    try {
        if (executor)
            (void)executor->post([last = std::move(impl)] { (void)last; });
    } catch (const std::bad_alloc &) { // then here
    }
}

} // namespace cachecore
