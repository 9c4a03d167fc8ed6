// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/recorded_session.h"
#include "tests/support/edits.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <cerrno>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <optional>

using namespace cachecore;
using namespace std::chrono_literals;

namespace cachet_test {

namespace {

#ifdef CACHET_SANITIZED
constexpr bool kSlow = true;
#else
constexpr bool kSlow = false;
#endif

constexpr std::chrono::milliseconds kNeverByItself = 1h;
constexpr std::uint64_t kSize = 2 * 4096;

CrashScene machine(bool stateDirectoryIsThere = true)
{
    CrashScene scene({.size = kSize, .targetSector = 4096});
    scene.places.stateDirectory = "/home/state/cachet";
    if (stateDirectoryIsThere)
        scene.disk.addDirectory(scene.places.stateDirectory);
    return scene;
}

/// The first of what went wrong.
std::string firstOf(std::initializer_list<std::string> all)
{
    for (const std::string &wrong : all) {
        if (!wrong.empty())
            return wrong;
    }
    return {};
}

/// What a user does in one session, from the first look to the end.
struct Script {
    const char *name;
    std::function<std::string(RecordedSession &)> play;
    std::chrono::milliseconds behind{0};
    unsigned deep = 0;
    bool stateDirectoryIsThere = true;
};

std::string rested(RecordedSession &session, const std::string &wrong)
{
    session.rest();
    return wrong;
}

const std::vector<Script> &scripts()
{
    using Session = RecordedSession;
    static const std::vector<Script> all{
        {"typed, in a state directory that does not exist yet",
         [](Session &s) { return rested(s, s.stage(100, bytesOf({1, 2, 3}))); }, 0ms, 1, false},
        {"typed again and again",
         [](Session &s) {
             return firstOf({s.see(), rested(s, s.stage(100, bytesOf({1, 2, 3}))),
                             rested(s, s.stage(101, bytesOf({4, 5, 6}))), rested(s, s.stage(5000, bytesOf({7}))),
                             rested(s, s.undo())});
         },
         0ms, 1},
        {"filled over several sectors",
         [](Session &s) {
             return firstOf(
                 {rested(s, s.stage(100, patternBytes(700, 4))), rested(s, s.fill(600, 4000, bytesOf({0xde, 0xad})))});
         }},
        {"typed and discarded, then typed",
         [](Session &s) {
             return firstOf({rested(s, s.stage(100, bytesOf({1, 2, 3}))), rested(s, s.discard(0, kSize)),
                             rested(s, s.stage(200, bytesOf({4})))});
         },
         0ms, 1},
        {"committed",
         [](Session &s) {
             return firstOf({s.see(), rested(s, s.stage(100, bytesOf({1, 2, 3}))),
                             rested(s, s.stage(5000, bytesOf({4}))), rested(s, s.writeAll())});
         },
         0ms, 1},
        {"committed before the log was due",
         [](Session &s) { return firstOf({s.stage(100, bytesOf({1, 2, 3})), s.writeAll()}); }, kNeverByItself},
        {"committed twice before the log was due, typed over what was never seen",
         [](Session &s) {
             return firstOf({s.stage(100, bytesOf({1, 2, 3})), s.writeAll(), s.stage(100, bytesOf({4, 5, 6})),
                             s.stage(5000, bytesOf({9})), s.write(rangeAt(100, 3))});
         },
         kNeverByItself},
        {"committed, undone and committed before the log was due",
         [](Session &s) {
             return firstOf({s.see(), s.stage(100, bytesOf({1, 2, 3})), s.writeAll(), s.undo(), s.writeAll()});
         },
         kNeverByItself},
        {"persisted in part, next to what stays",
         [](Session &s) {
             return firstOf({s.see(), rested(s, s.fill(4000, 200, bytesOf({0xaa}))),
                             rested(s, s.write(rangeAt(4050, 20))), rested(s, s.stage(4040, bytesOf({1}))),
                             rested(s, s.undo()), rested(s, s.writeAll())});
         }},
        {"typed while nothing is seen, persisted next to it",
         [](Session &s) {
             return firstOf({rested(s, s.stage(100, bytesOf({1, 2, 3}))), rested(s, s.stage(4090, bytesOf({4, 5}))),
                             rested(s, s.write(rangeAt(0, 200))), rested(s, s.stage(101, bytesOf({6})))});
         }},
        {"typed, undone across a commit",
         [](Session &s) {
             return firstOf({rested(s, s.stage(100, bytesOf({1, 2, 3}))), rested(s, s.writeAll()), rested(s, s.undo()),
                             rested(s, s.writeAll())});
         }},
    };
    return all;
}

} // namespace

/// Whole sessions of a document that keeps a recovery log, whose power is cut everywhere.
class DocumentPowerCutTest : public QObject {
    Q_OBJECT

private slots:
    void losesNothingInASession_data();
    void losesNothingInASession();
    void losesNothingTypedWhileItIsWritten();
    void losesNothingOfARestoredSession();
    void losesNothingWhenTheLogMustBeWrittenAnew();
    void losesNothingInBatches();
    void trustsNoStateDirectoryThatMayVanish();
    void listsApartWhatAnotherProgramHasChanged();
    void survivesSampledCutsOfALongSession();

private:
    void play(const CrashScene &scene, SessionExplorer &explorer, const Script &script);
    void explore(SessionExplorer &explorer);
};

void DocumentPowerCutTest::play(const CrashScene &scene, SessionExplorer &explorer, const Script &script)
{
    RecordedSession session(scene, explorer, script.behind);
    QVERIFY(session.document() != nullptr);
    QCOMPARE(QString::fromStdString(script.play(session)), QString());
    QCOMPARE(session.shown(), session.model().shown());
    session.cutHere();
}

void DocumentPowerCutTest::explore(SessionExplorer &explorer)
{
    QCOMPARE(QString::fromStdString(explorer.run()), QString());
    QVERIFY(explorer.counts().logs > 0);
    qInfo("%s", explorer.counts().text().c_str());
}

void DocumentPowerCutTest::losesNothingInASession_data()
{
    QTest::addColumn<qsizetype>("index");
    for (qsizetype i = 0; i < qsizetype(scripts().size()); ++i)
        QTest::newRow(scripts()[std::size_t(i)].name) << i;
}

void DocumentPowerCutTest::losesNothingInASession()
{
    QFETCH(qsizetype, index);
    const Script &script = scripts()[std::size_t(index)];
    const CrashScene scene = machine(script.stateDirectoryIsThere);
    SessionExplorer explorer(scene, {.deep = kSlow ? 0 : script.deep});
    play(scene, explorer, script);
    explore(explorer);
    QVERIFY(explorer.counts().exhausted());
}

// Something is typed before each operation of the write in turn: over what is being written, next to it, and elsewhere.
void DocumentPowerCutTest::losesNothingTypedWhileItIsWritten()
{
    const CrashScene scene = machine();
    std::size_t operations = 1;
    for (std::size_t at = 0; at < operations; at += kSlow ? 4 : 1) {
        SessionExplorer explorer(scene, {.deep = 0});
        play(scene, explorer,
             {"", [&](RecordedSession &s) {
                  const auto type = [&s] {
                      return firstOf({s.stage(101, bytesOf({7, 8, 9})), rested(s, s.stage(5000, bytesOf({6})))});
                  };
                  const std::string wrong = firstOf({s.see(), rested(s, s.stage(100, bytesOf({1, 2, 3}))),
                                                     s.write(ByteRange::whole(kSize), type, at)});
                  operations = s.operations();
                  s.rest();
                  return wrong;
              }});
        explore(explorer);
        if (QTest::currentTestFailed())
            return;
    }
    QVERIFY(operations > 10);
}

// The session begins with what one before it has left, stages it again and writes it.
void DocumentPowerCutTest::losesNothingOfARestoredSession()
{
    CrashScene scene = machine();
    {
        SessionExplorer nobody(scene, {});
        RecordedSession before(scene, nobody);
        QCOMPARE(QString::fromStdString(before.see()), QString());
        QCOMPARE(QString::fromStdString(before.stage(100, bytesOf({1, 2, 3}))), QString());
        before.rest();
        scene.disk = before.env().disk();
    }
    for (const std::chrono::milliseconds behind : {0ms, kNeverByItself}) {
        SessionExplorer explorer(scene, {.deep = kSlow ? 0U : 1U});
        play(scene, explorer,
             {"",
              [](RecordedSession &s) {
                  return firstOf({s.restore(100, bytesOf({1, 2, 3})), s.stage(5000, bytesOf({4})), s.writeAll()});
              },
              behind});
        explore(explorer);
        QVERIFY(explorer.counts().exhausted());
    }
}

// A sync of the log fails once; what it was for may be on the medium or not, and a new log takes its place.
void DocumentPowerCutTest::losesNothingWhenTheLogMustBeWrittenAnew()
{
    const CrashScene scene = machine();
    SessionExplorer explorer(scene, {.deep = 0});
    play(scene, explorer,
         {"", [](RecordedSession &s) {
              const std::string first = rested(s, s.stage(100, bytesOf({1, 2, 3})));
              s.env().fail(
                  [](const DiskOperation &operation) {
                      return operation.kind == DiskOperation::Kind::Sync && operation.path.contains("cachet-edits");
                  },
                  0, EIO);
              const std::string second = rested(s, s.stage(5000, bytesOf({4, 5})));
              return firstOf({first, second, s.document()->logTrouble() ? "there is trouble still" : "",
                              rested(s, s.stage(5001, bytesOf({6})))});
          }});
    explore(explorer);
    QVERIFY(explorer.counts().exhausted());
}

void DocumentPowerCutTest::losesNothingInBatches()
{
    CrashScene scene({.size = 6 * 4096, .targetSector = 4096, .journalLimit = 12'000});
    scene.places.stateDirectory = "/home/state/cachet";
    scene.disk.addDirectory(scene.places.stateDirectory);
    SessionExplorer explorer(scene, {.deep = 0});
    play(scene, explorer,
         {"", [](RecordedSession &s) {
              return firstOf({s.stage(100, bytesOf({1, 2, 3})), s.stage(10'000, bytesOf({4})),
                              s.stage(20'000, bytesOf({5})),
                              s.writeAll({rangeAt(0, 4096), rangeAt(8192, 4096), rangeAt(16384, 4096)})});
          }});
    explore(explorer);
}

// The state directory is there, but not its name on the medium: somebody has made it just now.
void DocumentPowerCutTest::trustsNoStateDirectoryThatMayVanish()
{
    CrashScene scene = machine(false);
    {
        SimulatedEnv env(scene.disk, 1, [](std::size_t) { return std::size_t{0}; });
        QVERIFY(env.createDirectories(scene.places.stateDirectory).has_value());
        scene.disk = env.disk();
    }
    SessionExplorer explorer(scene, {.deep = 0});
    play(scene, explorer, {"", [](RecordedSession &s) { return rested(s, s.stage(100, bytesOf({1, 2, 3}))); }});
    explore(explorer);
    QVERIFY(explorer.counts().exhausted());
}

void DocumentPowerCutTest::listsApartWhatAnotherProgramHasChanged()
{
    const CrashScene scene = machine();
    SimulatedDisk disk = scene.disk;
    std::shared_ptr<const StagedBytes> staged;
    {
        SessionExplorer nobody(scene, {});
        RecordedSession before(scene, nobody);
        QCOMPARE(QString::fromStdString(firstOf(
                     {before.see(), before.stage(100, bytesOf({1, 2, 3})), before.stage(5000, bytesOf({4, 5}))})),
                 QString());
        before.rest();
        disk = before.env().disk();
        staged = before.model().states().back();
    }
    const auto first = [](std::size_t) { return std::size_t{0}; };
    SimulatedDisk::Node node = 0;
    QCOMPARE(disk.find(CrashScene::kTarget, node, first), 0);
    disk.file(node).write(101, bytesOf({0x77}), first);
    disk.file(node).sync();
    const auto now = std::make_shared<const std::vector<std::byte>>(*disk.bytes(CrashScene::kTarget, first));
    SessionExplorer explorer(scene, {.deep = kSlow ? 0U : 1U});
    explorer.cut(disk, {true, false, {{now, staged}}, {}}, "after another program had written");
    explore(explorer);
    QVERIFY(explorer.counts().exhausted());
    QCOMPARE(explorer.counts().listed, explorer.counts().logs);
}

void DocumentPowerCutTest::survivesSampledCutsOfALongSession()
{
    Random random(2);
    CrashScene scene({.size = 100 * 4096 + 123, .targetSector = 4096});
    scene.places.stateDirectory = "/home/state/cachet";
    SessionExplorer explorer(scene, {.deep = 0, .imagesOfOne = 6, .oneIn = kSlow ? 40U : 10U});
    play(scene, explorer, {"", [&](RecordedSession &s) {
                               for (int i = 0; i < 150; ++i) {
                                   const std::size_t length = 1 + random.skewedBelow(9000);
                                   const std::uint64_t at = random.below(scene.machine.size - length);
                                   std::string wrong;
                                   if (random.oneIn(8))
                                       wrong = s.write(rangeAt(at, length));
                                   else if (random.oneIn(12))
                                       wrong = s.see();
                                   else if (random.oneIn(3))
                                       wrong = s.fill(at, length, random.bytes(1 + random.below(20)));
                                   else
                                       wrong = s.stage(at, random.bytes(length));
                                   if (!random.oneIn(3))
                                       s.rest();
                                   if (!wrong.empty())
                                       return wrong;
                               }
                               return s.writeAll();
                           }});
    explore(explorer);
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::DocumentPowerCutTest)
#include "tst_document_power_cut.moc"
