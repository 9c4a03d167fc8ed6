// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/temp_dir.h"

#include <QDir>
#include <QImage>
#include <QProcess>
#include <QtTest>

#include <algorithm>
#include <span>

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cachet_test {

/// Runs the real program.
class TestCachetProcess : public QObject {
    Q_OBJECT

private slots:
    void helpAndVersionNeedNoDisplay();
    void wrongArgumentsEndWithTwo_data();
    void wrongArgumentsEndWithTwo();
    void noDisplayIsASentence();
    void unreachableDisplayIsASentence_data();
    void unreachableDisplayIsASentence();
    void savesAPictureWithoutADisplay();
    void opensNamesThatAreNotText();
    void refusesWithASentence_data();
    void refusesWithASentence();
    void placePastTheEndIsASentence();
    void pictureThatCannotBeSavedIsASentence();
    void pictureNeverReplacesTheFileItShows_data();
    void pictureNeverReplacesTheFileItShows();
    void pictureReplacesOnlyPictures_data();
    void pictureReplacesOnlyPictures();
    void pictureReplacesAPictureAsAWhole();
    void refusesWhatPermissionForbids();

private:
    struct Outcome {
        int code = -1;
        QByteArray out;
        QByteArray err;
    };
    /// The arguments are bytes; `environment` replaces or, with a null value, removes variables.
    static Outcome run(const std::vector<std::string> &arguments,
                       const std::vector<std::pair<QString, QString>> &environment = {}, bool asNobody = false);
};

TestCachetProcess::Outcome TestCachetProcess::run(const std::vector<std::string> &arguments,
                                                  const std::vector<std::pair<QString, QString>> &environment,
                                                  bool asNobody)
{
    QProcess process;
    QProcessEnvironment variables = QProcessEnvironment::systemEnvironment();
    for (const char *name : {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"})
        variables.remove(QString::fromLatin1(name));
    for (const auto &[name, value] : environment)
        variables.insert(name, value);
    process.setProcessEnvironment(variables);
    if (asNobody) {
        process.setChildProcessModifier([] {
            constexpr unsigned kNobody = 65534;
            if (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)
                ::_exit(77);
        });
    }
    // QProcess encodes its arguments, so bytes that are not text go through a shell, written in octal.
    QString command = QStringLiteral("exec '" CACHET_PROGRAM "'");
    for (const std::string &argument : arguments) {
        command += QStringLiteral(" \"$(printf '");
        for (const char c : argument)
            command += QStringLiteral("\\%1").arg(static_cast<unsigned char>(c), 3, 8, QLatin1Char('0'));
        command += QStringLiteral("')\"");
    }
    process.start(QStringLiteral("/bin/sh"), {QStringLiteral("-c"), command});
    if (!process.waitForFinished(30'000)) {
        process.kill();
        process.waitForFinished();
        return {};
    }
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2, process.readAllStandardOutput(),
            process.readAllStandardError()};
}

void TestCachetProcess::helpAndVersionNeedNoDisplay()
{
    const Outcome help = run({"--help"});
    QCOMPARE(help.code, 0);
    QVERIFY(help.out.contains("--screenshot"));
    const Outcome version = run({"--version"});
    QCOMPARE(version.code, 0);
    QVERIFY(version.out.startsWith("Cachet "));
    QVERIFY(version.err.isEmpty());
}

void TestCachetProcess::wrongArgumentsEndWithTwo_data()
{
    QTest::addColumn<QByteArrayList>("arguments");
    QTest::newRow("option") << QByteArrayList{"--nonsense"};
    QTest::newRow("page size") << QByteArrayList{"--page-size", "3", "file"};
    QTest::newRow("budget") << QByteArrayList{"--cache-size", "1", "file"};
    QTest::newRow("place") << QByteArrayList{"--goto", "here", "file"};
    QTest::newRow("range") << QByteArrayList{"--select", "9..5..1", "file"};
    QTest::newRow("range that is backwards") << QByteArrayList{"--select", "5..1", "file"};
    QTest::newRow("range of no bytes") << QByteArrayList{"--select", "3..3", "file"};
    QTest::newRow("range of length 0") << QByteArrayList{"--select", "0+0", "file"};
    QTest::newRow("place from the caret") << QByteArrayList{"--goto", "+3", "file"};
    QTest::newRow("option of the toolkit") << QByteArrayList{"-platform", "foo", "file"};
}

void TestCachetProcess::wrongArgumentsEndWithTwo()
{
    QFETCH(const QByteArrayList, arguments);
    std::vector<std::string> bytes;
    for (const QByteArray &argument : arguments)
        bytes.push_back(argument.toStdString());
    const Outcome outcome = run(bytes);
    QCOMPARE(outcome.code, 2);
    QVERIFY(outcome.out.isEmpty());
    QCOMPARE(outcome.err.count('\n'), 1);
    QVERIFY2(outcome.err.startsWith("cachet: "), outcome.err.constData());
}

void TestCachetProcess::noDisplayIsASentence()
{
    const Outcome outcome = run({});
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.err.contains("There is no display"), outcome.err.constData());
    QCOMPARE(outcome.err.count('\n'), 1);
}

void TestCachetProcess::unreachableDisplayIsASentence_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("value");
    QTest::newRow("X server that does not run") << "DISPLAY" << ":4711";
    QTest::newRow("display that is nonsense") << "DISPLAY" << "nonsense";
    QTest::newRow("compositor that does not run") << "WAYLAND_DISPLAY" << "wayland-4711";
    QTest::newRow("platform that does not exist") << "QT_QPA_PLATFORM" << "nonsense";
}

void TestCachetProcess::unreachableDisplayIsASentence()
{
    QFETCH(const QString, name);
    QFETCH(const QString, value);
    const Outcome outcome = run({}, {{name, value}});
    QCOMPARE(outcome.code, 1);
    // Libraries of the platform may have said something before it.
    const QByteArray last = outcome.err.trimmed().split('\n').last();
    QVERIFY2(last.startsWith("cachet: "), outcome.err.constData());
    QVERIFY2(last.contains(value.toUtf8()), outcome.err.constData());
}

void TestCachetProcess::savesAPictureWithoutADisplay()
{
    const TempDir directory;
    const std::string file = directory.write("disk.img", std::vector<std::byte>(100'000, std::byte{0x41}));
    const std::string picture = directory.file("picture.png");
    const Outcome outcome = run({"--screenshot", picture, "--goto", "0x1000", file});
    QVERIFY2(outcome.code == 0, outcome.err.constData());
    QVERIFY2(outcome.out.startsWith("Saved " + QByteArray::fromStdString(picture) + ": disk.img"),
             outcome.out.constData());
    QCOMPARE(outcome.out.count('\n'), 1);
    const QImage image(QString::fromStdString(picture));
    QVERIFY(image.width() >= 640 && image.height() >= 480);
}

void TestCachetProcess::opensNamesThatAreNotText()
{
    const TempDir directory;
    const std::string file = directory.write("caf\xe9 \xff.img", std::vector<std::byte>(5000, std::byte{7}));
    const std::string picture = directory.file("p\xff.png");
    const Outcome outcome = run({"--screenshot", picture, file});
    QVERIFY2(outcome.code == 0, outcome.err.constData());
    struct stat status;
    QCOMPARE(::stat(picture.c_str(), &status), 0);
    QVERIFY(status.st_size > 0);
}

void TestCachetProcess::refusesWithASentence_data()
{
    QTest::addColumn<QString>("kind");
    QTest::addColumn<QByteArray>("part");
    QTest::newRow("missing") << "missing" << QByteArray("no such file");
    QTest::newRow("directory") << "directory" << QByteArray("is a directory");
    QTest::newRow("fifo") << "fifo" << QByteArray("pipe");
    QTest::newRow("character device") << "device" << QByteArray("character device");
}

void TestCachetProcess::refusesWithASentence()
{
    QFETCH(const QString, kind);
    QFETCH(const QByteArray, part);
    const TempDir directory;
    std::string file = directory.file("thing");
    if (kind == QStringLiteral("directory"))
        QCOMPARE(::mkdir(file.c_str(), 0700), 0);
    else if (kind == QStringLiteral("fifo"))
        QCOMPARE(::mkfifo(file.c_str(), 0600), 0);
    else if (kind == QStringLiteral("device"))
        file = "/dev/zero";
    const Outcome outcome = run({"--screenshot", directory.file("p.png"), file});
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.err.contains(part), outcome.err.constData());
    QVERIFY2(outcome.err.contains(QByteArray::fromStdString(file)), outcome.err.constData());
    QCOMPARE(outcome.err.count('\n'), 1);
    QVERIFY(outcome.out.isEmpty());
}

void TestCachetProcess::placePastTheEndIsASentence()
{
    const TempDir directory;
    const std::string file = directory.write("disk.img", std::vector<std::byte>(4096));
    for (const std::vector<std::string> &arguments :
         {std::vector<std::string>{"--goto", "1MiB"}, std::vector<std::string>{"--select", "0..4097"}}) {
        std::vector<std::string> all{"--screenshot", directory.file("p.png")};
        all.insert(all.end(), arguments.begin(), arguments.end());
        all.push_back(file);
        const Outcome outcome = run(all);
        QCOMPARE(outcome.code, 1);
        QVERIFY2(outcome.err.contains("past the end"), outcome.err.constData());
        QVERIFY2(outcome.err.contains("0x1000"), outcome.err.constData());
    }
}

void TestCachetProcess::pictureThatCannotBeSavedIsASentence()
{
    const TempDir directory;
    const Outcome outcome = run({"--screenshot", directory.file("missing/p.png")});
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.err.contains("could not be saved"), outcome.err.constData());
}

void TestCachetProcess::pictureNeverReplacesTheFileItShows_data()
{
    QTest::addColumn<QString>("kind");
    for (const char *kind : {"itself", "symbolic link", "hard link", "picture"})
        QTest::newRow(kind) << kind;
}

void TestCachetProcess::pictureNeverReplacesTheFileItShows()
{
    QFETCH(const QString, kind);
    const TempDir directory;
    std::vector<std::byte> bytes = patternBytes(4096);
    if (kind == QStringLiteral("picture"))
        std::ranges::copy(std::as_bytes(std::span("\x89PNG\r\n\x1a\n", 8)), bytes.begin());
    const std::string file = directory.write("disk.img", bytes);
    std::string picture = file;
    if (kind == QStringLiteral("symbolic link")) {
        picture = directory.file("link");
        QCOMPARE(::symlink(file.c_str(), picture.c_str()), 0);
    } else if (kind == QStringLiteral("hard link")) {
        picture = directory.file("link");
        QCOMPARE(::link(file.c_str(), picture.c_str()), 0);
    }
    const Outcome outcome = run({"--screenshot", picture, file});
    QCOMPARE(outcome.code, 2);
    QVERIFY2(outcome.err.contains("would overwrite it"), outcome.err.constData());
    QCOMPARE(outcome.err.count('\n'), 1);
    QVERIFY(outcome.out.isEmpty());
    QCOMPARE(readFile(file), bytes);
}

void TestCachetProcess::pictureReplacesOnlyPictures_data()
{
    QTest::addColumn<QString>("kind");
    QTest::addColumn<QByteArray>("part");
    QTest::newRow("disk image") << "image" << QByteArray("not a readable PNG picture");
    QTest::newRow("empty file") << "empty" << QByteArray("not a readable PNG picture");
    QTest::newRow("link to a disk image") << "link" << QByteArray("not a readable PNG picture");
    QTest::newRow("fifo") << "fifo" << QByteArray("not a regular file");
    QTest::newRow("directory") << "directory" << QByteArray("not a regular file");
    QTest::newRow("device") << "device" << QByteArray("not a regular file");
}

void TestCachetProcess::pictureReplacesOnlyPictures()
{
    QFETCH(const QString, kind);
    QFETCH(const QByteArray, part);
    const TempDir directory;
    const std::vector<std::byte> bytes = patternBytes(kind == QStringLiteral("empty") ? 0 : 4096);
    std::string target = directory.file("target\nof two lines");
    std::string kept;
    if (kind == QStringLiteral("fifo"))
        QCOMPARE(::mkfifo(target.c_str(), 0600), 0);
    else if (kind == QStringLiteral("directory"))
        QCOMPARE(::mkdir(target.c_str(), 0700), 0);
    else if (kind == QStringLiteral("device"))
        target = "/dev/full";
    else
        kept = directory.write(kind == QStringLiteral("link") ? "elsewhere" : "target\nof two lines", bytes);
    if (kind == QStringLiteral("link"))
        QCOMPARE(::symlink("elsewhere", target.c_str()), 0);
    const Outcome outcome = run({"--screenshot", target});
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.err.contains(part), outcome.err.constData());
    QCOMPARE(outcome.err.count('\n'), 1);
    if (!kept.empty())
        QCOMPARE(readFile(kept), bytes);
}

