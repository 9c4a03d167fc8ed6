// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/cache/byte_reader.h"

#include <functional>
#include <iterator>
#include <optional>

namespace cachecore {

/// The bytes of a range as a lazy sequence of windows, page by page, for a range-based for:
///
///     for (const Result<ByteWindow> &chunk : Chunks(source, range)) {
///         if (!chunk)
///             return failure(chunk.error());
///         use(chunk->bytes);
///     }
///
/// The windows touch each other and cover the range; an error ends the sequence. What lies past the end is one error, OutOfRange, before any window.
/// Each step blocks as ByteReader::window. Thread: one at a time.
class Chunks {
public:
    /// `reader` must outlive this. `intent` Scan leaves the cache's content alone.
    Chunks(ByteReader &reader, ByteRange range, Intent intent = Intent::Scan, std::stop_token stop = {})
        : m_reader(reader)
        , m_range(range)
        , m_intent(intent)
        , m_stop(std::move(stop))
    {
    }

    class Iterator {
    public:
        using value_type = Result<ByteWindow>;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        explicit Iterator(Chunks &chunks)
            : m_chunks(&chunks)
        {
            advance();
        }

        [[nodiscard]] const Result<ByteWindow> &operator*() const { return *m_current; }
        [[nodiscard]] const Result<ByteWindow> *operator->() const { return &*m_current; }
        Iterator &operator++()
        {
            advance();
            return *this;
        }
        void operator++(int) { advance(); }
        friend bool operator==(const Iterator &iterator, std::default_sentinel_t) { return !iterator.m_current; }

    private:
        void advance() { m_current = m_chunks->next(); }

        Chunks *m_chunks;
        std::optional<Result<ByteWindow>> m_current;
    };

    /// Begins anew.
    [[nodiscard]] Iterator begin()
    {
        m_next = m_range.begin();
        m_failed = false;
        return Iterator(*this);
    }
    [[nodiscard]] std::default_sentinel_t end() const { return {}; }

private:
    [[nodiscard]] std::optional<Result<ByteWindow>> next();

    ByteReader &m_reader;
    const ByteRange m_range;
    const Intent m_intent;
    const std::stop_token m_stop;
    ByteOffset m_next;
    bool m_failed = false;
};

/// Ranges that forEachByte takes whole or not at all, bytes.
inline constexpr std::uint64_t kAllOrNothing = std::uint64_t{1} << 20;

/// Calls `use` for every byte of `range` in order. Nothing is called for a range that reaches past the end, nor, where it is no longer than kAllOrNothing, for one of which
/// a byte cannot be had. In a longer one the error begins at the first such byte, and `use` has been called for exactly those before it. Blocking.
[[nodiscard]] Result<void> forEachByte(ByteReader &reader, ByteRange range, const std::function<void(std::byte)> &use,
                                       Intent intent = Intent::Scan, std::stop_token stop = {});

} // namespace cachecore
