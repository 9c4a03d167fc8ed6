// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/journal/journal_reader.h"
#include "cachecore/write/journal/protocol_step.h"
#include "cachecore/write/recovery.h"
#include "cachecore/write/target/journal_player.h"

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace cachecore {

/// One journal being looked at or settled. Thread: one; blocks. Throws std::bad_alloc.
class RecoveryJob {
public:
    RecoveryJob(Env &env, BlockSource &target, const std::string &path, WriteProgress &progress, std::stop_token stop)
        : m_env(env)
        , m_target(target)
        , m_progress(progress)
        , m_stop(std::move(stop))
        , m_units{0, [this](std::size_t i) { return m_extents[i]; }}
    {
        m_report.journalPath = path;
    }
    RecoveryJob(const RecoveryJob &) = delete;
    RecoveryJob &operator=(const RecoveryJob &) = delete;

    /// Everything a report has; what inspectJournal promises.
    [[nodiscard]] Result<void> look();
    /// look(), and then what settleJournal promises.
    [[nodiscard]] Result<void> settle(RecoveryChoice choice, const ForeignUnits &foreign);
    [[nodiscard]] RecoveryReport takeReport() { return std::move(m_report); }

private:
    [[nodiscard]] Result<void> readJournal();
    [[nodiscard]] Result<void> readWholeJournal();
    [[nodiscard]] Result<void> listExtents(std::uint64_t count);
    [[nodiscard]] Result<void> checkSize();
    [[nodiscard]] bool isSameDisk(std::uint64_t size) const;
    [[nodiscard]] Result<void> lookAtUnits();
    void count(const UnitBytes &now, std::span<const std::byte> old, std::span<const std::byte> meant);
    [[nodiscard]] Result<void> checkStillNamed(ProtocolStep step) const;
    [[nodiscard]] Result<void> refuseReadOnly() const;
    [[nodiscard]] Result<void> refuse(const ForeignUnits &foreign) const;
    [[nodiscard]] Result<void> bring(JournalSide side, const ForeignUnits &foreign);
    [[nodiscard]] Result<void> removeJournal();
    [[nodiscard]] bool ended() const
    {
        return m_report.state == JournalState::Done || m_report.state == JournalState::RolledBack;
    }
    [[nodiscard]] std::uint64_t unitBytes() const;
    [[nodiscard]] const std::string &path() const { return m_report.journalPath; }

    Env &m_env;
    BlockSource &m_target;
    WriteProgress &m_progress;
    const std::stop_token m_stop;
    std::unique_ptr<EnvFile> m_file;
    std::optional<JournalReader> m_journal;
    std::vector<ByteRange> m_extents; ///< 16 bytes for each 4 KiB or more of the journal
    RangeList m_units;
    RecoveryReport m_report;
};

} // namespace cachecore
