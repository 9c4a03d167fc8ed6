// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

namespace cachet_test {

/// What the operators new of a test program do when it is linked with counted_memory.cpp, which replaces them.
/// Thread: failing, watching and the number of allocations concern the calling thread alone; bytes are everybody's.
namespace memory {

inline constexpr std::uint64_t kForGood = std::numeric_limits<std::uint64_t>::max();

/// Lets the next `succeeding` allocations of this thread succeed, then `failing` fail with std::bad_alloc, then all succeed again.
void failAfter(std::uint64_t succeeding, std::uint64_t failing);
/// Ends that. Returns whether one has failed.
bool stopFailing();
/// Bytes allocated and not yet freed by the operators, of all threads.
[[nodiscard]] std::int64_t liveBytes();
/// The most of these there have been at once since the last call of measurePeak.
[[nodiscard]] std::int64_t peakBytes();
void measurePeak();
/// Allocations of this thread so far, those that failed left out.
[[nodiscard]] std::uint64_t allocations();
/// Calls `told` with the size of each allocation of this thread before it is made, until it is called with nothing. What `told` allocates is not told of.
void watch(std::function<void(std::size_t)> told);

} // namespace memory
} // namespace cachet_test
