// SPDX-License-Identifier: GPL-3.0-or-later
// Defects of the system this one carries over, each by its number there; here is shown that it is not among ours.
#include "cachecore/edit/edit_history.h"
#include "cachecore/typed_values.h"
#include "tests/support/document_fixture.h"
#include "tests/support/endless_source.h"
#include "tests/support/random.h"

#include <QTest>

#include <algorithm>
#include <bit>
#include <chrono>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kEdits = 100'000;
constexpr std::uint64_t kStride = 10'007;
/// A search tree of n entries in random order is about 4.3 ln n deep at most (Devroye, 1986): 50 here, and never so much.
constexpr std::uint64_t kDeepest = 80;

/// Whether `value` comes back as it was staged in every order, and its bytes lie in that order, at an even place, an odd one and over the edge of a page.
template <typename T>
bool keepsItsOrder(DocumentFixture &fixture, T value)
{
    const auto little = bytesOfValue(value, std::endian::native); // of this machine, see below
    for (const std::uint64_t at : {std::uint64_t{1024}, std::uint64_t{1001}, 4096 - sizeof(T) / 2}) {
        for (const std::endian order : {std::endian::little, std::endian::big, std::endian::native}) {
            if (!stageValue(*fixture.document, ByteOffset(at), value, order))
                return false;
            std::vector<std::byte> wanted(little.begin(), little.end());
            if (order == std::endian::big)
                std::ranges::reverse(wanted);
            const auto same = readValue<T>(*fixture.document, ByteOffset(at), order);
            if (!same || *same != value || readBytes(*fixture.document, at, sizeof(T)) != wanted)
                return false;
        }
    }
    return true;
}

Piece literal(std::vector<std::byte> bytes)
{
    return literalPiece(std::move(bytes), Piece::newStamp());
}

} // namespace

class TestCachetDefectsEdit : public QObject {
    Q_OBJECT

private slots:
    void c3StagedValuesKeepTheirByteOrder();
    void c8ReadingBesideManyEditsTakesFewSteps();
    void c8DirtyReadsAskTheDiskNoMoreThanCleanOnes();
    void c8ReadingBesideManyEditsTakesNoLonger();
    void c9ValuesOfAnyLengthAreStagedAndRead();
    void c12WhatCannotBeStagedIsRefusedAtOnce_data();
    void c12WhatCannotBeStagedIsRefusedAtOnce();
    void c12NothingIsStagedAtTheLargestOffsets();
    void c19AMillionOverwritesKeepOneByteAndABoundedHistory();
};

