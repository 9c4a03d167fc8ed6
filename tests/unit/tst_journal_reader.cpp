// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/journal/journal_layout.h"
#include "cachecore/write/journal/journal_reader.h"
#include "tests/support/edits.h"
#include "tests/support/fault_env.h"
#include "tests/support/journal_samples.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <cerrno>
#include <functional>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Want = JournalReader::Want;
using Bytes = std::vector<std::byte>;

/// What a reader made of a journal's bytes.
struct Reading {
    std::optional<Error> error;
    JournalSummary summary;
    std::vector<SampleExtent> extents; ///< without segments
    std::vector<Bytes> content;        ///< their bytes with the segments put over
};

Reading readingOf(Result<JournalReader> reader)
{
    Reading reading;
    if (!reader)
        return {reader.error(), {}, {}, {}};
    const auto summary = reader->validate();
    if (!summary)
        return {summary.error(), {}, {}, {}};
    reading.summary = *summary;
    for (;;) {
        const auto extent = reader->next(Want::OldAndNew);
        if (!extent)
            return {extent.error(), {}, {}, {}};
        if (!*extent)
            return reading;
        Bytes bytes((*extent)->old.begin(), (*extent)->old.end());
        reading.extents.push_back({(*extent)->units, bytes, {}});
        applySegments(**extent, bytes);
        reading.content.push_back(std::move(bytes));
    }
}

Reading readingOf(std::span<const std::byte> journal)
{
    const auto file = fileWith(journal);
    return readingOf(JournalReader::open(*file, "journal"));
}

/// The error of reading all extents without validating.
std::optional<Error> errorOfNext(const Bytes &journal, Want want = Want::OldAndNew)
{
    const auto file = fileWith(journal);
    auto reader = JournalReader::open(*file, "journal");
    while (reader) {
        const auto extent = reader->next(want);
        if (!extent)
            return extent.error();
        if (!*extent)
            return std::nullopt;
    }
    return reader.error();
}

/// True when `reading` found the journal's first extents, byte for byte, and nothing else.
bool isPrefix(const Reading &reading, const SampleJournal &journal)
{
    if (reading.extents.size() > journal.extents.size())
        return false;
    for (std::size_t i = 0; i < reading.extents.size(); ++i) {
        if (reading.extents[i].units != journal.extents[i].units || reading.extents[i].old != journal.extents[i].old
            || reading.content[i] != journal.extents[i].content())
            return false;
    }
    return true;
}

bool isAll(const Reading &reading, const SampleJournal &journal)
{
    return !reading.error && reading.extents.size() == journal.extents.size() && isPrefix(reading, journal);
}

/// Where the records of a journal begin, and one past the last.
std::vector<std::size_t> recordsOf(const Bytes &journal)
{
    std::vector<std::size_t> at{journal::get<std::uint32_t>(journal.data() + 12)};
    for (;;) {
        const auto start = journal::RecordStart::decode(journal.data() + at.back());
        if (start.type != journal::RecordType::Extent && start.type != journal::RecordType::Pattern)
            return at;
        at.push_back(at.back() + static_cast<std::size_t>(start.length));
    }
}

/// Gives the extent at `at` the hash that its bytes have, as somebody who means harm would.
void sealExtent(const JournalSalt &salt, Bytes &journal, std::size_t at)
{
    const auto head = journal::ExtentHead::decode(journal.data() + at);
    const std::span<const std::byte> record = std::span(journal).subspan(at);
    const std::uint64_t rest = head.tableLength() + journal::paddedTo8(head.literalLength);
    if (rest > record.size() - journal::kExtentHead)
        return;
    journal::put(journal.data() + at + journal::kExtentFixed,
                 saltedHash(salt,
                            {record.first(journal::kExtentFixed),
                             record.subspan(journal::kExtentHead, static_cast<std::size_t>(rest))}));
}

SampleJournal largeJournal(std::size_t extents)
{
    SampleJournal journal{sampleHeader(extents << 20), {}, {JournalState::Armed}};
    for (std::size_t i = 0; i < extents; ++i) {
        journal.extents.push_back({rangeAt(i << 20, 1 << 20), patternBytes(1 << 20, i), {}});
        journal.extents.back().segments.push_back({rangeAt((i << 20) + 5, 6), literalPiece(Bytes(6), 0)});
    }
    return journal;
}

} // namespace

