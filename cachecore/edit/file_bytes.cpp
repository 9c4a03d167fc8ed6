// SPDX-License-Identifier: MIT
#include "cachecore/edit/file_bytes.h"

#include "cachecore/edit/recent_blocks.h"
#include "cachecore/source/file_source.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <mutex>
#include <new>
#include <utility>

namespace cachecore {

static_assert(FileBytes::kBlock == RecentBlocks::kBlock);

/// What a FileBytes shares with the load under way.
class FileBytes::Impl : public std::enable_shared_from_this<Impl> {
public:
    /// Where the bytes are: a source to import, or the file of a journal.
    struct Origin {
        std::shared_ptr<Env> env; ///< its clock
        std::unique_ptr<FileSource> source;
        std::unique_ptr<EnvFile> file;
        std::string path;
        SourceFingerprint fingerprint; ///< of the source
        std::uint64_t size = 0;
        Operation operation = Operation::Import;
    };

    Impl(Origin origin, Loading loading)
        : m_origin(std::move(origin))
        , m_loading(std::move(loading))
    {
    }

    [[nodiscard]] std::uint64_t size() const { return m_origin.size; }
    [[nodiscard]] bool peek(std::uint64_t at, std::span<std::byte> into);
    [[nodiscard]] Result<void> read(std::uint64_t at, std::span<std::byte> into);
    [[nodiscard]] Result<void> checkUnchanged();
    [[nodiscard]] std::optional<ExternalOrigin> origin() const;
    void close();

private:
    class LoadTask;

    /// Calls `each(index, skip, part)` for the part of `into` in every block, until it returns false.
    template <typename Each>
    static bool forEachBlock(std::uint64_t at, std::span<std::byte> into, const Each &each);

    void loadNext();
    void loadLatestWanted();
    void loadDropped();
    void reportIfStuck();
    [[nodiscard]] Result<RecentBlocks::Ref> readBlock(std::uint64_t index);
    [[nodiscard]] Result<void> readThrough(std::uint64_t index, std::size_t skip, std::span<std::byte> part);
    [[nodiscard]] Result<void> readPast(std::uint64_t at, std::span<std::byte> into);
    [[nodiscard]] Result<void> readFile(std::uint64_t at, std::span<std::byte> into);
    [[nodiscard]] Error named(Error error, std::uint64_t at, std::uint64_t length) const;

    const Origin m_origin;
    const Loading m_loading;

    std::mutex m_mutex; ///< guards the rest
    RecentBlocks m_blocks{static_cast<std::size_t>(kMostBlocks), kRetryAfter};
    bool m_tasked = false;                                 ///< a task of ours waits or runs on the executor
    std::optional<RecentBlocks::TimePoint> m_loadingSince; ///< it runs
    std::uint64_t m_loadsEnded = 0;                        ///< loads of tasks that came to their end
    enum class Stuck : std::uint8_t { No, Asking, Reported } m_stuck = Stuck::No; ///< whether the executor knows that it hangs
    bool m_closed = false;
};

/// The one task of a FileBytes on its executor. Destroyed unrun it gives up what is wanted.
class FileBytes::Impl::LoadTask {
public:
    explicit LoadTask(std::weak_ptr<Impl> impl)
        : m_impl(std::move(impl))
    {
    }
    LoadTask(LoadTask &&) = default;
    LoadTask(const LoadTask &) = delete;
    LoadTask &operator=(const LoadTask &) = delete;
    LoadTask &operator=(LoadTask &&) = delete;
    ~LoadTask()
    {
        if (const auto impl = m_impl.lock())
            impl->loadDropped();
    }
    void operator()()
    {
        if (const auto impl = std::exchange(m_impl, {}).lock())
            impl->loadLatestWanted();
    }

private:
    std::weak_ptr<Impl> m_impl;
};

template <typename Each>
bool FileBytes::Impl::forEachBlock(std::uint64_t at, std::span<std::byte> into, const Each &each)
{
    while (!into.empty()) {
        const auto skip = static_cast<std::size_t>(at % kBlock);
        const std::size_t length = std::min(into.size(), static_cast<std::size_t>(kBlock) - skip);
        if (!each(at / kBlock, skip, into.first(length)))
            return false;
        at += length;
        into = into.subspan(length);
    }
    return true;
}

bool FileBytes::Impl::peek(std::uint64_t at, std::span<std::byte> into)
{
    assert(at <= size() && into.size() <= size() - at);
    bool complete = true;
    std::optional<RecentBlocks::TimePoint> now;
    forEachBlock(at, into, [&](std::uint64_t index, std::size_t skip, std::span<std::byte> part) {
        std::unique_lock lock(m_mutex);
        const RecentBlocks::Ref block = m_blocks.lookUp(index);
        if (!block) {
            complete = false;
            if (!now)
                now = m_origin.env->now();
            m_blocks.want(index, *now);
            return true;
        }
        lock.unlock();
        std::ranges::copy(std::span(block->bytes).subspan(skip, part.size()), part.begin());
        return true;
    });
    if (!complete) {
        loadNext();
        reportIfStuck();
    }
    return complete;
}

/// Sees to it that a task is on its way when something is wanted.
void FileBytes::Impl::loadNext()
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_closed || m_tasked || !m_blocks.anyWanted())
            return;
        m_tasked = true;
    }
    LoadTask task(weak_from_this());
    try {
        // Refused or without memory, the task is destroyed, which takes back what is said above.
        (void)m_loading.executor->post(std::move(task));
    } catch (const std::bad_alloc &) { // the same
    }
}

