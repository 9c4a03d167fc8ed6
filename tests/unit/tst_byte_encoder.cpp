// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/edits.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "ui/formats/byte_encoder.h"
#include "ui/formats/format_text.h"
#include "ui/formats/text_decoder.h"

#include <QProcess>
#include <QStandardPaths>
#include <QtTest>

#include <fstream>

using namespace cachet;

namespace cachet_test {

/// Bytes into text, judged by the tools people would have used instead.
class TestByteEncoder : public QObject {
    Q_OBJECT

private slots:
    void writesTheTextOfEachFormat_data();
    void writesTheTextOfEachFormat();
    void cutsAnywhereMakeTheSameText_data() { formats(); }
    void cutsAnywhereMakeTheSameText();
    void sizeIsKnownBefore_data() { formats(); }
    void sizeIsKnownBefore();
    void sizeOfTheLargestRangeIsBounded();
    void dumpIsThatOfXxd_data();
    void dumpIsThatOfXxd();
    void dumpFarIntoASparseFileIsThatOfXxd();
    void base64IsThatOfTheTool();
    void pythonReadsItsArray();
    void compilersReadTheirArrays_data();
    void compilersReadTheirArrays();
    void decodersReadItBack_data();
    void decodersReadItBack();
    void arrayNamesAreIdentifiers();

private:
    static void formats();
};

namespace {

constexpr int kToolMs = 60'000;

std::string encoded(const EncodeOptions &options, std::span<const std::byte> bytes, std::size_t cut = SIZE_MAX)
{
    const auto encoder = makeEncoder(options);
    std::string text;
    while (bytes.size() > cut) {
        encoder->feed(bytes.first(cut), text);
        bytes = bytes.subspan(cut);
    }
    encoder->feed(bytes, text);
    encoder->finish(text);
    return text;
}

EncodeOptions optionsFor(ByteFormat format, std::span<const std::byte> bytes, std::uint64_t begin = 0)
{
    return {format, begin, bytes.size(), true, "data"};
}

/// What a program prints, given `input`; nothing when it cannot be run or fails.
std::optional<QByteArray> printed(const QString &program, const QStringList &arguments, const QByteArray &input = {})
{
    QProcess process;
    process.start(program, arguments);
    process.write(input);
    process.closeWriteChannel();
    if (!process.waitForFinished(kToolMs) || process.exitStatus() != QProcess::NormalExit || process.exitCode() != 0) {
        qWarning("%s", process.readAllStandardError().constData());
        return std::nullopt;
    }
    return process.readAllStandardOutput();
}

QByteArray arrayOf(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char *>(bytes.data()), static_cast<qsizetype>(bytes.size())};
}

QString inDirectory(const TempDir &directory, const char *name)
{
    return QString::fromStdString(directory.file(name));
}

} // namespace

#define NEEDS(tool, path)                                                                                              \
    const QString path = QStandardPaths::findExecutable(QStringLiteral(tool));                                         \
    if (path.isEmpty())                                                                                                \
    QSKIP(tool " is not installed, which judges this text.")

void TestByteEncoder::formats()
{
    QTest::addColumn<ByteFormat>("format");
    QTest::addColumn<bool>("lines");
    for (const ByteFormat format : kByteFormats) {
        QTest::addRow("%s", qPrintable(formatKey(format))) << format << true;
        QTest::addRow("%s in one line", qPrintable(formatKey(format))) << format << false;
    }
}

void TestByteEncoder::writesTheTextOfEachFormat_data()
{
    QTest::addColumn<ByteFormat>("format");
    QTest::addColumn<bool>("lines");
    QTest::addColumn<QByteArray>("text");
    const auto row = [](const char *name, ByteFormat format, bool lines, const char *text) {
        QTest::newRow(name) << format << lines << QByteArray(text);
    };
    row("raw", ByteFormat::Raw, true, "S\xEF\x01\n");
    row("plain text", ByteFormat::PlainText, true, "S..\n");
    row("hex text", ByteFormat::HexText, true, "53 EF 01 0A\n");
    row("hex text in one line", ByteFormat::HexText, false, "53 EF 01 0A");
    row("hex dump", ByteFormat::HexDump, true, "00000438: 53ef 010a                                S...\n");
    row("C", ByteFormat::CArray, true, "const unsigned char data[4] = {\n    0x53, 0xef, 0x01, 0x0a,\n};\n");
    row("Rust", ByteFormat::RustArray, true, "pub static DATA: [u8; 4] = [\n    0x53, 0xef, 0x01, 0x0a,\n];\n");
    row("Python", ByteFormat::PythonBytes, true, "data = bytes([\n    0x53, 0xef, 0x01, 0x0a,\n])\n");
    row("base64", ByteFormat::Base64, true, "U+8BCg==\n");
    row("base64 in one line", ByteFormat::Base64, false, "U+8BCg==");
}

