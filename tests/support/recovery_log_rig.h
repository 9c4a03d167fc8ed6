// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/edit/external_bytes.h"
#include "cachecore/edit/staged_edits.h"
#include "cachecore/write/log/recovered_edits.h"
#include "cachecore/write/log/recovery_log.h"
#include "tests/support/edits.h"
#include "tests/support/fault_env.h"
#include "tests/support/manual_executor.h"
#include "tests/support/memory_external.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace cachet_test {

/// What each byte of a small source is staged to, and what its base is: two numbers a byte that are equal when edits mean the same.
struct FlatEdits {
    static constexpr std::uint64_t kNothing = ~std::uint64_t{0};

    explicit FlatEdits(const cachecore::StagedEdits &edits, std::uint64_t size);
    friend bool operator==(const FlatEdits &, const FlatEdits &) = default;

    std::vector<std::uint64_t> staged;
    std::vector<std::uint64_t> bases;
};

/// A file of a test as something to import, that says where it is.
class NamedExternal final : public cachecore::ExternalBytes {
public:
    NamedExternal(std::vector<std::byte> bytes, cachecore::ExternalOrigin origin)
        : m_bytes(std::move(bytes))
        , m_origin(std::move(origin))
    {
    }
    std::uint64_t size() const override { return m_bytes.size(); }
    bool peek(std::uint64_t at, std::span<std::byte> into) const override { return m_bytes.peek(at, into); }
    cachecore::Result<void> read(std::uint64_t at, std::span<std::byte> into) const override
    {
        return m_bytes.read(at, into);
    }
    cachecore::Result<void> checkUnchanged() const override { return {}; }
    std::optional<cachecore::ExternalOrigin> origin() const override { return m_origin; }

private:
    const MemoryExternal m_bytes;
    const cachecore::ExternalOrigin m_origin;
};

/// A recovery log with everything around it, stepped by hand and due at once.
struct RecoveryLogRig {
    static constexpr std::uint64_t kSize = 64 << 10; ///< of the source the edits are staged over

    explicit RecoveryLogRig(cachecore::RecoveryLog::Options options = atOnce());
    /// Runs what is queued, or an executor that never runs again would hold the log that holds it.
    ~RecoveryLogRig()
    {
        log.reset();
        (void)executor->runAll();
    }
    RecoveryLogRig(const RecoveryLogRig &) = delete;
    RecoveryLogRig &operator=(const RecoveryLogRig &) = delete;

    static cachecore::RecoveryLog::Options atOnce();
    /// Another log of the same source, on the same executor.
    [[nodiscard]] std::unique_ptr<cachecore::RecoveryLog> another(cachecore::RecoveryLog::Options options = atOnce());

    /// Notes `edits` and lets the task run once.
    void keep(const cachecore::StagedEdits &edits);
    /// What the log's file holds.
    [[nodiscard]] cachecore::Result<cachecore::RecoveredEdits> read() const { return readAt(log->path()); }
    [[nodiscard]] cachecore::Result<cachecore::RecoveredEdits> readAt(const std::string &path) const;
    /// A random change of `edits`: any kind of piece and base.
    [[nodiscard]] cachecore::StagedEdits changed(const cachecore::StagedEdits &edits, Random &random) const;
    [[nodiscard]] cachecore::Piece randomPiece(std::uint64_t length, Random &random) const;

    const TempDir dir{inMemory()}; ///< in memory where that is possible: these tests write thousands of files
    const std::string stem = dir.file("state/0123456789abcdef");
    const std::shared_ptr<FaultEnv> env = std::make_shared<FaultEnv>();
    const std::shared_ptr<ManualExecutor> executor = std::make_shared<ManualExecutor>();
    const cachecore::RecoveryLogHeader header;
    const std::shared_ptr<const NamedExternal> named;
    const std::shared_ptr<const MemoryExternal> nameless;
    std::vector<cachecore::Error> troubles; ///< in the order they were told
    unsigned mended = 0;                    ///< how often it was told that an error is over
    std::unique_ptr<cachecore::RecoveryLog> log;

private:
    static std::string inMemory();
};

/// A base over aligned blocks that touch `range`, or exactly over it, of a made-up source.
[[nodiscard]] cachecore::RangeTree<cachecore::Base> randomBases(cachecore::ByteRange range, Random &random);

} // namespace cachet_test
