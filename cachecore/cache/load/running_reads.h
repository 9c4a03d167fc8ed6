// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/cache/load/load_class.h"

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>

namespace cachecore {

/// After this long a read counts as stalled.
inline constexpr std::chrono::seconds kStalledAfter{2};

/// The reads of a loader that are under way: how many more may begin, and which have run too long.
/// A read that is replaced no longer counts as one of its class: another worker stands in for the one that hangs.
/// Thread: one at a time.
class RunningReads {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    /// Whose thread reads: a worker, which can be replaced, or somebody who waits for the page.
    enum class Reader : bool { Caller, Worker };
    struct Read {
        TimePoint begun;
        LoadClass urgency = kLeastUrgent;
        Reader reader = Reader::Worker;
        bool stalled = false;
        bool replaced = false;
    };
    using Position = std::list<Read>::iterator;

    /// Throws std::bad_alloc, and nothing has changed then. O(1).
    [[nodiscard]] Position begin(TimePoint now, LoadClass urgency, Reader reader);
    /// O(1).
    void end(Position read) noexcept;

    [[nodiscard]] std::size_t count() const { return m_reads.size(); }
    /// Reads that another worker stands in for.
    [[nodiscard]] unsigned replaced() const { return m_replaced; }
    /// Reads known to have stalled.
    [[nodiscard]] unsigned stalled() const { return m_stalled; }
    /// How many more reads of `urgency` may begin on `workers` workers.
    [[nodiscard]] unsigned roomFor(LoadClass urgency, unsigned workers) const;

    /// How long until the next read counts as stalled; kStalledAfter when none is under way that does not.
    [[nodiscard]] std::chrono::steady_clock::duration untilNextStall(TimePoint now) const;
    /// What became of reads since the last call.
    struct Noticed {
        unsigned stalled = 0;
        unsigned replaced = 0;
    };
    /// Looks for reads that have stalled. Calls `replace` for each one on a worker that is not replaced yet, also for those it was called
    /// for in vain before, until it says that no more can be. O(reads under way).
    template <typename Replace>
    [[nodiscard]] Noticed notice(TimePoint now, const Replace &replace);

private:
    void count(const Read &read, int by);

    std::list<Read> m_reads;    ///< in the order they began
    std::list<Read> m_spare;    ///< at most one that ended, for the next to begin with
    unsigned m_running[3] = {}; ///< not replaced, on workers: all; all but the viewport's; the background's
    unsigned m_replaced = 0;
    unsigned m_stalled = 0;
};

template <typename Replace>
RunningReads::Noticed RunningReads::notice(TimePoint now, const Replace &replace)
{
    Noticed noticed;
    bool replaceable = true;
    for (Read &read : m_reads) {
        if (now - read.begun < kStalledAfter)
            break;
        if (!read.stalled) {
            read.stalled = true;
            ++m_stalled;
            ++noticed.stalled;
        }
        if (read.replaced || read.reader == Reader::Caller || !replaceable)
            continue;
        replaceable = replace();
        if (!replaceable)
            continue;
        count(read, -1);
        read.replaced = true;
        ++m_replaced;
        ++noticed.replaced;
    }
    return noticed;
}

} // namespace cachecore
