// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/source/block_source.h"
#include "cachecore/write/journal/journal_format.h"

#include <string>
#include <string_view>
#include <vector>

namespace cachecore {

/// Where journals may lie; chosen by the caller, never from the environment.
struct JournalPlaces {
    enum class Preference : std::uint8_t {
        BesideTarget, ///< next to a regular file; in the state directory for devices and where the file's directory cannot be written
        StateDirectory, ///< always there
    };
    Preference preference = Preference::BesideTarget;
    std::string stateDirectory; ///< made when needed, mode 0700; empty: there is none
};

/// Names of one target's journal.
struct JournalName {
    std::string path;       ///< the armed journal
    bool anonymous = false; ///< no names at all: the target does not outlive this process, and neither need the journal

    friend bool operator==(const JournalName &, const JournalName &) = default;
};

/// What the journal of that name is called while transaction `id` makes it: ".ID.new" appended, ID the first 8 bytes of the transaction's id in hexadecimal, so that two
/// programs which write at once never meet. Never recovered from, and removed when met.
[[nodiscard]] std::string temporaryName(const std::string &journal, const TransactionId &id);
/// Whether `path` is such a name of `journal`, whatever the transaction.
[[nodiscard]] bool isTemporaryName(std::string_view path, std::string_view journal);

inline constexpr const char *kJournalSuffix = ".cachet-journal";
inline constexpr const char *kKeptSuffix = ".kept"; ///< after the number of a journal that was set aside

/// The names a new journal of `source` may get, in the order they are tried: beside the file that its path leads to (links followed) as ".NAME.cachet-journal",
/// NAME cut and hashed where a name, or one that it has while it is made or gets when it is set aside, would be longer than 255 bytes; in the state directory as HASH.cachet-journal, HASH from kind and path with links followed.
/// A source whose path names no file (memory, functions) has one anonymous name. None when there is no place at all. Blocking. Errors: what realPath says.
[[nodiscard]] Result<std::vector<JournalName>> journalNames(Env &env, const BlockSource &source,
                                                            const JournalPlaces &places);

/// The same whatever is preferred: every name a journal of `source` may have got. Blocking.
[[nodiscard]] Result<std::vector<JournalName>> everyJournalName(Env &env, const BlockSource &source,
                                                                const JournalPlaces &places);

/// A journal that may belong to a source.
struct FoundJournal {
    std::string path;
    bool named = false;      ///< it has the name this source's journal has
    bool identified = false; ///< its header can be read, parses and names this source's identity
};

/// Every armed journal that may belong to `source`, in every place: one with the right name, whatever it holds, and any other journal of
/// the same directories whose header names this source (the target was renamed). A place that cannot be listed counts as empty, but for the right name: what
/// has that is found, also when it cannot be opened. Blocking. Errors: what realPath says.
[[nodiscard]] Result<std::vector<FoundJournal>> findJournals(Env &env, const BlockSource &source,
                                                             const JournalPlaces &places);

} // namespace cachecore
