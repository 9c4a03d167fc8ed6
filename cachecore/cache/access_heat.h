// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/cache/page.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace cachecore {

/// How much each part of a source was visited of late: every visit counts one and fades to the half in 30 s.
///
/// The pages are put together into at most 2^20 buckets of as many pages each; every 64 buckets, and every 64 of those, have a sum of their own, so that a
/// picture of the whole costs O(pixels). A number is kept with the half-life it was last brought up to date in, both in one word: to fade is to shift.
/// Within a half-life a visit counts the more the later it comes (forward decay: Cormode, Shkapenyuk, Srivastava and Xu, ICDE 2009).
///
/// Times come from outside and only have to be of one clock. Readers take no lock: every word is whole for itself, sums may miss a visit under way.
/// Thread: `touch` from one thread at a time (the owner's lock), everything else from any thread. Nothing blocks.
class AccessHeat {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds kHalfLife{30};
    static constexpr std::uint64_t kMostBuckets = std::uint64_t{1} << 20;

    /// Nothing is warm. Throws std::bad_alloc. Takes no memory to speak of until something is touched.
    explicit AccessHeat(std::uint64_t pageCount);
    /// The heat of `before` for another number of pages.
    AccessHeat(std::uint64_t pageCount, const AccessHeat &before);

    /// Whether it does for `pageCount` pages.
    [[nodiscard]] bool fits(std::uint64_t pageCount) const;
    /// A power of two.
    [[nodiscard]] std::uint64_t pagesPerBucket() const { return std::uint64_t{1} << m_shift; }

    /// A visit. A page far past the end is ignored. O(levels).
    void touch(PageIndex page, Time now) noexcept;

    /// The visits, faded until `now`, to the stretches of [first, first + count) that PageStates::summarize counts for as many `out`. What is in one bucket
    /// is taken as spread evenly over its pages. O(out.size() * levels).
    void summarize(PageIndex first, std::uint64_t count, Time now, std::span<float> out) const;

private:
    static constexpr unsigned kFanBits = 6;
    static constexpr std::uint64_t kFan = std::uint64_t{1} << kFanBits;
    static constexpr unsigned kLevels = 4; ///< the highest has at most four sums

    struct Freed {
        void operator()(std::uint64_t *cells) const { std::free(cells); }
    };
    struct Moment;

    [[nodiscard]] std::uint64_t load(unsigned level, std::uint64_t index) const;
    void add(std::uint64_t bucket, std::uint64_t halfLife, std::uint64_t amount) noexcept;
    [[nodiscard]] double bucketsFrom(std::uint64_t first, std::uint64_t end, const Moment &now) const;
    [[nodiscard]] double pagesFrom(std::uint64_t first, std::uint64_t end, const Moment &now) const;

    const unsigned m_shift; ///< of a page's number to its bucket's
    const std::uint64_t m_buckets;
    std::array<std::uint64_t, kLevels> m_begin{}; ///< of each level's words
    Time m_lastTouch{};                           ///< when something was touched last, and what a visit counted then
    std::uint64_t m_lastHalfLife = 0;
    std::uint64_t m_lastAmount = 0;
    std::unique_ptr<std::uint64_t[], Freed> m_cells;
};

} // namespace cachecore
