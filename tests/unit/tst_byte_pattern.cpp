// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/edits.h"
#include "ui/dialogs/byte_pattern.h"
#include "ui/dialogs/import_dialog.h"

#include <QtTest>

#include <limits>

using namespace cachet;

namespace cachet_test {

/// What is typed into the dialogs that fill and import.
class TestBytePattern : public QObject {
    Q_OBJECT

private slots:
    void readsHexBytes_data();
    void readsHexBytes();
    void refusesWhatIsNoByte_data();
    void refusesWhatIsNoByte();
    void textIsUtf8();
    void numbersHaveBounds();
    void stepsMayCountDown();
    void previewShowsBytesAndText();
    void importsWhatFits_data();
    void importsWhatFits();
};

void TestBytePattern::readsHexBytes_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<std::vector<std::byte>>("bytes");
    QTest::newRow("one") << "00" << bytesOf({0});
    QTest::newRow("spaces") << " DE ad  BE EF " << bytesOf({0xDE, 0xAD, 0xBE, 0xEF});
    QTest::newRow("none between") << "deadBEEF" << bytesOf({0xDE, 0xAD, 0xBE, 0xEF});
    QTest::newRow("as in a program") << "0xDE, 0Xad" << bytesOf({0xDE, 0xAD});
}

void TestBytePattern::readsHexBytes()
{
    QFETCH(const QString, text);
    const auto bytes = parseHexBytes(text);
    QVERIFY(bytes);
    QTEST(*bytes, "bytes");
}

void TestBytePattern::refusesWhatIsNoByte_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("sentence");
    QTest::newRow("nothing") << "" << "Type the bytes to repeat, such as 00 or DE AD BE EF.";
    QTest::newRow("separators") << " , " << "Type the bytes to repeat, such as 00 or DE AD BE EF.";
    QTest::newRow("one digit") << "00 f" << "A byte has two digits; \"f\" is only one.";
    QTest::newRow("one digit between") << "0 12" << "A byte has two digits; \"0\" is only one.";
    QTest::newRow("letter") << "0g" << "\"g\" is no hexadecimal digit.";
    QTest::newRow("word") << "xyz" << "\"x\" is no hexadecimal digit.";
    QTest::newRow("prefix alone") << "12 0x" << "A byte is missing after \"0x\".";
}

void TestBytePattern::refusesWhatIsNoByte()
{
    QFETCH(const QString, text);
    const auto bytes = parseHexBytes(text);
    QVERIFY(!bytes);
    QTEST(bytes.error(), "sentence");
}

void TestBytePattern::textIsUtf8()
{
    QCOMPARE(parseTextBytes(QStringLiteral("a\u00e4 ")).value(), bytesOf({'a', 0xC3, 0xA4, ' '}));
    QVERIFY(!parseTextBytes(QString()));
}

void TestBytePattern::numbersHaveBounds()
{
    const QString name = QStringLiteral("The seed");
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
    QCOMPARE(parseNumber(name, QStringLiteral(" 42 "), kMost).value(), 42U);
    QCOMPARE(parseNumber(name, QStringLiteral("0x2A"), kMost).value(), 42U);
    QCOMPARE(parseNumber(name, QStringLiteral("0xFFFFFFFFFFFFFFFF"), kMost).value(), kMost);
    QCOMPARE(parseNumber(name, QStringLiteral("255"), 255).value(), 255U);
    QCOMPARE(parseNumber(name, QStringLiteral("256"), 255).error(), QStringLiteral("The seed is at most 0xFF."));
    for (const char *wrong : {"", "x", "-1", "+1", "1.5", "0x", "0x1FFFFFFFFFFFFFFFF", "1 2"})
        QVERIFY2(parseNumber(name, QString::fromLatin1(wrong), kMost)
                     .error()
                     .startsWith(QStringLiteral("The seed is a whole number")),
                 wrong);
}

void TestBytePattern::stepsMayCountDown()
{
    const QString name = QStringLiteral("The step");
    QCOMPARE(parseStep(name, QStringLiteral("3")).value(), 3U);
    QCOMPARE(parseStep(name, QStringLiteral("-1")).value(), std::numeric_limits<std::uint64_t>::max());
    QVERIFY(!parseStep(name, QStringLiteral("--1")));
    QVERIFY(!parseStep(name, QStringLiteral("-")));
}

void TestBytePattern::previewShowsBytesAndText()
{
    QCOMPARE(previewText(bytesOf({'C', 0, 0xFF}), false), QStringLiteral("43 00 FF   C.."));
    QCOMPARE(previewText(bytesOf({'C', 'D'}), true), QStringLiteral("43 44 …   CD…"));
}

void TestBytePattern::importsWhatFits_data()
{
    constexpr std::uint64_t kSize = 1000;
    QTest::addColumn<std::uint64_t>("file");
    QTest::addColumn<std::uint64_t>("begin");
    QTest::addColumn<std::uint64_t>("selected");
    QTest::addColumn<bool>("cut");
    QTest::addColumn<std::uint64_t>("length"); // of what is replaced
    QTest::addColumn<qint64>("offered");       // what would be cut to; -1: nothing
    QTest::addColumn<bool>("pastEnd");
    const auto row = [](const char *name, std::uint64_t file, std::uint64_t begin, std::uint64_t selected, bool cut,
                        std::uint64_t length, qint64 offered, bool pastEnd) {
        QTest::newRow(name) << file << begin << selected << cut << length << offered << pastEnd;
    };
    row("at the caret", 100, 50, 0, false, 100, -1, false);
    row("up to the end", 100, kSize - 100, 0, false, 100, -1, false);
    row("past the end", 100, kSize - 99, 0, false, 0, 99, true);
    row("past the end, cut", 100, kSize - 99, 0, true, 99, 99, true);
    row("at the end", 100, kSize, 0, true, 0, 0, true);
    row("empty", 0, 50, 0, false, 0, -1, false);
    row("shorter than the selection", 100, 50, 200, true, 100, -1, false);
    row("as long as the selection", 100, 50, 100, true, 100, -1, false);
    row("longer than the selection, cut", 100, 50, 40, true, 40, 40, false);
    row("longer than the selection, whole", 100, 50, 40, false, 100, 40, false);
    row("longer than selection and document, cut", 100, kSize - 50, 40, true, 40, 40, true);
    row("longer than selection and document, whole", 100, kSize - 50, 40, false, 0, 40, true);
}

void TestBytePattern::importsWhatFits()
{
    QFETCH(const std::uint64_t, file);
    QFETCH(const std::uint64_t, begin);
    QFETCH(const std::uint64_t, selected);
    QFETCH(const bool, cut);
    QFETCH(const std::uint64_t, length);
    QFETCH(const qint64, offered);
    const ImportPlan plan = planImport(file, rangeAt(begin, selected), cachecore::ByteOffset(begin), 1000, cut);
    QCOMPARE(plan.over, rangeAt(begin, length));
    QCOMPARE(plan.wanted, file);
    QCOMPARE(plan.cut ? static_cast<qint64>(*plan.cut) : -1, offered);
    QTEST(plan.pastEnd, "pastEnd");
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestBytePattern)
#include "tst_byte_pattern.moc"
