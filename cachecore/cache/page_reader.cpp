// SPDX-License-Identifier: MIT
#include "cachecore/cache/page_reader.h"

#include "cachecore/cache/damaged_read.h"

#include <algorithm>
#include <span>
#include <utility>

namespace cachecore {

PagesRead readPages(BlockSource &source, const SourceExtent &extent, const std::shared_ptr<FramePool> &frames,
                    SourceExtent::Pages wanted, AfterDamage afterDamage)
{
    PagesRead read;
    std::vector<std::span<std::byte>> buffers;
    std::uint64_t total = 0;
    for (std::uint64_t i = 0; i < wanted.count; ++i) {
        const PageIndex index{wanted.first.value + i};
        read.pages.push_back(std::make_shared<Page>(index, extent.rangeOf(index), frames));
        buffers.push_back(read.pages.back()->writableBytes());
        total += buffers.back().size();
    }
    const auto got = source.readAt(read.pages.front()->range().begin(), buffers);
    read.reads = 1;
    if (got && *got == total)
        return read;
    read.reads += read.pages.size();
    for (std::size_t i = 0; i < read.pages.size(); ++i) {
        Page &page = *read.pages[i];
        DamagedRead damaged = readAroundDamage(source, page.range(), page.writableBytes());
        if (damaged.endsAt)
            read.endsAt = std::min(read.endsAt.value_or(kMaxSourceSize), *damaged.endsAt);
        if (!damaged.error)
            continue;
        page.setDamage({std::move(damaged.bad), std::move(*damaged.error), {}, 1});
        if (afterDamage == AfterDamage::Stop)
            read.pages.resize(i + 1);
    }
    return read;
}

} // namespace cachecore
