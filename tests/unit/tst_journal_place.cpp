// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/journal/journal_file.h"
#include "tests/support/write_rig.h"

#include <QTest>

#include <algorithm>
#include <cerrno>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

std::string baseName(const std::string &path)
{
    return path.substr(path.rfind('/') + 1);
}

StagedEdits oneByte()
{
    return StagedEdits().with(rangeAt(100, 1), literalPiece(bytesOf({1}), 1), {});
}

} // namespace

class TestJournalPlace : public QObject {
    Q_OBJECT

private slots:
    void namesLieBesideTheFileAndInTheStateDirectory();
    void namesFollowLinks();
    void longNamesAreCutAndStayApart();
    void devicesHaveOnlyTheStateDirectory();
    void journalsAreForTheirOwnerOnly();
    void makesTheStateDirectoryDurableFirst_data();
    void makesTheStateDirectoryDurableFirst();
    void goesToTheStateDirectoryWhereTheFirstPlaceRefuses_data();
    void goesToTheStateDirectoryWhereTheFirstPlaceRefuses();
    void namesTheJournalWhenThereIsNoRoom_data();
    void namesTheJournalWhenThereIsNoRoom();
    void aFileSystemThatCannotReserveIsNoError();
    void saysWhenThereIsNoPlaceAtAll();
    void staleTemporariesAreRemoved();
    void aTemporaryThatCannotBeRemovedHindersNothing();
    void takesNoNameThatAnotherJournalHas_data();
    void takesNoNameThatAnotherJournalHas();
    void keepsAnothersJournalWhenItsOwnGetsNoName();
    void findsJournalsByNameWhateverTheyHold();
    void findsJournalsOfARenamedTarget();
    void overlooksNoJournalThatItCannotRead();
};

void TestJournalPlace::namesLieBesideTheFileAndInTheStateDirectory()
{
    WriteRig rig(patternBytes(1000));
    const auto names = journalNames(rig.env, rig.target, rig.places);
    QVERIFY(names);
    QCOMPARE(names->size(), 2U);
    QCOMPARE(names->front().path, rig.directory.file(".disk.cachet-journal"));
    const TransactionId id{std::byte{0x0A}, std::byte{0xF1}, {}, {}, {}, {}, {}, std::byte{0x90}, std::byte{1}};
    const std::string temporary = temporaryName(names->front().path, id);
    QCOMPARE(temporary, names->front().path + ".0af1000000000090.new");
    QVERIFY(isTemporaryName(temporary, names->front().path));
    QVERIFY(!isTemporaryName(temporary, (*names)[1].path));
    QVERIFY(!isTemporaryName(names->front().path, names->front().path));
    QVERIFY(!isTemporaryName(names->front().path + ".0af100000000009x.new", names->front().path));
    QVERIFY(!isTemporaryName(names->front().path + ".0af100000000090.new", names->front().path));
    const std::string inState = (*names)[1].path;
    QVERIFY(inState.starts_with(rig.places.stateDirectory + '/') && inState.ends_with(kJournalSuffix));
    QVERIFY(!names->front().anonymous);
    rig.places.preference = JournalPlaces::Preference::StateDirectory;
    const auto preferred = journalNames(rig.env, rig.target, rig.places);
    QVERIFY(preferred);
    QCOMPARE(preferred->size(), 1U);
    QCOMPARE(preferred->front().path, inState);
    QVERIFY(*everyJournalName(rig.env, rig.target, rig.places) == *names);
    const auto anonymous = journalNames(rig.env, *rig.memory, rig.places);
    QVERIFY(anonymous && anonymous->size() == 1 && anonymous->front().anonymous && anonymous->front().path.empty());
    rig.places.stateDirectory.clear();
    QVERIFY(journalNames(rig.env, rig.target, rig.places)->empty());
}