void TestCachetDefectsEdit::c3StagedValuesKeepTheirByteOrder()
{
    static_assert(std::endian::native == std::endian::little); // what keepsItsOrder compares with
    DocumentFixture fixture(patternBytes(8192));
    QVERIFY(keepsItsOrder<std::uint8_t>(fixture, 0xfe));
    QVERIFY(keepsItsOrder<std::int8_t>(fixture, -2));
    QVERIFY(keepsItsOrder<std::uint16_t>(fixture, 0xfedc));
    QVERIFY(keepsItsOrder<std::int16_t>(fixture, 0x0123));
    QVERIFY(keepsItsOrder<std::uint32_t>(fixture, 0x89abcdef));
    QVERIFY(keepsItsOrder<std::int32_t>(fixture, -70'000));
    QVERIFY(keepsItsOrder<std::int64_t>(fixture, 0x0123456789abcdef));
    QVERIFY(keepsItsOrder<std::uint64_t>(fixture, 0xfedcba9876543210));
    QVERIFY(keepsItsOrder<UInt128>(fixture, UInt128{0xfedcba9876543210} << 64 | 0x0123456789abcdef));
    QVERIFY(keepsItsOrder<Int128>(fixture, Int128{0x0123456789abcdef} << 64 | 0x76543210));
    QVERIFY(keepsItsOrder<Float16>(fixture, static_cast<Float16>(-1.5F)));
    QVERIFY(keepsItsOrder<float>(fixture, 0.1F));
    QVERIFY(keepsItsOrder<double>(fixture, 0.1));
}

void TestCachetDefectsEdit::c8ReadingBesideManyEditsTakesFewSteps()
{
    StagedEdits edits;
    Random random(120);
    std::vector<std::uint64_t> places(kEdits);
    for (std::uint64_t i = 0; i < kEdits; ++i)
        places[i] = i * kStride;
    for (std::uint64_t i = kEdits - 1; i > 0; --i)
        std::swap(places[i], places[random.below(i + 1)]);
    for (const std::uint64_t place : places)
        edits = edits.with(rangeAt(place, 8), literal(std::vector<std::byte>(8, std::byte{1})), {});
    QCOMPARE(edits.pieceCount(), kEdits);
    // A read goes down from the root towards both ends of its range and nowhere else: no way is longer than this, whether the
    // range holds edits or lies beside them.
    QVERIFY2(edits.pieces().depth() <= kDeepest, qPrintable(QString::number(edits.pieces().depth())));
    // And it is handed only what lies in its range.
    for (int round = 0; round < 1000; ++round) {
        const std::uint64_t edit = random.below(kEdits - 1);
        std::vector<std::byte> bytes(16);
        int stretches = 0;
        const auto count = [&stretches](ByteRange, bool) { ++stretches; };
        edits.overlay(ByteOffset(edit * kStride + 100), bytes, count);
        QCOMPARE(stretches, 0);
        edits.overlay(ByteOffset(edit * kStride), bytes, count);
        QCOMPARE(stretches, 1);
    }
}

void TestCachetDefectsEdit::c8DirtyReadsAskTheDiskNoMoreThanCleanOnes()
{
    constexpr std::size_t kSize = std::size_t{1} << 20;
    DocumentFixture fixture(patternBytes(kSize));
    const auto readAll = [&fixture] {
        for (std::uint64_t at = 0; at + 4096 <= kSize; at += 4096)
            if (!readBytes(*fixture.document, at, 4096))
                return false;
        return true;
    };
    QVERIFY(readAll());
    for (std::uint64_t at = 0; at < kSize; at += 64)
        QVERIFY(fixture->stage(ByteOffset(at), bytesOf({7})));
    fixture.source->clearLogs();
    fixture->reload();
    QVERIFY(readAll());
    const std::uint64_t dirty = fixture.source->count(SourceOp::Read);
    QVERIFY(fixture->discard(ByteRange::whole(kSize)));
    fixture.source->clearLogs();
    fixture->reload();
    QVERIFY(readAll());
    QCOMPARE(dirty, fixture.source->count(SourceOp::Read));
}

void TestCachetDefectsEdit::c8ReadingBesideManyEditsTakesNoLonger()
{
    // It took some ten thousand times as long. Searching a tree costs a few hundred nanoseconds, looking at each edit more than that for a hundred of them.
    constexpr std::uint64_t kFew = 30'000;
    constexpr std::uint64_t kLength = 4096;
    const auto pool = std::make_shared<ThreadExecutor>(2);
    const auto source = std::make_shared<EndlessSource>(kFew * kStride);
    const auto opened
        = [&] { return *Document::create(source, DocumentFixture::smallPages(), {pool, pool}, systemEnv()); };
    const auto clean = opened();
    const auto edited = opened();
    for (std::uint64_t edit = 0; edit < kFew; ++edit)
        QVERIFY(edited->stage(ByteOffset(edit * kStride), std::vector<std::byte>(8, std::byte{1})));
    std::vector<std::byte> into(kLength);
    const auto fastestNs = [&into](Document &document, std::uint64_t at) {
        auto fastest = std::chrono::nanoseconds::max();
        for (int run = 0; run < 200; ++run) {
            const auto begun = std::chrono::steady_clock::now();
            (void)document.read(ByteOffset(at), into);
            fastest = std::min<std::chrono::nanoseconds>(fastest, std::chrono::steady_clock::now() - begun);
        }
        return fastest.count();
    };
    for (const std::uint64_t edit : {std::uint64_t{5}, kFew / 2, kFew - 2}) {
        const auto plain = fastestNs(*clean, edit * kStride);
        const auto beside = fastestNs(*edited, edit * kStride + 1000);
        const auto over = fastestNs(*edited, edit * kStride - 1000);
        const auto told = QString("plain %1 ns, beside %2, over %3").arg(plain).arg(beside).arg(over);
        QVERIFY2(beside <= 20 * plain && over <= 20 * plain, qPrintable(told));
    }
}

void TestCachetDefectsEdit::c9ValuesOfAnyLengthAreStagedAndRead()
{
    constexpr std::size_t kSize = 3'000'000;
    const std::vector<std::byte> disk = patternBytes(kSize);
    for (const std::size_t length : {std::size_t{1}, std::size_t{16}, std::size_t{17}, std::size_t{4095},
                                     std::size_t{4097}, std::size_t{1'048'579}, kSize - 3}) {
        DocumentOptions options = DocumentFixture::smallPages();
        options.cacheBytes = 2 * kSize;
        DocumentFixture fixture(disk, options);
        const std::vector<std::byte> value = patternBytes(length, 99);
        QVERIFY(fixture->stage(ByteOffset(3), value));
        QCOMPARE(readBytes(*fixture.document, 3, length), value);
        const auto around = readBytes(*fixture.document, 0, kSize);
        QVERIFY(around);
        QVERIFY(*around == with(disk, 3, value));
        QCOMPARE(fixture->staged().pieceCount(), 1U);
    }
}

void TestCachetDefectsEdit::c12WhatCannotBeStagedIsRefusedAtOnce_data()
{
    QTest::addColumn<quint64>("at");
    QTest::addColumn<quint64>("length");
    QTest::addColumn<bool>("outOfRange");
    QTest::newRow("one byte past the end") << quint64{8192} << quint64{1} << true;
    QTest::newRow("across the end") << quint64{8190} << quint64{3} << true;
    QTest::newRow("far past the end") << (quint64{1} << 40) << quint64{16} << true;
    QTest::newRow("the last byte there can be") << quint64{kMaxSourceSize - 1} << quint64{1} << true;
    QTest::newRow("at 2^63-1") << quint64{kMaxSourceSize} << quint64{1} << true;
    QTest::newRow("across 2^63-1") << quint64{kMaxSourceSize - 4} << quint64{16} << true;
    QTest::newRow("nothing, inside") << quint64{100} << quint64{0} << false;
    QTest::newRow("nothing, at the end") << quint64{8192} << quint64{0} << false;
}

void TestCachetDefectsEdit::c12WhatCannotBeStagedIsRefusedAtOnce()
{
    QFETCH(quint64, at);
    QFETCH(quint64, length);
    QFETCH(bool, outOfRange);
    const std::vector<std::byte> disk = patternBytes(8192);
    DocumentFixture fixture(disk);
    const TempDir directory;
    const auto file = fixture->openImport(directory.write("import", patternBytes(100)));
    QVERIFY(file);
    QVERIFY(fixture->stage(ByteOffset(50), bytesOf({1, 2, 3}))); // a good one before
    const StagedEdits before = fixture->staged();

    const std::vector<std::byte> bytes(static_cast<std::size_t>(length));
    const auto range = ByteRange::make(at, length);
    const ByteRange told = range.value_or(ByteRange(ByteOffset(at), ByteOffset(kMaxSourceSize)));
    std::vector<Result<void>> outcomes;
    outcomes.push_back(fixture->stage(ByteOffset(at), bytes));
    outcomes.push_back(fixture->stageImport(ByteOffset(at), *file, 0, length));
    if (range) {
        outcomes.push_back(fixture->stageFill(*range, bytesOf({1})));
        outcomes.push_back(fixture->stageGenerated(*range, {}));
    }
    for (const Result<void> &outcome : outcomes) {
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, outOfRange ? ErrorCode::OutOfRange : ErrorCode::InvalidArgument);
        QVERIFY(outcome.error().range == told);
    }
    QVERIFY(fixture->staged().sameAs(before));

    // Good edits before and after are as if nothing had been asked.
    QVERIFY(fixture->stage(ByteOffset(8191), bytesOf({9})));
    const auto wanted = with(with(disk, 50, bytesOf({1, 2, 3})), 8191, bytesOf({9}));
    QCOMPARE(readBytes(*fixture.document, 0, disk.size()), wanted);
    QVERIFY(fixture->commit());
    QCOMPARE(fixture.memory->bytes(), wanted);
    QVERIFY(fixture->staged().empty());
}

void TestCachetDefectsEdit::c12NothingIsStagedAtTheLargestOffsets()
{
    const auto source = std::make_shared<EndlessSource>(kMaxSourceSize);
    const auto pool = std::make_shared<ThreadExecutor>(2);
    const auto document = Document::create(source, DocumentFixture::smallPages(), {pool, pool}, systemEnv());
    QVERIFY(document);
    const auto refused = (*document)->stage(ByteOffset(kMaxSourceSize), bytesOf({1}));
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::OutOfRange);
    QVERIFY(!(*document)->stage(ByteOffset(kMaxSourceSize - 1), bytesOf({1, 2})));
    QVERIFY((*document)->staged().empty());
    QVERIFY((*document)->stage(ByteOffset(kMaxSourceSize - 1), bytesOf({1}))); // the last byte there is
    QCOMPARE((*document)->staged().byteCount(), 1U);
}

