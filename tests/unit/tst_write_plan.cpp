// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/journal/journal_writer.h"
#include "cachecore/write/plan/write_plan.h"
#include "tests/support/edits.h"
#include "tests/support/journal_samples.h"
#include "tests/support/random.h"

#include <QTest>

#include <algorithm>

using namespace cachecore;
using namespace cachet_test;

using Ranges = std::vector<ByteRange>;
Q_DECLARE_METATYPE(Ranges)
Q_DECLARE_METATYPE(cachecore::ByteRange)
Q_DECLARE_METATYPE(cachecore::PlanGeometry)

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kTiB = std::uint64_t{1} << 40;
const ByteRange kAll = ByteRange::whole(kMaxSourceSize);

StagedEdits stagedOver(const Ranges &ranges)
{
    StagedEdits edits;
    for (const ByteRange range : ranges)
        edits = edits.with(range, patternPiece(bytesOf({1}), 1), {});
    return edits;
}

std::vector<WriteBatch> batchesOf(const WritePlan &plan)
{
    std::vector<WriteBatch> batches;
    PlanCursor cursor(plan);
    while (auto batch = cursor.next())
        batches.push_back(std::move(*batch));
    return batches;
}

Ranges unitsOf(const std::vector<WriteBatch> &batches)
{
    Ranges units;
    for (const WriteBatch &batch : batches) {
        for (const PlannedExtent &extent : batch.extents)
            units.push_back(extent.units);
    }
    return units;
}

/// All writes of a plan; those that a cut between two extents parted are one again.
Ranges writesOf(const std::vector<WriteBatch> &batches)
{
    Ranges writes;
    for (const WriteBatch &batch : batches) {
        for (const PlannedExtent &extent : batch.extents) {
            for (const ByteRange write : extent.writes) {
                if (!writes.empty() && writes.back().end() == write.begin())
                    writes.back() = {writes.back().begin(), write.end()};
                else
                    writes.push_back(write);
            }
        }
    }
    return writes;
}

/// What the batch's journal takes for certain, by writing it.
std::uint64_t writtenJournalBytes(const WritePlan &plan, const WriteBatch &batch)
{
    SampleJournal journal{sampleHeader(plan.geometry.targetSize, plan.geometry.unit), {}, {JournalState::Armed}};
    for (const PlannedExtent &extent : batch.extents) {
        SampleExtent sample{extent.units, std::vector<std::byte>(static_cast<std::size_t>(extent.units.length())), {}};
        plan.edits.forEachPiece(extent.units, [&sample](ByteRange range, const Piece &piece) {
            sample.segments.push_back({range, piece});
            return true;
        });
        journal.extents.push_back(std::move(sample));
    }
    return journal.bytes().size();
}

/// A target of some MiB as a flat array: which of its bytes are staged.
struct FlatPlan {
    PlanGeometry geometry;
    std::vector<bool> staged;

    /// The stretches of multiples of `unit` that hold a staged byte, the last one clipped.
    [[nodiscard]] Ranges aligned(std::uint64_t unit) const
    {
        Ranges ranges;
        for (std::uint64_t at = 0; at < staged.size(); at += unit) {
            const std::uint64_t end = std::min<std::uint64_t>(at + unit, staged.size());
            const auto from = staged.begin() + static_cast<std::ptrdiff_t>(at);
            if (std::find(from, from + static_cast<std::ptrdiff_t>(end - at), true)
                == from + static_cast<std::ptrdiff_t>(end - at))
                continue;
            if (!ranges.empty() && ranges.back().end().value() == at)
                ranges.back() = {ranges.back().begin(), ByteOffset(end)};
            else
                ranges.push_back(rangeAt(at, end - at));
        }
        return ranges;
    }
};

Piece randomPiece(Random &random, std::uint64_t length, const std::vector<SharedBytes> &patterns)
{
    switch (random.below(3)) {
    case 0:
        return Piece::patternOf(patterns[random.below(patterns.size())]);
    case 1:
        return Piece::generatedBy({Generator::Kind::Random, 1, random.next(), 1});
    default:
        return Piece::literalOf(shared(std::vector<std::byte>(static_cast<std::size_t>(length))));
    }
}

} // namespace