void TestJournalPlace::namesFollowLinks()
{
    WriteRig rig(patternBytes(1000));
    const TempDir elsewhere;
    const std::string link = elsewhere.file("link");
    QCOMPARE(::symlink(rig.target.path().c_str(), link.c_str()), 0);
    PlacedSource linked(rig.memory, {link});
    QVERIFY(*journalNames(rig.env, linked, rig.places) == *journalNames(rig.env, rig.target, rig.places));
    PlacedSource gone(rig.memory, {elsewhere.file("gone")});
    const auto none = journalNames(rig.env, gone, rig.places);
    QVERIFY(!none);
    QCOMPARE(none.error().code, ErrorCode::NotFound);
}

void TestJournalPlace::longNamesAreCutAndStayApart()
{
    WriteRig rig(patternBytes(1000));
    std::set<std::string> names;
    for (const std::size_t length : {std::size_t{200}, std::size_t{218}, std::size_t{219}, std::size_t{255}}) {
        for (const char last : {'a', 'b'}) {
            const std::string name = std::string(length - 1, 'x') + last;
            PlacedSource source(rig.memory, {rig.directory.write(name, {})});
            const auto found = journalNames(rig.env, source, rig.places);
            QVERIFY(found);
            const std::string temporary = temporaryName(found->front().path, {});
            QVERIFY(baseName(temporary).size() <= 255);
            QVERIFY(baseName(found->front().path).size() + std::string_view(".999999.kept").size() <= 255);
            QVERIFY(names.insert(found->front().path).second);
            QCOMPARE(baseName(found->front().path) == '.' + name + kJournalSuffix, length <= 218);
            QVERIFY(systemEnv()->open(temporary, OpenMode::CreateNew));
        }
    }
}

void TestJournalPlace::devicesHaveOnlyTheStateDirectory()
{
    class Device final : public BlockSource {
    public:
        explicit Device(std::string path)
            : m_path(std::move(path))
        {
        }
        using BlockSource::readAt;
        Result<std::uint64_t> readAt(ByteOffset, std::span<const std::span<std::byte>>) override { return 0; }
        Result<void> writev(ByteOffset, std::span<const std::span<const std::byte>>) override { return {}; }
        Result<void> sync() override { return {}; }
        Result<std::uint64_t> size() override { return 0; }
        Result<SourceFingerprint> fingerprint() override { return SourceFingerprint{}; }
        Result<void> checkStillNamed() override { return {}; }
        Result<ByteRange> nextData(ByteOffset) override { return ByteRange(); }
        std::uint32_t blockSize() const override { return 512; }
        SourceIdentity identity() const override { return {"device", 8, 0}; }
        std::string path() const override { return m_path; }
        bool writable() const override { return true; }
        Error readOnlyReason() const override { return {}; }

    private:
        const std::string m_path;
    };
    WriteRig rig(patternBytes(1000));
    const auto names = journalNames(rig.env, Device(rig.target.path()), rig.places);
    QVERIFY(names);
    QCOMPARE(names->size(), 1U);
    QVERIFY(names->front().path.starts_with(rig.places.stateDirectory + '/'));
    QVERIFY(names->front().path != journalNames(rig.env, rig.target, rig.places)->back().path);
}

void TestJournalPlace::journalsAreForTheirOwnerOnly()
{
    WriteRig rig(patternBytes(1000));
    const mode_t before = ::umask(0);
    rig.places.preference = JournalPlaces::Preference::StateDirectory;
    const std::string path = rig.armJournal(oneByte());
    ::umask(before);
    QCOMPARE(systemEnv()->status(path)->mode, 0600U);
    QCOMPARE(systemEnv()->status(rig.places.stateDirectory)->mode, 0700U);
}

void TestJournalPlace::makesTheStateDirectoryDurableFirst_data()
{
    QTest::addColumn<int>("error");
    QTest::addColumn<bool>("written");
    QTest::newRow("medium") << EIO << false;
    QTest::newRow("may not be opened") << EACCES << true;
    QTest::newRow("read-only") << EROFS << true;
    QTest::newRow("cannot be synced") << EINVAL << true;
    QTest::newRow("interrupted") << EINTR << true;
}

