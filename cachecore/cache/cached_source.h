// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/base/executor.h"
#include "cachecore/cache/byte_reader.h"
#include "cachecore/cache/cache_statistics.h"
#include "cachecore/cache/load/load_listener.h"
#include "cachecore/cache/load/read_ahead.h"
#include "cachecore/cache/page_states.h"
#include "cachecore/cache/source_extent.h"
#include "cachecore/source/block_source.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace cachecore {

class PageCache;
class PageLoader;

struct CacheOptions {
    std::uint32_t pageSize = kDefaultPageSize; ///< power of two, kMinPageSize..kMaxPageSize, >= the source's block size
    std::uint64_t budgetBytes = std::uint64_t{256} << 20; ///< for page bytes, at least minimumCacheBytes(pageSize)
    WaitingReads waitingReads = WaitingReads::OnExecutor;
};

/// The smallest cache budget that goes with `pageSize`: 1 MiB or four pages, whichever is more.
[[nodiscard]] std::uint64_t minimumCacheBytes(std::uint32_t pageSize);

/// What changed in a cached source.
struct CacheChanges {
    bool pages = false; ///< pages became ready, failed or absent
    bool size = false;  ///< size() or sourceSize()
};

/// A block source read page by page through a cache, shared by any number of threads.
///
///     source --PageLoader (executor)--> PageCache --pin--> tryGet, load, window, read
///
/// Invariants:
///  - a page is read once however many want it at the same time, and is what the source held at some moment after it was asked for;
///  - what could not be read is an error with its range, never made-up bytes, and is tried again when its time has come;
///  - size() never shrinks: what a truncation took is Truncated from then on.
/// Thread: any. Functions marked "blocking" wait for reads and must not be called on the executor of the loads; all others wait for nothing but short locks.
/// Destroying is the same as close(0).
class CachedSource final : public ByteReader, private LoadListener, public std::enable_shared_from_this<CachedSource> {
    struct Private { }; ///< keeps the constructor to create()

public:
    /// Told of changes, from any thread. Must be quick and must not call back but for looking.
    using Observer = std::function<void(CacheChanges)>;

    /// Blocking: asks the source for its size. `loads` runs the reads. Errors: InvalidArgument with Operation::Configure for a page size or budget that does not do, what
    /// the source says, OutOfMemory.
    [[nodiscard]] static Result<std::shared_ptr<CachedSource>> create(std::shared_ptr<BlockSource> source,
                                                                      CacheOptions options,
                                                                      std::shared_ptr<Executor> loads,
                                                                      std::shared_ptr<Env> env = systemEnv());
    /// The same with an empty cache of its own. Blocking.
    [[nodiscard]] Result<std::shared_ptr<CachedSource>> clone() const;

    CachedSource(Private, std::shared_ptr<BlockSource> source, CacheOptions options, std::shared_ptr<Executor> loads,
                 std::shared_ptr<Env> env, std::uint64_t size);
    ~CachedSource() override;

    // --- what it is -------------------------------------------------------------------------------------------

    [[nodiscard]] BlockSource &source() const { return *m_source; }
    [[nodiscard]] std::uint32_t pageSize() const { return m_extent->pageSize; }
    /// Bytes: those at the beginning, or more when the source has grown since.
    [[nodiscard]] std::uint64_t size() const override;
    /// Bytes the source had when last asked; smaller than size() after a truncation.
    [[nodiscard]] std::uint64_t sourceSize() const;
    /// Pages that a read of `range` touches: the most reads it can cost.
    [[nodiscard]] std::uint64_t pagesSpanned(ByteRange range) const { return m_extent->pagesOf(range).count; }

    // --- reading ----------------------------------------------------------------------------------------------

    /// The page that holds `at`, when it is resident and readable whole; else an empty handle. Counts a visit. Never blocks.
    [[nodiscard]] PageHandle tryGet(ByteOffset at);
    /// The same page, loaded when it is not resident. Blocking. Errors: OutOfRange when fewer than `length` bytes follow on `at`, else as read; a page of which a
    /// byte cannot be read is an error with that byte's range.
    [[nodiscard]] Result<PageHandle> load(ByteOffset at, std::uint64_t length = 1, Intent intent = Intent::Jump,
                                          std::stop_token stop = {});
    /// The page after `page`, loaded when it is not resident; an empty handle after the last one. Blocking.
    [[nodiscard]] Result<PageHandle> next(const PageHandle &page, Intent intent = Intent::Jump,
                                          std::stop_token stop = {});

