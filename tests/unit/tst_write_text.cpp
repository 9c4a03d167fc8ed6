// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/edits.h"
#include "ui/session/write_text.h"

#include <QLocale>
#include <QtTest>

#include <cerrno>

using cachecore::Error;
using cachecore::ErrorCode;
using cachecore::Operation;
using cachecore::RangeFate;
using cachecore::RangeResult;
using cachecore::WritePhase;
using cachecore::WriteReport;
using namespace cachet;
using namespace std::chrono_literals;

using Work = DocumentSession::Work;

namespace cachet_test {

/// What is said of a write while it runs and when it did not succeed.
class TestWriteText : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates)); }
    void saysWhatBecameOfTheRanges_data();
    void saysWhatBecameOfTheRanges();
    void manyRangesAreCountedAndDetailed();
    void detailsEndSomewhere();
    void cancelIsCalmUnlessTheImageIsMixed();
    void everyPhaseHasItsWords();
    void progressTellsBatchesAndTime();
    void progressTellsWhichRange();
    void everyWorkHasItsWords();
    void whyRollingBackFailedIsSaid();
    void bytesAreShownOfTheirTotal();
    void onlyTheEndCannotBeCancelled();
    void saysWhyNotToCancelAndWhatCancelGivesUp();
    void settlingHasWordsOfItsOwn();
    void rollBackErrorsOfAnotherKindAreTold();
    void timeIsNotGuessedTooSoon();
    void timeOfAPhaseFollowsItsSpeed();
    void timeOfBatchesFollowsThoseDone();
};

namespace {

Error noSpace()
{
    return Error::fromErrno(ENOSPC, Operation::Write, rangeAt(0x200, 1), "d.img");
}

WriteReport reportOf(std::initializer_list<RangeResult> ranges)
{
    WriteReport report;
    report.ranges = ranges;
    return report;
}

} // namespace

void TestWriteText::saysWhatBecameOfTheRanges_data()
{
    QTest::addColumn<WriteReport>("report");
    QTest::addColumn<QString>("result");
    QTest::newRow("before any range") << reportOf({}) << "Nothing was written; all edits are still staged.";
    QTest::newRow("untouched") << reportOf({{rangeAt(0, 16), RangeFate::Untouched}})
                               << "Nothing was written; all edits are still staged.";
    QTest::newRow("rolled back")
        << reportOf({{rangeAt(0, 16), RangeFate::RolledBack}})
        << "Rolled back: bytes 0x0 to 0xF. The disk holds what it held before; all edits are still staged.";
    QTest::newRow("one of each") << reportOf({{rangeAt(0, 16), RangeFate::Committed},
                                              {rangeAt(0x100, 1), RangeFate::RolledBack},
                                              {rangeAt(0x200, 2), RangeFate::Untouched}})
                                 << "On the disk: bytes 0x0 to 0xF; rolled back: byte 0x100; untouched: bytes 0x200 to "
                                    "0x201. All edits that are not on the disk are still staged.";
    QTest::newRow("two and one")
        << reportOf({{rangeAt(0, 16), RangeFate::Committed},
                     {rangeAt(0x100, 1), RangeFate::Committed},
                     {rangeAt(0x200, 2), RangeFate::Untouched}})
        << "On the disk: bytes 0x0 to 0xF and byte 0x100; untouched: bytes 0x200 to 0x201. All "
           "edits that are not on the disk are still staged.";
    QTest::newRow("not settled") << reportOf({{rangeAt(0, 16), RangeFate::Unsettled}})
                                 << "Old and new bytes mixed until it is recovered: bytes 0x0 to 0xF. All edits that "
                                    "are not on the disk are still staged.";
}

void TestWriteText::saysWhatBecameOfTheRanges()
{
    QFETCH(const WriteReport, report);
    QFETCH(const QString, result);
    const WriteEndText text = writeEndText(report, noSpace());
    QCOMPARE(text.sentence,
             QStringLiteral("Could not write byte 0x200 of d.img: there is no space left. Free some space, then try "
                            "again. ")
                 + result);
    QVERIFY(!text.calm);
    QVERIFY(text.details.isEmpty());
}