class TestJournalReader final : public QObject {
    Q_OBJECT

private slots:
    void readsBackWhatWasWritten();
    void noticesEveryChangedByte();
    void takesATruncatedJournalForWhatIsLeft();
    void ignoresWhatFollowsTheLastWholeState();
    void noticesALostOrForeignRecord();
    void refusesWhatIsNoJournal();
    void refusesALaterVersion();
    void refusesHostileExtents_data();
    void refusesHostileExtents();
    void passesOverOldBytesWithoutReadingThem();
    void staysCorrectWithShortAndInterruptedReads();
    void reportsEveryFailingRead();
    void stopsWhenAsked();
};

void TestJournalReader::readsBackWhatWasWritten()
{
    Random random(1);
    for (int round = 0; round < 150; ++round) {
        const SampleJournal journal = randomJournal(random);
        const auto file = fileWith(journal.bytes());
        const Reading reading = readingOf(JournalReader::open(*file, "journal"));
        QVERIFY(isAll(reading, journal));
        QCOMPARE(reading.summary.state, journal.states.back());
        QCOMPARE(reading.summary.extents, journal.extents.size());
        QCOMPARE(reading.summary.end, file->status()->size);
        QCOMPARE(reading.summary.span,
                 ByteRange(journal.extents.front().units.begin(), journal.extents.back().units.end()));
        QCOMPARE(JournalReader::open(*file, "journal")->header(), journal.header);
    }
}

void TestJournalReader::noticesEveryChangedByte()
{
    const SampleJournal journal = smallJournal();
    const Bytes bytes = journal.bytes();
    const std::size_t states = bytes.size() - 2 * journal::kStateSize; // ARMED, then DONE
    QVERIFY(isAll(readingOf(bytes), journal));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        for (const unsigned change : {0x01U, 0x80U}) {
            Bytes changed = bytes;
            changed[i] ^= static_cast<std::byte>(change);
            const Reading reading = readingOf(changed);
            if (i >= states + journal::kStateSize) {
                QVERIFY(isAll(reading, journal));
                QCOMPARE(reading.summary.state, JournalState::Armed);
                continue;
            }
            QVERIFY2(reading.error, qPrintable(QStringLiteral("byte %1").arg(i)));
            const bool version = i >= 8 && i < 12 && changed[8] != std::byte{0};
            QCOMPARE(reading.error->code, version ? ErrorCode::NewerVersion : ErrorCode::Damaged);
            QCOMPARE(reading.error->operation, Operation::Journal);
            QCOMPARE(reading.error->path, std::string("journal"));
            QVERIFY(version || ByteRange::whole(bytes.size()).contains(*reading.error->range));
        }
    }
}

void TestJournalReader::takesATruncatedJournalForWhatIsLeft()
{
    const SampleJournal journal = smallJournal();
    const Bytes bytes = journal.bytes();
    const std::size_t armedEnd = bytes.size() - journal::kStateSize;
    std::size_t unarmed = 0;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const Reading reading = readingOf(std::span(bytes).first(size));
        if (size >= armedEnd) {
            QVERIFY(isAll(reading, journal));
            QCOMPARE(reading.summary.state, JournalState::Armed);
        } else if (reading.error) {
            QCOMPARE(reading.error->code, ErrorCode::Damaged);
        } else {
            QCOMPARE(reading.summary.state, JournalState::Unarmed);
            QVERIFY(isPrefix(reading, journal));
            ++unarmed;
        }
    }
    QVERIFY(unarmed > 3 && unarmed < 2 * journal::kStateSize); // between records, and in the zeros before ARMED
}

