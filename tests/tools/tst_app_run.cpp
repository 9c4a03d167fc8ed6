// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/script_process.h"
#include "tests/tools/source_tree.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace cachet_test;

namespace {

const QString kApp = QString::fromStdString((projectRoot() / "app").string());

} // namespace

/// app/run: how it reads its arguments, and what it starts the program with. It runs as it is, in a tree of its own in
/// which installing, building, the demo disk and the program only write down that they were called.
class TestAppRun final : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup() { m_dir.reset(); }
    void knowsWhatTheArgumentsAskFor_data();
    void knowsWhatTheArgumentsAskFor();
    void startsTheProgramWith_data();
    void startsTheProgramWith();
    void saysThatThereIsNoDisplay();
    void keepsTheCallersDirectory();
    void startsNothingWhenBuildingFails();
    void startsNothingWhenTheDemoDiskFails();
    void endsWithTheProgramsExitCode();

private:
    QString path(const char *name) const { return m_dir->filePath(QLatin1String(name)); }
    void plant(const char *name, const QByteArray &text) { writeScript(path(name), "#!/bin/bash\n" + text); }
    Ended run(const QStringList &arguments, const QString &display, const QString &directory = {}) const
    {
        return runProgram(path("app/run"), arguments,
                          {{{QStringLiteral("DISPLAY"), display},
                            {QStringLiteral("WAYLAND_DISPLAY"), QString()},
                            {QStringLiteral("QT_QPA_PLATFORM"), QString()}},
                           directory});
    }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestAppRun::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    QVERIFY(QDir(m_dir->path()).mkpath(QStringLiteral("app")));
    for (const char *name : {"run", "arguments.sh"})
        QVERIFY(QFile::copy(kApp + QLatin1Char('/') + QLatin1String(name), path("app/") + QLatin1String(name)));
    plant("app/packages", "echo \"packages: $*\"\n");
    plant("app/build_preset.sh", "build_preset() { shift; echo \"build: $*\"; }\n");
    plant("app/demo_disk", "echo /demo/disk.img\n");
    plant("build/release/app/cachet",
          "printf 'cachet:'; printf ' [%s]' \"$@\"; echo; echo \"on ${QT_QPA_PLATFORM-the "
          "display} in $PWD\"\n");
}

void TestAppRun::knowsWhatTheArgumentsAskFor_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QByteArray>("told");

    QTest::newRow("nothing") << QStringList() << QByteArray();
    QTest::newRow("file") << QStringList{"disk.img"} << QByteArray("has_file");
    QTest::newRow("value of an option is no file") << QStringList{"--goto", "0x400"} << QByteArray();
    QTest::newRow("option with a value, then a file")
        << QStringList{"--goto", "0x400", "disk.img"} << QByteArray("has_file");
    QTest::newRow("value with =") << QStringList{"--goto=0x400"} << QByteArray();
    QTest::newRow("every option with a value")
        << QStringList{"--goto", "1", "--select", "2", "--page-size", "3", "--cache-size", "4", "-goto", "5"}
        << QByteArray();
    QTest::newRow("screenshot") << QStringList{"--screenshot", "x.png"} << QByteArray("has_screenshot");
    QTest::newRow("screenshot with =") << QStringList{"--screenshot=x.png"} << QByteArray("has_screenshot");
    QTest::newRow("screenshot with one dash") << QStringList{"-screenshot", "x.png"} << QByteArray("has_screenshot");
    QTest::newRow("the toolkit's options are none of ours")
        << QStringList{"-platform", "xcb"} << QByteArray("has_file");
    QTest::newRow("both and a file") << QStringList{"--goto", "0x400", "--screenshot", "x.png", "a"}
                                     << QByteArray("has_file has_screenshot");
    QTest::newRow("value that looks like an option") << QStringList{"--goto", "--screenshot"} << QByteArray();
    QTest::newRow("negative value") << QStringList{"--goto", "-16"} << QByteArray();
    QTest::newRow("switch") << QStringList{"--read-only"} << QByteArray();
    QTest::newRow("switch and file") << QStringList{"--read-only", "a b"} << QByteArray("has_file");
    QTest::newRow("help") << QStringList{"--help"} << QByteArray("only_tells");
    QTest::newRow("version") << QStringList{"-v"} << QByteArray("only_tells");
    QTest::newRow("value is missing") << QStringList{"--goto"} << QByteArray("incomplete");
    QTest::newRow("file after --") << QStringList{"--", "--help"} << QByteArray("has_file ended");
    QTest::newRow("nothing after --") << QStringList{"--"} << QByteArray("ended");
    QTest::newRow("lone dash is a name") << QStringList{"-"} << QByteArray("has_file");
}

