// SPDX-License-Identifier: MIT
#include "cachecore/base/directory_sync.h"
#include "cachecore/base/named_error.h"
#include "cachecore/write/journal/journal_place.h"
#include "cachecore/write/recovery.h"

#include <cstdint>
#include <new>
#include <utility>

namespace cachecore {

namespace {

/// The first name beside the journal that is free.
Result<std::string> nameAside(Env &env, const std::string &path)
{
    for (std::uint64_t number = 1;; ++number) {
        std::string kept = path + '.' + std::to_string(number) + kKeptSuffix;
        const auto taken = env.status(kept);
        if (!taken && taken.error().code == ErrorCode::NotFound)
            return kept;
        if (!taken)
            return failure(named(taken.error(), Operation::Journal, kept));
    }
}

} // namespace

Result<std::string> setJournalAside(Env &env, const std::string &path)
{
    bool renamed = false;
    std::string kept;
    try {
        auto free = nameAside(env, path);
        if (!free)
            return free;
        kept = std::move(*free);
        if (auto done = env.rename(path, kept); !done)
            return failure(named(done.error(), Operation::Journal, path));
        renamed = true;
        // It has its other name whatever this says; where it is not durable, the journal is asked about once more.
        (void)syncDirectory(env, kept);
    } catch (const std::bad_alloc &) {
        if (!renamed)
            return failure(ErrorCode::OutOfMemory, Operation::Journal);
    }
    return kept;
}

} // namespace cachecore
