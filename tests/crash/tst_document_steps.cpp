// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/choices.h"
#include "tests/crash/restarted_document.h"
#include "tests/crash/step_scene.h"
#include "tests/support/edits.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

using namespace cachecore;

namespace cachet_test {

namespace {

using Kind = DiskOperation::Kind;

constexpr const char *kImport = "/data/import.bin";
constexpr const char *kState = "/home/state/cachet";

/// A machine on which documents keep their recovery logs, with a file to import.
CrashScene machine()
{
    CrashScene scene({.size = 2 * 4096, .targetSector = 4096});
    scene.places.stateDirectory = kState;
    scene.disk.addDirectory(kState);
    scene.disk.addFile(kImport, patternBytes(500, 5), 512);
    return scene;
}

/// A document opened on the disk, and everything one does with it from here.
struct Session {
    Session(const CrashScene &scene, const SimulatedDisk &disk, const Choose &choose = firstOf)
        : opened(std::make_shared<SimulatedEnv>(disk, 3, choose), scene.places, std::make_shared<WatchedExecutor>())
    {
    }

    [[nodiscard]] Document &document() const { return *opened.document; }
    /// The disk once the log had the time it needs.
    [[nodiscard]] SimulatedDisk rested() const
    {
        opened.log->waitIdle();
        return opened.env->disk();
    }
    [[nodiscard]] bool stage(std::uint64_t at, const std::vector<std::byte> &bytes) const
    {
        return document().stage(ByteOffset(at), bytes).has_value();
    }
    [[nodiscard]] bool commit() const
    {
        std::optional<WriteOutcome> outcome;
        const auto started = document().startCommit([&](WriteOutcome end) { outcome = std::move(end); });
        opened.writes->runAll();
        return started && outcome && outcome->succeeded();
    }
    /// Restores the only log there is.
    [[nodiscard]] std::optional<RestoreReport> restore() const
    {
        const auto left = document().leftEdits();
        if (left.size() != 1)
            return std::nullopt;
        std::optional<Result<RestoreReport>> ended;
        const auto started = document().startRestore(left.front().path, Document::ChangedBases::Leave,
                                                     [&](Result<RestoreReport> report) { ended = std::move(report); });
        opened.writes->runAll();
        return started && ended && *ended ? std::optional(std::move(**ended)) : std::nullopt;
    }
    [[nodiscard]] std::vector<std::byte> image() const
    {
        return opened.env->disk().bytes(CrashScene::kTarget, firstOf).value_or(std::vector<std::byte>{});
    }
    /// What it shows.
    [[nodiscard]] std::vector<std::byte> shown() const
    {
        std::vector<std::byte> bytes = image();
        document().staged().overlay(ByteOffset(0), bytes);
        return bytes;
    }

