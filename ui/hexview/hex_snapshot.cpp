// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/hex_snapshot.h"

#include <algorithm>
#include <span>

namespace cachet {

using cachecore::ByteCondition;
using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::Document;

namespace {

PageTone toneOf(cachecore::PageIndex page, std::uint32_t pageSize, const cachecore::PageStates &states,
                const cachecore::StagedEdits &staged)
{
    const cachecore::PageState state = states.state(page);
    if (state == cachecore::PageState::Failed)
        return PageTone::Failed;
    const ByteOffset begin(page.value * pageSize);
    const ByteOffset end = begin.plus(pageSize).value_or(ByteOffset(cachecore::kMaxSourceSize));
    if (staged.anyIn(ByteRange(begin, end)))
        return PageTone::Staged;
    switch (state) {
    case cachecore::PageState::Loading:
        return PageTone::Loading;
    case cachecore::PageState::Ready:
        return PageTone::Cached;
    case cachecore::PageState::Absent:
    case cachecore::PageState::Failed:
        break;
    }
    return states.touched(page) ? PageTone::Touched : PageTone::Never;
}

} // namespace

void HexSnapshot::reset(std::uint64_t first, int rowBytes, int rowCount)
{
    firstByte = first;
    bytesPerRow = rowBytes;
    rows = rowCount;
    const std::size_t count = index(rowCount, 0);
    bytes.assign(count, std::byte{0});
    conditions.assign(count, ByteCondition::PastEnd);
    states.assign(static_cast<std::size_t>(rowCount), RowState{});
}

void HexSnapshot::read(const Document &document, int from, int to)
{
    const std::uint64_t size = document.size();
    const std::size_t begin = index(from, 0);
    const std::size_t end = index(to, 0);
    std::fill(conditions.begin() + static_cast<std::ptrdiff_t>(begin),
              conditions.begin() + static_cast<std::ptrdiff_t>(end), ByteCondition::PastEnd);
    const std::uint64_t at = firstByte + begin;
    if (at < size) {
        const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, size - at));
        const auto what = std::span(conditions).subspan(begin, count);
        std::ranges::fill(what, ByteCondition::NotLoaded); // what a closed document leaves as it is
        document.peek(ByteOffset(at), std::span(bytes).subspan(begin, count), what);
    }
    readStates(document, from, to);
}

void HexSnapshot::readStates(const Document &document, int from, int to)
{
    const auto pages = document.pageStates();
    const cachecore::StagedEdits staged = document.staged();
    const std::uint64_t size = document.size();
    const std::uint32_t pageSize = document.pageSize();
    std::optional<cachecore::PageIndex> known;
    PageTone tone = PageTone::Never;
    for (int row = from; row < to; ++row) {
        RowState &state = states[static_cast<std::size_t>(row)];
        state = RowState{};
        const std::uint64_t at = firstByte + index(row, 0);
        if (at >= size || !pages)
            continue;
        const cachecore::PageIndex page{at / pageSize};
        if (known != page) {
            tone = toneOf(page, pageSize, *pages, staged);
            known = page;
        }
        state.tone = tone;
        const auto inRow = std::span(conditions).subspan(index(row, 0), static_cast<std::size_t>(bytesPerRow));
        state.itself = std::ranges::any_of(inRow, [tone](ByteCondition condition) {
            return tone == PageTone::Failed
                ? condition == ByteCondition::Unreadable
                : condition == ByteCondition::Staged || condition == ByteCondition::StagedNotLoaded;
        });
    }
}

bool HexSnapshot::sameRow(const HexSnapshot &other, int row) const
{
    const auto begin = static_cast<std::ptrdiff_t>(index(row, 0));
    const auto end = static_cast<std::ptrdiff_t>(index(row + 1, 0));
    return states[static_cast<std::size_t>(row)] == other.states[static_cast<std::size_t>(row)]
        && std::equal(bytes.begin() + begin, bytes.begin() + end, other.bytes.begin() + begin)
        && std::equal(conditions.begin() + begin, conditions.begin() + end, other.conditions.begin() + begin);
}

} // namespace cachet
