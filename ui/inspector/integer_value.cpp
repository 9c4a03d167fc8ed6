// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspector/integer_value.h"

#include "ui/inspector/number_bytes.h"

#include <QCoreApplication>

#include <charconv>
#include <limits>

namespace cachet {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::IntegerValue", text);
}

enum class Fault : std::uint8_t { NotANumber, TooLarge };

struct Magnitude {
    bool negative = false;
    std::uint64_t value = 0;
};

std::expected<Magnitude, Fault> parseMagnitude(const QString &typed)
{
    QByteArray text = typed.trimmed().toLower().toUtf8();
    Magnitude magnitude;
    if (text.startsWith('-') || text.startsWith('+')) {
        magnitude.negative = text.startsWith('-');
        text.remove(0, 1);
    }
    int base = 10;
    if (text.startsWith("0x"))
        base = 16;
    else if (text.startsWith("0o"))
        base = 8;
    else if (text.startsWith("0b"))
        base = 2;
    if (base != 10)
        text.remove(0, 2);
    const char *end = text.constData() + text.size();
    const auto parsed = std::from_chars(text.constData(), end, magnitude.value, base);
    if (parsed.ptr != end || parsed.ec == std::errc::invalid_argument)
        return std::unexpected(Fault::NotANumber);
    if (parsed.ec == std::errc::result_out_of_range)
        return std::unexpected(Fault::TooLarge);
    return magnitude;
}

QString notANumber(const QString &text)
{
    return text.trimmed().isEmpty()
        ? tr("Type a whole number, such as 42 or 0x2a.")
        : tr("“%1” is no whole number. Type one such as 42 or 0x2a, without separators.").arg(text.trimmed());
}

template <typename Number>
QString outOfBounds(Number least, Number most)
{
    return tr("It must be a number from %1 to %2.").arg(least).arg(most);
}

std::uint64_t most(std::size_t length)
{
    return std::numeric_limits<std::uint64_t>::max() >> (64 - 8 * length);
}

} // namespace

QString unsignedText(std::uint64_t number, bool hex)
{
    return hex ? QStringLiteral("0x") + QString::number(number, 16) : QString::number(number);
}

QString signedText(std::int64_t number, bool hex)
{
    const auto bits = static_cast<std::uint64_t>(number);
    return number < 0 ? u'-' + unsignedText(0 - bits, hex) : unsignedText(bits, hex);
}

std::expected<std::uint64_t, QString> parseUnsigned(const QString &text, std::uint64_t most)
{
    const auto magnitude = parseMagnitude(text);
    if (!magnitude && magnitude.error() == Fault::NotANumber)
        return std::unexpected(notANumber(text));
    if (!magnitude || magnitude->value > most || (magnitude->negative && magnitude->value != 0))
        return std::unexpected(outOfBounds(std::uint64_t{0}, most));
    return magnitude->value;
}

std::expected<std::int64_t, QString> parseSigned(const QString &text, std::int64_t least, std::int64_t most)
{
    const auto magnitude = parseMagnitude(text);
    if (!magnitude && magnitude.error() == Fault::NotANumber)
        return std::unexpected(notANumber(text));
    const std::uint64_t bound
        = magnitude && magnitude->negative ? 0 - static_cast<std::uint64_t>(least) : static_cast<std::uint64_t>(most);
    if (!magnitude || magnitude->value > bound)
        return std::unexpected(outOfBounds(least, most));
    return static_cast<std::int64_t>(magnitude->negative ? 0 - magnitude->value : magnitude->value);
}

ReadValue readInteger(std::span<const std::byte> bytes, bool isSigned, const ValueFormat &format)
{
    const std::uint64_t number = numberOf(bytes, format.order);
    return {.length = bytes.size(),
            .text = isSigned ? signedText(signedOf(number, bytes.size()), format.hexIntegers)
                             : unsignedText(number, format.hexIntegers)};
}

Writing writeInteger(const QString &text, std::size_t length, bool isSigned, const ValueFormat &format)
{
    if (!isSigned) {
        const auto number = parseUnsigned(text, most(length));
        if (!number)
            return std::unexpected(number.error());
        return bytesOfNumber(*number, length, format.order);
    }
    const auto high = static_cast<std::int64_t>(most(length) >> 1);
    const auto number = parseSigned(text, -high - 1, high);
    if (!number)
        return std::unexpected(number.error());
    return bytesOfNumber(static_cast<std::uint64_t>(*number), length, format.order);
}

ReadValue readBits(std::byte byte)
{
    const QString bits = QStringLiteral("%1").arg(std::to_integer<unsigned>(byte), 8, 2, QLatin1Char('0'));
    return {.length = 1, .text = bits.left(4) + u' ' + bits.right(4)};
}

Writing writeBits(const QString &text)
{
    unsigned byte = 0;
    int digits = 0;
    for (const QChar c : text) {
        if (c.isSpace() || c == u'_')
            continue;
        if (c != u'0' && c != u'1')
            return std::unexpected(tr("“%1” is no bit. Type eight digits 0 or 1.").arg(c));
        byte = (byte << 1 | (c == u'1' ? 1U : 0U)) & 0x1FFU;
        ++digits;
    }
    if (digits != 8)
        return std::unexpected(tr("A byte has 8 bits, not %1.").arg(digits));
    return std::vector{static_cast<std::byte>(byte)};
}

} // namespace cachet
