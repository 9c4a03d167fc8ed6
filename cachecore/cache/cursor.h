// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/typed_value.h"
#include "cachecore/cache/byte_reader.h"

#include <string>

namespace cachecore {

/// Reads values one after the other or anywhere, and keeps the page it read last: a value inside of it costs a comparison and a load.
///
///     Cursor cursor(source);
///     const auto magic = cursor.read<std::uint16_t>(ByteOffset(0x438), std::endian::little);
///
/// Sees what the reader sees at that moment: after a write, an edit or an invalidation the page is taken anew.
/// Thread: one at a time. Functions block when the page is not resident, and are not to be called on the executor of the loads.
class Cursor {
public:
    /// `reader` must outlive the cursor. `intent` says what pages are wanted for.
    explicit Cursor(ByteReader &reader, Intent intent = Intent::Jump)
        : m_reader(reader)
        , m_intent(intent)
    {
    }

    /// The value at `at`, aligned or not. Errors as ByteReader::read: past the end OutOfRange with the range of the whole value.
    template <TypedValue T>
    [[nodiscard]] Result<T> read(ByteOffset at, std::endian order = std::endian::native)
    {
        // Wraps to something large when `at` lies before the window, or when it is empty.
        const std::uint64_t inside = at.value() - m_begin;
        if (inside < m_length && m_length - inside >= sizeof(T) && m_changes == m_reader.changes()) [[likely]]
            return valueOfBytes<T>(std::span<const std::byte, sizeof(T)>(m_bytes + inside, sizeof(T)), order);
        std::array<std::byte, sizeof(T)> bytes;
        if (auto done = readSlowly(at, bytes); !done)
            return failure(std::move(done.error()));
        return valueOfBytes<T>(bytes, order);
    }

    /// The bytes from `at` to the first zero byte, without it. Errors: NotFound with the range looked at when there is none among the first `most` bytes or
    /// before the end; else as ByteReader::read.
    [[nodiscard]] Result<std::string> readString(ByteOffset at, std::size_t most);

    /// Lets go of the page.
    void release();

private:
    [[nodiscard]] Result<void> readSlowly(ByteOffset at, std::span<std::byte> into);
    [[nodiscard]] Result<void> moveTo(ByteOffset at);

    ByteReader &m_reader;
    const Intent m_intent;
    const std::byte *m_bytes = nullptr;
    std::uint64_t m_begin = 0;
    std::uint64_t m_length = 0;
    std::uint64_t m_changes = 0; ///< the reader's, from before the window was taken
    std::shared_ptr<const void> m_pin;
};

} // namespace cachecore
