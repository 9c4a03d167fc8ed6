// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/external_bytes.h"
#include "cachecore/edit/staged_edits.h"
#include "cachecore/write/log/recovery_log_encoder.h"
#include "cachecore/write/log/recovery_log_reader.h"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace cachecore::recovery_log {

/// Stands for a file named in a log, until it is opened; nothing can be read from it.
class NamedFile final : public ExternalBytes {
public:
    explicit NamedFile(ExternalOrigin origin)
        : m_origin(std::move(origin))
    {
    }

    std::uint64_t size() const override { return m_origin.fingerprint.size; }
    bool peek(std::uint64_t, std::span<std::byte>) const override { return false; }
    Result<void> read(std::uint64_t, std::span<std::byte>) const override { return notOpen(); }
    Result<void> checkUnchanged() const override { return notOpen(); }
    std::optional<ExternalOrigin> origin() const override { return m_origin; }

private:
    [[nodiscard]] std::unexpected<Error> notOpen() const
    {
        return failure(ErrorCode::Closed, Operation::Import, {}, m_origin.path);
    }

    const ExternalOrigin m_origin;
};

/// Turns the records of a log back into states of the edits.
/// Thread: one at a time. Never blocks. Memory: the edits and the blobs the log names.
class Decoder {
public:
    /// Applies one record. False when it makes no sense after those before it; then the decoder is of no further use.
    [[nodiscard]] bool apply(const Record &record);

    /// The last state that is complete. External pieces are NamedFiles.
    [[nodiscard]] const StagedEdits &edits() const { return m_state; }
    [[nodiscard]] const std::optional<CommittedTransaction> &committed() const { return m_committed; }
    [[nodiscard]] std::uint64_t states() const { return m_states; }

private:
    struct Blob {
        std::uint64_t size = 0;
        std::vector<std::byte> building;
        SharedBytes complete;
    };

    [[nodiscard]] bool literal(Unpacker payload);
    [[nodiscard]] bool blob(Unpacker payload);
    [[nodiscard]] bool pattern(Unpacker payload);
    [[nodiscard]] bool generated(Unpacker payload);
    [[nodiscard]] bool file(Unpacker payload);
    [[nodiscard]] bool imported(Unpacker payload);
    [[nodiscard]] bool base(RecordKind kind, Unpacker payload);
    [[nodiscard]] bool committedTransaction(Unpacker payload);
    [[nodiscard]] bool state(Unpacker payload);
    void stage(ByteRange range, Piece piece);

    StagedEdits m_building;
    StagedEdits m_state;
    std::optional<CommittedTransaction> m_committedBuilding;
    std::optional<CommittedTransaction> m_committed;
    std::uint64_t m_states = 0;
    std::unordered_map<std::uint64_t, Blob> m_blobs;
    std::unordered_map<std::uint64_t, std::shared_ptr<const NamedFile>> m_files;
};

} // namespace cachecore::recovery_log
