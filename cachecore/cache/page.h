// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"

#include <compare>
#include <cstdint>

namespace cachecore {

inline constexpr std::uint32_t kMinPageSize = 512;
inline constexpr std::uint32_t kMaxPageSize = 1024 * 1024;
inline constexpr std::uint32_t kDefaultPageSize = 64 * 1024;

/// The number of a page: its first byte is index * page size.
struct PageIndex {
    std::uint64_t value = 0;

    friend constexpr auto operator<=>(PageIndex, PageIndex) = default;
};

/// Where a page stands.
///
///     Absent --request--> Loading --read--> Ready
///        ^                  |  \--error--> Failed --request after its retry time--> Loading
///        |                  |                 |
///        +---cancelled------+                 |
///        +---evicted, invalidated-------------+ (also from Ready)
///
/// PageLoader owns the transitions out of and into Loading, PageCache those to Absent from Ready and Failed.
enum class PageState : std::uint8_t { Absent, Loading, Ready, Failed };

/// Why a page is wanted. Decides admission to the cache: Jump and Edit go to the main queue, Scroll to the small
/// one. Scan is for work that streams over everything: it uses pages that are resident, counts no visit and
/// inserts none.
enum class Intent : std::uint8_t { Jump, Edit, Scroll, Scan };

} // namespace cachecore