void TestByteEncoder::writesTheTextOfEachFormat()
{
    QFETCH(const ByteFormat, format);
    QFETCH(const bool, lines);
    QFETCH(const QByteArray, text);
    const auto bytes = bytesOf({0x53, 0xEF, 0x01, 0x0A});
    QCOMPARE(QByteArray::fromStdString(encoded({format, 0x438, 4, lines, "data"}, bytes)), text);
}

void TestByteEncoder::cutsAnywhereMakeTheSameText()
{
    QFETCH(const ByteFormat, format);
    QFETCH(const bool, lines);
    const auto bytes = patternBytes(2000);
    const EncodeOptions options{format, 5, bytes.size(), lines, "data"};
    const std::string whole = encoded(options, bytes);
    for (std::size_t cut = 1; cut < 200; ++cut)
        QVERIFY2(encoded(options, bytes, cut) == whole, qPrintable(QString::number(cut)));
    const std::span<const std::byte> all = bytes;
    for (std::size_t first = 0; first <= bytes.size(); ++first) { // a border at every position
        const auto encoder = makeEncoder(options);
        std::string text;
        encoder->feed(all.first(first), text);
        encoder->feed(all.subspan(first), text);
        encoder->finish(text);
        QVERIFY2(text == whole, qPrintable(QString::number(first)));
    }
}

void TestByteEncoder::sizeIsKnownBefore()
{
    QFETCH(const ByteFormat, format);
    QFETCH(const bool, lines);
    for (const std::uint64_t begin : {std::uint64_t{0}, (std::uint64_t{1} << 32) - 100, (std::uint64_t{1} << 40) - 1}) {
        for (std::size_t length = 0; length < 300; ++length) {
            const EncodeOptions options{format, begin, length, lines, "some_name"};
            const std::string text = encoded(options, patternBytes(length));
            QCOMPARE(encodedSize(options), std::uint64_t{text.size()});
        }
    }
}

void TestByteEncoder::sizeOfTheLargestRangeIsBounded()
{
    for (const ByteFormat format : kByteFormats) {
        const EncodeOptions options{format, 0, INT64_MAX, true, "data"};
        QVERIFY(encodedSize(options) >= std::uint64_t{INT64_MAX});
    }
    QCOMPARE(encodedSize({ByteFormat::HexText, 0, INT64_MAX, false, "data"}), UINT64_MAX);
    QCOMPARE(encodedSize({ByteFormat::Base64, 0, std::uint64_t{3} << 60, false, "data"}), std::uint64_t{1} << 62);
}

void TestByteEncoder::dumpIsThatOfXxd_data()
{
    QTest::addColumn<int>("begin");
    QTest::addColumn<int>("length");
    QTest::newRow("whole rows") << 0 << 4096;
    QTest::newRow("from the middle") << 5 << 1000;
    for (int length = 1; length <= 17; ++length)
        QTest::addRow("%d bytes", length) << 256 << length;
}

void TestByteEncoder::dumpIsThatOfXxd()
{
    QFETCH(const int, begin);
    QFETCH(const int, length);
    NEEDS("xxd", xxd);
    const TempDir directory;
    const auto bytes = Random().bytes(8192);
    const std::string path = directory.write("bytes", bytes);
    const auto judged = printed(xxd,
                                {QStringLiteral("-s"), QString::number(begin), QStringLiteral("-l"),
                                 QString::number(length), QString::fromStdString(path)});
    QVERIFY(judged);
    const auto part = std::span(bytes).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(length));
    QCOMPARE(QByteArray::fromStdString(
                 encoded(optionsFor(ByteFormat::HexDump, part, static_cast<std::uint64_t>(begin)), part)),
             *judged);
}

void TestByteEncoder::dumpFarIntoASparseFileIsThatOfXxd()
{
    NEEDS("xxd", xxd);
    const TempDir directory;
    const std::uint64_t size = std::uint64_t{1} << 40;
    if (!directory.writeSparse("sparse", size))
        QSKIP("The file system here takes no file of 1 TiB.");
    for (const std::uint64_t begin : {(std::uint64_t{1} << 32) - 40, size - 100}) {
        const auto judged = printed(xxd,
                                    {QStringLiteral("-s"), QString::number(begin), QStringLiteral("-l"),
                                     QStringLiteral("90"), inDirectory(directory, "sparse")});
        QVERIFY(judged);
        const std::vector<std::byte> zeros(90);
        QCOMPARE(QByteArray::fromStdString(encoded(optionsFor(ByteFormat::HexDump, zeros, begin), zeros)), *judged);
    }
}

void TestByteEncoder::base64IsThatOfTheTool()
{
    NEEDS("base64", base64);
    for (const std::size_t length : {1U, 2U, 3U, 56U, 57U, 58U, 113U, 5000U}) {
        const auto bytes = Random(length).bytes(length);
        EncodeOptions options = optionsFor(ByteFormat::Base64, bytes);
        QCOMPARE(printed(base64, {}, arrayOf(bytes)), QByteArray::fromStdString(encoded(options, bytes)));
        options.lines = false;
        QCOMPARE(printed(base64, {QStringLiteral("-w0")}, arrayOf(bytes)),
                 QByteArray::fromStdString(encoded(options, bytes)));
    }
}