void TestWriteText::manyRangesAreCountedAndDetailed()
{
    const WriteEndText text = writeEndText(reportOf({{rangeAt(0, 1), RangeFate::Committed},
                                                     {rangeAt(0x10, 1), RangeFate::Committed},
                                                     {rangeAt(0x20, 1), RangeFate::RolledBack},
                                                     {rangeAt(0x30, 1), RangeFate::Untouched}}),
                                           noSpace());
    QVERIFY2(text.sentence.contains(QStringLiteral("On the disk: 2 parts; rolled back: 1 part; untouched: 1 part.")),
             qPrintable(text.sentence));
    QCOMPARE(text.details,
             QStringLiteral("byte 0x0: on the disk\nbyte 0x10: on the disk\nbyte 0x20: rolled back\nbyte 0x30: "
                            "untouched"));
}

void TestWriteText::detailsEndSomewhere()
{
    WriteReport report;
    for (std::uint64_t i = 0; i < 5000; ++i)
        report.ranges.push_back({rangeAt(i * 2, 1), RangeFate::Untouched});
    const WriteEndText text = writeEndText(report, noSpace());
    QVERIFY(text.sentence.endsWith(QStringLiteral("Nothing was written; all edits are still staged.")));
    QVERIFY2(text.details.endsWith(QStringLiteral("and 4,000 more")), qPrintable(text.details.right(100)));
}

void TestWriteText::cancelIsCalmUnlessTheImageIsMixed()
{
    const Error cancelled = Error::of(ErrorCode::Cancelled, Operation::Write, rangeAt(0, 16), "d.img");
    WriteReport report = reportOf({{rangeAt(0, 16), RangeFate::RolledBack}});
    const WriteEndText text = writeEndText(report, cancelled);
    QVERIFY(text.calm);
    QCOMPARE(text.sentence,
             QStringLiteral("The write was cancelled. Rolled back: bytes 0x0 to 0xF. The disk holds what it held "
                            "before; all edits are still staged."));
    report.imageIntact = false;
    report.ranges.front().fate = RangeFate::Unsettled;
    const WriteEndText mixed = writeEndText(report, cancelled);
    QVERIFY(!mixed.calm);
    QVERIFY2(!mixed.sentence.contains(QStringLiteral("when you like")), qPrintable(mixed.sentence));
}

void TestWriteText::whyRollingBackFailedIsSaid()
{
    WriteReport report = reportOf({{rangeAt(0, 16), RangeFate::Unsettled}});
    report.imageIntact = false;
    report.rollBackError = Error::fromErrno(EIO, Operation::RollBack, rangeAt(0, 16));
    for (const ErrorCode code : {ErrorCode::Cancelled, ErrorCode::Io}) {
        const QString text
            = writeEndText(report, {code, code == ErrorCode::Io ? EIO : 0, Operation::Write, rangeAt(0, 16), "d.img"})
                  .sentence;
        QVERIFY2(text.startsWith(code == ErrorCode::Cancelled ? QStringLiteral("The write was cancelled. ")
                                                              : QStringLiteral("Could not write bytes 0x0 to 0xF")),
                 qPrintable(text));
        // Not twice at length what one reason explains.
        QVERIFY2(code == ErrorCode::Cancelled
                     ? text.contains(QStringLiteral("Could not put the old bytes back in bytes 0x0 to 0xF of d.img: "))
                     : text.contains(QStringLiteral(" Putting the old bytes back failed for the same reason. ")),
                 qPrintable(text));
        QCOMPARE(text.count(QStringLiteral("the medium failed")), 1);
        QVERIFY2(text.endsWith(QStringLiteral("Choose Recover to finish the write or to roll it back.")),
                 qPrintable(text));
    }
}

void TestWriteText::progressTellsWhichRange()
{
    const ProgressMoment moment{WritePhase::Writing, 10, 100, 1, 1, 3, 500};
    QCOMPARE(progressText(Work::Write, moment, {}), QStringLiteral("Writing, range 3 of 500"));
}