void TestJournalPlace::makesTheStateDirectoryDurableFirst()
{
    QFETCH(int, error);
    QFETCH(bool, written);
    for (const bool isThere : {false, true}) {
        WriteRig rig(patternBytes(1000));
        rig.places.preference = JournalPlaces::Preference::StateDirectory;
        if (isThere)
            QVERIFY(rig.env.createDirectories(rig.places.stateDirectory));
        std::uint64_t synced = 0;
        std::uint64_t renamed = 0;
        rig.env.setHook([&](EnvOp op) {
            if (op == EnvOp::Rename)
                renamed = rig.env.count(EnvOp::SyncDirectory);
        });
        rig.env.fail(EnvOp::SyncDirectory, 0, error);
        const auto end = rig.commit(oneByte());
        synced = rig.env.count(EnvOp::SyncDirectory);
        QCOMPARE(end.kind == TransactionEnd::Kind::Committed, written);
        QVERIFY(rig.journals().empty());
        if (written) {
            QVERIFY(renamed >= 1 && renamed < synced);
            continue;
        }
        QCOMPARE(end.kind, TransactionEnd::Kind::Untouched);
        QCOMPARE(end.error->operation, Operation::Journal);
        QCOMPARE(end.error->path, end.journalPath);
        QVERIFY(rig.faults->writes().empty());
        QCOMPARE(rig.commit(oneByte()).kind, TransactionEnd::Kind::Committed);
    }
}

void TestJournalPlace::goesToTheStateDirectoryWhereTheFirstPlaceRefuses_data()
{
    QTest::addColumn<int>("error");
    QTest::newRow("EACCES") << EACCES;
    QTest::newRow("EPERM") << EPERM;
    QTest::newRow("EROFS") << EROFS;
}

void TestJournalPlace::goesToTheStateDirectoryWhereTheFirstPlaceRefuses()
{
    QFETCH(int, error);
    WriteRig rig(patternBytes(1000));
    rig.env.fail(EnvOp::Open, 0, error);
    const auto end = rig.commit(oneByte());
    QCOMPARE(end.kind, TransactionEnd::Kind::Committed);
    QVERIFY(end.journalPath.starts_with(rig.places.stateDirectory + '/'));
    QVERIFY(rig.journals().empty());
    QCOMPARE(rig.bytes()[100], std::byte{1});
}

void TestJournalPlace::namesTheJournalWhenThereIsNoRoom_data()
{
    QTest::addColumn<int>("op");
    QTest::addColumn<int>("error");
    QTest::newRow("creating, full") << static_cast<int>(EnvOp::Open) << ENOSPC;
    QTest::newRow("reserving, full") << static_cast<int>(EnvOp::Reserve) << ENOSPC;
    QTest::newRow("reserving, file size limit") << static_cast<int>(EnvOp::Reserve) << EFBIG;
    QTest::newRow("writing, quota") << static_cast<int>(EnvOp::Write) << EDQUOT;
}

void TestJournalPlace::namesTheJournalWhenThereIsNoRoom()
{
    QFETCH(int, op);
    QFETCH(int, error);
    const auto disk = patternBytes(1000);
    WriteRig rig(disk);
    rig.env.fail(static_cast<EnvOp>(op), 0, error);
    const auto end = rig.commit(oneByte());
    QCOMPARE(end.kind, TransactionEnd::Kind::Untouched);
    QCOMPARE(end.error->code, ErrorCode::NoSpace);
    QCOMPARE(end.error->operation, Operation::Journal);
    QCOMPARE(end.error->path, rig.directory.file(".disk.cachet-journal"));
    QVERIFY(rig.journals().empty());
    QVERIFY(rig.bytes() == disk);
}