    using LoadDone = std::move_only_function<void(Result<PageHandle>)>;
    /// The page at once when it is resident: then `done` is never called. Else an empty handle, and `done` runs exactly once on `on`, with the page or the errors of load.
    /// An executor `on` that takes no more work destroys `done` uncalled. Never blocks.
    [[nodiscard]] PageHandle loadAsync(ByteOffset at, std::shared_ptr<Executor> on, LoadDone done,
                                       Intent intent = Intent::Jump);
    /// The page after `page` without blocking: at once when it is resident, or an empty handle when `page` is the last one; then `done` is never called. Else nothing, and `done`
    /// runs exactly once on `on`, as for loadAsync.
    [[nodiscard]] std::optional<PageHandle> nextAsync(const PageHandle &page, std::shared_ptr<Executor> on,
                                                      LoadDone done, Intent intent = Intent::Jump);
    using ReadDone = std::move_only_function<void(Result<void>)>;
    /// True when all bytes were here: `into` holds them and `done` is never called. Else `done` runs exactly once on `on`, when `into` holds them or, with an error, is as it
    /// was; until then `into` must stay. Otherwise as loadAsync.
    [[nodiscard]] bool readAsync(ByteOffset at, std::span<std::byte> into, std::shared_ptr<Executor> on, ReadDone done,
                                 Intent intent = Intent::Jump);

    [[nodiscard]] Result<void> read(ByteOffset at, std::span<std::byte> into, Intent intent = Intent::Jump,
                                    std::stop_token stop = {}) override;
    [[nodiscard]] Result<ByteWindow> window(ByteOffset at, Intent intent = Intent::Jump,
                                            std::stop_token stop = {}) override;

    /// Which bad bytes of a page do not matter, because something else stands over them.
    using Hidden = std::function<bool(ByteRange)>;
    /// Pins every page of `range`, loaded where not resident, and checks that each byte of it can be read or is `hidden`. Blocking, with the errors of read. Costs the memory
    /// of all these pages until they are let go, whatever the budget.
    [[nodiscard]] Result<std::vector<PageHandle>> pin(ByteRange range, Intent intent, std::stop_token stop,
                                                      const Hidden &hidden = {});

    using PinDone = std::move_only_function<void(Result<std::vector<PageHandle>>)>;
    /// The same without blocking: the pages at once when all are here (then `done` is never called), else `done` runs exactly once on `on`, as for loadAsync.
    [[nodiscard]] std::optional<std::vector<PageHandle>> pinAsync(ByteRange range, std::shared_ptr<Executor> on,
                                                                  PinDone done, Intent intent, Hidden hidden = {});

    // --- watching and steering --------------------------------------------------------------------------------

    /// The page that holds `at`.
    [[nodiscard]] PageState state(ByteOffset at) const;
    /// True when every byte of `range` is resident and readable.
    [[nodiscard]] bool isCached(ByteRange range) const;
    /// The page's resident copy, whatever its state; counts no visit. Never blocks.
    [[nodiscard]] PageHandle peek(PageIndex page) const;
    [[nodiscard]] const SourceExtent &extent() const { return *m_extent; }
    /// The states of all pages, live. Ask again after a change of size: it may be another object then.
    [[nodiscard]] std::shared_ptr<const PageStates> states() const;
    /// How many pages are in which state: the pages that share a byte with `range`, split into out.size() stretches and counted as by PageStates::summarize. What
    /// lies past the end counts as nothing, an empty range gives zeros. O(out.size() * levels) up to 2^63-1 bytes; never blocks.
    void summary(ByteRange range, std::span<PageStateCounts> out) const;
    [[nodiscard]] CacheStatistics statistics() const;
    /// Raised to minimumCacheBytes when smaller; a smaller budget gives memory back at once.
    void setBudget(std::uint64_t bytes);
    [[nodiscard]] std::uint64_t budget() const;

    /// Says that windows taken until now may be outdated, also for those who read through something on top of this. Never blocks.
    void noteChange() { m_changeCount.fetch_add(1, std::memory_order_acq_rel); }
    [[nodiscard]] const std::atomic<std::uint64_t> &changeCount() const { return m_changeCount; }

    /// Forgets exactly the pages that share a byte with `range`, failures too; a load of them that is under way is made again. Handles keep what they have.
    void invalidate(ByteRange range);
    /// After the source was written: reads the resident pages of `span` again for which `affected` says so. Until a page's new bytes are there its old ones stay. Blocking.
    void refresh(ByteRange span, const std::function<bool(ByteRange)> &affected);
    /// Asks the source for its size and adopts it: growth enlarges size(), truncation makes the lost bytes unreadable. Blocking.
    [[nodiscard]] Result<void> refreshSize();

