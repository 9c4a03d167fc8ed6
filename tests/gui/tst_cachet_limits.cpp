// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/temp_dir.h"

#include <QProcess>
#include <QtTest>

#include <sys/resource.h>
#include <unistd.h>

namespace cachet_test {

/// The real program under limits of the system.
class TestCachetLimits : public QObject {
    Q_OBJECT

private slots:
    void writingPastTheFileSizeLimitIsASentence();
};

void TestCachetLimits::writingPastTheFileSizeLimitIsASentence()
{
    const TempDir directory;
    QProcess process;
    process.setChildProcessModifier([] {
        constexpr rlimit kLimit{1024, 1024}; // no picture is that small
        if (::setrlimit(RLIMIT_FSIZE, &kLimit) != 0)
            ::_exit(77);
    });
    process.start(QStringLiteral(CACHET_PROGRAM),
                  {QStringLiteral("--screenshot"), QString::fromStdString(directory.file("p.png"))});
    QVERIFY(process.waitForFinished(30'000));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit); // SIGXFSZ would have ended it
    QCOMPARE(process.exitCode(), 1);
    const QByteArray said = process.readAllStandardError();
    QVERIFY2(said.contains("could not be saved"), said.constData());
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestCachetLimits)
#include "tst_cachet_limits.moc"
