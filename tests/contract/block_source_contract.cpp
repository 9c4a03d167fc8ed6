// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/contract/block_source_contract.h"

#include "tests/support/random.h"
#include "tests/support/source_reads.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <thread>

namespace cachet_test {

using namespace cachecore;

namespace {

constexpr std::size_t kSize = 64 * 4096;

struct Fixture {
    SourceMaker maker;
    std::vector<std::byte> content;
    std::shared_ptr<BlockSource> source;
    std::string skipReason;

    explicit Fixture(std::uint64_t salt = 1)
        : content(patternBytes(kSize, salt))
    {
        QFETCH(int, row);
        maker = sourceMakers().at(static_cast<std::size_t>(row));
        source = maker.make(content, skipReason);
    }
};

Result<void> writeOne(BlockSource &source, std::uint64_t at, std::span<const std::byte> bytes)
{
    return source.writev(ByteOffset(at), std::span(&bytes, 1));
}

} // namespace

#define CACHET_FIXTURE(...)                                                                                            \
    Fixture f{__VA_ARGS__};                                                                                            \
    if (!f.source)                                                                                                     \
    QSKIP(f.skipReason.c_str())

void BlockSourceContract::rows()
{
    QTest::addColumn<int>("row");
    const auto makers = sourceMakers();
    for (std::size_t i = 0; i < makers.size(); ++i)
        QTest::newRow(makers[i].name.c_str()) << static_cast<int>(i);
}

void BlockSourceContract::readsEveryOffsetAndLengthExactly()
{
    CACHET_FIXTURE();
    Random random(1);
    constexpr std::array<std::uint64_t, 9> kEdges{0, 1, 511, 512, 513, 4095, 4096, kSize - 513, kSize - 1};
    for (const std::uint64_t at : kEdges) {
        for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{512}, std::size_t{5000}}) {
            const auto got = readSome(*f.source, at, length);
            QVERIFY(got);
            QVERIFY(*got == slice(f.content, at, length));
        }
    }
    for (int i = 0; i < 300; ++i) {
        const std::uint64_t at = random.below(kSize);
        const std::size_t length = random.skewedBelow(kSize);
        const auto got = readSome(*f.source, at, length);
        QVERIFY(got);
        QVERIFY(*got == slice(f.content, at, length));
    }
}

void BlockSourceContract::scattersOneReadOverManyBuffers()
{
    CACHET_FIXTURE();
    // More buffers than the system takes in one call, empty ones among them.
    std::vector<std::byte> flat(3000 * 3);
    std::vector<std::span<std::byte>> buffers;
    for (std::size_t i = 0; i < 3000; ++i) {
        buffers.push_back(std::span(flat).subspan(i * 3, 3));
        buffers.emplace_back();
    }
    const auto got = f.source->readAt(ByteOffset(777), buffers);
    QVERIFY(got);
    QCOMPARE(*got, std::uint64_t{9000});
    QVERIFY(flat == slice(f.content, 777, 9000));

    const auto atEnd = f.source->readAt(ByteOffset(kSize - 100), buffers);
    QVERIFY(atEnd);
    QCOMPARE(*atEnd, std::uint64_t{100});
    QVERIFY(slice(flat, 0, 100) == slice(f.content, kSize - 100, 100));
}

void BlockSourceContract::readsNothingAtAndPastTheEnd()
{
    CACHET_FIXTURE();
    for (const std::uint64_t at : {std::uint64_t{kSize}, std::uint64_t{kSize} + 1, std::uint64_t{1} << 40,
                                   kMaxSourceSize - 10, kMaxSourceSize}) {
        const auto got = readSome(*f.source, at, 4096);
        QVERIFY(got);
        QVERIFY(got->empty());
    }
}

void BlockSourceContract::readsTheSamePastTheSystemsMemory()
{
    CACHET_FIXTURE();
    const auto readDirect = [&](std::uint64_t at, std::size_t length) {
        std::vector<std::byte> bytes(length);
        const auto got = f.source->readDirect(ByteOffset(at), bytes);
        bytes.resize(static_cast<std::size_t>(got.value_or(0)));
        return bytes;
    };
    const std::uint32_t unit = f.source->directIoAlignment();
    QVERIFY(unit == 0 || (std::has_single_bit(unit) && unit >= 512));
    std::vector<std::byte> expected = f.content;
    if (f.source->writable()) {
        const std::vector<std::byte> bytes(f.source->blockSize(), std::byte{0xee});
        QVERIFY(writeOne(*f.source, 8192, bytes)); // not synced, and to be seen all the same
        std::ranges::copy(bytes, expected.begin() + 8192);
    }
    Random random(3);
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t at = random.below(kSize);
        const std::size_t length = random.skewedBelow(30000);
        QVERIFY(readDirect(at, length) == slice(expected, at, length));
    }
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{8192}, std::uint64_t{kSize} - 4096})
        QVERIFY(readDirect(at, 4096) == slice(expected, at, 4096));
    QVERIFY(readDirect(0, kSize + 5000) == expected);
    for (const std::uint64_t at : {std::uint64_t{kSize}, std::uint64_t{kSize} + 1, kMaxSourceSize - 10, kMaxSourceSize})
        QVERIFY(readDirect(at, 4096).empty());
}