void TestCachetProcess::pictureReplacesAPictureAsAWhole()
{
    const TempDir directory;
    const std::string picture = directory.file("p.png");
    const std::string link = directory.file("link.png");
    QCOMPARE(run({"--screenshot", picture}).code, 0);
    QCOMPARE(::chmod(picture.c_str(), 0640), 0);
    QCOMPARE(::symlink("p.png", link.c_str()), 0);
    struct stat before{};
    struct stat after{};
    QCOMPARE(::stat(picture.c_str(), &before), 0);
    const Outcome again = run({"--screenshot", link});
    QVERIFY2(again.code == 0, again.err.constData());
    QCOMPARE(::stat(picture.c_str(), &after), 0);
    QVERIFY(after.st_ino != before.st_ino); // made beside it, then renamed
    QCOMPARE(after.st_mode & 0777U, 0640U);
    QVERIFY(QFileInfo(QString::fromStdString(link)).isSymLink());
    QVERIFY(!QImage(QString::fromStdString(picture)).isNull());
    QCOMPARE(QDir(QString::fromStdString(directory.path())).entryList(QDir::Files | QDir::Hidden).size(), 2);
}

void TestCachetProcess::refusesWhatPermissionForbids()
{
    const TempDir directory;
    const std::string file = directory.write("secret.img", std::vector<std::byte>(4096));
    QCOMPARE(::chmod(file.c_str(), 0000), 0);
    QCOMPARE(::chmod(directory.path().c_str(), 0777), 0);
    const bool root = ::geteuid() == 0;
    if (root) {
        const Outcome probe = run({"--version"}, {}, true);
        if (probe.code != 0)
            QSKIP("An unprivileged user cannot run the program from where it was built.");
    }
    const Outcome outcome = run({"--screenshot", directory.file("p.png"), file},
                                {{"HOME", QString::fromStdString(directory.path())}}, root);
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.err.contains("permission was refused"), outcome.err.constData());
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestCachetProcess)
#include "tst_cachet_process.moc"
