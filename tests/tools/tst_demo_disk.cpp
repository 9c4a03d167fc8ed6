// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/script_process.h"
#include "tests/tools/source_tree.h"

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <sys/stat.h>

using namespace cachet_test;

namespace {

constexpr qint64 kMiB = 1024 * 1024;
const QString kScript = QString::fromStdString((projectRoot() / "app" / "demo_disk").string());

/// The tools among `names` that are not installed, for the reason of a skip.
QString missingOf(const QStringList &names)
{
    QStringList missing;
    for (const QString &name : names) {
        if (toolPath(name).isEmpty())
            missing << name;
    }
    return missing.join(QStringLiteral(", "));
}

Ended demoDisk(const QString &cache, const QStringList &arguments = {}, const QHash<QString, QString> &more = {})
{
    QHash<QString, QString> environment = more;
    environment.insert(QStringLiteral("XDG_CACHE_HOME"), cache);
    return runProgram(kScript, arguments, {environment, {}}, 100'000);
}

} // namespace

/// app/demo_disk: the disk it makes, judged by the system's own tools, and what it does when it cannot make one.
class TestDemoDisk final : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void isSparse();
    void partitionTableIsSound();
    void fileSystemsAreSound_data();
    void fileSystemsAreSound();
    void holdsTheProjectsOwnSources();
    void isMadeOnce();
    void isMadeAnewOnDemand();
    void twoAtOnceMakeOne();
    void leavesNothingWhenAToolFails();
    void namesTheToolThatIsMissing();
    void removesWhatAKilledRunLeft();
    void saysThatThereIsNoRoom();
    void refusesWrongPlaces_data();
    void refusesWrongPlaces();

private:
    QString cachePath(const char *name) const { return m_dir.filePath(QLatin1String(name)); }
    QString diskIn(const QString &cache) const { return cache + QStringLiteral("/cachet/demo-disk.img"); }
    /// The partition at `atMiB` as the e2fsprogs take it.
    QString extPartition(int atMiB) const { return m_disk + QStringLiteral("?offset=%1").arg(atMiB * kMiB); }
    /// A sparse copy of the partition of `sizeMiB` at `atMiB`, for tools that only take whole files.
    QString partitionCopy(int atMiB, int sizeMiB) const;

    QTemporaryDir m_dir;
    QString m_disk;
};

void TestDemoDisk::initTestCase()
{
    const QString missing = missingOf({"sfdisk", "mke2fs", "mkfs.vfat", "mkswap", "mmd", "mcopy", "dd"});
    if (!missing.isEmpty())
        QSKIP(qPrintable(QStringLiteral("not installed: %1").arg(missing)));
    const Ended ended = demoDisk(cachePath("cache"));
    QVERIFY2(ended.exitCode == 0, ended.said().constData());
    m_disk = diskIn(cachePath("cache"));
    QCOMPARE(ended.out, m_disk.toUtf8() + "\n");
    QCOMPARE(ended.err.count('\n'), 1);
    const QStringList left = QDir(cachePath("cache/cachet")).entryList(QDir::AllEntries | QDir::NoDotAndDotDot);
    QCOMPARE(left, QStringList({"demo-disk.img", "demo-disk.lock"}));
}

QString TestDemoDisk::partitionCopy(int atMiB, int sizeMiB) const
{
    QString copy = m_dir.filePath(QStringLiteral("partition"));
    QFile::remove(copy);
    const Ended ended = runProgram(QStringLiteral("dd"),
                                   {"if=" + m_disk, "of=" + copy, "bs=1M", "conv=sparse",
                                    QStringLiteral("skip=%1").arg(atMiB), QStringLiteral("count=%1").arg(sizeMiB)});
    return ended.exitCode == 0 ? copy : QString();
}

void TestDemoDisk::isSparse()
{
    struct stat status = {};
    QCOMPARE(stat(QFile::encodeName(m_disk).constData(), &status), 0);
    QCOMPARE(qint64{status.st_size}, 8192 * kMiB);
    QVERIFY2(status.st_blocks * 512 < 200 * kMiB, qPrintable(QString::number(status.st_blocks * 512)));
}

