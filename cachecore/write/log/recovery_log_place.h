// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/source/block_source.h"
#include "cachecore/write/journal/journal_place.h"

#include <string>
#include <vector>

namespace cachecore {

inline constexpr const char *kRecoveryLogSuffix = ".cachet-edits";

/// What recovery logs of `source` begin with: the state directory and the name a journal of this source would have there, without its suffix. Empty
/// when it can have none: a source without a path, or no state directory. Blocking. Errors: what realPath says.
[[nodiscard]] Result<std::string> recoveryLogStem(Env &env, const BlockSource &source, const JournalPlaces &places);

/// A log that may belong to a source.
struct FoundRecoveryLog {
    std::string path;
    bool named = false;      ///< it has a name this source's logs have
    bool identified = false; ///< its header parses and names this source's identity
};

/// Every recovery log that may belong to `source`, sorted by path: one with the right name, whatever it holds, and any other of the state directory whose
/// header names this source (it was renamed). Those that a document writes at this moment, in this program or another, are left out. A directory that is
/// missing is empty; a log with the right name that cannot be read is found, not identified. Blocking. Errors: what listing the directory says.
[[nodiscard]] Result<std::vector<FoundRecoveryLog>> findRecoveryLogs(Env &env, const BlockSource &source,
                                                                     const JournalPlaces &places);

/// Removes a log and makes that durable; one that is gone already is no error. Blocking.
[[nodiscard]] Result<void> removeRecoveryLog(Env &env, const std::string &path);

/// A name for a new log that no other document of this program uses, as long as this object lives. Move-only. Thread: any.
class RecoveryLogClaim {
public:
    RecoveryLogClaim() = default;
    RecoveryLogClaim(RecoveryLogClaim &&other) noexcept;
    RecoveryLogClaim &operator=(RecoveryLogClaim &&other) noexcept;
    ~RecoveryLogClaim();

    /// The first of "STEM.cachet-edits", "STEM.1.cachet-edits", ... that no file has and nobody claims, so that a log which has not been
    /// decided about is never replaced. Blocking. Errors: what the directory says.
    [[nodiscard]] static Result<RecoveryLogClaim> make(Env &env, const std::string &stem);

    /// Empty for none.
    [[nodiscard]] const std::string &path() const { return m_path; }
    [[nodiscard]] std::string temporary() const { return m_path + ".new"; }

private:
    explicit RecoveryLogClaim(std::string path)
        : m_path(std::move(path))
    {
    }
    void giveBack();

    std::string m_path;
};

} // namespace cachecore
