// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/edit/external_bytes.h"
#include "cachecore/edit/staged_edits.h"
#include "cachecore/write/log/recovery_log_format.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace cachecore {

namespace recovery_log {

/// Where encoded records go: to the end of a file, in large writes; or, without a file, nowhere, to learn how many bytes they take. Nothing goes past `limit`.
/// Thread: one at a time. Blocks.
class Sink {
public:
    Sink(EnvFile *file, std::uint64_t at, std::uint64_t limit)
        : m_file(file)
        , m_end(at)
        , m_limit(limit)
    {
    }

    [[nodiscard]] bool counts() const { return !m_file; }
    /// Where the next byte goes.
    [[nodiscard]] std::uint64_t end() const { return m_end; }
    /// Takes `bytes`; only their number when it counts. Errors: NoSpace past the limit, what writing says.
    [[nodiscard]] Result<void> put(std::span<const std::byte> bytes);
    /// Hands everything taken to the system.
    [[nodiscard]] Result<void> flush();

private:
    static constexpr std::size_t kBuffer = std::size_t{256} << 10;

    EnvFile *const m_file;
    std::uint64_t m_end;
    const std::uint64_t m_limit;
    std::vector<std::byte> m_buffer; ///< the last bytes before m_end, not written yet
};

/// Turns the way from one state of the staged edits to the next into the records of one log.
/// Thread: one at a time. Blocks where external bytes must be read. After an error the log it writes to is good up to its last state, and the
/// encoder of no use any more.
class Encoder {
public:
    Encoder(Env &env, const JournalSalt &salt);

    /// Records that lead from `older` to `newer`, the transactions, and the end of the state.
    [[nodiscard]] Result<void> state(Sink &sink, const StagedEdits &older, const StagedEdits &newer,
                                     std::span<const CommittedTransaction> committed);

private:
    [[nodiscard]] Result<void> erased();
    [[nodiscard]] Result<void> piece(ByteRange range, const Piece &piece);
    [[nodiscard]] Result<void> literal(ByteRange range, const Piece &piece);
    [[nodiscard]] Result<void> pattern(ByteRange range, const Piece &piece);
    [[nodiscard]] Result<void> external(ByteRange range, const Piece &piece);
    [[nodiscard]] Result<void> copied(ByteRange range, const Piece &piece);
    [[nodiscard]] Result<void> base(ByteRange range, const Base &base);
    [[nodiscard]] Result<void> seenBytes(ByteRange range, const Base &base);
    [[nodiscard]] Result<void> seenHashes(ByteRange range, const Base &base);
    [[nodiscard]] Result<std::uint64_t> blobOf(const SharedBytes &bytes);
    [[nodiscard]] Result<std::uint64_t> fileOf(const std::shared_ptr<const ExternalBytes> &external,
                                               const ExternalOrigin &origin);

    /// Begins a record about `range`.
    Packer record(ByteRange range);
    Packer record();
    [[nodiscard]] Result<void> close(RecordKind kind);

    /// Something already in the log, by its address as long as it lives.
    template <typename Thing>
    struct Known {
        std::weak_ptr<const Thing> thing;
        std::uint64_t id = 0;
    };

    Env &m_env;
    const JournalSalt m_salt;
    Sink *m_sink = nullptr;
    std::vector<std::byte> m_record;
    ByteRange m_erased; ///< not written yet, so that neighbours become one record
    RecordPlace m_place;
    std::uint64_t m_nextId = 0;
    std::unordered_map<const void *, Known<std::vector<std::byte>>> m_blobs;
    std::unordered_map<const void *, Known<ExternalBytes>> m_files;
};

} // namespace recovery_log

} // namespace cachecore
