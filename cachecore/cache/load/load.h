// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/error.h"
#include "cachecore/cache/load/load_class.h"
#include "cachecore/cache/page_handle.h"

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace cachecore {

/// Where a load stands in the queue; smaller goes first: the more urgent, then the newer generation, then what was asked for first.
struct LoadPlace {
    LoadClass urgency = kLeastUrgent;
    std::uint64_t generation = 0;
    std::uint64_t number = 0; ///< counts the loads as they are asked for

    friend bool operator==(const LoadPlace &, const LoadPlace &) = default;
    friend std::strong_ordering operator<=>(const LoadPlace &a, const LoadPlace &b)
    {
        if (a.urgency != b.urgency)
            return a.urgency <=> b.urgency;
        if (a.generation != b.generation)
            return b.generation <=> a.generation;
        return a.number <=> b.number;
    }
};

/// One page wanted or being read, and who is to hear of it. Thread: under the lock of its loader.
struct Load {
    using Loaded = std::move_only_function<void(Result<PageHandle>)>;

    PageIndex page;
    LoadPlace place; ///< changed by the LoadQueue alone
    Intent intent = Intent::Scroll;
    unsigned waiters = 0;
    bool running = false; ///< taken from the queue
    bool stale = false;   ///< invalidated while running: what arrives is old
    bool done = false;
    bool toTell = false;                ///< its calls are about to be made
    bool refused = false;               ///< done because the executor took no job, or gave it up
    std::shared_ptr<const Page> part;   ///< what was read of it so far, an unfinished page: reading goes on from there
    std::shared_ptr<const Page> result; ///< once done; none when memory ran out or the loader closed
    std::vector<Loaded> calls;          ///< to be made once done; each counts as a waiter
};

} // namespace cachecore
