// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/file_source.h"
#include "cachecore/source/memory_source.h"
#include "cachecore/write/plan_writer.h"
#include "tests/support/edits.h"
#include "tests/support/fault_env.h"
#include "tests/support/fault_source.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <cerrno>

using namespace cachecore;
using namespace cachet_test;

namespace {

std::vector<std::byte> slice(const std::vector<std::byte> &bytes, std::uint64_t begin, std::uint64_t length)
{
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(begin);
    return {first, first + static_cast<std::ptrdiff_t>(length)};
}

RangeTree<Base> seenBytes(const std::vector<std::byte> &disk, ByteRange range)
{
    return RangeTree<Base>().with(range, Base::ofBytes(shared(slice(disk, range.begin().value(), range.length()))));
}

RangeTree<Base> seenHashes(const std::vector<std::byte> &disk, ByteRange range)
{
    auto hashes = std::make_shared<std::vector<Hash128>>();
    for (std::uint64_t at = range.begin().value(); at < range.end().value(); at += Base::kBaseBlock)
        hashes->push_back(hash128(slice(disk, at, Base::kBaseBlock)));
    return RangeTree<Base>().with(range, Base::ofHashes(hashes));
}

Result<void> carryOut(BlockSource &source, const WritePlan &plan)
{
    PlanWriter writer(source, plan, true);
    auto done = writer.check();
    if (done)
        done = writer.compare();
    if (done)
        done = writer.write();
    return done ? writer.sync() : done;
}

WritePlan wholePlan(const StagedEdits &edits)
{
    return planWrite(edits, ByteRange::whole(kMaxSourceSize));
}

} // namespace

class TestPlanWriter : public QObject {
    Q_OBJECT

private slots:
    void conflictIsFoundBeforeAnythingIsWritten_data();
    void conflictIsFoundBeforeAnythingIsWritten();
    void bytesThatAlreadyAreNewAreNoConflict();
    void bytesAFailedWriteLeftAreNoConflict();
    void writesOnlyStagedBytesAndKeepsTheOld();
    void resumesShortAndInterruptedTransfers();
    void everyFaultLeavesTheRestUntouchedAndCanBeRetried_data();
    void everyFaultLeavesTheRestUntouchedAndCanBeRetried();
    void refusesWhatItMustNotWrite();
};

void TestPlanWriter::conflictIsFoundBeforeAnythingIsWritten_data()
{
    QTest::addColumn<bool>("hashes");
    QTest::newRow("seen bytes") << false;
    QTest::newRow("seen hashes") << true;
}

void TestPlanWriter::conflictIsFoundBeforeAnythingIsWritten()
{
    QFETCH(bool, hashes);
    const auto disk = patternBytes(64 * 1024);
    const ByteRange late = rangeAt(32 * 1024, 8192);
    StagedEdits edits = StagedEdits().with(rangeAt(0, 10), patternPiece(bytesOf({1}), 1), {});
    edits = edits.with(late, patternPiece(bytesOf({2}), 2), hashes ? seenHashes(disk, late) : seenBytes(disk, late));
    auto changed = disk;
    changed[32 * 1024 + 8191] ^= std::byte{0x80};
    const auto memory = std::make_shared<MemorySource>(changed);
    FaultSource source(memory);
    const auto outcome = carryOut(source, wholePlan(edits));
    QVERIFY(!outcome);
    QCOMPARE(outcome.error().code, ErrorCode::Changed);
    QVERIFY(outcome.error().range && outcome.error().range->contains(ByteOffset(32 * 1024 + 8191)));
    QCOMPARE(source.count(SourceOp::Write), 0U);
    QCOMPARE(memory->bytes(), changed);
    MemorySource same(disk);
    QVERIFY(carryOut(same, wholePlan(edits)));
}

void TestPlanWriter::bytesThatAlreadyAreNewAreNoConflict()
{
    const auto disk = patternBytes(8192);
    const ByteRange range = rangeAt(100, 4000);
    const StagedEdits edits = StagedEdits().with(range, patternPiece(bytesOf({7}), 1), seenBytes(disk, range));
    auto half = disk;
    for (std::size_t i = 100; i < 2000; ++i)
        half[i] = std::byte{7};
    MemorySource source(half);
    const WritePlan plan = wholePlan(edits);
    PlanWriter writer(source, plan, true);
    QVERIFY(writer.compare());
    std::vector<std::byte> old;
    writer.oldBytes().forEach(range, [&](ByteRange part, const Piece &piece) {
        old.resize(old.size() + part.length());
        (void)piece.peekTo(0, std::span(old).last(part.length()));
        return true;
    });
    QCOMPARE(old, slice(disk, 100, 4000));
}

