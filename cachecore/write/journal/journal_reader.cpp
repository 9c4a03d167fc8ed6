// SPDX-License-Identifier: MIT
#include "cachecore/write/journal/journal_reader.h"

#include "cachecore/base/named_error.h"
#include "cachecore/write/journal/journal_extent_reader.h"
#include "cachecore/write/journal/journal_layout.h"
#include "cachecore/write/journal/protocol_step.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>
#include <utility>

namespace cachecore {

using namespace journal;

class JournalReader::Impl {
public:
    Impl(EnvFile &file, std::string path, std::uint64_t fileSize)
        : m_path(path)
        , m_fileSize(fileSize)
        , m_records(file, std::move(path), fileSize)
    {
    }

    Result<void> readHeader();
    Result<JournalSummary> validate(const std::stop_token &stop);
    void rewind() { m_records.start(m_header, m_headerLength, m_headerHash); }
    Result<std::optional<JournalExtent>> next(Want want);
    [[nodiscard]] const JournalHeader &header() const { return m_header; }
    [[nodiscard]] const std::string &path() const { return m_path; }

private:
    Result<void> readArmed(JournalSummary &summary);
    Result<void> readLaterStates(JournalSummary &summary);

    const std::string m_path;
    const std::uint64_t m_fileSize;
    ExtentReader m_records;
    JournalHeader m_header;
    std::uint64_t m_headerLength = 0;
    Hash128 m_headerHash{};
};

Result<void> JournalReader::Impl::readHeader()
{
    if (m_fileSize < kHeaderFixed)
        return m_records.damaged(0, m_fileSize);
    const auto fixed = m_records.view(0, kHeaderFixed);
    if (!fixed)
        return failure(fixed.error());
    if (std::memcmp(fixed->data(), kMagic.data(), kMagic.size()) != 0)
        return m_records.damaged(0, kMagic.size());
    const auto version = get<std::uint32_t>(fixed->data() + kMagic.size());
    if (version > kJournalVersion)
        return failure(ErrorCode::NewerVersion, Operation::Journal, {}, m_path);
    const auto length = headerLength(*fixed);
    if (version != kJournalVersion || !length || *length > m_fileSize)
        return m_records.damaged(0, kHeaderFixed);
    const auto bytes = m_records.view(0, *length);
    if (!bytes)
        return failure(bytes.error());
    auto header = decodeHeader(*bytes);
    if (!header)
        return m_records.damaged(0, *length);
    m_header = std::move(*header);
    m_headerLength = *length;
    m_headerHash = getHash(bytes->data() + *length - kHashSize);
    rewind();
    return {};
}

Result<std::optional<JournalExtent>> JournalReader::Impl::next(Want want)
{
    return m_records.next(want == Want::NewOnly ? ExtentReader::Depth::NewOnly : ExtentReader::Depth::OldAndNew);
}

Result<JournalSummary> JournalReader::Impl::validate(const std::stop_token &stop)
{
    rewind();
    JournalSummary summary;
    for (;;) {
        if (stop.stop_requested())
            return failure(ErrorCode::Cancelled, Operation::Journal, {}, m_path);
        const auto extent = m_records.next(ExtentReader::Depth::Everything);
        if (!extent)
            return failure(extent.error());
        if (!*extent)
            break;
        const ByteRange units = (*extent)->units;
        summary.span = {summary.extents == 0 ? units.begin() : summary.span.begin(), units.end()};
        ++summary.extents;
        summary.unitBytes += units.length();
        for (const JournalSegment &segment : (*extent)->segments)
            summary.newBytes += segment.range.length();
    }
    summary.records = m_records.records();
    if (auto done = readArmed(summary); !done)
        return failure(done.error());
    if (summary.state == JournalState::Armed) {
        if (auto done = readLaterStates(summary); !done)
            return failure(done.error());
    }
    rewind();
    return summary;
}

/// Reads what follows the records: zeros up to a multiple of kStateSize, then ARMED. Only where nothing at all stands is the journal Unarmed:
/// no journal has its name before ARMED is whole.
Result<void> JournalReader::Impl::readArmed(JournalSummary &summary)
{
    const std::uint64_t at = (m_records.at() + kStateSize - 1) / kStateSize * kStateSize;
    summary.end = at;
    const std::uint64_t end = std::min(m_fileSize, at + kStateSize);
    if (m_records.at() >= end)
        return {};
    const auto bytes = m_records.view(m_records.at(), static_cast<std::size_t>(end - m_records.at()));
    if (!bytes)
        return failure(bytes.error());
    if (allZero(*bytes))
        return {};
    const auto padding = static_cast<std::size_t>(at - m_records.at());
    if (end < at + kStateSize || !allZero(bytes->first(padding)))
        return m_records.damaged(m_records.at(), end - m_records.at());
    const auto block = bytes->subspan(padding).first<kStateSize>();
    const auto record = StateRecord::decode(m_header.salt, block);
    if (!record || record->type != RecordType::Armed)
        return m_records.damaged(at, kStateSize);
    const bool ofThese = record->sequence == summary.records && record->extents == summary.extents
        && record->unitBytes == summary.unitBytes && record->newBytes == summary.newBytes
        && record->before == m_records.runningHash();
    if (!ofThese && !leftOut(ProtocolStep::JournalComparesArmed))
        return m_records.damaged(m_headerLength, at + kStateSize - m_headerLength);
    summary.state = JournalState::Armed;
    summary.end = at + kStateSize;
    summary.lastHash = getHash(block.last<kHashSize>().data());
    ++summary.records;
    return {};
}

/// Reads state records as long as they are whole and each follows from the one before.
Result<void> JournalReader::Impl::readLaterStates(JournalSummary &summary)
{
    while (summary.end <= m_fileSize && m_fileSize - summary.end >= kStateSize) {
        const auto bytes = m_records.view(summary.end, kStateSize);
        if (!bytes)
            return failure(bytes.error());
        const auto block = bytes->first<kStateSize>();
        const auto record = StateRecord::decode(m_header.salt, block);
        const bool follows = record && record->sequence == summary.records && record->before == summary.lastHash;
        if (!record || (!follows && !leftOut(ProtocolStep::JournalComparesLater))
            || !mayFollow(summary.state, *stateOf(record->type)))
            break;
        summary.state = *stateOf(record->type);
        summary.lastHash = getHash(block.last<kHashSize>().data());
        summary.end += kStateSize;
        ++summary.records;
    }
    return {};
}

namespace {

/// Runs `work`, which may find no memory.
template <typename Work>
auto withMemory(const std::string &path, Work &&work) -> decltype(work())
{
    try {
        return work();
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Journal, {}, path);
    }
}

} // namespace

