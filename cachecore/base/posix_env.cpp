// SPDX-License-Identifier: MIT
#include "cachecore/base/env.h"
#include "cachecore/base/file_descriptor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>

namespace cachecore {

namespace {

static_assert(sizeof(off_t) == 8, "offsets of files have 64 bits");

std::unexpected<Error> lastError(Operation operation, std::optional<ByteRange> range = {}, std::string path = {})
{
    return failure(Error::fromErrno(errno, operation, range, std::move(path)));
}

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

/// At most IOV_MAX buffers in the system's form; the rest is left for the caller's next call, as with any short transfer.
struct IoVectors {
    std::array<struct iovec, 64> few{};
    std::vector<struct iovec> many;
    int count = 0;
    std::uint64_t bytes = 0;

    template <typename Byte>
    explicit IoVectors(std::span<const std::span<Byte>> buffers)
    {
        const std::size_t used = std::min<std::size_t>(buffers.size(), IOV_MAX);
        if (used > few.size())
            many.resize(used);
        struct iovec *const to = data();
        for (std::size_t i = 0; i < used; ++i) {
            // iovec has no const; pwritev does not write through it.
            to[i].iov_base = const_cast<std::byte *>(buffers[i].data());
            to[i].iov_len = buffers[i].size();
            bytes += buffers[i].size();
        }
        count = static_cast<int>(used);
    }

    struct iovec *data() { return many.empty() ? few.data() : many.data(); }
};

ByteRange clippedRange(ByteOffset at, std::uint64_t bytes)
{
    return {at, at + std::min(bytes, kMaxSourceSize - at.value())};
}

class PosixFile final : public EnvFile {
public:
    explicit PosixFile(FileDescriptor descriptor)
        : m_descriptor(std::move(descriptor))
    {
    }

    Result<std::size_t> preadv(ByteOffset at, std::span<const std::span<std::byte>> into) override;
    Result<std::size_t> pwritev(ByteOffset at, std::span<const std::span<const std::byte>> from) override;
    Result<void> dataSync() override { return done(::fdatasync(fd()), Operation::Sync); }
    Result<void> sync() override { return done(::fsync(fd()), Operation::Sync); }
    Result<void> truncate(std::uint64_t size) override;
    Result<void> setMode(std::uint32_t mode) override { return done(::fchmod(fd(), mode & 07777u), Operation::None); }
    Result<FileStatus> status() override;
    Result<std::uint64_t> deviceSize() override;
    Result<std::uint32_t> deviceBlockSize() override;
    Result<ByteRange> nextData(ByteOffset from) override;
    Result<std::uint32_t> devicePhysicalBlockSize() override;
    Result<void> reserve(std::uint64_t size) override;
    Result<void> dropCached(ByteRange range) override;
    Result<std::optional<std::string>> lockForWriting() override;

private:
    int fd() const { return m_descriptor.get(); }
    static Result<void> done(int returned, Operation operation)
    {
        if (returned != 0)
            return lastError(operation);
        return {};
    }
    Result<ByteRange> allOfRest(ByteOffset from);

    const FileDescriptor m_descriptor;
};

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
    return done(::fallocate(fd(), 0, 0, static_cast<off_t>(size)), Operation::Write);
}

Result<void> PosixFile::dropCached(ByteRange range)
{
    const int error = ::posix_fadvise(fd(), static_cast<off_t>(range.begin().value()),
                                      static_cast<off_t>(range.length()), POSIX_FADV_DONTNEED);
    if (error != 0)
        return failure(Error::fromErrno(error, Operation::Read, range));
    return {};
}

Result<std::optional<std::string>> PosixFile::lockForWriting()
{
    if (::flock(fd(), LOCK_EX | LOCK_NB) == 0)
        return std::optional<std::string>();
    return lastError(Operation::Lock);
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

int flagsOf(OpenMode mode)
{
    switch (mode) {
    case OpenMode::Read:
        return O_RDONLY;
    case OpenMode::ReadWrite:
        return O_RDWR;
    case OpenMode::CreateNew:
        return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::ReadWriteExclusive:
        return O_RDWR | O_EXCL;
    }
    return O_RDONLY;
}

// O_NONBLOCK served the opening; on what is read from disk it must not stay.
bool makeBlocking(int descriptor)
{
    const int flags = ::fcntl(descriptor, F_GETFL);
    return flags >= 0 && ::fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) == 0;
}

class PosixEnv final : public Env {
public:
    Result<std::unique_ptr<EnvFile>> open(const std::string &path, OpenMode mode) override;
    Result<FileStatus> status(const std::string &path) override;
    Result<void> rename(const std::string &from, const std::string &to) override;
    Result<void> remove(const std::string &path) override;
    Result<void> syncDirectoryOf(const std::string &path) override;
    Result<std::unique_ptr<EnvFile>> openAnonymous() override;
    Result<std::vector<std::string>> list(const std::string &directory) override;
    Result<void> createDirectories(const std::string &path) override;
    Result<std::string> realPath(const std::string &path) override;
    Result<void> random(std::span<std::byte> into) override;
    std::int64_t realTimeNs() const override;
    std::chrono::steady_clock::time_point now() const override { return std::chrono::steady_clock::now(); }
};

// A name with a byte 0 inside would reach the system cut short and mean another file.
bool namesAFile(const std::string &path)
{
    return path.find('\0') == std::string::npos;
}

Result<std::unique_ptr<EnvFile>> PosixEnv::open(const std::string &path, OpenMode mode)
{
    if (!namesAFile(path))
        return failure(ErrorCode::InvalidArgument, Operation::Open, {}, path);
    FileDescriptor descriptor(::open(path.c_str(), flagsOf(mode) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600));
    if (!descriptor.valid())
        return lastError(Operation::Open, {}, path);
    struct stat found{};
    if (::fstat(descriptor.get(), &found) != 0)
        return lastError(Operation::Open, {}, path);
    const FileKind kind = kindOf(found.st_mode);
    if ((kind == FileKind::Regular || kind == FileKind::BlockDevice) && !makeBlocking(descriptor.get()))
        return lastError(Operation::Open, {}, path);
    return std::make_unique<PosixFile>(std::move(descriptor));
}

Result<FileStatus> PosixEnv::status(const std::string &path)
{
    if (!namesAFile(path))
        return failure(ErrorCode::InvalidArgument, Operation::Stat, {}, path);
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0)
        return lastError(Operation::Stat, {}, path);
    return statusOf(found);
}