class TestWritePlan final : public QObject {
    Q_OBJECT

private slots:
    void plansExactlyWhatIsStagedInTheRange_data();
    void plansExactlyWhatIsStagedInTheRange();
    void batchesEndWhereTheJournalIsFull();
    void oneUnitIsABatchInAnyCase();
    void cutsExtentsOfVeryManyPieces();
    void countsAFillOfAnySizeAtOnce_data();
    void countsAFillOfAnySizeAtOnce();
    void countsWhatJoinsTheLastOfManyLikeBatches();
    void plansEditsBehindATruncation();
    void agreesWithAFlatArray();

private:
    void compareWithFlatArray(const FlatPlan &flat, const WritePlan &plan);
};

void TestWritePlan::plansExactlyWhatIsStagedInTheRange_data()
{
    const PlanGeometry bytes{kTiB, 4096, 1};
    const PlanGeometry sectors{kTiB, 4096, 512};
    const PlanGeometry odd{10'000, 4096, 512};
    QTest::addColumn<PlanGeometry>("geometry");
    QTest::addColumn<Ranges>("staged");
    QTest::addColumn<ByteRange>("range");
    QTest::addColumn<Ranges>("units");
    QTest::addColumn<Ranges>("writes");
    QTest::newRow("nothing staged") << bytes << Ranges{} << kAll << Ranges{} << Ranges{};
    QTest::newRow("empty range") << bytes << Ranges{rangeAt(0, 10)} << rangeAt(5, 0) << Ranges{} << Ranges{};
    QTest::newRow("beside the range") << bytes << Ranges{rangeAt(0, 10)} << rangeAt(10, 10) << Ranges{} << Ranges{};
    QTest::newRow("one byte of many") << bytes << Ranges{rangeAt(0, 10'000)} << rangeAt(4096, 1)
                                      << Ranges{rangeAt(4096, 4096)} << Ranges{rangeAt(4096, 1)};
    QTest::newRow("across two units") << bytes << Ranges{rangeAt(4090, 12)} << kAll << Ranges{rangeAt(0, 8192)}
                                      << Ranges{rangeAt(4090, 12)};
    QTest::newRow("neighbours are one write") << bytes << Ranges{rangeAt(4, 2), rangeAt(8, 2), rangeAt(6, 2)} << kAll
                                              << Ranges{rangeAt(0, 4096)} << Ranges{rangeAt(4, 6)};
    QTest::newRow("a gap of one byte stays") << bytes << Ranges{rangeAt(4, 2), rangeAt(7, 2)} << kAll
                                             << Ranges{rangeAt(0, 4096)} << Ranges{rangeAt(4, 2), rangeAt(7, 2)};
    QTest::newRow("neighbouring units are one extent")
        << bytes << Ranges{rangeAt(4, 2), rangeAt(5000, 2)} << kAll << Ranges{rangeAt(0, 8192)}
        << Ranges{rangeAt(4, 2), rangeAt(5000, 2)};
    QTest::newRow("a unit between parts extents")
        << bytes << Ranges{rangeAt(4, 2), rangeAt(8192, 2)} << kAll << Ranges{rangeAt(0, 4096), rangeAt(8192, 4096)}
        << Ranges{rangeAt(4, 2), rangeAt(8192, 2)};
    QTest::newRow("cut at both ends") << bytes << Ranges{rangeAt(0, 10), rangeAt(20, 10)} << rangeAt(5, 20)
                                      << Ranges{rangeAt(0, 4096)} << Ranges{rangeAt(5, 5), rangeAt(20, 5)};
    QTest::newRow("widened to sectors, which then meet")
        << sectors << Ranges{rangeAt(510, 4), rangeAt(1030, 1), rangeAt(2048, 1)} << kAll << Ranges{rangeAt(0, 4096)}
        << Ranges{rangeAt(0, 1536), rangeAt(2048, 512)};
    QTest::newRow("the target's odd end")
        << odd << Ranges{rangeAt(9990, 10)} << kAll << Ranges{rangeAt(8192, 1808)} << Ranges{rangeAt(9728, 272)};
    QTest::newRow("longest") << bytes << Ranges{rangeAt(0, kMiB)} << kAll << Ranges{rangeAt(0, kMiB)}
                             << Ranges{rangeAt(0, kMiB)};
    QTest::newRow("one more than the longest")
        << bytes << Ranges{rangeAt(4096, kMiB + 1)} << kAll << Ranges{rangeAt(4096, kMiB), rangeAt(4096 + kMiB, 4096)}
        << Ranges{rangeAt(4096, kMiB + 1)};
    QTest::newRow("a unit longer than an extent")
        << PlanGeometry{kTiB, 4 * kMiB, 512} << Ranges{rangeAt(4 * kMiB - 1, 2)} << kAll
        << Ranges{rangeAt(0, 4 * kMiB), rangeAt(4 * kMiB, 4 * kMiB)} << Ranges{rangeAt(4 * kMiB - 512, 1024)};
    QTest::newRow("at the largest end") << PlanGeometry{kMaxSourceSize, 4096, 1}
                                        << Ranges{rangeAt(kMaxSourceSize - 2, 2)} << kAll
                                        << Ranges{rangeAt(kMaxSourceSize - 4095, 4095)}
                                        << Ranges{rangeAt(kMaxSourceSize - 2, 2)};
}

void TestWritePlan::plansExactlyWhatIsStagedInTheRange()
{
    QFETCH(PlanGeometry, geometry);
    QFETCH(Ranges, staged);
    QFETCH(ByteRange, range);
    const WritePlan plan = planWrite(stagedOver(staged), range, geometry);
    const auto batches = batchesOf(plan);
    QTEST(unitsOf(batches), "units");
    QTEST(writesOf(batches), "writes");
    QCOMPARE(batches.size(), plan.empty() ? 0U : 1U);
    QCOMPARE(PlanCursor::count(plan), batches.size());
    if (!plan.empty()) {
        QCOMPARE(batches.front().stagedBytes, plan.byteCount());
        QCOMPARE(batches.front().span(), ByteRange(writesOf(batches).front().begin(), writesOf(batches).back().end()));
    }
}

void TestWritePlan::batchesEndWhereTheJournalIsFull()
{
    const PlanGeometry geometry{kTiB, 4096, 1, 2 * kMiB};
    const Piece literal = Piece::literalOf(shared(std::vector<std::byte>(3 * kMiB)));
    const WritePlan plan = planWrite(StagedEdits().with(rangeAt(100, 3 * kMiB), literal, {}), kAll, geometry);
    const auto batches = batchesOf(plan);
    QCOMPARE(batches.size(), std::size_t{4}); // old and new bytes: each batch carries nearly 1 MiB
    for (const WriteBatch &batch : batches) {
        QVERIFY(batch.journalBytes <= geometry.journalLimit);
        QVERIFY(&batch == &batches.back() || batch.journalBytes + 3 * 4096 > geometry.journalLimit);
    }
    QCOMPARE(writesOf(batches), Ranges{rangeAt(100, 3 * kMiB)});
}

void TestWritePlan::oneUnitIsABatchInAnyCase()
{
    const WritePlan plan = planWrite(stagedOver({rangeAt(0, 3 * 4096), rangeAt(40'960, 1)}), kAll, {kTiB, 4096, 1, 0});
    QCOMPARE(unitsOf(batchesOf(plan)),
             (Ranges{rangeAt(0, 4096), rangeAt(4096, 4096), rangeAt(8192, 4096), rangeAt(40'960, 4096)}));
    QCOMPARE(batchesOf(plan).size(), std::size_t{4});
    QCOMPARE(PlanCursor::count(plan), std::uint64_t{4});
}

void TestWritePlan::cutsExtentsOfVeryManyPieces()
{
    Ranges staged;
    for (std::uint64_t i = 0; i < 5 * 2048; ++i)
        staged.push_back(rangeAt(2 * i, 1)); // 2048 pieces in each of five units
    const auto batches = batchesOf(planWrite(stagedOver(staged), kAll, {kTiB, 4096, 1}));
    QCOMPARE(unitsOf(batches), (Ranges{rangeAt(0, 8192), rangeAt(8192, 8192), rangeAt(16384, 4096)}));
    QCOMPARE(writesOf(batches), staged);

    // A unit alone stays whole.
    const auto large = batchesOf(planWrite(stagedOver(staged), kAll, {kTiB, 65536, 1}));
    QCOMPARE(unitsOf(large), Ranges{rangeAt(0, 65536)});
}

void TestWritePlan::countsAFillOfAnySizeAtOnce_data()
{
    QTest::addColumn<std::uint64_t>("begin");
    QTest::addColumn<std::uint64_t>("length");
    QTest::addColumn<std::uint64_t>("limit");
    for (const std::uint64_t begin : {0, 1, 4096, 1'000'000}) {
        for (const std::uint64_t length : {1ULL, 5'000ULL, 64ULL << 20, (1ULL << 30) + 4095, (1ULL << 30) + 4096}) {
            for (const std::uint64_t limit : {0ULL, 1'000'000ULL, 10'000'000ULL, 64ULL << 20}) {
                if (limit > 0 || length < 64 * kMiB)
                    QTest::addRow("%llu+%llu by %llu", static_cast<unsigned long long>(begin),
                                  static_cast<unsigned long long>(length), static_cast<unsigned long long>(limit))
                        << begin << length << limit;
            }
        }
    }
}

void TestWritePlan::countsAFillOfAnySizeAtOnce()
{
    QFETCH(const std::uint64_t, begin);
    QFETCH(const std::uint64_t, length);
    QFETCH(const std::uint64_t, limit);
    // A piece that is cheap in a journal follows directly, and another one further on.
    StagedEdits edits = stagedOver({rangeAt(begin, length)});
    edits = edits.with(rangeAt(begin + length, 1), Piece::generatedBy({}), {});
    edits = edits.with(rangeAt(begin + length + 100'000, 7), literalPiece(std::vector<std::byte>(7), 2), {});
    const WritePlan plan = planWrite(edits, kAll, {kTiB, 4096, 1, limit});
    QCOMPARE(PlanCursor::count(plan), batchesOf(plan).size());

    // 2^62 bytes: no list of extents could be made of them.
    const WritePlan huge
        = planWrite(stagedOver({rangeAt(begin, std::uint64_t{1} << 62)}), kAll, {kMaxSourceSize, 4096, 1, 64 * kMiB});
    QVERIFY(PlanCursor::count(huge) > (std::uint64_t{1} << 62) / (64 * kMiB));
    QVERIFY(PlanCursor(huge).next()->unitBytes > 60 * kMiB);
}

// A literal costs its batch twice its bytes, the generated units behind it once: where the literal ends with a batch, one of them may still fit.
void TestWritePlan::countsWhatJoinsTheLastOfManyLikeBatches()
{
    const Piece literal = Piece::literalOf(shared(std::vector<std::byte>(8 * kMiB)));
    for (std::uint64_t limit = 200'000; limit < 200'000 + 3 * 4096; limit += 512) {
        const PlanGeometry geometry{kTiB, 4096, 1, limit};
        const StagedEdits alone = StagedEdits().with(rangeAt(0, 8 * kMiB), literal, {});
        const std::uint64_t length = PlanCursor(planWrite(alone, kAll, geometry)).next()->unitBytes;
        const StagedEdits edits
            = alone.clipped(rangeAt(0, 6 * length)).with(rangeAt(6 * length, 4096), Piece::generatedBy({}), {});
        const WritePlan plan = planWrite(edits, kAll, geometry);
        QCOMPARE(PlanCursor::count(plan), batchesOf(plan).size());
    }
}

void TestWritePlan::plansEditsBehindATruncation()
{
    const auto batches
        = batchesOf(planWrite(stagedOver({rangeAt(100, 10), rangeAt(9'000, 10)}), kAll, {5'000, 4096, 512}));
    QCOMPARE(unitsOf(batches), (Ranges{rangeAt(0, 4096), rangeAt(8192, 818)}));
    QCOMPARE(writesOf(batches), (Ranges{rangeAt(0, 512), rangeAt(8704, 306)}));
}

void TestWritePlan::compareWithFlatArray(const FlatPlan &flat, const WritePlan &plan)
{
    const PlanGeometry &geometry = flat.geometry;
    const auto batches = batchesOf(plan);
    QCOMPARE(PlanCursor::count(plan), batches.size());
    QCOMPARE(writesOf(batches), flat.aligned(geometry.granularity));
    Ranges units;
    const PlannedExtent *last = nullptr;
    for (const WriteBatch &batch : batches) {
        std::uint64_t unitBytes = 0;
        std::uint64_t stagedBytes = 0;
        for (const PlannedExtent &extent : batch.extents) {
            unitBytes += extent.units.length();
            stagedBytes += plan.edits.byteCountIn(extent.units);
            QVERIFY(extent.units.length() <= std::max<std::uint64_t>(WritePlan::kLongestExtent, geometry.unit));
            const bool adjoins = !units.empty() && units.back().end() == extent.units.begin();
            const bool sameBatch = &extent != &batch.extents.front();
            QVERIFY(!adjoins || !sameBatch || last->units.length() + geometry.unit > WritePlan::kLongestExtent);
            if (adjoins)
                units.back() = {units.back().begin(), extent.units.end()};
            else
                units.push_back(extent.units);
            for (std::size_t i = 0; i < extent.writes.size(); ++i) {
                QVERIFY(extent.units.contains(extent.writes[i]) && !extent.writes[i].empty());
                QVERIFY(i == 0 || extent.writes[i - 1].end() < extent.writes[i].begin());
            }
            last = &extent;
        }
        QCOMPARE(batch.unitBytes, unitBytes);
        QCOMPARE(batch.stagedBytes, stagedBytes);
        QVERIFY(batch.journalBytes <= geometry.journalLimit || unitBytes <= geometry.unit);
        if (geometry.unit <= kJournalMostUnit)
            QVERIFY(writtenJournalBytes(plan, batch) <= batch.journalBytes);
    }
    QCOMPARE(units, flat.aligned(geometry.unit));
}

void TestWritePlan::agreesWithAFlatArray()
{
    Random random(2);
    for (int round = 0; round < 120 && !QTest::currentTestFailed(); ++round) {
        FlatPlan flat;
        flat.geometry.targetSize = 1 + random.skewedBelow(3 * kMiB);
        flat.geometry.unit = 512U << random.below(random.oneIn(8) ? 13 : 5);
        flat.geometry.granularity = random.oneIn(2) ? 1 : 512;
        flat.geometry.journalLimit = random.oneIn(3) ? 0 : random.skewedBelow(4 * kMiB);
        flat.staged.resize(static_cast<std::size_t>(flat.geometry.targetSize));
        std::vector<SharedBytes> patterns;
        for (int i = 0; i < 4; ++i)
            patterns.push_back(shared(random.bytes(static_cast<std::size_t>(1 + random.skewedBelow(100'000)))));
        StagedEdits edits;
        for (std::uint64_t count = random.skewedBelow(300); count > 0; --count) {
            const std::uint64_t at = random.below(flat.geometry.targetSize);
            const std::uint64_t length = 1 + random.skewedBelow(flat.geometry.targetSize - at);
            edits = edits.with(rangeAt(at, length), randomPiece(random, length, patterns), {});
            std::fill_n(flat.staged.begin() + static_cast<std::ptrdiff_t>(at), length, true);
        }
        const std::uint64_t from = random.oneIn(2) ? 0 : random.below(flat.geometry.targetSize);
        const std::uint64_t to
            = random.oneIn(2) ? flat.geometry.targetSize : random.between(from, flat.geometry.targetSize);
        std::fill(flat.staged.begin(), flat.staged.begin() + static_cast<std::ptrdiff_t>(from), false);
        std::fill(flat.staged.begin() + static_cast<std::ptrdiff_t>(to), flat.staged.end(), false);
        compareWithFlatArray(flat, planWrite(edits, {ByteOffset(from), ByteOffset(to)}, flat.geometry));
    }
}

QTEST_GUILESS_MAIN(TestWritePlan)
#include "tst_write_plan.moc"
