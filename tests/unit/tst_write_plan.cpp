// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/write_plan.h"
#include "tests/support/edits.h"

#include <QTest>

using namespace cachecore;
using namespace cachet_test;

using Ranges = std::vector<ByteRange>;
Q_DECLARE_METATYPE(Ranges)
Q_DECLARE_METATYPE(cachecore::ByteRange)

class TestWritePlan : public QObject {
    Q_OBJECT

private slots:
    void plansExactlyWhatIsStagedInTheRange_data();
    void plansExactlyWhatIsStagedInTheRange();
};

void TestWritePlan::plansExactlyWhatIsStagedInTheRange_data()
{
    constexpr std::uint64_t kLongest = WritePlan::kLongestExtent;
    const ByteRange all = ByteRange::whole(kMaxSourceSize);
    QTest::addColumn<Ranges>("staged");
    QTest::addColumn<ByteRange>("range");
    QTest::addColumn<Ranges>("extents");
    QTest::newRow("nothing staged") << Ranges{} << all << Ranges{};
    QTest::newRow("empty range") << Ranges{rangeAt(0, 10)} << rangeAt(5, 0) << Ranges{};
    QTest::newRow("beside the range") << Ranges{rangeAt(0, 10)} << rangeAt(10, 10) << Ranges{};
    QTest::newRow("one byte of many") << Ranges{rangeAt(0, 10'000)} << rangeAt(4096, 1) << Ranges{rangeAt(4096, 1)};
    QTest::newRow("neighbours are one") << Ranges{rangeAt(4, 2), rangeAt(8, 2), rangeAt(6, 2)} << all
                                        << Ranges{rangeAt(4, 6)};
    QTest::newRow("a gap of one byte stays")
        << Ranges{rangeAt(4, 2), rangeAt(7, 2)} << all << Ranges{rangeAt(4, 2), rangeAt(7, 2)};
    QTest::newRow("cut at both ends") << Ranges{rangeAt(0, 10), rangeAt(20, 10)} << rangeAt(5, 20)
                                      << Ranges{rangeAt(5, 5), rangeAt(20, 5)};
    QTest::newRow("longest") << Ranges{rangeAt(3, kLongest)} << all << Ranges{rangeAt(3, kLongest)};
    QTest::newRow("one more than the longest")
        << Ranges{rangeAt(3, kLongest + 1)} << all << Ranges{rangeAt(3, kLongest), rangeAt(3 + kLongest, 1)};
    QTest::newRow("at the largest end") << Ranges{rangeAt(kMaxSourceSize - 2, 2)} << all
                                        << Ranges{rangeAt(kMaxSourceSize - 2, 2)};
}

void TestWritePlan::plansExactlyWhatIsStagedInTheRange()
{
    QFETCH(Ranges, staged);
    QFETCH(ByteRange, range);
    QFETCH(Ranges, extents);
    StagedEdits edits;
    for (const ByteRange part : staged)
        edits = edits.with(part, patternPiece(bytesOf({1}), 1), {});
    const WritePlan plan = planWrite(edits, range);
    QCOMPARE(plan.extents, extents);
    std::uint64_t bytes = 0;
    for (const ByteRange extent : extents) {
        bytes += extent.length();
        QCOMPARE(plan.edits.byteCountIn(extent), extent.length());
    }
    QCOMPARE(plan.byteCount(), bytes);
    QCOMPARE(plan.span(), extents.empty() ? ByteRange() : ByteRange(extents.front().begin(), extents.back().end()));
}

QTEST_GUILESS_MAIN(TestWritePlan)
#include "tst_write_plan.moc"
