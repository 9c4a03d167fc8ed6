// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/base/executor.h"
#include "cachecore/edit/external_bytes.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace cachecore {

/// External bytes out of one open file, with a cache of a few blocks of its own.
///
/// Invariants:
///  - at most kMostBlocks blocks are in memory, wanted or remembered as failed; the one not looked at for the longest goes first;
///  - a block is loaded for peeks once, however many ask; of all that are wanted one is loaded at a time, the latest first, so that a file
///    that hangs costs its executor one worker, which is reported stuck once peeks have seen it hang for kStuckAfter;
///  - a block that failed is not loaded again for a peek before kRetryAfter has passed; reads always try;
///  - once the destructor has returned no load begins; one under way ends by itself and tells nobody.
/// A peek for more than kMostBlocks blocks can never be answered whole.
/// Thread: any, in parallel. Memory: kBlock * kMostBlocks for each object.
class FileBytes final : public ExternalBytes {
public:
    static constexpr std::uint64_t kBlock = std::uint64_t{64} << 10;
    static constexpr std::uint64_t kMostBlocks = 32;
    static constexpr std::chrono::milliseconds kRetryAfter{2000};
    static constexpr std::chrono::milliseconds kStuckAfter{2000};

    /// What loads blocks for peeks and is told of them.
    struct Loading {
        std::shared_ptr<Executor> executor;
        std::function<void()>
            arrived; ///< called on the executor after a block came or failed; may outlive whom it tells
    };

    /// A file to import. Its state (size, times, sampled hashes) is noted, for checkUnchanged. Errors: as FileSource::open, operation Import. Blocking.
    [[nodiscard]] static Result<std::shared_ptr<FileBytes>> import(const std::shared_ptr<Env> &env,
                                                                   const std::string &path, Loading loading);
    /// A file of our own that nobody else can change: the journal of a finished write. `path` is for errors only.
    [[nodiscard]] static std::shared_ptr<FileBytes> retired(std::unique_ptr<EnvFile> file, std::string path,
                                                            std::uint64_t size, Loading loading);
    ~FileBytes() override;

    std::uint64_t size() const override;
    bool peek(std::uint64_t at, std::span<std::byte> into) const override;
    Result<void> read(std::uint64_t at, std::span<std::byte> into) const override;
    Result<void> checkUnchanged() const override;
    /// The file of an import.
    std::optional<ExternalOrigin> origin() const override;

private:
    class Impl;
    explicit FileBytes(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> m_impl; ///< shared with loads under way; constant until the end
};

} // namespace cachecore
