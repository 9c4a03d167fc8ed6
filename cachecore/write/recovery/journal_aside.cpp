// SPDX-License-Identifier: MIT
#include "cachecore/base/directory_sync.h"
#include "cachecore/base/named_error.h"
#include "cachecore/write/journal/journal_place.h"
#include "cachecore/write/journal/protocol_step.h"
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
        if (leftOut(ProtocolStep::AsideTakesFreeName))
            return kept;
        if (!taken && taken.error().code == ErrorCode::NotFound)
            return kept;
        if (!taken)
            return failure(named(taken.error(), Operation::Journal, kept));
    }
}

} // namespace

Result<JournalAside> setJournalAside(Env &env, const std::string &path)
{
    bool renamed = false;
    JournalAside aside;
    try {
        auto free = nameAside(env, path);
        if (!free)
            return failure(std::move(free.error()));
        aside.path = std::move(*free);
        if (auto done = env.rename(path, aside.path); !done)
            return failure(named(done.error(), Operation::Journal, path));
        renamed = true;
        if (leftOut(ProtocolStep::SyncAside))
            return aside;
        // It has its other name whatever this says.
        if (auto synced = syncDirectory(env, aside.path); !synced)
            aside.leftover = named(std::move(synced.error()), Operation::Journal, path);
    } catch (const std::bad_alloc &) {
        if (!renamed)
            return failure(ErrorCode::OutOfMemory, Operation::Journal);
        aside.leftover = Error::of(ErrorCode::OutOfMemory, Operation::Journal);
    }
    return aside;
}

} // namespace cachecore
