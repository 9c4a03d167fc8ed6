// SPDX-License-Identifier: MIT
#include "cachecore/edit/piece.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstring>

namespace cachecore {

std::uint64_t Piece::newStamp()
{
    static std::atomic<std::uint64_t> next{1};
    return next.fetch_add(1, std::memory_order_relaxed);
}

Piece Piece::slice(std::uint64_t skip) const
{
    Piece rest = *this;
    rest.phase += skip;
    if (repeats)
        rest.phase %= bytes->size();
    return rest;
}

void Piece::copyTo(std::uint64_t skip, std::span<std::byte> into) const
{
    if (into.empty())
        return;
    if (!repeats) {
        std::ranges::copy(literal(skip, into.size()), into.begin());
        return;
    }
    const std::uint64_t period = bytes->size();
    const std::uint64_t start = (phase + skip % period) % period;
    const std::size_t lead = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), period));
    for (std::size_t i = 0; i < lead; ++i)
        into[i] = (*bytes)[(start + i) % period];
    // One period stands; double it until the rest is filled.
    for (std::size_t done = lead; done < into.size();) {
        const std::size_t step = std::min(done, into.size() - done);
        std::memcpy(into.data() + done, into.data(), step);
        done += step;
    }
}

std::span<const std::byte> Piece::literal(std::uint64_t skip, std::uint64_t length) const
{
    assert(!repeats && phase + skip + length <= bytes->size());
    return std::span(*bytes).subspan(static_cast<std::size_t>(phase + skip), static_cast<std::size_t>(length));
}

} // namespace cachecore
