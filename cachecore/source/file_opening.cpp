// SPDX-License-Identifier: MIT
#include "cachecore/source/file_opening.h"

#include "cachecore/base/named_error.h"
#include "cachecore/base/retried_call.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

namespace cachecore {

namespace {

constexpr std::uint32_t kLogicalBlock = 512;
constexpr std::uint32_t kFileSystemBlock = 4096;

/// Why a thing of this kind is not opened; nothing when it is.
std::optional<Error> refusal(FileKind kind, const std::string &path)
{
    switch (kind) {
    case FileKind::Regular:
    case FileKind::BlockDevice:
        return std::nullopt;
    case FileKind::Directory:
        return Error::of(ErrorCode::IsDirectory, Operation::Open, {}, path);
    default:
        return Error::of(ErrorCode::UnsupportedKind, Operation::Open, {}, path);
    }
}

/// True when the system refused writing, and reading may still be allowed.
bool refusesOnlyWriting(const Error &error)
{
    return error.systemError == EACCES || error.systemError == EPERM || error.systemError == EROFS
        || error.systemError == ETXTBSY || error.systemError == EBUSY;
}

Result<std::uint32_t> blockSizeOf(EnvFile &file, FileKind kind)
{
    if (kind == FileKind::Regular)
        return kLogicalBlock;
    const auto reported = file.deviceBlockSize();
    if (!reported)
        return reported;
    return *reported >= kLogicalBlock && std::has_single_bit(*reported) ? *reported : kLogicalBlock;
}

Result<std::uint32_t> physicalBlockSizeOf(EnvFile &file, FileKind kind, std::uint32_t blockSize)
{
    if (kind == FileKind::Regular)
        return kFileSystemBlock;
    const auto reported = file.devicePhysicalBlockSize();
    if (!reported)
        return reported;
    return std::has_single_bit(*reported) ? std::max(*reported, blockSize) : blockSize;
}

/// One opening under way.
struct Opening : OpenedFile {
    /// Opens `file` as far as `access` and `kind` allow and notes why it is not writable, if so.
    Result<void> open(FileKind kind, FileSource::Access access);
    /// Sets `file`, opened for writing and locked, or readOnlyReason.
    Result<void> openForWriting(FileKind kind);
    Result<void> refuse(const Error &error, Operation operation);
    /// Asks the open file, which must be a `kind` still, what it is.
    Result<void> look(FileKind kind);
};

Result<void> Opening::open(FileKind kind, FileSource::Access access)
{
    if (access == FileSource::Access::ReadOnly)
        readOnlyReason = Error::of(ErrorCode::ReadOnly, Operation::Open, {}, path);
    else if (kind == FileKind::BlockDevice && access != FileSource::Access::WriteDevice)
        readOnlyReason = Error::of(ErrorCode::NotSupported, Operation::Open, {}, path);
    else if (auto done = openForWriting(kind); !done)
        return done;
    if (!readOnlyReason)
        return {};
    auto opened = retriedWhenInterrupted([&] { return env->open(path, OpenMode::Read); });
    if (!opened)
        return failure(named(opened.error(), Operation::Open, path));
    file = std::move(*opened);
    return {};
}

Result<void> Opening::openForWriting(FileKind kind)
{
    const OpenMode mode = kind == FileKind::BlockDevice ? OpenMode::ReadWriteExclusive : OpenMode::ReadWrite;
    auto opened = retriedWhenInterrupted([&] { return env->open(path, mode); });
    if (!opened)
        return refuse(opened.error(), Operation::Open);
    auto holder = retriedWhenInterrupted([&] { return (*opened)->lockForWriting(); });
    if (!holder)
        return refuse(holder.error(), Operation::Lock);
    if (*holder) {
        readOnlyReason = Error::of(ErrorCode::Held, Operation::Lock, {}, path);
        readOnlyReason->holder = std::move(**holder);
        return {};
    }
    file = std::move(*opened);
    return {};
}

Result<void> Opening::refuse(const Error &error, Operation operation)
{
    if (!refusesOnlyWriting(error))
        return failure(named(error, operation, path));
    readOnlyReason = named(error, operation, path);
    if (error.systemError == EBUSY)
        readOnlyReason->code = ErrorCode::Held;
    return {};
}

Result<void> Opening::look(FileKind kind)
{
    const auto found = file->status();
    if (!found)
        return failure(named(found.error(), Operation::Stat, path));
    if (auto refused = refusal(found->kind, path))
        return failure(std::move(*refused));
    if (found->kind != kind)
        return failure(ErrorCode::Changed, Operation::Open, {}, path);
    status = *found;
    const auto logical = blockSizeOf(*file, kind);
    if (!logical)
        return failure(named(logical.error(), Operation::Stat, path));
    blockSize = *logical;
    const auto physical = physicalBlockSizeOf(*file, kind, blockSize);
    if (!physical)
        return failure(named(physical.error(), Operation::Stat, path));
    physicalBlockSize = *physical;
    const auto direct = retriedWhenInterrupted([&] { return file->directAlignment(); });
    if (direct)
        directAlignment = *direct;
    else if (direct.error().code != ErrorCode::NotSupported)
        return failure(named(direct.error(), Operation::Stat, path));
    return {};
}

} // namespace

// The kind is looked at before opening, because opening a device can do things by itself (a watchdog starts, a tape rewinds),
// and again on the open file, because the name may lead elsewhere by then.
Result<OpenedFile> openFile(std::shared_ptr<Env> env, const std::string &path, FileSource::Access access)
{
    const auto before = env->status(path);
    if (!before)
        return failure(named(before.error(), Operation::Open, path));
    if (auto refused = refusal(before->kind, path))
        return failure(std::move(*refused));

    Opening opening;
    opening.env = std::move(env);
    opening.path = path;
    if (auto done = opening.open(before->kind, access); !done)
        return failure(done.error());
    if (auto done = opening.look(before->kind); !done)
        return failure(done.error());
    return OpenedFile(std::move(opening));
}

} // namespace cachecore
