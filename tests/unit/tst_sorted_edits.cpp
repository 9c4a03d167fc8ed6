// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/memory_source.h"
#include "cachecore/write/log/sorted_edits.h"
#include "tests/support/edits.h"
#include "tests/support/fault_source.h"
#include "tests/support/memory_external.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <cerrno>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::size_t kSize = 10 * 4096 + 100;

RangeTree<Base> seenBytes(const std::vector<std::byte> &disk, ByteRange range)
{
    const auto begin = disk.begin() + static_cast<std::ptrdiff_t>(range.begin().value());
    std::vector<std::byte> bytes(begin, begin + static_cast<std::ptrdiff_t>(range.length()));
    return RangeTree<Base>().with(range, Base::ofBytes(shared(std::move(bytes))));
}

RangeTree<Base> seenHashes(const std::vector<std::byte> &disk, ByteRange range)
{
    std::vector<Hash128> hashes;
    const ByteRange blocks = baseBlocks(range);
    for (std::uint64_t at = blocks.begin().value(); at < blocks.end().value(); at += Base::kBaseBlock) {
        const auto length = std::min<std::uint64_t>(Base::kBaseBlock, disk.size() - at);
        hashes.push_back(
            hash128(std::span(disk).subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(length))));
    }
    return RangeTree<Base>().with(blocks, Base::ofHashes(std::make_shared<const std::vector<Hash128>>(hashes)));
}

struct Rig {
    std::vector<std::byte> disk = patternBytes(kSize);
    std::shared_ptr<MemorySource> memory = std::make_shared<MemorySource>(disk);
    FaultSource source{memory};
    StagedEdits edits;

    void stage(std::uint64_t at, std::vector<std::byte> bytes, const RangeTree<Base> &seen)
    {
        const ByteRange range = rangeAt(at, bytes.size());
        edits = edits.with(range, literalPiece(std::move(bytes), Piece::newStamp()), seen);
    }
    void change(std::uint64_t at, std::vector<std::byte> bytes)
    {
        const std::span<const std::byte> from(bytes);
        if (!memory->writev(ByteOffset(at), std::span(&from, 1)))
            qFatal("the source refuses");
    }
};

ByteRange only(const StagedEdits &edits)
{
    return edits.extentCount() == 1 ? edits.extent(0) : ByteRange();
}

} // namespace

class TstSortedEdits : public QObject {
    Q_OBJECT

private slots:
    void fitsWhatIsStillTheSame();
    void listsApartWhatChangedUnderneath();
    void takesForFittingWhatIsThereAlready();
    void readsNothingWhereNothingWasSeen();
    void looksAtHashesBlockByBlock();
    void listsApartWhatCannotBeRead();
    void listsApartWhatIsPastTheEnd();
    void readsScatteredEditsInSmallPieces();
    void endsWithTheSourcesError();
    void agreesWithANaiveTwin();
};

void TstSortedEdits::fitsWhatIsStillTheSame()
{
    Rig rig;
    rig.stage(100, patternBytes(50, 1), seenBytes(rig.disk, rangeAt(100, 50)));
    rig.stage(9000, patternBytes(5000, 1), seenHashes(rig.disk, rangeAt(9000, 5000)));
    rig.stage(kSize - 10, patternBytes(10, 1), seenHashes(rig.disk, rangeAt(kSize - 10, 10)));
    const auto sorted = sortByBase(rig.edits, rig.source);
    QVERIFY(sorted);
    QVERIFY(sorted->fitting.sameAs(rig.edits));
    QVERIFY(sorted->changed.empty() && sorted->unreadable.empty());
}

void TstSortedEdits::listsApartWhatChangedUnderneath()
{
    Rig rig;
    rig.stage(100, patternBytes(50, 1), seenBytes(rig.disk, rangeAt(100, 50)));
    rig.stage(200, patternBytes(50, 2), seenBytes(rig.disk, rangeAt(200, 50)));
    rig.change(249, {std::byte{0x77}});
    rig.change(150, {std::byte{0x77}}); // beside both
    const auto sorted = sortByBase(rig.edits, rig.source);
    QVERIFY(sorted);
    QCOMPARE(only(sorted->changed), rangeAt(200, 50));
    QCOMPARE(only(sorted->fitting), rangeAt(100, 50));
    QVERIFY(sorted->changed.invariantsHold() && sorted->fitting.invariantsHold());
}

void TstSortedEdits::takesForFittingWhatIsThereAlready()
{
    Rig rig;
    const auto bytes = patternBytes(50, 1);
    rig.stage(100, bytes, seenBytes(rig.disk, rangeAt(100, 50)));
    rig.stage(9000, bytes, seenHashes(rig.disk, rangeAt(9000, 50)));
    rig.change(100, bytes);
    rig.change(9000, bytes);
    QVERIFY(sortByBase(rig.edits, rig.source)->fitting.sameAs(rig.edits));
    // Half of it, as a write leaves it that was cut.
    rig.change(120, std::vector(rig.disk.begin() + 120, rig.disk.begin() + 150));
    QVERIFY(sortByBase(rig.edits, rig.source)->fitting.sameAs(rig.edits));
}

void TstSortedEdits::readsNothingWhereNothingWasSeen()
{
    Rig rig;
    rig.edits = rig.edits.with(rangeAt(0, kSize), patternPiece(bytesOf({1, 2}), 1), {});
    rig.source.addBadRange(ByteRange::whole(kSize));
    const auto sorted = sortByBase(rig.edits, rig.source);
    QVERIFY(sorted && sorted->fitting.sameAs(rig.edits));
    QVERIFY(rig.source.reads().empty());
}

