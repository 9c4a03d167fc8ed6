// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/thread_executor.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/source/memory_source.h"
#include "tests/support/clock_env.h"
#include "tests/support/counted_memory.h"
#include "tests/support/edits.h"
#include "tests/support/manual_executor.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <functional>
#include <vector>

/// Loading and reading without memory, for programs that are linked with counted_memory.cpp.
namespace cachet_test::starved {

using namespace cachecore;

inline constexpr std::uint64_t kPage = 512;
inline constexpr std::uint64_t kPages = 100;
inline constexpr std::uint64_t kSize = kPages * kPage;
inline constexpr std::uint64_t kBad = 20; ///< a page that cannot be read
inline constexpr std::uint64_t kMostAllocations = 2000;

/// Memory with a bad page and a name too long to come without an allocation, and something to do while it reads.
class NamedSource final : public BlockSource {
public:
    explicit NamedSource(const std::vector<std::byte> &bytes)
        : m_memory(bytes)
    {
    }
    std::function<void()> whileReading; ///< once

    using BlockSource::readAt;
    Result<std::uint64_t> readAt(ByteOffset at, std::span<const std::span<std::byte>> into) override
    {
        if (const auto act = std::exchange(whileReading, nullptr))
            act();
        const auto got = m_memory.readAt(at, into);
        const ByteRange bad = rangeAt(kBad * kPage, kPage);
        if (got && bad.intersects(rangeAt(at.value(), *got)))
            return failure(Error::fromErrno(EIO, Operation::Read, bad, path()));
        return got;
    }
    Result<void> writev(ByteOffset at, std::span<const std::span<const std::byte>> from) override
    {
        return m_memory.writev(at, from);
    }
    void resize(std::uint64_t size) { m_memory.resize(size); }
    Result<void> sync() override { return {}; }
    Result<std::uint64_t> size() override { return m_memory.size(); }
    Result<SourceFingerprint> fingerprint() override { return m_memory.fingerprint(); }
    Result<void> checkStillNamed() override { return {}; }
    Result<ByteRange> nextData(ByteOffset from) override { return m_memory.nextData(from); }
    std::uint32_t blockSize() const override { return 512; }
    SourceIdentity identity() const override { return m_memory.identity(); }
    std::string path() const override { return "/a/name/that/is/too/long/for/a/small/string"; }
    bool writable() const override { return true; }
    Error readOnlyReason() const override { return {}; }

private:
    MemorySource m_memory;
};

/// What was called back, without needing memory for it.
struct Calls {
    int made = 0;
    bool right = true; ///< what was said to be there was
    std::optional<ErrorCode> error;
};

/// Who runs what the calling thread leaves to others: the test, in its own steps, or a worker, for calls that wait for it.
enum class Workers : bool { Stepped, Running };

struct Scene {
    explicit Scene(Workers workers)
    {
        if (workers == Workers::Running)
            worker = std::make_shared<ThreadExecutor>(1);
        cached = *CachedSource::create(source, options(), executor(), env);
        (void)cached->load(ByteOffset(0));
    }
    Scene(const Scene &) = delete;
    Scene &operator=(const Scene &) = delete;
    ~Scene()
    {
        kept = {};
        other.reset();
        cached.reset();
        if (worker)
            worker->shutDown(std::chrono::seconds(20)); // so that nothing of it is left behind on its thread
    }
    bool same(ByteRange range, std::span<const std::byte> got) const
    {
        const auto begin = wanted.begin() + static_cast<std::ptrdiff_t>(range.begin().value());
        return std::equal(got.begin(), got.end(), begin);
    }
    /// Who runs what is left to others.
    std::shared_ptr<Executor> executor() const { return worker ? std::shared_ptr<Executor>(worker) : loads; }
    static CacheOptions options() { return {kPage, std::uint64_t{1} << 20, WaitingReads::OnCaller}; }
    /// Writes past the cache.
    void write(ByteRange range, std::byte value)
    {
        std::fill_n(wanted.begin() + static_cast<std::ptrdiff_t>(range.begin().value()), range.length(), value);
        const std::vector<std::byte> fresh(static_cast<std::size_t>(range.length()), value);
        const std::array<std::span<const std::byte>, 1> from{std::span(fresh)};
        (void)source->writev(range.begin(), from);
    }
    static const std::vector<std::byte> &bytes()
    {
        static const std::vector<std::byte> kBytes = patternBytes(kSize);
        return kBytes;
    }
    std::move_only_function<void(Result<PageHandle>)> page()
    {
        return [this](const Result<PageHandle> &page) {
            ++calls.made;
            if (page)
                calls.right = calls.right && same(page->page().range(), page->bytes());
            else
                calls.error = page.error().code;
        };
    }
    std::move_only_function<void(Result<void>)> done(ByteRange range)
    {
        return [this, range](const Result<void> &done) {
            ++calls.made;
            if (done)
                calls.right = calls.right && same(range, into);
            else
                calls.error = done.error().code;
        };
    }
    void finish() const { loads->runAll(); }

