// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/edit/piece.h"
#include "tests/support/edits.h"
#include "tests/support/memory_external.h"
#include "tests/support/random.h"

#include <QTest>

#include <array>
#include <cstring>
#include <vector>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Bytes = std::vector<std::byte>;
__extension__ using Wide = unsigned __int128;

/// Byte number `index` of the stream, written down from the definition alone.
std::byte streamByte(const Generator &generator, std::uint64_t index)
{
    if (generator.kind == Generator::Kind::Random) {
        std::uint64_t z = generator.seed + (index / 8 + 1) * 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        z = z ^ (z >> 31U);
        return static_cast<std::byte>(z >> (8 * (index % 8)));
    }
    const Wide value = Wide{generator.seed} + Wide{index / generator.width} * generator.step;
    return static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * (index % generator.width)));
}

/// Byte number `index` of the piece, by its definition.
std::byte pieceByte(const Piece &piece, std::uint64_t index)
{
    const Wide at = Wide{piece.phase} + index;
    switch (piece.kind) {
    case Piece::Kind::Literal:
        return piece.literal(index, 1).front();
    case Piece::Kind::Pattern:
        return (*piece.bytes())[static_cast<std::size_t>(at % piece.bytes()->size())];
    case Piece::Kind::Generated:
        return streamByte(piece.generator(), static_cast<std::uint64_t>(at));
    case Piece::Kind::External: {
        std::byte value{};
        return piece.external()->read(static_cast<std::uint64_t>(at), {&value, 1}) ? value : std::byte{};
    }
    }
    return {};
}

Generator randomGenerator(Random &random)
{
    if (random.oneIn(2))
        return {Generator::Kind::Random, 1, random.next(), 1};
    constexpr std::array<std::uint8_t, 4> kWidths{1, 2, 4, 8};
    return {Generator::Kind::Increment, kWidths[random.below(4)], random.next(),
            random.oneIn(2) ? random.below(4) : random.next()};
}

struct Bounded {
    Piece piece;
    std::uint64_t length = 0; ///< bytes it can stand for
};

Bounded randomPiece(Random &random)
{
    const std::uint64_t size = random.skewedBelow(3000) + 1;
    switch (random.below(4)) {
    case 0:
        return {Piece::literalOf(shared(random.bytes(size))), size};
    case 1:
        return {Piece::patternOf(shared(random.bytes(size))), kMaxSourceSize};
    case 2:
        return {Piece::generatedBy(randomGenerator(random)), kMaxSourceSize};
    default: {
        const std::uint64_t from = random.below(size);
        return {Piece::externalFrom(std::make_shared<MemoryExternal>(random.bytes(size)), from), size - from};
    }
    }
}

/// Somewhere in [0, length), often near its ends.
std::uint64_t somewhere(Random &random, std::uint64_t length)
{
    const std::uint64_t near = random.skewedBelow(std::min<std::uint64_t>(length, 5000));
    return random.oneIn(3) ? near : random.oneIn(2) ? length - 1 - near : random.below(length);
}

} // namespace

class TestPiece : public QObject {
    Q_OBJECT

private slots:
    void everyKindIsWhatItsDefinitionSays();
    void slicesOfSlicesAreWhatTheWholeIs();
    void generatorsAreTheirDefinitionAtAnyOffset();
    void countersWrapAtTheirWidth();
    void farPhasesDoNotOverflow_data();
    void farPhasesDoNotOverflow();
    void writesNothingBeyondTheBuffer();
    void whatIsNotInMemoryIsSaidAndRead();
    void anErrorOfReadingIsPassedOn();
    void payloadIsWhatIsInMemory();
    void sameMatterIsSeenThroughSlices();
};

