// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/edit/staged_edits.h"
#include "tests/support/edits.h"
#include "tests/support/memory_external.h"
#include "tests/support/random.h"

#include <QTest>

#include <algorithm>
#include <optional>
#include <vector>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kSize = 500;

/// The staged byte and the base's byte at each place. A base: none (nothing staged), unseen, or the byte seen.
struct Flat {
    struct Cell {
        std::optional<std::byte> staged;
        bool inMemory = true;
        std::optional<std::byte> seen;
    };
    std::vector<Cell> cells{kSize};

    std::vector<ByteRange> extents() const
    {
        std::vector<ByteRange> found;
        for (std::uint64_t i = 0; i < kSize; ++i) {
            const std::uint64_t begin = i;
            while (i < kSize && cells[i].staged)
                ++i;
            if (i > begin)
                found.push_back(rangeAt(begin, i - begin));
        }
        return found;
    }
    std::uint64_t countIn(ByteRange range) const
    {
        std::uint64_t count = 0;
        for (std::uint64_t i = range.begin().value(); i < range.end().value(); ++i)
            count += cells[i].staged.has_value();
        return count;
    }
};

std::byte byteOf(const Piece &piece, std::uint64_t index)
{
    std::byte value{};
    return piece.readTo(index, {&value, 1}) ? value : std::byte{};
}

/// What the disk is said to hold under parts of `range`.
RangeTree<Base> randomSeen(Random &random, ByteRange range, std::vector<std::optional<std::byte>> &flat)
{
    RangeTree<Base> seen;
    flat.assign(kSize, std::nullopt);
    for (std::uint64_t at = range.begin().value(); at < range.end().value();) {
        const std::uint64_t length = random.between(1, range.end().value() - at);
        if (!random.oneIn(3)) {
            const std::vector<std::byte> bytes = random.bytes(length);
            std::ranges::copy(bytes, flat.begin() + static_cast<std::ptrdiff_t>(at));
            seen = seen.with(rangeAt(at, length), Base::ofBytes(shared(bytes)));
        }
        at += length;
    }
    return seen;
}

ByteRange randomRange(Random &random)
{
    const std::uint64_t begin = random.below(kSize);
    return rangeAt(begin, random.skewedBelow(kSize - begin) + 1);
}

/// A piece of any kind for `length` bytes; of an external one the bytes may not be in memory.
Piece randomPiece(Random &random, std::uint64_t length)
{
    switch (random.below(4)) {
    case 0:
        return Piece::literalOf(shared(random.bytes(length)));
    case 1:
        return Piece::patternOf(shared(random.bytes(random.between(1, 7))));
    case 2:
        return Piece::generatedBy({random.oneIn(2) ? Generator::Kind::Random : Generator::Kind::Increment,
                                   static_cast<std::uint8_t>(1U << random.below(4)), random.next(), random.next()});
    default: {
        const std::uint64_t from = random.below(20);
        return Piece::externalFrom(std::make_shared<MemoryExternal>(random.bytes(from + length), random.oneIn(2)),
                                   from);
    }
    }
}

bool isInMemory(const Piece &piece)
{
    std::byte value{};
    return piece.peekTo(0, {&value, 1});
}

void stageSomething(Random &random, StagedEdits &edits, Flat &flat, std::uint64_t stamp)
{
    const ByteRange range = randomRange(random);
    std::vector<std::optional<std::byte>> seenFlat;
    const RangeTree<Base> seen = randomSeen(random, range, seenFlat);
    Piece piece = randomPiece(random, range.length());
    piece.stamp = stamp;
    edits = edits.with(range, piece, seen);
    for (std::uint64_t i = 0; i < range.length(); ++i) {
        Flat::Cell &cell = flat.cells[range.begin().value() + i];
        if (!cell.staged)
            cell.seen = seenFlat[range.begin().value() + i];
        cell.staged = byteOf(piece, i);
        cell.inMemory = isInMemory(piece);
    }
}

