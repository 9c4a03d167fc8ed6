// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/edits.h"
#include "ui/dialogs/recovery_text.h"

#include <QLocale>
#include <QtTest>

using cachecore::Error;
using cachecore::ErrorCode;
using cachecore::JournalState;
using cachecore::Operation;
using cachecore::RecoveryChoice;
using cachecore::RecoveryReport;
using namespace cachet;

namespace cachet_test {

/// What is said of an interrupted write.
class TestRecoveryText : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates)); }
    void saysWhatWasFound_data();
    void saysWhatWasFound();
    void unusableJournalsAreToldApart();
    void journalOfACopyFitsWhereNothingIsForeign();
    void whatWroteToADiskThatHasGrownCanBeOverwritten();
    void linesNameOnlyWhatThereIs();
    void beginningIsADate();
    void saysWhatWasDone();
};

namespace {

RecoveryReport reportOf(JournalState state, std::initializer_list<std::uint64_t> units)
{
    RecoveryReport report;
    report.header.emplace();
    report.state = state;
    report.sameDisk = true;
    report.sameTarget = true;
    std::ranges::copy(units, report.units);
    report.newBytes = 20;
    report.span = rangeAt(0x1000, 0x2000);
    return report;
}

} // namespace

void TestRecoveryText::saysWhatWasFound_data()
{
    QTest::addColumn<RecoveryReport>("report");
    QTest::addColumn<int>("what");
    QTest::addColumn<QString>("sentence");
    const auto row = [](const char *name, const RecoveryReport &report, RecoveryCase what, const char *sentence) {
        QTest::newRow(name) << report << static_cast<int>(what) << QString::fromLatin1(sentence);
    };
    row("half-way", reportOf(JournalState::Armed, {1, 1, 0, 0, 0}), RecoveryCase::Open,
        "The write stopped half-way, so the disk holds old and new bytes. It was to replace 20 bytes between 0x1000 "
        "and 0x2FFF.");
    row("not begun", reportOf(JournalState::Armed, {2, 0, 0, 0, 0}), RecoveryCase::Open,
        "Nothing of the write has reached the disk yet. It was to replace 20 bytes between 0x1000 and 0x2FFF.");
    row("all there", reportOf(JournalState::Armed, {0, 2, 0, 0, 0}), RecoveryCase::Open,
        "All of the write has reached the disk; only its end was not noted. It was to replace 20 bytes between 0x1000 "
        "and 0x2FFF.");
    row("torn", reportOf(JournalState::Armed, {1, 0, 1, 0, 0}), RecoveryCase::Open,
        "The write stopped half-way, so the disk holds old and new bytes. It was to replace 20 bytes between 0x1000 "
        "and 0x2FFF.");
    row("cannot be told", reportOf(JournalState::Armed, {1, 0, 0, 0, 1}), RecoveryCase::Open,
        "How far the write came cannot be told, because some of its blocks hold other bytes or cannot be read. It was "
        "to replace 20 bytes between 0x1000 and 0x2FFF.");
    row("while rolling back", reportOf(JournalState::RollingBack, {1, 1, 0, 0, 0}), RecoveryCase::Open,
        "The write had failed and was being rolled back when that was interrupted too. It was to replace 20 bytes "
        "between 0x1000 and 0x2FFF.");
    row("done", reportOf(JournalState::Done, {}), RecoveryCase::Finished,
        "The write had ended and is on the disk; only its journal was not removed yet.");
    row("rolled back", reportOf(JournalState::RolledBack, {}), RecoveryCase::Undone,
        "The write had been rolled back; only its journal was not removed yet.");
}

void TestRecoveryText::saysWhatWasFound()
{
    QFETCH(const RecoveryReport, report);
    QFETCH(const int, what);
    QCOMPARE(static_cast<int>(recoveryCase(report)), what);
    QTEST(findingText(report), "sentence");
}

void TestRecoveryText::unusableJournalsAreToldApart()
{
    RecoveryReport other = reportOf(JournalState::Armed, {1, 1, 0, 1, 0});
    other.sameDisk = false;
    other.sameTarget = false;
    RecoveryReport damaged = reportOf(JournalState::Armed, {});
    damaged.damage = Error::of(ErrorCode::Damaged, Operation::Journal, rangeAt(4096, 32), "/d/j");
    RecoveryReport newer = damaged;
    newer.damage->code = ErrorCode::NewerVersion;
    RecoveryReport unarmed = reportOf(JournalState::Unarmed, {});
    for (const RecoveryReport &report : {other, damaged, newer, unarmed}) {
        QCOMPARE(recoveryCase(report), RecoveryCase::Unusable);
        QVERIFY(unitLines(report).empty());
    }
    QVERIFY(findingText(other).contains(QStringLiteral("made for another disk")));
    QVERIFY(findingText(damaged).contains(QStringLiteral("damaged or was cut short")));
    QVERIFY(findingText(newer).contains(QStringLiteral("later version of Cachet")));
    QCOMPARE(findingText(unarmed), findingText(damaged));
    // What may come right by itself, or by looking again, is not put away.
    for (const RecoveryReport &report : {other, damaged, newer, unarmed})
        QVERIFY(maySetAside(report));
    RecoveryReport unread = damaged;
    unread.damage->code = ErrorCode::Io;
    QVERIFY(recoveryCase(unread) == RecoveryCase::Unusable && !maySetAside(unread));
    QVERIFY(!maySetAside(reportOf(JournalState::Armed, {1, 1, 0, 0, 0})));
    QVERIFY(!maySetAside(Error::of(ErrorCode::Cancelled, Operation::Recover)));
    QVERIFY(maySetAside(Error::of(ErrorCode::Damaged, Operation::Recover)));
    QVERIFY(
        maySetAside(Error::of(ErrorCode::Truncated, Operation::Recover))); // else nothing could be written ever again
}

