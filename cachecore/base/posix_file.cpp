// SPDX-License-Identifier: MIT
#include "cachecore/base/posix_file.h"

#include "cachecore/base/io_vectors.h"

#include <algorithm>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

namespace cachecore {

namespace {

static_assert(sizeof(off_t) == 8, "offsets of files have 64 bits");

FileKind kindOf(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return FileKind::Regular;
    case S_IFBLK:
        return FileKind::BlockDevice;
    case S_IFDIR:
        return FileKind::Directory;
    case S_IFCHR:
        return FileKind::CharacterDevice;
    case S_IFIFO:
        return FileKind::Fifo;
    case S_IFSOCK:
        return FileKind::Socket;
    default:
        return FileKind::Other;
    }
}

std::int64_t nanoseconds(const struct timespec &time)
{
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

} // namespace

FileStatus statusOf(const struct stat &from)
{
    FileStatus status;
    status.kind = kindOf(from.st_mode);
    status.size = from.st_size > 0 ? static_cast<std::uint64_t>(from.st_size) : 0;
    status.device = from.st_dev;
    status.inode = from.st_ino;
    status.deviceNumber = from.st_rdev;
    status.modifiedNs = nanoseconds(from.st_mtim);
    status.changedNs = nanoseconds(from.st_ctim);
    status.mode = from.st_mode & 07777u;
    return status;
}

PosixFile::PosixFile(FileDescriptor descriptor, std::shared_ptr<WriteLocks> locks)
    : m_locks(std::move(locks))
    , m_descriptor(std::move(descriptor))
{
}

Result<std::size_t> PosixFile::preadv(ByteOffset at, std::span<const std::span<std::byte>> into)
{
    IoVectors vectors(into);
    const ssize_t got = ::preadv(fd(), vectors.data(), vectors.count, static_cast<off_t>(at.value()));
    if (got < 0)
        return lastError(Operation::Read, clippedRange(at, vectors.bytes));
    return static_cast<std::size_t>(got);
}

Result<std::size_t> PosixFile::pwritev(ByteOffset at, std::span<const std::span<const std::byte>> from)
{
    IoVectors vectors(from);
    const ssize_t put = ::pwritev(fd(), vectors.data(), vectors.count, static_cast<off_t>(at.value()));
    if (put < 0)
        return lastError(Operation::Write, clippedRange(at, vectors.bytes));
    return static_cast<std::size_t>(put);
}

Result<void> PosixFile::dataSync()
{
    return done(::fdatasync(fd()), Operation::Sync);
}

Result<void> PosixFile::sync()
{
    return done(::fsync(fd()), Operation::Sync);
}

Result<void> PosixFile::setMode(std::uint32_t mode)
{
    return done(::fchmod(fd(), mode & 07777u), Operation::None);
}

Result<void> PosixFile::truncate(std::uint64_t size)
{
    if (size > kMaxSourceSize)
        return failure(ErrorCode::OutOfRange, Operation::Truncate);
    return done(::ftruncate(fd(), static_cast<off_t>(size)), Operation::Truncate);
}

Result<FileStatus> PosixFile::status()
{
    struct stat found{};
    if (::fstat(fd(), &found) != 0)
        return lastError(Operation::Stat);
    return statusOf(found);
}

Result<std::uint64_t> PosixFile::deviceSize()
{
    std::uint64_t bytes = 0;
    if (::ioctl(fd(), BLKGETSIZE64, &bytes) != 0)
        return lastError(Operation::Stat);
    return bytes;
}

Result<std::uint32_t> PosixFile::deviceBlockSize()
{
    int bytes = 0;
    if (::ioctl(fd(), BLKSSZGET, &bytes) != 0)
        return lastError(Operation::Stat);
    return static_cast<std::uint32_t>(bytes);
}

Result<std::uint32_t> PosixFile::devicePhysicalBlockSize()
{
    unsigned bytes = 0;
    if (::ioctl(fd(), BLKPBSZGET, &bytes) != 0)
        return lastError(Operation::Stat);
    return bytes;
}

Result<void> PosixFile::reserve(std::uint64_t size)
{
    if (size > kMaxSourceSize)
        return failure(ErrorCode::OutOfRange, Operation::Write);
    if (size == 0)
        return {};
    return done(::fallocate(fd(), 0, 0, static_cast<off_t>(size)), Operation::Write);
}

// The system keeps files in folios of up to 2 MiB, each at a multiple of its size, forgets only those that lie in the range as a whole, and takes a
// length of 0 for everything.
Result<void> PosixFile::dropCached(ByteRange range)
{
    constexpr std::uint64_t kLargestFolio = std::uint64_t{2} << 20;
    if (range.empty())
        return {};
    const ByteRange folios(range.begin().alignedDown(kLargestFolio), range.end().alignedUp(kLargestFolio));
    const int error = ::posix_fadvise(fd(), static_cast<off_t>(folios.begin().value()),
                                      static_cast<off_t>(folios.length()), POSIX_FADV_DONTNEED);
    if (error != 0)
        return failure(Error::fromErrno(error, Operation::Read, range));
    return {};
}

// A length of 0 would be everything.
Result<void> PosixFile::willNeed(ByteRange range)
{
    if (range.empty())
        return {};
    const int error = ::posix_fadvise(fd(), static_cast<off_t>(range.begin().value()),
                                      static_cast<off_t>(range.length()), POSIX_FADV_WILLNEED);
    if (error != 0)
        return failure(Error::fromErrno(error, Operation::Read, range));
    return {};
}

Result<std::optional<std::string>> PosixFile::lockForWriting()
{
    const std::lock_guard lock(m_lockMutex);
    if (m_lock.valid())
        return std::optional<std::string>();
    auto taken = m_locks->take(fd());
    if (!taken)
        return failure(taken.error());
    m_lock = std::move(taken->token);
    return std::move(taken->holder);
}

Result<std::optional<std::string>> PosixFile::otherHolder()
{
    return cachecore::otherHolder(fd());
}

Result<ByteRange> PosixFile::nextData(ByteOffset from)
{
    const off_t begin = ::lseek(fd(), static_cast<off_t>(from.value()), SEEK_DATA);
    if (begin < 0 && errno == EINVAL)
        return allOfRest(from);
    if (begin < 0 && errno != ENXIO)
        return lastError(Operation::Read);
    if (begin < 0) {
        const auto rest = allOfRest(from);
        return rest ? Result<ByteRange>(ByteRange(rest->end(), rest->end())) : rest;
    }
    const off_t end = ::lseek(fd(), begin, SEEK_HOLE);
    if (end < 0 && errno != ENXIO) // ENXIO: cut short since
        return lastError(Operation::Read);
    const ByteOffset first(static_cast<std::uint64_t>(begin));
    return ByteRange(first, ByteOffset(static_cast<std::uint64_t>(std::max(begin, end))));
}

// For what knows no holes. Reading at explicit offsets leaves the descriptor's own position unused, so that
// moving it here disturbs nobody.
Result<ByteRange> PosixFile::allOfRest(ByteOffset from)
{
    const off_t end = ::lseek(fd(), 0, SEEK_END);
    if (end < 0)
        return lastError(Operation::Read);
    const ByteOffset last(static_cast<std::uint64_t>(end));
    return from < last ? ByteRange(from, last) : ByteRange(last, last);
}

} // namespace cachecore
