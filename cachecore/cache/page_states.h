// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/cache/access_heat.h"
#include "cachecore/cache/page.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace cachecore {

class CountingPyramid;

/// How many pages of one stretch of the source are in which state.
struct PageStateCounts {
    std::uint64_t pages = 0; ///< all pages of the stretch
    std::uint64_t loading = 0;
    std::uint64_t ready = 0;
    std::uint64_t failed = 0;
    std::uint64_t touched = 0; ///< were ready or failed at some time, whatever they are now

    friend bool operator==(const PageStateCounts &, const PageStateCounts &) = default;
};

/// The state of every page of a source, kept so that a picture of the whole costs O(pixels) whatever the size.
///
/// One 64-ary counting pyramid per state over the bits of the pages: a leaf is a 64-bit word, a node holds one count
/// per child, nodes are allocated where something is set and live as long as the pyramid. All numbers are relaxed
/// atomics: readers take no lock and may see a change half-way up the levels (a page in two states, or in a level's count and not
/// in the next), never a wild number. A page whose node finds no memory looks Absent.
///
/// Invariant once no writer runs: every node's count equals the set bits below it.
/// Thread: `set` from one thread at a time (the owner's lock), everything else from any thread. Nothing blocks.
class PageStates {
public:
    /// For `pageCount` pages (at most 2^54, all Absent), none visited yet.
    explicit PageStates(std::uint64_t pageCount);
    /// The same for a source that has `pageCount` pages now, with the heat of `before`, which goes on to be the same object if that does.
    PageStates(std::uint64_t pageCount, const PageStates &before);
    ~PageStates();
    PageStates(const PageStates &) = delete;
    PageStates &operator=(const PageStates &) = delete;

    [[nodiscard]] std::uint64_t pageCount() const;
    /// Ready and Failed also mark the page as touched, for good. O(levels). A page past the count is ignored.
    void set(PageIndex page, PageState state);
    [[nodiscard]] PageState state(PageIndex page) const;
    [[nodiscard]] bool touched(PageIndex page) const;

    /// Splits the pages [first, first + count) into out.size() stretches as even as whole pages allow - stretch i
    /// begins at first + i * count / out.size() - and counts each. With fewer pages than stretches, a stretch without a
    /// page of its own shows the page it lies in (pages = 1). O(out.size() * levels). `count` 0 gives zeros; what lies
    /// past the page count counts as nothing.
    void summarize(PageIndex first, std::uint64_t count, std::span<PageStateCounts> out) const;

    /// The whole source in one. O(1).
    [[nodiscard]] PageStateCounts total() const;

    /// How much the pages were visited of late.
    [[nodiscard]] const AccessHeat &heat() const { return *m_heat; }
    /// A visit. From one thread at a time, the one that may `set`.
    void touch(PageIndex page, AccessHeat::Time now) noexcept { m_heat->touch(page, now); }

    /// Bytes held by nodes.
    [[nodiscard]] std::uint64_t memoryBytes() const;

private:
    enum Layer : std::uint8_t { Loading, Ready, Failed, Touched, LayerCount };
    using Ranks = std::array<std::int64_t, LayerCount>;

    static PageStateCounts countsOf(std::uint64_t pages, const Ranks &atBegin, const Ranks &atEnd);
    Ranks ranksAt(std::uint64_t page) const;
    PageStateCounts countsOfPage(std::uint64_t page) const;
    void summarizePages(std::uint64_t first, std::uint64_t count, std::uint64_t inside,
                        std::span<PageStateCounts> out) const;

    PageStates(std::uint64_t pageCount, std::shared_ptr<AccessHeat> heat);

    const std::uint64_t m_pageCount;
    const std::shared_ptr<AccessHeat> m_heat;
    std::array<std::unique_ptr<CountingPyramid>, LayerCount> m_layers;
};

} // namespace cachecore
