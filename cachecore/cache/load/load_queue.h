// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/cache/load/load.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace cachecore {

/// The loads of a loader: those that wait, in the order they are to be read in, and those that were taken to be read. One for each page at most.
///
///     (none) --want--> waiting --take--> running --putBack--> waiting
///                        |                  |
///                        +------erase-------+--> (none)
///
/// Complexities are in the number n of loads. Thread: one at a time.
class LoadQueue {
public:
    using Ref = std::shared_ptr<Load>;
    /// Loads of consecutive pages, ascending.
    using Batch = std::vector<Ref>;
    struct Wanted {
        Ref load;
        bool isNew = false;
    };

    /// The load of `page`, made to wait when there is none; else as urgent and new as asked for, if it was less. O(log n). Throws
    /// std::bad_alloc, and nothing has changed then.
    Wanted want(PageIndex page, LoadClass urgency, std::uint64_t generation, Intent intent);

    /// The load of `page`, waiting or running; null when there is none. O(log n).
    [[nodiscard]] Ref find(PageIndex page) const;
    /// The first load in the queue; null when none waits. O(1).
    [[nodiscard]] const Load *first() const { return m_waiting.empty() ? nullptr : *m_waiting.begin(); }
    /// Loads that wait.
    [[nodiscard]] std::size_t waiting() const { return m_waiting.size(); }
    /// Loads that wait or run.
    [[nodiscard]] std::size_t size() const { return m_loads.size(); }

    /// Takes `load`, which waits, with waiting neighbours on both sides: at most `most` in all, rather those behind it. What is on the
    /// screen or waited for takes nothing along that is for a map or a scan. A load that goes on from a part of its page is taken alone. O(taken x log n). Throws std::bad_alloc, and nothing has
    /// changed then.
    [[nodiscard]] Batch takeAround(const Load &load, std::size_t most);
    /// A load that runs waits again, in its old place. O(log n).
    void putBack(Load &load) noexcept;
    /// The same, but behind all others as urgent and new. O(log n).
    void putBehind(Load &load) noexcept;
    /// O(log n).
    void erase(const Load &load) noexcept;

    /// Calls `drop` for each load of class `urgency` that waits, is of a generation before `generation` and has no waiters; `drop` may
    /// erase it. O(log n + loads looked at), which are those of earlier generations.
    template <typename Drop>
    void dropBefore(LoadClass urgency, std::uint64_t generation, const Drop &drop);
    /// Calls `each` for every load that waits; `each` may erase it.
    template <typename Each>
    void forEachWaiting(const Each &each);
    /// Calls `each` for the loads, those that run among them, of [first, first + count). O(log n + loads of these pages).
    template <typename Each>
    void forEach(PageIndex first, std::uint64_t count, const Each &each) const;
    template <typename Each>
    void forEachRunning(PageIndex first, std::uint64_t count, const Each &each) const;

    /// True when every load is where it belongs; for tests.
    [[nodiscard]] bool invariantsHold() const;

private:
    struct Before {
        using is_transparent = void;
        bool operator()(const Load *a, const Load *b) const { return a->place < b->place; }
        bool operator()(const Load *a, const LoadPlace &b) const { return a->place < b; }
        bool operator()(const LoadPlace &a, const Load *b) const { return a < b->place; }
    };
    using Waiting = std::set<Load *, Before>;
    struct Entry {
        Ref load;
        Waiting::node_type kept; ///< while it runs: its room in the queue, so that it can always go back
    };
    using Loads = std::map<std::uint64_t, Entry>;

    [[nodiscard]] Entry &addEntry(PageIndex page);
    void raise(Load &load, LoadClass urgency, std::uint64_t generation) noexcept;

    Loads m_loads; ///< by page
    Waiting m_waiting;
    Loads::node_type m_spare;    ///< the entry that ended last, without its load, for the next one to begin with
    std::uint64_t m_numbers = 0; ///< given away
};

template <typename Drop>
void LoadQueue::dropBefore(LoadClass urgency, std::uint64_t generation, const Drop &drop)
{
    if (generation == 0)
        return;
    auto it = m_waiting.lower_bound(LoadPlace{urgency, generation - 1, 0});
    while (it != m_waiting.end() && (*it)->place.urgency == urgency) {
        Load *const load = *it++;
        if (load->waiters == 0)
            drop(*load);
    }
}

template <typename Each>
void LoadQueue::forEachWaiting(const Each &each)
{
    for (auto it = m_waiting.begin(); it != m_waiting.end();)
        each(**it++);
}

template <typename Each>
void LoadQueue::forEach(PageIndex first, std::uint64_t count, const Each &each) const
{
    for (auto it = m_loads.lower_bound(first.value); it != m_loads.end() && it->first - first.value < count; ++it)
        each(*it->second.load);
}

template <typename Each>
void LoadQueue::forEachRunning(PageIndex first, std::uint64_t count, const Each &each) const
{
    forEach(first, count, [&each](Load &load) {
        if (load.running)
            each(load);
    });
}

} // namespace cachecore
