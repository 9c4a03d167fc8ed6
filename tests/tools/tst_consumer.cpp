// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/script_process.h"
#include "tests/tools/source_tree.h"

#include <QCryptographicHash>
#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QMap>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

using namespace cachet_test;

namespace {

constexpr int kLongMs = 600'000; // for what waits for compilers

const QString kCMake = QStringLiteral(CACHET_CMAKE);
// Kept from run to run, so that only what has changed is built again.
const QString kPlace = QStringLiteral(CACHET_BINARY_DIR "/consumer");
const QString kPrefix = kPlace + QStringLiteral("/prefix");
const QString kBuild = kPlace + QStringLiteral("/build");
const QString kConsumer = QString::fromStdString((projectRoot() / "tests" / "consumer").string());

QByteArray fileText(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void writeFile(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size());
}

Ended configure(const QString &build, const QStringList &more)
{
    return runProgram(kCMake,
                      QStringList{QStringLiteral("-S"), kConsumer, QStringLiteral("-B"), build, QStringLiteral("-G"),
                                  QStringLiteral("Ninja"), QStringLiteral("-DCMAKE_PREFIX_PATH=") + kPrefix,
                                  QStringLiteral("-DCMAKE_CXX_COMPILER_LAUNCHER=") + toolPath(QStringLiteral("ccache"))}
                          + more,
                      {}, kLongMs);
}

/// Numbers of `key` in what a program of the consumer said of its cache.
qulonglong counted(const Ended &ended, const char *key)
{
    const QRegularExpression expression(QLatin1String(key) + QStringLiteral(" (\\d+)"));
    return expression.match(QString::fromLatin1(ended.err)).captured(1).toULongLong();
}

/// What readelf says of a file's notes, in the words of read_notes.
QStringList notesByReadelf(const QByteArray &said)
{
    static const QRegularExpression kNote(
        QStringLiteral("^  (\\S+)\\s+0x([0-9a-f]{8})\t(Unknown note type: \\(0x[0-9a-f]+\\)|\\S+)(.*)$"));
    static const QRegularExpression kDetail(QStringLiteral("((?:Build ID|OS|Provider|Name|Location|Arguments): .*)$"));
    QStringList lines;
    for (const QString &line : QString::fromLatin1(said).split(QLatin1Char('\n'))) {
        const auto note = kNote.match(line);
        if (note.hasMatch())
            lines << QStringLiteral("%1 0x%2 %3").arg(note.captured(1), note.captured(2), note.captured(3));
        const auto detail = kDetail.match(note.hasMatch() ? note.captured(4) : line);
        if (line.startsWith(QStringLiteral("Displaying notes found in: ")))
            lines << line;
        else if (detail.hasMatch())
            lines << detail.captured(1).trimmed();
    }
    return lines;
}

} // namespace

/// The engine as others use it: installed, found by find_package, read through its one header by a project of its own.
class TestConsumer final : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void installsTheEngineAndNothingElse();
    void namesNoPlaceOfTheMachineItWasBuiltOn();
    void refusesAnotherVersion();
    void saysWhatItNeedsAndIsNotThere();
    void walksAGitPack_data();
    void walksAGitPack();
    void refusesADamagedPack_data();
    void refusesADamagedPack();
    void readsTheNotesOfAnElfFile_data();
    void readsTheNotesOfAnElfFile();

private:
    Ended git(const QStringList &arguments) const
    {
        const QHash<QString, QString> environment{{QStringLiteral("HOME"), m_dir.path()},
                                                  {QStringLiteral("GIT_CONFIG_NOSYSTEM"), QStringLiteral("1")},
                                                  {QStringLiteral("GIT_DIR"), QString()},
                                                  {QStringLiteral("GIT_AUTHOR_NAME"), QStringLiteral("a")},
                                                  {QStringLiteral("GIT_AUTHOR_EMAIL"), QStringLiteral("a@b")},
                                                  {QStringLiteral("GIT_COMMITTER_NAME"), QStringLiteral("a")},
                                                  {QStringLiteral("GIT_COMMITTER_EMAIL"), QStringLiteral("a@b")}};
        return runProgram(toolPath(QStringLiteral("git")), arguments, {environment, repository()});
    }
    QString repository() const { return m_dir.filePath(QStringLiteral("repository")); }
    QString makePack(const QStringList &configuration);
    QStringList judgedObjects(const QString &stem, QMap<qulonglong, QByteArray> &names) const;

    const QTemporaryDir m_dir;
};