void unstageSomething(Random &random, StagedEdits &edits, Flat &flat)
{
    const ByteRange range = randomRange(random);
    const bool keepInside = random.oneIn(4);
    edits = keepInside ? edits.clipped(range) : edits.without(range);
    for (std::uint64_t i = 0; i < kSize; ++i)
        if (range.contains(ByteOffset(i)) != keepInside)
            flat.cells[i] = {};
}

void changeABase(Random &random, StagedEdits &edits, Flat &flat)
{
    const std::vector<ByteRange> extents = flat.extents();
    if (extents.empty())
        return;
    const ByteRange extent = extents[random.below(extents.size())];
    const std::uint64_t skip = random.below(extent.length());
    const ByteRange range = rangeAt(extent.begin().value() + skip, random.between(1, extent.length() - skip));
    const std::vector<std::byte> bytes = random.bytes(range.length());
    edits = edits.withBase(range, Base::ofBytes(shared(bytes)));
    for (std::uint64_t i = 0; i < range.length(); ++i)
        flat.cells[range.begin().value() + i].seen = bytes[i];
}

bool sameOverlay(const StagedEdits &edits, const Flat &flat, ByteRange range)
{
    std::vector<std::byte> bytes(range.length(), std::byte{0xee});
    std::vector<bool> told(range.length());
    std::vector<bool> here(range.length(), true);
    bool ascending = true;
    ByteOffset last = range.begin();
    edits.overlay(range.begin(), bytes, [&](ByteRange part, bool inMemory) {
        ascending = ascending && last <= part.begin() && range.contains(part);
        last = part.end();
        for (std::uint64_t i = 0; i < part.length(); ++i)
            told[part.begin() - range.begin() + i] = true;
        for (std::uint64_t i = 0; i < part.length(); ++i)
            here[part.begin() - range.begin() + i] = inMemory;
    });
    std::vector<std::byte> read(range.length(), std::byte{0xee});
    ascending = ascending && edits.overlayReading(range.begin(), read);
    for (std::uint64_t i = 0; i < range.length(); ++i) {
        const Flat::Cell &cell = flat.cells[range.begin().value() + i];
        const std::byte wanted = cell.staged.value_or(std::byte{0xee});
        if (read[i] != wanted || (here[i] && bytes[i] != wanted) || told[i] != cell.staged.has_value()
            || here[i] != (cell.inMemory || !cell.staged))
            return false;
    }
    return ascending;
}

bool samePiecesAndBases(const StagedEdits &edits, const Flat &flat, ByteRange range)
{
    std::uint64_t pieceBytes = 0;
    std::uint64_t baseBytes = 0;
    bool same = true;
    edits.forEachPiece(range, [&](ByteRange part, const Piece &piece) {
        pieceBytes += part.length();
        for (std::uint64_t i = 0; i < part.length(); ++i)
            same = same && flat.cells[part.begin().value() + i].staged == byteOf(piece, i);
        return same;
    });
    edits.forEachBase(range, [&](ByteRange part, const Base &base) {
        baseBytes += part.length();
        for (std::uint64_t i = 0; i < part.length(); ++i) {
            const Flat::Cell &cell = flat.cells[part.begin().value() + i];
            same = same && cell.staged && (base.kind == Base::Kind::SeenBytes) == cell.seen.has_value()
                && (!cell.seen || base.bytes()[base.skip + i] == *cell.seen);
        }
        return same;
    });
    return same && pieceBytes == flat.countIn(range) && baseBytes == pieceBytes;
}

bool sameExtents(const StagedEdits &edits, const Flat &flat, ByteRange range)
{
    const std::vector<ByteRange> extents = flat.extents();
    if (edits.extentCount() != extents.size())
        return false;
    for (std::uint64_t i = 0; i < extents.size(); ++i)
        if (edits.extent(i) != extents[i])
            return false;
    const auto count = std::ranges::count_if(extents, [&](ByteRange extent) { return extent.intersects(range); });
    const StagedEdits::ExtentSpan span = edits.extentsIn(range);
    if (span.count != static_cast<std::uint64_t>(count))
        return false;
    for (std::uint64_t i = 0; i < span.count; ++i)
        if (!edits.extent(span.first + i).intersects(range))
            return false;
    return true;
}