    std::shared_ptr<NamedSource> source = std::make_shared<NamedSource>(bytes());
    std::shared_ptr<ManualExecutor> loads = std::make_shared<ManualExecutor>();
    std::shared_ptr<ThreadExecutor> worker; ///< none when stepped
    std::shared_ptr<ClockEnv> env = std::make_shared<ClockEnv>();
    std::shared_ptr<CachedSource> cached;
    std::vector<std::byte> wanted = bytes(); ///< what the source holds
    std::shared_ptr<CachedSource> other;
    PageHandle kept;
    Calls calls;
    std::vector<std::byte> into;
};

struct Act {
    const char *name;
    /// Before memory fails; says how many calls are owed.
    std::function<int(Scene &)> prepare;
    /// What `Scene` is to do; its outcome, where it has one.
    std::function<std::optional<ErrorCode>(Scene &)> run;
    std::optional<ErrorCode> expected; ///< how it ends with memory
    Workers workers = Workers::Stepped;
};

template <typename T>
std::optional<ErrorCode> codeOf(const Result<T> &result)
{
    return result ? std::nullopt : std::optional(result.error().code);
}

inline int nothing(Scene &)
{
    return 0;
}

inline std::function<int(Scene &)> buffer(std::uint64_t bytes, int calls)
{
    return [bytes, calls](Scene &scene) {
        scene.into.resize(bytes);
        return calls;
    };
}

/// Everything can be had, once there is memory again and the time for another try has come.
inline void verifyAllIsWell(Scene &scene, const std::string &where)
{
    scene.env->advance(std::chrono::hours(2));
    scene.finish();
    QTRY_VERIFY2(scene.cached->statistics().loading == 0, where.c_str()); // what a worker was left with ends too
    QVERIFY(scene.cached->refreshSize());
    for (std::uint64_t page = 0; page < kPages; ++page) {
        const auto loaded = scene.cached->load(ByteOffset(page * kPage));
        QVERIFY2(loaded.has_value() == (page != kBad), where.c_str());
        QVERIFY2(!loaded || scene.same(loaded->page().range(), loaded->bytes()), where.c_str());
    }
    QCOMPARE(scene.cached->statistics().loading, std::uint64_t{0});
    if (scene.other) {
        const auto loaded = scene.other->load(ByteOffset(0));
        QVERIFY2(loaded && scene.same(loaded->page().range(), loaded->bytes()), where.c_str());
    }
    QCOMPARE(scene.cached->close(std::chrono::milliseconds(0)), 0U);
}

/// Does `chosen` with the Nth allocation failing, once or for good, until all succeed: each time it ends as expected or in OutOfMemory, calls what it owes, leaves
/// nothing behind, and afterwards everything can be had.
inline void failEveryAllocation(const Act &chosen, bool forGood)
{
    {
        Scene scene(chosen.workers); // so that what is made once for all is there
        (void)chosen.prepare(scene);
        (void)chosen.run(scene);
    }
    bool failed = true;
    for (std::uint64_t nth = 0; failed; ++nth) {
        QVERIFY(nth < kMostAllocations);
        const std::string where = "allocation " + std::to_string(nth);
        const std::int64_t before = memory::liveBytes();
        {
            Scene scene(chosen.workers);
            const int owed = chosen.prepare(scene);
            memory::failAfter(nth, forGood ? memory::kForGood : 1);
            const std::optional<ErrorCode> outcome = chosen.run(scene);
            failed = memory::stopFailing();
            scene.source->whileReading = nullptr; // it may not have come to it
            scene.finish();
            QVERIFY2(scene.calls.right, where.c_str());
            QVERIFY2(scene.calls.made == owed, where.c_str());
            QVERIFY2(outcome == chosen.expected || (failed && outcome == ErrorCode::OutOfMemory), where.c_str());
            if (chosen.expected != ErrorCode::Closed)
                verifyAllIsWell(scene, where);
            if (QTest::currentTestFailed())
                return;
        }
        QVERIFY2(memory::liveBytes() == before, where.c_str());
    }
}

} // namespace cachet_test::starved
