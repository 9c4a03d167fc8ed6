// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"

#include <string>

namespace cachecore {

/// Makes the name `path` durable, or its absence: Env::syncDirectoryOf, made again when it was interrupted. A file system that has no such thing (EINVAL,
/// NotSupported) does it by itself or not at all, and is no error. Blocking. Errors: what the system says, with Operation::Sync and `path`.
[[nodiscard]] Result<void> syncDirectory(Env &env, const std::string &path);

/// Makes the names durable that lead to the directory of `path`, whoever made them and whenever: that of the directory itself, that of the one which holds it, and so on up to
/// where the file system is mounted. For a file that must not vanish with a directory which nobody has made durable; the name of `path` itself is not among them. A directory
/// that may not be opened or is read-only is left out: this program has made nothing in it. Blocking. Errors: as syncDirectory, with the directory's name.
[[nodiscard]] Result<void> syncDirectoriesAbove(Env &env, const std::string &path);

} // namespace cachecore
