// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/fault_plan.h"

#include <thread>
#include <utility>

namespace cachet_test {

FaultPlan::FaultPlan(std::size_t kinds)
    : m_kinds(kinds)
{
}

void FaultPlan::fail(std::size_t kind, std::uint64_t nth, int errnoValue, Repeat repeat)
{
    const std::lock_guard lock(m_mutex);
    m_failures.push_back({kind, nth, errnoValue, repeat});
}

void FaultPlan::failAny(std::uint64_t nth, int errnoValue, Repeat repeat)
{
    const std::lock_guard lock(m_mutex);
    m_failures.push_back({std::nullopt, nth, errnoValue, repeat});
}

void FaultPlan::clearFailures()
{
    const std::lock_guard lock(m_mutex);
    m_failures.clear();
}

void FaultPlan::setDelay(std::size_t kind, std::chrono::milliseconds delay)
{
    const std::lock_guard lock(m_mutex);
    m_kinds.at(kind).delay = delay;
}

void FaultPlan::setGate(std::size_t kind, std::shared_ptr<Gate> gate)
{
    const std::lock_guard lock(m_mutex);
    m_kinds.at(kind).gate.swap(gate);
}

std::uint64_t FaultPlan::count(std::size_t kind) const
{
    const std::lock_guard lock(m_mutex);
    return m_kinds.at(kind).count;
}

std::uint64_t FaultPlan::total() const
{
    const std::lock_guard lock(m_mutex);
    std::uint64_t sum = 0;
    for (const Kind &kind : m_kinds)
        sum += kind.count;
    return sum;
}

void FaultPlan::resetCounts()
{
    const std::lock_guard lock(m_mutex);
    for (Kind &kind : m_kinds)
        kind.count = 0;
}

std::optional<int> FaultPlan::enter(std::size_t kind)
{
    std::chrono::milliseconds delay{0};
    std::shared_ptr<Gate> gate;
    std::optional<int> errnoValue;
    {
        const std::lock_guard lock(m_mutex);
        Kind &entry = m_kinds.at(kind);
        ++entry.count;
        delay = entry.delay;
        gate = entry.gate;
        errnoValue = nextFailure(kind);
    }
    if (delay.count() > 0)
        std::this_thread::sleep_for(delay);
    if (gate)
        gate->pass();
    return errnoValue;
}

// Every failure that applies is counted down, also those behind the one that strikes.
std::optional<int> FaultPlan::nextFailure(std::size_t kind)
{
    std::optional<int> result;
    for (auto it = m_failures.begin(); it != m_failures.end();) {
        if (it->kind && *it->kind != kind) {
            ++it;
        } else if (it->remaining > 0) {
            --it->remaining;
            ++it;
        } else {
            if (!result)
                result = it->errnoValue;
            it = it->repeat == Repeat::Once ? m_failures.erase(it) : it + 1;
        }
    }
    return result;
}

} // namespace cachet_test
