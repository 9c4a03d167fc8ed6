// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "cachecore/edit/file_bytes.h"
#include "cachecore/write/recovery_log_place.h"
#include "tests/support/gate.h"
#include "tests/support/recovery_log_rig.h"

#include <QTest>

#include <cerrno>
#include <filesystem>
#include <thread>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

StagedEdits edited(std::uint64_t at, std::size_t length, std::uint64_t salt = 1)
{
    return StagedEdits().with(rangeAt(at, length), literalPiece(patternBytes(length, salt), Piece::newStamp()), {});
}

bool same(const StagedEdits &a, const StagedEdits &b)
{
    return FlatEdits(a, RecoveryLogRig::kSize) == FlatEdits(b, RecoveryLogRig::kSize);
}

} // namespace

class TstRecoveryLog : public QObject {
    Q_OBJECT

private slots:
    void holdsWhatWasNotedLast();
    void makesNoFileBeforeSomethingIsStaged();
    void isReadableByItsOwnerAlone();
    void staysWhenItEndsWithEditsStaged();
    void goesWhenItEndsWithNothingStaged();
    void appendsOnlyTheDifference();
    void isMadeAnewWhenItHasGrown();
    void storesAPatternOnce();
    void keepsHugeFillsSmall();
    void neverGrowsPastItsLimit();
    void saysWhichTransactionWasCommitted();
    void opensImportsAgain();
    void listsImportsApartThatChanged();
    void tellsOfTroubleOnceAndGoesOn();
    void waitsUntilAStateIsDueButNotToFlush();
    void writesByItselfWhenDue();
    void endsAfterABoundedWait();
    void saysWhenTheExecutorIsGone();
    void doesNothingWithoutAPlace();
    void takesNotesFromManyThreads();

private:
    const TempDir m_dir;
};

void TstRecoveryLog::holdsWhatWasNotedLast()
{
    RecoveryLogRig rig;
    const StagedEdits first = edited(10, 20);
    const StagedEdits second = first.with(rangeAt(5000, 10), patternPiece(bytesOf({1, 2, 3}), 1), {});
    rig.log->note(first);
    rig.keep(second);
    QVERIFY(rig.log->flush(0ms));
    const auto read = rig.read();
    QVERIFY(read);
    QVERIFY(same(read->edits, second));
    QVERIFY(!read->damage && read->lost.empty() && !read->committed);
    QCOMPARE(read->states, std::uint64_t{1}); // the first was outdated before it was written
    auto header = read->header;
    header.salt = rig.header.salt;
    QVERIFY(header == rig.header);
    QVERIFY(rig.troubles.empty());
}

void TstRecoveryLog::makesNoFileBeforeSomethingIsStaged()
{
    RecoveryLogRig rig;
    rig.keep({});
    QVERIFY(rig.log->path().empty());
    QVERIFY(!std::filesystem::exists(rig.dir.file("state")));
    QVERIFY(rig.log->close(0ms));
    QCOMPARE(rig.env->total(), std::uint64_t{0});
}

void TstRecoveryLog::isReadableByItsOwnerAlone()
{
    RecoveryLogRig rig;
    rig.keep(edited(0, 4));
    QCOMPARE(rig.log->path(), rig.stem + kRecoveryLogSuffix);
    QCOMPARE(systemEnv()->status(rig.log->path())->mode, 0600u);
    QCOMPARE(systemEnv()->status(rig.dir.file("state"))->mode, 0700u);
}

void TstRecoveryLog::staysWhenItEndsWithEditsStaged()
{
    RecoveryLogRig rig;
    const StagedEdits edits = edited(0, 4);
    rig.keep(edits);
    QVERIFY(rig.log->close(0ms));
    const std::string path = rig.log->path();
    rig.log->note({}); // too late
    rig.executor->runAll();
    rig.log.reset();
    QVERIFY(same(rig.readAt(path)->edits, edits));
}

