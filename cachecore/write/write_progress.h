// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

namespace cachecore {

/// What a write is doing.
enum class WritePhase : std::uint8_t {
    Waiting,     ///< for its turn
    Checking,    ///< that the target is still the one that was read
    Journalling, ///< reading and comparing the old bytes, writing the journal
    Writing,     ///< the new bytes to the target
    Syncing,     ///< until the target says it has them
    Verifying,   ///< reading them back
    Finishing,   ///< the commit point and what follows it; can no longer be cancelled
    RollingBack, ///< putting the old bytes back
};

/// How far a write is; written by the writer, read by anyone. Both counts are of the phase's own work and begin at 0 with each phase;
/// batches count from 1. Thread: any; each value for itself is whole.
struct WriteProgress {
    std::atomic<WritePhase> phase{WritePhase::Waiting};
    std::atomic<std::uint64_t> bytesDone{0};
    std::atomic<std::uint64_t> bytesTotal{0};
    std::atomic<std::uint64_t> batch{0};
    std::atomic<std::uint64_t> batchCount{0};

    void begin(WritePhase next, std::uint64_t total)
    {
        bytesDone.store(0, std::memory_order_relaxed);
        bytesTotal.store(total, std::memory_order_relaxed);
        phase.store(next, std::memory_order_relaxed);
    }
    void advance(std::uint64_t bytes) { bytesDone.fetch_add(bytes, std::memory_order_relaxed); }
};

} // namespace cachecore
