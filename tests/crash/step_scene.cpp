// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/step_scene.h"

#include "tests/support/edits.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace cachet_test {

using namespace cachecore;

std::size_t firstOf(std::size_t)
{
    return 0;
}

StepScene::StepScene(const CrashScene::Machine &machine)
    : scene(machine)
{
    scene.stage(100, bytesOf({1, 2}));
    scene.stage(5000, bytesOf({3, 4}));
    start(scene.disk);
}

void StepScene::start(const SimulatedDisk &disk)
{
    env = std::make_shared<SimulatedEnv>(disk, 1, firstOf);
}

TransactionEnd StepScene::write(std::stop_token stop, const std::function<void()> &before) const
{
    return writeAll(env, scene, std::move(stop), before);
}

TransactionEnd StepScene::writeStoppedAt(Kind kind) const
{
    std::stop_source stop;
    meanwhile(onTarget(kind), [&stop] { stop.request_stop(); });
    TransactionEnd end = write(stop.get_token());
    env->setMeanwhile({});
    return end;
}

void StepScene::meanwhile(const Applies &applies, const std::function<void()> &act, unsigned nth) const
{
    env->setMeanwhile([applies, act, left = std::make_shared<unsigned>(nth + 1)](const DiskOperation &next) {
        if (*left > 0 && applies(next) && --*left == 0)
            act();
    });
}

StepScene::Applies StepScene::onTarget(Kind kind)
{
    return [kind](const DiskOperation &next) { return next.kind == kind && next.path == CrashScene::kTarget; };
}

void StepScene::meddleWithTarget(const std::function<void(SimulatedFile &)> &change) const
{
    env->meddle([&change](SimulatedDisk &disk) {
        SimulatedDisk::Node node = 0;
        if (disk.find(CrashScene::kTarget, node, firstOf) == 0)
            change(disk.file(node));
    });
}

std::vector<std::byte> StepScene::image() const
{
    return bytes(CrashScene::kTarget);
}

std::vector<std::byte> StepScene::imageOnMedium() const
{
    meddleWithTarget([](SimulatedFile &file) { file.dropCached(0, ~std::uint64_t{0}, firstOf); });
    return image();
}

std::byte StepScene::changed(std::uint64_t at) const
{
    return image0()[static_cast<std::size_t>(at)] ^ std::byte{0x80};
}

void StepScene::damage(std::uint64_t at, unsigned later) const
{
    meddleWithTarget([=](SimulatedFile &file) { file.damageAt(at, later); });
}

void StepScene::change(std::uint64_t at) const
{
    meddleWithTarget([at, byte = changed(at)](SimulatedFile &file) {
        const std::byte bytes[] = {byte};
        file.write(at, bytes, firstOf);
        file.sync();
    });
}

void StepScene::changeOnMedium(std::uint64_t at) const
{
    meddleWithTarget([at](SimulatedFile &file) { file.changeOnMedium(at); });
}

bool StepScene::replaceTarget() const
{
    put("/data/copy.img", image0());
    return env->rename("/data/copy.img", CrashScene::kTarget).has_value();
}

void StepScene::put(const std::string &path, const std::vector<std::byte> &bytes) const
{
    env->meddle([&](SimulatedDisk &disk) { disk.addFile(path, bytes, 512); });
}

bool StepScene::wroteToTarget() const
{
    return std::ranges::any_of(env->log(), onTarget(Kind::Write));
}

bool StepScene::madeJournal() const
{
    return std::ranges::any_of(env->log(), [](const DiskOperation &operation) {
        return operation.kind == Kind::Create && operation.path.contains(kJournalSuffix);
    });
}

std::unique_ptr<FileSource> StepScene::open(FileSource::Access access) const
{
    auto source = FileSource::open(env, CrashScene::kTarget, access);
    return source ? std::move(*source) : nullptr;
}

std::vector<FoundJournal> StepScene::journals(const BlockSource &source) const
{
    return findJournals(*env, source, scene.places).value_or(std::vector<FoundJournal>{});
}

std::string StepScene::journal() const
{
    const auto found = journals(*open());
    return found.size() == 1 ? found.front().path : std::string();
}

std::vector<std::byte> StepScene::bytes(const std::string &path) const
{
    return env->disk().bytes(path, firstOf).value_or(std::vector<std::byte>{});
}

void StepScene::interrupt()
{
    interruptBefore(onTarget(Kind::Write), 1);
}

void StepScene::interruptBefore(const Applies &applies, unsigned nth)
{
    std::optional<SimulatedDisk> left;
    env->setBeforeEach([&, before = nth](const SimulatedDisk &disk, const DiskOperation &next) mutable {
        if (!left && applies(next) && before-- == 0)
            left = disk;
    });
    (void)write();
    start(left.value());
}

std::string stepsOf(const std::vector<DiskOperation> &log)
{
    using Kind = DiskOperation::Kind;
    std::string steps;
    for (const DiskOperation &operation : log) {
        const bool target = operation.path == CrashScene::kTarget;
        char step = 0;
        switch (operation.kind) {
        case Kind::Write:
            step = target ? 'T' : 'J';
            break;
        case Kind::Sync:
            step = target ? 't' : 'j';
            break;
        case Kind::Rename:
            step = 'R';
            break;
        case Kind::Remove:
            step = 'X';
            break;
        case Kind::SyncDirectory:
            step = 'D';
            break;
        default:
            continue;
        }
        if (steps.empty() || steps.back() != step)
            steps += step;
    }
    return steps;
}

} // namespace cachet_test
