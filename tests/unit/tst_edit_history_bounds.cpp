// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/edit/edit_history.h"
#include "tests/support/edits.h"
#include "tests/support/history_rig.h"

#include <QTest>

using namespace cachecore;
using namespace cachet_test;

class TestEditHistoryBounds : public QObject {
    Q_OBJECT

private slots:
    void stepsAreBounded();
    void bytesAreBounded();
    void whatStepsOverwroteCountsToo();
    void journalBytesAreBounded();
    void journalsAreBounded();
    void oldBytesOnTheDiskAreNoMemory();
    void aJournalBeyondTheBoundEndsTheUndo();
    void redoStatesGoWhenTheirJournalsNoLongerFit();
};

void TestEditHistoryBounds::stepsAreBounded()
{
    EditHistory history({5, 1 << 20});
    for (std::uint64_t i = 0; i < 5; ++i)
        stage(history, rangeAt(i * 2, 1), bytesOf({1}), false);
    QVERIFY(!history.wasCut());
    stage(history, rangeAt(20, 1), bytesOf({1}), false);
    QVERIFY(history.wasCut());
    int undone = 0;
    while (history.undo())
        ++undone;
    QCOMPARE(undone, 5);
    QCOMPARE(history.current().byteCount(), 1U);
}

void TestEditHistoryBounds::bytesAreBounded()
{
    EditHistory history({1000, 1000});
    for (int i = 0; i < 100; ++i) {
        stage(history, rangeAt(0, 100), Bytes(100, static_cast<std::byte>(i)), false);
        QVERIFY(history.bytesHeld() <= 1000);
        QVERIFY(history.invariantsHold());
    }
    QVERIFY(history.wasCut());
    QVERIFY(history.undo());
    stage(history, rangeAt(0, 5000), Bytes(5000), false);
    QVERIFY(history.undoStep());
    QVERIFY(history.undo());
}

void TestEditHistoryBounds::whatStepsOverwroteCountsToo()
{
    EditHistory history({1000, 1000});
    for (std::uint64_t i = 0; i < 10; ++i)
        stage(history, rangeAt(i * 1000, 900), Bytes(900, std::byte{1}), false);
    // Each of these keeps 900 bytes that no other step has any more.
    for (std::uint64_t i = 0; i < 10; ++i) {
        stage(history, rangeAt(i * 1000, 900), bytesOf({2}), false);
        QVERIFY(history.stepsHeld() == 1 || history.bytesHeld() <= 1000);
        QVERIFY(history.stepsHeld() <= 2);
        QVERIFY(history.invariantsHold());
    }
    QVERIFY(history.undo());
    QVERIFY(history.bytesHeld() >= 900); // by now it keeps the other side
    QVERIFY(history.redo());
    QVERIFY(history.invariantsHold());
}

void TestEditHistoryBounds::journalBytesAreBounded()
{
    Bytes disk(kHistorySize);
    EditHistory history({.journalBytes = 1000});
    for (std::uint64_t i = 0; i < 20; ++i) {
        stage(history, rangeAt(i * 2, 1), bytesOf({1}), false);
        QVERIFY(write(history, disk, ByteRange::whole(kHistorySize), Old::InJournal, 300));
        QVERIFY(history.journalBytesHeld() <= 1000);
        QVERIFY(history.invariantsHold());
        QCOMPARE(history.wasCut(), i > 2);
    }
    // The three latest writes can be undone, the oldest went first.
    for (std::uint64_t i = 0; i < 3; ++i) {
        QVERIFY(history.undo());
        QCOMPARE(visible(history, disk)[(19 - i) * 2], std::byte{0});
    }
    QVERIFY(!history.undo());
    QCOMPARE(visible(history, disk)[16 * 2], std::byte{1});
}

void TestEditHistoryBounds::journalsAreBounded()
{
    Bytes disk(kHistorySize);
    EditHistory history({.journals = 4});
    for (std::uint64_t i = 0; i < 20; ++i) {
        stage(history, rangeAt(i, 1), bytesOf({1}), false);
        QVERIFY(write(history, disk, ByteRange::whole(kHistorySize), i % 2 == 0 ? Old::InJournal : Old::InMemory));
        QVERIFY(history.journalsHeld() <= 4);
        QVERIFY(history.invariantsHold());
    }
    QVERIFY(history.wasCut());
    std::uint64_t undone = 0;
    while (history.undo())
        ++undone;
    QCOMPARE(undone, 9U); // four in journals, and those in memory around them
}

void TestEditHistoryBounds::oldBytesOnTheDiskAreNoMemory()
{
    Bytes disk(kHistorySize);
    EditHistory history({.bytes = 20});
    stage(history, rangeAt(0, 200), bytesOf({1}), true);
    QVERIFY(write(history, disk, ByteRange::whole(kHistorySize), Old::InJournal, 4096));
    QCOMPARE(history.bytesHeld(), 1U);
    QCOMPARE(history.journalBytesHeld(), 4096U);
    QVERIFY(history.undo());
    QCOMPARE(visible(history, disk), Bytes(kHistorySize));
    QCOMPARE(history.journalBytesHeld(), 0U); // staged now, no longer the history's
    stage(history, rangeAt(0, 200), bytesOf({2}), true);
    QVERIFY(!write(history, disk, ByteRange::whole(kHistorySize), Old::InMemory));
    QCOMPARE(history.bytesHeld(), 0U);
    QVERIFY(history.wasCut());
}

void TestEditHistoryBounds::aJournalBeyondTheBoundEndsTheUndo()
{
    Bytes disk(kHistorySize);
    EditHistory history({.journalBytes = 1000});
    stage(history, rangeAt(0, 10), bytesOf({1}), true);
    QVERIFY(!write(history, disk, ByteRange::whole(kHistorySize), Old::InJournal, 1001));
    QVERIFY(!history.undo());
    QVERIFY(history.wasCut());
    QCOMPARE(history.journalBytesHeld(), 0U);
    QCOMPARE(history.journalsHeld(), 0U);
    QVERIFY(history.invariantsHold());
    stage(history, rangeAt(0, 10), bytesOf({2}), true);
    QVERIFY(write(history, disk, ByteRange::whole(kHistorySize), Old::InJournal, 1000));
    QVERIFY(history.undo());
    QCOMPARE(visible(history, disk)[0], std::byte{1});
}

void TestEditHistoryBounds::redoStatesGoWhenTheirJournalsNoLongerFit()
{
    Bytes disk(kHistorySize);
    EditHistory history({.journalBytes = 1000});
    stage(history, rangeAt(0, 10), bytesOf({1}), true);
    stage(history, rangeAt(20, 10), bytesOf({2}), true);
    QVERIFY(history.undo());
    QVERIFY(write(history, disk, ByteRange::whole(kHistorySize), Old::InJournal, 600)); // for undoing and redoing
    QVERIFY(history.redoStep());
    QVERIFY(history.redo());
    QVERIFY(history.undo());
    QCOMPARE(visible(history, disk)[5], std::byte{1});
    stage(history, rangeAt(40, 10), bytesOf({3}), true);
    QVERIFY(write(history, disk, ByteRange::whole(kHistorySize), Old::InJournal, 600));
    QVERIFY(history.journalBytesHeld() <= 1000);
    QVERIFY(history.wasCut());
    QVERIFY(history.undo());
    QCOMPARE(visible(history, disk)[45], std::byte{0});
    QVERIFY(history.invariantsHold());
}

QTEST_GUILESS_MAIN(TestEditHistoryBounds)
#include "tst_edit_history_bounds.moc"