void TestJournalReader::ignoresWhatFollowsTheLastWholeState()
{
    const SampleJournal journal = smallJournal();
    const Bytes done = journal.bytes();
    const std::size_t armedEnd = done.size() - journal::kStateSize;
    Bytes tail = done;
    tail.insert(tail.end(), 5000, std::byte{0x77});
    QVERIFY(isAll(readingOf(tail), journal));
    QCOMPARE(readingOf(tail).summary.state, JournalState::Done);
    QCOMPARE(readingOf(tail).summary.end, done.size());

    // DONE of which only some sectors arrived, over what a longer journal left there.
    for (unsigned arrived = 0; arrived < 255; ++arrived) {
        Bytes torn = done;
        for (std::size_t sector = 0; sector < 8; ++sector) {
            if ((arrived >> sector & 1U) == 0)
                std::fill_n(torn.begin() + static_cast<std::ptrdiff_t>(armedEnd + sector * 512), 512, std::byte{0x55});
        }
        const Reading reading = readingOf(torn);
        QVERIFY(isAll(reading, journal));
        QCOMPARE(reading.summary.state, JournalState::Armed);
        QCOMPARE(reading.summary.end, armedEnd);
    }
}

void TestJournalReader::noticesALostOrForeignRecord()
{
    SampleJournal journal{sampleHeader(1 << 20), {}, {JournalState::Armed}};
    for (std::uint64_t i = 0; i < 3; ++i) {
        journal.extents.push_back({rangeAt(i * 8192, 4096), patternBytes(4096, i), {}});
        journal.extents.back().segments.push_back({rangeAt(i * 8192, 2), literalPiece(bytesOf({1, 2}), 0)});
    }
    SampleJournal other = journal; // the same salt, the same lengths, other bytes
    other.extents[1].old[0] ^= std::byte{1};
    const Bytes bytes = journal.bytes();
    const auto at = recordsOf(bytes);
    QCOMPARE(at.size(), std::size_t{4});
    QVERIFY(isAll(readingOf(bytes), journal));

    Bytes foreign = bytes;
    const Bytes others = other.bytes();
    std::copy(others.begin() + static_cast<std::ptrdiff_t>(at[1]), others.begin() + static_cast<std::ptrdiff_t>(at[2]),
              foreign.begin() + static_cast<std::ptrdiff_t>(at[1]));
    QVERIFY(!errorOfNext(foreign)); // in itself it is whole
    QCOMPARE(readingOf(foreign).error->code, ErrorCode::Damaged);

    Bytes lost = bytes; // the last one, with zeros in its place
    std::fill(lost.begin() + static_cast<std::ptrdiff_t>(at[2]), lost.begin() + static_cast<std::ptrdiff_t>(at[3]),
              std::byte{0});
    QCOMPARE(readingOf(lost).summary.state, JournalState::Unarmed); // which no journal with a name may be
    QVERIFY(isPrefix(readingOf(lost), journal));
    Bytes skipped = bytes; // the last one, without a trace
    std::fill(skipped.begin() + static_cast<std::ptrdiff_t>(at[2]), skipped.end(), std::byte{0});
    const std::size_t newEnd = (at[2] + journal::kStateSize - 1) / journal::kStateSize * journal::kStateSize;
    std::copy(bytes.end() - static_cast<std::ptrdiff_t>(journal::kStateSize), bytes.end(),
              skipped.begin() + static_cast<std::ptrdiff_t>(newEnd));
    QCOMPARE(readingOf(skipped).error->code, ErrorCode::Damaged);

    Bytes swapped = bytes;
    std::swap_ranges(swapped.begin() + static_cast<std::ptrdiff_t>(at[1]),
                     swapped.begin() + static_cast<std::ptrdiff_t>(at[2]),
                     swapped.begin() + static_cast<std::ptrdiff_t>(at[2]));
    QCOMPARE(readingOf(swapped).error->code, ErrorCode::Damaged);
}

void TestJournalReader::refusesWhatIsNoJournal()
{
    Random random(3);
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{119}, std::size_t{120}, std::size_t{9000}}) {
        QCOMPARE(readingOf(random.bytes(size)).error->code, ErrorCode::Damaged);
        QCOMPARE(readingOf(Bytes(size)).error->code, ErrorCode::Damaged);
    }
    // A hole of 2^62 bytes behind a header is an unarmed journal, at once.
    const Bytes bytes = smallJournal().bytes();
    const auto file = fileWith(std::span(bytes).first(recordsOf(bytes).front()));
    if (!file->truncate(std::uint64_t{1} << 62))
        QSKIP("no file of 2^62 bytes here");
    const Reading reading = readingOf(JournalReader::open(*file, "journal"));
    QVERIFY(!reading.error && reading.extents.empty());
    QCOMPARE(reading.summary.state, JournalState::Unarmed);
}

