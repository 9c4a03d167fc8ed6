// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/edits.h"
#include "tests/support/random.h"
#include "ui/inspector/character_value.h"
#include "ui/inspector/value_text.h"

#include <QtTest>

#include <algorithm>

using namespace cachet;

Q_DECLARE_METATYPE(cachet::ValueKind)

namespace cachet_test {

namespace {

constexpr ByteOrder kLittle = ByteOrder::Little;
constexpr ByteOrder kBig = ByteOrder::Big;

std::vector<std::byte> fromHex(const char *hex)
{
    const QByteArray raw = QByteArray::fromHex(hex);
    std::vector<std::byte> bytes(static_cast<std::size_t>(raw.size()));
    std::transform(raw.cbegin(), raw.cend(), bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
    return bytes;
}

QString toHex(const std::vector<std::byte> &bytes)
{
    QByteArray raw;
    for (const std::byte byte : bytes)
        raw.append(static_cast<char>(byte));
    return QString::fromLatin1(raw.toHex());
}

ValueFormat formatOf(ByteOrder order, const char *characterSet = "UTF-8", bool hex = false)
{
    return {.order = order, .characterSet = characterSet, .hexIntegers = hex};
}

} // namespace

/// Bytes as values and back, without a window.
class TestInspectorValues : public QObject {
    Q_OBJECT

private slots:
    void readsValues_data();
    void readsValues();
    void writesWhatPeopleType_data();
    void writesWhatPeopleType();
    void saysWhatIsWrong_data();
    void saysWhatIsWrong();
    void readsCharactersOfEverySet_data();
    void readsCharactersOfEverySet();
    void asksForMoreBytes_data();
    void asksForMoreBytes();
    void everyValueSurvivesItsText();
    void everyCharacterSurvivesItsText();
    void everyKindHasATitleAndATip();
};

void TestInspectorValues::readsValues_data()
{
    QTest::addColumn<ValueKind>("kind");
    QTest::addColumn<int>("order");
    QTest::addColumn<QByteArray>("hex");
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("isValue");
    const auto row = [](const char *name, ValueKind kind, ByteOrder order, const char *hex, const char *text,
                        bool isValue = true) {
        QTest::newRow(name) << kind << static_cast<int>(order) << QByteArray(hex) << QString::fromUtf8(text) << isValue;
    };
    row("bits", ValueKind::Bits, kLittle, "53", "0101 0011");
    row("signed byte", ValueKind::Signed8, kLittle, "80", "-128");
    row("ext4 magic", ValueKind::Unsigned16, kLittle, "53ef", "61267");
    row("ext4 magic, big", ValueKind::Unsigned16, kBig, "53ef", "21487");
    row("least", ValueKind::Signed64, kBig, "8000000000000000", "-9223372036854775808");
    row("most", ValueKind::Unsigned64, kLittle, "ffffffffffffffff", "18446744073709551615");
    row("half one", ValueKind::Float16, kLittle, "003c", "1");
    row("half tenth", ValueKind::Float16, kBig, "2e66", "0.1");
    row("half largest", ValueKind::Float16, kBig, "7bff", "65504");
    row("half smallest", ValueKind::Float16, kBig, "0001", "6e-08");
    row("half infinite", ValueKind::Float16, kBig, "fc00", "-inf");
    row("minus zero", ValueKind::Float32, kBig, "80000000", "-0");
    row("tenth", ValueKind::Float32, kBig, "3dcccccd", "0.1");
    row("nan", ValueKind::Float32, kBig, "7fc00000", "nan");
    row("signalling nan", ValueKind::Float32, kBig, "ff800001", "-nan(0x1)");
    row("double", ValueKind::Float64, kLittle, "182d4454fb210940", "3.141592653589793");
    row("leb", ValueKind::UnsignedLeb128, kLittle, "e58e26", "624485");
    row("signed leb", ValueKind::SignedLeb128, kLittle, "c0bb78", "-123456");
    row("padded leb", ValueKind::UnsignedLeb128, kLittle, "808000", "0");
    row("leb of 64 bits", ValueKind::UnsignedLeb128, kLittle, "ffffffffffffffffff01", "18446744073709551615");
    row("leb of 65 bits", ValueKind::UnsignedLeb128, kLittle, "ffffffffffffffffff02", "more than 64 bits", false);
    row("leb without end", ValueKind::SignedLeb128, kLittle, "8080808080808080808080", "more than 64 bits", false);
    row("least signed leb", ValueKind::SignedLeb128, kLittle, "8080808080808080807f", "-9223372036854775808");
    row("unix zero", ValueKind::UnixTime32, kBig, "00000000", "1970-01-01 00:00:00Z");
    row("unix first", ValueKind::UnixTime32, kBig, "80000000", "1901-12-13 20:45:52Z");
    row("unix last", ValueKind::UnixTime32, kBig, "7fffffff", "2038-01-19 03:14:07Z");
    row("unix year 1", ValueKind::UnixTime64, kBig, "fffffff1886e0900", "0001-01-01 00:00:00Z");
    row("unix before", ValueKind::UnixTime64, kBig, "fffffff1886e08ff", "not in years 1 to 9999", false);
    row("unix year 9999", ValueKind::UnixTime64, kBig, "0000003afff4417f", "9999-12-31 23:59:59Z");
    row("unix after", ValueKind::UnixTime64, kBig, "0000003afff44180", "not in years 1 to 9999", false);
    row("filetime", ValueKind::FileTime, kBig, "019db1ded53e8000", "1970-01-01 00:00:00Z");
    row("filetime step", ValueKind::FileTime, kBig, "019db1ded53e8001", "1970-01-01 00:00:00.0000001Z");
    row("filetime far", ValueKind::FileTime, kBig, "ffffffffffffffff", "not in years 1 to 9999", false);
    row("dos date", ValueKind::DosDate, kLittle, "765d", "2026-11-22");
    row("dos no date", ValueKind::DosDate, kLittle, "0000", "no such date", false);
    row("dos 30 February", ValueKind::DosDate, kBig, "005e", "no such date", false);
    row("dos time", ValueKind::DosTime, kLittle, "52a6", "20:50:36");
    row("dos no time", ValueKind::DosTime, kLittle, "ffff", "no such time", false);
    row("dos both", ValueKind::DosDateTime, kLittle, "52a6765d", "2026-11-22 20:50:36");
    row("guid of an EFI partition", ValueKind::GuidMicrosoft, kLittle, "28732ac11ff8d211ba4b00a0c93ec93b",
        "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
    row("guid as written", ValueKind::GuidRfc, kLittle, "28732ac11ff8d211ba4b00a0c93ec93b",
        "28732ac1-1ff8-d211-ba4b-00a0c93ec93b");
}

void TestInspectorValues::readsValues()
{
    QFETCH(const ValueKind, kind);
    QFETCH(const int, order);
    QFETCH(const QByteArray, hex);
    const auto bytes = fromHex(hex.constData());
    const Reading read = readValue(kind, bytes, formatOf(static_cast<ByteOrder>(order)));
    QVERIFY(read);
    QTEST(read->text, "text");
    QTEST(read->isValue, "isValue");
    QVERIFY(read->length >= 1 && read->length <= bytes.size());
}

void TestInspectorValues::writesWhatPeopleType_data()
{
    QTest::addColumn<ValueKind>("kind");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("hex"); // big endian
    const auto row = [](ValueKind kind, const char *text, const char *hex) {
        QTest::newRow(text) << kind << QString::fromUtf8(text) << QString::fromLatin1(hex);
    };
    row(ValueKind::Unsigned16, " 0xEF53 ", "ef53");
    row(ValueKind::Unsigned16, "+42", "002a");
    row(ValueKind::Unsigned8, "0b101", "05");
    row(ValueKind::Unsigned8, "0o17", "0f");
    row(ValueKind::Unsigned8, "007", "07");
    row(ValueKind::Signed8, "-0x80", "80");
    row(ValueKind::Signed32, "-1", "ffffffff");
    row(ValueKind::Unsigned8, "-0", "00");
    row(ValueKind::Bits, "01010011", "53");
    row(ValueKind::Bits, "1111_0000", "f0");
    row(ValueKind::Float16, "65519", "7bff"); // rounds down to the largest
    row(ValueKind::Float16, "2049", "6800");  // a tie, to even
    row(ValueKind::Float16, "2051", "6802");
    row(ValueKind::Float16, "-inf", "fc00");
    row(ValueKind::Float16, "1e-7", "0002");
    row(ValueKind::Float32, "16777217", "4b800000");
    row(ValueKind::Float32, "NaN", "7fc00000");
    row(ValueKind::Float32, ".5", "3f000000");
    row(ValueKind::Float32, "-0.0e5", "80000000");
    row(ValueKind::Float64, "1e22", "4480f0cf064dd592");
    row(ValueKind::Float64, "-nan(0x8000000000001)", "fff8000000000001");
    row(ValueKind::UnixTime32, "1970-01-02", "00015180");
    row(ValueKind::UnixTime32, "1970-01-01T01:00:00+01:00", "00000000");
    row(ValueKind::UnixTime32, "1970-01-01 00:01", "0000003c");
    row(ValueKind::UnixTime32, "1969-12-31 23:59:59 UTC", "ffffffff");
    row(ValueKind::UnixTime64, "1970-01-01 00:00:00-0100", "0000000000000e10");
    row(ValueKind::FileTime, "1601-01-01 00:00:00.5z", "00000000004c4b40");
    row(ValueKind::DosDate, "1980-01-01", "0021");
    row(ValueKind::DosDate, "2107-12-31", "ff9f");
    row(ValueKind::DosTime, "23:59:58", "bf7d");
    row(ValueKind::DosTime, "00:01", "0020");
    row(ValueKind::DosDateTime, "2026-11-22T20:50:36", "5d76a652");
    row(ValueKind::GuidRfc, "{00112233-4455-6677-8899-AABBCCDDEEFF}", "00112233445566778899aabbccddeeff");
    row(ValueKind::GuidMicrosoft, "00112233445566778899aabbccddeeff", "33221100554477668899aabbccddeeff");
    row(ValueKind::Character, "A", "41");
    row(ValueKind::Character, " ", "20");
    row(ValueKind::Character, "u+0", "00");
    row(ValueKind::Character, " U+7f ", "7f");
}

void TestInspectorValues::writesWhatPeopleType()
{
    QFETCH(const ValueKind, kind);
    QFETCH(const QString, text);
    const std::size_t length = std::max<std::size_t>(fixedLength(kind), 1);
    const Writing bytes = writeValue(kind, text, length, formatOf(kBig));
    QVERIFY2(bytes, qPrintable(bytes ? QString() : bytes.error()));
    QTEST(toHex(*bytes), "hex");
}

void TestInspectorValues::saysWhatIsWrong_data()
{
    QTest::addColumn<ValueKind>("kind");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("part"); // of the sentence
    const auto row = [](ValueKind kind, const char *text, const char *part) {
        QTest::addRow("%d %s", static_cast<int>(kind), text)
            << kind << QString::fromUtf8(text) << QString::fromUtf8(part);
    };
    row(ValueKind::Unsigned8, "256", "from 0 to 255");
    row(ValueKind::Unsigned8, "-1", "from 0 to 255");
    row(ValueKind::Signed8, "128", "from -128 to 127");
    row(ValueKind::Signed8, "-129", "from -128 to 127");
    row(ValueKind::Signed64, "9223372036854775808", "to 9223372036854775807");
    row(ValueKind::Unsigned64, "18446744073709551616", "to 18446744073709551615");
    row(ValueKind::Unsigned64, "99999999999999999999999999999999999999999", "to 18446744073709551615");
    for (const char *text : {"", "  ", "-", "0x", "0b2", "1.5", "1,000", "--1", "12a", "0x-1", "٤", "1 2"})
        row(ValueKind::Signed32, text, "whole number");
    row(ValueKind::Bits, "0101", "8 bits, not 4");
    row(ValueKind::Bits, "010100110", "not 9");
    row(ValueKind::Bits, "01010012", "“2” is no bit");
    row(ValueKind::Float16, "65520", "too large or too small for 16");
    row(ValueKind::Float16, "1e-8", "too large or too small for 16");
    row(ValueKind::Float32, "1e39", "too large or too small for 32");
    row(ValueKind::Float32, "1e-46", "too large or too small for 32");
    row(ValueKind::Float64, "-1e400", "too large or too small for 64");
    for (const char *text :
         {"", "1,5", "one", "--1", "+-1", "0x1p3", "1e", "nan(1)", "nan(0x0)", "nan(0x400000000)", "1 2"})
        row(ValueKind::Float32, text, "number");
    row(ValueKind::UnsignedLeb128, "128", "takes 2 bytes, and the number here has only 1 byte");
    row(ValueKind::SignedLeb128, "64", "takes 2 bytes");
    row(ValueKind::SignedLeb128, "-65", "takes 2 bytes");
    row(ValueKind::UnsignedLeb128, "-1", "from 0");
    for (const char *text : {"", "now", "2026-11-22 25", "22.11.2026", "2026-1-2", "20:50:37", "12026-01-01"})
        row(ValueKind::UnixTime32, text, "date");
    row(ValueKind::UnixTime32, "2026-02-29", "no day 2026-02-29");
    row(ValueKind::UnixTime32, "2026-11-22 24:00:00", "no such time of day");
    row(ValueKind::UnixTime32, "2026-11-22 23:59:60", "no such time of day");
    row(ValueKind::UnixTime32, "2026-11-22 00:00:00+24:00", "no such time zone");
    row(ValueKind::UnixTime32, "2026-11-22 20:50:37.5", "whole seconds");
    row(ValueKind::UnixTime32, "2038-01-19 03:14:08", "to 2038-01-19 03:14:07Z");
    row(ValueKind::UnixTime64, "0000-01-01", "no day");
    row(ValueKind::FileTime, "1600-12-31 23:59:59", "1601");
    row(ValueKind::FileTime, "2026-11-22 20:50:37.12345678", "at most 7 digits");
    row(ValueKind::DosDate, "1979-12-31", "1980 to 2107");
    row(ValueKind::DosDate, "2108-01-01", "1980 to 2107");
    row(ValueKind::DosDate, "2026-11-22 10:00", "Type a date");
    row(ValueKind::DosTime, "20:50:37", "two seconds");
    row(ValueKind::DosTime, "20:50:36Z", "no time zone");
    row(ValueKind::DosTime, "2026-11-22", "Type a time");
    row(ValueKind::DosDateTime, "2026-11-22", "Type a date and time");
    for (const char *text : {"", "0011", "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeefg",
                             "00112233-44556677-8899-aabbccddeeff", "{00112233-4455-6677-8899-aabbccddeeff"})
        row(ValueKind::GuidRfc, text, "32 hexadecimal digits");
    for (const char *text : {"", "AB", "U+", "U+110000", "U+D800", "U+xyz"})
        row(ValueKind::Character, text, "one character");
    row(ValueKind::Character, "é", "takes 2 bytes in UTF-8, and the character here has 1");
}

void TestInspectorValues::saysWhatIsWrong()
{
    QFETCH(const ValueKind, kind);
    QFETCH(const QString, text);
    QFETCH(const QString, part);
    const std::size_t length = std::max<std::size_t>(fixedLength(kind), 1);
    const Writing bytes = writeValue(kind, text, length, formatOf(kLittle));
    QVERIFY(!bytes);
    QVERIFY2(bytes.error().contains(part), qPrintable(bytes.error()));
    QVERIFY2(bytes.error().endsWith(u'.'), qPrintable(bytes.error()));
}

void TestInspectorValues::readsCharactersOfEverySet_data()
{
    QTest::addColumn<QByteArray>("set");
    QTest::addColumn<int>("order");
    QTest::addColumn<QByteArray>("hex");
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("length"); // 0: no character
    const auto row = [](const char *set, ByteOrder order, const char *hex, const char *text, int length) {
        QTest::addRow("%s %s", set, hex) << QByteArray(set) << static_cast<int>(order) << QByteArray(hex)
                                         << QString::fromUtf8(text) << length;
    };
    row("UTF-8", kLittle, "41424344", "A", 1);
    row("UTF-8", kLittle, "c3a94142", "é", 2);
    row("UTF-8", kLittle, "e282ac41", "€", 3);
    row("UTF-8", kLittle, "f09f9880", "😀", 4);
    row("UTF-8", kLittle, "0a414141", "U+000A", 1);
    row("UTF-8", kLittle, "20414141", "U+0020", 1);
    row("UTF-8", kLittle, "efbbbf41", "U+FEFF", 3);
    row("UTF-8", kLittle, "cc814141", "U+0301", 2); // would stand over whatever comes before
    row("UTF-8", kLittle, "ff414141", "not UTF-8", 0);
    row("UTF-8", kLittle, "c3414141", "not UTF-8", 0);
    row("UTF-8", kLittle, "c0804141", "not UTF-8", 0);
    row("UTF-8", kLittle, "eda08041", "not UTF-8", 0); // a surrogate
    row("UTF-16", kLittle, "4100ffff", "A", 2);
    row("UTF-16", kBig, "0041ffff", "A", 2);
    row("UTF-16", kLittle, "3dd800de", "😀", 4);
    row("UTF-16", kBig, "d83dde00", "😀", 4);
    row("UTF-16", kLittle, "fffe4100", "U+FEFF", 2);
    row("UTF-16", kBig, "fffe0041", "U+FFFE", 2);
    row("UTF-16", kLittle, "3dd84100", "not UTF-16", 0);
    row("UTF-16", kLittle, "00de4100", "not UTF-16", 0);
    row("UTF-32", kLittle, "00f60100", "😀", 4);
    row("UTF-32", kBig, "00110000", "not UTF-32", 0);
    row("UTF-32", kBig, "a4084c02", "not UTF-32", 0);
    row("UTF-32", kLittle, "00d80000", "not UTF-32", 0);
    row("US-ASCII", kLittle, "7e", "~", 1);
    row("US-ASCII", kLittle, "80", "not ASCII", 0);
    row("ISO-8859-1", kLittle, "e9", "é", 1);
    row("windows-1252", kLittle, "80", "€", 1);
    row("IBM437", kLittle, "82", "é", 1);
    row("IBM037", kLittle, "c1", "A", 1);
    row("Shift_JIS", kLittle, "8341", "ア", 2);
    row("Shift_JIS", kLittle, "fffe", "not Shift-JIS", 0);
}

void TestInspectorValues::readsCharactersOfEverySet()
{
    QFETCH(const QByteArray, set);
    QFETCH(const int, order);
    QFETCH(const QByteArray, hex);
    QFETCH(const int, length);
    if (std::ranges::find(characterSets(), set, &CharacterSet::name) == characterSets().end())
        QSKIP("Qt was built without ICU here, so this system cannot convert these characters");
    const Reading read = readValue(ValueKind::Character, fromHex(hex.constData()),
                                   formatOf(static_cast<ByteOrder>(order), set.constData()));
    QVERIFY(read);
    QTEST(read->text, "text");
    QCOMPARE(read->isValue, length > 0);
    QCOMPARE(read->length, length > 0 ? static_cast<std::size_t>(length) : characterUnit(set));
}

void TestInspectorValues::asksForMoreBytes_data()
{
    QTest::addColumn<ValueKind>("kind");
    QTest::addColumn<QByteArray>("set");
    QTest::addColumn<QByteArray>("hex");
    const auto row = [](const char *name, ValueKind kind, const char *set, const char *hex) {
        QTest::newRow(name) << kind << QByteArray(set) << QByteArray(hex);
    };
    row("number", ValueKind::Unsigned32, "UTF-8", "010203");
    row("nothing", ValueKind::Bits, "UTF-8", "");
    row("guid", ValueKind::GuidRfc, "UTF-8", "000102030405060708090a0b0c0d0e");
    row("leb", ValueKind::UnsignedLeb128, "UTF-8", "808080808080808080");
    row("utf-8", ValueKind::Character, "UTF-8", "e282");
    row("half of utf-16", ValueKind::Character, "UTF-16", "41");
    row("high surrogate", ValueKind::Character, "UTF-16", "3dd8");
    row("no character", ValueKind::Character, "UTF-8", "");
}

void TestInspectorValues::asksForMoreBytes()
{
    QFETCH(const ValueKind, kind);
    QFETCH(const QByteArray, set);
    QFETCH(const QByteArray, hex);
    QVERIFY(!readValue(kind, fromHex(hex.constData()), formatOf(kLittle, set.constData())));
}

/// Random bytes, many of them with few bits set, since those are what the kinds treat in a special way.
void TestInspectorValues::everyValueSurvivesItsText()
{
    Random random(20261122);
    int values = 0;
    for (int round = 0; round < 4000; ++round) {
        std::vector<std::byte> bytes(kMostValueBytes);
        const std::uint64_t mask = random.below(4);
        for (std::byte &byte : bytes) {
            const std::uint64_t any = random.below(256);
            byte = static_cast<std::byte>(mask == 0       ? any
                                              : mask == 1 ? any & random.below(256)
                                              : mask == 2 ? any | random.below(256)
                                                          : any % 3 * 127);
        }
        for (std::size_t index = 0; index < kValueKindCount; ++index) {
            const auto kind = static_cast<ValueKind>(index);
            const ValueFormat format
                = formatOf(round % 2 == 0 ? kLittle : kBig, round % 3 == 0 ? "UTF-16" : "UTF-8", round % 5 == 0);
            const Reading read = readValue(kind, bytes, format);
            if (!read || !read->isValue)
                continue;
            ++values;
            const Writing again = writeValue(kind, read->text, read->length, format);
            const QString what = kindTitle(kind) + u' ' + toHex(bytes) + u' ' + read->text;
            QVERIFY2(again, qPrintable(again ? what : what + u' ' + again.error()));
            // A LEB128 number may be longer than it needs to be, and may then end in bits that say nothing; all else is bit for bit.
            QVERIFY2(std::ranges::equal(*again, std::span(bytes).first(read->length)),
                     qPrintable(what + u' ' + toHex(*again)));
        }
    }
    QVERIFY(values > 50'000);
}

void TestInspectorValues::everyCharacterSurvivesItsText()
{
    for (const CharacterSet &set : characterSets()) {
        for (const ByteOrder order : {kLittle, kBig}) {
            const ValueFormat format = formatOf(order, set.name.constData());
            int values = 0;
            for (unsigned first = 0; first < 256; ++first) {
                for (const unsigned second : {0x00U, 0x41U, 0x80U, 0xA1U}) {
                    const auto bytes = bytesOf({static_cast<int>(first), static_cast<int>(second), 0x80, 0x80});
                    const Reading read = readValue(ValueKind::Character, bytes, format);
                    QVERIFY(read || set.unit > 1 || set.name == "GB18030" || set.name == "EUC-JP");
                    if (!read || !read->isValue)
                        continue;
                    ++values;
                    const Writing again = writeValue(ValueKind::Character, read->text, read->length, format);
                    // Some sets have two codes for one character; then the other one comes back, or none fits.
                    if (again
                        && *again
                            != std::vector(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(read->length)))
                        QCOMPARE(readValue(ValueKind::Character, *again, format)->text, read->text);
                    if (set.name.startsWith("UTF"))
                        QVERIFY2(again && std::ranges::equal(*again, std::span(bytes).first(read->length)),
                                 qPrintable(read->text));
                }
            }
            QVERIFY2(values > 0 || set.unit == 4, set.name.constData());
        }
    }
}

void TestInspectorValues::everyKindHasATitleAndATip()
{
    QStringList titles;
    for (std::size_t index = 0; index < kValueKindCount; ++index) {
        const auto kind = static_cast<ValueKind>(index);
        QVERIFY(!kindTitle(kind).isEmpty() && !titles.contains(kindTitle(kind)));
        titles << kindTitle(kind);
        QVERIFY(kindTip(kind).endsWith(u'.'));
        QVERIFY(!kindTip(kind).contains(QStringLiteral("%1")));
        QVERIFY(fixedLength(kind) <= kMostValueBytes);
    }
}

} // namespace cachet_test

QTEST_APPLESS_MAIN(cachet_test::TestInspectorValues)
#include "tst_inspector_values.moc"
