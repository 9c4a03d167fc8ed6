// SPDX-License-Identifier: MIT
#include "cachecore/write/journal/journal_window.h"

#include "cachecore/base/retried_call.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cachecore::journal {

JournalWindow::JournalWindow(EnvFile &file, std::string path)
    : m_file(file)
    , m_path(std::move(path))
{
}

/// Bytes it holds from `at` on.
std::size_t JournalWindow::held(std::uint64_t at) const
{
    return at < m_begin || at - m_begin >= m_size ? 0 : m_size - static_cast<std::size_t>(at - m_begin);
}

/// Lets the window begin at `at`, with what it holds from there on.
void JournalWindow::moveTo(std::uint64_t at, std::size_t capacity)
{
    const std::size_t kept = held(at);
    const std::byte *const from = kept > 0 ? m_bytes.get() + (at - m_begin) : nullptr;
    if (capacity > m_capacity) {
        capacity = std::max(capacity, kRoom);
        Buffer larger(static_cast<std::byte *>(::operator new(capacity, kAlignment)));
        if (kept > 0)
            std::memcpy(larger.get(), from, kept);
        m_bytes = std::move(larger);
        m_capacity = capacity;
    } else if (kept > 0) {
        std::memmove(m_bytes.get(), from, kept);
    }
    m_begin = at;
    m_size = kept;
}

Result<std::span<const std::byte>> JournalWindow::view(std::uint64_t at, std::size_t length, std::size_t ahead)
{
    if (length == 0)
        return std::span<const std::byte>();
    if (held(at) < length) {
        const std::size_t wanted = std::max(length, ahead);
        moveTo(at, wanted);
        while (m_size < length) {
            const std::span<std::byte> rest(m_bytes.get() + m_size, wanted - m_size);
            const auto got = retriedWhenInterrupted(
                [&] { return m_file.preadv(ByteOffset(m_begin + m_size), std::span(&rest, 1)); });
            if (!got || *got == 0) {
                Error error = got ? Error::of(ErrorCode::Damaged, Operation::Journal) : got.error();
                error.operation = Operation::Journal;
                error.range = ByteRange::make(at, length);
                error.path = m_path;
                return failure(std::move(error));
            }
            m_size += *got;
        }
    }
    return std::span<const std::byte>(m_bytes.get() + (at - m_begin), length);
}

} // namespace cachecore::journal
