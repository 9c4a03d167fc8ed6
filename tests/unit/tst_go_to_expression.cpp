// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/go_to_expression.h"

#include <QtTest>

using namespace cachet;
using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::kMaxSourceSize;
using Kind = ExpressionError::Kind;

namespace cachet_test {

namespace {

ByteRange rangeAt(quint64 at, quint64 length)
{
    return ByteRange(ByteOffset(at), ByteOffset(at + length));
}

} // namespace

class TestGoToExpression : public QObject {
    Q_OBJECT

private slots:
    void findsPlaces_data();
    void findsPlaces();
    void refusesPlaces_data();
    void refusesPlaces();
    void offersTheEndPastTheEnd();
    void marksWhatDoesNotFit();
    void findsRanges_data();
    void findsRanges();
    void refusesRanges_data();
    void refusesRanges();
    void refusesWhatNoSizeCanHold_data();
    void refusesWhatNoSizeCanHold();
    void readsAmounts();
    void everyErrorIsASentenceThatQuotesTheText();
};

void TestGoToExpression::findsPlaces_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<quint64>("caret");
    QTest::addColumn<quint64>("size");
    QTest::addColumn<quint64>("expected");
    const auto row = [](const char *text, quint64 caret, quint64 size, quint64 expected) {
        QTest::newRow(qPrintable(QStringLiteral("%1 at %2 of %3").arg(QLatin1String(text)).arg(caret).arg(size)))
            << QString::fromLatin1(text) << caret << size << expected;
    };
    constexpr quint64 kTiB = quint64{1} << 40;
    row("0", 5, 10, 0);
    row("446", 0, 1000, 446);
    row("0x1be", 0, 1000, 446);
    row("0X1BE", 0, 1000, 446);
    row("  7  ", 0, 10, 7);
    row("1K", 0, kTiB, 1024);
    row("1 kib", 0, kTiB, 1024);
    row("1MiB", 0, kTiB, 1 << 20);
    row("3M", 0, kTiB, 3 << 20);
    row("2GiB", 0, kTiB, quint64{2} << 30);
    row("1T", 0, kTiB, kTiB);
    row("512B", 0, 1000, 512);
    row("0x1b", 0, 1000, 0x1b);
    row("0x10 KiB", 0, kTiB, 16 * 1024);
    row("3 sectors", 0, kTiB, 1536);
    row("lba:2048", 0, kTiB, 2048 * 512);
    row("LBA: 0x10", 0, kTiB, 16 * 512);
    row("+16", 100, 1000, 116);
    row("-16", 100, 1000, 84);
    row("- 100", 100, 1000, 0);
    row("+1KiB", 1024, 4096, 2048);
    row("end", 3, 1000, 1000);
    row("END-1", 3, 1000, 999);
    row("end - 0x10", 3, 1000, 984);
    row("end-1000", 3, 1000, 0);
    row("1000", 0, 1000, 1000);
    row("9223372036854775807", 0, kMaxSourceSize, kMaxSourceSize);
    row("0x7fffffffffffffff", 0, kMaxSourceSize, kMaxSourceSize);
    row("end", 0, kMaxSourceSize, kMaxSourceSize);
    row("+1", kMaxSourceSize - 1, kMaxSourceSize, kMaxSourceSize);
    row("2147483648", 0, kTiB, quint64{1} << 31);
    row("0x100000000", 0, kTiB, quint64{1} << 32);
    row("1EiB", 0, kMaxSourceSize, quint64{1} << 60);
    row("7e", 0, kMaxSourceSize, quint64{7} << 60);
    row("2+3*4", 0, 1000, 14);
    row("(2+3)*4", 0, 1000, 20);
    row("100-10-5", 0, 1000, 85);
    row("100-(10-5)", 0, 1000, 95);
    row("7/2*2", 0, 1000, 6);
    row("100/7/2", 0, 1000, 7);
    row("5-10+20", 0, 1000, 15);
    row("((( 0x10 )))", 0, 1000, 16);
    row("2*1KiB + 3 sectors", 0, kTiB, 2048 + 1536);
    row("lba:(2+3)", 0, kTiB, 5 * 512);
    row("lba:2+3", 0, kTiB, 2 * 512 + 3);
    row("end/2", 0, 1001, 500);
    row("(end-1)/512*512", 0, 2000, 1536);
    row("+16+4", 100, 1000, 120);
    row("-16+4", 100, 1000, 88);
    row("+2*(3+5)", 100, 1000, 116);
    row("sel", 0, 1000, 64);
    row("SEL.END", 0, 1000, 96);
    row("sel+16", 0, 1000, 80);
    row("sel.end-sel", 0, 1000, 32);
    row("+sel.end-sel", 100, 1000, 132);
    row("9223372036854775807-1+1", 0, kMaxSourceSize, kMaxSourceSize);
}

