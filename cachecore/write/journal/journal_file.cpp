// SPDX-License-Identifier: MIT
#include "cachecore/write/journal/journal_file.h"

#include "cachecore/base/directory_sync.h"
#include "cachecore/base/named_error.h"
#include "cachecore/base/retried_call.h"
#include "cachecore/write/journal/journal_reader.h"
#include "cachecore/write/journal/protocol_step.h"

#include <cerrno>
#include <utility>

namespace cachecore {

namespace {

/// True when the system refused the place itself, so that another may do.
bool refusesPlace(const Error &error)
{
    return error.systemError == EACCES || error.systemError == EPERM || error.systemError == EROFS;
}

/// Makes that a name is there, or no more, durable.
Result<void> syncName(Env &env, const std::string &path)
{
    if (auto synced = syncDirectory(env, path); !synced)
        return failure(named(synced.error(), Operation::Journal, path));
    return {};
}

Result<void> removeName(Env &env, const std::string &path)
{
    auto removed = env.remove(path);
    if (!removed && removed.error().code != ErrorCode::NotFound)
        return failure(named(removed.error(), Operation::Journal, path));
    return {};
}

bool isIn(const std::string &directory, const std::string &path)
{
    return !directory.empty() && path.starts_with(directory + '/');
}

/// Removes what interrupted writes have left under temporary names, as far as the system lets.
void removeTemporaries(Env &env, const std::string &journal)
{
    const std::string directory = journal.substr(0, journal.rfind('/') + 1);
    const auto entries = env.list(directory);
    if (!entries)
        return;
    for (const std::string &entry : *entries) {
        const std::string path = directory + entry;
        if (isTemporaryName(path, journal))
            (void)env.remove(path);
    }
}

Result<std::unique_ptr<EnvFile>> makeFile(Env &env, const JournalName &name, const std::string &temporary,
                                          const std::string &directory)
{
    if (name.anonymous)
        return env.openAnonymous();
    const auto open = [&] { return env.open(temporary, OpenMode::CreateNew); };
    auto file = retriedWhenInterrupted(open);
    if (file || file.error().code != ErrorCode::NotFound || !isIn(directory, temporary))
        return file;
    if (auto made = env.createDirectories(directory); !made)
        return failure(made.error());
    return retriedWhenInterrupted(open);
}

} // namespace

bool cameToItsEnd(Env &env, const std::string &path)
{
    const auto file = env.open(path, OpenMode::Read);
    if (!file)
        return false;
    auto reader = JournalReader::open(**file, path);
    if (!reader)
        return false;
    const auto summary = reader->validate();
    return summary && (summary->state == JournalState::Done || summary->state == JournalState::RolledBack);
}

Result<void> removeDurably(Env &env, const std::string &path, bool &gone)
{
    if (leftOut(ProtocolStep::RemoveJournal))
        return {};
    if (auto removed = removeName(env, path); !removed)
        return removed;
    gone = true;
    return leftOut(ProtocolStep::SyncRemoval) ? Result<void>() : syncName(env, path);
}

Result<void> removeDurably(Env &env, const std::string &path)
{
    bool gone = false;
    return removeDurably(env, path, gone);
}

Result<void> refuseUnsettled(Env &env, const std::vector<JournalName> &names)
{
    for (const JournalName &name : names) {
        if (name.anonymous)
            continue;
        removeTemporaries(env, name.path);
        const auto found = env.status(name.path);
        if (!found && (found.error().code == ErrorCode::NotFound || refusesPlace(found.error())))
            continue;
        if (!found)
            return failure(named(found.error(), Operation::Journal, name.path));
        if (!cameToItsEnd(env, name.path))
            return failure(ErrorCode::NeedsRecovery, Operation::Journal, {}, name.path);
        if (auto removed = removeDurably(env, name.path); !removed)
            return removed;
    }
    return {};
}

Result<JournalFile> JournalFile::create(Env &env, const std::vector<JournalName> &names, const std::string &directory,
                                        std::uint64_t bytes, const TransactionId &id)
{
    Error refusal = Error::of(ErrorCode::PermissionDenied, Operation::Journal);
    for (const JournalName &name : names) {
        JournalName chosen = name; // before there is a file that would have to be removed for want of memory
        std::string temporary = name.anonymous ? std::string() : temporaryName(name.path, id);
        auto file = makeFile(env, name, temporary, directory);
        if (file) {
            JournalFile journal(env, std::move(chosen), std::move(temporary), std::move(*file));
            journal.m_inStateDirectory = isIn(directory, name.path);
            if (auto reserved = journal.reserve(bytes); !reserved) {
                (void)journal.remove();
                return failure(reserved.error());
            }
            return journal;
        }
        refusal = named(file.error(), Operation::Journal, name.path);
        if (!refusesPlace(refusal))
            break;
    }
    return failure(std::move(refusal));
}

JournalFile::JournalFile(Env &env, JournalName name, std::string temporary, std::unique_ptr<EnvFile> file)
    : m_env(&env)
    , m_name(std::move(name))
    , m_temporary(std::move(temporary))
    , m_file(std::move(file))
{
}

Result<void> JournalFile::reserve(std::uint64_t bytes)
{
    if (m_name.anonymous) // nothing is set aside of memory
        return {};
    const auto reserved = retriedWhenInterrupted([&] { return m_file->reserve(bytes); });
    if (!reserved && reserved.error().code != ErrorCode::NotSupported) {
        Error error = named(reserved.error(), Operation::Journal, m_name.path);
        error.range = ByteRange::make(std::uint64_t{0}, bytes); // how much it needs
        return failure(std::move(error));
    }
    return {};
}

Result<void> JournalFile::giveName()
{
    if (m_name.anonymous)
        return {};
    if (m_inStateDirectory && !leftOut(ProtocolStep::SyncPlace)) {
        if (auto synced = syncDirectoriesAbove(*m_env, m_name.path); !synced)
            return failure(named(synced.error(), Operation::Journal, m_name.path));
    }
    if (auto renamed = renameToArmed(); !renamed)
        return renamed;
    m_renamed = true;
    if (leftOut(ProtocolStep::SyncDirectory))
        return {};
    return syncName(*m_env, m_name.path);
}

/// Where the system cannot look and rename at once, the one is done after the other.
Result<void> JournalFile::renameToArmed()
{
    m_renameTried = true;
    const bool blindly = leftOut(ProtocolStep::TakeNoName);
    auto renamed
        = blindly ? m_env->rename(m_temporary, m_name.path) : m_env->renameUnlessTaken(m_temporary, m_name.path);
    if (!renamed && renamed.error().code == ErrorCode::NotSupported) {
        const auto found = m_env->status(m_name.path);
        if (!found && found.error().code != ErrorCode::NotFound)
            return failure(named(found.error(), Operation::Journal, m_name.path));
        if (found && !leftOut(ProtocolStep::CheckNameFree))
            renamed = failure(Error::fromErrno(EEXIST, Operation::Rename));
        else
            renamed = m_env->rename(m_temporary, m_name.path);
    }
    if (!renamed && renamed.error().systemError == EEXIST)
        return failure(ErrorCode::NeedsRecovery, Operation::Journal, {}, m_name.path);
    if (!renamed)
        return failure(named(renamed.error(), Operation::Journal, m_name.path));
    return {};
}

/// After a rename that failed: false when the armed name is another file's, which it then stays. A name that nobody has may be ours all the same once the power was cut.
Result<bool> JournalFile::mayHaveItsName() const
{
    const auto found = m_env->status(m_name.path);
    if (!found && found.error().code == ErrorCode::NotFound)
        return true;
    if (!found)
        return failure(named(found.error(), Operation::Journal, m_name.path));
    const auto ours = m_file->status();
    if (!ours)
        return failure(named(ours.error(), Operation::Journal, m_name.path));
    return found->device == ours->device && found->inode == ours->inode;
}

bool JournalFile::nameTaken() const
{
    if (m_gone || m_name.anonymous)
        return false;
    const auto found = m_env->status(m_name.path);
    return found || found.error().code != ErrorCode::NotFound;
}

Result<void> JournalFile::remove()
{
    if (m_name.anonymous)
        return {};
    bool itsName = m_renamed;
    if (m_renameTried && !m_renamed && leftOut(ProtocolStep::KeepOthersJournal)) {
        itsName = true;
    } else if (m_renameTried && !m_renamed) {
        const auto may = mayHaveItsName();
        if (!may)
            return failure(may.error());
        itsName = *may;
    }
    if (itsName) {
        if (auto removed = removeDurably(*m_env, m_name.path, m_gone); !removed)
            return removed;
    }
    return m_renamed ? Result<void>() : removeName(*m_env, m_temporary);
}

} // namespace cachecore
