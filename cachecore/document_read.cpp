// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"

#include <algorithm>
#include <new>
#include <utility>

namespace cachecore {

namespace {

/// True when bytes staged in `range` come from outside of memory.
bool holdsExternal(const StagedEdits &edits, ByteRange range)
{
    bool found = false;
    edits.forEachPiece(range, [&found](ByteRange, const Piece &piece) {
        found = piece.kind == Piece::Kind::External;
        return !found;
    });
    return found;
}

} // namespace

Result<void> Document::Impl::read(const StagedEdits &edits, ByteOffset at, std::span<std::byte> into, Intent intent,
                                  std::stop_token stop)
{
    const auto range = ByteRange::make(at, into.size());
    if (!range || !whole().contains(*range))
        return failure(ErrorCode::OutOfRange, Operation::Read,
                       range.value_or(ByteRange(at, ByteOffset(kMaxSourceSize))), m_source->path());
    if (closed())
        return failure(ErrorCode::Closed, Operation::Read, *range, m_source->path());
    try {
        const SourceExtent::Pages pages = m_extent->pagesOf(*range);
        std::vector<PageHandle> handles;
        handles.reserve(static_cast<std::size_t>(pages.count));
        while (handles.size() < pages.count) {
            const SourceExtent::Pages rest{{pages.first.value + handles.size()}, pages.count - handles.size()};
            if (stop.stop_requested())
                return failure(ErrorCode::Cancelled, Operation::Read, m_extent->rangeOf(rest.first), m_source->path());
            const std::size_t before = handles.size();
            auto pinned = intent == Intent::Scan ? pinForScan(rest, handles) : pinLoaded(rest, intent, stop, handles);
            if (!pinned)
                return pinned;
            for (std::size_t i = before; i < handles.size(); ++i) {
                const PageIndex index{pages.first.value + i};
                const ByteRange part = m_extent->rangeOf(index).intersection(*range);
                if (auto readable = checkReadable(handles[i].page(), part, edits); !readable)
                    return readable;
            }
        }
        // What has to be read from a file can fail, so that comes first.
        std::vector<std::byte> staged;
        if (holdsExternal(edits, *range)) {
            staged.resize(into.size());
            if (auto filled = edits.overlayReading(at, staged); !filled)
                return filled;
        }
        for (const PageHandle &handle : handles) {
            const ByteRange part = handle.page().range().intersection(*range);
            std::ranges::copy(handle.from(part.begin()).first(static_cast<std::size_t>(part.length())),
                              partOf(into, at, part).begin());
        }
        if (staged.empty()) {
            edits.overlay(at, into);
            return {};
        }
        edits.forEachPiece(*range, [&](ByteRange part, const Piece &) {
            std::ranges::copy(partOf(std::span(staged), at, part), partOf(into, at, part).begin());
            return true;
        });
        return {};
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Read, *range);
    }
}

/// Pins the first page of `rest`, loaded when it is not resident; those behind it are asked for on the way.
Result<void> Document::Impl::pinLoaded(SourceExtent::Pages rest, Intent intent, const std::stop_token &stop,
                                       std::vector<PageHandle> &handles)
{
    PageHandle resident = m_cache->tryGet(rest.first, PageCache::Visit::Counted);
    if (resident && resident.page().state() == PageState::Ready) {
        handles.push_back(std::move(resident));
        return {};
    }
    const std::uint64_t together = std::min(rest.count, pagesPerRead(m_extent->pageSize));
    m_loader->request({rest.first, together}, LoadClass::Wanted, 0, intent);
    auto loaded = m_loader->wait(rest.first, intent, stop);
    if (!loaded)
        return failure(loaded.error());
    handles.push_back(std::move(*loaded));
    return {};
}

/// Pins the first pages of `rest`: one that is resident, or as many that are not as one read takes. They are read for this
/// call alone and never enter the cache.
Result<void> Document::Impl::pinForScan(SourceExtent::Pages rest, std::vector<PageHandle> &handles)
{
    const auto residentAt = [&](std::uint64_t i) {
        PageHandle handle = m_cache->tryGet({rest.first.value + i});
        return handle && handle.page().state() == PageState::Ready ? std::move(handle) : PageHandle();
    };
    if (PageHandle resident = residentAt(0)) {
        handles.push_back(std::move(resident));
        return {};
    }
    const std::uint64_t most = std::min(rest.count, pagesPerRead(m_extent->pageSize));
    std::uint64_t missing = 1;
    while (missing < most && !residentAt(missing))
        ++missing;
    PagesRead read = readPages(*m_source, *m_extent, {rest.first, missing}, AfterDamage::Stop);
    for (std::shared_ptr<Page> &page : read.pages)
        handles.emplace_back(std::move(page));
    return {};
}

/// That every byte of `range` is staged or can be read; the error's range is what cannot.
Result<void> Document::Impl::checkReadable(const Page &page, ByteRange range, const StagedEdits &edits) const
{
    if (!page.range().contains(range))
        return failure(ErrorCode::Changed, Operation::Read, range, m_source->path());
    const auto hidden = [&edits](ByteRange bad) { return edits.byteCountIn(bad) == bad.length(); };
    const ByteOffset sourceEnd(m_extent->sourceSize.load(std::memory_order_acquire));
    const ByteRange lost = range.intersection(ByteRange(sourceEnd, ByteOffset(kMaxSourceSize)));
    if (page.damage()) {
        for (const ByteRange damaged : page.damage()->bad) {
            const ByteRange bad = damaged.intersection(range);
            if (hidden(bad))
                continue;
            Error error = page.damage()->error;
            error.range = bad;
            return failure(std::move(error));
        }
    }
    if (!hidden(lost))
        return failure(ErrorCode::Truncated, Operation::Read, lost, m_source->path());
    return {};
}

} // namespace cachecore
