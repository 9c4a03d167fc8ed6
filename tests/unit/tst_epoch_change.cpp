// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/edit/epoch_change.h"
#include "tests/support/edits.h"
#include "tests/support/memory_external.h"

#include <QTest>

using namespace cachecore;
using namespace cachet_test;

using Bytes = std::vector<std::byte>;

class TestEpochChange : public QObject {
    Q_OBJECT

private slots:
    void editsOverAWriteRestOnWhatWasWritten();
    void whatWasWrittenOutOfAFileIsNotCalledSeen();
    void hashesOfChangedBlocksAreForgotten();
};

void TestEpochChange::editsOverAWriteRestOnWhatWasWritten()
{
    // Two pieces of the write under one later edit, a gap between them.
    EpochChange change;
    change.written = StagedEdits()
                         .with(rangeAt(10, 4), literalPiece(bytesOf({1, 2, 3, 4}), 1), {})
                         .with(rangeAt(20, 4), patternPiece(bytesOf({5, 6}), 2), {});
    for (const ByteRange range : {rangeAt(10, 4), rangeAt(20, 4)})
        change.oldBytes = change.oldBytes.with(range, literalPiece(Bytes(4, std::byte{9}), 0));
    const StagedEdits edits = change.written.with(rangeAt(12, 10), patternPiece(bytesOf({7}), 3), {});
    const StagedEdits carried = carriedOver(edits, change);
    QVERIFY(carried.invariantsHold());
    QCOMPARE(carried.byteCount(), 10U);
    std::vector<std::pair<std::uint64_t, int>> seen;
    carried.forEachBase(carried.span(), [&](ByteRange range, const Base &base) {
        for (std::uint64_t i = 0; i < range.length(); ++i)
            seen.emplace_back(range.begin().value() + i,
                              base.kind == Base::Kind::SeenBytes ? static_cast<int>(base.bytes()[base.skip + i]) : -1);
        return true;
    });
    const std::vector<std::pair<std::uint64_t, int>> wanted{{12, 3},  {13, 4},  {14, -1}, {15, -1}, {16, -1},
                                                            {17, -1}, {18, -1}, {19, -1}, {20, 5},  {21, 6}};
    QVERIFY(seen == wanted);
}

void TestEpochChange::whatWasWrittenOutOfAFileIsNotCalledSeen()
{
    const auto file = std::make_shared<MemoryExternal>(Bytes(100, std::byte{4}), false);
    EpochChange change;
    change.written = StagedEdits().with(rangeAt(0, 50), Piece::externalFrom(file, 0), {});
    change.oldBytes = change.oldBytes.with(rangeAt(0, 50), literalPiece(Bytes(50), 0));
    const StagedEdits restored = carriedOver({}, change);
    QCOMPARE(restored.byteCount(), 50U);
    restored.forEachBase(rangeAt(0, 50), [](ByteRange, const Base &base) {
        [&] { QVERIFY(base.kind == Base::Kind::Unseen); }();
        return true;
    });
    QCOMPARE(file->peeks.load() + file->reads.load(), 0U); // nothing is asked of the file for it
    // A fill too long to be kept byte for byte is not either; a shorter one is.
    const ByteRange whole = rangeAt(0, kKnownBases + 1);
    for (const ByteRange range : {whole, rangeAt(0, kKnownBases)}) {
        EpochChange fill;
        fill.written = StagedEdits().with(range, patternPiece(bytesOf({1, 2}), 1), {});
        fill.oldBytes = fill.oldBytes.with(range, Piece::externalFrom(file, 0));
        carriedOver({}, fill).forEachBase(range, [&](ByteRange, const Base &base) {
            [&] { QCOMPARE(base.kind == Base::Kind::Unseen, range == whole); }();
            return true;
        });
    }
}

void TestEpochChange::hashesOfChangedBlocksAreForgotten()
{
    constexpr std::uint64_t kBlock = Base::kBaseBlock;
    const auto hashes = std::make_shared<std::vector<Hash128>>(4);
    const auto seen = RangeTree<Base>().with(rangeAt(0, 4 * kBlock), Base::ofHashes(hashes));
    // Staged under hashes of whole blocks; then a few bytes of block 1 were written by themselves.
    const StagedEdits edits = StagedEdits().with(rangeAt(0, 4 * kBlock), patternPiece(bytesOf({1}), 1), seen);
    EpochChange change;
    change.written = edits.clipped(rangeAt(kBlock + 10, 5));
    change.oldBytes = change.oldBytes.with(rangeAt(kBlock + 10, 5), literalPiece(Bytes(5), 0));
    const StagedEdits carried = carriedOver(edits, change);
    QCOMPARE(carried.byteCount(), 4 * kBlock - 5);
    QVERIFY(carried.invariantsHold());
    carried.forEachBase(ByteRange::whole(4 * kBlock), [&](ByteRange range, const Base &base) {
        const bool stale = rangeAt(kBlock, kBlock).contains(range);
        [&] { QCOMPARE(base.kind == Base::Kind::Unseen, stale); }();
        return true;
    });
}

QTEST_GUILESS_MAIN(TestEpochChange)
#include "tst_epoch_change.moc"