void FileBytes::Impl::loadDropped()
{
    const auto now = m_origin.env->now();
    const std::lock_guard lock(m_mutex);
    m_tasked = false;
    m_blocks.failWanted(now);
}

void FileBytes::Impl::loadLatestWanted()
{
    std::optional<std::uint64_t> index;
    {
        const auto now = m_origin.env->now();
        const std::lock_guard lock(m_mutex);
        if (!m_closed)
            index = m_blocks.takeWanted();
        m_tasked = index.has_value();
        if (!index)
            return;
        m_loadingSince = now;
    }
    auto block = readBlock(*index);
    const auto now = m_origin.env->now();
    bool wasStuck = false;
    bool closed = false;
    {
        const std::lock_guard lock(m_mutex);
        if (block)
            m_blocks.publish(*index, std::move(*block));
        else
            m_blocks.fail(*index, now);
        m_tasked = false;
        m_loadingSince.reset();
        ++m_loadsEnded;
        wasStuck = std::exchange(m_stuck, Stuck::No) == Stuck::Reported;
        closed = m_closed;
    }
    if (wasStuck)
        m_loading.executor->workerRecovered();
    if (closed)
        return;
    loadNext();
    if (m_loading.arrived)
        m_loading.arrived();
}

/// The executor is called without the lock, as it may destroy tasks of ours under its own.
void FileBytes::Impl::reportIfStuck()
{
    const auto now = m_origin.env->now();
    std::uint64_t load = 0;
    {
        const std::lock_guard lock(m_mutex);
        if (!m_loadingSince || m_stuck != Stuck::No || now - *m_loadingSince < kStuckAfter)
            return;
        m_stuck = Stuck::Asking;
        load = m_loadsEnded;
    }
    const bool accepted = m_loading.executor->workerStuck();
    {
        const std::lock_guard lock(m_mutex);
        if (load == m_loadsEnded) {
            m_stuck = accepted ? Stuck::Reported : Stuck::No;
            return;
        }
    }
    if (accepted) // it came to its end meanwhile
        m_loading.executor->workerRecovered();
}

Result<void> FileBytes::Impl::read(std::uint64_t at, std::span<std::byte> into)
{
    assert(at <= size() && into.size() <= size() - at);
    if (into.size() >= kBlock)
        return readPast(at, into);
    Result<void> outcome;
    forEachBlock(at, into, [&](std::uint64_t index, std::size_t skip, std::span<std::byte> part) {
        outcome = readThrough(index, skip, part);
        return outcome.has_value();
    });
    return outcome;
}

/// Reads one block's part by way of the cache; where the whole block cannot be read, only the bytes asked for.
Result<void> FileBytes::Impl::readThrough(std::uint64_t index, std::size_t skip, std::span<std::byte> part)
{
    RecentBlocks::Ref block;
    {
        const std::lock_guard lock(m_mutex);
        block = m_blocks.lookUp(index);
    }
    if (!block) {
        auto loaded = readBlock(index);
        const auto now = m_origin.env->now();
        const std::lock_guard lock(m_mutex);
        if (loaded) {
            block = std::move(*loaded);
            m_blocks.publish(index, block);
        } else {
            m_blocks.fail(index, now);
        }
    }
    if (!block)
        return readFile(index * kBlock + skip, part);
    std::ranges::copy(std::span(block->bytes).subspan(skip, part.size()), part.begin());
    return {};
}

/// Reads into the caller's buffer at once, for streaming.
Result<void> FileBytes::Impl::readPast(std::uint64_t at, std::span<std::byte> into)
{
    if (auto got = readFile(at, into); !got)
        return failure(std::move(got.error()));
    const std::lock_guard lock(m_mutex);
    m_blocks.forgetFailures(at / kBlock, (at + into.size() - 1) / kBlock);
    return {};
}

