// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "cachecore/source/file_source.h"
#include "cachecore/source/memory_source.h"
#include "cachecore/write/journal/journal_place.h"
#include "cachecore/write/log/recovery_log_place.h"
#include "tests/support/lock_holder.h"
#include "tests/support/recovery_log_rig.h"

#include <QTest>

#include <cerrno>
#include <filesystem>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

StagedEdits someEdits()
{
    return StagedEdits().with(rangeAt(0, 10), literalPiece(patternBytes(10), 1), {});
}

/// A disk image with a state directory, and the logs of documents on it.
struct Rig {
    Rig()
        : source(std::move(
              FileSource::open(env, dir.write("disk.img", patternBytes(8192)), FileSource::Access::WriteIfPermitted)
                  .value()))
        , stem(recoveryLogStem(*env, *source, places).value_or("none"))
    {
    }
    /// Runs what is queued, or an executor that never runs again would hold the log that holds it.
    ~Rig() { (void)executor->runAll(); }
    Rig(const Rig &) = delete;
    Rig &operator=(const Rig &) = delete;

    [[nodiscard]] std::unique_ptr<RecoveryLog> log()
    {
        RecoveryLogHeader header;
        header.identity = source->identity();
        return std::make_unique<RecoveryLog>(env, stem, header, executor, RecoveryLogRig::atOnce(),
                                             RecoveryLog::Trouble());
    }
    [[nodiscard]] std::unique_ptr<RecoveryLog> keptLog()
    {
        auto kept = log();
        kept->note(someEdits());
        (void)executor->runAll();
        return kept;
    }
    [[nodiscard]] std::vector<FoundRecoveryLog> found() const
    {
        return findRecoveryLogs(*env, *source, places).value_or(std::vector<FoundRecoveryLog>{{"an error"}});
    }

    const TempDir dir;
    const std::shared_ptr<FaultEnv> env = std::make_shared<FaultEnv>();
    const std::shared_ptr<ManualExecutor> executor = std::make_shared<ManualExecutor>();
    const JournalPlaces places{JournalPlaces::Preference::BesideTarget, dir.file("state")};
    std::unique_ptr<FileSource> source;
    const std::string stem;
};

} // namespace

class TstRecoveryLogPlace : public QObject {
    Q_OBJECT

private slots:
    void hasTheNameOfTheSourcesJournal();
    void hasNoneWithoutAPathOrADirectory();
    void isFoundAfterTheSessionThatWroteIt();
    void isNotFoundWhileItIsWritten();
    void isFoundAsSoonAsItsSessionHasClosedIt();
    void isNotFoundWhileAnotherProgramWritesIt();
    void isNeverReplacedUndecided();
    void isFoundWhenTheDiskWasRenamed();
    void isFoundEvenDamaged();
    void isRemovedForGood();
    void saysWhatCannotBeLookedAt();
};

void TstRecoveryLogPlace::hasTheNameOfTheSourcesJournal()
{
    Rig rig;
    const auto names = journalNames(*rig.env, *rig.source, rig.places);
    QVERIFY(names);
    QCOMPARE(rig.stem + kJournalSuffix, names->back().path);
    QCOMPARE(std::filesystem::path(rig.stem).parent_path().string(), rig.places.stateDirectory);
    const auto log = rig.keptLog();
    QCOMPARE(log->path(), rig.stem + kRecoveryLogSuffix);
}

void TstRecoveryLogPlace::hasNoneWithoutAPathOrADirectory()
{
    Rig rig;
    const MemorySource memory(patternBytes(512));
    QCOMPARE(recoveryLogStem(*rig.env, memory, rig.places).value(), std::string());
    QCOMPARE(recoveryLogStem(*rig.env, *rig.source, {}).value(), std::string());
    QVERIFY(findRecoveryLogs(*rig.env, memory, rig.places)->empty());
    rig.env->fail(EnvOp::RealPath, 0, EIO);
    QCOMPARE(recoveryLogStem(*rig.env, *rig.source, rig.places).error().code, ErrorCode::Io);
}

void TstRecoveryLogPlace::isFoundAfterTheSessionThatWroteIt()
{
    Rig rig;
    QVERIFY(rig.found().empty()); // no directory yet
    const std::string path = rig.keptLog()->path();
    rig.executor->runAll();
    const auto found = rig.found();
    QCOMPARE(found.size(), std::size_t{1});
    QCOMPARE(found[0].path, path);
    QVERIFY(found[0].named && found[0].identified);
}

void TstRecoveryLogPlace::isNotFoundWhileItIsWritten()
{
    Rig rig;
    const auto log = rig.keptLog();
    QVERIFY(rig.found().empty());
}