void TestConsumer::initTestCase()
{
    for (const char *tool : {"git", "readelf", "as", "objcopy", "ninja"}) {
        if (toolPath(QLatin1String(tool)).isEmpty())
            QSKIP(qPrintable(QStringLiteral("not installed: %1").arg(QLatin1String(tool))));
    }
    if (!QFile::exists(QStringLiteral("/usr/include/zlib.h")))
        QSKIP("not installed: zlib1g-dev");
    QVERIFY(m_dir.isValid());
    // Installed at one place and moved to another: a package that can be used there is not tied to its place.
    const QString staging = kPlace + QStringLiteral("/staging");
    QDir(staging).removeRecursively();
    QDir(kPrefix).removeRecursively();
    const Ended installed
        = runProgram(kCMake,
                     {QStringLiteral("--install"), QStringLiteral(CACHET_BINARY_DIR), QStringLiteral("--component"),
                      QStringLiteral("cachecore"), QStringLiteral("--prefix"), staging});
    QVERIFY2(installed.exitCode == 0, installed.said().constData());
    QVERIFY(QDir().rename(staging, kPrefix));
    const Ended configured = configure(kBuild, {});
    QVERIFY2(configured.exitCode == 0, configured.said().constData());
    const Ended built = runProgram(kCMake, {QStringLiteral("--build"), kBuild}, {}, kLongMs);
    QVERIFY2(built.exitCode == 0, built.said().constData());
}

void TestConsumer::installsTheEngineAndNothingElse()
{
    QStringList other;
    QStringList headers;
    for (QDirIterator at(kPrefix, QDir::Files, QDirIterator::Subdirectories); at.hasNext();) {
        const QString file = QDir(kPrefix).relativeFilePath(at.next());
        (file.endsWith(QStringLiteral(".h")) ? headers : other) << file;
    }
    other.sort();
    const QRegularExpression byKind(QStringLiteral("^lib/cmake/cachecore/cachecore-targets-[a-z]+\\.cmake$"));
    QCOMPARE(other.filter(byKind).size(), 1); // named after the kind of the build
    other.removeIf([&](const QString &file) { return byKind.match(file).hasMatch(); });
    QCOMPARE(other,
             QStringList({"lib/cmake/cachecore/cachecore-config-version.cmake",
                          "lib/cmake/cachecore/cachecore-config.cmake", "lib/cmake/cachecore/cachecore-targets.cmake",
                          "lib/libcachecore.a", "share/doc/cachecore/LICENSE"}));
    for (const char *header : {"cachecore.h", "document.h", "typed_values.h", "source/callable_source.h", "base/env.h"})
        QVERIFY2(headers.contains(QStringLiteral("include/cachecore/") + QLatin1String(header)), header);
    for (const char *hidden :
         {"document_impl.h", "base/posix_file.h", "cache/load/page_loader.h", "write/transaction/transaction.h"})
        QVERIFY2(!headers.contains(QStringLiteral("include/cachecore/") + QLatin1String(hidden)), hidden);
    for (const QString &header : headers)
        QVERIFY2(header.startsWith(QStringLiteral("include/cachecore/")), qPrintable(header));
}

void TestConsumer::namesNoPlaceOfTheMachineItWasBuiltOn()
{
    const QString package = kPrefix + QStringLiteral("/lib/cmake/cachecore/");
    const QStringList files = QDir(package).entryList(QDir::Files);
    QVERIFY(files.size() >= 4);
    for (const QString &file : files) {
        const QByteArray text = fileText(package + file);
        QVERIFY(!text.isEmpty());
        QVERIFY2(!text.contains(projectRoot().c_str()), qPrintable(file));
        QVERIFY2(!text.contains(CACHET_BINARY_DIR), qPrintable(file));
    }
}