void TstRecoveryLog::goesWhenItEndsWithNothingStaged()
{
    RecoveryLogRig rig;
    rig.keep(edited(0, 4));
    const std::string path = rig.log->path();
    rig.keep({});
    QVERIFY(std::filesystem::exists(path)); // the session goes on
    QVERIFY(rig.read()->edits.empty());
    QVERIFY(!rig.log->close(0ms));
    QCOMPARE(rig.executor->runAll(), std::size_t{1});
    QVERIFY(!std::filesystem::exists(path));
    QVERIFY(std::filesystem::is_empty(rig.dir.file("state")));
}

void TstRecoveryLog::appendsOnlyTheDifference()
{
    RecoveryLogRig rig;
    StagedEdits edits;
    for (std::uint64_t i = 0; i < 1000; ++i)
        edits = edits.with(rangeAt(i * 20, 10), literalPiece(patternBytes(10, i), Piece::newStamp()), {});
    rig.keep(edits);
    const auto size = std::filesystem::file_size(rig.log->path());
    const auto opens = rig.env->count(EnvOp::Open);
    rig.env->resetCounts();
    edits = edits.with(rangeAt(777, 1), literalPiece(patternBytes(1), Piece::newStamp()), {});
    rig.keep(edits);
    QVERIFY(std::filesystem::file_size(rig.log->path()) < size + 300);
    QCOMPARE(rig.env->count(EnvOp::Write), std::uint64_t{1});
    QCOMPARE(rig.env->count(EnvOp::DataSync), std::uint64_t{1});
    QCOMPARE(rig.env->total(), std::uint64_t{2});
    QCOMPARE(opens, std::uint64_t{1});
    QVERIFY(same(rig.read()->edits, edits));
}

void TstRecoveryLog::isMadeAnewWhenItHasGrown()
{
    RecoveryLogRig rig;
    rig.keep(edited(0, 60000, 1));
    std::uint64_t largest = 0;
    StagedEdits edits;
    for (std::uint64_t i = 0; i < 100; ++i) {
        edits = edited(i, 60000, i);
        rig.keep(edits);
        largest = std::max<std::uint64_t>(largest, std::filesystem::file_size(rig.log->path()));
    }
    QVERIFY(largest < 1'500'000);
    QVERIFY(rig.env->count(EnvOp::Rename) >= 4);
    QVERIFY(rig.env->count(EnvOp::Rename) < 20);
    QCOMPARE(rig.env->count(EnvOp::SyncDirectory), rig.env->count(EnvOp::Rename));
    QVERIFY(same(rig.read()->edits, edits));
    // Nothing else is left.
    QCOMPARE(systemEnv()->list(rig.dir.file("state"))->size(), std::size_t{1});
}

void TstRecoveryLog::storesAPatternOnce()
{
    RecoveryLogRig rig;
    const auto pattern = shared(patternBytes(3'000'000));
    Piece piece = Piece::patternOf(pattern);
    StagedEdits edits = StagedEdits().with(rangeAt(0, 64 << 10), piece, {});
    for (std::uint64_t i = 0; i < 100; ++i)
        edits = edits.with(rangeAt(100 + i * 500, 1), literalPiece(bytesOf({7}), Piece::newStamp()), {});
    rig.keep(edits);
    QVERIFY(std::filesystem::file_size(rig.log->path()) < 3'100'000);
    QVERIFY(same(rig.read()->edits, edits));
}

