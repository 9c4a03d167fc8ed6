// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/journal_reader.h"
#include "tests/support/edits.h"
#include "tests/support/fault_env.h"
#include "tests/support/journal_samples.h"

#include <QTest>

#include <cerrno>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Want = JournalReader::Want;

/// What a reader made of a journal's bytes.
struct Reading {
    std::optional<Error> error;
    JournalSummary summary;
    std::vector<SampleExtent> extents; ///< without segments: `old` and what content() was
    std::vector<std::vector<std::byte>> content;
};

Reading read(EnvFile &file)
{
    Reading reading;
    auto reader = JournalReader::open(file, "journal");
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
        std::vector<std::byte> bytes((*extent)->old.begin(), (*extent)->old.end());
        reading.extents.push_back({(*extent)->units, bytes, {}});
        applySegments(**extent, bytes);
        reading.content.push_back(std::move(bytes));
    }
}

/// True when `reading` found the journal's extents, byte for byte.
bool sameExtents(const Reading &reading, const SampleJournal &journal)
{
    if (reading.extents.size() != journal.extents.size())
        return false;
    for (std::size_t i = 0; i < journal.extents.size(); ++i) {
        if (reading.extents[i].units != journal.extents[i].units || reading.extents[i].old != journal.extents[i].old
            || reading.content[i] != journal.extents[i].content())
            return false;
    }
    return true;
}

JournalState lastState(const SampleJournal &journal)
{
    return journal.states.empty() ? JournalState::Unarmed : journal.states.back();
}

} // namespace

class TestJournalReader final : public QObject {
    Q_OBJECT

private slots:
    void readsBackWhatWasWritten();
};

void TestJournalReader::readsBackWhatWasWritten()
{
    Random random(1);
    for (int round = 0; round < 400; ++round) {
        const SampleJournal journal = randomJournal(random);
        const auto file = fileWith(journal.bytes());
        const Reading reading = read(*file);
        QVERIFY2(!reading.error, "the journal is refused");
        QVERIFY(sameExtents(reading, journal));
        QCOMPARE(reading.summary.state, lastState(journal));
        QCOMPARE(reading.summary.extents, journal.extents.size());
        QCOMPARE(JournalReader::open(*file, "journal")->header(), journal.header);
    }
}

QTEST_GUILESS_MAIN(TestJournalReader)
#include "tst_journal_reader.moc"
