// SPDX-License-Identifier: MIT
#include "cachecore/source/file_source.h"

#include "cachecore/base/named_error.h"
#include "cachecore/base/retried_call.h"
#include "cachecore/source/buffer_cursor.h"
#include "cachecore/source/file_opening.h"
#include "cachecore/source/sample_hash.h"

#include <cerrno>
#include <utility>

namespace cachecore {

namespace {

SourceIdentity identityOf(const FileStatus &status)
{
    if (status.kind == FileKind::BlockDevice)
        return {"device", status.deviceNumber, 0};
    return {"file", status.device, status.inode};
}

Result<std::uint64_t> sizeOf(EnvFile &file, FileKind kind)
{
    if (kind == FileKind::BlockDevice)
        return file.deviceSize();
    const auto status = file.status();
    if (!status)
        return failure(status.error());
    return status->size;
}

} // namespace

Result<std::unique_ptr<FileSource>> FileSource::open(std::shared_ptr<Env> env, const std::string &path, Access access)
{
    auto opened = openFile(std::move(env), path, access);
    if (!opened)
        return failure(opened.error());
    return std::unique_ptr<FileSource>(new FileSource(std::move(*opened)));
}

FileSource::FileSource(OpenedFile opened)
    : m_env(std::move(opened.env))
    , m_file(std::move(opened.file))
    , m_path(std::move(opened.path))
    , m_kind(opened.status.kind)
    , m_identity(identityOf(opened.status))
    , m_blockSize(opened.blockSize)
    , m_physicalBlockSize(opened.physicalBlockSize)
    , m_readOnlyReason(std::move(opened.readOnlyReason))
    , m_direct(opened.directAlignment, opened.blockSize)
    , m_largestSize(opened.status.size)
{
}

Result<std::uint64_t> FileSource::readAt(ByteOffset at, std::span<const std::span<std::byte>> into)
{
    BufferCursor<std::byte> cursor(into, kMaxSourceSize - at.value());
    const ByteRange asked = clippedRange(at, cursor.remaining());
    std::uint64_t done = 0;
    while (cursor.remaining() > 0) {
        const auto got = m_file->preadv(at + done, cursor.rest());
        if (!got && got.error().systemError == EINTR)
            continue;
        if (!got)
            return failure(named(got.error(), Operation::Read, m_path, asked));
        if (*got == 0)
            break;
        cursor.advance(*got);
        done += *got;
    }
    return done;
}

Result<std::uint64_t> FileSource::readDirect(ByteOffset at, std::span<std::byte> into)
{
    const ByteRange asked = clippedRange(at, into.size());
    const std::span<std::byte> inside = into.first(static_cast<std::size_t>(asked.length()));
    const auto got = m_direct.read(*m_file, at, inside);
    if (!got)
        return failure(named(got.error(), Operation::Read, m_path, asked));
    const std::uint64_t done = got->value_or(0);
    if (done == inside.size())
        return done;
    const auto rest = BlockSource::readAt(at + done, inside.subspan(static_cast<std::size_t>(done)));
    return rest ? Result<std::uint64_t>(done + *rest) : failure(named(rest.error(), Operation::Read, m_path, asked));
}

// The size is asked again before every piece: a file that was cut short meanwhile must not grow by our writing.
Result<void> FileSource::writev(ByteOffset at, std::span<const std::span<const std::byte>> from)
{
    BufferCursor<const std::byte> cursor(from, ~std::uint64_t{0});
    ByteOffset position = at;
    while (true) {
        const ByteRange left = clippedRange(position, cursor.remaining());
        if (m_readOnlyReason)
            return failure(ErrorCode::ReadOnly, Operation::Write, left, m_path);
        const auto end = size();
        if (!end)
            return failure(named(end.error(), Operation::Write, m_path, left));
        if (position.value() > *end || cursor.remaining() > *end - position.value())
            return failure(pastEnd(position, cursor.remaining()), Operation::Write, left, m_path);
        if (cursor.remaining() == 0)
            return {};
        const auto put = m_file->pwritev(position, cursor.rest());
        if (!put && put.error().systemError == EINTR)
            continue;
        if (!put)
            return failure(named(put.error(), Operation::Write, m_path, left));
        if (*put == 0)
            return failure(ErrorCode::Io, Operation::Write, left, m_path);
        cursor.advance(*put);
        position = position + *put;
        if (cursor.remaining() == 0)
            return {};
    }
}

/// What bytes are that the source does not have: some that it once had, or some that it never did.
ErrorCode FileSource::pastEnd(ByteOffset at, std::uint64_t length) const
{
    const std::uint64_t largest = m_largestSize.load();
    const bool hadThem = at.value() <= largest && length <= largest - at.value();
    return hadThem ? ErrorCode::Truncated : ErrorCode::OutOfRange;
}

Result<void> FileSource::sync()
{
    auto done = m_file->dataSync();
    if (!done)
        return failure(named(done.error(), Operation::Sync, m_path));
    return {};
}

Result<std::uint64_t> FileSource::size()
{
    const auto bytes = sizeOf(*m_file, m_kind);
    if (!bytes)
        return failure(named(bytes.error(), Operation::Stat, m_path));
    if (*bytes > kMaxSourceSize)
        return failure(ErrorCode::OutOfRange, Operation::Stat, {}, m_path);
    std::uint64_t largest = m_largestSize.load();
    while (largest < *bytes && !m_largestSize.compare_exchange_weak(largest, *bytes)) { }
    return bytes;
}

Result<SourceFingerprint> FileSource::fingerprint()
{
    const auto status = m_file->status();
    if (!status)
        return failure(named(status.error(), Operation::Stat, m_path));
    const auto bytes = size();
    if (!bytes)
        return failure(bytes.error());
    const auto hash = sampleHash(*this, *bytes);
    if (!hash)
        return failure(hash.error());
    SourceFingerprint result{*bytes, 0, 0, *hash};
    if (m_kind == FileKind::Regular) { // the times of a device node are the node's, not the disk's
        result.modifiedNs = status->modifiedNs;
        result.changedNs = status->changedNs;
    }
    return result;
}

Result<void> FileSource::checkStillNamed()
{
    const auto found = m_env->status(m_path);
    if (!found && found.error().code == ErrorCode::NotFound) {
        Error error = named(found.error(), Operation::Stat, m_path);
        error.code = ErrorCode::Changed;
        return failure(std::move(error));
    }
    if (!found)
        return failure(named(found.error(), Operation::Stat, m_path));
    if (found->kind != m_kind || identityOf(*found) != m_identity)
        return failure(ErrorCode::Changed, Operation::Stat, {}, m_path);
    return {};
}

Result<void> FileSource::checkHolders()
{
    auto holder = retriedWhenInterrupted([this] { return m_file->otherHolder(); });
    if (!holder)
        return failure(named(holder.error(), Operation::Lock, m_path));
    if (!*holder)
        return {};
    Error held = Error::of(ErrorCode::Held, Operation::Write, {}, m_path);
    held.holder = std::move(**holder);
    return failure(std::move(held));
}

Result<ByteRange> FileSource::nextData(ByteOffset from)
{
    const auto bytes = size();
    if (!bytes)
        return failure(bytes.error());
    const ByteOffset end(*bytes);
    if (from >= end)
        return ByteRange(end, end);
    if (m_kind == FileKind::BlockDevice)
        return ByteRange(from, end);
    const auto run = m_file->nextData(from);
    if (!run)
        return failure(named(run.error(), Operation::Read, m_path, ByteRange(from, end)));
    const ByteRange inside = run->intersection(ByteRange(from, end));
    return inside.empty() ? ByteRange(end, end) : inside;
}

std::uint32_t FileSource::blockSize() const
{
    return m_blockSize;
}

std::uint32_t FileSource::physicalBlockSize() const
{
    return m_physicalBlockSize;
}

std::uint32_t FileSource::directIoAlignment() const
{
    return m_direct.unit();
}

Result<void> FileSource::dropCached(ByteRange range)
{
    auto done = m_file->dropCached(range);
    if (!done)
        return failure(named(done.error(), Operation::Read, m_path, range));
    return {};
}

Result<void> FileSource::willNeed(ByteRange range)
{
    auto begun = m_file->willNeed(range);
    if (!begun)
        return failure(named(begun.error(), Operation::Read, m_path, range));
    return begun;
}

Result<std::unique_ptr<EnvMapping>> FileSource::map(ByteRange range)
{
    auto mapping = m_file->map(range);
    if (!mapping)
        return failure(named(mapping.error(), Operation::Open, m_path, range));
    return mapping;
}

SourceIdentity FileSource::identity() const
{
    return m_identity;
}

std::string FileSource::path() const
{
    return m_path;
}

bool FileSource::writable() const
{
    return !m_readOnlyReason;
}

Error FileSource::readOnlyReason() const
{
    return m_readOnlyReason.value_or(Error::of(ErrorCode::ReadOnly, Operation::Open, {}, m_path));
}

} // namespace cachecore
