// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/journal/journal_writer.h"
#include "cachecore/write/plan/write_plan.h"
#include "cachecore/write/target/run_reader.h"
#include "cachecore/write/transaction/base_check.h"
#include "cachecore/write/transaction/old_bytes.h"
#include "cachecore/write/write_progress.h"

#include <stop_token>
#include <vector>

namespace cachecore {

/// Fills a batch's journal: reads what the target holds under each extent, compares it with what the edits were made on, and hands old and new bytes to the
/// writer. The first difference stops it. Touches nothing but the journal.
/// Thread: one at a time; blocks. Memory: what RunReader takes, and one extent where bytes have to be put together.
class JournalBuilder {
public:
    /// All must outlive it. `oldBytes` is told of every extent.
    struct Parts {
        BlockSource &target;
        const WritePlan &plan;
        const WriteBatch &batch;
        JournalWriter &writer;
        OldBytes &oldBytes;
        WriteProgress &progress;
        std::stop_token stop;
    };

    explicit JournalBuilder(Parts parts);

    /// Every extent, and every file that is imported looked at before and after. Errors: Changed with Operation::Compare (the target) or Operation::Import (a file) and what
    /// differs, Truncated, Cancelled, what target, journal and files say.
    [[nodiscard]] Result<void> build();

private:
    [[nodiscard]] Result<void> checkImports() const;
    [[nodiscard]] Result<void> addExtent(std::size_t index);
    [[nodiscard]] Result<void> makeSegments(const PlannedExtent &extent, std::span<const std::byte> old);
    [[nodiscard]] Result<void> addPiece(ByteRange range, const Piece &piece);
    [[nodiscard]] std::span<std::byte> scratchFor(ByteRange range);

    const Parts m_parts;
    const RangeList m_ranges;
    RunReader m_reader;
    BaseCheck m_bases;
    std::vector<const ExternalBytes *> m_imports; ///< each once; the plan keeps them alive
    std::vector<JournalSegment> m_segments;
    std::shared_ptr<std::vector<std::byte>> m_scratch; ///< bytes of m_segments that no piece of the plan has
    std::size_t m_scratchUsed = 0;
};

} // namespace cachecore