bool sameEverything(const StagedEdits &edits, const Flat &flat, Random &random)
{
    const ByteRange range = randomRange(random);
    return edits.invariantsHold() && edits.byteCount() == flat.countIn(ByteRange::whole(kSize))
        && edits.empty() == (edits.byteCount() == 0) && edits.byteCountIn(range) == flat.countIn(range)
        && edits.anyIn(range) == (flat.countIn(range) > 0) && sameOverlay(edits, flat, range)
        && sameOverlay(edits, flat, ByteRange::whole(kSize)) && samePiecesAndBases(edits, flat, range)
        && samePiecesAndBases(edits, flat, ByteRange::whole(kSize)) && sameExtents(edits, flat, range);
}

} // namespace

class TestStagedEdits : public QObject {
    Q_OBJECT

private slots:
    void areWhatAFlatArrayIsUnderRandomOperations();
    void snapshotsStayAsTheyWere();
    void adjacentPiecesAreOneExtent();
    void keepTheFirstBaseUnderLaterEdits();
    void aTebibyteFillIsOnePiece();
    void aHugeFillCutInManyPlacesKeepsItsPattern();
    void overwritingOneByteKeepsOneByte();
    void holdFarOffsets_data();
    void holdFarOffsets();
    void hashedBasesStayAlignedWhenSliced();
    void overlaySkipsWhatLiesPastTheLargestOffset();
    void wholeSetsAreSubtractedAndUnited();
};

void TestStagedEdits::areWhatAFlatArrayIsUnderRandomOperations()
{
    Random random(10);
    for (int round = 0; round < 30; ++round) {
        StagedEdits edits;
        Flat flat;
        for (std::uint64_t step = 1; step <= 150; ++step) {
            const std::uint64_t what = random.below(10);
            if (what < 6)
                stageSomething(random, edits, flat, step);
            else if (what < 8)
                unstageSomething(random, edits, flat);
            else
                changeABase(random, edits, flat);
            QVERIFY2(sameEverything(edits, flat, random), qPrintable(QString("round %1 step %2").arg(round).arg(step)));
        }
    }
}

void TestStagedEdits::snapshotsStayAsTheyWere()
{
    Random random(11);
    std::vector<std::pair<StagedEdits, Flat>> versions{{StagedEdits(), Flat()}};
    for (std::uint64_t step = 1; step <= 200; ++step) {
        auto [edits, flat] = versions.back();
        if (random.oneIn(4))
            unstageSomething(random, edits, flat);
        else
            stageSomething(random, edits, flat, step);
        versions.emplace_back(edits, flat);
    }
    for (const auto &[edits, flat] : versions)
        QVERIFY(sameEverything(edits, flat, random));
}

void TestStagedEdits::adjacentPiecesAreOneExtent()
{
    StagedEdits edits;
    edits = edits.with(rangeAt(4, 2), literalPiece(bytesOf({1, 2}), 1), {});
    edits = edits.with(rangeAt(8, 2), literalPiece(bytesOf({5, 6}), 2), {});
    QCOMPARE(edits.extentCount(), 2U);
    edits = edits.with(rangeAt(6, 2), patternPiece(bytesOf({9}), 3), {});
    QCOMPARE(edits.pieceCount(), 3U);
    QCOMPARE(edits.extentCount(), 1U);
    QCOMPARE(edits.extent(0), rangeAt(4, 6));
    QCOMPARE(edits.extentsIn(rangeAt(0, 4)).count, 0U);
    QCOMPARE(edits.extentsIn(rangeAt(9, 100)).count, 1U);
}

