// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/scan/data_runs.h"
#include "tests/support/document_fixture.h"
#include "tests/support/random.h"

#include <QTest>

#include <algorithm>
#include <cerrno>
#include <map>

using namespace cachecore;
using namespace cachet_test;

namespace {

/// A document of any size in which only some parts are no holes; counts what is read.
class SparseSnapshot final : public Snapshot {
public:
    explicit SparseSnapshot(std::uint64_t size)
        : m_size(size)
    {
    }

    void put(std::uint64_t at, std::vector<std::byte> bytes) { m_parts[at] = std::move(bytes); }
    void spoil(ByteRange range) { m_bad.push_back(range); }
    [[nodiscard]] std::uint64_t bytesRead() const { return m_bytesRead; }
    [[nodiscard]] std::uint64_t questions() const { return m_questions; }

    std::uint64_t size() const override { return m_size; }
    Result<void> read(ByteOffset at, std::span<std::byte> into, std::stop_token stop) const override
    {
        const auto range = ByteRange(at, at + into.size());
        if (range.end().value() > m_size)
            return failure(ErrorCode::OutOfRange, Operation::Read, range);
        if (stop.stop_requested())
            return failure(ErrorCode::Cancelled, Operation::Read, range);
        for (const ByteRange bad : m_bad) {
            if (bad.intersects(range))
                return failure(Error::fromErrno(EIO, Operation::Read, bad));
        }
        m_bytesRead += into.size();
        std::ranges::fill(into, std::byte{0});
        for (const auto &[begin, bytes] : m_parts) {
            const ByteRange part = rangeAt(begin, bytes.size()).intersection(range);
            for (ByteOffset i = part.begin(); i < part.end(); i = i + 1)
                into[static_cast<std::size_t>(i - at)] = bytes[static_cast<std::size_t>(i.value() - begin)];
        }
        return {};
    }
    Result<ByteRange> nextData(ByteOffset at) const override
    {
        ++m_questions;
        for (const auto &[begin, bytes] : m_parts) {
            const ByteRange part = rangeAt(begin, bytes.size());
            if (part.end() > at)
                return ByteRange(std::max(at, part.begin()), part.end());
        }
        return ByteRange(ByteOffset(m_size), ByteOffset(m_size));
    }
    const BlockSource &source() const override { return m_source; }

private:
    const std::uint64_t m_size;
    std::map<std::uint64_t, std::vector<std::byte>> m_parts;
    std::vector<ByteRange> m_bad;
    mutable std::uint64_t m_bytesRead = 0;
    mutable std::uint64_t m_questions = 0;
    const MemorySource m_source{std::vector<std::byte>()};
};

/// Where runs begin in `bytes`, by going through them one by one.
std::vector<std::uint64_t> runsOf(const std::vector<std::byte> &bytes)
{
    std::vector<std::uint64_t> begins;
    bool inRun = false;
    for (std::size_t block = 0; block < bytes.size(); block += kDataRunBlock) {
        std::size_t first = block;
        const std::size_t end = std::min<std::size_t>(block + kDataRunBlock, bytes.size());
        while (first < end && bytes[first] == std::byte{0})
            ++first;
        if (first < end && !inRun)
            begins.push_back(first);
        inRun = first < end;
    }
    return begins;
}

std::optional<std::uint64_t> after(const std::vector<std::uint64_t> &begins, std::uint64_t from)
{
    const auto found = std::ranges::upper_bound(begins, from);
    return found == begins.end() ? std::nullopt : std::optional(*found);
}

std::optional<std::uint64_t> before(const std::vector<std::uint64_t> &begins, std::uint64_t from)
{
    const auto found = std::ranges::lower_bound(begins, from);
    return found == begins.begin() ? std::nullopt : std::optional(*(found - 1));
}

std::optional<std::uint64_t> numberOf(const Result<std::optional<ByteOffset>> &found)
{
    if (!found)
        qFatal("looking for a run failed");
    return *found ? std::optional((*found)->value()) : std::nullopt;
}

/// Bytes in blocks that are zero, full, or have one byte, in runs.
std::vector<std::byte> someRuns(Random &random, std::size_t size)
{
    std::vector<std::byte> bytes(size);
    for (std::size_t at = 0; at < size;) {
        const std::size_t length = std::min(size - at, std::size_t{512} * random.between(1, 5) + random.below(3));
        const std::uint64_t kind = random.below(3);
        if (kind == 1)
            bytes[at + random.below(length)] = std::byte{1};
        else if (kind == 2)
            std::ranges::fill(std::span(bytes).subspan(at, length), std::byte{0xee});
        at += length;
    }
    return bytes;
}

} // namespace