void TestGoToExpression::findsPlaces()
{
    QFETCH(const QString, text);
    QFETCH(const quint64, caret);
    QFETCH(const quint64, size);
    QFETCH(const quint64, expected);
    const auto place = parsePlace(text);
    QVERIFY(place.has_value());
    const auto offset = resolvePlace(*place, {ByteOffset(caret), size, rangeAt(64, 32)});
    QVERIFY(offset.has_value());
    QCOMPARE(quint64(offset->value()), expected);
}

void TestGoToExpression::refusesPlaces_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<quint64>("caret");
    QTest::addColumn<int>("kind");
    const auto row = [](const char *text, Kind kind, quint64 caret = 0) {
        QTest::newRow(*text ? text : "(nothing)") << QString::fromLatin1(text) << caret << static_cast<int>(kind);
    };
    row("", Kind::Empty);
    row("   ", Kind::Empty);
    row("x", Kind::MissingNumber);
    row("0x", Kind::MissingNumber);
    row("+", Kind::MissingNumber);
    row("lba:", Kind::MissingNumber);
    row("end-", Kind::MissingNumber);
    row("--1", Kind::MissingNumber);
    row("12 34", Kind::UnexpectedText);
    row("end+1", Kind::PastEnd);
    row("2+", Kind::MissingNumber);
    row("2*", Kind::MissingNumber);
    row("*2", Kind::MissingNumber);
    row("2**2", Kind::MissingNumber);
    row("2+-2", Kind::MissingNumber);
    row("()", Kind::MissingNumber);
    row("(", Kind::MissingNumber);
    row("(2", Kind::MissingBracket);
    row("lba:(2", Kind::MissingBracket);
    row("(2]", Kind::UnexpectedText);
    row("2)", Kind::UnexpectedText);
    row("(2)3", Kind::UnexpectedText);
    row("sell", Kind::UnexpectedText);
    row("5/0", Kind::DivisionByZero);
    row("5/(end-1000)", Kind::DivisionByZero);
    row("sel", Kind::NoSelection);
    row("5+sel.end", Kind::NoSelection);
    row("4GiB*4GiB/4GiB", Kind::TooLarge);
    row("0-9223372036854775807-9223372036854775807", Kind::TooLarge);
    row("5-6", Kind::BeforeStart);
    row("end 5", Kind::UnexpectedText);
    row("lba:5KiB", Kind::UnexpectedText);
    row("1.5MiB", Kind::UnexpectedText);
    row("5 apples", Kind::UnknownUnit);
    row("1be", Kind::UnknownUnit);
    row("0x1bz", Kind::UnknownUnit);
    row("9223372036854775808", Kind::TooLarge);
    row("0x8000000000000000", Kind::TooLarge);
    row("99999999999999999999999999", Kind::TooLarge);
    row("8192P", Kind::TooLarge);
    row("8388608 TiB", Kind::TooLarge);
    row("lba:18014398509481984", Kind::TooLarge);
    row("-1", Kind::BeforeStart);
    row("-101", Kind::BeforeStart, 100);
    row("end-1001", Kind::BeforeStart);
    row("1001", Kind::PastEnd);
    row("+1", Kind::PastEnd, 1000);
    row("+9223372036854775807", Kind::PastEnd, 1);
    row("9223372036854775807", Kind::PastEnd);
}

void TestGoToExpression::refusesPlaces()
{
    QFETCH(const QString, text);
    QFETCH(const quint64, caret);
    QFETCH(const int, kind);
    const auto place = parsePlace(text);
    if (!place) {
        QCOMPARE(static_cast<int>(place.error().kind), kind);
        return;
    }
    const auto offset = resolvePlace(*place, {.caret = ByteOffset(caret), .size = 1000});
    QVERIFY(!offset.has_value());
    QCOMPARE(static_cast<int>(offset.error().kind), kind);
}

