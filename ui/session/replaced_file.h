// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/env.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace cachet {

/// A file that is written under a temporary name beside its own and takes that name when it is whole: until then, and after any failure, the
/// file that had the name is as it was. Errors name the file's own name. Thread: one at a time. All functions block.
class ReplacedFile {
public:
    /// For the file `path` (bytes), which must not be the file `source` (bytes; a name that is no file's never is). A new file is mode 0600; one that replaces another takes its mode. Errors:
    /// InvalidArgument with Operation::Open when it is `source`, IsDirectory, UnsupportedKind for what is no regular file, what the system says.
    [[nodiscard]] static cachecore::Result<std::unique_ptr<ReplacedFile>> create(cachecore::Env &env,
                                                                                 const std::string &path,
                                                                                 const std::string &source);
    ReplacedFile(const ReplacedFile &) = delete;
    ReplacedFile &operator=(const ReplacedFile &) = delete;
    /// Removes what was not published.
    ~ReplacedFile();

    [[nodiscard]] cachecore::Result<void> setSize(std::uint64_t size);
    /// All of `bytes` at `at`.
    [[nodiscard]] cachecore::Result<void> write(std::uint64_t at, std::span<const std::byte> bytes);
    /// Syncs the file and gives it its name; the last call.
    [[nodiscard]] cachecore::Result<void> publish();

private:
    ReplacedFile(cachecore::Env &env, std::string path, std::string part, std::unique_ptr<cachecore::EnvFile> file);
    [[nodiscard]] cachecore::Result<void> named(cachecore::Result<void> result) const;

    cachecore::Env &m_env;
    const std::string m_path;
    std::string m_part; ///< the temporary name; empty once it is gone
    std::unique_ptr<cachecore::EnvFile> m_file;
};

} // namespace cachet
