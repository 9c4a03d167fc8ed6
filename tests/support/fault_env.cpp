// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/fault_env.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <type_traits>
#include <utility>
#include <vector>

namespace cachet_test {

using namespace cachecore;

struct FaultEnv::State {
    FaultPlan plan{static_cast<std::size_t>(EnvOp::Count_)};
    std::atomic<std::size_t> transferLimit{0};
    std::atomic<bool> writesStopped{false};
    std::atomic<unsigned> interruptEvery{0};
    std::atomic<unsigned> transfers{0};
    std::atomic<bool> directHidden{false};
    std::mutex mutex; ///< guards the rest
    std::optional<cachecore::DirectAlignment> directAlignment;
    std::function<void(EnvOp)> hook;
    std::function<void(cachecore::FileStatus &)> statusFilter;

    std::optional<int> enter(EnvOp op)
    {
        std::function<void(EnvOp)> call;
        {
            const std::lock_guard lock(mutex);
            call = hook;
        }
        if (call)
            call(op);
        return plan.enter(static_cast<std::size_t>(op));
    }

    std::optional<int> enterTransfer(EnvOp op)
    {
        if (const auto planned = enter(op))
            return planned;
        const unsigned every = interruptEvery.load();
        if (every != 0 && (transfers.fetch_add(1) + 1) % every == 0)
            return EINTR;
        return std::nullopt;
    }

    std::optional<DirectAlignment> demanded()
    {
        const std::lock_guard lock(mutex);
        return directAlignment;
    }

    Result<cachecore::FileStatus> filtered(Result<cachecore::FileStatus> status)
    {
        const std::lock_guard lock(mutex);
        if (status && statusFilter)
            statusFilter(*status);
        return status;
    }
};

namespace {

template <typename Byte>
std::vector<std::span<Byte>> limited(std::span<const std::span<Byte>> buffers, std::size_t limit)
{
    std::vector<std::span<Byte>> result;
    for (const std::span<Byte> buffer : buffers) {
        const std::size_t take = limit == 0 ? buffer.size() : std::min(buffer.size(), limit);
        result.push_back(buffer.first(take));
        if (limit != 0 && (limit -= take) == 0)
            break;
    }
    return result;
}

class FaultMapping final : public EnvMapping {
public:
    FaultMapping(std::unique_ptr<EnvMapping> inner, std::shared_ptr<FaultEnv::State> state)
        : m_inner(std::move(inner))
        , m_state(std::move(state))
    {
    }

    Result<std::size_t> copy(std::uint64_t from, std::span<const std::span<std::byte>> into) override
    {
        if (const auto error = m_state->enterTransfer(EnvOp::ReadMapped))
            return failure(Error::fromErrno(*error, Operation::Read));
        return m_inner->copy(from, limited(into, m_state->transferLimit.load()));
    }
    Result<void> letGo(std::uint64_t from, std::uint64_t length) override
    {
        if (const auto error = m_state->enter(EnvOp::LetGo))
            return failure(Error::fromErrno(*error, Operation::Read));
        return m_inner->letGo(from, length);
    }

private:
    const std::unique_ptr<EnvMapping> m_inner;
    const std::shared_ptr<FaultEnv::State> m_state;
};

class FaultFile final : public EnvFile {
public:
    FaultFile(std::unique_ptr<EnvFile> inner, std::shared_ptr<FaultEnv::State> state)
        : m_inner(std::move(inner))
        , m_state(std::move(state))
    {
    }