void TstSortedEdits::looksAtHashesBlockByBlock()
{
    Rig rig;
    rig.edits = rig.edits.with(rangeAt(1000, 30000), patternPiece(bytesOf({1, 2}), 1),
                               seenHashes(rig.disk, rangeAt(1000, 30000)));
    rig.change(3 * 4096 + 4095, {std::byte{0x77}});
    rig.change(999, {std::byte{0x77}}); // not staged, and yet in a block of which only the hash is known
    const auto sorted = sortByBase(rig.edits, rig.source);
    QVERIFY(sorted);
    QCOMPARE(sorted->changed.extentCount(), std::uint64_t{2});
    QCOMPARE(sorted->changed.extent(0), rangeAt(1000, 3096));
    QCOMPARE(sorted->changed.extent(1), rangeAt(3 * 4096, 4096));
    QCOMPARE(sorted->fitting.byteCount(), std::uint64_t{30000 - 3096 - 4096});
    QCOMPARE(rig.source.reads().size(), std::size_t{1});
}

void TstSortedEdits::listsApartWhatCannotBeRead()
{
    Rig rig;
    rig.stage(4000, patternBytes(9000, 1), seenBytes(rig.disk, rangeAt(4000, 9000)));
    rig.source.addBadRange(rangeAt(8192, 512));
    const auto sorted = sortByBase(rig.edits, rig.source);
    QVERIFY(sorted);
    QCOMPARE(only(sorted->unreadable), rangeAt(8192, 4096));
    QVERIFY(sorted->changed.empty());
    QCOMPARE(sorted->fitting.byteCount(), std::uint64_t{9000 - 4096});
}

void TstSortedEdits::listsApartWhatIsPastTheEnd()
{
    Rig rig;
    rig.stage(kSize - 150, patternBytes(150, 1), {});
    rig.memory->resize(kSize - 100);
    const auto sorted = sortByBase(rig.edits, rig.source);
    QVERIFY(sorted);
    QCOMPARE(only(sorted->unreadable), rangeAt(kSize - 100, 100));
    QCOMPARE(only(sorted->fitting), rangeAt(kSize - 150, 50));
}

void TstSortedEdits::readsScatteredEditsInSmallPieces()
{
    Rig rig;
    for (std::uint64_t at = 10; at < kSize - 4096; at += 1024)
        rig.stage(at, patternBytes(4, 1), seenBytes(rig.disk, rangeAt(at, 4)));
    QVERIFY(sortByBase(rig.edits, rig.source)->fitting.sameAs(rig.edits));
    std::uint64_t read = 0;
    for (const ByteRange range : rig.source.reads())
        read += range.length();
    QVERIFY(read <= kSize);
}

void TstSortedEdits::endsWithTheSourcesError()
{
    Rig rig;
    rig.stage(100, patternBytes(50, 1), seenBytes(rig.disk, rangeAt(100, 50)));
    rig.source.fail(SourceOp::Read, 0, ENOMEM);
    QCOMPARE(sortByBase(rig.edits, rig.source).error().code, ErrorCode::OutOfMemory);
    rig.source.fail(SourceOp::Size, 0, EIO);
    QCOMPARE(sortByBase(rig.edits, rig.source).error().code, ErrorCode::Io);
    std::stop_source stop;
    stop.request_stop();
    QCOMPARE(sortByBase(rig.edits, rig.source, stop.get_token()).error().code, ErrorCode::Cancelled);
}

void TstSortedEdits::agreesWithANaiveTwin()
{
    Random random(5);
    for (int round = 0; round < 150; ++round) {
        Rig rig;
        for (int i = 0; i < 12; ++i) {
            const std::uint64_t length = 1 + random.skewedBelow(9000);
            const std::uint64_t at = random.below(kSize - length + 1);
            const ByteRange range = rangeAt(at, length);
            const RangeTree<Base> seen = random.oneIn(3) ? RangeTree<Base>()
                : random.oneIn(2)                        ? seenBytes(rig.disk, range)
                                                         : seenHashes(rig.disk, range);
            rig.stage(at, random.bytes(static_cast<std::size_t>(length)), seen);
        }
        for (std::uint64_t i = random.below(5); i > 0; --i)
            rig.change(random.below(kSize), random.bytes(1));
        const auto now = rig.memory->bytes();
        const auto sorted = sortByBase(rig.edits, rig.source);
        QVERIFY(sorted && sorted->unreadable.empty());
        QCOMPARE(sorted->fitting.byteCount() + sorted->changed.byteCount(), rig.edits.byteCount());
        // Every byte that was seen and is another belongs to the changed ones, and every changed block has such a byte.
        rig.edits.forEachBase(rig.edits.span(), [&](ByteRange range, const Base &base) {
            for (std::uint64_t at = range.begin().value();
                 base.kind == Base::Kind::SeenBytes && at < range.end().value(); ++at) {
                const auto index = static_cast<std::size_t>(at);
                if (now[index] != rig.disk[index] && !sorted->changed.anyIn(rangeAt(at, 1))) {
                    std::byte staged{};
                    rig.edits.overlay(ByteOffset(at), std::span(&staged, 1));
                    if (staged != now[index])
                        qFatal("a changed byte was taken for fitting");
                }
            }
            return true;
        });
        sorted->changed.forEachPiece(sorted->changed.span(), [&](ByteRange range, const Piece &) {
            const ByteRange blocks = baseBlocks(range).intersection(ByteRange::whole(kSize));
            bool differs = false;
            for (std::uint64_t at = blocks.begin().value(); at < blocks.end().value(); ++at)
                differs = differs || now[static_cast<std::size_t>(at)] != rig.disk[static_cast<std::size_t>(at)];
            if (!differs)
                qFatal("what is the same was taken for changed");
            return true;
        });
    }
}

QTEST_GUILESS_MAIN(TstSortedEdits)
#include "tst_sorted_edits.moc"