void TestJournalPlace::aFileSystemThatCannotReserveIsNoError()
{
    WriteRig rig(patternBytes(1000));
    rig.env.fail(EnvOp::Reserve, 0, EOPNOTSUPP);
    QCOMPARE(rig.commit(oneByte()).kind, TransactionEnd::Kind::Committed);
}

void TestJournalPlace::saysWhenThereIsNoPlaceAtAll()
{
    WriteRig rig(patternBytes(1000));
    rig.env.fail(EnvOp::Open, 0, EACCES, Repeat::ForGood);
    const auto refused = rig.commit(oneByte());
    QCOMPARE(refused.kind, TransactionEnd::Kind::Untouched);
    QCOMPARE(refused.error->code, ErrorCode::PermissionDenied);
    QCOMPARE(refused.error->operation, Operation::Journal);
    rig.places.preference = JournalPlaces::Preference::StateDirectory;
    rig.places.stateDirectory.clear();
    const auto none = rig.commit(oneByte());
    QCOMPARE(none.kind, TransactionEnd::Kind::Untouched);
    QCOMPARE(none.error->operation, Operation::Journal);
}

void TestJournalPlace::staleTemporariesAreRemoved()
{
    WriteRig rig(patternBytes(1000));
    (void)rig.directory.write(".disk.cachet-journal.0123456789abcdef.new", patternBytes(50));
    (void)rig.directory.write(".disk.cachet-journal.fedcba9876543210.new", patternBytes(50));
    const std::string another = rig.directory.write(".disk2.cachet-journal.0123456789abcdef.new", patternBytes(50));
    QVERIFY(findJournals(rig.env, rig.target, rig.places)->empty());
    QCOMPARE(rig.commit(oneByte()).kind, TransactionEnd::Kind::Committed);
    QCOMPARE(rig.journals(), std::vector<std::string>{another});
}

void TestJournalPlace::aTemporaryThatCannotBeRemovedHindersNothing()
{
    WriteRig rig(patternBytes(1000));
    const std::string former = rig.directory.write(".disk.cachet-journal.new", patternBytes(50));
    const std::string left = rig.directory.write(".disk.cachet-journal.0123456789abcdef.new", patternBytes(50));
    rig.env.fail(EnvOp::Remove, 0, EPERM); // a stranger's, in a directory where only its owner may
    QCOMPARE(rig.commit(oneByte()).kind, TransactionEnd::Kind::Committed);
    QCOMPARE(rig.journals(), (std::vector<std::string>{left, former}));
}

void TestJournalPlace::takesNoNameThatAnotherJournalHas_data()
{
    QTest::addColumn<bool>("atOnce");
    QTest::newRow("looking and renaming at once") << true;
    QTest::newRow("one after the other") << false;
}

/// Two programs that write at once, where the system gives both the lock.
void TestJournalPlace::takesNoNameThatAnotherJournalHas()
{
    QFETCH(bool, atOnce);
    const auto disk = patternBytes(1000);
    WriteRig rig(disk);
    const std::string path = rig.directory.file(".disk.cachet-journal");
    const auto theirs = patternBytes(5000, 3);
    rig.env.setHook([&](EnvOp op) {
        if (op != EnvOp::DataSync)
            return;
        (void)rig.directory.write(baseName(path), theirs);
        if (!atOnce)
            rig.env.fail(EnvOp::Rename, 0, ENOTSUP);
        rig.env.setHook({});
    });
    const auto end = rig.commit(oneByte());
    QCOMPARE(end.kind, TransactionEnd::Kind::Untouched);
    QCOMPARE(end.error->code, ErrorCode::NeedsRecovery);
    QCOMPARE(end.error->path, path);
    QVERIFY(rig.bytes() == disk);
    QCOMPARE(rig.journals(), std::vector<std::string>{path});
    QVERIFY(readFile(path) == theirs);
}

