// SPDX-License-Identifier: MIT
#include "cachecore/edit/recent_blocks.h"

#include <algorithm>
#include <utility>

namespace cachecore {

RecentBlocks::RecentBlocks(std::size_t most, std::chrono::milliseconds retryAfter)
    : m_most(most)
    , m_retryAfter(retryAfter)
{
    m_slots.reserve(most);
}

RecentBlocks::Slot *RecentBlocks::find(std::uint64_t index)
{
    const auto found = std::ranges::find(m_slots, index, &Slot::index);
    return found == m_slots.end() ? nullptr : &*found;
}

/// The block's slot, a fresh one (Wanted) in place of the least recently looked at when it has none. At most one block is Loading at a
/// time and there are two slots at least, so that there is always one to give up.
RecentBlocks::Slot &RecentBlocks::slotFor(std::uint64_t index)
{
    if (Slot *slot = find(index))
        return *slot;
    if (m_slots.size() < m_most) {
        m_slots.push_back({.index = index, .state = State::Wanted, .lookedAt = 0, .block = {}, .failedAt = {}});
        return m_slots.back();
    }
    const auto age = [](const Slot &slot) { return slot.state == State::Loading ? ~std::uint64_t{0} : slot.lookedAt; };
    Slot &oldest = *std::ranges::min_element(m_slots, {}, age);
    oldest = {.index = index, .state = State::Wanted, .lookedAt = 0, .block = {}, .failedAt = {}};
    return oldest;
}

RecentBlocks::Ref RecentBlocks::lookUp(std::uint64_t index)
{
    Slot *slot = find(index);
    if (!slot || slot->state != State::Ready)
        return nullptr;
    slot->lookedAt = ++m_looks;
    return slot->block;
}

void RecentBlocks::want(std::uint64_t index, TimePoint now)
{
    Slot &slot = slotFor(index);
    slot.lookedAt = ++m_looks;
    if (slot.state == State::Failed && now - slot.failedAt >= m_retryAfter)
        slot.state = State::Wanted;
}

bool RecentBlocks::anyWanted() const
{
    return std::ranges::any_of(m_slots, [](const Slot &slot) { return slot.state == State::Wanted; });
}

std::optional<std::uint64_t> RecentBlocks::takeWanted()
{
    Slot *latest = nullptr;
    for (Slot &slot : m_slots) {
        if (slot.state == State::Wanted && (!latest || latest->lookedAt < slot.lookedAt))
            latest = &slot;
    }
    if (!latest)
        return std::nullopt;
    latest->state = State::Loading;
    return latest->index;
}

void RecentBlocks::publish(std::uint64_t index, Ref block)
{
    Slot &slot = slotFor(index);
    slot.state = State::Ready;
    slot.block = std::move(block);
    slot.lookedAt = std::max(slot.lookedAt, ++m_looks);
}

void RecentBlocks::fail(std::uint64_t index, TimePoint now)
{
    Slot &slot = slotFor(index);
    if (slot.state == State::Ready)
        return; // a reader got it meanwhile
    slot.state = State::Failed;
    slot.failedAt = now;
}

void RecentBlocks::failWanted(TimePoint now)
{
    for (Slot &slot : m_slots) {
        if (slot.state == State::Wanted) {
            slot.state = State::Failed;
            slot.failedAt = now;
        }
    }
}

void RecentBlocks::forgetFailures(std::uint64_t first, std::uint64_t last)
{
    std::erase_if(m_slots, [=](const Slot &slot) {
        return slot.state == State::Failed && first <= slot.index && slot.index <= last;
    });
}

} // namespace cachecore