Result<JournalReader> JournalReader::open(EnvFile &file, std::string path)
{
    return withMemory(path, [&]() -> Result<JournalReader> {
        const auto status = file.status();
        if (!status)
            return failure(named(status.error(), Operation::Journal, path));
        auto impl = std::make_unique<Impl>(file, path, std::min(status->size, kMaxSourceSize - kStateSize));
        if (auto done = impl->readHeader(); !done)
            return failure(done.error());
        return JournalReader(std::move(impl));
    });
}

JournalReader::JournalReader(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}

JournalReader::JournalReader(JournalReader &&) noexcept = default;
JournalReader &JournalReader::operator=(JournalReader &&) noexcept = default;
JournalReader::~JournalReader() = default;

const std::string &JournalReader::path() const
{
    return m_impl->path();
}

const JournalHeader &JournalReader::header() const
{
    return m_impl->header();
}

Result<JournalSummary> JournalReader::validate(std::stop_token stop)
{
    return withMemory(m_impl->path(), [&] { return m_impl->validate(stop); });
}

void JournalReader::rewind()
{
    m_impl->rewind();
}

Result<std::optional<JournalExtent>> JournalReader::next(Want want)
{
    return withMemory(m_impl->path(), [&] { return m_impl->next(want); });
}

void applySegments(const JournalExtent &extent, std::span<std::byte> bytes)
{
    assert(bytes.size() == extent.units.length());
    for (const JournalSegment &segment : extent.segments) {
        const std::uint64_t at = segment.range.begin() - extent.units.begin();
        (void)segment.piece.peekTo(
            0, bytes.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(segment.range.length())));
    }
}

} // namespace cachecore
