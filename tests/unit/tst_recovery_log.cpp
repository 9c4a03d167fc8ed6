// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "cachecore/edit/file_bytes.h"
#include "cachecore/write/log/recovery_log_place.h"
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
    void waitsForAStateThatIsBeingChanged();
    void isReadableByItsOwnerAlone();
    void appendsOnlyTheDifference();
    void isMadeAnewWhenItHasGrown();
    void storesAPatternOnce();
    void keepsHugeFillsSmall();
    void neverGrowsPastItsLimit();
    void saysWhichTransactionWasCommitted();
    void opensImportsAgain();
    void listsImportsApartThatChanged();

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

void TstRecoveryLog::waitsForAStateThatIsBeingChanged()
{
    RecoveryLogRig rig;
    rig.keep(edited(10, 20));
    const StagedEdits last = edited(5000, 30, 2);
    rig.log->note(edited(10, 21));
    rig.log->letGo();
    std::thread writer([&rig] { (void)rig.executor->runOne(); });
    while (rig.executor->waiting() > 0) // until the task has begun
        std::this_thread::yield();
    rig.log->note(last);
    writer.join();
    QVERIFY(rig.log->flush(0ms));
    const auto read = rig.read();
    QVERIFY(read);
    QVERIFY(same(read->edits, last));
    QCOMPARE(read->states, std::uint64_t{2}); // nothing between the first and the last was ever written
}

void TstRecoveryLog::isReadableByItsOwnerAlone()
{
    RecoveryLogRig rig;
    rig.keep(edited(0, 4));
    QCOMPARE(rig.log->path(), rig.stem + kRecoveryLogSuffix);
    QCOMPARE(systemEnv()->status(rig.log->path())->mode, 0600u);
    QCOMPARE(systemEnv()->status(rig.dir.file("state"))->mode, 0700u);
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
    QVERIFY(rig.env->count(EnvOp::SyncDirectory) >= rig.env->count(EnvOp::Rename)); // and those that lead there
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
    QCOMPARE(rig.executor->waiting(), std::size_t{0}); // trying again would not make it smaller
    QVERIFY(!rig.log->flush(std::chrono::milliseconds(0)));
    QVERIFY(std::filesystem::file_size(rig.log->path()) <= options.limit);
    QVERIFY(same(rig.read()->edits, fits));
    // What is appended may not fit and the whole may: then the file is made anew.
    const StagedEdits other = edited(0, 25000, 3);
    rig.keep(other);
    rig.executor->runAll();
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
    rig.keep(edited(40, 1));
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

QTEST_GUILESS_MAIN(TstRecoveryLog)
#include "tst_recovery_log.moc"
