// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/random.h"
#include "ui/formats/format_text.h"
#include "ui/formats/text_decoder.h"
#include "ui/formats/text_recognition.h"

#include <QProcess>
#include <QStandardPaths>
#include <QtTest>

using namespace cachet;
using Kind = TextError::Kind;

namespace cachet_test {

/// Text into bytes: what is taken, what is refused and where, and what a text is taken for.
class TestTextDecoder : public QObject {
    Q_OBJECT

private slots:
    void readsWhatPeoplePaste_data();
    void readsWhatPeoplePaste();
    void saysWhereATextIsWrong_data();
    void saysWhereATextIsWrong();
    void cutsAnywhereChangeNothing_data();
    void cutsAnywhereChangeNothing();
    void anyCharactersAreTakenOrRefusedAlike();
    void recognisesATextByThePane_data();
    void recognisesATextByThePane();
    void recognisesByTheBeginOfALongText();
    void readsTheDumpsOfHexdump();
    void errorsAreSentences();
};

namespace {

using Decoded = std::expected<std::vector<std::byte>, TextError>;

/// Fed in two parts, or in parts of one size.
Decoded decodedInParts(TextFormat format, QStringView text, qsizetype first, qsizetype each)
{
    const auto decoder = makeDecoder(format);
    std::vector<std::byte> bytes;
    for (qsizetype at = 0; at < text.size();) {
        const qsizetype length = std::min(at == 0 && first > 0 ? first : each, text.size() - at);
        if (const auto fed = decoder->feed(text.sliced(at, length), bytes); !fed)
            return std::unexpected(fed.error());
        at += length;
    }
    if (const auto ended = decoder->finish(bytes); !ended)
        return std::unexpected(ended.error());
    return bytes;
}

struct Sample {
    const char *name;
    TextFormat format;
    const char *text;
    std::vector<int> bytes;
};

constexpr auto kHex = TextFormat::HexText;
constexpr auto kDump = TextFormat::HexDump;
constexpr auto kArray = TextFormat::Array;
constexpr auto kBase64 = TextFormat::Base64;
constexpr auto kUtf8 = TextFormat::Utf8Text;

const std::vector<Sample> &samples()
{
    static const std::vector<Sample> all{
        {"pairs", kHex, "DE ad  BE\nEF\r\n", {0xDE, 0xAD, 0xBE, 0xEF}},
        {"none between", kHex, "deadBEEF", {0xDE, 0xAD, 0xBE, 0xEF}},
        {"prefixes and commas", kHex, "0xDE, 0Xad,0x00", {0xDE, 0xAD, 0x00}},
        {"long groups", kHex, "0xDEADBEEF 0102", {0xDE, 0xAD, 0xBE, 0xEF, 1, 2}},
        {"escapes", kHex, "\\xde\\xAD\\x00", {0xDE, 0xAD, 0}},
        {"an address of a card", kHex, "de:ad-be", {0xDE, 0xAD, 0xBE}},
        {"zeros that are no prefix", kHex, "00 0000", {0, 0, 0}},
        {"xxd", kDump, "00000438: 53ef 0100                                S...\n", {0x53, 0xEF, 1, 0}},
        {"xxd, two rows",
         kDump,
         "00000000: 3031 3233 3435 3637 3839 6162 6364 6566  0123456789abcdef\n00000010: 41  A\n",
         {0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x41}},
        {"xxd, characters that look like bytes",
         kDump,
         "00000000: 6161 2020                                aa  \n",
         {0x61, 0x61, 0x20, 0x20}},
        {"xxd -g1, no characters", kDump, "  10: 01 02 03\r\n  13: 04", {1, 2, 3, 4}},
        {"hexdump -C",
         kDump,
         "00000430  43 5d 0f 64 01 00 ff ff  53 ef                    |C].d....S.|\n0000043a\n",
         {0x43, 0x5D, 0x0F, 0x64, 1, 0, 0xFF, 0xFF, 0x53, 0xEF}},
        {"C", kArray, "static const uint8_t data[512] = { 0x01, 2, 0xFFu, -1, 0b11, }; // {\n", {1, 2, 0xFF, 0xFF, 3}},
        {"xxd -i", kArray, "unsigned char a_img[] = {\n  0x53, 0xef\n};\nunsigned int a_img_len = 2;\n", {0x53, 0xEF}},
        {"C with comments", kArray, "char x[] = { 1 /* 2, */, 3, // 4\n 5 };", {1, 3, 5}},
        {"nested", kArray, "{{1, 2}, {3}}", {1, 2, 3}},
        {"Rust", kArray, "const A: [u8; 3] = [0x01, 0b1111_0000, 7u8];", {1, 0xF0, 7}},
        {"Rust, a vector", kArray, "let v = vec![1, 2];", {1, 2}},
        {"Rust, with an attribute", kArray, "#[rustfmt::skip]\npub static D: [u8; 1] = [9];", {9}},
        {"Python", kArray, "data = bytes([0x01, # one\n 2])\n", {1, 2}},
        {"a list", kArray, "[1, 2,\n3]", {1, 2, 3}},
        {"a list of one", kArray, "[7]", {7}},
        {"base64", kBase64, "U+8BCg==", {0x53, 0xEF, 1, 0x0A}},
        {"base64 in lines", kBase64, " U+8B\r\nCg==\n", {0x53, 0xEF, 1, 0x0A}},
        {"base64 for addresses, unpadded", kBase64, "-_-_Cg", {0xFB, 0xFF, 0xBF, 0x0A}},
        {"text", kUtf8, "a\xC3\xA4\n", {'a', 0xC3, 0xA4, '\n'}},
        {"text beyond the first plane", kUtf8, "\xF0\x9F\x92\xBE", {0xF0, 0x9F, 0x92, 0xBE}},
        {"text in UTF-16", TextFormat::Utf16Text, "a\xC3\xA4", {'a', 0, 0xE4, 0}},
    };
    return all;
}

struct Refused {
    const char *name;
    TextFormat format;
    const char *text;
    TextError error;
};

const std::vector<Refused> &refused()
{
    static const std::vector<Refused> all{
        {"nothing", kHex, " \n", {Kind::Empty, 2, 1}},
        {"odd digits", kHex, "00\n 11 234", {Kind::HalfByte, 2, 5}},
        {"one digit", kHex, "0 11", {Kind::HalfByte, 1, 1}},
        {"a letter", kHex, "00 1\n1g", {Kind::HalfByte, 1, 4}},
        {"a letter in a byte", kHex, "00 1g", {Kind::WrongCharacter, 1, 5, U'g'}},
        {"a letter after a byte", kHex, "00 11z", {Kind::WrongCharacter, 1, 6, U'z'}},
        {"no digits", kHex, "12 0x", {Kind::MissingDigits, 1, 4}},
        {"another escape", kHex, "\\n", {Kind::WrongCharacter, 1, 2, U'n'}},
        {"a picture", kHex, "00 \xF0\x9F\x92\xBE", {Kind::WrongCharacter, 1, 4, U'\U0001F4BE'}},
        {"after a wide character", kUtf8, "", {Kind::Empty, 1, 1}},
        {"dump: no offset", kDump, "zz", {Kind::NoOffset, 1, 1}},
        {"dump: no colon", kDump, "0000 1111", {Kind::NoOffset, 1, 1}},
        {"dump: a line left out", kDump, "00000000: 0102  ..\n00000010: 03  .", {Kind::OffsetJump, 2, 1, 0, 2}},
        {"dump: squeezed", kDump, "00000000: 0102  ..\n*\n00000010: 03  .", {Kind::SqueezedLines, 2, 1, 0, 0}},
        {"dump: half a byte", kDump, "00000000: 012  ..", {Kind::HalfByte, 1, 13}},
        {"dump: a letter", kDump, "00000000: 0x12  ..", {Kind::WrongCharacter, 1, 12, U'x'}},
        {"dump: after its end",
         kDump,
         "00000000  01  |.|\n00000001\n00000001  01  |.|",
         {Kind::OffsetJump, 3, 1, 0, 1}},
        {"array: too large", kArray, "{1,\n 256}", {Kind::NumberTooLarge, 2, 2}},
        {"array: below", kArray, "{-129}", {Kind::NumberTooLarge, 1, 2}},
        {"array: far too large", kArray, "{99999999999999999999999}", {Kind::NumberTooLarge, 1, 2}},
        {"array: octal", kArray, "{010}", {Kind::AmbiguousNumber, 1, 2}},
        {"array: no list", kArray, "x = 5;", {Kind::NoList, 1, 7}},
        {"array: size alone too large", kArray, "[512]", {Kind::NumberTooLarge, 1, 2}},
        {"array: unclosed", kArray, "{1, 2", {Kind::UnclosedList, 1, 6}},
        {"array: two", kArray, "{1} {2}", {Kind::SecondList, 1, 5}},
        {"array: a word", kArray, "{1, x}", {Kind::WrongCharacter, 1, 5, U'x'}},
        {"array: no comma", kArray, "{1 2}", {Kind::WrongCharacter, 1, 4, U'2'}},
        {"array: a letter in a number", kArray, "{0x1g}", {Kind::WrongCharacter, 1, 2, U'g'}},
        {"array: no digits", kArray, "{0x}", {Kind::MissingDigits, 1, 2}},
        {"base64: a character", kBase64, "U+8B\nC!==", {Kind::WrongCharacter, 2, 2, U'!'}},
        {"base64: cut", kBase64, "U+8BC", {Kind::WrongPadding, 1, 5}},
        {"base64: after its end", kBase64, "Cg==Cg==", {Kind::WrongPadding, 1, 5}},
        {"base64: too many =", kBase64, "Cg===", {Kind::WrongPadding, 1, 5}},
        {"base64: bits left", kBase64, "Ch==", {Kind::WrongPadding, 1, 4}},
    };
    return all;
}

Decoded decoded(TextFormat format, const char *text)
{
    return decodeText(format, QString::fromUtf8(text));
}

QByteArray described(const Decoded &result)
{
    return result ? QByteArray("taken") : textErrorText(result.error()).toUtf8();
}

} // namespace

void TestTextDecoder::readsWhatPeoplePaste_data()
{
    QTest::addColumn<std::size_t>("index");
    for (std::size_t i = 0; i < samples().size(); ++i)
        QTest::newRow(samples()[i].name) << i;
}

void TestTextDecoder::readsWhatPeoplePaste()
{
    QFETCH(const std::size_t, index);
    const Sample &sample = samples()[index];
    const Decoded result = decoded(sample.format, sample.text);
    QVERIFY2(result, described(result).constData());
    std::vector<std::byte> expected;
    for (const int value : sample.bytes)
        expected.push_back(static_cast<std::byte>(value));
    QCOMPARE(*result, expected);
}

void TestTextDecoder::saysWhereATextIsWrong_data()
{
    QTest::addColumn<std::size_t>("index");
    for (std::size_t i = 0; i < refused().size(); ++i)
        QTest::newRow(refused()[i].name) << i;
}

void TestTextDecoder::saysWhereATextIsWrong()
{
    QFETCH(const std::size_t, index);
    const Refused &row = refused()[index];
    const Decoded result = decoded(row.format, row.text);
    QVERIFY(!result);
    TextError error = result.error();
    if (row.error.kind != Kind::OffsetJump)
        error.expected = 0;
    QVERIFY2(error == row.error, described(result).constData());
}

void TestTextDecoder::cutsAnywhereChangeNothing_data()
{
    QTest::addColumn<TextFormat>("format");
    QTest::addColumn<QString>("text");
    for (const Sample &sample : samples())
        QTest::newRow(sample.name) << sample.format << QString::fromUtf8(sample.text);
    for (const Refused &row : refused())
        QTest::newRow(row.name) << row.format << QString::fromUtf8(row.text);
}

void TestTextDecoder::cutsAnywhereChangeNothing()
{
    QFETCH(const TextFormat, format);
    QFETCH(const QString, text);
    const Decoded whole = decodeText(format, text);
    for (qsizetype first = 1; first < text.size(); ++first)
        QVERIFY2(decodedInParts(format, text, first, text.size()) == whole, qPrintable(QString::number(first)));
    for (qsizetype each = 1; each < 8; ++each)
        QVERIFY2(decodedInParts(format, text, 0, each) == whole, qPrintable(QString::number(each)));
}

void TestTextDecoder::anyCharactersAreTakenOrRefusedAlike()
{
    Random random;
    static const QString kCharacters = QStringLiteral("0123456789abcdefABCDEFxX ,;:-\\\n\r\t{}[]()=/*#_'u|+gZ\u00e4")
        + QChar(0xD83D) + QChar(0xDCBE);
    for (int round = 0; round < 4000; ++round) {
        QString text;
        const auto length = random.below(60);
        for (std::uint64_t i = 0; i < length; ++i)
            text += kCharacters[static_cast<qsizetype>(random.below(static_cast<std::uint64_t>(kCharacters.size())))];
        for (const TextFormat format : kTextFormats) {
            const Decoded whole = decodeText(format, text);
            const Decoded parts = decodedInParts(format, text, 0, static_cast<qsizetype>(1 + random.below(5)));
            QVERIFY2(whole == parts, qPrintable(text));
        }
        (void)recogniseText(text, PastePane::Hex);
    }
}

void TestTextDecoder::recognisesATextByThePane_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<TextFormat>("inHex");
    QTest::addColumn<bool>("sureInHex");
    QTest::addColumn<bool>("sureInText"); // as characters
    const auto row = [](const char *text, TextFormat format, bool sure, bool sureInText) {
        QTest::newRow(text) << QString::fromUtf8(text) << format << sure << sureInText;
    };
    row("DE AD BE EF", kHex, true, false);
    row("deadbeef", kHex, true, true);
    row("cafe", kHex, true, true);
    row("0x01, 0x02", kHex, true, false);
    row("00000000: 3031  01\n", kDump, true, false);
    row("unsigned char a[] = { 1, 2 };", kArray, true, false);
    row("[1, 2, 3]", kArray, true, false);
    row("see [1] for more", kUtf8, true, true);
    row("U+8BCg==", kUtf8, false, true); // short: it may be a word
    row("VGhlIHF1aWNrIGJyb3duIGZveA==", kBase64, true, false);
    row("password", kUtf8, false, true);
    row("Hello, world!", kUtf8, true, true);
    row("DE AD BE E", kHex, false, true);
    row("DE AD BE EG", kHex, false, true);
    row("00000000: 30  0\n00000009: 31  1\n", kDump, false, true);
    row("{ 0x01, 0x100 }", kArray, false, true);
    row("\xC3\xA4\xC3\xB6", kUtf8, true, true);
}

