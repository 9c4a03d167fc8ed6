// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/replaced_file.h"

#include <array>
#include <cerrno>
#include <utility>

#include <unistd.h>

namespace cachet {

namespace {

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::Env;
using cachecore::Error;
using cachecore::ErrorCode;
using cachecore::failure;
using cachecore::FileKind;
using cachecore::Operation;
using cachecore::Result;

constexpr int kMostNames = 100; ///< temporary names tried
constexpr std::uint32_t kPrivate = 0600;

/// The name a file gets in the end, and its mode, once it is clear that it may be written.
struct Target {
    std::string path;
    std::uint32_t mode = kPrivate;
};

Result<Target> targetOf(Env &env, const std::string &path, const std::string &source)
{
    const auto status = env.status(path);
    if (!status && status.error().code == ErrorCode::NotFound)
        return Target{path, kPrivate};
    if (!status)
        return failure(status.error());
    if (status->kind == FileKind::Directory)
        return failure(ErrorCode::IsDirectory, Operation::Open, {}, path);
    const auto original = env.status(source);
    if (original && original->device == status->device && original->inode == status->inode)
        return failure(ErrorCode::InvalidArgument, Operation::Open, {}, path);
    if (status->kind != FileKind::Regular)
        return failure(ErrorCode::UnsupportedKind, Operation::Open, {}, path);
    auto real = env.realPath(path);
    if (!real)
        return failure(real.error());
    return Target{std::move(*real), status->mode};
}

} // namespace

ReplacedFile::ReplacedFile(Env &env, std::string path, std::string part, std::unique_ptr<cachecore::EnvFile> file)
    : m_env(env)
    , m_path(std::move(path))
    , m_part(std::move(part))
    , m_file(std::move(file))
{
}

ReplacedFile::~ReplacedFile()
{
    m_file.reset();
    if (!m_part.empty())
        (void)m_env.remove(m_part); // nothing more can be done about a failure here
}

Result<std::unique_ptr<ReplacedFile>> ReplacedFile::create(Env &env, const std::string &path, const std::string &source)
{
    auto target = targetOf(env, path, source);
    if (!target)
        return failure(target.error());
    for (int i = 0; i < kMostNames; ++i) {
        std::string part = target->path + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(i);
        auto file = env.open(part, cachecore::OpenMode::CreateNew);
        if (!file && file.error().systemError == EEXIST)
            continue;
        if (!file) {
            Error error = file.error();
            error.path = path;
            return failure(std::move(error));
        }
        std::unique_ptr<ReplacedFile> made(
            new ReplacedFile(env, std::move(target->path), std::move(part), std::move(*file)));
        if (auto set = made->named(made->m_file->setMode(target->mode)); !set)
            return failure(set.error());
        return made;
    }
    return failure(Error::fromErrno(EEXIST, Operation::Open, {}, path));
}

Result<void> ReplacedFile::named(Result<void> result) const
{
    if (!result)
        result.error().path = m_path;
    return result;
}

Result<void> ReplacedFile::setSize(std::uint64_t size)
{
    return named(m_file->truncate(size));
}

Result<void> ReplacedFile::write(std::uint64_t at, std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        const std::array<std::span<const std::byte>, 1> buffers{bytes};
        const auto wrote = m_file->pwritev(ByteOffset(at), buffers);
        if (!wrote && wrote.error().systemError == EINTR)
            continue;
        if (!wrote)
            return named(failure(wrote.error()));
        if (*wrote == 0)
            return failure(Error::fromErrno(EIO, Operation::Write, ByteRange::make(at, bytes.size()), m_path));
        at += *wrote;
        bytes = bytes.subspan(*wrote);
    }
    return {};
}

Result<void> ReplacedFile::publish()
{
    if (auto synced = named(m_file->sync()); !synced)
        return synced;
    m_file.reset();
    if (auto renamed = named(m_env.rename(m_part, m_path)); !renamed)
        return renamed;
    m_part.clear();
    return named(m_env.syncDirectoryOf(m_path));
}

} // namespace cachet