    Result<std::size_t> preadv(ByteOffset at, std::span<const std::span<std::byte>> into) override
    {
        if (const auto error = m_state->enterTransfer(EnvOp::Read))
            return failure(Error::fromErrno(*error, Operation::Read));
        return m_inner->preadv(at, limited(into, m_state->transferLimit.load()));
    }
    Result<std::size_t> pwritev(ByteOffset at, std::span<const std::span<const std::byte>> from) override
    {
        if (const auto error = m_state->enterTransfer(EnvOp::Write))
            return failure(Error::fromErrno(*error, Operation::Write));
        if (m_state->writesStopped)
            return 0;
        return m_inner->pwritev(at, limited(from, m_state->transferLimit.load()));
    }
    Result<void> dataSync() override
    {
        return run(EnvOp::DataSync, Operation::Sync, [&] { return m_inner->dataSync(); });
    }
    Result<void> sync() override
    {
        return run(EnvOp::Sync, Operation::Sync, [&] { return m_inner->sync(); });
    }
    Result<void> truncate(std::uint64_t size) override
    {
        return run(EnvOp::Truncate, Operation::Truncate, [&] { return m_inner->truncate(size); });
    }
    Result<void> setMode(std::uint32_t mode) override
    {
        return run(EnvOp::SetMode, Operation::None, [&] { return m_inner->setMode(mode); });
    }
    Result<FileStatus> status() override
    {
        return m_state->filtered(run(EnvOp::FileStatus, Operation::Stat, [&] { return m_inner->status(); }));
    }
    Result<std::uint64_t> deviceSize() override
    {
        return run(EnvOp::DeviceSize, Operation::Stat, [&] { return m_inner->deviceSize(); });
    }
    Result<std::uint32_t> deviceBlockSize() override
    {
        return run(EnvOp::DeviceBlockSize, Operation::Stat, [&] { return m_inner->deviceBlockSize(); });
    }
    Result<ByteRange> nextData(ByteOffset from) override
    {
        return run(EnvOp::NextData, Operation::Read, [&] { return m_inner->nextData(from); });
    }
    Result<std::uint32_t> devicePhysicalBlockSize() override
    {
        return run(EnvOp::PhysicalBlockSize, Operation::Stat, [&] { return m_inner->devicePhysicalBlockSize(); });
    }
    Result<void> reserve(std::uint64_t size) override
    {
        return run(EnvOp::Reserve, Operation::Write, [&] { return m_inner->reserve(size); });
    }
    Result<void> dropCached(ByteRange range) override
    {
        return run(EnvOp::DropCached, Operation::Read, [&] { return m_inner->dropCached(range); });
    }
    Result<std::optional<std::string>> lockForWriting() override
    {
        return run(EnvOp::Lock, Operation::Lock, [&] { return m_inner->lockForWriting(); });
    }
    Result<std::optional<std::string>> otherHolder() override
    {
        return run(EnvOp::OtherHolder, Operation::Lock, [&] { return m_inner->otherHolder(); });
    }

    Result<DirectAlignment> directAlignment() override
    {
        if (const auto error = m_state->enter(EnvOp::DirectAlignment))
            return failure(Error::fromErrno(*error, Operation::Stat));
        if (m_state->directHidden)
            return EnvFile::directAlignment();
        const auto told = m_state->demanded();
        return told ? Result<DirectAlignment>(*told) : m_inner->directAlignment();
    }
    Result<std::size_t> preadDirect(ByteOffset at, std::span<std::byte> into) override
    {
        if (const auto error = m_state->enterTransfer(EnvOp::ReadDirect))
            return failure(Error::fromErrno(*error, Operation::Read));
        const auto demanded = m_state->demanded();
        if (demanded && !isAligned(*demanded, at, into))
            return failure(Error::fromErrno(EINVAL, Operation::Read));
        const std::size_t limit = m_state->transferLimit.load() / 512 * 512;
        return m_inner->preadDirect(at, limit == 0 ? into : into.first(std::min(into.size(), limit)));
    }

    Result<std::unique_ptr<EnvMapping>> map(ByteRange range) override
    {
        auto mapping = run(EnvOp::Map, Operation::Open, [&] { return m_inner->map(range); });
        if (!mapping)
            return mapping;
        return std::make_unique<FaultMapping>(std::move(*mapping), m_state);
    }

private:
    static bool isAligned(DirectAlignment demanded, ByteOffset at, std::span<const std::byte> into)
    {
        return demanded.offset != 0 && at.value() % demanded.offset == 0 && into.size() % demanded.offset == 0
            && reinterpret_cast<std::uintptr_t>(into.data()) % demanded.memory == 0;
    }
    template <typename Call>
    std::invoke_result_t<Call> run(EnvOp op, Operation operation, Call call)
    {
        if (const auto error = m_state->enter(op))
            return failure(Error::fromErrno(*error, operation));
        return call();
    }