void TestWriteText::everyWorkHasItsWords()
{
    QSet<QString> words;
    QSet<QString> tips;
    for (const Work work : {Work::Write, Work::Look, Work::Settle, Work::Restore}) {
        words.insert(phaseText(work, WritePhase::Waiting));
        tips.insert(cancelText(work));
    }
    QCOMPARE(words.size(), 4);
    QCOMPARE(tips.size(), 4);
    QVERIFY(!words.contains(phaseText(Work::Forget, WritePhase::Waiting)));
    // The end of settling is not that of a write: what is in its place may be the old bytes.
    QVERIFY(!whyNotCancel(Work::Settle, WritePhase::Finishing).contains(QStringLiteral("new bytes")));
    QVERIFY(whyNotCancel(Work::Restore, WritePhase::Waiting).isEmpty());
}

void TestWriteText::everyPhaseHasItsWords()
{
    QSet<QString> words;
    for (int phase = 0; phase <= static_cast<int>(WritePhase::RollingBack); ++phase)
        words.insert(phaseText(Work::Write, static_cast<WritePhase>(phase)));
    QCOMPARE(words.size(), static_cast<int>(WritePhase::RollingBack) + 1);
    QVERIFY(!words.contains(phaseText(Work::Look, WritePhase::Checking)));
}

void TestWriteText::progressTellsBatchesAndTime()
{
    ProgressMoment moment{WritePhase::Writing, 10, 100, 1, 1};
    QCOMPARE(progressText(Work::Write, moment, {}), QStringLiteral("Writing"));
    moment.batch = 2;
    moment.batchCount = 5;
    QCOMPARE(progressText(Work::Write, moment, {}), QStringLiteral("Writing, batch 2 of 5"));
    const auto left = [&moment](std::chrono::seconds seconds, bool ofPhase) {
        return progressText(Work::Write, moment, TimeLeft::Estimate{seconds, ofPhase}).section(QStringLiteral(", "), 2);
    };
    QCOMPARE(left(3s, false), QStringLiteral("a few seconds left"));
    QCOMPARE(left(42s, false), QStringLiteral("about 45 s left"));
    QCOMPARE(left(150s, true), QStringLiteral("about 3 min left of this step"));
    QCOMPARE(left(3h, false), QStringLiteral("about 3 h left"));
}

void TestWriteText::bytesAreShownOfTheirTotal()
{
    QCOMPARE(bytesText(std::uint64_t{512} << 20, std::uint64_t{4} << 30), QStringLiteral("512.0 MiB of 4.0 GiB"));
    QCOMPARE(bytesText(5, 4), QStringLiteral("4 bytes of 4 bytes")); // counts of two threads may cross
    QVERIFY(bytesText(0, 0).isEmpty());
}

void TestWriteText::onlyTheEndCannotBeCancelled()
{
    for (int phase = 0; phase <= static_cast<int>(WritePhase::RollingBack); ++phase) {
        const auto which = static_cast<WritePhase>(phase);
        const bool end = which == WritePhase::Finishing || which == WritePhase::RollingBack;
        QCOMPARE(whyNotCancel(Work::Write, which).isEmpty(), !end);
        QVERIFY(whyNotCancel(Work::Look, which).isEmpty());
    }
    // Settling can be stopped while it puts old bytes back: its journal stays.
    QVERIFY(whyNotCancel(Work::Settle, WritePhase::RollingBack).isEmpty());
    QVERIFY(!whyNotCancel(Work::Settle, WritePhase::Finishing).isEmpty());
}