void TestConsumer::refusesAnotherVersion()
{
    for (const char *version : {"99", "0.0.1", "0.2"}) {
        const Ended ended = configure(m_dir.filePath(QLatin1String("version") + QLatin1String(version)),
                                      {QStringLiteral("-DCONSUMER_WANTED_VERSION=") + QLatin1String(version)});
        QVERIFY2(ended.exitCode == 1, ended.said().constData());
        QVERIFY2(ended.err.contains("compatible with requested version"), ended.said().constData());
    }
}

void TestConsumer::saysWhatItNeedsAndIsNotThere()
{
    const QHash<QString, QString> blind{{QStringLiteral("PKG_CONFIG_LIBDIR"), m_dir.path()},
                                        {QStringLiteral("PKG_CONFIG_PATH"), QString()}};
    const Ended ended
        = runProgram(kCMake,
                     {QStringLiteral("-S"), kConsumer, QStringLiteral("-B"), m_dir.filePath(QStringLiteral("blind")),
                      QStringLiteral("-G"), QStringLiteral("Ninja"), QStringLiteral("-DCMAKE_PREFIX_PATH=") + kPrefix},
                     {blind, {}});
    QVERIFY2(ended.exitCode == 1, ended.said().constData());
    QVERIFY2(ended.err.contains("libxxhash-dev"), ended.said().constData());
}