Result<void> PosixEnv::rename(const std::string &from, const std::string &to)
{
    if (!namesAFile(from) || !namesAFile(to))
        return failure(ErrorCode::InvalidArgument, Operation::Rename, {}, from);
    if (::rename(from.c_str(), to.c_str()) != 0)
        return lastError(Operation::Rename, {}, from);
    return {};
}

Result<void> PosixEnv::remove(const std::string &path)
{
    if (!namesAFile(path))
        return failure(ErrorCode::InvalidArgument, Operation::Remove, {}, path);
    if (::unlink(path.c_str()) != 0)
        return lastError(Operation::Remove, {}, path);
    return {};
}

Result<void> PosixEnv::syncDirectoryOf(const std::string &path)
{
    if (!namesAFile(path))
        return failure(ErrorCode::InvalidArgument, Operation::Sync, {}, path);
    const std::size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
    const FileDescriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptor.valid() || ::fsync(descriptor.get()) != 0)
        return lastError(Operation::Sync, {}, directory);
    return {};
}

Result<std::unique_ptr<EnvFile>> PosixEnv::openAnonymous()
{
    FileDescriptor descriptor(::memfd_create("cachet", MFD_CLOEXEC));
    if (!descriptor.valid())
        return lastError(Operation::Open);
    return std::make_unique<PosixFile>(std::move(descriptor));
}

Result<std::vector<std::string>> PosixEnv::list(const std::string &directory)
{
    if (!namesAFile(directory))
        return failure(ErrorCode::InvalidArgument, Operation::Open, {}, directory);
    const std::unique_ptr<DIR, int (*)(DIR *)> stream(::opendir(directory.c_str()), ::closedir);
    if (!stream)
        return lastError(Operation::Open, {}, directory);
    std::vector<std::string> names;
    for (;;) {
        errno = 0;
        const struct dirent *const entry = ::readdir(stream.get());
        if (!entry && errno != 0)
            return lastError(Operation::Read, {}, directory);
        if (!entry)
            return names;
        std::string name = entry->d_name;
        if (name != "." && name != "..")
            names.push_back(std::move(name));
    }
}

Result<void> PosixEnv::createDirectories(const std::string &path)
{
    if (!namesAFile(path) || path.empty())
        return failure(ErrorCode::InvalidArgument, Operation::Open, {}, path);
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const std::string part = path.substr(0, end);
        struct stat found{};
        if (::mkdir(part.c_str(), 0700) != 0 && (errno != EEXIST || ::stat(part.c_str(), &found) != 0))
            return lastError(Operation::Open, {}, part);
        if (end == std::string::npos)
            return {};
    }
}

Result<std::string> PosixEnv::realPath(const std::string &path)
{
    if (!namesAFile(path))
        return failure(ErrorCode::InvalidArgument, Operation::Stat, {}, path);
    const std::unique_ptr<char, void (*)(void *)> real(::realpath(path.c_str(), nullptr), std::free);
    if (!real)
        return lastError(Operation::Stat, {}, path);
    return std::string(real.get());
}

Result<void> PosixEnv::random(std::span<std::byte> into)
{
    while (!into.empty()) {
        const ssize_t got = ::getrandom(into.data(), into.size(), 0);
        if (got < 0 && errno != EINTR)
            return lastError(Operation::Read);
        if (got > 0)
            into = into.subspan(static_cast<std::size_t>(got));
    }
    return {};
}

std::int64_t PosixEnv::realTimeNs() const
{
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

} // namespace

std::shared_ptr<Env> systemEnv()
{
    static const std::shared_ptr<Env> env = std::make_shared<PosixEnv>();
    return env;
}

} // namespace cachecore
