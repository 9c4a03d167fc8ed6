// SPDX-License-Identifier: MIT
#include "cachecore/cache/page_states.h"

#include "cachecore/cache/counting_pyramid.h"
#include "cachecore/cache/even_split.h"

#include <algorithm>
#include <utility>

namespace cachecore {

PageStates::PageStates(std::uint64_t pageCount)
    : PageStates(pageCount, std::make_shared<AccessHeat>(pageCount))
{
}

PageStates::PageStates(std::uint64_t pageCount, const PageStates &before)
    : PageStates(pageCount,
                 before.m_heat->fits(pageCount) ? before.m_heat
                                                : std::make_shared<AccessHeat>(pageCount, *before.m_heat))
{
}

PageStates::PageStates(std::uint64_t pageCount, std::shared_ptr<AccessHeat> heat)
    : m_pageCount(pageCount)
    , m_heat(std::move(heat))
{
    for (auto &layer : m_layers)
        layer = std::make_unique<CountingPyramid>(pageCount);
}

PageStates::~PageStates() = default;

std::uint64_t PageStates::pageCount() const
{
    return m_pageCount;
}

// The new state comes before the old one goes, so that no reader finds a page that is between states Absent.
void PageStates::set(PageIndex page, PageState state)
{
    const std::uint64_t number = page.value;
    static constexpr std::array kLayers{std::pair{Loading, PageState::Loading}, std::pair{Ready, PageState::Ready},
                                        std::pair{Failed, PageState::Failed}};
    if (state == PageState::Ready || state == PageState::Failed)
        m_layers[Touched]->insert(number);
    for (const auto &[layer, meaning] : kLayers)
        if (meaning == state)
            m_layers[layer]->insert(number);
    for (const auto &[layer, meaning] : kLayers)
        if (meaning != state)
            m_layers[layer]->erase(number);
}

PageState PageStates::state(PageIndex page) const
{
    if (m_layers[Ready]->contains(page.value))
        return PageState::Ready;
    if (m_layers[Failed]->contains(page.value))
        return PageState::Failed;
    if (m_layers[Loading]->contains(page.value))
        return PageState::Loading;
    return PageState::Absent;
}

bool PageStates::touched(PageIndex page) const
{
    return m_layers[Touched]->contains(page.value);
}

PageStateCounts PageStates::countsOf(std::uint64_t pages, const Ranks &atBegin, const Ranks &atEnd)
{
    const auto count
        = [&](Layer layer) { return CountingPyramid::rankDifference(atBegin[layer], atEnd[layer], pages); };
    return {pages, count(Loading), count(Ready), count(Failed), count(Touched)};
}

PageStates::Ranks PageStates::ranksAt(std::uint64_t page) const
{
    Ranks ranks{};
    for (std::size_t layer = 0; layer < LayerCount; ++layer)
        ranks[layer] = m_layers[layer]->rank(page);
    return ranks;
}

PageStateCounts PageStates::countsOfPage(std::uint64_t page) const
{
    const auto count = [&](Layer layer) { return std::uint64_t{m_layers[layer]->contains(page) ? 1u : 0u}; };
    return {1, count(Loading), count(Ready), count(Failed), count(Touched)};
}

void PageStates::summarize(PageIndex first, std::uint64_t count, std::span<PageStateCounts> out) const
{
    std::ranges::fill(out, PageStateCounts{});
    if (out.empty() || count == 0 || first.value >= m_pageCount)
        return;
    const std::uint64_t inside = m_pageCount - first.value; // pages there are from `first` on
    if (count < out.size()) {
        summarizePages(first.value, count, inside, out);
        return;
    }
    std::uint64_t begin = 0;
    Ranks atBegin = ranksAt(first.value);
    for (std::size_t i = 0; i < out.size() && begin < inside; ++i) {
        const std::uint64_t end = std::min(evenSplit(i + 1, count, out.size()), inside);
        const Ranks atEnd = ranksAt(first.value + end);
        out[i] = countsOf(end - begin, atBegin, atEnd);
        begin = end;
        atBegin = atEnd;
    }
}

void PageStates::summarizePages(std::uint64_t first, std::uint64_t count, std::uint64_t inside,
                                std::span<PageStateCounts> out) const
{
    std::uint64_t previous = inside; // none yet
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::uint64_t page = evenSplit(i, count, out.size());
        if (page >= inside)
            return;
        out[i] = page == previous ? out[i - 1] : countsOfPage(first + page);
        previous = page;
    }
}

PageStateCounts PageStates::total() const
{
    const auto count = [&](Layer layer) { return m_layers[layer]->total(); };
    return {m_pageCount, count(Loading), count(Ready), count(Failed), count(Touched)};
}

std::uint64_t PageStates::memoryBytes() const
{
    std::uint64_t bytes = 0;
    for (const auto &layer : m_layers)
        bytes += layer->memoryBytes();
    return bytes;
}

} // namespace cachecore
