// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/journal/journal_reader.h"
#include "cachecore/write/journal/journal_writer.h"
#include "cachecore/write/recovery.h"
#include "tests/support/write_rig.h"

#include <QTest>

#include <algorithm>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::size_t kSize = 60'000;

/// Two extents: the units 0 and 1 (the first staged in two places), and unit 10.
StagedEdits someEdits()
{
    StagedEdits edits = StagedEdits().with(rangeAt(10, 20), literalPiece(patternBytes(20, 7), 1), {});
    edits = edits.with(rangeAt(3'000, 3'000), patternPiece(bytesOf({1, 2, 3}), 2), {});
    return edits.with(rangeAt(41'000, 500), Piece::generatedBy({Generator::Kind::Random, 1, 5, 1}), {});
}

/// A rig with an armed journal for someEdits.
struct Interrupted : WriteRig {
    explicit Interrupted(std::uint32_t granularity = 1)
        : WriteRig(patternBytes(kSize), granularity)
        , old(bytes())
        , wanted(overlaid(old, someEdits()))
        , path(armJournal(someEdits()))
    {
        faults->clearLogs();
    }

    Result<RecoveryReport> look() { return inspectJournal(env, target, path, progress, stop.get_token()); }
    Result<RecoveryReport> settle(RecoveryChoice choice, const ForeignUnits &foreign = ForeignUnits::Stop)
    {
        return settleJournal(env, target, path, choice, foreign, progress, stop.get_token());
    }
    /// What is foreign now.
    [[nodiscard]] ForeignUnits allForeign()
    {
        const auto report = look();
        return report ? ForeignUnits::overwrite(*report) : ForeignUnits::Stop;
    }
    [[nodiscard]] const std::vector<std::byte> &chosen(RecoveryChoice choice) const
    {
        return choice == RecoveryChoice::Finish ? wanted : old;
    }
    /// Half of the writes happened: unit 0 is torn, unit 1 new, unit 10 old.
    void tear() const
    {
        auto bytes = old;
        std::ranges::copy(std::span(wanted).subspan(3'500, 4'000), bytes.begin() + 3'500);
        setBytes(bytes);
    }
    /// Appends a state to the journal.
    void append(JournalState next)
    {
        const auto file = env.open(path, OpenMode::ReadWrite);
        auto reader = JournalReader::open(**file, path);
        const auto summary = reader->validate();
        JournalWriter writer(**file, path);
        QVERIFY(writer.resume(reader->header(), *summary));
        QVERIFY(writer.append(next));
    }

    const std::vector<std::byte> old;
    const std::vector<std::byte> wanted;
    const std::string path;
};

std::uint64_t operations(const FaultSource &source)
{
    std::uint64_t sum = 0;
    for (std::uint8_t op = 0; op < static_cast<std::uint8_t>(SourceOp::Count_); ++op)
        sum += source.count(static_cast<SourceOp>(op));
    return sum;
}

void addChoices()
{
    QTest::addColumn<bool>("finish");
    QTest::newRow("finish") << true;
    QTest::newRow("roll back") << false;
}

} // namespace

class TestRecovery : public QObject {
    Q_OBJECT

private slots:
    void sortsUnitsByteByByte();
    void settlesEitherWayFromEveryMixture_data();
    void settlesEitherWayFromEveryMixture();
    void writesAllThatWasToBeReplacedAndNothingElse();
    void widensWritesToTheGranularity_data();
    void widensWritesToTheGranularity();
    void foreignUnitsStopOrAreOverwritten_data();
    void foreignUnitsStopOrAreOverwritten();
    void overwritesOnlyTheForeignUnitsThatWereShown_data();
    void overwritesOnlyTheForeignUnitsThatWereShown();
    void reportsAllForeignRanges();
    void mendsUnitsThatCannotBeRead_data();
    void mendsUnitsThatCannotBeRead();
    void finishedJournalsAreOnlyRemoved_data();
    void finishedJournalsAreOnlyRemoved();
    void recoversAnInterruptedRollBack_data();
    void recoversAnInterruptedRollBack();
    void damagedJournalsAreKeptAndNothingIsWritten();
    void newerJournalsAreKeptAndNothingIsWritten();
    void anotherDiskIsWrittenOnlyWhereNothingIsForeign();
    void refusesATargetItCannotBring();
    void everyFaultLeavesTheJournalOrTheChosenSide_data();
    void everyFaultLeavesTheJournalOrTheChosenSide();
    void canBeCancelledAtAnyMoment();
    void saysWhenTheRemovalIsNotDurable();
    void keepsTheErrorWhileTheJournalHasItsName();
    void knowsADiskThatTheSystemNumbersAnew();
    void refusesATargetThatWasReplaced();
    void removesNoEndedJournalOfATargetItCannotWrite();
    void refusesATargetThatAnotherUses();
    void setsJournalsAside();
    void setsAsideWhereADirectoryCannotBeSynced_data();
    void setsAsideWhereADirectoryCannotBeSynced();
};

void TestRecovery::sortsUnitsByteByByte()
{
    Interrupted rig;
    auto report = rig.look();
    QVERIFY(report);
    QCOMPARE(report->state, JournalState::Armed);
    QVERIFY(report->sameTarget && report->header && !report->damage);
    QCOMPARE(report->header->targetPath, rig.target.path());
    QCOMPARE(report->count(UnitCondition::Old), 3U);
    QCOMPARE(report->unitCount(), 3U);
    QCOMPARE(report->newBytes, 3'520U);
    QCOMPARE(report->span, rangeAt(0, 45'056));
    rig.tear();
    report = rig.look();
    QVERIFY(report);
    QCOMPARE(report->count(UnitCondition::Torn), 1U);
    QCOMPARE(report->count(UnitCondition::New), 1U);
    QCOMPARE(report->count(UnitCondition::Old), 1U);
    rig.setBytes(rig.wanted);
    report = rig.look();
    QVERIFY(report);
    QCOMPARE(report->count(UnitCondition::New), 3U);
    rig.faults->addBadRange(rangeAt(4'608, 512));
    auto bytes = rig.wanted;
    bytes[42'000] ^= std::byte{1}; // not staged, and yet in a unit of the journal
    rig.setBytes(bytes);
    report = rig.look();
    QVERIFY(report);
    QCOMPARE(report->count(UnitCondition::Unreadable), 1U);
    QCOMPARE(report->count(UnitCondition::Foreign), 1U);
    QCOMPARE(report->count(UnitCondition::New), 1U);
    QVERIFY(report->foreign == std::vector<ByteRange>{rangeAt(40'960, 4'096)});
    QVERIFY(rig.faults->writes().empty());
    QCOMPARE(rig.journals().size(), 1U);
}

void TestRecovery::settlesEitherWayFromEveryMixture_data()
{
    QTest::addColumn<bool>("finish");
    QTest::addColumn<unsigned>("mixture");
    for (const bool finish : {true, false})
        for (unsigned mixture = 0; mixture < 27; ++mixture)
            QTest::addRow("%s, mixture %u", finish ? "finish" : "roll back", mixture) << finish << mixture;
}

void TestRecovery::settlesEitherWayFromEveryMixture()
{
    QFETCH(bool, finish);
    QFETCH(unsigned, mixture);
    const auto choice = finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack;
    Interrupted rig;
    auto bytes = rig.old;
    // Each unit old, new, or new in every other byte.
    for (const std::size_t unit : {std::size_t{0}, std::size_t{4'096}, std::size_t{40'960}}) {
        for (std::size_t i = unit; i < unit + 4'096; ++i)
            if (mixture % 3 == 1 || (mixture % 3 == 2 && i % 2 == 0))
                bytes[i] = rig.wanted[i];
        mixture /= 3;
    }
    rig.setBytes(bytes);
    const auto report = rig.settle(choice);
    QVERIFY(report);
    QCOMPARE(report->unitCount(), 3U);
    QVERIFY(rig.bytes() == rig.chosen(choice));
    QVERIFY(rig.journals().empty());
    QCOMPARE(rig.faults->count(SourceOp::Sync), 1U);
    const auto again = rig.settle(choice);
    QVERIFY(!again);
    QCOMPARE(again.error().code, ErrorCode::NotFound);
}

// A sync that failed leaves bytes in the system's memory that read as they should and never reach the medium.
void TestRecovery::writesAllThatWasToBeReplacedAndNothingElse()
{
    for (const bool isThere : {false, true}) {
        for (const auto choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
            Interrupted rig;
            rig.tear();
            if (isThere)
                rig.setBytes(rig.chosen(choice));
            rig.faults->clearLogs();
            QVERIFY(rig.settle(choice));
            std::uint64_t written = 0;
            for (const ByteRange write : rig.faults->writes()) {
                QCOMPARE(someEdits().byteCountIn(write), write.length());
                written += write.length();
            }
            QCOMPARE(written, someEdits().byteCount());
        }
    }
    // A neighbour that a torn write damaged is foreign, and where that is overwritten it is one byte.
    Interrupted damaged;
    auto bytes = damaged.old;
    bytes[2'000] ^= std::byte{1};
    damaged.setBytes(bytes);
    damaged.faults->clearLogs();
    QVERIFY(damaged.settle(RecoveryChoice::RollBack, damaged.allForeign()));
    std::uint64_t written = 0;
    bool isAlone = false;
    for (const ByteRange write : damaged.faults->writes()) {
        written += write.length();
        isAlone = isAlone || write == rangeAt(2'000, 1);
    }
    QCOMPARE(written, someEdits().byteCount() + 1);
    QVERIFY(isAlone);
}

void TestRecovery::widensWritesToTheGranularity_data()
{
    addChoices();
}

void TestRecovery::widensWritesToTheGranularity()
{
    QFETCH(bool, finish);
    const auto choice = finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack;
    for (const std::uint32_t granularity : {512U, 4096U}) {
        Interrupted rig(granularity); // refuses what is not aligned
        rig.tear();
        QVERIFY(rig.settle(choice));
        QVERIFY(rig.bytes() == rig.chosen(choice));
        QVERIFY(!rig.faults->writes().empty());
    }
}

void TestRecovery::foreignUnitsStopOrAreOverwritten_data()
{
    addChoices();
}

void TestRecovery::foreignUnitsStopOrAreOverwritten()
{
    QFETCH(bool, finish);
    const auto choice = finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack;
    Interrupted rig;
    rig.tear();
    auto bytes = rig.bytes();
    bytes[44'000] ^= std::byte{1};
    rig.setBytes(bytes);
    const auto stopped = rig.settle(choice);
    QVERIFY(!stopped);
    QCOMPARE(stopped.error().code, ErrorCode::Changed);
    QCOMPARE(stopped.error().range, rangeAt(40'960, 4'096));
    QVERIFY(rig.faults->writes().empty());
    QVERIFY(rig.bytes() == bytes);
    QCOMPARE(rig.journals().size(), 1U);
    QVERIFY(rig.settle(choice, rig.allForeign()));
    QVERIFY(rig.bytes() == rig.chosen(choice));
    QVERIFY(rig.journals().empty());
}

void TestRecovery::overwritesOnlyTheForeignUnitsThatWereShown_data()
{
    addChoices();
}

// What becomes foreign once somebody has been asked is asked about again, whether settling finds it at first sight or on its way.
void TestRecovery::overwritesOnlyTheForeignUnitsThatWereShown()
{
    QFETCH(bool, finish);
    const auto choice = finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack;
    for (const bool onTheWay : {false, true}) {
        Interrupted rig;
        rig.tear();
        auto bytes = rig.bytes();
        bytes[44'000] ^= std::byte{1};
        rig.setBytes(bytes);
        const ForeignUnits shown = rig.allForeign();
        QCOMPARE(shown.overwritten, std::vector{rangeAt(40'960, 4'096)});
        const auto writeElsewhere = [&] {
            bytes = rig.bytes();
            bytes[3'000] ^= std::byte{0x80};
            rig.setBytes(bytes);
        };
        if (onTheWay) { // between the look that settling begins with and its first write
            rig.target.setHook([&](SourceOp op) {
                if (op == SourceOp::CheckHolders)
                    writeElsewhere();
            });
        } else {
            writeElsewhere();
        }
        rig.faults->clearLogs();
        const auto stopped = rig.settle(choice, shown);
        rig.target.setHook({});
        QVERIFY(!stopped);
        QCOMPARE(stopped.error().code, ErrorCode::Changed);
        QCOMPARE(stopped.error().range, rangeAt(0, 4'096));
        QVERIFY(rig.bytes()[3'000] == bytes[3'000]);
        QCOMPARE(rig.faults->writes().empty(), !onTheWay);
        QVERIFY(onTheWay || rig.bytes() == bytes);
        QCOMPARE(rig.journals().size(), 1U);
        QVERIFY(rig.settle(choice, rig.allForeign()));
        QVERIFY(rig.bytes() == rig.chosen(choice));
    }
}

void TestRecovery::reportsAllForeignRanges()
{
    WriteRig rig(patternBytes(std::size_t{4} << 20));
    StagedEdits edits;
    for (std::uint64_t unit = 0; unit < 1'000; ++unit)
        if (unit < 4 || unit % 2 == 0)
            edits = edits.with(rangeAt(unit * 4'096, 1), literalPiece(bytesOf({1}), unit), {});
    const std::string path = rig.armJournal(edits);
    auto bytes = rig.bytes();
    for (std::byte &byte : bytes)
        byte ^= std::byte{0xFF};
    rig.setBytes(bytes);
    const auto report = inspectJournal(rig.env, rig.target, path, rig.progress);
    QVERIFY(report);
    QCOMPARE(report->count(UnitCondition::Foreign), 502U);
    QCOMPARE(report->foreign.size(), 498U);
    QCOMPARE(report->foreign.front(), rangeAt(0, 5 * 4'096));
    QCOMPARE(report->foreign.back(), rangeAt(998 * 4'096, 4'096));
}

void TestRecovery::mendsUnitsThatCannotBeRead_data()
{
    addChoices();
}

void TestRecovery::mendsUnitsThatCannotBeRead()
{
    QFETCH(bool, finish);
    const auto choice = finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack;
    Interrupted rig;
    rig.tear();
    auto bytes = rig.bytes();
    std::fill_n(bytes.begin() + 4'096, 4'096, std::byte{0});
    rig.setBytes(bytes);
    rig.faults->addBadRange(rangeAt(4'608, 512));
    rig.target.setHook([&rig](SourceOp op) {
        if (op == SourceOp::Sync) // what was written there has mended it
            rig.faults->clearBadRanges();
    });
    const auto report = rig.settle(choice);
    QVERIFY(report);
    QCOMPARE(report->count(UnitCondition::Unreadable), 1U);
    QVERIFY(rig.bytes() == rig.chosen(choice));
    QVERIFY(rig.journals().empty());
}

void TestRecovery::finishedJournalsAreOnlyRemoved_data()
{
    addChoices();
}

void TestRecovery::finishedJournalsAreOnlyRemoved()
{
    QFETCH(bool, finish);
    for (const JournalState state : {JournalState::Done, JournalState::RolledBack}) {
        Interrupted rig;
        if (state == JournalState::RolledBack)
            rig.append(JournalState::RollingBack);
        rig.append(state);
        rig.tear();
        const auto before = rig.bytes();
        rig.memory->resize(30'000); // it has nothing to do with the target any more
        const auto report = rig.settle(finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack);
        QVERIFY(report);
        QCOMPARE(report->state, state);
        QVERIFY(std::ranges::equal(rig.bytes(), std::span(before).first(30'000)));
        QVERIFY(rig.faults->writes().empty());
        QVERIFY(rig.journals().empty());
    }
}

void TestRecovery::recoversAnInterruptedRollBack_data()
{
    addChoices();
}

void TestRecovery::recoversAnInterruptedRollBack()
{
    QFETCH(bool, finish);
    const auto choice = finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack;
    const auto disk = patternBytes(kSize);
    WriteRig rig(disk);
    rig.faults->fail(SourceOp::Write, 2, EIO, Repeat::ForGood);
    const auto end = rig.commit(someEdits());
    QCOMPARE(end.kind, TransactionEnd::Kind::NeedsRecovery);
    const auto report = settleJournal(rig.env, rig.target, end.journalPath, choice, ForeignUnits::Stop, rig.progress);
    QVERIFY(report);
    QCOMPARE(report->state, JournalState::RollingBack);
    QVERIFY(rig.bytes() == (finish ? overlaid(disk, someEdits()) : disk));
    QVERIFY(rig.journals().empty());
}

void TestRecovery::damagedJournalsAreKeptAndNothingIsWritten()
{
    Interrupted rig;
    rig.tear();
    const auto good = readFile(rig.path);
    const std::string name = rig.path.substr(rig.path.rfind('/') + 1);
    const auto expectKept = [&](std::vector<std::byte> content) {
        const std::size_t size = content.size();
        (void)rig.directory.write(name, content);
        const auto report = rig.look();
        QVERIFY2(report && report->damage && report->unitCount() == 0, qPrintable(QString::number(size)));
        for (const auto choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
            const auto settled = rig.settle(choice, {{ByteRange::whole(rig.old.size())}});
            QVERIFY(!settled && settled.error().code == ErrorCode::Damaged);
        }
        QVERIFY(rig.faults->writes().empty());
        QVERIFY(readFile(rig.path) == content);
    };
    expectKept({});
    expectKept({good.begin(), good.begin() + 40});
    for (std::size_t at : {std::size_t{0}, std::size_t{30}, std::size_t{500}, std::size_t{6'000}}) {
        auto flipped = good;
        flipped[at] ^= std::byte{0x10};
        expectKept(flipped);
    }
    auto unarmed = good; // every record is whole, but what says so is not there
    unarmed.resize(unarmed.size() / 2);
    expectKept(unarmed);
}

void TestRecovery::newerJournalsAreKeptAndNothingIsWritten()
{
    Interrupted rig;
    auto newer = readFile(rig.path);
    newer[8] = std::byte{0x63}; // the version, after eight bytes of magic
    (void)rig.directory.write(rig.path.substr(rig.path.rfind('/') + 1), newer);
    const auto report = rig.look();
    QVERIFY(report && report->damage);
    QCOMPARE(report->damage->code, ErrorCode::NewerVersion);
    const auto settled = rig.settle(RecoveryChoice::Finish);
    QVERIFY(!settled);
    QCOMPARE(settled.error().code, ErrorCode::NewerVersion);
    QVERIFY(readFile(rig.path) == newer);
    QVERIFY(rig.faults->writes().empty());
}

void TestRecovery::anotherDiskIsWrittenOnlyWhereNothingIsForeign()
{
    Interrupted rig;
    rig.tear();
    const auto copy = std::make_shared<MemorySource>(rig.bytes());
    PlacedSource moved(copy, {rig.target.path(), 1, 4096, 99});
    const auto report = inspectJournal(rig.env, moved, rig.path, rig.progress);
    QVERIFY(report && !report->sameTarget);
    auto bytes = rig.bytes();
    bytes[44'000] ^= std::byte{1};
    const auto other = std::make_shared<MemorySource>(bytes);
    PlacedSource foreign(other, {rig.target.path(), 1, 4096, 100});
    const auto refused = settleJournal(rig.env, foreign, rig.path, RecoveryChoice::Finish,
                                       {{ByteRange::whole(bytes.size())}}, rig.progress);
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::Changed);
    QVERIFY(other->bytes() == bytes);
    QVERIFY(settleJournal(rig.env, moved, rig.path, RecoveryChoice::Finish, ForeignUnits::Stop, rig.progress));
    QVERIFY(copy->bytes() == rig.wanted);
    QVERIFY(rig.journals().empty());
}

void TestRecovery::refusesATargetItCannotBring()
{
    Interrupted rig;
    rig.memory->resize(45'000);
    const auto shortOne = rig.look();
    QVERIFY(!shortOne);
    QCOMPARE(shortOne.error().code, ErrorCode::Truncated);
    QCOMPARE(shortOne.error().range, rangeAt(45'000, 56));
    QCOMPARE(rig.settle(RecoveryChoice::RollBack).error().code, ErrorCode::Truncated);
    rig.memory->resize(kSize);
    rig.target.makeReadOnly(Error::fromErrno(EROFS, Operation::Open));
    QVERIFY(rig.look());
    QCOMPARE(rig.settle(RecoveryChoice::RollBack).error().code, ErrorCode::ReadOnly);
    QVERIFY(rig.faults->writes().empty());
    QCOMPARE(rig.journals().size(), 1U);
}

void TestRecovery::everyFaultLeavesTheJournalOrTheChosenSide_data()
{
    QTest::addColumn<bool>("finish");
    QTest::addColumn<bool>("forGood");
    QTest::addColumn<bool>("ofTarget");
    for (const bool finish : {true, false})
        for (const bool forGood : {false, true})
            for (const bool ofTarget : {false, true})
                QTest::addRow("%s, %s, %s", finish ? "finish" : "roll back", forGood ? "for good" : "once",
                              ofTarget ? "target" : "journal")
                    << finish << forGood << ofTarget;
}

void TestRecovery::everyFaultLeavesTheJournalOrTheChosenSide()
{
    QFETCH(bool, finish);
    QFETCH(bool, forGood);
    QFETCH(bool, ofTarget);
    const auto choice = finish ? RecoveryChoice::Finish : RecoveryChoice::RollBack;
    const Repeat repeat = forGood ? Repeat::ForGood : Repeat::Once;
    bool clean = false;
    std::uint64_t nth = 0;
    for (; !clean && nth < 1'000; ++nth) {
        Interrupted rig;
        rig.tear();
        rig.faults->clearLogs();
        rig.env.resetCounts();
        if (ofTarget)
            rig.faults->failAny(nth, EIO, repeat);
        else
            rig.env.failAny(nth, EIO, repeat);
        const auto settled = rig.settle(choice);
        clean = nth >= (ofTarget ? operations(*rig.faults) : rig.env.total());
        QVERIFY(settled || !clean);
        rig.faults->clearFailures();
        rig.env.clearFailures();
        const auto now = rig.bytes();
        for (std::size_t i = 0; i < now.size(); ++i)
            QVERIFY(now[i] == rig.old[i] || now[i] == rig.wanted[i]);
        if (settled || rig.journals().empty())
            QVERIFY(now == rig.chosen(choice));
        if (!rig.journals().empty())
            QVERIFY(rig.settle(choice));
        QVERIFY(rig.bytes() == rig.chosen(choice));
        QVERIFY(rig.journals().empty());
    }
    QVERIFY(clean);
    QVERIFY(nth > 5);
}

void TestRecovery::canBeCancelledAtAnyMoment()
{
    bool cancelled = true;
    for (std::uint64_t nth = 0; cancelled && nth < 1'000; ++nth) {
        Interrupted rig;
        rig.tear();
        std::uint64_t count = 0;
        const auto tick = [&] {
            if (count++ == nth)
                rig.stop.request_stop();
        };
        rig.env.setHook([&](EnvOp) { tick(); });
        rig.target.setHook([&](SourceOp) { tick(); });
        const auto settled = rig.settle(RecoveryChoice::RollBack);
        cancelled = count > nth;
        if (!settled) {
            QCOMPARE(settled.error().code, ErrorCode::Cancelled);
            QCOMPARE(rig.journals().size(), 1U);
            rig.stop = std::stop_source();
            QVERIFY(rig.settle(RecoveryChoice::RollBack));
        }
        QVERIFY(rig.bytes() == rig.old);
    }
    QVERIFY(!cancelled);
}

void TestRecovery::saysWhenTheRemovalIsNotDurable()
{
    Interrupted rig;
    rig.tear();
    rig.env.fail(EnvOp::SyncDirectory, 0, EIO);
    const auto report = rig.settle(RecoveryChoice::Finish);
    QVERIFY(report);
    QVERIFY(report->leftover);
    QCOMPARE(report->leftover->systemError, EIO);
    QCOMPARE(report->leftover->operation, Operation::Journal);
    QCOMPARE(report->leftover->path, rig.path);
    QVERIFY(rig.bytes() == rig.wanted);
    QVERIFY(rig.journals().empty());
    const auto again = rig.look();
    QVERIFY(!again);
    QCOMPARE(again.error().code, ErrorCode::NotFound);
    QCOMPARE(again.error().operation, Operation::Journal);
    QCOMPARE(again.error().path, rig.path);
}

void TestRecovery::keepsTheErrorWhileTheJournalHasItsName()
{
    Interrupted rig;
    rig.tear();
    rig.env.fail(EnvOp::Remove, 0, EIO);
    const auto refused = rig.settle(RecoveryChoice::Finish);
    QVERIFY(!refused);
    QCOMPARE(refused.error().operation, Operation::Journal);
    QCOMPARE(refused.error().path, rig.path);
    QCOMPARE(rig.journals().size(), 1U);
    const auto report = rig.settle(RecoveryChoice::Finish);
    QVERIFY(report && !report->leftover);
}

void TestRecovery::knowsADiskThatTheSystemNumbersAnew()
{
    Interrupted rig;
    rig.tear();
    auto bytes = rig.bytes();
    bytes[3'000] ^= std::byte{0x80};
    rig.setBytes(bytes);
    PlacedSource::Outside outside{rig.target.path()};
    outside.device += 1;
    PlacedSource renumbered(rig.memory, outside);
    const auto report = inspectJournal(rig.env, renumbered, rig.path, rig.progress);
    QVERIFY(report && report->sameDisk && report->sameTarget);
    const auto overwritten = [&](BlockSource &target) {
        return settleJournal(rig.env, target, rig.path, RecoveryChoice::RollBack, ForeignUnits::overwrite(*report),
                             rig.progress);
    };
    for (const bool otherPath : {true, false}) {
        PlacedSource::Outside other = outside;
        if (otherPath)
            other.path += ".copy";
        else
            other.inode += 1;
        PlacedSource stranger(rig.memory, other);
        const auto unknown = inspectJournal(rig.env, stranger, rig.path, rig.progress);
        QVERIFY(unknown && !unknown->sameDisk && !unknown->sameTarget);
        QCOMPARE(overwritten(stranger).error().code, ErrorCode::Changed);
        QVERIFY(rig.bytes() == bytes);
    }
    QVERIFY(overwritten(renumbered));
    QVERIFY(rig.bytes() == rig.old);
}

void TestRecovery::refusesATargetThatWasReplaced()
{
    Interrupted rig;
    rig.tear();
    const auto before = rig.bytes();
    rig.faults->clearLogs();
    rig.faults->fail(SourceOp::CheckStillNamed, 0, EIO);
    QVERIFY(!rig.settle(RecoveryChoice::Finish));
    QVERIFY(rig.faults->writes().empty());
    QVERIFY(rig.bytes() == before);
    QCOMPARE(rig.journals().size(), 1U);
    // While it was settled: the journal stays for the file that has the name.
    rig.faults->fail(SourceOp::CheckStillNamed, 1, EIO);
    QVERIFY(!rig.settle(RecoveryChoice::Finish));
    QCOMPARE(rig.journals().size(), 1U);
    QVERIFY(rig.settle(RecoveryChoice::Finish));
    QVERIFY(rig.journals().empty());
}

void TestRecovery::removesNoEndedJournalOfATargetItCannotWrite()
{
    for (const JournalState end : {JournalState::Done, JournalState::RolledBack}) {
        Interrupted rig;
        rig.append(end);
        rig.target.makeReadOnly(Error::of(ErrorCode::ReadOnly, Operation::Open));
        const auto refused = rig.settle(RecoveryChoice::Finish);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::ReadOnly);
        QCOMPARE(rig.journals().size(), 1U);
    }
}

void TestRecovery::refusesATargetThatAnotherUses()
{
    Interrupted rig;
    rig.tear();
    const auto before = rig.bytes();
    rig.faults->clearLogs();
    rig.faults->fail(SourceOp::CheckHolders, 0, EIO);
    QVERIFY(!rig.settle(RecoveryChoice::Finish));
    QVERIFY(rig.faults->writes().empty());
    QVERIFY(rig.bytes() == before);
    QCOMPARE(rig.journals().size(), 1U);
}

void TestRecovery::setsAsideWhereADirectoryCannotBeSynced_data()
{
    QTest::addColumn<int>("error");
    QTest::newRow("never") << EINVAL;
    QTest::newRow("interrupted") << EINTR;
    QTest::newRow("not this time") << EIO;
}

void TestRecovery::setsAsideWhereADirectoryCannotBeSynced()
{
    QFETCH(int, error);
    Interrupted rig;
    rig.env.fail(EnvOp::SyncDirectory, 0, error);
    const auto kept = setJournalAside(rig.env, rig.path);
    QVERIFY(kept);
    QCOMPARE(kept->path, rig.path + ".1.kept");
    QCOMPARE(kept->leftover.has_value(), error == EIO);
    QVERIFY(!kept->leftover || (kept->leftover->systemError == EIO && kept->leftover->path == rig.path));
    QVERIFY(systemEnv()->status(kept->path));
    const auto again = setJournalAside(rig.env, rig.path);
    QVERIFY(!again);
    QCOMPARE(again.error().code, ErrorCode::NotFound);
    QCOMPARE(again.error().operation, Operation::Journal);
    QCOMPARE(again.error().path, rig.path);
}

void TestRecovery::setsJournalsAside()
{
    Interrupted rig;
    (void)rig.directory.write(rig.path.substr(rig.path.rfind('/') + 1) + ".1.kept", bytesOf({1}));
    const auto kept = setJournalAside(rig.env, rig.path);
    QVERIFY(kept);
    QCOMPARE(kept->path, rig.path + ".2.kept");
    const auto found = findJournals(rig.env, rig.target, rig.places);
    QVERIFY(found && found->empty());
    // It is a journal still, for whoever names it.
    rig.tear();
    QVERIFY(settleJournal(rig.env, rig.target, kept->path, RecoveryChoice::Finish, ForeignUnits::Stop, rig.progress));
    QVERIFY(rig.bytes() == rig.wanted);
    QCOMPARE(setJournalAside(rig.env, rig.path).error().code, ErrorCode::NotFound);
}

QTEST_GUILESS_MAIN(TestRecovery)
#include "tst_recovery.moc"