/// Makes a repository whose history leads to deltas, larger than the consumer's cache; the name of its pack without the ending.
QString TestConsumer::makePack(const QStringList &configuration)
{
    QDir(repository()).removeRecursively();
    QDir().mkpath(repository());
    bool right = git({"init", "--quiet"}).exitCode == 0;
    QByteArray noise;
    for (quint32 i = 0, state = 1; i < 3'000'000; ++i) {
        state = state * 1'664'525 + 1'013'904'223;
        noise.append(static_cast<char>(state >> 24));
    }
    for (int commit = 0; commit < 12; ++commit) {
        QByteArray text;
        for (int line = 0; line < 3000 + commit * 50; ++line)
            text += "line " + QByteArray::number(line % (97 + commit)) + (line % 500 == commit ? " changed\n" : "\n");
        writeFile(repository() + QStringLiteral("/text"), text);
        QDir(repository()).mkpath(QStringLiteral("deep/er"));
        writeFile(repository() + QStringLiteral("/deep/er/noise%1").arg(commit % 3),
                  noise.mid(commit % 3 * 1'000'000 + commit * 500, 900'000));
        right = right && git({"add", "."}).exitCode == 0
            && git({"commit", "--quiet", "--message", "number " + QString::number(commit)}).exitCode == 0;
    }
    writeFile(repository() + QStringLiteral("/empty"), {});
    right = right && git({"add", "."}).exitCode == 0 && git({"commit", "--quiet", "--message", "empty"}).exitCode == 0
        && git({"tag", "--annotate", "--message", "a tag", "v1"}).exitCode == 0
        && git(configuration + QStringList{"repack", "-a", "-d", "-f", "--quiet"}).exitCode == 0;
    const QDir packs(repository() + QStringLiteral("/.git/objects/pack"));
    const QStringList found = packs.entryList({QStringLiteral("*.pack")});
    return right && found.size() == 1 ? packs.filePath(found.first().chopped(5)) : QString();
}

/// What git says of every object, in the words of walk_pack but for the last; the SHA-1 of each by its offset.
QStringList TestConsumer::judgedObjects(const QString &stem, QMap<qulonglong, QByteArray> &names) const
{
    static const QRegularExpression kObject(
        QStringLiteral("^([0-9a-f]{40}) (\\w+) +(\\d+) (\\d+) (\\d+)(?: (\\d+) [0-9a-f]{40})?$"));
    static const QRegularExpression kSum(QStringLiteral("^(\\d+) ([0-9a-f]{40}) \\(([0-9a-f]{8})\\)$"));
    QHash<QString, QString> sums;
    const Ended index = runProgram(QStringLiteral("bash"),
                                   {QStringLiteral("-c"), QStringLiteral("git show-index <'%1.idx'").arg(stem)});
    for (const QString &line : QString::fromLatin1(index.out).split(QLatin1Char('\n'))) {
        if (const auto match = kSum.match(line); match.hasMatch())
            sums[match.captured(1)] = match.captured(3);
    }
    QMap<qulonglong, QString> objects;
    const Ended verified = git({"verify-pack", "--verbose", stem + QStringLiteral(".idx")});
    for (const QString &line : QString::fromLatin1(verified.out).split(QLatin1Char('\n'))) {
        const auto match = kObject.match(line);
        if (!match.hasMatch())
            continue;
        const QString offset = match.captured(5);
        const QString depth = match.captured(6).isEmpty() ? QStringLiteral("0") : match.captured(6);
        names[offset.toULongLong()] = match.captured(1).toLatin1();
        objects[offset.toULongLong()]
            = QStringList{offset, match.captured(2), match.captured(3), match.captured(4), sums.value(offset), depth}
                  .join(QLatin1Char(' '));
    }
    return objects.values();
}

void TestConsumer::walksAGitPack_data()
{
    QTest::addColumn<QStringList>("configuration");
    QTest::newRow("deltas by offset") << QStringList{"-c", "repack.useDeltaBaseOffset=true"};
    QTest::newRow("deltas by name") << QStringList{"-c", "repack.useDeltaBaseOffset=false"};
}

void TestConsumer::walksAGitPack()
{
    QFETCH(const QStringList, configuration);
    const QString stem = makePack(configuration);
    QVERIFY(!stem.isEmpty());
    QMap<qulonglong, QByteArray> names;
    const QStringList judged = judgedObjects(stem, names);
    QVERIFY(judged.size() > 50);
    QVERIFY2(judged.filter(QRegularExpression(QStringLiteral(" [1-9]\\d*$"))).size() > 10, "the pack has no deltas");

    const QString out = m_dir.filePath(QStringLiteral("objects"));
    const Ended walked = runProgram(kBuild + QStringLiteral("/walk_pack"),
                                    {stem + QStringLiteral(".pack"), stem + QStringLiteral(".idx"), out});
    QVERIFY2(walked.exitCode == 0, walked.err.constData());
    QStringList lines = QString::fromLatin1(walked.out).split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    const QByteArray contents = fileText(out);
    qsizetype at = 0;
    for (QString &line : lines) {
        const QString length = line.section(QLatin1Char(' '), -1);
        line = line.section(QLatin1Char(' '), 0, -2);
        const QByteArray header = (line.section(QLatin1Char(' '), 1, 1) + QLatin1Char(' ') + length).toLatin1() + '\0';
        const QByteArray object = contents.mid(at, header.size() + length.toLongLong());
        QVERIFY(object.startsWith(header));
        QCOMPARE(QCryptographicHash::hash(object, QCryptographicHash::Sha1).toHex(),
                 names.value(line.section(QLatin1Char(' '), 0, 0).toULongLong()));
        at += object.size();
    }
    QCOMPARE(at, contents.size());
    QCOMPARE(lines, judged);
    // It went through the cache, which did not hold all of it at once.
    QVERIFY2(counted(walked, "hits") > counted(walked, "misses"), walked.err.constData());
    QVERIFY2(counted(walked, "evictions") > 0, walked.err.constData());
    QVERIFY2(counted(walked, "resident") <= counted(walked, "budget"), walked.err.constData());
}

void TestConsumer::refusesADamagedPack_data()
{
    QTest::addColumn<int>("how");
    QTest::newRow("no pack") << 0;
    QTest::newRow("cut short") << 1;
    QTest::newRow("a byte changed") << 2;
    QTest::newRow("empty") << 3;
}

void TestConsumer::refusesADamagedPack()
{
    QFETCH(const int, how);
    const QString stem = makePack({});
    QVERIFY(!stem.isEmpty());
    QByteArray pack = fileText(stem + QStringLiteral(".pack"));
    if (how == 0)
        pack[0] = 'X';
    else if (how == 1)
        pack.truncate(pack.size() / 2);
    else if (how == 2)
        pack[40] = static_cast<char>(~pack[40]); // inside the first object
    else
        pack.clear();
    const QString damaged = m_dir.filePath(QStringLiteral("damaged"));
    writeFile(damaged, pack);
    const Ended walked
        = runProgram(kBuild + QStringLiteral("/walk_pack"),
                     {damaged, stem + QStringLiteral(".idx"), m_dir.filePath(QStringLiteral("objects"))});
    QVERIFY2(walked.exitCode == 1, walked.said().constData()); // and no signal
    QVERIFY(!walked.err.isEmpty());
}

void TestConsumer::readsTheNotesOfAnElfFile_data()
{
    QTest::addColumn<QString>("file");
    QTest::newRow("the C library") << QStringLiteral("/lib/x86_64-linux-gnu/libc.so.6");
    QTest::newRow("the C++ library, with probes") << QStringLiteral("/usr/lib/x86_64-linux-gnu/libstdc++.so.6");
    QTest::newRow("git") << toolPath(QStringLiteral("git"));
    QTest::newRow("itself") << kBuild + QStringLiteral("/read_notes");

    const QString source = m_dir.filePath(QStringLiteral("notes.s"));
    writeFile(source,
              ".section .note.gnu.build-id,\"a\",@note\n.p2align 2\n.long 4, 6, 3\n.asciz \"GNU\"\n"
              ".byte 1,2,3,4,5,6\n.p2align 2\n"
              ".section .note.ABI-tag,\"a\",@note\n.p2align 2\n.long 4, 16, 1\n.asciz \"GNU\"\n.long 0,3,2,1\n"
              ".section .note.odd,\"a\",@note\n.p2align 2\n.long 6, 3, 77\n.asciz \"Owner\"\n.p2align 2\n"
              ".byte 9,9,9\n.p2align 2\n");
    const QString narrow = m_dir.filePath(QStringLiteral("narrow.o"));
    if (runProgram(toolPath(QStringLiteral("as")), {QStringLiteral("--32"), QStringLiteral("-o"), narrow, source})
            .exitCode
        == 0)
        QTest::newRow("32 bits") << narrow;
    const QString note = m_dir.filePath(QStringLiteral("note"));
    writeFile(note, QByteArray::fromHex("000000040000000600000003474e55000102030405060000"));
    for (const char *format : {"elf32-big", "elf64-big"}) {
        const QString file = m_dir.filePath(QLatin1String(format));
        if (runProgram(toolPath(QStringLiteral("objcopy")),
                       {"-I", "binary", "-O", QLatin1String(format), "--rename-section", ".data=.note.gnu.build-id",
                        note, file})
                .exitCode
            == 0)
            QTest::newRow(format) << file;
    }
}

void TestConsumer::readsTheNotesOfAnElfFile()
{
    QFETCH(const QString, file);
    if (!QFile::exists(file))
        QSKIP(qPrintable(QStringLiteral("there is no %1 here").arg(file)));
    const Ended judged
        = runProgram(toolPath(QStringLiteral("readelf")), {QStringLiteral("--notes"), QStringLiteral("--wide"), file});
    QVERIFY2(judged.exitCode == 0, judged.said().constData());
    const QStringList expected = notesByReadelf(judged.out);
    QVERIFY2(expected.size() >= 3, judged.out.constData());
    const Ended read = runProgram(kBuild + QStringLiteral("/read_notes"), {file});
    QVERIFY2(read.exitCode == 0, read.said().constData());
    QCOMPARE(QString::fromLatin1(read.out).split(QLatin1Char('\n'), Qt::SkipEmptyParts), expected);
    QVERIFY2(counted(read, "loads") > 0, read.err.constData());

    // Half of it is an error and no crash.
    const QString half = m_dir.filePath(QStringLiteral("half"));
    const QByteArray whole = fileText(file);
    writeFile(half, whole.left(whole.size() / 2));
    const Ended refused = runProgram(kBuild + QStringLiteral("/read_notes"), {half});
    QVERIFY2(refused.exitCode == 1 && !refused.err.isEmpty(), refused.said().constData());
}

QTEST_GUILESS_MAIN(TestConsumer)
#include "tst_consumer.moc"
