// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/thread_executor.h"
#include "cachecore/cache/load/page_loader.h"
#include "cachecore/source/memory_source.h"
#include "tests/support/clock_env.h"
#include "tests/support/edits.h"
#include "tests/support/fault_source.h"
#include "tests/support/gate.h"
#include "tests/support/manual_executor.h"
#include "tests/support/temp_dir.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace cachet_test {

/// Counts what it is told.
class CountingListener final : public cachecore::LoadListener {
public:
    void pagesArrived(std::span<const std::shared_ptr<const cachecore::Page>> pages) override
    {
        arrived += pages.size();
    }
    void sourceEndsAt(std::uint64_t size, std::uint64_t) override { end = size; }
    std::atomic<std::uint64_t> arrived{0};
    std::atomic<std::uint64_t> end{0};
};

/// A loader over memory with faults to inject, its pages 4 KiB and its clock the test's.
struct LoaderRig {
    static constexpr std::uint32_t kPage = 4096;
    static constexpr std::uint64_t kPages = 1000;

    explicit LoaderRig(std::shared_ptr<cachecore::Executor> executor, std::uint64_t sourceBytes = kPages * kPage)
        : bytes(patternBytes(sourceBytes))
        , memory(std::make_shared<cachecore::MemorySource>(bytes))
    {
        extent->documentSize = kPages * kPage;
        extent->sourceSize = kPages * kPage;
        extent->pageSize = kPage;
        loader = std::make_shared<cachecore::PageLoader>(source, cache, extent, std::move(executor), env, listener);
    }
    cachecore::PageState state(std::uint64_t page) const { return cache->states()->state({page}); }
    void request(std::uint64_t first, std::uint64_t count, std::uint64_t generation,
                 cachecore::LoadClass urgency = cachecore::LoadClass::Viewport) const
    {
        loader->request({{first}, count}, urgency, generation, cachecore::Intent::Jump);
    }
    cachecore::CacheStatistics statistics() const
    {
        cachecore::CacheStatistics found;
        loader->addTo(found);
        return found;
    }
    bool holds(std::uint64_t page, const std::vector<std::byte> &wanted) const
    {
        const cachecore::PageHandle handle = cache->tryGet({page});
        return handle && std::memcmp(handle.bytes().data(), wanted.data() + page * kPage, kPage) == 0;
    }

    std::vector<std::byte> bytes;
    std::shared_ptr<cachecore::MemorySource> memory;
    std::shared_ptr<FaultSource> source = std::make_shared<FaultSource>(memory);
    std::shared_ptr<cachecore::PageCache> cache
        = std::make_shared<cachecore::PageCache>(std::uint64_t{8} << 20, kPages,
                                                 std::make_shared<cachecore::FramePool>(std::size_t{kPage}));
    std::shared_ptr<cachecore::SourceExtent> extent = std::make_shared<cachecore::SourceExtent>();
    std::shared_ptr<ClockEnv> env = std::make_shared<ClockEnv>();
    std::shared_ptr<CountingListener> listener = std::make_shared<CountingListener>();
    std::shared_ptr<cachecore::PageLoader> loader;
};

/// A loader stepped by hand.
struct SteppedLoader : LoaderRig {
    SteppedLoader()
        : SteppedLoader(std::make_shared<ManualExecutor>())
    {
    }
    explicit SteppedLoader(std::shared_ptr<ManualExecutor> manual)
        : LoaderRig(manual)
        , executor(std::move(manual))
    {
    }
    std::shared_ptr<ManualExecutor> executor;
};

} // namespace cachet_test