void TstRecoveryLog::keepsHugeFillsSmall()
{
    RecoveryLogRig rig;
    const ByteRange huge(ByteOffset(5), ByteOffset(kMaxSourceSize));
    Piece random = Piece::generatedBy({Generator::Kind::Random, 8, 99, 1});
    StagedEdits edits = StagedEdits().with(huge, patternPiece(bytesOf({1, 2, 3}), 1), {});
    edits = edits.with(ByteRange(ByteOffset(1 << 20), ByteOffset(std::uint64_t{1} << 62)), random, {});
    rig.keep(edits);
    QVERIFY(std::filesystem::file_size(rig.log->path()) < 2000);
    const auto read = rig.read();
    QVERIFY(read);
    QCOMPARE(read->edits.byteCount(), edits.byteCount());
    for (const std::uint64_t at :
         {std::uint64_t{5}, std::uint64_t{1} << 20, (std::uint64_t{1} << 62) - 3, kMaxSourceSize - 100}) {
        std::vector<std::byte> expected(100);
        std::vector<std::byte> got(100);
        edits.overlay(ByteOffset(at), expected);
        read->edits.overlay(ByteOffset(at), got);
        QVERIFY(got == expected);
    }
}

void TstRecoveryLog::neverGrowsPastItsLimit()
{
    auto options = RecoveryLogRig::atOnce();
    options.limit = 30000;
    RecoveryLogRig rig(options);
    const StagedEdits fits = edited(0, 20000, 1);
    rig.keep(fits);
    const StagedEdits large = edited(0, 40000, 2);
    rig.keep(large);
    QCOMPARE(rig.troubles.size(), std::size_t{1});
    QCOMPARE(rig.troubles[0].code, ErrorCode::NoSpace);
    QCOMPARE(rig.troubles[0].systemError, 0);
    QCOMPARE(rig.troubles[0].path, rig.log->path());
    QVERIFY(std::filesystem::file_size(rig.log->path()) <= options.limit);
    QVERIFY(same(rig.read()->edits, fits));
    // What is appended may not fit and the whole may: then the file is made anew.
    const StagedEdits other = edited(0, 25000, 3);
    rig.keep(other);
    QVERIFY(same(rig.read()->edits, other));
    QVERIFY(std::filesystem::file_size(rig.log->path()) <= options.limit);
    QCOMPARE(rig.troubles.size(), std::size_t{1});
}

void TstRecoveryLog::saysWhichTransactionWasCommitted()
{
    RecoveryLogRig rig;
    rig.keep(edited(0, 10));
    CommittedTransaction first{{}, {1, 2, 3, 4}};
    CommittedTransaction second{{}, {5, 6, 7, 8}};
    first.id.fill(std::byte{1});
    second.id.fill(std::byte{2});
    rig.log->noteCommitted(edited(20, 10), first);
    rig.log->noteCommitted(edited(20, 5), second);
    rig.executor->runAll();
    const auto read = rig.read();
    QVERIFY(read->committed == second.id);
    QVERIFY(read->header.fingerprint == second.fingerprint);
    QVERIFY(same(read->edits, edited(20, 5)));
    rig.keep({});
    QVERIFY(rig.read()->committed == second.id);
    // A file made anew begins with the source's state after it.
    rig.env->fail(EnvOp::DataSync, 0, EIO);
    rig.keep(edited(1, 1));
    rig.executor->runAll();
    QCOMPARE(rig.troubles.size(), std::size_t{1});
    QVERIFY(!rig.read()->committed);
    QVERIFY(rig.read()->header.fingerprint == second.fingerprint);
}

void TstRecoveryLog::opensImportsAgain()
{
    RecoveryLogRig rig;
    const auto content = patternBytes(30000, 4);
    const std::string path = m_dir.write("import", content);
    const auto executor = std::make_shared<ThreadExecutor>(1);
    const auto open = [&](const std::string &file) -> Result<std::shared_ptr<const ExternalBytes>> {
        auto bytes = FileBytes::import(systemEnv(), file, {executor, {}});
        if (!bytes)
            return failure(bytes.error());
        return std::shared_ptr<const ExternalBytes>(std::move(*bytes));
    };
    const auto file = open(path);
    QVERIFY(file);
    const auto base = Base::ofBytes(shared(patternBytes(20000, 5)));
    const StagedEdits edits = StagedEdits().with(rangeAt(100, 20000), Piece::externalFrom(*file, 7000),
                                                 RangeTree<Base>().with(rangeAt(100, 20000), base));
    rig.keep(edits);
    QVERIFY(std::filesystem::file_size(rig.log->path()) < 22000); // the base, and a name
    const auto read = readRecoveryLog(*systemEnv(), rig.log->path(), open);
    QVERIFY(read && read->lost.empty());
    QVERIFY(same(read->edits, edits));
    QVERIFY(read->edits.invariantsHold());
}

