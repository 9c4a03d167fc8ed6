// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/simulated_env.h"

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>

namespace cachet_test {

using namespace cachecore;

namespace {

constexpr std::int64_t kStartNs = 1'700'000'000'000'000'000; // some day in 2023

} // namespace

std::string DiskOperation::text() const
{
    static constexpr const char *kNames[] = {"create", "make directory", "write",  "truncate",       "reserve",
                                             "sync",   "rename",         "remove", "sync directory", "let go"};
    std::string text = std::string(kNames[static_cast<std::size_t>(kind)]) + " " + path;
    if (!to.empty())
        text += " -> " + to;
    if (length != 0)
        text += " [" + std::to_string(at) + ", " + std::to_string(at + length) + ")";
    return text;
}

/// What env and open files share. Every function locks.
class SimulatedEnv::Machine {
public:
    Machine(SimulatedDisk given, std::uint64_t seed, Choose chooser)
        : disk(std::move(given))
        , choose(std::move(chooser))
        , numbers(seed)
    {
    }

    /// Tells of an operation and runs `act` on the disk, which returns an errno, unless it is to fail.
    template <typename Act>
    Result<void> run(DiskOperation operation, Operation meant, Act act)
    {
        std::unique_lock lock(mutex);
        if (const Meanwhile others = meanwhile) {
            lock.unlock();
            others(operation);
            lock.lock();
        }
        if (beforeEach)
            beforeEach(disk, operation);
        int error = plannedFailure(operation);
        if (error == 0)
            error = act();
        if (error != 0)
            return failure(Error::fromErrno(error, meant, {}, operation.path));
        clock += 1000;
        log.push_back(std::move(operation));
        return {};
    }

    int plannedFailure(const DiskOperation &operation)
    {
        for (Failure &planned : failures) {
            if (planned.times == 0 || !planned.applies(operation))
                continue;
            if (planned.remaining > 0) {
                --planned.remaining;
                continue;
            }
            --planned.times;
            failed.push_back(operation);
            return planned.errnoValue;
        }
        return 0;
    }

    struct Failure {
        Applies applies;
        std::uint64_t remaining;
        int errnoValue;
        std::uint64_t times;
    };

    mutable std::mutex mutex; ///< guards the rest
    SimulatedDisk disk;
    Choose choose;
    std::mt19937_64 numbers;
    std::int64_t clock = kStartNs;
    std::map<SimulatedDisk::Node, std::int64_t> modified;
    std::vector<DiskOperation> log;
    std::vector<Failure> failures;
    std::vector<DiskOperation> failed;
    std::string holder;
    Look beforeEach;
    Meanwhile meanwhile;

    FileStatus statusOf(SimulatedDisk::Node node)
    {
        FileStatus status;
        status.kind = disk.isDirectory(node) ? FileKind::Directory : FileKind::Regular;
        status.size = disk.isDirectory(node) ? 0 : disk.file(node).size(choose);
        status.device = 1;
        status.inode = node;
        const auto changed = modified.find(node);
        status.modifiedNs = changed == modified.end() ? kStartNs : changed->second;
        status.changedNs = status.modifiedNs;
        status.mode = 0600;
        return status;
    }
};

namespace {

using Kind = DiskOperation::Kind;

class SimulatedOpenFile final : public EnvFile {
public:
    SimulatedOpenFile(std::shared_ptr<SimulatedEnv::Machine> machine, SimulatedDisk::Node node, std::string path,
                      OpenMode mode)
        : m_machine(std::move(machine))
        , m_node(node)
        , m_path(std::move(path))
        , m_mode(mode)
    {
    }

