// SPDX-License-Identifier: GPL-3.0-or-later
//
// commit_child IMAGE SEED FIRST STOP [STATE IMPORT LIMIT]            round FIRST of writes, and with STOP "ready" all after it, one after the other
// commit_child IMAGE SEED finish|rollback STOP [STATE IMPORT LIMIT]  settles the image's journal
//
// With a state directory STATE it keeps a recovery log there, imports from the file IMPORT and writes journals of at most LIMIT bytes.
//
// Stops itself (SIGSTOP), by STOP: before operation number STOP; at a named point of the first write; "ready": before it begins. After each
// write it prints a line.
#include "tests/crash/disk_document.h"
#include "tests/crash/write_script.h"
#include "tests/support/edits.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include <signal.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

int failed(const char *what, const Error &error)
{
    std::printf("%s: %s\n", what, errorText(error).c_str());
    return 1;
}

/// A moment of a write: before operation number `nth` of a kind, counted from the beginning or from when the journal (of the log's points: the log) gets
/// its name.
struct Point {
    const char *name;
    EnvOp op;
    bool named;
    long nth;
    bool ofLog = false;
};

constexpr Point kPoints[] = {
    {"journalling", EnvOp::Write, false, 1},
    {"arming", EnvOp::DataSync, false, 1},
    {"renaming", EnvOp::Rename, false, 0},
    {"naming", EnvOp::SyncDirectory, true, 0},
    {"writing", EnvOp::Write, true, 1},
    {"syncing", EnvOp::DataSync, true, 0},
    {"verifying", EnvOp::DropCached, true, 0},
    {"finishing", EnvOp::DataSync, true, 1},
    {"removing", EnvOp::Remove, true, 0},
    {"forgetting", EnvOp::SyncDirectory, true, 1},
    {"log writing", EnvOp::Write, false, 0, true},
    {"log syncing", EnvOp::DataSync, false, 0, true},
    {"log renaming", EnvOp::Rename, false, 0, true},
    {"log naming", EnvOp::SyncDirectory, true, 0, true},
    {"log removing", EnvOp::Remove, true, 0, true},
    {"log forgetting", EnvOp::SyncDirectory, true, 1, true},
};

/// What is counted until the stop; called on any thread.
struct Countdown {
    std::optional<Point> point; ///< nothing: any operation
    std::atomic<long> left{0};
    std::atomic<bool> renamed{false};

    void operator()(EnvOp op)
    {
        const bool ours = !point || point->ofLog == onLogThread();
        const bool counts = !point || (ours && op == point->op && (renamed || !point->named));
        if (counts && left.fetch_sub(1) == 0)
            (void)::raise(SIGSTOP);
        renamed = renamed || (ours && op == EnvOp::Rename);
    }
};

/// Prepares the stop, or stops at once.
void stopAt(FaultEnv &env, const std::string &where)
{
    if (where == "ready") {
        (void)::raise(SIGSTOP);
        return;
    }
    const auto countdown = std::make_shared<Countdown>();
    countdown->left = std::strtol(where.c_str(), nullptr, 10);
    for (const Point &point : kPoints) {
        if (where == point.name) {
            countdown->point = point;
            countdown->left = point.nth;
        }
    }
    env.setHook([countdown](EnvOp op) { (*countdown)(op); });
}

int settle(const DiskDocument &disk, RecoveryChoice choice)
{
    for (const FoundJournal &journal : disk->unsettled()) {
        if (const auto settled = disk.settle(journal.path, choice); !settled)
            return failed("settling", settled.error());
    }
    return 0;
}

Result<void> stageImport(Document &document, const ScriptStep &step, const std::string &path)
{
    const auto file = document.openImport(path);
    if (!file)
        return failure(file.error());
    return document.stageImport(ByteOffset(step.at), *file, step.number, step.length);
}

Result<void> stageGenerated(Document &document, const ScriptStep &step)
{
    Generator generator;
    generator.kind = step.act == ScriptStep::Act::Random ? Generator::Kind::Random : Generator::Kind::Increment;
    generator.width = step.width;
    generator.seed = step.number;
    generator.step = step.step;
    return document.stageGenerated(rangeAt(step.at, step.length), generator);
}

Result<void> take(Document &document, const ScriptStep &step, const std::string &import)
{
    using Act = ScriptStep::Act;
    switch (step.act) {
    case Act::Literal:
        return document.stage(ByteOffset(step.at), step.bytes);
    case Act::Fill:
        return document.stageFill(rangeAt(step.at, step.length), step.bytes);
    case Act::Random:
    case Act::Increment:
        return stageGenerated(document, step);
    case Act::Import:
        return stageImport(document, step, import);
    case Act::Undo:
        return document.undo();
    case Act::Redo:
        return document.redo();
    case Act::Persist:
    case Act::Commit:
        break;
    }
    const WriteOutcome outcome
        = step.act == Act::Commit ? document.commit() : document.persist(rangeAt(step.at, step.length));
    return outcome ? Result<void>() : failure(outcome.error());
}

int write(const DiskDocument &disk, std::uint64_t first, bool onlyOne, std::uint64_t seed, const std::string &import)
{
    for (std::uint64_t round = first;; ++round) {
        for (const ScriptStep &step : roundOfWrites(round, disk->size(), seed)) {
            if (const auto taken = take(*disk, step, import); !taken)
                return failed(step.writes() ? "writing" : "staging", taken.error());
            if (!step.writes())
                continue;
            std::printf("written\n");
            std::fflush(stdout);
        }
        if (onlyOne)
            return 0;
    }
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 8)
        return 2;
    const bool logged = argc == 8;
    const std::uint64_t seed = std::strtoull(argv[2], nullptr, 0);
    const std::string what = argv[3];
    DocumentOptions options = DiskDocument::smallPages();
    options.logBehind = {};
    if (logged) {
        options.journals.stateDirectory = argv[5];
        options.journalLimit = std::strtoull(argv[7], nullptr, 10);
    }
    const DiskDocument disk(std::make_shared<FaultEnv>(), argv[1], options,
                            logged ? DiskDocument::Log::Kept : DiskDocument::Log::None);
    if (!disk.document)
        return failed("opening", *disk.error);
    stopAt(*disk.env, argv[4]);
    if (what == "finish" || what == "rollback")
        return settle(disk, what == "finish" ? RecoveryChoice::Finish : RecoveryChoice::RollBack);
    return write(disk, std::strtoull(argv[3], nullptr, 10), std::string(argv[4]) != "ready", seed,
                 logged ? argv[6] : "");
}