void TstRecoveryLogPlace::isFoundAsSoonAsItsSessionHasClosedIt()
{
    Rig rig;
    const auto executor = std::make_shared<ThreadExecutor>(1);
    // Whether its task still runs when the session closes depends on the scheduler: often enough for both.
    for (int session = 0; session < 50; ++session) {
        RecoveryLogHeader header;
        header.identity = rig.source->identity();
        RecoveryLog log(rig.env, rig.stem, header, executor, RecoveryLogRig::atOnce(), {});
        log.note(someEdits());
        if (session % 2 == 0)
            QVERIFY(log.flush(10s));
        QVERIFY(log.close(10s));
        QCOMPARE(rig.found().size(), std::size_t{1});
        QVERIFY(removeRecoveryLog(*rig.env, rig.found().front().path));
    }
}

void TstRecoveryLogPlace::isNotFoundWhileAnotherProgramWritesIt()
{
    Rig rig;
    const std::string path = rig.keptLog()->path();
    LockHolder other(path, LockHolder::Way::Flock);
    QVERIFY(other.holds());
    QVERIFY(rig.found().empty());
    other.letGo();
    QCOMPARE(rig.found().size(), std::size_t{1});
    // And what this program writes is locked for others.
    const auto log = rig.keptLog();
    QVERIFY(!lockIsFree(log->path()));
}

void TstRecoveryLogPlace::isNeverReplacedUndecided()
{
    Rig rig;
    const std::string first = rig.keptLog()->path();
    const auto before = readFile(first);
    // A later session, and two documents of it on the same image.
    auto second = rig.keptLog();
    auto third = rig.keptLog();
    QCOMPARE(second->path(), rig.stem + ".1" + kRecoveryLogSuffix);
    QCOMPARE(third->path(), rig.stem + ".2" + kRecoveryLogSuffix);
    QVERIFY(readFile(first) == before);
    QCOMPARE(rig.found().size(), std::size_t{1});
    second.reset();
    third.reset();
    QCOMPARE(rig.found().size(), std::size_t{3});
}

void TstRecoveryLogPlace::isFoundWhenTheDiskWasRenamed()
{
    Rig rig;
    const std::string path = rig.keptLog()->path();
    std::filesystem::rename(rig.source->path(), rig.dir.file("renamed.img"));
    rig.source
        = std::move(FileSource::open(rig.env, rig.dir.file("renamed.img"), FileSource::Access::ReadOnly).value());
    const auto found = rig.found();
    QCOMPARE(found.size(), std::size_t{1});
    QCOMPARE(found[0].path, path);
    QVERIFY(!found[0].named && found[0].identified);
    // Another disk's log is not.
    const auto other
        = FileSource::open(rig.env, rig.dir.write("other", patternBytes(10)), FileSource::Access::ReadOnly);
    rig.env->resetCounts();
    QVERIFY(findRecoveryLogs(*rig.env, **other, rig.places)->empty());
    QCOMPARE(rig.env->count(EnvOp::Lock), std::uint64_t{0}); // who looks for it meanwhile finds it
}

void TstRecoveryLogPlace::isFoundEvenDamaged()
{
    Rig rig;
    const std::string path = rig.keptLog()->path();
    std::filesystem::resize_file(path, 20);
    const std::string temporary = path + ".new";
    std::filesystem::copy_file(path, temporary);
    const auto found = rig.found();
    QCOMPARE(found.size(), std::size_t{1});
    QCOMPARE(found[0].path, path);
    QVERIFY(found[0].named && !found[0].identified);
}

void TstRecoveryLogPlace::isRemovedForGood()
{
    Rig rig;
    const std::string path = rig.keptLog()->path();
    rig.env->resetCounts();
    QVERIFY(removeRecoveryLog(*rig.env, path));
    QVERIFY(!std::filesystem::exists(path));
    QCOMPARE(rig.env->count(EnvOp::SyncDirectory), std::uint64_t{1});
    QVERIFY(removeRecoveryLog(*rig.env, path));
    rig.env->fail(EnvOp::Remove, 0, EACCES);
    QCOMPARE(removeRecoveryLog(*rig.env, path).error().code, ErrorCode::PermissionDenied);
}

void TstRecoveryLogPlace::saysWhatCannotBeLookedAt()
{
    Rig rig;
    (void)rig.keptLog();
    rig.env->fail(EnvOp::List, 0, EIO);
    const auto none = findRecoveryLogs(*rig.env, *rig.source, rig.places);
    QVERIFY(!none);
    QCOMPARE(none.error().code, ErrorCode::Io);
    // One that cannot be read hides no other.
    rig.env->fail(EnvOp::Open, 0, EIO);
    const auto found = findRecoveryLogs(*rig.env, *rig.source, rig.places);
    QVERIFY(found);
    QCOMPARE(found->size(), std::size_t{1});
    QVERIFY(found->front().named && !found->front().identified);
    // A state directory that cannot be made is told, too.
    const std::string blocked = rig.dir.write("file", {});
    RecoveryLog log(rig.env, blocked + "/state/hash", {}, rig.executor, RecoveryLogRig::atOnce(), {});
    log.note(someEdits());
    (void)rig.executor->runOne();
    QVERIFY(log.path().empty());
    QVERIFY(!log.flush(0ms));
}

QTEST_GUILESS_MAIN(TstRecoveryLogPlace)
#include "tst_recovery_log_place.moc"