void BlockSourceContract::writesOnlyWhatItWasGiven()
{
    CACHET_FIXTURE();
    if (!f.source->writable())
        QSKIP("this kind of source is not writable");
    Random random(2);
    const std::uint64_t unit = f.source->writeGranularity();
    std::vector<std::byte> expected = f.content;
    for (int i = 0; i < 200; ++i) {
        const std::size_t length = random.skewedBelow(20000) / unit * unit;
        const std::uint64_t at = random.below(kSize - length + 1) / unit * unit;
        const auto bytes = random.bytes(length);
        // In up to three buffers.
        const std::size_t cut = random.below(length + 1);
        const std::span<const std::byte> all(bytes);
        const std::array<std::span<const std::byte>, 3> parts{all.first(cut), {}, all.subspan(cut)};
        QVERIFY(f.source->writev(ByteOffset(at), parts));
        std::ranges::copy(bytes, expected.begin() + static_cast<std::ptrdiff_t>(at));
    }
    QVERIFY(f.source->sync());
    const auto got = readSome(*f.source, 0, kSize + 1);
    QVERIFY(got);
    QVERIFY(*got == expected);
}

void BlockSourceContract::refusesToWritePastTheEnd()
{
    CACHET_FIXTURE();
    if (!f.source->writable())
        QSKIP("this kind of source is not writable");
    const std::vector<std::byte> bytes(10, std::byte{0xee});
    for (const std::uint64_t at : {std::uint64_t{kSize} - 9, std::uint64_t{kSize}, std::uint64_t{kSize} + 1,
                                   kMaxSourceSize - 10, kMaxSourceSize}) {
        const auto refused = writeOne(*f.source, at, bytes);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::OutOfRange);
        QVERIFY(refused.error().range);
        QCOMPARE(refused.error().range->begin().value(), at);
    }
    QVERIFY(writeOne(*f.source, kSize, {}));
    QCOMPARE(*f.source->size(), std::uint64_t{kSize});
    QVERIFY(*readSome(*f.source, 0, kSize) == f.content);
}

void BlockSourceContract::refusesToWriteWhenReadOnly()
{
    CACHET_FIXTURE();
    if (f.source->writable())
        QSKIP("this kind of source is writable");
    QVERIFY(f.source->readOnlyReason().code != ErrorCode::System);
    const std::vector<std::byte> bytes(10, std::byte{0xee});
    const auto refused = writeOne(*f.source, 0, bytes);
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::ReadOnly);
    QVERIFY(*readSome(*f.source, 0, kSize) == f.content);
}

void BlockSourceContract::refusesToWritePartsOfItsUnit()
{
    CACHET_FIXTURE();
    if (!f.source->writable())
        QSKIP("this kind of source is not writable");
    const std::uint64_t unit = f.source->writeGranularity();
    if (unit == 1)
        QSKIP("this kind of source takes any byte");
    const std::vector<std::byte> bytes(static_cast<std::size_t>(2 * unit), std::byte{0xee});
    const std::array<std::pair<std::uint64_t, std::uint64_t>, 4> parts{
        {{0, 1}, {1, unit}, {unit, unit + 1}, {unit - 1, 1}}};
    for (const auto &[at, length] : parts) {
        const auto refused = writeOne(*f.source, at, std::span(bytes).first(static_cast<std::size_t>(length)));
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::InvalidArgument);
        QVERIFY(refused.error().range == ByteRange::make(at, length));
    }
    QVERIFY(*readSome(*f.source, 0, kSize) == f.content);
    QVERIFY(writeOne(*f.source, unit, bytes));
    QVERIFY(*readSome(*f.source, unit, 2 * unit) == bytes);
}