Result<RecentBlocks::Ref> FileBytes::Impl::readBlock(std::uint64_t index)
{
    const std::uint64_t at = index * kBlock;
    const std::uint64_t length = std::min(kBlock, size() - at);
    try {
        auto block = std::make_shared_for_overwrite<RecentBlocks::Block>();
        if (auto got = readFile(at, std::span(block->bytes).first(static_cast<std::size_t>(length))); !got)
            return failure(std::move(got.error()));
        return block;
    } catch (const std::bad_alloc &) {
        return failure(named(Error::of(ErrorCode::OutOfMemory, Operation::Read), at, length));
    }
}

/// Fills all of `into` from the file itself.
Result<void> FileBytes::Impl::readFile(std::uint64_t at, std::span<std::byte> into)
{
    std::uint64_t done = 0;
    while (done < into.size()) {
        const std::span<std::byte> rest = into.subspan(static_cast<std::size_t>(done));
        const ByteOffset from(at + done);
        const Result<std::uint64_t> got = m_origin.source
            ? m_origin.source->readAt(from, rest)
            : Result<std::uint64_t>(m_origin.file->preadv(from, std::span(&rest, 1)));
        if (!got && got.error().systemError == EINTR)
            continue;
        if (!got)
            return failure(named(got.error(), at + done, rest.size()));
        if (*got == 0)
            return failure(named(Error::of(ErrorCode::Truncated, Operation::Read), at + done, rest.size()));
        done += *got;
    }
    return {};
}

Error FileBytes::Impl::named(Error error, std::uint64_t at, std::uint64_t length) const
{
    error.operation = m_origin.operation;
    error.path = m_origin.path;
    error.range = ByteRange::make(at, length);
    return error;
}

Result<void> FileBytes::Impl::checkUnchanged()
{
    if (!m_origin.source)
        return {};
    const auto now = m_origin.source->fingerprint();
    if (!now)
        return failure(named(now.error(), 0, size()));
    if (*now != m_origin.fingerprint)
        return failure(named(Error::of(ErrorCode::Changed, Operation::Import), 0, size()));
    return {};
}

std::optional<ExternalOrigin> FileBytes::Impl::origin() const
{
    if (!m_origin.source)
        return std::nullopt;
    return ExternalOrigin{m_origin.path, m_origin.fingerprint};
}

void FileBytes::Impl::close()
{
    const std::lock_guard lock(m_mutex);
    m_closed = true;
}

Result<std::shared_ptr<FileBytes>> FileBytes::import(const std::shared_ptr<Env> &env, const std::string &path,
                                                     Loading loading)
{
    const auto asImport = [&path](Error error) {
        error.operation = Operation::Import;
        error.path = path;
        return failure(std::move(error));
    };
    try {
        auto source = FileSource::open(env, path, FileSource::Access::ReadOnly);
        if (!source)
            return asImport(source.error());
        const auto fingerprint = (*source)->fingerprint();
        if (!fingerprint)
            return asImport(fingerprint.error());
        Impl::Origin origin{.env = env,
                            .source = std::move(*source),
                            .file = nullptr,
                            .path = path,
                            .fingerprint = *fingerprint,
                            .size = fingerprint->size,
                            .operation = Operation::Import};
        return std::shared_ptr<FileBytes>(new FileBytes(std::make_shared<Impl>(std::move(origin), std::move(loading))));
    } catch (const std::bad_alloc &) {
        return asImport(Error::of(ErrorCode::OutOfMemory, Operation::Import));
    }
}

std::shared_ptr<FileBytes> FileBytes::retired(std::unique_ptr<EnvFile> file, std::string path, std::uint64_t size,
                                              Loading loading)
{
    Impl::Origin origin{.env = systemEnv(),
                        .source = nullptr,
                        .file = std::move(file),
                        .path = std::move(path),
                        .fingerprint = {},
                        .size = size,
                        .operation = Operation::Journal};
    return std::shared_ptr<FileBytes>(new FileBytes(std::make_shared<Impl>(std::move(origin), std::move(loading))));
}

FileBytes::FileBytes(std::shared_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}

FileBytes::~FileBytes()
{
    m_impl->close();
}

std::uint64_t FileBytes::size() const
{
    return m_impl->size();
}

bool FileBytes::peek(std::uint64_t at, std::span<std::byte> into) const
{
    return m_impl->peek(at, into);
}

std::optional<ExternalOrigin> FileBytes::origin() const
{
    return m_impl->origin();
}

Result<void> FileBytes::read(std::uint64_t at, std::span<std::byte> into) const
{
    return m_impl->read(at, into);
}

Result<void> FileBytes::checkUnchanged() const
{
    return m_impl->checkUnchanged();
}

} // namespace cachecore
