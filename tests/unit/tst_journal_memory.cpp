// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/journal/journal_layout.h"
#include "cachecore/write/journal/journal_reader.h"
#include "cachecore/write/journal/journal_writer.h"
#include "tests/support/counted_memory.h"
#include "tests/support/edits.h"
#include "tests/support/journal_samples.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <limits>

using namespace cachecore;
using namespace cachet_test;

namespace {

/// The most that was in use at once while `work` ran, beyond what was in use before.
template <typename Work>
std::uint64_t peakOf(Work &&work)
{
    const std::int64_t before = memory::liveBytes();
    memory::measurePeak();
    work();
    return static_cast<std::uint64_t>(memory::peakBytes() - before);
}

/// The most that the format allows: the longest extents with the most segments, all patterns there can be.
SampleJournal greedyJournal()
{
    constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
    SampleJournal journal{sampleHeader(400 * kMiB), {}, {JournalState::Armed}};
    for (std::uint64_t i = 0; i < 130; ++i) {
        journal.extents.push_back({rangeAt(i * kMiB, 65'536), std::vector<std::byte>(65'536), {}});
        journal.extents.back().segments.push_back(
            {rangeAt(i * kMiB, 65'536), patternPiece(patternBytes(65'536, i), 0)});
    }
    for (std::uint64_t i = 200; i < 203; ++i) {
        SampleExtent extent{rangeAt(i * kMiB, kMiB), patternBytes(kMiB, i), {}};
        for (std::uint64_t k = 0; k + 1 < kJournalMostSegments; ++k)
            extent.segments.push_back(
                {rangeAt(i * kMiB + 2 * k, 1), Piece::generatedBy({Generator::Kind::Random, 1, k, 1})});
        const std::uint64_t rest = kMiB - 2 * kJournalMostSegments;
        extent.segments.push_back({rangeAt((i + 1) * kMiB - rest, rest), literalPiece(patternBytes(rest), 0)});
        journal.extents.push_back(std::move(extent));
    }
    return journal;
}

/// Reads all of a journal; true when it is whole.
bool readAll(EnvFile &file)
{
    auto reader = JournalReader::open(file, "journal");
    if (!reader || !reader->validate())
        return false;
    for (;;) {
        const auto extent = reader->next(JournalReader::Want::OldAndNew);
        if (!extent || !*extent)
            return extent.has_value();
    }
}

} // namespace

class TestJournalMemory final : public QObject {
    Q_OBJECT

private slots:
    void cleanup() { (void)memory::stopFailing(); }
    void staysWithinItsBounds();
    void allocatesNothingForNumbersInAJournal();
    void allocatesNothingForEachRecord();
    void saysWhenThereIsNoMemory();
};

void TestJournalMemory::staysWithinItsBounds()
{
    const SampleJournal journal = greedyJournal();
    const auto file = fileWith({});
    const std::uint64_t writing = peakOf([&] {
        JournalWriter writer(*file, "journal");
        QVERIFY(journal.writeTo(writer));
    });
    QVERIFY2(writing <= JournalWriter::kMemory, qPrintable(QString::number(writing)));
    const std::uint64_t reading = peakOf([&] { QVERIFY(readAll(*file)); });
    QVERIFY2(reading <= JournalReader::kJournalReadMemory, qPrintable(QString::number(reading)));
    QVERIFY(reading > std::uint64_t{8} << 20); // the patterns alone: the count works
}

void TestJournalMemory::allocatesNothingForNumbersInAJournal()
{
    const SampleJournal journal = smallJournal();
    const std::vector<std::byte> bytes = journal.bytes();
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
    for (std::size_t at = 0; at + 8 <= 480; at += 4) { // header, first record and its table
        for (const std::uint64_t value : {kMost, kMost / 2 + 1, std::uint64_t{1} << 32, std::uint64_t{0x7fffffff}}) {
            std::vector<std::byte> hostile = bytes;
            journal::put(hostile.data() + at, value);
            const std::size_t header = journal::get<std::uint32_t>(bytes.data() + 12);
            if (at + 8 <= header) { // as somebody who means harm would seal it
                JournalSalt salt;
                std::copy_n(hostile.data() + 32, 16, salt.begin());
                journal::put(hostile.data() + header - 16, saltedHash(salt, {std::span(hostile).first(header - 16)}));
            }
            const auto file = fileWith(hostile);
            const std::uint64_t peak = peakOf([&] { (void)readAll(*file); });
            QVERIFY2(peak < std::uint64_t{1} << 20, qPrintable(QStringLiteral("%1 bytes at %2").arg(peak).arg(at)));
        }
    }
}

void TestJournalMemory::allocatesNothingForEachRecord()
{
    const std::vector<std::byte> old = patternBytes(4096);
    const Piece piece = literalPiece(patternBytes(8), 0);
    const Piece fill = patternPiece(bytesOf({1, 2, 3}), 0);
    const auto file = fileWith({});
    JournalWriter writer(*file, "journal");
    QVERIFY(writer.begin(sampleHeader(std::uint64_t{1} << 30)));
    std::uint64_t before = 0;
    for (std::uint64_t i = 0; i < 2000; ++i) {
        if (i == 10)
            before = memory::allocations();
        const JournalSegment segments[] = {{rangeAt(i * 8192 + 17, 8), piece}, {rangeAt(i * 8192 + 1000, 50), fill}};
        QVERIFY(writer.extent(rangeAt(i * 8192, 4096), old, segments));
    }
    QCOMPARE(memory::allocations(), before);
    QVERIFY(writer.arm());

    auto reader = JournalReader::open(*file, "journal");
    for (std::uint64_t i = 0; i < 2000; ++i) {
        if (i == 10)
            before = memory::allocations();
        QVERIFY(reader->next(JournalReader::Want::OldAndNew));
    }
    QCOMPARE(memory::allocations(), before);
}

void TestJournalMemory::saysWhenThereIsNoMemory()
{
    const SampleJournal journal = smallJournal();
    bool wroteOnce = false;
    for (std::uint64_t nth = 0; !wroteOnce; ++nth) {
        QVERIFY(nth < 1000);
        const auto file = fileWith({});
        JournalWriter writer(*file, "journal");
        memory::failAfter(nth, 1);
        const auto written = journal.writeTo(writer);
        const bool failed = memory::stopFailing();
        wroteOnce = !failed;
        QCOMPARE(written.has_value(), !failed);
        if (failed) {
            QCOMPARE(written.error().code, ErrorCode::OutOfMemory);
            QCOMPARE(writer.arm().error().code, ErrorCode::OutOfMemory);
        }
    }
    const auto file = fileWith(journal.bytes());
    for (std::uint64_t nth = 0;; ++nth) {
        QVERIFY(nth < 1000);
        memory::failAfter(nth, 1);
        auto reader = JournalReader::open(*file, "journal");
        const auto summary = reader ? reader->validate() : Result<JournalSummary>(failure(reader.error()));
        const bool failed = memory::stopFailing();
        QCOMPARE(summary.has_value(), !failed);
        if (!failed)
            break;
        QCOMPARE(summary.error().code, ErrorCode::OutOfMemory);
        QVERIFY(!reader || reader->validate());
    }
}

QTEST_GUILESS_MAIN(TestJournalMemory)
#include "tst_journal_memory.moc"
