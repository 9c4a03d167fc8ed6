// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/edit/staged_edits.h"
#include "cachecore/write/log/recovery_log_format.h"

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace cachecore {

/// Staged bytes of a file that can no longer be read as it was.
struct LostImport {
    ByteRange range; ///< where they were staged
    Error error;     ///< why: Changed, or what opening said; Error::path names the file

    friend bool operator==(const LostImport &, const LostImport &) = default;
};

/// What a recovery log holds: the last state of the edits that is whole.
struct RecoveredEdits {
    RecoveryLogHeader
        header; ///< its fingerprint is that after the last committed transaction, if there is one and it is known
    StagedEdits edits; ///< with their bases; without what `lost` names
    std::vector<LostImport> lost;
    std::optional<TransactionId> committed; ///< the last transaction after which edits were noted
    std::uint64_t states = 0;               ///< how many states the log held up to this one
    std::optional<Error>
        damage; ///< why what comes after it could not be used; nothing when the log was whole or only cut off
};

/// Opens a file to be staged again, as Document::openImport does.
using OpenImport = std::function<Result<std::shared_ptr<const ExternalBytes>>(const std::string &path)>;

/// Reads the log at `path`, trusting nothing in it. Errors: NotFound and what else opening says, Damaged or NewerVersion when not even the header can be read, Cancelled,
/// OutOfMemory; operation Journal. Blocking. Memory: that of the edits, at most about ten times the log's size.
[[nodiscard]] Result<RecoveredEdits> readRecoveryLog(Env &env, const std::string &path, const OpenImport &openImport,
                                                     std::stop_token stop = {});

} // namespace cachecore
