// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/error.h"
#include "cachecore/source/block_source.h"

#include <cstdint>
#include <span>
#include <stop_token>
#include <string>

namespace cachecore {

/// A document as it was at one moment, for work that streams over all of it: its staged edits stay as they were, whatever is
/// staged or undone meanwhile. Pages it reads never push others out of the cache.
/// Thread: any, in parallel. All functions but the constants block; not for the GUI thread nor the executor of the loads.
class Snapshot {
public:
    Snapshot() = default;
    Snapshot(const Snapshot &) = delete;
    Snapshot &operator=(const Snapshot &) = delete;
    virtual ~Snapshot();

    /// Bytes. Constant.
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// Fills `into` with the bytes at `at`: all, or `into` is left as it was. Errors as Document::read.
    [[nodiscard]] virtual Result<void> read(ByteOffset at, std::span<std::byte> into, std::stop_token stop) const = 0;
    /// The first run of bytes at or after `at` that may be anything but zero: data of the source or staged. Empty at the end
    /// when only holes follow.
    [[nodiscard]] virtual Result<ByteRange> nextData(ByteOffset at) const = 0;
    /// The source it reads from. Constant.
    [[nodiscard]] virtual const BlockSource &source() const = 0;
};

} // namespace cachecore