void TestTextDecoder::recognisesATextByThePane()
{
    QFETCH(const QString, text);
    QFETCH(const TextFormat, inHex);
    QFETCH(const bool, sureInHex);
    QFETCH(const bool, sureInText);
    const RecognisedText hex = recogniseText(text, PastePane::Hex);
    QCOMPARE(hex.format, inHex);
    QCOMPARE(hex.sure, sureInHex);
    const RecognisedText characters = recogniseText(text, PastePane::Text);
    QCOMPARE(characters.format, kUtf8);
    QCOMPARE(characters.sure, sureInText);
}

void TestTextDecoder::recognisesByTheBeginOfALongText()
{
    const QString digits = QStringLiteral("de ad be ef ").repeated(100'000);
    QCOMPARE(recogniseText(digits + u'!', PastePane::Hex), (RecognisedText{kHex, true}));
    const QString lines = (QString(76, u'Q') + u'\n').repeated(10'000);
    QCOMPARE(recogniseText(lines, PastePane::Hex), (RecognisedText{kBase64, true}));
    const QString picture = QString::fromUcs4(U"\U0001F4BE");
    QCOMPARE(recogniseText(u'x' + picture.repeated(100'000), PastePane::Text), (RecognisedText{kUtf8, true}));
    QElapsedTimer timer;
    timer.start();
    (void)recogniseText(QString(kRecognisedLength * 100, u'a'), PastePane::Hex);
    QVERIFY(timer.elapsed() < 1000);
}

void TestTextDecoder::readsTheDumpsOfHexdump()
{
    const QString hexdump = QStandardPaths::findExecutable(QStringLiteral("hexdump"));
    if (hexdump.isEmpty())
        QSKIP("hexdump is not installed, which makes this text.");
    const auto bytes = Random().bytes(3003);
    QProcess process;
    process.start(hexdump, {QStringLiteral("-v"), QStringLiteral("-C")});
    process.write(reinterpret_cast<const char *>(bytes.data()), static_cast<qint64>(bytes.size()));
    process.closeWriteChannel();
    QVERIFY(process.waitForFinished());
    const QString text = QString::fromLatin1(process.readAllStandardOutput());
    const Decoded back = decodeText(kDump, text);
    QVERIFY2(back, described(back).constData());
    QVERIFY(*back == bytes);
    QCOMPARE(recogniseText(text, PastePane::Hex), (RecognisedText{kDump, true}));
}

void TestTextDecoder::errorsAreSentences()
{
    QCOMPARE(textErrorText({Kind::WrongCharacter, 3, 7, U'G', 0}),
             QStringLiteral("Line 3, column 7: \"G\" does not belong there. Correct the text and copy it again, or "
                            "read it as something else."));
    for (int kind = 0; kind <= static_cast<int>(Kind::Empty); ++kind) {
        const QString text = textErrorText({static_cast<Kind>(kind), 1, 1, U'x', 16});
        QVERIFY2(text.endsWith(u'.') && !text.contains(u'%') && !text.contains(QStringLiteral("..")), qPrintable(text));
    }
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestTextDecoder)
#include "tst_text_decoder.moc"
