// SPDX-License-Identifier: MIT
#include "cachecore/cache/cursor.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace cachecore {

void Cursor::release()
{
    m_length = 0;
    m_bytes = nullptr;
    m_pin.reset();
}

/// Takes the window around `at`.
Result<void> Cursor::moveTo(ByteOffset at)
{
    release();
    const std::uint64_t changes = m_reader.changes();
    auto window = m_reader.window(at, m_intent);
    if (!window)
        return failure(std::move(window.error()));
    m_changes = changes;
    m_begin = window->range.begin().value();
    m_length = window->range.length();
    m_bytes = window->bytes.data();
    m_pin = std::move(window->pin);
    return {};
}

Result<void> Cursor::readSlowly(ByteOffset at, std::span<std::byte> into)
{
    const auto range = ByteRange::make(at, into.size());
    if (!range || range->end().value() > m_reader.size())
        return failure(ErrorCode::OutOfRange, Operation::Read, clippedRange(at, into.size()));
    if (auto moved = moveTo(at); !moved)
        return moved;
    const std::uint64_t inside = at.value() - m_begin;
    if (m_length - inside < into.size())
        return m_reader.read(at, into, m_intent); // over the edge of the window
    std::memcpy(into.data(), m_bytes + inside, into.size());
    return {};
}

Result<std::string> Cursor::readString(ByteOffset at, std::size_t most)
{
    const ByteRange wanted = clippedRange(at, most);
    const std::uint64_t size = m_reader.size();
    if (at.value() >= size)
        return failure(ErrorCode::OutOfRange, Operation::Read, wanted);
    std::string text;
    ByteOffset next = at;
    const ByteOffset end(std::min(wanted.end().value(), size));
    try {
        while (next < end) {
            const bool here = next.value() - m_begin < m_length && m_changes == m_reader.changes();
            if (!here) {
                if (auto moved = moveTo(next); !moved)
                    return failure(std::move(moved.error()));
            }
            const std::byte *const begin = m_bytes + (next.value() - m_begin);
            const std::byte *const last = m_bytes + std::min(m_length, end.value() - m_begin);
            const std::byte *const zero = std::find(begin, last, std::byte{0});
            text.append(reinterpret_cast<const char *>(begin), static_cast<std::size_t>(zero - begin));
            if (zero != last)
                return text;
            next = next + static_cast<std::uint64_t>(zero - begin);
        }
    } catch (const std::exception &) { // bad_alloc, or longer than a string can be
        return failure(ErrorCode::OutOfMemory, Operation::Read, wanted);
    }
    return failure(ErrorCode::NotFound, Operation::Read, ByteRange(at, end));
}

} // namespace cachecore
