// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/crash_scene.h"

#include "tests/support/edits.h"
#include "tests/support/temp_dir.h"

#include <cstdlib>
#include <utility>

namespace cachet_test {

using namespace cachecore;

namespace {

constexpr std::uint32_t kUnit = 4096;
constexpr std::uint64_t kNeighbourSize = 1000;

} // namespace

CrashScene::CrashScene(const Machine &given)
    : machine(given)
    , original(std::make_shared<const std::vector<std::byte>>(patternBytes(machine.size, 1)))
    , neighbour(std::make_shared<const std::vector<std::byte>>(patternBytes(kNeighbourSize, 2)))
{
    disk.addDirectory("/data");
    disk.addDirectory("/home");
    disk.addFile(kTarget, *original, machine.targetSector,
                 machine.severalTears ? TearRule::FixedThree : TearRule::Fixed);
    SimulatedDisk::Node image = 0;
    if (disk.find(kTarget, image, [](std::size_t) { return std::size_t{0}; }) == 0)
        disk.file(image).setLateWrites(machine.lateWrites);
    disk.addFile(kNeighbour, *neighbour, 512);
    disk.setNewFiles(machine.journalSector, machine.severalTears ? TearRule::Three : TearRule::Middle);
    disk.setReusesSpace(machine.staleBlocks);
    if (machine.stateDirectory) {
        places.preference = JournalPlaces::Preference::StateDirectory;
        places.stateDirectory = "/home/state/cachet";
    }
}

void CrashScene::stagePiece(std::uint64_t at, std::uint64_t length, Piece piece)
{
    piece.stamp = Piece::newStamp();
    edits = edits.with(rangeAt(at, length), std::move(piece), {});
}

void CrashScene::stage(std::uint64_t at, std::vector<std::byte> bytes)
{
    const std::uint64_t length = bytes.size();
    stagePiece(at, length, Piece::literalOf(shared(std::move(bytes))));
}

void CrashScene::stagePattern(std::uint64_t at, std::uint64_t length, std::vector<std::byte> pattern)
{
    stagePiece(at, length, Piece::patternOf(shared(std::move(pattern))));
}

void CrashScene::stageGenerated(std::uint64_t at, std::uint64_t length, std::uint64_t seed)
{
    Generator generator;
    generator.seed = seed;
    stagePiece(at, length, Piece::generatedBy(generator));
}

void CrashScene::turnPage()
{
    std::vector<std::byte> now = *original;
    edits.overlay(ByteOffset(0), now);
    original = std::make_shared<const std::vector<std::byte>>(std::move(now));
    edits = {};
}

WritePlan CrashScene::plan() const
{
    PlanGeometry geometry;
    geometry.targetSize = machine.size;
    geometry.unit = kUnit;
    geometry.granularity = machine.granularity;
    geometry.journalLimit = machine.journalLimit;
    return planWrite(edits, ByteRange::whole(machine.size), geometry);
}

Image CrashScene::imageBefore(std::size_t index) const
{
    const WritePlan all = plan();
    PlanCursor cursor(all);
    std::vector<std::byte> now = *original;
    for (std::size_t done = 0; done < index; ++done) {
        const auto batch = cursor.next();
        if (batch)
            edits.clipped(batch->span()).overlay(ByteOffset(0), now);
    }
    return std::make_shared<const std::vector<std::byte>>(std::move(now));
}

TransactionEnd writeBatch(const std::shared_ptr<Env> &env, const CrashScene &scene, const WritePlan &plan,
                          const WriteBatch &batch, std::stop_token stop, const std::function<void()> &before)
{
    auto source = FileSource::open(env, CrashScene::kTarget, FileSource::Access::WriteIfPermitted);
    if (!source) {
        TransactionEnd end;
        end.error = source.error();
        return end;
    }
    if (before)
        before();
    WriteProgress progress;
    Transaction transaction({*env, **source, scene.places, progress, {}, 0, std::move(stop)}, plan, batch);
    return transaction.run();
}

TransactionEnd writeAll(const std::shared_ptr<Env> &env, const CrashScene &scene, std::stop_token stop,
                        const std::function<void()> &before)
{
    const WritePlan plan = scene.plan();
    PlanCursor cursor(plan);
    TransactionEnd end;
    while (const auto batch = cursor.next()) {
        end = writeBatch(env, scene, plan, *batch, stop, before);
        if (end.kind != TransactionEnd::Kind::Committed)
            break;
    }
    return end;
}

} // namespace cachet_test