void TestJournalPlace::keepsAnothersJournalWhenItsOwnGetsNoName()
{
    WriteRig rig(patternBytes(1000));
    const std::string path = rig.directory.file(".disk.cachet-journal");
    rig.env.setHook([&](EnvOp op) {
        if (op != EnvOp::Rename)
            return;
        (void)rig.directory.write(baseName(path), patternBytes(5000, 3));
        rig.env.setHook({});
    });
    rig.env.fail(EnvOp::Rename, 0, EIO);
    const auto end = rig.commit(oneByte());
    QCOMPARE(end.kind, TransactionEnd::Kind::Untouched);
    QCOMPARE(end.error->systemError, EIO);
    QCOMPARE(rig.journals(), std::vector<std::string>{path});
    QVERIFY(readFile(path) == patternBytes(5000, 3));
}

void TestJournalPlace::findsJournalsByNameWhateverTheyHold()
{
    WriteRig rig(patternBytes(1000));
    QVERIFY(findJournals(rig.env, rig.target, rig.places)->empty());
    const std::string path = rig.armJournal(oneByte());
    auto found = findJournals(rig.env, rig.target, rig.places);
    QVERIFY(found && found->size() == 1);
    QCOMPARE(found->front().path, path);
    QVERIFY(found->front().named && found->front().identified);
    (void)rig.directory.write(baseName(path), patternBytes(77));
    rig.places.preference = JournalPlaces::Preference::StateDirectory;
    found = findJournals(rig.env, rig.target, rig.places);
    QVERIFY(found && found->size() == 1);
    QVERIFY(found->front().named && !found->front().identified);
}

void TestJournalPlace::findsJournalsOfARenamedTarget()
{
    WriteRig rig(patternBytes(1000));
    const std::string beside = rig.armJournal(oneByte());
    QVERIFY(systemEnv()->rename(beside, rig.directory.file(".former.cachet-journal")));
    rig.places.preference = JournalPlaces::Preference::StateDirectory;
    const std::string inState = rig.armJournal(oneByte());
    QVERIFY(systemEnv()->rename(inState, rig.places.stateDirectory + "/0123.cachet-journal"));
    (void)rig.directory.write(".other.cachet-journal", patternBytes(300));
    (void)rig.directory.write(".former.cachet-journal.1.kept", readFile(rig.directory.file(".former.cachet-journal")));
    const auto found = findJournals(rig.env, rig.target, rig.places);
    QVERIFY(found);
    QCOMPARE(found->size(), 2U);
    QCOMPARE((*found)[0].path, rig.directory.file(".former.cachet-journal"));
    QCOMPARE((*found)[1].path, rig.places.stateDirectory + "/0123.cachet-journal");
    QVERIFY(std::ranges::all_of(*found, [](const FoundJournal &one) { return one.identified && !one.named; }));
    PlacedSource other(rig.memory, {rig.target.path(), 1, 4096, 55});
    QVERIFY(findJournals(rig.env, other, rig.places)->empty());
}

void TestJournalPlace::overlooksNoJournalThatItCannotRead()
{
    WriteRig rig(patternBytes(1000));
    rig.env.fail(EnvOp::List, 0, EACCES, Repeat::ForGood);
    QVERIFY(findJournals(rig.env, rig.target, rig.places)->empty());
    const std::string path = rig.armJournal(oneByte());
    QCOMPARE(findJournals(rig.env, rig.target, rig.places)->size(), 1U);
    for (const EnvOp op : {EnvOp::Open, EnvOp::Status}) {
        rig.env.fail(op, 0, op == EnvOp::Open ? EACCES : EIO);
        const auto found = findJournals(rig.env, rig.target, rig.places);
        QVERIFY(found && found->size() == 1);
        QCOMPARE(found->front().path, path);
        QVERIFY(found->front().named && !found->front().identified);
    }
}

QTEST_GUILESS_MAIN(TestJournalPlace)
#include "tst_journal_place.moc"