    RestartedDocument opened;
};

/// The only recovery log on the disk.
std::string logOn(SimulatedDisk disk)
{
    SimulatedDisk::Names names;
    return disk.list(kState, names, firstOf) == 0 && names.size() == 1
        ? std::string(kState) + '/' + names.begin()->first
        : std::string();
}

/// Changes a file of the disk, durably.
void rewrite(SimulatedDisk &disk, const std::string &path, const std::function<void(std::vector<std::byte> &)> &change)
{
    SimulatedDisk::Node node = 0;
    QCOMPARE(disk.find(path, node, firstOf), 0);
    std::vector<std::byte> bytes = disk.file(node).bytes(firstOf);
    change(bytes);
    disk.file(node).write(0, bytes, firstOf);
    disk.file(node).sync();
}

} // namespace

/// What a document does so that nothing is written twice, or over what it was not meant for: with journals and logs that others have left.
class DocumentStepsTest : public QObject {
    Q_OBJECT

private slots:
    void writesNothingBesideAJournalOfAnotherName();
    void listsApartWhatWasStagedUnseenOnAnotherDisk();
    void tellsThatAnImportHasChanged();
    void restoresNothingThatRotted();
    void restoresNoRecordThatIsNotDue();
    void losesAndDoublesNothingBetweenTheJournalsEndAndTheLogs();
};

// The image was renamed since the write that was interrupted; rolling that back would take the newer one back as well.
void DocumentStepsTest::writesNothingBesideAJournalOfAnotherName()
{
    StepScene scene;
    scene.interrupt();
    QVERIFY(scene.env->rename(scene.journal(), "/data/.former.img.cachet-journal").has_value());
    const std::vector<std::byte> image = scene.image();
    const Session session(scene.scene, scene.env->disk());
    const auto unsettled = session.document().unsettled();
    QVERIFY(unsettled.size() == 1 && unsettled.front().identified && !unsettled.front().named);
    QVERIFY(session.stage(102, bytesOf({7})));
    const auto started = session.document().startCommit([](WriteOutcome) { });
    session.opened.writes->runAll();
    QVERIFY(!started.has_value());
    QCOMPARE(started.error().code, ErrorCode::NeedsRecovery);
    QCOMPARE(session.image(), image);
}

// Nobody has looked at what lies under these edits, so that only the disk itself can say whether they belong there.
void DocumentStepsTest::listsApartWhatWasStagedUnseenOnAnotherDisk()
{
    const CrashScene scene = machine();
    SimulatedDisk disk = scene.disk;
    {
        const Session before(scene, disk);
        QVERIFY(before.stage(100, bytesOf({1, 2, 3})));
        disk = before.rested();
    }
    disk.addFile("/data/other.img", *scene.original, 4096);
    QCOMPARE(disk.rename("/data/other.img", CrashScene::kTarget, firstOf), 0);
    const Session again(scene, disk);
    const auto report = again.restore();
    QVERIFY(report.has_value());
    QCOMPARE(report->changed, std::vector{rangeAt(100, 3)});
    QVERIFY(report->logKept);
    QVERIFY(again.document().staged().empty());
}

void DocumentStepsTest::tellsThatAnImportHasChanged()
{
    const CrashScene scene = machine();
    SimulatedDisk disk = scene.disk;
    {
        const Session before(scene, disk);
        const auto import = before.document().openImport(kImport);
        QVERIFY(import.has_value());
        QVERIFY(before.document().stageImport(ByteOffset(100), *import, 10, 20).has_value());
        disk = before.rested();
    }
    {
        const Session unchanged(scene, disk);
        const auto report = unchanged.restore();
        QVERIFY(report && report->lost.empty() && !unchanged.document().staged().empty());
    }
    rewrite(disk, kImport, [](std::vector<std::byte> &bytes) { bytes[15] ^= std::byte{1}; });
    const Session again(scene, disk);
    const auto report = again.restore();
    QVERIFY(report.has_value());
    QCOMPARE(report->lost.size(), std::size_t{1});
    QVERIFY(report->logKept);
    QVERIFY(again.document().staged().empty());
}

void DocumentStepsTest::restoresNothingThatRotted()
{
    const CrashScene scene = machine();
    const std::vector<std::byte> typed = patternBytes(64, 9);
    SimulatedDisk disk = scene.disk;
    {
        const Session before(scene, disk);
        QVERIFY(before.stage(100, typed));
        disk = before.rested();
        QVERIFY(before.stage(5000, bytesOf({1})));
        disk = before.rested();
    }
    rewrite(disk, logOn(disk), [&](std::vector<std::byte> &bytes) {
        const auto found = std::ranges::search(bytes, typed);
        QVERIFY(!found.empty());
        *found.begin() ^= std::byte{1};
    });
    const Session again(scene, disk);
    const auto report = again.restore();
    QVERIFY(report.has_value());
    QVERIFY(report->damage && report->logKept); // something was there after it
    QVERIFY(again.document().staged().empty());
}

// What stands behind the end may be whole, and of this log, and is older than what was kept last.
void DocumentStepsTest::restoresNoRecordThatIsNotDue()
{
    const CrashScene scene = machine();
    SimulatedDisk disk = scene.disk;
    std::size_t firstEnd = 0;
    {
        const Session before(scene, disk);
        QVERIFY(before.stage(100, bytesOf({1, 2, 3})));
        disk = before.rested();
        firstEnd = disk.bytes(logOn(disk), firstOf).value_or(std::vector<std::byte>{}).size();
        QVERIFY(before.stage(100, bytesOf({4, 5, 6})));
        disk = before.rested();
    }
    rewrite(disk, logOn(disk), [&](std::vector<std::byte> &bytes) {
        const std::size_t header
            = std::to_integer<std::size_t>(bytes[12]) | std::to_integer<std::size_t>(bytes[13]) << 8U;
        QVERIFY(header < firstEnd && firstEnd < bytes.size());
        const std::vector<std::byte> older(bytes.begin() + static_cast<std::ptrdiff_t>(header),
                                           bytes.begin() + static_cast<std::ptrdiff_t>(firstEnd));
        bytes.insert(bytes.end(), older.begin(), older.end());
    });
    const Session again(scene, disk);
    const auto report = again.restore();
    QVERIFY(report && !report->damage);
    std::vector<std::byte> wanted = *scene.original;
    std::ranges::copy(bytesOf({4, 5, 6}), wanted.begin() + 100);
    QCOMPARE(again.shown(), wanted);
}

// The journal is gone before the log hears of it. The power is cut in every moment between: what the log holds still is staged again over the same bytes, and
// writing it changes nothing.
void DocumentStepsTest::losesAndDoublesNothingBetweenTheJournalsEndAndTheLogs()
{
    const CrashScene scene = machine();
    std::vector<SimulatedDisk> moments;
    std::vector<std::byte> wanted = *scene.original;
    {
        const Session session(scene, scene.disk);
        QVERIFY(session.stage(100, bytesOf({1, 2, 3})));
        QVERIFY(session.document().stageFill(rangeAt(4000, 300), bytesOf({0xde, 0xad})).has_value());
        (void)session.rested();
        bool removed = false;
        session.opened.env->setBeforeEach([&](const SimulatedDisk &disk, const DiskOperation &next) {
            removed = removed || (next.kind == Kind::Remove && next.path.ends_with(kJournalSuffix));
            if (removed && next.kind != Kind::LetGo)
                moments.push_back(disk);
        });
        QVERIFY(session.commit());
        moments.push_back(session.rested());
        session.opened.env->setBeforeEach({});
        wanted = session.image();
        QVERIFY(wanted != *scene.original);
    }
    QVERIFY(moments.size() >= 4); // the journal's removal, its sync, the log's removal, its sync
    unsigned restored = 0;
    for (SimulatedDisk &disk : moments) {
        disk.cutPower();
        Choices choices;
        do {
            const Choose choose = choices.choose();
            Session again(scene, disk, choose);
            bool journal = false;
            bool becomesNew = false;
            QCOMPARE(again.opened.settle(RecoveryChoice::RollBack, journal, becomesNew), std::string());
            if (!again.document().leftEdits().empty()) {
                const auto report = again.restore();
                QVERIFY(report && report->changed.empty() && report->lost.empty() && !report->damage);
                ++restored;
            }
            QCOMPARE(again.image(), wanted);
            QCOMPARE(again.shown(), wanted);
            QVERIFY(again.document().staged().empty() || again.commit());
            QCOMPARE(again.image(), wanted);
            QVERIFY(again.document().staged().empty() && again.document().leftEdits().empty());
            QVERIFY(logOn(again.rested()).empty());
        } while (choices.next());
    }
    QVERIFY(restored > 0); // else nothing was cut between the two
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::DocumentStepsTest)
#include "tst_document_steps.moc"