    Result<std::size_t> preadv(ByteOffset at, std::span<const std::span<std::byte>> into) override
    {
        const std::lock_guard lock(m_machine->mutex);
        std::size_t done = 0;
        for (const std::span<std::byte> buffer : into) {
            const std::size_t got = file().read(at.value() + done, buffer, m_machine->choose);
            done += got;
            if (got < buffer.size())
                break;
        }
        return done;
    }
    Result<std::size_t> pwritev(ByteOffset at, std::span<const std::span<const std::byte>> from) override
    {
        std::vector<std::byte> bytes;
        for (const std::span<const std::byte> buffer : from)
            bytes.insert(bytes.end(), buffer.begin(), buffer.end());
        if (m_mode == OpenMode::Read)
            return failure(Error::fromErrno(EBADF, Operation::Write, {}, m_path));
        const auto done = run(Kind::Write, at.value(), bytes.size(), Operation::Write, [&] {
            file().write(at.value(), bytes, m_machine->choose);
            m_machine->modified[m_node] = m_machine->clock;
        });
        if (!done)
            return failure(done.error());
        return bytes.size();
    }
    Result<void> dataSync() override
    {
        auto done = run(Kind::Sync, 0, 0, Operation::Sync, [&] { file().sync(); });
        if (!done) {
            const std::lock_guard lock(m_machine->mutex);
            file().failSync();
        }
        return done;
    }
    Result<void> sync() override { return dataSync(); }
    Result<void> truncate(std::uint64_t size) override
    {
        return run(Kind::Truncate, 0, size, Operation::Truncate, [&] { file().resize(size, m_machine->choose); });
    }
    Result<void> setMode(std::uint32_t) override { return {}; }
    Result<FileStatus> status() override
    {
        const std::lock_guard lock(m_machine->mutex);
        return m_machine->statusOf(m_node);
    }
    Result<std::uint64_t> deviceSize() override { return failure(Error::fromErrno(ENOTTY, Operation::Stat)); }
    Result<std::uint32_t> deviceBlockSize() override { return failure(Error::fromErrno(ENOTTY, Operation::Stat)); }
    Result<std::uint32_t> devicePhysicalBlockSize() override
    {
        return failure(Error::fromErrno(ENOTTY, Operation::Stat));
    }
    Result<ByteRange> nextData(ByteOffset from) override
    {
        const std::lock_guard lock(m_machine->mutex);
        const ByteOffset end(file().size(m_machine->choose));
        return ByteRange(std::min(from, end), end);
    }
    Result<void> reserve(std::uint64_t size) override
    {
        return run(Kind::Reserve, 0, size, Operation::Write, [&] {
            if (file().size(m_machine->choose) < size)
                file().resize(size, m_machine->choose);
        });
    }
    Result<void> dropCached(ByteRange range) override
    {
        return run(Kind::LetGo, range.begin().value(), range.length(), Operation::Read,
                   [&] { file().dropCached(range.begin().value(), range.end().value(), m_machine->choose); });
    }
    Result<std::optional<std::string>> lockForWriting() override { return std::optional<std::string>(); }
    Result<std::optional<std::string>> otherHolder() override
    {
        const std::lock_guard lock(m_machine->mutex);
        return m_machine->holder.empty() ? std::optional<std::string>() : std::optional(m_machine->holder);
    }

private:
    SimulatedFile &file() { return m_machine->disk.file(m_node); }
    template <typename Act>
    Result<void> run(Kind kind, std::uint64_t at, std::uint64_t length, Operation meant, Act act)
    {
        return m_machine->run({kind, m_path, {}, at, length}, meant, [&] {
            act();
            return 0;
        });
    }

