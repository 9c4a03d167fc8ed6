// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"
#include "cachecore/source/block_source.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace cachecore {

/// The file external bytes are read from, as it was when they were staged.
struct ExternalOrigin {
    std::string path; ///< bytes; absolute or as it was given
    SourceFingerprint fingerprint;
};

/// Bytes that are staged and yet not in memory: a file that is imported, the journal of a write that can be undone. They are read
/// through a small cache of their own, so that looking at them never touches a file.
///
/// Thread: any, in parallel.
class ExternalBytes {
public:
    ExternalBytes() = default;
    ExternalBytes(const ExternalBytes &) = delete;
    ExternalBytes &operator=(const ExternalBytes &) = delete;
    virtual ~ExternalBytes();

    [[nodiscard]] virtual std::uint64_t size() const = 0;

    /// Copies what is in memory of [at, at + into.size()), which lies inside the size, and returns true when that was all of it. Otherwise the
    /// content of `into` is unspecified, and what is missing is being loaded; the document that stages these bytes is told
    /// when it has come. Never blocks.
    [[nodiscard]] virtual bool peek(std::uint64_t at, std::span<std::byte> into) const = 0;
    /// Fills `into`, all of it. Blocking. Errors: what the file says, Truncated; operation Import or Journal, with the file's path.
    [[nodiscard]] virtual Result<void> read(std::uint64_t at, std::span<std::byte> into) const = 0;
    /// An error (Changed, Import) when the bytes are no longer those that were there when they were staged. Blocking.
    [[nodiscard]] virtual Result<void> checkUnchanged() const = 0;
    /// Where another process finds the same bytes; nothing when it cannot.
    [[nodiscard]] virtual std::optional<ExternalOrigin> origin() const;
};

} // namespace cachecore
