// SPDX-License-Identifier: MIT
#include "cachecore/base/named_error.h"
#include "cachecore/write/recovery/recovery_job.h"

#include <algorithm>
#include <cstring>
#include <numeric>

// What a journal and its target say together.

namespace cachecore {

namespace {

bool isDamage(const Error &error)
{
    return error.code == ErrorCode::Damaged || error.code == ErrorCode::NewerVersion;
}

UnitCondition conditionOf(std::span<const std::byte> now, std::span<const std::byte> old,
                          std::span<const std::byte> meant)
{
    // New before Old: where both are the same there is nothing left to do.
    if (std::memcmp(now.data(), meant.data(), now.size()) == 0)
        return UnitCondition::New;
    if (std::memcmp(now.data(), old.data(), now.size()) == 0)
        return UnitCondition::Old;
    return holdsForeignByte(now, old, meant) ? UnitCondition::Foreign : UnitCondition::Torn;
}

} // namespace

Result<void> RecoveryJob::look()
{
    m_progress.begin(WritePhase::Checking, 0);
    if (auto read = readJournal(); !read)
        return read;
    if (m_report.damage || ended())
        return {};
    if (auto fits = checkSize(); !fits)
        return fits;
    return lookAtUnits();
}

/// A journal that cannot be used is told in the report; an error is what could not be read at all.
Result<void> RecoveryJob::readJournal()
{
    auto read = readWholeJournal();
    if (read || !isDamage(read.error()))
        return read;
    m_report.damage = std::move(read.error());
    return {};
}

Result<void> RecoveryJob::readWholeJournal()
{
    auto file = m_env.open(path(), OpenMode::Read);
    if (!file)
        return failure(named(file.error(), Operation::Journal, path()));
    m_file = std::move(*file);
    auto journal = JournalReader::open(*m_file, path());
    if (!journal)
        return failure(journal.error());
    m_journal.emplace(std::move(*journal));
    m_report.header = m_journal->header();
    const auto summary = m_journal->validate(m_stop);
    if (!summary)
        return failure(summary.error());
    m_report.state = summary->state;
    m_report.newBytes = summary->newBytes;
    m_report.span = summary->span;
    // Only a journal that is armed ever gets this name.
    if (summary->state == JournalState::Unarmed && !leftOut(ProtocolStep::RecoveryChecksArmed))
        return failure(ErrorCode::Damaged, Operation::Journal, {}, path());
    return listExtents(summary->extents);
}

Result<void> RecoveryJob::listExtents(std::uint64_t count)
{
    m_extents.reserve(static_cast<std::size_t>(count));
    m_journal->rewind();
    for (;;) {
        const auto extent = m_journal->next(JournalReader::Want::NewOnly);
        if (!extent)
            return failure(extent.error());
        if (!*extent)
            break;
        m_extents.push_back((*extent)->units);
    }
    m_units.count = m_extents.size();
    return {};
}

Result<void> RecoveryJob::checkSize()
{
    const auto size = m_target.size();
    if (!size)
        return failure(size.error());
    m_report.sameDisk = isSameDisk(*size);
    m_report.sameTarget = m_report.sameDisk && *size == m_report.header->before.size;
    const ByteRange span = m_report.span;
    if (span.end().value() > *size && !leftOut(ProtocolStep::RecoveryChecksSize))
        return failure(ErrorCode::Truncated, Operation::Recover,
                       ByteRange(std::max(ByteOffset(*size), span.begin()), span.end()), m_target.path());
    return {};
}

bool RecoveryJob::isSameDisk(std::uint64_t size) const
{
    const JournalHeader &journal = *m_report.header;
    const SourceIdentity now = m_target.identity();
    if (now == journal.identity)
        return true;
    return now.kind == journal.identity.kind && now.b == journal.identity.b && m_target.path() == journal.targetPath
        && size >= journal.before.size;
}

std::uint64_t RecoveryJob::unitBytes() const
{
    return std::accumulate(m_extents.begin(), m_extents.end(), std::uint64_t{0},
                           [](std::uint64_t sum, ByteRange range) { return sum + range.length(); });
}

Result<void> RecoveryJob::lookAtUnits()
{
    m_progress.begin(WritePhase::Checking, unitBytes());
    UnitReader reader(m_target, m_units, m_report.header->unit, Operation::Recover);
    std::vector<std::byte> meant;
    m_journal->rewind();
    for (std::size_t i = 0; i < m_units.count; ++i) {
        if (m_stop.stop_requested())
            return failure(ErrorCode::Cancelled, Operation::Recover, m_extents[i], path());
        const auto extent = m_journal->next(JournalReader::Want::OldAndNew);
        if (!extent)
            return failure(extent.error());
        if (!*extent || (*extent)->units != m_extents[i])
            return failure(ErrorCode::Damaged, Operation::Journal, {}, path());
        const auto now = reader.units(i);
        if (!now)
            return failure(now.error());
        meant.assign((*extent)->old.begin(), (*extent)->old.end());
        applySegments(**extent, meant);
        count(*now, (*extent)->old, meant);
        m_progress.advance(m_extents[i].length());
    }
    return {};
}

void RecoveryJob::count(const UnitBytes &now, std::span<const std::byte> old, std::span<const std::byte> meant)
{
    for (std::size_t i = 0; i < now.count(); ++i) {
        const ByteRange unit = now.unitAt(i);
        const UnitCondition condition = now.readable[i]
            ? conditionOf(now.of(now.bytes, unit), now.of(old, unit), now.of(meant, unit))
            : UnitCondition::Unreadable;
        ++m_report.units[static_cast<std::size_t>(condition)];
        if (condition != UnitCondition::Foreign)
            continue;
        std::vector<ByteRange> &ranges = m_report.foreign;
        if (!ranges.empty() && ranges.back().end() == unit.begin())
            ranges.back() = {ranges.back().begin(), unit.end()};
        else
            ranges.push_back(unit);
    }
}

} // namespace cachecore