void TestStagedEdits::keepTheFirstBaseUnderLaterEdits()
{
    const auto first = RangeTree<Base>().with(rangeAt(0, 4), Base::ofBytes(shared(bytesOf({1, 2, 3, 4}))));
    const auto later = RangeTree<Base>().with(rangeAt(0, 6), Base::ofBytes(shared(bytesOf({9, 9, 9, 9, 5, 6}))));
    StagedEdits edits = StagedEdits().with(rangeAt(0, 4), patternPiece(bytesOf({7}), 1), first);
    edits = edits.with(rangeAt(0, 6), patternPiece(bytesOf({8}), 2), later);
    std::vector<int> seen;
    edits.forEachBase(rangeAt(0, 6), [&](ByteRange range, const Base &base) {
        for (std::uint64_t i = 0; i < range.length(); ++i)
            seen.push_back(static_cast<int>(base.bytes()[base.skip + i]));
        return true;
    });
    QCOMPARE(seen, (std::vector<int>{1, 2, 3, 4, 5, 6}));
}

void TestStagedEdits::aTebibyteFillIsOnePiece()
{
    constexpr std::uint64_t kTiB = std::uint64_t{1} << 40;
    const StagedEdits edits = StagedEdits().with(rangeAt(3, kTiB), patternPiece(bytesOf({1, 2, 3}), 1), {});
    QCOMPARE(edits.pieceCount(), 1U);
    QCOMPARE(edits.byteCount(), kTiB);
    std::vector<std::byte> bytes(6);
    edits.overlay(ByteOffset(3 + 3 * (kTiB / 3) - 3), bytes);
    QCOMPARE(bytes[0], std::byte{1});
    QCOMPARE(bytes[4], kTiB % 3 > 1 ? std::byte{2} : std::byte{0});
    QVERIFY(edits.without(rangeAt(3, kTiB)).empty());
}

void TestStagedEdits::aHugeFillCutInManyPlacesKeepsItsPattern()
{
    constexpr std::uint64_t kCuts = 100'000;
    constexpr std::uint64_t kStride = 9'999'991;
    StagedEdits edits
        = StagedEdits().with(rangeAt(0, kCuts * kStride), patternPiece(bytesOf({10, 11, 12, 13, 14}), 1), {});
    for (std::uint64_t i = 0; i < kCuts; ++i)
        edits = edits.with(rangeAt(i * kStride, 1), literalPiece(bytesOf({99}), i + 2), {});
    QVERIFY(edits.invariantsHold());
    QCOMPARE(edits.extentCount(), 1U);
    QCOMPARE(edits.pieceCount(), 2 * kCuts);
    Random random(12);
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t at = random.below(kCuts * kStride);
        std::byte value{};
        edits.overlay(ByteOffset(at), {&value, 1});
        QCOMPARE(static_cast<std::uint64_t>(value), at % kStride == 0 ? 99 : 10 + at % 5);
    }
}

