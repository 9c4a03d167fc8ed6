// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"

#include "cachecore/base/bytes.h"

#include <algorithm>
#include <new>
#include <utility>

namespace cachecore {

Document::Impl::Impl(std::shared_ptr<CachedSource> cached, DocumentOptions options, DocumentExecutors executors,
                     std::shared_ptr<Env> env)
    : m_cached(std::move(cached))
    , m_source(&m_cached->source())
    , m_options(options)
    , m_executors(std::move(executors))
    , m_env(std::move(env))
    , m_history({options.undoSteps, options.undoBytes, options.undoJournalBytes})
{
}

void Document::Impl::start()
{
    m_cached->setObserver([weak = weak_from_this()](CacheChanges changes) {
        if (const auto impl = weak.lock())
            impl->notify({.pages = changes.pages, .size = changes.size});
    });
}

void Document::Impl::peek(ByteOffset at, std::span<std::byte> bytes, std::span<ByteCondition> conditions) const
{
    // The edits first: pages that come later can only be newer, and what a write replaced in them the edits still hold.
    const StagedEdits edits = staged();
    peekSource(at, bytes, conditions);
    edits.overlay(at, bytes, [&](ByteRange range, bool inMemory) {
        if (!inMemory)
            std::ranges::fill(partOf(bytes, at, range), std::byte{0});
        std::ranges::fill(partOf(conditions, at, range),
                          inMemory ? ByteCondition::Staged : ByteCondition::StagedNotLoaded);
    });
}

void Document::Impl::peekSource(ByteOffset at, std::span<std::byte> bytes, std::span<ByteCondition> conditions) const
{
    std::ranges::fill(bytes, std::byte{0});
    std::ranges::fill(conditions, ByteCondition::PastEnd);
    const std::uint64_t length = std::min<std::uint64_t>(bytes.size(), kMaxSourceSize - at.value());
    const ByteRange window = ByteRange(at, at + length).intersection(whole());
    const SourceExtent &extent = m_cached->extent();
    const SourceExtent::Pages pages = extent.pagesOf(window);
    const std::uint64_t sourceSize = m_cached->sourceSize();
    for (std::uint64_t i = 0; i < pages.count; ++i) {
        const PageIndex index{pages.first.value + i};
        const ByteRange part = extent.rangeOf(index).intersection(window);
        std::ranges::fill(partOf(conditions, at, part), ByteCondition::NotLoaded);
        if (const PageHandle handle = m_cached->peek(index)) {
            const ByteRange held = part.intersection(handle.page().range());
            if (held.empty())
                continue;
            copyBytes(handle.from(held.begin()).first(static_cast<std::size_t>(held.length())),
                      partOf(bytes, at, held));
            std::ranges::fill(partOf(conditions, at, held), ByteCondition::Loaded);
            if (!handle.page().damage())
                continue;
            const auto blank = [&](const std::vector<ByteRange> &missing, ByteCondition condition) {
                for (const ByteRange range : missing) {
                    const ByteRange shown = range.intersection(held);
                    if (shown.empty())
                        continue;
                    std::ranges::fill(partOf(bytes, at, shown), std::byte{0});
                    std::ranges::fill(partOf(conditions, at, shown), condition);
                }
            };
            blank(handle.page().damage()->bad, ByteCondition::Unreadable);
            blank(handle.page().damage()->untried, ByteCondition::NotLoaded);
        }
    }
    if (window.end().value() > sourceSize && !window.empty()) {
        const ByteRange lost(std::max(window.begin(), ByteOffset(sourceSize)), window.end());
        std::ranges::fill(partOf(bytes, at, lost), std::byte{0});
        std::ranges::fill(partOf(conditions, at, lost), ByteCondition::Unreadable);
    }
}

void Document::Impl::setObserver(Observer observer)
{
    const std::lock_guard lock(m_observerMutex);
    m_observer.swap(observer);
}

void Document::Impl::notify(DocumentChanges changes)
{
    if (changes.edits)
        m_cached->noteChange();
    if (changes.edits && m_log)
        m_log->tellDropped();
    const std::lock_guard lock(m_observerMutex);
    if (m_observer)
        m_observer(changes);
}

} // namespace cachecore