void TstRecoveryLog::listsImportsApartThatChanged()
{
    RecoveryLogRig rig;
    const std::string gone = m_dir.file("gone");
    const auto external
        = std::make_shared<NamedExternal>(patternBytes(100), ExternalOrigin{gone, SourceFingerprint{100, 1, 1, 1}});
    const StagedEdits kept = edited(0, 50);
    StagedEdits edits = kept.with(rangeAt(1000, 50), Piece::externalFrom(external, 0), {});
    edits = edits.with(rangeAt(2000, 50), Piece::externalFrom(rig.named, 0), {});
    rig.keep(edits);
    auto read = rig.read();
    QVERIFY(read);
    QCOMPARE(read->lost.size(), std::size_t{1});
    QCOMPARE(read->lost[0].range, rangeAt(1000, 50));
    QCOMPARE(read->lost[0].error.code, ErrorCode::NotFound);
    QCOMPARE(read->lost[0].error.path, gone);
    QVERIFY(same(read->edits, edits.without(rangeAt(1000, 50))));

    // There, and not what it was.
    read = readRecoveryLog(*systemEnv(), rig.log->path(),
                           [](const std::string &file) -> Result<std::shared_ptr<const ExternalBytes>> {
                               return std::make_shared<NamedExternal>(
                                   patternBytes(100), ExternalOrigin{file, SourceFingerprint{100, 2, 2, 2}});
                           });
    QVERIFY(read);
    QCOMPARE(read->lost.size(), std::size_t{2});
    QCOMPARE(read->lost[1].error.code, ErrorCode::Changed);
    QVERIFY(same(read->edits, kept));
}

void TstRecoveryLog::tellsOfTroubleOnceAndGoesOn()
{
    RecoveryLogRig rig;
    const StagedEdits first = edited(0, 10);
    rig.keep(first);
    rig.env->fail(EnvOp::DataSync, 0, EIO, Repeat::ForGood);
    const StagedEdits second = edited(0, 20, 2);
    rig.keep(second);
    for (int i = 0; i < 5; ++i)
        QVERIFY(rig.executor->runOne()); // tried again
    QCOMPARE(rig.troubles.size(), std::size_t{1});
    QCOMPARE(rig.troubles[0].systemError, EIO);
    QCOMPARE(rig.troubles[0].operation, Operation::Journal);
    QCOMPARE(rig.troubles[0].path, rig.log->path());
    rig.env->clearFailures();
    QVERIFY(rig.executor->runOne());
    QCOMPARE(rig.executor->waiting(), std::size_t{0});
    QVERIFY(rig.log->flush(0ms));
    QVERIFY(same(rig.read()->edits, second));
    rig.env->fail(EnvOp::Write, 0, ENOSPC);
    rig.keep(first);
    QCOMPARE(rig.troubles.size(), std::size_t{2});
    QCOMPARE(rig.troubles[1].code, ErrorCode::NoSpace);
    QCOMPARE(rig.troubles[1].systemError, ENOSPC);
}

void TstRecoveryLog::waitsUntilAStateIsDueButNotToFlush()
{
    RecoveryLogRig rig;
    const auto executor = std::make_shared<ThreadExecutor>(1);
    RecoveryLog::Options options;
    options.behind = 1h;
    RecoveryLog log(rig.env, rig.stem, rig.header, executor, options, {});
    const StagedEdits edits = edited(3, 10);
    log.note(edits);
    log.note(edits.without(rangeAt(3, 1)));
    QVERIFY(log.path().empty());
    QVERIFY(log.flush(60s));
    QVERIFY(same(rig.readAt(log.path())->edits, edits.without(rangeAt(3, 1))));
    log.note({});
    const std::string path = log.path();
    QVERIFY(log.close(60s));
    QVERIFY(!std::filesystem::exists(path));
}

