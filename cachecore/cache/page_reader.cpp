// SPDX-License-Identifier: MIT
#include "cachecore/cache/page_reader.h"

#include "cachecore/base/bytes.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace cachecore {

namespace {

std::uint64_t missingBytes(const Page &page)
{
    std::uint64_t bytes = 0;
    if (page.damage())
        page.damage()->forEachMissing([&bytes](ByteRange part) { bytes += part.length(); });
    return bytes;
}

/// Notes in the page what a read of it, before which `missing` bytes were, has found.
void take(BlockSource &source, Page &page, DamagedRead found, std::uint64_t missing, PagesRead &read)
{
    read.reads += found.reads;
    read.badBlocks += (found.failedBytes + source.blockSize() - 1) / source.blockSize();
    if (found.endsAt)
        read.endsAt = std::min(read.endsAt.value_or(kMaxSourceSize), *found.endsAt);
    if (found.error)
        page.setDamage({std::move(found.bad), std::move(*found.error), {}, 1, std::move(found.untried)});
    else
        page.clearDamage();
    read.bytes += missing - missingBytes(page);
}

/// Reads one page again after a read of it, alone or with others, brought not all of it. `failed`: why a read of this page alone failed.
void readAgain(BlockSource &source, Page &page, std::optional<Error> failed, SearchTime time, PagesRead &read)
{
    DamagedRead found;
    const ByteRange range = page.range();
    if (read.endsAt && range.begin().value() >= *read.endsAt) {
        found.bad.push_back(range);
        found.error = Error::of(ErrorCode::Truncated, Operation::Read, range, source.path());
    } else {
        found = readAroundDamage(source, range, page.writableBytes(), std::move(failed), time);
    }
    take(source, page, std::move(found), range.length(), read);
}

} // namespace

PagesRead readPages(BlockSource &source, const SourceExtent &extent, const std::shared_ptr<FramePool> &frames,
                    SourceExtent::Pages wanted, AfterDamage afterDamage, SearchTime time)
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
        readAgain(source, page, !got && read.pages.size() == 1 ? std::optional(got.error()) : std::nullopt, time, read);
        if (page.damage() && afterDamage == AfterDamage::Stop)
            read.pages.resize(i + 1);
    }
    return read;
}

void readOn(BlockSource &source, Page &page, SearchTime time, PagesRead &read)
{
    const Page::Damage &damage = *page.damage();
    DamagedRead before;
    before.bad = damage.bad;
    before.untried = damage.untried;
    before.error = damage.error;
    const std::uint64_t missing = missingBytes(page);
    take(source, page, readUntried(source, page.range(), page.writableBytes(), std::move(before), time), missing, read);
}

PagesRead readOnFrom(BlockSource &source, const Page &part, const std::shared_ptr<FramePool> &frames, SearchTime time)
{
    PagesRead read;
    const auto page = std::make_shared<Page>(part.index(), part.range(), frames);
    copyBytes(part.bytes(), page->writableBytes());
    page->setDamage(*part.damage());
    read.pages.push_back(page);
    readOn(source, *page, time, read);
    return read;
}

} // namespace cachecore
