// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/source/block_source.h"
#include "cachecore/source/direct_reader.h"

#include <atomic>
#include <memory>

namespace cachecore {

struct OpenedFile;

/// A regular file or block device, read with preadv and written with pwritev through an Env. Never mapped, so
/// a file cut short under it gives an error and no signal. Short transfers are resumed, EINTR is retried.
/// Thread: any, in parallel.
class FileSource final : public BlockSource {
public:
    enum class Access : std::uint8_t {
        ReadOnly,         ///< opened O_RDONLY, nothing can write through it
        WriteIfPermitted, ///< a regular file as WriteDevice, a block device as ReadOnly
        WriteDevice,      ///< opened for writing where that is allowed, else read-only with the reason kept
    };

    /// Opens `path` (bytes, need not be text). What is opened for writing is locked against other writers as long as it is open: a regular file
    /// by EnvFile::lockForWriting, a block device by being opened exclusively, which the system refuses while it or a part of it is mounted, swap or
    /// claimed; what another holds, be it another source of this program, is opened read-only, with reason Held and its name. Errors: NotFound, PermissionDenied, IsDirectory, UnsupportedKind (FIFO,
    /// socket, character device: refused before anything could hang on it), System. Blocking.
    [[nodiscard]] static Result<std::unique_ptr<FileSource>> open(std::shared_ptr<Env> env, const std::string &path,
                                                                  Access access);

    using BlockSource::readAt;
    Result<std::uint64_t> readAt(ByteOffset at, std::span<const std::span<std::byte>> into) override;
    /// With O_DIRECT; readAt where the file system takes no such reads.
    Result<std::uint64_t> readDirect(ByteOffset at, std::span<std::byte> into) override;
    Result<void> writev(ByteOffset at, std::span<const std::span<const std::byte>> from) override;
    Result<void> sync() override;
    Result<std::uint64_t> size() override;
    Result<SourceFingerprint> fingerprint() override;
    Result<void> checkStillNamed() override;
    Result<void> checkHolders() override;
    Result<ByteRange> nextData(ByteOffset from) override;
    std::uint32_t blockSize() const override;
    /// What the device says; 4096 for a regular file.
    std::uint32_t physicalBlockSize() const override;
    /// What the system says (STATX_DIOALIGN), else what it is found to take.
    std::uint32_t directIoAlignment() const override;
    Result<void> dropCached(ByteRange range) override;
    Result<void> willNeed(ByteRange range) override;
    /// Maps a part of it for reading, as EnvFile::map. Blocking.
    [[nodiscard]] Result<std::unique_ptr<EnvMapping>> map(ByteRange range);
    SourceIdentity identity() const override;
    std::string path() const override;
    bool writable() const override;
    Error readOnlyReason() const override;

private:
    explicit FileSource(OpenedFile opened);
    [[nodiscard]] ErrorCode pastEnd(ByteOffset at, std::uint64_t length) const;

    const std::shared_ptr<Env> m_env;
    const std::unique_ptr<EnvFile> m_file;
    const std::string m_path;
    const FileKind m_kind;
    const SourceIdentity m_identity;
    const std::uint32_t m_blockSize;
    const std::uint32_t m_physicalBlockSize;
    const std::optional<Error> m_readOnlyReason; ///< nothing: writable
    DirectReader m_direct;
    std::atomic<std::uint64_t> m_largestSize; ///< that it was seen to have, bytes
};

} // namespace cachecore