void TestStagedEdits::overwritingOneByteKeepsOneByte()
{
    StagedEdits edits;
    for (std::uint64_t i = 0; i < 100'000; ++i)
        edits = edits.with(rangeAt(7, 1), literalPiece(bytesOf({static_cast<int>(i & 0xff)}), i + 1), {});
    QCOMPARE(edits.pieceCount(), 1U);
    QCOMPARE(edits.byteCount(), 1U);
}

void TestStagedEdits::holdFarOffsets_data()
{
    QTest::addColumn<quint64>("around");
    QTest::newRow("2^31") << (quint64{1} << 31);
    QTest::newRow("2^32") << (quint64{1} << 32);
    QTest::newRow("2^40") << (quint64{1} << 40);
    QTest::newRow("2^63-1") << quint64{kMaxSourceSize} - 8;
}

void TestStagedEdits::holdFarOffsets()
{
    QFETCH(quint64, around);
    std::vector<std::byte> bytes;
    for (int i = 0; i < 16; ++i)
        bytes.push_back(static_cast<std::byte>(i + 1));
    StagedEdits edits = StagedEdits().with(rangeAt(around - 8, 16), literalPiece(bytes, 1), {});
    edits = edits.without(rangeAt(around - 1, 2));
    QVERIFY(edits.invariantsHold());
    QCOMPARE(edits.extentCount(), 2U);
    QCOMPARE(edits.extent(1), rangeAt(around + 1, 7));
    std::vector<std::byte> seen(16);
    edits.overlay(ByteOffset(around - 8), seen);
    for (std::size_t i = 0; i < 16; ++i)
        QCOMPARE(seen[i], i == 7 || i == 8 ? std::byte{0} : bytes[i]);
    QCOMPARE(edits.byteCountIn(ByteRange::whole(kMaxSourceSize)), 14U);
    QCOMPARE(edits.extentsIn(ByteRange(ByteOffset(around), ByteOffset(kMaxSourceSize))).first, 1U);
}

void TestStagedEdits::hashedBasesStayAlignedWhenSliced()
{
    auto hashes = std::make_shared<std::vector<Hash128>>();
    for (std::uint64_t i = 0; i < 4; ++i)
        hashes->push_back({i, i});
    const auto seen = RangeTree<Base>().with(rangeAt(Base::kBaseBlock, 4 * Base::kBaseBlock), Base::ofHashes(hashes));
    const ByteRange range = rangeAt(Base::kBaseBlock, 4 * Base::kBaseBlock);
    const StagedEdits edits = StagedEdits()
                                  .with(range, patternPiece(bytesOf({0}), 1), seen)
                                  .without(rangeAt(2 * Base::kBaseBlock, Base::kBaseBlock));
    std::vector<std::pair<std::uint64_t, std::uint64_t>> blocks;
    edits.forEachBase(range, [&](ByteRange part, const Base &base) {
        for (std::uint64_t i = 0; i < part.length(); i += Base::kBaseBlock)
            blocks.emplace_back((part.begin().value() + i) / Base::kBaseBlock,
                                base.hashes()[(base.skip + i) / Base::kBaseBlock][0]);
        return true;
    });
    const std::vector<std::pair<std::uint64_t, std::uint64_t>> wanted{{1, 0}, {3, 2}, {4, 3}};
    QCOMPARE(blocks, wanted);
}

void TestStagedEdits::overlaySkipsWhatLiesPastTheLargestOffset()
{
    const StagedEdits edits
        = StagedEdits().with(rangeAt(kMaxSourceSize - 4, 4), patternPiece(bytesOf({1, 2, 3, 4}), 1), {});
    std::vector<std::byte> bytes(20);
    edits.overlay(ByteOffset(kMaxSourceSize - 6), bytes);
    QVERIFY(edits.overlayReading(ByteOffset(kMaxSourceSize - 6), bytes));
    QCOMPARE(bytes[2], std::byte{1});
    QCOMPARE(bytes[5], std::byte{4});
    QCOMPARE(bytes[6], std::byte{0});
}

void TestStagedEdits::wholeSetsAreSubtractedAndUnited()
{
    Random random(13);
    for (int round = 0; round < 100; ++round) {
        StagedEdits sets[2];
        Flat flats[2];
        for (std::size_t which : {0, 1})
            for (std::uint64_t step = 1; step <= 12; ++step)
                stageSomething(random, sets[which], flats[which], step + 100 * which);
        Flat without = flats[0];
        Flat both = flats[1];
        for (std::uint64_t i = 0; i < kSize; ++i) {
            if (flats[1].cells[i].staged)
                without.cells[i] = {};
            else
                both.cells[i] = flats[0].cells[i];
        }
        const StagedEdits rest = sets[0].without(sets[1].pieces());
        QVERIFY(sameEverything(rest, without, random));
        QVERIFY(sameEverything(rest.united(sets[1]), both, random));
    }
}

QTEST_GUILESS_MAIN(TestStagedEdits)
#include "tst_staged_edits.moc"
