// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/log/recovery_log_decoder.h"
#include "cachecore/write/log/recovery_log_reader.h"
#include "tests/support/recovery_log_rig.h"

#include <QTest>

#include <filesystem>
#include <optional>

#include <unistd.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

/// A log made of random changes, and what it must hold at each of its lengths.
struct WrittenLog {
    explicit WrittenLog(std::uint64_t seed, int changes);

    RecoveryLogRig rig;
    std::vector<FlatEdits> states;      ///< all that are in the file
    std::vector<std::uint64_t> lengths; ///< of the file when each was
    std::string path;
    std::uint64_t header = 0; ///< its bytes

    /// How many states are whole in the file's first `length` bytes.
    [[nodiscard]] std::size_t statesIn(std::uint64_t length) const
    {
        return static_cast<std::size_t>(std::ranges::upper_bound(lengths, length) - lengths.begin());
    }
    [[nodiscard]] FlatEdits expected(std::size_t count) const
    {
        return count == 0 ? FlatEdits({}, RecoveryLogRig::kSize) : states[count - 1];
    }
};

WrittenLog::WrittenLog(std::uint64_t seed, int changes)
{
    Random random(seed);
    std::vector<StagedEdits> history{{}};
    for (int i = 0; i < changes; ++i) {
        // Staged, discarded, or undone to any earlier state.
        StagedEdits now = random.oneIn(6) ? history[random.below(history.size())] : rig.changed(history.back(), random);
        while (now.empty()) // nothing staged is no file, and the next would be another one
            now = rig.changed(now, random);
        history.push_back(now);
        rig.keep(now);
        if (rig.log->path().empty())
            continue;
        path = rig.log->path();
        states.emplace_back(now, RecoveryLogRig::kSize);
        lengths.push_back(std::filesystem::file_size(path));
    }
    header = recovery_log::encodeHeader(rig.header).size();
    if (!rig.troubles.empty() || lengths.empty() || !std::ranges::is_sorted(lengths))
        qFatal("the log was not written in one go");
}

void put(std::vector<std::byte> &bytes, std::uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; ++i)
        bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

/// A number that has a meaning somewhere, or is on the edge of one.
std::uint64_t edgy(Random &random)
{
    switch (random.below(6)) {
    case 0:
        return random.below(4);
    case 1:
        return random.below(RecoveryLogRig::kSize);
    case 2:
        return kMaxSourceSize - random.below(3);
    case 3:
        return ~std::uint64_t{0} - random.below(3);
    case 4:
        return std::uint64_t{1} << random.below(64);
    default:
        return random.next();
    }
}

} // namespace

/// What a log gives back against all the states that were noted.
class TstRecoveryLogRace : public QObject {
    Q_OBJECT

private slots:
    void givesBackEveryState();
    void givesBackTheLastWholeStateAtEveryLength();
    void tellsDamageFromATornEnd();
    void ignoresWhatAnOlderLogLeftBehind();
    void survivesEveryPayload();
    void refusesWhatIsNoLog_data();
    void refusesWhatIsNoLog();
    void stopsWhenTold();
};

void TstRecoveryLogRace::givesBackEveryState()
{
    for (std::uint64_t seed = 10; seed < 16; ++seed) {
        RecoveryLogRig rig;
        Random random(seed);
        StagedEdits edits;
        for (int i = 0; i < 60; ++i) {
            edits = rig.changed(edits, random);
            rig.keep(edits);
            if (rig.log->path().empty())
                continue;
            const auto read = rig.read();
            QVERIFY(read && !read->damage && read->lost.empty());
            QVERIFY(read->edits.invariantsHold());
            QVERIFY(FlatEdits(read->edits, RecoveryLogRig::kSize) == FlatEdits(edits, RecoveryLogRig::kSize));
        }
    }
}

void TstRecoveryLogRace::givesBackTheLastWholeStateAtEveryLength()
{
    const WrittenLog log(1, 12);
    const auto whole = log.rig.readAt(log.path);
    QVERIFY(whole && whole->states == log.states.size());
    std::size_t last = ~std::size_t{0};
    for (std::uint64_t length = std::filesystem::file_size(log.path); length-- > 0;) {
        QCOMPARE(::truncate(log.path.c_str(), static_cast<off_t>(length)), 0);
        const auto read = log.rig.readAt(log.path);
        if (length < log.header) {
            QVERIFY(!read);
            QCOMPARE(read.error().code, ErrorCode::Damaged);
            QCOMPARE(read.error().path, log.path);
            continue;
        }
        QVERIFY(read && !read->damage);
        const std::size_t count = log.statesIn(length);
        QCOMPARE(read->states, std::uint64_t{count});
        if (count != last)
            QVERIFY(FlatEdits(read->edits, RecoveryLogRig::kSize) == log.expected(count));
        last = count;
    }
}

