// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/source/file_source.h"

#include <memory>
#include <optional>
#include <string>

namespace cachecore {

/// A file or block device as it was opened for a FileSource.
struct OpenedFile {
    std::shared_ptr<Env> env;
    std::unique_ptr<EnvFile> file;
    std::string path;
    FileStatus status;
    std::uint32_t blockSize = 0;
    std::uint32_t physicalBlockSize = 0;
    std::optional<DirectAlignment> directAlignment; ///< nothing: the system does not tell
    std::optional<Error> readOnlyReason;            ///< nothing: opened for writing, and locked
};

/// What FileSource::open promises. Blocking.
[[nodiscard]] Result<OpenedFile> openFile(std::shared_ptr<Env> env, const std::string &path, FileSource::Access access);

} // namespace cachecore
