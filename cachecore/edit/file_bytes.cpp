// SPDX-License-Identifier: MIT
#include "cachecore/edit/file_bytes.h"

#include "cachecore/base/bytes.h"
#include "cachecore/edit/file_bytes_impl.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>
#include <utility>

namespace cachecore {

template <typename Each>
bool FileBytes::Impl::forEachBlock(std::uint64_t at, std::span<std::byte> into, const Each &each)
{
    while (!into.empty()) {
        const auto skip = static_cast<std::size_t>(at % kBlock);
        const std::size_t length = std::min(into.size(), static_cast<std::size_t>(kBlock) - skip);
        if (!each(at / kBlock, skip, into.first(length)))
            return false;
        at += length;
        into = into.subspan(length);
    }
    return true;
}

bool FileBytes::Impl::peek(std::uint64_t at, std::span<std::byte> into)
{
    assert(at <= size() && into.size() <= size() - at);
    bool complete = true;
    std::optional<RecentBlocks::TimePoint> now;
    forEachBlock(at, into, [&](std::uint64_t index, std::size_t skip, std::span<std::byte> part) {
        std::unique_lock lock(m_mutex);
        const RecentBlocks::Ref block = m_blocks.lookUp(index);
        if (!block) {
            complete = false;
            if (!now)
                now = m_origin.env->now();
            m_blocks.want(index, *now);
            return true;
        }
        lock.unlock();
        copyBytes(std::span(block->bytes).subspan(skip, part.size()), part);
        return true;
    });
    if (!complete) {
        loadNext();
        reportIfStuck();
    }
    return complete;
}

Result<void> FileBytes::Impl::read(std::uint64_t at, std::span<std::byte> into)
{
    assert(at <= size() && into.size() <= size() - at);
    if (into.size() >= kBlock)
        return readPast(at, into);
    Result<void> outcome;
    forEachBlock(at, into, [&](std::uint64_t index, std::size_t skip, std::span<std::byte> part) {
        outcome = readThrough(index, skip, part);
        return outcome.has_value();
    });
    return outcome;
}

/// Reads one block's part by way of the cache; where the whole block cannot be read, only the bytes asked for.
Result<void> FileBytes::Impl::readThrough(std::uint64_t index, std::size_t skip, std::span<std::byte> part)
{
    RecentBlocks::Ref block;
    {
        const std::lock_guard lock(m_mutex);
        block = m_blocks.lookUp(index);
    }
    if (!block) {
        auto loaded = readBlock(index);
        const auto now = m_origin.env->now();
        const std::lock_guard lock(m_mutex);
        if (loaded) {
            block = std::move(*loaded);
            m_blocks.publish(index, block);
        } else {
            m_blocks.fail(index, now);
        }
    }
    if (!block)
        return readFile(index * kBlock + skip, part);
    copyBytes(std::span(block->bytes).subspan(skip, part.size()), part);
    return {};
}

/// Reads into the caller's buffer at once, for streaming.
Result<void> FileBytes::Impl::readPast(std::uint64_t at, std::span<std::byte> into)
{
    if (auto got = readFile(at, into); !got)
        return failure(std::move(got.error()));
    const std::lock_guard lock(m_mutex);
    m_blocks.forgetFailures(at / kBlock, (at + into.size() - 1) / kBlock);
    return {};
}

Result<RecentBlocks::Ref> FileBytes::Impl::readBlock(std::uint64_t index)
{
    const std::uint64_t at = index * kBlock;
    const std::uint64_t length = std::min(kBlock, size() - at);
    try {
        auto block = std::make_shared_for_overwrite<RecentBlocks::Block>();
        if (auto got = readFile(at, std::span(block->bytes).first(static_cast<std::size_t>(length))); !got)
            return failure(std::move(got.error()));
        return block;
    } catch (const std::bad_alloc &) {
        return failure(named(Error::of(ErrorCode::OutOfMemory, Operation::Read), at, length));
    }
}

/// Fills all of `into` from the file itself.
Result<void> FileBytes::Impl::readFile(std::uint64_t at, std::span<std::byte> into)
{
    std::uint64_t done = 0;
    while (done < into.size()) {
        const std::span<std::byte> rest = into.subspan(static_cast<std::size_t>(done));
        const ByteOffset from(at + done);
        const Result<std::uint64_t> got = m_origin.source
            ? m_origin.source->readAt(from, rest)
            : Result<std::uint64_t>(m_origin.file->preadv(from, std::span(&rest, 1)));
        if (!got && got.error().systemError == EINTR)
            continue;
        if (!got)
            return failure(named(got.error(), at + done, rest.size()));
        if (*got == 0)
            return failure(named(Error::of(ErrorCode::Truncated, Operation::Read), at + done, rest.size()));
        done += *got;
    }
    return {};
}

Error FileBytes::Impl::named(Error error, std::uint64_t at, std::uint64_t length) const
{
    error.operation = m_origin.operation;
    error.path = m_origin.path;
    error.range = ByteRange::make(at, length);
    return error;
}

Result<void> FileBytes::Impl::checkUnchanged()
{
    if (!m_origin.source)
        return {};
    const auto now = m_origin.source->fingerprint();
    if (!now)
        return failure(named(now.error(), 0, size()));
    if (*now != m_origin.fingerprint)
        return failure(named(Error::of(ErrorCode::Changed, Operation::Import), 0, size()));
    return {};
}

std::optional<ExternalOrigin> FileBytes::Impl::origin() const
{
    if (!m_origin.source)
        return std::nullopt;
    return ExternalOrigin{m_origin.path, m_origin.fingerprint};
}

void FileBytes::Impl::close()
{
    const std::lock_guard lock(m_mutex);
    m_closed = true;
}

Result<std::shared_ptr<FileBytes>> FileBytes::import(const std::shared_ptr<Env> &env, const std::string &path,
                                                     Loading loading)
{
    const auto asImport = [&path](Error error) {
        error.operation = Operation::Import;
        error.path = path;
        return failure(std::move(error));
    };
    try {
        auto source = FileSource::open(env, path, FileSource::Access::ReadOnly);
        if (!source)
            return asImport(source.error());
        const auto fingerprint = (*source)->fingerprint();
        if (!fingerprint)
            return asImport(fingerprint.error());
        Impl::Origin origin{.env = env,
                            .source = std::move(*source),
                            .file = nullptr,
                            .path = path,
                            .fingerprint = *fingerprint,
                            .size = fingerprint->size,
                            .operation = Operation::Import};
        return std::shared_ptr<FileBytes>(new FileBytes(std::make_shared<Impl>(std::move(origin), std::move(loading))));
    } catch (const std::bad_alloc &) {
        return asImport(Error::of(ErrorCode::OutOfMemory, Operation::Import));
    }
}

std::shared_ptr<FileBytes> FileBytes::retired(std::unique_ptr<EnvFile> file, std::string path, std::uint64_t size,
                                              Loading loading)
{
    Impl::Origin origin{.env = systemEnv(),
                        .source = nullptr,
                        .file = std::move(file),
                        .path = std::move(path),
                        .fingerprint = {},
                        .size = size,
                        .operation = Operation::Journal};
    return std::shared_ptr<FileBytes>(new FileBytes(std::make_shared<Impl>(std::move(origin), std::move(loading))));
}

FileBytes::FileBytes(std::shared_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}

FileBytes::~FileBytes()
{
    m_impl->close();
    Impl::retire(std::move(m_impl));
}

std::uint64_t FileBytes::size() const
{
    return m_impl->size();
}

bool FileBytes::peek(std::uint64_t at, std::span<std::byte> into) const
{
    return m_impl->peek(at, into);
}

std::optional<ExternalOrigin> FileBytes::origin() const
{
    return m_impl->origin();
}

Result<void> FileBytes::read(std::uint64_t at, std::span<std::byte> into) const
{
    return m_impl->read(at, into);
}

Result<void> FileBytes::checkUnchanged() const
{
    return m_impl->checkUnchanged();
}

} // namespace cachecore