void TstRecoveryLog::writesByItselfWhenDue()
{
    RecoveryLogRig rig;
    const auto executor = std::make_shared<ThreadExecutor>(1);
    Gate synced;
    rig.env->setHook([&](EnvOp op) {
        if (op == EnvOp::SyncDirectory)
            synced.open();
    });
    RecoveryLog::Options options;
    options.behind = 100ms;
    RecoveryLog log(rig.env, rig.stem, rig.header, executor, options, {});
    const auto before = std::chrono::steady_clock::now();
    log.note(edited(3, 10));
    synced.pass();
    QVERIFY(std::chrono::steady_clock::now() - before >= 100ms);
    QVERIFY(log.flush(60s));
    QVERIFY(same(rig.readAt(log.path())->edits, edited(3, 10)));
}

void TstRecoveryLog::endsAfterABoundedWait()
{
    RecoveryLogRig rig;
    const auto executor = std::make_shared<ThreadExecutor>(1);
    const auto gate = std::make_shared<Gate>();
    rig.env->setGate(EnvOp::DataSync, gate);
    auto log = std::make_unique<RecoveryLog>(rig.env, rig.stem, rig.header, executor, RecoveryLogRig::atOnce(),
                                             RecoveryLog::Trouble());
    log->note(edited(3, 10));
    QVERIFY(gate->waitForWaiting(1));
    const auto flushed = log->flush(10ms);
    QVERIFY(!flushed);
    QCOMPARE(flushed.error().code, ErrorCode::Busy);
    QVERIFY(!log->close(10ms));
    log.reset(); // the task goes on by itself
    gate->open();
    QVERIFY(executor->shutDown(60s));
    QVERIFY(same(rig.readAt(rig.stem + kRecoveryLogSuffix)->edits, edited(3, 10)));
}

void TstRecoveryLog::saysWhenTheExecutorIsGone()
{
    RecoveryLogRig rig;
    rig.executor->shutDown();
    rig.log->note(edited(3, 10));
    const auto flushed = rig.log->flush(60s);
    QVERIFY(!flushed);
    QCOMPARE(flushed.error().code, ErrorCode::Closed);
    QVERIFY(!rig.log->close(60s));
}

void TstRecoveryLog::doesNothingWithoutAPlace()
{
    RecoveryLogRig rig;
    RecoveryLog log(rig.env, {}, rig.header, rig.executor, {}, {});
    log.note(edited(3, 10));
    QCOMPARE(rig.executor->waiting(), std::size_t{0});
    QVERIFY(log.flush(0ms));
    QVERIFY(log.close(0ms));
    QCOMPARE(rig.env->total(), std::uint64_t{0});
}

void TstRecoveryLog::takesNotesFromManyThreads()
{
    RecoveryLogRig rig;
    const auto executor = std::make_shared<ThreadExecutor>(2);
    RecoveryLog log(rig.env, rig.stem, rig.header, executor, RecoveryLogRig::atOnce(), {});
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t t = 0; t < 3; ++t) {
            threads.emplace_back([&, t] {
                StagedEdits edits;
                for (std::uint64_t i = 0; i < 100; ++i) {
                    edits = edits.with(rangeAt(t * 10000 + i * 7, 5), literalPiece(patternBytes(5, i), i), {});
                    log.note(edits);
                    if (i % 25 == 0)
                        (void)log.flush(60s);
                }
            });
        }
    }
    const StagedEdits last = edited(1, 1);
    log.note(last);
    QVERIFY(log.flush(60s));
    QVERIFY(same(rig.readAt(log.path())->edits, last));
}

QTEST_GUILESS_MAIN(TstRecoveryLog)
#include "tst_recovery_log.moc"
