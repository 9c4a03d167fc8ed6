// SPDX-License-Identifier: MIT
#include "cachecore/base/allocation.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/load/page_loader.h"

#include <algorithm>
#include <new>
#include <utility>

namespace cachecore {

namespace {

/// The part of a page in `range`, kept by its pin.
ByteWindow windowOf(PageHandle page, ByteRange range)
{
    const auto bytes = page.from(range.begin()).first(static_cast<std::size_t>(range.length()));
    return {range, bytes, page.release()};
}

/// Why `bad`, a part of what is damaged, cannot be read; without names when there is no memory for them.
Error damageError(const Page::Damage &damage, ByteRange bad) noexcept
{
    try {
        Error error = damage.error;
        error.range = bad;
        return error;
    } catch (const std::bad_alloc &) {
        Error error = Error::of(damage.error.code, damage.error.operation, bad);
        error.systemError = damage.error.systemError;
        return error;
    }
}

} // namespace

/// The error of a read, without the name of the source when there is no memory for it.
Error CachedSource::readError(ErrorCode code, ByteRange range) const noexcept
{
    try {
        return Error::of(code, Operation::Read, range, m_source->path());
    } catch (const std::bad_alloc &) {
        return Error::of(code, Operation::Read, range);
    }
}

Error CachedSource::outOfRange(ByteOffset at, std::uint64_t length) const noexcept
{
    return readError(ErrorCode::OutOfRange, clippedRange(at, length));
}

/// The first bytes of `range` that the page cannot give and that are not hidden; nothing when all are good.
std::optional<Error> CachedSource::unreadableIn(const Page &page, ByteRange range, const Hidden &hidden) const
{
    if (!page.range().contains(range))
        return readError(ErrorCode::Changed, range);
    const auto matters = [&hidden](ByteRange bad) { return !bad.empty() && !(hidden && hidden(bad)); };
    if (page.damage()) {
        std::optional<ByteRange> first;
        page.damage()->forEachMissing([&](ByteRange damaged) {
            const ByteRange bad = damaged.intersection(range);
            if (!first && matters(bad))
                first = bad;
        });
        if (first)
            return damageError(*page.damage(), *first);
    }
    const ByteOffset sourceEnd(sourceSize());
    const ByteRange lost = range.intersection(ByteRange(sourceEnd, ByteOffset(kMaxSourceSize)));
    if (matters(lost))
        return readError(ErrorCode::Truncated, lost);
    return std::nullopt;
}

Result<PageHandle> CachedSource::readable(PageHandle page, ByteRange range) const
{
    if (auto error = unreadableIn(page.page(), range, {}))
        return failure(std::move(*error));
    return page;
}

PageHandle CachedSource::tryGet(ByteOffset at)
{
    PageHandle page = m_cache->tryGet(m_extent->pageOf(at), PageCache::Visit::Counted);
    const bool whole = page && !page.page().damage() && page.page().range().contains(at)
        && page.page().range().end().value() <= sourceSize();
    return whole ? std::move(page) : PageHandle();
}

Result<PageHandle> CachedSource::load(ByteOffset at, std::uint64_t length, Intent intent, std::stop_token stop)
{
    const std::uint64_t end = size();
    if (at.value() >= end || length > end - at.value())
        return failure(outOfRange(at, length));
    if (PageHandle resident = tryGet(at))
        return resident;
    if (m_closed)
        return failure(readError(ErrorCode::Closed, clippedRange(at, length)));
    try {
        auto loaded = m_loader->wait(m_extent->pageOf(at), intent, std::move(stop));
        if (!loaded)
            return loaded;
        const ByteRange range = loaded->page().range();
        return readable(std::move(*loaded), range);
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Read, clippedRange(at, length));
    }
}

Result<PageHandle> CachedSource::next(const PageHandle &page, Intent intent, std::stop_token stop)
{
    const ByteOffset end = page.page().range().end();
    if (end.value() >= size())
        return PageHandle();
    return load(end, 1, intent, std::move(stop));
}

Result<std::vector<PageHandle>> CachedSource::pin(ByteRange range, Intent intent, std::stop_token stop,
                                                  const Hidden &hidden)
{
    if (range.end().value() > size())
        return failure(outOfRange(range.begin(), range.length()));
    if (m_closed)
        return failure(readError(ErrorCode::Closed, range));
    try {
        const SourceExtent::Pages pages = m_extent->pagesOf(range);
        // What would push everything else out of the cache passes it by.
        if (pages.count > m_cache->budget() / pageSize() / 2)
            intent = Intent::Scan;
        std::vector<PageHandle> handles;
        handles.reserve(elementCount<PageHandle>(pages.count));
        while (handles.size() < pages.count) {
            const SourceExtent::Pages rest{{pages.first.value + handles.size()}, pages.count - handles.size()};
            if (stop.stop_requested())
                return failure(readError(ErrorCode::Cancelled, m_extent->rangeOf(rest.first)));
            const std::size_t before = handles.size();
            if (intent == Intent::Scan)
                pinForScan(rest, stop, handles);
            else if (auto pinned = pinLoaded(rest, intent, stop, handles); !pinned)
                return failure(std::move(pinned.error()));
            if (handles.back().page().unfinished())
                return failure(
                    readError(m_closed ? ErrorCode::Closed : ErrorCode::Cancelled, handles.back().page().range()));
            for (std::size_t i = before; i < handles.size(); ++i) {
                const ByteRange part = m_extent->rangeOf({pages.first.value + i}).intersection(range);
                if (auto error = unreadableIn(handles[i].page(), part, hidden))
                    return failure(std::move(*error));
            }
        }
        return handles;
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Read, range);
    }
}

