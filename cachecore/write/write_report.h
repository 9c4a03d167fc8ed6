// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cachecore {

/// What became of one range that a write was to replace.
enum class RangeFate : std::uint8_t {
    Committed,  ///< the disk has the new bytes, verified
    Untouched,  ///< nothing was written there; the edits are still staged
    RolledBack, ///< new bytes were written and the old ones put back, verified; the edits are still staged
    Unsettled,  ///< old and new bytes may be mixed there until the journal is settled; the edits are still staged
};

struct RangeResult {
    ByteRange range; ///< from the first to the last staged byte of the batch
    RangeFate fate = RangeFate::Untouched;

    friend bool operator==(const RangeResult &, const RangeResult &) = default;
};

/// What a commit or persist did.
struct WriteReport {
    std::uint64_t bytesWritten = 0; ///< staged bytes that are now on the disk, verified
    std::uint64_t extents = 0;      ///< contiguous stretches they lie in
    std::uint64_t writes = 0;       ///< write calls made on the target
    ByteRange span;                 ///< from the first to the last byte written; empty when nothing was staged
    bool undoKept = true;           ///< false when the old bytes were too many to keep, so undo starts after this write
    bool imageIntact = true;        ///< false when a journal remains that must be settled (NeedsRecovery)
    std::vector<RangeResult> ranges; ///< one for each batch, ascending
    /// What went wrong once everything was on the disk, or back as it was, and verified: the journal, which nobody needs any more, could not be removed, or not durably so.
    std::optional<Error> leftover;
    std::optional<Error> rollBackError; ///< why putting the old bytes back failed; only when the image is not intact
    std::string
        journalPath; ///< where the last journal was, or is when it remains; empty when it had no name or was never made

    friend bool operator==(const WriteReport &, const WriteReport &) = default;
};

/// The end of a commit or persist: what was done in any case, and what stopped it, if something did.
class WriteOutcome {
public:
    WriteOutcome() = default;
    WriteOutcome(WriteReport report) // NOLINT(google-explicit-constructor): a report alone is a success
        : m_report(std::move(report))
    {
    }
    WriteOutcome(WriteReport report, Error error)
        : m_report(std::move(report))
        , m_error(std::move(error))
    {
    }

    [[nodiscard]] bool succeeded() const { return !m_error; }
    explicit operator bool() const { return succeeded(); }
    [[nodiscard]] const WriteReport &report() const { return m_report; }
    [[nodiscard]] const WriteReport *operator->() const { return &m_report; }
    [[nodiscard]] const WriteReport &operator*() const { return m_report; }
    /// Only when it did not succeed.
    [[nodiscard]] const Error &error() const { return *m_error; }

private:
    WriteReport m_report;
    std::optional<Error> m_error;
};

} // namespace cachecore
