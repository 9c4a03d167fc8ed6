// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace cachecore {

/// What went wrong, as a program can act on it. Sentences for people are made by the caller.
enum class ErrorCode : std::uint8_t {
    InvalidArgument,  ///< a value that can never work (page size 3, empty pattern)
    OutOfRange,       ///< a byte range past the end of the source
    NotFound,         ///< no such file
    PermissionDenied, ///< the system refused access
    IsDirectory,      ///< a directory was named
    UnsupportedKind,  ///< a FIFO, socket or character device
    ReadOnly,         ///< the source was opened for reading, or cannot be written
    NoSpace,          ///< the medium, quota or file size limit is full
    Io,               ///< the medium failed
    Truncated,        ///< the source ends before the range it had when opened
    Changed,          ///< the source holds other bytes, or is another file, than the edits were made on
    Busy,             ///< another write of the same document runs
    Cancelled,        ///< given up on request, or because the document closed
    Closed,           ///< the document is closed
    OutOfMemory,      ///< no memory for the buffers
    NotSupported,     ///< this kind of source cannot do it (yet)
    Held,             ///< another program has the source open for writing, see Error::holder
    NeedsRecovery,    ///< a write was interrupted; its journal must be settled first
    Damaged,          ///< a journal or log that does not parse or does not match its hashes
    NewerVersion,     ///< written by a later version of this program
    System,           ///< any other error of the system; see systemError
};

/// What was being done when it went wrong.
enum class Operation : std::uint8_t {
    None,
    Open,
    Stat,
    Read,
    Write,
    Sync,
    Rename,
    Remove,
    Truncate,
    Stage,
    Plan,
    Compare, ///< comparing the disk with what the edits were made on
    Configure,
    Lock,     ///< taking a lock, looking for who holds the source
    Journal,  ///< making or reading the journal of a write; Error::path names it
    Verify,   ///< comparing what was written with what was meant
    RollBack, ///< putting old bytes back
    Recover,  ///< settling the journal of an interrupted write
    Import,   ///< reading the file whose bytes are staged
};

/// A failure: a code to act on, the system's errno behind it (0 when there is none), what was being
/// done, to which bytes, and to which file.
struct Error {
    ErrorCode code = ErrorCode::System;
    int systemError = 0;
    Operation operation = Operation::None;
    std::optional<ByteRange> range;
    std::string path;     ///< bytes as the system knows them, not text; empty when no file is meant
    std::string holder{}; ///< with Held: who, as far as the system tells

    /// The error of a failed system call: `code` follows from `errnoValue`.
    [[nodiscard]] static Error fromErrno(int errnoValue, Operation operation, std::optional<ByteRange> range = {},
                                         std::string path = {});
    /// An error the engine found itself.
    [[nodiscard]] static Error of(ErrorCode code, Operation operation, std::optional<ByteRange> range = {},
                                  std::string path = {});

    friend bool operator==(const Error &, const Error &) = default;
};

/// A value, or why there is none.
template <typename T>
using Result = std::expected<T, Error>;

/// Short for std::unexpected(error).
[[nodiscard]] inline std::unexpected<Error> failure(Error error)
{
    return std::unexpected<Error>(std::move(error));
}

/// Short for a failure the engine found itself.
[[nodiscard]] inline std::unexpected<Error> failure(ErrorCode code, Operation operation,
                                                    std::optional<ByteRange> range = {}, std::string path = {})
{
    return std::unexpected<Error>(Error::of(code, operation, range, std::move(path)));
}

} // namespace cachecore