void TestJournalReader::refusesALaterVersion()
{
    Bytes bytes = smallJournal().bytes();
    for (const std::uint32_t version : {2U, 0xffffffffU}) {
        journal::put(bytes.data() + 8, version);
        QCOMPARE(readingOf(bytes).error->code, ErrorCode::NewerVersion);
        Bytes strange(bytes.begin(), bytes.begin() + 120); // a header that only that version understands
        std::fill(strange.begin() + 12, strange.end(), std::byte{0xee});
        QCOMPARE(readingOf(strange).error->code, ErrorCode::NewerVersion);
    }
    journal::put(bytes.data() + 8, std::uint32_t{0});
    QCOMPARE(readingOf(bytes).error->code, ErrorCode::Damaged);
}

using Change = std::function<void(std::byte *)>;
Q_DECLARE_METATYPE(Change)

void TestJournalReader::refusesHostileExtents_data()
{
    // Of the journal that FORMAT.md shows: 0 and 2 are extents, 1 is the pattern of the second.
    QTest::addColumn<int>("record");
    QTest::addColumn<Change>("change");
    const auto number = [](int record, const char *name, std::size_t at, std::uint64_t value) {
        QTest::addRow("%s %llu", name, static_cast<unsigned long long>(value))
            << record << Change([at, value](std::byte *bytes) { journal::put(bytes + at, value); });
    };
    const auto small = [](int record, const char *name, std::size_t at, std::uint32_t value) {
        QTest::addRow("%s %u", name, value)
            << record << Change([at, value](std::byte *bytes) { journal::put(bytes + at, value); });
    };
    constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
    constexpr std::size_t kEntry = journal::kExtentHead;
    small(0, "type", 0, 0x31323334);
    for (const std::uint32_t count : {0U, 2U, 32769U, 0xffffffffU})
        small(0, "segments", 4, count);
    number(0, "sequence", 8, 1);
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{8}, std::uint64_t{95}, kTop, ~std::uint64_t{0}})
        number(0, "length of the record", 16, value);
    for (const std::uint64_t value :
         {std::uint64_t{1}, std::uint64_t{512}, std::uint64_t{4100}, kTop, ~std::uint64_t{0}})
        number(0, "units begin", 24, value);
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{8192}, std::uint64_t{1} << 21, kTop, ~std::uint64_t{0} - 4095})
        number(0, "units length", 32, value);
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{4}, kTop, ~std::uint64_t{0}})
        number(0, "literal bytes", 40, value);
    number(2, "units that overlap those before", 24, 0);
    number(2, "units longer than the target", 32, 5);
    for (const std::uint64_t value : {std::uint64_t{4095}, std::uint64_t{4100}, kTop, ~std::uint64_t{0}})
        number(2, "segment begin", kEntry, value);
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{5}, kTop, ~std::uint64_t{0} - 4095})
        number(2, "segment length", kEntry + 8, value);
    for (const std::uint32_t value : {0U, 1U, 5U, 0x102U, 0x10002U})
        small(2, "kind, width, zero", kEntry + 16, value);
    for (const std::uint32_t value : {1U, 0xffffffffU})
        small(2, "pattern", kEntry + 20, value);
    for (const std::uint64_t value : {std::uint64_t{2}, kTop})
        number(2, "phase", kEntry + 24, value);
    QTest::newRow("phase of random bytes that do not end") << 2 << Change([](std::byte *bytes) {
        journal::put(bytes + kEntry + 16, std::uint32_t{0x0803});
        journal::put(bytes + kEntry + 24, ~std::uint64_t{0} - 3); // of four bytes
    });
    number(2, "seed of a pattern", kEntry + 32, 1);
    number(0, "phase of a literal", kEntry + 24, 1);
    small(1, "number of the pattern", 4, 1);
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{1} << 20, kTop})
        number(1, "pattern length", 24, value);
}

