// SPDX-License-Identifier: MIT
#include "cachecore/cache/load/load_queue.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace cachecore {

namespace {

bool mayJoin(const Load &neighbour, LoadClass urgency)
{
    return !neighbour.running && !neighbour.part
        && (isBackground(urgency) || neighbour.place.urgency <= LoadClass::ReadAhead);
}

} // namespace

LoadQueue::Wanted LoadQueue::want(PageIndex page, LoadClass urgency, std::uint64_t generation, Intent intent)
{
    const auto found = m_loads.find(page.value);
    if (found != m_loads.end()) {
        Load &load = *found->second.load;
        raise(load, urgency, generation);
        if (intent == Intent::Jump || intent == Intent::Edit)
            load.intent = intent;
        return {found->second.load, false};
    }
    Entry &entry = addEntry(page);
    Load &load = *entry.load;
    load.page = page;
    load.place = {urgency, generation, ++m_numbers};
    load.intent = intent;
    entry.kept.value() = &load;
    m_waiting.insert(std::move(entry.kept));
    return {entry.load, true};
}

/// An entry for `page`, which has none, with a new load and room for that in the queue.
LoadQueue::Entry &LoadQueue::addEntry(PageIndex page)
{
    auto load = std::make_shared<Load>();
    if (!m_spare.empty()) {
        m_spare.key() = page.value;
        m_spare.mapped().load = std::move(load);
        return m_loads.insert(std::move(m_spare)).position->second;
    }
    Waiting room;
    Entry made{std::move(load), {}};
    made.kept = room.extract(room.insert(made.load.get()).first);
    return m_loads.emplace(page.value, std::move(made)).first->second;
}

void LoadQueue::raise(Load &load, LoadClass urgency, std::uint64_t generation) noexcept
{
    LoadPlace place = load.place;
    place.urgency = std::min(place.urgency, urgency);
    place.generation = std::max(place.generation, generation);
    if (place == load.place)
        return;
    if (load.running) {
        load.place = place;
        return;
    }
    auto node = m_waiting.extract(m_waiting.find(load.place));
    load.place = place;
    m_waiting.insert(std::move(node));
}

LoadQueue::Ref LoadQueue::find(PageIndex page) const
{
    const auto found = m_loads.find(page.value);
    return found == m_loads.end() ? nullptr : found->second.load;
}

LoadQueue::Batch LoadQueue::takeAround(const Load &load, std::size_t most)
{
    const LoadClass urgency = load.place.urgency;
    most = load.part ? 1 : most;
    const auto middle = m_loads.find(load.page.value);
    auto end = std::next(middle);
    std::size_t count = 1;
    for (std::uint64_t page = load.page.value + 1; count < most && end != m_loads.end(); ++end, ++count, ++page) {
        if (end->first != page || !mayJoin(*end->second.load, urgency))
            break;
    }
    auto begin = middle;
    for (std::uint64_t page = load.page.value; count < most && begin != m_loads.begin(); --begin, ++count, --page) {
        const auto before = std::prev(begin);
        if (before->first + 1 != page || !mayJoin(*before->second.load, urgency))
            break;
    }
    Batch batch;
    batch.reserve(count);
    for (auto it = begin; it != end; ++it) {
        Entry &entry = it->second;
        entry.kept = m_waiting.extract(m_waiting.find(entry.load->place));
        entry.load->running = true;
        batch.push_back(entry.load);
    }
    return batch;
}

void LoadQueue::putBack(Load &load) noexcept
{
    Entry &entry = m_loads.find(load.page.value)->second;
    load.running = false;
    m_waiting.insert(std::move(entry.kept));
}

void LoadQueue::putBehind(Load &load) noexcept
{
    load.place.number = ++m_numbers;
    putBack(load);
}

void LoadQueue::erase(const Load &load) noexcept
{
    const auto entry = m_loads.find(load.page.value);
    if (!load.running)
        entry->second.kept = m_waiting.extract(m_waiting.find(load.place));
    m_spare = m_loads.extract(entry);
    m_spare.mapped().load.reset(); // `load` may have had no other owner
}

bool LoadQueue::invariantsHold() const
{
    std::size_t waiting = 0;
    for (const auto &[page, entry] : m_loads) {
        const Load &load = *entry.load;
        const auto place = m_waiting.find(load.place);
        const bool inQueue = place != m_waiting.end() && *place == &load;
        if (load.page.value != page || inQueue == load.running || entry.kept.empty() == load.running)
            return false;
        waiting += inQueue ? 1 : 0;
    }
    return waiting == m_waiting.size() && std::ranges::is_sorted(m_waiting, Before());
}

} // namespace cachecore