    /// Says what is on the screen now. Missing pages of `visible` are requested before everything else, the newest call first;
    /// requests of earlier calls that no longer show are dropped; with Intent::Scroll pages on both sides are read ahead, as ReadAhead guesses.
    /// A page that enters the range counts one visit (hit or miss). Failed pages whose retry time has come are tried again.
    void setViewport(ByteRange visible, Intent intent);

    /// What pages are wanted for that nobody waits for.
    enum class Background : std::uint8_t {
        Map,  ///< an overview of the whole: what earlier calls asked for and no read has begun for is dropped
        Scan, ///< work that will stream over them
    };
    /// Asks for the pages of `range` that are not resident, after everything else. Never blocks.
    void prefetch(ByteRange range, Background purpose);
    /// Gives workers whose read has hung for kStalledAfter a replacement, so that other pages are not held up. Whoever waits in a blocking call does so by itself
    /// when the time has come, and every other call on its way. This one is for programs in which for seconds nobody calls or waits, be it that asynchronous reads are
    /// awaited: a timer has to call it then. In Cachet the watcher of the source does, every two seconds. Never blocks.
    void noticeStalledReads();

    /// Once this returns, the former observer is no longer running and is never called again.
    void setObserver(Observer observer);

    /// Drops what has not started, lets those who wait go with Closed, and waits at most `wait` for reads under way. Returns how many still run: their workers are left
    /// alone. Only looking goes on afterwards.
    unsigned close(std::chrono::milliseconds wait);

private:
    class PendingPin;

    void keep(PageHandle page) noexcept;
    void notify(CacheChanges changes);
    [[nodiscard]] bool adoptSize(std::uint64_t size);
    [[nodiscard]] Error readError(ErrorCode code, ByteRange range) const noexcept;
    [[nodiscard]] Error outOfRange(ByteOffset at, std::uint64_t length) const noexcept;
    [[nodiscard]] std::optional<Error> unreadableIn(const Page &page, ByteRange range, const Hidden &hidden) const;
    [[nodiscard]] Result<PageHandle> readable(PageHandle page, ByteRange range) const;
    [[nodiscard]] Result<void> pinLoaded(SourceExtent::Pages rest, Intent intent, const std::stop_token &stop,
                                         std::vector<PageHandle> &handles);
    void pinForScan(SourceExtent::Pages rest, const std::stop_token &stop, std::vector<PageHandle> &handles);
    [[nodiscard]] std::uint64_t missingFrom(PageIndex first, std::uint64_t most) const;
    [[nodiscard]] std::optional<ByteWindow> scanWindow(ByteOffset at);
    void readAhead(ByteRange visible, ReadAhead::Plan plan);
    void requestUpwards(SourceExtent::Pages pages);

    // LoadListener
    void pagesArrived(std::span<const std::shared_ptr<const Page>> pages) override;
    void sourceEndsAt(std::uint64_t size, std::uint64_t timesAsked) override;

    const std::shared_ptr<BlockSource> m_source;
    const CacheOptions m_options;
    const std::shared_ptr<Executor> m_executor;
    const std::shared_ptr<Env> m_env;
    const std::shared_ptr<SourceExtent> m_extent;
    const std::shared_ptr<PageCache> m_cache;
    const std::shared_ptr<FramePool>
        m_scanFrames;                     ///< for what streams by, so that it does not take the frames of pages
    std::shared_ptr<PageLoader> m_loader; ///< set by create(), constant after
    std::atomic<std::uint64_t> m_changeCount{0};
    std::atomic<bool> m_closed{false};

    /// What was read ahead last.
    struct AheadPages {
        SourceExtent::Pages before;
        SourceExtent::Pages after;
        std::uint64_t generation = 0;

        friend bool operator==(const AheadPages &, const AheadPages &) = default;
    };

    std::mutex m_viewMutex; ///< guards the viewport: from here to m_pins
    SourceExtent::Pages m_visible;
    std::uint64_t m_generation = 0;
    ReadAhead m_readAhead;
    AheadPages m_ahead;
    std::vector<PageHandle> m_pins; ///< the resident pages of the viewport: they stay while they are shown

    std::atomic<std::uint64_t> m_mapGeneration{0};

    std::mutex m_sizeMutex; ///< held while the sizes in m_extent change together

    std::mutex m_observerMutex; ///< guards m_observer, also while it runs
    Observer m_observer;
};

} // namespace cachecore
