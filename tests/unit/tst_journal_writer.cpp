// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/journal/journal_reader.h"
#include "cachecore/write/journal/journal_writer.h"
#include "tests/support/edits.h"
#include "tests/support/fault_env.h"
#include "tests/support/journal_samples.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <cerrno>
#include <functional>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Bytes = std::vector<std::byte>;

/// A journal of some MiB: large and small extents, every kind of piece.
SampleJournal mixedJournal()
{
    const std::uint64_t size = std::uint64_t{4} << 20;
    SampleJournal journal{sampleHeader(size),
                          {},
                          {JournalState::Armed, JournalState::RollingBack, JournalState::RolledBack}};
    journal.extents.push_back({rangeAt(0, 4096), patternBytes(4096, 1), {{rangeAt(7, 3), literalPiece(Bytes(3), 0)}}});
    journal.extents.push_back({rangeAt(8192, 1 << 20), patternBytes(1 << 20, 2), {}});
    journal.extents.back().segments.push_back({rangeAt(9000, 700'000), literalPiece(patternBytes(700'000, 3), 0)});
    journal.extents.back().segments.push_back({rangeAt(710'000, 1000), patternPiece(bytesOf({1, 2, 3}), 0)});
    journal.extents.push_back({rangeAt(size - 8192, 8192), patternBytes(8192, 4), {}});
    journal.extents.back().segments.push_back({rangeAt(size - 5000, 5000), Piece::generatedBy({})});
    return journal;
}

/// What a journal's file holds, as far as a reader sees it.
Result<JournalSummary> summaryOf(EnvFile &file)
{
    auto reader = JournalReader::open(file, "journal");
    if (!reader)
        return failure(reader.error());
    return reader->validate();
}

/// The content of the only extent of a journal.
Bytes contentOf(EnvFile &file)
{
    auto reader = JournalReader::open(file, "journal");
    const auto extent = reader->next(JournalReader::Want::OldAndNew);
    Bytes bytes((*extent)->old.begin(), (*extent)->old.end());
    applySegments(**extent, bytes);
    return bytes;
}

} // namespace

class TestJournalWriter final : public QObject {
    Q_OBJECT

private slots:
    void shortAndInterruptedWritesMakeTheSameFile();
    void everyFailureEndsIt();
    void aWriteOfNothingIsAFailure();
    void syncsRecordsBeforeArmedAndEveryStateAfterIt();
    void oldBytesLieWhereItSays();
    void storesAPatternOnce();
    void writesWhatAPatternTableCannotHold();
    void writesVeryManySegmentsAsOne();
    void joinsLiteralsThatFollowEachOther();
    void refusesWhatIsNoExtent_data();
    void refusesWhatIsNoExtent();
    void refusesHeadersBeyondTheFormat();
    void refusesStatesOutOfOrder();
    void resumesWhereAReaderStopped();
    void takesNoMoreThanTheBound();
};

void TestJournalWriter::shortAndInterruptedWritesMakeTheSameFile()
{
    const SampleJournal journal = mixedJournal();
    const Bytes expected = journal.bytes();
    for (const std::size_t limit : {0U, 1000U, 4097U}) {
        const TempDir dir;
        FaultEnv env;
        const auto file = env.open(dir.file("journal"), OpenMode::CreateNew);
        env.limitTransfers(limit);
        env.interruptTransfers(limit == 0 ? 2 : 3);
        JournalWriter writer(**file, "journal");
        QVERIFY(journal.writeTo(writer));
        QCOMPARE(writer.size(), expected.size());
        QCOMPARE(writer.state(), JournalState::RolledBack);
        QVERIFY(bytesOf(**file) == expected);
    }
}

void TestJournalWriter::everyFailureEndsIt()
{
    const SampleJournal journal = mixedJournal();
    for (const EnvOp op : {EnvOp::Write, EnvOp::DataSync}) {
        for (std::uint64_t nth = 0;; ++nth) {
            QVERIFY(nth < 100);
            const TempDir dir;
            FaultEnv env;
            const auto file = env.open(dir.file("journal"), OpenMode::CreateNew);
            env.limitTransfers(300'000);
            env.fail(op, nth, op == EnvOp::Write ? ENOSPC : EIO);
            JournalWriter writer(**file, "journal");
            const auto done = journal.writeTo(writer);
            if (env.count(op) <= nth) {
                QVERIFY(done);
                break;
            }
            QCOMPARE(done.error().code, op == EnvOp::Write ? ErrorCode::NoSpace : ErrorCode::Io);
            QCOMPARE(done.error().operation, Operation::Journal);
            QCOMPARE(done.error().path, std::string("journal"));
            const std::uint64_t operations = env.total();
            const SampleExtent &extent = journal.extents.front();
            QCOMPARE(writer.extent(extent.units, extent.old, extent.segments).error(), done.error());
            QCOMPARE(writer.arm().error(), done.error());
            QCOMPARE(writer.append(JournalState::Done).error(), done.error());
            QCOMPARE(env.total(), operations);
        }
    }
}

void TestJournalWriter::aWriteOfNothingIsAFailure()
{
    const TempDir dir;
    FaultEnv env;
    const auto file = env.open(dir.file("journal"), OpenMode::CreateNew);
    env.stopWriting(true);
    JournalWriter writer(**file, "journal");
    const auto done = mixedJournal().writeTo(writer);
    QCOMPARE(done.error().code, ErrorCode::Io);
    QCOMPARE(done.error().range->begin(), ByteOffset(0));
}

void TestJournalWriter::syncsRecordsBeforeArmedAndEveryStateAfterIt()
{
    const SampleJournal journal = mixedJournal();
    const TempDir dir;
    FaultEnv env;
    const auto file = env.open(dir.file("journal"), OpenMode::CreateNew);
    // The size at each sync says what had been written by then; every state is a block of 4096 bytes of its own.
    std::vector<std::uint64_t> sizes;
    const auto other = systemEnv()->open(dir.file("journal"), OpenMode::Read);
    env.setHook([&](EnvOp op) {
        if (op == EnvOp::DataSync)
            sizes.push_back((*other)->status()->size);
    });
    JournalWriter writer(**file, "journal");
    QVERIFY(journal.writeTo(writer));
    QCOMPARE(sizes.size(), std::size_t{4});
    QCOMPARE(sizes[0] % 4096, std::uint64_t{0});
    QCOMPARE(sizes[1], sizes[0] + 4096);
    QCOMPARE(sizes[2], sizes[0] + 2 * 4096);
    QCOMPARE(sizes[3], sizes[0] + 3 * 4096);
    QCOMPARE(sizes[3], writer.size());
}

void TestJournalWriter::oldBytesLieWhereItSays()
{
    Random random(5);
    for (int round = 0; round < 30; ++round) {
        const SampleJournal journal = randomJournal(random);
        const auto file = fileWith({});
        JournalWriter writer(*file, "journal");
        QVERIFY(writer.begin(journal.header));
        std::vector<std::uint64_t> places;
        for (const SampleExtent &extent : journal.extents) {
            QVERIFY(writer.extent(extent.units, extent.old, extent.segments));
            places.push_back(writer.lastOldBytesAt());
        }
        QVERIFY(writer.arm());
        const Bytes bytes = bytesOf(*file);
        for (std::size_t i = 0; i < places.size(); ++i) {
            const Bytes &old = journal.extents[i].old;
            QCOMPARE(places[i] % 8, std::uint64_t{0});
            QVERIFY(std::equal(old.begin(), old.end(), bytes.begin() + static_cast<std::ptrdiff_t>(places[i])));
        }
    }
}

void TestJournalWriter::storesAPatternOnce()
{
    SampleJournal journal{sampleHeader(1 << 30), {}, {JournalState::Armed}};
    for (std::uint64_t i = 0; i < 50; ++i) { // the same bytes in other memory each time, in other phases
        Piece piece = patternPiece(patternBytes(10'000, 9), i + 1);
        piece.phase = 3 * i;
        journal.extents.push_back({rangeAt(i * 40'960, 20'480), Bytes(20'480), {{rangeAt(i * 40'960, 20'480), piece}}});
    }
    const auto file = fileWith({});
    JournalWriter writer(*file, "journal");
    QVERIFY(journal.writeTo(writer));
    QVERIFY(writer.size() < 50 * (20'480 + 200) + 10'000 + 3 * 4096);
    QCOMPARE(summaryOf(*file)->newBytes, std::uint64_t{50 * 20'480});
}

void TestJournalWriter::writesWhatAPatternTableCannotHold()
{
    // Too long, longer than what it fills, and more than fit together.
    SampleJournal journal{sampleHeader(std::uint64_t{1} << 30), {}, {JournalState::Armed}};
    const auto add = [&journal](std::uint64_t length, Bytes pattern) {
        const std::uint64_t at = journal.extents.size() << 20;
        journal.extents.push_back({rangeAt(at, 131'072), Bytes(131'072), {}});
        journal.extents.back().segments.push_back({rangeAt(at, length), patternPiece(std::move(pattern), 0)});
    };
    add(131'072, patternBytes(65'537, 1));
    add(10, patternBytes(100, 2));
    add(131'072, patternBytes(100, 2));
    for (std::uint64_t i = 0; i < 130; ++i)
        add(131'072, patternBytes(65'536, 10 + i));
    const auto file = fileWith(journal.bytes());
    auto reader = JournalReader::open(*file, "journal");
    QVERIFY(reader->validate());
    std::uint64_t patterns = 0;
    for (const SampleExtent &expected : journal.extents) {
        const auto extent = reader->next(JournalReader::Want::OldAndNew);
        Bytes bytes = expected.old;
        applySegments(**extent, bytes);
        QVERIFY(bytes == expected.content());
        patterns += (*extent)->segments.front().piece.kind == Piece::Kind::Pattern ? 1 : 0;
    }
    QCOMPARE(patterns, std::uint64_t{1 + 127});
}

void TestJournalWriter::writesVeryManySegmentsAsOne()
{
    SampleJournal journal{sampleHeader(1 << 20), {}, {JournalState::Armed}};
    journal.extents.push_back({rangeAt(0, 131'072), patternBytes(131'072, 1), {}});
    for (std::uint64_t i = 0; i <= kJournalMostSegments; ++i)
        journal.extents.back().segments.push_back({rangeAt(10 + 3 * i, 1), literalPiece(bytesOf({7}), 0)});
    for (const bool tooMany : {true, false}) {
        if (!tooMany)
            journal.extents.back().segments.pop_back();
        const auto file = fileWith(journal.bytes());
        QVERIFY(contentOf(*file) == journal.extents.front().content());
        QCOMPARE(summaryOf(*file)->newBytes,
                 tooMany ? std::uint64_t{3 * kJournalMostSegments + 1} : std::uint64_t{kJournalMostSegments});
    }
}

void TestJournalWriter::joinsLiteralsThatFollowEachOther()
{
    SampleJournal journal{sampleHeader(1 << 20), {}, {JournalState::Armed}};
    journal.extents.push_back({rangeAt(0, 4096), Bytes(4096), {}});
    for (std::uint64_t i = 0; i < 100; ++i)
        journal.extents.back().segments.push_back({rangeAt(5 + i, 1), literalPiece(bytesOf({int(i)}), i)});
    const auto file = fileWith(journal.bytes());
    auto reader = JournalReader::open(*file, "journal");
    const auto extent = reader->next(JournalReader::Want::NewOnly);
    QCOMPARE((*extent)->segments.size(), std::size_t{1});
    QCOMPARE((*extent)->segments.front().range, rangeAt(5, 100));
    QVERIFY(contentOf(*file) == journal.extents.front().content());
}

Q_DECLARE_METATYPE(cachet_test::SampleExtent)

void TestJournalWriter::refusesWhatIsNoExtent_data()
{
    QTest::addColumn<SampleExtent>("extent");
    const Piece byte = literalPiece(bytesOf({1}), 0);
    const auto row = [](const char *name, ByteRange units, std::uint64_t oldBytes,
                        std::vector<JournalSegment> segments) {
        QTest::newRow(name) << SampleExtent{units, Bytes(static_cast<std::size_t>(oldBytes)), std::move(segments)};
    };
    row("no segment", rangeAt(8192, 4096), 4096, {});
    row("an empty segment", rangeAt(8192, 4096), 4096, {{rangeAt(8192, 0), byte}});
    row("external", rangeAt(8192, 4096), 4096, {{rangeAt(8192, 1), Piece::externalFrom(nullptr, 0)}});
    row("a segment before the units", rangeAt(8192, 4096), 4096, {{rangeAt(8191, 1), byte}});
    row("a segment behind the units", rangeAt(8192, 4096), 4096, {{rangeAt(12'288, 1), byte}});
    row("segments out of order", rangeAt(8192, 4096), 4096, {{rangeAt(9000, 1), byte}, {rangeAt(8192, 1), byte}});
    row("segments that overlap", rangeAt(8192, 4096), 4096, {{rangeAt(9000, 1), byte}, {rangeAt(9000, 1), byte}});
    row("too few old bytes", rangeAt(8192, 4096), 4095, {{rangeAt(8192, 1), byte}});
    row("no units", rangeAt(8192, 0), 0, {{rangeAt(8192, 1), byte}});
    row("units before those before", rangeAt(0, 4096), 4096, {{rangeAt(0, 1), byte}});
    row("not aligned", rangeAt(8193, 4096), 4096, {{rangeAt(8200, 1), byte}});
    row("a part of a unit", rangeAt(8192, 4095), 4095, {{rangeAt(8192, 1), byte}});
    row("behind the target", rangeAt(1 << 24, 4096), 4096, {{rangeAt(1 << 24, 1), byte}});
    row("too long", rangeAt(8192, (1 << 20) + 4096), (1 << 20) + 4096, {{rangeAt(8192, 1), byte}});
}

void TestJournalWriter::refusesWhatIsNoExtent()
{
    QFETCH(const SampleExtent, extent);
    const auto file = fileWith({});
    JournalWriter writer(*file, "journal");
    const std::vector<JournalSegment> segments{{rangeAt(4096, 1), literalPiece(bytesOf({1}), 0)}};
    QVERIFY(writer.begin(sampleHeader(1 << 24)));
    QVERIFY(writer.extent(rangeAt(4096, 4096), Bytes(4096), segments));
    const std::uint64_t size = writer.size();
    QCOMPARE(writer.extent(extent.units, extent.old, extent.segments).error().code, ErrorCode::InvalidArgument);
    QCOMPARE(writer.size(), size);
    QVERIFY(writer.arm());
    QCOMPARE(summaryOf(*file)->extents, std::uint64_t{1});
}

void TestJournalWriter::refusesHeadersBeyondTheFormat()
{
    const std::vector<std::function<void(JournalHeader &)>> changes = {
        [](JournalHeader &header) { header.unit = 0; },
        [](JournalHeader &header) { header.unit = 3000; },
        [](JournalHeader &header) { header.unit = 256; },
        [](JournalHeader &header) { header.unit = 1U << 21; },
        [](JournalHeader &header) { header.before.size = kMaxSourceSize + 1; },
        [](JournalHeader &header) { header.targetPath.assign(4097, 'x'); },
        [](JournalHeader &header) { header.identity.kind.assign(65, 'x'); },
    };
    for (const auto &change : changes) {
        JournalHeader header = sampleHeader(1 << 20);
        change(header);
        const auto file = fileWith({});
        JournalWriter writer(*file, "journal");
        QCOMPARE(writer.begin(header).error().code, ErrorCode::InvalidArgument);
    }
    JournalHeader largest = sampleHeader(kMaxSourceSize, 1U << 20);
    largest.targetPath.assign(4096, 'x');
    largest.identity.kind.assign(64, 'x');
    const auto file = fileWith({});
    JournalWriter writer(*file, "journal");
    QVERIFY(writer.begin(largest));
    QVERIFY(writer.arm());
    QCOMPARE(JournalReader::open(*file, "journal")->header(), largest);
}

void TestJournalWriter::refusesStatesOutOfOrder()
{
    const auto refused
        = [](const Result<void> &done) { return !done && done.error().code == ErrorCode::InvalidArgument; };
    const auto file = fileWith({});
    JournalWriter writer(*file, "journal");
    QVERIFY(refused(writer.arm()));
    QVERIFY(refused(writer.append(JournalState::Done)));
    QVERIFY(writer.begin(sampleHeader(1 << 20)));
    QVERIFY(refused(writer.begin(sampleHeader(1 << 20))));
    QVERIFY(refused(writer.append(JournalState::Done)));
    QVERIFY(writer.arm());
    QVERIFY(refused(writer.arm()));
    QVERIFY(refused(writer.append(JournalState::Armed)));
    QVERIFY(refused(writer.append(JournalState::Unarmed)));
    QVERIFY(writer.append(JournalState::RollingBack));
    QVERIFY(writer.append(JournalState::RollingBack));
    QVERIFY(writer.append(JournalState::RolledBack));
    QVERIFY(refused(writer.append(JournalState::Done)));
    QCOMPARE(summaryOf(*file)->state, JournalState::RolledBack);
}

void TestJournalWriter::resumesWhereAReaderStopped()
{
    const SampleJournal journal = smallJournal();
    Bytes armed = journal.bytes();
    armed.resize(armed.size() - 4096); // without DONE
    const std::uint64_t end = armed.size();
    armed.resize(armed.size() + 100, std::byte{0x99}); // what a torn record left
    const auto file = fileWith(armed);
    for (const JournalState state : {JournalState::RollingBack, JournalState::RollingBack, JournalState::Done}) {
        auto reader = JournalReader::open(*file, "journal");
        const auto summary = reader->validate();
        QVERIFY(summary);
        JournalWriter writer(*file, "journal");
        QVERIFY(writer.resume(reader->header(), *summary));
        QCOMPARE(writer.state(), summary->state);
        QVERIFY(writer.append(state));
        QCOMPARE(summaryOf(*file)->state, state);
    }
    QCOMPARE(file->status()->size, end + 3 * 4096);
    const auto last = summaryOf(*file);
    JournalWriter writer(*file, "journal");
    QCOMPARE(writer.resume(journal.header, *last).error().code, ErrorCode::InvalidArgument);
}

void TestJournalWriter::takesNoMoreThanTheBound()
{
    Random random(6);
    for (int round = 0; round < 60; ++round) {
        const SampleJournal journal = randomJournal(random, 30);
        std::uint64_t unitBytes = 0;
        std::uint64_t segments = 0;
        std::uint64_t literals = 0;
        for (const SampleExtent &extent : journal.extents) {
            unitBytes += extent.units.length();
            segments += extent.segments.size();
            for (const JournalSegment &segment : extent.segments) {
                if (segment.piece.kind == Piece::Kind::Literal)
                    literals += segment.range.length();
                else if (segment.piece.kind == Piece::Kind::Pattern)
                    literals += JournalWriter::patternCost(segment.piece.bytes()->size(), segment.range.length());
            }
        }
        QVERIFY(journal.bytes().size() <= JournalWriter::boundFor(journal.extents.size(), unitBytes, segments, literals,
                                                                  journal.header.targetPath.size()));
    }
}

QTEST_GUILESS_MAIN(TestJournalWriter)
#include "tst_journal_writer.moc"
