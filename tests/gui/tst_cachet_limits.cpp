// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/temp_dir.h"

#include <QDir>
#include <QProcess>
#include <QtTest>

#include <span>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace cachet_test {

/// The real program under limits of the system.
class TestCachetLimits : public QObject {
    Q_OBJECT

private slots:
    void writingPastTheFileSizeLimitIsASentence();
    void optionWithALineBreakIsOneLine();
    void unknownPlatformIsNamedThoughADisplayIs();
};

void TestCachetLimits::writingPastTheFileSizeLimitIsASentence()
{
    const TempDir directory;
    const auto bytes = std::as_bytes(std::span("\x89PNG\r\n\x1a\n an older picture", 25));
    const std::vector<std::byte> old(bytes.begin(), bytes.end());
    const std::string picture = directory.write("p.png", old);
    QProcess process;
    process.setChildProcessModifier([] {
        constexpr rlimit kLimit{1024, 1024}; // no picture is that small
        if (::setrlimit(RLIMIT_FSIZE, &kLimit) != 0)
            ::_exit(77);
    });
    process.start(QStringLiteral(CACHET_PROGRAM), {QStringLiteral("--screenshot"), QString::fromStdString(picture)});
    QVERIFY(process.waitForFinished(30'000));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit); // SIGXFSZ would have ended it
    QCOMPARE(process.exitCode(), 1);
    const QByteArray said = process.readAllStandardError();
    QVERIFY2(said.contains("could not be saved"), said.constData());
    QCOMPARE(readFile(picture), old);
    QCOMPARE(QDir(QString::fromStdString(directory.path())).entryList(QDir::Files | QDir::Hidden).size(),
             1); // no half of one
}

void TestCachetLimits::optionWithALineBreakIsOneLine()
{
    for (const QStringList &arguments :
         {QStringList{QStringLiteral("--no\nsuch")},
          QStringList{QStringLiteral("--goto"), QStringLiteral("a\nb"), QStringLiteral("f")}}) {
        QProcess process;
        process.start(QStringLiteral(CACHET_PROGRAM), arguments);
        QVERIFY(process.waitForFinished(30'000));
        QCOMPARE(process.exitCode(), 2);
        const QByteArray said = process.readAllStandardError();
        QVERIFY2(said.count('\n') == 1 && said.endsWith('\n'), said.constData());
    }
}

void TestCachetLimits::unknownPlatformIsNamedThoughADisplayIs()
{
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("nonsense"));
    environment.insert(QStringLiteral("DISPLAY"), QStringLiteral(":4711"));
    process.setProcessEnvironment(environment);
    process.start(QStringLiteral(CACHET_PROGRAM), QStringList{});
    QVERIFY(process.waitForFinished(30'000));
    QCOMPARE(process.exitCode(), 1);
    const QByteArray said = process.readAllStandardError();
    QVERIFY2(said.contains("\"nonsense\""), said.constData());
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestCachetLimits)
#include "tst_cachet_limits.moc"
