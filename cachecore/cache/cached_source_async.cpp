// SPDX-License-Identifier: MIT
#include "cachecore/base/allocation.h"
#include "cachecore/base/executor_call.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/load/page_loader.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>

namespace cachecore {

/// Pages being collected.
class CachedSource::PendingPin : public std::enable_shared_from_this<PendingPin> {
public:
    using Outcome = Result<std::vector<PageHandle>>;

    PendingPin(std::weak_ptr<CachedSource> source, ByteRange range, SourceExtent::Pages pages, Hidden hidden)
        : m_source(std::move(source))
        , m_range(range)
        , m_first(pages.first)
        , m_hidden(std::move(hidden))
        , m_pages(elementCount<PageHandle>(pages.count))
    {
    }

    /// Pins what is resident. True when that was all, and all of it can be read.
    bool takeResident(const CachedSource &source)
    {
        bool all = true;
        for (std::size_t i = 0; i < m_pages.size(); ++i) {
            PageHandle page = source.m_cache->tryGet({m_first.value + i}, PageCache::Visit::Counted);
            if (page && !source.unreadableIn(page.page(), page.page().range().intersection(m_range), m_hidden))
                m_pages[i] = std::move(page);
            else
                all = false;
        }
        return all;
    }

    /// Asks for the others; `done` is called when the last one has arrived.
    void loadMissing(PageLoader &loader, Intent intent, std::shared_ptr<ExecutorCall<Outcome>> done)
    {
        m_done = std::move(done);
        m_missing = 1; // more than there are, so that it does not end before all have been asked for
        for (std::size_t i = 0; i < m_pages.size(); ++i) {
            if (m_pages[i])
                continue;
            ++m_missing;
            try {
                loader.whenLoaded({m_first.value + i}, intent, [self = shared_from_this(), i](Result<PageHandle> page) {
                    self->arrived(i, std::move(page));
                });
            } catch (const std::bad_alloc &) {
                arrived(i, failure(ErrorCode::OutOfMemory, Operation::Read, m_range));
            }
        }
        countDown();
    }

    [[nodiscard]] std::vector<PageHandle> take() { return std::move(m_pages); }

private:
    void arrived(std::size_t number, Result<PageHandle> page)
    {
        {
            const std::lock_guard lock(m_mutex);
            if (page)
                m_pages[number] = std::move(*page);
            else if (!m_error)
                m_error = std::move(page.error());
        }
        countDown();
    }

    void countDown()
    {
        if (m_missing.fetch_sub(1, std::memory_order_acq_rel) == 1)
            m_done->post(outcome());
    }

    /// Needs no memory but what `hidden` may.
    Outcome outcome()
    {
        if (m_error)
            return failure(std::move(*m_error));
        const auto source = m_source.lock();
        if (!source)
            return failure(ErrorCode::Closed, Operation::Read, m_range);
        try {
            for (const PageHandle &page : m_pages) {
                if (auto error = source->unreadableIn(page.page(), page.page().range().intersection(m_range), m_hidden))
                    return failure(std::move(*error));
            }
        } catch (const std::bad_alloc &) {
            return failure(ErrorCode::OutOfMemory, Operation::Read, m_range);
        }
        return take();
    }

    const std::weak_ptr<CachedSource> m_source;
    const ByteRange m_range;
    const PageIndex m_first;
    const Hidden m_hidden;
    std::shared_ptr<ExecutorCall<Outcome>> m_done;
    std::atomic<std::size_t> m_missing{0};
    std::mutex m_mutex; ///< guards the rest until nothing is missing
    std::vector<PageHandle> m_pages;
    std::optional<Error> m_error;
};

PageHandle CachedSource::loadAsync(ByteOffset at, std::shared_ptr<Executor> on, LoadDone done, Intent intent)
{
    const bool inside = at.value() < size();
    if (inside) {
        if (PageHandle resident = tryGet(at))
            return resident;
    }
    const auto call = ExecutorCall<Result<PageHandle>>::make(std::move(on), done);
    if (!call)
        return {};
    if (!inside) {
        call->post(failure(outOfRange(at, 1)));
        return {};
    }
    try {
        m_loader->whenLoaded(m_extent->pageOf(at), intent, [call, weak = weak_from_this()](Result<PageHandle> loaded) {
            const auto source = weak.lock();
            if (source && loaded) {
                const ByteRange range = loaded->page().range();
                loaded = source->readable(std::move(*loaded), range);
            }
            call->post(std::move(loaded));
        });
    } catch (const std::bad_alloc &) {
        call->post(failure(ErrorCode::OutOfMemory, Operation::Read, clippedRange(at, 1)));
    }
    return {};
}

std::optional<PageHandle> CachedSource::nextAsync(const PageHandle &page, std::shared_ptr<Executor> on, LoadDone done,
                                                  Intent intent)
{
    const ByteOffset end = page.page().range().end();
    if (end.value() >= size())
        return PageHandle();
    if (PageHandle resident = loadAsync(end, std::move(on), std::move(done), intent))
        return resident;
    return std::nullopt;
}

std::optional<std::vector<PageHandle>> CachedSource::pinAsync(ByteRange range, std::shared_ptr<Executor> on,
                                                              PinDone done, Intent intent, Hidden hidden)
{
    std::shared_ptr<PendingPin> pending;
    std::optional<Error> error;
    if (range.end().value() > size())
        error = outOfRange(range.begin(), range.length());
    try {
        if (!error) {
            pending
                = std::make_shared<PendingPin>(weak_from_this(), range, m_extent->pagesOf(range), std::move(hidden));
            if (pending->takeResident(*this))
                return pending->take();
        }
    } catch (const std::bad_alloc &) {
        error = Error::of(ErrorCode::OutOfMemory, Operation::Read, range);
    }
    const auto call = ExecutorCall<PendingPin::Outcome>::make(std::move(on), done);
    if (call && error)
        call->post(failure(std::move(*error)));
    else if (call)
        pending->loadMissing(*m_loader, intent, call);
    return std::nullopt;
}

bool CachedSource::readAsync(ByteOffset at, std::span<std::byte> into, std::shared_ptr<Executor> on, ReadDone done,
                             Intent intent)
{
    const ByteRange range = clippedRange(at, into.size());
    if (range.length() < into.size()) { // past 2^63-1
        if (const auto call = ExecutorCall<Result<void>>::make(std::move(on), done))
            call->post(failure(outOfRange(at, into.size())));
        return false;
    }
    const auto call = ExecutorCall<Result<void>>::make(on, done);
    if (!call)
        return false;
    PinDone copy;
    try {
        copy = [range, into, call](Result<std::vector<PageHandle>> pages) {
            if (pages)
                copyPages(*pages, range, into);
            call->runHere(pages ? Result<void>() : failure(std::move(pages.error())));
        };
    } catch (const std::bad_alloc &) {
        call->post(failure(ErrorCode::OutOfMemory, Operation::Read, range));
        return false;
    }
    const auto here = pinAsync(range, std::move(on), std::move(copy), intent);
    if (here)
        copyPages(*here, range, into);
    return here.has_value();
}

} // namespace cachecore
