// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/error.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

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
    ReadWriteExclusive, ///< O_RDWR|O_EXCL: a block device nobody else has mounted or claimed, else Held with Error::holder; EROFS
                        ///< when the device itself is read-only
};

/// How a file takes reads that go past what the system keeps of it in memory (O_DIRECT). Powers of two, in bytes.
struct DirectAlignment {
    std::uint32_t offset = 0; ///< of positions and lengths; 0: the file takes no such reads
    std::uint32_t memory = 0; ///< of the buffer's address

    friend bool operator==(const DirectAlignment &, const DirectAlignment &) = default;
};

/// A part of a file mapped into memory, read without touching it: what the file no longer has, or the medium does not give, is an error and never a
/// signal. Unmapped with the object; the file may be closed before. Thread: any, calls may run in parallel. Reading may block in the system without bound.
class EnvMapping {
public:
    EnvMapping() = default;
    EnvMapping(const EnvMapping &) = delete;
    EnvMapping &operator=(const EnvMapping &) = delete;
    virtual ~EnvMapping();

    /// Copies what lies `from` bytes behind the begin of the mapping, which must be inside it, into the buffers in order. Returns the bytes copied: all, or fewer
    /// when the mapping ends or the next page cannot be had. EFAULT when not even the first byte can be had: the file ends before its page, or the medium failed. Behind the end of
    /// a file the rest of its last page reads as zeros: only its size, asked afterwards, tells them from bytes.
    [[nodiscard]] virtual Result<std::size_t> copy(std::uint64_t from, std::span<const std::span<std::byte>> into) = 0;
    /// Lets go of the pages that share a byte with [from, from + length), so that EnvFile::dropCached can forget them.
    [[nodiscard]] virtual Result<void> letGo(std::uint64_t from, std::uint64_t length) = 0;
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
    /// Physical block size of a block device in bytes (BLKPBSZGET).
    [[nodiscard]] virtual Result<std::uint32_t> devicePhysicalBlockSize() = 0;
    /// Makes sure that the file's first `size` bytes can be written without running out of space, and makes it at least that long
    /// (fallocate). NotSupported where the file system cannot say so; NoSpace where there is no room.
    [[nodiscard]] virtual Result<void> reserve(std::uint64_t size) = 0;
    /// Asks the system to forget what it keeps of `range` in memory (POSIX_FADV_DONTNEED), so that the next read asks the medium.
    /// What lies up to 2 MiB beside it may go too. What was written and not synced stays.
    [[nodiscard]] virtual Result<void> dropCached(ByteRange range) = 0;
    /// Takes the advisory lock of a writer on the file (flock; a lock of a virtual machine's image, which is an OFD lock, counts as held too)
    /// until the last file of this Env that took it is closed. Of the files of one Env that can write only one has it; those opened for reading share it with that one. Returns who holds it when another does: "name (process 123)", "this program",
    /// "loop device /dev/loop3", "another program", as far as the system tells. A file system without locks grants it. A block device has no such lock (opening it
    /// exclusively is one); for it only loop devices are looked for.
    [[nodiscard]] virtual Result<std::optional<std::string>> lockForWriting() = 0;

    // What an implementation need not know: NotSupported unless it does.

    /// How the file takes direct reads (STATX_DIOALIGN). NotSupported where the system does not tell, which says nothing about preadDirect.
    [[nodiscard]] virtual Result<DirectAlignment> directAlignment();
    /// pread past what the system keeps in memory, after what was written there has reached the medium. Bytes read, 0 at or past the end; EINVAL when
    /// position, length or address is not aligned as the file demands, NotSupported (with the system's reason) when it takes no direct reads at all.
    [[nodiscard]] virtual Result<std::size_t> preadDirect(ByteOffset at, std::span<std::byte> into);
    /// Who else has the file at this moment, as lockForWriting() would name them: another program that locks any byte of it as virtual machines do, or a loop device
    /// that gives its bytes to others. Nothing is taken, and what this program's Env itself has does not count. Nobody, unless an implementation knows better.
    [[nodiscard]] virtual Result<std::optional<std::string>> otherHolder();
    /// Asks the system to begin reading `range` into its memory, without waiting for it (POSIX_FADV_WILLNEED).
    [[nodiscard]] virtual Result<void> willNeed(ByteRange range);
    /// Maps `range`, not empty, for reading, whether the file reaches so far or not; what it grows by later shows in the mapping. The begin is a multiple of
    /// 64 KiB. NotSupported (with the system's reason) where the file cannot be mapped, or the system forbids reading memory with a guard; EOVERFLOW where no file of that file system can reach so far; ENOMEM where
    /// the program has no addresses left.
    [[nodiscard]] virtual Result<std::unique_ptr<EnvMapping>> map(ByteRange range);
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
    /// rename, and EEXIST where something has the name `to` already (renameat2 with RENAME_NOREPLACE). NotSupported (with the system's reason) where system or
    /// file system cannot do that at once, which is what an implementation that does not know it says.
    [[nodiscard]] virtual Result<void> renameUnlessTaken(const std::string &from, const std::string &to);
    [[nodiscard]] virtual Result<void> remove(const std::string &path) = 0;
    /// fsync of the directory that holds `path`, so that its name is durable.
    [[nodiscard]] virtual Result<void> syncDirectoryOf(const std::string &path) = 0;

    /// A file without a name, in memory, gone when it is closed (memfd_create).
    [[nodiscard]] virtual Result<std::unique_ptr<EnvFile>> openAnonymous() = 0;
    /// The names in `directory`, without "." and "..", in no order.
    [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::string &directory) = 0;
    /// mkdir with mode 0700, parents too; one that is there already is no error.
    [[nodiscard]] virtual Result<void> createDirectories(const std::string &path) = 0;
    /// `path` without links, absolute (realpath).
    [[nodiscard]] virtual Result<std::string> realPath(const std::string &path) = 0;
    /// Fills `into` with random bytes no other program can guess (getrandom).
    [[nodiscard]] virtual Result<void> random(std::span<std::byte> into) = 0;

    /// Nanoseconds since 1970, as the system's clock says; for people, never for measuring.
    [[nodiscard]] virtual std::int64_t realTimeNs() const = 0;
    /// A clock that never goes back.
    [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const = 0;
};

/// The operating system itself.
[[nodiscard]] std::shared_ptr<Env> systemEnv();

} // namespace cachecore
