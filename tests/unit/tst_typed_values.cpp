// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/typed_values.h"
#include "tests/support/document_fixture.h"
#include "tests/support/random.h"

#include <QTest>

#include <array>
#include <limits>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kSize = 3 * 4096 + 5;
constexpr std::array kOrders{std::endian::little, std::endian::big, std::endian::native};

/// A value whose bytes are all different: 0x0123..., its top bit set where `high`.
template <typename T>
T telling(bool high)
{
    std::array<std::byte, sizeof(T)> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(0x11 * (i + 1) + (high ? 0x80 : 0));
    return std::bit_cast<T>(bytes);
}

template <typename T>
bool sameBits(T a, T b)
{
    using Bits = std::array<std::byte, sizeof(T)>;
    return std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b);
}

/// The byte that number `i` of a value in `order` must be: counted from the lowest in little, from the highest in big.
template <typename T>
std::byte expectedByte(T value, std::size_t i, std::endian order)
{
    const auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
    const bool lowestFirst = std::endian::native == std::endian::little;
    const std::size_t significance = order == std::endian::little ? i : sizeof(T) - 1 - i;
    return bytes[lowestFirst ? significance : sizeof(T) - 1 - significance];
}

/// Stages a value at places inside a page, across pages and at the end, in every order, and reads it back each way.
template <typename T>
bool roundTrips()
{
    DocumentFixture fixture(patternBytes(kSize));
    const std::array<std::uint64_t, 5> places{0, 3, 4096 - sizeof(T) / 2 - 1, 2 * 4096 - 1, kSize - sizeof(T)};
    for (const std::uint64_t place : places) {
        for (const std::endian order : kOrders) {
            for (const bool high : {false, true}) {
                const T value = telling<T>(high);
                const ByteOffset at(place);
                if (!stageValue(*fixture.document, at, value, order))
                    return false;
                const auto back = readValue<T>(*fixture.document, at, order);
                const auto peeked = peekValue<T>(*fixture.document, at, order);
                const auto raw = readBytes(*fixture.document, place, sizeof(T));
                if (!back || !sameBits(*back, value) || !peeked || !sameBits(*peeked, value) || !raw)
                    return false;
                for (std::size_t i = 0; i < sizeof(T); ++i)
                    if ((*raw)[i] != expectedByte(value, i, order))
                        return false;
            }
        }
    }
    return fixture.memory->bytes() == patternBytes(kSize);
}

} // namespace

class TestTypedValues : public QObject {
    Q_OBJECT

private slots:
    void everyWidthAndOrderRoundTrips();
    void valuesOfTheDiskAreRead();
    void numbersAreWhatTheirBytesSay();
    void pastTheEndIsOutOfRangeWithTheRange();
    void whatIsNotHereIsNotPeeked();
};

void TestTypedValues::everyWidthAndOrderRoundTrips()
{
    QVERIFY(roundTrips<std::int8_t>());
    QVERIFY(roundTrips<std::uint8_t>());
    QVERIFY(roundTrips<std::int16_t>());
    QVERIFY(roundTrips<std::uint16_t>());
    QVERIFY(roundTrips<std::int32_t>());
    QVERIFY(roundTrips<std::uint32_t>());
    QVERIFY(roundTrips<std::int64_t>());
    QVERIFY(roundTrips<std::uint64_t>());
    QVERIFY(roundTrips<Int128>());
    QVERIFY(roundTrips<UInt128>());
    QVERIFY(roundTrips<float>());
    QVERIFY(roundTrips<double>());
}

void TestTypedValues::valuesOfTheDiskAreRead()
{
    const std::vector<std::byte> disk = patternBytes(kSize);
    DocumentFixture fixture(disk);
    Random random(110);
    for (int round = 0; round < 200; ++round) {
        const std::uint64_t at = random.below(kSize - 16 + 1);
        UInt128 wanted = 0;
        for (std::size_t i = 0; i < 16; ++i)
            wanted = wanted << 8 | static_cast<UInt128>(disk[at + i]);
        const auto big = readValue<UInt128>(*fixture.document, ByteOffset(at), std::endian::big);
        QVERIFY(big && *big == wanted);
        const auto upper = readValue<std::uint64_t>(*fixture.document, ByteOffset(at), std::endian::big);
        QVERIFY(upper);
        QCOMPARE(*upper, static_cast<std::uint64_t>(wanted >> 64));
    }
}

void TestTypedValues::numbersAreWhatTheirBytesSay()
{
    const auto little = bytesOfValue<std::uint32_t>(0x01020304, std::endian::little);
    QCOMPARE(little[0], std::byte{4});
    QCOMPARE(valueOfBytes<std::uint32_t>(little, std::endian::big), 0x04030201U);
    const std::array<std::byte, 2> minusTwo{std::byte{0xff}, std::byte{0xfe}};
    QCOMPARE(valueOfBytes<std::int16_t>(minusTwo, std::endian::big), std::int16_t{-2});
    QCOMPARE(valueOfBytes<double>(bytesOfValue(-0.1, std::endian::big), std::endian::big), -0.1);
    const auto nan = std::bit_cast<float>(std::uint32_t{0x7fa00001}); // signalling, with a payload
    QVERIFY(sameBits(valueOfBytes<float>(bytesOfValue(nan, std::endian::big), std::endian::big), nan));
}

void TestTypedValues::pastTheEndIsOutOfRangeWithTheRange()
{
    DocumentFixture fixture(patternBytes(100));
    const auto read = readValue<std::uint64_t>(*fixture.document, ByteOffset(93), std::endian::little);
    QVERIFY(!read);
    QCOMPARE(read.error().code, ErrorCode::OutOfRange);
    QVERIFY(read.error().range == rangeAt(93, 8));
    QVERIFY(readValue<std::uint64_t>(*fixture.document, ByteOffset(92), std::endian::little));
    const auto staged = stageValue<UInt128>(*fixture.document, ByteOffset(85), 1, std::endian::big);
    QVERIFY(!staged);
    QCOMPARE(staged.error().code, ErrorCode::OutOfRange);
    QVERIFY(staged.error().range == rangeAt(85, 16));
    QVERIFY(fixture->staged().empty());
    const auto far = readValue<UInt128>(*fixture.document, ByteOffset(kMaxSourceSize - 3), std::endian::big);
    QVERIFY(!far);
    QCOMPARE(far.error().code, ErrorCode::OutOfRange);
}

void TestTypedValues::whatIsNotHereIsNotPeeked()
{
    DocumentFixture fixture(patternBytes(2 * 4096));
    QVERIFY(!peekValue<std::uint32_t>(*fixture.document, ByteOffset(4094), std::endian::little));
    QVERIFY(stageValue<std::uint16_t>(*fixture.document, ByteOffset(4096), 7, std::endian::little));
    QVERIFY(peekValue<std::uint16_t>(*fixture.document, ByteOffset(4096), std::endian::little));
    QVERIFY(!peekValue<std::uint32_t>(*fixture.document, ByteOffset(4094), std::endian::little));
    QVERIFY(readValue<std::uint32_t>(*fixture.document, ByteOffset(4092), std::endian::little));
    QVERIFY(peekValue<std::uint32_t>(*fixture.document, ByteOffset(4092), std::endian::little));
    QVERIFY(!peekValue<std::uint32_t>(*fixture.document, ByteOffset(2 * 4096 - 3), std::endian::little));
}

QTEST_GUILESS_MAIN(TestTypedValues)
#include "tst_typed_values.moc"