void TestPlanWriter::bytesAFailedWriteLeftAreNoConflict()
{
    const auto disk = patternBytes(4096);
    const ByteRange range = rangeAt(100, 50);
    const StagedEdits edits = StagedEdits().with(range, patternPiece(bytesOf({7}), 1), seenBytes(disk, range));
    auto half = disk;
    for (std::size_t i = 100; i < 120; ++i)
        half[i] = std::byte{5};
    MemorySource source(half);
    const WritePlan plan = wholePlan(edits);
    QCOMPARE(PlanWriter(source, plan, true).compare().error().code, ErrorCode::Changed);
    const auto left = RangeTree<Piece>().with(rangeAt(90, 30), patternPiece(bytesOf({5}), 9));
    QVERIFY(PlanWriter(source, plan, true, left).compare());
    const auto tooShort = RangeTree<Piece>().with(rangeAt(90, 29), patternPiece(bytesOf({5}), 9));
    QCOMPARE(PlanWriter(source, plan, true, tooShort).compare().error().range, rangeAt(119, 1));
}

void TestPlanWriter::writesOnlyStagedBytesAndKeepsTheOld()
{
    const auto disk = patternBytes(20 << 20);
    const ByteRange fill = rangeAt(1000, 17 << 20);
    StagedEdits edits = StagedEdits().with(fill, patternPiece(bytesOf({1, 2, 3}), 1), {});
    edits = edits.without(rangeAt(5000, 1));
    const auto memory = std::make_shared<MemorySource>(disk);
    FaultSource source(memory);
    QVERIFY(carryOut(source, wholePlan(edits)));
    auto wanted = disk;
    edits.overlay(ByteOffset(0), wanted);
    QVERIFY(memory->bytes() == wanted);
    for (const ByteRange write : source.writes())
        QCOMPARE(edits.byteCountIn(write), write.length());
}

void TestPlanWriter::resumesShortAndInterruptedTransfers()
{
    const TempDir directory;
    const auto disk = patternBytes(300'000);
    const std::string path = directory.write("disk", disk);
    const auto env = std::make_shared<FaultEnv>();
    const auto source = FileSource::open(env, path, FileSource::Access::WriteIfPermitted);
    QVERIFY(source);
    env->limitTransfers(777);
    env->interruptTransfers(3);
    const ByteRange range = rangeAt(10, 200'001);
    const StagedEdits edits
        = StagedEdits().with(range, literalPiece(patternBytes(200'001, 4), 1), seenBytes(disk, range));
    QVERIFY(carryOut(**source, wholePlan(edits)));
    auto wanted = disk;
    edits.overlay(ByteOffset(0), wanted);
    QVERIFY(readFile(path) == wanted);
}

void TestPlanWriter::everyFaultLeavesTheRestUntouchedAndCanBeRetried_data()
{
    QTest::addColumn<bool>("forGood");
    QTest::newRow("once") << false;
    QTest::newRow("for good") << true;
}

void TestPlanWriter::everyFaultLeavesTheRestUntouchedAndCanBeRetried()
{
    QFETCH(bool, forGood);
    const auto disk = patternBytes(60'000);
    StagedEdits edits;
    for (const std::uint64_t at : {5U, 9'000U, 40'000U}) {
        const ByteRange range = rangeAt(at, 5'000);
        edits = edits.with(range, patternPiece(bytesOf({9, 8, 7}), at),
                           at == 5 ? RangeTree<Base>() : seenBytes(disk, range));
    }
    auto wanted = disk;
    edits.overlay(ByteOffset(0), wanted);
    const WritePlan plan = wholePlan(edits);
    bool clean = false;
    for (std::uint64_t nth = 0; !clean && nth < 500; ++nth) {
        const TempDir directory;
        const std::string path = directory.write("disk", disk);
        const auto env = std::make_shared<FaultEnv>();
        const auto source = FileSource::open(env, path, FileSource::Access::WriteIfPermitted);
        QVERIFY(source);
        env->limitTransfers(2'000);
        env->resetCounts();
        env->failAny(nth, EIO, forGood ? Repeat::ForGood : Repeat::Once);
        const auto outcome = carryOut(**source, plan);
        clean = env->total() <= nth;
        QCOMPARE(outcome.has_value(), clean);
        env->clearFailures();
        const auto after = readFile(path);
        QCOMPARE(after.size(), disk.size());
        for (std::size_t i = 0; i < after.size(); ++i)
            if (after[i] != disk[i] && after[i] != wanted[i])
                QFAIL(qPrintable(QString("byte %1 after a fault at %2").arg(i).arg(nth)));
        QVERIFY(carryOut(**source, plan));
        QVERIFY(readFile(path) == wanted);
    }
    QVERIFY(clean);
}

void TestPlanWriter::refusesWhatItMustNotWrite()
{
    const auto disk = patternBytes(1000);
    const WritePlan plan = wholePlan(StagedEdits().with(rangeAt(990, 10), patternPiece(bytesOf({1}), 1), {}));
    MemorySource readOnly(disk, MemorySource::Access::ReadOnly);
    QCOMPARE(PlanWriter(readOnly, plan, false).check().error().code, ErrorCode::ReadOnly);
    MemorySource shortOne(slice(disk, 0, 999));
    const auto truncated = PlanWriter(shortOne, plan, false).check();
    QCOMPARE(truncated.error().code, ErrorCode::Truncated);
    QCOMPARE(truncated.error().range, rangeAt(999, 1));
    MemorySource fine(disk);
    QVERIFY(PlanWriter(fine, plan, false).check());
}

QTEST_GUILESS_MAIN(TestPlanWriter)
#include "tst_plan_writer.moc"
