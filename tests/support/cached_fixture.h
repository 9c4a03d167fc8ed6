// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/thread_executor.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/source/callable_source.h"
#include "cachecore/source/memory_source.h"
#include "tests/support/edits.h"
#include "tests/support/fault_source.h"
#include "tests/support/temp_dir.h"

#include <memory>
#include <vector>

namespace cachet_test {

/// A cached source over memory with faults to inject, its pages 4 KiB unless asked otherwise. Members are destroyed last to first: the source before the pool that
/// runs its loads.
struct CachedFixture {
    explicit CachedFixture(std::vector<std::byte> content, cachecore::CacheOptions options = smallPages(),
                           std::shared_ptr<cachecore::Executor> executor = nullptr)
        : bytes(std::move(content))
        , memory(std::make_shared<cachecore::MemorySource>(bytes))
        , source(std::make_shared<FaultSource>(memory))
        , loads(executor ? std::move(executor) : std::make_shared<cachecore::ThreadExecutor>(4))
    {
        if (auto created = cachecore::CachedSource::create(source, options, loads))
            cached = std::move(*created);
    }

    static cachecore::CacheOptions smallPages() { return {4096, std::uint64_t{1} << 20}; }

    cachecore::CachedSource *operator->() const { return cached.get(); }
    /// The source's own bytes of `range`.
    [[nodiscard]] std::vector<std::byte> wanted(cachecore::ByteRange range) const
    {
        const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(range.begin().value());
        return {begin, begin + static_cast<std::ptrdiff_t>(range.length())};
    }

    const std::vector<std::byte> bytes;
    std::shared_ptr<cachecore::MemorySource> memory;
    std::shared_ptr<FaultSource> source;
    std::shared_ptr<cachecore::Executor> loads;
    std::shared_ptr<cachecore::CachedSource> cached;
};

/// A cached source over `functions`, which are called in parallel, its pages 4 KiB, with `workers` threads for its loads; null when one of the two refuses.
[[nodiscard]] inline std::shared_ptr<cachecore::CachedSource> cachedOver(const cachecore::SourceFunctions &functions,
                                                                         unsigned workers)
{
    cachecore::CallableOptions options;
    options.calls = cachecore::CallableOptions::Calls::Parallel;
    auto source = cachecore::CallableSource::create(functions, options);
    if (!source)
        return nullptr;
    auto created = cachecore::CachedSource::create(std::move(*source), CachedFixture::smallPages(),
                                                   std::make_shared<cachecore::ThreadExecutor>(workers));
    return created ? std::move(*created) : nullptr;
}

} // namespace cachet_test
