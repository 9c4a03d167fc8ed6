// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/edit/range_tree.h"
#include "tests/support/edits.h"
#include "tests/support/random.h"

#include <algorithm>
#include <vector>

namespace cachet_test {

/// Who was put there, and the how manieth byte of it this is. Trees of narrow tags have nodes so small that what can be checked byte by
/// byte has trees of many levels.
template <bool kNarrow>
struct TagOf {
    std::uint64_t id = 0;
    std::uint64_t skip = 0;

    TagOf slice(std::uint64_t bytes) const { return {id, skip + bytes}; }
    friend bool operator==(const TagOf &, const TagOf &) = default;
};
using Tag = TagOf<true>;
using WideTag = TagOf<false>;

} // namespace cachet_test

template <>
inline constexpr std::size_t cachecore::kRangeTreeFanout<cachet_test::Tag> = 4;

namespace cachet_test {

inline constexpr std::uint64_t kFlatSize = 400;

/// An array with one tag a byte; id 0: nothing.
template <typename AnyTag>
struct FlatOf {
    std::vector<AnyTag> bytes{kFlatSize};

    void put(cachecore::ByteRange range, std::uint64_t id)
    {
        for (std::uint64_t i = 0; i < range.length(); ++i)
            bytes[range.begin().value() + i] = {id, i};
    }
    void erase(cachecore::ByteRange range)
    {
        for (std::uint64_t i = range.begin().value(); i < range.end().value(); ++i)
            bytes[i] = {};
    }
    void clip(cachecore::ByteRange range)
    {
        erase({cachecore::ByteOffset(0), range.begin()});
        erase({range.end(), cachecore::ByteOffset(kFlatSize)});
    }
    std::uint64_t countIn(cachecore::ByteRange range) const
    {
        std::uint64_t count = 0;
        for (std::uint64_t i = range.begin().value(); i < range.end().value(); ++i)
            count += bytes[i].id != 0;
        return count;
    }
    std::vector<cachecore::ByteRange> runs() const
    {
        std::vector<cachecore::ByteRange> runs;
        for (std::uint64_t i = 0; i < kFlatSize; ++i) {
            const std::uint64_t begin = i;
            while (i < kFlatSize && bytes[i].id != 0)
                ++i;
            if (i > begin)
                runs.push_back(rangeAt(begin, i - begin));
        }
        return runs;
    }
};

/// What the tree says, byte by byte, each byte at most once and ascending.
template <typename AnyTag>
[[nodiscard]] bool sameBytes(const cachecore::RangeTree<AnyTag> &tree, const FlatOf<AnyTag> &flat,
                             cachecore::ByteRange range)
{
    FlatOf<AnyTag> seen;
    cachecore::ByteOffset last = range.begin();
    bool ascending = true;
    tree.forEach(range, [&](cachecore::ByteRange part, const AnyTag &tag) {
        ascending = ascending && last <= part.begin() && !part.empty() && range.contains(part);
        last = part.end();
        for (std::uint64_t i = 0; i < part.length(); ++i)
            seen.bytes[part.begin().value() + i] = tag.slice(i);
        return true;
    });
    FlatOf<AnyTag> wanted = flat;
    wanted.clip(range);
    return ascending && seen.bytes == wanted.bytes;
}

/// That the tree answers every question as the array would; some of them are drawn.
template <typename AnyTag>
[[nodiscard]] bool sameAnswers(const cachecore::RangeTree<AnyTag> &tree, const FlatOf<AnyTag> &flat, Random &random)
{
    const std::vector<cachecore::ByteRange> runs = flat.runs();
    bool same = tree.invariantsHold() && tree.runCount() == runs.size() && tree.empty() == runs.empty()
        && tree.byteCount() == flat.countIn(cachecore::ByteRange::whole(kFlatSize))
        && tree.span()
            == (runs.empty() ? cachecore::ByteRange() : cachecore::ByteRange(runs.front().begin(), runs.back().end()));
    for (std::uint64_t i = 0; i < runs.size(); ++i)
        same = same && tree.run(i) == runs[i] && tree.runBegin(i) == runs[i].begin();
    const std::uint64_t begin = random.below(kFlatSize);
    const cachecore::ByteRange range = rangeAt(begin, random.below(kFlatSize - begin + 1));
    const auto before = static_cast<std::uint64_t>(
        std::ranges::count_if(runs, [&](cachecore::ByteRange run) { return run.begin() < range.begin(); }));
    return same && tree.byteCountIn(range) == flat.countIn(range) && tree.runsBeginningBefore(range.begin()) == before
        && sameBytes(tree, flat, range) && sameBytes(tree, flat, cachecore::ByteRange::whole(kFlatSize));
}

/// A range of the array, often a short one, maybe empty.
[[nodiscard]] inline cachecore::ByteRange randomFlatRange(Random &random)
{
    const std::uint64_t begin = random.below(kFlatSize);
    return rangeAt(begin, random.skewedBelow(kFlatSize - begin + 1));
}

} // namespace cachet_test
