// SPDX-License-Identifier: MIT
#include "cachecore/scan/save_copy.h"

#include "cachecore/base/bytes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include <unistd.h>

namespace cachecore {

namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20;
constexpr std::size_t kHoleBlock = 4096; ///< zero blocks of this size are not written
constexpr int kMostNames = 100;          ///< temporary names tried

/// The file being written; removed again unless it was published under its final name.
class PartFile {
public:
    PartFile(Env &env, std::string path)
        : m_env(env)
        , m_path(std::move(path))
    {
    }
    PartFile(const PartFile &) = delete;
    PartFile &operator=(const PartFile &) = delete;
    ~PartFile()
    {
        m_file.reset();
        if (!m_part.empty())
            (void)m_env.remove(m_part); // nothing more can be done about a failure here
    }

    Result<void> create(std::uint64_t size, std::uint32_t mode)
    {
        for (int i = 0; i < kMostNames; ++i) {
            const std::string name = m_path + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(i);
            auto file = m_env.open(name, OpenMode::CreateNew);
            if (!file && file.error().systemError == EEXIST)
                continue;
            if (!file)
                return failure(file.error());
            m_file = std::move(*file);
            m_part = name;
            if (auto sized = m_file->truncate(size); !sized)
                return sized;
            return m_file->setMode(mode);
        }
        return failure(Error::fromErrno(EEXIST, Operation::Open, {}, m_path));
    }

    Result<void> write(ByteOffset at, std::span<const std::byte> bytes)
    {
        while (!bytes.empty()) {
            const std::array<std::span<const std::byte>, 1> buffers{bytes};
            const auto wrote = m_file->pwritev(at, buffers);
            if (!wrote && wrote.error().systemError == EINTR)
                continue;
            if (!wrote)
                return failure(wrote.error());
            if (*wrote == 0)
                return failure(Error::fromErrno(EIO, Operation::Write, ByteRange::make(at, bytes.size()), m_path));
            at = at + *wrote;
            bytes = bytes.subspan(*wrote);
        }
        return {};
    }

    Result<void> publish()
    {
        if (auto synced = m_file->sync(); !synced)
            return synced;
        m_file.reset();
        if (auto renamed = m_env.rename(m_part, m_path); !renamed)
            return renamed;
        m_part.clear();
        return m_env.syncDirectoryOf(m_path);
    }

private:
    Env &m_env;
    const std::string m_path;
    std::string m_part;
    std::unique_ptr<EnvFile> m_file;
};

/// Writes the blocks of `bytes` (at `at`) that are not all zero; returns how many bytes those are.
Result<std::uint64_t> writeData(PartFile &part, ByteOffset at, std::span<const std::byte> bytes)
{
    std::uint64_t written = 0;
    for (std::size_t begin = 0; begin < bytes.size();) {
        const auto blockEnd = [&](std::size_t from) {
            const std::size_t intoBlock = static_cast<std::size_t>((at.value() + from) % kHoleBlock);
            return std::min(bytes.size(), from + kHoleBlock - intoBlock);
        };
        std::size_t end = blockEnd(begin);
        if (allZero(bytes.subspan(begin, end - begin))) {
            begin = end;
            continue;
        }
        while (end < bytes.size() && !allZero(bytes.subspan(end, blockEnd(end) - end)))
            end = blockEnd(end);
        if (auto wrote = part.write(at + begin, bytes.subspan(begin, end - begin)); !wrote)
            return failure(wrote.error());
        written += end - begin;
        begin = end;
    }
    return written;
}

/// The permission bits for the copy, once it is clear that it may be written at `path`.
Result<std::uint32_t> checkTarget(const Snapshot &snapshot, Env &env, const std::string &path)
{
    constexpr std::uint32_t kPrivate = 0600;
    const auto original = env.status(snapshot.source().path());
    const auto target = env.status(path);
    const std::uint32_t mode = original && original->kind == FileKind::Regular ? original->mode : kPrivate;
    if (!target)
        return target.error().code == ErrorCode::NotFound ? Result<std::uint32_t>(mode) : failure(target.error());
    if (target->kind == FileKind::Directory)
        return failure(ErrorCode::IsDirectory, Operation::Open, {}, path);
    if (original && original->device == target->device && original->inode == target->inode)
        return failure(ErrorCode::InvalidArgument, Operation::Open, {}, path);
    if (target->kind != FileKind::Regular)
        return failure(ErrorCode::UnsupportedKind, Operation::Open, {}, path);
    return target->mode;
}

} // namespace

Result<CopyReport> saveCopy(const Snapshot &snapshot, Env &env, const std::string &path, const CopyProgress &progress,
                            std::stop_token stop)
{
    const auto mode = checkTarget(snapshot, env, path);
    if (!mode)
        return failure(mode.error());
    PartFile part(env, path);
    if (auto created = part.create(snapshot.size(), *mode); !created)
        return failure(created.error());

    CopyReport report{snapshot.size(), 0};
    std::vector<std::byte> buffer(kChunk);
    const ByteOffset end(snapshot.size());
    for (ByteOffset at; at < end;) {
        const auto data = snapshot.nextData(at);
        if (!data)
            return failure(data.error());
        if (data->empty())
            break;
        for (at = data->begin(); at < data->end();) {
            if (stop.stop_requested())
                return failure(ErrorCode::Cancelled, Operation::Write, ByteRange(at, end), path);
            const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, data->end() - at));
            const auto chunk = std::span(buffer).first(length);
            if (auto read = snapshot.read(at, chunk, stop); !read)
                return failure(read.error());
            const auto wrote = writeData(part, at, chunk);
            if (!wrote)
                return failure(wrote.error());
            report.bytesWritten += *wrote;
            at = at + length;
            if (progress)
                progress(at.value(), end.value());
        }
    }
    if (progress)
        progress(end.value(), end.value());
    if (auto published = part.publish(); !published)
        return failure(published.error());
    return report;
}

} // namespace cachecore
