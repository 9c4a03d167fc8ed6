// SPDX-License-Identifier: MIT
#include "cachecore/cache/page_handle.h"

#include "cachecore/base/bytes.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace cachecore {

Page::Page(PageIndex index, ByteRange range, std::shared_ptr<FramePool> frames)
    : m_index(index)
    , m_range(range)
    , m_frames(std::move(frames))
    , m_bytes(m_frames->take())
{
    assert(range.length() <= m_frames->frameBytes());
}

Page::~Page()
{
    if (m_detachedAccount)
        m_detachedAccount->fetch_sub(m_range.length(), std::memory_order_relaxed);
    m_frames->giveBack(m_bytes);
}

bool Page::readable(ByteRange range) const
{
    const auto outside = [range](const std::vector<ByteRange> &lost) {
        return std::ranges::none_of(lost, [range](ByteRange part) { return part.intersects(range); });
    };
    return !m_damage || (outside(m_damage->bad) && outside(m_damage->untried));
}

void Page::setDamage(Damage damage)
{
    m_damage = std::make_unique<const Damage>(std::move(damage));
}

void Page::detach(std::shared_ptr<std::atomic<std::uint64_t>> account) const
{
    account->fetch_add(m_range.length(), std::memory_order_relaxed);
    m_detachedAccount = std::move(account);
}

void copyPages(std::span<const PageHandle> pages, ByteRange range, std::span<std::byte> into)
{
    for (const PageHandle &handle : pages) {
        const ByteRange part = handle.page().range().intersection(range);
        const auto skipped = static_cast<std::size_t>(part.begin() - range.begin());
        copyBytes(handle.from(part.begin()).first(static_cast<std::size_t>(part.length())), into.subspan(skipped));
    }
}

} // namespace cachecore
