// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <limits>

namespace cachet_test {

/// What the operators new of a test program do when it is linked with counted_memory.cpp, which replaces them.
/// Thread: failing concerns the calling thread alone; live bytes are everybody's.
namespace memory {

inline constexpr std::uint64_t kForGood = std::numeric_limits<std::uint64_t>::max();

/// Lets the next `succeeding` allocations of this thread succeed, then `failing` fail with std::bad_alloc, then all succeed again.
void failAfter(std::uint64_t succeeding, std::uint64_t failing);
/// Ends that. Returns whether one has failed.
bool stopFailing();
/// Bytes allocated and not yet freed by the operators, of all threads.
[[nodiscard]] std::int64_t liveBytes();

} // namespace memory
} // namespace cachet_test
