// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/cache/page.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>

namespace cachecore {

/// How far a document reaches, cut into pages; shared by everything that loads or shows it.
/// Invariant: documentSize never shrinks. Thread: any; each number is atomic for itself.
struct SourceExtent {
    std::atomic<std::uint64_t> documentSize{0}; ///< bytes shown
    std::atomic<std::uint64_t> sourceSize{0};   ///< bytes the source had when last asked; less after a truncation
    std::atomic<std::uint64_t> timesAsked{0};   ///< how often the source was asked for its size since it was opened
    std::uint32_t pageSize = kDefaultPageSize;  ///< power of two

    [[nodiscard]] int pageShift() const { return std::countr_zero(pageSize); }
    /// Pages of a document of `size` bytes.
    [[nodiscard]] std::uint64_t pagesIn(std::uint64_t size) const
    {
        return (size >> pageShift()) + ((size & (pageSize - 1)) != 0 ? 1 : 0);
    }
    [[nodiscard]] std::uint64_t pageCount() const { return pagesIn(documentSize.load(std::memory_order_acquire)); }
    [[nodiscard]] PageIndex pageOf(ByteOffset offset) const { return {offset.value() >> pageShift()}; }
    /// The bytes of a page, the last one cut at the document's end.
    [[nodiscard]] ByteRange rangeOf(PageIndex page) const
    {
        const std::uint64_t size = documentSize.load(std::memory_order_acquire);
        const std::uint64_t begin = std::min(page.value * pageSize, size);
        return {ByteOffset(begin), ByteOffset(begin + std::min<std::uint64_t>(pageSize, size - begin))};
    }
    /// Pages that share a byte with `range`: the first and how many.
    struct Pages {
        PageIndex first;
        std::uint64_t count = 0;

        [[nodiscard]] bool contains(PageIndex page) const { return page >= first && page.value - first.value < count; }
        friend bool operator==(const Pages &, const Pages &) = default;
    };
    [[nodiscard]] Pages pagesOf(ByteRange range) const
    {
        const ByteRange inside = range.intersection(ByteRange::whole(documentSize.load(std::memory_order_acquire)));
        if (inside.empty())
            return {};
        const PageIndex first = pageOf(inside.begin());
        return {first, ((inside.end().value() - 1) >> pageShift()) - first.value + 1};
    }
};

} // namespace cachecore
