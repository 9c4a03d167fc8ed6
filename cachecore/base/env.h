// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/error.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace cachecore {

/// What a path or descriptor names.
enum class FileKind : std::uint8_t { Regular, BlockDevice, Directory, CharacterDevice, Fifo, Socket, Other };

/// The state of a file as the system reports it, times in nanoseconds since the epoch.
struct FileStatus {
    FileKind kind = FileKind::Other;
    std::uint64_t size = 0; ///< bytes; for a block device 0, see EnvFile::deviceSize
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t deviceNumber = 0; ///< st_rdev, the device a device node stands for
    std::int64_t modifiedNs = 0;
    std::int64_t changedNs = 0;
    std::uint32_t mode = 0; ///< permission bits

    friend bool operator==(const FileStatus &, const FileStatus &) = default;
};

/// How a file is opened. Files are always opened close-on-exec and never block in the opening itself.
enum class OpenMode : std::uint8_t {
    Read,      ///< O_RDONLY
    ReadWrite, ///< O_RDWR, the file must exist
    CreateNew, ///< O_RDWR|O_CREAT|O_EXCL with mode 0600 & ~umask
};

/// One open file. Calls match system calls one to one: short counts are returned as they come, EINTR comes
/// back as an error with that errno; what to do about them is the caller's part, so that tests can inject them.
/// Thread: any, calls may run in parallel. All functions may block in the system without bound.
class EnvFile {
public:
    EnvFile() = default;
    EnvFile(const EnvFile &) = delete;
    EnvFile &operator=(const EnvFile &) = delete;
    virtual ~EnvFile();

    /// preadv: bytes read, 0 at or past the end.
    [[nodiscard]] virtual Result<std::size_t> preadv(ByteOffset at, std::span<const std::span<std::byte>> into) = 0;
    /// pwritev: bytes written, possibly fewer than given.
    [[nodiscard]] virtual Result<std::size_t> pwritev(ByteOffset at, std::span<const std::span<const std::byte>> from)
        = 0;
    /// fdatasync.
    [[nodiscard]] virtual Result<void> dataSync() = 0;
    /// fsync.
    [[nodiscard]] virtual Result<void> sync() = 0;
    /// ftruncate.
    [[nodiscard]] virtual Result<void> truncate(std::uint64_t size) = 0;
    /// fchmod with the permission bits of `mode`.
    [[nodiscard]] virtual Result<void> setMode(std::uint32_t mode) = 0;
    /// fstat.
    [[nodiscard]] virtual Result<FileStatus> status() = 0;
    /// Size of a block device in bytes (BLKGETSIZE64).
    [[nodiscard]] virtual Result<std::uint64_t> deviceSize() = 0;
    /// Logical block size of a block device in bytes (BLKSSZGET).
    [[nodiscard]] virtual Result<std::uint32_t> deviceBlockSize() = 0;
    /// The first run of data at or after `from` (SEEK_DATA, SEEK_HOLE); an empty range at the end of the file
    /// when only a hole follows. A file system without holes reports everything as data.
    [[nodiscard]] virtual Result<ByteRange> nextData(ByteOffset from) = 0;
};

/// The operating system as the engine sees it: files, names and the clock. One object under everything
/// that touches a disk, so that tests can fail, cut or reorder any operation.
/// Thread: any. File functions may block in the system without bound.
class Env {
public:
    Env() = default;
    Env(const Env &) = delete;
    Env &operator=(const Env &) = delete;
    virtual ~Env();

    /// Opens `path` (bytes). A FIFO or device without a reader never blocks here.
    [[nodiscard]] virtual Result<std::unique_ptr<EnvFile>> open(const std::string &path, OpenMode mode) = 0;
    /// stat, links followed.
    [[nodiscard]] virtual Result<FileStatus> status(const std::string &path) = 0;
    [[nodiscard]] virtual Result<void> rename(const std::string &from, const std::string &to) = 0;
    [[nodiscard]] virtual Result<void> remove(const std::string &path) = 0;
    /// fsync of the directory that holds `path`, so that its name is durable.
    [[nodiscard]] virtual Result<void> syncDirectoryOf(const std::string &path) = 0;

    /// A clock that never goes back.
    [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const = 0;
};

/// The operating system itself.
[[nodiscard]] std::shared_ptr<Env> systemEnv();

} // namespace cachecore
