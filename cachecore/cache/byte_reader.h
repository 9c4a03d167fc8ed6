// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"
#include "cachecore/cache/page.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>

namespace cachecore {

/// A stretch of bytes in memory. They never change, and stay as long as a copy of the window is held.
struct ByteWindow {
    ByteRange range;
    std::span<const std::byte> bytes; ///< as many as `range` is long
    std::shared_ptr<const void> pin;
};

/// Bytes that can be read at any place: a source through its cache, or a document with what is staged over it.
/// Thread: any.
class ByteReader {
public:
    /// `changes` is the number that changes() returns; it must outlive this.
    explicit ByteReader(const std::atomic<std::uint64_t> &changes)
        : m_changes(changes)
    {
    }
    ByteReader(const ByteReader &) = delete;
    ByteReader &operator=(const ByteReader &) = delete;
    virtual ~ByteReader();

    /// Bytes there are.
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// Fills `into` with the bytes at `at`: all, or `into` is left as it was. Blocking, and not to be called on the executor of the loads. Errors:
    /// OutOfRange with the range asked for, what the source says (with the range that failed), Truncated, Cancelled, Closed, OutOfMemory.
    [[nodiscard]] virtual Result<void> read(ByteOffset at, std::span<std::byte> into, Intent intent = Intent::Jump,
                                            std::stop_token stop = {})
        = 0;
    /// Readable bytes around `at`, at most a page, as they are now. Blocking, with the errors of read.
    [[nodiscard]] virtual Result<ByteWindow> window(ByteOffset at, Intent intent = Intent::Jump,
                                                    std::stop_token stop = {})
        = 0;
    /// A number that grows whenever a window taken before may no longer show what is there. Never blocks.
    [[nodiscard]] std::uint64_t changes() const { return m_changes.load(std::memory_order_acquire); }

private:
    const std::atomic<std::uint64_t> &m_changes;
};

/// The bytes of `range` in one piece, read through `reader`'s cache. Costs a copy of them only when they do not lie in one window. Blocking, with the errors of
/// ByteReader::read.
[[nodiscard]] Result<ByteWindow> view(ByteReader &reader, ByteRange range, Intent intent = Intent::Jump,
                                      std::stop_token stop = {});

} // namespace cachecore