void TestDemoDisk::partitionTableIsSound()
{
    const Ended verified = runProgram(toolPath("sfdisk"), {"--verify", m_disk});
    QVERIFY2(verified.exitCode == 0 && verified.out.contains("No errors detected"), verified.said().constData());
    const Ended dumped = runProgram(toolPath("sfdisk"), {"--dump", m_disk});
    QVERIFY(dumped.out.contains("label: gpt"));
    QVERIFY(dumped.out.contains("label-id: CAC4E700-0000-4000-8000-000000000000"));
    for (const char *type : {"C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
                             "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"})
        QCOMPARE(dumped.out.count(type), 1);
}

void TestDemoDisk::fileSystemsAreSound_data()
{
    QTest::addColumn<int>("atMiB");
    QTest::addColumn<int>("sizeMiB");
    QTest::addColumn<QStringList>("check");
    QTest::addColumn<QByteArray>("label");
    QTest::addColumn<QByteArray>("type");
    QTest::newRow("efi") << 1 << 128 << QStringList{"fsck.vfat", "-n"} << QByteArray("CACHET-EFI")
                         << QByteArray("vfat");
    QTest::newRow("linux") << 129 << 4096 << QStringList{"e2fsck", "-fn"} << QByteArray("CACHET-DEMO")
                           << QByteArray("ext4");
    QTest::newRow("swap") << 4225 << 256 << QStringList() << QByteArray("CACHET-SWAP") << QByteArray("swap");
    QTest::newRow("data") << 4481 << 1024 << QStringList{"fsck.vfat", "-n"} << QByteArray("CACHET-DATA")
                          << QByteArray("vfat");
}

void TestDemoDisk::fileSystemsAreSound()
{
    QFETCH(const int, atMiB);
    QFETCH(const int, sizeMiB);
    QFETCH(const QStringList, check);
    QFETCH(const QByteArray, label);
    QFETCH(const QByteArray, type);
    const QString missing = missingOf(QStringList{"blkid"} + check.mid(0, 1));
    if (!missing.isEmpty())
        QSKIP(qPrintable(QStringLiteral("not installed: %1").arg(missing)));

    if (!check.isEmpty()) {
        const QString file = type == "ext4" ? extPartition(atMiB) : partitionCopy(atMiB, sizeMiB);
        QVERIFY(!file.isEmpty());
        const Ended checked = runProgram(toolPath(check.first()), check.mid(1) + QStringList{file});
        QVERIFY2(checked.exitCode == 0, checked.said().constData());
    }
    const Ended known = runProgram(toolPath("blkid"),
                                   {"-p", "-o", "export", "-O", QString::number(atMiB * kMiB), "-S",
                                    QString::number(sizeMiB * kMiB), m_disk});
    QVERIFY2(known.out.contains("\nLABEL=" + label + "\n"), known.said().constData());
    QVERIFY2(known.out.contains("\nTYPE=" + type + "\n"), known.said().constData());
}

void TestDemoDisk::holdsTheProjectsOwnSources()
{
    const QString debugfs = toolPath("debugfs");
    if (debugfs.isEmpty())
        QSKIP("not installed: debugfs");
    const Ended read = runProgram(debugfs, {"-R", "cat /src/cachet/CMakeLists.txt", extPartition(129)});
    QFile own(QString::fromStdString((projectRoot() / "CMakeLists.txt").string()));
    QVERIFY(own.open(QIODevice::ReadOnly));
    QCOMPARE(read.out, own.readAll());
}

void TestDemoDisk::isMadeOnce()
{
    QFile file(m_disk);
    QVERIFY(file.open(QIODevice::ReadWrite));
    QVERIFY(file.seek(0) && file.write("edited") == 6);
    file.close();
    const Ended again = demoDisk(cachePath("cache"));
    QCOMPARE(again.said(), "exit 0\n" + m_disk.toUtf8() + "\n");
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.read(6), QByteArray("edited"));
}

void TestDemoDisk::isMadeAnewOnDemand()
{
    QFile file(m_disk);
    QVERIFY(file.open(QIODevice::ReadWrite));
    QVERIFY(file.write("edited") == 6);
    file.close();
    const Ended again = demoDisk(cachePath("cache"), {"--fresh"});
    QVERIFY2(again.exitCode == 0, again.said().constData());
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.read(6), QByteArray(6, '\0'));
}

