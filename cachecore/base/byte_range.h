// SPDX-License-Identifier: MIT
#pragma once

#include <cassert>
#include <compare>
#include <cstdint>
#include <optional>

namespace cachecore {

/// Largest size of a source in bytes, and so the largest offset that can mark an end: 2^63-1.
inline constexpr std::uint64_t kMaxSourceSize = (std::uint64_t{1} << 63) - 1;

/// A position in a source, in bytes from its start. Never above kMaxSourceSize, so that the sum of an
/// offset and a length that both passed a check cannot wrap. Not convertible from or to an integer by accident.
class ByteOffset {
public:
    constexpr ByteOffset() = default;
    /// `value` must be at most kMaxSourceSize; outside input goes through `from`.
    constexpr explicit ByteOffset(std::uint64_t value)
        : m_value(value)
    {
        assert(value <= kMaxSourceSize);
    }

    /// The offset, or nothing when `value` is above kMaxSourceSize.
    [[nodiscard]] static constexpr std::optional<ByteOffset> from(std::uint64_t value)
    {
        if (value > kMaxSourceSize)
            return std::nullopt;
        return ByteOffset(value);
    }

    [[nodiscard]] constexpr std::uint64_t value() const { return m_value; }

    /// This offset moved by `bytes` towards the end, or nothing past kMaxSourceSize.
    [[nodiscard]] constexpr std::optional<ByteOffset> plus(std::uint64_t bytes) const
    {
        if (bytes > kMaxSourceSize - m_value)
            return std::nullopt;
        return ByteOffset(m_value + bytes);
    }

    /// This offset moved by `bytes` towards the start, or nothing before 0.
    [[nodiscard]] constexpr std::optional<ByteOffset> minus(std::uint64_t bytes) const
    {
        if (bytes > m_value)
            return std::nullopt;
        return ByteOffset(m_value - bytes);
    }

    /// The largest multiple of `unit` (not 0) that is not above this offset.
    [[nodiscard]] constexpr ByteOffset alignedDown(std::uint64_t unit) const
    {
        return ByteOffset(m_value - m_value % unit);
    }

    /// The smallest multiple of `unit` (not 0) that is not below this offset, at most kMaxSourceSize.
    [[nodiscard]] constexpr ByteOffset alignedUp(std::uint64_t unit) const
    {
        const std::uint64_t rest = m_value % unit;
        if (rest == 0)
            return *this;
        const std::uint64_t step = unit - rest;
        return step > kMaxSourceSize - m_value ? ByteOffset(kMaxSourceSize) : ByteOffset(m_value + step);
    }

    friend constexpr auto operator<=>(ByteOffset, ByteOffset) = default;

    /// For sums already known to fit; outside input goes through `plus`.
    friend constexpr ByteOffset operator+(ByteOffset offset, std::uint64_t bytes)
    {
        assert(bytes <= kMaxSourceSize - offset.m_value);
        return ByteOffset(offset.m_value + bytes);
    }

    /// Bytes from `b` to `a`; `b` must not be after `a`.
    friend constexpr std::uint64_t operator-(ByteOffset a, ByteOffset b)
    {
        assert(b <= a);
        return a.m_value - b.m_value;
    }

private:
    std::uint64_t m_value = 0;
};

/// A half-open range of bytes [begin, end). Always begin <= end <= kMaxSourceSize.
class ByteRange {
public:
    constexpr ByteRange() = default;
    /// `begin` must not be after `end`.
    constexpr ByteRange(ByteOffset begin, ByteOffset end)
        : m_begin(begin)
        , m_end(end)
    {
        assert(begin <= end);
    }

    /// The range of `length` bytes at `begin`, or nothing when its end lies above kMaxSourceSize.
    [[nodiscard]] static constexpr std::optional<ByteRange> make(ByteOffset begin, std::uint64_t length)
    {
        const auto end = begin.plus(length);
        if (!end)
            return std::nullopt;
        return ByteRange(begin, *end);
    }

    /// The same from plain numbers.
    [[nodiscard]] static constexpr std::optional<ByteRange> make(std::uint64_t begin, std::uint64_t length)
    {
        const auto offset = ByteOffset::from(begin);
        if (!offset)
            return std::nullopt;
        return make(*offset, length);
    }

    /// The whole of a source of `size` bytes (at most kMaxSourceSize).
    [[nodiscard]] static constexpr ByteRange whole(std::uint64_t size) { return {ByteOffset(0), ByteOffset(size)}; }

    [[nodiscard]] constexpr ByteOffset begin() const { return m_begin; }
    [[nodiscard]] constexpr ByteOffset end() const { return m_end; }
    [[nodiscard]] constexpr std::uint64_t length() const { return m_end - m_begin; }
    [[nodiscard]] constexpr bool empty() const { return m_begin == m_end; }

    [[nodiscard]] constexpr bool contains(ByteOffset offset) const { return m_begin <= offset && offset < m_end; }
    /// True when every byte of `other` lies in this range; an empty range lies anywhere between begin and end.
    [[nodiscard]] constexpr bool contains(ByteRange other) const
    {
        return m_begin <= other.m_begin && other.m_end <= m_end;
    }
    /// True when at least one byte lies in both.
    [[nodiscard]] constexpr bool intersects(ByteRange other) const { return !intersection(other).empty(); }

    /// The bytes in both; an empty range at the later begin when there are none.
    [[nodiscard]] constexpr ByteRange intersection(ByteRange other) const
    {
        const ByteOffset begin = m_begin < other.m_begin ? other.m_begin : m_begin;
        const ByteOffset end = m_end < other.m_end ? m_end : other.m_end;
        return end <= begin ? ByteRange(begin, begin) : ByteRange(begin, end);
    }

    friend constexpr bool operator==(ByteRange, ByteRange) = default;

private:
    ByteOffset m_begin;
    ByteOffset m_end;
};

/// `length` bytes at `at`, cut at kMaxSourceSize; for saying in an error what was asked for.
[[nodiscard]] constexpr ByteRange clippedRange(ByteOffset at, std::uint64_t length)
{
    return {at, at + (length < kMaxSourceSize - at.value() ? length : kMaxSourceSize - at.value())};
}

} // namespace cachecore
