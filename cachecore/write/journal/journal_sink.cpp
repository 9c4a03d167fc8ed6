// SPDX-License-Identifier: MIT
#include "cachecore/write/journal/journal_sink.h"

#include "cachecore/base/retried_call.h"

#include <algorithm>
#include <array>
#include <utility>

namespace cachecore::journal {

namespace {

constexpr std::size_t kGatherBytes = std::size_t{1} << 20;
constexpr std::size_t kDirectBytes = std::size_t{64} << 10; ///< from here on bytes go out without being copied

} // namespace

JournalSink::JournalSink(EnvFile &file, std::string path)
    : m_file(file)
    , m_path(std::move(path))
{
}

void JournalSink::startAt(std::uint64_t at)
{
    m_gathered.reserve(kGatherBytes);
    m_written = at;
}

Result<void> JournalSink::put(std::span<const std::byte> bytes)
{
    if (m_failed)
        return failure(*m_failed);
    if (bytes.size() >= kDirectBytes)
        return writeOut(bytes);
    while (!bytes.empty()) {
        const std::size_t step = std::min(bytes.size(), kGatherBytes - m_gathered.size());
        m_gathered.insert(m_gathered.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(step));
        bytes = bytes.subspan(step);
        if (m_gathered.size() == kGatherBytes) {
            if (auto done = flush(); !done)
                return done;
        }
    }
    return {};
}

Result<void> JournalSink::putZeros(std::size_t count)
{
    static constexpr std::array<std::byte, 4096> kZeros{};
    while (count > 0) {
        const std::size_t step = std::min(count, kZeros.size());
        if (auto done = put(std::span(kZeros).first(step)); !done)
            return done;
        count -= step;
    }
    return {};
}

Result<void> JournalSink::flush()
{
    return writeOut({});
}

Result<void> JournalSink::sync()
{
    if (m_failed)
        return failure(*m_failed);
    if (auto done = m_file.dataSync(); !done)
        return fail(done.error());
    return {};
}

std::unexpected<Error> JournalSink::fail(Error error)
{
    error.operation = Operation::Journal;
    error.path = m_path;
    m_gathered.clear();
    m_failed = std::move(error);
    return failure(*m_failed);
}

Result<void> JournalSink::writeOut(std::span<const std::byte> bytes)
{
    if (m_failed)
        return failure(*m_failed);
    std::span<const std::byte> gathered = m_gathered;
    while (!gathered.empty() || !bytes.empty()) {
        const std::array<std::span<const std::byte>, 2> both = {gathered, bytes};
        const std::size_t first = gathered.empty() ? 1 : 0;
        const std::size_t count = (gathered.empty() ? 0U : 1U) + (bytes.empty() ? 0U : 1U);
        const auto put = retriedWhenInterrupted(
            [&] { return m_file.pwritev(ByteOffset(m_written), std::span(both).subspan(first, count)); });
        if (!put || *put == 0) {
            Error error = put ? Error::of(ErrorCode::Io, Operation::Journal) : put.error();
            error.range = ByteRange::make(m_written, gathered.size() + bytes.size());
            return fail(std::move(error));
        }
        const std::size_t fromGathered = std::min(*put, gathered.size());
        gathered = gathered.subspan(fromGathered);
        bytes = bytes.subspan(*put - fromGathered);
        m_written += *put;
    }
    m_gathered.clear();
    return {};
}

} // namespace cachecore::journal
