// SPDX-License-Identifier: MIT
#include "cachecore/write/journal/journal_place.h"

#include "cachecore/edit/base.h"
#include "cachecore/write/journal/journal_reader.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace cachecore {

namespace {

constexpr std::size_t kLongestName = 255; // NAME_MAX of every file system in use
constexpr std::string_view kTemporarySuffix = ".new";
constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kTemporaryDigits = 16;
constexpr std::size_t kLongestAddition = 1 + kTemporaryDigits + kTemporarySuffix.size(); // longer than ".999999.kept"

std::string hexHash(std::string_view text)
{
    std::string hex;
    for (const std::uint64_t word : hash128(std::as_bytes(std::span(text)))) {
        for (int shift = 60; shift >= 0; shift -= 4)
            hex += kDigits[(word >> shift) & 15U];
    }
    return hex;
}

std::string directoryOf(const std::string &path)
{
    return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
}

std::string inDirectory(const std::string &directory, const std::string &name)
{
    return directory.ends_with('/') ? directory + name : directory + '/' + name;
}

JournalName nameFor(const std::string &directory, const std::string &name)
{
    return {inDirectory(directory, name + kJournalSuffix), false};
}

/// ".NAME", short enough that every name it becomes part of is possible.
std::string hiddenName(const std::string &fileName)
{
    const std::size_t room = kLongestName - std::string_view(kJournalSuffix).size() - kLongestAddition;
    const std::string whole = '.' + fileName;
    if (whole.size() <= room)
        return whole;
    const std::string hash = '-' + hexHash(fileName);
    return whole.substr(0, room - hash.size()) + hash;
}

bool isRegularFile(const BlockSource &source)
{
    return source.identity().kind == "file";
}

struct Names {
    std::optional<JournalName> beside;
    std::optional<JournalName> inState;
    std::optional<JournalName> anonymous;
};

Result<Names> namesOf(Env &env, const BlockSource &source, const JournalPlaces &places)
{
    Names names;
    if (!source.pathIsFileName()) {
        names.anonymous = JournalName{{}, true};
        return names;
    }
    const auto real = env.realPath(source.path());
    if (!real)
        return failure(real.error());
    if (isRegularFile(source))
        names.beside = nameFor(directoryOf(*real), hiddenName(real->substr(real->rfind('/') + 1)));
    if (!places.stateDirectory.empty())
        names.inState = nameFor(places.stateDirectory, hexHash(source.identity().kind + '\0' + *real));
    return names;
}

/// Whether the file at `path` is, as far as it can be read, a journal that names this source.
bool namesSource(Env &env, const std::string &path, const SourceIdentity &identity)
{
    const auto file = env.open(path, OpenMode::Read);
    if (!file)
        return false;
    const auto reader = JournalReader::open(**file, path);
    return reader && reader->header().identity == identity;
}

/// Looks for `name` itself. What may be there and cannot be read counts: a write would be refused because of it.
std::optional<FoundJournal> findNamed(Env &env, const JournalName &name, const SourceIdentity &identity)
{
    const auto status = env.status(name.path);
    if (!status && (status.error().code == ErrorCode::NotFound || status.error().code == ErrorCode::PermissionDenied))
        return std::nullopt;
    return FoundJournal{name.path, true, status && namesSource(env, name.path, identity)};
}

/// The other journals beside `name` that name this source.
std::vector<FoundJournal> findIdentified(Env &env, const JournalName &name, const SourceIdentity &identity)
{
    std::vector<FoundJournal> found;
    const std::string directory = directoryOf(name.path);
    const auto entries = env.list(directory);
    if (!entries)
        return found;
    for (const std::string &entry : *entries) {
        const std::string path = inDirectory(directory, entry);
        if (!entry.ends_with(kJournalSuffix) || path == name.path)
            continue;
        const auto status = env.status(path);
        if (status && status->kind == FileKind::Regular && namesSource(env, path, identity))
            found.push_back({path, false, true});
    }
    std::ranges::sort(found, {}, &FoundJournal::path);
    return found;
}

} // namespace

std::string temporaryName(const std::string &journal, const TransactionId &id)
{
    std::string name = journal + '.';
    for (std::size_t i = 0; i < kTemporaryDigits / 2; ++i) {
        const auto byte = std::to_integer<unsigned>(id[i]);
        name += kDigits[byte >> 4];
        name += kDigits[byte & 15U];
    }
    return name.append(kTemporarySuffix);
}

bool isTemporaryName(std::string_view path, std::string_view journal)
{
    if (path.size() != journal.size() + kLongestAddition || !path.starts_with(journal)
        || !path.ends_with(kTemporarySuffix))
        return false;
    path.remove_prefix(journal.size());
    return path.front() == '.' && path.substr(1, kTemporaryDigits).find_first_not_of(kDigits) == std::string_view::npos;
}

Result<std::vector<JournalName>> journalNames(Env &env, const BlockSource &source, const JournalPlaces &places)
{
    auto names = namesOf(env, source, places);
    if (!names)
        return failure(names.error());
    std::vector<JournalName> result;
    if (names->anonymous)
        result.push_back(std::move(*names->anonymous));
    if (names->beside && places.preference == JournalPlaces::Preference::BesideTarget)
        result.push_back(std::move(*names->beside));
    if (names->inState)
        result.push_back(std::move(*names->inState));
    return result;
}

Result<std::vector<JournalName>> everyJournalName(Env &env, const BlockSource &source, const JournalPlaces &places)
{
    JournalPlaces all = places;
    all.preference = JournalPlaces::Preference::BesideTarget;
    return journalNames(env, source, all);
}

Result<std::vector<FoundJournal>> findJournals(Env &env, const BlockSource &source, const JournalPlaces &places)
{
    const auto wanted = everyJournalName(env, source, places);
    if (!wanted)
        return failure(wanted.error());
    std::vector<FoundJournal> found;
    for (const JournalName &name : *wanted) {
        if (name.anonymous)
            continue;
        if (auto own = findNamed(env, name, source.identity()))
            found.push_back(std::move(*own));
        for (FoundJournal &other : findIdentified(env, name, source.identity())) {
            const bool known
                = std::ranges::any_of(found, [&](const FoundJournal &one) { return one.path == other.path; });
            const bool right
                = std::ranges::any_of(*wanted, [&](const JournalName &one) { return one.path == other.path; });
            if (!known && !right)
                found.push_back(std::move(other));
        }
    }
    return found;
}

} // namespace cachecore