void TestCachetDefectsEdit::c19AMillionOverwritesKeepOneByteAndABoundedHistory()
{
    const EditHistory::Bounds bounds;
    EditHistory history(bounds);
    for (int i = 0; i < 1'000'000; ++i)
        history.push(history.current().with(rangeAt(7, 1), literal(bytesOf({i & 0xff})), {}),
                     {EditKind::Set, rangeAt(7, 1)}, 1, false);
    QCOMPARE(history.current().byteCount(), 1U);
    QCOMPARE(history.current().pieceCount(), 1U);
    QVERIFY(history.bytesHeld() <= bounds.bytes);
    QCOMPARE(history.stepsHeld(), bounds.steps);
    QVERIFY(history.wasCut());

    DocumentFixture fixture(patternBytes(4096));
    for (int i = 0; i < 20'000; ++i)
        QVERIFY(fixture->stage(ByteOffset(7), bytesOf({i & 0xff})));
    QCOMPARE(fixture->staged().byteCount(), 1U);
    QVERIFY(fixture->historyWasCut());
    std::uint64_t undone = 0;
    while (fixture->undoStep() && fixture->undo())
        ++undone;
    QCOMPARE(undone, std::uint64_t{DocumentFixture::smallPages().undoSteps});
}

QTEST_GUILESS_MAIN(TestCachetDefectsEdit)
#include "tst_cachet_defects_edit.moc"
