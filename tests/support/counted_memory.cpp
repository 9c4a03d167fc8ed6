// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/counted_memory.h"

#include <atomic>
#include <cstdlib>
#include <new>
#include <utility>

#include <malloc.h>

namespace {

struct Plan {
    std::uint64_t succeeding = cachet_test::memory::kForGood;
    std::uint64_t failing = 0;
    bool failed = false;
};

thread_local Plan t_plan;
thread_local std::uint64_t t_allocations = 0;
thread_local std::function<void(std::size_t)> t_told;
thread_local bool t_telling = false;
std::atomic<std::int64_t> g_live{0};
std::atomic<std::int64_t> g_peak{0};

void tell(std::size_t size)
{
    if (t_telling || !t_told)
        return;
    t_telling = true;
    t_told(size);
    t_telling = false;
}

bool mustFail()
{
    Plan &plan = t_plan;
    if (plan.succeeding > 0) {
        plan.succeeding -= plan.succeeding == cachet_test::memory::kForGood ? 0 : 1;
        return false;
    }
    if (plan.failing == 0)
        return false;
    plan.failing -= plan.failing == cachet_test::memory::kForGood ? 0 : 1;
    plan.failed = true;
    return true;
}

void *counted(void *memory)
{
    if (!memory)
        throw std::bad_alloc();
    ++t_allocations;
    const auto size = static_cast<std::int64_t>(malloc_usable_size(memory));
    const std::int64_t now = g_live.fetch_add(size, std::memory_order_relaxed) + size;
    std::int64_t peak = g_peak.load(std::memory_order_relaxed);
    while (now > peak && !g_peak.compare_exchange_weak(peak, now, std::memory_order_relaxed)) { }
    return memory;
}

void release(void *memory) noexcept
{
    if (memory)
        g_live.fetch_sub(static_cast<std::int64_t>(malloc_usable_size(memory)), std::memory_order_relaxed);
    std::free(memory);
}

} // namespace

namespace cachet_test::memory {

void failAfter(std::uint64_t succeeding, std::uint64_t failing)
{
    t_plan = {succeeding, failing, false};
}

bool stopFailing()
{
    const bool failed = t_plan.failed;
    t_plan = {};
    return failed;
}

std::int64_t liveBytes()
{
    return g_live.load(std::memory_order_relaxed);
}

std::int64_t peakBytes()
{
    return g_peak.load(std::memory_order_relaxed);
}

void measurePeak()
{
    g_peak.store(liveBytes(), std::memory_order_relaxed);
}

std::uint64_t allocations()
{
    return t_allocations;
}

void watch(std::function<void(std::size_t)> told)
{
    t_telling = true; // what a function before this one frees, or this one needs
    t_told = std::move(told);
    t_telling = false;
}

} // namespace cachet_test::memory

// Every form, because a sanitizer has all of its own that do not come down to these.

namespace {

void *allocated(std::size_t size)
{
    tell(size);
    return counted(mustFail() ? nullptr : std::malloc(size > 0 ? size : 1));
}

void *allocated(std::size_t size, std::align_val_t alignment)
{
    tell(size);
    const auto unit = static_cast<std::size_t>(alignment);
    return counted(mustFail() ? nullptr : std::aligned_alloc(unit, (size + unit - 1) / unit * unit));
}

/// `allocated`, with nothing for an exception.
template <typename... Wanted>
void *allocatedOrNull(Wanted... wanted) noexcept
{
    try {
        return allocated(wanted...);
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

} // namespace

// clang-format off
void *operator new(std::size_t size) { return allocated(size); }
void *operator new[](std::size_t size) { return allocated(size); }
void *operator new(std::size_t size, std::align_val_t unit) { return allocated(size, unit); }
void *operator new[](std::size_t size, std::align_val_t unit) { return allocated(size, unit); }
void *operator new(std::size_t size, const std::nothrow_t &) noexcept { return allocatedOrNull(size); }
void *operator new[](std::size_t size, const std::nothrow_t &) noexcept { return allocatedOrNull(size); }
void *operator new(std::size_t size, std::align_val_t unit, const std::nothrow_t &) noexcept { return allocatedOrNull(size, unit); }
void *operator new[](std::size_t size, std::align_val_t unit, const std::nothrow_t &) noexcept { return allocatedOrNull(size, unit); }
void operator delete(void *memory) noexcept { release(memory); }
void operator delete[](void *memory) noexcept { release(memory); }
void operator delete(void *memory, std::size_t) noexcept { release(memory); }
void operator delete[](void *memory, std::size_t) noexcept { release(memory); }
void operator delete(void *memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void *memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void *memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void *memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete(void *memory, const std::nothrow_t &) noexcept { release(memory); }
void operator delete[](void *memory, const std::nothrow_t &) noexcept { release(memory); }
void operator delete(void *memory, std::align_val_t, const std::nothrow_t &) noexcept { release(memory); }
void operator delete[](void *memory, std::align_val_t, const std::nothrow_t &) noexcept { release(memory); }
// clang-format on
