// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

namespace cachecore {

/// A mutex for a few instructions at a time, to be had with std::lock_guard.
///
/// Free, it costs one locked instruction, where std::mutex costs two: unlocking is a plain store, and looks afterwards whether somebody sleeps. Taken, it is
/// tried again for less than a microsecond, for whoever has it is about to leave; then the thread sleeps, for whoever has it may not be running.
///
/// The look can miss a thread that is just going to sleep, because the store may still be on its way; the system compares the word again before it lets that
/// thread sleep, and should even that come too early it wakes by itself after kLongestSleep.
/// Until a thread that was woken runs, no other is: who has the lock may take it many times before that, and would ask the system each time.
/// Not fair, not recursive. Thread: any; the one that locked unlocks.
class ShortLock {
public:
    ShortLock() = default;
    ShortLock(const ShortLock &) = delete;
    ShortLock &operator=(const ShortLock &) = delete;

    void lock() noexcept
    {
        if (m_word.exchange(kTaken, std::memory_order_acquire) != kFree) [[unlikely]]
            lockTaken();
    }
    [[nodiscard]] bool try_lock() noexcept { return m_word.exchange(kTaken, std::memory_order_acquire) == kFree; }
    void unlock() noexcept
    {
        m_word.store(kFree, std::memory_order_release);
        if (m_sleepers.load(std::memory_order_relaxed) != 0 && !m_waking.load(std::memory_order_relaxed)) [[unlikely]]
            wakeOne();
    }

private:
    static constexpr std::uint32_t kFree = 0;
    static constexpr std::uint32_t kTaken = 1;

    void lockTaken() noexcept;
    void wakeOne() noexcept;

    std::atomic<std::uint32_t> m_word{kFree};
    std::atomic<std::uint32_t> m_sleepers{0};
    std::atomic<bool> m_waking{false}; ///< one was woken and has not run yet
};

} // namespace cachecore
