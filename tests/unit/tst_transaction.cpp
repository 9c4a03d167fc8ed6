// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/recovery.h"
#include "tests/support/write_rig.h"

#include <QTest>

#include <algorithm>
#include <set>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Kind = TransactionEnd::Kind;
using State = Transaction::State;

StagedEdits fill(const StagedEdits &edits, std::uint64_t at, std::uint64_t length, int value)
{
    Piece piece = patternPiece(bytesOf({value}), Piece::newStamp());
    return edits.with(rangeAt(at, length), std::move(piece), {});
}

/// One piece of each kind, two of them adjoining, on a disk of 200,000 bytes.
StagedEdits oneOfEachKind(const std::shared_ptr<const ExternalBytes> &file)
{
    StagedEdits edits;
    edits = edits.with(rangeAt(5, 3), literalPiece(bytesOf({1, 2, 3}), 1), {});
    edits = edits.with(rangeAt(8, 700), patternPiece(bytesOf({4, 5, 6}), 2), {});
    edits = edits.with(rangeAt(70'000, 9'001), Piece::generatedBy({Generator::Kind::Increment, 4, 0x01020304U, 3}), {});
    edits = edits.with(rangeAt(100'100, 20'000), Piece::externalFrom(file, 77), {});
    return edits.with(rangeAt(199'990, 10), literalPiece(patternBytes(10, 9), 3), {});
}

std::vector<std::byte> read(const RangeTree<Piece> &pieces, ByteRange range)
{
    std::vector<std::byte> bytes(range.length());
    pieces.forEach(range, [&](ByteRange part, const Piece &piece) {
        return piece.readTo(0, std::span(bytes).subspan(part.begin() - range.begin(), part.length())).has_value();
    });
    return bytes;
}

/// Three extents in different places, one of them with a base.
StagedEdits threeExtents(const std::vector<std::byte> &disk)
{
    const auto seen = shared({disk.begin() + 9'000, disk.begin() + 14'000});
    StagedEdits edits = fill({}, 5, 5'000, 0x77);
    edits = edits.with(rangeAt(9'000, 5'000), patternPiece(bytesOf({9, 8, 7}), 2),
                       RangeTree<Base>().with(rangeAt(9'000, 5'000), Base::ofBytes(seen)));
    return fill(edits, 40'000, 100, 0x55);
}

} // namespace

class TestTransaction : public QObject {
    Q_OBJECT

private slots:
    void bringsEveryKindOfPieceToTheTarget_data();
    void bringsEveryKindOfPieceToTheTarget();
    void keepsItsPromisesInEveryState_data();
    void keepsItsPromisesInEveryState();
    void keepsManyOldBytesInTheRetiredJournal();
    void keepsNoOldBytesBeyondTheLimit();
    void refusesWhatItMustNotWrite();
    void noticesThatTheTargetWasReplacedMeanwhile_data();
    void noticesThatTheTargetWasReplacedMeanwhile();
    void refusesWhileAJournalIsUnsettled();
    void findsConflictsBeforeAnythingIsTouched_data();
    void findsConflictsBeforeAnythingIsTouched();
    void bytesThatAlreadyAreNewAreNoConflict_data();
    void bytesThatAlreadyAreNewAreNoConflict();
    void noticesThatAnImportChanged_data();
    void noticesThatAnImportChanged();
    void badSectorsBetweenExtentsStopNothing();
    void rollsBackWhatItCannotVerify();
    void leavesWhatSomebodyElseWroteMeanwhile_data();
    void leavesWhatSomebodyElseWroteMeanwhile();
    void rewritesEveryByteAfterAFailedSync();
    void rollsBackACancelAtAnyMoment();
    void promisesThatNoByteIsLostWhenRollingBackFails();
    void saysWhatRemainsWhenRollingBackFails();
    void committedIsSaidAlsoWhenTheJournalStays();
    void saysWhenTheJournalMayReturn_data();
    void saysWhenTheJournalMayReturn();
    void saysWhenNothingRandomCanBeHad();
    void memoryNeedsNoNamedJournal();
};

void TestTransaction::bringsEveryKindOfPieceToTheTarget_data()
{
    QTest::addColumn<unsigned>("granularity");
    QTest::addColumn<unsigned>("physicalBlock");
    for (const unsigned granularity : {1U, 512U, 4096U})
        for (const unsigned physicalBlock : {4096U, 65536U})
            QTest::addRow("granularity %u, unit %u", granularity, physicalBlock) << granularity << physicalBlock;
}

void TestTransaction::bringsEveryKindOfPieceToTheTarget()
{
    QFETCH(unsigned, granularity);
    QFETCH(unsigned, physicalBlock);
    const auto disk = patternBytes(200'000);
    WriteRig rig(disk, granularity, physicalBlock);
    const StagedEdits edits = oneOfEachKind(std::make_shared<TestExternal>(patternBytes(30'000, 5)));
    const auto end = rig.commit(edits);
    QCOMPARE(end.kind, Kind::Committed);
    QVERIFY(!end.error);
    QVERIFY(rig.promisesHeld);
    QVERIFY(rig.bytes() == overlaid(disk, edits));
    QVERIFY(rig.journals().empty());
    QCOMPARE(end.writes, rig.faults->writes().size());
    ByteOffset reached;
    for (const ByteRange write : rig.faults->writes()) {
        QVERIFY(reached <= write.begin());
        reached = write.end();
        QVERIFY(write.end().alignedDown(granularity) <= write.end() && edits.anyIn(write));
        if (granularity == 1)
            QCOMPARE(edits.byteCountIn(write), write.length());
    }
    QCOMPARE(rig.oldBytes.byteCount(), edits.byteCount());
    edits.forEachPiece(edits.span(), [&](ByteRange range, const Piece &) {
        const auto first = disk.begin() + static_cast<std::ptrdiff_t>(range.begin().value());
        const std::vector<std::byte> old(first, first + static_cast<std::ptrdiff_t>(range.length()));
        return rig.oldBytes.byteCountIn(range) == range.length() && read(rig.oldBytes, range) == old;
    });
    QVERIFY(read(rig.oldBytes, rangeAt(199'990, 10)) == std::vector<std::byte>(disk.end() - 10, disk.end()));
    QCOMPARE(rig.retiredBytes, 0U);
}

void TestTransaction::keepsItsPromisesInEveryState_data()
{
    QTest::addColumn<bool>("damaged");
    QTest::newRow("to the end") << false;
    QTest::newRow("and back") << true;
}

void TestTransaction::keepsItsPromisesInEveryState()
{
    QFETCH(bool, damaged);
    const auto disk = patternBytes(60'000);
    WriteRig rig(disk);
    const StagedEdits edits = threeExtents(disk);
    std::set<State> seen;
    const auto end = rig.commit(edits, [&](Transaction &transaction) {
        const auto look = [&seen, &transaction, damaged, looking = std::make_shared<bool>(false)] {
            if (std::exchange(*looking, true)) // looking is done through the same source and Env
                return;
            seen.insert(transaction.state());
            // Between the damage and its discovery a promise is broken.
            QVERIFY2(transaction.invariantsHold() || (damaged && transaction.state() == State::Synced),
                     qPrintable(QString("state %1").arg(static_cast<int>(transaction.state()))));
            *looking = false;
        };
        rig.env.setHook([look](EnvOp) { look(); });
        rig.target.setHook([&rig, &disk, &transaction, damaged, look](SourceOp op) {
            look();
            if (damaged && op == SourceOp::Sync && transaction.state() == State::Written) {
                auto bytes = rig.bytes();
                bytes[9'500] = disk[9'500]; // the medium lost it
                rig.setBytes(bytes);
            }
        });
    });
    QVERIFY(rig.promisesHeld);
    QCOMPARE(end.kind, damaged ? Kind::RolledBack : Kind::Committed);
    QVERIFY(rig.bytes() == (damaged ? disk : overlaid(disk, edits)));
    std::set<State> wanted{State::Idle, State::Checked, State::Prepared, State::Armed, State::Written, State::Synced};
    wanted.insert(damaged ? State::RollingBack : State::Verified);
    QVERIFY(seen == wanted);
}

void TestTransaction::keepsManyOldBytesInTheRetiredJournal()
{
    const auto disk = patternBytes(std::size_t{3} << 20);
    WriteRig rig(disk);
    StagedEdits edits = fill({}, 1000, std::size_t{2} << 20, 0xAB);
    edits = fill(edits, (std::size_t{2} << 20) + 50'000, 100, 0xCD).without(rangeAt(5000, 10));
    QCOMPARE(rig.commit(edits).kind, Kind::Committed);
    QVERIFY(rig.retiredBytes > edits.byteCount());
    QCOMPARE(rig.oldBytes.byteCount(), edits.byteCount());
    QVERIFY(rig.oldBytes.invariantsHold());
    auto restored = rig.bytes();
    rig.oldBytes.forEach(rig.oldBytes.span(), [&](ByteRange range, const Piece &piece) {
        return piece.readTo(0, std::span(restored).subspan(range.begin().value(), range.length())).has_value();
    });
    QVERIFY(restored == disk);
    QVERIFY(rig.journals().empty());
}

void TestTransaction::keepsNoOldBytesBeyondTheLimit()
{
    WriteRig rig(patternBytes(std::size_t{3} << 20));
    rig.keepRetiredLimit = std::size_t{2} << 20;
    QCOMPARE(rig.commit(fill({}, 0, std::size_t{2} << 20, 1)).kind, Kind::Committed);
    QVERIFY(rig.oldBytes.empty());
    QCOMPARE(rig.retiredBytes, 0U);
}

void TestTransaction::refusesWhatItMustNotWrite()
{
    const auto disk = patternBytes(10'000);
    const StagedEdits edits = fill({}, 9'000, 1'000, 1);
    const auto expect = [&](WriteRig &rig, ErrorCode code, const std::optional<ByteRange> &range) {
        rig.faults->clearLogs();
        const auto end = rig.commit(edits);
        QCOMPARE(end.kind, Kind::Untouched);
        QCOMPARE(rig.state, State::Untouched);
        QCOMPARE(end.error->code, code);
        if (range)
            QCOMPARE(end.error->range, range);
        QVERIFY(rig.faults->writes().empty());
        QVERIFY(rig.journals().empty());
    };
    WriteRig readOnly(disk);
    readOnly.target.makeReadOnly(Error::fromErrno(EACCES, Operation::Open));
    expect(readOnly, ErrorCode::ReadOnly, rangeAt(9'000, 1'000));
    WriteRig held(disk);
    Error holder = Error::of(ErrorCode::Held, Operation::Lock);
    holder.holder = "qemu (process 7)";
    held.target.makeReadOnly(holder);
    expect(held, ErrorCode::Held, {});
    QCOMPARE(held.commit(edits).error->holder, std::string("qemu (process 7)"));
    WriteRig shared(disk);
    shared.faults->fail(SourceOp::CheckHolders, 0, EIO);
    expect(shared, ErrorCode::Io, {});
    WriteRig replaced(disk);
    replaced.target.setHook([&](SourceOp op) {
        if (op == SourceOp::CheckStillNamed)
            replaced.faults->fail(SourceOp::CheckStillNamed, 0, ESTALE);
    });
    expect(replaced, ErrorCode::Io, {});
    WriteRig truncated(disk);
    truncated.target.setHook([&](SourceOp op) {
        if (op == SourceOp::CheckStillNamed)
            truncated.memory->resize(9'400);
    });
    expect(truncated, ErrorCode::Truncated, rangeAt(9'400, 600));
    WriteRig cutLater(disk);
    cutLater.target.setHook([&](SourceOp op) {
        if (op == SourceOp::Fingerprint)
            cutLater.memory->resize(9'400);
    });
    expect(cutLater, ErrorCode::Truncated, rangeAt(9'400, 600));
}

void TestTransaction::noticesThatTheTargetWasReplacedMeanwhile_data()
{
    QTest::addColumn<quint64>("check");
    QTest::addColumn<bool>("written");
    QTest::newRow("while the journal was made") << quint64{1} << false;
    QTest::newRow("while it was written or read back") << quint64{2} << true;
}

void TestTransaction::noticesThatTheTargetWasReplacedMeanwhile()
{
    QFETCH(quint64, check);
    QFETCH(bool, written);
    const auto disk = patternBytes(64 * 1024);
    WriteRig rig(disk);
    rig.faults->fail(SourceOp::CheckStillNamed, check, ESTALE);
    const auto end = rig.commit(threeExtents(disk));
    QCOMPARE(end.kind, written ? Kind::RolledBack : Kind::Untouched);
    QCOMPARE(end.error->systemError, ESTALE);
    QCOMPARE(rig.faults->writes().empty(), !written);
    QVERIFY(rig.promisesHeld);
    QVERIFY(rig.bytes() == disk);
    QVERIFY(rig.journals().empty());
}

void TestTransaction::refusesWhileAJournalIsUnsettled()
{
    const auto disk = patternBytes(10'000);
    WriteRig rig(disk);
    const StagedEdits edits = fill({}, 100, 10, 1);
    const std::string path = rig.armJournal(edits);
    auto end = rig.commit(edits);
    QCOMPARE(end.kind, Kind::Untouched);
    QCOMPARE(end.error->code, ErrorCode::NeedsRecovery);
    QCOMPARE(end.error->path, path);
    QVERIFY(rig.journals() == std::vector<std::string>{path});
    // In the place that is not preferred as well.
    rig.places.preference = JournalPlaces::Preference::StateDirectory;
    QCOMPARE(rig.commit(edits).error->code, ErrorCode::NeedsRecovery);
    // Whatever it holds.
    (void)rig.directory.write(path.substr(path.rfind('/') + 1), patternBytes(100));
    QCOMPARE(rig.commit(edits).error->code, ErrorCode::NeedsRecovery);
    QVERIFY(systemEnv()->remove(path));
    QCOMPARE(rig.commit(edits).kind, Kind::Committed);
}

void TestTransaction::findsConflictsBeforeAnythingIsTouched_data()
{
    QTest::addColumn<bool>("hashes");
    QTest::newRow("seen bytes") << false;
    QTest::newRow("seen hashes") << true;
}

void TestTransaction::findsConflictsBeforeAnythingIsTouched()
{
    QFETCH(bool, hashes);
    const auto disk = patternBytes(64 * 1024);
    const ByteRange late = rangeAt(32 * 1024, 8192);
    const auto part = std::span(disk).subspan(32 * 1024, 8192);
    Base base = Base::ofBytes(shared({part.begin(), part.end()}));
    if (hashes)
        base = Base::ofHashes(std::make_shared<const std::vector<Hash128>>(
            std::vector<Hash128>{hash128(part.first(4096)), hash128(part.subspan(4096))}));
    StagedEdits edits = fill({}, 0, 10, 1);
    edits = edits.with(late, patternPiece(bytesOf({2}), 2), RangeTree<Base>().with(late, base));
    edits = edits.without(rangeAt(36 * 1024 + 1, 7)); // so that a hash speaks of a block that is staged in parts
    auto changed = disk;
    changed[32 * 1024 + 8191] ^= std::byte{0x80};
    WriteRig rig(changed);
    const auto end = rig.commit(edits);
    QCOMPARE(end.kind, Kind::Untouched);
    QCOMPARE(end.error->code, ErrorCode::Changed);
    QCOMPARE(end.error->operation, Operation::Compare);
    QCOMPARE(end.error->range, hashes ? rangeAt(36 * 1024, 4096) : rangeAt(40 * 1024 - 1, 1));
    QVERIFY(rig.faults->writes().empty());
    QVERIFY(rig.journals().empty());
    QVERIFY(rig.promisesHeld);
    QVERIFY(rig.bytes() == changed);
    WriteRig same(disk);
    QCOMPARE(same.commit(edits).kind, Kind::Committed);
}

void TestTransaction::bytesThatAlreadyAreNewAreNoConflict_data()
{
    findsConflictsBeforeAnythingIsTouched_data();
}

void TestTransaction::bytesThatAlreadyAreNewAreNoConflict()
{
    QFETCH(bool, hashes);
    const auto disk = patternBytes(8192);
    const ByteRange range = rangeAt(0, 4096);
    const auto part = std::span(disk).first(4096);
    const Base base = hashes
        ? Base::ofHashes(std::make_shared<const std::vector<Hash128>>(std::vector<Hash128>{hash128(part)}))
        : Base::ofBytes(shared({part.begin(), part.end()}));
    const auto file = std::make_shared<TestExternal>(patternBytes(5000, 3));
    StagedEdits edits = StagedEdits().with(range, Piece::externalFrom(file, 10), RangeTree<Base>().with(range, base));
    edits = edits.without(rangeAt(0, 100));
    auto now = overlaid(disk, edits);
    if (!hashes) // where the bytes are known, each for itself may be old or new
        std::ranges::copy(part.subspan(1000, 500), now.begin() + 1000);
    WriteRig rig(now);
    QCOMPARE(rig.commit(edits).kind, Kind::Committed);
    QVERIFY(rig.bytes() == overlaid(disk, edits));
    QVERIFY(read(rig.oldBytes, rangeAt(100, 3996)) == std::vector<std::byte>(now.begin() + 100, now.begin() + 4096));
}

void TestTransaction::noticesThatAnImportChanged_data()
{
    QTest::addColumn<int>("check");
    QTest::newRow("before the journal") << 0;
    QTest::newRow("while it was made") << 1;
}

void TestTransaction::noticesThatAnImportChanged()
{
    QFETCH(int, check);
    const auto disk = patternBytes(200'000);
    WriteRig rig(disk);
    const auto file = std::make_shared<TestExternal>(patternBytes(30'000, 5));
    file->changeAtCheck(check);
    const auto end = rig.commit(oneOfEachKind(file));
    QCOMPARE(end.kind, Kind::Untouched);
    QCOMPARE(end.error->code, ErrorCode::Changed);
    QCOMPARE(end.error->operation, Operation::Import);
    QVERIFY(rig.faults->writes().empty());
    QVERIFY(rig.journals().empty());
    QVERIFY(rig.bytes() == disk);
}

void TestTransaction::badSectorsBetweenExtentsStopNothing()
{
    const auto disk = patternBytes(64 * 1024);
    WriteRig rig(disk);
    const StagedEdits edits = fill(fill({}, 100, 10, 1), 40'000, 10, 2);
    rig.faults->addBadRange(rangeAt(20'000, 512));
    QCOMPARE(rig.commit(edits).kind, Kind::Committed);
    QVERIFY(rig.bytes() == overlaid(disk, edits));
    rig.faults->addBadRange(rangeAt(40'448, 512)); // in a unit that would have to be journalled
    const auto end = rig.commit(fill(fill({}, 100, 10, 3), 40'000, 10, 4));
    QCOMPARE(end.kind, Kind::Untouched);
    QCOMPARE(end.error->code, ErrorCode::Io);
    QVERIFY(end.error->range && end.error->range->contains(ByteOffset(40'448)));
}

void TestTransaction::rollsBackWhatItCannotVerify()
{
    const auto disk = patternBytes(64 * 1024);
    WriteRig rig(disk);
    rig.target.setHook([&](SourceOp op) {
        if (op != SourceOp::Sync)
            return;
        auto bytes = rig.bytes();
        bytes[105] = disk[105]; // one of the written bytes never reached the medium
        rig.setBytes(bytes);
        rig.target.setHook({});
    });
    const auto end = rig.commit(fill({}, 100, 10, 1));
    QCOMPARE(end.kind, Kind::RolledBack);
    QCOMPARE(end.error->operation, Operation::Verify);
    QCOMPARE(end.error->range, rangeAt(0, 4096));
    QVERIFY(rig.promisesHeld);
    QVERIFY(rig.bytes() == disk);
    QVERIFY(rig.journals().empty());
}

void TestTransaction::leavesWhatSomebodyElseWroteMeanwhile_data()
{
    QTest::addColumn<qsizetype>("at");
    QTest::addColumn<bool>("cancelled");
    for (const bool cancelled : {true, false}) {
        QTest::addRow("beside the edits, %s", cancelled ? "cancelled" : "failed") << qsizetype{3} << cancelled;
        QTest::addRow("among them, %s", cancelled ? "cancelled" : "failed") << qsizetype{105} << cancelled;
    }
}

void TestTransaction::leavesWhatSomebodyElseWroteMeanwhile()
{
    QFETCH(qsizetype, at);
    QFETCH(bool, cancelled);
    const auto disk = patternBytes(64 * 1024);
    const auto place = static_cast<std::size_t>(at);
    const std::byte theirs = disk[place] ^ std::byte{0x80};
    WriteRig rig(disk);
    rig.target.setHook([&](SourceOp op) {
        if (op != SourceOp::Sync)
            return;
        auto bytes = rig.bytes();
        bytes[place] = theirs;
        rig.setBytes(bytes);
        if (cancelled)
            rig.stop.request_stop();
        rig.target.setHook({});
    });
    // Two units that share an extent with the one in question, and one in another.
    const StagedEdits edits = fill(fill(fill({}, 100, 10, 1), 5'000, 10, 2), 40'000, 10, 3);
    const auto end = rig.commit(edits);
    QCOMPARE(end.kind, Kind::NeedsRecovery);
    QCOMPARE(end.error->code, cancelled ? ErrorCode::Cancelled : ErrorCode::Io);
    QVERIFY(end.rollBackError);
    QCOMPARE(end.rollBackError->code, ErrorCode::Changed);
    QCOMPARE(end.rollBackError->operation, Operation::RollBack);
    QCOMPARE(end.rollBackError->range, rangeAt(0, 4096));
    QVERIFY(rig.promisesHeld);
    QCOMPARE(rig.journals(), std::vector<std::string>{end.journalPath});
    auto expected = disk; // every other unit is as it was
    const auto written = overlaid(disk, edits);
    std::copy_n(written.begin(), 4096, expected.begin());
    expected[place] = theirs;
    QVERIFY(rig.bytes() == expected);
    // Recovery sees the same, and asks.
    const auto report = inspectJournal(rig.env, rig.target, end.journalPath, rig.progress);
    QVERIFY(report);
    QCOMPARE(report->count(UnitCondition::Foreign), 1U);
    QCOMPARE(report->count(UnitCondition::Old), 2U);
}

void TestTransaction::rewritesEveryByteAfterAFailedSync()
{
    const auto disk = patternBytes(64 * 1024);
    WriteRig rig(disk);
    const StagedEdits edits = threeExtents(disk);
    rig.faults->fail(SourceOp::Sync, 0, EIO);
    rig.target.setHook([&](SourceOp op) {
        // The system gives the old bytes back, as one that dropped what it could not write may do.
        if (op == SourceOp::Sync && rig.faults->count(SourceOp::Sync) == 0)
            rig.setBytes(disk);
    });
    const auto end = rig.commit(edits);
    QCOMPARE(end.kind, Kind::RolledBack);
    QCOMPARE(end.error->operation, Operation::Sync);
    QVERIFY(rig.bytes() == disk);
    const auto writes = rig.faults->writes();
    QCOMPARE(writes.size() % 2, 0U);
    const auto half = static_cast<std::ptrdiff_t>(writes.size() / 2);
    QVERIFY(std::ranges::equal(writes.begin(), writes.begin() + half, writes.begin() + half, writes.end()));
}

void TestTransaction::rollsBackACancelAtAnyMoment()
{
    const auto disk = patternBytes(64 * 1024);
    const StagedEdits edits = threeExtents(disk);
    const auto wanted = overlaid(disk, edits);
    std::set<Kind> ends;
    std::uint64_t nth = 0;
    for (bool cancelled = true; cancelled; ++nth) {
        WriteRig rig(disk);
        std::uint64_t count = 0;
        const auto tick = [&] {
            if (count++ == nth)
                rig.stop.request_stop();
        };
        rig.env.setHook([&](EnvOp) { tick(); });
        rig.target.setHook([&](SourceOp) { tick(); });
        const auto end = rig.commit(edits);
        cancelled = count > nth;
        ends.insert(end.kind);
        QVERIFY(end.kind != Kind::NeedsRecovery && rig.promisesHeld);
        if (end.kind != Kind::Committed)
            QCOMPARE(end.error->code, ErrorCode::Cancelled);
        QVERIFY(rig.bytes() == (end.kind == Kind::Committed ? wanted : disk));
        QVERIFY(rig.journals().empty());
    }
    QVERIFY(nth > 20);
    QVERIFY(ends == (std::set<Kind>{Kind::Untouched, Kind::RolledBack, Kind::Committed}));
}

// Also after it has given up: what journal and image say together must be enough to have either side back.
void TestTransaction::promisesThatNoByteIsLostWhenRollingBackFails()
{
    const auto disk = patternBytes(64 * 1024);
    WriteRig rig(disk);
    const StagedEdits edits = threeExtents(disk);
    const WritePlan plan = rig.plan(edits);
    const WriteBatch batch = PlanCursor(plan).next().value();
    Transaction transaction({rig.env, rig.target, rig.places, rig.progress, {}, 0, {}}, plan, batch);
    std::set<State> broken;
    rig.faults->fail(SourceOp::Write, 2, EIO, Repeat::ForGood);
    bool looking = false;
    rig.env.setHook([&](EnvOp) {
        if (transaction.state() != State::RollingBack || std::exchange(looking, true))
            return;
        const auto bytes = rig.bytes();
        auto lost = bytes;
        lost[static_cast<std::size_t>(batch.span().begin().value())] ^= std::byte{0x80};
        QVERIFY(transaction.invariantsHold());
        rig.setBytes(lost);
        if (!transaction.invariantsHold())
            broken.insert(transaction.state());
        rig.setBytes(bytes);
        looking = false;
    });
    QCOMPARE(transaction.run().kind, Kind::NeedsRecovery);
    rig.env.setHook({});
    QVERIFY(transaction.invariantsHold());
    auto lost = rig.bytes();
    lost[static_cast<std::size_t>(batch.span().begin().value())] ^= std::byte{0x80};
    rig.setBytes(lost);
    if (!transaction.invariantsHold())
        broken.insert(transaction.state());
    QVERIFY(broken == (std::set<State>{State::RollingBack, State::NeedsRecovery}));
}

void TestTransaction::saysWhatRemainsWhenRollingBackFails()
{
    const auto disk = patternBytes(64 * 1024);
    WriteRig rig(disk);
    const StagedEdits edits = threeExtents(disk);
    rig.faults->fail(SourceOp::Write, 2, EIO, Repeat::ForGood);
    const auto end = rig.commit(edits);
    QCOMPARE(end.kind, Kind::NeedsRecovery);
    QCOMPARE(rig.state, State::NeedsRecovery);
    QVERIFY(rig.promisesHeld);
    QCOMPARE(end.error->operation, Operation::Write);
    QVERIFY(end.rollBackError);
    QVERIFY(rig.journals() == std::vector<std::string>{end.journalPath});
    QCOMPARE(rig.commit(edits).error->code, ErrorCode::NeedsRecovery);
}

void TestTransaction::committedIsSaidAlsoWhenTheJournalStays()
{
    const auto disk = patternBytes(64 * 1024);
    WriteRig rig(disk);
    rig.target.setHook([&](SourceOp op) {
        if (op == SourceOp::Sync)
            rig.env.fail(EnvOp::Remove, 0, EIO, Repeat::ForGood);
    });
    const auto end = rig.commit(fill({}, 100, 10, 1));
    QCOMPARE(end.kind, Kind::Committed);
    QVERIFY(end.error);
    QCOMPARE(end.error->path, end.journalPath);
    QVERIFY(rig.promisesHeld);
    QCOMPARE(rig.journals().size(), 1U);
    QCOMPARE(rig.commit(fill({}, 200, 10, 1)).kind, Kind::Committed); // it is removed without being asked about
    QVERIFY(rig.journals().empty());
}

void TestTransaction::saysWhenTheJournalMayReturn_data()
{
    QTest::addColumn<bool>("verified");
    QTest::addColumn<bool>("markFails");
    QTest::addColumn<bool>("syncFails");
    for (const bool verified : {true, false})
        for (const bool markFails : {true, false})
            for (const bool syncFails : {true, false})
                QTest::addRow("%s, mark %s, removal %s", verified ? "committed" : "rolled back",
                              markFails ? "fails" : "works", syncFails ? "fails" : "works")
                    << verified << markFails << syncFails;
}

void TestTransaction::saysWhenTheJournalMayReturn()
{
    QFETCH(bool, verified);
    QFETCH(bool, markFails);
    QFETCH(bool, syncFails);
    const auto disk = patternBytes(64 * 1024);
    WriteRig rig(disk);
    if (!verified)
        rig.faults->fail(SourceOp::Sync, 0, EIO);
    rig.target.setHook([&](SourceOp op) {
        if (op != SourceOp::Sync)
            return;
        if (markFails)
            rig.env.fail(EnvOp::DataSync, 0, EIO, Repeat::ForGood);
        if (syncFails)
            rig.env.fail(EnvOp::SyncDirectory, 0, EIO, Repeat::ForGood);
    });
    const auto end = rig.commit(fill({}, 100, 10, 1));
    QCOMPARE(end.kind, verified ? Kind::Committed : Kind::RolledBack);
    QVERIFY(rig.journals().empty());
    QVERIFY(rig.promisesHeld);
    QCOMPARE(end.journalMayReturn, markFails && syncFails);
    QCOMPARE(end.rollBackError.has_value(), markFails && syncFails);
    if (end.rollBackError) {
        QCOMPARE(end.rollBackError->operation, Operation::Journal);
        QCOMPARE(end.rollBackError->path, end.journalPath);
    }
    QVERIFY(end.transaction != TransactionId());
}

void TestTransaction::saysWhenNothingRandomCanBeHad()
{
    for (const std::uint64_t nth : {0U, 1U}) {
        WriteRig rig(patternBytes(64 * 1024));
        rig.env.fail(EnvOp::Random, nth, EIO);
        const auto end = rig.commit(fill({}, 100, 10, 1));
        QCOMPARE(end.kind, Kind::Untouched);
        QCOMPARE(end.error->operation, Operation::Journal);
        QCOMPARE(end.error->path, rig.target.path());
        QVERIFY(end.transaction == TransactionId());
    }
}

void TestTransaction::memoryNeedsNoNamedJournal()
{
    const auto disk = patternBytes(64 * 1024);
    WriteRig rig(disk);
    const StagedEdits edits = threeExtents(disk);
    const WritePlan plan = rig.plan(edits);
    const WriteBatch batch = PlanCursor(plan).next().value();
    Transaction transaction({rig.env, *rig.memory, rig.places, rig.progress, {}, 0, {}}, plan, batch);
    const auto end = transaction.run();
    QCOMPARE(end.kind, Kind::Committed);
    QVERIFY(end.journalPath.empty());
    QVERIFY(transaction.invariantsHold());
    QVERIFY(rig.bytes() == overlaid(disk, edits));
    QCOMPARE(rig.env.count(EnvOp::Rename) + rig.env.count(EnvOp::SyncDirectory), 0U);
}

QTEST_GUILESS_MAIN(TestTransaction)
#include "tst_transaction.moc"