    const std::shared_ptr<SimulatedEnv::Machine> m_machine;
    const SimulatedDisk::Node m_node;
    const std::string m_path;
    const OpenMode m_mode;
};

} // namespace

SimulatedEnv::SimulatedEnv(SimulatedDisk disk, std::uint64_t seed, Choose choose)
    : m_machine(std::make_shared<Machine>(std::move(disk), seed, std::move(choose)))
{
}

SimulatedEnv::~SimulatedEnv() = default;

void SimulatedEnv::setBeforeEach(Look look)
{
    const std::lock_guard lock(m_machine->mutex);
    m_machine->beforeEach = std::move(look);
}

void SimulatedEnv::setMeanwhile(Meanwhile meanwhile)
{
    const std::lock_guard lock(m_machine->mutex);
    m_machine->meanwhile = std::move(meanwhile);
}

void SimulatedEnv::fail(Applies applies, std::uint64_t nth, int errnoValue, std::uint64_t times)
{
    const std::lock_guard lock(m_machine->mutex);
    m_machine->failures.push_back({std::move(applies), nth, errnoValue, times});
}

void SimulatedEnv::clearFailures()
{
    const std::lock_guard lock(m_machine->mutex);
    m_machine->failures.clear();
}

void SimulatedEnv::setHolder(std::string holder)
{
    const std::lock_guard lock(m_machine->mutex);
    m_machine->holder = std::move(holder);
}

std::vector<DiskOperation> SimulatedEnv::failed() const
{
    const std::lock_guard lock(m_machine->mutex);
    return m_machine->failed;
}

std::vector<DiskOperation> SimulatedEnv::log() const
{
    const std::lock_guard lock(m_machine->mutex);
    return m_machine->log;
}

SimulatedDisk SimulatedEnv::disk() const
{
    const std::lock_guard lock(m_machine->mutex);
    return m_machine->disk;
}

void SimulatedEnv::meddle(const std::function<void(SimulatedDisk &)> &change)
{
    const std::lock_guard lock(m_machine->mutex);
    change(m_machine->disk);
}

Result<std::unique_ptr<EnvFile>> SimulatedEnv::open(const std::string &path, OpenMode mode)
{
    SimulatedDisk::Node node = 0;
    if (mode == OpenMode::CreateNew) {
        const auto made = m_machine->run({Kind::Create, path, {}}, Operation::Open,
                                         [&] { return m_machine->disk.create(path, node, m_machine->choose); });
        if (!made)
            return failure(made.error());
    } else {
        const std::lock_guard lock(m_machine->mutex);
        if (const int error = m_machine->disk.find(path, node, m_machine->choose))
            return failure(Error::fromErrno(error, Operation::Open, {}, path));
        if (m_machine->disk.isDirectory(node))
            return failure(Error::fromErrno(EISDIR, Operation::Open, {}, path));
    }
    return std::make_unique<SimulatedOpenFile>(m_machine, node, path, mode);
}

Result<FileStatus> SimulatedEnv::status(const std::string &path)
{
    const std::lock_guard lock(m_machine->mutex);
    SimulatedDisk::Node node = 0;
    if (const int error = m_machine->disk.find(path, node, m_machine->choose))
        return failure(Error::fromErrno(error, Operation::Stat, {}, path));
    return m_machine->statusOf(node);
}

Result<void> SimulatedEnv::rename(const std::string &from, const std::string &to)
{
    return m_machine->run({Kind::Rename, from, to}, Operation::Rename,
                          [&] { return m_machine->disk.rename(from, to, m_machine->choose); });
}

Result<void> SimulatedEnv::renameUnlessTaken(const std::string &from, const std::string &to)
{
    return m_machine->run({Kind::Rename, from, to}, Operation::Rename, [&] {
        SimulatedDisk::Node taken = 0;
        const int error = m_machine->disk.find(to, taken, m_machine->choose);
        if (error != ENOENT)
            return error == 0 ? EEXIST : error;
        return m_machine->disk.rename(from, to, m_machine->choose);
    });
}

Result<void> SimulatedEnv::remove(const std::string &path)
{
    return m_machine->run({Kind::Remove, path, {}}, Operation::Remove,
                          [&] { return m_machine->disk.unlink(path, m_machine->choose); });
}

Result<void> SimulatedEnv::syncDirectoryOf(const std::string &path)
{
    return m_machine->run({Kind::SyncDirectory, path, {}}, Operation::Sync,
                          [&] { return m_machine->disk.syncDirectoryOf(path, m_machine->choose); });
}

Result<std::unique_ptr<EnvFile>> SimulatedEnv::openAnonymous()
{
    const std::lock_guard lock(m_machine->mutex);
    return std::make_unique<SimulatedOpenFile>(m_machine, m_machine->disk.createAnonymous(), std::string(),
                                               OpenMode::ReadWrite);
}

Result<std::vector<std::string>> SimulatedEnv::list(const std::string &directory)
{
    const std::lock_guard lock(m_machine->mutex);
    SimulatedDisk::Names found;
    if (const int error = m_machine->disk.list(directory, found, m_machine->choose))
        return failure(Error::fromErrno(error, Operation::Open, {}, directory));
    std::vector<std::string> names;
    for (const auto &[name, node] : found)
        names.push_back(name);
    return names;
}

Result<void> SimulatedEnv::createDirectories(const std::string &path)
{
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const std::string part = path.substr(0, end);
        if (!status(part)) {
            const auto made = m_machine->run({Kind::MakeDirectory, part, {}}, Operation::Open,
                                             [&] { return m_machine->disk.makeDirectory(part, m_machine->choose); });
            if (!made)
                return made;
        }
        if (end == std::string::npos)
            return {};
    }
}

Result<std::string> SimulatedEnv::realPath(const std::string &path)
{
    if (const auto found = status(path); !found)
        return failure(found.error());
    return path;
}

Result<void> SimulatedEnv::random(std::span<std::byte> into)
{
    const std::lock_guard lock(m_machine->mutex);
    for (std::byte &byte : into)
        byte = static_cast<std::byte>(m_machine->numbers() & 0xff);
    return {};
}

std::int64_t SimulatedEnv::realTimeNs() const
{
    const std::lock_guard lock(m_machine->mutex);
    return m_machine->clock;
}

std::chrono::steady_clock::time_point SimulatedEnv::now() const
{
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(realTimeNs()));
}

} // namespace cachet_test
