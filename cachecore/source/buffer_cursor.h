// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cachecore {

/// Bytes all buffers hold together.
template <typename Byte>
[[nodiscard]] std::uint64_t totalLength(std::span<const std::span<Byte>> buffers)
{
    std::uint64_t length = 0;
    for (const std::span<Byte> buffer : buffers)
        length += buffer.size();
    return length;
}

/// What is left of a list of buffers while a transfer advances through it; of `limit` bytes at most. Copies the list
/// only when a buffer is left in part. The list given must outlive the cursor.
template <typename Byte>
class BufferCursor {
public:
    BufferCursor(std::span<const std::span<Byte>> buffers, std::uint64_t limit)
        : m_rest(buffers)
        , m_remaining(totalLength(buffers))
    {
        if (m_remaining > limit)
            cutTo(limit);
        skipEmpty();
    }
    BufferCursor(const BufferCursor &) = delete;
    BufferCursor &operator=(const BufferCursor &) = delete;

    [[nodiscard]] std::uint64_t remaining() const { return m_remaining; }
    [[nodiscard]] std::span<const std::span<Byte>> rest() const { return m_rest; }

    /// Leaves `bytes` (at most remaining()) behind.
    void advance(std::size_t bytes)
    {
        m_remaining -= bytes;
        while (!m_rest.empty() && bytes >= m_rest.front().size()) {
            bytes -= m_rest.front().size();
            m_rest = m_rest.subspan(1);
        }
        if (bytes == 0)
            return;
        m_own = std::vector<std::span<Byte>>(m_rest.begin(), m_rest.end());
        m_own.front() = m_own.front().subspan(bytes);
        m_rest = m_own;
    }

private:
    void cutTo(std::uint64_t limit)
    {
        m_remaining = limit;
        for (const std::span<Byte> buffer : m_rest) {
            m_own.push_back(buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), limit))));
            limit -= m_own.back().size();
        }
        m_rest = m_own;
    }

    void skipEmpty()
    {
        while (!m_rest.empty() && m_rest.front().empty())
            m_rest = m_rest.subspan(1);
    }

    std::span<const std::span<Byte>> m_rest;
    std::vector<std::span<Byte>> m_own; ///< what m_rest views once a buffer was cut
    std::uint64_t m_remaining;
};

} // namespace cachecore
