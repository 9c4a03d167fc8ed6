// SPDX-License-Identifier: MIT
#include "cachecore/write/journal/journal_writer.h"

#include "cachecore/write/journal/journal_extent_writer.h"
#include "cachecore/write/journal/journal_layout.h"
#include "cachecore/write/journal/journal_sink.h"
#include "cachecore/write/journal/protocol_step.h"

#include <algorithm>
#include <new>
#include <utility>

namespace cachecore {

using namespace journal;

namespace {

ProtocolStep syncStepOf(JournalState state)
{
    switch (state) {
    case JournalState::RollingBack:
        return ProtocolStep::SyncRollingBack;
    case JournalState::Done:
        return ProtocolStep::SyncDone;
    case JournalState::RolledBack:
        return ProtocolStep::SyncRolledBack;
    case JournalState::Unarmed:
    case JournalState::Armed:
        break;
    }
    return ProtocolStep::SyncArmed;
}

bool plausible(const JournalHeader &header)
{
    return header.targetPath.size() <= kJournalMostPath && header.identity.kind.size() <= kJournalMostIdentityKind
        && plausibleHeader(header);
}

} // namespace

class JournalWriter::Impl {
public:
    Impl(EnvFile &file, std::string path)
        : m_path(path)
        , m_sink(file, std::move(path))
        , m_extents(m_sink)
    {
    }

    Result<void> begin(const JournalHeader &header);
    Result<void> resume(const JournalHeader &header, const JournalSummary &summary);
    Result<std::uint64_t> extent(ByteRange units, std::span<const std::byte> old,
                                 std::span<const JournalSegment> segments);
    Result<void> arm();
    Result<void> append(JournalState state);

    [[nodiscard]] JournalState state() const { return m_state.value_or(JournalState::Unarmed); }
    [[nodiscard]] std::uint64_t size() const { return m_sink.at(); }
    /// Runs `work`; when it finds no memory, the journal ends there.
    template <typename Work>
    auto withMemory(Work &&work) -> decltype(work())
    {
        try {
            return work();
        } catch (const std::bad_alloc &) {
            return m_sink.fail(Error::of(ErrorCode::OutOfMemory, Operation::Journal));
        }
    }

private:
    [[nodiscard]] std::unexpected<Error> refused() const
    {
        return failure(ErrorCode::InvalidArgument, Operation::Journal, {}, m_path);
    }
    [[nodiscard]] bool acceptable(ByteRange units, std::span<const std::byte> old,
                                  std::span<const JournalSegment> segments) const;
    Result<void> writeState(const StateRecord &record, ProtocolStep sync);