void BlockSourceContract::readsTheSameAfterForgettingWhatIsInMemory()
{
    CACHET_FIXTURE();
    std::vector<std::byte> expected = f.content;
    if (f.source->writable()) {
        const std::vector<std::byte> bytes(f.source->blockSize(), std::byte{0xee});
        QVERIFY(writeOne(*f.source, 8192, bytes)); // not synced: must not be forgotten
        std::ranges::copy(bytes, expected.begin() + 8192);
    }
    for (const ByteRange range :
         {ByteRange(), ByteRange(ByteOffset(5), ByteOffset(6)), ByteRange::whole(kSize),
          ByteRange(ByteOffset(kSize), ByteOffset(kMaxSourceSize)), ByteRange(ByteOffset(8000), ByteOffset(8200))}) {
        QVERIFY(f.source->dropCached(range));
        QVERIFY(*readSome(*f.source, 0, kSize) == expected);
    }
}

void BlockSourceContract::tellsGeometryThatHolds()
{
    CACHET_FIXTURE();
    const auto size = f.source->size();
    QVERIFY(size);
    QCOMPARE(*size, std::uint64_t{kSize});
    QVERIFY(std::has_single_bit(f.source->blockSize()));
    QVERIFY(f.source->blockSize() >= 512);
    QVERIFY(std::has_single_bit(f.source->physicalBlockSize()));
    QVERIFY(f.source->physicalBlockSize() >= f.source->blockSize());
    QVERIFY(std::has_single_bit(f.source->writeGranularity()));
    QVERIFY(f.source->writeGranularity() <= f.source->blockSize());
    QVERIFY(f.source->checkStillNamed());
    QVERIFY(!f.source->identity().kind.empty());
}

void BlockSourceContract::keepsIdentityAndChangesFingerprintOnWrite()
{
    CACHET_FIXTURE();
    const auto identity = f.source->identity();
    const auto before = f.source->fingerprint();
    QVERIFY(before);
    QVERIFY(*f.source->fingerprint() == *before);
    QCOMPARE(before->size, std::uint64_t{kSize});
    if (const auto again = f.maker.openAgain ? f.maker.openAgain() : nullptr) {
        QVERIFY(again->identity() == identity);
        QVERIFY(*again->fingerprint() == *before);
    }
    Fixture other(2);
    QVERIFY(other.source);
    QVERIFY(other.source->fingerprint()->sampleHash != before->sampleHash);
    QVERIFY(!(other.source->identity() == identity));
    if (!f.source->writable())
        return;
    std::vector<std::byte> unit = slice(f.content, 0, f.source->writeGranularity());
    unit[0] = ~unit[0];
    QVERIFY(writeOne(*f.source, 0, unit));
    QVERIFY(f.source->fingerprint()->sampleHash != before->sampleHash);
    QVERIFY(f.source->identity() == identity);
}

void BlockSourceContract::walksDataRunsToTheEnd()
{
    CACHET_FIXTURE();
    // The content has no zeros to speak of, so that all of it must be in some run.
    std::uint64_t covered = 0;
    ByteOffset at(0);
    while (true) {
        const auto run = f.source->nextData(at);
        QVERIFY(run);
        QVERIFY(run->begin() >= at);
        QVERIFY(run->end().value() <= kSize);
        if (run->empty()) {
            QCOMPARE(run->begin().value(), std::uint64_t{kSize});
            break;
        }
        covered += run->length();
        at = run->end();
    }
    QCOMPARE(covered, std::uint64_t{kSize});
    for (const std::uint64_t past : {std::uint64_t{kSize}, std::uint64_t{kSize} + 5, kMaxSourceSize}) {
        const auto run = f.source->nextData(ByteOffset(past));
        QVERIFY(run);
        QCOMPARE(*run, ByteRange(ByteOffset(kSize), ByteOffset(kSize)));
    }
}

void BlockSourceContract::servesManyThreadsAtOnce()
{
    CACHET_FIXTURE();
    constexpr std::uint64_t kWrittenFrom = kSize / 2;
    std::atomic<int> wrong{0};
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                Random random(100 + t);
                for (int i = 0; i < 200; ++i) {
                    const std::uint64_t at = random.below(kWrittenFrom - 3000);
                    const auto got = readSome(*f.source, at, 3000);
                    wrong += !got || *got != slice(f.content, at, 3000);
                }
            });
        }
        if (f.source->writable()) {
            threads.emplace_back([&] {
                const std::uint64_t length = f.source->writeGranularity() == 1 ? 1000 : f.source->writeGranularity();
                const auto bytes = patternBytes(static_cast<std::size_t>(length), 9);
                for (std::uint64_t i = 0; i < 30; ++i)
                    wrong += !writeOne(*f.source, kWrittenFrom + i * length, bytes);
            });
        }
    }
    QCOMPARE(wrong.load(), 0);
}

} // namespace cachet_test
