// SPDX-License-Identifier: MIT
#include "cachecore/write/log/recovery_log_reader.h"

#include "cachecore/base/retried_call.h"
#include "cachecore/write/journal/protocol_step.h"

#include <algorithm>
#include <utility>

namespace cachecore {

Result<RecoveryLogHeader> readRecoveryLogHeader(EnvFile &file, const std::string &path)
{
    return recovery_log::RecordReader(file, path).open();
}

namespace recovery_log {

namespace {

/// Reads from `at` until `into` is full or the file ends; returns how many bytes.
Result<std::size_t> readFully(EnvFile &file, std::uint64_t at, std::span<std::byte> into)
{
    std::size_t done = 0;
    while (done < into.size()) {
        const std::span<std::byte> rest = into.subspan(done);
        const auto got
            = retriedWhenInterrupted([&] { return file.preadv(ByteOffset(at + done), std::span(&rest, 1)); });
        if (!got)
            return got;
        if (*got == 0)
            break;
        done += *got;
    }
    return done;
}

} // namespace

RecordReader::RecordReader(EnvFile &file, std::string path)
    : m_file(file)
    , m_path(std::move(path))
{
}

Error RecordReader::named(Error error) const
{
    error.operation = Operation::Journal;
    error.path = m_path;
    return error;
}

Error RecordReader::damagedAt(ByteRange range) const
{
    return Error::of(ErrorCode::Damaged, Operation::Journal, range, m_path);
}

/// `length` bytes of the file from `offset` on, or those there are; valid until the next call.
Result<std::span<const std::byte>> RecordReader::at(std::uint64_t offset, std::size_t length)
{
    const bool inside = offset >= m_windowAt && offset - m_windowAt <= m_window.size()
        && length <= m_window.size() - static_cast<std::size_t>(offset - m_windowAt);
    if (!inside) {
        m_window.clear();
        m_windowAt = offset;
        if (offset >= m_size)
            return std::span<const std::byte>();
        m_window.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kWindow, m_size - offset)));
        const auto got = readFully(m_file, offset, m_window);
        m_window.resize(got.value_or(0));
        if (!got)
            return failure(named(got.error()));
    }
    const auto rest = std::span(m_window).subspan(static_cast<std::size_t>(offset - m_windowAt));
    return rest.first(std::min(length, rest.size()));
}

Result<RecoveryLogHeader> RecordReader::open()
{
    const auto status = m_file.status();
    if (!status)
        return failure(named(status.error()));
    m_size = status->size;
    const auto bytes = at(0, kMostHeader);
    if (!bytes)
        return failure(bytes.error());
    auto decoded = decodeHeader(*bytes);
    if (!decoded)
        return failure(named(decoded.error()));
    m_salt = decoded->header.salt;
    m_offset = decoded->size;
    return std::move(decoded->header);
}

/// The record that begins at `offset`; nothing when none does.
Result<std::optional<Record>> RecordReader::recordAt(std::uint64_t offset)
{
    const auto headBytes = at(offset, kRecordHead);
    if (!headBytes)
        return failure(headBytes.error());
    const auto head = decodeHead(*headBytes);
    if (!head)
        return std::nullopt;
    const auto size = static_cast<std::size_t>(recordSize(head->payload));
    const auto whole = at(offset, size);
    if (!whole)
        return failure(whole.error());
    if (whole->size() < size || !isWhole(*whole, m_salt))
        return std::nullopt;
    return Record{head->kind, head->place, ByteRange(ByteOffset(offset), ByteOffset(offset + size)),
                  whole->subspan(kRecordHead, head->payload)};
}

Result<std::optional<Record>> RecordReader::next(const std::stop_token &stop)
{
    if (m_ended)
        return std::nullopt;
    if (stop.stop_requested())
        return failure(named(Error::of(ErrorCode::Cancelled, Operation::Journal)));
    auto record = recordAt(m_offset);
    if (!record) {
        // The medium gives no more; what was read until here stands.
        m_ended = true;
        m_damage = record.error();
        return std::nullopt;
    }
    if (*record && ((*record)->place == m_expected || leftOut(ProtocolStep::LogComparesPlace))) {
        m_offset = (*record)->at.end().value();
        ++m_expected.number;
        m_expected.state += (*record)->kind == RecordKind::State ? 1 : 0;
        return record;
    }
    m_ended = true;
    const auto later = laterStateFollows(stop);
    if (!later)
        return failure(later.error());
    if (*later)
        m_damage = damagedAt(ByteRange(ByteOffset(m_offset), ByteOffset(kMaxSourceSize)));
    return std::nullopt;
}

/// Looks for a record of a later state behind the place where the expected record is not. Where that takes too long, there is taken to be one: nothing is kept silent that may
/// be a loss.
Result<bool> RecordReader::laterStateFollows(const std::stop_token &stop)
{
    std::uint64_t searched = 0;
    for (std::uint64_t offset = m_offset;; offset += 8) {
        if (offset % kWindow == 0 && stop.stop_requested())
            return failure(named(Error::of(ErrorCode::Cancelled, Operation::Journal)));
        const auto headBytes = at(offset, kRecordHead);
        if (!headBytes)
            return true;
        if (headBytes->size() < kRecordHead)
            return false;
        const auto head = decodeHead(*headBytes);
        if (!head || head->place.state <= m_expected.state || head->place.number <= m_expected.number)
            continue;
        searched += recordSize(head->payload);
        if (searched > kMostSearched)
            return true;
        const auto record = recordAt(offset);
        if (!record || *record)
            return true;
    }
}

} // namespace recovery_log

} // namespace cachecore
