// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/base/file_descriptor.h"
#include "cachecore/base/write_lock.h"

#include <cerrno>
#include <memory>
#include <mutex>

#include <sys/stat.h>

namespace cachecore {

/// The error of the system call that failed last on this thread.
[[nodiscard]] inline std::unexpected<Error> lastError(Operation operation, std::optional<ByteRange> range = {},
                                                      std::string path = {})
{
    return failure(Error::fromErrno(errno, operation, range, std::move(path)));
}

/// `from` as the engine knows it.
[[nodiscard]] FileStatus statusOf(const struct stat &from);

/// An open file of the operating system. Thread: any, as EnvFile says.
class PosixFile final : public EnvFile {
public:
    /// `locks` are those of the Env the file belongs to.
    PosixFile(FileDescriptor descriptor, std::shared_ptr<WriteLocks> locks);

    Result<std::size_t> preadv(ByteOffset at, std::span<const std::span<std::byte>> into) override;
    Result<std::size_t> pwritev(ByteOffset at, std::span<const std::span<const std::byte>> from) override;
    Result<void> dataSync() override;
    Result<void> sync() override;
    Result<void> truncate(std::uint64_t size) override;
    Result<void> setMode(std::uint32_t mode) override;
    Result<FileStatus> status() override;
    Result<std::uint64_t> deviceSize() override;
    Result<std::uint32_t> deviceBlockSize() override;
    Result<ByteRange> nextData(ByteOffset from) override;
    Result<std::uint32_t> devicePhysicalBlockSize() override;
    Result<void> reserve(std::uint64_t size) override;
    Result<void> dropCached(ByteRange range) override;
    Result<void> willNeed(ByteRange range) override;
    Result<std::optional<std::string>> lockForWriting() override;
    Result<std::optional<std::string>> otherHolder() override;
    Result<DirectAlignment> directAlignment() override;
    Result<std::size_t> preadDirect(ByteOffset at, std::span<std::byte> into) override;
    Result<std::unique_ptr<EnvMapping>> map(ByteRange range) override;

private:
    int fd() const { return m_descriptor.get(); }
    static Result<void> done(int returned, Operation operation)
    {
        if (returned != 0)
            return lastError(operation);
        return {};
    }
    Result<ByteRange> allOfRest(ByteOffset from);
    Result<int> directFd();

    const std::shared_ptr<WriteLocks> m_locks;
    std::mutex m_lockMutex;   ///< guards m_lock
    WriteLocks::Token m_lock; ///< given back after the descriptor is closed
    const FileDescriptor m_descriptor;
    std::mutex m_directMutex; ///< guards m_direct
    FileDescriptor m_direct;  ///< the same file opened with O_DIRECT, from the first direct read on
};

} // namespace cachecore
