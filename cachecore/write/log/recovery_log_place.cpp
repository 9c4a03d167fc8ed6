// SPDX-License-Identifier: MIT
#include "cachecore/write/log/recovery_log_place.h"

#include "cachecore/base/directory_sync.h"
#include "cachecore/write/journal/protocol_step.h"
#include "cachecore/write/log/recovery_log_reader.h"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

namespace cachecore {

namespace {

/// The names of this program's logs.
struct Claims {
    std::mutex mutex; ///< guards names
    std::set<std::string> names;
};

Claims &claims()
{
    static Claims &all = *new Claims; // not destroyed at exit, when a log's task may still be letting go
    return all;
}

bool isClaimed(const std::string &path)
{
    const std::lock_guard lock(claims().mutex);
    return claims().names.contains(path);
}

/// True when another program has the log locked.
bool isWrittenElsewhere(EnvFile &file)
{
    const auto holder = file.lockForWriting();
    return holder && holder->has_value();
}

/// Looks at one file of the state directory; nothing when it is no log of `source` or being written.
std::optional<FoundRecoveryLog> lookAt(Env &env, const std::string &path, bool named, const SourceIdentity &identity)
{
    if (isClaimed(path))
        return std::nullopt;
    const auto file = env.open(path, OpenMode::Read);
    if (!file && (!named || file.error().code == ErrorCode::NotFound))
        return std::nullopt;
    if (!file)
        return FoundRecoveryLog{path, true, false};
    const auto header = readRecoveryLogHeader(**file, path);
    const bool identified = header && header->identity == identity;
    // Locked only when it is of this source: a program that looks at the logs of another meanwhile would take them for being written.
    if ((!named && !identified) || isWrittenElsewhere(**file))
        return std::nullopt;
    return FoundRecoveryLog{path, named, identified};
}

} // namespace

Result<std::string> recoveryLogStem(Env &env, const BlockSource &source, const JournalPlaces &places)
{
    if (places.stateDirectory.empty() || !source.outlivesProcess())
        return std::string();
    const auto names = journalNames(env, source, {JournalPlaces::Preference::StateDirectory, places.stateDirectory});
    if (!names)
        return failure(names.error());
    if (names->empty() || names->back().anonymous)
        return std::string();
    std::string stem = names->back().path;
    stem.resize(stem.size() - std::string_view(kJournalSuffix).size());
    return stem;
}

Result<std::vector<FoundRecoveryLog>> findRecoveryLogs(Env &env, const BlockSource &source, const JournalPlaces &places)
{
    std::vector<FoundRecoveryLog> found;
    const auto stem = recoveryLogStem(env, source, places);
    if (!stem)
        return failure(stem.error());
    if (stem->empty())
        return found;
    const std::string directory = stem->substr(0, stem->rfind('/') + 1);
    const auto names = env.list(directory);
    if (!names && names.error().code == ErrorCode::NotFound)
        return found;
    if (!names)
        return failure(names.error());
    for (const std::string &name : *names) {
        const std::string path = directory + name;
        if (!name.ends_with(kRecoveryLogSuffix))
            continue;
        const bool named = path.starts_with(*stem + '.');
        if (auto log = lookAt(env, path, named, source.identity()))
            found.push_back(std::move(*log));
    }
    std::ranges::sort(found, {}, &FoundRecoveryLog::path);
    return found;
}

Result<void> removeRecoveryLog(Env &env, const std::string &path)
{
    const auto removed = leftOut(ProtocolStep::LogRemove) ? Result<void>() : env.remove(path);
    if (!removed && removed.error().code != ErrorCode::NotFound)
        return removed;
    return leftOut(ProtocolStep::LogSyncRemoval) ? Result<void>() : syncDirectory(env, path);
}

Result<RecoveryLogClaim> RecoveryLogClaim::make(Env &env, const std::string &stem)
{
    for (unsigned number = 0;; ++number) {
        std::string path = stem + (number == 0 ? "" : '.' + std::to_string(number)) + kRecoveryLogSuffix;
        {
            const std::lock_guard lock(claims().mutex);
            if (!claims().names.insert(path).second)
                continue;
        }
        RecoveryLogClaim claim(std::move(path));
        const auto there = env.status(claim.path());
        if (!there && there.error().code == ErrorCode::NotFound)
            return claim;
        if (!there)
            return failure(there.error());
    }
}

RecoveryLogClaim::RecoveryLogClaim(RecoveryLogClaim &&other) noexcept
    : m_path(std::exchange(other.m_path, {}))
{
}

RecoveryLogClaim &RecoveryLogClaim::operator=(RecoveryLogClaim &&other) noexcept
{
    if (this != &other) {
        giveBack();
        m_path = std::exchange(other.m_path, {});
    }
    return *this;
}

RecoveryLogClaim::~RecoveryLogClaim()
{
    giveBack();
}

void RecoveryLogClaim::giveBack()
{
    if (m_path.empty())
        return;
    const std::lock_guard lock(claims().mutex);
    claims().names.erase(m_path);
}

} // namespace cachecore
