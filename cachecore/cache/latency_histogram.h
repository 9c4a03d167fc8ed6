// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace cachecore {

/// How many things took how long, in steps of two: bucket 0 counts what took less than 1 us, bucket i what took [2^(i-1), 2^i) us, the last
/// one also all that took longer.
struct LatencyHistogram {
    static constexpr std::size_t kBuckets = 32;

    std::array<std::uint64_t, kBuckets> counts{};

    [[nodiscard]] static constexpr std::size_t bucketOf(std::chrono::steady_clock::duration took)
    {
        const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
        const auto width = std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(micros, 0)));
        return std::min<std::size_t>(static_cast<std::size_t>(width), kBuckets - 1);
    }
    /// What all in `bucket` took less than, but for the last one.
    [[nodiscard]] static constexpr std::chrono::microseconds upperBound(std::size_t bucket)
    {
        return std::chrono::microseconds(std::int64_t{1} << bucket);
    }
    [[nodiscard]] constexpr std::uint64_t total() const
    {
        return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    }
    /// The least upperBound that `share` (0..1) of all stayed below; 0 when there are none.
    [[nodiscard]] constexpr std::chrono::microseconds quantile(double share) const
    {
        const std::uint64_t all = total();
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < kBuckets; ++i) {
            seen += counts[i];
            if (seen > 0 && static_cast<double>(seen) >= share * static_cast<double>(all))
                return upperBound(i);
        }
        return std::chrono::microseconds(0);
    }
};

} // namespace cachecore
