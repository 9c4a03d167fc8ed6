// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/gate.h"

namespace cachet_test {

void Gate::open()
{
    const std::lock_guard lock(m_mutex);
    m_open = true;
    m_changed.notify_all();
}

void Gate::close()
{
    const std::lock_guard lock(m_mutex);
    m_open = false;
}

void Gate::pass()
{
    std::unique_lock lock(m_mutex);
    if (m_open)
        return;
    ++m_waiting;
    m_changed.notify_all();
    m_changed.wait(lock, [this] { return m_open; });
    --m_waiting;
}

unsigned Gate::waiting() const
{
    const std::lock_guard lock(m_mutex);
    return m_waiting;
}

bool Gate::waitForWaiting(unsigned threads, std::chrono::milliseconds limit) const
{
    std::unique_lock lock(m_mutex);
    return m_changed.wait_for(lock, limit, [&] { return m_waiting >= threads; });
}

} // namespace cachet_test