void TestAppRun::knowsWhatTheArgumentsAskFor()
{
    QFETCH(const QStringList, arguments);
    QFETCH(const QByteArray, told);
    const QString source = QStringLiteral(
        "set -eu; . '%1/arguments.sh'; read_arguments \"$@\"; "
        "for name in has_file has_screenshot only_tells incomplete ended; do if ${!name}; then echo $name; fi; done");
    const Ended ended
        = runProgram(QStringLiteral("bash"),
                     QStringList{QStringLiteral("-c"), source.arg(kApp), QStringLiteral("bash")} + arguments);
    QVERIFY2(ended.exitCode == 0, ended.said().constData());
    QCOMPARE(ended.out.simplified(), told);
}

void TestAppRun::startsTheProgramWith_data()
{
    QTest::addColumn<QString>("display");
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QByteArray>("started");

    const auto row = [](const char *name, const QString &display, const QStringList &arguments,
                        const QByteArray &started) { QTest::newRow(name) << display << arguments << started; };
    const QString none;
    row("demo disk on a display", ":7", {}, "[--] [/demo/disk.img]");
    row("file on a display", ":7", {"a disk.img"}, "[a disk.img]");
    row("options and the demo disk", ":7", {"--goto", "0x400"}, "[--goto] [0x400] [--] [/demo/disk.img]");
    row("demo disk after --", ":7", {"--read-only", "--"}, "[--read-only] [--] [/demo/disk.img]");
    row("screenshot on a display", ":7", {"--screenshot", "x.png", "a"}, "[--screenshot] [x.png] [a]");
    row("help", none, {"--help"}, "[--help]");
    row("missing value", ":7", {"--goto"}, "[--goto]");
    row("demo disk without a display", none, {}, "[--screenshot] [ROOT/build/cachet.png] [--] [/demo/disk.img]");
    row("file without a display", none, {"a"}, "[--screenshot] [ROOT/build/cachet.png] [a]");
    row("named picture without a display", none, {"--goto", "0x400", "--screenshot", "x.png"},
        "[--goto] [0x400] [--screenshot] [x.png] [--] [/demo/disk.img]");
    row("no display and a value is missing", none, {"--goto"}, "[--screenshot] [ROOT/build/cachet.png] [--goto]");
}

void TestAppRun::startsTheProgramWith()
{
    QFETCH(const QString, display);
    QFETCH(const QStringList, arguments);
    QFETCH(QByteArray, started);
    const Ended ended = run(arguments, display);
    started.replace("ROOT", QFileInfo(m_dir->path()).canonicalFilePath().toUtf8());
    const bool demo = started.contains("/demo/disk.img");
    QVERIFY2(ended.exitCode == 0, ended.said().constData());
    QVERIFY2(ended.out.contains("cachet: " + started + "\n"), ended.said().constData());
    QVERIFY(ended.out.startsWith(demo ? "packages: build run demo\nbuild: release cachet\n"
                                      : "packages: build run\nbuild: release cachet\n"));
    QCOMPARE(ended.out.contains("on offscreen in "), display.isNull());
}

void TestAppRun::saysThatThereIsNoDisplay()
{
    QVERIFY(run({}, QString()).out.contains("No display"));
    QVERIFY(!run({}, QStringLiteral(":7")).out.contains("No display"));
}

void TestAppRun::keepsTheCallersDirectory()
{
    const QTemporaryDir elsewhere;
    const Ended ended = run({"disk.img"}, QStringLiteral(":7"), elsewhere.path());
    QVERIFY2(ended.out.contains("in " + QFileInfo(elsewhere.path()).canonicalFilePath().toUtf8() + "\n"),
             ended.said().constData());
}

void TestAppRun::startsNothingWhenBuildingFails()
{
    plant("app/build_preset.sh", "build_preset() { return 1; }\n");
    const Ended ended = run({}, QStringLiteral(":7"));
    QCOMPARE(ended.exitCode, 1);
    QVERIFY(!ended.out.contains("cachet:"));
}

void TestAppRun::startsNothingWhenTheDemoDiskFails()
{
    plant("app/demo_disk", "echo 'The demo disk could not be made' >&2; exit 1\n");
    const Ended ended = run({}, QStringLiteral(":7"));
    QCOMPARE(ended.exitCode, 1);
    QVERIFY(!ended.out.contains("cachet:"));
}

void TestAppRun::endsWithTheProgramsExitCode()
{
    plant("build/release/app/cachet", "exit 2\n");
    QCOMPARE(run({"--wrong"}, QStringLiteral(":7")).exitCode, 2);
}

QTEST_GUILESS_MAIN(TestAppRun)
#include "tst_app_run.moc"