void TestRecoveryText::journalOfACopyFitsWhereNothingIsForeign()
{
    RecoveryReport copy = reportOf(JournalState::Armed, {1, 1, 1, 0, 1});
    copy.sameDisk = false;
    copy.sameTarget = false;
    QCOMPARE(recoveryCase(copy), RecoveryCase::Open);
    QVERIFY(findingText(copy).contains(QStringLiteral("made for another file")));
    QCOMPARE(unitLines(copy).size(), 4U);
}

void TestRecoveryText::whatWroteToADiskThatHasGrownCanBeOverwritten()
{
    RecoveryReport grown = reportOf(JournalState::Armed, {1, 1, 0, 1, 0});
    grown.sameTarget = false;
    QCOMPARE(recoveryCase(grown), RecoveryCase::Open);
    QVERIFY(findingText(grown).contains(QStringLiteral("another size")));
}

void TestRecoveryText::linesNameOnlyWhatThereIs()
{
    const auto lines = unitLines(reportOf(JournalState::Armed, {1200, 1, 0, 2, 1}));
    QCOMPARE(lines.size(), 4U);
    QCOMPARE(lines[0].count + u' ' + lines[0].meaning, QStringLiteral("1 holds the new bytes"));
    QCOMPARE(lines[1].count + u' ' + lines[1].meaning, QStringLiteral("1,200 hold the old bytes"));
    QCOMPARE(lines[2].count + u' ' + lines[2].meaning,
             QStringLiteral("2 hold other bytes: something else wrote there since"));
    QCOMPARE(lines[3].count + u' ' + lines[3].meaning, QStringLiteral("1 cannot be read; writing it often mends it"));
}

void TestRecoveryText::beginningIsADate()
{
    RecoveryReport report = reportOf(JournalState::Armed, {1});
    QVERIFY(beganText(report).isEmpty());
    const QDateTime when(QDate(2026, 11, 22), QTime(10, 11, 12));
    report.header->createdNs = when.toMSecsSinceEpoch() * 1'000'000;
    QCOMPARE(beganText(report), QStringLiteral("22 November 2026, 10:11:12"));
}

void TestRecoveryText::saysWhatWasDone()
{
    const RecoveryReport open = reportOf(JournalState::Armed, {1, 1, 0, 0, 0});
    QCOMPARE(settledText(open, RecoveryChoice::Finish),
             QStringLiteral("The write was finished: all 20 bytes of it are on the disk, and were read back."));
    QVERIFY(settledText(open, RecoveryChoice::RollBack).startsWith(QStringLiteral("The write was rolled back")));
    QVERIFY(settledText(reportOf(JournalState::Done, {}), RecoveryChoice::Finish)
                .startsWith(QStringLiteral("The journal was removed")));
    RecoveryReport left = open;
    left.leftover = Error::fromErrno(EIO, Operation::Journal, {}, "/d/.disk.img.cachet-journal");
    const QString said = settledText(left, RecoveryChoice::Finish);
    QVERIFY(said.startsWith(settledText(open, RecoveryChoice::Finish)));
    QVERIFY(said.contains(QStringLiteral("whether it is gone for good is not sure")));
    QVERIFY(said.contains(QStringLiteral("/d/.disk.img.cachet-journal")));
    cachecore::JournalAside aside{"/d/.disk.img.cachet-journal.1.kept", {}};
    QVERIFY(setAsideText(aside).contains(QStringLiteral("journal.1.kept")));
    QVERIFY(!setAsideText(aside).contains(QStringLiteral("not sure")));
    aside.leftover = Error::fromErrno(EIO, Operation::Journal, {}, "/d/.disk.img.cachet-journal");
    QVERIFY(setAsideText(aside).contains(QStringLiteral("not sure")));
    QVERIFY(setAsideText(aside).contains(QStringLiteral("/d/.disk.img.cachet-journal:"))
            || setAsideText(aside).count(QStringLiteral(".disk.img.cachet-journal")) == 2);
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestRecoveryText)
#include "tst_recovery_text.moc"