void TestDemoDisk::twoAtOnceMakeOne()
{
    const QString cache = cachePath("both");
    QProcess other;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("XDG_CACHE_HOME"), cache);
    other.setProcessEnvironment(environment);
    other.start(kScript, QStringList());
    QVERIFY(other.waitForStarted());
    const Ended own = demoDisk(cache);
    QVERIFY(other.waitForFinished(100'000));
    const QByteArray said = own.err + other.readAllStandardError();
    QCOMPARE(own.exitCode, 0);
    QCOMPARE(other.exitCode(), 0);
    QCOMPARE(own.out, diskIn(cache).toUtf8() + "\n");
    QCOMPARE(other.readAllStandardOutput(), own.out);
    QCOMPARE(said.count("Making the demo disk"), 1);
}

void TestDemoDisk::leavesNothingWhenAToolFails()
{
    const QString cache = cachePath("failing");
    const QString tools = cachePath("failing-tools");
    writeScript(tools + QStringLiteral("/mcopy"), "#!/bin/sh\necho 'mcopy: No space left on device' >&2\nexit 1\n");
    const Ended ended = demoDisk(cache, {}, {{"PATH", tools + ":" + qEnvironmentVariable("PATH")}});
    QCOMPARE(ended.exitCode, 1);
    QCOMPARE(ended.out, QByteArray());
    QVERIFY2(ended.err.endsWith("The demo disk could not be made in " + cache.toUtf8()
                                + "/cachet: mcopy failed: mcopy: No space left on device\n"),
             ended.said().constData());
    QCOMPARE(QDir(cache + "/cachet").entryList(QDir::AllEntries | QDir::NoDotAndDotDot), QStringList{"demo-disk.lock"});
}

void TestDemoDisk::namesTheToolThatIsMissing()
{
    const QString tools = cachePath("few-tools");
    QVERIFY(QDir().mkpath(tools));
    for (const char *name : {"bash", "dirname", "mkdir"})
        QVERIFY(QFile::link(toolPath(QLatin1String(name)), tools + QLatin1Char('/') + QLatin1String(name)));
    // The script looks in the administrator's folders too, where sfdisk and others lie; mmd lies in none of them.
    const Ended ended = demoDisk(cachePath("without"), {}, {{"PATH", tools}});
    QCOMPARE(ended.exitCode, 1);
    QVERIFY2(ended.err.contains("the program ") && ended.err.contains(" is missing (app/packages demo installs it)."),
             ended.said().constData());
}

void TestDemoDisk::removesWhatAKilledRunLeft()
{
    const QString cache = cachePath("killed");
    QVERIFY(QDir().mkpath(cache + "/cachet/demo-disk.partial/files"));
    QFile half(cache + "/cachet/demo-disk.partial/disk.img");
    QVERIFY(half.open(QIODevice::WriteOnly) && half.write("half") == 4);
    half.close();
    const Ended ended = demoDisk(cache);
    QVERIFY2(ended.exitCode == 0, ended.said().constData());
    QVERIFY(!QFile::exists(cache + "/cachet/demo-disk.partial"));
    QCOMPARE(QFileInfo(diskIn(cache)).size(), 8192 * kMiB);
}

void TestDemoDisk::saysThatThereIsNoRoom()
{
    const QString tools = cachePath("full-tools");
    writeScript(tools + "/df", "#!/bin/sh\necho Filesystem\necho 'disk 1000 993 7 99% /'\n");
    const Ended ended = demoDisk(cachePath("full"), {}, {{"PATH", tools + ":" + qEnvironmentVariable("PATH")}});
    QCOMPARE(ended.exitCode, 1);
    QVERIFY2(ended.err.endsWith("only 7 MiB are free there, 400 MiB are needed.\n"), ended.said().constData());
}

void TestDemoDisk::refusesWrongPlaces_data()
{
    QTest::addColumn<QString>("cache");
    QTest::addColumn<QByteArray>("why");
    QTest::newRow("relative") << QStringLiteral("cache") << QByteArray("XDG_CACHE_HOME must be an absolute path.");
    QTest::newRow("below a file") << m_disk + "/cache" << QByteArray("that directory cannot be made.");
    QTest::newRow("nowhere") << QString() << QByteArray("neither XDG_CACHE_HOME nor HOME says where.");
}

void TestDemoDisk::refusesWrongPlaces()
{
    QFETCH(const QString, cache);
    QFETCH(const QByteArray, why);
    const Ended ended = demoDisk(cache, {}, {{"HOME", QString()}});
    QCOMPARE(ended.exitCode, 1);
    QVERIFY2(ended.err.endsWith(": " + why + "\n"), ended.said().constData());
    QCOMPARE(ended.err.count('\n'), 1);
}

QTEST_GUILESS_MAIN(TestDemoDisk)
#include "tst_demo_disk.moc"
