// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/script_process.h"
#include "tests/tools/source_tree.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace cachet_test;

/// app/packages on a system made for the test: its dpkg-query knows what the file "installed" lists, its apt-get
/// writes down how it was called. Nothing of the real system is asked or changed.
class TestPackages final : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup() { m_dir.reset(); }
    void saysNothingWhenNothingIsMissing();
    void installsExactlyWhatIsMissing();
    void goesThroughSudoWhenNotRoot();
    void saysWhoCanInstallWithoutRootAndSudo();
    void showsWhatAptGetSaidWhenItFails();
    void installsFromOldListsWhenTheUpdateFails();
    void listsWhatIsMissingWithoutInstalling();
    void halfRemovedPackagesAreMissing();
    void refusesWrongCalls_data();
    void refusesWrongCalls();
    void goesOnWhereThereIsNoApt();

private:
    void addProgram(const char *name, const QByteArray &text)
    {
        writeScript(m_dir->filePath(QLatin1String(name)), "#!/bin/bash\n" + text);
    }
    void setInstalled(const QByteArray &lines)
    {
        QFile file(m_dir->filePath(QStringLiteral("installed")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(lines);
    }
    QByteArray calls() const
    {
        QFile file(m_dir->filePath(QStringLiteral("calls")));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    Ended packages(const QStringList &arguments) const
    {
        const QString script = QString::fromStdString((projectRoot() / "app" / "packages").string());
        return runProgram(QStringLiteral("/bin/bash"), QStringList{script} + arguments,
                          {{{QStringLiteral("PATH"), m_dir->path()}, {QStringLiteral("STATE"), m_dir->path()}}, {}});
    }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestPackages::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    QVERIFY(m_dir->isValid());
    for (const char *tool : {"bash", "env", "grep", "mktemp", "rm", "sort", "tail"}) {
        const QString path = toolPath(QLatin1String(tool));
        QVERIFY2(!path.isEmpty() && QFile::link(path, m_dir->filePath(QLatin1String(tool))), tool);
    }
    addProgram("dpkg-query", "grep -q -x -- \"$3\" \"$STATE/installed\" && echo installed\n");
    addProgram("id", "echo 0\n");
    addProgram("apt-get", "echo \"apt-get ${DEBIAN_FRONTEND-} $*\" >>\"$STATE/calls\"\n");
    setInstalled("");
}

void TestPackages::saysNothingWhenNothingIsMissing()
{
    setInstalled("fdisk\ne2fsprogs\ndosfstools\nmtools\n");
    QCOMPARE(packages({"demo"}).said(), QByteArray("exit 0\n"));
    QCOMPARE(calls(), QByteArray());
}

void TestPackages::installsExactlyWhatIsMissing()
{
    setInstalled("fdisk\ne2fsprogs\n");
    const Ended ended = packages({"demo"});
    QCOMPARE(ended.said(), QByteArray("exit 0\nInstalling with apt-get: dosfstools mtools\n"));
    const QList<QByteArray> lines = calls().trimmed().split('\n');
    QCOMPARE(lines.size(), 2);
    QVERIFY(lines[0].endsWith(" update"));
    QVERIFY2(lines[1].startsWith("apt-get noninteractive ") && lines[1].contains("--no-install-recommends")
                 && lines[1].endsWith(" install dosfstools mtools"),
             lines[1].constData());
}

void TestPackages::goesThroughSudoWhenNotRoot()
{
    addProgram("id", "echo 1000\n");
    addProgram("sudo", "echo \"sudo $*\" >>\"$STATE/calls\"; exec \"$@\"\n");
    const Ended ended = packages({"demo"});
    QCOMPARE(ended.exitCode, 0);
    QCOMPARE(calls().count("sudo apt-get -q update\n"), 1);
    QCOMPARE(calls().count("sudo env DEBIAN_FRONTEND=noninteractive apt-get"), 1);
    QCOMPARE(calls().count("apt-get noninteractive -q -y"), 1);
}

void TestPackages::saysWhoCanInstallWithoutRootAndSudo()
{
    addProgram("id", "echo 1000\n");
    const Ended ended = packages({"demo"});
    QCOMPARE(ended.said(),
             QByteArray("exit 1\nThese packages are missing and only root can install them (there is no "
                        "sudo here): fdisk e2fsprogs dosfstools mtools\n"));
    QCOMPARE(calls(), QByteArray());
}

void TestPackages::showsWhatAptGetSaidWhenItFails()
{
    addProgram("apt-get", "[[ $* == *update ]] || { echo 'E: Unable to locate package'; exit 100; }\n");
    const Ended ended = packages({"demo"});
    QCOMPARE(ended.exitCode, 1);
    QVERIFY(ended.err.contains("E: Unable to locate package\napt-get could not install what is missing: fdisk"));
}

void TestPackages::installsFromOldListsWhenTheUpdateFails()
{
    addProgram("apt-get", "echo \"$*\" >>\"$STATE/calls\"; [[ $* != *update ]]\n");
    const Ended ended = packages({"demo"});
    QCOMPARE(ended.exitCode, 0);
    QVERIFY(ended.err.contains("apt-get update reported errors"));
    QVERIFY(calls().trimmed().endsWith("install fdisk e2fsprogs dosfstools mtools"));
}

void TestPackages::listsWhatIsMissingWithoutInstalling()
{
    setInstalled("mtools\nfdisk\n");
    QCOMPARE(packages({"--missing", "demo"}).said(), QByteArray("exit 0\ne2fsprogs\ndosfstools\n"));
    QCOMPARE(calls(), QByteArray());
}

void TestPackages::halfRemovedPackagesAreMissing()
{
    addProgram("dpkg-query", "[ \"$3\" = mtools ] && echo config-files || echo installed\n");
    QCOMPARE(packages({"--missing", "demo"}).said(), QByteArray("exit 0\nmtools\n"));
}

void TestPackages::refusesWrongCalls_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("nothing") << QStringList();
    QTest::newRow("unknown purpose") << QStringList{"demo", "dessert"};
    QTest::newRow("only an option") << QStringList{"--missing"};
}

void TestPackages::refusesWrongCalls()
{
    QFETCH(const QStringList, arguments);
    const Ended ended = packages(arguments);
    QCOMPARE(ended.exitCode, 2);
    QVERIFY(ended.err.count('\n') == 1 && ended.err.contains("demo"));
    QCOMPARE(calls(), QByteArray());
}

void TestPackages::goesOnWhereThereIsNoApt()
{
    QVERIFY(QFile::remove(m_dir->filePath(QStringLiteral("dpkg-query"))));
    const Ended ended = packages({"demo"});
    QCOMPARE(ended.exitCode, 0);
    QVERIFY(ended.err.contains("not a Debian system") && ended.err.contains("mtools"));
}

QTEST_GUILESS_MAIN(TestPackages)
#include "tst_packages.moc"
