// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/cache/damaged_read.h"
#include "cachecore/cache/page_handle.h"
#include "cachecore/cache/source_extent.h"
#include "cachecore/source/block_source.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace cachecore {

/// Bytes of the longest single read of pages.
inline constexpr std::uint64_t kLongestRead = std::uint64_t{1} << 20;

/// How many pages of `pageSize` bytes go into one read; at least 1.
[[nodiscard]] constexpr std::uint64_t pagesPerRead(std::uint32_t pageSize)
{
    return pageSize >= kLongestRead ? 1 : kLongestRead / pageSize;
}

/// Pages read from a source, published nowhere yet.
struct PagesRead {
    std::vector<std::shared_ptr<Page>> pages; ///< ascending, without a gap
    std::uint64_t reads = 0;                  ///< reads that were made
    std::uint64_t bytes = 0;                  ///< that were read
    std::uint64_t badBlocks = 0;              ///< blocks of the source that the medium failed for
    std::optional<std::uint64_t> endsAt;      ///< the source ended before the last page did, at this size
};

/// Whether a page with damage ends the reading of those behind it.
enum class AfterDamage : std::uint8_t { GoOn, Stop };

/// Reads consecutive pages in one read; where that fails or comes short, each that is missing again around what cannot be read. With AfterDamage::Stop
/// the first page with damage is the last one returned. Such a page may be tried again at once (retryAt is the clock's beginning). When `time` is over, each page
/// is still read once, and those with damage are left unfinished.
/// Blocking. Throws std::bad_alloc when there is no room for the pages.
[[nodiscard]] PagesRead readPages(BlockSource &source, const SourceExtent &extent,
                                  const std::shared_ptr<FramePool> &frames, SourceExtent::Pages wanted,
                                  AfterDamage afterDamage, SearchTime time = {});

/// Goes on reading an unfinished page that is published nowhere yet; adds to the counts of `read`. With every call less of it is untried. Blocking. Throws
/// std::bad_alloc.
void readOn(BlockSource &source, Page &page, SearchTime time, PagesRead &read);
/// The same into a page of its own that takes over what `part` has. Throws std::bad_alloc.
[[nodiscard]] PagesRead readOnFrom(BlockSource &source, const Page &part, const std::shared_ptr<FramePool> &frames,
                                   SearchTime time);

} // namespace cachecore