void TestByteEncoder::pythonReadsItsArray()
{
    NEEDS("python3", python);
    const TempDir directory;
    const auto bytes = Random().bytes(3001);
    const std::string text
        = encoded(optionsFor(ByteFormat::PythonBytes, bytes), bytes) + "import sys\nsys.stdout.buffer.write(data)\n";
    const std::string path = directory.write("array.py", std::as_bytes(std::span(text)));
    QCOMPARE(printed(python, {QString::fromStdString(path)}), arrayOf(bytes));
    const QString fromHex = QStringLiteral("import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))");
    QCOMPARE(printed(python, {QStringLiteral("-c"), fromHex},
                     QByteArray::fromStdString(encoded(optionsFor(ByteFormat::HexText, bytes), bytes))),
             arrayOf(bytes));
}

void TestByteEncoder::compilersReadTheirArrays_data()
{
    QTest::addColumn<ByteFormat>("format");
    QTest::addColumn<QString>("compiler");
    QTest::addColumn<QByteArray>("rest");
    QTest::addColumn<QString>("source");
    QTest::newRow("C")
        << ByteFormat::CArray << "cc"
        << QByteArray(
               "#include <stdio.h>\nint main(void) { return fwrite(data, 1, sizeof data, stdout) != sizeof data; }\n")
        << "a.c";
    QTest::newRow("C++")
        << ByteFormat::CArray << "c++"
        << QByteArray(
               "#include <cstdio>\nint main() { return std::fwrite(data, 1, sizeof data, stdout) != sizeof data; }\n")
        << "a.cpp";
    QTest::newRow("Rust") << ByteFormat::RustArray << "rustc"
                          << QByteArray(
                                 "use std::io::Write;\nfn main() { std::io::stdout().write_all(&DATA).unwrap(); }\n")
                          << "a.rs";
}

void TestByteEncoder::compilersReadTheirArrays()
{
    QFETCH(const ByteFormat, format);
    QFETCH(const QString, compiler);
    QFETCH(const QByteArray, rest);
    QFETCH(const QString, source);
    const QString path = QStandardPaths::findExecutable(compiler);
    if (path.isEmpty() || !printed(path, {QStringLiteral("--version")}))
        QSKIP(qPrintable(compiler + QStringLiteral(" is not installed, which judges this text.")));
    const TempDir directory;
    const auto bytes = Random().bytes(1000);
    const QByteArray text = QByteArray::fromStdString(encoded(optionsFor(format, bytes), bytes)) + rest;
    const std::string file = directory.write(source.toStdString(), std::as_bytes(std::span(text)));
    QVERIFY(printed(path, {QString::fromStdString(file), QStringLiteral("-o"), inDirectory(directory, "program")}));
    QCOMPARE(printed(inDirectory(directory, "program"), {}), arrayOf(bytes));
}

void TestByteEncoder::decodersReadItBack_data()
{
    QTest::addColumn<ByteFormat>("format");
    QTest::addColumn<TextFormat>("read");
    QTest::newRow("hex text") << ByteFormat::HexText << TextFormat::HexText;
    QTest::newRow("hex dump") << ByteFormat::HexDump << TextFormat::HexDump;
    QTest::newRow("C") << ByteFormat::CArray << TextFormat::Array;
    QTest::newRow("Rust") << ByteFormat::RustArray << TextFormat::Array;
    QTest::newRow("Python") << ByteFormat::PythonBytes << TextFormat::Array;
    QTest::newRow("base64") << ByteFormat::Base64 << TextFormat::Base64;
}

void TestByteEncoder::decodersReadItBack()
{
    QFETCH(const ByteFormat, format);
    QFETCH(const TextFormat, read);
    Random random;
    for (int round = 0; round < 300; ++round) {
        const auto bytes = random.bytes(static_cast<std::size_t>(1 + random.skewedBelow(5000)));
        EncodeOptions options = optionsFor(format, bytes, random.skewedBelow(std::uint64_t{1} << 62));
        options.lines = random.oneIn(2);
        const std::string text = encoded(options, bytes, static_cast<std::size_t>(1 + random.below(100)));
        const auto back = decodeText(read, QString::fromStdString(text));
        QVERIFY2(back, back ? "" : qPrintable(textErrorText(back.error())));
        QVERIFY(*back == bytes);
    }
}

void TestByteEncoder::arrayNamesAreIdentifiers()
{
    for (const char *good : {"data", "_x", "A1_b"})
        QVERIFY(isArrayName(good));
    for (const char *bad : {"", "1a", "a-b", "a b", "\xC3\xA4"})
        QVERIFY(!isArrayName(bad));
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestByteEncoder)
#include "tst_byte_encoder.moc"