void TestJournalReader::refusesHostileExtents()
{
    QFETCH(const int, record);
    QFETCH(const Change, change);
    const SampleJournal journal = smallJournal();
    Bytes bytes = journal.bytes();
    const std::size_t at = recordsOf(bytes).at(static_cast<std::size_t>(record));
    const auto seal = [&] {
        if (record != 1)
            return sealExtent(journal.header.salt, bytes, at);
        const std::span<const std::byte> pattern = std::span(bytes).subspan(at);
        journal::put(bytes.data() + at + journal::kPatternFixed,
                     saltedHash(journal.header.salt, {pattern.first(journal::kPatternFixed), pattern.subspan(48, 8)}));
    };
    seal();
    QVERIFY(!errorOfNext(bytes)); // sealing alone changes nothing
    change(bytes.data() + at);
    seal();
    QCOMPARE(errorOfNext(bytes)->code, ErrorCode::Damaged);
    QCOMPARE(errorOfNext(bytes, Want::NewOnly)->code, ErrorCode::Damaged);
}

void TestJournalReader::passesOverOldBytesWithoutReadingThem()
{
    const SampleJournal journal = largeJournal(8);
    FaultEnv env;
    const TempDir dir;
    const auto file = env.open(dir.write("journal", journal.bytes()), OpenMode::Read);
    auto reader = JournalReader::open(**file, "journal");
    env.limitTransfers(1024);
    env.resetCounts();
    for (const SampleExtent &expected : journal.extents) {
        const auto extent = reader->next(Want::NewOnly);
        QVERIFY(extent && *extent);
        QVERIFY((*extent)->old.empty());
        Bytes bytes = expected.old;
        applySegments(**extent, bytes);
        QVERIFY(bytes == expected.content());
    }
    QVERIFY(!*reader->next(Want::NewOnly));
    QVERIFY2(env.count(EnvOp::Read) <= 2 * 8 + 1, "at most 2 KiB for each extent of 1 MiB");
}

void TestJournalReader::staysCorrectWithShortAndInterruptedReads()
{
    Random random(4);
    const TempDir dir;
    for (const std::size_t limit : {1U, 7U, 4096U}) {
        const SampleJournal journal = randomJournal(random, limit == 1 ? 2 : 6);
        FaultEnv env;
        const auto file = env.open(dir.write("journal", journal.bytes()), OpenMode::Read);
        env.limitTransfers(limit);
        env.interruptTransfers(3);
        QVERIFY(isAll(readingOf(JournalReader::open(**file, "journal")), journal));
    }
}

void TestJournalReader::reportsEveryFailingRead()
{
    const SampleJournal journal = largeJournal(3);
    const TempDir dir;
    const std::string path = dir.write("journal", journal.bytes());
    for (const Repeat repeat : {Repeat::Once, Repeat::ForGood}) {
        for (std::uint64_t nth = 0;; ++nth) {
            QVERIFY(nth < 200);
            FaultEnv env;
            const auto file = env.open(path, OpenMode::Read);
            env.resetCounts();
            env.failAny(nth, EIO, repeat);
            const Reading reading = readingOf(JournalReader::open(**file, path));
            if (env.total() <= nth) {
                QVERIFY(isAll(reading, journal));
                break;
            }
            QCOMPARE(reading.error->code, ErrorCode::Io);
            QCOMPARE(reading.error->operation, Operation::Journal);
            QCOMPARE(reading.error->path, path);
            env.clearFailures();
            QVERIFY(isAll(readingOf(JournalReader::open(**file, path)), journal));
        }
    }
}

void TestJournalReader::stopsWhenAsked()
{
    const auto file = fileWith(smallJournal().bytes());
    auto reader = JournalReader::open(*file, "journal");
    std::stop_source stop;
    stop.request_stop();
    QCOMPARE(reader->validate(stop.get_token()).error().code, ErrorCode::Cancelled);
    QVERIFY(reader->validate());
}

QTEST_GUILESS_MAIN(TestJournalReader)
#include "tst_journal_reader.moc"
