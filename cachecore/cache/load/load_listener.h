// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/cache/page_handle.h"

#include <cstdint>
#include <memory>
#include <span>

namespace cachecore {

/// Who makes the read that a blocking load waits for.
enum class WaitingReads : std::uint8_t {
    OnExecutor, ///< a worker: who waits can be let go whatever the disk does
    OnCaller, ///< the thread that waits, unless it can be stopped: no other has to be woken, but one that hangs in the system stays there until the disk answers
};

/// What a loader tells its owner. Called on a worker, with no lock of the loader held.
class LoadListener {
public:
    LoadListener() = default;
    LoadListener(const LoadListener &) = delete;
    LoadListener &operator=(const LoadListener &) = delete;
    virtual ~LoadListener();

    /// These pages were published (or failed, then they are Failed pages).
    virtual void pagesArrived(std::span<const std::shared_ptr<const Page>> pages) = 0;
    /// A read met the end of the source at `size` bytes, before the end of the document. `timesAsked` is what the extent's was before
    /// the read began: when it has moved on, the news may be older than what is known.
    virtual void sourceEndsAt(std::uint64_t size, std::uint64_t timesAsked) = 0;
};

} // namespace cachecore