void TestPiece::everyKindIsWhatItsDefinitionSays()
{
    Random random(70);
    for (int round = 0; round < 2000; ++round) {
        const auto [piece, length] = randomPiece(random);
        const std::uint64_t skip = somewhere(random, length);
        Bytes got(random.skewedBelow(std::min<std::uint64_t>(length - skip, 4000) + 1));
        QVERIFY(piece.peekTo(skip, got));
        Bytes read(got.size());
        QVERIFY(piece.readTo(skip, read));
        QCOMPARE(read, got);
        for (std::size_t i = 0; i < got.size(); ++i)
            QCOMPARE(got[i], pieceByte(piece, skip + i));
    }
}

void TestPiece::slicesOfSlicesAreWhatTheWholeIs()
{
    Random random(71);
    for (int round = 0; round < 2000; ++round) {
        const auto [whole, length] = randomPiece(random);
        Piece slice = whole;
        std::uint64_t skipped = 0;
        for (int cut = 0; cut < 3; ++cut) {
            const std::uint64_t skip = somewhere(random, length - skipped);
            slice = slice.slice(skip);
            skipped += skip;
        }
        Bytes got(std::min<std::uint64_t>(length - skipped, random.between(1, 300)));
        Bytes wanted(got.size());
        QVERIFY(slice.peekTo(0, got));
        QVERIFY(whole.peekTo(skipped, wanted));
        QCOMPARE(got, wanted);
        QVERIFY(slice.sameMatterAs(whole.slice(skipped)));
    }
}

void TestPiece::generatorsAreTheirDefinitionAtAnyOffset()
{
    Random random(72);
    for (int round = 0; round < 2000; ++round) {
        const Generator generator = randomGenerator(random);
        const std::uint64_t at = somewhere(random, kMaxSourceSize);
        Bytes got(std::min<std::uint64_t>(random.skewedBelow(600), kMaxSourceSize - at));
        generate(generator, at, got);
        for (std::size_t i = 0; i < got.size(); ++i)
            QCOMPARE(got[i], streamByte(generator, at + i));
    }
}

void TestPiece::countersWrapAtTheirWidth()
{
    Bytes bytes(8);
    generate({Generator::Kind::Increment, 1, 0xfe, 1}, 0, bytes);
    QCOMPARE(bytes, bytesOf({0xfe, 0xff, 0, 1, 2, 3, 4, 5}));
    generate({Generator::Kind::Increment, 2, 0xfffe, 3}, 0, bytes);
    QCOMPARE(bytes, bytesOf({0xfe, 0xff, 1, 0, 4, 0, 7, 0}));
    generate({Generator::Kind::Increment, 4, 0, ~std::uint64_t{0}}, 0, bytes);
    QCOMPARE(bytes, bytesOf({0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}));
    generate({Generator::Kind::Increment, 8, ~std::uint64_t{0}, 1}, 0, bytes);
    QCOMPARE(bytes, Bytes(8, std::byte{0xff}));
    generate({Generator::Kind::Increment, 8, ~std::uint64_t{0}, 1}, 8, bytes);
    QCOMPARE(bytes, Bytes(8));
}

void TestPiece::farPhasesDoNotOverflow_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<int>("width");
    QTest::newRow("random") << 0 << 1;
    QTest::newRow("increment 1") << 1 << 1;
    QTest::newRow("increment 2") << 1 << 2;
    QTest::newRow("increment 4") << 1 << 4;
    QTest::newRow("increment 8") << 1 << 8;
    QTest::newRow("pattern") << 2 << 1;
}

void TestPiece::farPhasesDoNotOverflow()
{
    QFETCH(int, kind);
    QFETCH(int, width);
    Piece piece = kind == 2
        ? Piece::patternOf(shared(bytesOf({1, 2, 3, 4, 5, 6, 7})))
        : Piece::generatedBy({kind == 0 ? Generator::Kind::Random : Generator::Kind::Increment,
                              static_cast<std::uint8_t>(width), 0x0123456789abcdefU, 0xfedcba9876543211U});
    // The last bytes of the largest source, reached in one go, in halves, and with a phase to begin with.
    Bytes last(40);
    QVERIFY(piece.peekTo(kMaxSourceSize - 40, last));
    for (std::size_t i = 0; i < last.size(); ++i)
        QCOMPARE(last[i], pieceByte(piece, kMaxSourceSize - 40 + i));
    Bytes halves(40);
    QVERIFY(piece.slice(kMaxSourceSize / 2).peekTo(kMaxSourceSize - kMaxSourceSize / 2 - 40, halves));
    QCOMPARE(halves, last);
    Bytes shifted(40);
    QVERIFY(piece.slice(kMaxSourceSize - 40).peekTo(0, shifted));
    QCOMPARE(shifted, last);
}

