// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/write/journal/journal_place.h"

#include <memory>
#include <string>

namespace cachecore {

/// Removes the file of that name, durably. That it is not there is no error.
[[nodiscard]] Result<void> removeDurably(Env &env, const std::string &path);
/// The same; sets `gone` once the name is, which may yet come back after a power cut when the rest fails.
[[nodiscard]] Result<void> removeDurably(Env &env, const std::string &path, bool &gone);

/// Makes sure that no journal of an interrupted write has one of these names: one that came to its end is removed, any other is
/// NeedsRecovery with its path. Temporaries that were left are removed as far as the system lets. Blocking.
[[nodiscard]] Result<void> refuseUnsettled(Env &env, const std::vector<JournalName> &names);

/// Whether the journal of that name says of itself that its write came to an end, one way or the other. Reads all of it.
[[nodiscard]] bool cameToItsEnd(Env &env, const std::string &path);

/// The file of one transaction's journal, under a temporary name until its content is complete.
///
///     create --> [temporary] --giveName()--> [armed name] --remove()--> [no name]
///                     +--------------remove()-----------------------------^
///
/// Thread: one at a time. Every function blocks. Errors name the journal's path, with Operation::Journal.
class JournalFile {
public:
    /// Makes it at the first of `names` that takes it: where the system says that nobody (or this program) may write, the next is tried. `bytes` are reserved
    /// where the file system can do that. `directory` is made when it is missing. `id` makes its temporary name one that nobody else has.
    [[nodiscard]] static Result<JournalFile> create(Env &env, const std::vector<JournalName> &names,
                                                    const std::string &directory, std::uint64_t bytes,
                                                    const TransactionId &id);

    [[nodiscard]] EnvFile &file() const { return *m_file; }
    /// The armed name, which is what people are told; empty when it never has one.
    [[nodiscard]] const std::string &path() const { return m_name.path; }
    [[nodiscard]] const JournalName &name() const { return m_name; }

    /// Gives it its armed name, durably. NeedsRecovery with that name where another file has it by now, which is left alone. In the state directory that directory's own name too, and those of the directories that hold it.
    [[nodiscard]] Result<void> giveName();
    /// True once it has its armed name, also when that may not be durable.
    [[nodiscard]] bool hasName() const { return m_renamed; }
    /// False once the armed name was removed, durably or not, and when the system says that nothing has it.
    [[nodiscard]] bool nameTaken() const;
    /// Takes its names away, durably where it may have had the armed one. Afterwards it can still be read.
    [[nodiscard]] Result<void> remove();
    /// Hands the file over.
    [[nodiscard]] std::unique_ptr<EnvFile> release() { return std::move(m_file); }

private:
    JournalFile(Env &env, JournalName name, std::string temporary, std::unique_ptr<EnvFile> file);
    [[nodiscard]] Result<void> renameToArmed();
    [[nodiscard]] Result<bool> mayHaveItsName() const;
    [[nodiscard]] Result<void> reserve(std::uint64_t bytes);

    Env *m_env;
    JournalName m_name;
    std::string m_temporary;
    std::unique_ptr<EnvFile> m_file;
    bool m_inStateDirectory = false;
    bool m_renameTried = false;
    bool m_renamed = false;
    bool m_gone = false;
};

} // namespace cachecore
