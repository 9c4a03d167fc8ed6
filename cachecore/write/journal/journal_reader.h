// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/write/journal/journal_format.h"

#include <memory>
#include <optional>
#include <span>
#include <stop_token>

namespace cachecore {

/// Sums over a whole journal.
struct JournalSummary {
    JournalState state = JournalState::Unarmed;
    std::uint64_t extents = 0;
    std::uint64_t unitBytes = 0; ///< old bytes it holds
    std::uint64_t newBytes = 0;  ///< bytes its segments cover
    ByteRange span;              ///< from the first to the last unit
    std::uint64_t end = 0;       ///< where the next state record goes: everything after it is not part of the journal
    std::uint64_t records = 0;   ///< of every type: the sequence number of the next one
    Hash128 lastHash{};          ///< of the last state record, which the next one names; for JournalWriter::resume

    friend bool operator==(const JournalSummary &, const JournalSummary &) = default;
};

/// One extent of a journal; the views are valid until the next call.
struct JournalExtent {
    ByteRange units;
    std::span<const std::byte> old;           ///< empty when not asked for
    std::span<const JournalSegment> segments; ///< ascending, disjoint, inside `units`
    Hash128 oldHash{};                        ///< salted, of the units' old bytes
    Hash128 newHash{};                        ///< salted, of the units' bytes once the segments are in them
};

/// Reads a journal, trusting nothing in it: every length, order, kind and hash is checked before it is used. What does not hold is
/// Damaged with operation Journal, the path and the range of the journal's own bytes; a later version is NewerVersion.
/// Thread: one at a time. Every function blocks. Memory: at most kJournalReadMemory whatever the file says.
class JournalReader {
public:
    static constexpr std::uint64_t kJournalReadMemory = std::uint64_t{32} << 20;

    /// Reads and checks the header. `file` must outlive the reader.
    [[nodiscard]] static Result<JournalReader> open(EnvFile &file, std::string path);
    JournalReader(JournalReader &&) noexcept;
    JournalReader &operator=(JournalReader &&) noexcept;
    ~JournalReader();

    [[nodiscard]] const JournalHeader &header() const;
    /// As it was opened by.
    [[nodiscard]] const std::string &path() const;

    /// Reads everything once and checks all of it: every hash of old and new bytes, order, sums, states; what was appended since open() is not seen. Then starts over
    /// at the first extent. O(journal). Cancelled on `stop`.
    [[nodiscard]] Result<JournalSummary> validate(std::stop_token stop = {});

    /// What of an extent's bytes is wanted.
    enum class Want : std::uint8_t { OldAndNew, NewOnly };
    /// Starts over at the first extent.
    void rewind();
    /// The next extent; nothing at the end of them. Checks what it reads: the record's own hash always, the old bytes' hash where they are wanted; that no record was lost
    /// or exchanged is for validate() to see. With NewOnly the old bytes of large extents are not read, but for 1 KiB or so at a time; those of
    /// small ones come along.
    [[nodiscard]] Result<std::optional<JournalExtent>> next(Want want);

private:
    class Impl;
    explicit JournalReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

/// The units' bytes as they will be: `old` with the segments put over it. `bytes` has units.length() bytes and holds the old ones when called.
void applySegments(const JournalExtent &extent, std::span<std::byte> bytes);

} // namespace cachecore