class TestDataRuns : public QObject {
    Q_OBJECT

private slots:
    void findsWhatGoingThroughAllBytesFinds();
    void blocksThatCannotBeReadAreData();
    void seesWhatIsStaged();
    void passesHolesOfAnySizeWithoutReadingThem();
    void findsTheRunsOfLargeDocuments_data();
    void findsTheRunsOfLargeDocuments();
    void endsAtTheEnds();
    void stopsWhenAsked();
    void saysWhereItIs();
};

void TestDataRuns::findsWhatGoingThroughAllBytesFinds()
{
    Random random(1);
    for (int round = 0; round < 60; ++round) {
        const std::size_t size = random.between(1, 12'000);
        const auto bytes = someRuns(random, size);
        SparseSnapshot snapshot(size);
        // In parts, with holes where there are zeros.
        for (std::size_t at = 0; at < size;) {
            const std::size_t length = std::min<std::size_t>(size - at, random.between(1, 3000));
            const auto part = std::span(bytes).subspan(at, length);
            if (random.oneIn(3) || !std::ranges::all_of(part, [](std::byte b) { return b == std::byte{0}; }))
                snapshot.put(at, {part.begin(), part.end()});
            at += length;
        }
        const auto begins = runsOf(bytes);
        for (std::uint64_t from = 0; from <= size + 1; from += from % 512 < 3 || from % 512 > 508 ? 1 : 101) {
            QCOMPARE(numberOf(nextDataRun(snapshot, ByteOffset(from))), after(begins, from));
            QCOMPARE(numberOf(previousDataRun(snapshot, ByteOffset(from))), before(begins, from));
        }
    }
}

void TestDataRuns::blocksThatCannotBeReadAreData()
{
    Random random(2);
    for (int round = 0; round < 40; ++round) {
        const std::size_t size = 512 * random.between(8, 40) + random.below(500);
        auto bytes = someRuns(random, size);
        SparseSnapshot snapshot(size);
        snapshot.put(0, bytes);
        for (int i = 0; i < 4; ++i) {
            const std::uint64_t at = 512 * random.below(size / 512);
            const std::uint64_t length = std::min<std::uint64_t>(512 * random.between(1, 3), size - at);
            snapshot.spoil(rangeAt(at, length));
            std::ranges::fill(std::span(bytes).subspan(at, length), std::byte{0xff});
        }
        const auto begins = runsOf(bytes);
        for (std::uint64_t from = 0; from <= size; from += 37) {
            QCOMPARE(numberOf(nextDataRun(snapshot, ByteOffset(from))), after(begins, from));
            QCOMPARE(numberOf(previousDataRun(snapshot, ByteOffset(from))), before(begins, from));
        }
    }
}

void TestDataRuns::seesWhatIsStaged()
{
    std::vector<std::byte> disk(64 * 1024);
    disk[5000] = std::byte{1};
    disk[40'000] = std::byte{2};
    DocumentFixture fixture(disk);
    QVERIFY(fixture->stage(ByteOffset(20'000), bytesOf({3})));
    QVERIFY(fixture->stage(ByteOffset(5000), bytesOf({0})));
    const auto snapshot = fixture->snapshot();
    QCOMPARE(numberOf(nextDataRun(*snapshot, ByteOffset(0))), std::optional<std::uint64_t>(20'000));
    QCOMPARE(numberOf(nextDataRun(*snapshot, ByteOffset(20'000))), std::optional<std::uint64_t>(40'000));
    QCOMPARE(numberOf(previousDataRun(*snapshot, ByteOffset(40'000))), std::optional<std::uint64_t>(20'000));
    QCOMPARE(numberOf(previousDataRun(*snapshot, ByteOffset(20'000))), std::nullopt);
    fixture.source->addBadRange(rangeAt(30'208, 512));
    QCOMPARE(numberOf(nextDataRun(*snapshot, ByteOffset(20'000))), std::optional<std::uint64_t>(30'208));
}

void TestDataRuns::passesHolesOfAnySizeWithoutReadingThem()
{
    SparseSnapshot snapshot(kMaxSourceSize);
    constexpr std::uint64_t kFar = kMaxSourceSize - 3000;
    constexpr std::uint64_t kMiddle = (std::uint64_t{1} << 41) + 77;
    snapshot.put(700, bytesOf({1}));
    snapshot.put(kMiddle, bytesOf({2, 0, 3}));
    snapshot.put(kFar, bytesOf({0, 0, 4}));
    using Place = std::optional<std::uint64_t>;
    QCOMPARE(numberOf(nextDataRun(snapshot, ByteOffset(0))), Place(700));
    QCOMPARE(numberOf(nextDataRun(snapshot, ByteOffset(700))), Place(kMiddle));
    QCOMPARE(numberOf(nextDataRun(snapshot, ByteOffset(kMiddle))), Place(kFar + 2));
    QCOMPARE(numberOf(nextDataRun(snapshot, ByteOffset(kFar + 2))), Place());
    QCOMPARE(numberOf(previousDataRun(snapshot, ByteOffset(kMaxSourceSize))), Place(kFar + 2));
    QCOMPARE(numberOf(previousDataRun(snapshot, ByteOffset(kFar + 2))), Place(kMiddle));
    QCOMPARE(numberOf(previousDataRun(snapshot, ByteOffset(kMiddle))), Place(700));
    QCOMPARE(numberOf(previousDataRun(snapshot, ByteOffset(700))), Place());
    QVERIFY(snapshot.bytesRead() < std::uint64_t{16} << 20);
    QVERIFY(snapshot.questions() < 10'000); // some for each halving of what is left, none for each MiB
}

void TestDataRuns::findsTheRunsOfLargeDocuments_data()
{
    QTest::addColumn<quint64>("at");
    for (const std::uint64_t at : {(std::uint64_t{1} << 20) - 1, std::uint64_t{1} << 20, (std::uint64_t{1} << 20) + 1,
                                   (std::uint64_t{1} << 31) + 5, (std::uint64_t{1} << 32) - 512,
                                   (std::uint64_t{1} << 40) + 511, kMaxSourceSize - 1})
        QTest::addRow("%llx", static_cast<unsigned long long>(at)) << quint64(at);
}

void TestDataRuns::findsTheRunsOfLargeDocuments()
{
    QFETCH(quint64, at);
    SparseSnapshot snapshot(kMaxSourceSize);
    snapshot.put(at, bytesOf({9}));
    using Place = std::optional<std::uint64_t>;
    QCOMPARE(numberOf(nextDataRun(snapshot, ByteOffset(0))), Place(at));
    QCOMPARE(numberOf(nextDataRun(snapshot, ByteOffset(at - 1))), Place(at));
    QCOMPARE(numberOf(nextDataRun(snapshot, ByteOffset(at))), Place());
    QCOMPARE(numberOf(previousDataRun(snapshot, ByteOffset(kMaxSourceSize))), Place(at));
    QCOMPARE(numberOf(previousDataRun(snapshot, ByteOffset(at))), Place());
}

void TestDataRuns::endsAtTheEnds()
{
    const SparseSnapshot empty(0);
    QCOMPARE(numberOf(nextDataRun(empty, ByteOffset(0))), std::nullopt);
    QCOMPARE(numberOf(previousDataRun(empty, ByteOffset(0))), std::nullopt);
    const SparseSnapshot hole(kMaxSourceSize);
    QCOMPARE(numberOf(nextDataRun(hole, ByteOffset(5))), std::nullopt);
    QCOMPARE(numberOf(previousDataRun(hole, ByteOffset(kMaxSourceSize))), std::nullopt);
    SparseSnapshot one(1);
    one.put(0, bytesOf({1}));
    QCOMPARE(numberOf(nextDataRun(one, ByteOffset(0))), std::nullopt);
    QCOMPARE(numberOf(nextDataRun(one, ByteOffset(100))), std::nullopt);
    QCOMPARE(numberOf(previousDataRun(one, ByteOffset(100))), std::optional<std::uint64_t>(0));
}

void TestDataRuns::stopsWhenAsked()
{
    SparseSnapshot snapshot(8 << 20);
    snapshot.put(0, std::vector<std::byte>(8 << 20, std::byte{1}));
    std::stop_source stop;
    int calls = 0;
    const auto stopping = [&](ByteOffset) {
        if (++calls == 3)
            stop.request_stop();
    };
    const auto next = nextDataRun(snapshot, ByteOffset(0), stopping, stop.get_token());
    QVERIFY(!next);
    QCOMPARE(next.error().code, ErrorCode::Cancelled);
    QCOMPARE(calls, 3);
    calls = 0;
    stop = {};
    const auto previous = previousDataRun(snapshot, ByteOffset(8 << 20), stopping, stop.get_token());
    QVERIFY(!previous);
    QCOMPARE(previous.error().code, ErrorCode::Cancelled);
    QCOMPARE(calls, 3);
}

void TestDataRuns::saysWhereItIs()
{
    SparseSnapshot snapshot(4 << 20);
    snapshot.put(0, std::vector<std::byte>(4 << 20, std::byte{1}));
    std::vector<ByteOffset> places;
    QCOMPARE(numberOf(nextDataRun(snapshot, ByteOffset(1000), [&](ByteOffset at) { places.push_back(at); })),
             std::nullopt);
    QVERIFY(std::ranges::is_sorted(places));
    QVERIFY(places.size() >= 4 && places.size() <= 6);
    places.clear();
    QCOMPARE(numberOf(previousDataRun(snapshot, ByteOffset(4 << 20), [&](ByteOffset at) { places.push_back(at); })),
             std::optional<std::uint64_t>(0));
    QVERIFY(std::ranges::is_sorted(places, std::ranges::greater()));
    QVERIFY(places.size() >= 4 && places.size() <= 6);
}

QTEST_GUILESS_MAIN(TestDataRuns)
#include "tst_data_runs.moc"
