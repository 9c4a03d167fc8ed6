// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/disk_document.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include <unistd.h>

namespace cachet_test {

using namespace cachecore;

namespace {

thread_local bool t_onLogThread = false;

} // namespace

std::shared_ptr<ThreadExecutor> makeLogThread()
{
    auto thread = std::make_shared<ThreadExecutor>(1);
    (void)thread->post([] { t_onLogThread = true; });
    return thread;
}

bool onLogThread()
{
    return t_onLogThread;
}

DiskDocument::DiskDocument(std::shared_ptr<FaultEnv> faults, const std::string &path, DocumentOptions options,
                           FileSource::Access access, Log log)
    : env(std::move(faults))
    , loads(std::make_shared<ThreadExecutor>(2))
    , writes(std::make_shared<ThreadExecutor>(1))
    , logs(log == Log::Kept ? makeLogThread() : nullptr)
{
    auto source = FileSource::open(env, path, access);
    if (!source) {
        error = source.error();
        return;
    }
    const std::shared_ptr<BlockSource> shared = std::move(*source);
    held = shared;
    auto created = Document::create(shared, std::move(options), {loads, writes, logs}, env);
    if (created)
        document = std::move(*created);
    else
        error = created.error();
}

DiskDocument::~DiskDocument()
{
    document.reset();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!held.expired() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
}

DocumentOptions DiskDocument::smallPages()
{
    DocumentOptions options;
    options.pageSize = 4096;
    options.cacheBytes = std::uint64_t{1} << 20;
    return options;
}

std::vector<std::byte> DiskDocument::bytes() const
{
    std::vector<std::byte> all(static_cast<std::size_t>(document->size()));
    if (!document->read(ByteOffset(0), all))
        return {};
    return all;
}

Result<RecoveryReport> DiskDocument::settle(const std::string &journal, RecoveryChoice choice,
                                            const ForeignUnits &foreign) const
{
    std::promise<Result<RecoveryReport>> promise;
    auto settled = promise.get_future();
    const auto started = document->startSettle(journal, choice, foreign,
                                               [promise = std::move(promise)](Result<RecoveryReport> report) mutable {
                                                   promise.set_value(std::move(report));
                                               });
    if (!started)
        return failure(started.error());
    return settled.get();
}

Result<void> DiskDocument::restoreAll(std::size_t &listed) const
{
    listed = 0;
    for (const FoundRecoveryLog &left : document->leftEdits()) {
        std::promise<Result<RestoreReport>> promise;
        auto restored = promise.get_future();
        const auto started
            = document->startRestore(left.path, Document::ChangedBases::Leave,
                                     [promise = std::move(promise)](Result<RestoreReport> report) mutable {
                                         promise.set_value(std::move(report));
                                     });
        if (!started)
            return started;
        const auto report = restored.get();
        if (!report)
            return failure(report.error());
        if (report->damage)
            return failure(*report->damage);
        if (!report->lost.empty())
            return failure(report->lost.front().error);
        listed += report->changed.size() + report->unreadable.size();
    }
    return {};
}

std::string memoryFolder()
{
    return ::access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : std::string();
}

std::vector<std::string> namesIn(const std::string &directory)
{
    auto names = systemEnv()->list(directory);
    if (!names)
        return {};
    std::ranges::sort(*names);
    return std::move(*names);
}

bool isMixOf(const std::vector<std::byte> &now, const std::vector<std::byte> &old, const std::vector<std::byte> &neu)
{
    if (now.size() != old.size())
        return false;
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i] != old[i] && now[i] != neu[i])
            return false;
    }
    return true;
}

} // namespace cachet_test
