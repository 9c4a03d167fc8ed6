// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/file_source.h"
#include "tests/crash/choices.h"
#include "tests/crash/simulated_env.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <cerrno>
#include <set>

using namespace cachecore;

namespace cachet_test {

namespace {

std::size_t first(std::size_t)
{
    return 0;
}

std::vector<std::byte> bytesOf(std::string_view text)
{
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

std::string textOf(const std::optional<std::vector<std::byte>> &bytes)
{
    return bytes ? std::string(reinterpret_cast<const char *>(bytes->data()), bytes->size()) : "(no file)";
}

ByteOffset offset(std::uint64_t value)
{
    return ByteOffset(value);
}

void write(EnvFile &file, std::uint64_t at, std::string_view text)
{
    const std::span<const std::byte> buffers[] = {std::as_bytes(std::span(text))};
    QVERIFY(file.pwritev(offset(at), buffers) == text.size());
}

/// A machine with one file of sectors of 4 bytes.
struct Scene {
    explicit Scene(std::string_view text = "aaaabbbb")
    {
        disk.addDirectory("/data");
        disk.addFile("/data/file", bytesOf(text), 4);
        disk.setNewFiles(4, TearRule::Middle);
        env.emplace(disk, 1, first);
    }
    std::unique_ptr<EnvFile> open(const std::string &path, OpenMode mode = OpenMode::ReadWrite)
    {
        auto file = env->open(path, mode);
        return file ? std::move(*file) : nullptr;
    }
    /// What may be in `path` after a power cut now.
    std::set<std::string> outcomes(const std::string &path = "/data/file") const
    {
        SimulatedDisk cut = env->disk();
        cut.cutPower();
        std::set<std::string> found;
        Choices choices;
        do {
            SimulatedDisk one = cut;
            found.insert(textOf(one.bytes(path, choices.choose())));
        } while (choices.next());
        return found;
    }

    SimulatedDisk disk;
    std::optional<SimulatedEnv> env;
};

using Texts = std::set<std::string>;

} // namespace

class SimulatedDiskTest : public QObject {
    Q_OBJECT

private slots:
    void takesEverySequenceOfChoicesOnce();
    void readsWhatWasWritten();
    void keepsDropsOrTearsEachUnsyncedSector();
    void mayKeepAnyVersionOfASector();
    void keepsWhatWasSynced();
    void tearsAFixedSectorAlwaysInOnePlace();
    void tearsASectorInThreePlaces();
    void losesUnsyncedSizes();
    void losesUnsyncedNamesInAnySubset();
    void renamesAtomically();
    void needsTheDirectorySyncedForANewName();
    void needsEveryDirectoryAboveSynced();
    void decidesOnlyWhatIsLookedAt();
    void showsStaleBytesOnlyAfterAPowerCut();
    void damagesSilentlyAndShowsItPastTheCache();
    void losesForGoodWhatAFailedSyncWasFor();
    void deliversLateWhatAFailedSyncWasFor();
    void changesTheMediumUnderWhatIsInMemory();
    void tellsStatesApartAndNothingElse();
    void failsWhatIsPlanned();
    void recordsOperationsInOrder();
    void carriesAFileSource();
    void isTheSameInEveryRun();
};

void SimulatedDiskTest::takesEverySequenceOfChoicesOnce()
{
    std::multiset<std::string> runs;
    Choices choices;
    do {
        const Choose choose = choices.choose();
        std::string run = std::to_string(choose(2));
        if (run == "1")
            run += std::to_string(choose(3)) + std::to_string(choose(1));
        runs.insert(run);
    } while (choices.next());
    QCOMPARE(runs, (std::multiset<std::string>{"0", "100", "110", "120"}));
}

void SimulatedDiskTest::readsWhatWasWritten()
{
    Scene scene;
    const auto file = scene.open("/data/file");
    write(*file, 2, "XYZ");
    write(*file, 9, "!");
    SimulatedDisk disk = scene.env->disk();
    QCOMPARE(textOf(disk.bytes("/data/file", first)), std::string("aaXYZbbb\0!", 10));
    QVERIFY(file->truncate(3).has_value());
    QVERIFY(file->truncate(6).has_value());
    disk = scene.env->disk();
    QCOMPARE(textOf(disk.bytes("/data/file", first)), std::string("aaX\0\0\0", 6));
}

void SimulatedDiskTest::keepsDropsOrTearsEachUnsyncedSector()
{
    Scene scene;
    write(*scene.open("/data/file"), 2, "XYZW");
    QCOMPARE(scene.outcomes(),
             (Texts{"aaaabbbb", "aaXabbbb", "aaXYbbbb", "aaaaZbbb", "aaXaZbbb", "aaXYZbbb", "aaaaZWbb", "aaXaZWbb",
                    "aaXYZWbb"}));
}

void SimulatedDiskTest::mayKeepAnyVersionOfASector()
{
    Scene scene;
    const auto file = scene.open("/data/file");
    write(*file, 0, "X");
    write(*file, 0, "Y");
    QCOMPARE(scene.outcomes(), (Texts{"aaaabbbb", "Xaaabbbb", "Yaaabbbb"}));
}

void SimulatedDiskTest::keepsWhatWasSynced()
{
    Scene scene;
    const auto file = scene.open("/data/file");
    write(*file, 0, "X");
    QVERIFY(file->dataSync().has_value());
    write(*file, 4, "Y");
    QCOMPARE(scene.outcomes(), (Texts{"Xaaabbbb", "XaaaYbbb"}));
    QVERIFY(file->sync().has_value());
    QCOMPARE(scene.outcomes(), (Texts{"XaaaYbbb"}));
}

void SimulatedDiskTest::tearsAFixedSectorAlwaysInOnePlace()
{
    Scene scene("aaaa");
    write(*scene.open("/data/file"), 0, "XXXX");
    QCOMPARE(scene.outcomes(), (Texts{"aaaa", "XXaa", "XXXX"}));
    SimulatedDisk torn = scene.env->disk();
    torn.cutPower();
    std::size_t asked = 0;
    QCOMPARE(textOf(torn.bytes("/data/file", [&](std::size_t) { return ++asked == 1 ? 1U : 0U; })), "XXaa");
    scene.env.emplace(torn, 1, first);
    write(*scene.open("/data/file"), 0, "aaaa");
    QCOMPARE(scene.outcomes(), (Texts{"XXaa", "aaaa"}));
    write(*scene.open("/data/file"), 0, "XXXX");
    QCOMPARE(scene.outcomes(), (Texts{"XXaa", "aaaa", "XXXX"}));
}

void SimulatedDiskTest::tearsASectorInThreePlaces()
{
    Scene scene;
    scene.disk.addFile("/data/long", bytesOf("aaaaaaaa"), 8, TearRule::FixedThree);
    scene.disk.setNewFiles(8, TearRule::Three);
    scene.env.emplace(scene.disk, 1, first);
    write(*scene.open("/data/long"), 1, "XXXXXX");
    QCOMPARE(scene.outcomes("/data/long"), (Texts{"aaaaaaaa", "aXaaaaaa", "aXXXaaaa", "aXXXXXaa", "aXXXXXXa"}));
    const auto file = scene.open("/data/new", OpenMode::CreateNew);
    write(*file, 0, "aaaaaaaa");
    QVERIFY(file->dataSync().has_value() && scene.env->syncDirectoryOf("/data/new").has_value());
    write(*file, 1, "XXXXXX");
    QCOMPARE(scene.outcomes("/data/new"), (Texts{"aaaaaaaa", "aXaaaaaa", "aXXXaaaa", "aXXXXXaa", "aXXXXXXa"}));
}

void SimulatedDiskTest::losesUnsyncedSizes()
{
    Scene scene("aa");
    const auto file = scene.open("/data/file");
    write(*file, 2, "XX");
    write(*file, 4, "Y");
    QCOMPARE(scene.outcomes(),
             (Texts{"aa", std::string("aa\0\0", 4), std::string("aaX\0", 4), "aaXX", std::string("aa\0\0\0", 5),
                    std::string("aaX\0\0", 5), std::string("aaXX\0", 5), std::string("aa\0\0Y", 5),
                    std::string("aaX\0Y", 5), "aaXXY"}));
    QVERIFY(file->dataSync().has_value());
    QVERIFY(file->reserve(6).has_value());
    QCOMPARE(scene.outcomes(), (Texts{"aaXXY", std::string("aaXXY\0", 6)}));
}

void SimulatedDiskTest::losesUnsyncedNamesInAnySubset()
{
    Scene scene;
    QVERIFY(scene.env->open("/data/new", OpenMode::CreateNew).has_value());
    QVERIFY(scene.env->remove("/data/file").has_value());
    SimulatedDisk cut = scene.env->disk();
    cut.cutPower();
    std::set<std::set<std::string>> outcomes;
    Choices choices;
    do {
        SimulatedDisk one = cut;
        SimulatedDisk::Names names;
        QCOMPARE(one.list("/data", names, choices.choose()), 0);
        std::set<std::string> found;
        for (const auto &[name, node] : names)
            found.insert(name);
        outcomes.insert(found);
    } while (choices.next());
    QCOMPARE(outcomes, (std::set<std::set<std::string>>{{"file"}, {"file", "new"}, {}, {"new"}}));
}

void SimulatedDiskTest::renamesAtomically()
{
    Scene scene;
    const auto file = scene.open("/data/new", OpenMode::CreateNew);
    write(*file, 0, "new!");
    QVERIFY(file->sync().has_value());
    QVERIFY(scene.env->syncDirectoryOf("/data/new").has_value());
    QVERIFY(scene.env->rename("/data/new", "/data/file").has_value());
    QCOMPARE(scene.outcomes("/data/file"), (Texts{"aaaabbbb", "new!"}));
    QCOMPARE(scene.outcomes("/data/new"), (Texts{"(no file)", "new!"}));
    QCOMPARE(textOf(scene.env->disk().bytes("/data/new", first)), "(no file)");
}

void SimulatedDiskTest::needsTheDirectorySyncedForANewName()
{
    Scene scene;
    const auto file = scene.open("/data/new", OpenMode::CreateNew);
    write(*file, 0, "new!");
    QVERIFY(file->sync().has_value());
    QCOMPARE(scene.outcomes("/data/new"), (Texts{"(no file)", "new!"}));
    QVERIFY(scene.env->syncDirectoryOf("/data/file").has_value());
    QCOMPARE(scene.outcomes("/data/new"), (Texts{"new!"}));
}

void SimulatedDiskTest::needsEveryDirectoryAboveSynced()
{
    Scene scene;
    QVERIFY(scene.env->createDirectories("/data/a/b").has_value());
    const auto file = scene.open("/data/a/b/file", OpenMode::CreateNew);
    QVERIFY(scene.env->syncDirectoryOf("/data/a/b/file").has_value());
    QCOMPARE(scene.outcomes("/data/a/b/file"), (Texts{"(no file)", ""}));
    QVERIFY(scene.env->syncDirectoryOf("/data/a/b").has_value());
    QVERIFY(scene.env->syncDirectoryOf("/data/a").has_value());
    QCOMPARE(scene.outcomes("/data/a/b/file"), (Texts{""}));
}

void SimulatedDiskTest::decidesOnlyWhatIsLookedAt()
{
    Scene scene;
    const auto file = scene.open("/data/file");
    write(*file, 0, "X");
    write(*file, 4, "Y");
    SimulatedDisk cut = scene.env->disk();
    cut.cutPower();
    std::size_t asked = 0;
    const Choose count = [&](std::size_t possibilities) {
        ++asked;
        return possibilities - 1;
    };
    scene.env.emplace(cut, 1, count);
    const auto again = scene.open("/data/file");
    std::vector<std::byte> four(4);
    const std::span<std::byte> into[] = {four};
    QVERIFY(again->preadv(offset(0), into) == std::size_t{4});
    QCOMPARE(asked, std::size_t{1});
    QCOMPARE(textOf(four), "aaaa");
    QVERIFY(!scene.env->disk().isDurable("/data/file", first));
    QVERIFY(again->preadv(offset(0), into) == std::size_t{4});
    QCOMPARE(asked, std::size_t{1});
    write(*again, 5, "Z");
    QCOMPARE(asked, std::size_t{2});
    QVERIFY(again->sync().has_value());
    QVERIFY(scene.env->disk().isDurable("/data/file", first));
}

void SimulatedDiskTest::showsStaleBytesOnlyAfterAPowerCut()
{
    Scene scene("OLD!");
    scene.env->meddle([](SimulatedDisk &disk) { disk.setReusesSpace(true); });
    QVERIFY(scene.env->remove("/data/file").has_value());
    QVERIFY(scene.env->syncDirectoryOf("/data/file").has_value());
    const auto file = scene.open("/data/new", OpenMode::CreateNew);
    QVERIFY(file->reserve(8).has_value());
    QVERIFY(file->sync().has_value());
    QVERIFY(scene.env->syncDirectoryOf("/data/new").has_value());
    QCOMPARE(textOf(scene.env->disk().bytes("/data/new", first)), std::string(8, '\0'));
    QCOMPARE(scene.outcomes("/data/new"), (Texts{std::string(8, '\0'), std::string("OLD!\0\0\0\0", 8)}));
    write(*file, 0, std::string_view("\0\0\0\0", 4));
    QVERIFY(file->sync().has_value());
    QCOMPARE(scene.outcomes("/data/new"), (Texts{std::string(8, '\0')}));
}

void SimulatedDiskTest::damagesSilentlyAndShowsItPastTheCache()
{
    Scene scene;
    scene.env->meddle([](SimulatedDisk &disk) {
        SimulatedDisk::Node node = 0;
        QCOMPARE(disk.find("/data/file", node, first), 0);
        disk.file(node).damageAt(4);
    });
    const auto file = scene.open("/data/file");
    write(*file, 0, "XXXX");
    QVERIFY(file->sync().has_value());
    write(*file, 4, "bYbb");
    QVERIFY(file->sync().has_value());
    QCOMPARE(textOf(scene.env->disk().bytes("/data/file", first)), "XXXXbYbb");
    QVERIFY(file->dropCached(ByteRange::whole(8)).has_value());
    QCOMPARE(textOf(scene.env->disk().bytes("/data/file", first)), "XXXXcYbb");
    write(*file, 4, "bYbb");
    QVERIFY(file->sync().has_value());
    QVERIFY(file->dropCached(ByteRange::whole(8)).has_value());
    QCOMPARE(textOf(scene.env->disk().bytes("/data/file", first)), "XXXXbYbb");
}

void SimulatedDiskTest::losesForGoodWhatAFailedSyncWasFor()
{
    Scene scene;
    scene.env->fail([](const DiskOperation &operation) { return operation.kind == DiskOperation::Kind::Sync; }, 0, EIO);
    const auto file = scene.open("/data/file");
    write(*file, 0, "X");
    write(*file, 4, "Y");
    QVERIFY(!file->sync().has_value());
    write(*file, 4, "Z");
    QVERIFY(file->sync().has_value());
    QCOMPARE(textOf(scene.env->disk().bytes("/data/file", first)), "XaaaZbbb");
    QCOMPARE(scene.outcomes(), (Texts{"aaaaZbbb", "XaaaZbbb"}));
    QVERIFY(!scene.env->disk().isDurable("/data/file", first));
    SimulatedDisk dropped = scene.env->disk();
    SimulatedDisk::Node node = 0;
    QCOMPARE(dropped.find("/data/file", node, first), 0);
    dropped.file(node).dropCached(0, 8, [](std::size_t count) { return count - 1; });
    QCOMPARE(textOf(dropped.bytes("/data/file", first)), "aaaaZbbb");
    QVERIFY(dropped.isDurable("/data/file", first));
}

// Reading the medium settles nothing then; writing it again and syncing does.
void SimulatedDiskTest::deliversLateWhatAFailedSyncWasFor()
{
    Scene scene;
    scene.env->meddle([](SimulatedDisk &disk) {
        SimulatedDisk::Node node = 0;
        QCOMPARE(disk.find("/data/file", node, first), 0);
        disk.file(node).setLateWrites(true);
    });
    scene.env->fail([](const DiskOperation &operation) { return operation.kind == DiskOperation::Kind::Sync; }, 0, EIO);
    const auto file = scene.open("/data/file");
    write(*file, 0, "X");
    QVERIFY(!file->sync().has_value());
    QVERIFY(file->dropCached(ByteRange::whole(8)).has_value());
    QCOMPARE(textOf(scene.env->disk().bytes("/data/file", first)), "aaaabbbb");
    QVERIFY(file->sync().has_value());
    QCOMPARE(scene.outcomes(), (Texts{"Xaaabbbb", "aaaabbbb"}));
    write(*file, 0, "a");
    QVERIFY(file->sync().has_value());
    QCOMPARE(scene.outcomes(), (Texts{"aaaabbbb"}));
    QVERIFY(scene.env->disk().isDurable("/data/file", first));
}

void SimulatedDiskTest::changesTheMediumUnderWhatIsInMemory()
{
    Scene scene;
    const auto file = scene.open("/data/file");
    scene.env->meddle([](SimulatedDisk &disk) {
        SimulatedDisk::Node node = 0;
        QCOMPARE(disk.find("/data/file", node, first), 0);
        disk.file(node).changeOnMedium(1);
    });
    QCOMPARE(textOf(scene.env->disk().bytes("/data/file", first)), "aaaabbbb");
    QCOMPARE(scene.outcomes(),
             (Texts{"a\xe1"
                    "aabbbb"}));
    QVERIFY(file->dropCached(ByteRange::whole(8)).has_value());
    QCOMPARE(textOf(scene.env->disk().bytes("/data/file", first)),
             "a\xe1"
             "aabbbb");
}

void SimulatedDiskTest::tellsStatesApartAndNothingElse()
{
    Scene scene;
    const auto file = scene.open("/data/file");
    const Hash128 before = scene.env->disk().digest();
    write(*file, 0, "X");
    const Hash128 written = scene.env->disk().digest();
    QVERIFY(written != before);
    QVERIFY(file->sync().has_value());
    const Hash128 synced = scene.env->disk().digest();
    QVERIFY(synced != written && synced != before);
    write(*file, 0, "a");
    QVERIFY(file->sync().has_value());
    QCOMPARE(scene.env->disk().digest(), before);
    QVERIFY(scene.env->open("/data/new", OpenMode::CreateNew).has_value());
    SimulatedDisk made = scene.env->disk();
    QVERIFY(made.digest() != before);
    QVERIFY(scene.env->remove("/data/new").has_value());
    QVERIFY(scene.env->syncDirectoryOf("/data/new").has_value());
    SimulatedDisk removed = scene.env->disk();
    removed.cutPower();
    QCOMPARE(removed.digest(), before);
}

void SimulatedDiskTest::failsWhatIsPlanned()
{
    Scene scene;
    scene.env->fail([](const DiskOperation &operation) { return operation.kind == DiskOperation::Kind::Write; }, 1,
                    ENOSPC, 2);
    const auto file = scene.open("/data/file");
    write(*file, 0, "X");
    const std::vector<std::byte> more = bytesOf("Y");
    const std::span<const std::byte> from[] = {more};
    for (int i = 0; i < 2; ++i)
        QCOMPARE(file->pwritev(offset(0), from).error().code, ErrorCode::NoSpace);
    write(*file, 1, "Z");
    scene.env->fail([](const DiskOperation &) { return true; }, 0, EIO, 100);
    QVERIFY(!file->truncate(1).has_value());
    scene.env->clearFailures();
    QVERIFY(file->reserve(1).has_value());
    QCOMPARE(textOf(scene.env->disk().bytes("/data/file", first)), "XZaabbbb");
}

void SimulatedDiskTest::recordsOperationsInOrder()
{
    Scene scene;
    std::vector<std::string> seen;
    scene.env->setBeforeEach([&](const SimulatedDisk &, const DiskOperation &next) { seen.push_back(next.text()); });
    const auto file = scene.open("/data/new", OpenMode::CreateNew);
    QVERIFY(file->reserve(8).has_value());
    write(*file, 2, "abc");
    QVERIFY(file->dataSync().has_value());
    QVERIFY(scene.env->rename("/data/new", "/data/now").has_value());
    QVERIFY(scene.env->syncDirectoryOf("/data/now").has_value());
    QVERIFY(scene.env->remove("/data/now").has_value());
    const std::vector<std::string> expected{
        "create /data/new", "reserve /data/new [0, 8)",      "write /data/new [2, 5)",
        "sync /data/new",   "rename /data/new -> /data/now", "sync directory /data/now",
        "remove /data/now"};
    QCOMPARE(seen, expected);
    QCOMPARE(scene.env->log().size(), expected.size());
}

void SimulatedDiskTest::carriesAFileSource()
{
    SimulatedDisk disk;
    disk.addDirectory("/data");
    const std::vector<std::byte> bytes = patternBytes(10'000);
    disk.addFile("/data/image", bytes, 512);
    const auto env = std::make_shared<SimulatedEnv>(disk, 1, first);
    auto source = FileSource::open(env, "/data/image", FileSource::Access::WriteIfPermitted);
    QVERIFY(source.has_value());
    QVERIFY((*source)->writable());
    QVERIFY((*source)->size() == std::uint64_t{10'000});
    QVERIFY((*source)->checkStillNamed().has_value());
    const std::vector<std::byte> edit = patternBytes(100, 7);
    const std::span<const std::byte> from[] = {edit};
    QVERIFY((*source)->writev(offset(9'900), from).has_value());
    QVERIFY(!(*source)->writev(offset(9'901), from).has_value());
    QVERIFY((*source)->sync().has_value());
    std::vector<std::byte> read(200);
    QVERIFY((*source)->readAt(offset(9'900), read) == std::uint64_t{100});
    QVERIFY(std::equal(edit.begin(), edit.end(), read.begin()));
    QVERIFY(env->disk().isDurable("/data/image", first));
}

void SimulatedDiskTest::isTheSameInEveryRun()
{
    std::vector<std::byte> numbers[2];
    std::int64_t times[2] = {};
    for (std::size_t i = 0; i < 2; ++i) {
        Scene scene;
        numbers[i].resize(32);
        QVERIFY(scene.env->random(numbers[i]).has_value());
        write(*scene.open("/data/file"), 0, "X");
        times[i] = scene.env->realTimeNs();
    }
    QCOMPARE(numbers[0], numbers[1]);
    QCOMPARE(times[0], times[1]);
    QVERIFY(numbers[0] != std::vector<std::byte>(32));
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::SimulatedDiskTest)
#include "tst_simulated_disk.moc"