    const std::unique_ptr<EnvFile> m_inner;
    const std::shared_ptr<FaultEnv::State> m_state;
};

} // namespace

FaultEnv::FaultEnv(std::shared_ptr<Env> inner)
    : m_inner(std::move(inner))
    , m_state(std::make_shared<State>())
{
}

FaultEnv::~FaultEnv() = default;

void FaultEnv::fail(EnvOp op, std::uint64_t nth, int errnoValue, Repeat repeat)
{
    m_state->plan.fail(static_cast<std::size_t>(op), nth, errnoValue, repeat);
}

void FaultEnv::failAny(std::uint64_t nth, int errnoValue, Repeat repeat)
{
    m_state->plan.failAny(nth, errnoValue, repeat);
}

void FaultEnv::clearFailures()
{
    m_state->plan.clearFailures();
}

void FaultEnv::setDelay(EnvOp op, std::chrono::milliseconds delay)
{
    m_state->plan.setDelay(static_cast<std::size_t>(op), delay);
}

void FaultEnv::setGate(EnvOp op, std::shared_ptr<Gate> gate)
{
    m_state->plan.setGate(static_cast<std::size_t>(op), std::move(gate));
}

void FaultEnv::limitTransfers(std::size_t bytes)
{
    m_state->transferLimit = bytes;
}

void FaultEnv::stopWriting(bool stopped)
{
    m_state->writesStopped = stopped;
}

void FaultEnv::interruptTransfers(unsigned every)
{
    m_state->interruptEvery = every;
}

void FaultEnv::setHook(std::function<void(EnvOp)> hook)
{
    const std::lock_guard lock(m_state->mutex);
    m_state->hook = std::move(hook);
}

void FaultEnv::setStatusFilter(std::function<void(cachecore::FileStatus &)> change)
{
    const std::lock_guard lock(m_state->mutex);
    m_state->statusFilter = std::move(change);
}

void FaultEnv::setDirectAlignment(DirectAlignment alignment)
{
    const std::lock_guard lock(m_state->mutex);
    m_state->directAlignment = alignment;
}

void FaultEnv::hideDirectAlignment(bool hidden)
{
    m_state->directHidden = hidden;
}

std::uint64_t FaultEnv::count(EnvOp op) const
{
    return m_state->plan.count(static_cast<std::size_t>(op));
}

std::uint64_t FaultEnv::total() const
{
    return m_state->plan.total();
}

void FaultEnv::resetCounts()
{
    m_state->plan.resetCounts();
}

Result<std::unique_ptr<EnvFile>> FaultEnv::open(const std::string &path, OpenMode mode)
{
    if (const auto error = m_state->enter(EnvOp::Open))
        return failure(Error::fromErrno(*error, Operation::Open, {}, path));
    auto file = m_inner->open(path, mode);
    if (!file)
        return file;
    return std::make_unique<FaultFile>(std::move(*file), m_state);
}

Result<FileStatus> FaultEnv::status(const std::string &path)
{
    if (const auto error = m_state->enter(EnvOp::Status))
        return failure(Error::fromErrno(*error, Operation::Stat, {}, path));
    return m_state->filtered(m_inner->status(path));
}

Result<void> FaultEnv::rename(const std::string &from, const std::string &to)
{
    if (const auto error = m_state->enter(EnvOp::Rename))
        return failure(Error::fromErrno(*error, Operation::Rename, {}, from));
    return m_inner->rename(from, to);
}

Result<void> FaultEnv::renameUnlessTaken(const std::string &from, const std::string &to)
{
    if (const auto error = m_state->enter(EnvOp::Rename))
        return failure(Error::fromErrno(*error, Operation::Rename, {}, from));
    return m_inner->renameUnlessTaken(from, to);
}

Result<void> FaultEnv::remove(const std::string &path)
{
    if (const auto error = m_state->enter(EnvOp::Remove))
        return failure(Error::fromErrno(*error, Operation::Remove, {}, path));
    return m_inner->remove(path);
}

Result<void> FaultEnv::syncDirectoryOf(const std::string &path)
{
    if (const auto error = m_state->enter(EnvOp::SyncDirectory))
        return failure(Error::fromErrno(*error, Operation::Sync, {}, path));
    return m_inner->syncDirectoryOf(path);
}

Result<std::unique_ptr<EnvFile>> FaultEnv::openAnonymous()
{
    if (const auto error = m_state->enter(EnvOp::OpenAnonymous))
        return failure(Error::fromErrno(*error, Operation::Open));
    auto file = m_inner->openAnonymous();
    if (!file)
        return file;
    return std::make_unique<FaultFile>(std::move(*file), m_state);
}

Result<std::vector<std::string>> FaultEnv::list(const std::string &directory)
{
    if (const auto error = m_state->enter(EnvOp::List))
        return failure(Error::fromErrno(*error, Operation::Open, {}, directory));
    return m_inner->list(directory);
}

Result<void> FaultEnv::createDirectories(const std::string &path)
{
    if (const auto error = m_state->enter(EnvOp::CreateDirectories))
        return failure(Error::fromErrno(*error, Operation::Open, {}, path));
    return m_inner->createDirectories(path);
}

Result<std::string> FaultEnv::realPath(const std::string &path)
{
    if (const auto error = m_state->enter(EnvOp::RealPath))
        return failure(Error::fromErrno(*error, Operation::Stat, {}, path));
    return m_inner->realPath(path);
}

Result<void> FaultEnv::random(std::span<std::byte> into)
{
    if (const auto error = m_state->enter(EnvOp::Random))
        return failure(Error::fromErrno(*error, Operation::Read));
    return m_inner->random(into);
}

std::int64_t FaultEnv::realTimeNs() const
{
    return m_inner->realTimeNs();
}

std::chrono::steady_clock::time_point FaultEnv::now() const
{
    return m_inner->now();
}

} // namespace cachet_test