/// Pins the first page of `rest`, loaded when it is not resident; those behind it are asked for on the way.
Result<void> CachedSource::pinLoaded(SourceExtent::Pages rest, Intent intent, const std::stop_token &stop,
                                     std::vector<PageHandle> &handles)
{
    PageHandle resident = m_cache->tryGet(rest.first, PageCache::Visit::Counted);
    if (resident.state() == PageState::Ready) {
        handles.push_back(std::move(resident));
        return {};
    }
    const std::uint64_t together = std::min(rest.count, pagesPerRead(m_extent->pageSize));
    m_loader->request({rest.first, together}, LoadClass::Wanted, 0, intent);
    auto loaded = m_loader->wait(rest.first, intent, stop);
    if (!loaded)
        return failure(std::move(loaded.error()));
    handles.push_back(std::move(*loaded));
    return {};
}

/// How many pages from `first` on, at most `most`, are not resident; at least 1, for the first is known not to be.
std::uint64_t CachedSource::missingFrom(PageIndex first, std::uint64_t most) const
{
    std::uint64_t missing = 1;
    while (missing < most && m_cache->tryGet({first.value + missing}).state() != PageState::Ready)
        ++missing;
    return missing;
}

/// Pins the first pages of `rest`: one that is resident, or as many that are not as one read takes. They are read for this
/// call alone and never enter the cache. The last one is unfinished when it was stopped or closed meanwhile.
void CachedSource::pinForScan(SourceExtent::Pages rest, const std::stop_token &stop, std::vector<PageHandle> &handles)
{
    PageHandle resident = m_cache->tryGet(rest.first);
    if (resident.state() == PageState::Ready) {
        handles.push_back(std::move(resident));
        return;
    }
    const std::uint64_t missing = missingFrom(rest.first, std::min(rest.count, pagesPerRead(m_extent->pageSize)));
    const auto begun = m_env->now();
    const auto time = [this] { return SearchTime{m_env.get(), m_env->now() + kSearchTime}; };
    PagesRead read
        = readPages(*m_source, *m_extent, m_cache->frames(), {rest.first, missing}, AfterDamage::Stop, time());
    while (read.pages.back()->unfinished() && !stop.stop_requested() && !m_closed)
        readOn(*m_source, *read.pages.back(), time(), read);
    m_loader->counters().count(read, m_env->now() - begun);
    for (std::shared_ptr<Page> &page : read.pages)
        handles.emplace_back(std::move(page));
}

/// A long window on pages that are not resident, read in one piece past the cache; nothing when the first is resident, or when reading is not as simple as that.
std::optional<ByteWindow> CachedSource::scanWindow(ByteOffset at)
{
    const std::uint64_t end = std::min(size(), sourceSize());
    const PageIndex first = m_extent->pageOf(at);
    if (m_closed || at.value() >= end || m_cache->tryGet(first).state() == PageState::Ready)
        return std::nullopt;
    const std::uint64_t left = m_extent->pageOf(ByteOffset(end - 1)).value - first.value + 1;
    const std::uint64_t missing = missingFrom(first, std::min(left, pagesPerRead(m_extent->pageSize)));
    const ByteOffset begin = m_extent->rangeOf(first).begin();
    const ByteRange range(begin, ByteOffset(std::min(end, begin.value() + missing * pageSize())));
    std::shared_ptr<std::byte> frame(m_scanFrames->take(),
                                     [frames = m_scanFrames](std::byte *taken) { frames->giveBack(taken); });
    const std::span<std::byte> bytes(frame.get(), static_cast<std::size_t>(range.length()));
    const auto begun = m_env->now();
    const auto got = m_source->readAt(begin, bytes);
    if (!got || *got != range.length())
        return std::nullopt; // page by page then, to find out what can be had
    m_loader->counters().countStreamed(missing, range.length(), m_env->now() - begun);
    return ByteWindow{range, bytes, std::move(frame)};
}

Result<void> CachedSource::read(ByteOffset at, std::span<std::byte> into, Intent intent, std::stop_token stop)
{
    const auto range = ByteRange::make(at, into.size());
    if (!range)
        return failure(outOfRange(at, into.size()));
    auto pages = pin(*range, intent, std::move(stop));
    if (!pages)
        return failure(std::move(pages.error()));
    copyPages(*pages, *range, into);
    return {};
}

Result<ByteWindow> CachedSource::window(ByteOffset at, Intent intent, std::stop_token stop)
{
    try {
        if (intent == Intent::Scan && !stop.stop_requested()) {
            if (auto streamed = scanWindow(at))
                return std::move(*streamed);
        }
    } catch (const std::bad_alloc &) { // less is tried below
    }
    const ByteRange byte = clippedRange(at, 1);
    auto pinned = pin(byte, intent, std::move(stop), [](ByteRange) { return true; });
    if (!pinned || pinned->empty())
        return failure(pinned ? outOfRange(at, 1) : std::move(pinned.error()));
    PageHandle page = std::move(pinned->front());
    if (auto error = unreadableIn(page.page(), byte, {}))
        return failure(std::move(*error));
    ByteRange good = page.page().range().intersection(ByteRange::whole(sourceSize()));
    if (page.page().damage()) {
        page.page().damage()->forEachMissing([&](ByteRange bad) {
            if (bad.end() <= at)
                good = {std::max(good.begin(), bad.end()), good.end()};
            else
                good = {good.begin(), std::min(good.end(), bad.begin())};
        });
    }
    return windowOf(std::move(page), good);
}

} // namespace cachecore