    const std::string m_path;
    JournalSink m_sink;
    std::optional<JournalState> m_state; ///< nothing before begin()
    JournalHeader m_header;
    ExtentWriter m_extents;
    ByteOffset m_lastEnd;
    std::uint64_t m_sequence = 0; ///< from ARMED on: of the next record
    Hash128 m_lastHash{};         ///< of the last state record
};

Result<void> JournalWriter::Impl::begin(const JournalHeader &header)
{
    if (m_state || !plausible(header))
        return refused();
    const std::vector<std::byte> bytes = encodeHeader(header);
    m_sink.startAt(0);
    m_extents.start(header.salt, getHash(bytes.data() + bytes.size() - kHashSize));
    m_header = header;
    m_state = JournalState::Unarmed;
    return m_sink.put(bytes);
}

Result<void> JournalWriter::Impl::resume(const JournalHeader &header, const JournalSummary &summary)
{
    if (m_state || !mayFollow(summary.state, JournalState::RollingBack))
        return refused();
    m_sink.startAt(summary.end);
    m_header = header;
    m_state = summary.state;
    m_sequence = summary.records;
    m_lastHash = summary.lastHash;
    return {};
}

bool JournalWriter::Impl::acceptable(ByteRange units, std::span<const std::byte> old,
                                     std::span<const JournalSegment> segments) const
{
    const std::uint64_t size = m_header.before.size;
    const std::uint64_t unit = m_header.unit;
    if (m_state != JournalState::Unarmed || units.empty() || units.length() > kJournalMostExtent
        || units.begin() < m_lastEnd || units.end().value() > size || units.begin().value() % unit != 0
        || (units.end().value() % unit != 0 && units.end().value() != size) || old.size() != units.length()
        || segments.empty())
        return false;
    ByteOffset at = units.begin();
    for (const JournalSegment &segment : segments) {
        if (segment.range.empty() || segment.range.begin() < at || segment.piece.kind == Piece::Kind::External)
            return false;
        at = segment.range.end();
    }
    return at <= units.end();
}

Result<std::uint64_t> JournalWriter::Impl::extent(ByteRange units, std::span<const std::byte> old,
                                                  std::span<const JournalSegment> segments)
{
    if (m_sink.failed())
        return failure(*m_sink.failed());
    if (!acceptable(units, old, segments))
        return refused();
    auto oldAt = m_extents.write(units, old, segments);
    if (oldAt)
        m_lastEnd = units.end();
    return oldAt;
}

Result<void> JournalWriter::Impl::arm()
{
    if (m_sink.failed())
        return failure(*m_sink.failed());
    if (m_state != JournalState::Unarmed)
        return refused();
    (void)m_sink.putZeros(static_cast<std::size_t>((kStateSize - m_sink.at() % kStateSize) % kStateSize));
    if (auto done = m_sink.flush(); !done)
        return done;
    if (!leftOut(ProtocolStep::SyncJournalRecords)) {
        if (auto done = m_sink.sync(); !done)
            return done;
    }
    const RecordSums &sums = m_extents.sums();
    m_sequence = sums.records;
    if (auto done = writeState({RecordType::Armed, m_sequence, sums.extents, sums.unitBytes, sums.newBytes, sums.hash},
                               ProtocolStep::SyncArmed);
        !done)
        return done;
    m_state = JournalState::Armed;
    return {};
}

Result<void> JournalWriter::Impl::append(JournalState state)
{
    if (m_sink.failed())
        return failure(*m_sink.failed());
    if (!m_state || state == JournalState::Armed || !mayFollow(*m_state, state))
        return refused();
    if (auto done = writeState({recordOf(state), m_sequence, 0, 0, 0, m_lastHash}, syncStepOf(state)); !done)
        return done;
    m_state = state;
    return {};
}

Result<void> JournalWriter::Impl::writeState(const StateRecord &record, ProtocolStep sync)
{
    std::array<std::byte, kStateSize> block;
    m_lastHash = record.encode(m_header.salt, block);
    ++m_sequence;
    (void)m_sink.put(block);
    if (auto done = m_sink.flush(); !done)
        return done;
    return leftOut(sync) ? Result<void>() : m_sink.sync();
}

JournalWriter::JournalWriter(EnvFile &file, std::string path)
    : m_impl(std::make_unique<Impl>(file, std::move(path)))
{
}

JournalWriter::~JournalWriter() = default;

Result<void> JournalWriter::begin(const JournalHeader &header)
{
    return m_impl->withMemory([&] { return m_impl->begin(header); });
}

Result<void> JournalWriter::resume(const JournalHeader &header, const JournalSummary &summary)
{
    return m_impl->withMemory([&] { return m_impl->resume(header, summary); });
}

Result<void> JournalWriter::extent(ByteRange units, std::span<const std::byte> old,
                                   std::span<const JournalSegment> segments)
{
    const auto oldAt = m_impl->withMemory([&] { return m_impl->extent(units, old, segments); });
    if (!oldAt)
        return failure(oldAt.error());
    m_lastOldBytesAt = *oldAt;
    return {};
}

Result<void> JournalWriter::arm()
{
    return m_impl->withMemory([&] { return m_impl->arm(); });
}

Result<void> JournalWriter::append(JournalState state)
{
    return m_impl->withMemory([&] { return m_impl->append(state); });
}

JournalState JournalWriter::state() const
{
    return m_impl->state();
}

std::uint64_t JournalWriter::size() const
{
    return m_impl->size();
}

std::uint64_t JournalWriter::boundFor(std::uint64_t extents, std::uint64_t unitBytes, std::uint64_t segments,
                                      std::uint64_t literalBytes, std::uint64_t pathBytes)
{
    constexpr std::uint64_t kPadding = 7;
    const std::uint64_t header = kHeaderFixed + kJournalMostIdentityKind + pathBytes + kPadding + kHashSize;
    const std::uint64_t states = kStateSize - 1 + 3 * kStateSize; // what fills up before ARMED; it, and two more
    return header + states + unitBytes + literalBytes + extents * (kExtentHead + 2 * kPadding)
        + segments * (kSegmentSize + kPatternHead + kPadding);
}

std::uint64_t JournalWriter::patternCost(std::uint64_t patternLength, std::uint64_t length)
{
    return patternLength <= kJournalMostPattern ? std::min(patternLength, length) : length;
}

} // namespace cachecore
