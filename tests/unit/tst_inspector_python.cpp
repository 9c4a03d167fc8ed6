// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/random.h"
#include "ui/inspector/value_text.h"

#include <QProcess>
#include <QStandardPaths>
#include <QtTest>

#include <algorithm>
#include <array>

using namespace cachet;

namespace cachet_test {

namespace {

constexpr int kRounds = 400;
constexpr int kPythonMs = 60'000;

/// Names of the kinds on the lines that both sides exchange, in the order of ValueKind.
constexpr std::array<const char *, kValueKindCount> kNames{"bits",        "u1",
                                                           "s1",          "u2",
                                                           "s2",          "u4",
                                                           "s4",          "u8",
                                                           "s8",          "f2",
                                                           "f4",          "f8",
                                                           "uleb",        "sleb",
                                                           "char",        "unix4",
                                                           "unix8",       "filetime",
                                                           "dosdatetime", "dosdate",
                                                           "dostime",     "guidmicrosoft",
                                                           "guidrfc"};

struct Encoding {
    const char *set;
    const char *little; ///< as Python calls it
    const char *big;
};
constexpr std::array<Encoding, 8> kEncodings{{{"UTF-8", "utf-8", "utf-8"},
                                              {"UTF-16", "utf-16-le", "utf-16-be"},
                                              {"UTF-32", "utf-32-le", "utf-32-be"},
                                              {"US-ASCII", "ascii", "ascii"},
                                              {"ISO-8859-1", "latin-1", "latin-1"},
                                              {"IBM437", "cp437", "cp437"},
                                              {"IBM037", "cp037", "cp037"},
                                              {"KOI8-R", "koi8_r", "koi8_r"}}};

/// Reads lines of tabs: kind, order, encoding, hex of 16 bytes, length, text ("-" for no value, then length counts nothing). Prints "ok" and another way to
/// write the value, or "bad" and what it should be.
constexpr const char *kJudge = R"python(
import datetime, re, struct, sys, uuid

def moment(epoch, microseconds):
    return datetime.datetime(epoch, 1, 1) + datetime.timedelta(microseconds=microseconds)

def leb(data, signed):
    value = 0
    for i, byte in enumerate(data[:10]):
        value |= (byte & 127) << (7 * i)
        if byte < 128:
            if signed and byte & 64:
                value -= 1 << (7 * (i + 1))
            low, high = (-2**63, 2**63) if signed else (0, 2**64)
            return (value, i + 1) if low <= value < high else None
    return None

def dos(date, time):
    return datetime.datetime((date >> 9) + 1980, date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2)

def digits(text):
    return len(re.sub(r'e.*|[^0-9]', '', text).strip('0'))

# What the bytes are: their length, the text, and the same in another form; None for no value.
def judge(kind, order, encoding, data, text):
    if kind == 'bits':
        bits = format(data[0], '08b')
        return 1, bits[:4] + ' ' + bits[4:], bits
    if kind[0] in 'us' and kind[1:].isdigit():
        n = int(kind[1:])
        value = int.from_bytes(data[:n], order, signed=kind[0] == 's')
        return n, str(value), hex(value)
    if kind in ('f2', 'f4', 'f8'):
        n = int(kind[1])
        form = ('<' if order == 'little' else '>') + {2: 'e', 4: 'f', 8: 'd'}[n]
        value, = struct.unpack(form, data[:n])
        if value != value:
            return n, text if text.lstrip('-').startswith('nan') else 'nan', text
        if struct.pack(form, float(text)) != data[:n] or (n == 8 and digits(text) != digits(repr(value)) and int(text) != value):
            return n, repr(value), repr(value)
        return n, text, repr(value)
    if kind in ('uleb', 'sleb'):
        found = leb(data, kind == 'sleb')
        return found and (found[1], str(found[0]), hex(found[0]))
    if kind == 'char':
        for n in range(1, 5):
            try:
                char = data[:n].decode(encoding)
            except UnicodeDecodeError:
                continue
            if encoding == 'cp437':
                char = char.replace('\u00b5', '\u03bc')  # the tables differ in which mu byte E6 is
            if char:
                code = 'U+%04X' % ord(char)
                return n, code if text.startswith('U+') and len(text) > 2 else char, code
        return None
    try:
        if kind in ('unix4', 'unix8'):
            n = int(kind[4])
            value = moment(1970, int.from_bytes(data[:n], order, signed=True) * 1000000)
            return n, value.isoformat(' ') + 'Z', value.isoformat() + '+00:00'
        if kind == 'filetime':
            steps = int.from_bytes(data[:8], order)
            value = moment(1601, steps // 10).replace(microsecond=0)
            shown = value.isoformat(' ')
            fraction = '%07d' % (steps % 10000000)
            short = fraction.rstrip('0')
            return 8, shown + ('.' + short if short else '') + 'Z', shown + '.' + fraction + ' UTC'
        if kind == 'dosdatetime':
            both = int.from_bytes(data[:4], order)
            value = dos(both >> 16, both & 0xffff)
            return 4, value.isoformat(' '), value.isoformat('T')
        if kind == 'dosdate':
            value = dos(int.from_bytes(data[:2], order), 0)
            return 2, value.date().isoformat(), value.strftime('%Y-%m-%d')
        if kind == 'dostime':
            value = dos(33, int.from_bytes(data[:2], order))
            return 2, value.time().isoformat(), value.strftime('%H:%M:%S')
    except (ValueError, OverflowError):
        return None
    value = uuid.UUID(bytes_le=data) if kind == 'guidmicrosoft' else uuid.UUID(bytes=data)
    return 16, str(value), '{' + value.hex.upper() + '}'

sys.stdin.reconfigure(encoding='utf-8', newline='\n')
sys.stdout.reconfigure(encoding='utf-8', newline='\n')
for line in sys.stdin:
    kind, order, encoding, data, length, text = line.rstrip('\n').split('\t')
    found = judge(kind, order, encoding, bytes.fromhex(data), text)
    mine = None if text == '-' and length == '0' else (int(length), text)
    if found is None or mine is None:
        print('ok\t' if found is None and mine is None else 'bad\t%r' % (found,))
    else:
        print('ok\t' + found[2] if found[:2] == mine else 'bad\t%r' % (found,))
)python";

/// One question to the judge.
struct Asked {
    ValueKind kind{};
    ValueFormat format;
    std::vector<std::byte> bytes;
    std::optional<ReadValue> read; ///< nothing when there is no value
    QByteArray line;
};

Asked ask(ValueKind kind, ByteOrder order, const Encoding &encoding, std::vector<std::byte> bytes)
{
    Asked asked{kind, {.order = order, .characterSet = encoding.set}, std::move(bytes), {}, {}};
    asked.read = readValue(kind, asked.bytes, asked.format);
    if (asked.read && !asked.read->isValue)
        asked.read.reset();
    QByteArray raw;
    for (const std::byte byte : asked.bytes)
        raw.append(static_cast<char>(byte));
    const bool little = order == ByteOrder::Little;
    asked.line = QByteArrayList{kNames[static_cast<std::size_t>(kind)],
                                little ? "little" : "big",
                                little ? encoding.little : encoding.big,
                                raw.toHex(),
                                QByteArray::number(asked.read ? static_cast<qulonglong>(asked.read->length) : 0),
                                asked.read ? asked.read->text.toUtf8() : QByteArray("-")}
                     .join('\t');
    return asked;
}

/// Random bytes that are dates, numbers of few bits and characters more often than chance would have it.
std::vector<std::byte> likelyBytes(Random &random, ValueKind kind, ByteOrder order)
{
    std::vector<std::byte> bytes = random.bytes(kMostValueBytes);
    const std::size_t length = std::min<std::size_t>(fixedLength(kind), 8);
    if (length == 0 || random.oneIn(3))
        return bytes;
    std::uint64_t number = random.skewedBelow(std::uint64_t{1} << (8 * length - 1));
    if (kind == ValueKind::UnixTime64)
        number = random.below(253'402'300'800) - 62'135'596'800 * random.below(2);
    if (kind == ValueKind::FileTime)
        number = random.below(2'650'467'744'000'000'000);
    for (std::size_t i = 0; i < length; ++i)
        bytes[order == ByteOrder::Little ? i : length - 1 - i] = static_cast<std::byte>(number >> (8 * i));
    return bytes;
}

/// Characters of the control set are where converters differ on purpose.
bool agreed(const Asked &asked)
{
    const auto first = std::to_integer<unsigned>(asked.bytes.front());
    return asked.kind != ValueKind::Character || asked.format.characterSet != "IBM437"
        || (first >= 0x20 && first != 0x7F);
}

} // namespace

/// What the inspector says of bytes, and what Python says.
class TestInspectorPython : public QObject {
    Q_OBJECT

private slots:
    void pythonAgrees();
};

void TestInspectorPython::pythonAgrees()
{
    const QString python = QStandardPaths::findExecutable(QStringLiteral("python3"));
    if (python.isEmpty())
        QSKIP("python3, which judges the values, is not installed");
    Random random(5);
    std::vector<Asked> all;
    for (int round = 0; round < kRounds; ++round) {
        for (std::size_t kind = 0; kind < kValueKindCount; ++kind) {
            for (const ByteOrder order : {ByteOrder::Little, ByteOrder::Big}) {
                const Encoding &encoding = kEncodings[static_cast<std::size_t>(round) % kEncodings.size()];
                const auto what = static_cast<ValueKind>(kind);
                Asked asked = ask(what, order, encoding, likelyBytes(random, what, order));
                if (agreed(asked))
                    all.push_back(std::move(asked));
            }
        }
    }
    QByteArray lines;
    for (const Asked &asked : all)
        lines += asked.line + '\n';

    QProcess process;
    process.start(python, {QStringLiteral("-I"), QStringLiteral("-c"), QString::fromUtf8(kJudge)});
    QVERIFY(process.waitForStarted());
    process.write(lines);
    process.closeWriteChannel();
    QVERIFY(process.waitForFinished(kPythonMs));
    QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
    const QByteArrayList answers = process.readAllStandardOutput().split('\n');
    QCOMPARE(answers.size(), static_cast<qsizetype>(all.size()) + 1);

    std::array<int, kValueKindCount> values{};
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Asked &asked = all[i];
        const QByteArray &answer = answers[static_cast<qsizetype>(i)];
        QVERIFY2(answer.startsWith("ok\t"), (asked.line + " / " + answer).constData());
        if (!asked.read)
            continue;
        ++values[static_cast<std::size_t>(asked.kind)];
        const QString other = QString::fromUtf8(answer.mid(3));
        const Writing written = writeValue(asked.kind, other, asked.read->length, asked.format);
        QVERIFY2(written,
                 (asked.line + " / " + other.toUtf8() + " / " + (written ? QByteArray() : written.error().toUtf8()))
                     .constData());
        QVERIFY2(std::ranges::equal(*written, std::span(asked.bytes).first(asked.read->length)),
                 (asked.line + " / " + other.toUtf8()).constData());
    }
    for (std::size_t kind = 0; kind < kValueKindCount; ++kind)
        QVERIFY2(values[kind] >= kRounds / 10, kNames[kind]);
}

} // namespace cachet_test

QTEST_APPLESS_MAIN(cachet_test::TestInspectorPython)
#include "tst_inspector_python.moc"
