// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/edit/external_bytes.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace cachet_test {

/// External bytes that are in memory, that pretend not to be, or that cannot be read. Set up before it is shared, except for the flags.
class MemoryExternal final : public cachecore::ExternalBytes {
public:
    explicit MemoryExternal(std::vector<std::byte> bytes, bool inMemory = true)
        : resident(inMemory)
        , m_bytes(std::move(bytes))
    {
    }

    std::uint64_t size() const override { return m_bytes.size(); }
    bool peek(std::uint64_t at, std::span<std::byte> into) const override
    {
        ++peeks;
        if (!resident) {
            std::ranges::fill(into, std::byte{0xdd}); // unspecified: nobody may rely on it
            return false;
        }
        copy(at, into);
        return true;
    }
    cachecore::Result<void> read(std::uint64_t at, std::span<std::byte> into) const override
    {
        ++reads;
        if (failing)
            return cachecore::failure(cachecore::ErrorCode::Io, cachecore::Operation::Import,
                                      cachecore::ByteRange::make(at, into.size()), "external");
        copy(at, into);
        return {};
    }
    cachecore::Result<void> checkUnchanged() const override { return {}; }

    std::atomic<bool> resident;
    std::atomic<bool> failing = false;
    mutable std::atomic<std::uint64_t> peeks = 0;
    mutable std::atomic<std::uint64_t> reads = 0;

private:
    void copy(std::uint64_t at, std::span<std::byte> into) const
    {
        const auto from = std::span(m_bytes).subspan(static_cast<std::size_t>(at), into.size());
        std::ranges::copy(from, into.begin());
    }

    const std::vector<std::byte> m_bytes;
};

} // namespace cachet_test