void TstRecoveryLogRace::tellsDamageFromATornEnd()
{
    const WrittenLog log(2, 14);
    const auto bytes = readFile(log.path);
    Random random(3);
    for (int round = 0; round < 1500; ++round) {
        auto torn = bytes;
        const std::size_t at = random.below(bytes.size());
        const std::size_t length = random.oneIn(2) ? 1 : 1 + random.skewedBelow(bytes.size() - at);
        for (std::size_t i = at; i < at + length; ++i)
            torn[i] = length == 1 ? torn[i] ^ std::byte{1} : std::byte{0};
        if (torn == bytes)
            continue;
        std::size_t first = at;
        while (torn[first] == bytes[first])
            ++first;
        const auto read = log.rig.readAt(log.rig.dir.write("torn", torn));
        if (first < log.header) {
            QVERIFY(!read);
            continue;
        }
        const std::size_t count = log.statesIn(first);
        QVERIFY(read);
        QCOMPARE(read->states, std::uint64_t{count});
        QVERIFY(FlatEdits(read->edits, RecoveryLogRig::kSize) == log.expected(count));
        // Told when a whole record of a later state is left, as the last State record is, which takes 48 bytes.
        const bool laterLeft = count + 1 < log.lengths.size() && at + length <= log.lengths.back() - 48;
        QCOMPARE(read->damage.has_value(), laterLeft);
        if (read->damage)
            QCOMPARE(read->damage->code, ErrorCode::Damaged);
    }
}

void TstRecoveryLogRace::ignoresWhatAnOlderLogLeftBehind()
{
    const WrittenLog older(4, 10);
    const WrittenLog newer(5, 6);
    const auto left = readFile(older.path);
    auto bytes = readFile(newer.path);
    bytes.insert(bytes.end(), left.begin() + static_cast<std::ptrdiff_t>(older.header), left.end());
    const auto read = newer.rig.readAt(newer.rig.dir.write("both", bytes));
    QVERIFY(read && !read->damage);
    QVERIFY(FlatEdits(read->edits, RecoveryLogRig::kSize) == newer.states.back());
}

/// Records that are whole and say anything: no crash, nothing that breaks the edits' invariants.
void TstRecoveryLogRace::survivesEveryPayload()
{
    using namespace recovery_log;
    const RecoveryLogRig rig;
    Random random(6);
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::byte> log = encodeHeader(rig.header);
        RecordPlace place;
        StagedEdits nothing;
        for (std::uint64_t i = random.between(1, 12); i > 0; --i) {
            std::vector<std::byte> record(kRecordHead);
            const auto kind = static_cast<RecordKind>(random.between(1, 12));
            for (std::uint64_t words = random.below(8); words > 0; --words)
                put(record, edgy(random), 8);
            const auto rest = random.bytes(static_cast<std::size_t>(random.skewedBelow(64)));
            record.insert(record.end(), rest.begin(), rest.end());
            closeRecord(record, kind, place, rig.header.salt);
            log.insert(log.end(), record.begin(), record.end());
            ++place.number;
            place.state += kind == RecordKind::State ? 1 : 0;
        }
        const auto read = rig.readAt(rig.dir.write("hostile", log));
        QVERIFY(read);
        QVERIFY(read->edits.invariantsHold());
    }
}

void TstRecoveryLogRace::refusesWhatIsNoLog_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<ErrorCode>("code");
    const auto whole = recovery_log::encodeHeader({});
    QByteArray header(reinterpret_cast<const char *>(whole.data()), static_cast<qsizetype>(whole.size()));
    QTest::newRow("empty") << QByteArray() << ErrorCode::Damaged;
    QTest::newRow("magic alone") << header.first(8) << ErrorCode::Damaged;
    QTest::newRow("another format") << QByteArray(200, 'x') << ErrorCode::Damaged;
    QByteArray newer = header;
    newer[8] = 2;
    QTest::newRow("newer version") << newer << ErrorCode::NewerVersion;
    QByteArray zero = header;
    zero[8] = 0;
    QTest::newRow("version 0") << zero << ErrorCode::Damaged;
    QByteArray huge = header;
    huge.replace(88, 8, QByteArray(8, '\xff'));
    QTest::newRow("names without end") << huge << ErrorCode::Damaged;
    QByteArray length = header;
    length[12] = static_cast<char>(length[12] + 8);
    QTest::newRow("another length") << length << ErrorCode::Damaged;
    QByteArray salt = header;
    salt[16] = 1;
    QTest::newRow("another salt") << salt << ErrorCode::Damaged;
}

void TstRecoveryLogRace::refusesWhatIsNoLog()
{
    QFETCH(QByteArray, bytes);
    QFETCH(ErrorCode, code);
    const RecoveryLogRig rig;
    const std::string path
        = rig.dir.write("no log", std::as_bytes(std::span(bytes.constData(), static_cast<std::size_t>(bytes.size()))));
    const auto read = rig.readAt(path);
    QVERIFY(!read);
    QCOMPARE(read.error().code, code);
    QCOMPARE(read.error().operation, Operation::Journal);
    QCOMPARE(read.error().path, path);
    QCOMPARE(rig.readAt(rig.dir.file("none")).error().code, ErrorCode::NotFound);
}

void TstRecoveryLogRace::stopsWhenTold()
{
    const WrittenLog log(7, 5);
    std::stop_source stop;
    stop.request_stop();
    const auto read = readRecoveryLog(*systemEnv(), log.path, {}, stop.get_token());
    QVERIFY(!read);
    QCOMPARE(read.error().code, ErrorCode::Cancelled);
}

QTEST_GUILESS_MAIN(TstRecoveryLogRace)
#include "tst_recovery_log_race.moc"