void TestGoToExpression::offersTheEndPastTheEnd()
{
    const auto offset = resolvePlace(*parsePlace(u"5000"), {.size = 1000});
    QVERIFY(!offset);
    QCOMPARE(offset.error().end, std::optional(ByteOffset(1000)));
    QVERIFY(expressionErrorText(offset.error(), u"5000").contains(QStringLiteral("0x3E8")));
}

void TestGoToExpression::marksWhatDoesNotFit()
{
    const auto unit = parsePlace(u" 5 apples ");
    QVERIFY(!unit);
    QCOMPARE(unit.error().position, 3);
    QCOMPARE(unit.error().length, 6);
    const auto rest = parsePlace(u"end!! ");
    QVERIFY(!rest);
    QCOMPARE(rest.error().position, 3);
    QCOMPARE(rest.error().length, 2);
    const auto missing = parsePlace(u"lba:");
    QVERIFY(!missing);
    QCOMPARE(missing.error().position, 4);
    QCOMPARE(missing.error().length, 0);
    const auto bracket = parsePlace(u" 2*(3+4 ");
    QVERIFY(!bracket);
    QCOMPARE(bracket.error().position, 3);
    const auto marked = [](QStringView text) {
        const auto value = resolvePlace(*parsePlace(text), {.size = 1000});
        return value ? QString() : text.mid(value.error().position, value.error().length).toString();
    };
    QCOMPARE(marked(u"1 + 10 / (2-2) + 7"), QStringLiteral("10 / (2-2)"));
    QCOMPARE(marked(u"1+ sel.end *2"), QStringLiteral("sel.end"));
    QCOMPARE(marked(u"7 - 4GiB * 4GiB - 7"), QStringLiteral("4GiB * 4GiB"));
    QCOMPARE(marked(u"7 - lba:( 1EiB ) -7"), QStringLiteral("lba:( 1EiB )"));
    QVERIFY(parsePlace(QString(64, u'(') + u'1' + QString(64, u')')));
    QCOMPARE(parsePlace(QString(100'000, u'(')).error().kind, Kind::UnexpectedText);
}

void TestGoToExpression::findsRanges_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<quint64>("size");
    QTest::addColumn<quint64>("begin");
    QTest::addColumn<quint64>("end");
    const auto row = [](const char *text, quint64 size, quint64 begin, quint64 end) {
        QTest::newRow(text) << QString::fromLatin1(text) << size << begin << end;
    };
    row("0x400..0x410", 4096, 0x400, 0x410);
    row("0x400+16", 4096, 0x400, 0x410);
    row("0 + 4KiB", 4096, 0, 4096);
    row("0..end", 4096, 0, 4096);
    row("end-512..end", 4096, 3584, 4096);
    row("end-512+12", 4096, 3584, 3596);
    row("lba:1+512", 4096, 512, 1024);
    row("lba:1..lba:2", 4096, 512, 1024);
    row("5+6+7", 4096, 11, 18);
    row("(1+2)*4+2*3", 4096, 12, 18);
    row("end/2..end/2+512", 4096, 2048, 2560);
    row("sel..sel.end", 4096, 64, 96);
    row("9223372036854775806+1", kMaxSourceSize, kMaxSourceSize - 1, kMaxSourceSize);
    row("0..9223372036854775807", kMaxSourceSize, 0, kMaxSourceSize);
}

void TestGoToExpression::findsRanges()
{
    QFETCH(const QString, text);
    QFETCH(const quint64, size);
    QFETCH(const quint64, begin);
    QFETCH(const quint64, end);
    const auto parsed = parseRange(text);
    QVERIFY(parsed.has_value());
    const auto range = resolveRange(*parsed, {.size = size, .selection = rangeAt(64, 32)});
    QVERIFY(range.has_value());
    QCOMPARE(quint64(range->begin().value()), begin);
    QCOMPARE(quint64(range->end().value()), end);
}

void TestGoToExpression::refusesRanges_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("kind");
    const auto row = [](const char *text, Kind kind) {
        QTest::newRow(*text ? text : "(nothing)") << QString::fromLatin1(text) << static_cast<int>(kind);
    };
    row("", Kind::Empty);
    row("5", Kind::UnexpectedText);
    row("5-10", Kind::UnexpectedText);
    row("5..", Kind::MissingNumber);
    row("..5", Kind::MissingNumber);
    row("+5..6", Kind::MissingNumber);
    row("5*6", Kind::UnexpectedText);
    row("9-(1+2)", Kind::UnexpectedText);
    row("0..sel", Kind::NoSelection);
    row("5+(1-2)", Kind::Backwards);
    row("5+end/0", Kind::DivisionByZero);
    row("5..6..7", Kind::UnexpectedText);
    row("10..5", Kind::Backwards);
    row("5..5", Kind::EmptyRange);
    row("5+0", Kind::EmptyRange);
    row("0..1001", Kind::PastEnd);
    row("1001..1002", Kind::PastEnd);
    row("999+2", Kind::PastEnd);
    row("9223372036854775807+9223372036854775807", Kind::PastEnd);
    row("1+9223372036854775807", Kind::PastEnd);
    row("end-1001..end", Kind::BeforeStart);
    row("0+9223372036854775808", Kind::TooLarge);
}

void TestGoToExpression::refusesRanges()
{
    QFETCH(const QString, text);
    QFETCH(const int, kind);
    const auto parsed = parseRange(text);
    if (!parsed) {
        QCOMPARE(static_cast<int>(parsed.error().kind), kind);
        return;
    }
    const auto range = resolveRange(*parsed, {.size = 1000});
    QVERIFY(!range.has_value());
    QCOMPARE(static_cast<int>(range.error().kind), kind);
}

void TestGoToExpression::refusesWhatNoSizeCanHold_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("kind"); // -1 when some document holds such a range
    const auto row = [](const char *text, std::optional<Kind> kind) {
        QTest::newRow(text) << QString::fromLatin1(text) << (kind ? static_cast<int>(*kind) : -1);
    };
    row("5..1", Kind::Backwards);
    row("3..3", Kind::EmptyRange);
    row("0+0", Kind::EmptyRange);
    row("end-5..end-6", Kind::Backwards);
    row("end-5..end-5", Kind::EmptyRange);
    row("end..end", Kind::EmptyRange);
    row("end..7", Kind::EmptyRange);
    row("end-7..0", Kind::EmptyRange);
    row("end+1", Kind::PastEnd);
    row("end-5+6", Kind::PastEnd);
    row("9223372036854775807+1", Kind::PastEnd);
    row("end-5+5", {});
    row("5+(end-7)", {});
    row("2*3..6", Kind::EmptyRange);
    row("end-2*3..end-7", Kind::Backwards);
    row("end/2..end/4", {});
    row("end-6..end-5", {});
    row("end-5..1", {});
    row("5..end-1000", {});
    row("9223372036854775806+1", {});
}

void TestGoToExpression::refusesWhatNoSizeCanHold()
{
    QFETCH(const QString, text);
    QFETCH(const int, kind);
    const auto range = parseRange(text);
    QCOMPARE(range.has_value(), kind == -1);
    if (range)
        return;
    QCOMPARE(static_cast<int>(range.error().kind), kind);
    QVERIFY(expressionErrorText(range.error(), text).contains(text));
}

void TestGoToExpression::readsAmounts()
{
    QCOMPARE(*parseAmount(u"64KiB"), std::uint64_t{65536});
    QCOMPARE(*parseAmount(u"512"), std::uint64_t{512});
    QVERIFY(!parseAmount(u"end"));
    QVERIFY(!parseAmount(u"64KiB!"));
    QVERIFY(!parseAmount(u""));
}

void TestGoToExpression::everyErrorIsASentenceThatQuotesTheText()
{
    for (int kind = 0; kind < static_cast<int>(Kind::Count_); ++kind) {
        const ExpressionError error{static_cast<Kind>(kind), 0, 4, ByteOffset(16)};
        const QString sentence = expressionErrorText(error, u"wxyz");
        QVERIFY2(sentence.endsWith(u'.'), qPrintable(sentence));
        QVERIFY2(error.kind == Kind::Empty || sentence.contains(QStringLiteral("wxyz")), qPrintable(sentence));
    }
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestGoToExpression)
#include "tst_go_to_expression.moc"