void TestWriteText::saysWhyNotToCancelAndWhatCancelGivesUp()
{
    QCOMPARE(whyNotCancel(Work::Write, WritePhase::Finishing),
             QStringLiteral("The new bytes are on the disk already; only the end is being noted."));
    QCOMPARE(whyNotCancel(Work::Write, WritePhase::RollingBack),
             QStringLiteral("The old bytes are being put back; the write ends with that."));
    QCOMPARE(whyNotCancel(Work::Settle, WritePhase::Finishing),
             QStringLiteral("Every byte is in its place already; only the journal is being removed."));
    QCOMPARE(whyNotCancel(Work::Forget, WritePhase::Waiting),
             QStringLiteral("A file is being removed, which is done at once."));
    QCOMPARE(cancelText(Work::Write), QStringLiteral("Stop the write; what is not committed yet is put back"));
    QCOMPARE(cancelText(Work::Look), QStringLiteral("Stop looking; nothing is changed by that"));
    QCOMPARE(cancelText(Work::Settle),
             QStringLiteral("Stop; the journal is kept, and it can be done again either way"));
    QCOMPARE(cancelText(Work::Restore), QStringLiteral("Stop; the edits stay kept, and can be staged later"));
}

void TestWriteText::settlingHasWordsOfItsOwn()
{
    QCOMPARE(phaseText(Work::Settle, WritePhase::Waiting), QStringLiteral("Preparing"));
    QCOMPARE(phaseText(Work::Settle, WritePhase::Checking), QStringLiteral("Comparing the disk with the journal"));
    QCOMPARE(phaseText(Work::Settle, WritePhase::Writing), phaseText(Work::Write, WritePhase::Writing));
    QCOMPARE(phaseText(Work::Settle, WritePhase::Finishing), QStringLiteral("Removing the journal"));
    QCOMPARE(phaseText(Work::Forget, WritePhase::Waiting), QStringLiteral("Deleting the edits of an earlier session"));
}

// Whatever was being done then, it was done to put the old bytes back.
void TestWriteText::rollBackErrorsOfAnotherKindAreTold()
{
    WriteReport report = reportOf({{rangeAt(0, 16), RangeFate::Unsettled}});
    report.imageIntact = false;
    report.rollBackError = Error::fromErrno(EIO, Operation::Write, rangeAt(0, 16), "d.img");
    const QString text = writeEndText(report, noSpace()).sentence;
    QCOMPARE(text,
             QStringLiteral("Could not write byte 0x200 of d.img: there is no space left. Free some space, then try "
                            "again. Could not put the old bytes back in bytes 0x0 to 0xF of d.img: the medium failed. "
                            "Check the disk and its cable, then try again or save a copy elsewhere. Old and new bytes "
                            "mixed until it is recovered: bytes 0x0 to 0xF. All edits that are not on the disk are "
                            "still staged. Choose Recover to finish the write or to roll it back."));
}

void TestWriteText::timeIsNotGuessedTooSoon()
{
    TimeLeft left;
    QVERIFY(!left.at(0ms, 1, 0, 100, 1, 1));
    QVERIFY(!left.at(1000ms, 1, 50, 100, 1, 1)); // too short a time
    QVERIFY(!left.at(5000ms, 1, 2, 100, 1, 1));  // too little of it
    QVERIFY(!left.at(9000ms, 1, 0, 0, 1, 1));    // nothing to count
    QVERIFY(left.at(5000ms, 1, 50, 100, 1, 1));
    QVERIFY(!left.at(6000ms, 2, 50, 100, 1, 1)); // another phase has its own speed
}

void TestWriteText::timeOfAPhaseFollowsItsSpeed()
{
    TimeLeft left;
    QVERIFY(!left.at(1000ms, 1, 0, 100, 1, 1));
    QCOMPARE(left.at(11'000ms, 1, 25, 100, 1, 1), (TimeLeft::Estimate{30s, true}));
}

void TestWriteText::timeOfBatchesFollowsThoseDone()
{
    TimeLeft left;
    QVERIFY(!left.at(0ms, 1, 0, 100, 1, 4));
    QCOMPARE(left.at(10'000ms, 1, 0, 100, 2, 4), (TimeLeft::Estimate{30s, false}));
    QCOMPARE(left.at(14'000ms, 2, 10, 100, 2, 4), (TimeLeft::Estimate{26s, false}));
    QCOMPARE(left.at(30'000ms, 2, 10, 100, 3, 4), (TimeLeft::Estimate{30s, false})); // 15 s each by now
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestWriteText)
#include "tst_write_text.moc"
