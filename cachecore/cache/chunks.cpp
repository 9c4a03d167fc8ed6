// SPDX-License-Identifier: MIT
#include "cachecore/cache/chunks.h"

#include <algorithm>
#include <new>
#include <utility>

namespace cachecore {

namespace {

/// The same error, without the names in it when there is no memory for them.
Error copyOf(const Error &error) noexcept
{
    try {
        return error;
    } catch (const std::bad_alloc &) {
        Error bare = Error::of(error.code, error.operation, error.range);
        bare.systemError = error.systemError;
        return bare;
    }
}

} // namespace

std::optional<Result<ByteWindow>> Chunks::next()
{
    if (m_failed || m_next >= m_range.end())
        return std::nullopt;
    const bool outside = m_next == m_range.begin() && m_range.end().value() > m_reader.size();
    auto window = outside ? Result<ByteWindow>(failure(ErrorCode::OutOfRange, Operation::Read, m_range))
                          : m_reader.window(m_next, m_intent, m_stop);
    if (!window) {
        m_failed = true;
        return window;
    }
    const ByteRange part = window->range.intersection(ByteRange(m_next, m_range.end()));
    const auto skipped = static_cast<std::size_t>(part.begin() - window->range.begin());
    window->bytes = window->bytes.subspan(skipped, static_cast<std::size_t>(part.length()));
    window->range = part;
    m_next = part.end();
    return window;
}

Result<void> forEachByte(ByteReader &reader, ByteRange range, const std::function<void(std::byte)> &use, Intent intent,
                         std::stop_token stop)
{
    if (range.length() <= kAllOrNothing) {
        auto whole = view(reader, range, intent, std::move(stop));
        if (!whole)
            return failure(std::move(whole.error()));
        std::ranges::for_each(whole->bytes, use);
        return {};
    }
    for (const Result<ByteWindow> &chunk : Chunks(reader, range, intent, std::move(stop))) {
        if (!chunk)
            return failure(copyOf(chunk.error()));
        std::ranges::for_each(chunk->bytes, use);
    }
    return {};
}

} // namespace cachecore
