// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/write_rig.h"

#include "cachecore/write/journal/journal_file.h"
#include "cachecore/write/transaction/journal_builder.h"

#include <algorithm>
#include <cstdlib>

#include <unistd.h>

namespace cachet_test {

using namespace cachecore;

namespace {

/// For what a test cannot go on without.
template <typename T>
auto must(Result<T> result)
{
    if (!result)
        std::abort();
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

std::shared_ptr<const ExternalBytes> readAll(std::unique_ptr<EnvFile> file, std::uint64_t size)
{
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    const std::span<std::byte> buffers[] = {bytes};
    bytes.resize(must(file->preadv(ByteOffset(0), buffers)));
    return std::make_shared<TestExternal>(std::move(bytes));
}

} // namespace

WriteRig::WriteRig(std::vector<std::byte> content, std::uint32_t granularity, std::uint32_t physicalBlock)
    : directory(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "")
    , memory(std::make_shared<MemorySource>(std::move(content)))
    , faults(std::make_shared<FaultSource>(memory))
    , target(faults, {directory.write("disk", {}), granularity, physicalBlock})
    , unit(std::max<std::uint32_t>({4096, granularity, physicalBlock}))
{
    places.stateDirectory = directory.file("state");
}

WritePlan WriteRig::plan(const StagedEdits &edits) const
{
    PlanGeometry geometry;
    geometry.targetSize = must(memory->size());
    geometry.unit = unit;
    geometry.granularity = target.writeGranularity();
    return planWrite(edits, ByteRange::whole(kMaxSourceSize), geometry);
}

TransactionEnd WriteRig::commit(const StagedEdits &edits, const std::function<void(Transaction &)> &started)
{
    const WritePlan planned = plan(edits);
    const WriteBatch batch = PlanCursor(planned).next().value();
    const auto keep = [](std::unique_ptr<EnvFile> file, const std::string &, std::uint64_t size) {
        return readAll(std::move(file), size);
    };
    Transaction transaction({env, target, places, progress, keep, keepRetiredLimit, stop.get_token()}, planned, batch);
    if (started)
        started(transaction);
    TransactionEnd end = transaction.run();
    state = transaction.state();
    oldBytes = transaction.oldBytes();
    retiredBytes = transaction.retiredBytes();
    env.clearFailures();
    faults->clearFailures();
    env.setHook({});
    target.setHook({});
    promisesHeld = transaction.invariantsHold();
    return end;
}

std::string WriteRig::armJournal(const StagedEdits &edits)
{
    const WritePlan planned = plan(edits);
    const WriteBatch batch = PlanCursor(planned).next().value();
    JournalHeader header;
    must(env.random(header.salt));
    header.identity = target.identity();
    header.before = must(target.fingerprint());
    header.unit = unit;
    header.targetPath = target.path();
    const auto names = must(journalNames(env, target, places));
    JournalFile file
        = must(JournalFile::create(env, names, places.stateDirectory, batch.journalBytes, header.transaction));
    JournalWriter writer(file.file(), file.path());
    must(writer.begin(header));
    OldBytes nothing(planned, batch, OldBytes::Where::Nowhere);
    must(JournalBuilder({target, planned, batch, writer, nothing, progress, {}}).build());
    must(writer.arm());
    must(file.giveName());
    return file.path();
}

std::vector<std::string> WriteRig::journals() const
{
    std::vector<std::string> found;
    for (const std::string &place : {directory.path(), places.stateDirectory}) {
        for (std::string &name : systemEnv()->list(place).value_or(std::vector<std::string>{}))
            if (name.find(".cachet-journal") != std::string::npos)
                found.push_back(place + '/' + std::move(name));
    }
    std::ranges::sort(found);
    return found;
}

void WriteRig::setBytes(const std::vector<std::byte> &wanted) const
{
    const std::span<const std::byte> buffers[] = {wanted};
    must(memory->writev(ByteOffset(0), buffers));
}

std::vector<std::byte> overlaid(std::vector<std::byte> disk, const StagedEdits &edits)
{
    must(edits.overlayReading(ByteOffset(0), disk));
    return disk;
}

} // namespace cachet_test
