// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/command_line.h"
#include "app/state_directory.h"

#include <QtTest>

using cachet::CommandLine;
using cachet::parseCommandLine;

namespace cachet_test {

class TestCommandLine : public QObject {
    Q_OBJECT

private slots:
    void nothingGivenMeansTheDefaults();
    void readsEveryOption();
    void keepsFileNamesAsBytes();
    void everythingAfterTheDashesIsAFile();
    void refusesWithOneLine_data();
    void refusesWithOneLine();
    void sizesAreReadWithTheirUnits();
    void takesTheSmallestCache();
    void takesLongOptionsWithOneDash();
    void helpNamesEveryOption();
    void versionIsOneLine();
    void stateDirectoryFollowsTheEnvironment();
};

void TestCommandLine::nothingGivenMeansTheDefaults()
{
    const auto line = parseCommandLine({});
    QVERIFY(line.has_value());
    QVERIFY(!line->help && !line->version && !line->readOnly && !line->goTo && !line->select && !line->screenshot);
    QVERIFY(line->files.empty());
    QCOMPARE(line->document.pageSize, cachecore::kDefaultPageSize);
    QCOMPARE(line->document.cacheBytes, cachecore::DocumentOptions().cacheBytes);
}

void TestCommandLine::readsEveryOption()
{
    const std::vector<std::string> arguments{"--read-only",  "--goto",  "0x438",        "--select=0x400+16",
                                             "--page-size",  "4KiB",    "--cache-size", "1MiB",
                                             "--screenshot", "out.png", "disk one.img"};
    const auto line = parseCommandLine(arguments);
    QVERIFY2(line.has_value(), qPrintable(line ? QString() : line.error()));
    QVERIFY(line->readOnly);
    QVERIFY(resolvePlace(line->goTo->expression, {.size = 4096}) == cachecore::ByteOffset(0x438));
    QCOMPARE(line->goTo->text, QStringLiteral("0x438"));
    QVERIFY(resolveRange(line->select->expression, {.size = 4096}) == *cachecore::ByteRange::make(0x400, 16));
    QCOMPARE(line->document.pageSize, std::uint32_t{4096});
    QCOMPARE(line->document.cacheBytes, std::uint64_t{1} << 20);
    QCOMPARE(*line->screenshot, std::string("out.png"));
    QCOMPARE(line->files, std::vector<std::string>{"disk one.img"});
}

void TestCommandLine::keepsFileNamesAsBytes()
{
    std::string every;
    for (int byte = 1; byte < 256; ++byte)
        every.push_back(static_cast<char>(byte));
    const std::string cut = "caf\xc3"; // the first half of a character
    const std::string text = "\xc3\xa4 \xe2\x82\xac.img";
    const std::vector<std::string> arguments{"--screenshot", "p\xff.png", "x" + every};
    const auto line = parseCommandLine(arguments);
    QVERIFY(line.has_value());
    QCOMPARE(line->files, std::vector<std::string>{"x" + every});
    QCOMPARE(*line->screenshot, std::string("p\xff.png"));
    const std::vector<std::string> names{cut, text, "a\nb"};
    QCOMPARE(parseCommandLine(names)->files, names);
}

void TestCommandLine::everythingAfterTheDashesIsAFile()
{
    const std::vector<std::string> arguments{"--", "--goto", "-x"};
    const auto line = parseCommandLine(arguments);
    QVERIFY(line.has_value());
    QCOMPARE(line->files, (std::vector<std::string>{"--goto", "-x"}));
}

void TestCommandLine::refusesWithOneLine_data()
{
    QTest::addColumn<QByteArrayList>("arguments");
    QTest::addColumn<QString>("part");
    QTest::newRow("unknown option") << QByteArrayList{"--frobnicate"} << "frobnicate";
    QTest::newRow("unknown option that is not text") << QByteArrayList{"--fr\xffob"} << QString::fromUtf8("fr\uFFFDob");
    QTest::newRow("missing value") << QByteArrayList{"--goto"} << "goto";
    QTest::newRow("page size 3") << QByteArrayList{"--page-size", "3"} << "power of two";
    QTest::newRow("page size 256") << QByteArrayList{"--page-size", "256"} << "power of two";
    QTest::newRow("page size 2 MiB") << QByteArrayList{"--page-size", "2MiB"} << "power of two";
    QTest::newRow("page size 0") << QByteArrayList{"--page-size", "0"} << "power of two";
    QTest::newRow("page size 2^63") << QByteArrayList{"--page-size", "9223372036854775808"} << "2^63-1";
    QTest::newRow("page size in words") << QByteArrayList{"--page-size", "big"} << "number";
    QTest::newRow("cache below four pages") << QByteArrayList{"--cache-size", "196608"} << "at least 1.0 MiB";
    QTest::newRow("cache below four large pages")
        << QByteArrayList{"--cache-size", "1MiB", "--page-size", "512KiB"} << "at least 2.0 MiB";
    QTest::newRow("cache below four large pages, the other order")
        << QByteArrayList{"--page-size", "512KiB", "--cache-size", "2097151"} << "at least 2.0 MiB";
    QTest::newRow("cache of many small pages below 1 MiB")
        << QByteArrayList{"--page-size", "512", "--cache-size", "1048575"} << "at least 1.0 MiB";
    QTest::newRow("cache of many small pages, the other order")
        << QByteArrayList{"--cache-size", "2048", "--page-size", "512"} << "at least 1.0 MiB";
    QTest::newRow("cache size of nothing") << QByteArrayList{"--cache-size", ""} << "takes a number of bytes";
    QTest::newRow("cache size of spaces") << QByteArrayList{"--cache-size", "  "} << "takes a number of bytes";
    QTest::newRow("page size of nothing") << QByteArrayList{"--page-size="} << "takes a number of bytes";
    QTest::newRow("empty range") << QByteArrayList{"--select", ""} << "takes a range";
    QTest::newRow("place from the caret") << QByteArrayList{"--goto", "+3"} << "counts from the caret";
    QTest::newRow("place back from the caret") << QByteArrayList{"--goto", "-3"} << "counts from the caret";
    QTest::newRow("range that is backwards") << QByteArrayList{"--select", "5..1"} << "ends before it begins";
    QTest::newRow("range of no bytes") << QByteArrayList{"--select", "3..3"} << "holds no bytes";
    QTest::newRow("range of length 0") << QByteArrayList{"--select", "0+0"} << "holds no bytes";
    QTest::newRow("option of the toolkit") << QByteArrayList{"-platform", "foo"} << "\"-platform\"";
    QTest::newRow("option of the toolkit with =") << QByteArrayList{"--style=foo"} << "\"--style\"";
    QTest::newRow("empty place") << QByteArrayList{"--goto", ""} << "--goto: nothing is given; it takes a place";
    QTest::newRow("bad place") << QByteArrayList{"--goto", "0xzz"} << "--goto";
    QTest::newRow("bad range") << QByteArrayList{"--select", "5"} << "--select";
    QTest::newRow("range with a minus") << QByteArrayList{"--select", "5-9"} << "--select";
    QTest::newRow("two files for one picture") << QByteArrayList{"--screenshot", "p.png", "a", "b"} << "one FILE";
    QTest::newRow("value for a switch") << QByteArrayList{"--read-only=yes"} << "read-only";
}

void TestCommandLine::refusesWithOneLine()
{
    QFETCH(const QByteArrayList, arguments);
    QFETCH(const QString, part);
    std::vector<std::string> bytes;
    for (const QByteArray &argument : arguments)
        bytes.push_back(argument.toStdString());
    const auto line = parseCommandLine(bytes);
    QVERIFY(!line.has_value());
    QVERIFY2(line.error().contains(part), qPrintable(line.error()));
    QVERIFY(!line.error().contains(u'\n'));
}

void TestCommandLine::sizesAreReadWithTheirUnits()
{
    const std::vector<std::string> arguments{"--page-size", "1MiB", "--cache-size", "3GiB"};
    const auto line = parseCommandLine(arguments);
    QVERIFY(line.has_value());
    QCOMPARE(line->document.pageSize, std::uint32_t{1} << 20);
    QCOMPARE(line->document.cacheBytes, std::uint64_t{3} << 30);
}

void TestCommandLine::takesTheSmallestCache()
{
    QVERIFY(parseCommandLine(std::vector<std::string>{"--cache-size", "1MiB", "--page-size", "512"}).has_value());
    QVERIFY(parseCommandLine(std::vector<std::string>{"--cache-size", "4MiB", "--page-size", "1MiB"}).has_value());
}

void TestCommandLine::takesLongOptionsWithOneDash()
{
    const auto line
        = parseCommandLine(std::vector<std::string>{"-read-only", "-goto", "5", "-screenshot=p.png", "-v", "a"});
    QVERIFY2(line.has_value(), qPrintable(line ? QString() : line.error()));
    QVERIFY(line->readOnly && line->version && !line->help);
    QVERIFY(resolvePlace(line->goTo->expression, {.size = 4096}) == cachecore::ByteOffset(5));
    QCOMPARE(*line->screenshot, std::string("p.png"));
    QCOMPARE(line->files, std::vector<std::string>{"a"});
}

void TestCommandLine::helpNamesEveryOption()
{
    const QString help = cachet::helpText();
    for (const char *option : {"--help", "--version", "--read-only", "--goto", "--select", "--page-size",
                               "--cache-size", "--screenshot", "FILE"})
        QVERIFY2(help.contains(QLatin1String(option)), option);
    QVERIFY(help.startsWith(QStringLiteral("Usage: cachet ")));
}

void TestCommandLine::versionIsOneLine()
{
    QVERIFY(cachet::versionText().startsWith(QStringLiteral("Cachet ")));
    QCOMPARE(cachet::versionText().count(u'\n'), 1);
}

void TestCommandLine::stateDirectoryFollowsTheEnvironment()
{
    qputenv("HOME", "/home/somebody");
    qputenv("XDG_STATE_HOME", "/var/st\xff");
    QCOMPARE(cachet::stateDirectory(), std::string("/var/st\xff/cachet"));
    qputenv("XDG_STATE_HOME", "relative"); // says nothing, as the specification has it
    QCOMPARE(cachet::stateDirectory(), std::string("/home/somebody/.local/state/cachet"));
    qunsetenv("XDG_STATE_HOME");
    QCOMPARE(cachet::stateDirectory(), std::string("/home/somebody/.local/state/cachet"));
    qunsetenv("HOME");
    QVERIFY(cachet::stateDirectory().empty());
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestCommandLine)
#include "tst_command_line.moc"
