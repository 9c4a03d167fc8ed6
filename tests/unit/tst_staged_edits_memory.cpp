// SPDX-License-Identifier: GPL-3.0-or-later
// Staged edits changed in place without memory, and the memory they take. This program's operators new are counted_memory.cpp's.
#include "cachecore/edit/edit_history.h"
#include "tests/support/counted_memory.h"
#include "tests/support/edits.h"

#include <QTest>

#include <array>
#include <optional>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Bytes = std::vector<std::byte>;
constexpr std::uint64_t kEdits = 1'000;
constexpr std::uint64_t kStride = 10;
constexpr ByteRange kAll = ByteRange::whole(kEdits * kStride);
constexpr std::uint64_t kMostAllocations = 1'000;

Piece onePiece(int value, std::size_t length)
{
    return Piece::literalCopyOf(Bytes(length, static_cast<std::byte>(value)));
}

/// Two bytes staged in every ten: trees of several levels.
StagedEdits manyEdits()
{
    StagedEdits edits;
    for (std::uint64_t i = 0; i < kEdits; ++i)
        edits.stage(rangeAt(i * kStride, 2), onePiece(1, 2), {});
    return edits;
}

Bytes shown(const StagedEdits &edits)
{
    Bytes bytes(kAll.length(), std::byte{0xee});
    edits.overlay(ByteOffset(0), bytes);
    return bytes;
}

enum class Act { Fresh, First, Exact, Cutting, Across, TakeOut, PutBack, TakeOutMany };

void act(StagedEdits &edits, Act what, const StagedEdits &kept)
{
    constexpr std::uint64_t kAt = kEdits / 2 * kStride;
    switch (what) {
    case Act::Fresh:
        edits.stage(rangeAt(kAt + 5, 1), onePiece(2, 1), {});
        return;
    case Act::First:
        edits = {};
        edits.stage(rangeAt(kAt, 1), onePiece(2, 1), {});
        return;
    case Act::Exact:
        edits.stage(rangeAt(kAt, 2), onePiece(2, 2), {});
        return;
    case Act::Cutting:
        edits.stage(rangeAt(kAt + 1, 1), onePiece(2, 1), {});
        return;
    case Act::Across:
        edits.stage(rangeAt(kAt + 1, 3'345), onePiece(2, 3'345), {});
        return;
    case Act::TakeOut:
        edits.replace(rangeAt(kAt, 2), {});
        return;
    case Act::PutBack:
        edits.replace(rangeAt(kAt, 5'000), kept);
        return;
    case Act::TakeOutMany:
        edits.replace(rangeAt(kAt + 1, 4'000), {});
        return;
    }
}

} // namespace

class TestStagedEditsMemory : public QObject {
    Q_OBJECT

private slots:
    void changesInPlaceSurviveEachFailingAllocation_data();
    void changesInPlaceSurviveEachFailingAllocation();
    void aScatteredEditTakesFewBytes();
    void aStepOfTheHistoryTakesFewBytes();
};

void TestStagedEditsMemory::changesInPlaceSurviveEachFailingAllocation_data()
{
    QTest::addColumn<int>("what");
    QTest::addColumn<bool>("shared");
    constexpr std::array kNames{"fresh",  "first",    "exact",    "cutting",
                                "across", "take out", "put back", "take out many"};
    int index = 0;
    for (const char *const name : kNames) {
        QTest::addRow("%s", name) << index << false;
        QTest::addRow("%s, shared", name) << index++ << true;
    }
}

void TestStagedEditsMemory::changesInPlaceSurviveEachFailingAllocation()
{
    QFETCH(int, what);
    QFETCH(bool, shared);
    const StagedEdits original = manyEdits();
    const Bytes before = shown(original);
    StagedEdits kept;
    for (std::uint64_t i = 0; i < 100; ++i)
        kept.stage(rangeAt(kEdits / 2 * kStride + i * 7, 3), onePiece(3, 3), {});
    StagedEdits wanted = original;
    act(wanted, static_cast<Act>(what), kept);
    std::uint64_t n = 0;
    for (bool failed = true; failed; ++n) {
        QVERIFY(n < kMostAllocations);
        StagedEdits edits = manyEdits();
        const std::optional<StagedEdits> snapshot = shared ? std::optional(edits) : std::nullopt;
        bool thrown = false;
        memory::failAfter(n, 1);
        try {
            act(edits, static_cast<Act>(what), kept);
        } catch (const std::bad_alloc &) {
            thrown = true;
        }
        failed = memory::stopFailing();
        QCOMPARE(thrown, failed);
        QVERIFY2(edits.invariantsHold(), qPrintable(QString("after allocation %1").arg(n)));
        if (thrown && static_cast<Act>(what) != Act::First) // which empties them before
            QCOMPARE(shown(edits), before);
        if (thrown)
            act(edits, static_cast<Act>(what), kept);
        QCOMPARE(shown(edits), shown(wanted));
        QVERIFY(edits.invariantsHold());
        QVERIFY(!snapshot || (snapshot->invariantsHold() && shown(*snapshot) == before));
    }
}

void TestStagedEditsMemory::aScatteredEditTakesFewBytes()
{
    constexpr std::uint64_t kMany = 100'000;
    const auto cost = [](bool ascending) {
        const std::int64_t before = memory::liveBytes();
        StagedEdits edits;
        for (std::uint64_t i = 0; i < kMany; ++i)
            edits.stage(rangeAt((ascending ? i : i * 61'813 % kMany) * 4096, 1), onePiece(1, 1),
                        RangeTree<Base>().with(rangeAt((ascending ? i : i * 61'813 % kMany) * 4096, 1),
                                               Base::ofCopyOf(Bytes{std::byte{9}})));
        return edits.pieceCount() == kMany ? (memory::liveBytes() - before) / static_cast<std::int64_t>(kMany) : -1;
    };
    for (const bool ascending : {true, false}) {
        const std::int64_t each = cost(ascending);
        QVERIFY2(each > 0 && each < 256, qPrintable(QString("%1 bytes").arg(each)));
    }
}

void TestStagedEditsMemory::aStepOfTheHistoryTakesFewBytes()
{
    constexpr std::uint64_t kSteps = 5'000;
    EditHistory history({});
    history.push(manyEdits(), {EditKind::Set, kAll}, 0, false);
    const auto overwrite = [&history](std::uint64_t i) {
        history.stage(rangeAt(i % kEdits * kStride, 2), onePiece(5, 2), {}, EditKind::Set, 2, false);
    };
    for (std::uint64_t i = 0; i < kEdits; ++i)
        overwrite(i);
    const std::int64_t before = memory::liveBytes();
    for (std::uint64_t i = 0; i < kSteps; ++i)
        overwrite(i * 17);
    const std::int64_t each = (memory::liveBytes() - before) / static_cast<std::int64_t>(kSteps);
    QVERIFY2(each < 512, qPrintable(QString("%1 bytes").arg(each)));
    QVERIFY(history.invariantsHold());
}

QTEST_GUILESS_MAIN(TestStagedEditsMemory)
#include "tst_staged_edits_memory.moc"
