// SPDX-License-Identifier: MIT
#include "cachecore/base/short_lock.h"

#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cachecore {

namespace {

constexpr int kTries = 50;
constexpr timespec kLongestSleep{0, 1'000'000};

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t)
              && std::atomic<std::uint32_t>::is_always_lock_free);

void pauseShortly()
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

} // namespace

void ShortLock::lockTaken() noexcept
{
    for (int i = 0; i < kTries; ++i) {
        pauseShortly();
        if (m_word.load(std::memory_order_relaxed) == kFree && try_lock())
            return;
    }
    m_sleepers.fetch_add(1);
    while (!try_lock()) {
        ::syscall(SYS_futex, &m_word, FUTEX_WAIT_PRIVATE, kTaken, &kLongestSleep, nullptr, 0);
        m_waking.store(false, std::memory_order_relaxed); // it may have been this one
    }
    m_sleepers.fetch_sub(1, std::memory_order_relaxed);
}

void ShortLock::wakeOne() noexcept
{
    if (m_waking.exchange(true, std::memory_order_relaxed))
        return;
    if (::syscall(SYS_futex, &m_word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0) <= 0)
        m_waking.store(false, std::memory_order_relaxed); // nobody slept yet
}

} // namespace cachecore
