// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/edit/external_bytes.h"
#include "cachecore/source/memory_source.h"
#include "cachecore/write/transaction/transaction.h"
#include "tests/support/edits.h"
#include "tests/support/fault_env.h"
#include "tests/support/placed_source.h"
#include "tests/support/temp_dir.h"

#include <atomic>
#include <memory>
#include <stop_token>
#include <vector>

namespace cachet_test {

/// External bytes that lie in memory, or in a file that was handed over.
class TestExternal final : public cachecore::ExternalBytes {
public:
    explicit TestExternal(std::vector<std::byte> bytes)
        : m_bytes(std::move(bytes))
    {
    }

    /// Looks changed from call number `call` of checkUnchanged on (0: the next).
    void changeAtCheck(int call) { m_checksLeft = call; }

    std::uint64_t size() const override { return m_bytes.size(); }
    bool peek(std::uint64_t, std::span<std::byte>) const override { return false; }
    cachecore::Result<void> read(std::uint64_t at, std::span<std::byte> into) const override
    {
        std::ranges::copy(std::span(m_bytes).subspan(static_cast<std::size_t>(at), into.size()), into.begin());
        return {};
    }
    cachecore::Result<void> checkUnchanged() const override
    {
        if (m_checksLeft >= 0 && m_checksLeft-- == 0)
            return cachecore::failure(cachecore::ErrorCode::Changed, cachecore::Operation::Import);
        return {};
    }

private:
    const std::vector<std::byte> m_bytes;
    mutable std::atomic<int> m_checksLeft{-1};
};

/// What transactions are tested on: a target in memory with faults to inject and the outside of a file, journals in a directory of their own
/// under an Env with faults.
struct WriteRig {
    explicit WriteRig(std::vector<std::byte> bytes, std::uint32_t granularity = 1, std::uint32_t physicalBlock = 4096);

    /// The plan for all of `edits` on the target as it is.
    [[nodiscard]] cachecore::WritePlan plan(const cachecore::StagedEdits &edits) const;
    /// Brings all of `edits`, which must fit one batch, to the target. `started` is called with the transaction before it runs.
    cachecore::TransactionEnd commit(const cachecore::StagedEdits &edits,
                                     const std::function<void(cachecore::Transaction &)> &started = {});
    /// Leaves an armed journal for `edits` at its name, as a crash just before the first write would, and returns its path.
    std::string armJournal(const cachecore::StagedEdits &edits);
    /// Every file in the journals' directories.
    [[nodiscard]] std::vector<std::string> journals() const;
    /// The target's bytes.
    [[nodiscard]] std::vector<std::byte> bytes() const { return memory->bytes(); }
    /// Makes the target hold exactly these, which are as many as before.
    void setBytes(const std::vector<std::byte> &bytes) const;

    TempDir directory; ///< in memory where there is such a place: syncs cost nothing there
    std::shared_ptr<cachecore::MemorySource> memory;
    std::shared_ptr<FaultSource> faults;
    PlacedSource target;
    FaultEnv env;
    cachecore::JournalPlaces places;
    cachecore::WriteProgress progress;
    std::stop_source stop;
    std::uint64_t keepRetiredLimit = std::uint64_t{1} << 30;
    std::uint32_t unit;

    // Of the last commit.
    cachecore::RangeTree<cachecore::Piece> oldBytes;
    std::uint64_t retiredBytes = 0;
    cachecore::Transaction::State state = cachecore::Transaction::State::Idle;
    bool promisesHeld = false;
};

/// `disk` with everything staged in `edits` over it.
[[nodiscard]] std::vector<std::byte> overlaid(std::vector<std::byte> disk, const cachecore::StagedEdits &edits);

} // namespace cachet_test
