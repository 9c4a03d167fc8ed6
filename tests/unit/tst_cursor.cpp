// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/cache/cursor.h"
#include "cachecore/typed_values.h"
#include "tests/support/cached_fixture.h"
#include "tests/support/document_fixture.h"

#include <QTest>

#include <array>
#include <bit>
#include <cmath>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kSize = 3 * kPage + 100;

/// The value at `at` put together byte by byte.
template <typename T>
T wanted(const std::vector<std::byte> &bytes, std::uint64_t at, std::endian order)
{
    UInt128 value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        const std::size_t from = order == std::endian::big ? i : sizeof(T) - 1 - i;
        value = value << 8 | std::to_integer<unsigned>(bytes[static_cast<std::size_t>(at) + from]);
    }
    return static_cast<T>(value);
}

template <typename T>
bool readsEverywhere(ByteReader &reader, const std::vector<std::byte> &bytes)
{
    Cursor cursor(reader);
    for (std::uint64_t at = 0; at + sizeof(T) <= kSize; at += 13) {
        for (const std::endian order : {std::endian::little, std::endian::big, std::endian::native}) {
            const auto value = cursor.read<T>(ByteOffset(at), order);
            if (!value || *value != wanted<T>(bytes, at, order))
                return false;
        }
    }
    // Over every edge of a page, and backwards.
    for (std::uint64_t edge = 2 * kPage; edge > 0; edge -= kPage) {
        for (std::uint64_t before = 0; before <= sizeof(T); ++before) {
            const auto value = cursor.read<T>(ByteOffset(edge - before), std::endian::big);
            if (!value || *value != wanted<T>(bytes, edge - before, std::endian::big))
                return false;
        }
    }
    const auto past = cursor.read<T>(ByteOffset(kSize - sizeof(T) + 1));
    return !past && past.error().code == ErrorCode::OutOfRange
        && past.error().range == rangeAt(kSize - sizeof(T) + 1, sizeof(T));
}

} // namespace

class TestCursor : public QObject {
    Q_OBJECT

private slots:
    void readsIntegersOfAllWidthsAndOrders();
    void readsFloatsOfAllWidths();
    void readsStringsUpToTheirZero();
    void keepsItsPage();
    void seesWhatIsStagedAndWritten();
    void seesWhatTheDiskHoldsAfterAnInvalidation();
    void readsStagedBytesOverBadOnes();
};

void TestCursor::readsIntegersOfAllWidthsAndOrders()
{
    const CachedFixture fixture(patternBytes(kSize));
    ByteReader &reader = *fixture.cached;
    QVERIFY(readsEverywhere<std::uint8_t>(reader, fixture.bytes));
    QVERIFY(readsEverywhere<std::int8_t>(reader, fixture.bytes));
    QVERIFY(readsEverywhere<std::uint16_t>(reader, fixture.bytes));
    QVERIFY(readsEverywhere<std::int16_t>(reader, fixture.bytes));
    QVERIFY(readsEverywhere<std::uint32_t>(reader, fixture.bytes));
    QVERIFY(readsEverywhere<std::int32_t>(reader, fixture.bytes));
    QVERIFY(readsEverywhere<std::uint64_t>(reader, fixture.bytes));
    QVERIFY(readsEverywhere<std::int64_t>(reader, fixture.bytes));
    QVERIFY(readsEverywhere<UInt128>(reader, fixture.bytes));
    QVERIFY(readsEverywhere<Int128>(reader, fixture.bytes));
}

