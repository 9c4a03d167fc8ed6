// SPDX-License-Identifier: MIT
#include "cachecore/base/directory_sync.h"

#include "cachecore/base/named_error.h"
#include "cachecore/base/retried_call.h"

#include <cerrno>
#include <utility>

namespace cachecore {

namespace {

/// The directory that holds `path`; empty where its name says none.
std::string directoryOf(const std::string &path)
{
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos)
        return {};
    const std::size_t end = path.find_last_not_of('/', slash);
    return end == std::string::npos ? "/" : path.substr(0, end + 1);
}

bool refusesPlace(const Error &error)
{
    return error.systemError == EACCES || error.systemError == EPERM || error.systemError == EROFS;
}

/// Whether another file system is mounted at `directory`: what leads there is not this one's.
bool isMounted(Env &env, const std::string &directory)
{
    const auto here = env.status(directory);
    const auto above = env.status(directory + "/..");
    return here && above && here->device != above->device;
}

} // namespace

Result<void> syncDirectory(Env &env, const std::string &path)
{
    auto synced = retriedWhenInterrupted([&] { return env.syncDirectoryOf(path); });
    if (synced || synced.error().systemError == EINVAL || synced.error().code == ErrorCode::NotSupported)
        return {};
    return failure(named(synced.error(), Operation::Sync, path));
}

Result<void> syncDirectoriesAbove(Env &env, const std::string &path)
{
    for (std::string directory = directoryOf(path); !directory.empty() && directory != "/";
         directory = directoryOf(directory)) {
        if (isMounted(env, directory))
            return {};
        if (auto synced = syncDirectory(env, directory); !synced && !refusesPlace(synced.error()))
            return synced;
    }
    return {};
}

} // namespace cachecore
