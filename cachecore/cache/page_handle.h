// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/error.h"
#include "cachecore/cache/frame_pool.h"
#include "cachecore/cache/page.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace cachecore {

/// The bytes of one page as they were read, never changed after it is published. A page of which some bytes could not
/// be read is Failed: it knows which, the others are good.
/// Invariant: bad ranges ascend and do not touch, untried ones ascend behind them, all lie in range(), and there are some exactly when there is an error.
class Page {
public:
    /// What could not be read, and when another try makes sense.
    struct Damage {
        std::vector<ByteRange> bad; ///< cannot be read
        Error error;                ///< the first failure
        std::chrono::steady_clock::time_point retryAt;
        unsigned attempts = 1; ///< failed loads of this page in a row
        /// Parts of reads that failed, which nobody has yet read by themselves: they may be good. Reading goes on with these.
        std::vector<ByteRange> untried{};

        /// Calls `use` for every range that is bad or untried, ascending.
        template <typename Use>
        void forEachMissing(const Use &use) const
        {
            for (const std::vector<ByteRange> *const ranges : {&bad, &untried}) {
                for (const ByteRange range : *ranges)
                    use(range);
            }
        }
    };

    /// A page of `range`, at most a frame long, whose bytes (nothing is written to them) the loader fills before publishing. Throws std::bad_alloc.
    Page(PageIndex index, ByteRange range, std::shared_ptr<FramePool> frames);
    Page(const Page &) = delete;
    Page &operator=(const Page &) = delete;
    ~Page();

    [[nodiscard]] PageIndex index() const { return m_index; }
    [[nodiscard]] ByteRange range() const { return m_range; }
    [[nodiscard]] std::span<const std::byte> bytes() const { return {m_bytes, length()}; }
    /// nullptr when every byte could be read.
    [[nodiscard]] const Damage *damage() const { return m_damage.get(); }
    [[nodiscard]] PageState state() const { return m_damage ? PageState::Failed : PageState::Ready; }
    /// True when reading it is to go on: some of its bytes are untried.
    [[nodiscard]] bool unfinished() const { return m_damage && !m_damage->untried.empty(); }
    /// True when no byte of `range` is bad or untried.
    [[nodiscard]] bool readable(ByteRange range) const;

    /// For the loader, before publishing. setDamage throws std::bad_alloc.
    [[nodiscard]] std::span<std::byte> writableBytes() { return {m_bytes, length()}; }
    void setDamage(Damage damage);
    void clearDamage() { m_damage.reset(); }

    /// For the cache, once, when the page leaves it while it may be pinned: adds its bytes to `account` until the last pin is gone.
    void detach(std::shared_ptr<std::atomic<std::uint64_t>> account) const;

private:
    [[nodiscard]] std::size_t length() const { return static_cast<std::size_t>(m_range.length()); }

    // What every look-up needs comes first, and is little.
    const PageIndex m_index;
    const ByteRange m_range;
    std::unique_ptr<const Damage> m_damage;
    const std::shared_ptr<FramePool> m_frames;
    std::byte *const m_bytes;                                              ///< a frame
    mutable std::shared_ptr<std::atomic<std::uint64_t>> m_detachedAccount; ///< written once, under the cache's lock
};

/// A pin on a page: its bytes stay valid, whatever becomes of the page in the cache, until the last pin is gone.
/// Move-only; may be handed to another thread. An empty handle pins nothing.
class PageHandle {
public:
    PageHandle() = default;
    explicit PageHandle(std::shared_ptr<const Page> page)
        : m_page(std::move(page))
    {
    }
    PageHandle(PageHandle &&) noexcept = default;
    PageHandle &operator=(PageHandle &&) noexcept = default;
    PageHandle(const PageHandle &) = delete;
    PageHandle &operator=(const PageHandle &) = delete;
    ~PageHandle() = default;

    explicit operator bool() const { return m_page != nullptr; }
    [[nodiscard]] const Page &page() const { return *m_page; }
    /// Absent for an empty handle.
    [[nodiscard]] PageState state() const { return m_page ? m_page->state() : PageState::Absent; }
    [[nodiscard]] std::span<const std::byte> bytes() const { return m_page->bytes(); }
    /// The pin as something else keeps it; this handle is empty then.
    [[nodiscard]] std::shared_ptr<const Page> release() { return std::move(m_page); }
    /// The page's bytes from `address` (inside its range) to its end.
    [[nodiscard]] std::span<const std::byte> from(ByteOffset address) const
    {
        return bytes().subspan(static_cast<std::size_t>(address - m_page->range().begin()));
    }

private:
    std::shared_ptr<const Page> m_page;
};

/// Copies `range`, which the pages cover, to `into`.
void copyPages(std::span<const PageHandle> pages, ByteRange range, std::span<std::byte> into);

} // namespace cachecore
