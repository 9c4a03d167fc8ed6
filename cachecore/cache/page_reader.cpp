// SPDX-License-Identifier: MIT
#include "cachecore/cache/page_reader.h"

#include "cachecore/cache/damaged_read.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace cachecore {

namespace {

/// Reads one page again after a read of it, alone or with others, brought not all of it. `failed`: why a read of this page alone failed.
void readAgain(BlockSource &source, Page &page, std::optional<Error> failed, PagesRead &read)
{
    DamagedRead found;
    const ByteRange range = page.range();
    if (read.endsAt && range.begin().value() >= *read.endsAt) {
        found.bad.push_back(range);
        found.error = Error::of(ErrorCode::Truncated, Operation::Read, range, source.path());
    } else {
        found = readAroundDamage(source, range, page.writableBytes(), std::move(failed));
    }
    read.reads += found.reads;
    read.bytes += range.length();
    for (const ByteRange bad : found.bad)
        read.bytes -= bad.length();
    read.badBlocks += (found.failedBytes + source.blockSize() - 1) / source.blockSize();
    if (found.endsAt)
        read.endsAt = std::min(read.endsAt.value_or(kMaxSourceSize), *found.endsAt);
    if (found.error)
        page.setDamage({std::move(found.bad), std::move(*found.error), {}, 1});
}

} // namespace

PagesRead readPages(BlockSource &source, const SourceExtent &extent, const std::shared_ptr<FramePool> &frames,
                    SourceExtent::Pages wanted, AfterDamage afterDamage)
{
    PagesRead read;
    std::array<std::span<std::byte>, 16> few; // what a read of the usual pages takes
    std::vector<std::span<std::byte>> many(wanted.count > few.size() ? static_cast<std::size_t>(wanted.count) : 0);
    const auto buffers = many.empty() ? std::span(few).first(static_cast<std::size_t>(wanted.count)) : std::span(many);
    read.pages.reserve(buffers.size());
    std::uint64_t total = 0;
    for (std::uint64_t i = 0; i < wanted.count; ++i) {
        const PageIndex index{wanted.first.value + i};
        read.pages.push_back(std::make_shared<Page>(index, extent.rangeOf(index), frames));
        buffers[static_cast<std::size_t>(i)] = read.pages.back()->writableBytes();
        total += read.pages.back()->range().length();
    }
    const auto got = source.readAt(read.pages.front()->range().begin(), buffers);
    read.reads = 1;
    std::uint64_t whole = got && *got <= total ? *got : 0; // of what was read, what belongs to pages that are whole
    for (std::size_t i = 0; i < read.pages.size(); ++i) {
        Page &page = *read.pages[i];
        if (whole >= page.range().length()) {
            whole -= page.range().length();
            read.bytes += page.range().length();
            continue;
        }
        whole = 0;
        readAgain(source, page, !got && read.pages.size() == 1 ? std::optional(got.error()) : std::nullopt, read);
        if (page.damage() && afterDamage == AfterDamage::Stop)
            read.pages.resize(i + 1);
    }
    return read;
}

} // namespace cachecore
