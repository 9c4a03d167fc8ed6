// SPDX-License-Identifier: MIT
#include "cachecore/base/env.h"
#include "cachecore/base/holder.h"
#include "cachecore/base/posix_file.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>

namespace cachecore {

namespace {

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

// The system lets such a device be opened for writing, and then refuses every write.
bool isReadOnlyDevice(int descriptor)
{
    int readOnly = 0;
    return ::ioctl(descriptor, BLKROGET, &readOnly) == 0 && readOnly != 0;
}

std::unexpected<Error> deviceHeld(const std::string &path)
{
    Error error = Error::fromErrno(EBUSY, Operation::Open, {}, path);
    error.code = ErrorCode::Held;
    struct stat found{};
    if (::stat(path.c_str(), &found) == 0)
        error.holder = HolderFinder().ofDevice(found.st_rdev);
    return failure(std::move(error));
}

class PosixEnv final : public Env {
public:
    Result<std::unique_ptr<EnvFile>> open(const std::string &path, OpenMode mode) override;
    Result<FileStatus> status(const std::string &path) override;
    Result<void> rename(const std::string &from, const std::string &to) override;
    Result<void> renameUnlessTaken(const std::string &from, const std::string &to) override;
    Result<void> remove(const std::string &path) override;
    Result<void> syncDirectoryOf(const std::string &path) override;
    Result<std::unique_ptr<EnvFile>> openAnonymous() override;
    Result<std::vector<std::string>> list(const std::string &directory) override;
    Result<void> createDirectories(const std::string &path) override;
    Result<std::string> realPath(const std::string &path) override;
    Result<void> random(std::span<std::byte> into) override;
    std::int64_t realTimeNs() const override;
    std::chrono::steady_clock::time_point now() const override { return std::chrono::steady_clock::now(); }

private:
    const std::shared_ptr<WriteLocks> m_locks = std::make_shared<WriteLocks>();
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
    if (!descriptor.valid() && errno == EBUSY && mode == OpenMode::ReadWriteExclusive)
        return deviceHeld(path);
    struct stat found{};
    if (!descriptor.valid() || ::fstat(descriptor.get(), &found) != 0)
        return lastError(Operation::Open, {}, path);
    const FileKind kind = statusOf(found).kind;
    if (kind == FileKind::BlockDevice && mode != OpenMode::Read && isReadOnlyDevice(descriptor.get()))
        return failure(Error::fromErrno(EROFS, Operation::Open, {}, path));
    if ((kind == FileKind::Regular || kind == FileKind::BlockDevice) && !makeBlocking(descriptor.get()))
        return lastError(Operation::Open, {}, path);
    return std::make_unique<PosixFile>(std::move(descriptor), m_locks);
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

Result<void> PosixEnv::renameUnlessTaken(const std::string &from, const std::string &to)
{
    if (!namesAFile(from) || !namesAFile(to))
        return failure(ErrorCode::InvalidArgument, Operation::Rename, {}, from);
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
        return {};
    Error error = Error::fromErrno(errno, Operation::Rename, {}, from);
    if (errno == EINVAL || errno == ENOSYS) // what a kernel or a file system says that does not know it
        error.code = ErrorCode::NotSupported;
    return failure(std::move(error));
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
    return std::make_unique<PosixFile>(std::move(descriptor), m_locks);
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
        if (found.st_mode != 0 && !S_ISDIR(found.st_mode))
            return failure(Error::fromErrno(ENOTDIR, Operation::Open, {}, part));
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
