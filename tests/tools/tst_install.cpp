// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/script_process.h"
#include "tests/tools/source_tree.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace cachet_test;

namespace {

const QString kResources = QString::fromStdString((projectRoot() / "resources").string()) + QLatin1Char('/');

} // namespace

/// What an installation puts where, and the files that speak to the desktop.
class TestInstall final : public QObject {
    Q_OBJECT

private slots:
    void installsEverythingInItsPlace();
    void installsTheProgramAloneWhenAsked();
    void toolsAcceptTheFile_data();
    void toolsAcceptTheFile();
    void manPageNamesEveryOption();
};

void TestInstall::installsEverythingInItsPlace()
{
    const QTemporaryDir prefix;
    const Ended ended = runProgram(QStringLiteral(CACHET_CMAKE),
                                   {"--install", QStringLiteral(CACHET_BINARY_DIR), "--prefix", prefix.path()});
    QVERIFY2(ended.exitCode == 0, ended.said().constData());
    for (const char *name :
         {"bin/cachet", "share/applications/org.cachet.Cachet.desktop", "share/metainfo/org.cachet.Cachet.metainfo.xml",
          "share/man/man1/cachet.1", "share/icons/hicolor/scalable/apps/org.cachet.Cachet.svg",
          "share/icons/hicolor/48x48/apps/org.cachet.Cachet.png"})
        QVERIFY2(QFile::exists(prefix.filePath(QLatin1String(name))), name);
    QVERIFY(QFile::permissions(prefix.filePath(QStringLiteral("bin/cachet"))) & QFile::ExeUser);
}

void TestInstall::installsTheProgramAloneWhenAsked()
{
    const QTemporaryDir prefix;
    const Ended ended = runProgram(QStringLiteral(CACHET_CMAKE),
                                   {"--install", QStringLiteral(CACHET_BINARY_DIR), "--component", "cachet", "--prefix",
                                    prefix.path()});
    QVERIFY2(ended.exitCode == 0, ended.said().constData());
    for (const char *name : {"bin/cachet", "share/man/man1/cachet.1", "share/applications/org.cachet.Cachet.desktop"})
        QVERIFY2(QFile::exists(prefix.filePath(QLatin1String(name))), name);
    for (const char *name : {"include", "lib", "share/doc"})
        QVERIFY2(!QFile::exists(prefix.filePath(QLatin1String(name))), name);
}

void TestInstall::toolsAcceptTheFile_data()
{
    QTest::addColumn<QStringList>("command");
    QTest::addColumn<QString>("file");
    QTest::newRow("desktop file") << QStringList{"desktop-file-validate"} << "org.cachet.Cachet.desktop";
    QTest::newRow("metainfo") << QStringList{"appstreamcli", "validate", "--no-net"}
                              << "org.cachet.Cachet.metainfo.xml";
    QTest::newRow("man page") << QStringList{"groff", "-man", "-ww", "-z", "-Tutf8"} << "cachet.1";
}

void TestInstall::toolsAcceptTheFile()
{
    QFETCH(const QStringList, command);
    QFETCH(const QString, file);
    const QString tool = toolPath(command.first());
    if (tool.isEmpty())
        QSKIP(qPrintable(QStringLiteral("not installed: %1").arg(command.first())));
    const Ended ended = runProgram(tool, command.mid(1) + QStringList{kResources + file});
    QVERIFY2(ended.exitCode == 0 && ended.err.isEmpty(), ended.said().constData());
}

void TestInstall::manPageNamesEveryOption()
{
    QFile page(kResources + QStringLiteral("cachet.1"));
    QVERIFY(page.open(QIODevice::ReadOnly));
    const QByteArray text = page.readAll().replace("\\-", "-");
    for (const char *option :
         {"--read-only", "--goto", "--select", "--page-size", "--cache-size", "--screenshot", "--version", "--help"})
        QVERIFY2(text.contains(option), option);
}

QTEST_GUILESS_MAIN(TestInstall)
#include "tst_install.moc"