void TestPiece::writesNothingBeyondTheBuffer()
{
    Random random(73);
    for (int round = 0; round < 500; ++round) {
        const auto [piece, length] = randomPiece(random);
        const std::uint64_t skip = somewhere(random, length);
        const std::uint64_t size = std::min<std::uint64_t>(length - skip, random.below(70));
        Bytes around(size + 32, std::byte{0xa5});
        QVERIFY(piece.peekTo(skip, std::span(around).subspan(16, size)));
        for (std::size_t i = 0; i < 16; ++i) {
            QCOMPARE(around[i], std::byte{0xa5});
            QCOMPARE(around[16 + size + i], std::byte{0xa5});
        }
    }
}

void TestPiece::whatIsNotInMemoryIsSaidAndRead()
{
    const auto external = std::make_shared<MemoryExternal>(bytesOf({1, 2, 3, 4, 5}), false);
    const Piece piece = Piece::externalFrom(external, 1);
    Bytes bytes(3);
    QVERIFY(!piece.peekTo(1, bytes));
    QCOMPARE(external->reads.load(), 0U);
    QVERIFY(piece.readTo(1, bytes));
    QCOMPARE(bytes, bytesOf({3, 4, 5}));
    QVERIFY(piece.peekTo(1, {})); // nothing is there to be missing
}

void TestPiece::anErrorOfReadingIsPassedOn()
{
    const auto external = std::make_shared<MemoryExternal>(Bytes(10));
    external->failing = true;
    Bytes bytes(3);
    const auto outcome = Piece::externalFrom(external, 2).readTo(4, bytes);
    QVERIFY(!outcome);
    QCOMPARE(outcome.error().operation, Operation::Import);
    QVERIFY(outcome.error().range == rangeAt(6, 3));
}

void TestPiece::payloadIsWhatIsInMemory()
{
    QCOMPARE(Piece::literalOf(shared(Bytes(1000))).slice(900).payload(), 1000U);
    QCOMPARE(Piece::patternOf(shared(Bytes(3))).payload(), 3U);
    QVERIFY(Piece::generatedBy({}).payload() < 64);
    QCOMPARE(Piece::externalFrom(std::make_shared<MemoryExternal>(Bytes(100'000'000)), 5).payload(),
             Piece::kExternalPayload);
    QCOMPARE(Piece().payload(), 0U);
}

void TestPiece::sameMatterIsSeenThroughSlices()
{
    const Piece pattern = Piece::patternOf(shared(bytesOf({1, 2, 1, 2})));
    QVERIFY(pattern.slice(3).slice(2).sameMatterAs(pattern.slice(5)));
    QVERIFY(pattern.slice(1).sameMatterAs(pattern.slice(5)));
    QVERIFY(!pattern.slice(1).sameMatterAs(pattern));
    QVERIFY(!Piece::patternOf(shared(bytesOf({1}))).sameMatterAs(Piece::patternOf(shared(bytesOf({1})))));
    const auto external = std::make_shared<MemoryExternal>(Bytes(100));
    QVERIFY(Piece::externalFrom(external, 5).slice(5).sameMatterAs(Piece::externalFrom(external, 10)));
    QVERIFY(!Piece::externalFrom(external, 5)
                 .sameMatterAs(Piece::externalFrom(std::make_shared<MemoryExternal>(Bytes(100)), 5)));
    QVERIFY(!Piece::generatedBy({}).sameMatterAs(Piece::generatedBy({})));
}

QTEST_GUILESS_MAIN(TestPiece)
#include "tst_piece.moc"