void TestCursor::readsFloatsOfAllWidths()
{
    std::vector<std::byte> bytes(64);
    const auto put = [&](std::size_t at, auto value, std::endian order) {
        std::ranges::copy(bytesOfValue(value, order), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    };
    put(1, static_cast<Float16>(-1.5F), std::endian::big);
    put(3, 0.1F, std::endian::little);
    put(9, 1e300, std::endian::big);
    put(17, std::nan(""), std::endian::little);
    const CachedFixture fixture(bytes);
    Cursor cursor(*fixture.cached);
    QCOMPARE(static_cast<float>(*cursor.read<Float16>(ByteOffset(1), std::endian::big)), -1.5F);
    QCOMPARE(bytes[1], std::byte{0xbe}); // binary16 of -1.5 is BE00
    QCOMPARE(*cursor.read<float>(ByteOffset(3), std::endian::little), 0.1F);
    QCOMPARE(*cursor.read<double>(ByteOffset(9), std::endian::big), 1e300);
    QVERIFY(std::isnan(*cursor.read<double>(ByteOffset(17), std::endian::little)));
}

void TestCursor::readsStringsUpToTheirZero()
{
    std::vector<std::byte> bytes(kSize, std::byte{'x'});
    bytes[5] = std::byte{0};
    bytes[2 * kPage + 7] = std::byte{0};
    const CachedFixture fixture(bytes);
    Cursor cursor(*fixture.cached);
    QCOMPARE(*cursor.readString(ByteOffset(0), 100), std::string("xxxxx"));
    QCOMPARE(*cursor.readString(ByteOffset(5), 100), std::string());
    QCOMPARE(cursor.readString(ByteOffset(6), 3 * kPage)->size(), std::size_t{2 * kPage + 1});
    const auto bounded = cursor.readString(ByteOffset(0), 5);
    QCOMPARE(bounded.error().code, ErrorCode::NotFound);
    QCOMPARE(bounded.error().range, std::optional(rangeAt(0, 5)));
    QCOMPARE(cursor.readString(ByteOffset(0), 6)->size(), std::size_t{5}); // the zero is the last that counts
    const auto endless = cursor.readString(ByteOffset(2 * kPage + 8), ~std::size_t{0});
    QCOMPARE(endless.error().code, ErrorCode::NotFound);
    QCOMPARE(endless.error().range->end(), ByteOffset(kSize));
    QCOMPARE(cursor.readString(ByteOffset(kSize), 1).error().code, ErrorCode::OutOfRange);
}

void TestCursor::keepsItsPage()
{
    const CachedFixture fixture(patternBytes(kSize));
    Cursor cursor(*fixture.cached);
    QVERIFY(cursor.read<std::uint8_t>(ByteOffset(0)));
    const CacheStatistics before = fixture->statistics();
    for (std::uint64_t at = 0; at + 8 <= kPage; ++at)
        QVERIFY(cursor.read<std::uint64_t>(ByteOffset(at)));
    QCOMPARE(fixture->statistics().hits, before.hits);
    QCOMPARE(fixture->statistics().loads, before.loads);
}

void TestCursor::seesWhatIsStagedAndWritten()
{
    const DocumentFixture fixture(patternBytes(kSize));
    const auto old = patternBytes(kSize);
    Cursor cursor(*fixture.document);
    QCOMPARE(*cursor.read<std::uint32_t>(ByteOffset(100)), wanted<std::uint32_t>(old, 100, std::endian::native));
    QVERIFY(stageValue<std::uint32_t>(*fixture.document, ByteOffset(100), 0x12345678, std::endian::big));
    QCOMPARE(*cursor.read<std::uint32_t>(ByteOffset(100), std::endian::big), 0x12345678U);
    QCOMPARE(*cursor.read<std::uint8_t>(ByteOffset(99)), wanted<std::uint8_t>(old, 99, std::endian::native));
    QVERIFY(fixture->undo());
    QCOMPARE(*cursor.read<std::uint32_t>(ByteOffset(100)), wanted<std::uint32_t>(old, 100, std::endian::native));
    QVERIFY(fixture->redo());
    QVERIFY(fixture->commit());
    QVERIFY(fixture->staged().empty());
    QCOMPARE(*cursor.read<std::uint32_t>(ByteOffset(100), std::endian::big), 0x12345678U);
    QVERIFY(stageValue<std::uint16_t>(*fixture.document, ByteOffset(kPage - 1), 0xabcd, std::endian::little));
    QCOMPARE(*cursor.read<std::uint16_t>(ByteOffset(kPage - 1), std::endian::little), std::uint16_t{0xabcd});
}

void TestCursor::seesWhatTheDiskHoldsAfterAnInvalidation()
{
    const CachedFixture fixture(patternBytes(kSize));
    Cursor cursor(*fixture.cached);
    QVERIFY(cursor.read<std::uint8_t>(ByteOffset(0)));
    const std::array fresh{std::byte{0xa5}};
    const std::array<std::span<const std::byte>, 1> from{std::span(fresh)};
    QVERIFY(fixture.memory->writev(ByteOffset(0), from));
    fixture->invalidate(rangeAt(0, 1));
    QCOMPARE(*cursor.read<std::uint8_t>(ByteOffset(0)), std::uint8_t{0xa5});
}

void TestCursor::readsStagedBytesOverBadOnes()
{
    const DocumentFixture fixture(patternBytes(kSize));
    fixture.source->addBadRange(rangeAt(512, 512));
    Cursor cursor(*fixture.document);
    QCOMPARE(cursor.read<std::uint8_t>(ByteOffset(600)).error().code, ErrorCode::Io);
    QVERIFY(stageValue<std::uint32_t>(*fixture.document, ByteOffset(600), 7, std::endian::little));
    QCOMPARE(*cursor.read<std::uint32_t>(ByteOffset(600), std::endian::little), 7U);
    QCOMPARE(cursor.read<std::uint32_t>(ByteOffset(601), std::endian::little).error().code, ErrorCode::Io);
    QCOMPARE(cursor.read<std::uint32_t>(ByteOffset(599), std::endian::little).error().code, ErrorCode::Io);
    QVERIFY(cursor.read<std::uint32_t>(ByteOffset(508)));
    QCOMPARE(cursor.read<std::uint32_t>(ByteOffset(510)).error().range, std::optional(rangeAt(512, 2)));
}

QTEST_GUILESS_MAIN(TestCursor)
#include "tst_cursor.moc"
